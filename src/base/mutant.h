#pragma once

#include <string_view>

// Planted faults (`./dev mutants`): in that one build, SIEGEL_MUTANT("name") is true when the
// environment variable SIEGEL_MUTANT holds the name; in every other build it is the constant false
// and the planted branch is compiled away.
#if defined(SIEGEL_MUTANTS)
namespace siegel::detail {
bool mutant_is(std::string_view name);
}
#define SIEGEL_MUTANT(name) ::siegel::detail::mutant_is(name)
#else
#define SIEGEL_MUTANT(name) false
#endif
