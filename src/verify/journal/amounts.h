#pragma once

#include <functional>
#include <set>
#include <string_view>
#include <vector>

#include "model/plan.h"
#include "model/vat.h"

// What can be calculated again of a receipt. Not part of the module's contract.

namespace siegel::verify::journal {

/// `place` is a JSON pointer into the plan.
using FindInPlan = std::function<void(std::string_view rule, std::string_view place,
                                      std::string_view found, std::string_view expected)>;

/// What the master data in force say of amounts.
struct AmountsLaw {
  CountryCode country = CountryCode::de;
  std::vector<OwnVatKey> own_keys;
  std::vector<ExchangeRate> rates;
  std::set<Currency> bases = {Currency::eur()};  ///< base currencies the register has had
};

/// Rules JRN-03xx: lines, VAT sums, total, payments and (Germany) process data of one plan.
void check_amounts(const Plan& plan, const AmountsLaw& law, const FindInPlan& find);

}  // namespace siegel::verify::journal
