#include "device/pkcs11/session.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace siegel::device::pkcs11 {
namespace {

constexpr CK_ULONG objects_max = 64;
constexpr CK_ULONG attribute_bytes_max = CK_ULONG{64} * 1024;
constexpr CK_ULONG signature_bytes_max = 512;

CK_BYTE* raw(const std::byte* bytes) {
  // PKCS#11 has no const: these bytes are only read.
  return const_cast<CK_BYTE*>(reinterpret_cast<const CK_BYTE*>(bytes));
}

// Whether a try of the PIN may be spent.
Status may_show(const TokenInfo& token, const crypto::SecretBytes& pin, const PinHistory& history) {
  if (pin.empty()) {
    return unavailable("E-SIG-203", fmt::format("the token '{}' wants a PIN", token.label));
  }
  if (token.pin_blocked) {
    return unavailable("E-SIG-202", fmt::format("the PIN of token '{}' is blocked", token.label),
                       "CKF_USER_PIN_LOCKED");
  }
  if (token.pin_final_try) {
    return unavailable(
        "E-SIG-202",
        fmt::format("one try is left for the PIN of token '{}': it is not used", token.label),
        "CKF_USER_PIN_FINAL_TRY");
  }
  if (token.pin_tried_wrongly && !history.confirmed && !history.proved) {
    return unavailable("E-SIG-202",
                       fmt::format("a wrong PIN was shown to token '{}' before; this one is not "
                                   "tried until a person confirms it",
                                   token.label),
                       "CKF_USER_PIN_COUNT_LOW");
  }
  return Ok{};
}

}  // namespace

CK_ATTRIBUTE condition(CK_ATTRIBUTE_TYPE type, BytesView value) {
  return {type, raw(value.data()), value.size()};
}

std::optional<TokenInfo> token_in(const Module& module, CK_SLOT_ID slot) {
  CK_TOKEN_INFO info{};
  if (module.call().C_GetTokenInfo(slot, &info) != CKR_OK) return std::nullopt;
  if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) return std::nullopt;
  const auto has = [&](CK_FLAGS flag) { return (info.flags & flag) != 0; };
  return TokenInfo{
      .slot = slot,
      .label = text_of_field(std::data(info.label), std::size(info.label)),
      .serial = text_of_field(std::data(info.serialNumber), std::size(info.serialNumber)),
      .manufacturer = text_of_field(std::data(info.manufacturerID), std::size(info.manufacturerID)),
      .model = text_of_field(std::data(info.model), std::size(info.model)),
      .wants_pin = has(CKF_LOGIN_REQUIRED),
      .pin_tried_wrongly = has(CKF_USER_PIN_COUNT_LOW),
      .pin_final_try = has(CKF_USER_PIN_FINAL_TRY),
      .pin_blocked = has(CKF_USER_PIN_LOCKED)};
}

Result<Session> Session::open(const Module& module, CK_SLOT_ID slot) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  const CK_RV rv = module.call().C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &handle);
  if (rv != CKR_OK) return failed(rv, "opening a session");
  return Session(module, slot, handle);
}

Session::Session(Session&& other) noexcept
    : m_module(other.m_module),
      m_slot(other.m_slot),
      m_handle(std::exchange(other.m_handle, std::nullopt)) {}

Session& Session::operator=(Session&& other) noexcept {
  std::swap(m_module, other.m_module);
  std::swap(m_slot, other.m_slot);
  std::swap(m_handle, other.m_handle);
  return *this;
}

Session::~Session() {
  // A token that is gone cannot say more than that.
  if (m_handle) static_cast<void>(m_module.call().C_CloseSession(*m_handle));
}

bool Session::is_logged_in() const {
  CK_SESSION_INFO info{};
  return m_module.call().C_GetSessionInfo(*m_handle, &info) == CKR_OK &&
         (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

Status Session::show_pin(CK_USER_TYPE user, const TokenInfo& token, const crypto::SecretBytes& pin,
                         PinHistory& history) const {
  SIEGEL_TRY_OK(may_show(token, pin, history));
  // Even if the answer gets lost: a confirmation is good for one try.
  history.confirmed = false;
  const CK_RV rv = m_module.call().C_Login(*m_handle, user, raw(pin.reveal().data()), pin.size());
  switch (rv) {
    case CKR_OK:
      history.proved = true;
      return Ok{};
    case CKR_USER_ALREADY_LOGGED_IN:
      return Ok{};
    case CKR_PIN_INCORRECT:
    case CKR_PIN_INVALID:
    case CKR_PIN_LEN_RANGE:
      return unavailable("E-SIG-201",
                         fmt::format("the token '{}' does not accept the PIN; it was tried once "
                                     "and is not tried again until it is configured anew",
                                     token.label),
                         rv_name(rv));
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
    case CKR_USER_PIN_NOT_INITIALIZED:
      return unavailable(
          "E-SIG-202",
          fmt::format("the PIN of token '{}' is blocked, has expired or was never set",
                      token.label),
          rv_name(rv));
    default:
      return failed(rv, "logging in");
  }
}

Status Session::log_in(const crypto::SecretBytes& pin, PinHistory& history) {
  const auto token = token_in(m_module, m_slot);
  if (!token) return failed(CKR_TOKEN_NOT_PRESENT, "asking for its state");
  // A login is shared by all sessions of this process.
  if (!token->wants_pin || is_logged_in()) return Ok{};
  return show_pin(CKU_USER, *token, pin, history);
}

Result<std::vector<CK_OBJECT_HANDLE>> Session::find(std::vector<CK_ATTRIBUTE> conditions) const {
  const CK_FUNCTION_LIST& call = m_module.call();
  CK_RV rv = call.C_FindObjectsInit(*m_handle, conditions.data(), conditions.size());
  if (rv != CKR_OK) return failed(rv, "looking for objects");
  std::vector<CK_OBJECT_HANDLE> out;
  for (;;) {
    std::array<CK_OBJECT_HANDLE, objects_max> found{};
    CK_ULONG count = 0;
    rv = call.C_FindObjects(*m_handle, found.data(), objects_max - out.size(), &count);
    if (rv != CKR_OK || count == 0) break;
    out.insert(out.end(), found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count));
    if (out.size() >= objects_max) break;
  }
  const CK_RV ended = call.C_FindObjectsFinal(*m_handle);
  if (rv != CKR_OK) return failed(rv, "looking for objects");
  if (ended != CKR_OK) return failed(ended, "looking for objects");
  return out;
}

std::optional<Bytes> Session::attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
  CK_ATTRIBUTE asked{type, nullptr, 0};
  if (m_module.call().C_GetAttributeValue(*m_handle, object, &asked, 1) != CKR_OK ||
      asked.ulValueLen > attribute_bytes_max) {
    return std::nullopt;
  }
  Bytes value(asked.ulValueLen);
  if (value.empty()) return value;
  asked.pValue = value.data();
  if (m_module.call().C_GetAttributeValue(*m_handle, object, &asked, 1) != CKR_OK ||
      asked.ulValueLen > value.size()) {
    return std::nullopt;
  }
  value.resize(asked.ulValueLen);
  return value;
}

Status Session::begin(CK_OBJECT_HANDLE key) const {
  CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
  const CK_RV rv = m_module.call().C_SignInit(*m_handle, &mechanism, key);
  if (rv != CKR_OK) return failed(rv, "beginning a signature");
  return Ok{};
}

Result<Bytes> Session::finish(BytesView digest) const {
  Bytes signature(signature_bytes_max);
  CK_ULONG size = signature_bytes_max;
  const CK_RV rv = m_module.call().C_Sign(*m_handle, raw(digest.data()), digest.size(),
                                          raw(signature.data()), &size);
  if (rv != CKR_OK) return failed(rv, "signing");
  signature.resize(std::min(size, signature_bytes_max));
  return signature;
}

Result<Bytes> Session::sign(CK_OBJECT_HANDLE key, BytesView digest) const {
  SIEGEL_TRY_OK(begin(key));
  return finish(digest);
}

Result<Bytes> Session::sign(CK_OBJECT_HANDLE key, BytesView digest, const crypto::SecretBytes& pin,
                            PinHistory& history) const {
  SIEGEL_TRY_OK(begin(key));
  const auto token = token_in(m_module, m_slot);
  if (!token) return failed(CKR_TOKEN_NOT_PRESENT, "asking for its state");
  SIEGEL_TRY_OK(show_pin(CKU_CONTEXT_SPECIFIC, *token, pin, history));
  return finish(digest);
}

}  // namespace siegel::device::pkcs11
