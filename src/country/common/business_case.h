#pragma once

#include <string_view>

#include "base/result.h"
#include "model/draft.h"
#include "model/plan.h"
#include "model/vat.h"

// What each of the 25 business cases may be [DSFinV-K Anhang C]: its sign, its VAT keys, and what
// it cannot do without. docs/how-to/business-cases.md shows each.

namespace siegel::country {

struct CaseRule {
  bool cash_movement = false;     ///< moves cash, no turnover: paid in cash only
  bool not_taxable_only = false;  ///< VAT is "not taxable" or left out
  bool vat_optional = false;      ///< left out, it is not taxable
  int sign = 0;                   ///< of the line: 1 in, -1 out, 0 both
  bool voucher = false;           ///< sells or redeems a voucher
  bool voucher_needed = false;    ///< its number is the only link to the sale
  bool reference_needed = false;  ///< names the receipt it settles [DSFinV-K 3.9]
};
[[nodiscard]] CaseRule case_rule(GvTyp typ);

/// Money put into or taken out of the drawer: no turnover, cash only [DSFinV-K Anhang C].
[[nodiscard]] bool is_cash_movement(GvTyp typ);
/// A claim comes into being or is settled: nothing is paid with it.
[[nodiscard]] bool is_claim(GvTyp typ);
[[nodiscard]] bool is_voucher_redeemed(GvTyp typ);

/// German keys a business case may have [DSFinV-K Anhang C, Anlage 2]: 7 (not determined) for
/// claims only, 5 not for single-purpose vouchers, 7 and 8 not for deposits. Former keys count like
/// theirs today, own keys (from 1000) like a rate. Error E-VAT-513 (place empty).
[[nodiscard]] Status check_german_key(GvTyp typ, VatKey key);

/// The sign that belongs to the case. Money that only moves has it always; any other case has the
/// other one with a negative quantity (a return). Error E-SAL-522.
[[nodiscard]] Status check_sign(const PlanLine& line, std::string_view place);

/// A voucher's number where a voucher is meant, and none where not. Error E-SAL-534.
[[nodiscard]] Status check_voucher(const PlanLine& line, std::string_view place);

}  // namespace siegel::country
