#include "sqlite/testing/forgetful_vfs.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>
#include <utility>

#include "sqlite/testing/disk_state.h"

// The face towards SQLite: functions with C linkage rules, each of which takes the disk's mutex.
namespace siegel::sqlite::testing {
namespace {

using State = ForgetfulDisk::State;

/// What SQLite allocates for an open file: `base` first, then ours, made in place.
struct Handle {
  sqlite3_file base;
  State* state;
  FilePtr* file;  // owned; SQLite copies and frees this struct as plain bytes
  std::string* name;
  std::uint64_t generation;
  int lock_level;
  bool sync_names_at_sync;
  bool delete_on_close;
  bool has_shared_memory;
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

bool dead(const Handle& handle) SIEGEL_REQUIRES(handle.state->mutex) {
  return handle.state->cut || handle.generation != handle.state->generation;
}

void note(State& state, File& file, Change change, BytesView data) SIEGEL_REQUIRES(state.mutex) {
  change.order = state.next_order++;
  change.data = file.pending_bytes.size();
  change.size = data.size();
  append(file.pending_bytes, data);
  file.pending.push_back(change);
  apply(file.content, change, file.pending_bytes);
}

void release_locks(Handle& handle, int level) SIEGEL_REQUIRES(handle.state->mutex) {
  FileLocks& locks = (*handle.file)->locks;
  if (locks.exclusive == &handle) locks.exclusive = nullptr;
  if (locks.pending == &handle) locks.pending = nullptr;
  if (locks.reserved == &handle) locks.reserved = nullptr;
  if (level == SQLITE_LOCK_NONE && handle.lock_level >= SQLITE_LOCK_SHARED) --locks.shared;
  handle.lock_level = level;
}

void leave_shared_memory(Handle& handle) SIEGEL_REQUIRES(handle.state->mutex) {
  if (!std::exchange(handle.has_shared_memory, false)) return;
  File& file = **handle.file;
  if (file.shared_memory == nullptr) return;
  for (SharedMemory::Slot& slot : file.shared_memory->slots)
    if (slot.exclusive == &handle) slot.exclusive = nullptr;
  if (--file.shared_memory->users == 0) file.shared_memory.reset();
}

int io_close(sqlite3_file* base) {
  Handle& handle = handle_of(base);
  {
    const Lock lock(handle.state->mutex);
    if (handle.lock_level > SQLITE_LOCK_NONE) release_locks(handle, SQLITE_LOCK_NONE);
    leave_shared_memory(handle);
    if (handle.delete_on_close && handle.generation == handle.state->generation)
      handle.state->names.erase(*handle.name);
  }
  delete handle.file;
  delete handle.name;
  base->pMethods = nullptr;
  return SQLITE_OK;
}

int io_read(sqlite3_file* base, void* to, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (dead(handle)) return SQLITE_IOERR_READ;
  const Bytes& content = (*handle.file)->content;
  const auto from = static_cast<std::size_t>(offset);
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t there = from >= content.size() ? 0 : std::min(wanted, content.size() - from);
  if (there > 0) std::memcpy(to, content.data() + from, there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int io_write(sqlite3_file* base, const void* from, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (dead(handle)) return SQLITE_IOERR_WRITE;
  const auto verdict = handle.state->change(SQLITE_IOERR_WRITE);
  if (!verdict.applied) return verdict.code;
  const BytesView data(static_cast<const std::byte*>(from), static_cast<std::size_t>(size));
  Change change;
  change.offset = static_cast<std::uint64_t>(offset);
  note(*handle.state, **handle.file, change, data);
  handle.state->counters.bytes_written += data.size();
  return verdict.code;
}

int io_truncate(sqlite3_file* base, sqlite3_int64 size) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (dead(handle)) return SQLITE_IOERR_TRUNCATE;
  const auto verdict = handle.state->change(SQLITE_IOERR_TRUNCATE);
  if (!verdict.applied) return verdict.code;
  Change change;
  change.truncate = true;
  change.offset = static_cast<std::uint64_t>(size);
  note(*handle.state, **handle.file, change, {});
  return verdict.code;
}

int io_sync(sqlite3_file* base, int /*flags*/) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (dead(handle)) return SQLITE_IOERR_FSYNC;
  const auto verdict = handle.state->sync();
  if (!verdict.applied) return verdict.code;
  File& file = **handle.file;
  for (const Change& change : file.pending) apply(file.durable, change, file.pending_bytes);
  file.pending.clear();
  file.pending_bytes.clear();
  if (std::exchange(handle.sync_names_at_sync, false)) handle.state->sync_names();
  return verdict.code;
}

int io_file_size(sqlite3_file* base, sqlite3_int64* size) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (dead(handle)) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>((*handle.file)->content.size());
  return SQLITE_OK;
}

int io_lock(sqlite3_file* base, int level) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (dead(handle)) return SQLITE_IOERR_LOCK;
  if (handle.lock_level >= level) return SQLITE_OK;
  FileLocks& locks = (*handle.file)->locks;
  const auto others = [&](const void* holder) { return holder != nullptr && holder != &handle; };
  if (level == SQLITE_LOCK_SHARED) {
    if (others(locks.pending) || others(locks.exclusive)) return SQLITE_BUSY;
    ++locks.shared;
    handle.lock_level = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
  }
  if (others(locks.reserved) || others(locks.pending) || others(locks.exclusive))
    return SQLITE_BUSY;
  locks.reserved = &handle;
  if (level == SQLITE_LOCK_RESERVED) {
    handle.lock_level = SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
  }
  locks.pending = &handle;
  handle.lock_level = SQLITE_LOCK_PENDING;
  if (locks.shared > 1) return SQLITE_BUSY;
  locks.exclusive = &handle;
  handle.lock_level = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

int io_unlock(sqlite3_file* base, int level) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  if (handle.lock_level > level) release_locks(handle, level);
  return SQLITE_OK;
}

int io_check_reserved(sqlite3_file* base, int* reserved) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  *reserved = (*handle.file)->locks.reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int io_control(sqlite3_file* /*base*/, int /*operation*/, void* /*argument*/) {
  return SQLITE_NOTFOUND;
}

// The answers of the unix VFS, so that SQLite writes here what it writes on a real disk.
int io_sector_size(sqlite3_file* /*base*/) { return 4096; }
int io_characteristics(sqlite3_file* /*base*/) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int io_shm_map(sqlite3_file* base, int region, int size, int extend, void volatile** out) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  *out = nullptr;
  if (dead(handle)) return SQLITE_IOERR_SHMMAP;
  File& file = **handle.file;
  if (!handle.has_shared_memory) {
    if (file.shared_memory == nullptr) file.shared_memory = std::make_unique<SharedMemory>();
    ++file.shared_memory->users;
    handle.has_shared_memory = true;
  }
  auto& regions = file.shared_memory->regions;
  const auto index = static_cast<std::size_t>(region);
  if (index >= regions.size() && extend == 0) return SQLITE_OK;
  while (regions.size() <= index)
    regions.push_back(std::make_unique<std::byte[]>(static_cast<std::size_t>(size)));
  *out = regions[index].get();
  return SQLITE_OK;
}

int io_shm_lock(sqlite3_file* base, int offset, int count, int flags) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  File& file = **handle.file;
  if (file.shared_memory == nullptr) return SQLITE_IOERR_SHMLOCK;
  const auto first = static_cast<std::size_t>(offset);
  const std::span slots(file.shared_memory->slots.data() + first, static_cast<std::size_t>(count));
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (SharedMemory::Slot& slot : slots) {
      if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
        if (slot.exclusive == &handle) slot.exclusive = nullptr;
      } else if (slot.shared > 0) {
        --slot.shared;
      }
    }
    return SQLITE_OK;
  }
  if (dead(handle)) return SQLITE_IOERR_SHMLOCK;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (const SharedMemory::Slot& slot : slots)
    if (slot.exclusive != nullptr || (exclusive && slot.shared > 0)) return SQLITE_BUSY;
  for (SharedMemory::Slot& slot : slots) {
    if (exclusive)
      slot.exclusive = &handle;
    else
      ++slot.shared;
  }
  return SQLITE_OK;
}

void io_shm_barrier(sqlite3_file* base) {
  // Taking the mutex orders memory on both sides.
  const Lock lock(handle_of(base).state->mutex);
}

int io_shm_unmap(sqlite3_file* base, int /*delete_it*/) {
  Handle& handle = handle_of(base);
  const Lock lock(handle.state->mutex);
  leave_shared_memory(handle);
  return SQLITE_OK;
}

const sqlite3_io_methods io_methods = {
    2,
    io_close,
    io_read,
    io_write,
    io_truncate,
    io_sync,
    io_file_size,
    io_lock,
    io_unlock,
    io_check_reserved,
    io_control,
    io_sector_size,
    io_characteristics,
    io_shm_map,
    io_shm_lock,
    io_shm_barrier,
    io_shm_unmap,
    nullptr,
    nullptr,
};

State& state_of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }

int vfs_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* base, int flags, int* flags_out) {
  State& state = state_of(vfs);
  const Lock lock(state.mutex);
  base->pMethods = nullptr;
  if (state.cut) return SQLITE_CANTOPEN;
  const std::string name =
      path == nullptr ? fmt::format("temporary-{}", ++state.temporary_names) : std::string(path);
  auto found = state.names.find(name);
  const bool made = found == state.names.end();
  if (made) {
    if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    const auto verdict = state.change(SQLITE_CANTOPEN);
    if (verdict.code != SQLITE_OK) return verdict.code;
    found = state.names.emplace(name, std::make_shared<File>()).first;
    if (path != nullptr) state.pending_names.push_back({state.next_order++, name, found->second});
  }
  constexpr int with_directory =
      SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  Handle& handle = handle_of(base);
  handle.state = &state;
  handle.file = new FilePtr(found->second);
  handle.name = new std::string(name);
  handle.generation = state.generation;
  handle.lock_level = SQLITE_LOCK_NONE;
  // As the unix VFS: after the first sync of a journal or WAL that was opened to be created.
  handle.sync_names_at_sync = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & with_directory) != 0;
  handle.delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0 || path == nullptr;
  handle.has_shared_memory = false;
  base->pMethods = &io_methods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  State& state = state_of(vfs);
  const Lock lock(state.mutex);
  if (state.cut) return SQLITE_IOERR_DELETE;
  const auto found = state.names.find(path);
  if (found == state.names.end()) return SQLITE_IOERR_DELETE_NOENT;
  const auto verdict = state.change(SQLITE_IOERR_DELETE);
  if (!verdict.applied) return verdict.code;
  state.names.erase(found);
  state.pending_names.push_back({state.next_order++, path, nullptr});
  if (sync_directory == 0) return verdict.code;
  const auto synced = state.sync();
  if (synced.applied) state.sync_names();
  return synced.code != SQLITE_OK ? SQLITE_IOERR_DIR_FSYNC : verdict.code;
}

int vfs_access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  State& state = state_of(vfs);
  const Lock lock(state.mutex);
  if (state.cut) return SQLITE_IOERR_ACCESS;
  const auto found = state.names.find(path);
  const bool there = found != state.names.end();
  // As the unix VFS: an empty file does not exist for this question.
  const bool counts = flags != SQLITE_ACCESS_EXISTS || (there && !found->second->content.empty());
  *out = there && counts ? 1 : 0;
  return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs* /*vfs*/, const char* path, int size, char* out) {
  const std::size_t length = std::strlen(path);
  if (length + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, path, length + 1);
  return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs* vfs, int size, char* out) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xRandomness(system, size, out);
}

int vfs_sleep(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xSleep(system, microseconds);
}

int vfs_current_time(sqlite3_vfs* vfs, sqlite3_int64* out) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xCurrentTimeInt64(system, out);
}

int vfs_last_error(sqlite3_vfs* /*vfs*/, int /*size*/, char* /*out*/) { return 0; }

}  // namespace

ForgetfulDisk::State::State() {
  // SQLite finds a VFS by its name: the address of this object is unique while it is registered.
  name = fmt::format("forgetful-{}", static_cast<const void*>(this));
  sqlite3_initialize();
  system = sqlite3_vfs_find(nullptr);
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = 512;
  vfs.zName = name.c_str();
  vfs.pAppData = this;
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_path;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xGetLastError = vfs_last_error;
  vfs.xCurrentTimeInt64 = vfs_current_time;
}

ForgetfulDisk::ForgetfulDisk() : m_state(std::make_unique<State>()) {
  SIEGEL_CHECK(sqlite3_vfs_register(&m_state->vfs, 0) == SQLITE_OK);
}

ForgetfulDisk::~ForgetfulDisk() { sqlite3_vfs_unregister(&m_state->vfs); }

}  // namespace siegel::sqlite::testing
