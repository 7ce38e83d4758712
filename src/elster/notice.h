#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "journal/journal.h"
#include "model/master.h"

// The notice of electronic recording systems to the tax office [AO 146a (4)], as Mein ELSTER takes
// it: one XML file per place of business with the complete set of its systems, also for a
// correction. What was said the last time is not kept anywhere: it is what the journal held when
// the notice was ticked off. Functions of values and of a journal; any thread.

namespace siegel::elster {

/// AuthorityReport::what of a notice; its subject is the id of the outlet (empty: the business).
inline constexpr std::string_view report_what = "elster_146a";

/// One recording system, with what the form asks for.
struct System {
  RegisterInfo info;
  Date entered;                 ///< day its first entry was made here
  std::optional<TseInfo> tse;   ///< the TSE it signs on
  std::optional<Date> tse_day;  ///< day that TSE was put into operation
  friend bool operator==(const System&, const System&) = default;

  [[nodiscard]] Date in_use_since() const { return info.in_use_since.value_or(entered); }
};

/// Everything one place of business has to report, registers by id.
struct Notice {
  std::string outlet;  ///< Outlet::id; empty: the business has one place
  std::string name;
  std::string street;
  std::string postcode;
  std::string city;
  std::string tax_number;
  std::vector<System> systems;
  friend bool operator==(const Notice&, const Notice&) = default;
};

/// The last notice of one outlet that was ticked off.
struct Sent {
  journal::Sequence sequence;  ///< its entry
  Instant at;
};

/// What a journal holds up to an entry.
struct Holdings {
  Business business;
  std::map<std::string, System, std::less<>> systems;  ///< by register
  std::map<std::string, Sent, std::less<>> sent;       ///< by outlet, latest
};
/// Reads the journal up to `until` (inclusive; empty: to its head) and keeps master data only.
/// Errors: those of the reader, E-MOD-101 (corrupt), E-REG-106 (conflict): there is no business.
[[nodiscard]] Result<Holdings> holdings(journal::Reader& reader,
                                        std::optional<journal::Sequence> until = {});

/// Outlets that have registers to report, the business itself (empty id) first.
[[nodiscard]] std::vector<std::string> outlets_of(const Holdings& holdings);

/// The notice of one outlet. Systems taken out of use before 1 July 2025 were never to be reported
/// and are left out [BMF 28.06.2024]. E-ELS-101 (not_found): no such outlet.
[[nodiscard]] Result<Notice> notice_of(const Holdings& holdings, std::string_view outlet);

/// Everything the form needs and the master data do not say yet, one error each: E-ELS-102, place =
/// register and field ("KASSE-01/acquired"), E-ELS-103: its TSE is not certified and cannot be
/// reported.
[[nodiscard]] std::vector<Error> gaps(const Notice& notice);

/// The file for the upload: the elements in the order of the form, days as dd.mm.yyyy. What is
/// missing is left empty: ask `gaps` first.
[[nodiscard]] std::string xml(const Notice& notice);

/// One change between two notices of an outlet, in words.
struct Change {
  std::string register_id;
  std::string de;
  std::string en;
  friend bool operator==(const Change&, const Change&) = default;
};
/// What is new, gone or different. Empty: the tax office knows everything.
[[nodiscard]] std::vector<Change> changes(const Notice& sent, const Notice& now);

/// Until when the tax office must know [AO 146a (4)]: one month after the earliest unreported event
/// (acquired, put into use, taken out of use, TSE put into operation), never before 31 July 2025.
/// `sent`: what was reported last and when, if anything was. Empty: nothing is open.
struct SentNotice {
  Notice notice;
  Date day;
};
[[nodiscard]] std::optional<Date> deadline(const Notice& now,
                                           const std::optional<SentNotice>& sent);

}  // namespace siegel::elster
