#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "world.h"

// The least that has to be done: the same bytes, flushes, hashes and signatures, and nothing else.
// No JSON is built, no law asked, no key looked up, nothing is checked.

namespace siegel::bench::bare {

/// One row of a commit, in bytes.
struct Row {
  std::size_t header = 0;
  std::size_t payload = 0;
};
/// Rows a second when groups of the same sizes are appended one after the other, for `seconds` or
/// until the list ends.
Result<double> append_rows(const std::filesystem::path& folder,
                           const std::vector<std::vector<Row>>& commits, double seconds);

/// One register: plan, TSE start, TSE finish, seal, each synced before the next, in one thread.
Result<Run> sell_one(const std::filesystem::path& folder, const SaleSizes& sizes, double seconds);

/// Many registers: an event loop, one committer, one signer; what comes while a flush runs is in
/// the next.
Result<Run> sell_many(const std::filesystem::path& folder, const SaleSizes& sizes,
                      std::size_t registers, double seconds);

/// Austria, one register: signed, verified, plan and seal in one synced commit.
Result<Run> sign_one(const std::filesystem::path& folder, const SaleSizes& sizes, double seconds);
/// The same for many registers: an event loop, one signer, one committer.
Result<Run> sign_many(const std::filesystem::path& folder, const SaleSizes& sizes,
                      std::size_t registers, double seconds);

/// P-256 signatures that OpenSSL checks in a second with `threads` threads.
double verify_rate(unsigned threads, double seconds);

}  // namespace siegel::bench::bare
