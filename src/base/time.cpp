#include "base/time.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <charconv>
#include <exception>

#include "base/bytes.h"

namespace siegel {
namespace {

using namespace std::chrono;

struct Civil {
  year_month_day day;
  int hour, minute, second, ms;
};

Civil civil(std::int64_t ms) {
  const sys_time<milliseconds> t{milliseconds(ms)};
  const auto days_part = floor<days>(t);
  const hh_mm_ss<milliseconds> tod(t - days_part);
  return {year_month_day(days_part), static_cast<int>(tod.hours().count()),
          static_cast<int>(tod.minutes().count()), static_cast<int>(tod.seconds().count()),
          static_cast<int>(tod.subseconds().count())};
}

/// Reads exactly `n` digits at the front of `s` and removes them; -1 if they are not there.
int take_digits(std::string_view& s, std::size_t n) {
  if (s.size() < n) return -1;
  int value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (s[i] < '0' || s[i] > '9') return -1;
    value = value * 10 + (s[i] - '0');
  }
  s.remove_prefix(n);
  return value;
}

bool take(std::string_view& s, char c) {
  if (s.empty() || s.front() != c) return false;
  s.remove_prefix(1);
  return true;
}

bool take_date(std::string_view& s, year_month_day& out) {
  const int y = take_digits(s, 4);
  if (y < 0 || !take(s, '-')) return false;
  const int m = take_digits(s, 2);
  if (m < 0 || !take(s, '-')) return false;
  const int d = take_digits(s, 2);
  if (d < 0) return false;
  out = year_month_day(year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d)));
  return out.ok() && y >= 1970;
}

struct Stamp {
  std::int64_t ms;
  minutes offset;
};

Result<Stamp> parse_stamp(std::string_view text) {
  const auto bad = [&] {
    return invalid("E-TIM-001",
                   fmt::format("\"{}\" is not a time like 2026-11-20T18:42:17Z", excerpt(text)));
  };
  std::string_view s = text;
  year_month_day day;
  if (!take_date(s, day) || !take(s, 'T')) return bad();
  const int h = take_digits(s, 2);
  if (h < 0 || h > 23 || !take(s, ':')) return bad();
  const int min = take_digits(s, 2);
  if (min < 0 || min > 59 || !take(s, ':')) return bad();
  const int sec = take_digits(s, 2);
  if (sec < 0 || sec > 59) return bad();
  int ms = 0;
  if (take(s, '.')) {
    int digits = 0;
    while (!s.empty() && s.front() >= '0' && s.front() <= '9') {
      if (++digits > 3) return bad();
      ms = ms * 10 + (s.front() - '0');
      s.remove_prefix(1);
    }
    if (digits == 0) return bad();
    for (; digits < 3; ++digits) ms *= 10;
  }
  minutes offset{0};
  if (!take(s, 'Z')) {
    if (s.empty() || (s.front() != '+' && s.front() != '-')) return bad();
    const int sign = s.front() == '-' ? -1 : 1;
    s.remove_prefix(1);
    const int oh = take_digits(s, 2);
    if (oh < 0 || oh > 15 || !take(s, ':')) return bad();
    const int om = take_digits(s, 2);
    if (om < 0 || om > 59) return bad();
    offset = minutes(sign * (oh * 60 + om));
  }
  if (!s.empty()) return bad();
  const auto local = sys_days(day) + hours(h) + minutes(min) + seconds(sec) + milliseconds(ms);
  const auto utc = local - offset;
  // An offset can lead out of the years 1970 to 9999 at either end.
  if (utc < sys_days(year(1970) / 1 / 1) || utc >= sys_days(year(10000) / 1 / 1)) return bad();
  return Stamp{duration_cast<milliseconds>(utc.time_since_epoch()).count(), offset};
}

std::string date_text(const year_month_day& d) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(d.year()),
                     static_cast<unsigned>(d.month()), static_cast<unsigned>(d.day()));
}

/// The system's zone files list clock changes to 2037, and the library does not read the rule that
/// goes on from there. A later time is looked up at its place in the youngest listed year that has
/// the same days of the week: the rules of today go by these.
sys_seconds listed(sys_seconds at) {
  const year_month_day day(floor<days>(at));
  if (day.year() <= year(2037)) return at;
  const auto begin = [](year y) { return sys_days(y / January / 1); };
  year like(2037);
  while (like.is_leap() != day.year().is_leap() ||
         weekday(begin(like)) != weekday(begin(day.year())))
    --like;
  return at - (begin(day.year()) - begin(like));
}

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    return {Instant::from_unix_ms(
                duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                    .count()),
            duration_cast<nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())};
  }
};

}  // namespace

Result<Instant> Instant::parse(std::string_view text) {
  SIEGEL_TRY(const Stamp stamp, parse_stamp(text));
  return Instant(stamp.ms);
}

std::string Instant::text() const {
  const Civil c = civil(m_ms);
  return fmt::format("{}T{:02}:{:02}:{:02}.{:03}Z", date_text(c.day), c.hour, c.minute, c.second,
                     c.ms);
}

Result<Date> Date::parse(std::string_view text) {
  std::string_view s = text;
  year_month_day day;
  if (!take_date(s, day) || !s.empty())
    return invalid("E-TIM-002", fmt::format("\"{}\" is not a day like 2026-11-20", excerpt(text)));
  return Date(day);
}

std::string Date::text() const { return date_text(m_ymd); }

Result<LocalStamp> LocalStamp::from(Instant at, std::string_view zone) {
  // The library throws for an unknown zone; the exception stops here.
  try {
    const auto* tz = date::locate_zone(std::string(zone));
    const auto info = tz->get_info(listed(sys_seconds(seconds(at.unix_seconds()))));
    return LocalStamp(at, duration_cast<minutes>(info.offset));
  } catch (const std::exception&) {
    return invalid("E-TIM-003", fmt::format("time zone \"{}\" is not known", excerpt(zone)));
  }
}

Result<LocalStamp> LocalStamp::parse(std::string_view text) {
  SIEGEL_TRY(const Stamp stamp, parse_stamp(text));
  return LocalStamp(Instant::from_unix_ms(stamp.ms), stamp.offset);
}

Date LocalStamp::date() const {
  return Date(civil(m_at.unix_ms() + duration_cast<milliseconds>(m_offset).count()).day);
}

std::string LocalStamp::text() const {
  const Civil c = civil(m_at.unix_ms() + duration_cast<milliseconds>(m_offset).count());
  const auto o = m_offset.count();
  return fmt::format("{}T{:02}:{:02}:{:02}{}{:02}:{:02}", date_text(c.day), c.hour, c.minute,
                     c.second, o < 0 ? '-' : '+', std::abs(o) / 60, std::abs(o) % 60);
}

std::string LocalStamp::print_minute() const {
  const Civil c = civil(m_at.unix_ms() + duration_cast<milliseconds>(m_offset).count());
  return fmt::format("{:02}.{:02}.{:04} {:02}:{:02}", static_cast<unsigned>(c.day.day()),
                     static_cast<unsigned>(c.day.month()), static_cast<int>(c.day.year()), c.hour,
                     c.minute);
}

std::string LocalStamp::print_second() const {
  const Civil c = civil(m_at.unix_ms() + duration_cast<milliseconds>(m_offset).count());
  return fmt::format("{}:{:02}", print_minute(), c.second);
}

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace siegel
