#include <fmt/format.h>

#include <charconv>

#include "app/commands.h"
#include "app/show.h"

namespace siegel::app {
namespace {

struct Options {
  std::string number, columns = "48", register_id, limit = "50";
};

Result<std::unique_ptr<Shop>> open_for_reading(const Context& context) {
  return Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
}

std::string_view state_word(const views::ReceiptRow& row) {
  switch (row.state) {
    case views::SealState::interrupted:
      return "interrupted";
    case views::SealState::signed_by_tse:
    case views::SealState::signed_rksv:
      return "signed";
    case views::SealState::unsigned_outage:
      return "UNSIGNED";
    case views::SealState::not_required:
      return "no TSE";
  }
  return "?";
}

Exit list(const Context& context, const Options& options) {
  auto shop = open_for_reading(context);
  if (!shop) return context.fail(shop.error());
  views::ReceiptFilter filter;
  if (!options.register_id.empty()) filter.register_id = options.register_id;
  std::size_t limit = 0;
  const char* end = options.limit.data() + options.limit.size();
  if (std::from_chars(options.limit.data(), end, limit).ptr != end || limit == 0 || limit > 100'000)
    return context.fail(invalid("E-CLI-104", "a limit is a number from 1 to 100000", "--limit"));
  const auto rows = (*shop)->receipts(filter, limit);
  if (!rows) return context.fail(rows.error());
  std::string text;
  json::Array list;
  for (const views::ReceiptRow& row : *rows) {
    text +=
        fmt::format("{:<22} {}  {:<9} {:>12}  {}\n", row.receipt_number, row.decided.print_minute(),
                    receipt_kind_text(row.kind), row.total.text(), state_word(row));
    json::Object item;
    item.set("receipt_number", row.receipt_number);
    item.set("register", row.register_id);
    item.set("at", row.decided.text());
    item.set("kind", receipt_kind_text(row.kind));
    item.set("total", row.total.text());
    item.set("state", state_word(row));
    list.push_back(std::move(item));
  }
  json::Object document;
  document.set("data", std::move(list));
  context.show(text.empty() ? "No receipt yet.\n" : text, document);
  return Exit::success;
}

enum class View { show, print, explain };

Exit one(const Context& context, const Options& options, View view) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  auto shop = open_for_reading(context);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto receipt = (*shop)->receipt(options.number);
  if (!receipt) return context.fail(receipt.error());
  const country::Country& country = (*shop)->country();
  if (view == View::explain) {
    std::string text;
    json::Array reasons;
    for (const country::Reason& reason : country.explain(*receipt)) {
      text += fmt::format("{}\n    {}\n    {}\n", reason.subject, reason.decision, reason.rule);
      json::Object item;
      item.set("subject", reason.subject);
      item.set("decision", reason.decision);
      item.set("rule", reason.rule);
      reasons.push_back(std::move(item));
    }
    json::Object document;
    document.set("receipt_number", receipt->plan.receipt_number);
    document.set("reasons", std::move(reasons));
    context.show(text, document);
    return Exit::success;
  }
  const auto text =
      receipt_text(*receipt, country, state->profile,
                   {.columns = *columns, .copy = view == View::print}, context.ansi());
  if (!text) return context.fail(text.error());
  json::Object document;
  document.set("receipt", receipt_document(*receipt, country, state->profile));
  context.show(*text, document);
  return Exit::success;
}

}  // namespace

void add_receipt(CommandLine& line, Context& context) {
  line.group("receipt", "Receipts: list, show, print again, explain");
  Options& options = line.own<Options>();
  line.command("receipt list", "List receipts, newest first")
      .example("siegel receipt list --register KASSE-01 --limit 20")
      .option("--register", options.register_id, "ID", "only this register")
      .option("--limit", options.limit, "N", "at most so many, default 50")
      .run([&] { return list(context, options); });
  line.command("receipt show", "Show a receipt")
      .example("siegel receipt show KASSE-01-000017 --json")
      .positional("number", options.number, "receipt number")
      .required()
      .option("--columns", options.columns, "N", "width, default 48")
      .run([&] { return one(context, options, View::show); });
  line.command("receipt print",
               "Print a receipt again, marked as copy: same numbers, same signature")
      .example("siegel receipt print KASSE-01-000017 --columns 42 > /dev/usb/lp0")
      .positional("number", options.number, "receipt number")
      .required()
      .option("--columns", options.columns, "N", "width, default 48")
      .run([&] { return one(context, options, View::print); });
  line.command("receipt explain", "Say which rule is behind each decision on a receipt")
      .example("siegel receipt explain KASSE-01-000017")
      .positional("number", options.number, "receipt number")
      .required()
      .run([&] { return one(context, options, View::explain); });
}

}  // namespace siegel::app
