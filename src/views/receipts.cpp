#include "views/receipts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/thread.h"
#include "model/codec.h"
#include "model/entries.h"
#include "views/members.h"
#include "views/tables.h"

namespace siegel::views {
namespace {

using journal::Entry;
using journal::Reader;
using journal::Sequence;
using sqlite::Database;
using sqlite::Statement;

constexpr std::size_t chunk_entries = 2000;

/// What an entry changes.
struct SealChange {
  Sequence plan_sequence;
  Sequence seal_sequence;
  SealState state = SealState::interrupted;
};
struct MasterChange {
  std::string kind;
  std::string id;
  Sequence sequence;
};

Result<ReceiptKind> kind_of(std::string_view word) {
  for (int i = 0; i <= static_cast<int>(ReceiptKind::final); ++i)
    if (receipt_kind_text(static_cast<ReceiptKind>(i)) == word) return static_cast<ReceiptKind>(i);
  return corrupt("E-MOD-101", fmt::format("\"{}\" is no kind of receipt", word));
}

Result<ReceiptRow> read_plan(const Entry& entry) {
  ReceiptRow row;
  row.plan_sequence = entry.sequence;
  Members members(entry.payload);
  int seen = 0;
  while (true) {
    SIEGEL_TRY(const bool more, members.next());
    if (!more) break;
    const std::string_view key = members.key();
    ++seen;
    if (key == "register") {
      SIEGEL_TRY(row.register_id, members.text());
    } else if (key == "number") {
      SIEGEL_TRY(const std::int64_t number, members.integer());
      row.number = static_cast<std::uint64_t>(number);
    } else if (key == "receipt_number") {
      SIEGEL_TRY(row.receipt_number, members.text());
    } else if (key == "decided") {
      SIEGEL_TRY(const std::string text, members.text());
      SIEGEL_TRY(row.decided, LocalStamp::parse(text));
    } else if (key == "kind") {
      SIEGEL_TRY(const std::string word, members.text());
      SIEGEL_TRY(row.kind, kind_of(word));
    } else if (key == "total") {
      SIEGEL_TRY(const std::int64_t cents, members.integer());
      row.total = Money::from_cents(cents);
    } else {
      --seen;
      if (key == "reverses") {
        SIEGEL_TRY(row.reverses, members.text());
      }
    }
  }
  if (seen != 6) return corrupt("E-MOD-101", "a plan lacks a member of every plan");
  return row;
}

/// The words of docs/formats/seal.md.
Result<SealState> state_of(std::string_view word) {
  if (word == "signed") return SealState::signed_by_tse;
  if (word == "unsigned_outage") return SealState::unsigned_outage;
  if (word == "not_required") return SealState::not_required;
  if (word == "signed_rksv") return SealState::signed_rksv;
  return corrupt("E-MOD-101", fmt::format("\"{}\" is no outcome of a seal", word));
}

Result<SealChange> read_seal(const Entry& entry) {
  SealChange change;
  change.seal_sequence = entry.sequence;
  Members members(entry.payload);
  while (true) {
    SIEGEL_TRY(const bool more, members.next());
    if (!more) break;
    if (members.key() == "plan_sequence") {
      SIEGEL_TRY(const std::int64_t plan, members.integer());
      change.plan_sequence = Sequence(static_cast<std::uint64_t>(plan));
    } else if (members.key() == "outcome") {
      SIEGEL_TRY(const std::string word, members.text());
      SIEGEL_TRY(change.state, state_of(word));
    }
  }
  if (change.plan_sequence.get() == 0 || change.state == SealState::interrupted)
    return corrupt("E-MOD-101", "a seal lacks its plan or its outcome");
  return change;
}

Result<MasterChange> read_master(const Entry& entry, std::string_view id_key) {
  MasterChange change{entry.kind, {}, entry.sequence};
  Members members(entry.payload);
  while (true) {
    SIEGEL_TRY(const bool more, members.next());
    if (!more) return change;
    if (members.key() == id_key) {
      SIEGEL_TRY(change.id, members.text());
    }
  }
}

/// Takes what entries change: the tables, or memory for what the tables do not have yet.
class Changes {
 public:
  virtual ~Changes() = default;
  virtual Status plan(const ReceiptRow& row) = 0;
  virtual Status seal(const SealChange& change) = 0;
  virtual Status master(const MasterChange& change) = 0;
};

Status read_entry_into(const Entry& entry, Changes& to) {
  if (entry.payload_removed) return Ok{};
  if (entry.kind == entry_kind::plan) {
    SIEGEL_TRY(const ReceiptRow row, read_plan(entry));
    return to.plan(row);
  }
  if (entry.kind == entry_kind::seal) {
    SIEGEL_TRY(const SealChange change, read_seal(entry));
    return to.seal(change);
  }
  if (entry.kind == entry_kind::register_ || entry.kind == entry_kind::tse ||
      entry.kind == entry_kind::signer) {
    SIEGEL_TRY(const MasterChange change,
               read_master(entry, entry.kind == entry_kind::tse ? "serial" : "id"));
    return to.master(change);
  }
  return Ok{};
}

Status read_into(const Entry& entry, Changes& to) {
  auto read = read_entry_into(entry, to);
  if (read.ok()) return read;
  Error error = std::move(read).error();
  if (error.code != "E-MOD-101" && !error.code.starts_with("E-TIM")) return error;
  return corrupt("E-MOD-101", error.detail, fmt::format("entry {}", entry.sequence.get()));
}

/// What the journal has after the tables' position.
class Overlay final : public Changes {
 public:
  Status read(Reader& reader, Sequence position) {
    Sequence next(position.get() + 1);
    while (true) {
      SIEGEL_TRY(const auto entries, reader.read(next, chunk_entries));
      if (entries.empty()) return Ok{};
      for (const Entry& entry : entries) SIEGEL_TRY_OK(read_into(entry, *this));
      next = Sequence(entries.back().sequence.get() + 1);
    }
  }

  Status plan(const ReceiptRow& row) override {
    if (!row.reverses.empty()) m_reversals[row.reverses] = row.plan_sequence;
    m_rows.emplace(row.plan_sequence, row);
    return Ok{};
  }
  Status seal(const SealChange& change) override {
    m_seals[change.plan_sequence] = change;
    return Ok{};
  }
  Status master(const MasterChange& change) override {
    m_masters.push_back(change);
    return Ok{};
  }

  void patch(ReceiptRow& row) const {
    if (const auto seal = m_seals.find(row.plan_sequence); seal != m_seals.end()) {
      row.seal_sequence = seal->second.seal_sequence;
      row.state = seal->second.state;
    }
    if (const auto by = m_reversals.find(row.receipt_number); by != m_reversals.end())
      row.reversed_by = by->second;
  }
  /// Newest first, patched.
  template <class Visit>
  void each(Visit visit) const {
    for (auto it = m_rows.rbegin(); it != m_rows.rend(); ++it) {
      ReceiptRow row = it->second;
      patch(row);
      if (!visit(row)) return;
    }
  }
  [[nodiscard]] Sequence last_master(std::string_view kind, std::string_view id,
                                     Sequence before) const {
    Sequence found;
    for (const MasterChange& change : m_masters)
      if (change.kind == kind && change.id == id && change.sequence < before)
        found = change.sequence;
    return found;
  }

 private:
  std::map<Sequence, ReceiptRow> m_rows;
  std::map<Sequence, SealChange> m_seals;
  std::map<std::string, Sequence, std::less<>> m_reversals;
  std::vector<MasterChange> m_masters;
};

/// The statements of the follower's connection.
class Writer final : public Changes {
 public:
  Status open(const IndexOptions& options) {
    SIEGEL_TRY(m_database, Database::open(connection(options)));
    SIEGEL_TRY(m_insert, m_database.prepare("INSERT INTO receipt VALUES(?,0,?,?,?,?,?,?,?,0,?,0)"));
    SIEGEL_TRY(m_reverse,
               m_database.prepare("UPDATE receipt SET reversed_by=? WHERE receipt_number=?"));
    SIEGEL_TRY(m_seal, m_database.prepare(
                           "UPDATE receipt SET seal_sequence=?, state=? WHERE plan_sequence=?"));
    SIEGEL_TRY(m_master, m_database.prepare("INSERT INTO master VALUES(?,?,?)"));
    SIEGEL_TRY(m_day,
               m_database.prepare("INSERT INTO day VALUES(?1,?2,?3) ON CONFLICT(date) DO UPDATE SET"
                                  " first=min(first, ?2), last=max(last, ?3)"));
    SIEGEL_TRY(m_position, prepare_position(m_database));
    return Ok{};
  }

  Status write(std::string_view name, std::span<const Entry> entries) {
    m_days.clear();
    SIEGEL_TRY(auto transaction,
               sqlite::Transaction::begin(m_database, sqlite::TransactionMode::write));
    for (const Entry& entry : entries) SIEGEL_TRY_OK(read_into(entry, *this));
    for (const auto& [date, range] : m_days) {
      m_day.bind(1, date).bind(2, range.first.get()).bind(3, range.second.get());
      SIEGEL_TRY_OK(m_day.run());
    }
    SIEGEL_TRY_OK(write_position(m_position, name, entries.back()));
    return transaction.commit();
  }

  Status plan(const ReceiptRow& row) override {
    const std::string decided = exact_text(row.decided);
    const std::string date = row.decided.date().text();
    m_insert.bind(1, row.plan_sequence.get()).bind(2, std::string_view(row.register_id));
    m_insert.bind(3, row.number).bind(4, std::string_view(row.receipt_number));
    m_insert.bind(5, std::string_view(decided)).bind(6, std::string_view(date));
    m_insert.bind(7, receipt_kind_text(row.kind)).bind(8, row.total.cents());
    m_insert.bind(9, std::string_view(row.reverses));
    SIEGEL_TRY_OK(m_insert.run());
    const auto [day, fresh] = m_days.try_emplace(date, row.plan_sequence, row.plan_sequence);
    if (!fresh) day->second.second = row.plan_sequence;
    if (row.reverses.empty()) return Ok{};
    m_reverse.bind(1, row.plan_sequence.get()).bind(2, std::string_view(row.reverses));
    return m_reverse.run();
  }
  Status seal(const SealChange& change) override {
    m_seal.bind(1, change.seal_sequence.get()).bind(2, static_cast<int>(change.state));
    m_seal.bind(3, change.plan_sequence.get());
    return m_seal.run();
  }
  Status master(const MasterChange& change) override {
    m_master.bind(1, std::string_view(change.kind)).bind(2, std::string_view(change.id));
    m_master.bind(3, change.sequence.get());
    return m_master.run();
  }

 private:
  Database m_database;
  Statement m_insert;
  Statement m_reverse;
  Statement m_seal;
  Statement m_master;
  Statement m_day;
  Statement m_position;
  std::map<std::string, std::pair<Sequence, Sequence>> m_days;  // of the batch at hand
};

constexpr std::string_view columns =
    "SELECT plan_sequence, seal_sequence, register, number, receipt_number, decided, kind, total,"
    " state, reverses, reversed_by FROM receipt ";

Result<ReceiptRow> row_of(const Statement& from) {
  const auto sequence = [&](int column) {
    return Sequence(static_cast<std::uint64_t>(from.integer(column)));
  };
  ReceiptRow row;
  row.plan_sequence = sequence(0);
  row.seal_sequence = sequence(1);
  row.register_id = from.text(2);
  row.number = static_cast<std::uint64_t>(from.integer(3));
  row.receipt_number = from.text(4);
  SIEGEL_TRY(row.decided, LocalStamp::parse(from.text(5)));
  SIEGEL_TRY(row.kind, kind_of(from.text(6)));
  row.total = Money::from_cents(from.integer(7));
  row.state = static_cast<SealState>(std::clamp<std::int64_t>(from.integer(8), 0, 4));
  row.reverses = from.text(9);
  row.reversed_by = sequence(10);
  return row;
}

bool matches(const ReceiptRow& row, const ReceiptFilter& filter) {
  const Date date = row.decided.date();
  return (!filter.register_id || row.register_id == *filter.register_id) &&
         (!filter.first || date >= *filter.first) && (!filter.last || date <= *filter.last) &&
         (!filter.kind || row.kind == *filter.kind) &&
         (!filter.state || row.state == *filter.state);
}

/// Order and bounds keep to keys: nothing is sorted, and what a filter excludes by day or register
/// is not read. A state may be newer than the tables, hence interrupted ones come along.
std::string list_query(const ReceiptFilter& filter) {
  std::string sql(columns);
  sql += "WHERE plan_sequence < ?1";
  if (filter.register_id) sql += " AND register = ?2";
  if (filter.first || filter.last)
    sql +=
        " AND plan_sequence >= (SELECT min(first) FROM day WHERE date BETWEEN ?3 AND ?4)"
        " AND plan_sequence <= (SELECT max(last) FROM day WHERE date BETWEEN ?3 AND ?4)"
        " AND date BETWEEN ?3 AND ?4";
  if (filter.kind) sql += " AND kind = ?5";
  if (filter.state) sql += " AND state IN (0, ?6)";
  sql += filter.register_id ? " ORDER BY number DESC" : " ORDER BY plan_sequence DESC";
  return sql;
}

class ReceiptTables final : public Receipts {
 public:
  explicit ReceiptTables(const IndexOptions& options) : m_options(options) {}

  Status open() {
    sqlite::Options reading = connection(m_options);
    reading.create = false;
    reading.wal_autocheckpoint_pages = 0;
    const Lock lock(m_mutex);
    SIEGEL_TRY(m_database, Database::open(reading));
    if (!m_options.read_only) SIEGEL_TRY_OK(m_writer.open(m_options));
    SIEGEL_TRY(const Position position, read_position(m_database, name()));
    const Lock position_lock(m_position_mutex);
    m_position = position.head.sequence;
    return Ok{};
  }

  [[nodiscard]] std::string_view name() const override { return "receipts"; }
  [[nodiscard]] Sequence position() const override {
    const Lock lock(m_position_mutex);
    return m_position;
  }

  Status handle(std::span<const Entry> entries) override {
    if (entries.empty()) return Ok{};
    if (m_failed) {
      if (auto opened = open(); !opened.ok()) return index_error(opened.error());
      m_failed = false;
    }
    SIEGEL_TRY_OK(check_next(position(), entries));
    if (auto written = m_writer.write(name(), entries); !written.ok()) {
      m_failed = true;
      return written.error().code.starts_with("E-DAT") ? index_error(written.error())
                                                       : written.error();
    }
    const Lock lock(m_position_mutex);
    m_position = entries.back().sequence;
    return Ok{};
  }

  Result<std::optional<ReceiptRow>> find(Reader& reader, std::string_view receipt_number) override {
    return one(
        reader, "WHERE receipt_number = ?1 LIMIT 1",
        [&](Statement& select) { select.bind(1, receipt_number); },
        [&](const ReceiptRow& row) { return row.receipt_number == receipt_number; });
  }

  Result<std::optional<ReceiptRow>> find_by_number(Reader& reader, std::string_view register_id,
                                                   std::uint64_t number) override {
    return one(
        reader, "WHERE register = ?1 AND number = ?2 LIMIT 1",
        [&](Statement& select) { select.bind(1, register_id).bind(2, number); },
        [&](const ReceiptRow& row) {
          return row.register_id == register_id && row.number == number;
        });
  }

  Result<std::vector<ReceiptRow>> list(Reader& reader, const ReceiptFilter& filter,
                                       std::size_t limit, std::optional<Sequence> before) override {
    const Sequence end = before.value_or(Sequence(std::uint64_t{1} << 62));
    std::vector<ReceiptRow> rows;
    Overlay overlay;
    const Lock lock(m_mutex);
    SIEGEL_TRY(auto snapshot, begin_snapshot());
    SIEGEL_TRY_OK(read_overlay(reader, overlay));
    overlay.each([&](const ReceiptRow& row) {
      if (rows.size() < limit && row.plan_sequence < end && matches(row, filter))
        rows.push_back(row);
      return rows.size() < limit;
    });
    if (rows.size() < limit) {
      auto more = list_tables(filter, limit, end, overlay, rows);
      if (!more.ok()) return index_error(more.error());
    }
    return rows;
  }

  Result<Receipt> load(Reader& reader, Sequence plan_sequence) override {
    const auto no_plan = [&] {
      return not_found("E-JRN-403", fmt::format("entry {} is no receipt", plan_sequence.get()));
    };
    if (plan_sequence.get() == 0) return no_plan();
    SIEGEL_TRY(const auto entries, reader.read(plan_sequence, 1));
    if (entries.empty() || entries.front().kind != entry_kind::plan ||
        entries.front().payload_removed)
      return no_plan();
    Receipt receipt;
    receipt.plan_sequence = plan_sequence.get();
    SIEGEL_TRY(receipt.plan, plan_from_json(entries.front().payload));
    SIEGEL_TRY(const auto row, one(
                                   reader, "WHERE plan_sequence = ?1",
                                   [&](Statement& select) { select.bind(1, plan_sequence.get()); },
                                   [&](const ReceiptRow& candidate) {
                                     return candidate.plan_sequence == plan_sequence;
                                   }));
    if (row.has_value() && row->seal_sequence.get() != 0) {
      SIEGEL_TRY(const std::string payload, payload_at(reader, row->seal_sequence));
      SIEGEL_TRY(receipt.seal, seal_from_json(payload));
    }
    if (receipt.plan.business_sequence != 0) {
      SIEGEL_TRY(const std::string payload,
                 payload_at(reader, Sequence(receipt.plan.business_sequence)));
      SIEGEL_TRY(receipt.business, business_from_json(payload));
    }
    SIEGEL_TRY_OK(load_masters(reader, receipt));
    return receipt;
  }

 private:
  Result<sqlite::Transaction> begin_snapshot() SIEGEL_REQUIRES(m_mutex) {
    auto snapshot = sqlite::Transaction::begin(m_database, sqlite::TransactionMode::read);
    if (!snapshot.ok()) return index_error(snapshot.error());
    return snapshot;
  }

  /// Within a snapshot: from the position of that snapshot on.
  Status read_overlay(Reader& reader, Overlay& overlay) SIEGEL_REQUIRES(m_mutex) {
    const auto position = read_position(m_database, name());
    if (!position.ok()) return index_error(position.error());
    return overlay.read(reader, position->head.sequence);
  }

  template <class Bind, class Match>
  Result<std::optional<ReceiptRow>> one(Reader& reader, std::string_view where, Bind bind,
                                        Match match) {
    const Lock lock(m_mutex);
    SIEGEL_TRY(auto snapshot, begin_snapshot());
    Overlay overlay;
    SIEGEL_TRY_OK(read_overlay(reader, overlay));
    std::optional<ReceiptRow> found;
    overlay.each([&](const ReceiptRow& row) {
      if (match(row)) found = row;
      return !found.has_value();
    });
    if (found.has_value()) return found;
    auto select = m_database.prepare(std::string(columns) + std::string(where));
    if (!select.ok()) return index_error(select.error());
    bind(*select);
    const auto stepped = select->step();
    if (!stepped.ok()) return index_error(stepped.error());
    if (!*stepped) return std::optional<ReceiptRow>();
    auto row = row_of(*select);
    if (!row.ok()) return index_error(row.error());
    overlay.patch(*row);
    return std::optional<ReceiptRow>(std::move(row).value());
  }

  Status list_tables(const ReceiptFilter& filter, std::size_t limit, Sequence end,
                     const Overlay& overlay, std::vector<ReceiptRow>& rows)
      SIEGEL_REQUIRES(m_mutex) {
    SIEGEL_TRY(auto select, m_database.prepare(list_query(filter)));
    const std::string first = filter.first ? filter.first->text() : "0000-00-00";
    const std::string last = filter.last ? filter.last->text() : "9999-99-99";
    select.bind(1, end.get());
    if (filter.register_id) select.bind(2, std::string_view(*filter.register_id));
    if (filter.first || filter.last)
      select.bind(3, std::string_view(first)).bind(4, std::string_view(last));
    if (filter.kind) select.bind(5, receipt_kind_text(*filter.kind));
    if (filter.state) select.bind(6, static_cast<int>(*filter.state));
    while (rows.size() < limit) {
      SIEGEL_TRY(const bool more, select.step());
      if (!more) break;
      SIEGEL_TRY(ReceiptRow row, row_of(select));
      overlay.patch(row);
      if (matches(row, filter)) rows.push_back(std::move(row));
    }
    return Ok{};
  }

  static Result<std::string> payload_at(Reader& reader, Sequence sequence) {
    SIEGEL_TRY(auto entries, reader.read(sequence, 1));
    if (entries.empty() || entries.front().payload_removed)
      return not_found("E-JRN-403", fmt::format("entry {} is not there", sequence.get()));
    return std::move(entries.front().payload);
  }

  /// The last entry of that kind and id before `before`; 0: none.
  Result<Sequence> last_master(Reader& reader, std::string_view kind, std::string_view id,
                               Sequence before) {
    const Lock lock(m_mutex);
    SIEGEL_TRY(auto snapshot, begin_snapshot());
    Overlay overlay;
    SIEGEL_TRY_OK(read_overlay(reader, overlay));
    if (const Sequence newer = overlay.last_master(kind, id, before); newer.get() != 0)
      return newer;
    auto select =
        m_database.prepare("SELECT max(sequence) FROM master WHERE kind=? AND id=? AND sequence<?");
    if (!select.ok()) return index_error(select.error());
    select->bind(1, kind).bind(2, id).bind(3, before.get());
    const auto stepped = select->step();
    if (!stepped.ok()) return index_error(stepped.error());
    return Sequence(static_cast<std::uint64_t>(select->integer(0)));
  }

  Status load_masters(Reader& reader, Receipt& receipt) {
    const Sequence plan(receipt.plan_sequence);
    SIEGEL_TRY(const Sequence of_register,
               last_master(reader, entry_kind::register_, receipt.plan.register_id.text(), plan));
    receipt.register_info.id = receipt.plan.register_id;
    if (of_register.get() != 0) {
      SIEGEL_TRY(const std::string payload, payload_at(reader, of_register));
      SIEGEL_TRY(receipt.register_info, register_from_json(payload));
    }
    if (receipt.seal.has_value() && !receipt.seal->signer.empty())
      SIEGEL_TRY_OK(load_signer(reader, receipt));
    std::string serial = receipt.plan.tse_serial;
    if (receipt.seal.has_value() && !receipt.seal->tse_serial.empty())
      serial = receipt.seal->tse_serial;
    if (serial.empty()) return Ok{};
    SIEGEL_TRY(const Sequence of_tse, last_master(reader, entry_kind::tse, serial, plan));
    if (of_tse.get() == 0) return Ok{};
    SIEGEL_TRY(const std::string payload, payload_at(reader, of_tse));
    SIEGEL_TRY(receipt.tse, tse_from_json(payload));
    return Ok{};
  }

  Status load_signer(Reader& reader, Receipt& receipt) {
    SIEGEL_TRY(const Sequence found, last_master(reader, entry_kind::signer, receipt.seal->signer,
                                                 Sequence(receipt.plan_sequence)));
    if (found.get() == 0) return Ok{};
    SIEGEL_TRY(const std::string payload, payload_at(reader, found));
    SIEGEL_TRY(receipt.signer, signer_from_json(payload));
    return Ok{};
  }

  const IndexOptions m_options;
  bool m_failed = false;  ///< what the last commit left is not known: open again and look
  Writer m_writer;
  Mutex m_mutex;  ///< of the connection that answers queries
  Database m_database SIEGEL_GUARDED_BY(m_mutex);
  mutable Mutex m_position_mutex;
  Sequence m_position SIEGEL_GUARDED_BY(m_position_mutex);
};

}  // namespace

Result<std::unique_ptr<Receipts>> open_receipts(const IndexOptions& options) {
  auto receipts = std::make_unique<ReceiptTables>(options);
  SIEGEL_TRY_OK(receipts->open());
  return std::unique_ptr<Receipts>(std::move(receipts));
}

}  // namespace siegel::views
