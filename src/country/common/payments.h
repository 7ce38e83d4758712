#pragma once

#include <string>
#include <vector>

#include "country/country.h"
#include "model/draft.h"
#include "model/plan.h"

// The part of decide() about money that changes hands, the same in every country. Errors, kind
// invalid, place = JSON pointer into the request: E-SAL-505 payments do not cover the total, -506
// change, -507 change without cash, -508 value of a foreign payment, -519 text, -524 too large,
// -526 payment "none" with an amount; kind conflict: -535 the lead currency has no rate to itself.

namespace siegel::country {

struct Paid {
  std::vector<PlanPayment> payments;
  Money change;  ///< >= 0, in the register's base currency
  /// The rates that were used, so that each value can be traced [DSFinV-K 7.10]: "Kurs 1 EUR =
  /// 1.0964 CHF ab 2026-01-01". Empty: none.
  std::string rates;
};

/// The payments of a draft: they cover `total` exactly, with the change. A payment in another than
/// the register's base currency is worth amount / rate, rounded half away from zero, with the
/// newest rate from the base to its currency that is in force on the day; a value the till states
/// must be that. Without such a rate the till states the value. While there are rates from the base
/// currency, one of 1 to itself must be among them (BIO-009, BIO-011).
[[nodiscard]] Result<Paid> decide_payments(const ReceiptDraft& draft, Money total,
                                           const Facts& facts);

/// The payments that give back what an earlier receipt took: signs turned, its change set off
/// against the cash it was given from. `base`: of the register.
[[nodiscard]] Paid turned_payments(const Plan& original, Currency base);

}  // namespace siegel::country
