#include "crypto/x509.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "crypto/x509_openssl.h"

namespace siegel::crypto {

using detail::bytes_of_string;
using detail::ErrorQueueGuard;
using detail::raw;
using detail::X509Access;
using detail::X509CrlPtr;
using detail::X509Ptr;

struct Certificate::Impl {
  X509Ptr handle;
  Bytes der;
  Instant not_before;
  Instant not_after;
};

struct Crl::Impl {
  X509CrlPtr handle;
  Bytes der;
  Instant this_update;
  std::optional<Instant> next_update;
};

namespace {

constexpr std::string_view pem_begin = "-----BEGIN ";

Error no_certificate(std::string why) { return invalid("E-CRY-010", std::move(why)); }
Error no_crl(std::string why) { return invalid("E-CRY-011", std::move(why)); }

std::optional<Instant> instant_of(const ASN1_TIME* time) {
  std::tm tm{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &tm) != 1) return std::nullopt;
  const std::chrono::year_month_day day(std::chrono::year(tm.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(tm.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(tm.tm_mday)));
  if (!day.ok()) return std::nullopt;
  const std::int64_t seconds =
      std::int64_t{std::chrono::sys_days(day).time_since_epoch().count()} * 86400 +
      tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
  return Instant::from_unix(std::max<std::int64_t>(seconds, 0));
}

std::string utf8_of(const ASN1_STRING* string) {
  unsigned char* out = nullptr;
  const int n = ASN1_STRING_to_UTF8(&out, string);
  const detail::OpensslPtr owner(out);
  if (n < 0) return hex(bytes_of_string(string));
  return std::string(text_of(detail::view_of(out, static_cast<std::size_t>(n))));
}

std::optional<std::string> last_entry(const X509_NAME* name, int nid) {
  int found = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;) found = at;
  if (found < 0) return std::nullopt;
  return utf8_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, found)));
}

std::string content_of(BIO* bio) {
  const char* data = nullptr;
  const long n = BIO_get_mem_data(bio, &data);
  return n > 0 ? std::string(data, static_cast<std::size_t>(n)) : std::string();
}

std::string text_of_name(const X509_NAME* name) {
  const ErrorQueueGuard guard;
  const detail::BioPtr bio(BIO_new(BIO_s_mem()));
  // UTF-8 as it is, control characters escaped.
  constexpr unsigned long flags = (ASN1_STRFLGS_RFC2253 & ~std::uint64_t{ASN1_STRFLGS_ESC_MSB}) |
                                  XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN;
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, flags) < 0) return {};
  return content_of(bio.get());
}

// The decoded blocks of a PEM text whose label `wanted` accepts, at most blocks_max + 1 of them;
// nothing if a block is damaged.
std::optional<std::vector<Bytes>> pem_blocks(BytesView text, std::size_t blocks_max,
                                             bool (*wanted)(std::string_view label)) {
  const ErrorQueueGuard guard;
  std::vector<Bytes> blocks;
  const detail::BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  while (bio && blocks.size() <= blocks_max) {
    char* name = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
      if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) return blocks;
      return std::nullopt;
    }
    const std::unique_ptr<char, detail::Free<detail::free_openssl>> name_owner(name);
    const std::unique_ptr<char, detail::Free<detail::free_openssl>> header_owner(header);
    const detail::OpensslPtr data_owner(data);
    if (wanted(name)) {
      const auto view = detail::view_of(data, static_cast<std::size_t>(size));
      blocks.emplace_back(view.begin(), view.end());
    }
  }
  return blocks;
}

bool looks_like_pem(BytesView bytes) {
  return text_of(bytes).find(pem_begin) != std::string_view::npos &&
         (bytes.size() < 2 || bytes[0] != std::byte{0x30} || bytes[1] < std::byte{0x80});
}

Result<Certificate> certificate_of_der(BytesView der) {
  if (der.size() > certificate_bytes_max) {
    return no_certificate(fmt::format("a certificate has at most {} bytes, this one has {}",
                                      certificate_bytes_max, der.size()));
  }
  const ErrorQueueGuard guard;
  const unsigned char* p = raw(der.data());
  X509Ptr handle(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
  if (!handle) {
    return no_certificate(fmt::format("{} bytes are not an X.509 certificate: {}", der.size(),
                                      detail::openssl_reason()));
  }
  if (p != raw(der.data()) + der.size()) {
    return no_certificate(
        fmt::format("{} bytes follow after the certificate", raw(der.data()) + der.size() - p));
  }
  return X509Access::wrap(std::move(handle));
}

Result<Crl> crl_of_der(BytesView der) {
  const ErrorQueueGuard guard;
  const unsigned char* p = raw(der.data());
  X509CrlPtr handle(d2i_X509_CRL(nullptr, &p, static_cast<long>(der.size())));
  if (!handle) {
    return no_crl(fmt::format("{} bytes are not a certificate revocation list: {}", der.size(),
                              detail::openssl_reason()));
  }
  if (p != raw(der.data()) + der.size()) {
    return no_crl(
        fmt::format("{} bytes follow after the revocation list", raw(der.data()) + der.size() - p));
  }
  return X509Access::wrap(std::move(handle));
}

std::optional<Bytes> optional_bytes(const ASN1_OCTET_STRING* string) {
  if (string == nullptr) return std::nullopt;
  return bytes_of_string(string);
}

}  // namespace

// --- access for the rest of the module

X509* X509Access::handle(const Certificate& certificate) {
  return certificate.m_impl->handle.get();
}
X509_CRL* X509Access::handle(const Crl& crl) { return crl.m_impl->handle.get(); }

Result<Certificate> X509Access::wrap(X509Ptr handle) {
  const auto from = instant_of(X509_get0_notBefore(handle.get()));
  const auto until = instant_of(X509_get0_notAfter(handle.get()));
  if (!from || !until) {
    return no_certificate("the certificate's period of validity cannot be read");
  }
  Bytes der = detail::der_by<const X509*>(i2d_X509, handle.get());
  if (der.empty()) return no_certificate("the certificate cannot be written as DER");
  // Reads the extensions once, so that no later call changes the handle.
  X509_check_purpose(handle.get(), -1, 0);
  return Certificate(std::make_unique<Certificate::Impl>(
      Certificate::Impl{std::move(handle), std::move(der), *from, *until}));
}

Result<Crl> X509Access::wrap(X509CrlPtr handle) {
  const auto from = instant_of(X509_CRL_get0_lastUpdate(handle.get()));
  const ASN1_TIME* next = X509_CRL_get0_nextUpdate(handle.get());
  const auto until = instant_of(next);
  if (!from || (next != nullptr && !until)) {
    return no_crl("the times of the revocation list cannot be read");
  }
  Bytes der = detail::der_by<const X509_CRL*>(i2d_X509_CRL, handle.get());
  if (der.empty()) return no_crl("the revocation list cannot be written as DER");
  return Crl(
      std::make_unique<Crl::Impl>(Crl::Impl{std::move(handle), std::move(der), *from, until}));
}

// --- Certificate

Certificate::Certificate(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;
Certificate::~Certificate() = default;

Certificate::Certificate(const Certificate& other) {
  X509* handle = other.m_impl->handle.get();
  SIEGEL_CHECK(X509_up_ref(handle) == 1);
  m_impl = std::make_unique<Impl>(
      Impl{X509Ptr(handle), other.m_impl->der, other.m_impl->not_before, other.m_impl->not_after});
}
Certificate& Certificate::operator=(const Certificate& other) {
  if (this != &other) *this = Certificate(other);
  return *this;
}

Result<std::vector<Certificate>> Certificate::parse_all(BytesView der_or_pem) {
  if (der_or_pem.size() > certificates_max * certificate_bytes_max) {
    return no_certificate(fmt::format("at most {} bytes of certificates are read, these are {}",
                                      certificates_max * certificate_bytes_max, der_or_pem.size()));
  }
  std::vector<Certificate> all;
  if (!looks_like_pem(der_or_pem)) {
    SIEGEL_TRY(auto one, certificate_of_der(der_or_pem));
    all.push_back(std::move(one));
    return all;
  }
  const auto blocks = pem_blocks(der_or_pem, certificates_max, [](std::string_view label) {
    return label == "CERTIFICATE" || label == "X509 CERTIFICATE";
  });
  if (!blocks) return no_certificate("a PEM block of the text is damaged");
  if (blocks->empty()) return no_certificate("the PEM text holds no certificate");
  if (blocks->size() > certificates_max) {
    return no_certificate(fmt::format("more than {} certificates in one file", certificates_max));
  }
  for (const auto& block : *blocks) {
    SIEGEL_TRY(auto one, certificate_of_der(block));
    all.push_back(std::move(one));
  }
  return all;
}

Result<Certificate> Certificate::parse(BytesView der_or_pem) {
  SIEGEL_TRY(auto all, parse_all(der_or_pem));
  if (all.size() != 1) {
    return no_certificate(fmt::format("one certificate was expected, {} were found", all.size()));
  }
  return std::move(all.front());
}

const Bytes& Certificate::der() const { return m_impl->der; }
Hash256 Certificate::fingerprint() const { return sha256(m_impl->der); }

std::string Certificate::pem() const {
  const ErrorQueueGuard guard;
  const detail::BioPtr bio(BIO_new(BIO_s_mem()));
  SIEGEL_CHECK(bio && PEM_write_bio_X509(bio.get(), m_impl->handle.get()) == 1);
  return content_of(bio.get());
}

std::optional<std::string> Certificate::subject_common_name() const {
  const ErrorQueueGuard guard;
  return last_entry(X509_get_subject_name(m_impl->handle.get()), NID_commonName);
}
std::optional<std::string> Certificate::subject_serial_number() const {
  const ErrorQueueGuard guard;
  return last_entry(X509_get_subject_name(m_impl->handle.get()), NID_serialNumber);
}
std::string Certificate::subject_text() const {
  return text_of_name(X509_get_subject_name(m_impl->handle.get()));
}
std::string Certificate::issuer_text() const {
  return text_of_name(X509_get_issuer_name(m_impl->handle.get()));
}
Bytes Certificate::subject_der() const {
  return detail::der_by<const X509_NAME*>(i2d_X509_NAME,
                                          X509_get_subject_name(m_impl->handle.get()));
}
Bytes Certificate::issuer_der() const {
  return detail::der_by<const X509_NAME*>(i2d_X509_NAME,
                                          X509_get_issuer_name(m_impl->handle.get()));
}

std::string Certificate::serial_hex() const {
  const ErrorQueueGuard guard;
  const detail::BnPtr number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(m_impl->handle.get()), nullptr));
  if (!number) return "0";
  const std::unique_ptr<char, detail::Free<detail::free_openssl>> text(BN_bn2hex(number.get()));
  return text ? std::string(text.get()) : "0";
}

bool Certificate::serial_is_positive() const {
  const ErrorQueueGuard guard;
  const detail::BnPtr number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(m_impl->handle.get()), nullptr));
  return number && !BN_is_negative(number.get()) && !BN_is_zero(number.get());
}

Instant Certificate::not_before() const { return m_impl->not_before; }
Instant Certificate::not_after() const { return m_impl->not_after; }

Result<PublicKey> Certificate::public_key() const {
  const ErrorQueueGuard guard;
  const Bytes spki = detail::der_by<const X509_PUBKEY*>(i2d_X509_PUBKEY,
                                                        X509_get_X509_PUBKEY(m_impl->handle.get()));
  auto key = PublicKey::from_spki(spki);
  if (!key.ok()) {
    return invalid("E-CRY-012", fmt::format("the key of certificate '{}' cannot be used: {}",
                                            subject_text(), key.error().detail));
  }
  return key;
}

std::optional<KeyUsage> Certificate::key_usage() const {
  X509* handle = m_impl->handle.get();
  if ((X509_get_extension_flags(handle) & EXFLAG_KUSAGE) == 0) return std::nullopt;
  const auto bits = X509_get_key_usage(handle);
  return KeyUsage{.digital_signature = (bits & KU_DIGITAL_SIGNATURE) != 0,
                  .content_commitment = (bits & KU_NON_REPUDIATION) != 0,
                  .key_cert_sign = (bits & KU_KEY_CERT_SIGN) != 0,
                  .crl_sign = (bits & KU_CRL_SIGN) != 0};
}

bool Certificate::is_ca() const {
  return (X509_get_extension_flags(m_impl->handle.get()) & EXFLAG_CA) != 0;
}

std::optional<std::uint64_t> Certificate::path_length() const {
  const long length = X509_get_pathlen(m_impl->handle.get());
  if (length < 0) return std::nullopt;
  return static_cast<std::uint64_t>(length);
}

std::optional<Bytes> Certificate::subject_key_id() const {
  return optional_bytes(X509_get0_subject_key_id(m_impl->handle.get()));
}
std::optional<Bytes> Certificate::authority_key_id() const {
  return optional_bytes(X509_get0_authority_key_id(m_impl->handle.get()));
}

std::optional<Bytes> Certificate::extension(const std::string& dotted_oid) const {
  const ErrorQueueGuard guard;
  const detail::Asn1ObjectPtr oid(OBJ_txt2obj(dotted_oid.c_str(), 1));
  SIEGEL_CHECK(oid != nullptr);
  X509* handle = m_impl->handle.get();
  const int at = X509_get_ext_by_OBJ(handle, oid.get(), -1);
  if (at < 0) return std::nullopt;
  return bytes_of_string(X509_EXTENSION_get_data(X509_get_ext(handle, at)));
}

std::string Certificate::signature_algorithm() const {
  const ASN1_OBJECT* oid = nullptr;
  const X509_ALGOR* algorithm = X509_get0_tbs_sigalg(m_impl->handle.get());
  X509_ALGOR_get0(&oid, nullptr, nullptr, algorithm);
  const int nid = OBJ_obj2nid(oid);
  if (nid != NID_undef) return OBJ_nid2sn(nid);
  std::array<char, 128> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), oid, 1);
  return text.data();
}

bool Certificate::is_self_signed() const {
  X509* handle = m_impl->handle.get();
  return X509_NAME_cmp(X509_get_subject_name(handle), X509_get_issuer_name(handle)) == 0 &&
         is_signed_by(*this);
}

bool Certificate::is_signed_by(const Certificate& issuer) const {
  const ErrorQueueGuard guard;
  EVP_PKEY* key = X509_get0_pubkey(issuer.m_impl->handle.get());
  return key != nullptr && X509_verify(m_impl->handle.get(), key) == 1;
}

// --- Crl

Crl::Crl(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Crl::Crl(Crl&&) noexcept = default;
Crl& Crl::operator=(Crl&&) noexcept = default;
Crl::~Crl() = default;

Crl::Crl(const Crl& other) {
  X509_CRL* handle = other.m_impl->handle.get();
  SIEGEL_CHECK(X509_CRL_up_ref(handle) == 1);
  m_impl = std::make_unique<Impl>(Impl{X509CrlPtr(handle), other.m_impl->der,
                                       other.m_impl->this_update, other.m_impl->next_update});
}
Crl& Crl::operator=(const Crl& other) {
  if (this != &other) *this = Crl(other);
  return *this;
}

Result<Crl> Crl::parse(BytesView der_or_pem) {
  if (der_or_pem.size() > crl_bytes_max) {
    return no_crl(fmt::format("a revocation list has at most {} bytes, this one has {}",
                              crl_bytes_max, der_or_pem.size()));
  }
  if (!looks_like_pem(der_or_pem)) return crl_of_der(der_or_pem);
  const auto blocks =
      pem_blocks(der_or_pem, 1, [](std::string_view label) { return label == "X509 CRL"; });
  if (!blocks || blocks->size() != 1) {
    return no_crl("the PEM text does not hold exactly one revocation list");
  }
  return crl_of_der(blocks->front());
}

const Bytes& Crl::der() const { return m_impl->der; }
std::string Crl::issuer_text() const {
  return text_of_name(X509_CRL_get_issuer(m_impl->handle.get()));
}
Bytes Crl::issuer_der() const {
  return detail::der_by<const X509_NAME*>(i2d_X509_NAME, X509_CRL_get_issuer(m_impl->handle.get()));
}
Instant Crl::this_update() const { return m_impl->this_update; }
std::optional<Instant> Crl::next_update() const { return m_impl->next_update; }

std::size_t Crl::entries() const {
  const STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(m_impl->handle.get());
  return revoked == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(revoked));
}

std::optional<Revocation> Crl::find(const Certificate& certificate) const {
  const ErrorQueueGuard guard;
  X509_REVOKED* entry = nullptr;
  // Sorts the list at the first call, under a lock of OpenSSL. 2 means removeFromCRL, which only
  // occurs in delta lists: not revoked.
  if (X509_CRL_get0_by_serial(m_impl->handle.get(), &entry,
                              X509_get0_serialNumber(X509Access::handle(certificate))) != 1) {
    return std::nullopt;
  }
  Revocation out;
  // A date that cannot be read counts as revoked from the beginning.
  out.at = instant_of(X509_REVOKED_get0_revocationDate(entry)).value_or(Instant());
  const detail::Asn1EnumeratedPtr reason(static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
  if (reason) out.reason = static_cast<int>(ASN1_ENUMERATED_get(reason.get()));
  const detail::Asn1ObjectPtr oid(OBJ_txt2obj("0.4.0.127.0.7.3.10.1.1.1", 1));
  const int at = X509_REVOKED_get_ext_by_OBJ(entry, oid.get(), -1);
  if (at >= 0) {
    out.details = bytes_of_string(X509_EXTENSION_get_data(X509_REVOKED_get_ext(entry, at)));
  }
  return out;
}

bool Crl::is_signed_by(const Certificate& issuer) const {
  const ErrorQueueGuard guard;
  EVP_PKEY* key = X509_get0_pubkey(X509Access::handle(issuer));
  return key != nullptr && X509_CRL_verify(m_impl->handle.get(), key) == 1;
}

}  // namespace siegel::crypto
