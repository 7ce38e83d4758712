#include "recorder/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "recorder/test_stand.h"

namespace siegel::recorder {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(RecorderTest, ASaleIsPlannedThenSignedThenSealedThenAnswered) {
  const std::size_t before = shop.journal.size();
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  EXPECT_THAT(shop.calls, IsEmpty()) << "the device is asked before the plan is durable";
  shop.flush();
  ASSERT_EQ(shop.calls.size(), 1U);
  EXPECT_EQ(shop.calls[0].call.operation, device::TseCall::Operation::start);
  shop.answer_call();
  ASSERT_EQ(shop.calls.size(), 1U);
  EXPECT_EQ(shop.calls[0].call.operation, device::TseCall::Operation::finish);
  EXPECT_EQ(shop.calls[0].call.process_data, "Beleg^0.00_5.00_0.00_0.00_0.00^5.00:Bar");
  shop.answer_call();
  shop.write();
  EXPECT_FALSE(shop.answered(request)) << "answered before the seal is durable";
  shop.on(Appended{shop.last()});
  const Accepted accepted = shop.accepted(request);
  EXPECT_FALSE(accepted.replayed);
  EXPECT_EQ(accepted.seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(accepted.seal->transaction, 1U);
  EXPECT_EQ(accepted.plan->number, 1U);
  EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "seal"));
  EXPECT_TRUE(shop.recorder().idle());
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(RecorderTest, RegistersDoNotWaitForEachOtherAndOneRegisterDoesOneThingAtATime) {
  shop.send(TestStand::sale(1, "a"));
  shop.send(TestStand::sale(2, "b"));
  const std::uint64_t next = shop.send(TestStand::sale(1, "c"));
  shop.flush();
  EXPECT_EQ(shop.calls.size(), 2U);
  shop.settle();
  EXPECT_EQ(shop.accepted(next).plan->number, 2U);
}

TEST_F(RecorderTest, ARepeatedKeyGetsTheSameReceiptOnceThatIsDurable) {
  const Sell sale = TestStand::sale(1, "k1");
  const std::uint64_t first = shop.send(sale);
  const std::uint64_t again = shop.send(sale);
  shop.flush();
  shop.answer_call();
  shop.answer_call();
  shop.write();
  EXPECT_FALSE(shop.answered(again));
  shop.on(Appended{shop.last()});
  EXPECT_EQ(shop.accepted(again).sequence, shop.accepted(first).sequence);
  EXPECT_TRUE(shop.accepted(again).replayed);
  EXPECT_THAT(shop.calls, IsEmpty());
  EXPECT_EQ(shop.device.size(), 1U);
  shop.restart();
  const std::uint64_t later = shop.send(sale);
  shop.settle();
  EXPECT_EQ(shop.accepted(later).sequence, shop.accepted(first).sequence);
}

TEST_F(RecorderTest, AKeyOfAnotherBodyIsRefusedAndNothingIsWritten) {
  shop.sell(1, "k1");
  const std::size_t before = shop.journal.size();
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, "k1", 777))), "E-API-601");
  shop.settle();
  EXPECT_EQ(shop.journal.size(), before);
  EXPECT_EQ(shop.sell(2, "k1", 777).plan->number, 1U) << "a key belongs to its register";
}

TEST_F(RecorderTest, WhatIsWrongIsRefusedBeforeAnythingIsWritten) {
  const std::size_t before = shop.journal.size();
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(7, "k"))), "E-REG-104");
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, ""))), "E-API-604");
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, "a\nb"))), "E-API-604");
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, std::string(201, 'k')))), "E-API-604");
  EXPECT_EQ(shop.refusal(shop.send(TestStand::finish(1, "v"))), "E-SAL-540");
  EXPECT_EQ(shop.refusal(shop.send(Update{TestStand::reg(1), VorgangId("v"), "{}"})), "E-SAL-540");
  EXPECT_EQ(
      shop.refusal(shop.send(Master{RegisterInfo{TestStand::reg(1), "x", TestStand::serial}})),
      "E-REG-103");
  EXPECT_EQ(shop.refusal(shop.send(Master{RegisterInfo{TestStand::reg(3), "x", "cd34"}})),
            "E-TSE-302");
  TseInfo tse;
  tse.serial = TestStand::serial;
  EXPECT_EQ(shop.refusal(shop.send(Master{tse})), "E-TSE-301");
  shop.settle();
  EXPECT_EQ(shop.journal.size(), before);
}

TEST(Recorder, SellsOnlyWhenBusinessAndTseAreKnown) {
  TestStand shop;
  shop.master(RegisterInfo{TestStand::reg(1), "Kasse 1", ""});
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, "k"))), "E-REG-106");
  Business business;
  business.name = "Bäckerei";
  EXPECT_EQ(shop.refusal(shop.master(business)), "E-MAS-101");
  business.street = "Markt 1";
  business.postcode = "89073";
  business.city = "Ulm";
  EXPECT_EQ(shop.refusal(shop.master(business)), "E-MAS-103");
  business.tax_number = "88/123/45678";
  shop.master(business);
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, "k"))), "E-REG-105");
}

TEST_F(RecorderTest, OneRegisterATseIfTheProfileSaysSo) {
  RecordProperty("proves", "DIK-041");
  Profile profile;
  profile.one_register_per_tse = true;
  shop.master(profile);
  EXPECT_EQ(shop.refusal(shop.master(RegisterInfo{TestStand::reg(3), "x", TestStand::serial})),
            "E-REG-107");
}

TEST_F(RecorderTest, TooManyWaitingRequestsAreRefused) {
  for (std::size_t i = 0; i < waiting_max + 1; ++i)
    shop.send(TestStand::sale(1, "k" + std::to_string(i)));
  const std::uint64_t request = shop.send(TestStand::sale(1, "last"));
  EXPECT_EQ(shop.refusal(request), "E-API-602");
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(2, "other"))), "no answer");
  shop.settle();
  EXPECT_EQ(shop.device.size(), waiting_max + 2);
}

TEST_F(RecorderTest, ARegisterIsChangedBetweenTwoReceipts) {
  shop.send(TestStand::sale(1, "k"));
  const std::uint64_t change =
      shop.send(Master{RegisterInfo{TestStand::reg(1), "Theke", TestStand::serial}, true});
  shop.flush();
  EXPECT_FALSE(shop.answered(change));
  shop.settle();
  EXPECT_TRUE(shop.answered(change));
  // What was sold today was sold under the old name: the new one waits for the closing.
  EXPECT_EQ(shop.recorder().state().registers.at("KASSE-1").info.name, "Kasse 1");
  EXPECT_EQ(shop.recorder().state().registers.at("KASSE-1").next_info->name, "Theke");
}

// ---- explicit flow ------------------------------------------------------------------------------

TEST_F(RecorderTest, AVorgangIsStartedBeforeItsReceiptAndFinishedWithIt) {
  const std::uint64_t open = shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.settle();
  EXPECT_EQ(shop.accepted(open).started->transaction, 1U);
  const std::uint64_t again = shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.settle();
  EXPECT_TRUE(shop.accepted(again).replayed);
  EXPECT_EQ(shop.accepted(again).started->transaction, 1U);
  shop.sell(1, "between");
  shop.send(Update{TestStand::reg(1), VorgangId("v1"), R"({"lines":[]})"});
  shop.flush();
  EXPECT_EQ(shop.recorder().state().vorgaenge.size(), 1U);
  EXPECT_EQ(shop.refusal(shop.send(TestStand::sale(1, "v1"))), "E-SAL-542");
  shop.restart();
  const std::uint64_t finish = shop.send(TestStand::finish(1, "v1"));
  shop.settle();
  EXPECT_EQ(shop.accepted(finish).seal->transaction, 1U);
  EXPECT_EQ(shop.open_on_device(), 0U);
  EXPECT_EQ(shop.refusal(shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}})), "E-SAL-541");
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(RecorderTest, AVorgangEndsOnTheDeviceItBeganOn) {
  shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.settle();
  TseInfo other;
  other.id = "tse-2";
  other.serial = "cd34";
  other.public_key = to_bytes("point");
  shop.master(other);
  shop.master(RegisterInfo{TestStand::reg(1), "Kasse 1", "cd34"}, true);
  const std::uint64_t finish = shop.send(TestStand::finish(1, "v1"));
  shop.flush();
  ASSERT_EQ(shop.calls.size(), 1U);
  EXPECT_EQ(shop.calls[0].tse_serial, TestStand::serial);
  shop.settle();
  EXPECT_EQ(shop.accepted(finish).seal->tse_serial, TestStand::serial);
  shop.sell(1, "same day");
  EXPECT_EQ(shop.recorder().state().registers.at("KASSE-1").info.tse_serial, TestStand::serial);
  shop.send(Close{.register_id = TestStand::reg(1), .key = "z"});
  shop.settle();
  shop.send(TestStand::sale(1, "next"));
  shop.flush();
  EXPECT_EQ(shop.calls[0].tse_serial, "cd34");
}

// ---- outages ------------------------------------------------------------------------------------

TEST_F(RecorderTest, AtTheDeadlineTheReceiptGoesOutUnsignedWithItsOutage) {
  const std::size_t before = shop.journal.size();
  const Steady begun = shop.now.steady;
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.wake();
  EXPECT_EQ(shop.now.steady - begun, seconds(3));
  EXPECT_FALSE(shop.answered(request));
  shop.flush();
  const Accepted accepted = shop.accepted(request);
  EXPECT_EQ(accepted.seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_TRUE(accepted.seal->asked);
  EXPECT_EQ(accepted.seal->error_code, "E-TSE-104");
  EXPECT_EQ(accepted.seal->outage_number, 1U);
  EXPECT_EQ(accepted.seal->outage_receipt, 1U);
  EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "outage_begin", "seal"));
  EXPECT_TRUE(shop.recorder().suspended(TestStand::serial));
}

TEST_F(RecorderTest, LaterCustomersDoNotWaitAtAll) {
  shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.wake();
  shop.flush();
  const std::size_t calls = shop.calls.size();
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = shop.journal.size();
    const std::uint64_t request = shop.send(TestStand::sale(1 + i % 2, "n" + std::to_string(i)));
    shop.flush();
    EXPECT_EQ(shop.accepted(request).seal->outage_receipt, static_cast<std::uint64_t>(2 + i));
    EXPECT_FALSE(shop.accepted(request).seal->asked);
    EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "seal"));
  }
  EXPECT_EQ(shop.calls.size(), calls);
}

TEST_F(RecorderTest, AFailedDeviceIsProbedEveryTenSecondsAndNeverTwiceAtATime) {
  shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  for (int i = 0; i < 3; ++i) {
    const Steady from = shop.now.steady;
    while (shop.probes.empty()) shop.wake();
    EXPECT_EQ(shop.now.steady - from, probe_interval);
    EXPECT_EQ(shop.probes.size(), 1U);
    shop.pass(seconds(60));
    shop.on(Woke{});
    EXPECT_EQ(shop.probes.size(), 1U) << "nothing queues behind a device that does not return";
    shop.answer_probe(dead());
  }
  EXPECT_TRUE(shop.recorder().suspended(TestStand::serial));
  shop.recover();
  EXPECT_FALSE(shop.recorder().suspended(TestStand::serial));
  EXPECT_EQ(shop.journal.back().kind, "outage_end");
  EXPECT_EQ(shop.sell(1, "k2").seal->outcome, Seal::Outcome::signed_by_tse);
}

TEST_F(RecorderTest, OutageNumbersAreNeverUsedAgain) {
  for (std::uint64_t outage = 1; outage <= 3; ++outage) {
    for (std::uint64_t i = 1; i <= 2; ++i) {
      const std::string key = std::to_string(outage) + "-" + std::to_string(i);
      const std::uint64_t request = shop.send(TestStand::sale(1, key));
      shop.flush();
      if (!shop.calls.empty()) shop.fail_call(dead());
      shop.flush();
      EXPECT_EQ(shop.accepted(request).seal->outage_number, outage);
      EXPECT_EQ(shop.accepted(request).seal->outage_receipt, (outage - 1) * 2 + i);
    }
    shop.restart();
    shop.recover();
  }
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(RecorderTest, ASignatureFoundLaterIsAnEntryOfItsOwnBesideTheReceipt) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.answer_call();
  shop.lose_answer();
  shop.wake();
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  const std::size_t before = shop.journal.size();
  shop.recover();
  ASSERT_THAT(shop.kinds(before), ElementsAre("late_signature", "outage_end"));
  const auto late = late_signature_from_json(shop.journal[before].payload);
  EXPECT_EQ(late->plan_sequence, shop.accepted(request).sequence);
  EXPECT_EQ(late->transaction, 1U);
  EXPECT_EQ(late->signature, shop.device.at(1).finish->value);
}

TEST_F(RecorderTest, ATransactionLeftOpenEndsAsAnAbortWithARecordOfItsOwn) {
  shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.answer_call();
  shop.take_call();  // the finish never arrives
  shop.wake();
  shop.flush();
  const std::size_t before = shop.journal.size();
  shop.recover();
  ASSERT_THAT(shop.kinds(before), ElementsAre("plan", "outage_end", "seal"));
  const auto plan = plan_from_json(shop.journal[before].payload);
  EXPECT_EQ(plan->kind, ReceiptKind::abort);
  EXPECT_EQ(plan->transaction, 1U);
  EXPECT_EQ(plan->number, 2U);
  EXPECT_EQ(shop.device.at(1).process_data, "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(shop.open_on_device(), 0U);
  EXPECT_EQ(shop.sell(1, "k2").plan->number, 3U);
}

TEST_F(RecorderTest, AStartAndItsFinishMayBeAnsweredTogether) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  Call call = shop.take_call();
  ASSERT_TRUE(call.then.has_value());
  EXPECT_TRUE(call.then->of_previous);
  EXPECT_EQ(call.then->process_data, "Beleg^0.00_5.00_0.00_0.00_0.00^5.00:Bar");
  const auto started = shop.perform(call.call);
  call.then->transaction = started.transaction;
  shop.on(Answered{call.id, started, shop.perform(*call.then)});
  EXPECT_THAT(shop.calls, IsEmpty());
  shop.flush();
  const Accepted accepted = shop.accepted(request);
  EXPECT_EQ(accepted.seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(accepted.seal->start_signature_counter, 1U);
  EXPECT_EQ(accepted.seal->signature_counter, 2U);
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(RecorderTest, AFinishThatFailsBesideItsStartLeavesATransactionToEnd) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  const Call call = shop.take_call();
  shop.on(Answered{call.id, shop.perform(call.call), dead()});
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(shop.open_on_device(), 1U);
  shop.recover();
  EXPECT_EQ(shop.open_on_device(), 0U);
  EXPECT_EQ(shop.device.at(1).process_data, "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^");
}

TEST_F(RecorderTest, AVorgangThatWasStartedBeforeIsOnlyFinished) {
  shop.send(Open{TestStand::reg(1), VorgangId("v"), {}});
  shop.flush();
  EXPECT_FALSE(shop.calls.at(0).then.has_value());
  shop.settle();
  shop.send(TestStand::finish(1, "v"));
  shop.flush();
  EXPECT_EQ(shop.calls.at(0).call.operation, device::TseCall::Operation::finish);
  EXPECT_FALSE(shop.calls.at(0).then.has_value());
}

TEST_F(RecorderTest, ANoteIsAddedToAnOutageAndChangesNothingElse) {
  RecordProperty("proves", "TSS-006");
  const auto note = [](std::uint64_t number, std::string reason, std::vector<std::string> steps) {
    return OutageNote{TestStand::serial, number, std::move(reason), std::move(steps)};
  };
  EXPECT_EQ(shop.refusal(shop.master(note(1, "pulled", {}))), "E-OUT-101") << "nothing failed yet";
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  EXPECT_EQ(shop.refusal(request), "accepted");
  const std::vector<journal::Entry> old = shop.journal;

  // While it lasts and after its end, as often as somebody has something to say.
  EXPECT_EQ(shop.refusal(shop.master(note(1, "Stick war gezogen", {}))), "accepted");
  shop.recover();
  EXPECT_EQ(shop.refusal(shop.master(note(1, "", {"eingesteckt", "Hülle getauscht"}))), "accepted");
  EXPECT_EQ(shop.journal.back().kind, entry_kind::outage_note);
  EXPECT_EQ(shop.journal.back().actor, "anna");
  EXPECT_EQ(outage_note_from_json(shop.journal.back().payload).value(),
            note(1, "", {"eingesteckt", "Hülle getauscht"}));
  for (std::size_t i = 0; i < old.size(); ++i) EXPECT_EQ(shop.journal[i].hash, old[i].hash);
  EXPECT_EQ(shop.state_text(), shop.fold_text());

  const std::size_t entries = shop.journal.size();
  for (const OutageNote& bad : {note(0, "x", {}), note(2, "x", {}), OutageNote{"ffff", 1, "x", {}}})
    EXPECT_EQ(shop.refusal(shop.master(bad)), "E-OUT-101");
  for (const OutageNote& bad :
       {note(1, "", {}), note(1, std::string(1001, 'x'), {}), note(1, "two\nlines", {}),
        note(1, "x", {""}), note(1, "x", std::vector<std::string>(21, "step")),
        note(1, "\xff", {})})
    EXPECT_EQ(shop.refusal(shop.master(bad)), "E-OUT-102");
  EXPECT_EQ(shop.journal.size(), entries) << "what is refused leaves nothing";
}

TEST_F(RecorderTest, AnOutageEndsInTheCommitThatPlansTheAborts) {
  shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.answer_call();
  shop.take_call();
  shop.wake();
  shop.flush();
  shop.wake();
  shop.answer_probe();
  shop.answer_question();
  ASSERT_EQ(shop.appends.size(), 1U);
  ASSERT_EQ(shop.appends[0].drafts.size(), 2U);
  EXPECT_EQ(shop.appends[0].drafts[0].kind, "plan");
  EXPECT_EQ(shop.appends[0].drafts[1].kind, "outage_end");
  EXPECT_THAT(shop.calls, IsEmpty()) << "the device is asked before the plan is durable";
  // The power is cut between the two: the next start knows what is open.
  shop.write();
  shop.restart();
  shop.settle();
  EXPECT_EQ(shop.open_on_device(), 0U);
  EXPECT_TRUE(shop.recorder().idle());
}

TEST_F(RecorderTest, AnOutageDoesNotEndWhileSomethingCameAfterTheQuestion) {
  shop.send(Open{TestStand::reg(2), VorgangId("v1"), {}});
  shop.settle();
  shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  while (shop.probes.empty()) shop.wake();
  shop.answer_probe();
  ASSERT_EQ(shop.reconciles.size(), 1U);
  const Reconciled answer = shop.answer_to(shop.reconciles[0]);
  shop.reconciles.clear();
  // While the answer is on its way, the Vorgang whose transaction is open ends unsigned.
  const std::uint64_t finish = shop.send(TestStand::finish(2, "v1"));
  shop.flush();
  EXPECT_EQ(shop.accepted(finish).seal->outcome, Seal::Outcome::unsigned_outage);
  shop.on(answer);
  EXPECT_EQ(shop.reconciles.size(), 1U) << "the device is asked again";
  EXPECT_TRUE(shop.recorder().suspended(TestStand::serial));
  shop.settle();
  EXPECT_FALSE(shop.recorder().suspended(TestStand::serial));
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(RecorderTest, AfterARestartInAnOutageNobodyWaitsForTheDevice) {
  shop.send(TestStand::sale(1, "k1"));
  shop.send(TestStand::sale(2, "k2"));
  shop.flush();
  Call first = shop.take_call();
  first.call.transaction = shop.perform(first.call).transaction;
  shop.fail_call(conflict("E-TSE-201", "not registered"));
  shop.flush();
  shop.restart();  // the outage is open, the sale of KASSE-1 has no seal
  first.then->transaction = first.call.transaction;
  shop.perform(*first.then);
  const std::uint64_t next = shop.send(TestStand::sale(1, "k3"));
  shop.flush();
  EXPECT_EQ(shop.accepted(next).seal->outage_receipt, 3U);
  EXPECT_THAT(shop.calls, IsEmpty());
  EXPECT_THAT(shop.reconciles, IsEmpty());
  const std::size_t before = shop.journal.size();
  shop.answer_probe();
  shop.settle();
  EXPECT_THAT(shop.kinds(before), ElementsAre("late_signature", "outage_end"));
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(RecorderTest, AStartWhoseAnswerWasLostIsEndedAlsoAfterACrash) {
  const std::uint64_t open = shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.flush();
  shop.lose_answer();
  shop.wake();
  shop.flush();
  EXPECT_EQ(shop.accepted(open).started->transaction, 0U);
  EXPECT_EQ(shop.accepted(open).started->error_code, "E-TSE-104");
  shop.restart();
  shop.recover();
  EXPECT_EQ(shop.open_on_device(), 0U);
  EXPECT_EQ(shop.device.at(1).process_data, "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^");
  const std::uint64_t finish = shop.send(TestStand::finish(1, "v1"));
  shop.settle();
  EXPECT_EQ(shop.accepted(finish).seal->transaction, 2U) << "the Vorgang starts one of its own";
}

TEST_F(RecorderTest, AnAnswerAfterTheDeadlineChangesNothing) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  const Call call = shop.take_call();
  shop.wake();
  shop.flush();
  const std::size_t before = shop.journal.size();
  shop.on(Answered{call.id, shop.perform(call.call)});
  EXPECT_THAT(shop.calls, IsEmpty());
  EXPECT_EQ(shop.journal.size(), before);
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  shop.recover();
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(RecorderTest, ASlowJournalIsNotTakenForASilentDevice) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.wake();
  EXPECT_FALSE(shop.recorder().suspended(TestStand::serial));
  shop.settle();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::signed_by_tse);
}

TEST_F(RecorderTest, AShorterDeadlineHoldsAtOnce) {
  shop.send(TestStand::sale(1, "k1"));
  Profile profile;
  profile.tse_deadline_ms = 1500;
  shop.master(profile);
  const Steady from = shop.now.steady;
  const std::uint64_t request = shop.send(TestStand::sale(2, "k2"));
  shop.flush();
  shop.wake();
  shop.flush();
  EXPECT_EQ(shop.now.steady - from, milliseconds(1500));
  EXPECT_TRUE(shop.answered(request));
}

}  // namespace
}  // namespace siegel::recorder
