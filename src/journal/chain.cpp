#include "journal/chain.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "crypto/hash.h"
#include "format/json_writer.h"

namespace siegel::journal {
namespace {

constexpr std::int64_t year_10000_ms = 253'402'300'800'000;

Error refused(std::string_view field, std::string detail) {
  return invalid("E-JRN-202", std::move(detail), std::string(field));
}

bool kind_is_valid(std::string_view kind) {
  return !kind.empty() && kind.size() <= kind_bytes_max &&
         std::ranges::all_of(kind, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

Status check_name(std::string_view field, std::string_view text, std::size_t bytes_min) {
  if (text.size() < bytes_min || text.size() > name_bytes_max)
    return refused(field, fmt::format("{} has {} bytes, allowed are {} to {}", field.substr(1),
                                      text.size(), bytes_min, name_bytes_max));
  if (!valid_utf8(text))
    return refused(field, fmt::format("{} is not valid UTF-8", field.substr(1)));
  return Ok{};
}

std::string encode(Sequence sequence, std::string_view kind, std::uint16_t version, Instant at,
                   std::string_view register_id, std::string_view actor,
                   const std::optional<Key>& key) {
  std::string out;
  out.reserve(320);
  out += "{\"actor\":";
  json::append_string(out, actor);
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"at\":{}"), at.unix_ms());
  if (key.has_value()) {
    out += ",\"fingerprint\":\"";
    out += hex(key->fingerprint);
    out += "\",\"key\":";
    json::append_string(out, key->text);
  }
  out += ",\"kind\":\"";
  out += kind;
  out += "\",\"register\":";
  json::append_string(out, register_id);
  fmt::format_to(std::back_inserter(out), FMT_COMPILE(",\"sequence\":{},\"version\":{}}}"),
                 sequence.get(), version);
  return out;
}

/// Reads the one form that encode() writes. Whatever it lets through besides is caught by the
/// comparison with the bytes encode() makes of the result.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view rest) : m_rest(rest) {}

  bool skip(std::string_view text) {
    if (!m_rest.starts_with(text)) return false;
    m_rest.remove_prefix(text.size());
    return true;
  }

  template <class Integer>
  bool number(Integer& out) {
    const auto [end, error] = std::from_chars(m_rest.data(), m_rest.data() + m_rest.size(), out);
    if (error != std::errc()) return false;
    m_rest.remove_prefix(static_cast<std::size_t>(end - m_rest.data()));
    return true;
  }

  bool string(std::string& out) {
    if (!skip("\"")) return false;
    while (!m_rest.empty()) {
      const char c = m_rest.front();
      m_rest.remove_prefix(1);
      if (c == '"') return true;
      if (c != '\\')
        out += c;
      else if (!escape(out))
        return false;
    }
    return false;
  }

  [[nodiscard]] bool finished() const { return m_rest.empty(); }

 private:
  bool escape(std::string& out) {
    static constexpr std::string_view letters = "\"\\bfnrt";
    static constexpr std::string_view meanings = "\"\\\b\f\n\r\t";
    if (m_rest.empty()) return false;
    const char c = m_rest.front();
    m_rest.remove_prefix(1);
    if (const auto at = letters.find(c); at != std::string_view::npos) {
      out += meanings[at];
      return true;
    }
    if (c != 'u' || m_rest.size() < 4) return false;
    unsigned code = 0;
    const char* const end = m_rest.data() + 4;
    const auto [stop, error] = std::from_chars(m_rest.data(), end, code, 16);
    if (error != std::errc() || stop != end || code >= 0x20) return false;
    m_rest.remove_prefix(4);
    out += static_cast<char>(code);
    return true;
  }

  std::string_view m_rest;
};

std::optional<Header> parse_header(std::string_view bytes) {
  HeaderReader reader(bytes);
  Header header;
  std::int64_t at = 0;
  std::uint64_t sequence = 0;
  if (!reader.skip("{\"actor\":") || !reader.string(header.actor) || !reader.skip(",\"at\":") ||
      !reader.number(at))
    return {};
  if (reader.skip(",\"fingerprint\":")) {
    std::string fingerprint;
    Key key;
    if (!reader.string(fingerprint) || !reader.skip(",\"key\":") || !reader.string(key.text))
      return {};
    const auto raw = from_hex(fingerprint);
    if (!raw.ok() || raw->size() != key.fingerprint.size()) return {};
    std::ranges::copy(*raw, key.fingerprint.begin());
    header.key = std::move(key);
  }
  if (!reader.skip(",\"kind\":") || !reader.string(header.kind) || !reader.skip(",\"register\":") ||
      !reader.string(header.register_id) || !reader.skip(",\"sequence\":") ||
      !reader.number(sequence) || !reader.skip(",\"version\":") || !reader.number(header.version) ||
      !reader.skip("}") || !reader.finished())
    return {};
  header.at = Instant::from_unix_ms(at);
  header.sequence = Sequence(sequence);
  return header;
}

Status check_fields(std::string_view kind, std::uint16_t version, Instant at,
                    std::string_view register_id, std::string_view actor,
                    const std::optional<Key>& key) {
  if (!kind_is_valid(kind))
    return refused("/kind", fmt::format("the kind must be 1 to {} of a-z and _", kind_bytes_max));
  if (version == 0) return refused("/version", "versions count from 1");
  if (at.unix_ms() < 0 || at.unix_ms() >= year_10000_ms)
    return refused("/at", fmt::format("{} ms is not between 1970 and 9999", at.unix_ms()));
  SIEGEL_TRY_OK(check_name("/register_id", register_id, 0));
  SIEGEL_TRY_OK(check_name("/actor", actor, 0));
  if (key.has_value()) SIEGEL_TRY_OK(check_name("/key/text", key->text, 1));
  return Ok{};
}

std::string entry_place(Sequence sequence) { return fmt::format("entry {}", sequence.get()); }

}  // namespace

Status check_draft(const Draft& draft) {
  SIEGEL_TRY_OK(
      check_fields(draft.kind, draft.version, draft.at, draft.register_id, draft.actor, draft.key));
  if (draft.payload.empty() || draft.payload.size() > payload_bytes_max)
    return refused("/payload", fmt::format("the payload has {} bytes, allowed are 1 to {}",
                                           draft.payload.size(), payload_bytes_max));
  if (!valid_utf8(draft.payload)) return refused("/payload", "the payload is not valid UTF-8");
  return Ok{};
}

Status check_append(const Head& head, Sequence first, std::span<const Draft> drafts) {
  if (first.get() != head.sequence.get() + 1)
    return conflict("E-JRN-201",
                    fmt::format("entry {} was to be appended, but the last entry is {}",
                                first.get(), head.sequence.get()));
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (auto checked = check_draft(drafts[i]); !checked.ok()) {
      Error error = std::move(checked).error();
      error.place = fmt::format("/{}{}", i, error.place);
      return error;
    }
  }
  return Ok{};
}

std::string encode_header(Sequence sequence, const Draft& draft) {
  return encode(sequence, draft.kind, draft.version, draft.at, draft.register_id, draft.actor,
                draft.key);
}

Hash256 hash_payload(std::string_view payload) { return crypto::sha256(bytes_of(payload)); }

Hash256 hash_entry(const Hash256& previous, std::string_view header, const Hash256& payload_hash) {
  return crypto::sha256({BytesView(previous), bytes_of(header), BytesView(payload_hash)});
}

Entry make_entry(const Head& previous, Draft draft) {
  Entry entry;
  entry.sequence = Sequence(previous.sequence.get() + 1);
  entry.header = encode_header(entry.sequence, draft);
  entry.payload_hash = hash_payload(draft.payload);
  entry.hash = hash_entry(previous.hash, entry.header, entry.payload_hash);
  entry.kind = std::move(draft.kind);
  entry.version = draft.version;
  entry.at = draft.at;
  entry.register_id = std::move(draft.register_id);
  entry.actor = std::move(draft.actor);
  entry.key = std::move(draft.key);
  entry.payload = std::move(draft.payload);
  return entry;
}

Result<Header> decode_header(std::string_view bytes) {
  const auto broken = [](std::string_view why) {
    return corrupt("E-JRN-101", fmt::format("the header of an entry cannot be read: {}", why));
  };
  // Every name takes at most six bytes a byte when it is escaped.
  if (bytes.size() > 6 * 3 * name_bytes_max + 400) return broken("it is too long");
  auto header = parse_header(bytes);
  if (!header.has_value()) return broken("it has not the form of version 1");
  const auto checked = check_fields(header->kind, header->version, header->at, header->register_id,
                                    header->actor, header->key);
  if (!checked.ok()) return broken(checked.error().detail);
  if (encode(header->sequence, header->kind, header->version, header->at, header->register_id,
             header->actor, header->key) != bytes)
    return broken("it is not in canonical form");
  return std::move(*header);
}

Result<Entry> open_entry(const Head& previous, const StoredEntry& stored) {
  const Sequence expected(previous.sequence.get() + 1);
  if (stored.sequence != expected)
    return corrupt("E-JRN-103",
                   fmt::format("after entry {} comes entry {}", previous.sequence.get(),
                               stored.sequence.get()),
                   entry_place(expected));
  auto decoded = decode_header(stored.header);
  if (!decoded.ok()) {
    Error error = std::move(decoded).error();
    error.place = entry_place(expected);
    return error;
  }
  Header header = std::move(decoded).value();
  if (header.sequence != expected)
    return corrupt(
        "E-JRN-103",
        fmt::format("entry {} says that it is entry {}", expected.get(), header.sequence.get()),
        entry_place(expected));
  Entry entry;
  if (stored.payload.has_value()) {
    entry.payload = *stored.payload;
    entry.payload_hash = hash_payload(entry.payload);
  } else if (stored.removed_payload_hash.has_value()) {
    entry.payload_removed = true;
    entry.payload_hash = *stored.removed_payload_hash;
  } else {
    return corrupt("E-JRN-102", "the entry has neither a payload nor the hash of a removed one",
                   entry_place(expected));
  }
  entry.hash = hash_entry(previous.hash, stored.header, entry.payload_hash);
  if (entry.hash != stored.hash)
    return corrupt("E-JRN-102",
                   fmt::format("the hash of the entry is {}, stored is {}: header, payload or an "
                               "earlier entry was changed",
                               hex(entry.hash), hex(stored.hash)),
                   entry_place(expected));
  entry.sequence = header.sequence;
  entry.kind = std::move(header.kind);
  entry.version = header.version;
  entry.at = header.at;
  entry.register_id = std::move(header.register_id);
  entry.actor = std::move(header.actor);
  entry.key = std::move(header.key);
  entry.header = stored.header;
  return entry;
}

}  // namespace siegel::journal
