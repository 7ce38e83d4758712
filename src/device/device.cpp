#include "device/device.h"

#include <fmt/format.h>

#include "crypto/hash.h"
#include "crypto/tse_algorithm.h"

namespace siegel::device {

Result<Bytes> Signer::sign(BytesView message) {
  SIEGEL_TRY(const SignerIdentity who, identity());
  SIEGEL_TRY(const auto algorithm, crypto::signature_algorithm_from_name(who.algorithm));
  return sign_digest(crypto::digest(algorithm.hash, message));
}

Status check_digest(BytesView digest, std::size_t size) {
  if (digest.size() == size) return Ok{};
  return invalid("E-SIG-301", fmt::format("a digest of {} bytes was expected, this one has {}",
                                          size, digest.size()));
}

}  // namespace siegel::device
