#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "journal/journal.h"
#include "model/entries.h"
#include "recorder/state.h"

// The daily log files of dikasse: for each register and day one of its TSE and one of the register
// itself (DIK-023 to 026). Derived from the journal: an optional form, never the record.
// docs/formats/day-logs.md

namespace siegel::views {

enum class DayLog {
  tse,   ///< events and processes of the TSE, and whether it was found
  till,  ///< starts and receipts of the register, among others
};

struct LogLine {
  DayLog log = DayLog::till;
  std::string register_id;
  LocalStamp at;  ///< its day names the file
  std::string text;
};
/// "2026-05-15 18:42:10 text", one line, without line end.
[[nodiscard]] std::string text_of(const LogLine& line);

/// "KD200515_TSE_KX01.log", "KD200515_DK_KX01.log": the number is the last digits of the register's
/// id, at least two; of a register that has none, or whose number one before it in the alphabet
/// has, its whole id with `_` for what a file name should not hold.
[[nodiscard]] std::string day_log_name(DayLog log, const Date& day, const std::string& register_id,
                                       const std::set<std::string>& registers);

/// Makes lines of entries.
class DayLogTeller {
 public:
  using Visit = std::function<Status(const LogLine&)>;
  /// `reader` outlives it: a receipt's plan is looked up there if it is older than what was taken.
  explicit DayLogTeller(journal::Reader& reader) : m_reader(reader) {}

  /// What is known before the first entry that is taken; nothing: it takes them from the first on.
  void begin_with(const recorder::State& state);
  /// Entries in order. Errors of reader and visitor, E-MOD-101.
  [[nodiscard]] Status take(const journal::Entry& entry, const Visit& visit);

  [[nodiscard]] const std::set<std::string>& registers() const { return m_registers; }
  /// At the start of a program: each register, and whether its TSE was found.
  [[nodiscard]] Status tell_start(Instant at, const std::set<std::string>& missing,
                                  const Visit& visit) const;

 private:
  Status take_master(const journal::Entry& entry, const Visit& visit);
  Status take_plan(const journal::Entry& entry);
  Status take_seal(const journal::Entry& entry, const Visit& visit);
  Status take_outage(const journal::Entry& entry, const Visit& visit);
  Status take_rest(const journal::Entry& entry, const Visit& visit);
  /// To the TSE logs of all registers of that device; of a printer to their own.
  Status of_device(const std::string& device, Instant at, const std::string& text,
                   const Visit& visit) const;
  Status of_register(DayLog log, const std::string& register_id, Instant at,
                     const std::string& text, const Visit& visit) const;

  journal::Reader& m_reader;
  std::string m_zone = "Europe/Berlin";
  std::set<std::string> m_registers;
  std::map<std::string, RegisterInfo> m_infos;  // by register
  std::map<std::uint64_t, Plan> m_plans;        // without seal yet
};

}  // namespace siegel::views
