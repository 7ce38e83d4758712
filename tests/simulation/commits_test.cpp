#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errand.h"

// The disk fails while the power stays on: commits are reported as failed, with or without what
// they wrote being there.

namespace siegel::simulation {
namespace {

using sqlite::testing::Fault;
using sqlite::testing::ForgetfulDisk;
using ::testing::Contains;

void expect_whole(Shop& shop, Oracle& oracle, Errand& errand, const std::string& what) {
  shop.quiet();
  for (int i = 0; i < 5 && !errand.done(); ++i) errand.run(shop, oracle);
  EXPECT_TRUE(shop.world().settle()) << what;
  EXPECT_TRUE(errand.done()) << what;
  EXPECT_EQ(lines_of(errand.problems()) + lines_of(oracle.check_at_rest(shop)) +
                lines_of(oracle.verify(shop)),
            "")
      << what;
}

struct Case {
  const char* name;
  bool tse_disk;
  bool applied;
  bool syncs_only;
};
class Commits : public ::testing::TestWithParam<Case> {};

TEST_P(Commits, ThatFailLeaveOneReceiptAndOneAnswer) {
  const Case& param = GetParam();
  bool failed = false;
  for (const Fault fault : {Fault::io_error, Fault::full}) {
    for (std::uint64_t n = 1; n <= 24 && !HasFailure(); ++n) {
      ShopOptions options;
      options.seed = n;
      Shop shop(options);
      ASSERT_TRUE(shop.open().ok());
      Oracle oracle;
      auto& disk = param.tse_disk ? shop.tse_disk() : shop.journal_disk();
      disk.inject({.fault = fault,
                   .at_change = n,
                   .count = 1,
                   .applied = param.applied,
                   .syncs_only = param.syncs_only});
      Errand errand = Errand::vorgang();
      failed = !errand.run(shop, oracle) || failed;
      expect_whole(shop, oracle, errand, std::string(param.name) + " " + std::to_string(n));
    }
  }
  EXPECT_TRUE(failed || param.tse_disk || param.applied);
}

INSTANTIATE_TEST_SUITE_P(Simulation, Commits,
                         ::testing::Values(Case{"journal_nothing_written", false, false, false},
                                           Case{"journal_all_written", false, true, false},
                                           Case{"journal_sync_fails", false, false, true},
                                           Case{"journal_sync_done", false, true, true},
                                           Case{"tse_nothing_written", true, false, false},
                                           Case{"tse_all_written", true, true, false},
                                           Case{"tse_sync_fails", true, false, true},
                                           Case{"tse_sync_done", true, true, true}),
                         [](const auto& of) { return std::string(of.param.name); });

TEST(FullDisk, AJournalThatCannotBeWrittenSellsNothingUntilItCan) {
  Shop shop({});
  ASSERT_TRUE(shop.open().ok());
  Oracle oracle;
  shop.journal_disk().inject({.fault = Fault::full, .at_change = 1, .count = 1'000'000});
  Errand errand = Errand::sale();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(errand.run(shop, oracle));
  EXPECT_THAT(errand.refusals(), Contains("E-JRN-203"));
  EXPECT_THAT(errand.refusals(), Contains("E-JRN-204"));
  EXPECT_EQ(shop.world().recorder(), nullptr);
  expect_whole(shop, oracle, errand, "full disk");
}

}  // namespace
}  // namespace siegel::simulation
