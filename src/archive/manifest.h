#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

// The list of what lies in the archive of one TSE: manifest.json, docs/formats/archive.md.

namespace siegel::archive {

struct CounterRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const CounterRange&, const CounterRange&) = default;
};

/// One TAR file: a valid export of its own, messages in order of their signature counters.
struct Piece {
  std::string file;  ///< name inside the folder, "000001.tar"
  Hash256 sha256{};
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  CounterRange counters;
  Instant time_first, time_last;  ///< least and greatest time in it
  /// Least and greatest number of a transaction with a message in it; 0: none.
  std::uint64_t transaction_first = 0, transaction_last = 0;
  Instant at;  ///< when it was fetched
  friend bool operator==(const Piece&, const Piece&) = default;
};

struct Manifest {
  static constexpr std::size_t pieces_max = 100'000;
  static constexpr std::size_t bytes_max = std::size_t{64} << 20;

  std::string serial;         ///< of the TSE, hex
  std::vector<Piece> pieces;  ///< by `counters`
  /// Counters below the last that the device did not hand out. A signature that failed uses its
  /// counter up [TR-03153-1 5.1], so that a gap alone proves nothing.
  std::vector<CounterRange> gaps;
  // Of the last message, to go on from there and to know the device again:
  Hash256 last_sha256{};
  Instant last_time;
  std::uint64_t transaction_last = 0;  ///< greatest number of all messages
  /// The device was asked for everything up to this counter; above the last message it had none.
  std::uint64_t asked_up_to = 0;

  /// Signature counter of the last message; 0: none.
  [[nodiscard]] std::uint64_t last_counter() const {
    return pieces.empty() ? 0 : pieces.back().counters.last;
  }
  [[nodiscard]] std::uint64_t messages() const;
  [[nodiscard]] std::uint64_t bytes() const;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

[[nodiscard]] std::string to_json(const Manifest& manifest);
/// Never believed: names are plain file names, ranges do not overlap. E-ARC-102 (corrupt).
[[nodiscard]] Result<Manifest> manifest_from_json(std::string_view json);

}  // namespace siegel::archive
