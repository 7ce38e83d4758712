#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ec.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "crypto/signer_certificate.h"
#include "device/device.h"

namespace siegel::device {

/// The hash that fits a curve: SHA-256 for 256 bits, SHA-384 for 384, SHA-512 above.
[[nodiscard]] crypto::HashAlgorithm hash_for(crypto::Curve curve);

/// A Signer whose key is in memory: plain ECDSA. For development, training and tests, and for the
/// software TSE; nothing protects the key from whoever may read this process or its vault.
/// identity(), certificates() and sign() may be called from several threads at once.
class SoftKey final : public Signer {
 public:
  /// A new key from OpenSSL's generator. `hash` empty: hash_for(curve). Error E-CRY-008.
  static Result<std::unique_ptr<SoftKey>> generate(crypto::Curve curve,
                                                   std::optional<crypto::HashAlgorithm> hash = {});
  /// PKCS#8 DER as pkcs8() gave it and the vault kept it. `certificates` are DER, leaf first, may
  /// be empty; the leaf must be of this key. Errors E-CRY-003, E-CRY-010, E-CRY-012, E-TSE-232 (the
  /// certificate is of another key).
  static Result<std::unique_ptr<SoftKey>> from_pkcs8(
      const crypto::SecretBytes& der, std::vector<Bytes> certificates = {},
      std::optional<crypto::HashAlgorithm> hash = {});

  /// A new key of P-256 with a test chain (crypto/signer_certificate.h): Austria's signer for
  /// development (suite AT100) and, by its bare key, for closed systems (AT0). Keep pkcs8() in the
  /// vault and certificates() beside it. Errors E-CRY-008, E-CRY-013.
  static Result<std::unique_ptr<SoftKey>> make_test_signer(const crypto::TestSignerSpec& spec,
                                                           Random& random);

  [[nodiscard]] crypto::SecretBytes pkcs8() const;
  [[nodiscard]] const crypto::PublicKey& public_key() const;

  Result<SignerIdentity> identity() override;
  Result<std::vector<Bytes>> certificates() override;
  Result<Bytes> sign_digest(BytesView digest) override;
  Result<Bytes> sign(BytesView message) override;

 private:
  SoftKey(crypto::PrivateKey key, crypto::HashAlgorithm hash, std::vector<Bytes> certificates);

  crypto::PrivateKey m_key;
  crypto::HashAlgorithm m_hash;
  std::vector<Bytes> m_certificates;
};

}  // namespace siegel::device
