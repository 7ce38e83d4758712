#pragma once

#include <optional>
#include <string>

#include "recorder/devices.h"
#include "recorder/state.h"

namespace siegel::app {

/// What a person is told of a TSE that is too slow for its registers: which, how slow, and which
/// register would better sign on which other one (FCC-010), in both languages. Empty: it keeps up.
struct LoadNote {
  std::string de, en;
};
[[nodiscard]] std::optional<LoadNote> load_note(const recorder::DeviceLoad& load,
                                                const recorder::State& state);

}  // namespace siegel::app
