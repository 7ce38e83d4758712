#pragma once

#include <string_view>

#include "verify/tse/message.h"

// Names and data of system events [TR-03151 1.0.1 6; TR-03151-1 App. E, TR-03153-1 9.8]. Not part
// of the module's contract.

namespace siegel::verify::tse {

/// How a generation spells a transaction's operation. `event` is start, update or finish.
[[nodiscard]] std::string_view spelling_of(Event event, int generation);

/// From `operation` and `event_data`: event, event_client, event_failed; notes on unknown events
/// and on data of another form.
void read_event_data_1(Message& message, Notes& notes);
void read_event_data_2(Message& message, Notes& notes);

}  // namespace siegel::verify::tse
