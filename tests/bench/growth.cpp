#include <fmt/format.h>

#include "report.h"
#include "world.h"

namespace siegel::bench {
namespace {

constexpr std::uint64_t many = 1'000'000;

Status run(const Settings& settings, Report& report) {
  const auto grown_folder = settings.kept / "grown";
  std::filesystem::create_directories(grown_folder);
  SIEGEL_TRY(const auto grown, World::open(grown_folder));
  SIEGEL_TRY_OK(grown->sell_until(many));
  for (const std::size_t registers : {std::size_t{1}, World::registers_max}) {
    std::vector<double> small;
    std::vector<double> large;
    std::vector<double> small_cpu;
    std::vector<double> large_cpu;
    for (int i = 0; i < settings.runs; ++i) {
      // In turns, so that a change of the machine meets both.
      {
        SIEGEL_TRY(const auto world, World::open(fresh_folder(settings, "growth")));
        SIEGEL_TRY_OK(world->sell_until(1000));
        SIEGEL_TRY(const Run run, world->sell(registers, settings.seconds));
        small.push_back(1e6 / run.sales_a_second);
        small_cpu.push_back(run.cpu_us);
      }
      SIEGEL_TRY(const Run run, grown->sell(registers, settings.seconds));
      large.push_back(1e6 / run.sales_a_second);
      large_cpu.push_back(run.cpu_us);
    }
    SIEGEL_TRY(const std::uint64_t entries, grown->entries());
    const std::string who = fmt::format("{} register{}", registers, registers == 1 ? "" : "s");
    report.add({.name = "cost at 10^6 entries, " + who,
                .unit = "us/sale",
                .value = median(large),
                .bare = median(small),
                .at_least = {},
                .at_most = registers == 1 ? 1.1 : 1.2,
                .ratio = {},
                .note = fmt::format("beside 10^3 entries; now {}", entries)});
    report.add({.name = "  processor time, " + who,
                .unit = "us/sale",
                .value = median(large_cpu),
                .bare = median(small_cpu),
                .at_least = {},
                .at_most = {},
                .ratio = {},
                .note = {}});
  }
  return Ok{};
}

}  // namespace

void bench_growth(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("growth", done.error().code + " " + done.error().detail);
}

}  // namespace siegel::bench
