#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "shop.h"

namespace siegel::simulation {

/// What is wrong with a shop at the end of its day, in words; empty: nothing.
using Check = std::function<std::vector<std::string>(Shop&)>;

/// Checks besides those of the Oracle, each asked once at the end of each simulated day, when the
/// shop is at rest and its devices answer. An export that every day must be able to make, and that
/// its verifier must find right, adds itself in after_run.cpp.
[[nodiscard]] std::span<const Check> checks_after_run();

}  // namespace siegel::simulation
