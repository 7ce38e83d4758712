#pragma once

#include <string>

#include "app/context.h"

namespace siegel::app {

struct AustrianDemo {
  std::string out = "siegel-demo";  ///< folder to make
  int columns = 48;
};
/// A café's year in fast motion: set-up, sales, a device that fails and one that takes over, a
/// total outage and its Sammelbeleg, month receipts, the year receipt, DEP export and verification.
[[nodiscard]] Exit demo_austria(const Context& context, const AustrianDemo& options);

}  // namespace siegel::app
