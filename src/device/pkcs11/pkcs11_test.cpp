#include "device/pkcs11/pkcs11.h"

#include <gtest/gtest.h>

#include <thread>

#include "crypto/ec.h"
#include "crypto/x509.h"
#include "device/pkcs11/test_softhsm.h"
#include "device/testing/signer_contract.h"

namespace siegel::device::pkcs11 {
namespace {

using device::testing::digest_of;
using device::testing::PinSignerContract;
using device::testing::RemovableSignerContract;
using device::testing::SignerContract;
using device::testing::SignerPlug;
using device::testing::SignerUnderTest;

Misbehaviour& faults() { return SoftHsm::the().faults(); }

class Pkcs11UnderTest final : public SignerUnderTest {
 public:
  Pkcs11UnderTest() : m_signer(m_token.signer()) {}
  Signer& signer() override { return *m_signer; }
  void restart() override {
    m_signer.reset();
    SoftHsm::the().finalize();
    m_signer = m_token.signer();
  }
  void unplug() override {
    faults().unplugged = true;
    SoftHsm::the().close_all_sessions();
  }
  void plug_in() override { faults().unplugged = false; }
  std::unique_ptr<Signer> with_wrong_pin() override {
    m_signer.reset();
    SoftHsm::the().finalize();
    return m_token.signer("987654");
  }
  std::uint64_t wrong_pins() override { return faults().wrong_pins; }

 private:
  TestToken m_token;
  std::unique_ptr<Pkcs11Signer> m_signer;
};

const SignerPlug softhsm{.name = "softhsm",
                         .make = [] { return std::make_unique<Pkcs11UnderTest>(); }};
INSTANTIATE_TEST_SUITE_P(Pkcs11, SignerContract, ::testing::Values(softhsm));
INSTANTIATE_TEST_SUITE_P(Pkcs11, RemovableSignerContract, ::testing::Values(softhsm));
INSTANTIATE_TEST_SUITE_P(Pkcs11, PinSignerContract, ::testing::Values(softhsm));

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
  if (error.code == code && (place.empty() || error.place == place) && !error.detail.empty()) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << error.code << " " << error.place << ": " << error.detail;
}

TEST(Pkcs11, SignsThroughTheModuleByItsPath) {
  RecordProperty("proves", "AMA-005");
  const TestToken token;
  const auto signer = Pkcs11Signer::open(token.options(), secret(good_pin));
  ASSERT_TRUE(signer.ok()) << signer.error().detail;
  EXPECT_TRUE(signs(**signer, token.public_key()));
  EXPECT_EQ((*signer)->identity()->kind, "pkcs11");
  EXPECT_EQ((*signer)->identity()->provider, "AT1");
  EXPECT_EQ(crypto::signer_holder_of((*signer)->certificates()->front()).value(),
            "UID ATU12345678");
}

TEST(Pkcs11, FindsTheKeyByLabelByIdAndTheTokenBySerialOrSlot) {
  TestToken token;
  const crypto::PublicKey first = token.public_key();
  token.make_key("other", Bytes{std::byte{0x0B}});
  const crypto::PublicKey second = token.public_key();
  token.store_chain(Bytes{std::byte{0x0B}});

  auto by_label = token.options();
  EXPECT_TRUE(signs(*TestToken::signer(by_label), first));
  auto by_id = token.options();
  by_id.key_label.clear();
  by_id.key_id = Bytes{std::byte{0x0B}};
  EXPECT_TRUE(signs(*TestToken::signer(by_id), second));
  auto neither = token.options();
  neither.key_id = Bytes{std::byte{0x0B}};
  EXPECT_TRUE(refuses(*TestToken::signer(neither), "E-SIG-107"));

  const auto listed = list_tokens(std::filesystem::path(softhsm_path));
  ASSERT_TRUE(listed.ok());
  const auto mine =
      std::ranges::find_if(*listed, [&](const auto& one) { return one.label == token.label(); });
  ASSERT_NE(mine, listed->end());
  EXPECT_TRUE(mine->wants_pin);
  EXPECT_FALSE(mine->pin_tried_wrongly);
  EXPECT_FALSE(mine->serial.empty());
  auto by_serial = token.options();
  by_serial.token_label.clear();
  by_serial.token_serial = mine->serial;
  EXPECT_TRUE(signs(*TestToken::signer(by_serial), first));
  auto by_slot = token.options();
  by_slot.token_label.clear();
  by_slot.slot = mine->slot;
  EXPECT_TRUE(signs(*TestToken::signer(by_slot), first));
  by_slot.token_label = "another token";
  EXPECT_TRUE(refuses(*TestToken::signer(by_slot), "E-SIG-101"));
}

TEST(Pkcs11, SeveralTokensOrKeysThatFitAreNotChosenFrom) {
  const TestToken one;
  TestToken two;
  auto any = two.options();
  any.token_label.clear();
  EXPECT_TRUE(refuses(*TestToken::signer(any), "E-SIG-107"));
  two.make_key("siegel", Bytes{std::byte{0x0C}});
  EXPECT_TRUE(refuses(*TestToken::signer(two.options()), "E-SIG-107"));
}

TEST(Pkcs11, OptionsThatNameNothingAreRefusedAtOnce) {
  Options options;
  options.module = softhsm_path;
  EXPECT_EQ(Pkcs11Signer::create(options, {}).error().code, "E-SIG-302");
  options.key_label = "siegel";
  EXPECT_TRUE(Pkcs11Signer::create(options, {}).ok());
  options.certificates = {to_bytes("no certificate")};
  EXPECT_EQ(Pkcs11Signer::create(options, {}).error().place, "certificates");
  options.certificates.clear();
  EXPECT_EQ(Pkcs11Signer::create(options, crypto::SecretBytes(1000)).error().place, "pin");
  options.module = "libsofthsm2.so";
  EXPECT_EQ(Pkcs11Signer::create(options, {}).error().place, "module");
  EXPECT_EQ(Pkcs11Signer::create({}, {}).error().code, "E-SIG-302");
}

TEST(Pkcs11, AModuleThatIsMissingOrNoneIsAnOutage) {
  Options options;
  options.key_label = "siegel";
  options.module = "/nonexistent/module.so";
  EXPECT_TRUE(refuses(*Pkcs11Signer::create(options, {}).value(), "E-SIG-101"));
  EXPECT_EQ(list_tokens(options.module).error().code, "E-SIG-101");
  // A library, but not of this kind.
  options.module = "/lib/x86_64-linux-gnu/libm.so.6";
  const auto opened = Pkcs11Signer::open(options, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "E-SIG-101");
  EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
}

TEST(Pkcs11, ASessionThatEndedIsOpenedAnewWithinTheCall) {
  const TestToken token;
  const auto signer = token.signer();
  const auto key = token.public_key();
  ASSERT_TRUE(signs(*signer, key));
  SoftHsm::the().close_all_sessions();
  EXPECT_TRUE(signs(*signer, key));
  SoftHsm::the().finalize();  // the driver was restarted by somebody else
  EXPECT_TRUE(signs(*signer, key));
  for (const CK_RV ended : {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED, CKR_DEVICE_REMOVED,
                            CKR_TOKEN_NOT_PRESENT, CKR_KEY_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN,
                            CKR_OPERATION_ACTIVE, CKR_DEVICE_ERROR, CKR_GENERAL_ERROR}) {
    const std::uint64_t sessions = faults().sessions;
    faults().sign_init = {ended};
    EXPECT_TRUE(signs(*signer, key)) << rv_name(ended);
    EXPECT_EQ(faults().sessions, sessions + 1);
    faults().sign = {ended};
    EXPECT_TRUE(signs(*signer, key)) << rv_name(ended);
    EXPECT_EQ(faults().sessions, sessions + 2);
  }
}

TEST(Pkcs11, ATokenThatKeepsFailingIsAskedTwiceACallAndThenReported) {
  const TestToken token;
  const auto signer = token.signer();
  ASSERT_TRUE(signs(*signer, token.public_key()));
  faults().sign = {CKR_DEVICE_ERROR, CKR_DEVICE_ERROR};
  const std::uint64_t before = faults().signs;
  EXPECT_TRUE(refuses(*signer, "E-SIG-104", "CKR_DEVICE_ERROR"));
  EXPECT_EQ(faults().signs, before + 2);
  faults().sign = {CKR_DEVICE_REMOVED, CKR_DEVICE_REMOVED};
  EXPECT_TRUE(refuses(*signer, "E-SIG-101", "CKR_DEVICE_REMOVED"));
  faults().sign = {0x80001234UL, 0x80001234UL};
  EXPECT_TRUE(refuses(*signer, "E-SIG-104", "CKR 0x80001234"));
  EXPECT_TRUE(signs(*signer, token.public_key()));
}

TEST(Pkcs11, NoSignatureLeavesThatDoesNotVerify) {
  const TestToken token;
  const auto signer = token.signer();
  const auto key = token.public_key();
  const std::vector<std::function<void(Bytes&)>> wrong{
      [](Bytes& signature) { signature.clear(); },
      [](Bytes& signature) { signature[5] ^= std::byte{1}; },
      [](Bytes& signature) { signature.resize(63); },
      [](Bytes& signature) { signature.resize(40); },
      [](Bytes& signature) { std::ranges::fill(signature, std::byte{0}); },
      [](Bytes& signature) {
        signature = crypto::der_from_plain(crypto::Curve::p256, signature).value();
      },
  };
  for (const auto& change : wrong) {
    faults().signatures = {change};
    EXPECT_TRUE(signs(*signer, key));
    faults().signatures = {change, change};
    EXPECT_TRUE(refuses(*signer, "E-SIG-103"));
    EXPECT_TRUE(signs(*signer, key));
  }
}

TEST(Pkcs11, ShortHalvesAreFilledUp) {
  // A key whose signature of this digest has r and s of 31 bytes, as some modules give them.
  const Bytes point = from_hex(
                          "04f9ebe464147cc102d92324d099d927c1a50e42d57a08a116ffec0a29819d8c65"
                          "70baf7d12888902a6a0c1d67add103123c859ab69bf8e9431c9384930d4b7eee")
                          .value();
  const Bytes digest =
      from_hex("ef03dd0956855cece6d7d1640c5ce9e3fca4e4c2920e9d093d6acf429954239e").value();
  const Bytes halves = from_hex(
                           "5543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a"
                           "00800000000000000000000000000000000000000000000000000000003039")
                           .value();
  const TestToken token({.with_certificates = false});
  auto options = token.options();
  const auto key = crypto::PublicKey::from_point(point).value();
  options.certificates = {crypto::make_test_signer_certificates(
                              key,
                              {.holder = "UID ATU12345678",
                               .not_before = TestToken::default_from,
                               .not_after = TestToken::default_from + std::chrono::hours(24)},
                              system_random())
                              .value()
                              .front()
                              .der()};
  const auto signer = TestToken::signer(options);
  faults().ec_point = point;
  faults().signatures = {[&](Bytes& signature) { signature = halves; }};
  const auto signature = signer->sign_digest(digest);
  ASSERT_TRUE(signature.ok()) << signature.error().detail;
  EXPECT_EQ(faults().signs, 1U);
  EXPECT_EQ(signature->size(), 64U);
  EXPECT_EQ((*signature)[0], std::byte{0});
  EXPECT_TRUE(key.verify_ecdsa_digest(digest, *signature));
}

TEST(Pkcs11, AnotherKeyUnderTheSameNameIsNotUsed) {
  const TestToken token;
  const auto signer = token.signer();
  ASSERT_TRUE(signs(*signer, token.public_key()));
  const auto other = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  faults().ec_point = other.public_key().point();
  SoftHsm::the().close_all_sessions();
  EXPECT_TRUE(refuses(*signer, "E-SIG-106"));
  EXPECT_TRUE(refuses(*signer, "E-SIG-106"));
  faults().ec_point.reset();
  EXPECT_TRUE(signs(*signer, token.public_key()));
}

// --- the PIN

TEST(Pkcs11Pin, AnEarlierWrongTryStopsUntilAPersonConfirms) {
  const TestToken token;
  EXPECT_TRUE(refuses(*token.signer("987654"), "E-SIG-201", "CKR_PIN_INCORRECT"));
  EXPECT_EQ(faults().wrong_pins, 1U);
  // The right one now, but nobody knows: another process may have had the wrong one.
  const auto careful = token.signer();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(refuses(*careful, "E-SIG-202", "CKF_USER_PIN_COUNT_LOW"));
  EXPECT_EQ(faults().logins, 1U);
  auto options = token.options();
  options.pin_confirmed = true;
  EXPECT_TRUE(signs(*TestToken::signer(options), token.public_key()));
  // The token has forgotten the wrong one, and the careful one works too.
  EXPECT_TRUE(signs(*careful, token.public_key()));
}

TEST(Pkcs11Pin, AConfirmationIsGoodForOneTry) {
  const TestToken token;
  auto options = token.options();
  options.pin_confirmed = true;
  const auto signer = TestToken::signer(options);
  faults().token_flags = CKF_USER_PIN_COUNT_LOW;
  faults().login = {CKR_FUNCTION_FAILED};
  EXPECT_TRUE(refuses(*signer, "E-SIG-104", "CKR_FUNCTION_FAILED"));
  EXPECT_EQ(faults().logins, 1U);
  EXPECT_TRUE(refuses(*signer, "E-SIG-202"));
  EXPECT_EQ(faults().logins, 1U);
}

TEST(Pkcs11Pin, TheLastTryIsNeverUsed) {
  const TestToken token;
  auto options = token.options();
  options.pin_confirmed = true;
  const auto signer = TestToken::signer(options);
  faults().token_flags = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY;
  EXPECT_TRUE(refuses(*signer, "E-SIG-202", "CKF_USER_PIN_FINAL_TRY"));
  faults().token_flags = CKF_USER_PIN_LOCKED;
  EXPECT_TRUE(refuses(*signer, "E-SIG-202", "CKF_USER_PIN_LOCKED"));
  EXPECT_EQ(faults().logins, 0U);
  // Unblocked by a person: it goes on without a restart.
  faults().token_flags = 0;
  EXPECT_TRUE(signs(*signer, token.public_key()));
}

TEST(Pkcs11Pin, ABlockedPinIsReportedAsTheTokenSays) {
  const TestToken token;
  const auto signer = token.signer();
  faults().login = {CKR_PIN_LOCKED};
  EXPECT_TRUE(refuses(*signer, "E-SIG-202", "CKR_PIN_LOCKED"));
  faults().login = {CKR_PIN_LEN_RANGE};
  EXPECT_TRUE(refuses(*signer, "E-SIG-201", "CKR_PIN_LEN_RANGE"));
  const std::uint64_t logins = faults().logins;
  EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  EXPECT_EQ(faults().logins, logins);
}

TEST(Pkcs11Pin, APinChangedWhileRunningIsTriedOnceAfterThat) {
  const TestToken token;
  const auto signer = token.signer();
  ASSERT_TRUE(signs(*signer, token.public_key()));
  SoftHsm::the().close_all_sessions();
  faults().login = {CKR_PIN_INCORRECT};
  EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  EXPECT_EQ(faults().logins, 2U);
}

TEST(Pkcs11Pin, ALoginThatFailsIsNotRepeatedWithinTheCall) {
  const TestToken token;
  const auto signer = token.signer();
  faults().login = {CKR_DEVICE_ERROR, CKR_DEVICE_ERROR};
  EXPECT_TRUE(refuses(*signer, "E-SIG-104"));
  EXPECT_EQ(faults().logins, 1U);
}

TEST(Pkcs11Pin, ATokenThatWantsAPinIsNotAskedWithoutOne) {
  const TestToken token;
  EXPECT_TRUE(refuses(*token.signer(""), "E-SIG-203"));
  EXPECT_EQ(faults().logins, 0U);
}

TEST(Pkcs11Pin, AKeyThatWantsItEachTimeGetsIt) {
  const TestToken token;
  const auto signer = token.signer();
  faults().always_authenticate = true;
  EXPECT_TRUE(signs(*signer, token.public_key()));
  EXPECT_TRUE(signs(*signer, token.public_key()));
  EXPECT_EQ(faults().logins, 3U) << "once for the session, once for each signature";
  faults().login = {CKR_PIN_INCORRECT};
  EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  EXPECT_TRUE(refuses(*signer, "E-SIG-201"));
  EXPECT_EQ(faults().logins, 4U);
}

TEST(Pkcs11Pin, TwoSignersOfOneTokenShareTheLogin) {
  TestToken token;
  const auto first_key = token.public_key();
  const auto first = token.signer();
  ASSERT_TRUE(signs(*first, first_key));
  token.make_key("other", Bytes{std::byte{0x0B}});
  token.store_chain(Bytes{std::byte{0x0B}});
  auto options = token.options();
  options.key_label = "other";
  auto second = TestToken::signer(options);
  EXPECT_TRUE(signs(*second, token.public_key()));
  EXPECT_EQ(faults().logins, 1U);
  second.reset();
  EXPECT_TRUE(signs(*first, first_key));
}

// --- keys and certificates

TEST(Pkcs11Key, APointAloneIsReadToo) {
  const TestToken token;
  faults().ec_point = Bytes(token.point().begin() + 2, token.point().end());
  EXPECT_TRUE(signs(*token.signer(), token.public_key()));
}

TEST(Pkcs11Key, BadPointsAreRefused) {
  const TestToken token;
  const Bytes good = token.point();
  Bytes off_curve = good;
  off_curve.back() ^= std::byte{1};
  Bytes cut(good.begin(), good.end() - 1);
  Bytes longer = good;
  longer.push_back(std::byte{0});
  for (const Bytes& bad : {off_curve, cut, longer, Bytes(1, std::byte{4}), Bytes(70)}) {
    faults().ec_point = bad;
    EXPECT_TRUE(refuses(*token.signer(), "E-SIG-107")) << hex(bad);
  }
}

TEST(Pkcs11Key, AKeyOfAnotherCurveIsRefused) {
  const TestToken token({.with_certificates = false, .ec_parameters = "06052b81040022"});  // P-384
  EXPECT_TRUE(refuses(*token.signer(), "E-SIG-107"));
}

TEST(Pkcs11Key, WithoutAPublicKeyTheCertificateTellsIt) {
  const TestToken token;
  faults().hide_public_key = true;
  EXPECT_TRUE(signs(*token.signer(), token.public_key()));
  const TestToken bare({.with_certificates = false});
  faults().hide_public_key = true;
  EXPECT_TRUE(refuses(*bare.signer(), "E-SIG-107"));
}

TEST(Pkcs11Key, AKeyThatIsNotThereIsNamed) {
  const TestToken token;
  auto options = token.options();
  options.key_label = "nobody";
  const auto signer = TestToken::signer(options);
  const auto identity = signer->identity();
  ASSERT_FALSE(identity.ok());
  EXPECT_EQ(identity.error().code, "E-SIG-107");
  EXPECT_NE(identity.error().detail.find("nobody"), std::string::npos);
}

TEST(Pkcs11Certificates, MayBeGivenFromOutside) {
  const TestToken token({.with_certificates = false});
  auto options = token.options();
  const auto spec =
      crypto::TestSignerSpec{.holder = "GLN 9110005102096",
                             .not_before = TestToken::default_from,
                             .not_after = TestToken::default_from + std::chrono::hours(24)};
  const auto chain =
      crypto::make_test_signer_certificates(token.public_key(), spec, system_random()).value();
  options.certificates = {chain.front().der(), chain.back().der()};
  const auto signer = TestToken::signer(options);
  EXPECT_TRUE(signs(*signer, token.public_key()));
  EXPECT_EQ(signer->certificates().value(), options.certificates);
  // Of another key: refused, before anything is signed.
  const auto other = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  const auto foreign =
      crypto::make_test_signer_certificates(other.public_key(), spec, system_random()).value();
  options.certificates = {foreign.front().der()};
  EXPECT_TRUE(refuses(*TestToken::signer(options), "E-SIG-108"));
}

TEST(Pkcs11Certificates, AClosedSystemNeedsNone) {
  const TestToken token({.with_certificates = false});
  const auto signer = token.signer();
  EXPECT_TRUE(signs(*signer, token.public_key()));
  EXPECT_EQ(signer->identity()->public_key, token.public_key().point());
  EXPECT_TRUE(signer->certificates()->empty());
}

TEST(Pkcs11Certificates, TheRenewedOneCountsAndOthersDoNotDisturb) {
  TestToken token;
  token.store_certificate(to_bytes("not a certificate at all"), Bytes());
  const auto newer =
      token.store_chain(key_id, TestToken::default_from + std::chrono::hours(24 * 400));
  const auto signer = token.signer();
  const auto certificates = signer->certificates();
  ASSERT_TRUE(certificates.ok()) << certificates.error().detail;
  EXPECT_EQ(*certificates, newer);
}

TEST(Pkcs11, ManySignersOfSeveralTokensSignAtTheSameTime) {
  std::vector<std::unique_ptr<TestToken>> tokens;
  std::vector<std::unique_ptr<Pkcs11Signer>> signers;
  for (int i = 0; i < 4; ++i) {
    tokens.push_back(std::make_unique<TestToken>());
    signers.push_back(Pkcs11Signer::create(tokens.back()->options(), secret(good_pin)).value());
  }
  std::vector<std::thread> lanes;
  std::vector<int> good(signers.size());
  for (std::size_t lane = 0; lane < signers.size(); ++lane) {
    lanes.emplace_back([&, lane] {
      for (int i = 0; i < 50; ++i) {
        if (signs(*signers[lane], tokens[lane]->public_key())) ++good[lane];
      }
    });
  }
  for (std::thread& one : lanes) one.join();
  EXPECT_EQ(good, std::vector<int>(signers.size(), 50));
}

}  // namespace
}  // namespace siegel::device::pkcs11
