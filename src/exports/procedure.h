#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "journal/journal.h"
#include "model/master.h"
#include "recorder/state.h"

// What an auditor asks of the installation, told from the journal [GoBD Rz. 151 ff.].

namespace siegel::exports {

/// One member of one entry of master data that changed.
struct MasterChange {
  Instant at;
  std::uint64_t sequence = 0;
  std::string kind;     ///< "business", "register", "profile", "tse", "signer", ...
  std::string subject;  ///< register, TSE or device; empty: the business
  std::string member;   ///< JSON pointer into the entry
  std::string before;   ///< canonical JSON; empty: was not there
  std::string after;    ///< empty: is no longer there
  std::string actor;
};
struct MasterHistory {
  std::vector<MasterChange> changes;  ///< first entries too: before is empty
  std::vector<std::string> actors;    ///< who ever wrote an entry, by name
  std::uint64_t receipts = 0;
  std::uint64_t outages = 0;
  journal::Head head;
};
/// Walks the journal once. Memory grows with changes, not with receipts. E-JRN-1xx, E-MOD-101.
[[nodiscard]] Result<MasterHistory> master_history(journal::Reader& reader);
/// As CSV: one change a row (docs/formats/journal-csv.md).
[[nodiscard]] Status write_history(const MasterHistory& history, Sink& sink);

/// What only the installation knows.
struct Installation {
  std::string version;  ///< of the program
  std::string data_folder;
  std::string witness;      ///< where the head of the chain is kept outside
  std::string backup_plan;  ///< as the business states it; empty: said to be missing
};
/// Verfahrensdokumentation as one self-contained HTML page: devices, versions, rules and profiles
/// in force, users, backup plan, changes over time.
[[nodiscard]] std::string procedure_page(const recorder::State& state, const MasterHistory& history,
                                         const Installation& installation, Language language);

}  // namespace siegel::exports
