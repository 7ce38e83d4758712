#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/care.h"

namespace siegel::recorder {

/// What a TSE said of itself at a time.
struct CareSample {
  Instant at;
  std::uint64_t signatures = 0;
  std::uint64_t signatures_left = 0;
  std::uint64_t storage_bytes = 0;
  std::uint64_t storage_used_bytes = 0;
  Instant certificate_until;
  friend bool operator==(const CareSample&, const CareSample&) = default;
};

/// What the journal knows of the care of one TSE.
struct TseCare {
  static constexpr std::size_t samples_max = 64;
  Instant checked_at;  ///< of `last`; 0: never
  TseChecked last;     ///< the last nightly check
  /// The last check of any kind that found something.
  Instant found_at;
  TseChecked found;
  Instant read_back_at;  ///< a signature was asked back and was right
  /// In order of time; when there are too many every other one of the older half goes.
  std::vector<CareSample> samples;
  std::set<std::string> told;  ///< ids of reminders
  Instant retired_at;
  std::optional<TseRetired> retired;
  friend bool operator==(const TseCare&, const TseCare&) = default;

  void apply(Instant at, const TseChecked& checked);
};

}  // namespace siegel::recorder
