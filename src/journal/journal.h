#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"

// The socket of the journal: one append-only chain of entries that belongs to one entrepreneur and
// the registers that share devices. Everything else is derived from it. docs/formats/journal.md is
// the byte format.
//
//   hash = SHA-256(previous hash || header bytes || SHA-256(payload))
//
// Header bytes are the canonical JSON of the header fields below (chain.h); payloads are canonical
// JSON, hashed as stored and never re-serialised.

namespace siegel::journal {

inline constexpr std::size_t kind_bytes_max = 32;
inline constexpr std::size_t name_bytes_max = 200;  ///< register, actor, key
inline constexpr std::size_t payload_bytes_max = std::size_t{4} << 20;
inline constexpr std::size_t chunk_bytes_max = std::size_t{4} << 20;

using Sequence = Strong<std::uint64_t, struct SequenceTag>;  ///< from 1, without gaps

/// The last entry; sequence 0 and a zero hash when there is none.
struct Head {
  Sequence sequence;
  Hash256 hash{};
  friend bool operator==(const Head&, const Head&) = default;
};

/// An idempotency key as the caller gave it and the fingerprint (SHA-256) of the request it came
/// with.
struct Key {
  std::string text;  ///< 1..200 bytes
  Hash256 fingerprint{};
  friend bool operator==(const Key&, const Key&) = default;
};

/// What is known of an entry before it is written.
struct Draft {
  std::string kind;  ///< "plan", "seal", ...: 1..32 of a-z and _
  std::uint16_t version = 1;
  Instant at;
  std::string register_id;  ///< empty: the whole journal
  std::string actor;        ///< who did it
  std::optional<Key> key;
  std::string payload;  ///< canonical JSON, at most 4 MiB
};

struct Entry {
  Sequence sequence;
  Hash256 hash{};
  std::string kind;
  std::uint16_t version = 1;
  Instant at;
  std::string register_id;
  std::string actor;
  std::optional<Key> key;
  std::string header;   ///< bytes as stored and hashed
  std::string payload;  ///< empty with `payload_removed`: removed after the retention time
  Hash256 payload_hash{};
  bool payload_removed = false;
};

/// Reads while others append; one thread each, own connection. Never sees an entry that is not
/// durable.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The last durable entry now. Errors as of read().
  [[nodiscard]] virtual Result<Head> head() = 0;
  /// Entries from `from` (at least 1) on, in order, at most `count_max` (at least 1) and about
  /// `chunk_bytes_max` of payload, but always one if there is one; empty at the end. Each entry's
  /// hash is computed anew and compared, with the hash of the entry before `from` as it is stored.
  /// Errors: E-JRN-101 (corrupt) a header cannot be decoded, E-JRN-102 (corrupt) a hash does not
  /// fit, E-JRN-103 (corrupt) an entry is missing between two others, E-JRN-104 (unavailable) the
  /// store cannot be read now.
  [[nodiscard]] virtual Result<std::vector<Entry>> read(Sequence from, std::size_t count_max) = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;

  /// Appends all drafts as entries `first`, `first`+1, ... in one commit; durable when it returns.
  /// Everything is looked at before a row is written: E-JRN-201 (conflict) `first` is not head + 1,
  /// E-JRN-202 (invalid) a draft is malformed or too large: nothing is written.
  /// E-JRN-203 (unavailable): the commit failed; the entries may be there or not, all of them or
  /// none; nothing in memory may be believed. Every append answers so until `recover` succeeds.
  /// No drafts: nothing happens, the head is returned. One thread.
  [[nodiscard]] virtual Result<Head> append(Sequence first, std::span<const Draft> drafts) = 0;

  /// After E-JRN-203: closes, opens again, makes durable what is found and says what the head
  /// really is. E-JRN-203 (unavailable): the store still does not work; try again later.
  /// E-JRN-1xx (corrupt): stop. Same thread as `append`.
  [[nodiscard]] virtual Result<Head> recover() = 0;

  /// The head as of the last append or recover. Same thread as `append`.
  [[nodiscard]] virtual Head head() const = 0;

  /// Any thread. The reader must not outlive the journal.
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> reader() = 0;
};

}  // namespace siegel::journal
