#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "crypto/signer_certificate.h"
#include "device/pkcs11/module.h"
#include "device/pkcs11/pkcs11.h"
#include "device/pkcs11/session.h"
#include "device/testing/tse_tools.h"

// SoftHSM for the tests of this module: a real PKCS#11 module with tokens in a folder of this
// process, and a list of functions before it that can be told what to do wrong.

namespace siegel::device::pkcs11 {

using device::testing::secret;

inline constexpr std::string_view softhsm_path = "/usr/lib/softhsm/libsofthsm2.so";
inline constexpr std::string_view good_pin = "123456";
inline constexpr std::string_view so_pin = "87654321";
inline const Bytes key_id{std::byte{0x0A}, std::byte{0x01}};

/// What the functions before the module do. Reset for each token.
struct Misbehaviour {
  bool unplugged = false;
  std::deque<CK_RV> sign_init;  ///< answers of the next C_SignInit instead of the module's
  std::deque<CK_RV> sign;       ///< likewise C_Sign
  std::deque<CK_RV> login;      ///< likewise C_Login; CKR_OK: the module is asked
  /// Changes the signatures of the next calls.
  std::deque<std::function<void(Bytes&)>> signatures;
  CK_FLAGS token_flags = 0;  ///< added to those of the token
  bool hide_public_key = false;
  std::optional<Bytes> ec_point;  ///< instead of the token's
  bool always_authenticate = false;

  std::uint64_t logins = 0;
  std::uint64_t wrong_pins = 0;
  std::uint64_t signs = 0;
  std::uint64_t sessions = 0;  ///< opened so far
};

/// One per process: PKCS#11 modules are.
class SoftHsm {
 public:
  static SoftHsm& the() {
    static SoftHsm one;
    return one;
  }
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  [[nodiscard]] const CK_FUNCTION_LIST& real() const { return m_module.call(); }
  [[nodiscard]] Module module() const { return Module(m_faulty); }
  Misbehaviour& faults() { return m_faults; }
  /// Ends the module as a program's end does.
  void finalize() { static_cast<void>(real().C_Finalize(nullptr)); }
  /// Ends every session of every token, as pulling them does.
  void close_all_sessions() {
    const auto slots = m_module.slots();
    for (const CK_SLOT_ID slot : *slots) static_cast<void>(real().C_CloseAllSessions(slot));
  }
  /// Holds softhsm2.conf and, in tokens/, one folder a token.
  static std::filesystem::path folder() {
    // SoftHSM syncs every object: in memory, if there is such a place, it does not wait for a disk.
    const std::filesystem::path memory = "/dev/shm";
    const bool writable = ::access(memory.c_str(), W_OK) == 0;
    return (writable ? memory : std::filesystem::path(::testing::TempDir())) /
           ("siegel_softhsm_" + std::to_string(::getpid()));
  }

 private:
  SoftHsm() : m_module(start()) { decorate(); }
  ~SoftHsm() {
    finalize();
    std::error_code ignored;
    std::filesystem::remove_all(folder(), ignored);
  }
  static Module start() {
    std::filesystem::remove_all(folder());
    std::filesystem::create_directories(folder() / "tokens");
    const auto configuration = folder() / "softhsm2.conf";
    const std::string text = "directories.tokendir = " + (folder() / "tokens").string() +
                             "\nobjectstore.backend = file\nlog.level = ERROR\n";
    EXPECT_TRUE(write_file(configuration, bytes_of(text)).ok());
    ::setenv("SOFTHSM2_CONF", configuration.c_str(), 1);
    auto module = Module::load(softhsm_path);
    EXPECT_TRUE(module.ok()) << "the package softhsm2 is needed";
    return *module;
  }

  void decorate() {
    m_faulty = real();
    m_faulty.C_GetSlotList = [](unsigned char present, CK_SLOT_ID* list, CK_ULONG* count) {
      if (the().m_faults.unplugged) {
        *count = 0;
        return static_cast<CK_RV>(CKR_OK);
      }
      return the().real().C_GetSlotList(present, list, count);
    };
    m_faulty.C_GetTokenInfo = [](CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
      if (the().m_faults.unplugged) return static_cast<CK_RV>(CKR_TOKEN_NOT_PRESENT);
      const CK_RV rv = the().real().C_GetTokenInfo(slot, info);
      info->flags |= the().m_faults.token_flags;
      return rv;
    };
    m_faulty.C_OpenSession = [](CK_SLOT_ID slot, CK_FLAGS flags, void* application,
                                CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
      ++the().m_faults.sessions;
      return the().real().C_OpenSession(slot, flags, application, notify, session);
    };
    m_faulty.C_Login = [](CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin,
                          CK_ULONG size) {
      Misbehaviour& faults = the().m_faults;
      ++faults.logins;
      if (const CK_RV told = take(faults.login); told != CKR_OK) return told;
      // SoftHSM has no keys that want the PIN each time: it is compared here.
      const CK_RV rv = user == CKU_CONTEXT_SPECIFIC
                           ? (std::string_view(reinterpret_cast<char*>(pin), size) == good_pin
                                  ? CKR_OK
                                  : CKR_PIN_INCORRECT)
                           : the().real().C_Login(session, user, pin, size);
      if (rv == CKR_PIN_INCORRECT) ++faults.wrong_pins;
      return rv;
    };
    m_faulty.C_GetAttributeValue = [](CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE* asked, CK_ULONG count) {
      return the().attribute(session, object, asked, count);
    };
    m_faulty.C_SignInit = [](CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                             CK_OBJECT_HANDLE key) {
      if (the().m_faults.unplugged) return static_cast<CK_RV>(CKR_DEVICE_REMOVED);
      if (const CK_RV told = take(the().m_faults.sign_init); told != CKR_OK) return told;
      return the().real().C_SignInit(session, mechanism, key);
    };
    m_faulty.C_Sign = [](CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG data_size,
                         unsigned char* out, CK_ULONG* size) {
      return the().sign(session, data, data_size, out, size);
    };
  }
  static CK_RV take(std::deque<CK_RV>& script) {
    if (script.empty()) return CKR_OK;
    const CK_RV next = script.front();
    script.pop_front();
    return next;
  }
  CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG data_size, unsigned char* out,
             CK_ULONG* size) {
    ++m_faults.signs;
    if (const CK_RV told = take(m_faults.sign); told != CKR_OK) return told;
    const CK_RV rv = real().C_Sign(session, data, data_size, out, size);
    if (rv != CKR_OK || m_faults.signatures.empty()) return rv;
    const auto change = std::move(m_faults.signatures.front());
    m_faults.signatures.pop_front();
    const auto view = std::as_bytes(std::span(out, *size));
    Bytes bytes(view.begin(), view.end());
    change(bytes);
    std::ranges::copy(bytes, reinterpret_cast<std::byte*>(out));
    *size = bytes.size();
    return rv;
  }
  CK_RV attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* asked,
                  CK_ULONG count) {
    const auto give = [&](BytesView value) -> CK_RV {
      if (asked->pValue != nullptr) {
        std::ranges::copy(value, static_cast<std::byte*>(asked->pValue));
      }
      asked->ulValueLen = value.size();
      return CKR_OK;
    };
    if (asked->type == CKA_EC_POINT && m_faults.hide_public_key) return CKR_ATTRIBUTE_TYPE_INVALID;
    if (asked->type == CKA_EC_POINT && m_faults.ec_point) return give(*m_faults.ec_point);
    if (asked->type == CKA_ALWAYS_AUTHENTICATE && m_faults.always_authenticate) {
      return give(Bytes{std::byte{1}});
    }
    return real().C_GetAttributeValue(session, object, asked, count);
  }

  Module m_module;
  CK_FUNCTION_LIST m_faulty{};
  Misbehaviour m_faults;
};

/// A token of its own in SoftHSM: key pair of P-256 made in the token, a test chain beside it.
class TestToken {
 public:
  struct Options {
    std::string key_label = "siegel";
    bool with_certificates = true;
    /// DER of the curve's OID; P-256 by default.
    std::string ec_parameters = "06082a8648ce3d030107";
  };
  TestToken() : TestToken(Options()) {}
  explicit TestToken(Options options) : m_options(std::move(options)) {
    SoftHsm::the().faults() = {};
    EXPECT_TRUE(Module(real()).initialize().ok());
    ByteArray<8> chance{};
    system_random().fill(chance);
    m_label = "test " + hex(chance);
    make_token();
    make_key(m_options.key_label, key_id);
    if (m_options.with_certificates) store_chain();
  }

  [[nodiscard]] const std::string& label() const { return m_label; }
  [[nodiscard]] pkcs11::Options options() const {
    pkcs11::Options out;
    out.module = softhsm_path;
    out.token_label = m_label;
    out.key_label = m_options.key_label;
    out.provider = "AT1";
    return out;
  }
  /// A signer on the functions that can be told to fail.
  [[nodiscard]] std::unique_ptr<Pkcs11Signer> signer(std::string_view pin = good_pin) const {
    return signer(options(), pin);
  }
  [[nodiscard]] static std::unique_ptr<Pkcs11Signer> signer(pkcs11::Options options,
                                                            std::string_view pin = good_pin) {
    auto made = Pkcs11Signer::create_on(SoftHsm::the().module(), std::move(options), secret(pin));
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().detail);
    return std::move(made).value();
  }

  /// A second pair on the same token.
  void make_key(const std::string& label, const Bytes& id) {
    Writing writing(*this);
    const CK_BBOOL yes = CK_TRUE;
    const Bytes curve = from_hex(m_options.ec_parameters).value();
    std::vector<CK_ATTRIBUTE> open{condition(CKA_TOKEN, yes), condition(CKA_VERIFY, yes),
                                   condition(CKA_EC_PARAMS, BytesView(curve)),
                                   condition(CKA_ID, BytesView(id)),
                                   condition(CKA_LABEL, bytes_of(label))};
    std::vector<CK_ATTRIBUTE> closed{
        condition(CKA_TOKEN, yes),        condition(CKA_PRIVATE, yes),
        condition(CKA_SENSITIVE, yes),    condition(CKA_SIGN, yes),
        condition(CKA_ID, BytesView(id)), condition(CKA_LABEL, bytes_of(label))};
    CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE public_handle = 0;
    CK_OBJECT_HANDLE private_handle = 0;
    EXPECT_EQ(
        real().C_GenerateKeyPair(writing.session, &mechanism, open.data(), open.size(),
                                 closed.data(), closed.size(), &public_handle, &private_handle),
        CKR_OK);
    Bytes point(200);
    CK_ATTRIBUTE asked{CKA_EC_POINT, point.data(), point.size()};
    EXPECT_EQ(real().C_GetAttributeValue(writing.session, public_handle, &asked, 1), CKR_OK);
    point.resize(asked.ulValueLen);
    m_point = std::move(point);
  }
  /// CKA_EC_POINT of the pair made last: 04 41 04 X Y.
  [[nodiscard]] const Bytes& point() const { return m_point; }
  [[nodiscard]] crypto::PublicKey public_key() const {
    return crypto::PublicKey::from_point(BytesView(m_point).subspan(2)).value();
  }

  /// A chain for the key made last; leaf with `id`, issuer with none.
  std::vector<Bytes> store_chain(const Bytes& id = key_id, Instant from = default_from) {
    const auto chain =
        crypto::make_test_signer_certificates(public_key(),
                                              {.holder = "UID ATU12345678",
                                               .not_before = from,
                                               .not_after = from + std::chrono::hours(24 * 1826)},
                                              system_random())
            .value();
    std::vector<Bytes> out;
    for (const crypto::Certificate& one : chain) {
      out.push_back(one.der());
      store_certificate(one.der(), out.size() == 1 ? id : Bytes());
    }
    return out;
  }
  void store_certificate(const Bytes& der, const Bytes& id) {
    Writing writing(*this);
    const CK_BBOOL yes = CK_TRUE;
    const CK_BBOOL no = CK_FALSE;
    const CK_OBJECT_CLASS object_class = CKO_CERTIFICATE;
    const CK_CERTIFICATE_TYPE type = CKC_X_509;
    const std::string_view subject = "subject";
    std::vector<CK_ATTRIBUTE> attributes{condition(CKA_CLASS, object_class),
                                         condition(CKA_CERTIFICATE_TYPE, type),
                                         condition(CKA_TOKEN, yes),
                                         condition(CKA_PRIVATE, no),
                                         condition(CKA_SUBJECT, bytes_of(subject)),
                                         condition(CKA_VALUE, BytesView(der)),
                                         condition(CKA_ID, BytesView(id))};
    CK_OBJECT_HANDLE handle = 0;
    EXPECT_EQ(real().C_CreateObject(writing.session, attributes.data(), attributes.size(), &handle),
              CKR_OK);
  }
  [[nodiscard]] CK_SLOT_ID slot() const {
    const auto slots = Module(real()).slots();
    for (const CK_SLOT_ID one : *slots) {
      const auto token = token_in(Module(real()), one);
      if (token && token->label == m_label) return one;
    }
    ADD_FAILURE() << "no token " << m_label;
    return 0;
  }

  static constexpr Instant default_from = Instant::from_unix(1'780'000'000);

 private:
  static const CK_FUNCTION_LIST& real() { return SoftHsm::the().real(); }
  static unsigned char* raw(std::string_view text) {
    return reinterpret_cast<unsigned char*>(const_cast<char*>(text.data()));
  }
  /// A session that may write, closed at its end; with it ends the login.
  struct Writing {
    explicit Writing(const TestToken& token) {
      EXPECT_EQ(real().C_OpenSession(token.slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                     nullptr, &session),
                CKR_OK);
      const CK_RV rv = real().C_Login(session, CKU_USER, raw(good_pin), good_pin.size());
      EXPECT_TRUE(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN);
    }
    ~Writing() { static_cast<void>(real().C_CloseSession(session)); }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    CK_SESSION_HANDLE session = 0;
  };

  void make_token() {
    const auto slots = Module(real()).slots();
    ASSERT_TRUE(slots.ok() && !slots->empty());
    // SoftHSM always shows one more slot with a token that is not initialized.
    const CK_SLOT_ID fresh = *std::ranges::find_if(
        *slots, [](CK_SLOT_ID slot) { return !token_in(Module(real()), slot); });
    std::string padded = m_label;
    padded.resize(32, ' ');
    ASSERT_EQ(real().C_InitToken(fresh, raw(so_pin), so_pin.size(), raw(padded)), CKR_OK);
    CK_SESSION_HANDLE session = 0;
    ASSERT_EQ(real().C_OpenSession(slot(), CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                   &session),
              CKR_OK);
    ASSERT_EQ(real().C_Login(session, CKU_SO, raw(so_pin), so_pin.size()), CKR_OK);
    ASSERT_EQ(real().C_InitPIN(session, raw(good_pin), good_pin.size()), CKR_OK);
    ASSERT_EQ(real().C_CloseSession(session), CKR_OK);
  }

  Options m_options;
  std::string m_label;
  Bytes m_point;
};

}  // namespace siegel::device::pkcs11
