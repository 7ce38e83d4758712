#pragma once

#include <functional>
#include <string_view>

#include "model/plan.h"
#include "model/vat.h"

// What can be calculated again of a receipt. Not part of the module's contract.

namespace siegel::verify::journal {

/// `place` is a JSON pointer into the plan.
using FindInPlan = std::function<void(std::string_view rule, std::string_view place,
                                      std::string_view found, std::string_view expected)>;

/// Rules JRN-03xx: lines, VAT sums, total, payments and (Germany) process data of one plan.
void check_amounts(const Plan& plan, CountryCode country, const FindInPlan& find);

}  // namespace siegel::verify::journal
