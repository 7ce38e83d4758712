#include "device/device.h"

#include "crypto/hash.h"
#include "crypto/tse_algorithm.h"

namespace siegel::device {

Result<Bytes> Signer::sign(BytesView message) {
  SIEGEL_TRY(const SignerIdentity who, identity());
  SIEGEL_TRY(const auto algorithm, crypto::signature_algorithm_from_name(who.algorithm));
  return sign_digest(crypto::digest(algorithm.hash, message));
}

}  // namespace siegel::device
