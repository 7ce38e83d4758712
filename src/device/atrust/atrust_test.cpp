#include "device/atrust/atrust.h"

#include <gtest/gtest.h>

#include "device/atrust/test_service.h"
#include "device/testing/manual_clock.h"
#include "device/testing/signer_contract.h"

namespace siegel::device::atrust {
namespace {

using device::testing::digest_of;
using device::testing::ManualClock;
using device::testing::PinSignerContract;
using device::testing::RemovableSignerContract;
using device::testing::SignerContract;
using device::testing::SignerPlug;
using device::testing::SignerUnderTest;
using net::testing::Fault;

class AtrustUnderTest final : public SignerUnderTest {
 public:
  explicit AtrustUnderTest(Service service)
      : m_options(service == Service::online ? m_service.options()
                                             : m_service.on_premise_options()),
        m_password(service == Service::online ? good_password : ""),
        m_signer(m_service.signer(m_options, m_password)) {}
  Signer& signer() override { return *m_signer; }
  void restart() override { m_signer = m_service.signer(m_options, m_password); }
  void unplug() override { m_service.set_down(true); }
  void plug_in() override { m_service.set_down(false); }
  std::unique_ptr<Signer> with_wrong_pin() override {
    return m_service.signer(m_options, "987654");
  }
  std::uint64_t wrong_pins() override { return m_service.wrong_passwords(); }

 private:
  TestService m_service;
  Options m_options;
  std::string_view m_password;
  std::unique_ptr<AtrustSigner> m_signer;
};

const SignerPlug online{.name = "online",
                        .make = [] { return std::make_unique<AtrustUnderTest>(Service::online); },
                        .many = 100};
const SignerPlug on_premise{
    .name = "on_premise",
    .make = [] { return std::make_unique<AtrustUnderTest>(Service::on_premise); },
    .many = 100};
INSTANTIATE_TEST_SUITE_P(Atrust, SignerContract, ::testing::Values(online, on_premise));
INSTANTIATE_TEST_SUITE_P(Atrust, RemovableSignerContract, ::testing::Values(online, on_premise));
INSTANTIATE_TEST_SUITE_P(Atrust, PinSignerContract, ::testing::Values(online));

::testing::AssertionResult signs(Signer& signer, const crypto::PublicKey& key) {
  const Bytes digest = digest_of("receipt");
  const auto signature = signer.sign_digest(digest);
  if (!signature.ok()) {
    return ::testing::AssertionFailure() << signature.error().code << " " << signature.error().place
                                         << ": " << signature.error().detail;
  }
  if (!key.verify_ecdsa_digest(digest, *signature)) {
    return ::testing::AssertionFailure() << "the signature does not verify";
  }
  return ::testing::AssertionSuccess();
}
::testing::AssertionResult refuses(Signer& signer, std::string_view code,
                                   std::string_view place = {}) {
  const auto signature = signer.sign_digest(digest_of("receipt"));
  if (signature.ok()) return ::testing::AssertionFailure() << "it signed";
  const Error& error = signature.error();
  const bool kind_fits =
      error.kind == (code == "E-SIG-102" ? ErrorKind::unknown : ErrorKind::unavailable);
  if (error.code == code && kind_fits && (place.empty() || error.place == place) &&
      error.detail.find(good_password) == std::string::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << error.code << " " << error.place << ": " << error.detail;
}

TEST(Atrust, SendsTheDigestAndNothingElseOfTheReceipt) {
  RecordProperty("proves", "AMA-005");
  const TestService service;
  const auto signer = service.signer();
  const std::string payload = "_R1-AT1_KASSE-1_4711_2026-11-21T10:00:00_1,00_0,00_0,00_0,00_0,00";
  ASSERT_TRUE(signer->sign(bytes_of(payload)).ok());
  const std::string digest = base64(digest_of(payload));
  bool seen = false;
  for (const auto& request : service.requests()) {
    seen = seen || request.body.find(digest) != std::string::npos;
    for (const std::string& part : {std::string("KASSE-"), base64(bytes_of(payload)).substr(0, 40),
                                    base64url(bytes_of(payload)).substr(0, 40)}) {
      EXPECT_EQ(request.body.find(part), std::string::npos);
      EXPECT_EQ(request.target.find(part), std::string::npos);
    }
  }
  EXPECT_TRUE(seen);
}

TEST(Atrust, OneSessionServesManySignatures) {
  const TestService service;
  const auto signer = service.signer();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(signs(*signer, service.public_key()));
  EXPECT_EQ(service.sessions_opened(), 1U);
  EXPECT_EQ(service.count("GET", "/Certificate"), 1U);
  EXPECT_EQ(service.count("POST", "/Sign/Hash"), 20U);
}

TEST(Atrust, KnownCertificatesSaveTheQuestion) {
  const TestService service;
  auto options = service.options();
  options.certificates = service.chain();
  const auto signer = service.signer(options);
  EXPECT_TRUE(signs(*signer, service.public_key()));
  EXPECT_EQ(service.count("GET", "/Certificate"), 0U);
  EXPECT_EQ(signer->certificates().value(), service.chain());
}

TEST(Atrust, TellsProviderCertificateAndWhatWentBefore) {
  TestService service;
  const Bytes old = service.chain().front();
  service.exchange_key();
  const auto signer = AtrustSigner::open(service.options(), secret(good_password), system_clock());
  ASSERT_TRUE(signer.ok()) << signer.error().detail;
  EXPECT_EQ((*signer)->identity()->provider, "AT1");
  EXPECT_EQ((*signer)->identity()->kind, "atrust");
  EXPECT_EQ((*signer)->zda().value(), "AT1");
  EXPECT_EQ(service.count("GET", "/ZDA"), 1U);
  EXPECT_EQ((*signer)->certificates().value(), service.chain());
  EXPECT_EQ((*signer)->past_certificates().value(), (std::vector{old, service.chain().front()}));
  const auto on_premise_signer = service.signer(service.on_premise_options(), "");
  EXPECT_EQ(on_premise_signer->past_certificates().error().code, "E-SIG-302");
}

TEST(Atrust, PaddedSignaturesAreReadToo) {
  TestService service;
  service.set_padded(true);
  const auto signer = service.signer();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(signs(*signer, service.public_key()));
}

// --- sessions

TEST(AtrustSession, OneThatEndedIsOpenedAnewOnceWithinTheCall) {
  TestService service;
  const auto signer = service.signer();
  ASSERT_TRUE(signs(*signer, service.public_key()));
  service.end_all_sessions();
  EXPECT_TRUE(signs(*signer, service.public_key()));
  EXPECT_EQ(service.sessions_opened(), 2U);
  EXPECT_EQ(service.count("POST", "/Sign/Hash"), 3U);
  // A service that refuses its own sessions is asked no third time.
  service.script("/Sign/Hash", {TestService::status(401), TestService::status(401)});
  EXPECT_TRUE(refuses(*signer, "E-SIG-104", "HTTP 401"));
  EXPECT_EQ(service.count("POST", "/Sign/Hash"), 5U);
  EXPECT_TRUE(signs(*signer, service.public_key()));
}

TEST(AtrustSession, IsRenewedBeforeItsHourIsOverAndWhenTheDayEndsInVienna) {
  const TestService service;
  ManualClock clock;
  clock.set_wall(Instant::parse("2026-11-21T10:00:00+01:00").value());
  const auto signer = service.signer(service.options(), good_password, clock);
  const auto sessions_after = [&](std::chrono::milliseconds time) {
    clock.pass(time);
    EXPECT_TRUE(signs(*signer, service.public_key()));
    return service.sessions_opened();
  };
  EXPECT_EQ(sessions_after(std::chrono::minutes(0)), 1U);
  // Each signature prolongs it.
  EXPECT_EQ(sessions_after(std::chrono::minutes(54)), 1U);
  EXPECT_EQ(sessions_after(std::chrono::minutes(54)), 1U);
  EXPECT_EQ(sessions_after(std::chrono::minutes(56)), 2U);
  clock.set_wall(Instant::parse("2026-11-21T23:59:00+01:00").value());
  EXPECT_EQ(sessions_after(std::chrono::seconds(30)), 2U);
  EXPECT_EQ(sessions_after(std::chrono::seconds(40)), 3U);
}

TEST(AtrustSession, AWrongPasswordStopsAndIsNeverSentAgain) {
  const TestService service;
  const auto signer = service.signer(service.options(), "wrong");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(refuses(*signer, "E-SIG-201", "HTTP 401"));
  EXPECT_EQ(service.wrong_passwords(), 1U);
  EXPECT_EQ(signer->identity().error().code, "E-SIG-201");
  EXPECT_EQ(signer->zda().error().code, "E-SIG-201");
  EXPECT_EQ(service.count("PUT", ""), 1U);
}

TEST(AtrustSession, APasswordChangedElsewhereStopsAtTheNextSession) {
  TestService service;
  const auto signer = service.signer();
  ASSERT_TRUE(signs(*signer, service.public_key()));
  service.end_all_sessions();
  service.script("/" + std::string(good_user), {TestService::status(401)});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  EXPECT_EQ(service.count("PUT", ""), 2U);
}

TEST(AtrustSession, ABlockedAccountStops) {
  TestService service;
  const auto signer = service.signer();
  service.script("/" + std::string(good_user), {TestService::status(403)});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(refuses(*signer, "E-SIG-204", "HTTP 403"));
  EXPECT_EQ(service.count("PUT", ""), 1U);
  const auto second = service.signer();
  ASSERT_TRUE(signs(*second, service.public_key()));
  service.script("/Sign/Hash", {TestService::status(403)});
  EXPECT_TRUE(refuses(*second, "E-SIG-204"));
  EXPECT_TRUE(refuses(*second, "E-SIG-204"));
}

// --- what goes wrong

TEST(AtrustFaults, AServiceThatFailsIsAnOutageAndTheNextCallWorks) {
  TestService service;
  const auto signer = service.signer();
  for (const int code : {500, 502, 503, 429, 400, 204, 418}) {
    service.script("/Sign/Hash", {TestService::status(code, "<html>oops</html>")});
    EXPECT_TRUE(refuses(*signer, "E-SIG-104", "HTTP " + std::to_string(code)));
    EXPECT_TRUE(signs(*signer, service.public_key()));
    service.script("/Certificate", {TestService::status(code)});
    EXPECT_TRUE(refuses(*service.signer(), "E-SIG-104"));
  }
  service.script("/Sign/Hash", {TestService::status(302)});
  EXPECT_TRUE(refuses(*signer, "E-SIG-105", "HTTP 302"));
  service.script("/Sign/Hash", {TestService::status(404)});
  EXPECT_TRUE(refuses(*signer, "E-SIG-107"));
  EXPECT_TRUE(signs(*signer, service.public_key()));
}

TEST(AtrustFaults, WhatIsNotTheServicesJsonIsNotUnderstood) {
  TestService service;
  const auto signer = service.signer();
  ASSERT_TRUE(signs(*signer, service.public_key()));
  for (const std::string body :
       {"<html><body>Please log in</body></html>", "", "null", "[]", "{}", R"({"signature":7})",
        R"({"signature":"***"})", R"({"signature":"AA)", R"({"Signature":"AAAA"})"}) {
    service.script("/Sign/Hash", {TestService::body(body)});
    EXPECT_TRUE(refuses(*signer, "E-SIG-105")) << body;
    EXPECT_TRUE(signs(*signer, service.public_key()));
  }
  const auto fresh = service.signer();
  service.script("/" + std::string(good_user), {TestService::body("<html>captive portal</html>")});
  EXPECT_TRUE(refuses(*fresh, "E-SIG-105"));
  EXPECT_TRUE(signs(*fresh, service.public_key()));
}

TEST(AtrustFaults, AnAnswerThatIsTooLargeIsNotRead) {
  TestService service;
  const auto signer = service.signer();
  service.script("/Sign/Hash",
                 {TestService::body(R"({"signature":")" + std::string(300'000, 'A') + R"("})")});
  EXPECT_TRUE(refuses(*signer, "E-SIG-102"));
  EXPECT_TRUE(signs(*signer, service.public_key()));
}

TEST(AtrustFaults, NoSignatureLeavesThatDoesNotVerify) {
  TestService service;
  const auto signer = service.signer();
  const auto wrong_text = base64url(crypto::PrivateKey::generate(crypto::Curve::p256)
                                        .value()
                                        .sign_ecdsa_digest(digest_of("receipt"))
                                        .value());
  for (const std::string& text : {std::string(), std::string("AAAA"), wrong_text,
                                  base64url(Bytes(64)), base64url(Bytes(65, std::byte{1}))}) {
    const auto bad = TestService::body(R"({"signature":")" + text + R"("})");
    service.script("/Sign/Hash", {bad});
    EXPECT_TRUE(signs(*signer, service.public_key())) << text;
    service.script("/Sign/Hash", {bad, bad});
    EXPECT_TRUE(refuses(*signer, "E-SIG-103")) << text;
    EXPECT_TRUE(signs(*signer, service.public_key())) << text;
  }
}

TEST(AtrustFaults, AKeyThatWasExchangedIsNamed) {
  TestService service;
  const auto signer = service.signer();
  ASSERT_TRUE(signs(*signer, service.public_key()));
  service.exchange_key();
  EXPECT_TRUE(refuses(*signer, "E-SIG-106"));
  EXPECT_TRUE(signs(*service.signer(), service.public_key()));
}

TEST(AtrustFaults, NobodyListeningIsAnOutage) {
  const TestService service;
  auto options = service.options();
  const auto port = net::testing::ClosedPort::take();
  ASSERT_TRUE(port.ok());
  options.url = "http://127.0.0.1:" + std::to_string(port->port()) + "/v2/";
  EXPECT_TRUE(refuses(*service.signer(options), "E-SIG-101", "E-NET-003"));
}

TEST(AtrustFaults, AConnectionThatBreaksAfterTheQuestionMayHaveSigned) {
  TestService service;
  const auto signer = service.signer();
  ASSERT_TRUE(signs(*signer, service.public_key()));
  for (const Fault what : {Fault::drop, Fault::cut_body}) {
    service.script("/Sign/Hash", {TestService::fault(what)});
    EXPECT_TRUE(refuses(*signer, "E-SIG-102", "E-NET-006"));
    EXPECT_TRUE(signs(*signer, service.public_key()));
  }
  // A mere question has done nothing.
  service.script("/Certificate", {TestService::fault(Fault::drop)});
  EXPECT_TRUE(refuses(*service.signer(), "E-SIG-101", "E-NET-006"));
}

TEST(AtrustFaults, ASlowServiceIsGivenUp) {
  TestService service;
  auto options = service.options();
  options.total_timeout = std::chrono::milliseconds(700);
  options.certificates = service.chain();
  const auto signer = service.signer(options);
  service.script("/Sign/Hash", {TestService::fault(Fault::hold)});
  const auto given_up = signer->sign_digest(digest_of("receipt"));
  ASSERT_FALSE(given_up.ok());
  // On a machine under load the time may be over before the question is out.
  EXPECT_TRUE(given_up.error().code == "E-SIG-102" || given_up.error().code == "E-SIG-101")
      << given_up.error().code << given_up.error().detail;
}

TEST(AtrustFaults, TheTimeIsForAllRequestsOfACallTogether) {
  TestService service;
  ManualClock clock;
  auto options = service.options();
  options.total_timeout = std::chrono::seconds(5);
  const auto signer = service.signer(options, good_password, clock);
  // The certificate takes all of it: the session is not asked for any more.
  service.script("/Certificate", {[&](const net::testing::Request&) {
                   clock.pass(std::chrono::seconds(5));
                   json::Array above;
                   return net::testing::Response{
                       .body = json::canonical(
                           json::Object()
                               .set("Signaturzertifikat", base64(service.chain_unlocked().front()))
                               .set("Zertifizierungsstellen", std::move(above)))};
                 }});
  EXPECT_TRUE(refuses(*signer, "E-SIG-101"));
  EXPECT_EQ(service.count("PUT", ""), 0U);
  EXPECT_TRUE(signs(*signer, service.public_key()));
}

// --- on premises

TEST(AtrustOnPremise, NeedsNoPasswordAndNoSession) {
  const TestService service;
  const auto signer = service.signer(service.on_premise_options(), "");
  EXPECT_TRUE(signs(*signer, service.public_key()));
  EXPECT_EQ(service.count("PUT", ""), 0U);
  for (const auto& request : service.requests()) EXPECT_EQ(request.header("authorization"), "");
}

TEST(AtrustOnPremise, SendsHttpBasicWhereItIsConfigured) {
  TestService service;
  auto options = service.on_premise_options();
  options.basic_user = "till";
  const auto signer = service.signer(options, "secret");
  EXPECT_TRUE(signs(*signer, service.public_key()));
  for (const auto& request : service.requests()) {
    EXPECT_EQ(request.header("authorization"), "Basic " + base64(bytes_of("till:secret")));
  }
  service.script("/Sign/Hash", {TestService::status(401)});
  EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  const auto before = service.requests().size();
  EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  EXPECT_EQ(service.requests().size(), before);
}

TEST(AtrustOnPremise, AnUnknownLabelIsNamed) {
  const TestService service;
  auto options = service.on_premise_options();
  options.user = "../other";
  EXPECT_TRUE(refuses(*service.signer(options, ""), "E-SIG-107"));
  EXPECT_EQ(service.requests().front().target, "/aSignRkHsm/V2/..%2Fother/Certificate");
}

TEST(AtrustOptions, AreCheckedBeforeAnythingIsSent) {
  const TestService service;
  const auto place = [&](auto change, std::string_view password = good_password) {
    Options options = service.options();
    change(options);
    const auto made = AtrustSigner::create(options, secret(password), system_clock());
    if (made.ok()) return std::string("accepted");
    EXPECT_EQ(made.error().code, "E-SIG-302");
    EXPECT_EQ(made.error().kind, ErrorKind::invalid);
    return made.error().place;
  };
  EXPECT_EQ(place([](Options&) {}), "accepted");
  for (const std::string url : {"", "rksv.a-trust.at", "ftp://x/", "https://u:p@x/", "https://x/?a",
                                "https://x/#a", "https://x/ y"}) {
    EXPECT_EQ(place([&](Options& options) { options.url = url; }), "url") << url;
  }
  EXPECT_EQ(place([](Options& options) { options.user.clear(); }), "user");
  EXPECT_EQ(place([](Options& options) { options.user = "a\nb"; }), "user");
  EXPECT_EQ(place([](Options& options) { options.user = std::string(300, 'x'); }), "user");
  EXPECT_EQ(place([](Options& options) { options.basic_user = "a:b"; }), "basic_user");
  EXPECT_EQ(place([](Options&) {}, ""), "password");
  EXPECT_EQ(place([](Options&) {}, "\xFF"), "password");
  EXPECT_EQ(place([](Options&) {}, std::string(201, 'x')), "password");
  EXPECT_EQ(place([](Options& options) { options.total_timeout = {}; }), "timeout");
  EXPECT_EQ(place([](Options& options) { options.certificates = {to_bytes("none")}; }),
            "certificates");
  EXPECT_EQ(place([](Options& options) { options.service = Service::on_premise; }), "basic_user");
  EXPECT_TRUE(service.requests().empty());
}

TEST(AtrustOptions, HttpWithoutTlsGoesToThisMachineOnly) {
  const TestService service;
  auto options = service.options();
  options.url = "http://192.0.2.1/aSignRkHsm/V2/";
  options.connect_timeout = std::chrono::milliseconds(1);
  EXPECT_TRUE(refuses(*service.signer(options), "E-SIG-101", "E-NET-001"));
}

}  // namespace
}  // namespace siegel::device::atrust
