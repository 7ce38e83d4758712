#include <fmt/format.h>

#include <charconv>

#include "app/commands.h"
#include "app/shop/cash_report.h"
#include "app/shop/closings.h"
#include "app/show.h"
#include "base/bytes.h"
#include "base/file.h"
#include "print/text/text.h"

// The end of a day: closing (Z), the sums so far (X), and cash reports of other programs.

namespace siegel::app {
namespace {

struct Options {
  std::string register_id, named, key, counted, count, day, note, number, file, columns = "48";
  bool month_end = false, not_month_end = false;
};

constexpr std::size_t request_bytes_max = 1U << 20U;

Result<json::Value> read_json(const std::string& file) {
  SIEGEL_TRY(const Bytes bytes, read_file(file == "-" ? "/dev/stdin" : file, request_bytes_max));
  return json::parse(text_of(bytes));
}

/// The register named, or the only one there is.
Result<RegisterId> register_of(Shop& shop, const Options& options) {
  const std::string& name = options.register_id.empty() ? options.named : options.register_id;
  if (!name.empty()) return RegisterId::parse(name);
  SIEGEL_TRY(const recorder::State state, shop.state());
  if (state.registers.size() == 1) return state.registers.begin()->second.info.id;
  return invalid("E-CLO-117", "which register? There is not exactly one", "--register");
}

Result<ClosingRequest> request_of(const Options& options) {
  ClosingRequest request;
  if (!options.counted.empty()) {
    SIEGEL_TRY(json::Value value, read_json(options.counted));
    if (value.array() != nullptr) {
      json::Object whole;
      whole.set("counted", std::move(value));
      value = std::move(whole);
    }
    SIEGEL_TRY(request, closing_from_request(value));
  }
  if (!options.count.empty()) {
    SIEGEL_TRY(const Money amount, Money::parse(options.count));
    if (!request.counted.empty())
      return invalid("E-CLO-118", "counted twice: --count or --counted", "--count");
    request.counted.push_back({.currency = {}, .amount = amount, .denominations = {}});
  }
  if (!options.day.empty()) {
    SIEGEL_TRY(request.business_day, Date::parse(options.day));
  }
  if (!options.note.empty()) request.note = options.note;
  return request;
}

/// The slip as text and the closing as document.
Result<std::string> slip(const Context& context, Shop& shop, const ClosingView& view,
                         const SelfCheck* check, bool copy, int columns) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  const Language language = context.german() ? Language::de : state.profile.language;
  SIEGEL_TRY(const print::Document paper,
             closing_paper(shop, view, {.language = language, .copy = copy, .check = check}));
  return print::render_text(paper, {.columns = columns, .ansi = context.ansi()});
}

Result<CloseDay> close_of(const Context& context, Shop& shop, const Options& options) {
  CloseDay close;
  SIEGEL_TRY(close.register_id, register_of(shop, options));
  SIEGEL_TRY(close.request, request_of(options));
  if (options.month_end && options.not_month_end)
    return invalid("E-AUT-108", "the month ends or it does not", "--month-end");
  if (options.month_end) close.last_of_month = true;
  if (options.not_month_end) close.last_of_month = false;
  close.key = options.key;
  if (close.key.empty()) {
    ByteArray<16> random{};
    context.random.fill(random);
    close.key = "close-" + hex(random);
  }
  close.actor = "command line";
  return close;
}

Exit close_day(const Context& context, const Options& options) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto close = close_of(context, **shop, options);
  if (!close) return context.fail(close.error());
  const auto closed = (*shop)->close_day(*close);
  if (!closed) return context.fail(closed.error());
  // Closed it is; what follows is shown, and checked, and cannot undo it.
  const auto view = load_closing_at(**shop, closed->sequence);
  if (!view) return context.fail(view.error());
  const auto check = self_check(**shop, *view);
  if (!check) return context.fail(check.error());
  const auto text = slip(context, **shop, *view, &*check, closed->replayed, *columns);
  if (!text) return context.fail(text.error());
  json::Object document = closing_json(*view, &*check);
  document.set("replayed", closed->replayed);
  std::string shown = *text;
  if (closed->replayed)
    shown += context.german() ? "\nMit diesem Schlüssel war der Tag schon abgeschlossen.\n"
                              : "\nThis day was closed with that key before.\n";
  if (closed->receipt) {
    const auto state = (*shop)->state();
    if (!state) return context.fail(state.error());
    const Receipt& made = *closed->receipt;
    const bool year = made.plan.kind == ReceiptKind::year;
    const auto printed = receipt_text(made, (*shop)->country(), state->profile,
                                      {.columns = *columns}, context.ansi());
    if (!printed) return context.fail(printed.error());
    document.set("receipt", receipt_document(made, (*shop)->country(), state->profile));
    shown += fmt::format(
        fmt::runtime(context.german() ? "\n{} {} erstellt.\n{}\n" : "\n{} {} made.\n{}\n"),
        year ? "Jahresbeleg" : "Monatsbeleg", made.plan.receipt_number,
        context.german()
            ? "Jetzt ist der beste Zeitpunkt für die Sicherung: siegel at backup ORDNER"
            : "Now is the best time to save the DEP: siegel at backup FOLDER");
    shown += *printed;
    if (made.seal && made.seal->outcome == Seal::Outcome::unsigned_outage)
      context.note(
          fmt::format("{}: no signature device answers. You may go on selling; receipts "
                      "are marked.\n",
                      made.seal->error_code));
  }
  context.show(shown, document);
  return check->report.count(verify::Severity::violation) == 0 ? Exit::success : Exit::findings;
}

Exit report_x(const Context& context, const Options& options) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto id = register_of(**shop, options);
  if (!id) return context.fail(id.error());
  const auto view = totals_so_far(**shop, *id, context.clock.now().wall);
  if (!view) return context.fail(view.error());
  const auto text = slip(context, **shop, *view, nullptr, false, *columns);
  if (!text) return context.fail(text.error());
  context.show(*text, closing_json(*view, nullptr));
  return Exit::success;
}

Exit report_z(const Context& context, const Options& options) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  std::uint64_t number = 0;
  if (!options.number.empty()) {
    const char* end = options.number.data() + options.number.size();
    const auto read = std::from_chars(options.number.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number == 0)
      return context.fail(invalid("E-CLO-115", "a closing's number is 1 or more", "--number"));
  }
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto id = register_of(**shop, options);
  if (!id) return context.fail(id.error());
  const auto view = load_closing(**shop, *id, number);
  if (!view) return context.fail(view.error());
  const auto check = self_check(**shop, *view);
  if (!check) return context.fail(check.error());
  const auto text = slip(context, **shop, *view, &*check, true, *columns);
  if (!text) return context.fail(text.error());
  context.show(*text, closing_json(*view, &*check));
  return check->report.count(verify::Severity::violation) == 0 ? Exit::success : Exit::findings;
}

Exit book_report(const Context& context, const Options& options) {
  const auto value = read_json(options.file);
  if (!value) return context.fail(value.error());
  const auto report = cash_report_from_request(*value);
  if (!report) return context.fail(report.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto booked = book_cash_report(**shop, *report, "cash report");
  if (!booked) return context.fail(booked.error());
  std::string text;
  json::Array rows;
  bool all = true;
  for (const OrderBooked& order : *booked) {
    json::Object row;
    row.set("key", order.key);
    if (order.answer) {
      row.set("receipt_number", order.answer->receipt.plan.receipt_number);
      row.set("replayed", order.answer->replayed);
      text += fmt::format("{:<20} {}\n", order.key, order.answer->receipt.plan.receipt_number);
    } else {
      all = false;
      row.set("code", order.answer.error().code);
      row.set("detail", order.answer.error().detail);
      text += fmt::format("{:<20} {} {}\n", order.key, order.answer.error().code,
                          order.answer.error().detail);
    }
    rows.push_back(std::move(row));
  }
  json::Object document;
  document.set("orders", std::move(rows));
  context.show(text, document);
  return all ? Exit::success : Exit::failed;
}

}  // namespace

void add_closing(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("close",
               "End the day of a register (Z); Austria: at a month's end with its Monatsbeleg")
      .example("siegel close --count 910.40")
      .example("siegel close KASSE-01 --counted drawer.json")
      .example("siegel close KASSE-01 --month-end     (Austria: the shop is closed tomorrow)")
      .positional("register", options.register_id,
                  "which register; may be left out if there is one")
      .option("--register", options.named, "ID", "the same")
      .option("--count", options.count, "AMOUNT", "what lies in the drawer")
      .option("--counted", options.counted, "FILE",
              "notes and coins as JSON, - reads it from stdin: {\"counted\": [{\"currency\", "
              "\"denominations\": [{\"value\", \"count\"}]}], \"note\"}")
      .option("--day", options.day, "DATE", "business day, if it is not today (night trade)")
      .option("--note", options.note, "TEXT", "a remark that is printed and kept")
      .option("--key", options.key, "KEY", "idempotency key: repeating it closes nothing twice")
      .flag("--month-end", options.month_end, "Austria: it is the month's last business day")
      .flag("--not-month-end", options.not_month_end, "it is not, although the month ends")
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .run([&] { return close_day(context, options); });
  line.group("report", "Sums of the day and of closings, messages to the tax office");
  line.command("report x", "The sums so far; nothing is closed")
      .example("siegel report x --register KASSE-01")
      .option("--register", options.named, "ID", "which register")
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .run([&] { return report_x(context, options); });
  line.command("report z", "A closing again, checked again, marked as a copy")
      .example("siegel report z --number 17")
      .option("--register", options.named, "ID", "which register")
      .option("--number", options.number, "N", "its number; the latest if left out")
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .run([&] { return report_z(context, options); });
  line.group("cash", "Cash reports of other programs");
  line.command("cash report", "Book the orders of a cash report that another program made")
      .example("siegel cash report settlement.json")
      .positional("file", options.file,
                  "{\"register\", \"orders\": [{\"key\", \"what\": \"difference\" | \"bank\" | "
                  "\"template\", \"text\", \"amount\"}]}; - reads it from stdin")
      .required()
      .run([&] { return book_report(context, options); });
}

}  // namespace siegel::app
