#include "views/keys.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutant.h"
#include "base/thread.h"
#include "crypto/hash.h"
#include "views/tables.h"

namespace siegel::views {
namespace {

using journal::Entry;
using journal::Sequence;
using sqlite::Database;
using sqlite::Statement;

/// Half of a SHA-256 of register and key.
using KeyHash = ByteArray<16>;

struct KeyHashHash {
  std::size_t operator()(const KeyHash& hash) const {
    std::size_t out = 0;
    std::memcpy(&out, hash.data(), sizeof(out));
    return out;
  }
};

KeyHash hash_key(std::string_view register_id, std::string_view key) {
  const std::byte zero{0};
  const Hash256 whole = crypto::sha256({bytes_of(register_id), BytesView(&zero, 1), bytes_of(key)});
  KeyHash out;
  std::copy_n(whole.begin(), out.size(), out.begin());
  return out;
}

/// A Bloom filter of 16 to 32 bits a key: says of about one absent key in 2,000 that it may be
/// there.
class Filter {
 public:
  static constexpr unsigned probes = 11;

  explicit Filter(Bytes bits) : m_bits(std::move(bits)) {}
  static Filter for_keys(std::size_t count) {
    return Filter(Bytes(std::bit_ceil(std::max<std::size_t>(count, 64) * 2)));
  }
  [[nodiscard]] bool valid() const { return std::has_single_bit(m_bits.size()); }

  void add(const KeyHash& hash) {
    each(hash, [&](std::size_t byte, std::byte bit) {
      m_bits[byte] |= bit;
      return true;
    });
  }
  [[nodiscard]] bool may_hold(const KeyHash& hash) const {
    return each(hash, [&](std::size_t byte, std::byte bit) {
      return (m_bits[byte] & bit) != std::byte{0};
    });
  }
  [[nodiscard]] const Bytes& bits() const { return m_bits; }

 private:
  template <class Visit>
  bool each(const KeyHash& hash, Visit visit) const {
    const std::uint64_t first = load_be64(std::span<const std::byte, 8>(hash.data(), 8));
    const std::uint64_t second = load_be64(std::span<const std::byte, 8>(hash.data() + 8, 8)) | 1U;
    const std::uint64_t mask = std::uint64_t{m_bits.size()} * 8 - 1;
    for (unsigned i = 0; i < probes; ++i) {
      const std::uint64_t at = (first + i * second) & mask;
      if (!visit(static_cast<std::size_t>(at / 8), std::byte{1} << static_cast<int>(at % 8)))
        return false;
    }
    return true;
  }

  Bytes m_bits;
};

using Open = std::unordered_map<KeyHash, KeyIndex::Found, KeyHashHash>;

KeyIndex::Found found_in(const Statement& row, int sequence, int fingerprint) {
  KeyIndex::Found found;
  found.sequence = Sequence(static_cast<std::uint64_t>(row.integer(sequence)));
  const BytesView bytes = row.blob(fingerprint);
  std::copy_n(bytes.begin(), std::min(bytes.size(), found.fingerprint.size()),
              found.fingerprint.begin());
  return found;
}

class KeyTables final : public KeyIndex {
 public:
  explicit KeyTables(const IndexOptions& options) : m_options(options) {}

  Status open() {
    const Lock reading(m_reading_mutex);
    SIEGEL_TRY(m_reading, Database::open(reading_options()));
    SIEGEL_TRY(m_select, m_reading.prepare("SELECT sequence, fingerprint FROM key_closed"
                                           " WHERE segment=? AND hash=?"));
    if (!m_options.read_only) {
      SIEGEL_TRY(m_writing, Database::open(connection(m_options)));
      SIEGEL_TRY(m_insert_open, m_writing.prepare("INSERT INTO key_open VALUES(?,?,?)"));
      SIEGEL_TRY(m_insert_closed, m_writing.prepare("INSERT INTO key_closed VALUES(?,?,?,?)"));
      SIEGEL_TRY(m_insert_segment, m_writing.prepare("INSERT INTO key_segment VALUES(?,?)"));
      SIEGEL_TRY(m_set_position, prepare_position(m_writing));
    }
    return load();
  }

  [[nodiscard]] std::string_view name() const override { return "keys"; }

  [[nodiscard]] Sequence position() const override {
    const Lock lock(m_mutex);
    return m_position;
  }

  Status handle(std::span<const Entry> entries) override {
    if (entries.empty()) return Ok{};
    if (m_failed) {
      if (auto opened = open(); !opened.ok()) return index_error(opened.error());
      m_failed = false;
    }
    SIEGEL_TRY_OK(check_next(position(), entries));
    if (auto written = write(entries); !written.ok()) {
      m_failed = true;
      return index_error(written.error());
    }
    return Ok{};
  }

  Result<Lookup> find(std::string_view register_id, std::string_view key) override {
    const KeyHash hash = hash_key(register_id, key);
    if (m_options.read_only) {
      const Lock reading(m_reading_mutex);
      if (auto loaded = load(); !loaded.ok()) return index_error(loaded.error());
    }
    Lookup out;
    std::vector<std::int64_t> candidates;
    {
      const Lock lock(m_mutex);
      out.position = m_position;
      if (const auto at = m_open.find(hash); at != m_open.end()) {
        out.found = at->second;
        return out;
      }
      for (auto it = m_filters.rbegin(); it != m_filters.rend(); ++it)
        if (it->second.may_hold(hash)) candidates.push_back(it->first);
    }
    for (const std::int64_t segment : candidates) {
      const Lock reading(m_reading_mutex);
      const sqlite::ResetGuard guard(m_select);
      m_select.bind(1, segment).bind_blob(2, hash);
      const auto row = m_select.step();
      if (!row.ok()) return index_error(row.error());
      if (!*row) continue;
      out.found = found_in(m_select, 0, 1);
      return out;
    }
    return out;
  }

 private:
  sqlite::Options reading_options() const {
    sqlite::Options options = connection(m_options);
    options.create = false;
    options.wal_autocheckpoint_pages = 0;
    return options;
  }

  Status load() SIEGEL_REQUIRES(m_reading_mutex) {
    SIEGEL_TRY(auto snapshot, sqlite::Transaction::begin(m_reading, sqlite::TransactionMode::read));
    SIEGEL_TRY(const Position position, read_position(m_reading, name()));
    Open open;
    SIEGEL_TRY(
        auto rows,
        m_reading.prepare("SELECT hash, sequence, fingerprint FROM key_open ORDER BY sequence"));
    while (true) {
      SIEGEL_TRY(const bool row, rows.step());
      if (!row) break;
      KeyHash hash{};
      if (rows.blob(0).size() != hash.size())
        return corrupt("E-JRN-401", "a stored key does not have 16 bytes");
      std::ranges::copy(rows.blob(0), hash.begin());
      open.insert_or_assign(hash, found_in(rows, 1, 2));
    }
    std::map<std::int64_t, Filter> filters;
    SIEGEL_TRY(auto segments, m_reading.prepare("SELECT segment, filter FROM key_segment"));
    while (true) {
      SIEGEL_TRY(const bool row, segments.step());
      if (!row) break;
      Filter filter(Bytes(segments.blob(1).begin(), segments.blob(1).end()));
      if (!filter.valid()) return corrupt("E-JRN-401", "a stored filter is damaged");
      filters.emplace(segments.integer(0), std::move(filter));
    }
    const Lock lock(m_mutex);
    m_position = position.head.sequence;
    m_open = std::move(open);
    m_filters = std::move(filters);
    return Ok{};
  }

  Status write(std::span<const Entry> entries) {
    SIEGEL_TRY(auto transaction,
               sqlite::Transaction::begin(m_writing, sqlite::TransactionMode::write));
    std::vector<std::pair<KeyHash, Found>> fresh;
    bool forget = SIEGEL_MUTANT("forget-key");
    for (const Entry& entry : entries) {
      if (!entry.key.has_value()) continue;
      if (std::exchange(forget, false)) continue;
      const KeyHash hash = hash_key(entry.register_id, entry.key->text);
      fresh.emplace_back(hash, Found{entry.sequence, entry.key->fingerprint});
      m_insert_open.bind(1, entry.sequence.get()).bind_blob(2, hash);
      m_insert_open.bind_blob(3, entry.key->fingerprint);
      SIEGEL_TRY_OK(m_insert_open.run());
    }
    SIEGEL_TRY_OK(write_position(m_set_position, name(), entries.back()));
    // Only this thread changes what is in memory, so it may look without the lock of the readers.
    std::optional<std::pair<std::int64_t, Filter>> closed;
    if (open_size() + fresh.size() >= m_options.segment_keys) {
      SIEGEL_TRY(auto made, close_segment(fresh));
      closed = std::move(made);
    }
    SIEGEL_TRY_OK(transaction.commit());
    const Lock lock(m_mutex);
    m_position = entries.back().sequence;
    if (closed.has_value()) {
      m_open.clear();
      m_filters.emplace(closed->first, std::move(closed->second));
    } else {
      for (const auto& [hash, found] : fresh) m_open.insert_or_assign(hash, found);
    }
    return Ok{};
  }

  std::size_t open_size() const {
    const Lock lock(m_mutex);
    return m_open.size();
  }

  /// Moves the open segment, with `fresh`, behind the closed ones: sorted, so that the tree only
  /// grows at its end.
  Result<std::pair<std::int64_t, Filter>> close_segment(
      const std::vector<std::pair<KeyHash, Found>>& fresh) {
    std::map<KeyHash, Found> sorted;
    std::int64_t segment = 1;
    {
      const Lock lock(m_mutex);
      sorted.insert(m_open.begin(), m_open.end());
      if (!m_filters.empty()) segment = m_filters.rbegin()->first + 1;
    }
    for (const auto& [hash, found] : fresh) sorted.insert_or_assign(hash, found);
    Filter filter = Filter::for_keys(sorted.size());
    for (const auto& [hash, found] : sorted) {
      filter.add(hash);
      m_insert_closed.bind(1, segment).bind_blob(2, hash).bind(3, found.sequence.get());
      m_insert_closed.bind_blob(4, found.fingerprint);
      SIEGEL_TRY_OK(m_insert_closed.run());
    }
    m_insert_segment.bind(1, segment).bind_blob(2, filter.bits());
    SIEGEL_TRY_OK(m_insert_segment.run());
    SIEGEL_TRY_OK(m_writing.execute("DELETE FROM key_open"));
    return std::pair(segment, std::move(filter));
  }

  const IndexOptions m_options;
  bool m_failed = false;  ///< what the last commit left is not known: open again and look
  Database m_writing;
  Statement m_insert_open;
  Statement m_insert_closed;
  Statement m_insert_segment;
  Statement m_set_position;

  Mutex m_reading_mutex;
  Database m_reading SIEGEL_GUARDED_BY(m_reading_mutex);
  Statement m_select SIEGEL_GUARDED_BY(m_reading_mutex);

  mutable Mutex m_mutex;
  Sequence m_position SIEGEL_GUARDED_BY(m_mutex);
  Open m_open SIEGEL_GUARDED_BY(m_mutex);
  std::map<std::int64_t, Filter> m_filters SIEGEL_GUARDED_BY(m_mutex);
};

}  // namespace

Result<std::unique_ptr<KeyIndex>> open_keys(const IndexOptions& options) {
  auto keys = std::make_unique<KeyTables>(options);
  SIEGEL_TRY_OK(keys->open());
  return std::unique_ptr<KeyIndex>(std::move(keys));
}

}  // namespace siegel::views
