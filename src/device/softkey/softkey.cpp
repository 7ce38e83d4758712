#include "device/softkey/softkey.h"

#include "crypto/tse_algorithm.h"
#include "crypto/x509.h"

namespace siegel::device {

crypto::HashAlgorithm hash_for(crypto::Curve curve) {
  const std::size_t bits = crypto::order_bits(curve);
  if (bits <= 256) return crypto::HashAlgorithm::sha256;
  return bits <= 384 ? crypto::HashAlgorithm::sha384 : crypto::HashAlgorithm::sha512;
}

SoftKey::SoftKey(crypto::PrivateKey key, crypto::HashAlgorithm hash,
                 std::vector<Bytes> certificates)
    : m_key(std::move(key)), m_hash(hash), m_certificates(std::move(certificates)) {}

Result<std::unique_ptr<SoftKey>> SoftKey::generate(crypto::Curve curve,
                                                   std::optional<crypto::HashAlgorithm> hash) {
  SIEGEL_TRY(auto key, crypto::PrivateKey::generate(curve));
  return std::unique_ptr<SoftKey>(new SoftKey(std::move(key), hash.value_or(hash_for(curve)), {}));
}

Result<std::unique_ptr<SoftKey>> SoftKey::from_pkcs8(const crypto::SecretBytes& der,
                                                     std::vector<Bytes> certificates,
                                                     std::optional<crypto::HashAlgorithm> hash) {
  SIEGEL_TRY(auto key, crypto::PrivateKey::from_pkcs8(der));
  if (!certificates.empty()) {
    SIEGEL_TRY(const auto leaf, crypto::Certificate::parse(certificates.front()));
    SIEGEL_TRY(const auto certified, leaf.public_key());
    if (!(certified == key.public_key())) {
      return conflict("E-TSE-232",
                      "the first certificate (" + leaf.subject_text() + ") belongs to another key");
    }
  }
  const crypto::Curve curve = key.curve();
  return std::unique_ptr<SoftKey>(
      new SoftKey(std::move(key), hash.value_or(hash_for(curve)), std::move(certificates)));
}

Result<std::unique_ptr<SoftKey>> SoftKey::make_test_signer(const crypto::TestSignerSpec& spec,
                                                           Random& random) {
  SIEGEL_TRY(auto key, crypto::PrivateKey::generate(crypto::Curve::p256));
  SIEGEL_TRY(const auto chain,
             crypto::make_test_signer_certificates(key.public_key(), spec, random));
  std::vector<Bytes> certificates;
  for (const crypto::Certificate& one : chain) certificates.push_back(one.der());
  return std::unique_ptr<SoftKey>(
      new SoftKey(std::move(key), crypto::HashAlgorithm::sha256, std::move(certificates)));
}

crypto::SecretBytes SoftKey::pkcs8() const { return m_key.pkcs8(); }

const crypto::PublicKey& SoftKey::public_key() const { return m_key.public_key(); }

Result<SignerIdentity> SoftKey::identity() {
  const crypto::SignatureAlgorithm algorithm{.scheme = crypto::SignatureScheme::ecdsa,
                                             .hash = m_hash};
  return SignerIdentity{.kind = "softkey",
                        .algorithm = std::string(crypto::name_of(algorithm)),
                        .public_key = m_key.public_key().point(),
                        .provider = "AT100"};
}

Result<std::vector<Bytes>> SoftKey::certificates() { return m_certificates; }

Result<Bytes> SoftKey::sign_digest(BytesView digest) {
  SIEGEL_TRY_OK(check_digest(digest, crypto::digest_bytes(m_hash)));
  return m_key.sign_ecdsa_digest(digest);
}

Result<Bytes> SoftKey::sign(BytesView message) { return m_key.sign_ecdsa(m_hash, message); }

}  // namespace siegel::device
