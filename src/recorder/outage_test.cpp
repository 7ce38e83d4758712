#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "recorder/test_stand.h"

// A second TSE, one that a person switches off, one that contradicts itself; and what is measured.

namespace siegel::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* first = TestStand::serial;
constexpr const char* second = TestStand::second;

TseSwitch to(TseSwitch::Mode mode, const std::string& reason) { return {first, mode, reason}; }

class OutageTest : public RecorderTest {
 protected:
  /// The first TSE does not answer this sale; the shop waits one deadline.
  Accepted fail_first(const std::string& key) {
    const std::uint64_t request = shop.send(TestStand::sale(1, key));
    shop.flush();
    EXPECT_FALSE(shop.calls.empty());
    shop.calls.clear();
    while (!shop.answered(request)) {
      shop.wake();
      shop.flush();
    }
    return shop.accepted(request);
  }
  template <class Value>
  std::vector<Value> entries(std::string_view kind, Result<Value> (*read)(std::string_view)) {
    std::vector<Value> all;
    for (const journal::Entry& entry : shop.journal)
      if (entry.kind == kind) all.push_back(read(entry.payload).value());
    return all;
  }
  std::vector<OutageBegan> begins() {
    return entries<OutageBegan>(entry_kind::outage_begin, outage_began_from_json);
  }
  std::vector<OutageEnded> ends() {
    return entries<OutageEnded>(entry_kind::outage_end, outage_ended_from_json);
  }
  std::uint64_t turn(TseSwitch::Mode mode, const std::string& reason = "wird getauscht") {
    return shop.master(to(mode, reason));
  }
  void expect_fold() { EXPECT_EQ(shop.state_text(), shop.fold_text()); }
};

// ---- nobody waits for a device that is known to be out ------------------------------------------

TEST_F(OutageTest, WhoWaitsBesideTheOneThatRanOutOfTimeWaitsNoLonger) {
  const std::uint64_t one = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.pass(milliseconds(2900));
  const std::uint64_t two = shop.send(TestStand::sale(2, "k2", 700));
  shop.flush();
  shop.wake();
  shop.flush();
  EXPECT_EQ(shop.accepted(one).seal->outage_receipt, 1U);
  EXPECT_EQ(shop.accepted(two).seal->outage_receipt, 2U);
  EXPECT_TRUE(shop.accepted(two).seal->asked) << "its call is under way";
  // Both were done after all; each receipt finds its own transaction.
  while (!shop.calls.empty()) {
    const Call call = shop.take_call();
    device::TseCall finish = *call.then;
    finish.transaction = shop.perform(call.call).transaction;
    shop.perform(finish);
  }
  shop.recover();
  EXPECT_EQ(entries<LateSignature>(entry_kind::late_signature, late_signature_from_json).size(),
            2U);
  expect_fold();
}

TEST_F(OutageTest, ADeviceThatRefusesOneRegisterGoesOnServingTheOther) {
  shop.send(TestStand::sale(1, "k1"));
  const std::uint64_t two = shop.send(TestStand::sale(2, "k2", 700));
  shop.flush();
  shop.fail_call(conflict("E-TSE-201", "not registered"));
  shop.settle();
  EXPECT_EQ(shop.accepted(two).seal->outcome, Seal::Outcome::signed_by_tse);
}

// ---- a second TSE -------------------------------------------------------------------------------

TEST_F(OutageTest, ASecondTseStandsInWhileTheFirstIsDisturbedAndOnlyThen) {
  RecordProperty("proves", "FCC-008");
  shop.commission_second();
  EXPECT_EQ(shop.sell(1, "k0").plan->tse_serial, first);
  const Accepted lost = fail_first("k1");
  EXPECT_EQ(lost.seal->outcome, Seal::Outcome::unsigned_outage);

  const std::uint64_t request = shop.send(TestStand::sale(1, "k2"));
  shop.settle();
  const Accepted other = shop.accepted(request);
  EXPECT_EQ(other.seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(other.plan->tse_serial, second);
  EXPECT_EQ(other.plan->disturbed_tse, first) << "the proof that it was allowed";
  EXPECT_TRUE(shop.recorder().state().outages.at(first).open);
  EXPECT_EQ(shop.boxes[second].held.size(), 1U);
  EXPECT_EQ(shop.recorder().state().outages.at(first).open_receipts, 1U);

  shop.recover();
  const Accepted back = shop.sell(1, "k3");
  EXPECT_EQ(back.plan->tse_serial, first);
  EXPECT_EQ(back.plan->disturbed_tse, "");
  expect_fold();
}

TEST_F(OutageTest, OnlyAnotherTseInOperationCanStandIn) {
  shop.master(TestStand::tse("tse-2", second));
  const auto refusal = [&](std::vector<std::string> backups, const char* own = first) {
    RegisterInfo info{TestStand::reg(1), "Kasse 1", own};
    info.backup_tses = std::move(backups);
    return shop.refusal(shop.master(info, true));
  };
  EXPECT_EQ(refusal({"beef"}), "E-TSE-302");
  EXPECT_EQ(refusal({first}), "E-REG-110");
  EXPECT_EQ(refusal({second, second}), "E-REG-110");
  EXPECT_EQ(refusal({second}, ""), "E-REG-110");
  EXPECT_EQ(refusal({second}), "accepted");
  expect_fold();
}

TEST_F(OutageTest, ARegisterOfADisturbedTseMovesAtOnce) {
  shop.commission_second();
  shop.sell(1, "k0");
  RegisterInfo moved{TestStand::reg(1), "Kasse 1", second};
  shop.master(moved, true);
  EXPECT_EQ(shop.sell(1, "k1").plan->tse_serial, first) << "after the closing";
  fail_first("k2");
  shop.master(moved, true);
  const Accepted there = shop.sell(1, "k3");
  EXPECT_EQ(there.plan->tse_serial, second);
  EXPECT_EQ(there.plan->disturbed_tse, "") << "its own now";
  expect_fold();
}

TEST_F(OutageTest, WhenTheSecondFailsTooEachHasItsOutageAndTheReceiptCountsInTheFirst) {
  shop.commission_second();
  fail_first("k1");
  const std::uint64_t request = shop.send(TestStand::sale(1, "k2"));
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  EXPECT_EQ(shop.accepted(request).plan->tse_serial, second);
  EXPECT_EQ(shop.accepted(request).seal->outage_number, 1U);
  const Accepted third = shop.sell(1, "k3");
  EXPECT_EQ(third.plan->tse_serial, first);
  EXPECT_EQ(third.seal->outage_receipt, 2U);
  ASSERT_EQ(begins().size(), 2U);
  EXPECT_EQ(begins()[1].tse_serial, second);
  EXPECT_EQ(begins()[1].code, "E-TSE-402");
  expect_fold();
}

TEST_F(OutageTest, AVorgangBegunOnTheFirstIsSignedByTheSecondAndItsTransactionIsEnded) {
  shop.commission_second();
  shop.send(Open{TestStand::reg(1), VorgangId("table 7"), {}});
  shop.settle();
  ASSERT_EQ(shop.open_on_device(first), 1U);
  fail_first("k1");
  const std::uint64_t request = shop.send(TestStand::finish(1, "table 7", 900));
  shop.settle();
  const Accepted bill = shop.accepted(request);
  EXPECT_EQ(bill.seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(bill.plan->tse_serial, second);
  EXPECT_EQ(bill.plan->transaction, 0U);
  EXPECT_TRUE(shop.recorder().state().vorgaenge.empty());
  EXPECT_EQ(State::from_snapshot(shop.state_text())->snapshot(), shop.state_text());
  expect_fold();

  shop.restart();
  EXPECT_EQ(shop.open_on_device(first), 1U);
  shop.answer_probe();
  shop.settle();
  EXPECT_EQ(shop.open_on_device(first), 0U) << "AVBelegabbruch, without anyone's doing";
  EXPECT_EQ(shop.open_on_device(second), 0U);
  EXPECT_TRUE(shop.recorder().state().left_open.empty());
  expect_fold();
}

TEST_F(OutageTest, AVorgangBegunOnTheSecondEndsThereAfterTheFirstIsBack) {
  shop.commission_second();
  fail_first("k1");
  shop.send(Open{TestStand::reg(1), VorgangId("table 7"), {}});
  shop.settle();
  EXPECT_EQ(shop.open_on_device(second), 1U);
  shop.recover();
  const std::uint64_t request = shop.send(TestStand::finish(1, "table 7"));
  shop.settle();
  EXPECT_EQ(shop.accepted(request).plan->tse_serial, second);
  EXPECT_EQ(shop.accepted(request).plan->disturbed_tse, "");
  EXPECT_EQ(shop.open_on_device(second), 0U);
}

TEST_F(OutageTest, AfterACrashTheDeviceThatWasAskedToStartIsAsked) {
  shop.commission_second();
  fail_first("k1");
  shop.send(Open{TestStand::reg(1), VorgangId("table 7"), {}});
  shop.flush();
  shop.lose_answer();
  shop.restart();
  shop.settle();
  const auto& vorgang = shop.recorder().state().vorgaenge.begin()->second;
  EXPECT_EQ(vorgang.started->tse_serial, second);
  EXPECT_EQ(vorgang.started->transaction, 1U);
}

// ---- switched by a person -----------------------------------------------------------------------

TEST_F(OutageTest, ATseSwitchedOffIsNotCalledAndEachReceiptSaysSo) {
  RecordProperty("proves", "TSS-009");
  turn(TseSwitch::Mode::off);
  const Accepted receipt = shop.sell(1, "k1");
  EXPECT_EQ(receipt.seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(receipt.seal->error_code, "E-TSE-901");
  EXPECT_EQ(receipt.seal->error_text, "wird getauscht");
  EXPECT_FALSE(receipt.seal->asked);
  EXPECT_TRUE(shop.device.empty());
  shop.pass(seconds(3600));
  shop.on(Woke{});
  EXPECT_THAT(shop.probes, IsEmpty());
  shop.restart();
  EXPECT_THAT(shop.probes, IsEmpty()) << "neither after a restart";
  expect_fold();

  turn(TseSwitch::Mode::on, "");
  shop.answer_probe();
  shop.settle();
  EXPECT_EQ(shop.sell(1, "k2").seal->outcome, Seal::Outcome::signed_by_tse);
  ASSERT_EQ(ends().size(), 1U);
  EXPECT_EQ(ends()[0].receipts, 1U);
  expect_fold();
}

TEST_F(OutageTest, EmergencyOperationHasACodeOfItsOwnAndNoSecondTse) {
  shop.commission_second();
  turn(TseSwitch::Mode::emergency, "Stromausfall im Haus");
  const Accepted receipt = shop.sell(1, "k1");
  EXPECT_EQ(receipt.plan->tse_serial, first);
  EXPECT_EQ(receipt.seal->error_code, "E-TSE-902");
  turn(TseSwitch::Mode::off);
  EXPECT_EQ(shop.sell(1, "k2").seal->error_code, "E-TSE-901");
  EXPECT_EQ(shop.sell(1, "k3").seal->outage_number, 2U);
  EXPECT_TRUE(shop.boxes[second].held.empty());
  ASSERT_EQ(ends().size(), 1U);
  EXPECT_FALSE(ends()[0].asked);
  expect_fold();
}

TEST_F(OutageTest, WhatWasUnclearBeforeItWasSwitchedOffIsAskedForAfterwards) {
  const std::uint64_t one = shop.send(TestStand::sale(1, "k1", 501));
  shop.flush();
  shop.answer_call();
  shop.lose_answer();
  shop.wake();
  shop.flush();
  EXPECT_EQ(shop.accepted(one).seal->error_code, "E-TSE-104");
  const std::uint64_t two = shop.send(TestStand::sale(2, "k2", 502));
  shop.flush();
  turn(TseSwitch::Mode::off);
  EXPECT_EQ(shop.accepted(two).seal->outage_number, 1U);
  shop.restart();
  turn(TseSwitch::Mode::on, "");
  shop.answer_probe();
  shop.settle();
  const auto late = entries<LateSignature>(entry_kind::late_signature, late_signature_from_json);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].transaction, 1U);
  EXPECT_TRUE(shop.recorder().state().lost.empty());
  ASSERT_EQ(ends().size(), 2U);
  EXPECT_FALSE(ends()[0].asked);
  EXPECT_TRUE(ends()[1].asked);
  expect_fold();
}

TEST_F(OutageTest, ASaleUnderWayWhenItIsSwitchedOffIsAnsweredAtOnce) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  turn(TseSwitch::Mode::emergency, "raucht");
  EXPECT_EQ(shop.accepted(request).seal->error_code, "E-TSE-902");
  EXPECT_TRUE(shop.accepted(request).seal->asked);
  EXPECT_THAT(shop.kinds(shop.journal.size() - 3),
              ElementsAre("tse_switch", "outage_begin", "seal"));
  shop.answer_call();  // too late
  turn(TseSwitch::Mode::on, "");
  shop.answer_probe();
  shop.settle();
  EXPECT_EQ(shop.open_on_device(), 0U);
  expect_fold();
}

TEST_F(OutageTest, SwitchedOnButDeadItsOwnFailureIsTheReasonFromThereOn) {
  turn(TseSwitch::Mode::off);
  turn(TseSwitch::Mode::on, "");
  shop.answer_probe(dead());
  shop.flush();
  ASSERT_EQ(begins().size(), 2U);
  EXPECT_EQ(begins()[1].number, 2U);
  EXPECT_EQ(begins()[1].code, "E-TSE-402");
  EXPECT_EQ(shop.sell(1, "k1").seal->error_code, "E-TSE-402");
  shop.recover();
  EXPECT_EQ(shop.sell(1, "k2").seal->outcome, Seal::Outcome::signed_by_tse);
  expect_fold();
}

TEST_F(OutageTest, ASwitchThatChangesNothingOrHasNoReasonIsRefused) {
  EXPECT_EQ(shop.refusal(turn(TseSwitch::Mode::on, "")), "E-OUT-104");
  EXPECT_EQ(shop.refusal(turn(TseSwitch::Mode::off, "")), "E-OUT-102");
  EXPECT_EQ(shop.refusal(shop.master(TseSwitch{"beef", TseSwitch::Mode::off, "x"})), "E-TSE-302");
  turn(TseSwitch::Mode::off);
  EXPECT_EQ(shop.refusal(turn(TseSwitch::Mode::off)), "E-OUT-104");
  expect_fold();
}

// ---- answers that do not fit --------------------------------------------------------------------

TEST_F(OutageTest, AnAnswerThatContradictsItselfSignsNothing) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  const Call call = shop.take_call();
  auto answer = shop.perform(call.call);
  answer.transaction = 0;
  shop.on(Answered{call.id, answer});
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->error_code, "E-TSE-141");
  EXPECT_TRUE(shop.accepted(request).seal->asked);
  shop.recover();
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(OutageTest, AFinishOfAnotherTransactionSignsNothing) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.answer_call();
  const Call call = shop.take_call();
  auto answer = shop.perform(call.call);
  ++answer.transaction;
  shop.on(Answered{call.id, answer});
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->error_code, "E-TSE-141");
  shop.recover();
  const auto late = entries<LateSignature>(entry_kind::late_signature, late_signature_from_json);
  ASSERT_EQ(late.size(), 1U) << "the device holds it all the same";
}

TEST_F(OutageTest, ACopyRestoredFromYesterdayIsNoticed) {
  for (const char* key : {"k1", "k2", "k3"}) shop.sell(1, key);
  shop.boxes[first].transaction = 1;  // as it was two receipts ago
  shop.boxes[first].counter = 2;
  const std::uint64_t request = shop.send(TestStand::sale(1, "k4"));
  shop.settle();
  EXPECT_EQ(shop.accepted(request).seal->error_code, "E-TSE-141");
}

// ---- what is measured ---------------------------------------------------------------------------

TEST_F(OutageTest, LatencyAndQueueAreMeasuredAndASlowTseIsToldWithWhatRelievesIt) {
  RecordProperty("proves", "FCC-010");
  shop.commission_second();
  const auto load = [&](const char* serial) {
    for (const DeviceLoad& one : shop.recorder().loads(shop.now))
      if (one.device == serial) return one;
    ADD_FAILURE() << serial;
    return DeviceLoad{};
  };
  EXPECT_EQ(load(first).answers, 0U);
  EXPECT_THAT(load(first).registers, ElementsAre("KASSE-1", "KASSE-2"));
  shop.send(TestStand::sale(1, "k"));
  shop.flush();
  shop.pass(milliseconds(40));
  EXPECT_EQ(load(first).queue, 1U);
  EXPECT_EQ(load(first).oldest, milliseconds(40));
  shop.answer_call();
  EXPECT_EQ(load(first).latency, milliseconds(40));
  shop.settle();
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t request = shop.send(TestStand::sale(2, "k" + std::to_string(i)));
    shop.flush();
    for (int call = 0; call < 2; ++call) {
      shop.pass(milliseconds(1600));
      shop.answer_call();
    }
    shop.flush();
    EXPECT_TRUE(shop.answered(request));
  }
  const DeviceLoad slow = load(first);
  EXPECT_TRUE(slow.overloaded);
  EXPECT_GT(slow.latency, milliseconds(1500));
  EXPECT_EQ(slow.condition, DeviceLoad::Condition::works);
  ASSERT_TRUE(slow.relief.has_value());
  EXPECT_EQ(slow.relief->register_id, "KASSE-2") << "the busier one";
  EXPECT_EQ(slow.relief->to, second);

  fail_first("late");
  EXPECT_EQ(load(first).condition, DeviceLoad::Condition::disturbed);
  EXPECT_EQ(load(first).failures, 1U);
  turn(TseSwitch::Mode::off);
  EXPECT_EQ(load(first).condition, DeviceLoad::Condition::off);
}

}  // namespace
}  // namespace siegel::recorder
