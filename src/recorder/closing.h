#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/closing_begun.h"
#include "recorder/state.h"

// What a closing decides, as functions of the state. The steps are Recorder's (closing.cpp).

namespace siegel::recorder {

/// Everything that keeps the day of a register from being closed, each with a code of its own:
/// E-CLO-101 open table, -102 parked receipt, -103 receipt not collected, -104 open Vorgang, -105
/// receipt not finished. Places name the object. Empty: it can be closed.
[[nodiscard]] std::vector<Error> closing_obstacles(const State& state, const RegisterState& reg);

/// What one unit of `base` is worth in `currency` on `day`: the latest entry of the table
/// (BIO-010). Empty: there is none.
[[nodiscard]] std::optional<UnitPrice> rate_on(const Business& business, const Currency& base,
                                               const Currency& currency, Date day);
/// `amount` of a currency in the base currency, rounded half away from zero.
[[nodiscard]] Money in_base(Money amount, UnitPrice rate);

/// The sums of the day so far as a closing would state them (X report). Nothing is changed.
[[nodiscard]] Closing totals_now(const RegisterState& reg, const LocalStamp& now);

}  // namespace siegel::recorder
