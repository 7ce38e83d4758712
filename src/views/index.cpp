#include "views/index.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "views/tables.h"

namespace siegel::views {
namespace {

using sqlite::Database;

constexpr std::int64_t application_id = 0x53'47'4C'49;  // "SGLI"
constexpr std::int64_t format_version = 1;
constexpr std::array<std::string_view, 2> follower_names = {"keys", "receipts"};

constexpr const char* tables =
    "CREATE TABLE follower(name TEXT PRIMARY KEY, position INTEGER NOT NULL, hash BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    // Keys: the open segment in the order of the journal, closed ones sorted, one behind the other.
    "CREATE TABLE key_open(sequence INTEGER PRIMARY KEY, hash BLOB NOT NULL,"
    " fingerprint BLOB NOT NULL) STRICT;"
    "CREATE TABLE key_closed(segment INTEGER NOT NULL, hash BLOB NOT NULL,"
    " sequence INTEGER NOT NULL, fingerprint BLOB NOT NULL, PRIMARY KEY(segment, hash))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE key_segment(segment INTEGER PRIMARY KEY, filter BLOB NOT NULL) STRICT;"
    "CREATE TABLE receipt(plan_sequence INTEGER PRIMARY KEY, seal_sequence INTEGER NOT NULL,"
    " register TEXT NOT NULL, number INTEGER NOT NULL, receipt_number TEXT NOT NULL,"
    " decided TEXT NOT NULL, date TEXT NOT NULL, kind TEXT NOT NULL, total INTEGER NOT NULL,"
    " state INTEGER NOT NULL, reverses TEXT NOT NULL, reversed_by INTEGER NOT NULL) STRICT;"
    "CREATE INDEX receipt_by_text ON receipt(receipt_number);"
    "CREATE INDEX receipt_by_number ON receipt(register, number);"
    "CREATE TABLE day(date TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE master(kind TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL,"
    " PRIMARY KEY(kind, id, sequence)) STRICT, WITHOUT ROWID;";

enum class Fit { fits, empty, other };

/// Whether the file is an index of this version, and of this journal.
Result<Fit> look(Database& database, journal::Reader& reader) {
  SIEGEL_TRY(const auto id, database.query_integer("PRAGMA application_id"));
  SIEGEL_TRY(const auto version, database.query_integer("PRAGMA user_version"));
  SIEGEL_TRY(const auto count, database.query_integer("SELECT count(*) FROM sqlite_schema"));
  if (id == 0 && version == 0 && count == 0) return Fit::empty;
  if (id != application_id || version != format_version) return Fit::other;
  for (const std::string_view name : follower_names) {
    SIEGEL_TRY(const Position position, read_position(database, name));
    if (position.head.sequence.get() == 0) continue;
    SIEGEL_TRY(const auto entries, reader.read(position.head.sequence, 1));
    if (entries.empty() || entries.front().hash != position.head.hash) return Fit::other;
  }
  return Fit::fits;
}

Status create(Database& database) {
  SIEGEL_TRY(auto transaction,
             sqlite::Transaction::begin(database, sqlite::TransactionMode::write));
  SIEGEL_TRY_OK(database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; {}",
                                             application_id, format_version, tables)));
  return transaction.commit();
}

/// Deletes the database and what belongs to it, through its own VFS.
Status discard(const IndexOptions& options) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
  SIEGEL_CHECK(vfs != nullptr);
  for (const char* suffix : {"-wal", "-shm", "-journal", ""}) {
    const std::string path = options.path.string() + suffix;
    const int code = vfs->xDelete(vfs, path.c_str(), 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_DELETE_NOENT)
      return unavailable("E-JRN-401", fmt::format("cannot delete {}", path), path);
  }
  return Ok{};
}

class FileIndex final : public Index {
 public:
  FileIndex(std::unique_ptr<KeyIndex> keys, std::unique_ptr<Receipts> receipts, bool discarded)
      : m_keys(std::move(keys)), m_receipts(std::move(receipts)), m_discarded(discarded) {}
  KeyIndex& keys() override { return *m_keys; }
  Receipts& receipts() override { return *m_receipts; }
  [[nodiscard]] bool was_discarded() const override { return m_discarded; }

 private:
  std::unique_ptr<KeyIndex> m_keys;
  std::unique_ptr<Receipts> m_receipts;
  bool m_discarded;
};

/// True: something was thrown away.
Result<bool> prepare(const IndexOptions& options, journal::Reader& reader) {
  bool discarded = false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    auto database = Database::open(connection(options));
    Result<Fit> fit = Fit::other;
    if (database.ok()) {
      fit = look(*database, reader);
      // A journal that cannot be read says nothing about the index.
      if (!fit.ok() && fit.error().code.starts_with("E-JRN")) return fit.error();
      if (fit.ok() && *fit == Fit::fits) return discarded;
      if (fit.ok() && *fit == Fit::empty && !options.read_only) {
        SIEGEL_TRY_OK(create(*database));
        return discarded;
      }
      database->close();
    } else {
      fit = database.error();
    }
    if (!fit.ok() && fit.error().kind != ErrorKind::corrupt) return fit.error();
    if (options.read_only)
      return corrupt("E-JRN-402", fmt::format("{} does not fit the journal", options.path.string()),
                     options.path.string());
    SIEGEL_TRY_OK(discard(options));
    discarded = true;
  }
  return unavailable("E-JRN-401", fmt::format("{} cannot be made anew", options.path.string()),
                     options.path.string());
}

}  // namespace

sqlite::Options connection(const IndexOptions& options) {
  sqlite::Options out;
  out.path = options.path;
  out.vfs = options.vfs;
  out.create = !options.read_only;
  out.read_only = options.read_only;
  out.durability = sqlite::Durability::normal;
  // The tail of each table is written again and again: the fewer checkpoints, the fewer copies of
  // it.
  out.wal_autocheckpoint_pages = 4000;
  return out;
}

Error index_error(const Error& cause) {
  if (cause.code.starts_with("E-JRN")) return cause;
  return unavailable(
      "E-JRN-401",
      fmt::format("the search tables cannot be used: {} ({})", cause.detail, cause.code),
      cause.place);
}

Result<Position> read_position(Database& database, std::string_view name) {
  SIEGEL_TRY(auto select, database.prepare("SELECT position, hash FROM follower WHERE name=?"));
  select.bind(1, name);
  SIEGEL_TRY(const bool row, select.step());
  Position position;
  if (!row) return position;
  position.head.sequence = journal::Sequence(static_cast<std::uint64_t>(select.integer(0)));
  const BytesView hash = select.blob(1);
  if (hash.size() == position.head.hash.size()) std::ranges::copy(hash, position.head.hash.begin());
  return position;
}

Result<sqlite::Statement> prepare_position(Database& database) {
  return database.prepare("INSERT OR REPLACE INTO follower VALUES(?,?,?)");
}

Status write_position(sqlite::Statement& statement, std::string_view name,
                      const journal::Entry& last) {
  statement.bind(1, name).bind(2, last.sequence.get()).bind_blob(3, last.hash);
  return statement.run();
}

Status check_next(journal::Sequence position, std::span<const journal::Entry> entries) {
  if (entries.front().sequence.get() == position.get() + 1) return Ok{};
  return unavailable("E-JRN-401",
                     fmt::format("the search tables are at entry {}, entry {} does not follow",
                                 position.get(), entries.front().sequence.get()));
}

Result<std::unique_ptr<Index>> open_index(const IndexOptions& options, journal::Reader& reader) {
  const auto prepared = prepare(options, reader);
  if (!prepared.ok()) {
    const Error& error = prepared.error();
    return error.code.starts_with("E-JRN") ? error : index_error(error);
  }
  auto keys = open_keys(options);
  if (!keys.ok()) return index_error(keys.error());
  auto receipts = open_receipts(options);
  if (!receipts.ok()) return index_error(receipts.error());
  return std::unique_ptr<Index>(
      std::make_unique<FileIndex>(std::move(keys).value(), std::move(receipts).value(), *prepared));
}

}  // namespace siegel::views
