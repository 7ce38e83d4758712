#include "device/pkcs11/pkcs11.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/x509.h"
#include "crypto/x509_chain.h"
#include "device/pkcs11/module.h"
#include "device/pkcs11/session.h"
#include "format/der.h"

namespace siegel::device::pkcs11 {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::size_t number_bytes = 32;
constexpr std::size_t pin_bytes_max = 256;

Error bad_options(std::string why, std::string place) {
  return invalid("E-SIG-302", std::move(why), std::move(place));
}
Error no_key(std::string why) { return unavailable("E-SIG-107", std::move(why)); }
Error no_certificate(std::string why) { return unavailable("E-SIG-108", std::move(why)); }

Status check(const Options& options, const crypto::SecretBytes& pin) {
  if (options.key_label.empty() && options.key_id.empty()) {
    return bad_options("name the key on the token by its label or its id", "key");
  }
  if (pin.size() > pin_bytes_max) {
    return bad_options(fmt::format("a PIN has at most {} bytes", pin_bytes_max), "pin");
  }
  for (const Bytes& one : options.certificates) {
    const auto certificate = crypto::Certificate::parse(one);
    if (!certificate.ok()) return bad_options(certificate.error().detail, "certificates");
  }
  return Ok{};
}

std::string words_of(const std::vector<TokenInfo>& tokens) {
  if (tokens.empty()) return "no token";
  std::string out;
  for (const TokenInfo& one : tokens) {
    out += fmt::format("{}'{}' (serial {}, slot {})", out.empty() ? "" : ", ", one.label,
                       one.serial, one.slot);
  }
  return out;
}

bool fits(const TokenInfo& token, const Options& options) {
  return (options.token_label.empty() || options.token_label == token.label) &&
         (options.token_serial.empty() || options.token_serial == token.serial) &&
         (!options.slot || *options.slot == token.slot);
}

Result<std::vector<TokenInfo>> tokens_of(const Module& module) {
  SIEGEL_TRY(const auto slots, module.slots());
  std::vector<TokenInfo> out;
  for (const CK_SLOT_ID slot : slots) {
    if (auto token = token_in(module, slot)) out.push_back(std::move(*token));
  }
  return out;
}

Result<CK_SLOT_ID> slot_for(const Module& module, const Options& options) {
  SIEGEL_TRY(const auto tokens, tokens_of(module));
  std::vector<TokenInfo> fitting;
  std::ranges::copy_if(tokens, std::back_inserter(fitting),
                       [&](const TokenInfo& one) { return fits(one, options); });
  if (fitting.empty()) {
    return unavailable("E-SIG-101", fmt::format("the token configured is not there; present: {}",
                                                words_of(tokens)));
  }
  if (fitting.size() > 1) {
    return no_key(fmt::format("several tokens fit, name one by its serial: {}", words_of(fitting)));
  }
  return fitting.front().slot;
}

// CKA_EC_POINT is a DER OCTET STRING around the point; some modules give the point alone.
Result<crypto::PublicKey> key_of_point(BytesView value) {
  format::DerReader reader(value);
  format::DerElement inside;
  if (reader.read(format::der_tag::octet_string, inside) && reader.at_end() &&
      !inside.content.empty() && inside.content[0] == std::byte{4}) {
    value = inside.content;
  }
  auto key = crypto::PublicKey::from_point(crypto::Curve::p256, value);
  if (!key.ok()) return no_key("the key on the token is not of P-256: " + key.error().detail);
  return key;
}

// Halves shorter than the order are allowed [PKCS #11 v2.40 2.3.1]; Austria wants them full.
Bytes full_length(Bytes signature) {
  const std::size_t half = signature.size() / 2;
  if (signature.empty() || signature.size() % 2 != 0 || half >= number_bytes) return signature;
  const auto missing = static_cast<std::ptrdiff_t>(number_bytes - half);
  signature.insert(signature.begin() + static_cast<std::ptrdiff_t>(half),
                   static_cast<std::size_t>(missing), std::byte{0});
  signature.insert(signature.begin(), static_cast<std::size_t>(missing), std::byte{0});
  return signature;
}

struct TokenCertificate {
  crypto::Certificate certificate;
  bool has_id_of_key;
};

std::vector<TokenCertificate> certificates_on(const Session& session, const Bytes& key_id) {
  const CK_OBJECT_CLASS certificate_class = CKO_CERTIFICATE;
  const auto handles = session.find({condition(CKA_CLASS, certificate_class)});
  std::vector<TokenCertificate> out;
  if (!handles.ok()) return out;
  for (const CK_OBJECT_HANDLE handle : *handles) {
    const auto value = session.attribute(handle, CKA_VALUE);
    if (!value) continue;
    auto certificate = crypto::Certificate::parse(*value);
    // Others may keep what they like on the token.
    if (!certificate.ok()) continue;
    out.push_back({std::move(certificate).value(),
                   !key_id.empty() && session.attribute(handle, CKA_ID) == key_id});
  }
  return out;
}

bool is_of(const crypto::Certificate& certificate, const crypto::PublicKey& key) {
  const auto certified = certificate.public_key();
  return certified.ok() && *certified == key;
}

// The leaf and whoever signed it, as far as the token holds them. A renewed certificate of the same
// key lies beside the old one: the one with the key's id counts, then the newest.
std::vector<Bytes> chain_on(const std::vector<TokenCertificate>& all,
                            const crypto::PublicKey& key) {
  const TokenCertificate* leaf = nullptr;
  for (const TokenCertificate& one : all) {
    if (!is_of(one.certificate, key)) continue;
    if (leaf == nullptr || std::pair(one.has_id_of_key, one.certificate.not_before()) >
                               std::pair(leaf->has_id_of_key, leaf->certificate.not_before())) {
      leaf = &one;
    }
  }
  std::vector<Bytes> out;
  if (leaf == nullptr) return out;
  std::vector<crypto::Certificate> others;
  others.reserve(all.size());
  for (const TokenCertificate& one : all) others.push_back(one.certificate);
  const auto found = crypto::check_chain(leaf->certificate, {.intermediates = others,
                                                             .trust_anchors = {},
                                                             .crls = {},
                                                             .at = leaf->certificate.not_before()});
  for (const crypto::Certificate& one : found.path) out.push_back(one.der());
  return out;
}

}  // namespace

struct Pkcs11Signer::State {
  State(Options wanted, crypto::SecretBytes secret)
      : options(std::move(wanted)), pin(std::move(secret)) {
    history.confirmed = options.pin_confirmed;
  }

  Options options;
  crypto::SecretBytes pin;
  PinHistory history;
  std::optional<Error> refused;  // E-SIG-201: for the life of this object
  std::optional<Module> module;
  // Of the token when it was first seen.
  std::optional<crypto::PublicKey> key;
  std::vector<Bytes> certificates;
  // Of the session.
  std::optional<Session> session;
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  bool pin_each_time = false;
  bool connected = false;  // the last sign_once() got as far as asking for a signature

  /// A session with the key found; does nothing if there is one.
  Status connect();
  Result<Bytes> sign_once(BytesView digest);

 private:
  Status open_session();
  Status find_key();
  Result<Bytes> remember_refusal(Error error);
  Result<CK_OBJECT_HANDLE> private_key() const;
  std::optional<Bytes> point_of(const Bytes& id, const std::optional<Bytes>& label) const;
};

Status Pkcs11Signer::State::connect() {
  if (refused) return *refused;
  if (session) return Ok{};
  Status done = open_session();
  if (done.ok()) done = find_key();
  if (done.ok()) return done;
  session.reset();
  return remember_refusal(done.error()).error();
}

Result<Bytes> Pkcs11Signer::State::remember_refusal(Error error) {
  if (error.code == "E-SIG-201") {
    refused = error;
    pin = crypto::SecretBytes();
    session.reset();
  }
  return error;
}

Status Pkcs11Signer::State::open_session() {
  if (!module) {
    SIEGEL_TRY(module, Module::load(options.module));
  }
  SIEGEL_TRY_OK(module->initialize());
  SIEGEL_TRY(const CK_SLOT_ID slot, slot_for(*module, options));
  SIEGEL_TRY(session, Session::open(*module, slot));
  return session->log_in(pin, history);
}

Result<CK_OBJECT_HANDLE> Pkcs11Signer::State::private_key() const {
  const CK_OBJECT_CLASS key_class = CKO_PRIVATE_KEY;
  std::vector<CK_ATTRIBUTE> conditions{condition(CKA_CLASS, key_class)};
  if (!options.key_label.empty()) {
    conditions.push_back(condition(CKA_LABEL, bytes_of(options.key_label)));
  }
  if (!options.key_id.empty()) {
    conditions.push_back(condition(CKA_ID, BytesView(options.key_id)));
  }
  SIEGEL_TRY(const auto found, session->find(std::move(conditions)));
  const std::string wanted =
      fmt::format("label '{}', id '{}'", excerpt(options.key_label), hex(options.key_id));
  if (found.empty()) return no_key(fmt::format("the token has no private key of {}", wanted));
  if (found.size() > 1) {
    return no_key(fmt::format("the token has {} private keys of {}", found.size(), wanted));
  }
  return found.front();
}

std::optional<Bytes> Pkcs11Signer::State::point_of(const Bytes& id,
                                                   const std::optional<Bytes>& label) const {
  if (auto point = session->attribute(handle, CKA_EC_POINT); point && !point->empty()) {
    return point;
  }
  const CK_OBJECT_CLASS key_class = CKO_PUBLIC_KEY;
  std::vector<CK_ATTRIBUTE> conditions{condition(CKA_CLASS, key_class)};
  if (!id.empty()) {
    conditions.push_back(condition(CKA_ID, BytesView(id)));
  } else if (label && !label->empty()) {
    conditions.push_back(condition(CKA_LABEL, BytesView(*label)));
  } else {
    return std::nullopt;
  }
  const auto found = session->find(std::move(conditions));
  if (!found.ok() || found->size() != 1) return std::nullopt;
  return session->attribute(found->front(), CKA_EC_POINT);
}

Status Pkcs11Signer::State::find_key() {
  SIEGEL_TRY(handle, private_key());
  const auto each_time = session->attribute(handle, CKA_ALWAYS_AUTHENTICATE);
  pin_each_time = each_time && each_time->size() == 1 && each_time->front() != std::byte{0};
  const Bytes id = session->attribute(handle, CKA_ID).value_or(Bytes());
  const auto point = point_of(id, session->attribute(handle, CKA_LABEL));

  const auto on_token = certificates_on(*session, id);
  std::optional<crypto::PublicKey> found;
  if (point && !point->empty()) {
    SIEGEL_TRY(found, key_of_point(*point));
  } else if (!options.certificates.empty()) {
    SIEGEL_TRY(const auto leaf, crypto::Certificate::parse(options.certificates.front()));
    auto certified = leaf.public_key();
    if (!certified.ok()) return no_certificate(certified.error().detail);
    found = std::move(certified).value();
  } else {
    const auto same_id = std::ranges::find_if(on_token, &TokenCertificate::has_id_of_key);
    if (same_id == on_token.end()) {
      return no_key("the token shows neither public key nor certificate of the private key");
    }
    auto certified = same_id->certificate.public_key();
    if (!certified.ok()) return no_certificate(certified.error().detail);
    found = std::move(certified).value();
  }
  if (found->curve() != crypto::Curve::p256) return no_key("the key is not of P-256");
  if (key && !(*key == *found)) {
    return unavailable("E-SIG-106", "the token holds another key of this name than before");
  }

  std::vector<Bytes> chain = options.certificates;
  if (chain.empty()) {
    chain = chain_on(on_token, *found);
  } else if (const auto leaf = crypto::Certificate::parse(chain.front());
             !leaf.ok() || !is_of(*leaf, *found)) {
    return no_certificate("the certificate configured is of another key than the token's");
  }
  key = std::move(found);
  certificates = std::move(chain);
  return Ok{};
}

Result<Bytes> Pkcs11Signer::State::sign_once(BytesView digest) {
  connected = false;
  SIEGEL_TRY_OK(connect());
  connected = true;
  auto signature =
      pin_each_time ? session->sign(handle, digest, pin, history) : session->sign(handle, digest);
  if (!signature.ok()) {
    // Whatever it was: a session that has failed once is not used again.
    session.reset();
    return remember_refusal(std::move(signature).error());
  }
  Bytes full = full_length(std::move(signature).value());
  if (key->verify_ecdsa_digest(digest, full)) return full;
  session.reset();
  return unavailable("E-SIG-103",
                     fmt::format("the token answered with {} bytes that are no signature by its "
                                 "key",
                                 full.size()));
}

Pkcs11Signer::Pkcs11Signer(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Pkcs11Signer::~Pkcs11Signer() = default;

Result<std::unique_ptr<Pkcs11Signer>> Pkcs11Signer::create(Options options,
                                                           crypto::SecretBytes pin) {
  if (!options.module.is_absolute()) {
    return bad_options("name the PKCS#11 module by its absolute path", "module");
  }
  SIEGEL_TRY_OK(check(options, pin));
  return std::unique_ptr<Pkcs11Signer>(
      new Pkcs11Signer(std::make_unique<State>(std::move(options), std::move(pin))));
}

Result<std::unique_ptr<Pkcs11Signer>> Pkcs11Signer::open(Options options, crypto::SecretBytes pin) {
  SIEGEL_TRY(auto signer, create(std::move(options), std::move(pin)));
  SIEGEL_TRY_OK(signer->identity());
  return signer;
}

Result<std::unique_ptr<Pkcs11Signer>> Pkcs11Signer::create_on(Module module, Options options,
                                                              crypto::SecretBytes pin) {
  SIEGEL_TRY_OK(check(options, pin));
  auto state = std::make_unique<State>(std::move(options), std::move(pin));
  state->module = module;
  return std::unique_ptr<Pkcs11Signer>(new Pkcs11Signer(std::move(state)));
}

Result<SignerIdentity> Pkcs11Signer::identity() {
  SIEGEL_TRY_OK(m_state->connect());
  return SignerIdentity{.kind = "pkcs11",
                        .algorithm = "ecdsa-plain-SHA256",
                        .public_key = m_state->key->point(),
                        .provider = m_state->options.provider};
}

Result<std::vector<Bytes>> Pkcs11Signer::certificates() {
  SIEGEL_TRY_OK(m_state->connect());
  return m_state->certificates;
}

Result<Bytes> Pkcs11Signer::sign_digest(BytesView digest) {
  SIEGEL_TRY_OK(check_digest(digest, digest_bytes));
  auto signature = m_state->sign_once(digest);
  if (signature.ok() || m_state->refused || !m_state->connected) return signature;
  // Once more on a new session: the old one may have ended since the last receipt, or the token may
  // have answered with nothing.
  return m_state->sign_once(digest);
}

Result<std::vector<TokenInfo>> list_tokens(const std::filesystem::path& module) {
  SIEGEL_TRY(const auto loaded, Module::load(module));
  SIEGEL_TRY_OK(loaded.initialize());
  return tokens_of(loaded);
}

}  // namespace siegel::device::pkcs11
