#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "crypto/x509.h"

namespace siegel::crypto {

/// What can be wrong with a chain [RFC 5280 6, TR-03145-5].
enum class ChainProblem {
  missing_issuer,   ///< the issuer is in none of the given certificates
  bad_signature,    ///< an issuer of that name is there, but the signature is not by its key
  not_yet_valid,    ///< `at` lies before notBefore
  expired,          ///< `at` lies after notAfter
  wrong_key_usage,  ///< leaf without digitalSignature, issuer without keyCertSign
  issuer_not_ca,    ///< basicConstraints of an issuer does not say CA
  path_too_long,    ///< more CA certificates than pathLenConstraint or chain_length_max allows
  revoked,          ///< a list of its issuer revokes it at or before `at`
  revoked_later,    ///< revoked, but only after `at`: valid then
  crl_not_usable,   ///< a list of the issuer has a bad signature or a critical extension
  crl_outdated,     ///< nextUpdate of the list lies before `at`: a newer one must exist
  untrusted_root,   ///< the chain is complete, but its root is not among the trust anchors
  unsupported_key,  ///< key on an unknown curve or of another kind
  weak_signature,   ///< signed with a hash of 256 bits (384 are asked for); less is bad_signature
  serial_not_positive,  ///< serial number zero or negative
  unknown_critical,     ///< an extension is critical and not understood, or cannot be read
};

inline constexpr std::size_t chain_length_max = 8;

/// A stable word for reports: `missing_issuer`.
[[nodiscard]] std::string_view chain_problem_name(ChainProblem problem);

struct ChainFinding {
  ChainProblem problem;
  std::size_t depth;    ///< 0 is the leaf; index into ChainResult::path
  std::string subject;  ///< subject_text() of the certificate meant
  std::string detail;   ///< one English sentence with the values
};

/// Everything that was found, never only the first.
struct ChainResult {
  /// From the leaf upwards, as far as issuers were found.
  std::vector<Certificate> path;
  /// The path ends in a self-signed certificate or in a trust anchor.
  bool complete = false;
  /// The path ends in one of the given trust anchors (by bytes).
  bool trusted = false;
  std::vector<ChainFinding> findings;

  [[nodiscard]] bool has(ChainProblem problem) const;
  /// Complete, every signature good, and each certificate valid, unrevoked and fit for its use at
  /// the time asked for. Says nothing of trust: look at `trusted` too.
  [[nodiscard]] bool is_valid() const;
};

/// Borrowed for the call.
struct ChainInput {
  std::span<const Certificate> intermediates;  ///< in any order; superfluous ones are ignored
  std::span<const Certificate> trust_anchors;  ///< from outside of what is verified
  std::span<const Crl> crls;                   ///< of any issuers
  Instant at;                                  ///< when the leaf's key signed
};

/// Builds and checks the chain of `leaf`, each certificate at the time `at` (hybrid model: valid
/// when the leaf signed). Invalid is a value here, so there is no error. Among several issuers of
/// the right name the one whose key made the signature is taken.
[[nodiscard]] ChainResult check_chain(const Certificate& leaf, const ChainInput& input);

}  // namespace siegel::crypto
