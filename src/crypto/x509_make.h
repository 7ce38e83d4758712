#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/ec.h"
#include "crypto/x509.h"

namespace siegel::crypto {

/// A subject. Empty parts are left out; each at most 64 characters, UTF-8 [RFC 5280 upper bounds].
struct SubjectName {
  std::string country = "DE";  ///< two letters
  std::string organization = {};
  std::string organizational_unit = {};
  std::string common_name = {};  ///< required
};

enum class CertificateRole {
  ca,    ///< may sign certificates and lists: keyCertSign, cRLSign, CA
  leaf,  ///< signs messages only: digitalSignature
};

/// One more extension, never critical.
struct CertificateExtension {
  std::string oid;  ///< dotted, one of our constants (checked)
  Bytes value;      ///< the DER inside
};

struct CertificateSpec {
  SubjectName subject;
  CertificateRole role = CertificateRole::leaf;
  /// For a CA: how many CAs may follow below it.
  std::optional<std::uint8_t> path_length = {};
  Instant not_before;  ///< whole seconds count
  Instant not_after;   ///< later than not_before, at most year 9999
  std::vector<CertificateExtension> extensions = {};
  std::size_t serial_bytes = 16;  ///< 8..20 bytes of chance in the number
};

/// Signs itself, with SHA-384 (SHA-512 on curves of 512 bits and more): the root of a chain. The
/// number of the certificate comes from `random` (positive).
/// Errors: E-CRY-013 (the spec cannot be made into a certificate), E-CRY-008.
[[nodiscard]] Result<Certificate> make_root(const CertificateSpec& spec, const PrivateKey& key,
                                            Random& random);

/// Who signs; borrowed for the call. `key` is the key of `certificate` (E-CRY-013 if not).
struct CertificateIssuer {
  const Certificate& certificate;
  const PrivateKey& key;
};

/// A certificate for `subject_key`. Validity outside the issuer's is made as asked.
/// Errors as make_root().
[[nodiscard]] Result<Certificate> make_certificate(const CertificateSpec& spec,
                                                   const PublicKey& subject_key,
                                                   const CertificateIssuer& issuer, Random& random);

struct CrlEntry {
  const Certificate& certificate;  ///< borrowed for the call
  Instant revoked_at;
  std::optional<int> reason = {};  ///< CRLReason [RFC 5280 5.3.1]
};

struct CrlSpec {
  std::uint32_t number = 1;
  Instant this_update;
  Instant next_update;
  std::vector<CrlEntry> revoked = {};
};

/// A revocation list signed by `issuer`. Errors as make_root().
[[nodiscard]] Result<Crl> make_crl(const CrlSpec& spec, const CertificateIssuer& issuer);

}  // namespace siegel::crypto
