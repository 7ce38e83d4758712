#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "device/softtse/message.h"
#include "device/softtse/softtse.h"
#include "sqlite/sqlite.h"

// The file of a software TSE: one SQLite database, WAL, every commit synced
// (docs/reference/software-tse.md).

namespace siegel::device::softtse {

/// The numbers that change with every message; one row, written in every commit.
struct Counters {
  std::uint64_t signature_used = 0;
  /// Durable bound: no counter above it has been drawn before the last commit.
  std::uint64_t signature_reserved = 0;
  std::uint64_t transaction_used = 0;
  std::uint64_t transaction_reserved = 0;
  std::uint64_t used_bytes = 0;
  std::uint64_t exported_up_to = 0;  ///< every message up to this counter has been exported
  std::int64_t last_log_ms = 0;
  bool clean = true;  ///< closed in order; false from the first commit after opening on
};

struct UserRow {
  std::string id;
  Bytes salt;
  Bytes pin;  ///< salted hash; empty: no PIN
  Bytes puk;
  int tries_left = 0;
  int puk_failures = 0;
  Instant puk_blocked_until;
};

struct ClientRow {
  std::int64_t id = 0;
  std::string name;
  bool registered = true;
};

/// Update data that were passed and not yet signed.
struct PendingUpdate {
  std::string client;
  std::string process_type;
  std::string data;
  Instant since;
};

struct TransactionRow {
  std::uint64_t number = 0;
  std::int64_t client = 0;
  std::uint64_t start_counter = 0;  ///< 0: not known (restored in part)
  std::uint64_t last_counter = 0;
  std::uint64_t finish_counter = 0;  ///< 0: none
  bool open = false;
};

struct MessageRow {
  std::uint64_t counter = 0;
  LogKind kind = LogKind::transaction;
  std::uint64_t transaction = 0;
  std::int64_t client = 0;
  std::int64_t log_ms = 0;
  BytesView bytes = {};
};

/// Values under names, for what changes rarely.
struct Setting {
  std::string key;
  std::string value;
};

/// One connection. Not thread-safe. Errors are those of sqlite/sqlite.h.
class Store {
 public:
  /// A new file; durable when it returns. E-TSE-230: there is one.
  static Result<std::unique_ptr<Store>> create(const StorePlace& place,
                                               const std::vector<Setting>& settings,
                                               const std::vector<UserRow>& users);
  /// E-TSE-231.
  static Result<std::unique_ptr<Store>> open(const StorePlace& place);

  [[nodiscard]] Result<Counters> counters();
  [[nodiscard]] Result<std::optional<std::string>> setting(std::string_view key);
  [[nodiscard]] Result<std::vector<UserRow>> users();
  [[nodiscard]] Result<std::vector<ClientRow>> clients();
  [[nodiscard]] Result<std::vector<TransactionRow>> open_transactions();
  [[nodiscard]] Result<std::vector<std::pair<std::uint64_t, PendingUpdate>>> pending();
  [[nodiscard]] Result<std::optional<TransactionRow>> transaction(std::uint64_t number);
  /// Of one client, number above `after`, oldest first. Looks at each row above `after`.
  [[nodiscard]] Result<std::vector<TransactionRow>> transactions_after(std::int64_t client,
                                                                       std::uint64_t after,
                                                                       std::size_t count_max);
  [[nodiscard]] Result<std::optional<Bytes>> message(std::uint64_t counter);
  /// Greatest counter in the store, 0 if there is none; of transaction messages only if asked.
  [[nodiscard]] Result<std::uint64_t> last_message(bool transactions_only);

  /// Between begin and commit. A store that is destroyed without commit has changed nothing.
  [[nodiscard]] Status begin();
  [[nodiscard]] Status commit();
  void roll_back();

  [[nodiscard]] Status put_counters(const Counters& counters);
  [[nodiscard]] Status put_setting(std::string_view key, std::string_view value);
  [[nodiscard]] Status put_user(const UserRow& user);
  [[nodiscard]] Status put_client(const ClientRow& client);
  [[nodiscard]] Status put_message(const MessageRow& row);
  [[nodiscard]] Status put_transaction(const TransactionRow& row);
  [[nodiscard]] Status move_transaction(std::uint64_t number, std::uint64_t last_counter);
  [[nodiscard]] Status finish_transaction(std::uint64_t number, std::uint64_t finish_counter);
  [[nodiscard]] Status put_pending(std::uint64_t number, const PendingUpdate& update);
  [[nodiscard]] Status drop_pending(std::uint64_t number);

  /// For restore: another file of the same name. `copy` counts from 1.
  [[nodiscard]] Result<unsigned> put_copy(std::uint64_t counter, BytesView bytes);
  /// For restore: takes what a restored message says of its transaction.
  [[nodiscard]] Status merge_transaction(const TransactionRow& row);
  /// Removes messages up to `counter` but those of open transactions, and all copies. Returns the
  /// bytes that are free now.
  [[nodiscard]] Result<std::uint64_t> remove_messages(std::uint64_t counter);

  [[nodiscard]] Result<sqlite::CheckpointResult> checkpoint(sqlite::CheckpointMode mode);

 private:
  enum Query : std::size_t {
    counters_put,
    message_put,
    message_get,
    transaction_put,
    transaction_get,
    transaction_move,
    transaction_finish,
    transaction_merge,
    pending_put,
    pending_drop,
    user_put,
    client_put,
    setting_put,
    setting_get,
    copy_count,
    copy_put,
    queries_count
  };

  Store() = default;
  [[nodiscard]] Status prepare();

  sqlite::Database m_database;
  std::array<sqlite::Statement, queries_count> m_statements;
  std::optional<sqlite::Transaction> m_transaction;
};

/// How a store is opened; readers of an export use the same.
[[nodiscard]] sqlite::Options sqlite_options(const StorePlace& place);
/// True if checkpoints run in a thread of their own: on the system's VFS. A VFS of a test or a
/// simulation stays on one thread, so that its order of writes is the same in each run.
[[nodiscard]] bool background_checkpoints(const StorePlace& place);

}  // namespace siegel::device::softtse
