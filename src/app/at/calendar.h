#pragma once

#include <string>
#include <vector>

#include "app/at/dues.h"

namespace siegel::app::at {

/// The dues as a calendar [RFC 5545]: an event on the last day of each, with an alarm a week and a
/// day before. Ids are stable: a second export replaces the events of the first. `shop`: name of
/// the business.
[[nodiscard]] std::string calendar_text(const std::vector<Due>& dues, const std::string& shop,
                                        Language language, Instant now);

}  // namespace siegel::app::at
