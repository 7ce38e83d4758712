#include "sqlite/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>
#include <limits>
#include <utility>

#include "base/mutant.h"

namespace siegel::sqlite {
namespace {

// The detail is made when the error is: the connection forgets it with the next call.
Error error_of(sqlite3* handle, int code, std::string_view doing) {
  const char* file = handle == nullptr ? nullptr : sqlite3_db_filename(handle, "main");
  const std::string place = file == nullptr ? std::string() : std::string(file);
  const char* text = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
  const std::string detail =
      fmt::format("{}: {} (SQLite code {}) in {}", doing, text, code, place.empty() ? "?" : place);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return unavailable("E-DAT-101", detail, place);
    case SQLITE_IOERR:
      return unavailable("E-DAT-102", detail, place);
    case SQLITE_CORRUPT:
      return corrupt("E-DAT-103", detail, place);
    case SQLITE_NOTADB:
      return corrupt("E-DAT-104", detail, place);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return conflict("E-DAT-105", detail, place);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return unavailable("E-DAT-106", detail, place);
    case SQLITE_CONSTRAINT:
      return conflict("E-DAT-107", detail, place);
    default:  // an int of another library, not an enumeration of ours
      return unavailable("E-DAT-108", detail, place);
  }
}

Error error_of(sqlite3_stmt* statement, int code) {
  const char* sql = sqlite3_sql(statement);
  return error_of(sqlite3_db_handle(statement), code,
                  fmt::format("\"{}\" failed", sql == nullptr ? "" : sql));
}

bool busy(int code) { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }

Status set_up(Database& database, const Options& options) {
  sqlite3* handle = database.handle();
  sqlite3_busy_timeout(handle, options.busy_timeout_ms);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  const char* synchronous = options.durability == Durability::full ? "FULL" : "NORMAL";
  if (SIEGEL_MUTANT("no-fsync")) synchronous = "OFF";
  SIEGEL_TRY_OK(database.execute(
      fmt::format("PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA cache_size=-{};"
                  "PRAGMA locking_mode={};",
                  options.cache_kib, options.exclusive ? "EXCLUSIVE" : "NORMAL")));
  if (!options.read_only) {
    SIEGEL_TRY(const std::string mode, database.query_text("PRAGMA journal_mode=WAL"));
    if (mode != "wal")
      return unavailable("E-DAT-108",
                         fmt::format("the journal mode of {} stays \"{}\" instead of \"wal\"",
                                     options.path.string(), mode),
                         options.path.string());
  }
  return database.execute(fmt::format("PRAGMA synchronous={}; PRAGMA wal_autocheckpoint={};",
                                      synchronous, options.wal_autocheckpoint_pages));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  // The code repeats the last error of step(), which was reported.
  sqlite3_finalize(statement);
}

Statement& Statement::note(int code) {
  SIEGEL_CHECK((code & 0xff) != SQLITE_RANGE && (code & 0xff) != SQLITE_MISUSE);
  if (code != SQLITE_OK && m_bind_error == SQLITE_OK) m_bind_error = code;
  return *this;
}

Statement& Statement::bind_int(int index, std::int64_t value) {
  return note(sqlite3_bind_int64(m_statement.get(), index, value));
}

Statement& Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty text is not NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  return note(
      sqlite3_bind_text64(m_statement.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

Statement& Statement::bind_blob(int index, BytesView bytes) {
  const void* data = bytes.data();
  if (data == nullptr) data = "";
  return note(sqlite3_bind_blob64(m_statement.get(), index, data, bytes.size(), SQLITE_STATIC));
}

Statement& Statement::bind_null(int index) {
  return note(sqlite3_bind_null(m_statement.get(), index));
}

Result<bool> Statement::step() {
  SIEGEL_CHECK(m_statement != nullptr);
  if (m_bind_error != SQLITE_OK)
    return error_of(m_statement.get(), std::exchange(m_bind_error, SQLITE_OK));
  const int code = sqlite3_step(m_statement.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(m_statement.get());
    return false;
  }
  Error error = error_of(m_statement.get(), code);
  sqlite3_reset(m_statement.get());
  return error;
}

Status Statement::run() {
  const auto stepped = step();
  if (!stepped.ok()) return stepped.error();
  if (stepped.value()) reset();
  return Ok{};
}

void Statement::reset() {
  if (m_statement != nullptr) sqlite3_reset(m_statement.get());
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(m_statement.get(), column);
}

std::string_view Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(m_statement.get(), column);
  if (data == nullptr) return {};
  const int size = sqlite3_column_bytes(m_statement.get(), column);
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

BytesView Statement::blob(int column) const {
  const void* data = sqlite3_column_blob(m_statement.get(), column);
  if (data == nullptr) return {};
  const int size = sqlite3_column_bytes(m_statement.get(), column);
  return {static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<Database> Database::open(const Options& options) {
  SIEGEL_CHECK(!(options.create && options.read_only));
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (options.create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const char* vfs_name = options.vfs.empty() ? nullptr : options.vfs.c_str();
  if (!options.create) {
    sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name);
    int there = 0;
    if (vfs != nullptr &&
        vfs->xAccess(vfs, options.path.c_str(), SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK &&
        there == 0)
      return not_found("E-DAT-109", fmt::format("{} does not exist", options.path.string()),
                       options.path.string());
  }
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, vfs_name);
  Database database;
  database.m_handle.reset(handle);
  if (code != SQLITE_OK) {
    Error error = error_of(handle, code, "opening failed");
    error.place = options.path.string();
    return error;
  }
  SIEGEL_TRY_OK(set_up(database, options));
  SIEGEL_TRY(database.m_begin_immediate, database.prepare("BEGIN IMMEDIATE"));
  SIEGEL_TRY(database.m_begin_deferred, database.prepare("BEGIN"));
  SIEGEL_TRY(database.m_commit, database.prepare("COMMIT"));
  SIEGEL_TRY(database.m_rollback, database.prepare("ROLLBACK"));
  return database;
}

void Database::close() {
  m_begin_immediate = {};
  m_begin_deferred = {};
  m_commit = {};
  m_rollback = {};
  m_handle.reset();
}

Status Database::execute(const std::string& sql) {
  const int code = sqlite3_exec(m_handle.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    return error_of(m_handle.get(), code, fmt::format("\"{}\" failed", sql.substr(0, 200)));
  return Ok{};
}

Result<Statement> Database::prepare(std::string_view sql) {
  SIEGEL_CHECK(sql.size() < static_cast<std::size_t>(std::numeric_limits<int>::max()));
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(m_handle.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK)
    return error_of(m_handle.get(), code, fmt::format("\"{}\" failed", sql.substr(0, 200)));
  return Statement(statement);
}

Result<std::int64_t> Database::query_integer(std::string_view sql) {
  SIEGEL_TRY(Statement statement, prepare(sql));
  SIEGEL_TRY(const bool row, statement.step());
  if (!row) return unavailable("E-DAT-108", fmt::format("\"{}\" gave no row", sql));
  return statement.integer(0);
}

Result<std::string> Database::query_text(std::string_view sql) {
  SIEGEL_TRY(Statement statement, prepare(sql));
  SIEGEL_TRY(const bool row, statement.step());
  if (!row) return unavailable("E-DAT-108", fmt::format("\"{}\" gave no row", sql));
  return std::string(statement.text(0));
}

Result<CheckpointResult> Database::checkpoint(CheckpointMode mode) {
  int sqlite_mode = SQLITE_CHECKPOINT_PASSIVE;
  switch (mode) {
    case CheckpointMode::passive:
      break;
    case CheckpointMode::full:
      sqlite_mode = SQLITE_CHECKPOINT_FULL;
      break;
    case CheckpointMode::restart:
      sqlite_mode = SQLITE_CHECKPOINT_RESTART;
      break;
    case CheckpointMode::truncate:
      sqlite_mode = SQLITE_CHECKPOINT_TRUNCATE;
      break;
  }
  CheckpointResult result;
  const int code = sqlite3_wal_checkpoint_v2(m_handle.get(), "main", sqlite_mode, &result.wal_pages,
                                             &result.copied_pages);
  if (code != SQLITE_OK && !(mode == CheckpointMode::passive && busy(code)))
    return error_of(m_handle.get(), code, "the checkpoint failed");
  return result;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(m_handle.get()) == 0; }

Result<Transaction> Transaction::begin(Database& database, TransactionMode mode) {
  SIEGEL_TRY_OK(mode == TransactionMode::write ? database.m_begin_immediate.run()
                                               : database.m_begin_deferred.run());
  return Transaction(database);
}

Status Transaction::commit() {
  SIEGEL_CHECK(m_database != nullptr);
  SIEGEL_TRY_OK(m_database->m_commit.run());
  m_database = nullptr;
  return Ok{};
}

Transaction::Transaction(Transaction&& other) noexcept
    : m_database(std::exchange(other.m_database, nullptr)) {}

Transaction::~Transaction() {
  // Some errors roll back by themselves. A rollback that fails leaves a connection whose next
  // `begin` fails.
  if (m_database != nullptr && m_database->in_transaction())
    (void)m_database->m_rollback.run().ok();
}

}  // namespace siegel::sqlite
