#include "verify/dsfinvk/vat_catalogue.h"

#include <array>

namespace siegel::verify::dsfinvk {

namespace {

struct Span {
  std::uint64_t key;
  std::int64_t from;  ///< first day
  Units rate;
};

constexpr Units percent(std::int64_t tenths) { return tenths * units_one / 10; }

/// Of one key by rising day; the last that began counts.
const auto& spans() {
  static const auto all = std::to_array<Span>({
      {1, 0, percent(190)},
      {1, day_number(2020, 7, 1), percent(160)},
      {1, day_number(2021, 1, 1), percent(190)},
      {2, 0, percent(70)},
      {2, day_number(2020, 7, 1), percent(50)},
      {2, day_number(2021, 1, 1), percent(70)},
      {3, 0, percent(107)},
      {3, day_number(2022, 1, 1), percent(95)},
      {3, day_number(2023, 1, 1), percent(90)},
      {3, day_number(2024, 12, 6), percent(84)},
      {3, day_number(2025, 1, 1), percent(78)},
      {4, 0, percent(55)},
      {5, 0, 0},
      {6, 0, 0},
      {7, 0, 0},
      {8, 0, 0},
      {11, day_number(2020, 7, 1), percent(190)},
      {12, day_number(2020, 7, 1), percent(70)},
      {13, day_number(2022, 1, 1), percent(107)},
      {21, day_number(2021, 1, 1), percent(160)},
      {22, day_number(2021, 1, 1), percent(50)},
      {23, day_number(2023, 1, 1), percent(95)},
      {33, day_number(2024, 12, 6), percent(90)},
      {43, day_number(2025, 1, 1), percent(84)},
  });
  return all;
}

}  // namespace

std::optional<Units> rate_of_key(std::uint64_t key, std::int64_t day) {
  std::optional<Units> rate;
  for (const Span& span : spans()) {
    if (span.key == key && span.from <= day) rate = span.rate;
  }
  return rate;
}

bool is_rate(std::uint64_t key, Units rate, std::int64_t day) {
  std::optional<Units> known = rate_of_key(key, day);
  // A historic key before its time is another rule's business.
  if (!known) {
    if (const auto first = first_day_of(key)) known = rate_of_key(key, *first);
  }
  return !known || *known == rate;
}

std::optional<std::int64_t> first_day_of(std::uint64_t key) {
  if (key < 11 || key > 43) return std::nullopt;
  for (const Span& span : spans()) {
    if (span.key == key) return span.from;
  }
  return std::nullopt;
}

std::size_t container_of(std::uint64_t key, Units rate) {
  if (key >= 1000) {
    if (rate == 0) return 4;
    for (std::uint64_t base = 1; base <= 4; ++base) {
      for (const Span& span : spans()) {
        if (span.key == base && span.rate == rate) return base - 1;
      }
    }
    return 4;
  }
  if (key >= 11) key %= 10;
  return key >= 1 && key <= 4 ? key - 1 : 4;
}

}  // namespace siegel::verify::dsfinvk
