#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace siegel::detail {

void check_failed(const char* condition, const char* file, int line) {
  static_cast<void>(
      std::fprintf(stderr, "siegel: internal check failed: %s (%s:%d)\n", condition, file, line));
  std::abort();
}

}  // namespace siegel::detail
