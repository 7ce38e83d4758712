#pragma once

#include <span>
#include <string_view>

#include "journal/journal.h"

namespace siegel::journal {

/// Something derived from the entries: search tables, notices, a print queue. It can be thrown away
/// and made again from the first entry. One thread at a time calls it.
class Follower {
 public:
  virtual ~Follower() = default;

  /// Stable, for status and logs: "keys", "receipts".
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// The last entry whose effect is in the follower's own store; 0: none yet.
  [[nodiscard]] virtual Sequence position() const = 0;

  /// Takes the entries after position(), in order, without gaps. All of them have their effect and
  /// position() moves with them, or none: after an error, or a crash, the same entries come again.
  [[nodiscard]] virtual Status handle(std::span<const Entry> entries) = 0;
};

}  // namespace siegel::journal
