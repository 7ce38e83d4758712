#include <algorithm>
#include <array>

#include "verify/rule_families.h"

namespace siegel::verify {

namespace {

using enum Severity;

// clang-format off
constexpr std::array all = std::to_array<Rule>({
    {"RKS-0101", violation,
     "Die Datei ist kein lesbares DEP.",
     "The file is not a readable DEP.",
     "RKSV Anlage (DEP export)"},
});
// clang-format on

static_assert(std::ranges::is_sorted(all, {}, &Rule::id));

}  // namespace

std::span<const Rule> rksv_rules() { return all; }

}  // namespace siegel::verify
