#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "report.h"

// docs/reference/benchmarks.md

namespace {

struct Entry {
  std::string_view name;
  std::string_view what;
  siegel::bench::Benchmark run;
};

constexpr std::array entries = {
    Entry{"append", "durable append, 32 producers", siegel::bench::bench_append},
    Entry{"sale-1", "whole sale, 1 register", siegel::bench::bench_sale_1},
    Entry{"sale-32", "whole sale, 32 registers on one TSE", siegel::bench::bench_sale_32},
    Entry{"sign-1", "Austria: sign and record, 1 register", siegel::bench::bench_sign_1},
    Entry{"sign-32", "Austria: sign and record, 32 registers", siegel::bench::bench_sign_32},
    Entry{"growth", "a sale at a million entries", siegel::bench::bench_growth},
    Entry{"closing", "closing a day of 1,000 receipts", siegel::bench::bench_closing},
    Entry{"verify", "checking an export of a TSE", siegel::bench::bench_verify},
    Entry{"verify-dsfinvk", "checking a DSFinV-K export", siegel::bench::bench_verify_dsfinvk},
    Entry{"verify-dep", "Austria: checking a DEP", siegel::bench::bench_verify_dep},
    Entry{"export-dep", "Austria: writing a DEP", siegel::bench::bench_export_dep},
    Entry{"export-dsfinvk", "writing a DSFinV-K export", siegel::bench::bench_export_dsfinvk},
};

int help() {
  fmt::print("siegel_bench [--json] [--runs N] [--seconds S] [NAME...]\n\n");
  for (const Entry& entry : entries) fmt::print("  {:<8} {}\n", entry.name, entry.what);
  fmt::print("\nExit code 1: a figure is below its bar (docs/reference/benchmarks.md).\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--verify-child") == 0)
    return siegel::bench::verify_child(argv[2]);
  if (argc == 3 && std::strcmp(argv[1], "--verify-dsfinvk-child") == 0)
    return siegel::bench::verify_dsfinvk_child(argv[2]);
  if (argc == 4 && std::strcmp(argv[1], "--verify-dep-child") == 0)
    return siegel::bench::verify_dep_child(argv[2], argv[3]);
  if (argc == 2 && std::strcmp(argv[1], "--export-dsfinvk-child") == 0)
    return siegel::bench::export_dsfinvk_child();
  if (argc == 2 && std::strcmp(argv[1], "--export-dep-child") == 0)
    return siegel::bench::export_dep_child();
  siegel::bench::Settings settings;
  bool json = false;
  std::vector<std::string_view> names;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") {
      json = true;
    } else if (argument == "--runs" && i + 1 < argc) {
      settings.runs = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--seconds" && i + 1 < argc) {
      settings.seconds = std::max(0.1, std::atof(argv[++i]));
    } else if (argument.starts_with("-")) {
      return help();
    } else {
      names.push_back(argument);
    }
  }
  settings.kept = SIEGEL_BINARY_DIR "/bench-data";
  settings.scratch = settings.kept / fmt::format("scratch-{}", getpid());
  siegel::bench::Report report(json);
  report.head();
  for (const Entry& entry : entries) {
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [&](std::string_view name) {
          return entry.name.starts_with(name);
        });
    if (wanted) entry.run(settings, report);
  }
  std::error_code ignored;
  std::filesystem::remove_all(settings.scratch, ignored);
  return report.finish() ? 0 : 1;
}
