#pragma once

#include <span>

#include "crypto/secret.h"
#include "model/master.h"

namespace siegel::country::at {

/// The cryptographic material container that check tools ask for (docs/formats/rksv-dep.md): AES
/// key and, per field 11, certificate or (closed system) public key. Of several devices with one
/// serial the last counts. It holds the AES key in clear: for the auditor's hands only.
[[nodiscard]] crypto::SecretBytes container_json(const crypto::SecretBytes& aes_key,
                                                 std::span<const SignerInfo> signers);

}  // namespace siegel::country::at
