#include "verify/tse/key_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace siegel::verify::tse {

namespace {

bool equal_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

/// The rule of a problem of a chain; empty: told elsewhere.
std::string_view rule_of(crypto::ChainProblem problem, bool anchors_given) {
  using enum crypto::ChainProblem;
  switch (problem) {
    case missing_issuer:
      return "TSE-0310";
    case bad_signature:
      return "TSE-0305";
    case not_yet_valid:
    case expired:
      return "";  // judged for each message
    case wrong_key_usage:
    case issuer_not_ca:
    case path_too_long:
      return "TSE-0309";
    case revoked:
      return "TSE-0307";
    case revoked_later:
      return "TSE-0308";
    case crl_not_usable:
    case crl_outdated:
      return "TSE-0316";
    case untrusted_root:
      return anchors_given ? "TSE-0311" : "";
    case unsupported_key:
      return "TSE-0313";
    case weak_signature:
      return "TSE-0314";
    case serial_not_positive:
    case unknown_critical:
      return "TSE-0315";
  }
  return "";
}

std::string_view expectation_of(std::string_view rule) {
  if (rule == "TSE-0310") return "every certificate up to the root";
  if (rule == "TSE-0305") return "a signature by the issuer's key";
  if (rule == "TSE-0309") return "digitalSignature for the TSE, keyCertSign and CA for issuers";
  if (rule == "TSE-0307") return "not revoked when the last message was signed";
  if (rule == "TSE-0311") return "a root among the trust anchors given";
  if (rule == "TSE-0314") return "at least 384 bits";
  return "";
}

}  // namespace

void KeyRing::insert(const crypto::Certificate& certificate, const crypto::PublicKey& key) {
  if (std::ranges::find(m_certificates, certificate) != m_certificates.end()) return;
  m_certificates.push_back(certificate);
  const Hash256 serial = key.point_hash();
  const auto at = std::ranges::lower_bound(m_keys, serial, {}, &Key::serial);
  if (at != m_keys.end() && at->serial == serial) return;
  m_keys.insert(at, Key{serial, key, m_certificates.size() - 1});
}

void KeyRing::add(const crypto::Certificate& certificate) {
  if (m_certificates.size() >= certificates_max) return;
  const auto key = certificate.public_key();
  if (key.ok()) insert(certificate, *key);
}

void KeyRing::add_file(std::string_view name, std::string_view place, BytesView content,
                       Report& report, std::uint64_t order) {
  if (m_certificates.size() >= certificates_max) {
    report.add("TSE-0114", place, "one certificate more",
               fmt::format("at most {}", certificates_max), order);
    return;
  }
  const auto certificate = crypto::Certificate::parse(content);
  if (!certificate.ok()) {
    report.add("TSE-0301", place, certificate.error().detail, "one X.509 certificate, DER or PEM",
               order);
    return;
  }
  const auto key = certificate->public_key();
  if (!key.ok()) {
    report.add("TSE-0313", place, key.error().detail, "a curve of TR-03116-5", order);
    return;
  }
  const std::string serial = hex(key->point_hash());
  if (!equal_letters(name.substr(0, name.rfind('.')), serial + "_X509")) {
    report.add("TSE-0302", place, name, serial + "_X509.cer", order);
  }
  insert(*certificate, *key);
}

const KeyRing::Key* KeyRing::find(BytesView serial) const {
  if (serial.size() != sizeof(Hash256)) return nullptr;
  Hash256 wanted;
  std::memcpy(wanted.data(), serial.data(), wanted.size());
  const auto at = std::ranges::lower_bound(m_keys, wanted, {}, &Key::serial);
  return at != m_keys.end() && at->serial == wanted ? &*at : nullptr;
}

Validity KeyRing::check_chain_of(const Key& key, Instant last, const Options& options,
                                 std::string_view place, Report& report) const {
  const crypto::Certificate& leaf = m_certificates[key.certificate];
  const std::string serial = hex(key.serial);
  const auto names = [&](const std::optional<std::string>& text) {
    return text && equal_letters(*text, serial);
  };
  if (!names(leaf.subject_common_name()) && !names(leaf.subject_serial_number())) {
    report.add("TSE-0317", place, leaf.subject_text(), serial);
  }
  crypto::ChainInput input{.intermediates = m_certificates,
                           .trust_anchors = options.trust_anchors,
                           .crls = options.crls,
                           .at = last};
  const crypto::ChainResult chain = crypto::check_chain(leaf, input);
  for (const crypto::ChainFinding& finding : chain.findings) {
    const std::string_view rule = rule_of(finding.problem, !options.trust_anchors.empty());
    if (rule.empty()) continue;
    report.add(rule, fmt::format("{}, {}", place, finding.subject), finding.detail,
               expectation_of(rule));
  }
  Validity validity{leaf.not_before(), leaf.not_after()};
  for (const crypto::Certificate& certificate : chain.path) {
    validity.from = std::max(validity.from, certificate.not_before());
    validity.until = std::min(validity.until, certificate.not_after());
  }
  return validity;
}

}  // namespace siegel::verify::tse
