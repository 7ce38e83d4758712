#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exports/dsfinvk_run.h"

// How far an interrupted export came. Not part of the module's contract; docs/formats/manifest.md.

namespace siegel::exports {

struct Progress {
  std::string request;    ///< fingerprint of what is exported
  bool complete = false;  ///< all rows are written, the registers are not joined yet
  std::uint64_t read_to = 0;
  std::vector<RegisterRun::Mark> marks;  ///< one a register
};
[[nodiscard]] std::string to_json(const Progress& progress);
/// E-EXP-111 (corrupt).
[[nodiscard]] Result<Progress> progress_from_json(std::string_view json);

}  // namespace siegel::exports
