#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/draft.h"

// Months, years and wall times as texts.

namespace siegel::country::at {

/// `2026-07-01T09:07:00`: the civil time of the stamp.
[[nodiscard]] std::string wall_text(const LocalStamp& stamp);

/// Seconds from one wall time to another as a calendar without changes of the clock counts them.
/// Error E-TIM-001.
[[nodiscard]] Result<std::int64_t> seconds_between(std::string_view from, std::string_view to);

/// What Plan::name holds: of month and year the period ("2026-11", "2026"), named by the draft or
/// the one of `today`; of other kinds the draft's name. Error E-RKS-113.
[[nodiscard]] Result<std::string> period_of(const ReceiptDraft& draft, Date today);

}  // namespace siegel::country::at
