#pragma once

#include "country/country.h"
#include "model/draft.h"
#include "model/plan.h"

// What a receipt says beside its lines and payments: who bought, to what it refers, which table,
// which terminal and cashier.

namespace siegel::country {

/// Errors, kind invalid, place = JSON pointer: E-SAL-509 an Abrechnungskreis twice, -519 texts,
/// -520 too many, -530 unknown terminal or cashier, -531 a reference that cannot be right, -533 the
/// buyer is incomplete or named twice. Kind conflict: -530 the register is of an outlet that does
/// not exist.
[[nodiscard]] Status check_particulars(const ReceiptDraft& draft, const Facts& facts);

/// Takes them over into the plan as they were checked.
void take_particulars(const ReceiptDraft& draft, const Facts& facts, Plan& plan);

/// The lines of the plan that settle something name what they settle. Error E-SAL-532.
[[nodiscard]] Status check_settled(const Plan& plan);

}  // namespace siegel::country
