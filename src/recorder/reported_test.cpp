#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/codec.h"
#include "recorder/test_stand.h"

// Failures the recorder is told of: printers, whole tills, a TSE that is not there at the start;
// and messages people have seen.

namespace siegel::recorder {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* printer = "printer:Bondrucker";

OutageReport failed(const std::string& device) {
  return {.device = device, .code = "E-PRN-302", .text = "no answer"};
}
OutageReport works_again(const std::string& device) {
  return {.device = device, .ended = true, .code = {}, .text = {}};
}

class ReportedTest : public RecorderTest {
 protected:
  template <class Value>
  std::string refused(Value value) {
    const std::size_t before = shop.journal.size();
    const std::uint64_t request = shop.master(std::move(value));
    EXPECT_EQ(shop.journal.size(), before) << "nothing is written of what is refused";
    return shop.refusal(request);
  }
  OutageBegan began(std::size_t index) {
    std::vector<OutageBegan> all;
    for (const journal::Entry& entry : shop.journal)
      if (entry.kind == entry_kind::outage_begin)
        all.push_back(outage_began_from_json(entry.payload).value());
    return all.at(index);
  }
  void expect_fold() { EXPECT_EQ(shop.state_text(), shop.fold_text()); }
};

TEST_F(ReportedTest, APrinterThatFailsIsAnOutageOfItsOwnAndSigningGoesOn) {
  RecordProperty("proves", "TSS-005 DIK-015");
  shop.master(failed(printer));
  EXPECT_EQ(began(0).tse_serial, printer);
  EXPECT_EQ(began(0).number, 1U);
  EXPECT_EQ(shop.journal.back().actor, "anna");
  EXPECT_EQ(shop.sell(1, "k1").seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_THAT(shop.probes, IsEmpty()) << "a printer is asked nothing";
  EXPECT_EQ(refused(failed(printer)), "E-OUT-105");

  shop.pass(minutes(3));
  shop.master(works_again(printer));
  EXPECT_EQ(shop.journal.back().kind, entry_kind::outage_end);
  EXPECT_EQ(refused(works_again(printer)), "E-OUT-106");
  const auto& past = shop.recorder().state().outages.at(printer).last;
  ASSERT_TRUE(past.has_value());
  EXPECT_EQ(past->ended.until - past->began.since, minutes(3));
  shop.master(failed(printer));
  EXPECT_EQ(began(1).number, 2U) << "its numbers have no gap and start with no other's";
  expect_fold();
}

TEST_F(ReportedTest, AfterAPowerCutAPrinterIsStillBrokenAndAskedNothing) {
  shop.master(failed(printer));
  shop.restart();
  EXPECT_THAT(shop.probes, IsEmpty());
  EXPECT_TRUE(shop.recorder().idle());
  EXPECT_TRUE(shop.recorder().state().outages.at(printer).open.has_value());
  EXPECT_EQ(shop.sell(1, "k1").seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(State::from_snapshot(shop.state_text()).value().snapshot(), shop.state_text());
}

TEST_F(ReportedTest, ATillThatWasDownIsEnteredByAPersonAfterwards) {
  RecordProperty("proves", "TSS-005");
  const Instant now = shop.now.wall;
  OutageReport report{.device = "register:KASSE-2", .code = "E-OUT-201", .text = "Netzteil defekt"};
  report.since = now - hours(5);
  report.until = now - hours(1);
  const std::size_t before = shop.journal.size();
  shop.master(report);
  EXPECT_THAT(shop.kinds(before), ElementsAre(entry_kind::outage_begin, entry_kind::outage_end));
  EXPECT_EQ(began(0).since, *report.since);
  EXPECT_EQ(shop.recorder().state().outages.at("register:KASSE-2").last->ended.until,
            *report.until);
  EXPECT_FALSE(shop.recorder().state().outages.at("register:KASSE-2").open.has_value());

  std::swap(report.since, report.until);
  EXPECT_EQ(refused(report), "E-OUT-107");
  report.since = now + seconds(1);
  report.until.reset();
  EXPECT_EQ(refused(report), "E-OUT-107");
  report.device = "register:KASSE-9";
  EXPECT_EQ(refused(report), "E-OUT-101");
  expect_fold();
}

TEST_F(ReportedTest, ATseThatIsNotThereAtTheStartIsOutFromThenOnAndNobodyWaitsForIt) {
  RecordProperty("proves", "DIK-019");
  shop.master(OutageReport{
      .device = TestStand::serial, .code = "E-TSE-101", .text = "no TSE at /dev/tse0"});
  EXPECT_EQ(began(0).code, "E-TSE-101");
  const Accepted sold = shop.sell(1, "k1");
  EXPECT_EQ(sold.seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(sold.seal->error_code, "E-TSE-101");
  EXPECT_THAT(shop.calls, IsEmpty()) << "the first customer does not wait either";
  EXPECT_EQ(
      refused(OutageReport{.device = TestStand::serial, .code = "E-TSE-101", .text = "again"}),
      "E-OUT-105");
  EXPECT_EQ(refused(works_again(TestStand::serial)), "E-OUT-106") << "only the TSE itself ends it";
  shop.recover();
  EXPECT_EQ(shop.sell(1, "k2").seal->outcome, Seal::Outcome::signed_by_tse);
  expect_fold();
}

TEST_F(ReportedTest, WhatIsNoDeviceAndWhatIsNoLineIsRefused) {
  EXPECT_EQ(refused(failed("printer:")), "E-OUT-101");
  EXPECT_EQ(refused(failed("printer:a\nb")), "E-OUT-101");
  EXPECT_EQ(refused(failed("printer:" + std::string(61, 'x'))), "E-OUT-101");
  EXPECT_EQ(refused(failed("card-1")), "E-OUT-101");
  OutageReport report = failed(printer);
  report.text = "two\nlines";
  EXPECT_EQ(refused(report), "E-OUT-102");
  report.text.clear();
  EXPECT_EQ(refused(report), "E-OUT-102");
  report = failed(printer);
  report.code = "a code; with more";
  EXPECT_EQ(refused(report), "E-OUT-102");
}

TEST_F(ReportedTest, AMessageSeenStaysSeenAfterARestart) {
  shop.master(MessageSeen{"outage/ab12/1"});
  shop.restart();
  const auto& seen = shop.recorder().state().seen;
  ASSERT_TRUE(seen.contains("outage/ab12/1"));
  EXPECT_EQ(seen.at("outage/ab12/1").by, "anna");
  EXPECT_EQ(refused(MessageSeen{""}), "E-OUT-108");
  EXPECT_EQ(refused(MessageSeen{std::string(201, 'x')}), "E-OUT-108");
  const auto again = State::from_snapshot(shop.state_text());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->snapshot(), shop.state_text());
  EXPECT_EQ(again->seen, seen);
}

TEST_F(ReportedTest, OfManyMessagesTheOldestAreForgotten) {
  State state;
  for (std::uint64_t i = 1; i <= State::seen_max + 3; ++i)
    state.apply_seen(i, shop.now.wall, "anna", MessageSeen{"message " + std::to_string(i)});
  EXPECT_EQ(state.seen.size(), State::seen_max);
  EXPECT_FALSE(state.seen.contains("message 3"));
  EXPECT_TRUE(state.seen.contains("message 4"));
}

}  // namespace
}  // namespace siegel::recorder
