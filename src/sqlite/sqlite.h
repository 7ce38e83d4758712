#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite with owners, without exceptions, and with the settings Siegel relies on
// (docs/decisions/0010).
//
// Errors of every call here:
//   E-DAT-101 unavailable  the disk is full
//   E-DAT-102 unavailable  reading, writing or syncing the file failed
//   E-DAT-103 corrupt      the database is damaged
//   E-DAT-104 corrupt      the file is no database
//   E-DAT-105 conflict     another connection holds the database longer than the busy timeout
//   E-DAT-106 unavailable  the file cannot be opened or is read-only
//   E-DAT-107 conflict     a unique key, foreign key or check refuses the row
//   E-DAT-108 unavailable  anything else (no memory, a wrong statement); the detail says what
//   E-DAT-109 not_found    the file does not exist and `create` was not asked for
// `place` is the path of the database.

namespace siegel::sqlite {

/// What a commit survives.
enum class Durability {
  full,    ///< a power cut: each commit is synced (synchronous=FULL)
  normal,  ///< a crash of the program; a power cut may lose the last commits, never mix them. For
           ///< data that can be made again (synchronous=NORMAL)
};

struct Options {
  std::filesystem::path path;
  std::string vfs;  ///< name of a registered VFS; empty: the system's
  bool create = false;
  bool read_only = false;
  /// This connection keeps the file to itself until it closes; no other connection, not even one of
  /// this process, can read it. Saves the shared memory of the WAL.
  bool exclusive = false;
  Durability durability = Durability::full;
  /// Pages in the WAL after which a commit copies them into the database; 0: never, somebody else
  /// calls checkpoint().
  int wal_autocheckpoint_pages = 1000;
  int busy_timeout_ms = 5000;
  int cache_kib = 2048;
};

/// A prepared statement. Must not outlive the statement's use of bound memory: texts and blobs are
/// borrowed until the next reset(), step() that ends, or run(). Same thread as its database.
class Statement {
 public:
  Statement() = default;

  /// Parameters count from 1. A wrong index is a bug of ours and ends the process.
  template <std::integral T>
  Statement& bind(int index, T value) {
    return bind_int(index, static_cast<std::int64_t>(value));
  }
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, BytesView bytes);
  Statement& bind_null(int index);

  /// True: a row is there. False: finished, and the statement is reset.
  [[nodiscard]] Result<bool> step();
  /// Runs a statement that gives no rows (or whose rows do not matter) and resets it.
  [[nodiscard]] Status run();
  /// Ends a query early; bindings stay.
  void reset();

  /// Columns count from 0. Views are valid until the next step or reset.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] BytesView blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : m_statement(statement) {}
  Statement& bind_int(int index, std::int64_t value);
  Statement& note(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> m_statement;
  int m_bind_error = 0;
};

/// Resets a statement at the end of a scope, so that no read lock outlives a query.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : m_statement(statement) {}
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;
  ~ResetGuard() { m_statement.reset(); }

 private:
  Statement& m_statement;
};

enum class CheckpointMode {
  passive,   ///< copies what it can without waiting for anybody
  full,      ///< waits for the writer, then copies everything
  restart,   ///< also waits for readers, so that the WAL starts from its beginning
  truncate,  ///< the same, and cuts the WAL file to nothing
};
struct CheckpointResult {
  int wal_pages = 0;     ///< in the WAL
  int copied_pages = 0;  ///< of them in the database file
};

/// One connection; one thread at a time. Always WAL, never memory-mapped, schema not trusted.
class Database {
 public:
  Database() = default;
  [[nodiscard]] static Result<Database> open(const Options& options);

  [[nodiscard]] bool is_open() const { return m_handle != nullptr; }
  /// Closes now; statements still alive keep the file open.
  void close();

  /// Runs one or more statements without parameters.
  [[nodiscard]] Status execute(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  /// First column of the first row. E-DAT-108 if there is no row.
  [[nodiscard]] Result<std::int64_t> query_integer(std::string_view sql);
  [[nodiscard]] Result<std::string> query_text(std::string_view sql);

  /// A busy database is E-DAT-105 with `full` and above, and not an error with `passive`.
  [[nodiscard]] Result<CheckpointResult> checkpoint(CheckpointMode mode);
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] sqlite3* handle() const { return m_handle.get(); }

 private:
  friend class Transaction;
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  // Prepared once; freed before the connection, hence declared after it.
  std::unique_ptr<sqlite3, Close> m_handle;
  Statement m_begin_immediate;
  Statement m_begin_deferred;
  Statement m_commit;
  Statement m_rollback;
};

enum class TransactionMode {
  read,   ///< one snapshot for several queries
  write,  ///< takes the writer's lock at once
};

/// Rolled back at the end of the scope unless committed. The database outlives it and stays where
/// it is.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database, TransactionMode mode);
  /// After an error it is not known to this connection whether the commit is on disk: close, open
  /// again and look.
  [[nodiscard]] Status commit();

  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

 private:
  explicit Transaction(Database& database) : m_database(&database) {}
  Database* m_database;
};

}  // namespace siegel::sqlite
