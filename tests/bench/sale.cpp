#include <fmt/format.h>

#include "bare.h"
#include "report.h"
#include "world.h"

namespace siegel::bench {
namespace {

struct Times {
  std::vector<double> rate, cpu, switches, p50, p99, p999, greatest;

  void add(const Run& run) {
    rate.push_back(run.sales_a_second);
    cpu.push_back(run.cpu_us);
    switches.push_back(run.switches);
    p50.push_back(percentile(run.latencies_ms, 0.5));
    p99.push_back(percentile(run.latencies_ms, 0.99));
    p999.push_back(percentile(run.latencies_ms, 0.999));
    greatest.push_back(run.latencies_ms.back());
  }
};

void show(Report& report, const std::string& what, const std::string& who, const Times& ours,
          const Times& bare, const std::string& note) {
  report.add({.name = what + ", " + who,
              .unit = "sales/s",
              .value = median(ours.rate),
              .bare = median(bare.rate),
              .at_least = 0.6,
              .at_most = {},
              .ratio = {},
              .note = note});
  const auto line = [&](const char* name, const std::vector<double>& a,
                        const std::vector<double>& b, const char* unit = "ms") {
    report.add({.name = "  " + std::string(name) + ", " + who,
                .unit = unit,
                .value = median(a),
                .bare = median(b),
                .at_least = {},
                .at_most = {},
                .ratio = {},
                .note = {}});
  };
  line("p50", ours.p50, bare.p50);
  line("p99", ours.p99, bare.p99);
  line("p99.9", ours.p999, bare.p999);
  line("processor time", ours.cpu, bare.cpu, "us/sale");
  line("thread switches", ours.switches, bare.switches, "a sale");
  line("longest", ours.greatest, bare.greatest);
}

Result<Run> bare_run(const std::filesystem::path& folder, Law law, const SaleSizes& sizes,
                     std::size_t registers, double seconds) {
  if (law == Law::de)
    return registers == 1 ? bare::sell_one(folder, sizes, seconds)
                          : bare::sell_many(folder, sizes, registers, seconds);
  return registers == 1 ? bare::sign_one(folder, sizes, seconds)
                        : bare::sign_many(folder, sizes, registers, seconds);
}

Status run(const Settings& settings, Law law, std::size_t registers, Report& report) {
  Times ours;
  Times bare;
  SaleSizes sizes;
  for (int i = 0; i < settings.runs; ++i) {
    {
      SIEGEL_TRY(const auto world, World::open(fresh_folder(settings, "sale"), law));
      SIEGEL_TRY(sizes, world->sizes());
      SIEGEL_TRY(const Run run, world->sell(registers, settings.seconds));
      ours.add(run);
    }
    const auto folder = fresh_folder(settings, "sale-bare");
    SIEGEL_TRY(const Run run, bare_run(folder, law, sizes, registers, settings.seconds));
    bare.add(run);
  }
  show(report, law == Law::de ? "whole sale" : "sign and record",
       registers == 1 ? "1 register" : fmt::format("{} registers", registers), ours, bare,
       law == Law::de ? fmt::format("bytes: plan {}, start {}, finish {}, seal {}", sizes.plan,
                                    sizes.start, sizes.finish, sizes.seal)
                      : fmt::format("bytes: plan {}, seal {}; both sides verify each signature",
                                    sizes.plan, sizes.seal));
  return Ok{};
}

void run_and_report(const Settings& settings, Law law, std::size_t registers, Report& report) {
  if (const Status done = run(settings, law, registers, report); !done.ok())
    report.failed("sale", done.error().code + " " + done.error().detail);
}

}  // namespace

void bench_sale_1(const Settings& settings, Report& report) {
  run_and_report(settings, Law::de, 1, report);
}

void bench_sale_32(const Settings& settings, Report& report) {
  run_and_report(settings, Law::de, World::registers_max, report);
}

void bench_sign_1(const Settings& settings, Report& report) {
  run_and_report(settings, Law::at, 1, report);
}

void bench_sign_32(const Settings& settings, Report& report) {
  run_and_report(settings, Law::at, World::registers_max, report);
}

}  // namespace siegel::bench
