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

// The socket of the journal: one append-only chain of entries that belongs to one entrepreneur and the
// registers that share devices. Everything else is derived from it. docs/formats/journal.md is the
// byte format.
//
//   hash = SHA-256(previous hash || header bytes || SHA-256(payload))
//
// Header bytes are the canonical JSON of the header fields below; payloads are canonical JSON, hashed
// as stored and never re-serialised.

namespace siegel::journal {

using Sequence = Strong<std::uint64_t, struct SequenceTag>;  ///< from 1, without gaps

/// The last entry; sequence 0 and a zero hash when there is none.
struct Head {
  Sequence sequence;
  Hash256 hash{};
  friend bool operator==(const Head&, const Head&) = default;
};

/// An idempotency key as the caller gave it and the fingerprint (SHA-256) of the request it came with.
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
  std::string payload;      ///< canonical JSON, at most 4 MiB
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

/// Reads while others append; one thread each, own connection. Never sees an entry that is not durable.
class Reader {
 public:
  virtual ~Reader() = default;
  [[nodiscard]] virtual Head head() = 0;
  /// Entries from `from` on, in order, at most `count_max` and about 4 MiB; empty at the end.
  /// Errors: E-JRN-1xx (corrupt) when the stored bytes cannot be decoded.
  [[nodiscard]] virtual Result<std::vector<Entry>> read(Sequence from, std::size_t count_max) = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;

  /// Appends all drafts as entries `first`, `first`+1, ... in one commit; durable when it returns.
  /// Everything is looked at before a row is written: E-JRN-201 (conflict) `first` is not head + 1,
  /// E-JRN-202 (invalid) a draft is malformed or too large: nothing is written.
  /// E-JRN-203 (unavailable): the commit failed; nothing in memory may be believed: call `recover`.
  /// One thread.
  [[nodiscard]] virtual Result<Head> append(Sequence first, std::span<const Draft> drafts) = 0;

  /// After E-JRN-203: closes, opens again and says what the head really is. Same thread as `append`.
  [[nodiscard]] virtual Result<Head> recover() = 0;

  /// The head as of the last append or recover. Same thread as `append`.
  [[nodiscard]] virtual Head head() const = 0;

  /// Any thread. The reader must not outlive the journal.
  [[nodiscard]] virtual Result<std::unique_ptr<Reader>> reader() = 0;
};

}  // namespace siegel::journal
