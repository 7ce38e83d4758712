#pragma once

#include <string>
#include <vector>

#include "model/plan.h"

// The receipts of examples/at/cafe.json as plan and seal hold them. Signatures are counted bytes:
// nothing is verified here.

namespace siegel::golden {

struct Example {
  std::string name;
  Receipt receipt;
  Profile profile;
  bool copy = false;
};

[[nodiscard]] std::vector<Example> cafe();

}  // namespace siegel::golden
