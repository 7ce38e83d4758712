#include "verify/journal/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/file.h"
#include "crypto/hash.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "verify/journal/cross_check.h"
#include "verify/journal/store.h"
#include "verify/journal/story.h"

namespace siegel::verify::journal {

namespace {

constexpr std::size_t payload_max = std::size_t{4} << 20;
constexpr std::int64_t time_max = 253402300800000;  // the year 10000

/// What the witness says; docs/formats/witness.md.
struct WitnessContent {
  std::string journal;  ///< hash of entry 1, hex
  std::string hash;
  std::uint64_t sequence = 0;
  std::vector<std::pair<std::string, std::uint64_t>> counters;
  std::string mark;  ///< of the copy that moved it last; empty: none
  std::string folder;
  std::string host;
};

Result<WitnessContent> read_witness(const std::filesystem::path& path) {
  constexpr std::uint64_t size_max = 1U << 16U;
  SIEGEL_TRY(const Bytes bytes, read_file(path, size_max));
  SIEGEL_TRY(const json::Value value, json::parse(text_of(bytes)));
  SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
  constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();
  constexpr std::size_t hash_digits = 64;
  WitnessContent out;
  SIEGEL_TRY(out.journal, fields.required_string("journal", hash_digits));
  SIEGEL_TRY(out.hash, fields.required_string("hash", hash_digits));
  SIEGEL_TRY(const std::int64_t sequence, fields.required_int("sequence", 1, number_max));
  SIEGEL_TRY_OK(fields.required_int("version", 1, 1));
  out.sequence = static_cast<std::uint64_t>(sequence);
  if (const json::Value* counters = fields.any("counters");
      counters != nullptr && counters->object() != nullptr) {
    for (const json::Member& member : *counters->object()) {
      if (const std::int64_t* count = member.value.integer(); count != nullptr && *count >= 0) {
        out.counters.emplace_back(member.key, static_cast<std::uint64_t>(*count));
      }
    }
  }
  SIEGEL_TRY(auto owner, fields.optional_object("owner"));
  if (owner) {
    constexpr std::size_t text_max = 4096;
    SIEGEL_TRY(auto folder, owner->optional_string("folder", text_max));
    SIEGEL_TRY(auto host, owner->optional_string("host", text_max));
    SIEGEL_TRY(out.mark, owner->required_string("mark", hash_digits));
    SIEGEL_TRY_OK(owner->required_string("since", hash_digits));
    SIEGEL_TRY_OK(owner->finish());
    out.folder = std::move(folder).value_or("");
    out.host = std::move(host).value_or("");
  }
  SIEGEL_TRY_OK(fields.finish());
  return out;
}

/// The marks of the copy this journal lies in (instance.json beside it); nothing: not a data
/// folder.
std::vector<std::string> own_marks(const std::filesystem::path& journal) {
  constexpr std::uint64_t size_max = 1U << 16U;
  std::vector<std::string> marks;
  const auto bytes = read_file(journal.parent_path() / "instance.json", size_max);
  if (!bytes) return marks;
  const auto value = json::parse(text_of(*bytes));
  const json::Object* object = value ? value->object() : nullptr;
  for (const std::string_view key : {"mark", "previous"}) {
    const json::Value* found = object == nullptr ? nullptr : object->find(key);
    if (found != nullptr && found->string() != nullptr) marks.push_back(*found->string());
  }
  return marks;
}

class Run {
 public:
  Run(Store store, const Options& options, std::vector<std::string> marks)
      : m_store(std::move(store)),
        m_options(options),
        m_marks(std::move(marks)),
        m_story(m_report) {}

  Result<Report> run() {
    if (m_options.witness) load_witness(*m_options.witness);
    SIEGEL_TRY(m_total, m_store.count());
    const Status visited = m_store.visit([this](const Row& row) { take(row); });
    if (!visited.ok()) {
      if (visited.error().kind != ErrorKind::corrupt) return visited.error();
      m_report.add("JRN-0109", fmt::format("after entry {}", m_last), visited.error().detail,
                   "a whole file");
    }
    if (m_done == 0) m_report.add("JRN-0108", "", "no entry", "at least one");
    m_story.finish();
    check_witness_end();
    check_heads_end();
    if (!m_options.logs.empty()) {
      const std::vector<UnsignedReceipt> open = m_story.unsigned_receipts();
      SIEGEL_TRY_OK(cross_check({.receipts = m_story.signed_receipts(),
                                 .unsigned_receipts = open,
                                 .clients = m_story.registers(),
                                 .tses = m_story.tses()},
                                m_options.logs, m_report));
    }
    if (m_options.progress) m_options.progress(m_total, m_total);
    return std::move(m_report);
  }

 private:
  void find(std::string_view rule, std::string_view found, std::string_view expected) {
    m_report.add(rule, fmt::format("entry {}", m_last), found, expected, m_last);
  }

  void take(const Row& row) {
    constexpr std::uint64_t every = 1000;
    ++m_done;
    const std::uint64_t expected = m_last + 1;
    m_last = static_cast<std::uint64_t>(std::max<std::int64_t>(row.sequence, 0));
    if (row.sequence != static_cast<std::int64_t>(expected)) {
      find("JRN-0102", fmt::format("entry {}", row.sequence), fmt::format("entry {}", expected));
    }
    check_hash(row);
    if (m_witness) check_witness(row);
    check_heads(row);
    EntryHeader header;
    if (!read_header(row, header)) return;
    if (header.at_ms < m_last_ms) {
      find("JRN-0106", Instant::from_unix_ms(header.at_ms).text(),
           "not before " + Instant::from_unix_ms(m_last_ms).text());
    }
    m_last_ms = header.at_ms;
    if (!row.payload) {
      m_story.take_removed(header);
    } else if (row.payload->size() > payload_max) {
      find("JRN-0104", fmt::format("{} bytes", row.payload->size()), "at most 4 MiB");
    } else {
      m_story.take(header, text_of(*row.payload));
    }
    if (m_options.progress && m_done % every == 0) {
      m_options.progress(m_done, std::max(m_total, m_done));
    }
  }

  void check_hash(const Row& row) {
    Hash256 payload_hash{};
    if (row.payload) {
      payload_hash = crypto::sha256(*row.payload);
    } else if (row.removed_payload_hash &&
               row.removed_payload_hash->size() == payload_hash.size()) {
      std::ranges::copy(*row.removed_payload_hash, payload_hash.begin());
    } else {
      find("JRN-0101", "neither a payload nor the hash of a removed one", "one of them");
    }
    const Hash256 hash = crypto::sha256({BytesView(m_hash), row.header, BytesView(payload_hash)});
    if (!std::ranges::equal(hash, row.hash)) find("JRN-0101", hex(row.hash), hex(hash));
    // The chain goes on from what is stored: one change is one finding, not one for each entry
    // behind it. If the stored hash was made to fit, the next entry does not.
    m_hash = {};
    std::copy_n(row.hash.begin(), std::min(row.hash.size(), m_hash.size()), m_hash.begin());
  }

  /// Canonical JSON with exactly the members of version 1.
  bool read_header(const Row& row, EntryHeader& out) {
    const auto bad = [&](std::string_view why) {
      find("JRN-0103", why, "canonical JSON of the header fields");
      return false;
    };
    auto parsed = json::parse(text_of(row.header));
    if (!parsed.ok()) return bad(parsed.error().detail);
    if (json::canonical(*parsed) != text_of(row.header)) return bad(text_of(row.header));
    json::Object* object = parsed->object();
    if (object == nullptr) return bad("not an object");
    const auto text = [&](std::string_view key) -> const std::string* {
      const json::Value* value = object->find(key);
      return value == nullptr ? nullptr : value->string();
    };
    const auto number = [&](std::string_view key) -> const std::int64_t* {
      const json::Value* value = object->find(key);
      return value == nullptr ? nullptr : value->integer();
    };
    const std::string* kind = text("kind");
    const std::string* register_id = text("register");
    const std::int64_t* at = number("at");
    const std::int64_t* sequence = number("sequence");
    const std::int64_t* version = number("version");
    if (kind == nullptr || register_id == nullptr || at == nullptr || sequence == nullptr ||
        version == nullptr || text("actor") == nullptr) {
      return bad("a field is missing");
    }
    const std::string* key = text("key");
    const std::string* fingerprint = text("fingerprint");
    constexpr std::size_t fields_without_key = 6;
    if ((key == nullptr) != (fingerprint == nullptr) ||
        object->size() != fields_without_key + (key == nullptr ? 0U : 2U)) {
      return bad("a field too many");
    }
    constexpr std::size_t hash_digits = 64;
    if (fingerprint != nullptr &&
        (fingerprint->size() != hash_digits || !from_hex(*fingerprint).ok())) {
      return bad("the fingerprint of the key is no SHA-256");
    }
    if (*sequence != row.sequence) return bad(fmt::format("it says entry {}", *sequence));
    if (*at < 0 || *at >= time_max) return bad(fmt::format("time {}", *at));
    out = {.sequence = m_last,
           .at_ms = *at,
           .version = *version,
           .kind = *kind,
           .register_id = *register_id,
           .key = key == nullptr ? std::string() : *key};
    return true;
  }

  void load_witness(const std::filesystem::path& path) {
    auto witness = read_witness(path);
    if (witness.ok()) {
      m_witness = std::move(*witness);
      return;
    }
    m_report.add("JRN-0604", path.string(),
                 fmt::format("{} {}", witness.error().code, witness.error().detail),
                 "a witness of version 1", 0);
  }

  void check_witness(const Row& row) {
    if (row.sequence == 1 && hex(row.hash) != m_witness->journal) {
      find("JRN-0603", hex(row.hash), m_witness->journal);
    }
    if (static_cast<std::uint64_t>(row.sequence) == m_witness->sequence &&
        hex(row.hash) != m_witness->hash) {
      find("JRN-0602", hex(row.hash), m_witness->hash);
    }
  }

  void check_heads(const Row& row) {
    for (const HeadSeen& head : m_options.heads)
      if (row.sequence == static_cast<std::int64_t>(head.sequence) &&
          !hex(row.hash).starts_with(head.hash))
        find("JRN-0607", hex(row.hash), head.hash);
  }

  void check_heads_end() {
    for (const HeadSeen& head : m_options.heads)
      if (m_last < head.sequence)
        m_report.add("JRN-0606", fmt::format("entry {}", head.sequence),
                     fmt::format("the journal ends at entry {}", m_last),
                     fmt::format("entry {} {}", head.sequence, head.hash));
  }

  void check_witness_end() {
    if (m_options.witness_missing)
      m_report.add("JRN-0608", m_options.witness_missing->string(), "no file", "the witness");
    if (!m_witness) return;
    if (!m_witness->mark.empty() && !m_marks.empty() &&
        std::ranges::find(m_marks, m_witness->mark) == m_marks.end())
      m_report.add("JRN-0609", m_options.witness->string(),
                   fmt::format("moved by {} on {}", m_witness->folder, m_witness->host),
                   "moved by this data folder");
    if (m_last < m_witness->sequence) {
      find("JRN-0601", fmt::format("the journal ends at entry {}", m_last),
           fmt::format("at least entry {}", m_witness->sequence));
    }
    constexpr std::string_view outage = "outage:";
    for (const auto& [name, count] : m_witness->counters) {
      if (!name.starts_with(outage)) continue;
      const std::uint64_t here = m_story.last_outage(name.substr(outage.size()));
      if (here < count) {
        m_report.add("JRN-0605", name, fmt::format("{}", here), fmt::format("at least {}", count));
      }
    }
  }

  Store m_store;
  const Options& m_options;
  std::vector<std::string> m_marks;
  Report m_report;
  Story m_story;
  std::optional<WitnessContent> m_witness;
  Hash256 m_hash{};
  std::uint64_t m_last = 0;
  std::int64_t m_last_ms = 0;
  std::uint64_t m_done = 0;
  std::uint64_t m_total = 0;
};

}  // namespace

Result<HeadSeen> head_from_text(std::string_view text) {
  const std::string_view whole = text;
  if (text.starts_with("J ")) text.remove_prefix(2);
  HeadSeen head;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, head.sequence);
  constexpr std::size_t digits_min = 8;
  constexpr std::size_t digits_max = 64;
  if (failed == std::errc() && rest != end && (*rest == ':' || *rest == ' '))
    head.hash.assign(rest + 1, end);
  const bool is_hex = std::ranges::all_of(
      head.hash, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (head.sequence == 0 || !is_hex || head.hash.size() < digits_min ||
      head.hash.size() > digits_max)
    return invalid(
        "E-VER-021",
        fmt::format("\"{}\" is no head of a journal like 4711:7d1f2a90b3c4d5e6", excerpt(whole)),
        "--head");
  return head;
}

Result<Report> verify_journal(const std::filesystem::path& file, const Options& options) {
  SIEGEL_TRY(Store store, Store::open(file));
  return Run(std::move(store), options, own_marks(file)).run();
}

}  // namespace siegel::verify::journal
