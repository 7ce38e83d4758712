#include "recorder/closing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "recorder/masters.h"
#include "recorder/test_stand.h"

// The end of a day: sums, differences, all or nothing.

namespace siegel::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view own = "KASSE-1";

class ClosingTest : public RecorderTest {
 protected:
  static Close close(const std::string& key) {
    return {.register_id = TestStand::reg(1), .key = key};
  }
  static Close counting(const std::string& key, std::int64_t cents) {
    Close close = ClosingTest::close(key);
    close.request.counted = {{Currency::eur(), Money::from_cents(cents), {}}};
    return close;
  }
  Closing closed(const Close& command) {
    const std::uint64_t request = shop.send(command);
    shop.settle();
    const Accepted accepted = shop.accepted(request);
    EXPECT_TRUE(accepted.closing.has_value());
    return accepted.closing.value_or(Closing());
  }
  [[nodiscard]] std::vector<Closing> closings() const {
    std::vector<Closing> out;
    for (const journal::Entry& entry : shop.journal)
      if (entry.kind == entry_kind::closing)
        out.push_back(closing_from_json(entry.payload).value());
    return out;
  }
  const RegisterState& register_1() { return shop.recorder().state().registers.find(own)->second; }
  void set_profile(bool book, bool sign) {
    Profile profile;
    profile.book_difference = book;
    profile.sign_closing = sign;
    shop.master(profile);
  }
};

LineDraft line(std::int64_t cents, const std::string& vat, GvTyp typ = GvTyp::umsatz) {
  LineDraft out;
  out.text = "Ware";
  out.amount = Money::from_cents(cents);
  out.gv_typ = typ;
  out.vat = vat;
  return out;
}

PaymentDraft paid(std::int64_t cents, PaymentKind kind = PaymentKind::bar,
                  const std::string& name = "") {
  PaymentDraft out;
  out.kind = kind;
  out.amount = Money::from_cents(cents);
  out.name = name;
  return out;
}

TEST_F(ClosingTest, StatesTheSumsOfWhatCountsAndOfNothingElse) {
  Sell sale = TestStand::sale(1, "a");
  sale.draft.lines = {line(1150, "B"), line(500, "A"), line(7700, "A")};
  sale.draft.lines.back().cancelled = true;
  sale.draft.payments = {paid(2000)};  // 3.50 change
  shop.send(sale);
  Sell card = TestStand::sale(1, "b");
  card.draft.payments = {paid(500, PaymentKind::kreditkarte, "Visa")};
  shop.send(card);
  Sell training = TestStand::sale(1, "t", 99'900);
  training.draft.kind = ReceiptKind::training;
  training.draft.payments.clear();
  shop.send(training);
  Sell order = TestStand::sale(1, "o", 700);
  order.draft.kind = ReceiptKind::order;
  order.draft.payments.clear();
  shop.send(order);
  Sell out = TestStand::sale(1, "p");
  out.draft.lines = {line(-300, "", GvTyp::privatentnahme)};
  out.draft.payments = {paid(-300)};
  shop.send(out);
  shop.settle();
  ASSERT_EQ(register_1().next_number, 6U);

  const Closing z = closed(close("z"));
  EXPECT_EQ(z.number, 1U);
  EXPECT_EQ(z.receipts, 5U);
  EXPECT_EQ(z.first_number, 1U);
  EXPECT_EQ(z.last_number, 5U);
  EXPECT_EQ(z.turnover, Money::from_cents(2150));
  EXPECT_THAT(z.tses, ElementsAre(TestStand::serial));
  ASSERT_THAT(z.cases, SizeIs(3));
  // 11.50 and 5.00 at 7 %: net from the gross of the group [DSFinV-K 5.4].
  EXPECT_EQ(z.cases[0],
            (ClosingCase{GvTyp::umsatz, "", 0, VatKey(1), VatRate::from_hundredths(1900),
                         Money::from_cents(500), Money::from_cents(420), Money::from_cents(80)}));
  EXPECT_EQ(z.cases[1], (ClosingCase{GvTyp::umsatz, "", 0, VatKey(2), VatRate::from_hundredths(700),
                                     Money::from_cents(1650), Money::from_cents(1542),
                                     Money::from_cents(108)}));
  EXPECT_EQ(z.cases[2].gv_typ, GvTyp::privatentnahme);
  EXPECT_THAT(z.payments, ElementsAre(ClosingPayment{PaymentKind::bar, "", Money::from_cents(1350)},
                                      ClosingPayment{PaymentKind::kreditkarte, "Visa",
                                                     Money::from_cents(500)}));
  EXPECT_THAT(z.cash, ElementsAre(ClosingCash{Currency::eur(), Money::from_cents(1350)}));
  EXPECT_EQ(z.drawer, z.cash);
  // All of it once: the next day begins with nothing but what lies in the drawer.
  shop.sell(1, "next", 200);
  const Closing second = closed(close("z2"));
  EXPECT_EQ(second.number, 2U);
  EXPECT_EQ(second.receipts, 1U);
  EXPECT_EQ(second.first_number, 6U);
  EXPECT_NE(second.previous, 0U);
  EXPECT_THAT(second.cash, ElementsAre(ClosingCash{Currency::eur(), Money::from_cents(200)}));
  EXPECT_THAT(second.drawer, ElementsAre(ClosingCash{Currency::eur(), Money::from_cents(1550)}));
}

TEST_F(ClosingTest, ADayWithoutBusinessIsClosedToo) {
  const Closing z = closed(close("z"));
  EXPECT_EQ(z.receipts, 0U);
  EXPECT_THAT(z.cases, IsEmpty());
}

TEST_F(ClosingTest, ADifferenceIsBookedInTheCommitOfTheClosing) {
  shop.sell(1, "a", 1000);
  const std::uint64_t request = shop.send(counting("z", 950));
  shop.flush();
  EXPECT_THAT(closings(), IsEmpty()) << "the difference is not signed yet";
  EXPECT_FALSE(shop.answered(request));
  shop.answer_call();
  shop.answer_call();
  ASSERT_THAT(shop.appends, SizeIs(1));
  ASSERT_THAT(shop.appends[0].drafts, SizeIs(2));
  EXPECT_EQ(shop.appends[0].drafts[0].kind, entry_kind::seal);
  EXPECT_EQ(shop.appends[0].drafts[1].kind, entry_kind::closing);
  EXPECT_FALSE(shop.answered(request)) << "nothing of it is durable";
  shop.settle();
  const Closing z = *shop.accepted(request).closing;
  EXPECT_EQ(z.difference, Money::from_cents(-50));
  EXPECT_THAT(z.drawer, ElementsAre(ClosingCash{Currency::eur(), Money::from_cents(1000)}));
  EXPECT_THAT(z.cash, ElementsAre(ClosingCash{Currency::eur(), Money::from_cents(950)}));
  ASSERT_THAT(z.cases, SizeIs(2));
  EXPECT_EQ(z.cases[1].gv_typ, GvTyp::differenz_soll_ist);
  EXPECT_EQ(z.cases[1].gross, Money::from_cents(-50));
  EXPECT_EQ(register_1().drawer.at(Currency::eur()), Money::from_cents(950));
  EXPECT_EQ(z.receipts, 2U);
}

TEST_F(ClosingTest, ADifferenceIsOnlyStatedIfTheProfileSaysSo) {
  set_profile(false, false);
  shop.sell(1, "a", 1000);
  const Closing z = closed(counting("z", 950));
  EXPECT_EQ(z.difference, Money::from_cents(-50));
  EXPECT_EQ(z.receipts, 1U);
  EXPECT_EQ(register_1().drawer.at(Currency::eur()), Money::from_cents(1000));
}

TEST_F(ClosingTest, ASignedClosingHasASonstigerVorgangOfItsSums) {
  set_profile(true, true);
  shop.sell(1, "a", 1000);
  const Closing z = closed(counting("z", 1010));
  EXPECT_EQ(z.receipts, 3U);
  std::vector<Plan> plans;
  for (const journal::Entry& entry : shop.journal)
    if (entry.kind == entry_kind::plan) plans.push_back(plan_from_json(entry.payload).value());
  ASSERT_THAT(plans, SizeIs(3));
  EXPECT_EQ(plans[2].process_type, ProcessType::sonstiger_vorgang);
  EXPECT_THAT(plans[2].process_data, HasSubstr("Kassenabschluss;Z 1;"));
  EXPECT_THAT(plans[2].process_data, HasSubstr("Umsatz 10.00"));
  EXPECT_EQ(shop.open_on_device(), 0U);
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(ClosingTest, RepeatedWithTheSameKeyItIsTheSameClosing) {
  shop.sell(1, "a");
  const Close command = counting("z", 300);
  closed(command);
  const std::uint64_t again = shop.send(command);
  shop.settle();
  EXPECT_TRUE(shop.accepted(again).replayed);
  EXPECT_EQ(shop.journal.at(shop.accepted(again).sequence - 1).kind, entry_kind::closing);
  EXPECT_THAT(closings(), SizeIs(1));
  Close other = counting("z", 200);
  other.fingerprint[0] = std::byte{1};
  EXPECT_EQ(shop.refusal(shop.send(other)), "E-API-601");
}

TEST_F(ClosingTest, WhatIsOpenIsListedAndNothingIsWritten) {
  RecordProperty("proves", "BIO-004");
  shop.send(Open{TestStand::reg(1), VorgangId("Tisch 7"), {}});
  shop.settle();
  const std::size_t before = shop.journal.size();
  const std::uint64_t request = shop.send(counting("z", 0));
  shop.settle();
  ASSERT_EQ(shop.refusal(request), "E-CLO-100");
  EXPECT_THAT(shop.replies.at(request).error().detail, HasSubstr("E-CLO-104 Vorgang \"Tisch 7\""));
  EXPECT_EQ(shop.journal.size(), before);
  // Another register's open Vorgang is no obstacle.
  const std::uint64_t second = shop.send(Close{.register_id = TestStand::reg(2), .key = "z"});
  shop.settle();
  EXPECT_TRUE(shop.accepted(second).closing.has_value());
}

TEST_F(ClosingTest, WrongCountsAreRefused) {
  Close twice = counting("z", 1);
  twice.request.counted.push_back(twice.request.counted.front());
  EXPECT_EQ(shop.refusal(shop.send(twice)), "E-CLO-111");
  EXPECT_EQ(shop.refusal(shop.send(counting("z", -1))), "E-CLO-112");
  Close francs = close("z");
  francs.request.counted = {{Currency::parse("CHF").value(), Money::from_cents(100), {}}};
  EXPECT_EQ(shop.refusal(shop.send(francs)), "E-CLO-113");
  Close tomorrow = close("z");
  tomorrow.request.business_day = Date::parse("2099-01-01").value();
  EXPECT_EQ(shop.refusal(shop.send(tomorrow)), "E-CLO-114");
}

TEST_F(ClosingTest, ForeignCashIsCountedInItsCurrencyAndBookedInTheBase) {
  Business business = *shop.recorder().state().business;
  const Currency chf = Currency::parse("CHF").value();
  const Date day = Date::parse("2026-01-01").value();
  business.rates = {{Currency::eur(), Currency::eur(), UnitPrice::from_raw(100'000), day},
                    {Currency::eur(), chf, UnitPrice::from_raw(109'640), day}};
  shop.master(business);
  Sell sale = TestStand::sale(1, "a", 1000);
  PaymentDraft francs = paid(2000);
  francs.currency = chf;
  francs.value = Money::from_cents(1824);
  sale.draft.payments = {francs};
  shop.send(sale);
  shop.settle();
  Close command = counting("z", -0);
  command.request.counted = {{chf, Money::from_cents(1900), {}}};
  const Closing z = closed(command);
  // 8.24 change in euros; one franc is missing, worth 0.91.
  EXPECT_THAT(z.cash, ElementsAre(ClosingCash{chf, Money::from_cents(1900)},
                                  ClosingCash{Currency::eur(), Money::from_cents(-824)}));
  EXPECT_EQ(z.difference, Money::from_cents(-91));
  Money cases;
  Money payments;
  for (const ClosingCase& one : z.cases) cases += one.gross;
  for (const ClosingPayment& one : z.payments) payments += one.value;
  EXPECT_EQ(cases, payments);
}

TEST(Rates, AreRoundedHalfAwayFromZero) {
  EXPECT_EQ(in_base(Money::from_cents(100), UnitPrice::from_raw(109'640)), Money::from_cents(91));
  EXPECT_EQ(in_base(Money::from_cents(-100), UnitPrice::from_raw(109'640)), Money::from_cents(-91));
  EXPECT_EQ(in_base(Money::from_cents(1), UnitPrice::from_raw(200'000)), Money::from_cents(1));
}

/// Everything a closing does, cut after so many steps. True: it came to its end.
bool close_until(TestStand& shop, const Close& command, int steps) {
  shop.send(command);
  for (; steps > 0; --steps) {
    if (!shop.appends.empty()) {
      shop.write();
      shop.on(Appended{shop.last()});
    } else if (!shop.calls.empty()) {
      shop.answer_call();
    } else {
      return true;
    }
  }
  return shop.appends.empty() && shop.calls.empty();
}

TEST(Closing, APowerCutAnywhereLeavesNothingOrAllOfIt) {
  for (int steps = 0;; ++steps) {
    TestStand shop;
    shop.commission();
    Profile profile;
    profile.sign_closing = true;
    shop.master(profile);
    shop.sell(1, "a", 1000);
    Close command{.register_id = TestStand::reg(1), .key = "z"};
    command.request.counted = {{Currency::eur(), Money::from_cents(900), {}}};
    const bool ended = close_until(shop, command, steps);
    shop.restart();
    shop.settle();
    std::size_t closings = 0;
    std::size_t plans = 0;
    for (const journal::Entry& entry : shop.journal) {
      if (entry.kind == entry_kind::closing) ++closings;
      if (entry.kind == entry_kind::plan) ++plans;
    }
    EXPECT_EQ(plans, closings == 0 ? 1U : 3U) << "cut after step " << steps;
    EXPECT_FALSE(shop.recorder().state().registers.at("KASSE-1").closing.has_value());
    const std::uint64_t again = shop.send(command);
    shop.settle();
    EXPECT_EQ(shop.accepted(again).replayed, closings == 1) << "cut after step " << steps;
    EXPECT_EQ(shop.recorder().state().registers.at("KASSE-1").closings, 1U);
    EXPECT_EQ(shop.state_text(), shop.fold_text());
    if (ended) break;
    ASSERT_LT(steps, 100);
  }
}

TEST_F(ClosingTest, AClosingUnderWayIsInTheSnapshot) {
  set_profile(true, true);
  shop.sell(1, "a", 1000);
  shop.send(counting("z", 900));
  shop.flush();
  ASSERT_TRUE(register_1().closing.has_value());
  const std::string text = shop.state_text();
  EXPECT_EQ(State::from_snapshot(text).value().snapshot(), text);
  EXPECT_EQ(shop.fold_text(), text);
}

TEST_F(ClosingTest, WhileTheTseIsSilentTheDayIsClosedAllTheSame) {
  shop.send(TestStand::sale(1, "a", 1000));
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  const std::uint64_t request = shop.send(counting("z", 990));
  shop.flush();
  const Accepted accepted = shop.accepted(request);
  ASSERT_TRUE(accepted.closing.has_value());
  EXPECT_EQ(accepted.closing->receipts, 2U);
}

// ---- master data --------------------------------------------------------------------------------

TEST_F(ClosingTest, NewMasterDataComeIntoForceWithTheClosing) {
  RecordProperty("proves", "BIO-072");
  Business moved = *shop.recorder().state().business;
  moved.street = "Neuer Markt 2";
  RegisterInfo renamed = register_1().info;
  renamed.name = "Theke";
  shop.sell(1, "a");
  shop.master(moved);
  shop.master(renamed, true);
  const auto street = [&] { return shop.recorder().state().business_of(register_1()).street; };
  EXPECT_EQ(street(), "Markt 1");
  EXPECT_EQ(register_1().info.name, "Kasse 1");
  const Plan before = *shop.sell(1, "b").plan;
  const Closing z = closed(close("z"));
  EXPECT_EQ(z.business_sequence, before.business_sequence);
  EXPECT_EQ(street(), "Neuer Markt 2");
  EXPECT_EQ(register_1().info.name, "Theke");
  EXPECT_FALSE(register_1().next_info.has_value());
  EXPECT_GT(shop.sell(1, "c").plan->business_sequence, before.business_sequence);
  EXPECT_THAT(shop.recorder().state().businesses, IsEmpty()) << "nobody works with the old one";
  EXPECT_EQ(shop.state_text(), shop.fold_text());
  shop.restart();
  EXPECT_EQ(street(), "Neuer Markt 2");
}

TEST_F(ClosingTest, AClosedRegisterTakesNewMasterDataAtOnce) {
  shop.sell(1, "a");
  closed(close("z"));
  RegisterInfo renamed = register_1().info;
  renamed.name = "Theke";
  shop.master(renamed, true);
  EXPECT_EQ(register_1().info.name, "Theke");
}

TEST_F(ClosingTest, ByProfileNewMasterDataWaitForARestartToo) {
  RecordProperty("proves", "BIO-071");
  Profile profile;
  profile.restart_for_master = true;
  shop.master(profile);
  Business moved = *shop.recorder().state().business;
  moved.street = "Neuer Markt 2";
  shop.sell(1, "a");
  shop.master(moved);
  const auto street = [&] { return shop.recorder().state().business_of(register_1()).street; };
  shop.restart();
  EXPECT_EQ(street(), "Markt 1") << "not closed";
  closed(close("z"));
  EXPECT_EQ(street(), "Markt 1") << "not restarted";
  EXPECT_EQ(shop.recorder().state().businesses.size(), 1U);
  shop.restart();
  shop.flush();
  EXPECT_EQ(street(), "Neuer Markt 2");
  shop.restart();
  EXPECT_EQ(street(), "Neuer Markt 2");
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(ClosingTest, ADisturbedTseIsLeftAtOnce) {
  shop.master(TestStand::tse("tse-2", TestStand::second));
  shop.send(TestStand::sale(1, "a"));
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  RegisterInfo moved = register_1().info;
  moved.tse_serial = TestStand::second;
  moved.name = "Theke";
  shop.master(moved, true);
  EXPECT_EQ(register_1().info.tse_serial, TestStand::second);
  EXPECT_EQ(register_1().info.name, "Kasse 1");
  EXPECT_EQ(register_1().next_info->name, "Theke");
}

TEST(MasterGaps, AreAllNamedWithTheirPlaces) {
  RecordProperty("proves", "BIO-009 BIO-021 BIO-022 BIO-023 BIO-024");
  Business business;
  business.country = "Deutschland";
  business.outlets = {{.id = "1"}, {.id = "1"}};
  business.rates = {{Currency::parse("CHF").value(), Currency::eur(), UnitPrice::from_raw(91'200),
                     Date::parse("2026-01-01").value()}};
  std::vector<std::string> found;
  for (const Error& gap : gaps_of(business)) found.push_back(gap.code + " " + gap.place);
  for (const char* expected :
       {"E-MAS-101 /name", "E-MAS-101 /postcode", "E-MAS-102 /country", "E-MAS-103 /tax_number",
        "E-MAS-105 /outlets/1/id", "E-MAS-101 /outlets/0/city", "E-MAS-104 /rates"})
    EXPECT_THAT(found, ::testing::Contains(expected));
}

}  // namespace
}  // namespace siegel::recorder
