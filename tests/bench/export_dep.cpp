#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "country/at/export/dep7.h"
#include "report.h"

namespace siegel::bench {
namespace {

constexpr std::uint64_t receipts = 1'000'000;
constexpr double mega = 1'000'000;

class CountingSink final : public Sink {
 public:
  Status write(BytesView bytes) override {
    m_bytes += bytes.size();
    return Ok{};
  }
  [[nodiscard]] double bytes() const { return static_cast<double>(m_bytes); }

 private:
  std::uint64_t m_bytes = 0;
};

SignerInfo signer() {
  SignerInfo info;
  info.id = "card-1";
  info.serial = "1a2b3c4d5e6f";
  info.provider = "AT1";
  info.certificates = {Bytes(700, std::byte{1}), Bytes(900, std::byte{2})};
  return info;
}

struct Child {
  double seconds = 0;
  double bytes = 0;
  double memory_mb = 0;
};

/// In a process of its own: its peak of memory is that of an export.
Result<Child> run_child() {
  const std::string command = fmt::format("'{}' --export-dep-child",
                                          std::filesystem::read_symlink("/proc/self/exe").string());
  std::FILE* pipe = popen(command.c_str(), "r");
  Child child;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf %lf %lf", &child.seconds,
                                                   &child.bytes, &child.memory_mb) == 3;
  if (pipe == nullptr || pclose(pipe) != 0 || !read)
    return unavailable("E-FIL-004", "the export failed");
  return child;
}

Status run(const Settings& settings, Report& report) {
  std::vector<double> rate;
  double memory_mb = 0;
  for (int i = 0; i < settings.runs; ++i) {
    SIEGEL_TRY(const Child child, run_child());
    rate.push_back(child.bytes / mega / child.seconds);
    memory_mb = std::max(memory_mb, child.memory_mb);
  }
  constexpr double bar_mb_s = 200;
  report.add({.name = "write a DEP (DEP7)",
              .unit = "MB/s",
              .value = median(rate),
              .bare = {},
              .at_least = 1.0,
              .at_most = {},
              .ratio = median(rate) / bar_mb_s,
              .note = fmt::format("{} receipts; ratio to {} MB/s", receipts, bar_mb_s)});
  report.add({.name = "  memory for all of them",
              .unit = "MB",
              .value = memory_mb,
              .bare = {},
              .at_least = {},
              .at_most = 1.0,
              .ratio = memory_mb,
              .note = "ratio to 1 MB"});
  return Ok{};
}

}  // namespace

int export_dep_child() {
  const SignerInfo info = signer();
  const Bytes signature(64, std::byte{7});
  std::string payload =
      "_R1-AT1_KASSE-01_KASSE-01-000000_2026-07-01T09:07:00_120,00_11,00_5,65_3,33_1,19_"
      "gJg3FywF/pQ=_1a2b3c4d5e6f_KugYRULx7mk=";
  const std::size_t number = payload.find("000000");
  CountingSink sink;
  country::at::Dep7Writer writer(sink);
  const auto write = [&](std::uint64_t i) {
    fmt::format_to_n(payload.data() + number, 6, "{:06}", i);
    return writer.add(info, payload, signature).ok();
  };
  if (!write(0)) return 1;  // what is held from the first receipt to the last is held now
  const double base = peak_memory_mb();
  const double begin = seconds_now();
  for (std::uint64_t i = 1; i < receipts; ++i) {
    if (!write(i)) return 1;
  }
  if (!writer.finish().ok()) return 1;
  fmt::print("{} {} {}\n", seconds_now() - begin, sink.bytes(), peak_memory_mb() - base);
  return 0;
}

void bench_export_dep(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("export-dep", done.error().detail);
}

}  // namespace siegel::bench
