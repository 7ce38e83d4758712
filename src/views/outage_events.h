#pragma once

#include "views/outages.h"

// The failure log as BioBill writes it among the events of a register: event 11 with three texts
// (BIO-096 to 102). Derived from the same entries as the log.

namespace siegel::views {

inline constexpr int tse_event = 11;

enum class TseEventText {
  init,     ///< 1: active for the first time or again after an outage; 0: could not be activated
  save,     ///< -1: failed at a process; 1: active again since a process
  setting,  ///< 1: switched on by hand; 0: switched off by hand
};
/// "TSE init", "TSE save", "TSE Setting".
[[nodiscard]] std::string_view word_of(TseEventText text);

struct TseEvent {
  LocalStamp at;
  TseEventText text = TseEventText::init;
  int value = 0;
  std::string serial;          ///< of the TSE
  std::string register_id;     ///< of the process it failed at; else empty
  std::uint64_t number = 0;    ///< of the outage, 0: none
  std::string code;            ///< of the failure log
  std::string actor;           ///< who switched
  journal::Sequence sequence;  ///< of the entry it comes from
  friend bool operator==(const TseEvent&, const TseEvent&) = default;
};

/// In the order of the journal; `filter` as of visit_outages. Only of TSEs: BioBill knows the
/// events in Germany. Errors as of outages.h.
[[nodiscard]] Result<journal::Head> visit_tse_events(
    journal::Reader& reader, const OutageFilter& filter,
    const std::function<Status(const TseEvent&)>& visit);

/// "Ereignisse_2026-11-01_2026-11-30.csv".
[[nodiscard]] std::string tse_events_file_name(const Date& first, const Date& last);
/// UTF-8 with byte order mark, `;`, CRLF; columns Date, Register SN, Event, Text, Value, TSS serial
/// No, Failure number, Failure code, Recorded by, Entry. Returns the number of rows.
[[nodiscard]] Result<std::uint64_t> export_tse_events(journal::Reader& reader,
                                                      const OutageFilter& filter, Sink& sink);

}  // namespace siegel::views
