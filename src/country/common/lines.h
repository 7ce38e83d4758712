#pragma once

#include <vector>

#include "model/draft.h"
#include "model/plan.h"

// The part of decide() about lines and VAT that every country shares. Errors of all of them, kind
// invalid, place = JSON pointer into the request: E-SAL-501 quantity x price, -502 neither price
// nor amount, -503 shares, -519 a text not fit to be printed, -520 too many, -521 VAT neither or
// twice given, -522 sign, -524 too large, -525 quantity 0; E-VAT-510, E-VAT-512 not taxable only.

namespace siegel::country {

/// Money put into or taken out of the drawer: no turnover, cash only [DSFinV-K Anhang C].
[[nodiscard]] bool is_cash_movement(GvTyp typ);

/// The table of rates that applies and its key for what is no turnover at all.
struct LineLaw {
  CountryCode country = CountryCode::de;
  VatKey not_taxable;
};

/// The lines of a draft with prices, amounts, totals and VAT shares decided for `day`. Without
/// limits of number: the caller has checked it.
[[nodiscard]] Result<std::vector<PlanLine>> decide_lines(const ReceiptDraft& draft,
                                                         const LineLaw& law, Date day);

/// The lines of an earlier receipt with turned signs; VAT keys are those its rates have on `day`.
[[nodiscard]] Result<std::vector<PlanLine>> turned_lines(const Plan& original, const LineLaw& law,
                                                         Date day);

[[nodiscard]] Money sum_of(const std::vector<PlanLine>& lines);

/// One sum per VAT key, ordered by key. All keys are in force on `day`.
[[nodiscard]] std::vector<VatSum> vat_sums(const std::vector<PlanLine>& lines, const LineLaw& law,
                                           Date day);

/// E-SAL-519 unless `text` is UTF-8 without control characters, of at most `length_max` characters.
struct TextRule {
  std::size_t length_max = 0;
  bool required = false;
  bool line_feeds = false;
};
[[nodiscard]] Status check_text(std::string_view text, const TextRule& rule,
                                std::string_view place);

}  // namespace siegel::country
