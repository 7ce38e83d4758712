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

/// False for what is recorded with its lines, but owes and signs nothing: given up, or delivered
/// and booked by another system [DSFinV-K Anhang I] (DIK-034).
[[nodiscard]] bool has_value(ReceiptKind kind);

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

/// A receipt written by hand and entered later: only a receipt is, in one piece, with the number of
/// its paper, and not in the future. E-SAL-529.
[[nodiscard]] Status check_handwritten(const ReceiptDraft& draft, const Facts& facts);
/// The facts whose day is the one of the business: `facts`, or as of when it was written by hand.
/// For a country whose VAT keys never change their rate; Germany books a former rate under a key of
/// its own (lines.h).
[[nodiscard]] Facts facts_of_day(const ReceiptDraft& draft, const Facts& facts);

/// The answer to a gift basket: E-SAL-539 (conflict). Articles put together for later sale change
/// nothing; nothing is recorded and nothing is signed until the basket is sold (DIK-036).
[[nodiscard]] Error no_vorgang();

/// What every plan takes over as it is: register, numbers, texts, times. `bon_typ`, process type
/// and device stay empty.
[[nodiscard]] Plan plan_of(const ReceiptDraft& draft, const Facts& facts);

/// Lines, VAT, total and payments of `plan`; the rates of exchange go into its note. Errors:
/// lines.h, payments.h, E-SAL-504 total, -523 cash movement paid without cash, -532 reference
/// missing, -536 all lines taken back.
[[nodiscard]] Status decide_amounts(const ReceiptDraft& draft, const Facts& facts,
                                    const LineLaw& law, const Contents& contents, Plan& plan);

}  // namespace siegel::country
