#include "crypto/signer_certificate.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "crypto/openssl.h"
#include "crypto/x509_chain.h"
#include "crypto/x509_make.h"

namespace siegel::crypto {
namespace {

const Instant from = Instant::from_unix(1'767'225'600);
const Instant until = Instant::from_unix(1'767'225'600 + std::int64_t{5} * 365 * 86'400);

TestSignerSpec spec(std::string holder = "UID ATU12345678") {
  return {.holder = std::move(holder), .not_before = from, .not_after = until};
}

std::vector<Certificate> chain_of(const PrivateKey& key, const TestSignerSpec& asked = spec()) {
  auto made = make_test_signer_certificates(key.public_key(), asked, system_random());
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().detail);
  return made.ok() ? std::move(made).value() : std::vector<Certificate>();
}

// Certificates of any number and with any extension, made without the code under test.
Certificate odd_certificate(BytesView serial_magnitude, bool negative, BytesView holder_der = {}) {
  static const PrivateKey key = PrivateKey::generate(Curve::p256).value();
  const Certificate base =
      make_root({.subject = {.common_name = "odd"}, .not_before = from, .not_after = until}, key,
                system_random())
          .value();
  const unsigned char* p = detail::raw(base.der().data());
  const detail::X509Ptr x(d2i_X509(nullptr, &p, static_cast<long>(base.der().size())));
  const detail::BnPtr number(BN_bin2bn(detail::raw(serial_magnitude.data()),
                                       static_cast<int>(serial_magnitude.size()), nullptr));
  BN_set_negative(number.get(), negative ? 1 : 0);
  const detail::Asn1IntegerPtr serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
  EXPECT_EQ(X509_set_serialNumber(x.get(), serial.get()), 1);
  if (!holder_der.empty()) {
    const detail::Asn1ObjectPtr oid(OBJ_txt2obj(std::string(signer_holder_oid).c_str(), 1));
    const detail::Asn1OctetStringPtr value(ASN1_OCTET_STRING_new());
    ASN1_OCTET_STRING_set(value.get(), detail::raw(holder_der.data()),
                          static_cast<int>(holder_der.size()));
    const detail::X509ExtensionPtr extension(
        X509_EXTENSION_create_by_OBJ(nullptr, oid.get(), 0, value.get()));
    EXPECT_EQ(X509_add_ext(x.get(), extension.get(), -1), 1);
  }
  // The signature is the old one: nobody looks at it here. The cached encoding is dropped first.
  i2d_re_X509_tbs(x.get(), nullptr);
  return Certificate::parse(detail::der_by<const X509*>(i2d_X509, x.get())).value();
}

TEST(SignerSerial, IsTheMagnitudeInLowerCaseHexWithoutLeadingZeros) {
  RecordProperty("proves", "AMA-025");
  const auto text = [](std::string_view magnitude, bool negative = false) {
    return signer_serial_of(odd_certificate(from_hex(magnitude).value(), negative)).value();
  };
  EXPECT_EQ(text("4107FF48"), "4107ff48");
  EXPECT_EQ(text("0A"), "a");
  EXPECT_EQ(text("00F0"), "f0");
  EXPECT_EQ(text("01"), "1");
  EXPECT_EQ(text("80"), "80");
  EXPECT_EQ(text("0000000000000123456789ABCDEF"), "123456789abcdef");
  EXPECT_EQ(text("740F78A4", true), "740f78a4");
}

TEST(SignerSerial, ZeroIsRefused) {
  const auto zero = signer_serial_of(odd_certificate(from_hex("00").value(), false));
  ASSERT_FALSE(zero.ok());
  EXPECT_EQ(zero.error().code, "E-CRY-016");
  const auto garbage = signer_serial_of(bytes_of("no certificate"));
  ASSERT_FALSE(garbage.ok());
  EXPECT_EQ(garbage.error().code, "E-CRY-010");
}

TEST(SignerSerial, ReadsBackAsTheSameNumber) {
  EXPECT_TRUE(rc::check("the text is the number again, in one form only", [] {
    auto magnitude = *rc::gen::container<std::vector<std::uint8_t>>(
        *rc::gen::inRange<std::size_t>(1, 21), rc::gen::arbitrary<std::uint8_t>());
    magnitude.back() |= 1U;
    Bytes bytes;
    for (const auto b : magnitude) bytes.push_back(static_cast<std::byte>(b));
    const bool negative = *rc::gen::arbitrary<bool>();
    const auto text = signer_serial_of(odd_certificate(bytes, negative)).value();
    RC_ASSERT(text.front() != '0');
    RC_ASSERT(text.find_first_not_of("0123456789abcdef") == std::string::npos);
    std::string expected = hex(bytes);
    expected.erase(0, expected.find_first_not_of('0'));
    RC_ASSERT(text == expected);
  }));
}

TEST(SignerHolder, IsReadFromTheExtension) {
  const auto with = [](std::string_view der) {
    return signer_holder_of(odd_certificate(from_hex("05").value(), false, from_hex(der).value()));
  };
  // UTF8String "UID ATU1", PrintableString "GLN 1"
  EXPECT_EQ(with("0c085549442041545531").value(), "UID ATU1");
  EXPECT_EQ(with("1305474c4e2031").value(), "GLN 1");
  EXPECT_EQ(with("0c03c3a478").value(), "\u00E4x");
  for (const std::string_view bad :
       {"0c00", "0c02410a", "020105", "0c0541", "0c01410c0141", "ff", "0c02c328"}) {
    const auto refused = with(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, "E-CRY-017") << bad;
  }
  const auto none = signer_holder_of(odd_certificate(from_hex("05").value(), false));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, std::nullopt);
}

TEST(TestSignerCertificates, AreAChainOfTheKeyThatSaysTest) {
  const auto key = PrivateKey::generate(Curve::p256).value();
  const auto chain = chain_of(key);
  ASSERT_EQ(chain.size(), 2U);
  const Certificate& leaf = chain.front();
  EXPECT_EQ(leaf.public_key().value(), key.public_key());
  EXPECT_EQ(signer_holder_of(leaf).value(), "UID ATU12345678");
  EXPECT_EQ(signer_holder_of(leaf.der()).value(), "UID ATU12345678");
  EXPECT_EQ(leaf.subject_common_name(), "UID ATU12345678");
  EXPECT_EQ(signer_serial_of(leaf.der()).value().size(), 16U);
  EXPECT_TRUE(leaf.is_signed_by(chain.back()));
  EXPECT_TRUE(chain.back().is_self_signed());
  for (const Certificate& one : chain) {
    EXPECT_NE(one.subject_text().find("OU=TEST"), std::string::npos) << one.subject_text();
    EXPECT_NE(one.subject_text().find("not for production"), std::string::npos);
  }
  const std::vector<Certificate> anchors{chain.back()};
  const auto result =
      check_chain(leaf, {.intermediates = {}, .trust_anchors = anchors, .crls = {}, .at = from});
  EXPECT_TRUE(result.trusted);
  EXPECT_TRUE(result.is_valid());
}

TEST(TestSignerCertificates, HaveNumbersAndCasOfTheirOwn) {
  const auto key = PrivateKey::generate(Curve::p256).value();
  std::set<std::string> serials;
  std::set<Hash256> authorities;
  for (int i = 0; i < 20; ++i) {
    const auto chain = chain_of(key);
    EXPECT_TRUE(serials.insert(signer_serial_of(chain.front()).value()).second);
    EXPECT_TRUE(authorities.insert(chain.back().public_key().value().point_hash()).second);
  }
}

TEST(TestSignerCertificates, ALongHolderIsKeptWhole) {
  const auto key = PrivateKey::generate(Curve::p256).value();
  std::string holder;
  for (int i = 0; i < 64; ++i) holder += "\u20AC";
  EXPECT_EQ(signer_holder_of(chain_of(key, spec(holder)).front()).value(), holder);
}

TEST(TestSignerCertificates, RefuseAHolderThatIsNone) {
  const auto key = PrivateKey::generate(Curve::p256).value();
  for (const std::string& bad :
       {std::string(), std::string(65, 'x'), std::string("a\nb"), std::string("\xFF")}) {
    const auto refused =
        make_test_signer_certificates(key.public_key(), spec(bad), system_random());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "E-CRY-013");
  }
}

}  // namespace
}  // namespace siegel::crypto
