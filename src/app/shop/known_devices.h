#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "device/device.h"
#include "recorder/state.h"

// Is a TSE the one the journal knows, and does the journal know what it did?

namespace siegel::app {

/// E-JRN-315 (conflict): another device lies where this one should.
[[nodiscard]] Status check_identity(device::Tse& tse, const TseInfo& known);

/// The last transaction the TSE finished for one of our registers that no plan in the journal
/// explains: it was made with another journal (a copy, or entries that are gone). `after`: up to
/// this number a person has accepted them. Nothing: all is explained, or the device does not say.
[[nodiscard]] std::optional<device::TseTransaction> unexplained(device::Tse& tse,
                                                                const recorder::State& state,
                                                                const std::string& serial,
                                                                std::uint64_t after);

}  // namespace siegel::app
