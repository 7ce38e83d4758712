#include "crypto/signer_certificate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/check.h"
#include "crypto/x509_make.h"
#include "crypto/x509_openssl.h"

namespace siegel::crypto {
namespace {

constexpr std::size_t holder_length_max = 200;

Error bad_holder(const Certificate& certificate, std::string_view why) {
  return invalid("E-CRY-017", fmt::format("the holder (OID {}) in certificate '{}' {}",
                                          signer_holder_oid, certificate.subject_text(), why));
}

// The one element is a character string of any kind that OpenSSL can turn into UTF-8.
std::optional<std::string> text_of_der(BytesView der) {
  const detail::ErrorQueueGuard guard;
  const unsigned char* p = detail::raw(der.data());
  const detail::Asn1TypePtr element(d2i_ASN1_TYPE(nullptr, &p, static_cast<long>(der.size())));
  if (!element || p != detail::raw(der.data()) + der.size()) return std::nullopt;
  switch (ASN1_TYPE_get(element.get())) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_T61STRING:
    case V_ASN1_BMPSTRING:
      break;
    default:
      return std::nullopt;
  }
  unsigned char* out = nullptr;
  const int n = ASN1_STRING_to_UTF8(&out, element->value.asn1_string);
  const detail::OpensslPtr owner(out);
  if (n < 0) return std::nullopt;
  return std::string(text_of(detail::view_of(out, static_cast<std::size_t>(n))));
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
  });
}

// UTF8String [X.690]: at most 4 * 64 bytes, so the length takes one or two more bytes.
Bytes utf8_string_der(std::string_view text) {
  Bytes out{std::byte{0x0C}};
  SIEGEL_CHECK(text.size() < 0x10000);
  if (text.size() >= 0x100) {
    out.push_back(std::byte{0x82});
    out.push_back(static_cast<std::byte>(text.size() >> 8U));
  } else if (text.size() >= 0x80) {
    out.push_back(std::byte{0x81});
  }
  out.push_back(static_cast<std::byte>(text.size() & 0xFFU));
  append(out, bytes_of(text));
  return out;
}

constexpr std::string_view test_mark = "TEST - software key, not for production";

}  // namespace

Result<std::string> signer_serial_of(const Certificate& certificate) {
  std::string serial = certificate.serial_hex();
  const std::size_t first = serial.find_first_not_of("-0");
  if (first == std::string::npos) {
    return invalid("E-CRY-016", fmt::format("the number of certificate '{}' is zero",
                                            certificate.subject_text()));
  }
  serial.erase(0, first);
  for (char& c : serial) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return serial;
}

Result<std::string> signer_serial_of(BytesView certificate) {
  SIEGEL_TRY(const auto parsed, Certificate::parse(certificate));
  return signer_serial_of(parsed);
}

Result<std::optional<std::string>> signer_holder_of(const Certificate& certificate) {
  const auto der = certificate.extension(std::string(signer_holder_oid));
  if (!der) return std::optional<std::string>();
  auto text = text_of_der(*der);
  if (!text || !valid_utf8(*text)) return bad_holder(certificate, "is not a text");
  if (text->empty() || utf8_length(*text) > holder_length_max) {
    return bad_holder(certificate,
                      fmt::format("is empty or longer than {} characters", holder_length_max));
  }
  if (has_control_character(*text)) return bad_holder(certificate, "has a control character");
  return text;
}

Result<std::optional<std::string>> signer_holder_of(BytesView certificate) {
  SIEGEL_TRY(const auto parsed, Certificate::parse(certificate));
  return signer_holder_of(parsed);
}

Result<std::vector<Certificate>> make_test_signer_certificates(const PublicKey& key,
                                                               const TestSignerSpec& spec,
                                                               Random& random) {
  if (has_control_character(spec.holder)) {
    return invalid("E-CRY-013", "the holder has a control character");
  }
  SIEGEL_TRY(const auto ca_key, PrivateKey::generate(Curve::p256));
  CertificateSpec ca{.subject = {.country = "AT",
                                 .organization = std::string(test_mark),
                                 .organizational_unit = "TEST",
                                 .common_name = "TEST CA"},
                     .role = CertificateRole::ca,
                     .path_length = std::uint8_t{0},
                     .not_before = spec.not_before,
                     .not_after = spec.not_after};
  SIEGEL_TRY(auto root, make_root(ca, ca_key, random));
  CertificateSpec signer{.subject = {.country = "AT",
                                     .organization = std::string(test_mark),
                                     .organizational_unit = "TEST",
                                     .common_name = spec.holder},
                         .not_before = spec.not_before,
                         .not_after = spec.not_after,
                         .extensions = {{.oid = std::string(signer_holder_oid),
                                         .value = utf8_string_der(spec.holder)}},
                         .serial_bytes = 8};
  SIEGEL_TRY(auto leaf, make_certificate(signer, key, {root, ca_key}, random));
  std::vector<Certificate> chain;
  chain.push_back(std::move(leaf));
  chain.push_back(std::move(root));
  return chain;
}

}  // namespace siegel::crypto
