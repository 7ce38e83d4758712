#pragma once

#include <vector>

#include "app/shop/shop.h"
#include "recorder/state.h"

namespace siegel::app {

/// What is told once by the calendar or from the state: reminders 180, 90, 30 and 7 days before a
/// certificate ends or a TSE is full, what the nightly checks found, what is overdue. Ids as of
/// views::Reminder and views::Message. Pure.
[[nodiscard]] std::vector<Shop::NoticeToTell> notices_due(const recorder::State& state,
                                                          Instant now);

}  // namespace siegel::app
