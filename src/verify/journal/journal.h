#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.h"
#include "verify/report.h"
#include "verify/tse/logs.h"

namespace siegel::verify::journal {

struct Options {
  /// The witness file kept outside; checked if given.
  std::optional<std::filesystem::path> witness;
  /// Exports of the TSEs; if given, receipts and messages are compared both ways.
  std::vector<tse::Input> logs;
  Progress progress;  ///< entries
};

/// Checks a journal by every rule JRN-xxxx from the bytes of its file alone: the chain of hashes,
/// the form of headers and payloads, plans and seals, numbers, keys, amounts, outages, and the
/// signature of each seal with the key of its TSE. Reads the SQLite file without writing to it.
/// Places are "entry 17" or "entry 17 /vat/0/net".
/// `signatures` counts the signatures of seals and late signatures.
/// Errors: E-VER-001 (not found or unreadable), E-VER-005 (not a journal), E-VER-006 (a journal of
/// a newer version), those of tse::visit_logs.
[[nodiscard]] Result<Report> verify_journal(const std::filesystem::path& file,
                                            const Options& options);

}  // namespace siegel::verify::journal
