#include <fmt/format.h>

#include "app/at/calendar.h"
#include "app/at/dues.h"
#include "app/at_tools.h"
#include "app/commands.h"
#include "app/shop/notifier.h"
#include "base/file.h"

namespace siegel::app {
namespace {

struct Options {
  std::string ics;
  bool notify = false;
};

Exit dues(const Context& context, const Options& options) {
  auto shop = open_austrian(context, options.notify ? Shop::Mode::write : Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const Instant now = context.clock.now().wall;
  const auto list = at::dues_of(**shop, *state, now);
  if (!list) return context.fail(list.error());
  const Language language = context.shown_language();

  std::string text;
  json::Array rows;
  bool overdue = false;
  for (const at::Due& due : *list) {
    overdue = overdue || due.state == at::DueState::overdue;
    text += fmt::format("{:<8} {}  {}\n                     {}\n", at::word_of(due.state),
                        due.until.date().text(), at::title_of(due, language),
                        at::action_of(due, language));
    json::Object row;
    row.set("action", at::action_of(due, language));
    row.set("id", at::id_of(due));
    row.set("kind", at::word_of(due.kind));
    row.set("period", due.period);
    row.set("receipt", due.receipt);
    row.set("state", at::word_of(due.state));
    row.set("subject", due.subject);
    row.set("title", at::title_of(due, language));
    row.set("until", due.until.text());
    rows.push_back(std::move(row));
  }
  json::Object document;
  document.set("data", std::move(rows));
  if (!options.ics.empty()) {
    const std::string calendar =
        at::calendar_text(*list, state->business ? state->business->name : "", language, now);
    if (const auto done = write_file(options.ics, bytes_of(calendar)); !done)
      return context.fail(done.error());
    document.set("ics", options.ics);
    text += fmt::format("{}: {} entries\n", options.ics, list->size());
  }
  Exit exit = overdue ? Exit::degraded : Exit::success;
  if (options.notify) {
    std::vector<Shop::NoticeToTell> notices;
    for (const at::Due& due : *list)
      if (auto notice = at::notice_of(due, *state))
        notices.push_back({fmt::format("{}/{}", at::id_of(due), at::word_of(due.state)), *notice});
    const auto notifier = (*shop)->notifier();
    if (!notifier) return context.fail(notifier.error());
    const auto sent = (*notifier)->tell(notices);
    if (!sent) return context.fail(sent.error());
    document.set("delivered", static_cast<std::int64_t>(sent->delivered));
    json::Array failed;
    for (const Notified::NotDelivered& failure : sent->failed) {
      const std::string& to = failure.address.empty() ? failure.recipient : failure.address;
      json::Object item;
      item.set("code", failure.error.code);
      item.set("detail", failure.error.detail);
      item.set("to", to);
      failed.push_back(std::move(item));
      context.note(fmt::format("{}: {} {}\n", to, failure.error.code, failure.error.detail));
    }
    text += fmt::format("{} notices delivered, {} not\n", sent->delivered, failed.size());
    if (!failed.empty()) exit = Exit::try_again;
    document.set("failed", std::move(failed));
  }
  context.show(
      text.empty() ? (context.german() ? "Nichts ist fällig.\n" : "Nothing is due.\n") : text,
      document);
  return exit;
}

}  // namespace

void add_dues(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("dues", "Austria: what is to be done until when. Exit 4 if something is overdue")
      .example("siegel dues")
      .example("siegel dues --ics siegel.ics")
      .example("siegel dues --notify      (from a timer: tells those in notify.json)")
      .option("--ics", options.ics, "FILE", "also write it as a calendar (iCalendar)")
      .flag("--notify", options.notify, "tell people what is due and not told yet")
      .run([&] { return dues(context, options); });
}

}  // namespace siegel::app
