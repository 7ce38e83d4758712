#pragma once

#include <chrono>

#include "base/time.h"

namespace siegel::device::testing {

/// A clock that stands until a test moves it. One thread at a time.
class ManualClock final : public Clock {
 public:
  ManualClock() : m_now{.wall = Instant::from_unix(1'795'000'000), .steady = Steady{0}} {}

  [[nodiscard]] Now now() const override { return m_now; }
  /// Both faces go forward.
  void pass(std::chrono::milliseconds time) {
    m_now.wall = m_now.wall + time;
    m_now.steady += time;
  }
  /// Somebody sets the machine's clock: only the wall face moves.
  void set_wall(Instant wall) { m_now.wall = wall; }

 private:
  Now m_now;
};

}  // namespace siegel::device::testing
