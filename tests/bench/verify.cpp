#include "verify/tse/logs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "bare.h"
#include "base/stream.h"
#include "report.h"
#include "world.h"

namespace siegel::bench {
namespace {

constexpr std::uint64_t sales = 50'000;  // two messages each

class FileSink final : public Sink {
 public:
  explicit FileSink(const std::filesystem::path& path) : m_file(std::fopen(path.c_str(), "wb")) {}
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override {
    if (m_file != nullptr) std::fclose(m_file);
  }
  Status write(BytesView bytes) override {
    if (m_file == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), m_file) != bytes.size())
      return unavailable("E-FIL-004", "the archive cannot be written");
    return Ok{};
  }

 private:
  std::FILE* m_file;
};

Status make_archive(const Settings& settings, const std::filesystem::path& file) {
  SIEGEL_TRY(const auto world, World::open(fresh_folder(settings, "archive")));
  SIEGEL_TRY_OK(world->sell_until(2 * sales + 100));
  const auto fresh = std::filesystem::path(file).concat(".new");
  {
    FileSink sink(fresh);
    SIEGEL_TRY_OK(world->export_tar(sink));
  }
  std::filesystem::rename(fresh, file);
  return Ok{};
}

struct Child {
  double seconds = 0;
  double signatures = 0;
  double megabytes = 0;
};

/// In a process of its own: the peak of memory is that of a verification.
Result<Child> run_child(const std::filesystem::path& file) {
  const std::string command =
      fmt::format("'{}' --verify-child '{}'",
                  std::filesystem::read_symlink("/proc/self/exe").string(), file.string());
  std::FILE* pipe = popen(command.c_str(), "r");
  Child child;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf %lf %lf", &child.seconds,
                                                   &child.signatures, &child.megabytes) == 3;
  if (pipe == nullptr || pclose(pipe) != 0 || !read)
    return unavailable("E-VER-001", "the verification failed");
  return child;
}

Status run(const Settings& settings, Report& report) {
  std::filesystem::create_directories(settings.kept);
  const auto file = settings.kept / "messages-100000.tar";
  if (!std::filesystem::exists(file)) SIEGEL_TRY_OK(make_archive(settings, file));
  std::vector<double> rate;
  std::vector<double> bare;
  double megabytes = 0;
  double signatures = 0;
  for (int i = 0; i < settings.runs; ++i) {
    SIEGEL_TRY(const Child child, run_child(file));
    rate.push_back(child.signatures / child.seconds);
    megabytes = std::max(megabytes, child.megabytes);
    signatures = child.signatures;
    bare.push_back(bare::verify_rate(2, settings.seconds));
  }
  report.add({.name = "verify an export, P-256, 2 threads",
              .unit = "messages/s",
              .value = median(rate),
              .bare = median(bare),
              .at_least = 0.8,
              .at_most = {},
              .ratio = {},
              .note = fmt::format("{:.0f} messages; bare: OpenSSL", signatures)});
  report.add({.name = "  memory at most",
              .unit = "MB",
              .value = megabytes,
              .bare = {},
              .at_least = {},
              .at_most = 1.0,
              .ratio = megabytes / 100,
              .note = "ratio to 100 MB"});
  return Ok{};
}

}  // namespace

int verify_child(const char* file) {
  const verify::tse::Input input{.path = file, .bytes = {}};
  verify::tse::Options options;
  options.threads = 2;
  const double begin = seconds_now();
  const auto verified = verify::tse::verify_logs({&input, 1}, options);
  const double seconds = seconds_now() - begin;
  if (!verified.ok() || verified->signatures.valid != verified->signatures.checked) return 1;
  fmt::print("{} {} {}\n", seconds, verified->signatures.checked, peak_memory_mb());
  return 0;
}

void bench_verify(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("verify", done.error().code + " " + done.error().detail);
}

}  // namespace siegel::bench
