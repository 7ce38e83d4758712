#pragma once

// Private to this module.
#include "crypto/ec.h"
#include "crypto/openssl.h"

namespace siegel::crypto::detail {

/// The group of a curve, made once, never changed, alive for the whole process.
[[nodiscard]] const EC_GROUP* group_of(Curve curve);

/// What the other files of this module may see of a key.
struct EcAccess {
  /// A handle for X.509 functions; null if OpenSSL fails.
  [[nodiscard]] static PkeyPtr pkey(const PublicKey& key);
  [[nodiscard]] static PkeyPtr pkey(const PrivateKey& key);
};

}  // namespace siegel::crypto::detail
