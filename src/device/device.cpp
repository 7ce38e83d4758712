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

Result<std::optional<unsigned>> Tse::pin_tries_left(TseUser /*user*/) {
  return std::optional<unsigned>();
}

Status Tse::unblock_pin(TseUser /*user*/, const crypto::SecretBytes& /*puk*/,
                        const crypto::SecretBytes& /*new_pin*/) {
  return invalid("E-TSE-218", "a new PIN cannot be set through this program; use the maker's tool",
                 "ErrorFunctionNotSupported");
}

}  // namespace siegel::device
