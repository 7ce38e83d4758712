#pragma once

#include <span>

#include "verify/rules.h"

// Not part of the module's contract. One row a rule, one file a family (rules_<family>.cpp), each
// ordered by id. The texts are those of docs/reference/verify-rules.md (a test compares them); a
// new rule takes the next number of its group, an id is never used again. A new family is one
// function here and one line in rules.cpp.

namespace siegel::verify {

/// One letter of a group (P package, X index.xml, C CSV, ...) and three digits, as in the project's
/// list of DSFinV-K rules.
[[nodiscard]] std::span<const Rule> dsfinvk_rules();
[[nodiscard]] std::span<const Rule> journal_rules();  ///< JRN
[[nodiscard]] std::span<const Rule> qr_rules();       ///< QR
[[nodiscard]] std::span<const Rule> rksv_rules();     ///< RKS
[[nodiscard]] std::span<const Rule> tse_rules();      ///< TSE

}  // namespace siegel::verify
