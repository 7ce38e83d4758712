#pragma once

#include <memory>

#include "device/smartcard/readers.h"

namespace siegel::device::smartcard {

/// The readers of the PC/SC service (pcscd). The service is not touched before the first call, and
/// is asked for again when it was restarted. One object a thread.
[[nodiscard]] std::unique_ptr<CardReaders> pcsc_readers();

}  // namespace siegel::device::smartcard
