#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

// What the recorder measures of each device: values to show, not to decide by. Nothing here is
// stored; the journal tells of outages only.

namespace siegel::recorder {

/// How a device does its work, as a till feels it: from the call to its answer, waiting behind
/// others included. Counted since the start of the program.
struct DeviceLoad {
  enum class Condition {
    works,
    disturbed,  ///< an outage is open; it is probed
    off,        ///< a person switched it off
    emergency,  ///< Notbetrieb
  };
  /// What relieves a TSE that is too slow for its registers [FCC-010]. A register moves between
  /// closings: one TSE a recording system is the rule [AEAO 146a 1.3].
  struct Relief {
    std::string register_id;  ///< the busiest of its registers
    std::string to;           ///< serial of the least loaded other TSE; empty: connect a second one
    friend bool operator==(const Relief&, const Relief&) = default;
  };

  std::string device;  ///< serial of the TSE, id of the signature device
  Condition condition = Condition::works;
  std::uint64_t queue = 0;               ///< calls sent and not answered
  std::chrono::milliseconds oldest{0};   ///< so long the first of them has waited
  std::chrono::milliseconds latency{0};  ///< moving mean: each answer counts one eighth
  std::uint64_t answers = 0;             ///< calls done
  std::uint64_t failures = 0;            ///< calls refused, or given up after one time-out
  std::vector<std::string> registers;    ///< that sign on it, backups left out
  bool overloaded = false;               ///< latency above Profile::tse_load_limit_ms
  std::optional<Relief> relief;          ///< if it is overloaded
  friend bool operator==(const DeviceLoad&, const DeviceLoad&) = default;
};
/// "works", "disturbed", "off", "emergency".
[[nodiscard]] std::string_view word_of(DeviceLoad::Condition condition);

/// Counts for one device.
class DeviceGauge {
 public:
  void sent() { ++m_queue; }
  /// The answer to a call that was sent `took` ago; `done`: it did what it was asked.
  void answered(Steady took, bool done);
  /// Nobody waits for this call any more; its answer may still come.
  void given_up() { ++m_failures; }
  /// The answer to a call that was given up.
  void dropped() { --m_queue; }

  [[nodiscard]] std::uint64_t queue() const { return m_queue; }
  [[nodiscard]] std::uint64_t answers() const { return m_answers; }
  [[nodiscard]] std::uint64_t failures() const { return m_failures; }
  [[nodiscard]] std::chrono::milliseconds latency() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(m_latency);
  }

 private:
  std::uint64_t m_queue = 0;
  std::uint64_t m_answers = 0;
  std::uint64_t m_failures = 0;
  Steady m_latency{0};
};

}  // namespace siegel::recorder
