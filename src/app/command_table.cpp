#include <fmt/format.h>

#include <charconv>

#include "app/commands.h"
#include "app/sale_lines.h"
#include "app/shop/tables.h"
#include "app/show.h"
#include "base/bytes.h"
#include "base/file.h"
#include "recorder/tables.h"

// Tables, parked and forwarded receipts (docs/how-to/tables.md).

namespace siegel::app {
namespace {

using What = recorder::TableAct::What;

struct Options {
  std::string register_id, party, to, key, seat, share, cash, card, cashier, file;
  std::string columns = "48";
  std::vector<std::string> items, take;
  bool new_party = false;
};

constexpr std::size_t request_bytes_max = 1U << 20U;

Result<RegisterId> register_of(const recorder::State& state, const Options& options) {
  if (!options.register_id.empty()) return RegisterId::parse(options.register_id);
  if (state.registers.size() == 1) return state.registers.begin()->second.info.id;
  return invalid("E-CLO-117", "which register? There is not exactly one", "--register");
}

/// "3" or "3:0.5": an item, and how much of it.
Result<recorder::Selection::Item> taken_item(const std::string& text, std::size_t index) {
  const std::string place = fmt::format("--take {}", index + 1);
  const auto colon = text.find(':');
  const std::string id = text.substr(0, colon);
  recorder::Selection::Item item;
  const auto read = std::from_chars(id.data(), id.data() + id.size(), item.id);
  if (read.ec != std::errc() || read.ptr != id.data() + id.size())
    return invalid("E-TBL-103", fmt::format("\"{}\" is not ITEM or ITEM:QUANTITY", text), place);
  if (colon != std::string::npos) {
    SIEGEL_TRY(item.quantity, Quantity::parse(std::string_view(text).substr(colon + 1)));
  }
  return item;
}

Status add_payments(const Options& options, ReceiptDraft& draft) {
  const auto add = [&](PaymentKind kind, const std::string& text) -> Status {
    if (text.empty()) return Ok{};
    PaymentDraft payment;
    payment.kind = kind;
    SIEGEL_TRY(payment.amount, Money::parse(text));
    draft.payments.push_back(std::move(payment));
    return Ok{};
  };
  SIEGEL_TRY_OK(add(PaymentKind::bar, options.cash));
  return add(PaymentKind::ec_karte, options.card);
}

Result<recorder::TableAct> act_of(const Context& context, const recorder::State& state, What what,
                                  const Options& options) {
  recorder::TableAct act;
  SIEGEL_TRY(act.register_id, register_of(state, options));
  act.what = what;
  act.key = options.key;
  if (act.key.empty()) {
    ByteArray<16> random{};
    context.random.fill(random);
    act.key = "table-" + hex(random);
  }
  act.party = options.party;
  act.to = options.to;
  act.new_party = options.new_party;
  act.draft.cashier = options.cashier;
  (what == What::order ? act.seat : act.selection.seat) = options.seat;
  for (std::size_t i = 0; i < options.items.size(); ++i) {
    SIEGEL_TRY(LineDraft line, item_line(options.items[i], i));
    act.draft.lines.push_back(std::move(line));
  }
  for (std::size_t i = 0; i < options.take.size(); ++i) {
    SIEGEL_TRY(const auto item, taken_item(options.take[i], i));
    act.selection.items.push_back(item);
  }
  if (!options.share.empty()) {
    const char* end = options.share.data() + options.share.size();
    const auto read = std::from_chars(options.share.data(), end, act.selection.share);
    if (read.ec != std::errc() || read.ptr != end || act.selection.share < 1)
      return invalid("E-TBL-106", "a bill is shared by one person or more", "--share");
  }
  SIEGEL_TRY_OK(add_payments(options, act.draft));
  act.fingerprint = fingerprint_of(act);
  return act;
}

std::string party_text(const Party& party, bool german) {
  std::string text = fmt::format(
      fmt::runtime(german ? "{} Tisch {} Kasse {} seit {}, offen {}{}{}\n"
                          : "{} table {} register {} since {}, open {}{}{}\n"),
      party.circle(), party.table.empty() ? "-" : party.table, party.register_id.text(),
      party.first_order.text(), party.open().text(),
      !party.parked ? ""
      : german      ? ", geparkt"
                    : ", parked",
      party.forwarded_from.empty()
          ? std::string()
          : fmt::format(fmt::runtime(german ? ", von {}" : ", from {}"), party.forwarded_from));
  for (const OpenItem& item : party.items)
    text +=
        fmt::format("  {:>4}  {:>8} x {:<28} {:>10}{}\n", item.id, item.open.text(), item.line.text,
                    item.total.text(), item.seat.empty() ? std::string() : "  [" + item.seat + "]");
  return text;
}

Exit show_done(const Context& context, Shop& shop, const TableDone& done, const RegisterId& at,
               const std::string& party, const Options& options) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  const auto state = shop.state();
  if (!state) return context.fail(state.error());
  json::Object document;
  document.set("replayed", done.replayed);
  std::string text;
  if (done.receipt) {
    const auto printed = receipt_text(*done.receipt, shop.country(), state->profile,
                                      {.columns = *columns}, context.ansi());
    if (!printed) return context.fail(printed.error());
    text += *printed;
    document.set("receipt", receipt_document(*done.receipt, shop.country(), state->profile));
  }
  if (const auto found = recorder::find_party(*state, party, at)) {
    text += party_text(**found, context.german());
    document.set("party", party_json(**found));
  }
  context.show(text, document);
  return Exit::success;
}

Exit perform(const Context& context, What what, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto act = act_of(context, *state, what, options);
  if (!act) return context.fail(act.error());
  const auto done = (*shop)->table(*act, "command line");
  if (!done) return context.fail(done.error());
  const bool elsewhere = what == What::move || what == What::merge;
  return show_done(context, **shop, *done, act->register_id, elsewhere ? options.to : options.party,
                   options);
}

Exit perform_file(const Context& context, const Options& options) {
  const auto bytes =
      read_file(options.file == "-" ? "/dev/stdin" : options.file, request_bytes_max);
  if (!bytes) return context.fail(bytes.error());
  const auto value = json::parse(text_of(*bytes));
  if (!value) return context.fail(value.error());
  auto act = table_act_from_request(*value);
  if (!act) return context.fail(act.error());
  if (act->key.empty()) {
    ByteArray<16> random{};
    context.random.fill(random);
    act->key = "table-" + hex(random);
  }
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto done = (*shop)->table(*act, "command line");
  if (!done) return context.fail(done.error());
  return show_done(context, **shop, *done, act->register_id, act->party, options);
}

Exit show(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array rows;
  for (const auto& [circle, party] : state->parties) {
    if (!options.party.empty() && circle != options.party && party.table != options.party) continue;
    text += party_text(party, context.german());
    rows.push_back(party_json(party));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(
      text.empty() ? (context.german() ? "Nichts ist offen.\n" : "Nothing is open.\n") : text,
      document);
  return Exit::success;
}

CommandLine::Command& common(CommandLine::Command& command, Options& options) {
  return command.option("--register", options.register_id, "ID", "which register")
      .option("--key", options.key, "KEY", "idempotency key")
      .option("--cashier", options.cashier, "NAME", "who serves")
      .option("--columns", options.columns, "N", "width of the print, default 48");
}

}  // namespace

void add_table(CommandLine& line, Context& context) {
  line.group("table", "Tables, parked and forwarded receipts");
  Options& options = line.own<Options>();
  const auto party = [&](CommandLine::Command& command, const char* help) -> CommandLine::Command& {
    return command.positional("party", options.party, help).required();
  };
  const char* const who = "table, or Abrechnungskreis (siegel table show)";
  common(party(line.command("table order", "Order at a table; begins a party if nobody sits there")
                   .example("siegel table order 7 --item \"Pils:2:4.90:A\"")
                   .example("siegel table order 7 --take 3:1       (takes one of item 3 back)"),
               who),
         options)
      .list("--item", options.items, "TEXT:QUANTITY:PRICE:VAT", "what is ordered")
      .list("--take", options.take, "ITEM[:QUANTITY]", "an item that is cancelled")
      .option("--seat", options.seat, "TEXT", "who orders")
      .flag("--new-party", options.new_party, "another party at the same table")
      .run([&] { return perform(context, What::order, options); });
  line.command("table show", "Show what is open")
      .example("siegel table show 7")
      .positional("party", options.party, "table or Abrechnungskreis; all if left out")
      .run([&] { return show(context, options); });
  common(
      party(line.command("table settle", "The bill, or a part of it")
                .example("siegel table settle 7 --cash 20")
                .example("siegel table settle 7 --take 1 --take 3:0.5 --card 9.80")
                .example("siegel table settle 7 --share 3 --cash 10   (three have not paid yet)"),
            who),
      options)
      .list("--take", options.take, "ITEM[:QUANTITY]", "items on this bill; all if left out")
      .option("--seat", options.seat, "TEXT", "what one person ordered")
      .option("--share", options.share, "N", "one person's share, N have not paid yet")
      .list("--item", options.items, "TEXT:QUANTITY:PRICE:VAT", "what comes on top of the orders")
      .option("--cash", options.cash, "AMOUNT", "given in cash")
      .option("--card", options.card, "AMOUNT", "paid by debit card")
      .run([&] { return perform(context, What::settle, options); });
  common(party(line.command("table split", "Make items a party of their own")
                   .example("siegel table split 7 --take 1 --take 4 --to 8"),
               who),
         options)
      .list("--take", options.take, "ITEM[:QUANTITY]", "the items")
      .option("--seat", options.seat, "TEXT", "what one person ordered")
      .option("--share", options.share, "N", "one share of N")
      .option("--to", options.to, "TABLE", "where they go; the same table if left out")
      .run([&] { return perform(context, What::split, options); });
  struct Simple {
    const char* path;
    const char* summary;
    const char* example;
    const char* to;
    What what;
  };
  for (const Simple& one :
       {Simple{"table move", "Move a party to another table", "siegel table move 7 9",
               "to this table", What::move},
        Simple{"table merge", "A party joins another", "siegel table merge 7 9",
               "the party it joins", What::merge},
        Simple{"table forward", "Hand a receipt over to another register, once",
               "siegel table forward 7 KASSE-02", "the register", What::forward}})
    common(party(line.command(one.path, one.summary).example(one.example), who), options)
        .positional("to", options.to, one.to)
        .required()
        .run([&context, &options, what = one.what] { return perform(context, what, options); });
  common(party(line.command("table park", "Park a receipt").example("siegel table park 7"), who),
         options)
      .run([&] { return perform(context, What::park, options); });
  common(party(line.command("table unpark", "Take a parked receipt up again")
                   .example("siegel table unpark 7"),
               who),
         options)
      .run([&] { return perform(context, What::unpark, options); });
  line.command("table act", "The same from a JSON file, as a till sends it")
      .example("siegel table act order.json")
      .positional("file", options.file, "the request, - reads it from stdin")
      .required()
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .run([&] { return perform_file(context, options); });
}

}  // namespace siegel::app
