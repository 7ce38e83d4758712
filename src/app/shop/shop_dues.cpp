#include "app/shop/shop_dues.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "views/forecast.h"
#include "views/messages.h"

namespace siegel::app {
namespace {

// The ends of a TSE come as reminders, each limit once; their messages would say it again.
constexpr std::array<std::string_view, 4> said_by_reminders = {"W-TSE-130", "W-TSE-131",
                                                               "W-ARC-201", "W-ARC-202"};

std::string_view code_of(views::TseEnd end) {
  switch (end) {
    case views::TseEnd::certificate:
      return "W-TSE-130";
    case views::TseEnd::storage:
      return "W-ARC-201";
    case views::TseEnd::signatures:
      return "W-ARC-202";
  }
  return {};
}

}  // namespace

std::vector<Shop::NoticeToTell> notices_due(const recorder::State& state, Instant now) {
  std::vector<Shop::NoticeToTell> out;
  mail::Place place;
  if (state.business) place.shop = state.business->name;
  for (const auto& [serial, info] : state.tses) {
    const auto care = state.care.find(serial);
    if (care == state.care.end() || state.retired(serial)) continue;
    const views::Forecast seen = views::forecast(info, care->second);
    for (const views::Reminder& reminder : views::reminders_due(seen, now, {})) {
      const views::Bilingual text = views::text_of(reminder, seen);
      out.push_back(
          {.id = reminder.id,
           .notice = {place, mail::Announcement{.de = text.de,
                                                .en = text.en,
                                                .remedy_de = "Jetzt Ersatz bestellen.",
                                                .remedy_en = "Order a replacement now.",
                                                .code = std::string(code_of(reminder.end))}},
           .device = serial});
    }
  }
  for (views::Message& message : views::care_messages(state, now)) {
    const bool said = std::ranges::find(said_by_reminders, message.code) != said_by_reminders.end();
    if (said || message.severity == views::Severity::information) continue;
    out.push_back({.id = std::move(message.id),
                   .notice = {place, mail::Announcement{.de = message.what.de,
                                                        .en = message.what.en,
                                                        .remedy_de = message.remedy.de,
                                                        .remedy_en = message.remedy.en,
                                                        .code = message.code}},
                   .device = message.device,
                   .register_id = message.register_id});
  }
  return out;
}

}  // namespace siegel::app
