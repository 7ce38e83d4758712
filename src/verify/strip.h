#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace siegel::verify {

/// Signatures of a device over time, in equal parts from the first to the last.
struct Strip {
  std::string serial;
  Instant from;
  Instant until;
  struct Part {
    std::uint64_t signatures = 0;
    std::uint64_t missing = 0;  ///< numbers nobody shows
    std::uint64_t outages = 0;  ///< receipts without signature
  };
  static constexpr std::size_t parts_count = 240;
  std::vector<Part> parts;
};

}  // namespace siegel::verify
