#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "model/codec.h"
#include "recorder/test_stand.h"

// The table of DESIGN.md: a plan without a seal, found at start.

namespace siegel::recorder {
namespace {

using ::testing::IsEmpty;

class RecoveryTest : public RecorderTest {
 protected:
  /// The receipt of `key`, asked for after the restart as its till would.
  Accepted repeat(const Sell& once_more) {
    const std::uint64_t request = shop.send(once_more);
    shop.settle();
    EXPECT_TRUE(shop.accepted(request).replayed);
    return shop.accepted(request);
  }
  Seal seal_of(std::uint64_t plan_sequence) {
    for (const journal::Entry& entry : shop.journal) {
      if (entry.kind != entry_kind::seal) continue;
      auto seal = seal_from_json(entry.payload);
      if (seal->plan_sequence == plan_sequence) return *seal;
    }
    ADD_FAILURE() << "no seal of " << plan_sequence;
    return {};
  }
  const Sell sale = TestStand::sale(1, "k1");
};

TEST_F(RecoveryTest, NothingOfItOnTheDeviceStartsAndFinishesNow) {
  shop.send(sale);
  shop.flush();
  shop.take_call();  // never arrived
  shop.restart();
  EXPECT_THAT(shop.calls, IsEmpty()) << "the device is asked what it holds first";
  const Accepted receipt = repeat(sale);
  EXPECT_EQ(seal_of(receipt.sequence).outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(shop.device.size(), 1U);
}

TEST_F(RecoveryTest, OpenOnTheDeviceIsFinishedNow) {
  shop.send(sale);
  shop.flush();
  shop.lose_answer();
  shop.restart();
  const Accepted receipt = repeat(sale);
  EXPECT_EQ(seal_of(receipt.sequence).transaction, 1U);
  EXPECT_EQ(shop.device.size(), 1U);
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(RecoveryTest, FinishedOnTheDeviceIsTakenFromItsLog) {
  shop.send(sale);
  shop.flush();
  shop.answer_call();
  shop.lose_answer();
  shop.restart();
  shop.settle();
  const Accepted receipt = repeat(sale);
  EXPECT_EQ(seal_of(receipt.sequence).signature, shop.device.at(1).finish->value);
  EXPECT_EQ(seal_of(receipt.sequence).start_signature, shop.device.at(1).start.value);
  EXPECT_EQ(shop.device.size(), 1U);
}

TEST_F(RecoveryTest, SealedButNotAnsweredIsJustAnswered) {
  shop.send(sale);
  shop.flush();
  shop.answer_call();
  shop.answer_call();
  shop.write();
  shop.restart();
  EXPECT_THAT(shop.reconciles, IsEmpty());
  repeat(sale);
  EXPECT_EQ(shop.device.size(), 1U);
}

TEST_F(RecoveryTest, APlanThatWasNotDurableNeverWas) {
  shop.send(sale);
  shop.restart();
  EXPECT_THAT(shop.reconciles, IsEmpty());
  const std::uint64_t request = shop.send(sale);
  shop.settle();
  EXPECT_FALSE(shop.accepted(request).replayed);
  EXPECT_EQ(shop.accepted(request).plan->number, 1U);
}

TEST_F(RecoveryTest, ASilentDeviceIsWaitedForOneDeadlineThenTheReceiptIsUnsigned) {
  shop.send(sale);
  shop.flush();
  shop.lose_answer();
  shop.restart();
  const Steady from = shop.now.steady;
  const std::uint64_t request = shop.send(TestStand::sale(1, "k2"));
  shop.wake();
  shop.flush();
  EXPECT_EQ(shop.now.steady - from, seconds(3));
  EXPECT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  shop.answer_question();  // at last: the transaction it holds is nobody's
  shop.recover();
  EXPECT_EQ(shop.open_on_device(), 0U);
}

TEST_F(RecoveryTest, ADeviceThatCannotBeAskedMakesTheReceiptUnsignedAtOnce) {
  shop.send(sale);
  shop.flush();
  shop.restart();
  ASSERT_EQ(shop.reconciles.size(), 1U);
  shop.reconciles.clear();
  shop.on(Reconciled{TestStand::serial, {"KASSE-1"}, false, dead()});
  shop.flush();
  EXPECT_EQ(seal_of(shop.last() - 2).outcome, Seal::Outcome::unsigned_outage);
  EXPECT_TRUE(seal_of(shop.last() - 2).asked);
}

TEST_F(RecoveryTest, TheFinishOfAVorgangIsFoundByItsNumber) {
  shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.settle();
  shop.sell(1, "between");
  const Sell finish = TestStand::finish(1, "v1");
  shop.send(finish);
  shop.flush();
  shop.lose_answer();
  shop.restart();
  const Accepted receipt = repeat(finish);
  EXPECT_EQ(seal_of(receipt.sequence).transaction, 1U);
  EXPECT_EQ(shop.device.size(), 2U);
}

TEST_F(RecoveryTest, AVorgangWhoseStartWasNotRecordedIsTakenFromTheDevice) {
  shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.flush();
  shop.lose_answer();
  shop.restart();
  shop.settle();
  const auto& vorgang = shop.recorder().state().vorgaenge.begin()->second;
  EXPECT_EQ(vorgang.started->transaction, 1U);
  EXPECT_EQ(shop.device.size(), 1U);
}

TEST_F(RecoveryTest, AVorgangsTransactionIsNotTakenForThatOfAnotherPlan) {
  shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.settle();
  shop.send(sale);
  shop.flush();
  shop.take_call();
  shop.restart();
  const Accepted receipt = repeat(sale);
  EXPECT_EQ(seal_of(receipt.sequence).transaction, 2U);
  EXPECT_EQ(shop.open_on_device(), 1U);
}

TEST_F(RecoveryTest, AnOutageLeftOpenByACrashGoesOnUntilTheDeviceAnswers) {
  shop.send(sale);
  shop.flush();
  shop.fail_call(dead());
  shop.flush();
  shop.restart();
  EXPECT_EQ(shop.probes.size(), 1U);
  const std::uint64_t request = shop.send(TestStand::sale(1, "k2"));
  shop.flush();
  EXPECT_EQ(shop.accepted(request).seal->outage_number, 1U);
  EXPECT_EQ(shop.accepted(request).seal->outage_receipt, 2U);
  shop.recover();
  EXPECT_EQ(shop.sell(1, "k3").seal->outcome, Seal::Outcome::signed_by_tse);
}

// ---- the state ----------------------------------------------------------------------------------

/// A day with something of everything, cut off in the middle of a sale.
void eventful_day(TestStand& shop) {
  shop.sell(1, "a");
  shop.send(Open{TestStand::reg(1), VorgangId("v1"), {}});
  shop.settle();
  shop.send(Update{TestStand::reg(1), VorgangId("v1"), R"({"lines":[]})"});
  Sell reversal = TestStand::sale(1, "r");
  reversal.draft = {};
  reversal.draft.kind = ReceiptKind::reversal;
  reversal.draft.reverses = "KASSE-1-000001";
  reversal.draft.reason = "Irrtum";
  for (const journal::Entry& entry : shop.journal)
    if (entry.kind == entry_kind::plan)
      reversal.lookup.original = plan_from_json(entry.payload).value();
  const std::uint64_t request = shop.send(reversal);
  shop.settle();
  EXPECT_TRUE(shop.accepted(request).plan) << shop.refusal(request);
  reversal.key = "r2";
  EXPECT_EQ(shop.refusal(shop.send(reversal)), "E-SAL-514");
  shop.send(TestStand::sale(2, "lost"));
  shop.flush();
  shop.answer_call();
  shop.lose_answer();
  shop.wake();
  shop.flush();
}

TEST_F(RecoveryTest, ASnapshotReadsBackAndAFoldOfTheRestGoesOnFromIt) {
  eventful_day(shop);
  const std::string text = shop.state_text();
  EXPECT_EQ(text, shop.fold_text());
  auto state = State::from_snapshot(text);
  ASSERT_TRUE(state.ok()) << state.error().detail;
  EXPECT_EQ(state->snapshot(), text);
  const std::size_t from = shop.journal.size();
  shop.recover();
  shop.sell(1, "b");
  for (std::size_t i = from; i < shop.journal.size(); ++i)
    ASSERT_TRUE(state->apply(shop.journal[i]).ok());
  EXPECT_EQ(state->snapshot(), shop.state_text());
}

TEST(State, AnEmptyOneIsTheExampleOfItsPage) {
  const auto page = read_file(SIEGEL_SOURCE_DIR "/docs/formats/snapshot.md", 100'000);
  ASSERT_TRUE(page.ok());
  EXPECT_NE(text_of(*page).find("\n" + State().snapshot() + "\n"), std::string_view::npos)
      << State().snapshot();
}

TEST_F(RecoveryTest, ADamagedSnapshotIsRefused) {
  eventful_day(shop);
  const std::string text = shop.state_text();
  EXPECT_FALSE(State::from_snapshot("").ok());
  EXPECT_FALSE(State::from_snapshot("{}").ok());
  std::string newer = text;
  newer.replace(newer.find("\"version\":3"), 11, "\"version\":9");
  EXPECT_EQ(State::from_snapshot(newer).error().code, "E-JRN-111");
  for (std::size_t cut = 0; cut < text.size(); cut += 37)
    EXPECT_FALSE(State::from_snapshot(text.substr(0, cut)).ok());
}

TEST_F(RecoveryTest, EntriesThatDoNotFollowAreRefused) {
  shop.sell(1, "a");
  State state;
  EXPECT_EQ(state.apply(shop.journal[1]).error().code, "E-JRN-110");
  journal::Entry unknown_kind = shop.journal[0];
  unknown_kind.kind = "fancy";
  EXPECT_EQ(state.apply(unknown_kind).error().code, "E-JRN-110");
  journal::Entry newer = shop.journal[0];
  newer.version = 2;
  EXPECT_EQ(state.apply(newer).error().code, "E-JRN-110");
  for (const journal::Entry& entry : shop.journal) ASSERT_TRUE(state.apply(entry).ok());
  journal::Entry second_seal = shop.journal.back();
  second_seal.sequence = journal::Sequence(shop.last() + 1);
  EXPECT_EQ(state.apply(second_seal).error().code, "E-JRN-110");
}

TEST_F(RecoveryTest, KeysInTheIndexAreForgottenOneGenerationLater) {
  shop.sell(1, "a");
  const std::uint64_t first = shop.last();
  shop.sell(1, "b");
  const auto known = [&](const char* key) {
    return shop.recorder().state().find_key(TestStand::reg(1), key) != nullptr;
  };
  shop.on(Indexed{first});
  EXPECT_TRUE(known("a")) << "a look-up made before may be on its way";
  shop.on(Indexed{shop.last()});
  EXPECT_FALSE(known("a"));
  EXPECT_TRUE(known("b"));
  EXPECT_EQ(shop.recorder().state().forgotten_up_to, first);

  // A look-up older than what was forgotten cannot be believed; a newer one can.
  Sell again = TestStand::sale(1, "a");
  EXPECT_EQ(shop.refusal(shop.send(again)), "E-API-603");
  again.lookup.position = shop.last();
  again.lookup.key = KnownKey{first - 1, again.fingerprint};
  const std::uint64_t request = shop.send(again);
  EXPECT_EQ(shop.accepted(request).sequence, first - 1);
  EXPECT_TRUE(shop.accepted(request).replayed);
  Sell open = TestStand::sale(1, "c");
  open.lookup.position = shop.last();
  EXPECT_EQ(shop.refusal(shop.send(open)), "no answer");
}

}  // namespace
}  // namespace siegel::recorder
