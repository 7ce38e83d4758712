#include "views/forecast.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace siegel::views {
namespace {

using recorder::CareSample;
using recorder::State;
using recorder::TseCare;
using std::chrono::milliseconds;

constexpr std::chrono::hours day{24};
constexpr std::chrono::hours pace_window = day * 90;
constexpr std::chrono::hours check_overdue = day * 2;
constexpr std::int64_t time_max_ms = 7'258'118'400'000;  // 2200-01-01
constexpr std::array ends = {TseEnd::certificate, TseEnd::storage, TseEnd::signatures};

/// When `left` is used up at a pace of `used` in `span`.
std::optional<Instant> used_up(Instant from, std::uint64_t left, std::uint64_t used,
                               milliseconds span) {
  if (used == 0 || span < day) return {};
  __extension__ using Wide = unsigned __int128;
  const Wide ms = Wide{left} * static_cast<std::uint64_t>(span.count()) / used;
  if (ms > Wide{static_cast<std::uint64_t>(time_max_ms - from.unix_ms())}) return {};
  return from + milliseconds(static_cast<std::int64_t>(ms));
}

std::uint64_t a_day(std::uint64_t used, milliseconds span) {
  if (span < day) return 0;
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>(Wide{used} *
                                    static_cast<std::uint64_t>(milliseconds(day).count()) /
                                    static_cast<std::uint64_t>(span.count()));
}

std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

std::string id_of(std::string_view serial, TseEnd end, int days) {
  return fmt::format("{}/{}/{}", serial, word_of(end), days);
}

/// The nearest limit that was reached: 0: none.
int limit_reached(Instant end, Instant now) {
  int reached = 0;
  for (const int days : reminder_days)
    if (end <= now + milliseconds(day * days)) reached = days;
  return reached;
}

std::pair<std::string, std::string> dates(Instant at, const std::string& zone) {
  const auto stamp = LocalStamp::from(at, zone);
  if (!stamp) return {at.text().substr(0, 10), at.text().substr(0, 10)};
  return {stamp->print_minute().substr(0, 10), stamp->date().text()};
}

Bilingual text_of(TseEnd end, Instant at, const std::string& tse, const std::string& zone) {
  const auto [de, en] = dates(at, zone);
  switch (end) {
    case TseEnd::certificate:
      return {fmt::format("Zertifikat der TSE {} läuft am {} ab.", tse, de),
              fmt::format("The certificate of TSE {} ends on {}.", tse, en)};
    case TseEnd::storage:
      return {fmt::format("TSE {} ist bei aktuellem Tempo am {} voll.", tse, de),
              fmt::format("TSE {} will be full on {} at the present pace.", tse, en)};
    case TseEnd::signatures:
      return {fmt::format("Die Signaturen der TSE {} reichen bei aktuellem Tempo bis {}.", tse, de),
              fmt::format("The signatures of TSE {} last until {} at the present pace.", tse, en)};
  }
  return {};
}

std::string_view code_of(TseEnd end) {
  switch (end) {
    case TseEnd::certificate:
      return "W-TSE-130";
    case TseEnd::storage:
      return "W-ARC-201";
    case TseEnd::signatures:
      return "W-ARC-202";
  }
  return {};
}

std::string zone_of(const State& state) {
  return state.business ? state.business->time_zone : std::string("UTC");
}

void add_ends(const State& state, const TseInfo& info, const TseCare& care, Instant now,
              std::vector<Message>& out) {
  const Forecast seen = forecast(info, care);
  for (const TseEnd end : ends) {
    const auto at = seen.end_of(end);
    const int limit = at ? limit_reached(*at, now) : 0;
    if (limit == 0) continue;
    Message message;
    // The certificate's message has the same id when the device itself was asked.
    message.id = end == TseEnd::certificate
                     ? fmt::format("certificate-{}/{}", limit, info.serial)
                     : fmt::format("{}-full-{}/{}", word_of(end), limit, info.serial);
    message.severity = limit <= reminder_days[3] ? Severity::error : Severity::warning;
    message.code = code_of(end);
    message.device = info.serial;
    message.what = text_of(end, *at, info.id, zone_of(state));
    message.remedy = {"Jetzt Ersatz bestellen; dann: siegel tse replace.",
                      "Order a replacement now; then: siegel tse replace."};
    out.push_back(std::move(message));
  }
}

void add_findings(const State& state, const TseInfo& info, const TseCare& care,
                  std::vector<Message>& out) {
  if (care.found.findings.empty()) return;
  const TseChecked::Finding& first = care.found.findings.front();
  Message message;
  message.id = fmt::format("checked/{}/{}", info.serial, care.found_at.unix_ms());
  message.severity = Severity::error;
  message.code = first.code;
  if (const auto stamp = LocalStamp::from(care.found_at, zone_of(state))) message.since = *stamp;
  message.device = info.serial;
  const std::uint64_t others = care.found.findings_total - 1;
  message.what = {fmt::format("Prüfung der TSE {}: {} Auffälligkeiten. {}", info.id,
                              care.found.findings_total, first.detail),
                  fmt::format("Check of TSE {}: {}{}", info.id, first.detail,
                              others == 0 ? "" : fmt::format(" (and {} more)", others))};
  message.go_on = {"Weiter kassieren ist erlaubt.", "Keep selling."};
  message.remedy = {"siegel tse checks zeigt alles; den Hersteller fragen, Archiv aufbewahren.",
                    "siegel tse checks shows everything; ask the maker, keep the archive."};
  out.push_back(std::move(message));
}

void add_overdue(const TseInfo& info, const TseCare& care, Instant now, std::vector<Message>& out) {
  if (care.checked_at == Instant() || now - care.checked_at < check_overdue) return;
  Message message;
  message.id = fmt::format("unchecked/{}/{}", info.serial, care.checked_at.unix_ms());
  message.severity = Severity::warning;
  message.code = "W-ARC-203";
  message.device = info.serial;
  const auto days = std::chrono::duration_cast<std::chrono::hours>(now - care.checked_at) / day;
  message.what = {fmt::format("TSE {} wurde seit {} Tagen nicht geprüft.", info.id, days),
                  fmt::format("TSE {} has not been checked for {} days.", info.id, days)};
  message.remedy = {"siegel night ausführen, am besten jede Nacht durch einen Timer.",
                    "Run siegel night, best every night by a timer."};
  out.push_back(std::move(message));
}

}  // namespace

std::string_view word_of(TseEnd end) {
  switch (end) {
    case TseEnd::certificate:
      return "certificate";
    case TseEnd::storage:
      return "storage";
    case TseEnd::signatures:
      return "signatures";
  }
  return {};
}

std::optional<Instant> Forecast::end_of(TseEnd end) const {
  switch (end) {
    case TseEnd::certificate:
      return certificate_until;
    case TseEnd::storage:
      return storage_full;
    case TseEnd::signatures:
      return signatures_used_up;
  }
  return {};
}

std::optional<std::pair<TseEnd, Instant>> Forecast::first_end() const {
  std::optional<std::pair<TseEnd, Instant>> first;
  for (const TseEnd end : ends)
    if (const auto at = end_of(end); at && (!first || *at < first->second)) first = {end, *at};
  return first;
}

Forecast forecast(const TseInfo& tse, const TseCare& care,
                  const std::optional<CareSample>& latest) {
  Forecast out;
  out.tse = tse.id;
  out.serial = tse.serial;
  if (care.samples.empty() && !latest) return out;
  const CareSample& newest = latest ? *latest : care.samples.back();
  const CareSample* oldest = &newest;
  for (const CareSample& sample : care.samples) {
    if (sample.at > newest.at || newest.at - sample.at > pace_window) continue;
    oldest = &sample;
    break;
  }
  out.sampled = newest.at;
  if (newest.certificate_until != Instant()) out.certificate_until = newest.certificate_until;
  out.signatures_left = newest.signatures_left;
  out.storage_bytes = newest.storage_bytes;
  out.storage_used_bytes = newest.storage_used_bytes;
  const milliseconds span = newest.at - oldest->at;
  const std::uint64_t signatures = less(newest.signatures, oldest->signatures);
  const std::uint64_t bytes = less(newest.storage_used_bytes, oldest->storage_used_bytes);
  out.signatures_a_day = a_day(signatures, span);
  out.bytes_a_day = a_day(bytes, span);
  if (newest.storage_bytes != 0)
    out.storage_full =
        used_up(newest.at, less(newest.storage_bytes, newest.storage_used_bytes), bytes, span);
  out.signatures_used_up = used_up(newest.at, newest.signatures_left, signatures, span);
  return out;
}

std::vector<Reminder> reminders_due(const Forecast& forecast, Instant now,
                                    const std::set<std::string>& told) {
  std::vector<Reminder> due;
  for (const TseEnd end : ends) {
    const auto at = forecast.end_of(end);
    const int limit = at ? limit_reached(*at, now) : 0;
    if (limit == 0) continue;
    Reminder reminder{
        .id = id_of(forecast.serial, end, limit), .end = end, .at = *at, .days = limit, .also = {}};
    if (told.contains(reminder.id)) continue;
    for (const int days : reminder_days) {
      const std::string id = id_of(forecast.serial, end, days);
      if (days > limit && !told.contains(id)) reminder.also.push_back(id);
    }
    due.push_back(std::move(reminder));
  }
  return due;
}

Bilingual text_of(const Reminder& reminder, const Forecast& forecast) {
  return text_of(reminder.end, reminder.at, forecast.tse, "Europe/Berlin");
}

std::vector<Message> care_messages(const State& state, Instant now) {
  std::vector<Message> out;
  for (const auto& [serial, info] : state.tses) {
    const auto care = state.care.find(serial);
    if (care == state.care.end() || care->second.retired) continue;
    add_ends(state, info, care->second, now, out);
    add_findings(state, info, care->second, out);
    add_overdue(info, care->second, now, out);
  }
  return out;
}

}  // namespace siegel::views
