#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/party.h"
#include "recorder/messages.h"
#include "recorder/state.h"

// Tables as functions of values: what is open, what is taken from it. The steps are Recorder's
// (table_steps.cpp).

namespace siegel::recorder {

/// The open party a name means: its Abrechnungskreis, or the table it sits at if it sits there
/// alone; each register has tables of its own. E-TBL-101 (not_found), -102 (conflict): several
/// parties sit there.
[[nodiscard]] Result<const Party*> find_party(const State& state, std::string_view name,
                                              const RegisterId& at);

/// What is taken off a party: lines for a bill, and the items for another party.
struct Taken {
  std::vector<LineDraft> lines;
  std::vector<OpenItem> items;
  Money total;
};
/// Takes what `selection` says; `party` keeps the rest. Nothing can be taken twice: what is taken
/// is not there any more. Errors: E-TBL-103 no such item, -104 more than is open, -105 nothing
/// selected, -106 a share of fewer than one.
[[nodiscard]] Result<Taken> take(Party& party, const Selection& selection);

/// Part of an item as a line of its own: `quantity` of what is open, `total` of its money.
[[nodiscard]] LineDraft part_of(const OpenItem& item, Quantity quantity, Money total);

}  // namespace siegel::recorder
