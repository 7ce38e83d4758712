#include <fmt/format.h>

#include "bare.h"
#include "report.h"
#include "world.h"

namespace siegel::bench {
namespace {

Status run(const Settings& settings, Report& report) {
  std::vector<double> ours;
  std::vector<double> bare;
  double group = 0;
  for (int i = 0; i < settings.runs; ++i) {
    SIEGEL_TRY(const auto world, World::open(fresh_folder(settings, "append")));
    SIEGEL_TRY(const double rows, world->append_rows(settings.seconds));
    const auto& commits = world->journal().commits;
    ours.push_back(rows);
    group = rows * settings.seconds / static_cast<double>(commits.size());
    SIEGEL_TRY(const double bare_rows,
               bare::append_rows(fresh_folder(settings, "append-bare"), commits, settings.seconds));
    bare.push_back(bare_rows);
  }
  report.add({.name = "durable append, 32 producers",
              .unit = "rows/s",
              .value = median(ours),
              .bare = median(bare),
              .at_least = 0.6,
              .at_most = {},
              .ratio = {},
              .note = fmt::format("{:.0f} rows a commit", group)});
  return Ok{};
}

}  // namespace

void bench_append(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("append", done.error().code + " " + done.error().detail);
}

}  // namespace siegel::bench
