#pragma once

#include <algorithm>
#include <cstdint>

namespace siegel::views {

/// `part` of `whole` in parts of `scale` (100: percent), rounded down, without overflow whatever a
/// device says of itself. `scale` at most 1000; 0 if there is no whole.
[[nodiscard]] inline std::uint64_t share_of(std::uint64_t part, std::uint64_t whole,
                                            std::uint64_t scale) {
  constexpr std::uint64_t exact = std::uint64_t{1} << 53U;
  part = std::min(part, whole);
  for (; whole > exact; whole >>= 1U) part >>= 1U;
  return whole == 0 ? 0 : part * scale / whole;
}

}  // namespace siegel::views
