#pragma once

#include <vector>

#include "country/de/process_data.h"
#include "model/draft.h"
#include "model/plan.h"

// The part of decide() about money that changes hands. Errors: de.h.

namespace siegel::country::de {

struct Paid {
  std::vector<PlanPayment> payments;
  Money change;  ///< >= 0
};

/// The payments of a draft: they cover `total` exactly, with the change.
[[nodiscard]] Result<Paid> decide_payments(const ReceiptDraft& draft, Money total);

/// The payments that give back what an earlier receipt took: signs turned, its change set off
/// against the cash it was given from.
[[nodiscard]] Paid turned_payments(const Plan& original);

/// As process data counts them: without "Keine", the change taken off EUR cash.
[[nodiscard]] std::vector<PaymentSum> payment_sums(const std::vector<PlanPayment>& payments,
                                                   Money change);

}  // namespace siegel::country::de
