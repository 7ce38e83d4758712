#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "journal/follower.h"

namespace siegel::views {

/// Idempotency keys: register and key text to the last entry that holds them. What a look-up costs
/// does not grow with history: recent keys are in memory; older ones in closed segments, each with
/// a filter in memory that answers for almost every key it does not hold.
class KeyIndex : public journal::Follower {
 public:
  struct Found {
    journal::Sequence sequence;
    Hash256 fingerprint{};
    friend bool operator==(const Found&, const Found&) = default;
  };
  struct Lookup {
    journal::Sequence position;  ///< the index was complete up to here
    std::optional<Found> found;
  };
  /// Any thread. E-JRN-401 (unavailable).
  [[nodiscard]] virtual Result<Lookup> find(std::string_view register_id, std::string_view key) = 0;
};

}  // namespace siegel::views
