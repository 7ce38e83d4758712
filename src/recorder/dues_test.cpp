#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/test_stand_at.h"

// Monatsbeleg and Jahresbeleg: when they are made, and when they are due again. The register's
// life begins on 20 November 2026.

namespace siegel::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DuesTest : public AustrianTest {
 protected:
  /// Kind and period of the last receipt.
  std::string last_due() {
    const SealedReceipt receipt = shop.receipts(1).back();
    return std::string(receipt_kind_text(receipt.plan.kind)) + " " + receipt.plan.name +
           (receipt.is_signed() ? "" : "!");
  }
  void repair() {
    shop.down.clear();
    shop.recover();
  }
};

// ---- closings -----------------------------------------------------------------------------------

TEST_F(DuesTest, AClosingCountsWhatCameSinceTheOneBefore) {
  shop.sell(1, "k1", 1000);
  shop.send(AustrianStand::training(1, "t"));
  shop.settle();
  const Accepted first = shop.closed(1, "z1");
  EXPECT_EQ(first.closing->number, 1U);
  EXPECT_EQ(first.closing->receipts, 3U) << "Startbeleg, sale, training";
  EXPECT_EQ(first.closing->turnover.cents(), 1000);
  EXPECT_FALSE(first.closing->last_of_month);
  EXPECT_FALSE(first.plan) << "the month goes on";
  shop.restart();
  shop.sell(1, "k2", 300);
  const Accepted second = shop.closed(1, "z2");
  EXPECT_EQ(second.closing->number, 2U);
  EXPECT_EQ(second.closing->receipts, 1U);
  EXPECT_EQ(second.closing->turnover.cents(), 300);
  EXPECT_EQ(shop.closed(2, "z1").closing->number, 1U) << "each register counts its own";
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(DuesTest, ARepeatedClosingIsTheSameClosing) {
  const Accepted first = shop.closed(1, "z1");
  const std::uint64_t again = shop.send(AustrianStand::close(1, "z1"));
  shop.settle();
  EXPECT_TRUE(shop.accepted(again).replayed);
  EXPECT_EQ(shop.accepted(again).sequence, first.sequence);
  Close other = AustrianStand::close(1, "z1");
  other.fingerprint[0] = std::byte{1};
  EXPECT_EQ(shop.refusal(shop.send(other)), "E-API-601");
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::close(1, ""))), "E-API-604");
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::close(7, "z"))), "E-REG-104");
  Close late = AustrianStand::close(1, "z9");
  shop.on(Indexed{shop.last()});
  shop.on(Indexed{shop.last()});
  shop.on(Indexed{shop.last() + 1});
  EXPECT_EQ(shop.refusal(shop.send(late)), "E-API-603");
}

// ---- month --------------------------------------------------------------------------------------

TEST_F(DuesTest, TheLastClosingOfTheMonthMakesTheMonatsbeleg) {
  RecordProperty("proves", "AMA-058 AMA-075 AMA-076");
  shop.at("2026-11-29T18:00:00+01:00");
  shop.sell(1, "k1");
  EXPECT_FALSE(shop.closed(1, "z1").plan) << "not the last day";
  shop.at("2026-11-30T18:00:00+01:00");
  const Accepted closed = shop.closed(1, "z2");
  EXPECT_TRUE(closed.closing->last_of_month);
  ASSERT_TRUE(closed.plan);
  EXPECT_EQ(closed.plan->kind, ReceiptKind::month);
  EXPECT_EQ(closed.plan->name, "2026-11");
  EXPECT_EQ(closed.seal->outcome, Seal::Outcome::signed_rksv);
  EXPECT_EQ(shop.rksv(1).month_closed, "2026-11");
  EXPECT_THAT(shop.rksv(1).open_months, IsEmpty());
  // The next month begins without another one.
  shop.at("2026-12-01T08:00:00+01:00");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard month standard");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(DuesTest, TheTillMaySayThatTheMonthEnds) {
  shop.sell(1, "k1");
  EXPECT_EQ(shop.closed(1, "z1", true).plan->kind, ReceiptKind::month);
  shop.at("2026-11-30T18:00:00+01:00");
  shop.sell(1, "k2");
  EXPECT_FALSE(shop.closed(1, "z2", false).plan);
}

TEST_F(DuesTest, ALaterSaleInTheSameMonthMakesItDueAgain) {
  RecordProperty("proves", "AMA-058");
  shop.at("2026-11-30T18:00:00+01:00");
  shop.sell(1, "k1");
  shop.closed(1, "z1");
  shop.sell(1, "k2");
  EXPECT_TRUE(shop.closed(1, "z2").plan);
  shop.sell(1, "k3");
  shop.at("2026-12-01T08:00:00+01:00");
  shop.sell(1, "k4");
  EXPECT_EQ(shop.story(1), "start standard month standard month standard month standard");
}

TEST_F(DuesTest, WhatAClosedShopMissedIsMadeBeforeItsFirstSale) {
  shop.sell(1, "k1");
  shop.at("2027-03-02T08:00:00+01:00");
  shop.send(AustrianStand::sale(1, "k2"));
  shop.settle();
  // December, January and February had no receipt.
  EXPECT_EQ(shop.story(1), "start standard month standard");
  EXPECT_EQ(shop.receipts(1)[2].plan.name, "2026-11");
  EXPECT_EQ(shop.receipts(1)[2].plan.rksv->time, "2027-03-02T08:00:00");
}

TEST_F(DuesTest, AClosingAfterMidnightClosesTheMonthBefore) {
  shop.at("2026-11-30T23:00:00+01:00");
  shop.sell(1, "k1");
  shop.at("2026-12-01T01:30:00+01:00");
  shop.closed(1, "z1");
  EXPECT_EQ(shop.story(1), "start standard month");
  EXPECT_EQ(last_due(), "month 2026-11");
}

TEST_F(DuesTest, AMonthWithoutBusinessNeedsNone) {
  shop.at("2026-11-30T18:00:00+01:00");
  EXPECT_FALSE(shop.closed(1, "z1").plan) << "only the Startbeleg was in it";
  shop.at("2026-12-31T18:00:00+01:00");
  EXPECT_FALSE(shop.closed(1, "z2").plan);
  EXPECT_EQ(shop.story(1), "start");
}

TEST_F(DuesTest, AMonatsbelegMayGoOutUnsigned) {
  shop.at("2026-11-30T18:00:00+01:00");
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  const Accepted closed = shop.closed(1, "z1");
  EXPECT_EQ(closed.plan->kind, ReceiptKind::month);
  EXPECT_EQ(closed.seal->outcome, Seal::Outcome::unsigned_outage);
  shop.at("2026-12-01T08:00:00+01:00");
  repair();
  EXPECT_EQ(shop.story(1), "start standard! month! collective");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard! month! collective standard") << "it is not made twice";
}

TEST_F(DuesTest, TheSammelbelegComesBeforeTheMonatsbeleg) {
  shop.sell(1, "k0");
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  shop.down.clear();
  shop.at("2026-12-01T08:00:00+01:00");
  while (shop.probes.empty()) shop.wake();
  shop.answer_probe();
  shop.send(AustrianStand::sale(1, "k2"));
  shop.settle();
  EXPECT_EQ(shop.story(1), "start standard standard! collective month standard");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(DuesTest, SwitchedOffNothingIsMadeButTheSammelbeleg) {
  RecordProperty("proves", "AMA-075");
  Profile profile;
  profile.automatic_dues = false;
  shop.master(profile);
  shop.at("2026-11-30T18:00:00+01:00");
  shop.sell(1, "k1");
  EXPECT_FALSE(shop.closed(1, "z1").plan);
  shop.at("2026-12-01T08:00:00+01:00");
  shop.down = {"a", "b"};
  shop.sell(1, "k2");
  repair();
  EXPECT_EQ(shop.story(1), "start standard standard! collective");
  EXPECT_THAT(shop.rksv(1).open_months, ElementsAre("2026-11", "2026-12"));
  // On demand it closes the month it names.
  Sell month = AustrianStand::draft(1, "m", ReceiptKind::month);
  month.draft.name = "2026-11";
  shop.send(month);
  shop.settle();
  EXPECT_THAT(shop.rksv(1).open_months, ElementsAre("2026-12"));
}

TEST_F(DuesTest, OneMadeOnDemandIsNotMadeAgain) {
  shop.sell(1, "k1");
  shop.send(AustrianStand::draft(1, "m", ReceiptKind::month));
  shop.settle();
  shop.at("2026-11-30T18:00:00+01:00");
  EXPECT_FALSE(shop.closed(1, "z1").plan);
  shop.at("2026-12-01T08:00:00+01:00");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard month standard");
  // Late, and asked for before the first sale: it alone, not one more by itself.
  shop.at("2027-02-01T08:00:00+01:00");
  Sell year = AustrianStand::draft(1, "y", ReceiptKind::year);
  year.draft.name = "2026";
  shop.send(year);
  shop.settle();
  shop.sell(1, "k3");
  EXPECT_EQ(shop.story(1), "start standard month standard year standard");
}

// ---- year ---------------------------------------------------------------------------------------

TEST_F(DuesTest, DecemberMakesTheJahresbelegAndNoMonatsbeleg) {
  RecordProperty("proves", "AMA-060 AMA-078");
  shop.at("2026-12-31T18:00:00+01:00");
  shop.sell(1, "k1");
  const Accepted closed = shop.closed(1, "z1");
  EXPECT_EQ(closed.plan->kind, ReceiptKind::year);
  EXPECT_EQ(closed.plan->name, "2026");
  EXPECT_EQ(shop.rksv(1).year->number, closed.plan->receipt_number);
  EXPECT_EQ(shop.rksv(1).year_closed, "2026");
  shop.at("2027-01-02T08:00:00+01:00");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard year standard");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(DuesTest, WithoutADeviceTheJahresbelegWaitsAndSellingGoesOn) {
  RecordProperty("proves", "AMA-060");
  shop.at("2026-12-31T17:00:00+01:00");
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  const Accepted closed = shop.closed(1, "z1");
  EXPECT_EQ(closed.closing->number, 1U);
  EXPECT_FALSE(closed.plan);
  repair();  // still in December, before anybody sells
  EXPECT_EQ(shop.story(1), "start standard! collective year");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(DuesTest, AJahresbelegOfADecemberOutageIsMadeWhenADeviceIsBack) {
  RecordProperty("proves", "AMA-060");
  shop.at("2026-12-31T17:00:00+01:00");
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  shop.closed(1, "z1");
  shop.at("2027-01-02T08:00:00+01:00");
  EXPECT_EQ(shop.sell(1, "k2").seal->outcome, Seal::Outcome::unsigned_outage);
  shop.restart();
  EXPECT_EQ(shop.sell(1, "k3").seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_THAT(shop.rksv(1).open_months, ElementsAre("2026-12", "2027-01"));
  shop.at("2027-02-03T08:00:00+01:00");
  shop.sell(1, "k4");  // January's Monatsbeleg may be unsigned
  EXPECT_EQ(shop.story(1), "start standard! standard! standard! month! standard!");
  repair();
  EXPECT_EQ(shop.story(1), "start standard! standard! standard! month! standard! collective year");
  EXPECT_EQ(last_due(), "year 2026");
  EXPECT_THAT(shop.rksv(1).open_months, ElementsAre("2027-02"));
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(DuesTest, AJahresbelegThatFailsAtTheClosingIsAnsweredWithTheClosing) {
  shop.at("2026-12-31T17:00:00+01:00");
  shop.sell(1, "k1");
  shop.down = {"a", "b"};
  const Accepted closed = shop.closed(1, "z1");
  EXPECT_TRUE(closed.closing);
  EXPECT_FALSE(closed.plan);
  EXPECT_EQ(shop.story(1), "start standard");
  EXPECT_TRUE(shop.rksv(1).month_ends);
  shop.restart();
  repair();
  EXPECT_EQ(shop.story(1), "start standard year");
}

TEST_F(DuesTest, WhatAClosingDemandedIsTakenUpAfterACrash) {
  shop.at("2026-11-30T18:00:00+01:00");
  shop.sell(1, "k1");
  shop.send(AustrianStand::close(1, "z1"));
  shop.flush();
  shop.restart();
  ASSERT_EQ(shop.signs.size(), 1U);
  shop.settle();
  EXPECT_EQ(last_due(), "month 2026-11");
}

TEST_F(DuesTest, ASeasonalShopMayEndItsYearEarlier) {
  shop.at("2027-09-15T18:00:00+02:00");
  shop.sell(1, "k1");
  shop.send(AustrianStand::draft(1, "y", ReceiptKind::year));
  shop.settle();
  EXPECT_THAT(shop.rksv(1).open_months, IsEmpty());
  EXPECT_EQ(shop.rksv(1).year_closed, "2027");
  shop.at("2028-05-01T08:00:00+02:00");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard year standard");
}

TEST_F(DuesTest, AMonatsbelegInDecemberDoesNotReplaceTheJahresbeleg) {
  shop.at("2026-12-31T18:00:00+01:00");
  shop.sell(1, "k1");
  shop.send(AustrianStand::draft(1, "m", ReceiptKind::month));
  shop.settle();
  shop.at("2027-01-02T08:00:00+01:00");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard month year standard");
}

TEST_F(DuesTest, TheSchlussbelegClosesTheYear) {
  shop.at("2026-12-30T18:00:00+01:00");
  shop.sell(1, "k1");
  shop.send(AustrianStand::draft(1, "end", ReceiptKind::final));
  shop.settle();
  shop.at("2027-01-02T08:00:00+01:00");
  shop.closed(1, "z1");
  EXPECT_EQ(shop.story(1), "start standard final");
}

TEST_F(DuesTest, ASaleAndItsDueDoNotCountAsOneRequest) {
  shop.sell(1, "k1");
  shop.at("2026-12-01T08:00:00+01:00");
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k2"));
  shop.answer_sign();  // the Monatsbeleg
  shop.flush();
  EXPECT_FALSE(shop.answered(request));
  shop.settle();
  EXPECT_EQ(shop.accepted(request).plan->kind, ReceiptKind::receipt);
}

TEST_F(DuesTest, AClockTurnedBackOverTheEndOfAMonthMakesNothingTwice) {
  shop.at("2026-11-30T23:59:30+01:00");
  shop.sell(1, "k1");
  shop.at("2026-12-01T00:00:10+01:00");
  shop.sell(1, "k2");
  EXPECT_EQ(shop.story(1), "start standard month standard");
  shop.at("2026-11-30T23:59:50+01:00");
  shop.sell(1, "k3");
  EXPECT_EQ(shop.rksv(1).last_time, "2026-12-01T00:00:10");
  EXPECT_EQ(shop.story(1), "start standard month standard standard");
}

}  // namespace
}  // namespace siegel::recorder
