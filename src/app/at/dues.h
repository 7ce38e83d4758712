#pragma once

#include <string>
#include <vector>

#include "app/shop/shop.h"
#include "base/time.h"
#include "mail/notice.h"
#include "model/master.h"
#include "recorder/state.h"

// What an Austrian shop owes, and until when: derived from the state, nothing is remembered.

namespace siegel::app::at {

enum class DueKind {
  registration,     ///< device and register with FinanzOnline, a week after the Startbeleg
  start_check,      ///< Startbeleg, a week after it was made [RKSV 6 (4)]
  month,            ///< Monatsbeleg [RKSV 8 (1)]
  year,             ///< Jahresbeleg
  year_check,       ///< until 15 February [RKSV 8 (3)]
  quarter_check,    ///< last receipt of a quarter, shown to the app (AMA-059)
  backup,           ///< DEP on an outside medium, each quarter [RKSV 7 (3)]
  collective,       ///< Sammelbeleg: as soon as a device works [RKSV 17 (4)]
  outage_report,    ///< 48 hours without the device [RKSV 17 (1)]
  recovery_report,  ///< the end of an outage that was reported
};

enum class DueState { later, due, overdue };

struct Due {
  DueKind kind = DueKind::month;
  std::string subject;  ///< register, or id of the device; empty: the whole shop
  std::string period;   ///< "2026-11", "2026", "2026-Q3"; may be empty
  std::string receipt;  ///< number of the receipt it is about; may be empty
  DueState state = DueState::due;
  LocalStamp until;  ///< its last moment
  friend bool operator==(const Due&, const Due&) = default;
};
/// Stable and unique: "year_check/KASSE-01/2026".
[[nodiscard]] std::string id_of(const Due& due);
[[nodiscard]] std::string_view word_of(DueKind kind);
[[nodiscard]] std::string_view word_of(DueState state);
/// One sentence, and the command that does it.
[[nodiscard]] std::string title_of(const Due& due, Language language);
[[nodiscard]] std::string action_of(const Due& due, Language language);

/// The last receipt a register made in a quarter that is over.
struct QuarterEnd {
  std::string register_id;
  std::string period;  ///< "2026-Q3"
  std::string receipt;
};

/// "2026-Q4" of a day; the quarter before; its first and last day.
struct Quarter {
  int year = 0;
  int number = 1;  ///< 1..4
  [[nodiscard]] std::string text() const;
  [[nodiscard]] Quarter before() const;
  [[nodiscard]] Date first_day() const;
  [[nodiscard]] Date last_day() const;
  friend auto operator<=>(const Quarter&, const Quarter&) = default;
};
[[nodiscard]] Quarter quarter_of(Date day);
/// What a backup of a quarter is recorded as: AuthorityReport::what and ::subject.
inline constexpr std::string_view backup_report = "backup";
/// The same for the check of a quarter's last receipt; subject "KASSE-01/2026-Q3".
inline constexpr std::string_view quarter_check_report = "quarter_check";

/// Overdue first, then by their last moment. `now` in the shop's zone.
[[nodiscard]] std::vector<Due> dues_of(const recorder::State& state,
                                       const std::vector<QuarterEnd>& quarters, LocalStamp now);
/// The same with everything looked up in the shop.
[[nodiscard]] Result<std::vector<Due>> dues_of(Shop& shop, const recorder::State& state,
                                               Instant now);
/// The mail for a due that people are told of; nothing for the others (the notifier tells of
/// outages by itself).
[[nodiscard]] std::optional<mail::Notice> notice_of(const Due& due, const recorder::State& state);

}  // namespace siegel::app::at
