#include "base/mutant.h"

#if defined(SIEGEL_MUTANTS)
#include <cstdlib>

namespace siegel::detail {

bool mutant_is(std::string_view name) {
  static const char* const chosen = std::getenv("SIEGEL_MUTANT");
  return chosen != nullptr && name == chosen;
}

}  // namespace siegel::detail
#endif
