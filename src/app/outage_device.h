#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "recorder/state.h"

// What commands about outages read from their arguments.

namespace siegel::app {

/// A device as people name it: TSE by id or serial, signature device by id, `printer:<name>`,
/// `register:<id>`. E-OUT-101: none of that name has an outage or is in operation.
[[nodiscard]] Result<std::string> outage_device(const recorder::State& state,
                                                const std::string& name);

/// "3". E-CLI-105.
[[nodiscard]] Result<std::uint64_t> outage_number(const std::string& text);

/// A day, or none if the text is empty. E-TIM-002 with `place`.
[[nodiscard]] Result<std::optional<Date>> optional_day(const std::string& text, const char* place);

}  // namespace siegel::app
