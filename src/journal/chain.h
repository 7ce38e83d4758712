#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/journal.h"

// The bytes of the chain (docs/formats/journal.md): what every plug stores and every reader checks.

namespace siegel::journal {

/// What can be said against a draft before it is written: E-JRN-202, the field in `place`
/// ("/kind", "/key/text", ...). Costs one pass over the payload (it must be UTF-8 and not empty).
[[nodiscard]] Status check_draft(const Draft& draft);

/// E-JRN-201 if `first` is not the entry after `head`, E-JRN-202 if a draft is refused; `place`
/// then begins with its index ("/3/payload").
[[nodiscard]] Status check_append(const Head& head, Sequence first, std::span<const Draft> drafts);

/// Canonical JSON of the header fields. The draft passed check_draft().
[[nodiscard]] std::string encode_header(Sequence sequence, const Draft& draft);

[[nodiscard]] Hash256 hash_payload(std::string_view payload);
[[nodiscard]] Hash256 hash_entry(const Hash256& previous, std::string_view header,
                                 const Hash256& payload_hash);

/// The entry a draft becomes.
[[nodiscard]] Entry make_entry(const Head& previous, Draft draft);

/// The fields of stored header bytes: sequence, kind, version, at, register, actor, key. Only bytes
/// that encode_header() could have written are accepted: anything else is E-JRN-101 (corrupt).
struct Header {
  Sequence sequence;
  std::string kind;
  std::uint16_t version = 1;
  Instant at;
  std::string register_id;
  std::string actor;
  std::optional<Key> key;
};
[[nodiscard]] Result<Header> decode_header(std::string_view bytes);

/// One row as a store holds it.
struct StoredEntry {
  Sequence sequence;
  std::string_view header;
  std::optional<std::string_view> payload;      ///< empty: removed
  std::optional<Hash256> removed_payload_hash;  ///< of a removed payload
  Hash256 hash{};
};
/// Decodes a row that must follow `previous` and checks its hash. E-JRN-101, -102, -103 (corrupt);
/// `place` is "entry <sequence>".
[[nodiscard]] Result<Entry> open_entry(const Head& previous, const StoredEntry& stored);

}  // namespace siegel::journal
