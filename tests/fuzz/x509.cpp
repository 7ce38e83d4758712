// Certificates and revocation lists of strangers: read, shown and checked without harm.
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/x509.h"
#include "crypto/x509_chain.h"

namespace {

void look_at(const siegel::crypto::Certificate& certificate) {
  using siegel::Instant;
  static_cast<void>(certificate.subject_text());
  static_cast<void>(certificate.issuer_text());
  static_cast<void>(certificate.subject_common_name());
  static_cast<void>(certificate.subject_serial_number());
  static_cast<void>(certificate.serial_hex());
  static_cast<void>(certificate.not_after().text());
  static_cast<void>(certificate.public_key());
  static_cast<void>(certificate.key_usage());
  static_cast<void>(certificate.path_length());
  static_cast<void>(certificate.subject_key_id());
  static_cast<void>(certificate.authority_key_id());
  static_cast<void>(certificate.signature_algorithm());
  // What was read reads the same from its own text.
  const auto again = siegel::crypto::Certificate::parse(siegel::bytes_of(certificate.pem()));
  SIEGEL_CHECK(again.ok() && *again == certificate);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace siegel::crypto;
  const auto bytes = std::as_bytes(std::span(data, size));
  if (auto all = Certificate::parse_all(bytes); all.ok()) {
    for (const auto& certificate : *all) look_at(certificate);
    const auto result =
        check_chain(all->front(), {*all, {}, {}, siegel::Instant::from_unix(1800000000)});
    // Nobody made a trusted chain without a trust anchor.
    SIEGEL_CHECK(!result.trusted && !result.findings.empty());
  }
  if (auto crl = Crl::parse(bytes); crl.ok()) {
    static_cast<void>(crl->issuer_text());
    static_cast<void>(crl->entries());
    static_cast<void>(crl->this_update().text());
  }
  return 0;
}
