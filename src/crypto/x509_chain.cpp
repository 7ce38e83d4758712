#include "crypto/x509_chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "crypto/x509_openssl.h"

namespace siegel::crypto {
namespace {

using detail::ErrorQueueGuard;
using detail::X509Access;

const X509_NAME* subject_of(const Certificate& c) {
  return X509_get_subject_name(X509Access::handle(c));
}
const X509_NAME* issuer_of(const Certificate& c) {
  return X509_get_issuer_name(X509Access::handle(c));
}
bool same_name(const X509_NAME* a, const X509_NAME* b) { return X509_NAME_cmp(a, b) == 0; }

// Name fits, and the key identifiers too where both certificates carry one.
bool could_issue(const Certificate& issuer, const Certificate& subject) {
  if (!same_name(subject_of(issuer), issuer_of(subject))) return false;
  const auto wanted = subject.authority_key_id();
  const auto has = issuer.subject_key_id();
  return !wanted || !has || *wanted == *has;
}

// Bits of the hash of the certificate's signature, 0 if the algorithm has no separate hash.
int signature_hash_bits(const Certificate& certificate) {
  int hash = NID_undef;
  int key = NID_undef;
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, X509_get0_tbs_sigalg(X509Access::handle(certificate)));
  if (OBJ_find_sigid_algs(OBJ_obj2nid(oid), &hash, &key) != 1) return 0;
  const EVP_MD* md = EVP_get_digestbynid(hash);
  return md == nullptr ? 0 : EVP_MD_get_size(md) * 8;
}

class ChainBuilder {
 public:
  ChainBuilder(const Certificate& leaf, const ChainInput& input) : m_input(input) {
    m_result.path.push_back(leaf);
  }

  ChainResult run() {
    const ErrorQueueGuard guard;
    build();
    for (std::size_t depth = 0; depth < m_result.path.size(); ++depth) {
      check_time(depth);
      check_certificate(depth);
      check_signature_hash(depth);
      check_usage(depth);
      check_revoked(depth);
    }
    return std::move(m_result);
  }

 private:
  void report(ChainProblem problem, std::size_t depth, std::string text) {
    m_result.findings.push_back(
        {problem, depth, m_result.path[depth].subject_text(), std::move(text)});
  }

  [[nodiscard]] bool is_anchor(const Certificate& c) const {
    return std::ranges::find(m_input.trust_anchors, c) != m_input.trust_anchors.end();
  }

  void build() {
    while (true) {
      const Certificate& top = m_result.path.back();
      const std::size_t depth = m_result.path.size() - 1;
      if (is_anchor(top)) {
        m_result.complete = m_result.trusted = true;
        return;
      }
      if (top.is_self_signed()) {
        m_result.complete = true;
        report(ChainProblem::untrusted_root, depth,
               "the chain ends in a root certificate that is not among the trusted ones");
        return;
      }
      if (m_result.path.size() >= chain_length_max) {
        report(ChainProblem::path_too_long, depth,
               fmt::format("no root after {} certificates", chain_length_max));
        return;
      }
      const Certificate* issuer = find_issuer(top, depth);
      if (issuer == nullptr) return;
      const Certificate next = *issuer;  // the path may move when it grows
      m_result.path.push_back(next);
    }
  }

  const Certificate* find_issuer(const Certificate& subject, std::size_t depth) {
    const Certificate* named = nullptr;
    for (const auto& group : {m_input.trust_anchors, m_input.intermediates}) {
      for (const auto& candidate : group) {
        if (!could_issue(candidate, subject) ||
            std::ranges::find(m_result.path, candidate) != m_result.path.end()) {
          continue;
        }
        if (subject.is_signed_by(candidate)) return &candidate;
        if (named == nullptr) named = &candidate;
      }
    }
    if (named != nullptr) {
      report(ChainProblem::bad_signature, depth,
             fmt::format("the signature is not by the key of '{}'", named->subject_text()));
    } else if (same_name(subject_of(subject), issuer_of(subject))) {
      report(ChainProblem::bad_signature, depth,
             "the certificate names itself as issuer, but the signature is not by its key");
    } else {
      report(ChainProblem::missing_issuer, depth,
             fmt::format("the certificate of its issuer '{}' is not there", subject.issuer_text()));
    }
    return named;
  }

  void check_time(std::size_t depth) {
    const Certificate& c = m_result.path[depth];
    const auto at = m_input.at.unix_seconds();
    if (at < c.not_before().unix_seconds()) {
      report(ChainProblem::not_yet_valid, depth,
             fmt::format("valid from {}, used at {}", c.not_before().text(), m_input.at.text()));
    }
    if (at > c.not_after().unix_seconds()) {
      report(ChainProblem::expired, depth,
             fmt::format("valid until {}, used at {}", c.not_after().text(), m_input.at.text()));
    }
  }

  void check_certificate(std::size_t depth) {
    const Certificate& c = m_result.path[depth];
    if (!c.serial_is_positive()) {
      report(ChainProblem::serial_not_positive, depth,
             fmt::format("the number of the certificate is {}", c.serial_hex()));
    }
    if (const auto key = c.public_key(); !key.ok()) {
      report(ChainProblem::unsupported_key, depth, key.error().detail);
    }
    if ((X509_get_extension_flags(X509Access::handle(c)) & (EXFLAG_CRITICAL | EXFLAG_INVALID)) !=
        0) {
      report(ChainProblem::unknown_critical, depth,
             "an extension is critical and not understood, or cannot be read");
    }
  }

  void check_signature_hash(std::size_t depth) {
    const Certificate& c = m_result.path[depth];
    // Nothing rests on the signature of a certificate that is trusted by itself.
    if (is_anchor(c)) return;
    const int bits = signature_hash_bits(c);
    if (bits == 0 || bits >= 384) return;
    const auto problem = bits < 256 ? ChainProblem::bad_signature : ChainProblem::weak_signature;
    report(problem, depth,
           fmt::format("signed with {}, a hash of {} bits; 384 are asked for",
                       c.signature_algorithm(), bits));
  }

  void check_usage(std::size_t depth) {
    const Certificate& c = m_result.path[depth];
    const auto usage = c.key_usage();
    if (depth == 0) {
      if (usage && !usage->digital_signature) {
        report(ChainProblem::wrong_key_usage, depth, "the key may not sign messages");
      }
      return;
    }
    if (usage && !usage->key_cert_sign) {
      report(ChainProblem::wrong_key_usage, depth, "the key may not sign certificates");
    }
    if (!c.is_ca()) {
      report(ChainProblem::issuer_not_ca, depth, "the issuer is not marked as a CA");
    }
    const auto limit = c.path_length();
    if (limit && authorities_below(depth) > *limit) {
      report(ChainProblem::path_too_long, depth,
             fmt::format("{} certification authorities below, {} are allowed",
                         authorities_below(depth), *limit));
    }
  }

  // Certificates between `depth` and the leaf, without those that only renew a key [RFC
  // 5280 6.1.4].
  [[nodiscard]] std::uint64_t authorities_below(std::size_t depth) const {
    std::uint64_t n = 0;
    for (std::size_t i = 1; i < depth; ++i) {
      if (!same_name(subject_of(m_result.path[i]), issuer_of(m_result.path[i]))) ++n;
    }
    return n;
  }

  void check_revoked(std::size_t depth) {
    // A root's own list cannot revoke it; it is taken out of the trust anchors instead.
    if (depth + 1 >= m_result.path.size()) return;
    const Certificate& c = m_result.path[depth];
    const Crl* list = newest_list(depth);
    if (list == nullptr) return;
    if (X509_CRL_get_ext_by_critical(X509Access::handle(*list), 1, -1) >= 0) {
      report(ChainProblem::crl_not_usable, depth,
             fmt::format("the revocation list of {} has a critical extension",
                         list->this_update().text()));
    }
    const auto next = list->next_update();
    if (next && m_input.at > *next) {
      report(ChainProblem::crl_outdated, depth,
             fmt::format("the newest revocation list is of {}, a newer one was due at {}",
                         list->this_update().text(), next->text()));
    }
    const auto entry = list->find(c);
    if (!entry) return;
    const auto problem =
        entry->at <= m_input.at ? ChainProblem::revoked : ChainProblem::revoked_later;
    report(problem, depth,
           fmt::format("revoked at {}{}", entry->at.text(),
                       entry->reason ? fmt::format(", reason {}", *entry->reason) : ""));
  }

  // The newest list by the issuer of the certificate at `depth` with a good signature.
  const Crl* newest_list(std::size_t depth) {
    const Certificate& issuer = m_result.path[depth + 1];
    const Crl* newest = nullptr;
    for (const Crl& crl : m_input.crls) {
      if (!same_name(X509_CRL_get_issuer(X509Access::handle(crl)), subject_of(issuer))) continue;
      const auto usage = issuer.key_usage();
      if (!crl.is_signed_by(issuer) || (usage && !usage->crl_sign)) {
        report(ChainProblem::crl_not_usable, depth,
               fmt::format("the revocation list of {} is not signed by '{}'",
                           crl.this_update().text(), issuer.subject_text()));
        continue;
      }
      if (newest == nullptr || crl.this_update() > newest->this_update()) newest = &crl;
    }
    return newest;
  }

  const ChainInput& m_input;
  ChainResult m_result;
};

bool breaks_validity(ChainProblem problem) {
  switch (problem) {
    case ChainProblem::missing_issuer:
    case ChainProblem::bad_signature:
    case ChainProblem::not_yet_valid:
    case ChainProblem::expired:
    case ChainProblem::wrong_key_usage:
    case ChainProblem::issuer_not_ca:
    case ChainProblem::path_too_long:
    case ChainProblem::revoked:
    case ChainProblem::crl_not_usable:
    case ChainProblem::unsupported_key:
    case ChainProblem::unknown_critical:
      return true;
    case ChainProblem::revoked_later:
    case ChainProblem::crl_outdated:
    case ChainProblem::untrusted_root:
    case ChainProblem::weak_signature:
    case ChainProblem::serial_not_positive:
      return false;
  }
  SIEGEL_CHECK(false);
}

}  // namespace

std::string_view chain_problem_name(ChainProblem problem) {
  switch (problem) {
    case ChainProblem::missing_issuer:
      return "missing_issuer";
    case ChainProblem::bad_signature:
      return "bad_signature";
    case ChainProblem::not_yet_valid:
      return "not_yet_valid";
    case ChainProblem::expired:
      return "expired";
    case ChainProblem::wrong_key_usage:
      return "wrong_key_usage";
    case ChainProblem::issuer_not_ca:
      return "issuer_not_ca";
    case ChainProblem::path_too_long:
      return "path_too_long";
    case ChainProblem::revoked:
      return "revoked";
    case ChainProblem::revoked_later:
      return "revoked_later";
    case ChainProblem::crl_not_usable:
      return "crl_not_usable";
    case ChainProblem::crl_outdated:
      return "crl_outdated";
    case ChainProblem::untrusted_root:
      return "untrusted_root";
    case ChainProblem::unsupported_key:
      return "unsupported_key";
    case ChainProblem::weak_signature:
      return "weak_signature";
    case ChainProblem::serial_not_positive:
      return "serial_not_positive";
    case ChainProblem::unknown_critical:
      return "unknown_critical";
  }
  SIEGEL_CHECK(false);
}

bool ChainResult::has(ChainProblem problem) const {
  return std::ranges::any_of(findings, [&](const auto& f) { return f.problem == problem; });
}

bool ChainResult::is_valid() const {
  return complete &&
         std::ranges::none_of(findings, [](const auto& f) { return breaks_validity(f.problem); });
}

ChainResult check_chain(const Certificate& leaf, const ChainInput& input) {
  return ChainBuilder(leaf, input).run();
}

}  // namespace siegel::crypto
