#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace siegel::archive {

/// Something about a TSE that a person must look at. `code` as in docs/reference/errors.md.
struct Finding {
  std::string code;
  std::string detail;
  std::uint64_t counter = 0;  ///< signature counter it is about; 0: of the whole
  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

}  // namespace siegel::archive
