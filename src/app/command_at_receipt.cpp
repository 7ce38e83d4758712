#include <fmt/format.h>

#include <array>

#include "app/at/dues.h"
#include "app/at_tools.h"
#include "app/commands.h"
#include "app/show.h"

// Receipts without amount, the end of a day, and what the authority said of a receipt.

namespace siegel::app {
namespace {

struct Options {
  std::string what, register_id, name, columns = "48", finanzonline, text;
  bool passed = false, failed = false, production = false;
};

/// The words, and the function numbers by which other programs know them.
struct Kind {
  std::string_view word;
  std::string_view number;
  ReceiptKind kind;
};
constexpr std::array kinds = {
    Kind{"start", "950", ReceiptKind::start}, Kind{"month", "951", ReceiptKind::month},
    Kind{"year", "952", ReceiptKind::year},   Kind{"collective", "953", ReceiptKind::collective},
    Kind{"zero", "954", ReceiptKind::zero},   Kind{"final", "955", ReceiptKind::final},
};

Exit show_receipt(const Context& context, Shop& shop, const Receipt& receipt,
                  const std::string& columns_text, std::string text, json::Object document) {
  const auto columns = columns_of(columns_text);
  if (!columns) return context.fail(columns.error());
  const auto state = shop.state();
  if (!state) return context.fail(state.error());
  const auto printed =
      receipt_text(receipt, shop.country(), state->profile, {.columns = *columns}, context.ansi());
  if (!printed) return context.fail(printed.error());
  document.set("receipt", receipt_document(receipt, shop.country(), state->profile));
  context.show(text + *printed, document);
  if (receipt.seal && receipt.seal->outcome == Seal::Outcome::unsigned_outage)
    context.note(
        fmt::format("{}: no signature device answers. You may go on selling; receipts "
                    "are marked.\n",
                    receipt.seal->error_code));
  return Exit::success;
}

Exit make(const Context& context, const Options& options) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  const Kind* wanted = nullptr;
  for (const Kind& kind : kinds)
    if (options.what == kind.word || options.what == kind.number) wanted = &kind;
  if (wanted == nullptr)
    return context.fail(invalid(
        "E-AUT-107",
        fmt::format("\"{}\" is not start, month, year, collective, zero or final", options.what),
        "kind"));
  const auto id = RegisterId::parse(options.register_id);
  if (!id) return context.fail(id.error());
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto before = (*shop)->state();
  if (!before) return context.fail(before.error());
  const auto reg = before->registers.find(id->text());
  // Asked for again they would be answered with the first one: that is not what a person means.
  const bool started =
      reg != before->registers.end() && reg->second.rksv && reg->second.rksv->start;
  if (wanted->kind == ReceiptKind::start && started)
    return context.fail(conflict("E-RKS-101",
                                 fmt::format("register {} has its Startbeleg: {}", id->text(),
                                             reg->second.rksv->start->number),
                                 "kind"));
  const bool ended = reg != before->registers.end() && reg->second.rksv && reg->second.rksv->ended;
  if (wanted->kind == ReceiptKind::final && ended)
    return context.fail(
        conflict("E-RKS-103", fmt::format("register {} has its Schlussbeleg", id->text()), "kind"));
  const auto receipt = make_special(**shop, *id, wanted->kind, options.name, "command line");
  if (!receipt) return context.fail(receipt.error());
  if (wanted->kind == ReceiptKind::final)
    context.note(context.german()
                     ? "Die Kasse verkauft nichts mehr. DEP sichern (siegel at backup), Kasse in "
                       "FinanzOnline abmelden (siegel at end).\n"
                     : "The register sells no more. Save the DEP (siegel at backup), report its "
                       "end to FinanzOnline (siegel at end).\n");
  return show_receipt(context, **shop, *receipt, options.columns, {}, {});
}

Exit check(const Context& context, const Options& options) {
  const int ways =
      (options.passed ? 1 : 0) + (options.failed ? 1 : 0) + (options.finanzonline.empty() ? 0 : 1);
  if (ways != 1)
    return context.fail(
        invalid("E-AUT-109", "name one of --passed, --failed, --finanzonline FILE", "--passed"));
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto receipt = (*shop)->receipt(options.what);
  if (!receipt) return context.fail(receipt.error());
  bool passed = options.passed;
  if (!options.finanzonline.empty()) {
    const auto result = check_with_finanzonline(context, **shop, options.what, options.finanzonline,
                                                options.production);
    if (!result) return context.fail(result.error());
    passed = *result;
  } else {
    const ReceiptCheck entry{.register_id = receipt->plan.register_id,
                             .receipt_number = options.what,
                             .at = context.clock.now().wall,
                             .passed = passed,
                             .by = "app",
                             .text = options.text};
    if (const auto done = (*shop)->record(entry, "command line"); !done)
      return context.fail(done.error());
  }
  // The last receipt of a quarter is due for a check of its own.
  const at::Quarter quarter = at::quarter_of(receipt->plan.decided.date());
  const bool recorded = options.finanzonline.empty() || options.production;
  if (passed && recorded) {
    const AuthorityReport entry{.what = std::string(at::quarter_check_report),
                                .subject = receipt->plan.register_id.text() + "/" + quarter.text(),
                                .at = context.clock.now().wall,
                                .mode = options.finanzonline.empty() ? "manual" : "production",
                                .code = "0",
                                .text = options.what};
    const auto state = (*shop)->state();
    if (!state) return context.fail(state.error());
    const auto quarter_end = (*shop)->receipts({.register_id = receipt->plan.register_id.text(),
                                                .first = quarter.first_day(),
                                                .last = quarter.last_day(),
                                                .kind = {},
                                                .state = {}},
                                               1);
    const bool is_last =
        quarter_end && !quarter_end->empty() && quarter_end->front().receipt_number == options.what;
    if (is_last)
      if (const auto done = (*shop)->record(entry, "command line"); !done)
        return context.fail(done.error());
  }
  json::Object document;
  document.set("receipt_number", options.what);
  document.set("passed", passed);
  document.set("recorded", recorded);
  context.show(fmt::format("{} {}{}\n", options.what, passed ? "passed the check" : "did NOT pass",
                           recorded ? "; it is on record" : " (test transmission, not recorded)"),
               document);
  return passed ? Exit::success : Exit::findings;
}

}  // namespace

void add_at_receipt(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("at receipt", "Make a receipt without amount: Startbeleg, Nullbeleg, Monatsbeleg...")
      .example("siegel at receipt zero --register KASSE-01       (for an inspector, any time)")
      .example("siegel at receipt month --register KASSE-01")
      .example("siegel at receipt 955 --register KASSE-01        (the number of final)")
      .positional("kind", options.what,
                  "start (950), month (951), year (952), collective (953), zero (954), "
                  "final (955)")
      .required()
      .option("--register", options.register_id, "ID", "which register")
      .required()
      .option("--name", options.name, "TEXT",
              "month and year: the period (2026-11, 2026); zero: its title")
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .run([&] { return make(context, options); });
  line.command("at check", "Have a receipt checked, or record what the check app said")
      .example("siegel at check KASSE-01-000001 --passed")
      .example("siegel at check KASSE-01-000001 --finanzonline access.json --production")
      .positional("receipt", options.what, "receipt number")
      .required()
      .flag("--passed", options.passed, "the app BMF Belegcheck said yes")
      .flag("--failed", options.failed, "it said no")
      .option("--text", options.text, "TEXT", "what it said, word for word")
      .option("--finanzonline", options.finanzonline, "FILE", "access data of the web service")
      .flag("--production", options.production, "really check; without it a test transmission")
      .run([&] { return check(context, options); });
}

}  // namespace siegel::app
