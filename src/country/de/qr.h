#pragma once

#include <string>

#include "model/plan.h"

namespace siegel::country::de {

/// The text of the QR code of a receipt signed by a TSE [DSFinV-K Anhang I]: `V0;` and eleven
/// fields, the times as the device logged them with milliseconds. Empty if the receipt was not
/// signed, or is no Kassenbeleg-V1: other process data may hold `;`, and the code is defined for
/// receipts only.
[[nodiscard]] std::string qr_text(const Receipt& receipt);

}  // namespace siegel::country::de
