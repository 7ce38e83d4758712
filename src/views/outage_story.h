#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "journal/journal.h"
#include "model/entries.h"

namespace siegel::views {

/// One outage as its papers tell it.
struct OutageStory {
  OutageBegan began;
  std::optional<OutageEnded> ended;  ///< empty: it goes on
  // Where it was noticed; empty if by no receipt and no Vorgang.
  std::string register_id;
  std::string cashier;
  std::string first_receipt;  ///< number of the first receipt without signature; empty: none
  std::string last_receipt;
  std::vector<std::string> reasons;  ///< of notes up to now, oldest first
};

/// Reads backwards from `newest` (0: from the head) until the begin of that outage is found: as
/// many entries as have come since. E-OUT-101 (not_found): there is none.
[[nodiscard]] Result<OutageStory> find_outage(journal::Reader& reader, const std::string& device,
                                              std::uint64_t number, journal::Sequence newest = {});

}  // namespace siegel::views
