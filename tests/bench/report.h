#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// What all benchmarks share: how long, where, and how a figure is shown beside its limit.

namespace siegel::bench {

struct Settings {
  std::filesystem::path scratch;  ///< on the disk of the build folder; emptied at the end
  std::filesystem::path kept;     ///< data that take long to make, for the next run
  int runs = 3;                   ///< of which the median counts
  double seconds = 2.0;           ///< of one run
};

struct Figure {
  std::string name;
  std::string unit;
  double value = 0;
  std::optional<double> bare;  ///< the same unit, from a bare loop in the same run
  /// The ratio (value / bare, or `ratio` itself) is to be at least, or at most, this.
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::optional<double> ratio;  ///< empty: value / bare
  std::string note;
};

class Report {
 public:
  explicit Report(bool json) : m_json(json) {}
  void add(Figure figure);
  /// The machine and its load before the first figure.
  void head();
  /// True: every figure with a bar reached it.
  [[nodiscard]] bool finish();
  /// What could not be measured, and why.
  void failed(const std::string& name, const std::string& why);

 private:
  bool m_json;
  bool m_good = true;
  std::vector<std::string> m_lines;
};

[[nodiscard]] double median(std::vector<double> values);
/// Seconds of the steady clock.
[[nodiscard]] double seconds_now();
/// The value below which `share` of the (sorted) values lie.
[[nodiscard]] double percentile(const std::vector<double>& sorted, double share);
/// What this process has used so far: says more than wall time on a machine that others use too.
struct Usage {
  double cpu_us = 0;
  double switches = 0;  ///< of threads, because they waited
};
[[nodiscard]] Usage usage();
/// Greatest resident memory of this process so far, MB.
[[nodiscard]] double peak_memory_mb();
/// An empty folder below the scratch folder.
[[nodiscard]] std::filesystem::path fresh_folder(const Settings& settings, const std::string& name);

/// One benchmark; adds its figures.
using Benchmark = void (*)(const Settings&, Report&);
void bench_append(const Settings& settings, Report& report);
void bench_sale_1(const Settings& settings, Report& report);
void bench_sale_32(const Settings& settings, Report& report);
void bench_sign_1(const Settings& settings, Report& report);
void bench_sign_32(const Settings& settings, Report& report);
void bench_growth(const Settings& settings, Report& report);
void bench_closing(const Settings& settings, Report& report);
void bench_verify(const Settings& settings, Report& report);
/// The other process of bench_verify: prints seconds, signatures and megabytes.
int verify_child(const char* file);
void bench_verify_dsfinvk(const Settings& settings, Report& report);
/// The other process of bench_verify_dsfinvk: prints seconds, signatures and megabytes.
int verify_dsfinvk_child(const char* folder);
void bench_verify_dep(const Settings& settings, Report& report);
/// The other process of bench_verify_dep: prints seconds, signatures and bytes of memory each.
int verify_dep_child(const char* file, const char* container);
void bench_export_dep(const Settings& settings, Report& report);
/// The other process of bench_export_dep: prints seconds, bytes written and megabytes of memory.
int export_dep_child();
void bench_export_dsfinvk(const Settings& settings, Report& report);
/// The other process of bench_export_dsfinvk: prints seconds, bytes written and megabytes of
/// memory.
int export_dsfinvk_child();

}  // namespace siegel::bench
