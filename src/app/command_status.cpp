#include <fmt/format.h>

#include "app/commands.h"
#include "app/shop/shop.h"

namespace siegel::app {
namespace {

Exit status(const Context& context) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());

  json::Array outages;
  std::string outage_text;
  for (const auto& [serial, outage] : state->outages) {
    if (!outage.open) continue;
    json::Object item;
    item.set("tse_serial", serial);
    item.set("number", static_cast<std::int64_t>(outage.open->number));
    item.set("since", outage.open->since.text());
    item.set("code", outage.open->code);
    item.set("text", outage.open->text);
    item.set("receipts", static_cast<std::int64_t>(outage.open_receipts));
    outages.push_back(std::move(item));
    outage_text += fmt::format("  {}  outage no. {} since {}, {} receipts without TSE: {}\n",
                               outage.open->code, outage.open->number, outage.open->since.text(),
                               outage.open_receipts, outage.open->text);
  }
  const bool degraded = !outages.empty();
  const bool ready = state->business && !state->registers.empty() && !state->tses.empty();
  const std::string_view word = degraded ? "degraded" : ready ? "ok" : "not_ready";
  std::string text = fmt::format(
      "{}\n  {}\n  journal: {} entries\n  registers: {}, TSEs: {}, open "
      "Vorgaenge: {}, interrupted receipts: {}\n",
      word, state->business ? state->business->name : "no business yet", state->sequence,
      state->registers.size(), state->tses.size(), state->vorgaenge.size(), state->unsealed.size());
  text += outage_text;
  for (const auto& [serial, info] : state->tses)
    if (!info.certified)
      text += fmt::format("  TSE {} is not certified: for tests only\n", info.id);
  json::Object document;
  document.set("status", word);
  document.set("entries", static_cast<std::int64_t>(state->sequence));
  document.set("registers", static_cast<std::int64_t>(state->registers.size()));
  document.set("tses", static_cast<std::int64_t>(state->tses.size()));
  document.set("open_vorgaenge", static_cast<std::int64_t>(state->vorgaenge.size()));
  document.set("interrupted", static_cast<std::int64_t>(state->unsealed.size()));
  document.set("outages", std::move(outages));
  context.show(text, document);
  return degraded ? Exit::degraded : Exit::success;
}

}  // namespace

void add_status(CommandLine& line, Context& context) {
  line.command("status", "Is the shop ready? Exit 4 while an outage is open")
      .example("siegel status --json")
      .run([&] { return status(context); });
}

}  // namespace siegel::app
