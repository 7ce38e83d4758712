#pragma once

#include <vector>

#include "base/result.h"
#include "model/master.h"

// What master data lack, said when they are entered and not when the shop closes.

namespace siegel::recorder {

/// Every gap, with a place in the request: E-MAS-101 a required text is missing, -102 no country
/// code, -103 neither tax number nor VAT id, -104 a lead currency without its base rate 1
/// (BIO-009), -105 an id twice, -106 a rate that is not above 0, -107 an own VAT key below 1000 or
/// twice.
[[nodiscard]] std::vector<Error> gaps_of(const Business& business);
/// E-MAS-105 a terminal twice, -108 an outlet the business does not have, -109 a base currency
/// without rates though the business has some.
[[nodiscard]] std::vector<Error> gaps_of(const RegisterInfo& info, const Business& business);

}  // namespace siegel::recorder
