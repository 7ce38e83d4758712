#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/stream.h"
#include "base/time.h"
#include "journal/journal.h"

// The failure log: what happened to TSEs and signature devices, told from the journal alone
// [AEAO 146a 1.14; RKSV 17]. Each call walks a reader of its own once (list_outages twice) up to
// the head it finds when it begins; memory grows with devices and noted outages, not with history.
// Nothing is written, any thread. Errors of all: E-JRN-1xx, E-MOD-101 (corrupt), those of the
// visitor or the sink. docs/formats/outages.md

namespace siegel::views {

enum class OutageEvent {
  began,           ///< the device failed
  receipt,         ///< a receipt went out without signature
  start,           ///< a Vorgang began and the TSE did not start its transaction
  late_signature,  ///< the device had signed after all; the receipt stays as it is
  note,            ///< a person added reason or steps
  ended,           ///< the device works again
  switched,        ///< a person switched a TSE off or on
};
/// "began", "receipt", "start", "late_signature", "note", "ended", "switched".
[[nodiscard]] std::string_view word_of(OutageEvent event);

/// One record of the log. Texts are as the journal holds them; what an event does not have is empty
/// or 0.
struct OutageRow {
  OutageEvent event = OutageEvent::began;
  journal::Sequence sequence;  ///< of the entry it comes from
  /// Serial of the TSE, id of the signature device, `printer:<name>`, `register:<id>`.
  std::string device;
  std::string manufacturer;         ///< of the TSE; of a signature device its provider ("AT1")
  std::string serial;               ///< of the TSE, or of the device's certificate; else `device`
  std::uint64_t number = 0;         ///< of the outage, per device from 1
  LocalStamp at;                    ///< till clock
  std::optional<LocalStamp> since;  ///< begin of the outage; empty: a note to an older one
  std::string code;                 ///< docs/reference/outage-codes.md
  std::string text;            ///< the device's own words; of `switched` "off", "emergency", "on"
  std::string receipt_number;  ///< of `receipt` and `late_signature`
  std::uint64_t receipt = 0;   ///< running number of receipts without signature, per device
  std::uint64_t receipts = 0;  ///< of `ended`: receipts without signature in this outage
  std::string register_id;     ///< of `began`: where it was noticed, if by a receipt or a Vorgang
  std::string cashier;         ///< as register_id
  std::string vorgang;         ///< of `start`
  std::string client;          ///< the entrepreneur
  /// RegisterInfo::printer of the receipt's register at that time; the printer that failed.
  std::string printer;
  std::string actor;   ///< who wrote it: a person of `note`, `switched`, of a till that was down
  std::string reason;  ///< of `note`, `switched`
  std::vector<std::string> steps;       ///< of `note`
  std::uint64_t transaction = 0;        ///< of `late_signature`
  std::uint64_t signature_counter = 0;  ///< of `late_signature`
  friend bool operator==(const OutageRow&, const OutageRow&) = default;
};

/// Days of OutageRow::at, both part of the period.
struct OutageFilter {
  std::optional<Date> first;
  std::optional<Date> last;
  std::optional<std::string> device;
  std::optional<std::uint64_t> number;
};

/// The records in the order of the journal. Returns the head they reach to.
[[nodiscard]] Result<journal::Head> visit_outages(
    journal::Reader& reader, const OutageFilter& filter,
    const std::function<Status(const OutageRow&)>& visit);

/// One outage from begin to end.
struct Outage {
  std::string device;
  std::string manufacturer;
  std::string serial;
  std::uint64_t number = 0;
  LocalStamp since;
  std::optional<LocalStamp> until;  ///< empty: it goes on
  std::string code;
  std::string text;
  std::uint64_t receipts = 0;         ///< without signature
  std::uint64_t starts = 0;           ///< Vorgaenge begun without the TSE
  std::uint64_t late_signatures = 0;  ///< found on the device afterwards
  std::uint64_t notes = 0;            ///< made up to now
  friend bool operator==(const Outage&, const Outage&) = default;
};
/// Outages of which a part lies in the period, in the order of their ends; then those that go on,
/// by device.
[[nodiscard]] Result<journal::Head> list_outages(journal::Reader& reader,
                                                 const OutageFilter& filter,
                                                 const std::function<Status(const Outage&)>& visit);

enum class OutageForm {
  csv,       ///< the ten columns; begins, receipts and ends
  csv_full,  ///< every event with every column
  json,      ///< every event, one object a line
  pdf,       ///< every event on paper; its writer is not here (a name only)
};

/// "Ausfallbelege_2026-11-01_2026-11-30.csv", "Ausfallbelege_voll_...csv", "Ausfallbelege_...json",
/// "Ausfallbelege_...pdf".
[[nodiscard]] std::string outages_file_name(const Date& first, const Date& last, OutageForm form);

struct OutagesExported {
  std::uint64_t rows = 0;
  std::uint64_t receipts = 0;  ///< rows of receipts
  std::uint64_t bytes = 0;
  Hash256 sha256{};    ///< of the bytes written
  journal::Head head;  ///< of the journal when it began
};
/// Writes the records of the filter in a form that is not pdf (checked). A second run over a past
/// period gives the same bytes.
[[nodiscard]] Result<OutagesExported> export_outages(journal::Reader& reader,
                                                     const OutageFilter& filter, OutageForm form,
                                                     Sink& sink);

/// The object of one record in the JSON form, without line end.
[[nodiscard]] std::string to_json(const OutageRow& row);

}  // namespace siegel::views
