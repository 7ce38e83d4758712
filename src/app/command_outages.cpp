#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "app/commands.h"
#include "app/export_file.h"
#include "app/outage_device.h"
#include "app/outages_pdf.h"
#include "app/shop/shop.h"
#include "views/outage_codes.h"
#include "views/outages.h"

// The failure log: looked at, added to, handed to an auditor.

namespace siegel::app {
namespace {

using views::Outage;
using views::OutageEvent;
using views::OutageRow;

struct Options {
  std::string from, to, device, number, out, reason, by;
  std::vector<std::string> steps;
  bool full = false, json_form = false, pdf = false;
};

std::string_view word(const Context& context, std::string_view de, std::string_view en) {
  return context.german() ? de : en;
}

Result<views::OutageFilter> filter_of(Shop& shop, const Options& options) {
  views::OutageFilter filter;
  SIEGEL_TRY(filter.first, optional_day(options.from, "--from"));
  SIEGEL_TRY(filter.last, optional_day(options.to, "--to"));
  if (filter.first && filter.last && *filter.last < *filter.first)
    return invalid("E-OUT-103", fmt::format("{} is after {}", options.from, options.to), "--to");
  if (!options.device.empty()) {
    SIEGEL_TRY(const recorder::State state, shop.state());
    SIEGEL_TRY(filter.device, outage_device(state, options.device));
  }
  if (!options.number.empty()) {
    SIEGEL_TRY(filter.number, outage_number(options.number));
  }
  return filter;
}

Result<std::unique_ptr<Shop>> open_shop(const Context& context, Shop::Mode mode) {
  return Shop::open({context.data, {}}, mode, {context.clock, context.random});
}

// ---- list ---------------------------------------------------------------------------------------

std::string json_of(const Outage& outage) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  json::Object item;
  item.set("code", outage.code);
  item.set("device", outage.device);
  item.set("late_signatures", number(outage.late_signatures));
  item.set("manufacturer", outage.manufacturer);
  item.set("notes", number(outage.notes));
  item.set("number", number(outage.number));
  item.set("receipts", number(outage.receipts));
  item.set("serial", outage.serial);
  item.set("since", outage.since.text());
  item.set("starts", number(outage.starts));
  item.set("text", outage.text);
  item.set("until", outage.until ? json::Value(outage.until->text()) : json::Value());
  return json::canonical(item);
}

std::string text_of_outage(const Context& context, const Outage& outage) {
  const views::OutageCode code = views::outage_code(outage.code);
  const Language language = context.shown_language();
  return fmt::format(
      "{} {}: {} {}\n  {} - {}\n  {} {}\n  {}: {}, {}: {}\n{}", word(context, "Ausfall", "Outage"),
      outage.number, word(context, "von", "of"), outage.device, outage.since.text(),
      outage.until ? outage.until->text() : std::string(word(context, "dauert an", "goes on")),
      outage.code, code.cause.in(language).empty() ? outage.text : code.cause.in(language),
      word(context, "Belege ohne Signatur", "receipts without signature"), outage.receipts,
      word(context, "Notizen", "notes"), outage.notes,
      outage.until ? std::string() : fmt::format("  -> {}\n", code.remedy.in(language)));
}

/// With --json one object a line, as they come; the document is whole when the command succeeds.
Exit list(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto filter = filter_of(**shop, options);
  if (!filter) return context.fail(filter.error());
  auto reader = (*shop)->reader();
  if (!reader) return context.fail(reader.error());
  std::uint64_t count = 0;
  const auto head = views::list_outages(**reader, *filter, [&](const Outage& outage) -> Status {
    if (context.json)
      context.write((count == 0 ? "{\"data\":[\n" : ",\n") + json_of(outage));
    else if (!context.quiet)
      context.write(text_of_outage(context, outage));
    ++count;
    return Ok{};
  });
  if (!head) return context.fail(head.error());
  if (context.json) context.write(count == 0 ? "{\"data\":[]}\n" : "\n]}\n");
  if (count == 0 && !context.json && !context.quiet)
    context.write(fmt::format("{}\n", word(context, "Kein Ausfall.", "No outage.")));
  return Exit::success;
}

// ---- show ---------------------------------------------------------------------------------------

std::string_view event_text(const Context& context, OutageEvent event) {
  switch (event) {
    case OutageEvent::began:
      return word(context, "Beginn", "began");
    case OutageEvent::receipt:
      return word(context, "Beleg", "receipt");
    case OutageEvent::start:
      return word(context, "Vorgang", "Vorgang");
    case OutageEvent::late_signature:
      return word(context, "Signatur gefunden", "signature found");
    case OutageEvent::note:
      return word(context, "Notiz", "note");
    case OutageEvent::ended:
      return word(context, "Ende", "ended");
    case OutageEvent::switched:
      return word(context, "Geschaltet", "switched");
  }
  return {};
}

std::string text_of_row(const Context& context, const OutageRow& row) {
  std::string text = fmt::format("{}  {}", row.at.text(), event_text(context, row.event));
  const auto add = [&](const std::string& value) {
    if (!value.empty()) text += "  " + value;
  };
  if (row.event == OutageEvent::began) {
    add(row.code);
    add(row.text);
  }
  if (row.receipt != 0) add(fmt::format("{}.", row.receipt));
  add(row.receipt_number);
  add(row.vorgang);
  add(row.register_id);
  add(row.cashier);
  if (row.transaction != 0)
    add(fmt::format("{} {}", word(context, "Transaktion", "transaction"), row.transaction));
  if (row.event == OutageEvent::ended)
    add(fmt::format("{} {}", row.receipts,
                    word(context, "Belege ohne Signatur", "receipts without signature")));
  if (row.event == OutageEvent::note) {
    add(row.actor);
    add(row.reason);
    for (const std::string& step : row.steps) text += fmt::format("\n    - {}", step);
  }
  return text + "\n";
}

Exit show(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto filter = filter_of(**shop, options);
  if (!filter) return context.fail(filter.error());
  auto reader = (*shop)->reader();
  if (!reader) return context.fail(reader.error());
  const Language language = context.shown_language();
  std::uint64_t count = 0;
  const auto head = views::visit_outages(**reader, *filter, [&](const OutageRow& row) -> Status {
    if (context.json) {
      context.write((count == 0 ? "{\"data\":[\n" : ",\n") + views::to_json(row));
    } else if (!context.quiet) {
      if (row.event == OutageEvent::began) {
        const views::OutageCode code = views::outage_code(row.code);
        context.write(fmt::format("{} {} ({} {})\n{}: {}\n{}\n-> {}\n\n", row.device, row.number,
                                  row.manufacturer, row.serial, row.code, code.cause.in(language),
                                  code.law.in(language), code.remedy.in(language)));
      }
      context.write(text_of_row(context, row));
    }
    ++count;
    return Ok{};
  });
  if (!head) return context.fail(head.error());
  if (count == 0)
    return context.fail(not_found(
        "E-OUT-101", fmt::format("no outage {} of {}", options.number, options.device), "number"));
  if (context.json) context.write("\n]}\n");
  return Exit::success;
}

// ---- note, codes, export ------------------------------------------------------------------------

Exit note(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const views::OutageFilter filter, filter_of(**shop, options));
    return (*shop)->record(OutageNote{.tse_serial = *filter.device,
                                      .number = *filter.number,
                                      .reason = options.reason,
                                      .steps = options.steps},
                           options.by.empty() ? "command line" : options.by);
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("device", options.device);
  document.set("number", options.number);
  context.show(fmt::format("{}\n", word(context, "Notiert.", "Noted.")), document);
  return Exit::success;
}

Exit codes(const Context& context) {
  if (!context.json) {
    context.write(views::outage_codes_page());
    return Exit::success;
  }
  const auto texts = [](const views::OutageText& text) {
    json::Object both;
    both.set("de", text.de);
    both.set("en", text.en);
    return both;
  };
  json::Array rows;
  for (const std::string_view code : views::outage_codes()) {
    const views::OutageCode row = views::outage_code(code);
    json::Object item;
    item.set("cause", texts(row.cause));
    item.set("code", row.code);
    item.set("law", texts(row.law));
    item.set("remedy", texts(row.remedy));
    rows.emplace_back(std::move(item));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show({}, document);
  return Exit::success;
}

Exit export_log(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto form = options.json_form ? views::OutageForm::json
                    : options.pdf     ? views::OutageForm::pdf
                    : options.full    ? views::OutageForm::csv_full
                                      : views::OutageForm::csv;
  views::OutagesExported exported;
  std::filesystem::path path = options.out.empty() ? "." : options.out;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const views::OutageFilter filter, filter_of(**shop, options));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    path /= views::outages_file_name(*filter.first, *filter.last, form);
    SIEGEL_TRY_OK(write_export(path, [&](Sink& sink) -> Status {
      if (form == views::OutageForm::pdf) {
        SIEGEL_TRY(exported, export_outages_pdf(*reader, filter, context.shown_language(), sink));
        return Ok{};
      }
      SIEGEL_TRY(exported, views::export_outages(*reader, filter, form, sink));
      return Ok{};
    }));
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("bytes", static_cast<std::int64_t>(exported.bytes));
  document.set("file", path.string());
  document.set("head", static_cast<std::int64_t>(exported.head.sequence.get()));
  document.set("receipts", static_cast<std::int64_t>(exported.receipts));
  document.set("rows", static_cast<std::int64_t>(exported.rows));
  document.set("sha256", hex(exported.sha256));
  context.show(fmt::format("{}: {} records, {} receipts without signature, {} bytes, SHA-256 {}\n",
                           path.string(), exported.rows, exported.receipts, exported.bytes,
                           hex(exported.sha256)),
               document);
  return Exit::success;
}

}  // namespace

void add_outages(CommandLine& line, Context& context) {
  line.group("outages", "The failure log of TSEs and signature devices");
  line.group("export", "Hand data to an auditor");
  auto& options = line.own<Options>();
  line.command("outages list", "Every outage: since when, why, how many receipts, what to do")
      .example("siegel outages list")
      .example("siegel outages list --from 2026-11-01 --to 2026-11-30 --json")
      .option("--from", options.from, "DAY", "outages with a part on or after this day")
      .option("--to", options.to, "DAY", "... on or before this day")
      .option("--device", options.device, "ID", "TSE (id or serial) or signature device")
      .run([&] { return list(context, options); });
  line.command("outages show", "Everything recorded of one outage, what it means and what to do")
      .example("siegel outages show tse-1 3")
      .positional("device", options.device, "TSE (id or serial) or signature device")
      .required()
      .positional("number", options.number, "number of the outage")
      .required()
      .run([&] { return show(context, options); });
  line.command("outages note", "Add reason and steps to an outage; its record stays as it is")
      .example(R"(siegel outages note tse-1 3 --reason "Stecker war lose" --step "getauscht")")
      .positional("device", options.device, "TSE (id or serial) or signature device")
      .required()
      .positional("number", options.number, "number of the outage")
      .required()
      .option("--reason", options.reason, "TEXT", "the cause in your words")
      .list("--step", options.steps, "TEXT", "what was done; may be given several times")
      .option("--by", options.by, "NAME", "who says so")
      .run([&] { return note(context, options); });
  line.command("outages codes", "What each code of the log means, in German and English")
      .example("siegel outages codes")
      .run([&] { return codes(context); });
  line.command("export outages",
               "Write the failure log of a period (Ausfallbelege_<from>_<to>.csv)")
      .example("siegel export outages --from 2026-01-01 --to 2026-12-31 --out /media/stick")
      .option("--from", options.from, "DAY", "first day")
      .required()
      .option("--to", options.to, "DAY", "last day")
      .required()
      .option("--out,-o", options.out, "DIR", "where to put the file, default here")
      .option("--device", options.device, "ID", "only this TSE or signature device")
      .flag("--full", options.full, "every event with every column")
      .flag("--as-json", options.json_form, "every event as JSON instead of CSV")
      .flag("--as-pdf", options.pdf, "every event as PDF, with what the codes mean")
      .run([&] { return export_log(context, options); });
}

}  // namespace siegel::app
