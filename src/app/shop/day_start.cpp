#include "app/shop/day_start.h"

#include <algorithm>

#include "app/shop/slips.h"
#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "views/outage_codes.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

fs::path day_file(const fs::path& folder) { return folder / "start.json"; }

/// Empty: none yet, or nothing that can be read; then the slip is printed once more.
Result<std::string> last_day(const fs::path& folder) {
  const auto bytes = read_file(day_file(folder), 4096);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) return std::string();
    return bytes.error();
  }
  const auto value = json::parse(text_of(*bytes));
  if (!value) return std::string();
  auto fields = json::Fields::of(*value);
  if (!fields) return std::string();
  const auto day = fields->optional_string("day", 20);
  return day ? day->value_or("") : std::string();
}

}  // namespace

recorder::OutageReport missing_tse(const std::string& serial, const Error& error) {
  const auto listed = views::outage_codes();
  // Where there is nothing there is no TSE, whatever the layer below calls it.
  const bool of_tse = error.kind != ErrorKind::not_found &&
                      std::find(listed.begin(), listed.end(), error.code) != listed.end();
  std::string text = of_tse ? error.detail : error.code + ": " + error.detail;
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  if (text.empty()) text = error.code;
  return {.device = serial,
          .code = of_tse ? error.code : "E-TSE-101",
          .text = std::string(excerpt(text))};
}

std::vector<views::StartedTse> ask_tses(
    const recorder::State& state, const std::map<std::string, Error>& missing,
    const std::function<Status(const std::string&, const std::function<Status(device::Tse&)>&)>&
        on_device) {
  std::vector<views::StartedTse> all;
  for (const auto& [serial, info] : state.tses) {
    views::StartedTse tse{.info = info};
    if (const auto gone = missing.find(serial); gone != missing.end()) {
      tse.error = gone->second;
    } else {
      const auto asked = on_device(serial, [&](device::Tse& device) -> Status {
        SIEGEL_TRY(tse.status, device.status());
        return Ok{};
      });
      if (!asked) tse.error = asked.error();
    }
    all.push_back(std::move(tse));
  }
  return all;
}

DayStart::~DayStart() {
  if (m_thread.joinable()) m_thread.join();
}

Status DayStart::start() {
  if (!m_parts.state.business || m_parts.state.tses.empty()) return Ok{};
  SIEGEL_TRY(const LocalStamp at, LocalStamp::from(m_parts.now, m_parts.state.business->time_zone));
  SIEGEL_TRY(const std::string last, last_day(m_parts.folder));
  if (last == at.date().text()) return Ok{};
  m_thread = std::thread([this, at] { run(at); });
  return Ok{};
}

void DayStart::run(const LocalStamp& at) {
  const print::Document slip =
      views::start_slip({.business = *m_parts.state.business,
                         .language = m_parts.state.profile.language,
                         .at = at,
                         .tses = ask_tses(m_parts.state, m_parts.missing, m_parts.on_device)});
  if (!print_slip(m_parts.printer, slip, m_parts.state, m_parts.report)) return;
  json::Object object;
  object.set("day", at.date().text());
  // If it cannot be kept the slip comes once more at the next start.
  (void)write_file(day_file(m_parts.folder), bytes_of(json::pretty(object)), {.mode = 0600}).ok();
}

}  // namespace siegel::app
