#include "crypto/x509_make.h"

#include <fmt/format.h>

#include "base/check.h"
#include "crypto/ec_openssl.h"
#include "crypto/x509_openssl.h"

namespace siegel::crypto {
namespace {

using detail::EcAccess;
using detail::ErrorQueueGuard;
using detail::raw;
using detail::X509Access;
using detail::X509CrlPtr;
using detail::X509Ptr;

constexpr std::size_t name_part_max = 64;
constexpr std::size_t key_id_bytes = 20;

Error bad_spec(std::string why) { return invalid("E-CRY-013", std::move(why)); }
Error library_failed(std::string_view doing) {
  return unavailable("E-CRY-008",
                     fmt::format("OpenSSL failed while {}: {}", doing, detail::openssl_reason()));
}

Status check(const CertificateSpec& spec) {
  const SubjectName& name = spec.subject;
  if (name.common_name.empty()) return bad_spec("a certificate needs a common name");
  if (!name.country.empty() && name.country.size() != 2) {
    return bad_spec(fmt::format("the country '{}' is not two letters", name.country));
  }
  for (const auto* part : {&name.organization, &name.organizational_unit, &name.common_name}) {
    if (!valid_utf8(*part) || utf8_length(*part) > name_part_max) {
      return bad_spec(fmt::format("a part of the name is longer than {} characters or not UTF-8",
                                  name_part_max));
    }
  }
  if (spec.not_after.unix_seconds() <= spec.not_before.unix_seconds()) {
    return bad_spec(fmt::format("the certificate would end at {}, before it begins at {}",
                                spec.not_after.text(), spec.not_before.text()));
  }
  if (spec.serial_bytes < 8 || spec.serial_bytes > 20) {
    return bad_spec(fmt::format("a number of {} bytes: 8 to 20 are allowed", spec.serial_bytes));
  }
  constexpr std::int64_t year_10000 = 253402300800;
  if (spec.not_after.unix_seconds() >= year_10000 || spec.not_before.unix_seconds() < 0) {
    return bad_spec("the validity lies outside the years 1970 to 9999");
  }
  return Ok{};
}

bool add_part(X509_NAME* name, int nid, const std::string& value) {
  return value.empty() ||
         X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, raw(bytes_of(value).data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

detail::X509NamePtr name_of(const SubjectName& subject) {
  detail::X509NamePtr name(X509_NAME_new());
  if (!name || !add_part(name.get(), NID_countryName, subject.country) ||
      !add_part(name.get(), NID_organizationName, subject.organization) ||
      !add_part(name.get(), NID_organizationalUnitName, subject.organizational_unit) ||
      !add_part(name.get(), NID_commonName, subject.common_name)) {
    return nullptr;
  }
  return name;
}

bool set_serial(X509* x, std::size_t serial_bytes, Random& random) {
  Bytes number(serial_bytes);
  random.fill(number);
  // Positive and never zero: top bit off, next bit on.
  number[0] = (number[0] & std::byte{0x7F}) | std::byte{0x40};
  const detail::BnPtr bn(BN_bin2bn(raw(number.data()), static_cast<int>(number.size()), nullptr));
  const detail::Asn1IntegerPtr serial(bn ? BN_to_ASN1_INTEGER(bn.get(), nullptr) : nullptr);
  return serial && X509_set_serialNumber(x, serial.get()) == 1;
}

detail::Asn1TimePtr time_of(Instant at) {
  return detail::Asn1TimePtr(ASN1_TIME_set(nullptr, at.unix_seconds()));
}

// Leftmost 160 bits of SHA-256 over the point [RFC 7093 section 2, method 1].
Bytes key_id_of(const PublicKey& key) {
  const auto hash = key.point_hash();
  return {hash.begin(), hash.begin() + key_id_bytes};
}

detail::Asn1OctetStringPtr octets(BytesView bytes) {
  detail::Asn1OctetStringPtr out(ASN1_OCTET_STRING_new());
  if (out &&
      ASN1_OCTET_STRING_set(out.get(), raw(bytes.data()), static_cast<int>(bytes.size())) != 1) {
    return nullptr;
  }
  return out;
}

detail::AuthorityKeyIdPtr authority(BytesView key_id) {
  detail::AuthorityKeyIdPtr out(AUTHORITY_KEYID_new());
  auto id = octets(key_id);
  if (!out || !id) return nullptr;
  out->keyid = id.release();
  return out;
}

bool add_extensions(X509* x, const CertificateSpec& spec, BytesView own_id, BytesView issuer_id) {
  const detail::BasicConstraintsPtr constraints(BASIC_CONSTRAINTS_new());
  const detail::Asn1BitStringPtr usage(ASN1_BIT_STRING_new());
  const auto own = octets(own_id);
  const auto issuer = authority(issuer_id);
  if (!constraints || !usage || !own || !issuer) return false;
  const bool ca = spec.role == CertificateRole::ca;
  constraints->ca = ca ? 0xFF : 0;
  if (ca && spec.path_length) {
    constraints->pathlen = ASN1_INTEGER_new();
    if (constraints->pathlen == nullptr ||
        ASN1_INTEGER_set_uint64(constraints->pathlen, *spec.path_length) != 1) {
      return false;
    }
  }
  // Bits of KeyUsage [RFC 5280 4.2.1.3]: digitalSignature 0, keyCertSign 5, cRLSign 6.
  const bool set = ca ? ASN1_BIT_STRING_set_bit(usage.get(), 5, 1) == 1 &&
                            ASN1_BIT_STRING_set_bit(usage.get(), 6, 1) == 1
                      : ASN1_BIT_STRING_set_bit(usage.get(), 0, 1) == 1;
  constexpr int critical = 1;
  return set &&
         X509_add1_ext_i2d(x, NID_basic_constraints, constraints.get(), critical,
                           X509V3_ADD_DEFAULT) == 1 &&
         X509_add1_ext_i2d(x, NID_key_usage, usage.get(), critical, X509V3_ADD_DEFAULT) == 1 &&
         X509_add1_ext_i2d(x, NID_subject_key_identifier, own.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
         X509_add1_ext_i2d(x, NID_authority_key_identifier, issuer.get(), 0, X509V3_ADD_DEFAULT) ==
             1;
}

bool add_more(X509* x, const std::vector<CertificateExtension>& extensions) {
  for (const CertificateExtension& extension : extensions) {
    const detail::Asn1ObjectPtr oid(OBJ_txt2obj(extension.oid.c_str(), 1));
    SIEGEL_CHECK(oid != nullptr);
    const auto value = octets(extension.value);
    if (!value) return false;
    const detail::X509ExtensionPtr made(
        X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 0, value.get()));
    if (!made || X509_add_ext(x, made.get(), -1) != 1) return false;
  }
  return true;
}

// Certificates are signed with at least 384 bits [TR-03116-5].
const EVP_MD* hash_for(const PrivateKey& key) {
  return order_bits(key.curve()) >= 512 ? EVP_sha512() : EVP_sha384();
}

struct Parts {
  const CertificateSpec& spec;
  const PublicKey& subject_key;
  const X509_NAME* issuer_name;  // null: the subject itself
  const PrivateKey& issuer_key;
};

Result<Certificate> make(const Parts& parts, BytesView issuer_id, Random& random) {
  const ErrorQueueGuard guard;
  SIEGEL_TRY_OK(check(parts.spec));
  const auto name = name_of(parts.spec.subject);
  if (!name) return bad_spec("the name of the certificate cannot be written");
  const auto subject_key = EcAccess::pkey(parts.subject_key);
  const auto issuer_key = EcAccess::pkey(parts.issuer_key);
  const auto from = time_of(parts.spec.not_before);
  const auto until = time_of(parts.spec.not_after);
  X509Ptr x(X509_new());
  const X509_NAME* issuer = parts.issuer_name != nullptr ? parts.issuer_name : name.get();
  if (!x || !subject_key || !issuer_key || !from || !until ||
      X509_set_version(x.get(), X509_VERSION_3) != 1 ||
      !set_serial(x.get(), parts.spec.serial_bytes, random) ||
      X509_set_subject_name(x.get(), name.get()) != 1 ||
      X509_set_issuer_name(x.get(), issuer) != 1 || X509_set1_notBefore(x.get(), from.get()) != 1 ||
      X509_set1_notAfter(x.get(), until.get()) != 1 ||
      X509_set_pubkey(x.get(), subject_key.get()) != 1 ||
      !add_extensions(x.get(), parts.spec, key_id_of(parts.subject_key), issuer_id) ||
      !add_more(x.get(), parts.spec.extensions) ||
      X509_sign(x.get(), issuer_key.get(), hash_for(parts.issuer_key)) <= 0) {
    return library_failed("making a certificate");
  }
  // Read back from its bytes: what is handed out is what others will read.
  return Certificate::parse(detail::der_by<const X509*>(i2d_X509, x.get()));
}

Status check_issuer(const CertificateIssuer& issuer) {
  const auto key = issuer.certificate.public_key();
  if (!key.ok() || !(*key == issuer.key.public_key())) {
    return bad_spec(fmt::format("the key is not the one of the issuing certificate '{}'",
                                issuer.certificate.subject_text()));
  }
  return Ok{};
}

Bytes key_id_of_issuer(const CertificateIssuer& issuer) {
  return issuer.certificate.subject_key_id().value_or(key_id_of(issuer.key.public_key()));
}

detail::X509RevokedPtr revoked_entry(const CrlEntry& entry) {
  detail::X509RevokedPtr out(X509_REVOKED_new());
  const auto at = time_of(entry.revoked_at);
  const ASN1_INTEGER* serial = X509_get0_serialNumber(X509Access::handle(entry.certificate));
  const detail::Asn1IntegerPtr copy(ASN1_INTEGER_dup(serial));
  if (!out || !at || !copy || X509_REVOKED_set_serialNumber(out.get(), copy.get()) != 1 ||
      X509_REVOKED_set_revocationDate(out.get(), at.get()) != 1) {
    return nullptr;
  }
  if (entry.reason) {
    const detail::Asn1EnumeratedPtr reason(ASN1_ENUMERATED_new());
    if (!reason || ASN1_ENUMERATED_set(reason.get(), *entry.reason) != 1 ||
        X509_REVOKED_add1_ext_i2d(out.get(), NID_crl_reason, reason.get(), 0, X509V3_ADD_DEFAULT) !=
            1) {
      return nullptr;
    }
  }
  return out;
}

bool add_crl_extensions(X509_CRL* crl, std::uint32_t number, BytesView issuer_id) {
  const auto issuer = authority(issuer_id);
  const detail::Asn1IntegerPtr serial(ASN1_INTEGER_new());
  return issuer && serial && ASN1_INTEGER_set_uint64(serial.get(), number) == 1 &&
         X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, issuer.get(), 0,
                               X509V3_ADD_DEFAULT) == 1 &&
         X509_CRL_add1_ext_i2d(crl, NID_crl_number, serial.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

}  // namespace

Result<Certificate> make_root(const CertificateSpec& spec, const PrivateKey& key, Random& random) {
  return make({spec, key.public_key(), nullptr, key}, key_id_of(key.public_key()), random);
}

Result<Certificate> make_certificate(const CertificateSpec& spec, const PublicKey& subject_key,
                                     const CertificateIssuer& issuer, Random& random) {
  SIEGEL_TRY_OK(check_issuer(issuer));
  return make({spec, subject_key, X509_get_subject_name(X509Access::handle(issuer.certificate)),
               issuer.key},
              key_id_of_issuer(issuer), random);
}

Result<Crl> make_crl(const CrlSpec& spec, const CertificateIssuer& issuer) {
  const ErrorQueueGuard guard;
  SIEGEL_TRY_OK(check_issuer(issuer));
  if (spec.next_update <= spec.this_update) {
    return bad_spec("the next revocation list is due before this one is made");
  }
  const auto from = time_of(spec.this_update);
  const auto until = time_of(spec.next_update);
  const auto key = EcAccess::pkey(issuer.key);
  X509CrlPtr crl(X509_CRL_new());
  bool ok = crl && from && until && key && X509_CRL_set_version(crl.get(), 1) == 1 &&
            X509_CRL_set_issuer_name(
                crl.get(), X509_get_subject_name(X509Access::handle(issuer.certificate))) == 1 &&
            X509_CRL_set1_lastUpdate(crl.get(), from.get()) == 1 &&
            X509_CRL_set1_nextUpdate(crl.get(), until.get()) == 1 &&
            add_crl_extensions(crl.get(), spec.number, key_id_of_issuer(issuer));
  for (const auto& entry : spec.revoked) {
    auto revoked = revoked_entry(entry);
    ok = ok && revoked && X509_CRL_add0_revoked(crl.get(), revoked.get()) == 1;
    if (ok) static_cast<void>(revoked.release());
  }
  ok = ok && X509_CRL_sort(crl.get()) == 1 &&
       X509_CRL_sign(crl.get(), key.get(), hash_for(issuer.key)) > 0;
  if (!ok) return library_failed("making a revocation list");
  return Crl::parse(detail::der_by<const X509_CRL*>(i2d_X509_CRL, crl.get()));
}

}  // namespace siegel::crypto
