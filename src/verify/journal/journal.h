#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "verify/report.h"
#include "verify/tse/logs.h"

namespace siegel::verify::journal {

/// The head of a journal as a Z slip shows it: an entry and the begin of its hash.
struct HeadSeen {
  std::uint64_t sequence = 0;
  std::string hash;  ///< 8 to 64 hex digits, lower case
  friend bool operator==(const HeadSeen&, const HeadSeen&) = default;
};
/// "4711:7d1f2a90b3c4d5e6" or as printed, "J 4711 7d1f2a90b3c4d5e6". E-VER-021 (invalid).
[[nodiscard]] Result<HeadSeen> head_from_text(std::string_view text);

struct Options {
  /// The witness file kept outside; checked if given.
  std::optional<std::filesystem::path> witness;
  /// A witness that should be there and is not: said as a finding.
  std::optional<std::filesystem::path> witness_missing;
  /// Heads seen outside, on paper; each must be in the journal.
  std::vector<HeadSeen> heads;
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
