#pragma once

#include <filesystem>
#include <string>

#include "app/export_file.h"
#include "app/shop/shop.h"
#include "base/bytes.h"

namespace siegel::app {

/// Streams the archive into a file that appears under its name only when it is complete and synced.
[[nodiscard]] Result<Written> export_tar(Shop& shop, const std::string& tse_id,
                                         const device::TseFilter& filter,
                                         const std::filesystem::path& path);

/// The id of the TSE named by id or serial, or of the only one. E-TSE-302, E-TSE-303.
[[nodiscard]] Result<std::string> tse_id(const recorder::State& state, const std::string& name);

}  // namespace siegel::app
