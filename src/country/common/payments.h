#pragma once

#include <vector>

#include "model/draft.h"
#include "model/plan.h"

// The part of decide() about money that changes hands, the same in every country. Errors, kind
// invalid, place = JSON pointer into the request: E-SAL-505 payments do not cover the total, -506
// change, -507 change without cash, -508 value of a foreign payment, -519 text, -524 too large,
// -526 payment "none" with an amount.

namespace siegel::country {

struct Paid {
  std::vector<PlanPayment> payments;
  Money change;  ///< >= 0
};

/// The payments of a draft: they cover `total` exactly, with the change.
[[nodiscard]] Result<Paid> decide_payments(const ReceiptDraft& draft, Money total);

/// The payments that give back what an earlier receipt took: signs turned, its change set off
/// against the cash it was given from.
[[nodiscard]] Paid turned_payments(const Plan& original);

}  // namespace siegel::country
