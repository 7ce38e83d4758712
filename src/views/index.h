#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "journal/journal.h"
#include "views/keys.h"
#include "views/receipts.h"

// Search tables beside the journal, in a file of their own (docs/formats/index.md). They hold
// nothing that is not in the journal: whoever deletes the file loses the time to make it again.

namespace siegel::views {

struct IndexOptions {
  std::filesystem::path path;  ///< index.db in the data folder
  std::string vfs;             ///< for tests; empty: the system's
  /// Queries only, beside the process that writes. The file must be there.
  bool read_only = false;
  /// Keys in a segment. For tests.
  std::size_t segment_keys = std::size_t{1} << 15;
};

/// The file with its two followers.
class Index {
 public:
  virtual ~Index() = default;
  virtual KeyIndex& keys() = 0;
  virtual Receipts& receipts() = 0;
  /// True: what was found did not fit (damaged, of another version, of another journal, ahead of
  /// it) and was thrown away; followers start from the first entry.
  [[nodiscard]] virtual bool was_discarded() const = 0;
};

/// Opens and compares the positions with the journal. Errors: E-JRN-401 (unavailable) the file
/// cannot be used; E-JRN-402 (corrupt), only with `read_only`: it does not fit the journal.
[[nodiscard]] Result<std::unique_ptr<Index>> open_index(const IndexOptions& options,
                                                        journal::Reader& reader);

}  // namespace siegel::views
