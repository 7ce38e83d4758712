#include "verify/rksv/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "crypto/hash.h"

namespace siegel::verify::rksv {

namespace {

std::optional<crypto::Certificate> parse(std::string_view text) {
  const auto der = from_base64(text);
  if (!der.ok()) return {};
  auto certificate = crypto::Certificate::parse(*der);
  // The text holds DER and nothing else, PEM inside would be another form.
  if (!certificate.ok() || certificate->der() != *der) return {};
  return std::move(*certificate);
}

}  // namespace

void GroupCheck::find(std::string_view rule, std::string_view found, std::string_view expected) {
  m_report.add(rule, m_place, found, expected, m_order);
}

void GroupCheck::check(const Group& group) {
  m_place = fmt::format("group {}", group.index + 1);
  m_order = group.first_receipt;
  if (group.first_receipt != 0) check_presence(group);
  if (group.certificate.empty()) return;
  const auto signer = parse(group.certificate);
  if (!signer) {
    find("RKS-0501", group.certificate, "a certificate in Base64");
    return;
  }
  check_serials(group, *signer);
  // Groups of the same certificate are the rule: its chain is checked once.
  std::string all = group.certificate;
  for (const std::string& issuer : group.issuers) all += "\n" + issuer;
  const Hash256 seen = crypto::sha256(bytes_of(all));
  if (m_seen_chains.contains(seen)) return;
  if (m_seen_chains.size() < remembered_max) m_seen_chains.insert(seen);
  check_chain(group, *signer);
}

void GroupCheck::check_presence(const Group& group) {
  const bool has = !group.certificate.empty();
  ++(has ? m_with : m_without);
  const bool mixed = m_with > 0 && m_without > 0;
  // Told once, at the first group that is unlike those before it.
  if (mixed && (has ? m_with : m_without) == 1) {
    find("RKS-0506", has ? "a certificate" : "no certificate",
         has ? "none, like the groups before" : "a certificate, like the groups before");
  }
}

void GroupCheck::check_serials(const Group& group, const crypto::Certificate& signer) {
  for (const std::string& serial : group.serials) {
    const DeviceKey* device = m_material.find(serial);
    const bool is_closed = serial.find(':') != std::string::npos;
    if (!is_closed && compare_serial(serial, signer) == SerialMatch::different) {
      find("RKS-0502", "receipts of " + serial, "the certificate of " + signer.serial_hex());
    } else if (device != nullptr && device->certificate && *device->certificate != signer) {
      find("RKS-0507", "another certificate for " + serial, "that of the container");
    } else if (device != nullptr && device->key) {
      const auto key = signer.public_key();
      if (!key.ok() || !(*key == *device->key)) {
        find("RKS-0507", "another key for " + serial, "that of the container");
      }
    }
  }
}

void GroupCheck::remember(const crypto::Certificate& certificate) {
  if (m_numbers.size() >= remembered_max) return;
  const std::string number = certificate.serial_hex();
  const auto [known, is_new] = m_numbers.try_emplace(number, certificate.fingerprint());
  if (!is_new && known->second != certificate.fingerprint()) {
    find("RKS-0504", "a second certificate with the number " + number,
         "one number, one certificate");
  }
}

void GroupCheck::check_chain(const Group& group, const crypto::Certificate& signer) {
  remember(signer);
  crypto::Certificate last = signer;
  for (const std::string& text : group.issuers) {
    const auto issuer = parse(text);
    if (!issuer) {
      find("RKS-0501", text, "a certificate in Base64");
      return;
    }
    remember(*issuer);
    if (!last.is_signed_by(*issuer) || last.issuer_der() != issuer->subject_der()) {
      find("RKS-0503", last.subject_text() + " is not signed by " + issuer->subject_text(),
           "each certificate signed by the next");
      return;
    }
    last = *issuer;
  }
  // The end of a chain signs itself; without issuers the container's certificate vouches.
  if (last.issuer_der() == last.subject_der()) {
    if (!last.is_self_signed()) {
      find("RKS-0503", last.subject_text() + " is not signed by itself", "a root certificate");
    }
  } else if (!group.issuers.empty() && m_trust_anchors.empty()) {
    find("RKS-0508", last.subject_text(), "the certificate of " + last.issuer_text());
  }
  if (m_trust_anchors.empty()) return;
  const bool trusted = std::ranges::any_of(m_trust_anchors, [&](const crypto::Certificate& anchor) {
    return anchor == last || last.is_signed_by(anchor);
  });
  if (!trusted) find("RKS-0505", last.subject_text(), "a certificate given with --trust");
}

}  // namespace siegel::verify::rksv
