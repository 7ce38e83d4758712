#include <gtest/gtest.h>

#include <string>

#include "errand.h"

// The power is cut at every write and every sync of one errand, one after the other, of the journal
// and of the TSE's store. The till repeats what was not answered and gets its one receipt.

namespace siegel::simulation {
namespace {

enum class At { sync, change };

struct Case {
  const char* name;
  Errand (*errand)();
  bool tse_disk;
  At at;
};

class Cuts : public ::testing::TestWithParam<Case> {};

/// True: the cut happened. False: the errand was done before the n-th.
bool cut(const Case& what, std::uint64_t n, std::uint64_t seed) {
  ShopOptions options;
  options.seed = seed;
  options.checkpoint_pages = 12;  // the errand writes past it
  Shop shop(options);
  const auto opened = shop.open();
  EXPECT_TRUE(opened.ok()) << opened.error().detail;
  Oracle oracle;
  std::string wrong;
  shop.world().on_restart = [&] { wrong += lines_of(oracle.check_journal(shop)); };
  auto& disk = what.tse_disk ? shop.tse_disk() : shop.journal_disk();
  if (what.at == At::sync)
    disk.cut_at_sync(n);
  else
    disk.cut_at_change(n);
  Errand errand = what.errand();
  errand.run(shop, oracle);
  const bool was_cut = shop.world().counts().cuts > 0;
  shop.quiet();
  disk.cut_at_sync(0);
  EXPECT_TRUE(shop.world().settle());
  for (int i = 0; i < 5 && !errand.done(); ++i) errand.run(shop, oracle);
  EXPECT_TRUE(shop.world().settle());
  EXPECT_TRUE(errand.done());
  wrong += lines_of(errand.problems()) + lines_of(oracle.check_at_rest(shop)) +
           lines_of(oracle.verify(shop));
  EXPECT_EQ(wrong, "") << what.name << ", cut " << n << ", seed " << seed;
  return was_cut;
}

TEST_P(Cuts, AnywhereLeaveOneReceiptAndNothingSignedTwice) {
  std::uint64_t n = 1;
  std::uint64_t cuts = 0;
  for (bool any = true; any && !HasFailure(); ++n) {
    any = false;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
      if (cut(GetParam(), n, seed)) {
        any = true;
        ++cuts;
      }
  }
  RecordProperty("cuts", static_cast<int>(cuts));
  EXPECT_GE(cuts, 8U) << "the errand reaches this disk";
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, Cuts,
    ::testing::Values(Case{"sale_journal_sync", &Errand::sale, false, At::sync},
                      Case{"sale_journal_write", &Errand::sale, false, At::change},
                      Case{"sale_tse_sync", &Errand::sale, true, At::sync},
                      Case{"sale_tse_write", &Errand::sale, true, At::change},
                      Case{"vorgang_journal_sync", &Errand::vorgang, false, At::sync},
                      Case{"vorgang_journal_write", &Errand::vorgang, false, At::change},
                      Case{"vorgang_tse_sync", &Errand::vorgang, true, At::sync},
                      Case{"vorgang_tse_write", &Errand::vorgang, true, At::change}),
    [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace siegel::simulation
