#pragma once

#include <string>

#include "model/plan.h"

namespace siegel::country::de {

/// The text of the receipt's QR code, `V0;...` with twelve fields [DSFinV-K Anhang I]. Empty where
/// there is none: not signed, no Kassenbeleg (a Bestellung would contain the separator), or nothing
/// known of the TSE.
[[nodiscard]] std::string qr_text(const Receipt& receipt);

}  // namespace siegel::country::de
