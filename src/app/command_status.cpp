#include <fmt/format.h>

#include "app/commands.h"
#include "app/shop/shop.h"
#include "views/messages.h"

namespace siegel::app {
namespace {

Exit status(const Context& context) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());

  const bool austrian = state->business && state->business->country == "AT";
  json::Array outages;
  std::string outage_text;
  for (const auto& [serial, outage] : state->outages) {
    if (!outage.open) continue;
    json::Object item;
    item.set(austrian ? "signer" : "tse_serial", serial);
    item.set("number", static_cast<std::int64_t>(outage.open->number));
    item.set("since", outage.open->since.text());
    item.set("code", outage.open->code);
    item.set("text", outage.open->text);
    item.set("receipts", static_cast<std::int64_t>(outage.open_receipts));
    outages.push_back(std::move(item));
    outage_text +=
        fmt::format("  {}  outage no. {} of {} since {}, {} receipts without {}: {}\n",
                    outage.open->code, outage.open->number,
                    austrian || !views::is_signing_device(serial) ? serial : std::string("the TSE"),
                    outage.open->since.text(), outage.open_receipts, austrian ? "signature" : "TSE",
                    outage.open->text);
  }
  const bool degraded = !outages.empty();
  const bool has_device = austrian ? !state->signers.empty() : !state->tses.empty();
  const bool ready = state->business && !state->registers.empty() && has_device;
  const std::string_view word = degraded ? "degraded" : ready ? "ok" : "not_ready";
  std::string text = fmt::format(
      "{}\n  {}\n  journal: {} entries\n  registers: {}, {}: {}, open "
      "Vorgaenge: {}, interrupted receipts: {}\n",
      word, state->business ? state->business->name : "no business yet", state->sequence,
      state->registers.size(), austrian ? "signature devices" : "TSEs",
      austrian ? state->signers.size() : state->tses.size(), state->vorgaenge.size(),
      state->unsealed.size());
  text += outage_text;
  for (const auto& [serial, info] : state->tses)
    if (!info.certified)
      text += fmt::format("  TSE {} is not certified: for tests only\n", info.id);
  for (const auto& [id, info] : state->signers)
    if (info.development)
      text += fmt::format("  signature device {} is for development: receipts are marked\n", id);
  json::Array unstarted;
  for (const auto& [id, reg] : state->registers) {
    if (!reg.rksv) continue;
    if (!reg.rksv->start) {
      text += fmt::format("  register {} has no Startbeleg yet: siegel at setup\n", id);
      unstarted.push_back(id);
    }
    if (reg.rksv->run)
      text += fmt::format("  register {}: {} receipts without signature, a Sammelbeleg follows\n",
                          id, reg.rksv->run->receipts);
  }
  json::Object document;
  if (austrian) {
    document.set("signers", static_cast<std::int64_t>(state->signers.size()));
    document.set("without_start_receipt", std::move(unstarted));
  }
  const views::Bilingual line = views::status_line(*state);
  text += fmt::format("  {}\n", line.in(context.shown_language()));
  json::Array warnings;
  for (const Error& warning : (*shop)->warnings()) {
    text += fmt::format("  {} {}\n", warning.code, warning.detail);
    warnings.emplace_back(warning.code + " " + warning.detail);
  }
  document.set("warnings", std::move(warnings));
  json::Object registers;
  for (const auto& [id, reg] : state->registers)
    registers.set(id, views::status_line(*state, reg.info.id).in(context.shown_language()));
  document.set("register_status_lines", std::move(registers));
  document.set("status", word);
  document.set("status_line", line.in(context.shown_language()));
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
