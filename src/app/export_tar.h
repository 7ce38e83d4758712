#pragma once

#include <filesystem>
#include <string>

#include "app/export_file.h"
#include "app/shop/shop.h"
#include "archive/archive.h"
#include "base/bytes.h"

namespace siegel::app {

/// Streams the archive into a file that appears under its name only when it is complete and synced.
[[nodiscard]] Result<Written> export_tar(Shop& shop, const std::string& tse_id,
                                         const device::TseFilter& filter,
                                         const std::filesystem::path& path);

/// The id of the TSE named by id or serial, or of the only one. E-TSE-302, E-TSE-303.
[[nodiscard]] Result<std::string> tse_id(const recorder::State& state, const std::string& name);

/// The same, whole.
[[nodiscard]] Result<TseInfo> tse_info(const recorder::State& state, const std::string& name);
/// "tse-N", the first that is free.
[[nodiscard]] std::string next_tse_id(const recorder::State& state);

/// One TAR from the archive beside the shop: no device is asked. Errors of
/// archive::Archive::write_tar.
[[nodiscard]] Result<Written> export_archive(Shop& shop, const TseInfo& tse,
                                             const archive::Selection& selection,
                                             const std::filesystem::path& path);

}  // namespace siegel::app
