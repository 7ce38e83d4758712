#include "device/atrust/answers.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "crypto/signer_certificate.h"
#include "format/json.h"

namespace siegel::device::atrust {
namespace {

std::vector<crypto::Certificate> chain() {
  const auto key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  const Instant from = Instant::from_unix(1'780'000'000);
  return crypto::make_test_signer_certificates(key.public_key(),
                                               {.holder = "UID ATU12345678",
                                                .not_before = from,
                                                .not_after = from + std::chrono::hours(24)},
                                               system_random())
      .value();
}

TEST(AtrustAnswers, AnyBase64IsTheSameBytes) {
  EXPECT_TRUE(rc::check("four spellings, one value", [] {
    Bytes bytes;
    for (const auto b : *rc::gen::arbitrary<std::vector<std::uint8_t>>()) {
      bytes.push_back(static_cast<std::byte>(b));
    }
    std::string padded_url = base64(bytes);
    std::ranges::replace(padded_url, '+', '-');
    std::ranges::replace(padded_url, '/', '_');
    std::string bare = base64(bytes);
    bare.erase(bare.find_last_not_of('=') + 1);
    for (const std::string& text : {base64(bytes), base64url(bytes), padded_url, bare}) {
      RC_ASSERT(from_any_base64(text) == bytes);
    }
  }));
  for (const std::string_view bad : {"=", "A", "A===", "AA=A", "A A=", "\n", "AB"}) {
    EXPECT_EQ(from_any_base64(bad), std::nullopt) << bad;
  }
}

TEST(AtrustAnswers, CertificatesAreOrderedWhateverTheServiceDoes) {
  const auto made = chain();
  const auto other = chain();
  const auto answer = [](const std::string& leaf, const std::vector<Bytes>& above) {
    json::Array list;
    for (const Bytes& one : above) list.emplace_back(base64(one));
    return json::canonical(
        json::Object().set("Signaturzertifikat", leaf).set("Zertifizierungsstellen", list));
  };
  const std::string leaf = base64(made[0].der());
  const std::vector<Bytes> whole{made[0].der(), made[1].der()};
  EXPECT_EQ(certificate_answer(answer(leaf, {made[1].der()})).value(), whole);
  EXPECT_EQ(certificate_answer(
                answer(leaf, {other[1].der(), made[1].der(), made[0].der(), made[1].der()}))
                .value(),
            whole);
  EXPECT_EQ(certificate_answer(answer(leaf, {})).value(), std::vector<Bytes>{made[0].der()});
  EXPECT_EQ(certificate_answer(R"({"Signaturzertifikat":")" + leaf + "\"}").value(),
            std::vector<Bytes>{made[0].der()});
  EXPECT_EQ(certificate_answer(answer("", {})).error().code, "E-SIG-108");
  EXPECT_EQ(certificate_answer(answer("!", {})).error().code, "E-SIG-108");
  EXPECT_EQ(certificate_answer(answer(leaf, {to_bytes("none")})).error().code, "E-SIG-108");
  EXPECT_EQ(certificate_answer(R"({"Zertifizierungsstellen":[]})").error().code, "E-SIG-105");
  EXPECT_EQ(certificate_answer(R"({"Signaturzertifikat":")" + leaf +
                               R"(","Zertifizierungsstellen":"AAAA"})")
                .error()
                .code,
            "E-SIG-105");
  EXPECT_EQ(
      certificate_answer(R"({"Signaturzertifikat":")" + leaf + R"(","Zertifizierungsstellen":[7]})")
          .error()
          .code,
      "E-SIG-105");
  EXPECT_EQ(certificate_answer(answer(leaf, std::vector<Bytes>(65, made[1].der()))).error().code,
            "E-SIG-105");
  EXPECT_EQ(certificates_answer("{}").error().code, "E-SIG-108");
}

TEST(AtrustAnswers, SessionsNeedIdAndKey) {
  const auto session = session_answer(R"({"sessionid":"7","sessionkey":"k","expires":1})");
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->id, "7");
  EXPECT_TRUE(session->key.equals(bytes_of("k")));
  for (const std::string& bad :
       {std::string(R"({"sessionid":"","sessionkey":"k"})"),
        std::string(R"({"sessionid":"7","sessionkey":""})"), std::string(R"({"sessionid":"7"})"),
        R"({"sessionid":"7","sessionkey":")" + std::string(513, 'k') + "\"}"}) {
    const auto refused = session_answer(bad);
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.error().code, "E-SIG-105");
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  }
}

TEST(AtrustAnswers, TheProviderIsAtAndANumber) {
  for (const std::string good : {"AT1", "AT2", "AT3", "AT10", "AT100"}) {
    EXPECT_EQ(zda_answer(R"({"zdaid":")" + good + "\"}").value(), good);
  }
  for (const std::string bad :
       {"", "AT", "at1", "AT01", "AT0", "AT1000", "DE1", "AT1_", "R1-AT1"}) {
    EXPECT_EQ(zda_answer(R"({"zdaid":")" + bad + "\"}").error().code, "E-SIG-105") << bad;
  }
}

}  // namespace
}  // namespace siegel::device::atrust
