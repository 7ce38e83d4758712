#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

// Entries about the care of a TSE: what was found when it was looked after, its end, and a person's
// word on the clock. Canonical JSON, version 1, docs/formats/entries.md.

namespace siegel {

namespace entry_kind {
inline constexpr std::string_view tse_checked = "tse_checked";          ///< TseChecked
inline constexpr std::string_view tse_retired = "tse_retired";          ///< TseRetired
inline constexpr std::string_view clock_confirmed = "clock_confirmed";  ///< ClockConfirmed
}  // namespace entry_kind

/// What came of looking after a TSE. When stands in the entry's header.
struct TseChecked {
  enum class How {
    night,      ///< archived and compared with the journal
    read_back,  ///< single signatures were asked back
  };
  struct Finding {
    std::string code;  ///< "E-ARC-110"
    std::string detail;
    std::uint64_t counter = 0;  ///< signature counter it is about; 0: of the whole
    friend bool operator==(const Finding&, const Finding&) = default;
  };
  static constexpr std::size_t findings_max = 20;
  static constexpr std::size_t pending_max = 1000;
  static constexpr std::size_t told_max = 20;

  std::string tse_serial;
  How how = How::night;
  // night: how far archive and journal were compared (archive/comparison.h)
  std::uint64_t counter = 0;
  std::uint64_t sequence = 0;
  std::vector<std::uint64_t> pending;
  std::uint64_t messages = 0;  ///< signatures that agree: compared, or read back
  // What the device said of itself; all 0 if it did not answer. For forecasts.
  std::uint64_t signatures = 0;  ///< used
  std::uint64_t signatures_left = 0;
  std::uint64_t storage_bytes = 0;
  std::uint64_t storage_used_bytes = 0;
  Instant certificate_until;
  std::vector<Finding> findings;     ///< the first of them
  std::uint64_t findings_total = 0;  ///< at least findings.size()
  std::vector<std::string> told;     ///< ids of reminders that were told with this check
  friend bool operator==(const TseChecked&, const TseChecked&) = default;
};
/// "night", "read_back".
[[nodiscard]] std::string_view word_of(TseChecked::How how);

/// The end of a TSE: no signature of it counts afterwards. Its archive is kept.
struct TseRetired {
  static constexpr std::size_t reason_bytes_max = 1000;
  std::string tse_serial;
  std::string reason;  ///< one line in a person's words
  /// It could not be reached any more: nothing was exported at the end, and it was not disabled.
  bool lost = false;
  std::uint64_t counter = 0;  ///< last signature counter in the archive; 0: none
  Hash256 archive_sha256{};   ///< of the archive's manifest.json; zeros: there is none
  std::string successor;      ///< serial of the TSE that took over, may be empty
  friend bool operator==(const TseRetired&, const TseRetired&) = default;
};

/// A person says that the clock of the machine is right, although it is far from the last entry.
struct ClockConfirmed {
  Instant last;               ///< time of the last entry before
  Instant clock;              ///< the machine's clock when it was confirmed
  Instant device;             ///< time of a TSE; 0: none said any
  Instant typed;              ///< what the person read from another clock; 0: nothing
  bool synchronised = false;  ///< the machine's clock is kept by a time server
  friend bool operator==(const ClockConfirmed&, const ClockConfirmed&) = default;
};

[[nodiscard]] std::string to_json(const TseChecked& entry);
[[nodiscard]] std::string to_json(const TseRetired& entry);
[[nodiscard]] std::string to_json(const ClockConfirmed& entry);

// Errors: E-MOD-101 (corrupt), the detail names the member.
[[nodiscard]] Result<TseChecked> tse_checked_from_json(std::string_view json);
[[nodiscard]] Result<TseRetired> tse_retired_from_json(std::string_view json);
[[nodiscard]] Result<ClockConfirmed> clock_confirmed_from_json(std::string_view json);

}  // namespace siegel
