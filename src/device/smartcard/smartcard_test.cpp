#include "device/smartcard/smartcard.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/x509.h"
#include "device/smartcard/apdu.h"
#include "device/smartcard/test_desk.h"
#include "device/testing/signer_tools.h"

// What the signer says to a card, command by command, in this process.

namespace siegel::device::smartcard {
namespace {

using device::testing::digest_of;
using testing::CardKind;
using testing::CardSpec;
using testing::Desk;
using testing::DeskReaders;
using testing::Fault;
using testing::Step;
using testing::VirtualCard;

crypto::SecretBytes pin_of(std::string_view digits) {
  return crypto::SecretBytes::copy_of(bytes_of(digits));
}

std::unique_ptr<SmartCard> signer_of(Desk& desk, const std::string& serial,
                                     std::string_view pin = "123456") {
  return std::make_unique<SmartCard>(std::make_unique<DeskReaders>(desk),
                                     SmartCardOptions{.serial = serial, .pin = pin_of(pin)});
}

/// One card in the first reader and its signer, which has met it already unless told otherwise.
struct Bench {
  explicit Bench(CardSpec spec = {}, std::string_view pin = "123456")
      : card(std::move(spec)), signer(signer_of(desk, card.serial(), pin)) {
    desk.put(0, &card);
  }
  Result<Bytes> sign(std::string_view text = "receipt") const {
    return signer->sign_digest(digest_of(text));
  }
  [[nodiscard]] bool valid(const Result<Bytes>& signature,
                           std::string_view text = "receipt") const {
    if (!signature) return false;
    const auto key = crypto::Certificate::parse(card.certificate())->public_key();
    return key->verify_ecdsa_digest(digest_of(text), *signature);
  }
  Desk desk;
  VirtualCard card;
  std::unique_ptr<SmartCard> signer;
};

std::string code_of(const Result<Bytes>& result) { return result ? "" : result.error().code; }
/// What the detail ends with: "(E-CRD-104)".
std::string card_code_of(const Result<Bytes>& result) {
  if (result || result.error().detail.size() < 10) return {};
  const std::string& detail = result.error().detail;
  return detail.substr(detail.size() - 10, 9);
}

/// From the first command that is neither a selection of the certificate nor its reading.
std::vector<std::string> signing_commands(VirtualCard& card) {
  std::vector<std::string> all = card.take_commands();
  // Signing begins with the root, after the last piece of the certificate.
  const auto last_read = std::find_if(
      all.rbegin(), all.rend(), [](const std::string& one) { return one.starts_with("00b0"); });
  return {last_read.base(), all.end()};
}

TEST(SmartCard, SpeaksToAcosAsItsMakerSays) {
  RecordProperty("proves", "AMA-005");
  Bench bench({.kind = CardKind::acos_epa});
  ASSERT_TRUE(bench.valid(bench.sign()));
  const std::string digest = hex(digest_of("receipt"));
  EXPECT_EQ(signing_commands(bench.card),
            (std::vector<std::string>{"00a4000c023f00", "00a4000c02df70", "002241b606840188800144",
                                      "00200081083132333435360000", "002a908120" + digest,
                                      "002a9e9a00"}));
}

TEST(SmartCard, SpeaksToCardOsAsItsMakerSays) {
  RecordProperty("proves", "AMA-005");
  Bench bench({.kind = CardKind::cardos_new});
  ASSERT_TRUE(bench.valid(bench.sign()));
  const std::string digest = hex(digest_of("receipt"));
  EXPECT_EQ(signing_commands(bench.card),
            (std::vector<std::string>{"00a4000c023f00", "00a4000c02df01",
                                      "002000810826123456ffffffff", "002a9e9a20" + digest + "40"}));
}

TEST(SmartCard, SpeaksToAcosIdAsItsMakerSays) {
  RecordProperty("proves", "AMA-005");
  for (const CardKind kind : {CardKind::acos_id_v2, CardKind::acos_id_v3, CardKind::acos_id_v4}) {
    Bench bench({.kind = kind});
    ASSERT_TRUE(bench.valid(bench.sign()));
    const std::string digest = hex(digest_of("receipt"));
    EXPECT_EQ(
        signing_commands(bench.card),
        (std::vector<std::string>{"00a4000c023f00", "00a4000c02df01", "0020008a0826123456ffffffff",
                                  "002a9e9a20" + digest + "40"}));
  }
}

TEST(SmartCard, ReadsTheCertificateInStepsOf256BytesUpToItsEnd) {
  Bench bench({.kind = CardKind::acos_id_v4});
  ASSERT_TRUE(bench.signer->certificates().ok());
  const std::size_t size = bench.card.certificate().size();
  std::vector<std::string> expected = {"00a4000c023f00", "00a4000c02df01", "00a4000c02c000"};
  for (std::size_t at = 0; at < size; at += 256)
    expected.push_back(hex(read_binary(static_cast<std::uint16_t>(at))));
  EXPECT_EQ(bench.card.take_commands(), expected);
  EXPECT_EQ(expected[4], "00b0010000");
  EXPECT_EQ(bench.signer->certificates()->front(), bench.card.certificate());
}

TEST(SmartCard, FindsTheCertificateWhereverTheFamilyPutsIt) {
  for (const bool second : {false, true}) {
    Bench bench({.kind = CardKind::acos_mca, .second_certificate_file = second});
    EXPECT_TRUE(bench.valid(bench.sign())) << second;
  }
}

TEST(SmartCard, ReadsCertificatesHoweverTheirFileEnds) {
  for (const testing::FileEnd end :
       {testing::FileEnd::short_9000, testing::FileEnd::warns_6282, testing::FileEnd::says_6a86}) {
    for (const std::size_t padding : {0U, 1U, 255U, 256U, 2000U}) {
      Bench bench({.padding = padding, .file_end = end});
      const auto certificates = bench.signer->certificates();
      ASSERT_TRUE(certificates.ok()) << padding << certificates.error().detail;
      EXPECT_EQ(certificates->front(), bench.card.certificate());
    }
  }
}

TEST(SmartCard, IdentityIsThatOfTheCertificate) {
  Bench bench;
  const auto identity = bench.signer->identity();
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(identity->kind, "smartcard");
  EXPECT_EQ(identity->provider, "AT1");
  EXPECT_EQ(identity->public_key,
            crypto::Certificate::parse(bench.card.certificate())->public_key()->point());
  EXPECT_EQ(bench.card.verifies(), 0U) << "no PIN is needed to know who it is";
}

TEST(SmartCard, EveryWordIsSaidWithinATransaction) {
  Bench bench;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(bench.valid(bench.sign()));
  ASSERT_TRUE(bench.signer->identity().ok());
  EXPECT_EQ(bench.desk.commands_outside, 0U);
  EXPECT_EQ(bench.desk.places[0].holder, nullptr) << "and others get the card afterwards";
  EXPECT_EQ(bench.desk.connects, 1U) << "one connection serves as long as it lives";
}

TEST(SmartCard, AnotherProgramBetweenTwoSignaturesDoesNoHarm) {
  for (const CardKind kind : {CardKind::acos_epa, CardKind::cardos_new, CardKind::acos_id_v4}) {
    Bench bench({.kind = kind});
    DeskReaders other_readers(bench.desk);
    ASSERT_TRUE(bench.valid(bench.sign()));
    const auto other = other_readers.connect(bench.desk.places[0].name);
    ASSERT_TRUE(other.ok());
    ASSERT_TRUE((*other)->begin().ok());
    // It leaves the card in another directory, without PIN and environment.
    ASSERT_TRUE((*other)->transmit(select_file(0x3F00)).ok());
    ASSERT_TRUE((*other)->transmit(select_file(0xDF71)).ok());
    (*other)->end();
    EXPECT_TRUE(bench.valid(bench.sign()));
    // And it resets the card.
    bench.desk.reset(0);
    EXPECT_TRUE(bench.valid(bench.sign()));
    EXPECT_EQ(bench.card.wrong_pins(), 0U);
  }
}

TEST(SmartCard, AResetCardIsFoundAgainAlsoByItsWarmAnswer) {
  Bench bench({.kind = CardKind::acos_id_v2});
  const Bytes cold = bench.card.atr();
  ASSERT_TRUE(bench.valid(bench.sign()));
  bench.desk.reset(0);
  ASSERT_NE(bench.card.atr(), cold);
  EXPECT_TRUE(bench.valid(bench.sign()));
}

// Faults that one more try mends, at every command of a signature.
struct Mended {
  Step step;
  Fault fault;
  std::uint16_t status = 0x6F03;
};
class MendedFault : public ::testing::TestWithParam<Mended> {};

TEST_P(MendedFault, OnceIsMendedTwiceIsNot) {
  const Mended& param = GetParam();
  for (const CardKind kind : {CardKind::acos_epa, CardKind::cardos_new, CardKind::acos_id_v4}) {
    const bool acos = kind == CardKind::acos_epa;
    if (!acos && (param.step == Step::environment || param.step == Step::put_hash)) continue;
    for (const bool silently : {false, true}) {
      Bench bench({.kind = kind});
      bench.desk.loses_silently = silently;
      ASSERT_TRUE(bench.valid(bench.sign()));
      const std::uint64_t powered = bench.card.power_ups();

      bench.card.plan({.step = param.step, .fault = param.fault, .status = param.status});
      const auto mended = bench.sign();
      EXPECT_TRUE(bench.valid(mended)) << (mended ? "" : mended.error().detail);
      EXPECT_EQ(bench.card.power_ups(), powered + 1);

      bench.card.plan(
          {.step = param.step, .fault = param.fault, .status = param.status, .times = 2});
      const auto failed = bench.sign();
      ASSERT_FALSE(failed.ok());
      EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
      EXPECT_TRUE(failed.error().code.starts_with("E-SIG-1")) << failed.error().code;
      EXPECT_TRUE(card_code_of(failed).starts_with("E-CRD-1")) << failed.error().detail;

      EXPECT_TRUE(bench.valid(bench.sign())) << "the next sale is another matter";
      EXPECT_EQ(bench.card.wrong_pins(), 0U);
      EXPECT_EQ(bench.desk.commands_outside, 0U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    SmartCard, MendedFault,
    ::testing::Values(Mended{Step::environment, Fault::status}, Mended{Step::verify, Fault::status},
                      Mended{Step::put_hash, Fault::status, 0x6985},
                      Mended{Step::sign, Fault::status}, Mended{Step::sign, Fault::status, 0x6982},
                      Mended{Step::sign, Fault::status, 0x6985}, Mended{Step::sign, Fault::empty},
                      Mended{Step::sign, Fault::damaged}, Mended{Step::sign, Fault::cut},
                      Mended{Step::environment, Fault::no_answer},
                      Mended{Step::verify, Fault::no_answer},
                      Mended{Step::put_hash, Fault::no_answer},
                      Mended{Step::sign, Fault::no_answer}));

TEST(SmartCard, NoSignatureAndAWrongOneAreNamed) {
  Bench bench;
  bench.card.plan({.step = Step::sign, .fault = Fault::empty, .times = 2});
  const auto empty = bench.sign();
  EXPECT_EQ(code_of(empty), "E-SIG-103");
  EXPECT_EQ(card_code_of(empty), "E-CRD-106");
  bench.card.plan({.step = Step::sign, .fault = Fault::damaged, .times = 2});
  const auto wrong = bench.sign();
  EXPECT_EQ(code_of(wrong), "E-SIG-103");
  EXPECT_EQ(card_code_of(wrong), "E-CRD-107");
}

TEST(SmartCard, AConnectionThatFailsOnceIsMadeAgain) {
  Bench bench;
  const Error mismatch = unavailable("E-CRD-104", "protocol", "SCARD_E_PROTO_MISMATCH");
  bench.desk.refused_connections = {mismatch};
  EXPECT_TRUE(bench.valid(bench.sign()));
  bench.desk.put(0, &bench.card);
  bench.desk.refused_connections = {mismatch, mismatch};
  EXPECT_EQ(code_of(bench.sign()), "E-SIG-101");
  EXPECT_TRUE(bench.valid(bench.sign()));
}

TEST(SmartCard, AWrongPinIsShownOnceAndNeverAgain) {
  Bench bench({}, "654321");
  const auto refused = bench.sign();
  EXPECT_EQ(code_of(refused), "E-SIG-201");
  EXPECT_EQ(card_code_of(refused), "E-CRD-201");
  EXPECT_NE(refused.error().detail.find("tries left: 2"), std::string::npos)
      << refused.error().detail;
  EXPECT_EQ(refused.error().detail.find("654321"), std::string::npos);
  const std::size_t connects = bench.desk.connects;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(code_of(bench.sign()), "E-SIG-201");
  EXPECT_EQ(bench.desk.connects, connects) << "the card is left alone";
  EXPECT_EQ(bench.card.tries_left(), 2U);
  EXPECT_TRUE(bench.signer->identity().ok()) << "which needs no PIN";
  EXPECT_EQ(bench.card.tries_left(), 2U);
  const auto corrected = signer_of(bench.desk, bench.card.serial());
  EXPECT_TRUE(corrected->sign_digest(digest_of("receipt")).ok());
  EXPECT_EQ(bench.card.tries_left(), 3U);
}

TEST(SmartCard, ABlockedPinIsSaidToBeBlocked) {
  Bench bench;
  for (int i = 0; i < 3; ++i) {
    const auto other = signer_of(bench.desk, bench.card.serial(), "000000");
    EXPECT_FALSE(other->sign_digest(digest_of("receipt")).ok());
  }
  const auto blocked = bench.sign();
  EXPECT_EQ(code_of(blocked), "E-SIG-202");
  EXPECT_EQ(card_code_of(blocked), "E-CRD-202");
  EXPECT_EQ(blocked.error().place, "6983");
  const std::uint64_t shown = bench.card.verifies();
  EXPECT_EQ(code_of(bench.sign()), "E-SIG-202");
  EXPECT_EQ(bench.card.verifies(), shown);
}

TEST(SmartCard, APinChangedElsewhereCostsOneTry) {
  Bench bench;
  ASSERT_TRUE(bench.valid(bench.sign()));
  bench.card.set_pin("111111");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(bench.sign()), "E-SIG-201");
  EXPECT_EQ(bench.card.tries_left(), 2U);
}

TEST(SmartCard, AnAnswerToANewPinThatIsLostIsNotAskedForTwice) {
  Bench bench({}, "654321");
  bench.card.plan({.step = Step::verify, .fault = Fault::no_answer, .times = 5});
  EXPECT_EQ(card_code_of(bench.sign()), "E-CRD-110");
  EXPECT_EQ(bench.card.tries_left(), 2U) << "it was wrong, and nobody knows";
  EXPECT_EQ(card_code_of(bench.sign()), "E-CRD-110");
  EXPECT_EQ(bench.card.tries_left(), 1U);
  for (int i = 0; i < 5; ++i) {
    const auto refused = bench.sign();
    EXPECT_EQ(code_of(refused), "E-SIG-202");
    EXPECT_EQ(card_code_of(refused), "E-CRD-207");
  }
  EXPECT_EQ(bench.card.tries_left(), 1U) << "the last one is for a person";
}

TEST(SmartCard, ALostAnswerToTheRightPinDelaysOneSignature) {
  Bench bench;
  bench.card.plan({.step = Step::verify, .fault = Fault::no_answer});
  EXPECT_EQ(code_of(bench.sign()), "E-SIG-101");
  EXPECT_TRUE(bench.valid(bench.sign()));
  // From now on it is known to be right.
  bench.card.plan({.step = Step::verify, .fault = Fault::no_answer});
  EXPECT_TRUE(bench.valid(bench.sign()));
}

TEST(SmartCard, ThePinGoesToNoOtherCard) {
  Desk desk;
  VirtualCard mine;
  VirtualCard another({.pin = "999999"});
  const auto signer = signer_of(desk, mine.serial());
  desk.put(0, &another);
  for (int i = 0; i < 3; ++i) {
    const auto refused = signer->sign_digest(digest_of("receipt"));
    EXPECT_EQ(code_of(refused), "E-SIG-101");
    EXPECT_EQ(card_code_of(refused), "E-CRD-103");
    EXPECT_NE(refused.error().detail.find(another.serial()), std::string::npos);
  }
  desk.put(1, &mine);
  ASSERT_TRUE(signer->sign_digest(digest_of("receipt")).ok());
  // Swapped while the connection was open.
  desk.put(1, &another);
  desk.put(0, nullptr);
  EXPECT_EQ(code_of(signer->sign_digest(digest_of("receipt"))), "E-SIG-101");
  EXPECT_EQ(another.verifies(), 0U);
}

TEST(SmartCard, IsFoundInWhateverReaderItIs) {
  RecordProperty("proves", "AMA-017 AMA-027");
  Desk desk(3);
  VirtualCard first({.kind = CardKind::cardos_old});
  VirtualCard second({.kind = CardKind::acos_id_v4});
  const auto a = signer_of(desk, first.serial());
  const auto b = signer_of(desk, second.serial());
  desk.put(0, &first);
  desk.put(1, &second);
  ASSERT_TRUE(a->sign_digest(digest_of("1")).ok());
  ASSERT_TRUE(b->sign_digest(digest_of("2")).ok());
  desk.put(0, nullptr);
  desk.put(2, &first);
  ASSERT_TRUE(a->sign_digest(digest_of("3")).ok());
  desk.put(2, nullptr);
  EXPECT_EQ(code_of(a->sign_digest(digest_of("4"))), "E-SIG-101");
  ASSERT_TRUE(b->sign_digest(digest_of("5")).ok()) << "the other goes on";
  EXPECT_EQ(first.signatures(), 2U);
  EXPECT_EQ(second.signatures(), 2U);
}

TEST(SmartCard, ASerialNumberIsTheSameInEitherCaseAndWithZerosInFront) {
  Desk desk;
  VirtualCard card;
  desk.put(0, &card);
  std::string upper = "000" + card.serial();
  std::ranges::transform(upper, upper.begin(), [](char c) {
    return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  EXPECT_TRUE(signer_of(desk, upper)->sign_digest(digest_of("receipt")).ok());
}

TEST(SmartCard, WithoutSerialNumberTheOnlyCardIsMeantAndStaysIt) {
  Desk desk;
  VirtualCard first;
  VirtualCard second;
  const auto signer = signer_of(desk, "");
  desk.put(0, &first);
  desk.put(1, &second);
  EXPECT_EQ(card_code_of(signer->sign_digest(digest_of("which?"))), "E-CRD-304");
  EXPECT_EQ(first.verifies() + second.verifies(), 0U);
  desk.put(1, nullptr);
  ASSERT_TRUE(signer->sign_digest(digest_of("receipt")).ok());
  desk.put(0, &second);
  EXPECT_FALSE(signer->sign_digest(digest_of("receipt")).ok()) << "another key is another signer";
  EXPECT_EQ(second.verifies(), 0U);
}

TEST(SmartCard, ACardNotActivatedIsSaidToBeThat) {
  RecordProperty("proves", "AMA-003 AMA-024");
  for (const CardKind kind : {CardKind::acos_epa, CardKind::cardos_new, CardKind::acos_id_v4}) {
    for (const CardSpec& spec :
         {CardSpec{.kind = kind, .has_certificate = false},
          CardSpec{.kind = kind, .has_certificate = false, .has_certificate_file = false},
          CardSpec{.kind = kind, .pin_set_up = false}}) {
      Bench bench(spec);
      const auto refused = bench.sign();
      EXPECT_EQ(code_of(refused), "E-SIG-205");
      EXPECT_EQ(card_code_of(refused), "E-CRD-203");
      EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
      if (!spec.has_certificate_file) continue;
      bench.card.activate();
      EXPECT_TRUE(bench.valid(bench.sign())) << "without being restarted";
    }
  }
}

TEST(SmartCard, WithoutServiceOrReaderItWaitsForBetterTimes) {
  Bench bench;
  bench.desk.service_down = true;
  const auto down = bench.sign();
  EXPECT_EQ(code_of(down), "E-SIG-101");
  EXPECT_EQ(card_code_of(down), "E-CRD-101");
  bench.desk.service_down = false;
  EXPECT_TRUE(bench.valid(bench.sign()));
  bench.desk.service_down = true;
  EXPECT_EQ(card_code_of(bench.sign()), "E-CRD-101");
  bench.desk.service_down = false;
  EXPECT_TRUE(bench.valid(bench.sign()));

  Desk bare(0);
  EXPECT_EQ(card_code_of(signer_of(bare, "1f")->sign_digest(digest_of("receipt"))), "E-CRD-102");
}

TEST(SmartCard, ACardThatAnotherProgramKeepsIsUnavailable) {
  Bench bench;
  bench.desk.places[0].exclusive = true;
  EXPECT_EQ(card_code_of(bench.sign()), "E-CRD-108");
  bench.desk.places[0].exclusive = false;
  EXPECT_TRUE(bench.valid(bench.sign()));
}

TEST(SmartCard, AForeignCardIsNotTouched) {
  Desk desk;
  VirtualCard bank({.kind = CardKind::stranger});
  desk.put(0, &bank);
  EXPECT_EQ(card_code_of(signer_of(desk, "1f")->sign_digest(digest_of("receipt"))), "E-CRD-205");
  EXPECT_TRUE(bank.take_commands().empty());
}

TEST(SmartCard, WithoutAPinOrWithANonsensicalOneNothingIsShown) {
  Bench none({}, "");
  EXPECT_EQ(code_of(none.sign()), "E-SIG-203");
  EXPECT_EQ(card_code_of(none.sign()), "E-CRD-208");
  EXPECT_TRUE(none.signer->certificates().ok());
  for (const std::string_view pin : {"123", "12345a", "1234567890123"}) {
    Bench bench({}, pin);
    const auto refused = bench.sign();
    EXPECT_EQ(card_code_of(refused), "E-CRD-302");
    EXPECT_EQ(refused.error().detail.find(pin), std::string::npos);
    EXPECT_EQ(bench.card.verifies(), 0U);
  }
}

TEST(SmartCard, ACertificateOfAnotherCurveIsNone) {
  Bench bench({.key_of_another_curve = true});
  EXPECT_EQ(card_code_of(bench.sign()), "E-CRD-204");
  EXPECT_EQ(bench.card.verifies(), 0U);
}

}  // namespace
}  // namespace siegel::device::smartcard
