#pragma once

#include <string>
#include <string_view>

#include "verify/rksv/receipt.h"

// Why a signature is wrong. Not part of the module's contract.

namespace siegel::verify::rksv {

/// Tries the mistakes that programs really make with the signature of `receipt` (whose state is
/// `wrong`): which rule of RKS-0401 to -0414 it is, and what was found. Costs up to some hundred
/// verifications.
[[nodiscard]] Note diagnose_signature(const Receipt& receipt, const Material& material);

}  // namespace siegel::verify::rksv
