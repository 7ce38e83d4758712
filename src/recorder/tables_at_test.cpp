#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "model/party.h"
#include "recorder/test_stand_at.h"

// Tables and closings of an Austrian register: orders are not signed, bills are.

namespace siegel::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AustrianTables : public ::testing::Test {
 protected:
  void SetUp() override {
    shop.commission();
    shop.start(1);
  }
  TableAct act(TableAct::What what, const std::string& key) {
    TableAct out;
    out.register_id = AustrianStand::reg(1);
    out.key = key;
    out.what = what;
    out.party = "7";
    return out;
  }
  TableAct order(const std::string& key) {
    TableAct out = act(TableAct::What::order, key);
    LineDraft line;
    line.text = "Melange";
    line.amount = Money::from_cents(420);
    line.vat = "10.00";
    out.draft.lines = {line};
    return out;
  }
  TableAct bill(const std::string& key, std::int64_t cents) {
    TableAct out = act(TableAct::What::settle, key);
    PaymentDraft cash;
    cash.amount = Money::from_cents(cents);
    out.draft.payments = {cash};
    return out;
  }
  Accepted done(const TableAct& command) {
    const std::uint64_t request = shop.send(command);
    shop.settle();
    return shop.accepted(request);
  }
  AustrianStand shop;
};

TEST_F(AustrianTables, OrdersAreRecordedAndTheBillIsSigned) {
  const Accepted ordered = done(order("o1"));
  EXPECT_EQ(ordered.seal->outcome, Seal::Outcome::not_required);
  done(order("o2"));
  const Accepted paid = done(bill("b", 840));
  EXPECT_EQ(paid.seal->outcome, Seal::Outcome::signed_rksv);
  EXPECT_EQ(paid.plan->total, Money::from_cents(840));
  EXPECT_TRUE(paid.plan->has_first_order);
  EXPECT_THAT(shop.recorder().state().parties, IsEmpty());
}

TEST_F(AustrianTables, ABillThatIsNotSignedYetHasTakenNothing) {
  done(order("o1"));
  shop.send(bill("b", 420));
  shop.flush();
  shop.restart();  // before the device answered: it never happened
  shop.settle();
  EXPECT_EQ(shop.recorder().state().parties.size(), 1U);
  done(bill("b", 420));
  EXPECT_THAT(shop.recorder().state().parties, IsEmpty());
}

TEST_F(AustrianTables, AClosingStatesTheSumsAndBooksTheDifferenceAtOnce) {
  const std::uint64_t sale = shop.send(AustrianStand::sale(1, "s", 1100));
  shop.settle();
  shop.accepted(sale);
  Close close = AustrianStand::close(1, "z", false);
  close.request.counted = {{Currency::eur(), Money::from_cents(1000), {}}};
  const std::uint64_t request = shop.send(close);
  ASSERT_EQ(shop.appends.size(), 1U) << "no device has a say in it";
  EXPECT_EQ(shop.appends[0].drafts.back().kind, entry_kind::closing);
  shop.settle();
  const Closing z = *shop.accepted(request).closing;
  EXPECT_EQ(z.turnover, Money::from_cents(1100));
  EXPECT_EQ(z.difference, Money::from_cents(-100));
  EXPECT_THAT(z.cash, ElementsAre(ClosingCash{Currency::eur(), Money::from_cents(1000)}));
  EXPECT_FALSE(shop.recorder().state().registers.at("KASSE-1").closing.has_value());
}

}  // namespace
}  // namespace siegel::recorder
