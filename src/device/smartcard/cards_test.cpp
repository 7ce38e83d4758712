#include "device/smartcard/cards.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "crypto/x509.h"
#include "device/smartcard/test_desk.h"

namespace siegel::device::smartcard {
namespace {

using testing::CardKind;
using testing::Desk;
using testing::DeskReaders;
using testing::Fault;
using testing::Step;
using testing::VirtualCard;

crypto::SecretBytes pin_of(std::string_view digits) {
  return crypto::SecretBytes::copy_of(bytes_of(digits));
}

/// What is said of one card alone in a reader.
CardInfo look_at(VirtualCard& card) {
  Desk desk(1);
  desk.put(0, &card);
  DeskReaders readers(desk);
  const auto cards = list_cards(readers);
  EXPECT_TRUE(cards.ok());
  EXPECT_EQ(desk.commands_outside, 0U);
  return cards->at(0);
}

TEST(Cards, AReadyCardTellsEverythingAboutItself) {
  RecordProperty("proves", "AMA-025 AMA-034");
  for (const auto& [kind, name] :
       {std::pair{CardKind::acos_epa, "ACOS 04"}, std::pair{CardKind::acos_mca, "ACOS 04"},
        std::pair{CardKind::cardos_old, "CardOS 5.3"},
        std::pair{CardKind::cardos_new, "CardOS 5.3"},
        std::pair{CardKind::acos_id_v2, "ACOS-ID V2"},
        std::pair{CardKind::acos_id_v3, "ACOS-ID V3"},
        std::pair{CardKind::acos_id_v4, "ACOS-ID V4.1"}}) {
    VirtualCard card({.kind = kind, .holder = "UID ATU63412945"});
    const CardInfo info = look_at(card);
    EXPECT_EQ(info.state, CardState::ready) << name;
    EXPECT_FALSE(info.reason.has_value());
    EXPECT_EQ(info.kind, name);
    EXPECT_EQ(info.certificate, card.certificate());
    EXPECT_EQ(info.serial, card.serial());
    EXPECT_EQ(info.serial_decimal, decimal_of_hex(card.serial()));
    EXPECT_EQ(info.holder, "UID ATU63412945");
    EXPECT_NE(info.subject.find("CN=UID ATU63412945"), std::string::npos) << info.subject;
    EXPECT_NE(info.issuer.find("TEST CA"), std::string::npos) << info.issuer;
    EXPECT_EQ(info.not_before.text(), "2026-01-01T00:00:00.000Z");
    EXPECT_EQ(info.not_after.text(), "2031-01-01T00:00:00.000Z");
    EXPECT_EQ(info.cin, "9876543210123456");
    EXPECT_FALSE(info.test_card);
  }
}

TEST(Cards, GenerationsThatLostTheirCertificationAreSaidToHave) {
  for (const auto& [kind, noted] :
       {std::pair{CardKind::acos_id_v2, true}, std::pair{CardKind::acos_id_v3, true},
        std::pair{CardKind::acos_id_v4, false}, std::pair{CardKind::cardos_new, false}}) {
    VirtualCard card({.kind = kind});
    const CardInfo info = look_at(card);
    EXPECT_EQ(!info.note_en.empty(), noted);
    EXPECT_EQ(info.note_en.empty(), info.note_de.empty());
  }
  VirtualCard test_card({.kind = CardKind::acos_id_test});
  EXPECT_TRUE(look_at(test_card).test_card);
}

TEST(Cards, ACardNotActivatedIsToldFromAFaultyOne) {
  RecordProperty("proves", "AMA-003 AMA-024");
  for (const CardKind kind : {CardKind::acos_epa, CardKind::cardos_new, CardKind::acos_id_v4}) {
    for (const bool file : {true, false}) {
      VirtualCard fresh({.kind = kind, .has_certificate = false, .has_certificate_file = file});
      const CardInfo info = look_at(fresh);
      EXPECT_EQ(info.state, CardState::not_activated);
      EXPECT_EQ(info.reason->code, "E-CRD-203");
      EXPECT_EQ(info.cin, "9876543210123456") << "what is needed to order its activation";
    }
    VirtualCard mute({.kind = kind});
    mute.plan({.step = Step::read, .fault = Fault::status, .status = 0x6F00, .times = 9});
    EXPECT_EQ(look_at(mute).state, CardState::faulty);
    VirtualCard broken({.kind = kind});
    broken.plan({.step = Step::select, .fault = Fault::status, .status = 0x6581, .times = 99});
    const CardInfo info = look_at(broken);
    EXPECT_EQ(info.state, CardState::faulty);
    EXPECT_EQ(info.reason->code, "E-CRD-105");
  }
  VirtualCard other_curve({.key_of_another_curve = true});
  EXPECT_EQ(look_at(other_curve).state, CardState::faulty);
  VirtualCard bank({.kind = CardKind::stranger});
  EXPECT_EQ(look_at(bank).state, CardState::unknown_card);
  EXPECT_TRUE(bank.take_commands().empty());
}

TEST(Cards, AFaultThatPassesIsNotReported) {
  for (const Fault fault : {Fault::no_answer, Fault::status}) {
    VirtualCard card;
    card.plan({.step = Step::select, .fault = fault, .times = 1});
    EXPECT_EQ(look_at(card).state, CardState::ready);
  }
}

TEST(Cards, ReadersWithoutCardAndWithoutReader) {
  Desk desk(2);
  DeskReaders readers(desk);
  const auto cards = list_cards(readers);
  ASSERT_TRUE(cards.ok());
  EXPECT_EQ(cards->at(0).state, CardState::empty);
  EXPECT_EQ(cards->at(1).state, CardState::empty);
  Desk bare(0);
  DeskReaders none(bare);
  EXPECT_EQ(list_cards(none).error().code, "E-CRD-102");
  desk.service_down = true;
  EXPECT_EQ(list_cards(readers).error().code, "E-CRD-101");
}

TEST(Cards, OneIsChosenBySerialNumberOrReader) {
  Desk desk(3);
  VirtualCard a;
  VirtualCard b;
  desk.put(0, &a);
  desk.put(2, &b);
  DeskReaders readers(desk);
  EXPECT_EQ(find_card(readers, {}).error().code, "E-CRD-304");
  EXPECT_EQ(find_card(readers, {.serial = b.serial(), .reader = {}})->serial, b.serial());
  EXPECT_EQ(find_card(readers, {.serial = {}, .reader = "00 02"})->serial, b.serial());
  EXPECT_EQ(find_card(readers, {.serial = {}, .reader = "00 01"}).error().code, "E-CRD-303");
  EXPECT_EQ(find_card(readers, {.serial = "1234", .reader = {}}).error().code, "E-CRD-303");
  EXPECT_EQ(find_card(readers, {.serial = a.serial(), .reader = "00 02"}).error().code,
            "E-CRD-303");
}

TEST(Cards, ACheckLetsTheCardSign) {
  RecordProperty("proves", "AMA-003 AMA-034");
  Desk desk(1);
  VirtualCard card;
  desk.put(0, &card);
  DeskReaders readers(desk);
  auto check = check_card(readers, {}, pin_of("123456"));
  ASSERT_TRUE(check.ok());
  EXPECT_TRUE(check->signs);
  EXPECT_FALSE(check->error.has_value());
  EXPECT_EQ(check->card.serial, card.serial());

  check = check_card(readers, {}, pin_of("000000"));
  ASSERT_TRUE(check.ok());
  EXPECT_FALSE(check->signs);
  EXPECT_EQ(check->error->code, "E-CRD-201");
  EXPECT_EQ(check->card.state, CardState::ready);
  EXPECT_EQ(card.wrong_pins(), 1U);
  EXPECT_EQ(check_card(readers, {}, {}).error().code, "E-CRD-302");
  EXPECT_EQ(card.wrong_pins(), 1U);

  card.plan({.step = Step::sign, .fault = Fault::damaged, .times = 2});
  check = check_card(readers, {}, pin_of("123456"));
  ASSERT_TRUE(check.ok());
  EXPECT_FALSE(check->signs);
  EXPECT_EQ(check->error->code, "E-CRD-107");
  EXPECT_EQ(check->card.state, CardState::faulty);
}

TEST(Cards, ACheckShowsNoPinToACardThatIsNotReady) {
  Desk desk(1);
  VirtualCard fresh({.has_certificate = false});
  desk.put(0, &fresh);
  DeskReaders readers(desk);
  auto check = check_card(readers, {}, pin_of("123456"));
  ASSERT_TRUE(check.ok());
  EXPECT_FALSE(check->signs);
  EXPECT_EQ(check->card.state, CardState::not_activated);
  EXPECT_EQ(fresh.verifies(), 0U);
  // A certificate without a PIN is not activated either.
  VirtualCard half({.pin_set_up = false});
  desk.put(0, &half);
  check = check_card(readers, {}, pin_of("123456"));
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->card.state, CardState::not_activated);
  EXPECT_EQ(check->error->code, "E-CRD-203");
}

TEST(Cards, SerialNumbersInDecimal) {
  RecordProperty("proves", "AMA-025");
  EXPECT_EQ(decimal_of_hex("4107FF48"), "1091043144");
  EXPECT_EQ(decimal_of_hex("740F78A4"), "1947170980");
  EXPECT_EQ(decimal_of_hex("0"), "0");
  EXPECT_EQ(decimal_of_hex("ffffffffffffffffffffffffffffffffffffffff"),
            "1461501637330902918203684832716283019655932542975");
  rc::check([](std::uint64_t value) {
    std::string hex;
    for (std::uint64_t rest = value; rest != 0; rest /= 16)
      hex.insert(hex.begin(), "0123456789abcdef"[rest % 16]);
    RC_ASSERT(decimal_of_hex(hex) == std::to_string(value));
  });
}

}  // namespace
}  // namespace siegel::device::smartcard
