#include "journal/sqlite/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/file.h"
#include "base/mutant.h"
#include "base/thread.h"
#include "journal/chain.h"
#include "sqlite/sqlite.h"

namespace siegel::journal::sqlite {
namespace {

using siegel::sqlite::CheckpointMode;
using siegel::sqlite::Database;
using siegel::sqlite::ResetGuard;
using siegel::sqlite::Statement;
using siegel::sqlite::Transaction;
using siegel::sqlite::TransactionMode;

constexpr std::int64_t application_id = 0x53'47'4C'4A;  // "SGLJ"
constexpr std::int64_t format_version = 1;
constexpr std::uint64_t tail_entries = 64;

constexpr const char* select_rows =
    "SELECT sequence, header, payload, hash, removed_payload_hash FROM entry "
    "WHERE sequence >= ? ORDER BY sequence LIMIT ?";

siegel::sqlite::Options connection(const Options& options) {
  siegel::sqlite::Options out;
  out.path = options.path;
  out.vfs = options.vfs;
  out.wal_autocheckpoint_pages = 0;
  out.busy_timeout_ms = options.busy_timeout_ms;
  return out;
}

/// A store that fails now is E-JRN-203; a damaged one keeps its own code and kind.
Error store_error(const Error& cause) {
  if (cause.kind == ErrorKind::corrupt) return cause;
  return unavailable(
      "E-JRN-203",
      fmt::format("the journal cannot be written now: {} ({})", cause.detail, cause.code),
      cause.place);
}

Error read_error(const Error& cause) {
  if (cause.kind == ErrorKind::corrupt) return cause;
  return unavailable(
      "E-JRN-104", fmt::format("the journal cannot be read now: {} ({})", cause.detail, cause.code),
      cause.place);
}

/// True: a journal of this version. False: an empty database, as a first open that was cut leaves
/// it.
Result<bool> check_format(Database& database, const std::filesystem::path& path) {
  SIEGEL_TRY(const std::int64_t id, database.query_integer("PRAGMA application_id"));
  SIEGEL_TRY(const std::int64_t version, database.query_integer("PRAGMA user_version"));
  SIEGEL_TRY(const std::int64_t tables,
             database.query_integer("SELECT count(*) FROM sqlite_schema"));
  if (id == 0 && version == 0 && tables == 0) return false;
  if (id != application_id)
    return corrupt("E-JRN-304", fmt::format("{} is a database, but no journal", path.string()),
                   path.string());
  if (version > format_version)
    return conflict("E-JRN-302",
                    fmt::format("{} has format {}, this version of Siegel knows {} and older; "
                                "nothing was changed",
                                path.string(), version, format_version),
                    path.string());
  if (version != format_version)
    return corrupt("E-JRN-304", fmt::format("{} has the unknown format {}", path.string(), version),
                   path.string());
  return true;
}

Status create_tables(Database& database) {
  SIEGEL_TRY(Transaction transaction, Transaction::begin(database, TransactionMode::write));
  SIEGEL_TRY_OK(database.execute(fmt::format(
      "PRAGMA application_id={}; PRAGMA user_version={};"
      "CREATE TABLE entry(sequence INTEGER PRIMARY KEY, header BLOB NOT NULL, payload BLOB,"
      " hash BLOB NOT NULL, removed_payload_hash BLOB) STRICT;",
      application_id, format_version)));
  return transaction.commit();
}

Result<StoredEntry> stored_row(const Statement& row) {
  StoredEntry stored;
  stored.sequence = Sequence(static_cast<std::uint64_t>(row.integer(0)));
  stored.header = text_of(row.blob(1));
  if (!row.is_null(2)) stored.payload = text_of(row.blob(2));
  const BytesView hash = row.blob(3);
  const BytesView removed = row.blob(4);
  if (hash.size() != stored.hash.size() ||
      (!row.is_null(4) && removed.size() != stored.hash.size()))
    return corrupt("E-JRN-102", "a stored hash does not have 32 bytes",
                   fmt::format("entry {}", stored.sequence.get()));
  std::ranges::copy(hash, stored.hash.begin());
  if (!row.is_null(4)) {
    stored.removed_payload_hash.emplace();
    std::ranges::copy(removed, stored.removed_payload_hash->begin());
  }
  return stored;
}

/// Entries from `from` on; the row before it gives the hash to start with.
Result<std::vector<Entry>> read_rows(Statement& select, Sequence from, std::size_t count_max) {
  const ResetGuard guard(select);
  select.bind(1, from.get() - 1).bind(2, std::min<std::size_t>(count_max, 1U << 20U) + 1);
  std::vector<Entry> out;
  Head previous{Sequence(from.get() - 1), {}};
  bool first_row = from.get() > 1;
  std::size_t bytes = 0;
  while (bytes < chunk_bytes_max && out.size() < count_max) {
    auto row = select.step();
    if (!row.ok()) return read_error(row.error());
    if (!row.value()) break;
    SIEGEL_TRY(const StoredEntry stored, stored_row(select));
    if (std::exchange(first_row, false)) {
      if (stored.sequence != previous.sequence)
        return corrupt("E-JRN-103", fmt::format("entry {} is missing", previous.sequence.get()),
                       fmt::format("entry {}", previous.sequence.get()));
      previous.hash = stored.hash;
      continue;
    }
    SIEGEL_TRY(Entry entry, open_entry(previous, stored));
    previous = {entry.sequence, entry.hash};
    bytes += entry.payload.size();
    out.push_back(std::move(entry));
  }
  return out;
}

Result<Head> read_head(Statement& select_last) {
  const ResetGuard guard(select_last);
  auto row = select_last.step();
  if (!row.ok()) return read_error(row.error());
  if (!row.value()) return Head{};
  Head head{Sequence(static_cast<std::uint64_t>(select_last.integer(0))), {}};
  const BytesView hash = select_last.blob(1);
  if (hash.size() != head.hash.size())
    return corrupt("E-JRN-102", "a stored hash does not have 32 bytes",
                   fmt::format("entry {}", head.sequence.get()));
  std::ranges::copy(hash, head.hash.begin());
  return head;
}

constexpr const char* select_last_row =
    "SELECT sequence, hash FROM entry ORDER BY sequence DESC LIMIT 1";

class SqliteReader final : public Reader {
 public:
  static Result<std::unique_ptr<Reader>> make(Database database) {
    auto reader = std::make_unique<SqliteReader>();
    reader->m_database = std::move(database);
    SIEGEL_TRY(reader->m_select, reader->m_database.prepare(select_rows));
    SIEGEL_TRY(reader->m_select_last, reader->m_database.prepare(select_last_row));
    return std::unique_ptr<Reader>(std::move(reader));
  }

  Result<Head> head() override { return read_head(m_select_last); }

  Result<std::vector<Entry>> read(Sequence from, std::size_t count_max) override {
    SIEGEL_CHECK(from.get() >= 1 && count_max >= 1);
    return read_rows(m_select, from, count_max);
  }

 private:
  Database m_database;
  Statement m_select;
  Statement m_select_last;
};

/// Looks before anything is written. False: there is an empty file.
Result<bool> look(const Options& options) {
  siegel::sqlite::Options read_only = connection(options);
  read_only.read_only = true;
  auto database = Database::open(read_only);
  if (!database.ok()) {
    if (database.error().code == "E-DAT-109")
      return not_found("E-JRN-305", fmt::format("there is no journal {}", options.path.string()),
                       options.path.string());
    return database.error();
  }
  return check_format(*database, options.path);
}

/// The reserve: real bytes on the disk, not a hole.
Status make_reserve(const std::filesystem::path& path, std::uint64_t bytes) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  int failed = fd < 0 ? errno : 0;
  if (failed == 0) failed = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  if (fd >= 0) close(fd);
  if (failed == 0) return Ok{};
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  return unavailable(
      "E-FIL-004",
      fmt::format("the reserve {} cannot be made: {}", path.string(), std::strerror(failed)),
      path.string());
}

/// Copies the WAL into the database beside the appends.
class Checkpointer {
 public:
  explicit Checkpointer(const Options& options) : m_options(options) {}
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  ~Checkpointer() { stop(); }

  Status start() {
    SIEGEL_TRY(m_database, Database::open(connection(m_options)));
    // The last one to close would copy the whole WAL while a shop waits for its shutdown or
    // recovery.
    if (m_options.checkpoint_thread) m_thread = std::thread([this] { run(); });
    return Ok{};
  }

  void stop() {
    {
      const Lock lock(m_mutex);
      m_stop = true;
    }
    m_wake.notify_all();
    if (m_thread.joinable()) m_thread.join();
    m_database.close();
  }

  /// Around each commit. Waits while the tail of a WAL that became too large is copied. A plain
  /// mutex would do, were it fair: a writer that comes back at once never lets the other thread in.
  void enter() {
    Lock lock(m_mutex);
    while (m_hold || m_full) m_turn.wait(lock);
    m_writing = true;
  }
  void leave() {
    const Lock lock(m_mutex);
    m_writing = false;
    if (m_hold) m_turn.notify_all();
  }

  /// After a commit: pages now in the WAL.
  void committed(int pages) {
    // The WAL began anew.
    if (pages < m_last_pages) m_next_pages = m_options.checkpoint_pages;
    m_last_pages = pages;
    if (pages < m_next_pages) return;
    m_next_pages = pages + m_options.checkpoint_pages;
    if (!m_options.checkpoint_thread) {
      copy();
      return;
    }
    {
      const Lock lock(m_mutex);
      m_pages = pages;
      m_asked = true;
      // A copying thread that gets no processor must not let the WAL grow for ever: the next
      // append waits until it had its turn.
      m_full = pages >= 2 * m_options.wal_pages_max;
    }
    m_wake.notify_one();
  }

  void report(JournalStatus& status) {
    const Lock lock(m_mutex);
    status.checkpoints = m_checkpoints;
    status.checkpoint_error = m_error;
  }

 private:
  void run() {
    while (true) {
      int pages = 0;
      {
        Lock lock(m_mutex);
        while (!m_asked && !m_stop) m_wake.wait(lock);
        if (m_stop) return;
        m_asked = false;
        pages = m_pages;
      }
      copy();
      if (pages < m_options.wal_pages_max) continue;
      // What came during the copy is little; with it in the database too, the next append starts
      // the WAL from its beginning.
      hold(true);
      copy();
      hold(false);
    }
  }

  void hold(bool begin) {
    Lock lock(m_mutex);
    m_hold = begin;
    while (m_hold && m_writing) m_turn.wait(lock);
    if (m_hold) return;
    m_full = false;
    m_turn.notify_all();
  }

  /// Copies what is in the WAL when it begins.
  void copy() {
    const auto result = m_database.checkpoint(CheckpointMode::passive);
    const Lock lock(m_mutex);
    ++m_checkpoints;
    m_error = result.ok() ? "" : result.error().detail;
  }

  const Options& m_options;
  Database m_database;
  int m_last_pages = 0;  // of the appending thread
  int m_next_pages = m_options.checkpoint_pages;
  Mutex m_mutex;
  Condition m_wake;
  Condition m_turn;
  bool m_hold SIEGEL_GUARDED_BY(m_mutex) = false;     // the copying thread wants, or has, its turn
  bool m_full SIEGEL_GUARDED_BY(m_mutex) = false;     // no append before that turn
  bool m_writing SIEGEL_GUARDED_BY(m_mutex) = false;  // a commit is going on
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_asked SIEGEL_GUARDED_BY(m_mutex) = false;
  int m_pages SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_checkpoints SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::string m_error SIEGEL_GUARDED_BY(m_mutex);
  std::thread m_thread;
};

class Plug final : public SqliteJournal {
 public:
  explicit Plug(Options options) : m_options(std::move(options)) {}

  Status start() {
    refresh_reserve();
    return connect();
  }

  Result<Head> append(Sequence first, std::span<const Draft> drafts) override {
    if (m_failed)
      return unavailable("E-JRN-203", "the last commit failed; recover first",
                         m_options.path.string());
    SIEGEL_TRY_OK(check_append(m_head, first, drafts));
    if (drafts.empty()) return m_head;
    auto head = commit(drafts);
    if (!head.ok()) {
      m_failed = true;
      if (head.error().code == "E-DAT-101") release_reserve();
      return store_error(head.error());
    }
    m_head = *head;
    m_checkpointer->committed(m_wal_pages);
    return m_head;
  }

  Result<Head> recover() override {
    m_failed = true;
    disconnect();
    if (auto connected = connect(); !connected.ok()) return store_error(connected.error());
    m_failed = false;
    return m_head;
  }

  [[nodiscard]] Head head() const override { return m_head; }

  Result<std::unique_ptr<Reader>> reader() override {
    auto database = Database::open(connection(m_options));
    if (!database.ok()) return read_error(database.error());
    if (auto only = database->execute("PRAGMA query_only=ON"); !only.ok())
      return read_error(only.error());
    return SqliteReader::make(std::move(database).value());
  }

  [[nodiscard]] JournalStatus status() const override {
    JournalStatus status;
    status.reserve_used = m_reserve_used;
    status.reserve_there = m_reserve_there;
    status.wal_pages = m_wal_pages;
    // Replaced during recovery only, on the thread of `append`.
    const Lock lock(m_mutex);
    if (m_checkpointer != nullptr) m_checkpointer->report(status);
    return status;
  }

 private:
  Status connect() {
    siegel::sqlite::Options writer = connection(m_options);
    SIEGEL_TRY(m_database, Database::open(writer));
    SIEGEL_TRY(const bool is_journal, check_format(m_database, m_options.path));
    if (!is_journal) {
      if (!m_options.create)
        return not_found(
            "E-JRN-305",
            fmt::format("{} is empty; no journal was made in it", m_options.path.string()),
            m_options.path.string());
      SIEGEL_TRY_OK(create_tables(m_database));
    }
    // A process that died, or a commit that failed, may have left entries that were written but not
    // synced. They count from here on, so they must be durable: a full checkpoint syncs the WAL,
    // copies it and syncs the database.
    SIEGEL_TRY_OK(m_database.checkpoint(CheckpointMode::full));
    // And what is not found must not come back: frames of a failed commit lie behind the end of the
    // WAL until something is written over them.
    SIEGEL_TRY_OK(write_mark());
    SIEGEL_TRY(m_insert, m_database.prepare("INSERT INTO entry VALUES(?,?,?,?,NULL)"));
    SIEGEL_TRY(Statement select_last, m_database.prepare(select_last_row));
    SIEGEL_TRY(m_head, read_head(select_last));
    SIEGEL_TRY_OK(check_tail());
    sqlite3_wal_hook(m_database.handle(), count_pages, this);
    auto checkpointer = std::make_unique<Checkpointer>(m_options);
    SIEGEL_TRY_OK(checkpointer->start());
    const Lock lock(m_mutex);
    m_checkpointer = std::move(checkpointer);
    return Ok{};
  }

  /// A commit that changes nothing but is synced.
  Status write_mark() {
    SIEGEL_TRY(Transaction transaction, Transaction::begin(m_database, TransactionMode::write));
    SIEGEL_TRY_OK(m_database.execute(fmt::format("PRAGMA user_version={}", format_version)));
    return transaction.commit();
  }

  void disconnect() {
    {
      const Lock lock(m_mutex);
      m_checkpointer.reset();
    }
    m_insert = {};
    m_database.close();
  }

  Status check_tail() {
    const std::uint64_t last = m_head.sequence.get();
    if (last == 0) return Ok{};
    SIEGEL_TRY(Statement select, m_database.prepare(select_rows));
    Sequence from(last > tail_entries ? last - tail_entries + 1 : 1);
    while (from <= m_head.sequence) {
      SIEGEL_TRY(const auto entries, read_rows(select, from, tail_entries));
      if (entries.empty())
        return corrupt("E-JRN-103", fmt::format("entry {} is missing", from.get()),
                       fmt::format("entry {}", from.get()));
      from = Sequence(entries.back().sequence.get() + 1);
    }
    return Ok{};
  }

  Result<Head> commit(std::span<const Draft> drafts) {
    m_checkpointer->enter();
    auto head = write(drafts);
    m_checkpointer->leave();
    return head;
  }

  Result<Head> write(std::span<const Draft> drafts) {
    SIEGEL_TRY(Transaction transaction, Transaction::begin(m_database, TransactionMode::write));
    Head head = m_head;
    for (const Draft& draft : drafts) {
      const Sequence sequence(head.sequence.get() + 1);
      const std::string header = encode_header(sequence, draft);
      const Hash256 hash = hash_entry(head.hash, header, hash_payload(draft.payload));
      head = {sequence, hash};
      if (SIEGEL_MUTANT("drop-last-entry") && &draft == &drafts.back()) continue;
      // The sequence is the primary key: a second writer, should there ever be one, is refused
      // here.
      m_insert.bind(1, sequence.get()).bind_blob(2, bytes_of(header));
      m_insert.bind_blob(3, bytes_of(draft.payload)).bind_blob(4, hash);
      SIEGEL_TRY_OK(m_insert.run());
    }
    SIEGEL_TRY_OK(transaction.commit());
    return head;
  }

  static int count_pages(void* self, sqlite3* /*handle*/, const char* /*name*/, int pages) {
    static_cast<Plug*>(self)->m_wal_pages = pages;
    return SQLITE_OK;
  }

  void refresh_reserve() {
    if (m_options.reserve.empty()) return;
    // A disk without room for it is still a disk to sell on.
    m_reserve_there = make_reserve(m_options.reserve, m_options.reserve_bytes).ok();
  }

  void release_reserve() {
    if (m_options.reserve.empty() || !m_reserve_there) return;
    std::error_code failed;
    std::filesystem::remove(m_options.reserve, failed);
    m_reserve_there = false;
    m_reserve_used = true;
  }

  const Options m_options;
  Database m_database;
  Statement m_insert;
  Head m_head;
  bool m_failed = false;
  std::atomic<int> m_wal_pages = 0;
  std::atomic<bool> m_reserve_there = false;
  std::atomic<bool> m_reserve_used = false;
  mutable Mutex m_mutex;
  std::unique_ptr<Checkpointer> m_checkpointer;
};

}  // namespace

Result<std::unique_ptr<SqliteJournal>> open(const Options& options) {
  const auto found = look(options);
  if (!found.ok()) {
    const Error& error = found.error();
    if (error.kind == ErrorKind::corrupt || error.code == "E-JRN-302") return error;
    // A first open that was cut may have left a rollback journal that only a writer can undo.
    const bool absent = error.code == "E-JRN-305";
    if (absent && !options.create) return error;
    if (absent) {
      siegel::sqlite::Options fresh = connection(options);
      fresh.create = true;
      auto made = Database::open(fresh);
      if (!made.ok()) return store_error(made.error());
    } else if (error.code != "E-DAT-106") {
      return store_error(error);
    }
  }
  auto plug = std::make_unique<Plug>(options);
  if (auto started = plug->start(); !started.ok()) {
    const Error& error = started.error();
    if (error.code == "E-JRN-302" || error.code == "E-JRN-305") return error;
    return store_error(error);
  }
  return std::unique_ptr<SqliteJournal>(std::move(plug));
}

Result<std::unique_ptr<Reader>> open_reader(const Options& options) {
  siegel::sqlite::Options read_only = connection(options);
  read_only.read_only = true;
  auto database = Database::open(read_only);
  if (!database.ok()) {
    if (database.error().code == "E-DAT-109")
      return not_found("E-JRN-305", fmt::format("there is no journal {}", options.path.string()),
                       options.path.string());
    return read_error(database.error());
  }
  SIEGEL_TRY(const bool is_journal, check_format(*database, options.path));
  if (!is_journal)
    return not_found("E-JRN-305", fmt::format("{} is empty", options.path.string()),
                     options.path.string());
  return SqliteReader::make(std::move(database).value());
}

}  // namespace siegel::journal::sqlite
