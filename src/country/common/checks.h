#pragma once

#include "country/common/lines.h"
#include "country/country.h"
#include "model/draft.h"
#include "model/plan.h"

// What every country asks of a request before it decides, and the amounts of a receipt. Places are
// JSON pointers into the request.

namespace siegel::country {

enum class Need { none, may, must };
/// Whether a kind of receipt has lines and payments.
struct Contents {
  Need lines = Need::must;
  Need payments = Need::none;  ///< must: they cover the total
};

/// Lengths and characters of the texts of the draft. Error E-SAL-519.
[[nodiscard]] Status check_texts(const ReceiptDraft& draft);
/// Numbers of lines and payments against what the kind may hold. Errors E-SAL-510 payments not
/// allowed, -511 lines missing, -512 lines not allowed, -520 too many.
[[nodiscard]] Status check_counts(const ReceiptDraft& draft, const Contents& contents);
/// Fields that mean nothing for this kind: better refused than silently dropped. E-SAL-518.
[[nodiscard]] Status check_unused(const ReceiptDraft& draft);
/// A text that this kind cannot do without: E-SAL-517.
[[nodiscard]] Status check_needed(const ReceiptDraft& draft);
/// The receipt that a reversal names: E-SAL-513 no such receipt (not_found), -514 reversed already,
/// -515 not a sale, -516 of another register (conflict).
[[nodiscard]] Status check_original(const ReceiptDraft& draft, const Facts& facts);
/// The first order must not lie after now: E-SAL-527.
[[nodiscard]] Status check_first_order(const ReceiptDraft& draft, const Facts& facts);

/// What every plan takes over as it is: register, numbers, texts, times. `bon_typ`, process type
/// and device stay empty.
[[nodiscard]] Plan plan_of(const ReceiptDraft& draft, const Facts& facts);

/// Lines, VAT, total and payments of `plan`. Errors: lines.h, payments.h, E-SAL-504 total, -523
/// cash movement paid without cash.
[[nodiscard]] Status decide_amounts(const ReceiptDraft& draft, const Facts& facts,
                                    const LineLaw& law, const Contents& contents, Plan& plan);

}  // namespace siegel::country
