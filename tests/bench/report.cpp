#include "report.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

namespace siegel::bench {
namespace {

std::string json_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

struct CpuTime {
  double busy = 0;
  double all = 0;
};
CpuTime cpu_time() {
  std::ifstream stat("/proc/stat");
  std::string word;
  stat >> word;
  CpuTime out;
  double value = 0;
  for (int i = 0; i < 8 && stat >> value; ++i) {
    out.all += value;
    if (i != 3 && i != 4) out.busy += value;  // idle and waiting for a disk
  }
  return out;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  std::string line;
  while (std::getline(info, line))
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown processor";
}

std::string number(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  return value >= 10 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

}  // namespace

void Report::head() {
  utsname system{};
  uname(&system);
  const CpuTime before = cpu_time();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // tidy: allow sleep: a sample
  const CpuTime after = cpu_time();
  const double busy =
      after.all > before.all ? 100 * (after.busy - before.busy) / (after.all - before.all) : 0;
  const std::string machine =
      fmt::format("{}, {} cores, {} {}", processor(), std::thread::hardware_concurrency(),
                  system.sysname, system.release);
  if (m_json) {
    m_lines.push_back(
        fmt::format("\"machine\":{},\"busy_percent\":{:.0f}", json_text(machine), busy));
    return;
  }
  fmt::print("{}; others kept {:.0f} % of it busy before the start\n", machine, busy);
  fmt::print("{:<44} {:>10} {:>10} {:>6}  {}\n", "figure", "measured", "bare loop", "ratio", "bar");
  std::fflush(stdout);
}

void Report::add(Figure figure) {
  std::optional<double> ratio = figure.ratio;
  if (!ratio && figure.bare && *figure.bare > 0) ratio = figure.value / *figure.bare;
  bool good = true;
  std::string bar;
  if (figure.at_least) {
    good = ratio && *ratio >= *figure.at_least;
    bar = fmt::format(">= {:.2f} {}", *figure.at_least, good ? "ok" : "BELOW");
  } else if (figure.at_most) {
    good = ratio && *ratio <= *figure.at_most;
    bar = fmt::format("<= {:.2f} {}", *figure.at_most, good ? "ok" : "ABOVE");
  }
  m_good = m_good && good;
  if (m_json) {
    std::string line = fmt::format("{{\"name\":{},\"unit\":{},\"value\":{:.3f}",
                                   json_text(figure.name), json_text(figure.unit), figure.value);
    if (figure.bare) line += fmt::format(",\"bare\":{:.3f}", *figure.bare);
    if (ratio) line += fmt::format(",\"ratio\":{:.3f}", *ratio);
    if (figure.at_least) line += fmt::format(",\"at_least\":{:.2f}", *figure.at_least);
    if (figure.at_most) line += fmt::format(",\"at_most\":{:.2f}", *figure.at_most);
    if (!bar.empty()) line += fmt::format(",\"ok\":{}", good);
    m_lines.push_back(line + fmt::format(",\"note\":{}}}", json_text(figure.note)));
    return;
  }
  fmt::print("{:<44} {:>10} {:>10} {:>6}  {:<14} {}\n",
             fmt::format("{} [{}]", figure.name, figure.unit), number(figure.value),
             figure.bare ? number(*figure.bare) : "", ratio ? fmt::format("{:.2f}", *ratio) : "",
             bar, figure.note);
  std::fflush(stdout);
}

void Report::failed(const std::string& name, const std::string& why) {
  m_good = false;
  if (m_json)
    m_lines.push_back(fmt::format("{{\"name\":{},\"error\":{}}}", json_text(name), json_text(why)));
  else
    fmt::print("{:<44} FAILED: {}\n", name, why);
}

bool Report::finish() {
  if (!m_json) return m_good;
  std::string out = "{";
  for (std::size_t i = 0; i < m_lines.size(); ++i) {
    if (i == 0)
      out += m_lines[i] + ",\"figures\":[";
    else
      out += (i > 1 ? "," : "") + m_lines[i];
  }
  fmt::print("{}],\"ok\":{}}}\n", out, m_good);
  return m_good;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double percentile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return sorted[at];
}

Usage usage() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return {us(used.ru_utime) + us(used.ru_stime), static_cast<double>(used.ru_nvcsw)};
}

double peak_memory_mb() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

std::filesystem::path fresh_folder(const Settings& settings, const std::string& name) {
  const auto folder = settings.scratch / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace siegel::bench
