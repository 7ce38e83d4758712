#include "crypto/x509.h"

#include <gtest/gtest.h>

#include "crypto/openssl.h"
#include "crypto/x509_chain.h"
#include "crypto/x509_make.h"

namespace siegel::crypto {
namespace {

constexpr std::int64_t day = 86400;
const Instant start = Instant::from_unix(1767225600);  // 2026-01-01
Instant after(std::int64_t days) { return Instant::from_unix(start.unix_seconds() + days * day); }

CertificateSpec ca_spec(const std::string& name, std::optional<std::uint8_t> path_length = {}) {
  return {.subject = {.organization = "TEST - software TSE, not certified", .common_name = name},
          .role = CertificateRole::ca,
          .path_length = path_length,
          .not_before = after(0),
          .not_after = after(3650)};
}

// Root, sub CA and leaf on the curves of real devices.
struct Chain {
  explicit Chain(Curve ca_curve = Curve::brainpool_p384r1, Curve leaf_curve = Curve::p256)
      : root_key(PrivateKey::generate(ca_curve).value()),
        sub_key(PrivateKey::generate(ca_curve).value()),
        leaf_key(PrivateKey::generate(leaf_curve).value()),
        root(make_root(ca_spec("Test Root CA", std::uint8_t{1}), root_key, random).value()),
        sub(make_certificate(ca_spec("Test Sub CA", std::uint8_t{0}), sub_key.public_key(),
                             {root, root_key}, random)
                .value()),
        leaf(make_leaf(leaf_spec())) {}

  [[nodiscard]] CertificateSpec leaf_spec() const {
    return {.subject = {.organizational_unit = "TEST",
                        .common_name = hex(leaf_key.public_key().point_hash())},
            .not_before = after(10),
            .not_after = after(1800)};
  }
  Certificate make_leaf(const CertificateSpec& spec) {
    return make_certificate(spec, leaf_key.public_key(), {sub, sub_key}, random).value();
  }
  [[nodiscard]] ChainResult check(Instant at, std::vector<Certificate> intermediates,
                                  std::vector<Certificate> anchors,
                                  std::vector<Crl> crls = {}) const {
    return check_chain(leaf, {intermediates, anchors, crls, at});
  }
  [[nodiscard]] ChainResult check(Instant at) const { return check(at, {sub}, {root}); }

  SeededRandom random{7};
  PrivateKey root_key;
  PrivateKey sub_key;
  PrivateKey leaf_key;
  Certificate root;
  Certificate sub;
  Certificate leaf;
};

std::vector<ChainProblem> problems(const ChainResult& result) {
  std::vector<ChainProblem> out;
  for (const auto& finding : result.findings) out.push_back(finding.problem);
  return out;
}
using Problems = std::vector<ChainProblem>;

TEST(Certificate, TellsWhatItWasMadeFrom) {
  const Chain chain;
  const auto& leaf = chain.leaf;
  const auto serial = hex(chain.leaf_key.public_key().point_hash());
  EXPECT_EQ(leaf.subject_common_name(), serial);
  EXPECT_EQ(leaf.subject_serial_number(), std::nullopt);
  EXPECT_EQ(leaf.subject_text(), "C=DE, OU=TEST, CN=" + serial);
  EXPECT_EQ(leaf.issuer_text(), R"(C=DE, O=TEST - software TSE\, not certified, CN=Test Sub CA)");
  EXPECT_EQ(leaf.issuer_der(), chain.sub.subject_der());
  EXPECT_EQ(leaf.not_before(), after(10));
  EXPECT_EQ(leaf.not_after(), after(1800));
  EXPECT_EQ(leaf.public_key().value(), chain.leaf_key.public_key());
  EXPECT_EQ(leaf.key_usage(), (KeyUsage{.digital_signature = true}));
  EXPECT_FALSE(leaf.is_ca());
  EXPECT_EQ(leaf.authority_key_id(), chain.sub.subject_key_id());
  EXPECT_EQ(leaf.subject_key_id().value().size(), 20U);
  EXPECT_EQ(leaf.signature_algorithm(), "ecdsa-with-SHA384");
  EXPECT_TRUE(leaf.serial_is_positive());
  EXPECT_EQ(leaf.serial_hex().size(), 32U);
  EXPECT_FALSE(leaf.is_self_signed());
  EXPECT_TRUE(leaf.is_signed_by(chain.sub));
  EXPECT_FALSE(leaf.is_signed_by(chain.root));

  EXPECT_TRUE(chain.root.is_self_signed());
  EXPECT_TRUE(chain.root.is_ca());
  EXPECT_EQ(chain.root.path_length(), 1U);
  EXPECT_EQ(chain.root.key_usage(), (KeyUsage{.key_cert_sign = true, .crl_sign = true}));
}

TEST(Certificate, IsTheSameFromDerAndPem) {
  const Chain chain;
  EXPECT_EQ(Certificate::parse(chain.leaf.der()).value(), chain.leaf);
  EXPECT_EQ(Certificate::parse(bytes_of(chain.leaf.pem())).value(), chain.leaf);
  const auto bundle = "0 a comment\n" + chain.leaf.pem() + "\r\n" + chain.sub.pem();
  const auto all = Certificate::parse_all(bytes_of(bundle)).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], chain.leaf);
  EXPECT_EQ(all[1], chain.sub);
  EXPECT_EQ(Certificate::parse(bytes_of(bundle)).error().code, "E-CRY-010");
}

TEST(Certificate, RefusesWhatCannotBeRead) {
  const Chain chain;
  const auto& der = chain.leaf.der();
  for (std::size_t n = 0; n < der.size(); ++n) {
    EXPECT_EQ(Certificate::parse(BytesView(der).first(n)).error().code, "E-CRY-010") << n;
  }
  auto longer = der;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(Certificate::parse(longer).ok());
  auto pem = chain.leaf.pem();
  pem[pem.size() / 2] = '!';
  EXPECT_EQ(Certificate::parse(bytes_of(pem)).error().code, "E-CRY-010");
  EXPECT_EQ(Certificate::parse_all(bytes_of(chain.sub.pem() + pem)).error().code, "E-CRY-010");
  EXPECT_FALSE(Certificate::parse(bytes_of("-----BEGIN CERTIFICATE-----\n")).ok());
  EXPECT_FALSE(Certificate::parse(Bytes(certificate_bytes_max + 1, std::byte{0x30})).ok());
  std::string many;
  for (std::size_t i = 0; i <= certificates_max; ++i) many += chain.leaf.pem();
  EXPECT_FALSE(Certificate::parse_all(bytes_of(many)).ok());
}

TEST(Chain, GoodOnEveryCurve) {
  for (const auto curve : all_curves) {
    const Chain chain(curve, curve);
    const auto result = chain.check(after(20));
    EXPECT_EQ(problems(result), Problems{}) << curve_name(curve);
    EXPECT_TRUE(result.complete && result.trusted && result.is_valid());
    ASSERT_EQ(result.path.size(), 3U);
    EXPECT_EQ(result.path[0], chain.leaf);
    EXPECT_EQ(result.path[2], chain.root);
  }
}

TEST(Chain, ExpiredAndNotYetValidAreFoundAtTheSecond) {
  const Chain chain;
  using std::chrono::milliseconds;
  EXPECT_EQ(problems(chain.check(after(10) - milliseconds(1))),
            Problems{ChainProblem::not_yet_valid});
  EXPECT_EQ(problems(chain.check(after(10))), Problems{});
  EXPECT_EQ(problems(chain.check(after(1800) + milliseconds(999))), Problems{});
  const auto late = chain.check(after(1800) + milliseconds(1000));
  EXPECT_EQ(problems(late), Problems{ChainProblem::expired});
  EXPECT_FALSE(late.is_valid());
  EXPECT_TRUE(late.trusted);
  EXPECT_EQ(problems(chain.check(after(4000))),
            (Problems{ChainProblem::expired, ChainProblem::expired, ChainProblem::expired}));
}

TEST(Chain, UnknownRootIsCompleteButNotTrusted) {
  const Chain chain;
  const auto result = chain.check(after(20), {chain.root, chain.sub}, {});
  EXPECT_EQ(problems(result), Problems{ChainProblem::untrusted_root});
  EXPECT_TRUE(result.complete);
  EXPECT_FALSE(result.trusted);
  EXPECT_TRUE(result.is_valid());
}

TEST(Chain, ASubCaCanBeTheAnchor) {
  const Chain chain;
  const auto result = chain.check(after(20), {}, {chain.sub});
  EXPECT_EQ(problems(result), Problems{});
  EXPECT_TRUE(result.trusted && result.complete);
}

TEST(Chain, MissingIssuerIsNamed) {
  const Chain chain;
  const auto result = chain.check(after(20), {}, {chain.root});
  ASSERT_EQ(problems(result), Problems{ChainProblem::missing_issuer});
  EXPECT_FALSE(result.complete);
  EXPECT_FALSE(result.is_valid());
  EXPECT_NE(result.findings[0].detail.find("Test Sub CA"), std::string::npos);
}

TEST(Chain, SignatureByAnotherKeyOfTheSameNameIsBad) {
  Chain chain;
  const Chain other;  // the same names, other keys
  // Without key identifiers' help: the leaf of `chain` has other ids, so its issuer is missing.
  EXPECT_EQ(problems(chain.check(after(20), {other.sub}, {other.root})),
            Problems{ChainProblem::missing_issuer});
  // One changed bit in the signature of the leaf.
  auto der = chain.leaf.der();
  der.back() ^= std::byte{1};
  const auto changed = Certificate::parse(der);
  ASSERT_TRUE(changed.ok());
  chain.leaf = *changed;
  const auto result = chain.check(after(20));
  EXPECT_EQ(problems(result), Problems{ChainProblem::bad_signature});
  EXPECT_FALSE(result.is_valid());
  EXPECT_TRUE(result.complete);
}

TEST(Chain, NoChangedByteOfALeafStaysUnnoticed) {
  Chain chain;
  const auto good = chain.leaf;
  std::size_t read = 0;
  for (std::size_t at = 0; at < good.der().size(); ++at) {
    auto der = good.der();
    der[at] ^= std::byte{1};
    const auto changed = Certificate::parse(der);
    if (!changed.ok()) continue;
    ++read;
    chain.leaf = *changed;
    EXPECT_FALSE(chain.check(after(20)).is_valid()) << at;
  }
  EXPECT_GT(read, 300U);
}

TEST(Chain, RootWhoseOwnSignatureIsBadIsNotComplete) {
  Chain chain;
  auto der = chain.root.der();
  der.back() ^= std::byte{1};
  chain.root = Certificate::parse(der).value();
  const auto result = chain.check(after(20), {chain.sub, chain.root}, {});
  EXPECT_EQ(problems(result), Problems{ChainProblem::bad_signature});
  EXPECT_FALSE(result.complete);
}

TEST(Chain, WrongKeyUsageIsFoundInLeafAndIssuer) {
  Chain chain;
  auto spec = chain.leaf_spec();
  spec.role = CertificateRole::ca;
  chain.leaf = chain.make_leaf(spec);
  EXPECT_EQ(problems(chain.check(after(20))), Problems{ChainProblem::wrong_key_usage});

  Chain second;
  auto sub_spec = ca_spec("Test Sub CA");
  sub_spec.role = CertificateRole::leaf;
  second.sub = make_certificate(sub_spec, second.sub_key.public_key(),
                                {second.root, second.root_key}, second.random)
                   .value();
  const auto result = second.check(after(20));
  EXPECT_EQ(problems(result),
            (Problems{ChainProblem::wrong_key_usage, ChainProblem::issuer_not_ca}));
  EXPECT_EQ(result.findings[0].depth, 1U);
  EXPECT_FALSE(result.is_valid());
}

TEST(Chain, TooManyAuthoritiesAreFound) {
  Chain chain;
  chain.root =
      make_root(ca_spec("Test Root CA", std::uint8_t{0}), chain.root_key, chain.random).value();
  const auto result = chain.check(after(20));
  EXPECT_EQ(problems(result), Problems{ChainProblem::path_too_long});
  EXPECT_EQ(result.findings[0].depth, 2U);
}

TEST(Chain, RevokedFromTheDayOnThatTheListNames) {
  const Chain chain;
  const auto crl = make_crl({.this_update = after(100),
                             .next_update = after(200),
                             .revoked = {{chain.leaf, after(50), 1}}},
                            {chain.sub, chain.sub_key})
                       .value();
  EXPECT_EQ(crl.entries(), 1U);
  EXPECT_EQ(crl.find(chain.leaf).value().at, after(50));
  EXPECT_EQ(crl.find(chain.leaf).value().reason, 1);
  EXPECT_FALSE(crl.find(chain.sub).has_value());
  EXPECT_EQ(Crl::parse(crl.der()).value().der(), crl.der());

  const auto check = [&](std::int64_t at) {
    return chain.check(after(at), {chain.sub}, {chain.root}, {crl});
  };
  EXPECT_EQ(problems(check(60)), Problems{ChainProblem::revoked});
  EXPECT_FALSE(check(60).is_valid());
  EXPECT_EQ(problems(check(50)), Problems{ChainProblem::revoked});
  EXPECT_EQ(problems(check(40)), Problems{ChainProblem::revoked_later});
  EXPECT_TRUE(check(40).is_valid());
  EXPECT_EQ(problems(check(201)), (Problems{ChainProblem::crl_outdated, ChainProblem::revoked}));
}

TEST(Chain, TheNewestListCounts) {
  const Chain chain;
  const CertificateIssuer issuer{chain.sub, chain.sub_key};
  const auto old = make_crl({.this_update = after(20), .next_update = after(21)}, issuer).value();
  const auto now = make_crl({.number = 2,
                             .this_update = after(100),
                             .next_update = after(200),
                             .revoked = {{chain.leaf, after(50)}}},
                            issuer)
                       .value();
  EXPECT_EQ(problems(chain.check(after(60), {chain.sub}, {chain.root}, {old, now})),
            Problems{ChainProblem::revoked});
  EXPECT_EQ(problems(chain.check(after(60), {chain.sub}, {chain.root}, {now, old})),
            Problems{ChainProblem::revoked});
}

TEST(Chain, ARevokedSubCaIsFound) {
  const Chain chain;
  const auto crl = make_crl({.this_update = after(100),
                             .next_update = after(200),
                             .revoked = {{chain.sub, after(50)}}},
                            {chain.root, chain.root_key})
                       .value();
  const auto result = chain.check(after(60), {chain.sub}, {chain.root}, {crl});
  ASSERT_EQ(problems(result), Problems{ChainProblem::revoked});
  EXPECT_EQ(result.findings[0].depth, 1U);
}

TEST(Chain, AListWithABadSignatureIsReportedAndNotBelieved) {
  const Chain chain;
  auto der = make_crl({.this_update = after(100),
                       .next_update = after(200),
                       .revoked = {{chain.leaf, after(50)}}},
                      {chain.sub, chain.sub_key})
                 .value()
                 .der();
  der.back() ^= std::byte{1};
  const auto crl = Crl::parse(der).value();
  EXPECT_EQ(problems(chain.check(after(60), {chain.sub}, {chain.root}, {crl})),
            Problems{ChainProblem::crl_not_usable});
}

// Oddities no builder of ours makes; signed here with OpenSSL directly.
struct OddCertificate {
  long serial = 1;
  const char* curve = "P-384";
  const EVP_MD* hash = EVP_sha384();
  bool critical_unknown = false;

  [[nodiscard]] Certificate make() const {
    const detail::PkeyPtr key(curve == std::string_view("RSA") ? EVP_RSA_gen(2048U)
                                                               : EVP_EC_gen(curve));
    const detail::X509Ptr x(X509_new());
    X509_set_version(x.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x.get()), serial);
    X509_NAME* name = X509_get_subject_name(x.get());
    const std::string text = "4a3f03a2";
    X509_NAME_add_entry_by_txt(name, "serialNumber", MBSTRING_ASC,
                               detail::raw(bytes_of(text).data()), -1, -1, 0);
    X509_set_issuer_name(x.get(), name);
    ASN1_TIME_set(X509_getm_notBefore(x.get()), after(0).unix_seconds());
    ASN1_TIME_set(X509_getm_notAfter(x.get()), after(100).unix_seconds());
    X509_set_pubkey(x.get(), key.get());
    if (critical_unknown) {
      const detail::Asn1ObjectPtr oid(OBJ_txt2obj("1.3.6.1.4.1.99999.1", 1));
      const detail::Asn1OctetStringPtr value(ASN1_OCTET_STRING_new());
      X509_EXTENSION* extension = X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 1, value.get());
      X509_add_ext(x.get(), extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(x.get(), key.get(), hash);
    return Certificate::parse(detail::der_by<const X509*>(i2d_X509, x.get())).value();
  }
  [[nodiscard]] Problems found() const {
    const auto certificate = make();
    return problems(check_chain(certificate, {{}, {}, {}, after(1)}));
  }
};

TEST(Chain, ReportsOddCertificatesWithoutFailing) {
  using enum ChainProblem;
  EXPECT_EQ(OddCertificate{}.found(), Problems{untrusted_root});
  EXPECT_EQ(OddCertificate{.serial = 0}.found(), (Problems{untrusted_root, serial_not_positive}));
  EXPECT_EQ(OddCertificate{.serial = -5}.found(), (Problems{untrusted_root, serial_not_positive}));
  // prime239v2 is the curve 1.2.840.10045.3.0.5's neighbour: known to OpenSSL, not to a TSE.
  EXPECT_EQ(OddCertificate{.curve = "prime239v2"}.found(),
            (Problems{untrusted_root, unsupported_key}));
  EXPECT_EQ(OddCertificate{.curve = "RSA"}.found(), (Problems{untrusted_root, unsupported_key}));
  EXPECT_EQ(OddCertificate{.hash = EVP_sha256()}.found(),
            (Problems{untrusted_root, weak_signature}));
  EXPECT_EQ(OddCertificate{.hash = EVP_sha1()}.found(), (Problems{untrusted_root, bad_signature}));
  EXPECT_EQ(OddCertificate{.critical_unknown = true}.found(),
            (Problems{untrusted_root, unknown_critical}));
  EXPECT_EQ(OddCertificate{.serial = -5}.make().serial_hex(), "-05");
  EXPECT_EQ(OddCertificate{}.make().subject_serial_number(), "4a3f03a2");
  EXPECT_EQ(OddCertificate{.curve = "RSA"}.make().public_key().error().code, "E-CRY-012");
}

TEST(MakeCertificate, RefusesWhatCannotBeOne) {
  SeededRandom random(1);
  const auto key = PrivateKey::generate(Curve::p384).value();
  const auto refused = [&](auto change) {
    auto spec = ca_spec("Root");
    change(spec);
    const auto made = make_root(spec, key, random);
    return !made.ok() && made.error().code == "E-CRY-013";
  };
  EXPECT_TRUE(refused([](auto& s) { s.subject.common_name = ""; }));
  EXPECT_TRUE(refused([](auto& s) { s.subject.common_name = std::string(65, 'x'); }));
  EXPECT_TRUE(refused([](auto& s) { s.subject.organization = "\xff"; }));
  EXPECT_TRUE(refused([](auto& s) { s.subject.country = "GER"; }));
  EXPECT_TRUE(refused([](auto& s) { s.not_after = s.not_before; }));
  EXPECT_TRUE(refused([](auto& s) { s.not_after = Instant::from_unix(253402300800); }));
  EXPECT_FALSE(refused([](auto& s) { s.subject.common_name = "Bäckerei Müller"; }));

  const auto root = make_root(ca_spec("Root"), key, random).value();
  const auto other = PrivateKey::generate(Curve::p384).value();
  EXPECT_EQ(
      make_certificate(ca_spec("Sub"), other.public_key(), {root, other}, random).error().code,
      "E-CRY-013");
  EXPECT_EQ(make_crl({.this_update = after(1), .next_update = after(1)}, {root, key}).error().code,
            "E-CRY-013");
}

TEST(MakeCertificate, NumbersComeFromTheGivenRandom) {
  const auto key = PrivateKey::generate(Curve::p384).value();
  SeededRandom a(5);
  SeededRandom b(5);
  EXPECT_EQ(make_root(ca_spec("Root"), key, a).value().serial_hex(),
            make_root(ca_spec("Root"), key, b).value().serial_hex());
}

TEST(Crl, RefusesWhatCannotBeRead) {
  EXPECT_EQ(Crl::parse(BytesView()).error().code, "E-CRY-011");
  EXPECT_EQ(Crl::parse(Chain().leaf.der()).error().code, "E-CRY-011");
  EXPECT_EQ(Crl::parse(bytes_of(Chain().leaf.pem())).error().code, "E-CRY-011");
}

}  // namespace
}  // namespace siegel::crypto
