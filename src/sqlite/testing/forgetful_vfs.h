#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"

namespace siegel::sqlite::testing {

/// What of the unsynced writes a power cut leaves on the disk.
enum class Tear {
  nothing,   ///< none of them
  ordered,   ///< a prefix of them in the order they were made, over all files
  per_file,  ///< a prefix for each file, independently
  sectors,   ///< any subset of 512-byte sectors of any of them
};

enum class Fault {
  io_error,  ///< SQLITE_IOERR_*, also what a cut looks like
  full,      ///< SQLITE_FULL
};

/// A disk in memory that remembers what was synced and what was not. It registers itself as an
/// SQLite VFS under `name()`; every path opened through it is a file of this disk. Supports WAL
/// with several connections of one process. Thread-safe. Real files are never touched.
///
/// Names follow the same rule as on a disk: a created, renamed or deleted name is durable when its
/// directory was synced; SQLite does that after it made a journal or a WAL, and when it asks for it
/// at deletion.
///
/// Connections opened before crash() are dead afterwards: whatever they do fails. Close them at
/// leisure; the disk outlives them.
class ForgetfulDisk {
 public:
  ForgetfulDisk();
  ForgetfulDisk(const ForgetfulDisk&) = delete;
  ForgetfulDisk& operator=(const ForgetfulDisk&) = delete;
  /// All connections are closed.
  ~ForgetfulDisk();

  /// For sqlite::Options::vfs.
  [[nodiscard]] const std::string& name() const;

  /// Power cut and restart: what was synced stays, of the rest `tear` decides, with `random`.
  /// Clears cuts, faults and locks; the disk works again at once.
  void crash(Random& random, Tear tear);

  /// The n-th sync (from 1) from now fails, and everything after it until crash() or restart().
  /// What the sync would have made durable is as unsynced as before. 0: no cut.
  void cut_at_sync(std::uint64_t n);
  /// The same for the n-th change (write, truncation, sync, creation, deletion).
  void cut_at_change(std::uint64_t n);
  /// Everything fails from now on.
  void cut_now();
  [[nodiscard]] bool is_cut() const;
  /// Power is back, and nothing was forgotten (as if only the process had died). Connections opened
  /// before are dead.
  void restart();

  struct FaultOptions {
    Fault fault = Fault::io_error;
    std::uint64_t at_change = 1;  ///< n-th change from now, from 1
    std::uint64_t count = 1;      ///< how many changes fail in a row
    bool applied = false;         ///< the failing change is carried out nevertheless
    bool syncs_only = false;      ///< only syncs are counted and fail
  };
  /// Some changes fail; later ones work again.
  void inject(FaultOptions options);
  void clear_faults();

  struct Counters {
    std::uint64_t syncs = 0;
    std::uint64_t changes = 0;
    std::uint64_t bytes_written = 0;
  };
  [[nodiscard]] Counters counters() const;

  /// For tests that tamper. Contents are what a reader sees now; replace() is durable at once.
  [[nodiscard]] bool exists(std::string_view path) const;
  [[nodiscard]] Bytes content(std::string_view path) const;  ///< empty if there is no such file
  void replace(std::string_view path, BytesView content);
  void remove(std::string_view path);
  [[nodiscard]] std::vector<std::string> names() const;  ///< sorted

  struct State;  ///< for the implementation

 private:
  std::unique_ptr<State> m_state;
};

}  // namespace siegel::sqlite::testing
