#pragma once

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/thread.h"
#include "sqlite/testing/forgetful_vfs.h"

namespace siegel::sqlite::testing {

inline constexpr std::size_t sector_bytes = 512;

/// One change of a file that was not synced. The bytes of all changes lie in one arena.
struct Change {
  std::uint64_t order = 0;  ///< over the whole disk
  bool truncate = false;
  std::uint64_t offset = 0;  ///< truncate: the new size
  std::size_t size = 0;
  std::size_t data = 0;  ///< place in `File::pending_bytes`
};

/// Locks of one file among the connections of this process, as the unix VFS has them.
struct FileLocks {
  int shared = 0;
  const void* reserved = nullptr;
  const void* pending = nullptr;
  const void* exclusive = nullptr;
};

/// The WAL index: shared by the connections, forgotten by a crash.
struct SharedMemory {
  std::vector<std::unique_ptr<std::byte[]>> regions;
  int users = 0;
  struct Slot {
    int shared = 0;
    const void* exclusive = nullptr;
  };
  std::array<Slot, SQLITE_SHM_NLOCK> slots;
};

struct File {
  Bytes content;  ///< what a reader sees
  Bytes durable;  ///< what was synced
  std::vector<Change> pending;
  Bytes pending_bytes;
  FileLocks locks;
  std::unique_ptr<SharedMemory> shared_memory;
};

// Shared: a file that is deleted while a connection has it open lives on, as on unix.
using FilePtr = std::shared_ptr<File>;
using Names = std::map<std::string, FilePtr, std::less<>>;

/// A created or deleted name that was not synced.
struct NameChange {
  std::uint64_t order = 0;
  std::string name;
  FilePtr file;  ///< null: deleted
};

void apply(Bytes& content, const Change& change, const Bytes& data);

}  // namespace siegel::sqlite::testing

namespace siegel::sqlite::testing {

struct ForgetfulDisk::State {
  State();

  // All below: under the mutex.
  mutable Mutex mutex;
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* system = nullptr;

  Names names SIEGEL_GUARDED_BY(mutex);
  Names durable_names SIEGEL_GUARDED_BY(mutex);
  std::vector<NameChange> pending_names SIEGEL_GUARDED_BY(mutex);
  std::uint64_t next_order SIEGEL_GUARDED_BY(mutex) = 1;
  std::uint64_t generation SIEGEL_GUARDED_BY(mutex) = 1;  ///< a connection of an older one is dead
  std::uint64_t temporary_names SIEGEL_GUARDED_BY(mutex) = 0;

  bool cut SIEGEL_GUARDED_BY(mutex) = false;
  std::uint64_t syncs_until_cut SIEGEL_GUARDED_BY(mutex) = 0;
  std::uint64_t changes_until_cut SIEGEL_GUARDED_BY(mutex) = 0;
  FaultOptions fault SIEGEL_GUARDED_BY(mutex);
  bool fault_set SIEGEL_GUARDED_BY(mutex) = false;
  Counters counters SIEGEL_GUARDED_BY(mutex);

  struct Verdict {
    int code = SQLITE_OK;
    bool applied = true;
  };
  /// Counts a change and says whether it happens and what the caller is told.
  Verdict change(int error_code, bool is_sync = false) SIEGEL_REQUIRES(mutex);
  Verdict sync() SIEGEL_REQUIRES(mutex);
  void sync_names() SIEGEL_REQUIRES(mutex);
  void forget_processes() SIEGEL_REQUIRES(mutex);
};

}  // namespace siegel::sqlite::testing
