#include <fmt/format.h>

#include <algorithm>

#include "app/care/care.h"
#include "app/commands.h"
#include "app/export_tar.h"
#include "app/shop/shop.h"

// Looking after TSEs: siegel night, tse archive, tse checks, tse forecast, clock.

namespace siegel::app {
namespace {

struct Options {
  std::string name, time;
  bool full = false;
};

Result<std::unique_ptr<Shop>> open(const Context& context, Shop::Mode mode) {
  return Shop::open({context.data, {}}, mode, {context.clock, context.random});
}

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

json::Value document_of(const TseChecked& checked) {
  json::Object out;
  out.set("compared_up_to", number(checked.counter));
  json::Array findings;
  for (const TseChecked::Finding& finding : checked.findings) {
    json::Object item;
    item.set("code", finding.code);
    item.set("counter", number(finding.counter));
    item.set("detail", finding.detail);
    findings.push_back(std::move(item));
  }
  out.set("findings", std::move(findings));
  out.set("findings_total", number(checked.findings_total));
  out.set("how", word_of(checked.how));
  out.set("messages", number(checked.messages));
  out.set("pending", number(checked.pending.size()));
  return out;
}

void set_time(json::Object& out, std::string_view name, const std::optional<Instant>& at) {
  out.set(name, at ? json::Value(at->text()) : json::Value());
}

json::Object document_of(const views::Forecast& forecast) {
  json::Object out;
  out.set("bytes_a_day", number(forecast.bytes_a_day));
  set_time(out, "certificate_until", forecast.certificate_until);
  out.set("id", forecast.tse);
  set_time(out, "sampled",
           forecast.sampled == Instant() ? std::nullopt : std::optional(forecast.sampled));
  out.set("serial", forecast.serial);
  out.set("signatures_a_day", number(forecast.signatures_a_day));
  out.set("signatures_left", number(forecast.signatures_left));
  set_time(out, "signatures_used_up", forecast.signatures_used_up);
  out.set("storage_bytes", number(forecast.storage_bytes));
  set_time(out, "storage_full", forecast.storage_full);
  out.set("storage_used_bytes", number(forecast.storage_used_bytes));
  return out;
}

std::string day_of(const std::optional<Instant>& at) {
  return at ? at->text().substr(0, 10) : std::string("-");
}

std::string text_of(const views::Forecast& forecast, bool german) {
  if (forecast.sampled == Instant())
    return say(german, "TSE {}: noch nicht geprüft (siegel night)\n",
               "TSE {}: not checked yet (siegel night)\n", forecast.tse);
  return say(
      german, "TSE {}: Zertifikat bis {}, voll am {}, Signaturen bis {} ({} am Tag, noch {})\n",
      "TSE {}: certificate until {}, full on {}, signatures until {} ({} a day, {} left)\n",
      forecast.tse, day_of(forecast.certificate_until), day_of(forecast.storage_full),
      day_of(forecast.signatures_used_up), forecast.signatures_a_day, forecast.signatures_left);
}

std::string text_of(const TseNight& night, bool german) {
  if (night.error)
    return say(german, "TSE {}: nicht erreichbar: {} {}\n", "TSE {}: not reached: {} {}\n",
               night.tse.id, night.error->code, night.error->detail);
  std::string text =
      say(german,
          "TSE {}: {} Meldungen archiviert, {} Signaturen mit dem Journal verglichen, {} "
          "Auffälligkeiten{}\n",
          "TSE {}: {} messages archived, {} signatures compared with the journal, {} "
          "findings{}\n",
          night.tse.id, night.update.messages, night.checked.messages, night.checked.findings_total,
          night.update.complete || night.checked.findings_total != 0 ? ""
          : german ? "; das Archiv ist noch nicht vollständig"
                   : "; the archive is not complete yet");
  for (const TseChecked::Finding& finding : night.checked.findings)
    text += fmt::format("  {} {}\n", finding.code, finding.detail);
  if (night.tending) text += fmt::format("  {} {}\n", night.tending->code, night.tending->detail);
  for (const views::Reminder& reminder : night.reminders) {
    const views::Bilingual words = views::text_of(reminder, night.forecast);
    text += fmt::format("  {}\n", german ? words.de : words.en);
  }
  return text;
}

json::Value document_of(const TseNight& night) {
  json::Object out;
  json::Object archive;
  archive.set("complete", night.update.complete);
  archive.set("longest_call_ms", static_cast<std::int64_t>(night.update.longest_call.count()));
  archive.set("messages", number(night.update.messages));
  archive.set("pieces", number(night.update.pieces));
  out.set("archive", std::move(archive));
  out.set("checked", document_of(night.checked));
  if (night.error) {
    json::Object error;
    error.set("code", night.error->code);
    error.set("detail", night.error->detail);
    out.set("error", std::move(error));
  }
  out.set("forecast", document_of(night.forecast));
  out.set("id", night.tse.id);
  json::Array reminders;
  for (const views::Reminder& reminder : night.reminders) {
    json::Object item;
    item.set("at", reminder.at.text());
    item.set("days", reminder.days);
    item.set("end", views::word_of(reminder.end));
    item.set("id", reminder.id);
    reminders.push_back(std::move(item));
  }
  out.set("reminders", std::move(reminders));
  out.set("serial", night.tse.serial);
  return out;
}

Exit run_night(const Context& context, const Options& options) {
  auto shop = open(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto done =
      night(**shop, context.clock, {.full = options.full, .stop = {}}, "siegel night");
  if (!done) return context.fail(done.error());
  std::string text;
  json::Array rows;
  bool found = false;
  bool unreached = false;
  for (const TseNight& one : *done) {
    text += text_of(one, context.german());
    rows.push_back(document_of(one));
    found = found || one.checked.findings_total != 0;
    unreached = unreached || one.error || one.update.interrupted;
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text.empty()
                   ? (context.german() ? "Keine TSE in Betrieb.\n" : "No TSE is in operation.\n")
                   : text,
               document);
  return found ? Exit::findings : unreached ? Exit::degraded : Exit::success;
}

Exit run_archive(const Context& context, const Options& options) {
  auto shop = open(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto info = tse_info(*state, options.name);
  if (!info) return context.fail(info.error());
  auto archive = open_archive(**shop, *info);
  if (!archive) return context.fail(archive.error());
  archive::UpdateOptions fetching;
  fetching.full = options.full;
  const auto done = update_archive(**shop, *archive, *info, context.clock, fetching);
  if (!done) return context.fail(done.error());
  json::Object document;
  const archive::Manifest& manifest = archive->manifest();
  document.set("bytes", number(manifest.bytes()));
  document.set("complete", done->complete);
  document.set("folder", archive->folder().string());
  json::Array findings;
  std::string text;
  for (const archive::Finding& finding : done->findings) {
    findings.push_back(fmt::format("{} {}", finding.code, finding.detail));
    text += fmt::format("  {} {}\n", finding.code, finding.detail);
  }
  document.set("findings", std::move(findings));
  document.set("last_counter", number(manifest.last_counter()));
  document.set("messages", number(manifest.messages()));
  document.set("new", number(done->messages));
  document.set("pieces", number(manifest.pieces.size()));
  if (done->interrupted) {
    document.set("interrupted",
                 fmt::format("{} {}", done->interrupted->code, done->interrupted->detail));
    text += fmt::format("  interrupted: {} {}; what came is kept, the next time goes on\n",
                        done->interrupted->code, done->interrupted->detail);
  }
  context.show(fmt::format("{}: {} new messages, {} in all up to signature {}, {} bytes\n{}",
                           archive->folder().string(), done->messages, manifest.messages(),
                           manifest.last_counter(), manifest.bytes(), text),
               document);
  if (!done->findings.empty()) return Exit::findings;
  return done->complete ? Exit::success : Exit::try_again;
}

Exit run_forecast(const Context& context, const Options& options) {
  auto shop = open(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array rows;
  for (const auto& [serial, info] : state->tses) {
    if (state->retired(serial)) continue;
    if (!options.name.empty() && info.id != options.name && serial != options.name) continue;
    const auto care = state->care.find(serial);
    const views::Forecast seen =
        views::forecast(info, care == state->care.end() ? recorder::TseCare{} : care->second);
    text += text_of(seen, context.german());
    rows.push_back(document_of(seen));
  }
  if (rows.empty() && !options.name.empty())
    return context.fail(not_found(
        "E-TSE-302", fmt::format("no TSE \"{}\" is in operation", options.name), "--tse"));
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text, document);
  return Exit::success;
}

Exit run_checks(const Context& context, const Options& options) {
  auto shop = open(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array rows;
  for (const auto& [serial, info] : state->tses) {
    if (!options.name.empty() && info.id != options.name && serial != options.name) continue;
    const auto found = state->care.find(serial);
    const recorder::TseCare care = found == state->care.end() ? recorder::TseCare{} : found->second;
    json::Object row;
    row.set("id", info.id);
    row.set("serial", serial);
    const bool ever = care.checked_at != Instant();
    set_time(row, "checked_at", ever ? std::optional(care.checked_at) : std::nullopt);
    row.set("last", document_of(care.last));
    const bool bad = care.found_at != Instant();
    set_time(row, "found_at", bad ? std::optional(care.found_at) : std::nullopt);
    row.set("found", document_of(care.found));
    rows.push_back(std::move(row));
    text += ever ? fmt::format("TSE {}: checked at {}, compared up to signature {}\n", info.id,
                               care.checked_at.text(), care.last.counter)
                 : fmt::format("TSE {}: never checked: siegel night\n", info.id);
    if (bad)
      text += fmt::format("  {} findings at {} ({})\n", care.found.findings_total,
                          care.found_at.text(), word_of(care.found.how));
    for (const TseChecked::Finding& finding : care.found.findings)
      text += fmt::format("  {} {}\n", finding.code, finding.detail);
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text, document);
  return Exit::success;
}

Exit run_confirm(const Context& context, const Options& options) {
  std::optional<Instant> typed;
  auto shop = open(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  if (!options.time.empty()) {
    const auto at = Instant::parse(options.time);
    if (!at) return context.fail(at.error());
    typed = *at;
  }
  const auto done = (*shop)->confirm_clock(typed, "command line");
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("clock", done->clock.text());
  document.set("last", done->last.text());
  context.show(
      say(context.german(), "Die Uhrzeit {} gilt.\n", "The time {} holds.\n", done->clock.text()),
      document);
  return Exit::success;
}

}  // namespace

void add_care(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("night",
               "Look after the TSEs: archive, check against the journal, forecast. Exit 3 if "
               "something was found")
      .example("siegel night      (from a timer, every night)")
      .flag("--full", options.full, "also ask for everything at once where messages are missing")
      .run([&] { return run_night(context, options); });
  line.command("tse archive", "Fetch what is new on a TSE into the archive beside the shop")
      .example("siegel tse archive")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .flag("--full", options.full, "also ask for everything at once where messages are missing")
      .run([&] { return run_archive(context, options); });
  line.command("tse forecast", "When a TSE is full or its certificate ends")
      .example("siegel tse forecast --json")
      .positional("id", options.name, "which TSE; default all")
      .run([&] { return run_forecast(context, options); });
  line.command("tse checks", "What the last checks of the TSEs have found")
      .example("siegel tse checks")
      .positional("id", options.name, "which TSE; default all")
      .run([&] { return run_checks(context, options); });
  line.group("clock", "The machine's clock");
  line.command("clock confirm", "Say that the clock is right, after E-CLK-101")
      .example("siegel clock confirm")
      .example("siegel clock confirm --time 2026-11-23T08:00:00+01:00")
      .option("--time", options.time, "TIME", "what another clock shows now")
      .run([&] { return run_confirm(context, options); });
}

}  // namespace siegel::app
