#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "exports/file_set.h"
#include "journal/journal.h"

// The journal as plain tables, for tax advisers and for periods before there was a TSE (BIO-105,
// 106): receipts.csv, lines.csv, taxes.csv, payments.csv (docs/formats/journal-csv.md). Closed or
// not, with TSE or without: everything recorded, in the order of the journal.

namespace siegel::exports {

struct JournalSelection {
  std::vector<std::string> registers;  ///< empty: all
  std::optional<Date> first;           ///< day it was recorded, both inclusive
  std::optional<Date> last;
};
struct JournalExported {
  std::uint64_t receipts = 0;
  std::uint64_t lines = 0;
  journal::Head head;  ///< of the journal when it began
};
/// Streams; memory does not grow with the journal. A second run over a past period gives the same
/// bytes. Errors: E-JRN-1xx, E-MOD-101 (corrupt), those of `files`.
[[nodiscard]] Result<JournalExported> write_journal(journal::Reader& reader,
                                                    const JournalSelection& selection,
                                                    FileSet& files);

}  // namespace siegel::exports
