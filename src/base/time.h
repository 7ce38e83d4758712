#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace siegel {

/// A point in time, UTC, in milliseconds since 1970-01-01. Range: years 1970 to 9999.
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_unix_ms(std::int64_t ms) { return Instant(ms); }
  static constexpr Instant from_unix(std::int64_t seconds) { return Instant(seconds * 1000); }
  /// RFC 3339 with `Z` or a numeric offset, with or without fraction (at most 3 digits kept; more
  /// is an error). Error E-TIM-001.
  static Result<Instant> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t unix_ms() const { return m_ms; }
  [[nodiscard]] constexpr std::int64_t unix_seconds() const { return m_ms / 1000; }
  /// `YYYY-MM-DDThh:mm:ss.fffZ`, the form of the QR code and of DSFinV-K.
  [[nodiscard]] std::string text() const;

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant at, std::chrono::milliseconds d) {
    return Instant(at.m_ms + d.count());
  }
  friend constexpr Instant operator-(Instant at, std::chrono::milliseconds d) {
    return Instant(at.m_ms - d.count());
  }
  friend constexpr std::chrono::milliseconds operator-(Instant a, Instant b) {
    return std::chrono::milliseconds(a.m_ms - b.m_ms);
  }

 private:
  constexpr explicit Instant(std::int64_t ms) : m_ms(ms) {}
  std::int64_t m_ms = 0;
};

/// A day of the civil calendar.
class Date {
 public:
  constexpr Date() = default;
  constexpr Date(int y, unsigned m, unsigned d)
      : m_ymd(std::chrono::year(y), std::chrono::month(m), std::chrono::day(d)) {}
  constexpr explicit Date(std::chrono::year_month_day ymd) : m_ymd(ymd) {}
  /// `YYYY-MM-DD`, an existing day. Error E-TIM-002.
  static Result<Date> parse(std::string_view text);

  [[nodiscard]] constexpr std::chrono::year_month_day ymd() const { return m_ymd; }
  [[nodiscard]] std::string text() const;  ///< `YYYY-MM-DD`
  friend constexpr auto operator<=>(const Date&, const Date&) = default;
  friend constexpr bool operator==(const Date&, const Date&) = default;

 private:
  std::chrono::year_month_day m_ymd{std::chrono::year(1970), std::chrono::month(1),
                                    std::chrono::day(1)};
};

/// Wall time of a place as the law wants it printed: civil date and time with its offset from UTC
/// and the zone it came from. Never compared with an Instant without instant().
class LocalStamp {
 public:
  LocalStamp() = default;
  /// The wall time of `zone` (IANA name, e.g. `Europe/Berlin`) at `at`. Error E-TIM-003: no such
  /// zone.
  static Result<LocalStamp> from(Instant at, std::string_view zone);
  /// `YYYY-MM-DDThh:mm:ss[.fff]+hh:mm` with a numeric offset or `Z`. Error E-TIM-001.
  static Result<LocalStamp> parse(std::string_view text);

  [[nodiscard]] Instant instant() const { return m_at; }
  [[nodiscard]] std::chrono::minutes offset() const { return m_offset; }
  [[nodiscard]] Date date() const;
  [[nodiscard]] std::string text() const;          ///< `YYYY-MM-DDThh:mm:ss+hh:mm`
  [[nodiscard]] std::string print_minute() const;  ///< `DD.MM.YYYY hh:mm`
  [[nodiscard]] std::string print_second() const;  ///< `DD.MM.YYYY hh:mm:ss`
  friend bool operator==(const LocalStamp&, const LocalStamp&) = default;

 private:
  LocalStamp(Instant at, std::chrono::minutes offset) : m_at(at), m_offset(offset) {}
  Instant m_at;
  std::chrono::minutes m_offset{0};
};

/// Time that only goes forward, for deadlines. Nanoseconds from an arbitrary origin.
using Steady = std::chrono::nanoseconds;

struct Now {
  Instant wall;
  Steady steady{0};
};

/// The only source of time. `system_clock()` is the machine's; simulations bring their own.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Now now() const = 0;
};

/// The machine's clocks. Thread-safe, lives for the whole process.
[[nodiscard]] const Clock& system_clock();

}  // namespace siegel
