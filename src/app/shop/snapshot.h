#pragma once

#include <filesystem>

#include "base/result.h"
#include "journal/journal.h"
#include "recorder/state.h"

namespace siegel::app {

/// The state as of the journal's end: the snapshot, if its hash is found in the chain, and the
/// entries after it; all entries otherwise. Errors: E-JRN-1xx.
[[nodiscard]] Result<recorder::State> load_state(const std::filesystem::path& snapshot,
                                                 journal::Reader& reader);

/// Writes the state with the hash of its last entry (docs/formats/snapshot.md). Nothing is written
/// for an empty journal.
[[nodiscard]] Status write_snapshot(const std::filesystem::path& snapshot,
                                    const recorder::State& state, journal::Reader& reader);

}  // namespace siegel::app
