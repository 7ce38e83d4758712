#include "device/softtse/store.h"

#include <fmt/format.h>

namespace siegel::device::softtse {

namespace {

constexpr std::int64_t application_id = 0x53545345;  // "STSE"
constexpr std::int64_t format_version = 1;

constexpr const char* schema = R"sql(
CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE counters(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  signature_used INTEGER NOT NULL, signature_reserved INTEGER NOT NULL,
  transaction_used INTEGER NOT NULL, transaction_reserved INTEGER NOT NULL,
  used_bytes INTEGER NOT NULL, exported_up_to INTEGER NOT NULL,
  last_log_ms INTEGER NOT NULL, clean INTEGER NOT NULL) STRICT;
CREATE TABLE user(
  id TEXT PRIMARY KEY, salt BLOB NOT NULL, pin BLOB NOT NULL, puk BLOB NOT NULL,
  tries_left INTEGER NOT NULL, puk_failures INTEGER NOT NULL,
  puk_blocked_until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE client(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, registered INTEGER NOT NULL) STRICT;
CREATE TABLE message(
  signature_counter INTEGER PRIMARY KEY, kind INTEGER NOT NULL,
  transaction_number INTEGER NOT NULL, client INTEGER NOT NULL, log_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL) STRICT;
CREATE TABLE message_copy(
  signature_counter INTEGER NOT NULL, copy INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY(signature_counter, copy)) STRICT, WITHOUT ROWID;
CREATE TABLE tse_transaction(
  number INTEGER PRIMARY KEY, client INTEGER NOT NULL, start_counter INTEGER NOT NULL,
  last_counter INTEGER NOT NULL, finish_counter INTEGER NOT NULL, open INTEGER NOT NULL) STRICT;
CREATE INDEX open_transaction ON tse_transaction(number) WHERE open = 1;
CREATE TABLE pending(
  number INTEGER PRIMARY KEY, client TEXT NOT NULL, process_type TEXT NOT NULL,
  data BLOB NOT NULL, since_ms INTEGER NOT NULL) STRICT;
)sql";

constexpr std::array query_texts = {
    "UPDATE counters SET signature_used=?1, signature_reserved=?2, transaction_used=?3,"
    " transaction_reserved=?4, used_bytes=?5, exported_up_to=?6, last_log_ms=?7, clean=?8"
    " WHERE id=1",
    "INSERT INTO message VALUES(?1,?2,?3,?4,?5,?6)",
    "SELECT bytes FROM message WHERE signature_counter=?1",
    "INSERT INTO tse_transaction VALUES(?1,?2,?3,?4,?5,?6)",
    "SELECT number, client, start_counter, last_counter, finish_counter, open"
    " FROM tse_transaction WHERE number=?1",
    "UPDATE tse_transaction SET last_counter=?2 WHERE number=?1",
    "UPDATE tse_transaction SET last_counter=?2, finish_counter=?2, open=0 WHERE number=?1",
    "INSERT INTO tse_transaction VALUES(?1,?2,?3,?4,?5,0) ON CONFLICT(number) DO UPDATE SET"
    " start_counter=max(start_counter, excluded.start_counter),"
    " last_counter=max(last_counter, excluded.last_counter),"
    " finish_counter=max(finish_counter, excluded.finish_counter)",
    "INSERT INTO pending VALUES(?1,?2,?3,?4,?5) ON CONFLICT(number) DO UPDATE SET"
    " client=excluded.client, process_type=excluded.process_type, data=excluded.data,"
    " since_ms=excluded.since_ms",
    "DELETE FROM pending WHERE number=?1",
    "INSERT OR REPLACE INTO user VALUES(?1,?2,?3,?4,?5,?6,?7)",
    "INSERT OR REPLACE INTO client VALUES(?1,?2,?3)",
    "INSERT OR REPLACE INTO setting VALUES(?1,?2)",
    "SELECT value FROM setting WHERE key=?1",
    "SELECT count(*) FROM message_copy WHERE signature_counter=?1",
    "INSERT INTO message_copy VALUES(?1,?2,?3)",
};

std::uint64_t number(const sqlite::Statement& statement, int column) {
  return static_cast<std::uint64_t>(statement.integer(column));
}

Bytes copy(BytesView bytes) { return {bytes.begin(), bytes.end()}; }

Error not_a_store(const StorePlace& place, std::string why) {
  return conflict("E-TSE-231", std::move(why), place.file.string());
}

Status write_schema(sqlite::Database& database, const std::vector<Setting>& settings) {
  SIEGEL_TRY_OK(database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={};",
                                             application_id, format_version)));
  SIEGEL_TRY_OK(database.execute(schema));
  SIEGEL_TRY_OK(database.execute("INSERT INTO counters VALUES(1,0,0,0,0,0,0,0,1)"));
  SIEGEL_TRY(sqlite::Statement put, database.prepare("INSERT INTO setting VALUES(?1,?2)"));
  for (const Setting& setting : settings) {
    SIEGEL_TRY_OK(put.bind(1, setting.key).bind(2, setting.value).run());
  }
  return Ok{};
}

}  // namespace

sqlite::Options sqlite_options(const StorePlace& place) {
  sqlite::Options options;
  options.path = place.file;
  options.vfs = place.vfs;
  if (background_checkpoints(place)) options.wal_autocheckpoint_pages = 0;
  return options;
}

bool background_checkpoints(const StorePlace& place) { return place.vfs.empty(); }

Result<std::unique_ptr<Store>> Store::create(const StorePlace& place,
                                             const std::vector<Setting>& settings,
                                             const std::vector<UserRow>& users) {
  sqlite::Options options = sqlite_options(place);
  options.create = true;
  std::unique_ptr<Store> store(new Store);
  SIEGEL_TRY(store->m_database, sqlite::Database::open(options));
  SIEGEL_TRY(const std::int64_t tables,
             store->m_database.query_integer("SELECT count(*) FROM sqlite_schema"));
  SIEGEL_TRY(const std::int64_t id, store->m_database.query_integer("PRAGMA application_id"));
  if (tables != 0 || id != 0) {
    return conflict("E-TSE-230", "there is a file already", place.file.string());
  }
  // One commit: a power cut leaves a whole store or an empty file, which create() takes again.
  SIEGEL_TRY_OK(store->begin());
  SIEGEL_TRY_OK(write_schema(store->m_database, settings));
  SIEGEL_TRY_OK(store->prepare());
  for (const UserRow& user : users) SIEGEL_TRY_OK(store->put_user(user));
  SIEGEL_TRY_OK(store->commit());
  return store;
}

Result<std::unique_ptr<Store>> Store::open(const StorePlace& place) {
  std::unique_ptr<Store> store(new Store);
  SIEGEL_TRY(store->m_database, sqlite::Database::open(sqlite_options(place)));
  SIEGEL_TRY(const std::int64_t id, store->m_database.query_integer("PRAGMA application_id"));
  if (id != application_id) return not_a_store(place, "the file is no store of a software TSE");
  SIEGEL_TRY(const std::int64_t version, store->m_database.query_integer("PRAGMA user_version"));
  if (version != format_version) {
    return not_a_store(place, fmt::format("the store has format {}, this program knows {}", version,
                                          format_version));
  }
  SIEGEL_TRY_OK(store->prepare());
  return store;
}

Status Store::prepare() {
  static_assert(query_texts.size() == queries_count);
  for (std::size_t i = 0; i < query_texts.size(); ++i) {
    SIEGEL_TRY(m_statements[i], m_database.prepare(query_texts[i]));
  }
  return Ok{};
}

Result<Counters> Store::counters() {
  SIEGEL_TRY(sqlite::Statement get, m_database.prepare("SELECT * FROM counters WHERE id=1"));
  SIEGEL_TRY(const bool found, get.step());
  if (!found) return corrupt("E-TSE-234", "the store has no counters");
  Counters out;
  out.signature_used = number(get, 1);
  out.signature_reserved = number(get, 2);
  out.transaction_used = number(get, 3);
  out.transaction_reserved = number(get, 4);
  out.used_bytes = number(get, 5);
  out.exported_up_to = number(get, 6);
  out.last_log_ms = get.integer(7);
  out.clean = get.integer(8) != 0;
  return out;
}

Result<std::optional<std::string>> Store::setting(std::string_view key) {
  sqlite::Statement& get = m_statements[setting_get];
  const sqlite::ResetGuard guard(get);
  SIEGEL_TRY(const bool found, get.bind(1, key).step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(std::string(get.text(0)));
}

Result<std::vector<UserRow>> Store::users() {
  SIEGEL_TRY(sqlite::Statement get, m_database.prepare("SELECT * FROM user"));
  std::vector<UserRow> out;
  for (;;) {
    SIEGEL_TRY(const bool more, get.step());
    if (!more) return out;
    out.push_back({.id = std::string(get.text(0)),
                   .salt = copy(get.blob(1)),
                   .pin = copy(get.blob(2)),
                   .puk = copy(get.blob(3)),
                   .tries_left = static_cast<int>(get.integer(4)),
                   .puk_failures = static_cast<int>(get.integer(5)),
                   .puk_blocked_until = Instant::from_unix_ms(get.integer(6))});
  }
}

Result<std::vector<ClientRow>> Store::clients() {
  SIEGEL_TRY(sqlite::Statement get, m_database.prepare("SELECT * FROM client ORDER BY id"));
  std::vector<ClientRow> out;
  for (;;) {
    SIEGEL_TRY(const bool more, get.step());
    if (!more) return out;
    out.push_back({.id = get.integer(0),
                   .name = std::string(get.text(1)),
                   .registered = get.integer(2) != 0});
  }
}

namespace {
TransactionRow transaction_row(const sqlite::Statement& get) {
  return {.number = number(get, 0),
          .client = get.integer(1),
          .start_counter = number(get, 2),
          .last_counter = number(get, 3),
          .finish_counter = number(get, 4),
          .open = get.integer(5) != 0};
}
}  // namespace

Result<std::vector<TransactionRow>> Store::open_transactions() {
  SIEGEL_TRY(sqlite::Statement get,
             m_database.prepare("SELECT number, client, start_counter, last_counter,"
                                " finish_counter, open FROM tse_transaction INDEXED BY"
                                " open_transaction WHERE open = 1 ORDER BY number"));
  std::vector<TransactionRow> out;
  for (;;) {
    SIEGEL_TRY(const bool more, get.step());
    if (!more) return out;
    out.push_back(transaction_row(get));
  }
}

Result<std::vector<std::pair<std::uint64_t, PendingUpdate>>> Store::pending() {
  SIEGEL_TRY(sqlite::Statement get, m_database.prepare("SELECT * FROM pending"));
  std::vector<std::pair<std::uint64_t, PendingUpdate>> out;
  for (;;) {
    SIEGEL_TRY(const bool more, get.step());
    if (!more) return out;
    out.emplace_back(number(get, 0), PendingUpdate{.client = std::string(get.text(1)),
                                                   .process_type = std::string(get.text(2)),
                                                   .data = std::string(text_of(get.blob(3))),
                                                   .since = Instant::from_unix_ms(get.integer(4))});
  }
}

Result<std::optional<TransactionRow>> Store::transaction(std::uint64_t wanted) {
  sqlite::Statement& get = m_statements[transaction_get];
  const sqlite::ResetGuard guard(get);
  SIEGEL_TRY(const bool found, get.bind(1, wanted).step());
  if (!found) return std::optional<TransactionRow>();
  return std::optional<TransactionRow>(transaction_row(get));
}

Result<std::vector<TransactionRow>> Store::transactions_after(std::int64_t client,
                                                              std::uint64_t after,
                                                              std::size_t count_max) {
  SIEGEL_TRY(sqlite::Statement get,
             m_database.prepare("SELECT number, client, start_counter, last_counter,"
                                " finish_counter, open FROM tse_transaction"
                                " WHERE number > ?1 AND client = ?2 ORDER BY number LIMIT ?3"));
  get.bind(1, after).bind(2, client).bind(3, count_max);
  std::vector<TransactionRow> out;
  for (;;) {
    SIEGEL_TRY(const bool more, get.step());
    if (!more) return out;
    out.push_back(transaction_row(get));
  }
}

Result<std::optional<Bytes>> Store::message(std::uint64_t counter) {
  sqlite::Statement& get = m_statements[message_get];
  const sqlite::ResetGuard guard(get);
  SIEGEL_TRY(const bool found, get.bind(1, counter).step());
  if (!found) return std::optional<Bytes>();
  return std::optional<Bytes>(copy(get.blob(0)));
}

Result<std::uint64_t> Store::last_message(bool transactions_only) {
  SIEGEL_TRY(
      sqlite::Statement get,
      m_database.prepare(transactions_only ? "SELECT signature_counter FROM message WHERE kind = 1"
                                             " ORDER BY signature_counter DESC LIMIT 1"
                                           : "SELECT signature_counter FROM message"
                                             " ORDER BY signature_counter DESC LIMIT 1"));
  SIEGEL_TRY(const bool found, get.step());
  return found ? number(get, 0) : std::uint64_t{0};
}

Status Store::begin() {
  SIEGEL_CHECK(!m_transaction);
  SIEGEL_TRY(auto transaction,
             sqlite::Transaction::begin(m_database, sqlite::TransactionMode::write));
  m_transaction.emplace(std::move(transaction));
  return Ok{};
}

Status Store::commit() {
  SIEGEL_CHECK(m_transaction.has_value());
  Status done = m_transaction->commit();
  m_transaction.reset();
  return done;
}

void Store::roll_back() { m_transaction.reset(); }

Status Store::put_counters(const Counters& counters) {
  return m_statements[counters_put]
      .bind(1, counters.signature_used)
      .bind(2, counters.signature_reserved)
      .bind(3, counters.transaction_used)
      .bind(4, counters.transaction_reserved)
      .bind(5, counters.used_bytes)
      .bind(6, counters.exported_up_to)
      .bind(7, counters.last_log_ms)
      .bind(8, counters.clean ? 1 : 0)
      .run();
}

Status Store::put_setting(std::string_view key, std::string_view value) {
  return m_statements[setting_put].bind(1, key).bind(2, value).run();
}

Status Store::put_user(const UserRow& user) {
  return m_statements[user_put]
      .bind(1, user.id)
      .bind_blob(2, user.salt)
      .bind_blob(3, user.pin)
      .bind_blob(4, user.puk)
      .bind(5, user.tries_left)
      .bind(6, user.puk_failures)
      .bind(7, user.puk_blocked_until.unix_ms())
      .run();
}

Status Store::put_client(const ClientRow& client) {
  return m_statements[client_put]
      .bind(1, client.id)
      .bind(2, client.name)
      .bind(3, client.registered ? 1 : 0)
      .run();
}

Status Store::put_message(const MessageRow& row) {
  return m_statements[message_put]
      .bind(1, row.counter)
      .bind(2, static_cast<int>(row.kind))
      .bind(3, row.transaction)
      .bind(4, row.client)
      .bind(5, row.log_ms)
      .bind_blob(6, row.bytes)
      .run();
}

Status Store::put_transaction(const TransactionRow& row) {
  return m_statements[transaction_put]
      .bind(1, row.number)
      .bind(2, row.client)
      .bind(3, row.start_counter)
      .bind(4, row.last_counter)
      .bind(5, row.finish_counter)
      .bind(6, row.open ? 1 : 0)
      .run();
}

Status Store::move_transaction(std::uint64_t moved, std::uint64_t last_counter) {
  return m_statements[transaction_move].bind(1, moved).bind(2, last_counter).run();
}

Status Store::finish_transaction(std::uint64_t finished, std::uint64_t finish_counter) {
  return m_statements[transaction_finish].bind(1, finished).bind(2, finish_counter).run();
}

Status Store::put_pending(std::uint64_t of, const PendingUpdate& update) {
  return m_statements[pending_put]
      .bind(1, of)
      .bind(2, update.client)
      .bind(3, update.process_type)
      .bind_blob(4, bytes_of(update.data))
      .bind(5, update.since.unix_ms())
      .run();
}

Status Store::drop_pending(std::uint64_t of) {
  return m_statements[pending_drop].bind(1, of).run();
}

Result<unsigned> Store::put_copy(std::uint64_t counter, BytesView bytes) {
  sqlite::Statement& count = m_statements[copy_count];
  unsigned next = 0;
  {
    const sqlite::ResetGuard guard(count);
    SIEGEL_TRY_OK(count.bind(1, counter).step());
    next = static_cast<unsigned>(count.integer(0)) + 1;
  }
  SIEGEL_TRY_OK(m_statements[copy_put].bind(1, counter).bind(2, next).bind_blob(3, bytes).run());
  return next;
}

Status Store::merge_transaction(const TransactionRow& row) {
  return m_statements[transaction_merge]
      .bind(1, row.number)
      .bind(2, row.client)
      .bind(3, row.start_counter)
      .bind(4, row.last_counter)
      .bind(5, row.finish_counter)
      .run();
}

Result<std::uint64_t> Store::remove_messages(std::uint64_t counter) {
  const std::string which = fmt::format(
      "signature_counter <= {} AND NOT (kind = 1 AND transaction_number IN"
      " (SELECT number FROM tse_transaction WHERE open = 1))",
      counter);
  SIEGEL_TRY(const std::int64_t messages,
             m_database.query_integer("SELECT coalesce(sum(length(bytes)), 0) FROM message WHERE " +
                                      which));
  SIEGEL_TRY(const std::int64_t copies,
             m_database.query_integer("SELECT coalesce(sum(length(bytes)), 0) FROM message_copy"));
  SIEGEL_TRY_OK(m_database.execute("DELETE FROM message WHERE " + which));
  SIEGEL_TRY_OK(m_database.execute("DELETE FROM message_copy"));
  SIEGEL_TRY_OK(m_database.execute(
      fmt::format("DELETE FROM tse_transaction WHERE open = 0 AND last_counter <= {}", counter)));
  return static_cast<std::uint64_t>(messages + copies);
}

Result<sqlite::CheckpointResult> Store::checkpoint(sqlite::CheckpointMode mode) {
  return m_database.checkpoint(mode);
}

}  // namespace siegel::device::softtse
