#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Numbers, times and patterns of single fields. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

/// Amounts, quantities and rates in units of 0.00001. A legal sum of them does not overflow; one of
/// a forged export wraps (see CMakeLists.txt) and differs from what it should be all the same.
using Units = std::int64_t;
inline constexpr Units units_one = 100'000;
inline constexpr Units units_cent = 1'000;
/// No number of an export is larger; larger ones are malformed.
inline constexpr Units units_max = 10'000'000'000LL * units_one;

enum class NumberForm : std::uint8_t {
  empty,
  fine,
  grouped,  ///< with grouping marks: readable, but wrong
  pointed,  ///< with a decimal point instead of the comma: readable, but wrong
  invalid,
};

struct Number {
  NumberForm form = NumberForm::empty;
  Units units = 0;
  std::uint8_t decimals = 0;  ///< as written
  bool negative_zero = false;
  [[nodiscard]] bool readable() const {
    return form != NumberForm::empty && form != NumberForm::invalid;
  }
};
/// `-?digits[,decimals]`, at most 5 decimals; also with the wrong marks named above.
[[nodiscard]] Number parse_number(std::string_view text);
/// "-1,50" for people: as many decimals as have value, two at least.
[[nodiscard]] std::string number_text(Units units);

/// a * b / c rounded half away from zero, without overflow for values up to units_max; c > 0.
[[nodiscard]] Units multiply(Units a, Units b, Units c);

/// A point in time as written.
struct Stamp {
  std::int64_t local_ms = 0;  ///< civil time as if it were UTC
  std::optional<int> offset_minutes;
  std::uint8_t fraction_digits = 0;
  bool is_z = false;

  [[nodiscard]] std::int64_t day() const;  ///< days since 1970-01-01, civil
  /// Milliseconds since 1970, UTC. A time without offset is taken as German time.
  [[nodiscard]] std::int64_t utc_ms() const;
  /// Civil time in Germany.
  [[nodiscard]] std::int64_t german_ms() const;
};
/// ISO 8601 as in RFC 3339, with or without fraction and offset.
[[nodiscard]] std::optional<Stamp> parse_stamp(std::string_view text);
/// `YYYY-MM-DD` of an existing day, as days since 1970-01-01.
[[nodiscard]] std::optional<std::int64_t> parse_day(std::string_view text);
[[nodiscard]] std::int64_t day_number(int year, unsigned month, unsigned day);
[[nodiscard]] std::string day_text(std::int64_t day);
[[nodiscard]] std::string civil_text(std::int64_t civil_ms);  ///< `YYYY-MM-DDThh:mm:ss`
/// Offset of German time from UTC by the rule of the EU (since 1996).
[[nodiscard]] int german_offset_minutes(std::int64_t utc_ms);
/// The civil time does not exist or exists twice in Germany.
[[nodiscard]] bool in_time_change(std::int64_t local_ms);

[[nodiscard]] bool is_country(std::string_view text);   ///< ISO 3166-1 alpha-3
[[nodiscard]] bool is_currency(std::string_view text);  ///< ISO 4217
/// Two letters and up to 13 characters; DE with nine digits and their check digit.
[[nodiscard]] bool is_vat_id(std::string_view text);
/// One of the ways the federal states write a tax number, or the unified one.
[[nodiscard]] bool is_tax_number(std::string_view text);
/// 8, 12, 13 or 14 digits with their check digit.
[[nodiscard]] bool is_gtin(std::string_view text);
[[nodiscard]] bool is_digits(std::string_view text);
/// A whole number of at most 18 digits without leading zeros.
[[nodiscard]] std::optional<std::uint64_t> parse_id(std::string_view text);
/// The text without its letters' case and without blanks, hyphens and underscores.
[[nodiscard]] std::string folded(std::string_view text);
/// U+FFFD, "Ã¼" and the like, or a combining mark after a letter.
[[nodiscard]] bool has_odd_characters(std::string_view text);

}  // namespace siegel::verify::dsfinvk
