#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "journal/follower.h"
#include "model/entries.h"

// What was said to and by the authority, and when devices failed: the rare entries that duties are
// derived from. Kept beside the journal, so that nobody reads years of sales to find them.

namespace siegel::app {

struct OutageSpan {
  OutageBegan began;
  std::optional<OutageEnded> ended;
  friend bool operator==(const OutageSpan&, const OutageSpan&) = default;
};

/// The fold of the entries `check`, `report`, `outage_begin` and `outage_end`.
struct Duties {
  std::uint64_t sequence = 0;
  std::vector<ReceiptCheck> checks;
  std::vector<AuthorityReport> reports;
  /// In order of their begin; of those that ended only the last ones.
  std::vector<OutageSpan> outages;

  /// Entries in order; others than these four are skipped. E-MOD-101.
  Status apply(const journal::Entry& entry);
  /// The last check of a receipt; null: none.
  [[nodiscard]] const ReceiptCheck* check_of(const std::string& receipt_number) const;
  /// The last report of that name about that subject that was accepted, by hand or through the web
  /// service in production; null: none. `since`: not before.
  [[nodiscard]] const AuthorityReport* done(std::string_view what, std::string_view subject,
                                            Instant since = {}) const;
  friend bool operator==(const Duties&, const Duties&) = default;
};

/// As of the journal's end: the file, if its hash is found in the chain, and the entries after it.
[[nodiscard]] Result<Duties> load_duties(const std::filesystem::path& file,
                                         journal::Reader& reader);
/// docs/formats/duties.md. E-FIL-004.
[[nodiscard]] Status write_duties(const std::filesystem::path& file, const Duties& duties,
                                  journal::Reader& reader);

}  // namespace siegel::app
