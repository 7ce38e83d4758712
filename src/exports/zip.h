#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace siegel::exports {

/// Packs files of a folder into a new ZIP archive, in this order, all with the same time: the same
/// files give the same bytes. It appears under its name when it is durable; while it is written it
/// is called "<archive>.new". E-EXP-110 (unavailable).
[[nodiscard]] Status write_zip(const std::filesystem::path& folder,
                               const std::vector<std::string>& names,
                               const std::filesystem::path& archive);

}  // namespace siegel::exports
