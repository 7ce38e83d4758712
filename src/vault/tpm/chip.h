#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "vault/tpm/tpm.h"

// A connection to a TPM and the few commands we need.

namespace siegel::vault::tpm {

/// A secret only one TPM can open, in the TPM's own form.
struct SealedBlob {
  Bytes parent_name;   ///< of the key above it: 2 bytes algorithm, SHA-256
  Bytes public_part;   ///< TPM2B_PUBLIC
  Bytes private_part;  ///< TPM2B_PRIVATE, encrypted by the TPM
};

/// One thread. Nothing stays loaded in the TPM after a call.
class Chip {
 public:
  /// E-VLT-201, E-VLT-205.
  static Result<Chip> connect(const std::string& tpm);
  Chip(Chip&&) noexcept;
  Chip& operator=(Chip&&) = delete;
  ~Chip();

  /// E-VLT-202.
  Result<Identity> identity();
  /// At most 128 bytes. The way to the TPM is encrypted with a key the TPM holds. E-VLT-202.
  Result<SealedBlob> seal(const crypto::SecretBytes& secret);
  /// E-VLT-202, E-VLT-203, E-VLT-204 (corrupt): no blob of this TPM.
  Result<crypto::SecretBytes> unseal(const SealedBlob& blob);

 private:
  struct Impl;
  explicit Chip(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

}  // namespace siegel::vault::tpm
