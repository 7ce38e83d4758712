#pragma once

// Private to this module.
#include "crypto/openssl.h"
#include "crypto/x509.h"

namespace siegel::crypto::detail {

/// What the other files of this module may see of a certificate or list. OpenSSL's getters take
/// pointers that are not const but change nothing that is not behind a lock.
struct X509Access {
  [[nodiscard]] static X509* handle(const Certificate& certificate);
  [[nodiscard]] static X509_CRL* handle(const Crl& crl);
  [[nodiscard]] static Result<Certificate> wrap(X509Ptr handle);
  [[nodiscard]] static Result<Crl> wrap(X509CrlPtr handle);
};

}  // namespace siegel::crypto::detail
