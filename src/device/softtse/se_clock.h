#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace siegel::device::softtse {

/// The device's own clock: set by updateTime, driven by steady time, so that a change of the
/// machine's wall clock does not move it. A small correction is slewed [TR-03153-1]: the clock runs
/// at most 0.5 ms a second faster or slower and never backwards.
class SeClock {
 public:
  static constexpr std::int64_t slew_max_ms = 128;

  void jump(Now now, Instant to) {
    m_base = to;
    m_base_steady = now.steady;
    m_slew_ms = 0;
  }

  /// `by` is at most slew_max_ms either way; an unfinished slew is replaced.
  void slew(Now now, std::chrono::milliseconds by) {
    jump(now, read(now));
    m_slew_ms = by.count();
  }

  [[nodiscard]] Instant read(Now now) const {
    const Steady elapsed = std::max(now.steady - m_base_steady, Steady{0});
    const std::int64_t possible = elapsed / std::chrono::seconds(2);  // 1 ms in 2 s
    const std::int64_t slewed = std::clamp(m_slew_ms, -possible, possible);
    return m_base + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed) +
           std::chrono::milliseconds(slewed);
  }

 private:
  Instant m_base;
  Steady m_base_steady{0};
  std::int64_t m_slew_ms = 0;
};

}  // namespace siegel::device::softtse
