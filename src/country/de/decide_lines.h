#pragma once

#include <vector>

#include "model/draft.h"
#include "model/plan.h"

// The part of decide() about lines and VAT. Errors: de.h.

namespace siegel::country::de {

/// Money put into or taken out of the drawer: a receipt of its own, cash only [DSFinV-K Anhang C].
[[nodiscard]] bool is_cash_movement(GvTyp typ);

/// The lines of a draft with prices, amounts, totals and VAT shares decided for `day`. Without
/// limits of number: the caller has checked it.
[[nodiscard]] Result<std::vector<PlanLine>> decide_lines(const ReceiptDraft& draft, Date day);

/// The lines of an earlier receipt with turned signs; VAT keys are those its rates have on `day`.
[[nodiscard]] Result<std::vector<PlanLine>> turned_lines(const Plan& original, Date day);

[[nodiscard]] Money sum_of(const std::vector<PlanLine>& lines);

/// One sum per VAT key, ordered by key. All keys are in force on `day`.
[[nodiscard]] std::vector<VatSum> vat_sums(const std::vector<PlanLine>& lines, Date day);

/// E-SAL-519 unless `text` is UTF-8 without control characters, of at most `length_max` characters.
struct TextRule {
  std::size_t length_max = 0;
  bool required = false;
  bool line_feeds = false;
};
[[nodiscard]] Status check_text(std::string_view text, const TextRule& rule,
                                std::string_view place);

}  // namespace siegel::country::de
