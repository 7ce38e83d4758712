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

constexpr unsigned filter_probes = 11;

/// A Bloom filter of at least 16 bits a key has this many bits, a power of two: it says of about
/// one absent key in 2,000 that it may be there.
std::size_t filter_bits(std::size_t segment_keys) {
  return std::bit_ceil(std::max<std::size_t>(segment_keys, 64) * 16);
}

/// Calls visit(bit number) for the bits of a key until it says false.
template <class Visit>
void each_bit(const KeyHash& hash, std::size_t bits, Visit visit) {
  const std::uint64_t first = load_be64(std::span<const std::byte, 8>(hash.data(), 8));
  const std::uint64_t second = load_be64(std::span<const std::byte, 8>(hash.data() + 8, 8)) | 1U;
  for (unsigned i = 0; i < filter_probes; ++i)
    if (!visit(static_cast<std::size_t>((first + i * second) & (bits - 1)))) return;
}

/// The filters of up to 64 segments, turned on their side: one word a bit number, one bit of it a
/// segment. A look-up reads a few words for all of them instead of a few for each.
class FilterBlock {
 public:
  static constexpr std::size_t segments_max = 64;

  explicit FilterBlock(std::size_t bits) : m_words(bits) {}
  void add(std::size_t segment, const Bytes& filter) {
    for (std::size_t byte = 0; byte < filter.size(); ++byte)
      for (unsigned bit = 0; bit < 8; ++bit)
        if ((filter[byte] & (std::byte{1} << bit)) != std::byte{0})
          m_words[byte * 8 + bit] |= std::uint64_t{1} << segment;
  }
  /// Bit n: segment n may hold the key.
  [[nodiscard]] std::uint64_t may_hold(const KeyHash& hash) const {
    std::uint64_t left = ~std::uint64_t{0};
    each_bit(hash, m_words.size(), [&](std::size_t bit) {
      left &= m_words[bit];
      return left != 0;
    });
    return left;
  }

 private:
  std::vector<std::uint64_t> m_words;
};

/// The filters of all closed segments, which count from 0.
class Filters {
 public:
  explicit Filters(std::size_t bits) : m_bits(bits) {}
  [[nodiscard]] std::size_t bits() const { return m_bits; }
  [[nodiscard]] std::size_t segments() const { return m_segments; }
  void add(const Bytes& filter) {
    SIEGEL_CHECK(filter.size() * 8 == m_bits);
    if (m_segments % FilterBlock::segments_max == 0) m_blocks.emplace_back(m_bits);
    m_blocks.back().add(m_segments++ % FilterBlock::segments_max, filter);
  }
  /// Segments that may hold the key, newest first.
  [[nodiscard]] std::vector<std::size_t> candidates(const KeyHash& hash) const {
    std::vector<std::size_t> out;
    for (std::size_t block = m_blocks.size(); block-- > 0;) {
      std::uint64_t left = m_blocks[block].may_hold(hash);
      while (left != 0) {
        const auto highest = static_cast<std::size_t>(std::bit_width(left)) - 1;
        out.push_back(block * FilterBlock::segments_max + highest);
        left ^= std::uint64_t{1} << highest;
      }
    }
    return out;
  }

 private:
  std::size_t m_bits;
  std::size_t m_segments = 0;
  std::vector<FilterBlock> m_blocks;
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
  explicit KeyTables(const IndexOptions& options)
      : m_options(options), m_filters(filter_bits(options.segment_keys)) {}

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
    std::vector<std::size_t> candidates;
    {
      const Lock lock(m_mutex);
      out.position = m_position;
      if (const auto at = m_open.find(hash); at != m_open.end()) {
        out.found = at->second;
        return out;
      }
      candidates = m_filters.candidates(hash);
    }
    for (const std::size_t segment : candidates) {
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
    Filters filters(filter_bits(m_options.segment_keys));
    SIEGEL_TRY(auto segments,
               m_reading.prepare("SELECT segment, filter FROM key_segment ORDER BY segment"));
    while (true) {
      SIEGEL_TRY(const bool row, segments.step());
      if (!row) break;
      const BytesView filter = segments.blob(1);
      if (segments.integer(0) != static_cast<std::int64_t>(filters.segments()) ||
          filter.size() * 8 != filters.bits())
        return unavailable("E-JRN-401", "the key segments are of another size: delete the index");
      filters.add(Bytes(filter.begin(), filter.end()));
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
    std::optional<Bytes> closed;
    if (open_size() + fresh.size() >= m_options.segment_keys) {
      SIEGEL_TRY(auto made, close_segment(fresh));
      closed = std::move(made);
    }
    SIEGEL_TRY_OK(transaction.commit());
    const Lock lock(m_mutex);
    m_position = entries.back().sequence;
    if (closed.has_value()) {
      m_open.clear();
      m_filters.add(*closed);
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
  /// grows at its end. Returns its filter.
  Result<Bytes> close_segment(const std::vector<std::pair<KeyHash, Found>>& fresh) {
    std::map<KeyHash, Found> sorted;
    std::size_t segment = 0;
    std::size_t bits = 0;
    {
      const Lock lock(m_mutex);
      sorted.insert(m_open.begin(), m_open.end());
      segment = m_filters.segments();
      bits = m_filters.bits();
    }
    for (const auto& [hash, found] : fresh) sorted.insert_or_assign(hash, found);
    Bytes filter(bits / 8);
    for (const auto& [hash, found] : sorted) {
      each_bit(hash, bits, [&](std::size_t bit) {
        filter[bit / 8] |= std::byte{1} << static_cast<int>(bit % 8);
        return true;
      });
      m_insert_closed.bind(1, segment).bind_blob(2, hash).bind(3, found.sequence.get());
      m_insert_closed.bind_blob(4, found.fingerprint);
      SIEGEL_TRY_OK(m_insert_closed.run());
    }
    m_insert_segment.bind(1, segment).bind_blob(2, filter);
    SIEGEL_TRY_OK(m_insert_segment.run());
    SIEGEL_TRY_OK(m_writing.execute("DELETE FROM key_open"));
    return filter;
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
  Filters m_filters SIEGEL_GUARDED_BY(m_mutex);
};

}  // namespace

Result<std::unique_ptr<KeyIndex>> open_keys(const IndexOptions& options) {
  auto keys = std::make_unique<KeyTables>(options);
  SIEGEL_TRY_OK(keys->open());
  return std::unique_ptr<KeyIndex>(std::move(keys));
}

}  // namespace siegel::views
