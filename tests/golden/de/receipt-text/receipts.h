#pragma once

#include <string>
#include <vector>

#include "model/plan.h"

// Receipts with fixed values, as plan and seal would hold them, and how each is printed.

namespace siegel::golden {

struct Example {
  std::string name;
  Receipt receipt;
  Profile profile;
  bool copy = false;
};

[[nodiscard]] std::vector<Example> examples();

}  // namespace siegel::golden
