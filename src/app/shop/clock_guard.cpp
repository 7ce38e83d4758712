#include "app/shop/clock_guard.h"

#include <fmt/format.h>
#include <sys/timex.h>

#include <algorithm>

namespace siegel::app {
namespace {

bool agree(Instant a, Instant b) {
  return a - b <= ClockGuard::agreement && b - a <= ClockGuard::agreement;
}

}  // namespace

bool system_clock_synchronised() {
  timex state{};
  return adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
}

bool ClockGuard::doubtful(Instant now) const {
  const Lock lock(m_mutex);
  if (m_last == Instant()) return false;
  return now - m_last > ahead_max || m_last - now > behind_max;
}

Status ClockGuard::check(Instant now, const Gather& gather) {
  if (!doubtful(now)) {
    believed(now);
    return Ok{};
  }
  const ClockEvidence evidence = gather();
  const bool device = evidence.device && agree(*evidence.device, now);
  if (evidence.synchronised && device) {
    believed(now);
    return Ok{};
  }
  const Lock lock(m_mutex);
  return conflict(
      "E-CLK-101",
      fmt::format(
          "the clock shows {}, the last entry was made at {}; {}, {}", now.text(), m_last.text(),
          evidence.synchronised ? "a time server keeps the clock"
                                : "no time server keeps the clock",
          !evidence.device ? std::string("no TSE says its time")
                           : fmt::format("the TSE's clock shows {}", evidence.device->text())));
}

Result<ClockConfirmed> ClockGuard::confirm(Instant now, std::optional<Instant> typed,
                                           const Gather& gather) {
  if (typed && !agree(*typed, now))
    return conflict("E-CLK-102",
                    fmt::format("the clock shows {}, you say {}: set the clock of the machine",
                                now.text(), typed->text()),
                    "--time");
  const ClockEvidence evidence = gather();
  const bool contradicted = evidence.device && !agree(*evidence.device, now);
  const bool device = evidence.device && !contradicted;
  // The person is one, the clock the person has read from is another, unless a TSE contradicts.
  if (!device && !evidence.synchronised && (!typed || contradicted))
    return conflict(
        "E-CLK-102",
        contradicted
            ? fmt::format(
                  "the clock shows {}, the TSE's clock {}: set the clock of the machine, or "
                  "let a time server keep it",
                  now.text(), evidence.device->text())
            : std::string("no TSE says its time: say what another clock shows (--time)"),
        "--time");
  const Lock lock(m_mutex);
  return ClockConfirmed{.last = m_last,
                        .clock = now,
                        .device = evidence.device.value_or(Instant()),
                        .typed = typed.value_or(Instant()),
                        .synchronised = evidence.synchronised};
}

void ClockGuard::believed(Instant now) {
  const Lock lock(m_mutex);
  m_last = now;
}

}  // namespace siegel::app
