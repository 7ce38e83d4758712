#include "recorder/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "model/codec.h"
#include "model/party.h"
#include "recorder/test_stand.h"

// Open business: what was ordered is settled once and wholly, whatever happens in between.

namespace siegel::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using What = TableAct::What;

LineDraft item(const std::string& text, std::int64_t cents, std::int64_t thousandths = 1000) {
  LineDraft line;
  line.text = text;
  line.quantity = Quantity::from_raw(thousandths);
  line.amount = Money::from_cents(cents);
  line.vat = "A";
  return line;
}

TableAct act(What what, const std::string& party, const std::string& key, int till = 1) {
  TableAct out;
  out.register_id = TestStand::reg(till);
  out.key = key;
  out.what = what;
  out.party = party;
  return out;
}

TableAct order(const std::string& party, const std::string& key, std::vector<LineDraft> lines) {
  TableAct out = act(What::order, party, key);
  out.draft.lines = std::move(lines);
  return out;
}

/// Pays `cents` in cash.
TableAct bill(const std::string& party, const std::string& key, std::int64_t cents) {
  TableAct out = act(What::settle, party, key);
  PaymentDraft cash;
  cash.amount = Money::from_cents(cents);
  out.draft.payments = {cash};
  return out;
}

class TablesTest : public RecorderTest {
 protected:
  Accepted done(const TableAct& command) {
    const std::uint64_t request = shop.send(command);
    shop.settle();
    return shop.accepted(request);
  }
  std::string refused(const TableAct& command) {
    const std::uint64_t request = shop.send(command);
    shop.settle();
    return shop.refusal(request);
  }
  const Party& party(const std::string& name) {
    const auto found = find_party(shop.recorder().state(), name, TestStand::reg(1));
    EXPECT_TRUE(found.ok()) << name;
    return **found;
  }
  void open_transactions() {
    Profile profile;
    profile.table_flow = TableFlow::open_transaction;
    shop.master(profile);
  }
  std::string closing_refusal() {
    const std::uint64_t request = shop.send(
        Close{.register_id = TestStand::reg(1), .key = "z" + std::to_string(++m_closings)});
    shop.settle();
    const auto& reply = shop.replies.at(request);
    return reply.ok() ? "closed" : reply.error().detail;
  }
  int m_closings = 0;
};

TEST_F(TablesTest, OrdersAreSignedAndTheBillNamesTheFirstOfThem) {
  RecordProperty("proves", "BIO-089 BIO-090 BIO-092");
  const Accepted first = done(order("7", "o1", {item("Pils", 490), item("Suppe", 650)}));
  EXPECT_EQ(first.plan->process_type, ProcessType::bestellung);
  EXPECT_EQ(first.seal->outcome, Seal::Outcome::signed_by_tse);
  ASSERT_THAT(first.plan->groups, SizeIs(1));
  EXPECT_THAT(first.plan->groups[0], HasSubstr("7/20"));
  shop.pass(std::chrono::minutes(20));
  const Accepted second = done(order("7", "o2", {item("Pils", 490)}));
  EXPECT_EQ(second.plan->groups, first.plan->groups) << "they belong together";
  EXPECT_EQ(party("7").open(), Money::from_cents(1630));
  EXPECT_THAT(closing_refusal(), HasSubstr("E-CLO-101 table 7"));
  shop.pass(std::chrono::minutes(40));
  const Accepted paid = done(bill("7", "b", 2000));
  EXPECT_EQ(paid.plan->total, Money::from_cents(1630));
  EXPECT_EQ(paid.plan->change, Money::from_cents(370));
  EXPECT_EQ(paid.plan->groups, first.plan->groups);
  ASSERT_TRUE(paid.plan->has_first_order);
  EXPECT_EQ(paid.plan->first_order, first.plan->decided);
  EXPECT_THAT(shop.recorder().state().parties, IsEmpty());
  EXPECT_EQ(closing_refusal(), "closed");
  // The next party at the same table is another one.
  EXPECT_NE(done(order("7", "o3", {item("Pils", 490)})).plan->groups, first.plan->groups);
}

TEST_F(TablesTest, CancellingAnOrderIsSignedWithTheSignsTurned) {
  done(order("7", "o1", {item("Pils", 980, 2000)}));
  TableAct back = order("7", "o2", {});
  back.selection.items = {{1, Quantity::from_raw(1000)}};
  const Accepted cancelled = done(back);
  ASSERT_THAT(cancelled.plan->lines, SizeIs(1));
  EXPECT_EQ(cancelled.plan->lines[0].quantity, Quantity::from_raw(-1000));
  EXPECT_EQ(cancelled.plan->lines[0].total, Money::from_cents(-490));
  EXPECT_EQ(cancelled.plan->process_type, ProcessType::bestellung);
  EXPECT_EQ(party("7").ordered, Money::from_cents(490));
  EXPECT_EQ(party("7").open(), Money::from_cents(490));
}

TEST_F(TablesTest, ABillIsSplitByItemBySeatAndByShare) {
  TableAct first = order("7", "o1", {item("Pils", 490), item("Suppe", 650)});
  first.seat = "1";
  done(first);
  TableAct second = order("7", "o2", {item("Wein", 1000, 3000)});
  second.seat = "2";
  done(second);
  TableAct one = bill("7", "b1", 333);
  one.selection.items = {{3, Quantity::from_raw(1000)}};
  EXPECT_EQ(done(one).plan->total, Money::from_cents(333));
  one.key = "b2";
  one.selection.items = {{3, Quantity::from_raw(3000)}};
  EXPECT_EQ(refused(one), "E-TBL-104");
  TableAct seat = bill("7", "b3", 1140);
  seat.selection.seat = "1";
  EXPECT_EQ(done(seat).plan->total, Money::from_cents(1140));
  seat.key = "b4";
  EXPECT_EQ(refused(seat), "E-TBL-105");
  // Two people share what is left: 6.67.
  TableAct share = bill("7", "b5", 400);
  share.selection.share = 2;
  const Money half = done(share).plan->total;
  TableAct last = bill("7", "b6", 400);
  last.selection.share = 1;
  const Money rest = done(last).plan->total;
  EXPECT_EQ(half + rest, Money::from_cents(667));
  EXPECT_THAT(shop.recorder().state().parties, IsEmpty());
}

TEST_F(TablesTest, PartiesMoveJoinAndPart) {
  done(order("7", "o1", {item("Pils", 490)}));
  done(order("8", "o2", {item("Suppe", 650), item("Wein", 900)}));
  TableAct move = act(What::move, "7", "m");
  move.to = "9";
  done(move);
  const std::string first = party("9").circle();
  EXPECT_THAT(first, HasSubstr("7/")) << "its name does not change";
  TableAct merge = act(What::merge, "8", "j");
  merge.to = "9";
  done(merge);
  EXPECT_EQ(party("9").open(), Money::from_cents(2040));
  EXPECT_THAT(party("9").circles, SizeIs(2));
  TableAct split = act(What::split, "9", "s");
  split.to = "10";
  split.selection.items = {{1, {}}};
  done(split);
  EXPECT_EQ(party("10").open(), Money::from_cents(490));
  EXPECT_EQ(party("9").open(), Money::from_cents(1550));
  const Accepted paid = done(bill("10", "b", 490));
  EXPECT_THAT(paid.plan->groups, ::testing::Contains(first)) << "its orders stand there";
  EXPECT_EQ(shop.state_text(), shop.fold_text());
  const std::string text = shop.state_text();
  EXPECT_EQ(State::from_snapshot(text).value().snapshot(), text);
}

TEST_F(TablesTest, TwoPartiesAtATableAreToldApart) {
  done(order("7", "o1", {item("Pils", 490)}));
  TableAct other = order("7", "o2", {item("Wein", 900)});
  other.new_party = true;
  done(other);
  EXPECT_EQ(refused(bill("7", "b", 490)), "E-TBL-102");
  EXPECT_EQ(shop.recorder().state().parties.size(), 2U);
  EXPECT_EQ(refused(bill("8", "b", 490)), "E-TBL-101");
}

TEST_F(TablesTest, EachRegisterHasTablesOfItsOwnAndNamesAreUniqueInTheShop) {
  done(order("7", "o1", {item("Pils", 490)}));
  TableAct other = order("7", "o2", {item("Wein", 900)});
  other.register_id = TestStand::reg(2);
  done(other);
  ASSERT_THAT(shop.recorder().state().parties, SizeIs(2)) << "two circles";
  EXPECT_EQ(done(bill("7", "b", 490)).plan->total, Money::from_cents(490));
  EXPECT_THAT(shop.recorder().state().parties, SizeIs(1));
}

TEST_F(TablesTest, AReceiptIsForwardedOnce) {
  RecordProperty("proves", "BIO-091");
  done(order("", "o1", {item("Käse", 490)}));
  const std::string circle = shop.recorder().state().parties.begin()->first;
  TableAct forward = act(What::forward, circle, "f");
  forward.to = "KASSE-2";
  const Accepted forwarded = done(forward);
  EXPECT_EQ(forwarded.plan->process_type, ProcessType::sonstiger_vorgang) << "it has a document";
  EXPECT_EQ(refused(bill(circle, "b", 490)), "E-TBL-109") << "it is at the other register";
  TableAct again = act(What::forward, circle, "f2", 2);
  again.to = "KASSE-1";
  EXPECT_EQ(refused(again), "E-TBL-111");
  const std::uint64_t close = shop.send(Close{.register_id = TestStand::reg(2), .key = "z"});
  shop.settle();
  EXPECT_THAT(shop.replies.at(close).error().detail, HasSubstr("E-CLO-103"));
  TableAct paid = bill(circle, "b2", 490);
  paid.register_id = TestStand::reg(2);
  EXPECT_TRUE(done(paid).plan->has_first_order);
}

TEST_F(TablesTest, AParkedReceiptBlocksTheClosing) {
  RecordProperty("proves", "BIO-028");
  done(order("", "o1", {item("Käse", 490)}));
  const std::string circle = shop.recorder().state().parties.begin()->first;
  done(act(What::park, circle, "p"));
  EXPECT_EQ(refused(act(What::park, circle, "p2")), "E-TBL-113");
  EXPECT_THAT(closing_refusal(), HasSubstr("E-CLO-102"));
  done(act(What::unpark, circle, "u"));
  EXPECT_THAT(closing_refusal(), HasSubstr("E-CLO-101"));
}

TEST_F(TablesTest, OneTransactionFromTheFirstOrderToTheBill) {
  open_transactions();
  const Accepted opened = done(order("7", "o1", {item("Pils", 490)}));
  EXPECT_EQ(opened.started->transaction, 1U);
  EXPECT_FALSE(opened.plan.has_value()) << "an order has no receipt of its own";
  done(order("7", "o2", {item("Suppe", 650)}));
  EXPECT_EQ(shop.recorder().state().vorgaenge.size(), 1U);
  EXPECT_THAT(closing_refusal(), HasSubstr("E-CLO-101"));
  TableAct one = bill("7", "b1", 490);
  one.selection.items = {{1, {}}};
  EXPECT_EQ(done(one).seal->transaction, 1U);
  EXPECT_THAT(shop.recorder().state().vorgaenge, IsEmpty());
  const Accepted rest = done(bill("7", "b2", 650));
  EXPECT_EQ(rest.seal->transaction, 2U);
  EXPECT_TRUE(rest.plan->has_first_order);
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(TablesTest, AnOrderThatCannotBeBilledIsRefusedInBothFlows) {
  LineDraft wrong = item("Pils", 490);
  wrong.vat = "Z";
  EXPECT_THAT(refused(order("7", "o1", {wrong})), HasSubstr("E-"));
  open_transactions();
  EXPECT_THAT(refused(order("7", "o2", {wrong})), HasSubstr("E-"));
  EXPECT_EQ(refused(order("7", "o3", {})), "E-TBL-105");
  EXPECT_THAT(shop.recorder().state().parties, IsEmpty());
}

TEST_F(TablesTest, AJoinedPartyEndsItsTransactionWithoutAReceipt) {
  open_transactions();
  done(order("7", "o1", {item("Pils", 490)}));
  done(order("8", "o2", {item("Suppe", 650)}));
  TableAct merge = act(What::merge, "8", "j");
  merge.to = "7";
  EXPECT_EQ(done(merge).plan->kind, ReceiptKind::abort);
  const Accepted paid = done(bill("7", "b", 1140));
  EXPECT_EQ(paid.seal->transaction, 1U);
  EXPECT_EQ(shop.open_on_device(), 0U);
  TableAct forward = act(What::forward, "x", "f");
  done(order("x", "o3", {item("Pils", 490)}));
  forward.to = "KASSE-2";
  EXPECT_EQ(refused(forward), "E-TBL-112");
}

TEST_F(TablesTest, ARepeatedKeyOrdersOnce) {
  const TableAct once = order("7", "o1", {item("Pils", 490)});
  done(once);
  EXPECT_TRUE(done(once).replayed);
  EXPECT_EQ(party("7").open(), Money::from_cents(490));
  TableAct park = act(What::park, "7", "p");
  done(park);
  EXPECT_TRUE(done(park).replayed);
}

TEST(Tables, APowerCutLeavesOrderAndBillWholeOrNotThere) {
  for (const TableFlow flow : {TableFlow::orders, TableFlow::open_transaction}) {
    for (int steps = 0; steps < 40; ++steps) {
      TestStand shop;
      shop.commission();
      Profile profile;
      profile.table_flow = flow;
      shop.master(profile);
      const TableAct ordered = order("7", "o1", {item("Pils", 490), item("Suppe", 650)});
      TableAct paid = bill("7", "b1", 490);
      paid.selection.items = {{1, {}}};
      shop.send(ordered);
      shop.send(paid);
      for (int step = 0; step < steps; ++step) {
        if (!shop.appends.empty()) {
          shop.write();
          shop.on(Appended{shop.last()});
        } else if (!shop.calls.empty()) {
          shop.answer_call();
        }
      }
      shop.restart();
      shop.settle();
      shop.send(ordered);
      shop.settle();
      shop.send(paid);
      shop.settle();
      const State& state = shop.recorder().state();
      ASSERT_THAT(state.parties, SizeIs(1)) << steps;
      const Party& left = state.parties.begin()->second;
      EXPECT_EQ(left.open(), Money::from_cents(650)) << steps;
      EXPECT_EQ(left.settled, Money::from_cents(490)) << steps;
      std::size_t bills = 0;
      for (const journal::Entry& entry : shop.journal)
        if (entry.kind == entry_kind::plan &&
            plan_from_json(entry.payload)->kind == ReceiptKind::receipt)
          ++bills;
      EXPECT_EQ(bills, 1U) << steps;
      EXPECT_EQ(shop.state_text(), shop.fold_text());
    }
  }
}

TEST(Tables, WhateverHappensTheBillsMakeTheOrders) {
  const bool held = rc::check("the bills of all parties make their orders", [] {
    TestStand shop;
    shop.commission();
    Profile profile;
    if (*rc::gen::arbitrary<bool>()) profile.table_flow = TableFlow::open_transaction;
    shop.master(profile);
    const auto below = [](int n) { return *rc::gen::inRange(0, n); };
    int key = 0;
    const auto settle_rest = [&] {
      while (!shop.recorder().state().parties.empty()) {
        const Party party = shop.recorder().state().parties.begin()->second;
        const std::int64_t open = party.open().cents();
        shop.send(bill(party.circle(), "rest" + std::to_string(++key), open));
        shop.settle();
        if (shop.recorder().state().parties.contains(party.circle())) break;
      }
    };
    for (int step = below(25); step >= 0; --step) {
      const std::string table = std::to_string(below(3));
      TableAct one = act(What::order, table, "k" + std::to_string(++key));
      switch (below(8)) {
        case 0:
          one.what = What::settle;
          one.selection.share = below(4);
          break;
        case 1:
          one.what = What::settle;
          one.selection.items = {
              {static_cast<std::uint64_t>(below(5)), Quantity::from_raw(below(3000) + 1)}};
          break;
        case 2:
          one.what = What::split;
          one.selection.items = {{static_cast<std::uint64_t>(below(5)), {}}};
          one.to = std::to_string(below(4));
          break;
        case 3:
          one.what = What::merge;
          one.to = std::to_string(below(3));
          break;
        case 4:
          one.selection.items = {{static_cast<std::uint64_t>(below(5)), {}}};
          break;
        default: {
          one.seat = std::to_string(below(2));
          one.draft.lines = {item("x", below(10'000) + 1, 1000 * (below(3) + 1))};
          break;
        }
      }
      if (one.what == What::settle) {
        // Pays what it makes: asked for with a wrong sum first, the refusal changes nothing.
        const auto found = find_party(shop.recorder().state(), table, TestStand::reg(1));
        if (!found) continue;
        Party copy = **found;
        const auto taken = take(copy, one.selection);
        PaymentDraft cash;
        cash.amount = taken ? taken->total : Money::from_cents(1);
        one.draft.payments = {cash};
      }
      shop.send(one);
      shop.settle();
    }
    settle_rest();
    std::int64_t bills = 0;
    for (const journal::Entry& entry : shop.journal) {
      if (entry.kind == entry_kind::plan) {
        const Plan plan = plan_from_json(entry.payload).value();
        if (plan.kind == ReceiptKind::receipt) bills += plan.total.cents();
      }
      if (entry.kind == entry_kind::party) {
        const Party party = party_from_json(entry.payload).value();
        RC_ASSERT(party.ordered == party.settled + party.open());
      }
    }
    RC_ASSERT(shop.recorder().state().parties.empty());
    if (profile.table_flow == TableFlow::orders) {
      std::int64_t lines = 0;
      for (const journal::Entry& entry : shop.journal)
        if (entry.kind == entry_kind::plan)
          if (const Plan plan = plan_from_json(entry.payload).value();
              plan.kind == ReceiptKind::order)
            for (const PlanLine& line : plan.lines) lines += line.total.cents();
      RC_ASSERT(bills == lines);
    }
    RC_ASSERT(shop.open_on_device() == 0U);
    RC_ASSERT(shop.state_text() == shop.fold_text());
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace siegel::recorder
