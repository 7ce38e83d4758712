#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/test_stand.h"

// What is recorded of the care of a TSE, and its end.

namespace siegel::recorder {
namespace {

using std::chrono::hours;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* first = TestStand::serial;
constexpr const char* second = TestStand::second;

class TseCareTest : public RecorderTest {
 protected:
  template <class Value>
  std::string refused(Value value, bool replaces = false) {
    const std::size_t before = shop.journal.size();
    const std::uint64_t request = shop.master(std::move(value), replaces);
    EXPECT_EQ(shop.journal.size(), before) << "nothing is written of what is refused";
    return shop.refusal(request);
  }
  void expect_fold() {
    EXPECT_EQ(shop.state_text(), shop.fold_text());
    const auto again = State::from_snapshot(shop.state_text());
    ASSERT_TRUE(again.ok()) << again.error().detail;
    EXPECT_EQ(again->snapshot(), shop.state_text());
  }
  static TseChecked checked() {
    TseChecked out;
    out.tse_serial = first;
    out.counter = 10;
    out.sequence = 5;
    out.pending = {9};
    out.signatures = 11;
    out.signatures_left = 100;
    out.storage_bytes = 1000;
    out.storage_used_bytes = 10;
    out.certificate_until = Instant::from_unix(1'900'000'000);
    out.told = {"ab12/certificate/90"};
    return out;
  }
  /// Both registers sign on the second, which the first has nothing to do with any more.
  void move_away() {
    shop.master(TestStand::tse("tse-2", second));
    for (const int till : {1, 2})
      shop.master(RegisterInfo{TestStand::reg(till), "Kasse", second}, true);
  }
};

TEST_F(TseCareTest, AChecksResultIsKeptAndSurvivesARestart) {
  shop.master(checked());
  shop.pass(hours(24));
  TseChecked found = checked();
  found.how = TseChecked::How::read_back;
  found.signatures = 0;
  found.findings = {{"E-ARC-113", "gone", 12}};
  found.findings_total = 1;
  shop.master(found);
  const TseCare& care = shop.recorder().state().care.at(first);
  EXPECT_EQ(care.last, checked()) << "what the night compared stays";
  EXPECT_EQ(care.found, found);
  EXPECT_EQ(care.found_at - care.checked_at, hours(24));
  EXPECT_THAT(care.samples, SizeIs(1));
  EXPECT_TRUE(care.told.contains("ab12/certificate/90"));
  expect_fold();
  found.tse_serial = "ffff";
  EXPECT_EQ(refused(found), "E-TSE-302");
}

TEST_F(TseCareTest, ATseThatIsUsedIsNotRetired) {
  EXPECT_EQ(refused(TseRetired{.tse_serial = first, .reason = "full"}), "E-RET-103");
  shop.commission_second();
  EXPECT_EQ(refused(TseRetired{.tse_serial = second, .reason = "spare"}), "E-RET-103")
      << "it stands in for the first";
  EXPECT_EQ(refused(TseRetired{.tse_serial = "ffff", .reason = "x"}), "E-TSE-302");
}

TEST_F(TseCareTest, AnEndNeedsAReasonAndIsForEver) {
  RecordProperty("proves", "FCC-061");
  move_away();
  EXPECT_EQ(refused(TseRetired{.tse_serial = first, .reason = ""}), "E-RET-102");
  EXPECT_EQ(refused(TseRetired{.tse_serial = first, .reason = "two\nlines"}), "E-RET-102");
  EXPECT_EQ(refused(TseRetired{.tse_serial = first, .reason = "x", .successor = "ffff"}),
            "E-TSE-302");
  shop.master(TseRetired{.tse_serial = first, .reason = "full", .counter = 7, .successor = second});
  EXPECT_TRUE(shop.recorder().state().retired(first));
  EXPECT_EQ(refused(TseRetired{.tse_serial = first, .reason = "again"}), "E-RET-101");
  EXPECT_EQ(refused(RegisterInfo{TestStand::reg(1), "Kasse", first}, true), "E-RET-101");
  expect_fold();
  shop.restart();
  EXPECT_EQ(refused(RegisterInfo{TestStand::reg(1), "Kasse", first}, true), "E-RET-101");
  EXPECT_EQ(shop.sell(1, "k1").plan->tse_serial, second);
}

TEST_F(TseCareTest, TheOutageOfALostTseEndsWithItAndNobodyAsksItAnyMore) {
  const std::uint64_t request = shop.send(TestStand::sale(1, "k1"));
  shop.flush();
  shop.fail_call(unavailable("E-TSE-402", "stolen"));
  shop.flush();
  ASSERT_EQ(shop.accepted(request).seal->outcome, Seal::Outcome::unsigned_outage);
  move_away();
  shop.master(TseRetired{.tse_serial = first, .reason = "stolen", .lost = true});
  const OutageState& outage = shop.recorder().state().outages.at(first);
  EXPECT_FALSE(outage.open.has_value());
  EXPECT_EQ(outage.next_number, 2U);
  shop.probes.clear();
  shop.pass(hours(1));
  shop.wake();
  EXPECT_THAT(shop.probes, IsEmpty());
  EXPECT_EQ(shop.sell(1, "k2").seal->outcome, Seal::Outcome::signed_by_tse);
  expect_fold();
  shop.restart();
  EXPECT_THAT(shop.probes, IsEmpty());
  EXPECT_EQ(shop.sell(2, "k3").seal->outcome, Seal::Outcome::signed_by_tse);
}

}  // namespace
}  // namespace siegel::recorder
