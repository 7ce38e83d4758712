#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "journal/journal.h"

// The journal of a shop: one SQLite file in WAL mode (docs/formats/journal.md).

namespace siegel::journal::sqlite {

struct Options {
  std::filesystem::path path;
  bool create = false;  ///< only the first open creates; an existing journal is opened as it is
  std::string vfs;      ///< for tests; empty: the system's
  /// A file of `reserve_bytes` whose only purpose is to be deleted when the disk is full, so that
  /// the shop can sell until evening. Empty: none. It is made anew at open when there is room.
  std::filesystem::path reserve;
  std::uint64_t reserve_bytes = std::uint64_t{8} << 20;
  /// Pages in the WAL that start a checkpoint beside the appends, and pages from which the
  /// checkpoint asks the appends to wait for its end; at twice as many they wait in any case.
  int checkpoint_pages = 1000;
  int wal_pages_max = 8000;
  /// A checkpoint has a thread of its own. False: it runs at the end of an append that passes
  /// `checkpoint_pages`, for simulations with one thread.
  bool checkpoint_thread = true;
  int busy_timeout_ms = 5000;
};

struct JournalStatus {
  bool reserve_used = false;  ///< the disk was full: room for about `reserve_bytes` is left
  bool reserve_there = false;
  std::uint64_t checkpoints = 0;
  int wal_pages = 0;             ///< after the last append
  std::string checkpoint_error;  ///< of the last checkpoint, empty if it went well
};

class SqliteJournal : public Journal {
 public:
  /// Any thread.
  [[nodiscard]] virtual JournalStatus status() const = 0;
};

/// Opens for writing. The caller holds the lock of the data folder. What is found is durable when
/// this returns, also what a process that died had not synced. The hashes of the last entries are
/// checked; the whole chain is checked by `siegel verify`. Nothing is ever repaired silently.
///
/// Errors: E-JRN-302 (conflict) written by a newer version, nothing was changed; E-JRN-304
/// (corrupt) the file is no journal; E-JRN-305 (not_found) there is none and `create` is false;
/// E-JRN-1xx (corrupt); E-JRN-203 (unavailable) the disk does not work or another process writes.
[[nodiscard]] Result<std::unique_ptr<SqliteJournal>> open(const Options& options);

/// A journal that nobody need hold open for writing: for verification, export and commands beside a
/// running process. Writes nothing to the journal. Errors as of open().
[[nodiscard]] Result<std::unique_ptr<Reader>> open_reader(const Options& options);

}  // namespace siegel::journal::sqlite
