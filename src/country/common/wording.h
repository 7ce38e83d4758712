#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "model/master.h"
#include "model/money.h"

// How figures and times are written on paper in both languages, whatever the country.

namespace siegel::country {

/// A decimal text of ours ("-1234.50") as people of the language write it ("-1.234,50").
[[nodiscard]] std::string localised(std::string_view decimal, Language language);
[[nodiscard]] std::string amount(Money money, Language language);

/// German `DD.MM.YYYY hh:mm[:ss]`, English `YYYY-MM-DD hh:mm[:ss]`.
[[nodiscard]] std::string minute_text(const LocalStamp& stamp, Language language);
[[nodiscard]] std::string second_text(const LocalStamp& stamp, Language language);

}  // namespace siegel::country
