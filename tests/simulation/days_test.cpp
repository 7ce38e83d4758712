#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "till.h"

// Whole shop-days by seed. A seed that fails is printed; SIEGEL_SEED=n runs that one day again,
// SIEGEL_DAYS=n so many from it.

namespace siegel::simulation {
namespace {

struct Totals {
  std::uint64_t answered = 0;
  std::uint64_t signed_receipts = 0;
  std::uint64_t unsigned_receipts = 0;
  runtime::sim::World::Counts counts;
};

/// For whoever looks into a day that failed.
void print_journal(Shop& shop) {
  const auto entries = shop.entries();
  if (!entries) return;
  for (const journal::Entry& entry : *entries)
    std::cout << fmt::format("{:4} {} {:14} {:8} {}\n", entry.sequence.get(), entry.at.text(),
                             entry.kind, entry.register_id, entry.payload.substr(0, 700));
}

/// Ordinary days, and those on which calendars trip: ends of months and years, the hours that the
/// clock leaves out and repeats, a leap day. A little before it happens.
Instant draw_opening(SeededRandom& draw) {
  constexpr std::string_view times[] = {"2026-11-18T13:06:40.000Z", "2026-11-18T13:06:40.000Z",
                                        "2026-11-30T23:00:00.000Z", "2026-12-31T23:00:00.000Z",
                                        "2027-03-28T01:00:00.000Z", "2027-10-31T01:00:00.000Z",
                                        "2028-02-28T23:00:00.000Z", "2028-02-29T23:00:00.000Z"};
  const Instant at = Instant::parse(times[draw.below(std::size(times))]).value();
  return at + std::chrono::seconds(draw.below(1200)) - std::chrono::seconds(900);
}

const Instant earliest = Instant::parse("2026-11-18T00:00:00.000Z").value();

/// What is wrong with this day; empty: nothing.
std::string run_day(std::uint64_t seed, Totals& totals) {
  SeededRandom draw(seed * 7919 + 1);
  ShopOptions options;
  options.seed = seed;
  options.registers = 1 + draw.below(registers_max);
  options.tse_faults = draw.below(4) != 0;
  if (options.tse_faults && draw.below(3) == 0) options.world.hang_per_mille = 20;
  if (draw.below(5) == 0) options.world.lie_per_mille = 30;
  options.tses = 1 + draw.below(tses_max);
  options.backups = draw.below(3) != 0;
  options.opening = draw_opening(draw);
  Shop shop(options);
  if (const auto opened = shop.open(); !opened) return "  not opened: " + opened.error().detail;
  const bool cuts = draw.below(4) != 0;
  const bool bad_disk = draw.below(4) == 0;
  const bool bad_clock = draw.below(5) == 0;

  Oracle oracle;
  Tills tills(shop, oracle, 20 + draw.below(41));
  runtime::sim::World& world = shop.world();
  std::string wrong;
  world.on_restart = [&] {
    tills.restarted();
    wrong += lines_of(oracle.check_journal(shop));
  };
  while (tills.act() && wrong.empty()) {
    if (cuts && draw.below(400) == 0) {
      world.cut_power();
      if (const auto up = world.power_up(); !up) return "  not opened again: " + up.error().detail;
    } else if (cuts && draw.below(400) == 0) {
      auto& disk =
          draw.below(2) == 0 ? shop.journal_disk() : shop.tse_disk(draw.below(shop.tses()));
      disk.cut_at_change(1 + draw.below(20));
    } else if (bad_disk && draw.below(200) == 0) {
      auto& disk =
          draw.below(3) != 0 ? shop.journal_disk() : shop.tse_disk(draw.below(shop.tses()));
      disk.inject({.fault = draw.below(2) == 0 ? sqlite::testing::Fault::io_error
                                               : sqlite::testing::Fault::full,
                   .at_change = 1 + draw.below(10),
                   .count = 1 + draw.below(3),
                   .applied = draw.below(2) == 0,
                   .syncs_only = draw.below(3) == 0});
    } else if (bad_clock && draw.below(300) == 0) {
      const auto by = std::chrono::seconds(draw.below(draw.below(3) == 0 ? 100'000 : 300));
      // Never to before the certificates of the TSEs began: then none can work.
      const bool back = draw.below(2) != 0 && shop.clock().now().wall - by > earliest;
      shop.clock().turn(back ? -by : by);
    }
    world.step();
  }
  shop.quiet();
  // What a day leaves half done is done after one more start.
  if (draw.below(2) == 0) {
    world.cut_power();
    if (const auto up = world.power_up(); !up) return wrong + "  not opened: " + up.error().detail;
  }
  // A journal that could not be written is tried again by whoever comes next.
  if (world.recorder() == nullptr) (void)shop.run("office", recorder::Master{Profile{}, false});
  if (const auto on = shop.switch_on(); !on) wrong += "  not switched on: " + on.error().detail;
  if (!world.settle()) wrong += "  it does not come to rest\n";
  tills.repeat_unanswered();
  if (const auto on = shop.switch_on(); !on) wrong += "  not switched on: " + on.error().detail;
  if (!world.settle()) wrong += "  it does not come to rest in the end\n";
  wrong += lines_of(tills.problems());
  if (wrong.empty()) wrong += lines_of(oracle.check_at_rest(shop));
  if (wrong.empty()) wrong += lines_of(oracle.verify(shop));

  if (!wrong.empty() && std::getenv("SIEGEL_SEED") != nullptr) {
    print_journal(shop);
    for (std::size_t i = 0; i < shop.tses(); ++i) {
      const std::string& serial = shop.tse_serial(i);
      const Status works = shop.probe(i);
      std::cout << fmt::format("TSE {} {}\n", serial,
                               works ? "works" : works.error().code + " " + works.error().detail);
    }
  }
  totals.answered += tills.answered();
  totals.signed_receipts += tills.signed_receipts();
  totals.unsigned_receipts += tills.unsigned_receipts();
  const auto& counts = world.counts();
  totals.counts.steps += counts.steps;
  totals.counts.cuts += counts.cuts;
  totals.counts.commits += counts.commits;
  totals.counts.commits_failed += counts.commits_failed;
  totals.counts.rebuilds += counts.rebuilds;
  totals.counts.device_calls += counts.device_calls;
  totals.counts.hangs += counts.hangs;
  totals.counts.lies += counts.lies;
  return wrong;
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void run_days(std::uint64_t first, std::uint64_t count) {
  Totals totals;
  const auto begin = siegel::system_clock().now().steady;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::string wrong = run_day(seed, totals);
    EXPECT_TRUE(wrong.empty()) << wrong << "day " << seed << "; again: SIEGEL_SEED=" << seed
                               << " siegel_simulation_test --gtest_filter=Days.OfOneSeed";
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      siegel::system_clock().now().steady - begin);
  const auto& counts = totals.counts;
  std::cout << fmt::format(
      "{} shop-days from seed {} in {} ms ({} a minute): {} answers, {} signed, {} unsigned, {} "
      "steps, {} power cuts, {} commits, {} failed ({} rebuilt), {} device calls, {} hung, {} "
      "lies\n",
      count, first, took.count(),
      count * 60'000 / std::max<std::uint64_t>(1, static_cast<std::uint64_t>(took.count())),
      totals.answered, totals.signed_receipts, totals.unsigned_receipts, counts.steps, counts.cuts,
      counts.commits, counts.commits_failed, counts.rebuilds, counts.device_calls, counts.hangs,
      counts.lies);
}

TEST(Days, OfOneSeed) {
  if (std::getenv("SIEGEL_SEED") == nullptr) GTEST_SKIP() << "SIEGEL_SEED names the day";
  run_days(number_from("SIEGEL_SEED", 1), number_from("SIEGEL_DAYS", 1));
}

TEST(Days, OfTheFixedSeedsEndWell) { run_days(1, number_from("SIEGEL_DAYS", 200)); }

TEST(Days, OfNewSeedsEndWell) {
  const std::uint64_t first = 1'000'000 + system_random().below(1'000'000'000);
  std::cout << "new seeds from " << first << "\n";
  run_days(first, number_from("SIEGEL_DAYS", 50));
}

}  // namespace
}  // namespace siegel::simulation
