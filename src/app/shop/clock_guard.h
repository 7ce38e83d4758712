#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "base/result.h"
#include "base/thread.h"
#include "base/time.h"
#include "model/care.h"

namespace siegel::app {

/// What speaks for the machine's clock.
struct ClockEvidence {
  bool synchronised = false;      ///< kept by a time server
  std::optional<Instant> device;  ///< a TSE's own clock
};

/// The machine's clock is kept by a time server, as the kernel says.
[[nodiscard]] bool system_clock_synchronised();

/// Nothing is booked with a time that nobody can believe: a clock more than a day past the last
/// entry, or ten minutes before it, needs two of three that speak for it (docs/decisions/0034): a
/// time server, the clock of a TSE, a person. Any thread.
class ClockGuard {
 public:
  static constexpr std::chrono::hours ahead_max{24};
  static constexpr std::chrono::minutes behind_max{10};
  /// A clock that agrees differs by at most this.
  static constexpr std::chrono::minutes agreement{10};

  using Gather = std::function<ClockEvidence()>;

  /// `last`: time of the journal's last entry; 0: there is none.
  explicit ClockGuard(Instant last) : m_last(last) {}

  /// The clock stands where it needs somebody to speak for it.
  [[nodiscard]] bool doubtful(Instant now) const;
  /// E-CLK-101 (conflict): nothing may be booked. `gather` is asked only when it is needed.
  [[nodiscard]] Status check(Instant now, const Gather& gather);
  /// A person says that the clock is right; `typed`: what another clock shows. The entry to record,
  /// with which the clock is believed. E-CLK-102 (conflict): that is not enough.
  [[nodiscard]] Result<ClockConfirmed> confirm(Instant now, std::optional<Instant> typed,
                                               const Gather& gather);
  /// An entry was made at `now`.
  void believed(Instant now);

 private:
  mutable Mutex m_mutex;
  Instant m_last SIEGEL_GUARDED_BY(m_mutex);
};

}  // namespace siegel::app
