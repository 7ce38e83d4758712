#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/master.h"
#include "recorder/state.h"
#include "views/messages.h"

// When a TSE is full or its certificate ends, and what a person is to be told of its care. Pure
// functions of the journal's state (TseChecked entries are the samples); any thread.

namespace siegel::views {

/// What ends a TSE.
enum class TseEnd { certificate, storage, signatures };
/// "certificate", "storage", "signatures".
[[nodiscard]] std::string_view word_of(TseEnd end);

struct Forecast {
  std::string tse;     ///< TseInfo::id
  std::string serial;  ///< of the TSE
  Instant sampled;     ///< when the device last told its state; 0: never, the rest is empty then
  std::optional<Instant> certificate_until;
  /// At the pace between the oldest sample of the last 90 days and the newest. Empty: less than a
  /// day lies between them, nothing was used, or it lasts beyond 2199.
  std::optional<Instant> storage_full;
  std::optional<Instant> signatures_used_up;
  std::uint64_t signatures_a_day = 0;
  std::uint64_t bytes_a_day = 0;
  std::uint64_t signatures_left = 0;
  std::uint64_t storage_bytes = 0;
  std::uint64_t storage_used_bytes = 0;

  [[nodiscard]] std::optional<Instant> end_of(TseEnd end) const;
  /// What comes first.
  [[nodiscard]] std::optional<std::pair<TseEnd, Instant>> first_end() const;
  friend bool operator==(const Forecast&, const Forecast&) = default;
};

/// `latest`: what the device says now, if it was asked; counts as the newest sample.
[[nodiscard]] Forecast forecast(const TseInfo& tse, const recorder::TseCare& care,
                                const std::optional<recorder::CareSample>& latest = {});

/// Days before the end on which a reminder is due.
inline constexpr int reminder_days[] = {180, 90, 30, 7};

struct Reminder {
  /// The same for ever ("9f86.../certificate/90"): whoever tells it remembers it.
  std::string id;
  TseEnd end = TseEnd::certificate;
  Instant at;    ///< of the end
  int days = 0;  ///< the limit that was reached; the end may be nearer or past
  /// Limits reached at the same time: told with this one.
  std::vector<std::string> also;
  friend bool operator==(const Reminder&, const Reminder&) = default;
};
/// Those that are due and whose ids are not in `told`; of one end only the nearest limit.
[[nodiscard]] std::vector<Reminder> reminders_due(const Forecast& forecast, Instant now,
                                                  const std::set<std::string>& told);
[[nodiscard]] Bilingual text_of(const Reminder& reminder, const Forecast& forecast);

/// For MessageFacts::others: ends that come within 180 days (error within 7), what the last checks
/// found and nobody has acknowledged, checks that are overdue by more than a day, notices to the
/// tax office that are due. Of every TSE that is in use.
[[nodiscard]] std::vector<Message> care_messages(const recorder::State& state, Instant now);

}  // namespace siegel::views
