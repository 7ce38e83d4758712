#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "app/commands.h"
#include "app/export_file.h"
#include "app/export_tar.h"
#include "app/outage_device.h"
#include "app/shop/shop.h"
#include "views/day_logs.h"
#include "views/messages.h"
#include "views/outage_codes.h"
#include "views/outage_events.h"

// What people do about failures: a printer or a till that was down, a TSE switched off; the log as
// BioBill's events and as dikasse's daily files.

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string device, reason, code, since, until, by, from, to, out, tse, register_id;
};

Result<std::unique_ptr<Shop>> open_shop(const Context& context, Shop::Mode mode) {
  return Shop::open({context.data, {}}, mode, {context.clock, context.random});
}
std::string_view word(const Context& context, std::string_view de, std::string_view en) {
  return context.german() ? de : en;
}
std::string actor_of(const Options& options) {
  return options.by.empty() ? "command line" : options.by;
}

Result<std::optional<Instant>> optional_instant(const std::string& text, const char* place) {
  if (text.empty()) return std::optional<Instant>();
  auto at = Instant::parse(text);
  if (!at) {
    Error error = at.error();
    error.place = place;
    return error;
  }
  return std::optional<Instant>(*at);
}

// ---- printers and whole tills -------------------------------------------------------------------

Exit add(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto run = [&]() -> Status {
    if (views::is_signing_device(options.device))
      return invalid("E-OUT-109",
                     "only printer:<name> and register:<id> are entered by hand; a TSE's outage is "
                     "recorded by itself",
                     "device");
    recorder::OutageReport report{
        .device = options.device, .code = options.code, .text = options.reason};
    if (report.code.empty())
      report.code = options.device.starts_with(views::printer_prefix) ? "E-PRN-302" : "E-OUT-201";
    SIEGEL_TRY(report.since, optional_instant(options.since, "--since"));
    SIEGEL_TRY(report.until, optional_instant(options.until, "--until"));
    return (*shop)->record(report, actor_of(options));
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("device", options.device);
  context.show(fmt::format("{}\n", word(context, "Vermerkt.", "Recorded.")), document);
  return Exit::success;
}

Exit end(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto done = (*shop)->record(
      recorder::OutageReport{.device = options.device, .ended = true, .code = {}, .text = {}},
      actor_of(options));
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("device", options.device);
  context.show(fmt::format("{}\n", word(context, "Vermerkt.", "Recorded.")), document);
  return Exit::success;
}

// ---- a TSE switched by a person -----------------------------------------------------------------

Exit switch_tse(const Context& context, const Options& options, TseSwitch::Mode mode) {
  auto shop = open_shop(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const std::string id, tse_id(state, options.tse));
    for (const auto& [serial, info] : state.tses)
      if (info.id == id)
        return (*shop)->record(
            TseSwitch{.tse_serial = serial, .mode = mode, .reason = options.reason},
            actor_of(options));
    return not_found("E-TSE-302", fmt::format("no TSE \"{}\" is in operation", id), "id");
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("mode", word_of(mode));
  std::string_view text;
  switch (mode) {
    case TseSwitch::Mode::on:
      text = word(context, "Die TSE ist eingeschaltet; sie wird benutzt, sobald sie antwortet.",
                  "The TSE is switched on; it is used as soon as it answers.");
      break;
    case TseSwitch::Mode::off:
      text = word(context,
                  "Die TSE ist ausgeschaltet. Bons tragen den Ausfallhinweis, der Ausfall ist "
                  "protokolliert.\nWieder einschalten: siegel tse on",
                  "The TSE is switched off. Receipts bear the failure note, the outage is on "
                  "record.\nSwitch it on again: siegel tse on");
      break;
    case TseSwitch::Mode::emergency:
      text = word(context,
                  "Notbetrieb: Die TSE wird nicht gerufen. Bons tragen den Ausfallhinweis, der "
                  "Ausfall ist protokolliert.\nBeenden: siegel tse on",
                  "Emergency operation: the TSE is not called. Receipts bear the failure note, the "
                  "outage is on record.\nEnd it: siegel tse on");
      break;
  }
  context.show(fmt::format("{}\n", text), document);
  return Exit::success;
}

// ---- other forms of the log ---------------------------------------------------------------------

Result<views::OutageFilter> filter_of(const recorder::State& state, const Options& options) {
  views::OutageFilter filter;
  SIEGEL_TRY(filter.first, optional_day(options.from, "--from"));
  SIEGEL_TRY(filter.last, optional_day(options.to, "--to"));
  if (filter.first && filter.last && *filter.last < *filter.first)
    return invalid("E-OUT-103", fmt::format("{} is after {}", options.from, options.to), "--to");
  if (!options.device.empty()) {
    SIEGEL_TRY(filter.device, outage_device(state, options.device));
  }
  return filter;
}

Exit events(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  std::uint64_t count = 0;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const views::OutageFilter filter, filter_of(state, options));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    SIEGEL_TRY_OK(views::visit_tse_events(*reader, filter, [&](const views::TseEvent& event) {
      if (context.json) {
        json::Object item;
        item.set("actor", event.actor);
        item.set("at", event.at.text());
        item.set("code", event.code);
        item.set("entry", static_cast<std::int64_t>(event.sequence.get()));
        item.set("event", views::tse_event);
        item.set("number", static_cast<std::int64_t>(event.number));
        item.set("register", event.register_id);
        item.set("serial", event.serial);
        item.set("text", views::word_of(event.text));
        item.set("value", event.value);
        context.write((count == 0 ? "{\"data\":[\n" : ",\n") + json::canonical(item));
      } else if (!context.quiet) {
        context.write(fmt::format("{}  {}  {} = {}  {}  {} {}\n", event.at.text(), views::tse_event,
                                  views::word_of(event.text), event.value, event.serial,
                                  event.register_id, event.code));
      }
      ++count;
      return Status(Ok{});
    }));
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  if (context.json) context.write(count == 0 ? "{\"data\":[]}\n" : "\n]}\n");
  return Exit::success;
}

Exit export_events(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  fs::path path = options.out.empty() ? "." : options.out;
  std::uint64_t rows = 0;
  const auto run = [&]() -> Result<Written> {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const views::OutageFilter filter, filter_of(state, options));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    path /= views::tse_events_file_name(*filter.first, *filter.last);
    return write_export(path, [&](Sink& sink) -> Status {
      SIEGEL_TRY(rows, views::export_tse_events(*reader, filter, sink));
      return Ok{};
    });
  };
  const auto written = run();
  if (!written) return context.fail(written.error());
  json::Object document;
  document.set("bytes", static_cast<std::int64_t>(written->bytes));
  document.set("file", path.string());
  document.set("rows", static_cast<std::int64_t>(rows));
  document.set("sha256", hex(written->sha256));
  context.show(fmt::format("{}: {} events\n", path.string(), rows), document);
  return Exit::success;
}

/// Lines of the days asked for, by file; a file is small: one register, one day.
Exit export_logs(const Context& context, const Options& options) {
  auto shop = open_shop(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const fs::path folder = options.out.empty() ? "." : options.out;
  std::map<std::string, std::string> files;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const views::OutageFilter filter, filter_of(state, options));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    SIEGEL_TRY(const auto plans, (*shop)->reader());
    std::set<std::string> registers;
    for (const auto& [id, reg] : state.registers) registers.insert(id);
    views::DayLogTeller teller(*plans);
    const auto take = [&](const views::LogLine& line) -> Status {
      const Date day = line.at.date();
      if (day < *filter.first || day > *filter.last ||
          (!options.register_id.empty() && line.register_id != options.register_id))
        return Ok{};
      files[views::day_log_name(line.log, day, line.register_id, registers)] +=
          views::text_of(line) + "\r\n";
      return Ok{};
    };
    SIEGEL_TRY(const journal::Head head, reader->head());
    for (std::uint64_t next = 1; next <= head.sequence.get();) {
      SIEGEL_TRY(const auto entries, reader->read(journal::Sequence(next), 2000));
      if (entries.empty()) break;
      for (const journal::Entry& entry : entries) SIEGEL_TRY_OK(teller.take(entry, take));
      next = entries.back().sequence.get() + 1;
    }
    for (const auto& [name, text] : files)
      SIEGEL_TRY_OK(
          write_export(folder / name, [&](Sink& sink) { return sink.write(bytes_of(text)); }));
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Array names;
  std::string text;
  for (const auto& [name, content] : files) {
    names.push_back(json::Value((folder / name).string()));
    text += (folder / name).string() + "\n";
  }
  json::Object document;
  document.set("files", std::move(names));
  context.show(text.empty() ? fmt::format("{}\n", word(context, "Nichts in diesem Zeitraum.",
                                                       "Nothing in this period."))
                            : text,
               document);
  return Exit::success;
}

void add_period(CommandLine::Command& command, Options& options) {
  command.option("--from", options.from, "DAY", "first day")
      .required()
      .option("--to", options.to, "DAY", "last day")
      .required()
      .option("--out,-o", options.out, "DIR", "where to put it, default here");
}

void add_switch(CommandLine& line, Context& context, Options& options) {
  using Mode = TseSwitch::Mode;
  const auto command = [&](const std::string& name, const std::string& summary, Mode mode) {
    auto& made = line.command("tse " + name, summary)
                     .example(mode == Mode::on
                                  ? "siegel tse on"
                                  : fmt::format("siegel tse {} --reason \"wird getauscht\"", name))
                     .positional("id", options.tse, "which TSE; may be left out if there is one")
                     .option("--reason", options.reason, "TEXT", "why; recorded");
    if (mode != Mode::on) made.required();
    made.option("--by", options.by, "NAME", "who does it").run([&context, &options, mode] {
      return switch_tse(context, options, mode);
    });
  };
  command("off", "Take a TSE out of use: receipts are marked, the outage is recorded", Mode::off);
  command("emergency", "Emergency operation (Notbetrieb): the TSE is not called", Mode::emergency);
  command("on", "Use the TSE again", Mode::on);
}

}  // namespace

void add_outage_acts(CommandLine& line, Context& context) {
  auto& options = line.own<Options>();
  line.command("outages add", "Record that a printer failed, or that a whole till was down")
      .example(R"(siegel outages add printer:Bondrucker --reason "kein Papier" --code E-PRN-301)")
      .example(
          "siegel outages add register:KASSE-01 --since 2026-11-20T17:00:00+01:00 "
          "--until 2026-11-20T18:30:00+01:00 --reason \"Stromausfall\"")
      .positional("device", options.device, "printer:<name> or register:<id>")
      .required()
      .option("--reason", options.reason, "TEXT", "what was wrong")
      .required()
      .option("--code", options.code, "CODE", "default E-PRN-302, of a till E-OUT-201")
      .option("--since", options.since, "TIME", "when it began, RFC 3339; default now")
      .option("--until", options.until, "TIME", "when it ended, if it is over")
      .option("--by", options.by, "NAME", "who says so")
      .run([&] { return add(context, options); });
  line.command("outages end", "Record that a printer or till works again")
      .example("siegel outages end printer:Bondrucker")
      .positional("device", options.device, "printer:<name> or register:<id>")
      .required()
      .option("--by", options.by, "NAME", "who says so")
      .run([&] { return end(context, options); });
  line.command("outages events", "The log as BioBill's events of a register (event 11)")
      .example("siegel outages events --from 2026-11-01 --to 2026-11-30")
      .option("--from", options.from, "DAY", "first day")
      .option("--to", options.to, "DAY", "last day")
      .option("--device", options.device, "ID", "only this TSE")
      .run([&] { return events(context, options); });
  auto& export_command =
      line.command("export events",
                   "BioBill's events of a period as CSV (Ereignisse_<from>_<to>.csv)")
          .example("siegel export events --from 2026-01-01 --to 2026-12-31 --out /media/stick");
  add_period(export_command.run([&] { return export_events(context, options); }), options);
  auto& logs =
      line.command(
              "export logs",
              "Daily log files of TSE and register (KDYYMMDD_TSE_KXnn.log, KDYYMMDD_DK_KXnn.log)")
          .example("siegel export logs --from 2026-11-01 --to 2026-11-30 --out logs");
  add_period(logs.run([&] { return export_logs(context, options); }), options);
  logs.option("--register", options.register_id, "ID", "only this register");
  add_switch(line, context, options);
}

}  // namespace siegel::app
