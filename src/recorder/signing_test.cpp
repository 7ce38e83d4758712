#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/test_stand_at.h"

// Receipts of signature devices: failing over, outages, the Sammelbeleg's place.

namespace siegel::recorder {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(AustrianTest, ASaleIsSignedThenRecordedInOneAppendThenAnswered) {
  RecordProperty("proves", "AMA-007 AMA-009");
  const std::size_t before = shop.journal.size();
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k1"));
  EXPECT_THAT(shop.appends, IsEmpty()) << "nothing is recorded before the device has signed";
  ASSERT_EQ(shop.signs.size(), 1U);
  EXPECT_EQ(shop.signs[0].signer, "a");
  shop.answer_sign();
  ASSERT_EQ(shop.appends.size(), 1U);
  EXPECT_EQ(shop.appends[0].drafts.size(), 2U);
  shop.write();
  EXPECT_FALSE(shop.answered(request)) << "answered before it is durable";
  shop.on(Appended{shop.last()});
  const Accepted accepted = shop.accepted(request);
  EXPECT_EQ(accepted.seal->outcome, Seal::Outcome::signed_rksv);
  EXPECT_EQ(accepted.seal->signer, "a");
  EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "seal"));
  EXPECT_TRUE(shop.recorder().idle());
  EXPECT_EQ(shop.state_text(), shop.fold_text());
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, ADeviceThatFailsIsReplacedByTheNextInTheSameSale) {
  RecordProperty("proves", "AMA-026 AMA-031");
  shop.down = {"a"};
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k1"));
  shop.settle();
  const Accepted accepted = shop.accepted(request);
  EXPECT_EQ(accepted.seal->outcome, Seal::Outcome::signed_rksv);
  EXPECT_EQ(accepted.seal->signer, "b");
  EXPECT_THAT(accepted.seal->code_payload, ::testing::HasSubstr(card("b").info.serial));
  EXPECT_TRUE(shop.recorder().suspended("a"));
  EXPECT_EQ(shop.verdict(1), "");
  // The next one does not ask the broken device first.
  shop.send(AustrianStand::sale(1, "k2"));
  ASSERT_EQ(shop.signs.size(), 1U);
  EXPECT_EQ(shop.signs[0].signer, "b");
  shop.settle();
  EXPECT_EQ(shop.story(1), "start standard standard") << "no outage receipt, no Sammelbeleg";
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, AllFailingTheReceiptIsMarkedAndNamesTheFirstDevice) {
  shop.down = {"a", "b"};
  const std::size_t before = shop.journal.size();
  const Accepted accepted = shop.sell(1, "k1");
  EXPECT_EQ(accepted.seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(accepted.seal->signer, "a");
  EXPECT_THAT(accepted.seal->code_payload, ::testing::HasSubstr(card("a").info.serial));
  EXPECT_THAT(accepted.seal->signature, IsEmpty());
  EXPECT_EQ(accepted.seal->outage_number, 1U);
  EXPECT_EQ(accepted.seal->outage_receipt, 1U);
  EXPECT_EQ(accepted.seal->error_code, "E-SIG-101");
  EXPECT_THAT(shop.kinds(before), ElementsAre("outage_begin", "outage_begin", "plan", "seal"));
  EXPECT_EQ(shop.rksv(1).run->receipts, 1U);
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, LaterReceiptsDoNotWaitAtAll) {
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = shop.journal.size();
    const std::uint64_t request = shop.send(AustrianStand::sale(1 + i % 2, std::to_string(i)));
    EXPECT_THAT(shop.signs, IsEmpty());
    shop.flush();
    EXPECT_EQ(shop.accepted(request).seal->outage_receipt, static_cast<std::uint64_t>(2 + i));
    EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "seal"));
  }
}

TEST_F(AustrianTest, OneWaitCoversAllDevicesAndAHangingFirstLeavesHalfOfIt) {
  const Steady begun = shop.now.steady;
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k1"));
  const Sign first = shop.take_sign();
  EXPECT_EQ(first.expires - begun, milliseconds(1500));
  shop.wake();
  ASSERT_EQ(shop.signs.size(), 1U);
  EXPECT_EQ(shop.signs[0].signer, "b");
  EXPECT_EQ(shop.signs[0].expires - begun, milliseconds(3000));
  shop.wake();
  EXPECT_EQ(shop.now.steady - begun, milliseconds(3000));
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(shop.accepted(request).seal->error_code, "E-SIG-102");
}

TEST_F(AustrianTest, ADeviceThatFailsFastLeavesTheWholeWaitToTheNext) {
  const Steady begun = shop.now.steady;
  shop.send(AustrianStand::sale(1, "k1"));
  shop.fail_sign(AustrianStand::dead());
  ASSERT_EQ(shop.signs.size(), 1U);
  EXPECT_EQ(shop.signs[0].expires - begun, milliseconds(3000));
  shop.settle();
}

TEST_F(AustrianTest, AMachineThatStoodStillGivesTheNextDeviceAChance) {
  shop.send(AustrianStand::sale(1, "k1"));
  shop.pass(seconds(60));
  shop.on(Woke{});
  ASSERT_EQ(shop.signs.size(), 2U);
  EXPECT_EQ(shop.signs[1].expires - shop.now.steady, milliseconds(250));
}

TEST_F(AustrianTest, ALateSignatureIsDropped) {
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k1"));
  const Sign late = shop.take_sign();
  shop.wake();
  shop.on(Signed{late.id, AustrianStand::signature_of(late)});
  EXPECT_THAT(shop.appends, Not(IsEmpty()));  // the outage of a, nothing else
  shop.settle();
  EXPECT_EQ(shop.accepted(request).seal->signer, "b");
  const std::size_t before = shop.journal.size();
  shop.on(Signed{late.id, AustrianStand::signature_of(late)});
  shop.settle();
  EXPECT_EQ(shop.journal.size(), before);
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, AnAnswerThatIsNoSignatureIsAFailure) {
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k1"));
  const Sign sign = shop.take_sign();
  shop.on(Signed{sign.id, Bytes()});
  shop.settle();
  EXPECT_EQ(shop.accepted(request).seal->signer, "b");
}

TEST_F(AustrianTest, ABrokenDeviceIsProbedEveryTenSecondsAndNeverTwiceAtATime) {
  shop.down = {"a"};
  shop.sell(1, "k1");
  for (int i = 0; i < 3; ++i) {
    const Steady from = shop.now.steady;
    while (shop.probes.empty()) shop.wake();
    EXPECT_EQ(shop.now.steady - from, probe_interval);
    shop.pass(seconds(60));
    shop.on(Woke{});
    EXPECT_EQ(shop.probes.size(), 1U);
    shop.answer_probe();
  }
  shop.down.clear();
  shop.recover();
  EXPECT_FALSE(shop.recorder().suspended("a"));
  EXPECT_EQ(shop.journal.back().kind, "outage_end");
  EXPECT_EQ(shop.sell(1, "k2").seal->signer, "a");
}

TEST_F(AustrianTest, OutageNumbersAreNeverUsedAgain) {
  for (std::uint64_t outage = 1; outage <= 3; ++outage) {
    shop.down = {"a", "b"};
    for (std::uint64_t i = 1; i <= 2; ++i) {
      const Accepted accepted = shop.sell(1, std::to_string(outage) + "-" + std::to_string(i));
      EXPECT_EQ(accepted.seal->outage_number, outage);
      EXPECT_EQ(accepted.seal->outage_receipt, (outage - 1) * 2 + i);
    }
    shop.restart();
    shop.down.clear();
    shop.recover();
  }
  EXPECT_EQ(shop.state_text(), shop.fold_text());
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, NothingThatIsSoldGetsPastTheDevices) {
  RecordProperty("proves", "AMA-015");
  const ReceiptKind without_amount[] = {ReceiptKind::zero, ReceiptKind::month, ReceiptKind::year,
                                        ReceiptKind::collective, ReceiptKind::final};
  for (const bool automatic : {true, false}) {
    Profile profile;
    profile.automatic_dues = automatic;
    profile.tse_deadline_ms = automatic ? 5000 : 0;
    shop.master(profile);
    std::vector<Sell> all{AustrianStand::sale(1, "s"), AustrianStand::training(1, "t")};
    for (const ReceiptKind kind : without_amount)
      if (kind != ReceiptKind::final || !automatic)
        all.push_back(AustrianStand::draft(1, std::string(receipt_kind_text(kind)), kind));
    for (Sell& sell : all) {
      sell.key += automatic ? "-1" : "-2";
      const std::size_t before = shop.journal.size();
      shop.send(sell);
      EXPECT_EQ(shop.signs.size(), 1U) << sell.key;
      EXPECT_THAT(shop.appends, IsEmpty()) << sell.key;
      shop.settle();
      EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "seal")) << sell.key;
      EXPECT_TRUE(shop.receipts(1).back().is_signed());
    }
  }
  for (const journal::Entry& entry : shop.journal)
    if (entry.kind == entry_kind::seal) {
      EXPECT_EQ(seal_from_json(entry.payload)->outcome, Seal::Outcome::signed_rksv);
    }
}

// ---- Sammelbeleg --------------------------------------------------------------------------------

TEST_F(AustrianTest, TheSammelbelegIsMadeByItselfWhenADeviceIsBack) {
  RecordProperty("proves", "AMA-061 AMA-073");
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  shop.sell(1, "k2");
  shop.sell(2, "k3");
  shop.down = {"a"};
  shop.recover();
  EXPECT_EQ(shop.story(1), "start standard! standard! collective");
  EXPECT_EQ(shop.story(2), "start standard! collective") << "each register makes its own";
  EXPECT_EQ(shop.receipts(1).back().actor, "siegel");
  EXPECT_EQ(shop.receipts(1).back().seal.signer, "b");
  EXPECT_FALSE(shop.rksv(1).run);
  EXPECT_EQ(shop.verdict(1), "");
  EXPECT_EQ(shop.verdict(2), "");
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(AustrianTest, ASaleThatWaitsWhenTheDeviceIsBackComesAfterTheSammelbeleg) {
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  while (shop.probes.empty()) shop.wake();
  shop.down.clear();
  shop.answer_probe();
  ASSERT_EQ(shop.signs.size(), 1U);  // the Sammelbeleg
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k2"));
  EXPECT_EQ(shop.signs.size(), 1U);
  shop.settle();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::signed_rksv);
  EXPECT_EQ(shop.story(1), "start standard! collective standard");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, ASammelbelegThatFailsLeavesTheRunOpenAndNobodyWaitsLonger) {
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  while (shop.probes.empty()) shop.wake();
  shop.down = {"b"};
  while (!shop.probes.empty()) shop.answer_probe();
  ASSERT_EQ(shop.signs.size(), 1U);
  const std::uint64_t request = shop.send(AustrianStand::sale(1, "k2"));
  shop.down = {"a", "b"};
  shop.answer_sign();  // it is down again
  shop.settle();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(shop.accepted(request).seal->outage_number, 2U);
  EXPECT_EQ(shop.story(1), "start standard! standard!");
  EXPECT_EQ(shop.rksv(1).run->receipts, 2U);
  shop.down.clear();
  shop.recover();
  EXPECT_EQ(shop.story(1), "start standard! standard! collective");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, ASammelbelegLostInACrashIsMadeAtTheNextStart) {
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  shop.down.clear();
  while (shop.probes.empty()) shop.wake();
  shop.answer_probe();
  shop.flush();  // the end of the outage is durable
  ASSERT_EQ(shop.signs.size(), 1U);
  shop.restart();
  ASSERT_EQ(shop.signs.size(), 1U) << "taken up without being asked";
  shop.settle();
  EXPECT_EQ(shop.story(1), "start standard! collective");
}

TEST_F(AustrianTest, AnOutageLeftOpenByACrashGoesOnUntilADeviceSigns) {
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  shop.restart();
  EXPECT_EQ(shop.probes.size(), 2U);
  EXPECT_THAT(shop.signs, IsEmpty()) << "no Sammelbeleg before a device works";
  EXPECT_EQ(shop.sell(1, "k2").seal->outage_receipt, 2U);
  shop.down.clear();
  shop.recover();
  EXPECT_EQ(shop.story(1), "start standard! standard! collective");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, ANewDeviceInTheListEndsTheRunToo) {
  shop.down = {"a", "b"};
  shop.sell(1, "k1");
  shop.master(card("c").info);
  shop.master(AustrianStand::register_info(1, {"c"}), true);
  shop.settle();
  EXPECT_EQ(shop.story(1), "start standard! collective");
  EXPECT_EQ(shop.sell(1, "k2").seal->signer, "c");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, ASaleThatWaitedBehindAnotherListComesAfterTheSammelbelegToo) {
  shop.master(card("c").info);
  shop.down = {"a", "b"};
  const std::uint64_t first = shop.send(AustrianStand::sale(1, "k1"));
  shop.send(Master{AustrianStand::register_info(1, {"c"}), true});
  const std::uint64_t second = shop.send(AustrianStand::sale(1, "k2"));
  shop.settle();
  EXPECT_EQ(shop.accepted(first).seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(shop.accepted(second).seal->signer, "c");
  EXPECT_EQ(shop.story(1), "start standard! collective standard");
  EXPECT_EQ(shop.verdict(1), "");
}

// ---- keys, restarts, life -----------------------------------------------------------------------

TEST_F(AustrianTest, ARepeatedKeyGetsTheSameReceiptAndNoSecondSignature) {
  const Sell sale = AustrianStand::sale(1, "k1");
  const std::uint64_t first = shop.send(sale);
  const std::uint64_t again = shop.send(sale);
  shop.settle();
  EXPECT_EQ(shop.accepted(again).sequence, shop.accepted(first).sequence);
  EXPECT_TRUE(shop.accepted(again).replayed);
  shop.restart();
  const std::uint64_t later = shop.send(sale);
  shop.settle();
  EXPECT_TRUE(shop.accepted(later).replayed);
  EXPECT_EQ(shop.story(1), "start standard");
  Sell other = AustrianStand::sale(1, "k1", 700);
  other.fingerprint[0] = std::byte{7};
  EXPECT_EQ(shop.refusal(shop.send(other)), "E-API-601");
}

TEST_F(AustrianTest, WhatWasSignedButNotRecordedIsSignedAgainUnderTheSameNumber) {
  const Sell sale = AustrianStand::sale(1, "k1");
  shop.send(sale);
  shop.answer_sign();
  shop.restart();  // the append was lost
  const std::uint64_t again = shop.send(sale);
  shop.settle();
  EXPECT_FALSE(shop.accepted(again).replayed);
  EXPECT_EQ(shop.accepted(again).plan->number, 2U);
  EXPECT_EQ(shop.verdict(1), "");
}

TEST(Austrian, ARegisterSellsOnlyBetweenStartbelegAndSchlussbeleg) {
  RecordProperty("proves", "AMA-008 AMA-013 AMA-040 AMA-057 AMA-063");
  AustrianStand shop;
  shop.commission();
  const std::size_t before = shop.journal.size();
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::sale(1, "k"))), "E-RKS-102");
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::close(1, "z"))), "E-RKS-303");
  EXPECT_EQ(shop.journal.size(), before);
  shop.start(1);
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::draft(1, "s2", ReceiptKind::start))),
            "E-RKS-101");
  shop.sell(1, "k1");
  shop.send(AustrianStand::draft(1, "end", ReceiptKind::final));
  shop.settle();
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::sale(1, "k2"))), "E-RKS-103");
  EXPECT_EQ(shop.story(1), "start standard final");
  EXPECT_TRUE(shop.rksv(1).ended);
  EXPECT_EQ(shop.verdict(1), "");
}

TEST(Austrian, AStartbelegWithoutADeviceIsNotRecorded) {
  AustrianStand shop;
  shop.commission();
  shop.down = {"a", "b"};
  const std::uint64_t request = shop.send(AustrianStand::draft(1, "s", ReceiptKind::start));
  shop.settle();
  EXPECT_EQ(shop.refusal(request), "E-RKS-301");
  EXPECT_THAT(shop.kinds(), Not(Contains("plan")));
  shop.down.clear();
  shop.recover();
  shop.start(1);
  EXPECT_EQ(shop.story(1), "start") << "the key of the refused one was not used up";
}

TEST(Austrian, WithoutItsAesKeyARegisterSellsNothing) {
  AustrianStand shop;
  shop.keys.erase("KASSE-1");
  shop.commission();
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::draft(1, "s", ReceiptKind::start))), "E-RKS-105");
  shop.keys.emplace("KASSE-1", crypto::SecretBytes(32));
  shop.start(1);
  EXPECT_EQ(shop.story(1), "start");
}

TEST_F(AustrianTest, TrainingLeavesTheCounterAloneAndOutageReceiptsDoNot) {
  RecordProperty("proves", "AMA-010");
  shop.sell(1, "k1", 1000);
  shop.send(AustrianStand::training(1, "t"));
  shop.settle();
  EXPECT_EQ(shop.rksv(1).counter, 1000);
  shop.down = {"a", "b"};
  shop.sell(1, "k2", 250);
  EXPECT_EQ(shop.rksv(1).counter, 1250);
  shop.down.clear();
  shop.recover();
  EXPECT_EQ(shop.rksv(1).counter, 1250);
  EXPECT_EQ(shop.story(1), "start standard training standard! collective");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, TheAutumnHourDoesNotTurnBackTime) {
  shop.at("2026-11-20T10:00:00+01:00");
  shop.sell(1, "k0");
  shop.at("2027-10-31T02:59:50+02:00");
  shop.sell(1, "k1");
  shop.at("2027-10-31T02:00:05+01:00");
  const Accepted held = shop.sell(1, "k2");
  EXPECT_EQ(held.plan->rksv->time, "2027-10-31T02:59:50");
  EXPECT_EQ(held.plan->rksv->held_s, 59 * 60 + 45);
  shop.restart();
  shop.at("2027-10-31T02:30:00+01:00");
  EXPECT_EQ(shop.sell(1, "k3").plan->rksv->time, "2027-10-31T02:59:50");
  shop.at("2027-10-31T03:00:00+01:00");
  EXPECT_EQ(shop.sell(1, "k4").plan->rksv->held_s, 0);
  shop.at("2027-10-30T09:00:00+02:00");
  EXPECT_EQ(shop.refusal(shop.send(AustrianStand::sale(1, "k5"))), "E-RKS-104");
  shop.at("2027-10-31T04:00:00+01:00");
  EXPECT_EQ(shop.verdict(1), "");
}

TEST_F(AustrianTest, MoneyPutIntoTheDrawerAsksNoDevice) {
  Sell sell = AustrianStand::sale(1, "float", 10'000);
  sell.draft.lines[0].gv_typ = GvTyp::geldtransit;
  sell.draft.lines[0].vat.clear();
  const std::size_t before = shop.journal.size();
  const std::uint64_t request = shop.send(sell);
  EXPECT_THAT(shop.signs, IsEmpty());
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::not_required);
  EXPECT_THAT(shop.kinds(before), ElementsAre("plan", "seal"));
  shop.sell(1, "k1");
  EXPECT_EQ(shop.rksv(1).counter, 500);
  EXPECT_EQ(shop.verdict(1), "");
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(AustrianTest, AVorgangNeedsNoDeviceUntilItsReceipt) {
  const std::uint64_t open = shop.send(Open{AustrianStand::reg(1), VorgangId("table-7"), {}});
  EXPECT_THAT(shop.signs, IsEmpty());
  shop.flush();
  EXPECT_EQ(shop.accepted(open).started->error_code, "");
  shop.restart();
  Sell finish = AustrianStand::sale(1, "table-7");
  finish.flow = Sell::Flow::finish;
  shop.send(finish);
  shop.settle();
  EXPECT_THAT(shop.recorder().state().vorgaenge, IsEmpty());
  EXPECT_EQ(shop.story(1), "start standard");
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(AustrianTest, ManyRegistersShareADeviceWithoutWaitingForEachOther) {
  shop.send(AustrianStand::sale(1, "k1"));
  shop.send(AustrianStand::sale(2, "k2"));
  shop.send(AustrianStand::sale(1, "k3"));
  EXPECT_EQ(shop.signs.size(), 2U);
  shop.settle();
  EXPECT_EQ(shop.verdict(1), "");
  EXPECT_EQ(shop.verdict(2), "");
}

// ---- master data --------------------------------------------------------------------------------

TEST_F(AustrianTest, WhatIsWrongWithMasterDataIsRefusedAndNothingIsWritten) {
  const std::size_t before = shop.journal.size();
  const auto refused = [&](auto value, bool replaces) {
    return shop.refusal(shop.master(std::move(value), replaces));
  };
  EXPECT_EQ(refused(AustrianStand::register_info(1, {"a", "nobody"}), true), "E-RKS-304");
  EXPECT_EQ(refused(AustrianStand::register_info(1, {"a", "a"}), true), "E-RKS-305");
  EXPECT_EQ(refused(AustrianStand::register_info(1, {}), true), "E-RKS-306");
  RegisterInfo info = AustrianStand::register_info(1, {"a"});
  info.aes_check = "wxyz";
  EXPECT_EQ(refused(info, true), "E-RKS-307");
  EXPECT_EQ(refused(SignerInfo{}, false), "E-RKS-308");
  EXPECT_EQ(refused(card("a").info, false), "E-RKS-309");
  SignerInfo other = card("c").info;
  other.id = "a";
  EXPECT_EQ(refused(other, true), "E-RKS-310");
  EXPECT_EQ(refused(ReceiptCheck{.register_id = RegisterId::parse("X").value()}, false),
            "E-REG-104");
  EXPECT_EQ(shop.journal.size(), before);
}

TEST_F(AustrianTest, ChecksAndReportsAreKeptInTheState) {
  ReceiptCheck check{.register_id = AustrianStand::reg(1),
                     .receipt_number = shop.receipts(1)[0].plan.receipt_number,
                     .at = shop.now.wall,
                     .passed = false,
                     .by = "finanzonline",
                     .text = "B38"};
  shop.master(check);
  check.passed = true;
  shop.master(check);
  shop.master(AuthorityReport{.what = "registrierung_kasse",
                              .subject = "KASSE-1",
                              .at = shop.now.wall,
                              .mode = "production",
                              .code = "0",
                              .text = {}});
  EXPECT_TRUE(shop.rksv(1).start->check->passed);
  EXPECT_FALSE(shop.rksv(2).start->check);
  EXPECT_EQ(shop.recorder().state().reports.size(), 1U);
  const auto again = State::from_snapshot(shop.state_text());
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(again->snapshot(), shop.state_text());
  EXPECT_EQ(shop.state_text(), shop.fold_text());
}

TEST_F(AustrianTest, ASnapshotReadsBackInTheMiddleOfAnOutage) {
  shop.sell(1, "k1");
  shop.closed(1, "z1", true);
  shop.down = {"a", "b"};
  shop.sell(1, "k2");
  const std::string text = shop.state_text();
  auto state = State::from_snapshot(text);
  ASSERT_TRUE(state.ok()) << state.error().detail;
  EXPECT_EQ(state->snapshot(), text);
  EXPECT_EQ(state->registers, shop.recorder().state().registers);
  EXPECT_EQ(state->signers, shop.recorder().state().signers);
}

TEST_F(AustrianTest, AReceiptThatDoesNotContinueTheChainIsNeverFolded) {
  shop.sell(1, "k1");
  shop.sell(1, "k2");
  State state;
  std::size_t skipped = 0;
  Status last = Ok{};
  for (journal::Entry entry : shop.journal) {
    // The receipt k1 was cut out of the file.
    if (entry.key && entry.key->text == "k1") skipped = 2;
    if (skipped > 0) {
      --skipped;
      continue;
    }
    entry.sequence = journal::Sequence(state.sequence + 1);
    if (entry.kind == entry_kind::seal) {
      auto seal = seal_from_json(entry.payload);
      seal->plan_sequence = state.sequence;
      entry.payload = to_json(*seal);
    }
    last = state.apply(entry);
    if (!last) break;
  }
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, "E-JRN-110");
}

}  // namespace
}  // namespace siegel::recorder
