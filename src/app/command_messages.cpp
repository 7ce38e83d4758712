#include <fmt/format.h>

#include "app/commands.h"
#include "app/shop/shop.h"
#include "views/messages.h"

// What a person must know or do now, and what has been seen.

namespace siegel::app {
namespace {

struct Options {
  std::string id, by;
  bool devices = false;
};

Exit list(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, options.devices ? Shop::Mode::write : Shop::Mode::read,
                         {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto messages = (*shop)->messages(options.devices ? Shop::Ask::devices : Shop::Ask::nobody);
  if (!messages) return context.fail(messages.error());
  if (context.json) {
    context.write("{\"data\":[");
    for (std::size_t i = 0; i < messages->size(); ++i)
      context.write((i == 0 ? "\n" : ",\n") + views::to_json((*messages)[i]));
    context.write(messages->empty() ? "]}\n" : "\n]}\n");
    return Exit::success;
  }
  if (context.quiet) return Exit::success;
  const Language language = context.shown_language();
  const bool de = context.german();
  for (const views::Message& message : *messages) {
    std::string text = fmt::format("{} {}  {}\n",
                                   message.severity == views::Severity::error     ? "■"
                                   : message.severity == views::Severity::warning ? "▲"
                                                                                  : "●",
                                   message.code, message.what.in(language));
    if (message.since)
      text += fmt::format("    {} {}\n", de ? "seit" : "since", message.since->text());
    if (!message.go_on.in(language).empty())
      text += fmt::format("    {}\n", message.go_on.in(language));
    if (!message.remedy.in(language).empty())
      text += fmt::format("    -> {}\n", message.remedy.in(language));
    if (message.acknowledged_at)
      text += fmt::format("    {} {} {}\n", de ? "gesehen:" : "seen:", message.acknowledged_by,
                          message.acknowledged_at->text());
    else
      text += fmt::format("    siegel messages seen {}\n", message.id);
    context.write(text);
  }
  if (messages->empty())
    context.write(de ? "Nichts zu melden. Alle Ausfälle: siegel outages list\n"
                     : "Nothing to tell. All outages: siegel outages list\n");
  return Exit::success;
}

Exit seen(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto done =
      (*shop)->record(MessageSeen{options.id}, options.by.empty() ? "command line" : options.by);
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("id", options.id);
  context.show(context.german() ? "Vermerkt.\n" : "Noted.\n", document);
  return Exit::success;
}

}  // namespace

void add_messages(CommandLine& line, Context& context) {
  line.group("messages", "What you must know or do now");
  auto& options = line.own<Options>();
  line.command("messages list",
               "What you must know or do now: what happened, may I go on, what to do")
      .example("siegel messages list")
      .example("siegel messages list --devices --json")
      .flag("--devices", options.devices, "ask each TSE for its certificate and room too")
      .run([&] { return list(context, options); });
  line.command("messages seen", "Say that a message has been seen; the act is recorded")
      .example("siegel messages seen outage/9f86d081/3 --by Mia")
      .positional("id", options.id, "id of the message (siegel messages list)")
      .required()
      .option("--by", options.by, "NAME", "who has seen it")
      .run([&] { return seen(context, options); });
}

}  // namespace siegel::app
