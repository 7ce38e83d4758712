#pragma once

#include <vector>

#include "country/common/business_case.h"
#include "country/country.h"
#include "model/draft.h"
#include "model/plan.h"

// The part of decide() about lines and VAT that every country shares. Errors of all of them, kind
// invalid, place = JSON pointer into the request: E-SAL-501 quantity x price, -502 neither price
// nor amount, -503 shares, -518 what a booking template says already, -519 a text not fit to be
// printed, -520 too many, -521 VAT neither or twice given, -522 sign, -524 too large, -525 quantity
// 0, -530 unknown agency, terminal or template, -534 voucher, -536 a line taken back, -538 factor;
// E-VAT-510, -512 not taxable only, -513 a key this business case may not have.

namespace siegel::country {

/// The table of rates that applies and its key for what is no turnover at all.
struct LineLaw {
  CountryCode country = CountryCode::de;
  VatKey not_taxable;
};

/// The lines of a draft with prices, amounts, totals, VAT shares and parts decided for the day of
/// `facts`; what was written by hand has the rates of the day of its paper, under the keys they
/// have on the day of `facts` [DSFinV-K Anlage 2]. Without limits of number: the caller has checked
/// it.
[[nodiscard]] Result<std::vector<PlanLine>> decide_lines(const ReceiptDraft& draft,
                                                         const Facts& facts, const LineLaw& law);

/// The lines of an earlier receipt with turned signs, those taken back left out; VAT keys are those
/// its rates have on the day of `facts`, own keys stay.
[[nodiscard]] Result<std::vector<PlanLine>> turned_lines(const Plan& original, const Facts& facts,
                                                         const LineLaw& law);

/// Lines that were taken back while the receipt was rung up count nowhere [DSFinV-K 3.5].
[[nodiscard]] Money sum_of(const std::vector<PlanLine>& lines);

/// One sum per VAT key, ordered by key; lines taken back count nowhere. Own keys (from 1000) have
/// the letters R to Z in the order of the master data, then r to z.
[[nodiscard]] std::vector<VatSum> vat_sums(const std::vector<PlanLine>& lines, const Facts& facts,
                                           const LineLaw& law);

/// quantity x price / factor in cents, rounded once, half away from zero. Error E-MOD-003 (place
/// empty): out of range. `factor` is positive.
[[nodiscard]] Result<Money> price_times(Quantity quantity, UnitPrice price, Quantity factor);

/// E-SAL-519 unless `text` is UTF-8 without control characters, of at most `length_max` characters.
struct TextRule {
  std::size_t length_max = 0;
  bool required = false;
  bool line_feeds = false;
};
[[nodiscard]] Status check_text(std::string_view text, const TextRule& rule,
                                std::string_view place);

}  // namespace siegel::country
