#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"
#include "model/draft.h"

namespace siegel::app {

/// "TEXT:QUANTITY:PRICE:VAT" of the command line, `index` counts the --item options from 0. Errors
/// E-CLI-10x, E-MOD-00x.
[[nodiscard]] Result<LineDraft> item_line(const std::string& item, std::size_t index);

}  // namespace siegel::app
