#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "journal/journal.h"

namespace siegel::journal::testing {

/// A draft whose content follows from `number`: every second one has a key, every third no
/// register.
[[nodiscard]] Draft sample_draft(std::uint64_t number, std::size_t payload_bytes = 200);
[[nodiscard]] std::vector<Draft> sample_drafts(std::uint64_t first, std::size_t count,
                                               std::size_t payload_bytes = 200);

/// True if the entry is what the draft says.
[[nodiscard]] bool holds(const Entry& entry, const Draft& draft);

/// All entries, in chunks of `chunk`, each checked against the one before by its reader.
[[nodiscard]] Result<std::vector<Entry>> read_all(Reader& reader, std::size_t chunk = 100);

}  // namespace siegel::journal::testing
