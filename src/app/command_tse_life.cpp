#include <fmt/format.h>

#include <fmt/ranges.h>

#include "app/care/care.h"
#include "app/commands.h"
#include "app/export_tar.h"
#include "app/shop/shop.h"

// Which TSE serves which register, and the end of a TSE: tse list, map, unmapped, replace, retire.

namespace siegel::app {
namespace {

struct Options {
  std::string name, register_id, tse, with, new_id, reason;
  bool lost = false, keep_open = false;
};

Result<std::unique_ptr<Shop>> open(const Context& context, Shop::Mode mode) {
  return Shop::open({context.data, {}}, mode, {context.clock, context.random});
}

json::Array strings(const std::vector<std::string>& list) {
  json::Array out;
  for (const std::string& one : list) out.push_back(one);
  return out;
}

Exit run_list(const Context& context) {
  auto shop = open(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const bool german = context.german();
  std::string text;
  json::Array rows;
  for (const auto& [serial, info] : state->tses) {
    const TseUse use = use_of(*state, serial);
    const std::vector<std::string> registers = registers_of(*state, serial);
    json::Object row;
    row.set("certified", info.certified);
    row.set("id", info.id);
    row.set("registers", strings(registers));
    row.set("serial", serial);
    row.set("use", word_of(use));
    std::string more;
    if (use == TseUse::retired) {
      const recorder::TseCare& care = state->care.at(serial);
      row.set("retired_at", care.retired_at.text());
      row.set("retired_reason", care.retired->reason);
      row.set("successor", care.retired->successor);
      more = say(german, "außer Betrieb seit {}: {}", "out of operation since {}: {}",
                 care.retired_at.text().substr(0, 10), care.retired->reason);
    } else if (use == TseUse::spare) {
      more = german ? "Ersatzgerät" : "spare";
    } else if (use == TseUse::backup) {
      more = german ? "Reserve bei Störung einer anderen" : "backup while another is disturbed";
    } else {
      more = say(german, "in Betrieb für {}", "in use by {}", fmt::join(registers, ", "));
    }
    text += fmt::format("{:<12} {}  {}\n", info.id, serial.substr(0, 16), more);
    rows.push_back(std::move(row));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text.empty() ? "No TSE yet: siegel tse create\n" : text, document);
  return Exit::success;
}

Exit run_unmapped(const Context& context) {
  auto shop = open(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array rows;
  for (const RegisterInfo& info : unmapped(*state)) {
    json::Object row;
    row.set("id", info.id.text());
    row.set("name", info.name);
    rows.push_back(std::move(row));
    text += fmt::format("{:<20} {}\n", info.id.text(), info.name);
  }
  json::Object document;
  document.set("data", std::move(rows));
  if (text.empty())
    text = context.german() ? "Jede Kasse hat ihre TSE.\n" : "Every register has its TSE.\n";
  context.show(text, document);
  return Exit::success;
}

Exit run_map(const Context& context, const Options& options) {
  const auto id = RegisterId::parse(options.register_id);
  if (!id) return context.fail(id.error());
  // While another process serves the tills it holds the folder: E-DAT-001, stop it first (BIO-044).
  auto shop = open(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto reg = state->registers.find(id->text());
  if (reg == state->registers.end())
    return context.fail(
        not_found("E-REG-104", fmt::format("register {} is not known", id->text()), "register"));
  const auto tse = tse_info(*state, options.tse);
  if (!tse) return context.fail(tse.error());
  RegisterInfo info = reg->second.info;
  info.tse_serial = tse->serial;
  std::erase(info.backup_tses, tse->serial);
  if (const auto done = (*shop)->add_register(info, true, "command line"); !done)
    return context.fail(done.error());
  const auto after = (*shop)->state();
  if (!after) return context.fail(after.error());
  const std::size_t left = unmapped(*after).size();
  // A register moves between two closings, unless its TSE is disturbed [recorder/masters.h].
  const bool later = after->registers.at(id->text()).info.tse_serial != tse->serial;
  json::Object document;
  document.set("after_closing", later);
  document.set("register", id->text());
  document.set("tse", tse->id);
  document.set("tse_serial", tse->serial);
  document.set("unmapped", static_cast<std::int64_t>(left));
  if (later) {
    context.show(say(context.german(), "Kasse {} geht mit ihrem nächsten Abschluss an TSE {}.\n",
                     "Register {} goes to TSE {} with its next closing.\n", id->text(), tse->id),
                 document);
    return Exit::success;
  }
  context.show(
      say(context.german(), "Kasse {} signiert an TSE {}. Noch {} Kassen ohne TSE.\n",
          "Register {} signs on TSE {}. {} registers without a TSE.\n", id->text(), tse->id, left),
      document);
  return Exit::success;
}

json::Object document_of(const Retired& retired, const TseInfo& tse) {
  json::Object out;
  out.set("archive_sha256", hex(retired.entry.archive_sha256));
  out.set("archived_up_to", static_cast<std::int64_t>(retired.entry.counter));
  out.set("id", tse.id);
  out.set("lost", retired.entry.lost);
  out.set("serial", tse.serial);
  return out;
}

std::string text_of(const Retired& retired, const TseInfo& tse, bool german) {
  if (retired.entry.lost)
    return say(german, "TSE {} ist als verloren eingetragen. Archiviert bis Signatur {}.\n",
               "TSE {} is entered as lost. Archived up to signature {}.\n", tse.id,
               retired.entry.counter);
  return say(german,
             "TSE {} ist außer Betrieb: Kassen abgemeldet, alles bis Signatur {} "
             "archiviert und geprüft, Gerät gesperrt.\n",
             "TSE {} is out of operation: clients deregistered, everything up to "
             "signature {} archived and checked, device disabled.\n",
             tse.id, retired.entry.counter);
}

std::string_view notice_due(bool german) {
  return german ? "Dem Finanzamt binnen eines Monats melden: siegel elster.\n"
                : "Report it to the tax office within a month: siegel elster.\n";
}

Exit run_retire(const Context& context, const Options& options) {
  auto shop = open(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto tse = tse_info(*state, options.name);
  if (!tse) return context.fail(tse.error());
  const auto done =
      retire(**shop, *tse, context.clock,
             {.reason = options.reason, .lost = options.lost, .successor = {}}, "command line");
  if (!done) return context.fail(done.error());
  context.show(text_of(*done, *tse, context.german()) + std::string(notice_due(context.german())),
               document_of(*done, *tse));
  return Exit::success;
}

Exit run_replace(const Context& context, const Options& options) {
  auto shop = open(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto old = tse_info(*state, options.name);
  if (!old) return context.fail(old.error());
  ReplaceOptions what;
  what.with = options.with;
  what.create.id = options.new_id.empty() ? next_tse_id(*state) : options.new_id;
  what.retire = {.reason = options.reason, .lost = options.lost, .successor = {}};
  what.close_days = !options.keep_open;
  const auto done = replace(**shop, *old, context.clock, what, "command line");
  if (!done) return context.fail(done.error());
  const bool german = context.german();
  std::string text;
  for (const std::string& one : done->closed)
    text += say(german, "Kasse {}: Tag abgeschlossen\n", "Register {}: day closed\n", one);
  for (const std::string& one : done->not_closed)
    text += say(german, "Nicht abgeschlossen: {}\n", "Not closed: {}\n", one);
  for (const std::string& one : done->moved)
    text += say(german, "Kasse {} signiert an TSE {}\n", "Register {} signs on TSE {}\n", one,
                done->successor.id);
  text += text_of(done->retired, *old, german);
  text += notice_due(german);
  json::Object document;
  document.set("closed", strings(done->closed));
  document.set("moved", strings(done->moved));
  document.set("not_closed", strings(done->not_closed));
  document.set("retired", document_of(done->retired, *old));
  json::Object successor;
  successor.set("id", done->successor.id);
  successor.set("serial", done->successor.serial);
  document.set("successor", std::move(successor));
  context.show(text, document);
  return Exit::success;
}

}  // namespace

void add_tse_life(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("tse list", "Every TSE: in use, backup, spare or out of operation")
      .example("siegel tse list")
      .run([&] { return run_list(context); });
  line.command("tse unmapped", "Registers that have no TSE yet")
      .example("siegel tse unmapped")
      .run([&] { return run_unmapped(context); });
  line.command("tse map", "Let a register sign on a TSE; the service is stopped for it")
      .example("siegel tse map KASSE-03 tse-2")
      .positional("register", options.register_id, "serial number of the register")
      .required()
      .positional("tse", options.tse, "which TSE; may be left out if there is one")
      .run([&] { return run_map(context, options); });
  line.command("tse replace",
               "Put another TSE in the place of one: close the day, export, check, move the "
               "registers, retire the old one")
      .example("siegel tse replace tse-1 --reason \"full\"")
      .example("siegel tse replace tse-1 --with tse-2 --reason \"broken\" --lost")
      .positional("id", options.name, "the old TSE; may be left out if there is one")
      .option("--with", options.with, "ID",
              "a TSE that is there already (spare); default: a new one")
      .option("--new-id", options.new_id, "ID", "name of the new one, default the next free tse-N")
      .option("--reason", options.reason, "TEXT", "why, one line")
      .required()
      .flag("--lost", options.lost, "the old one cannot be reached any more")
      .flag("--no-closing", options.keep_open, "leave the days of the registers open")
      .run([&] { return run_replace(context, options); });
  line.command("tse retire", "End a TSE that no register uses: export, check, disable for ever")
      .example("siegel tse retire tse-1 --reason \"certificate ends\"")
      .example("siegel tse retire tse-1 --lost --reason \"stolen\"")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .option("--reason", options.reason, "TEXT", "why, one line")
      .required()
      .flag("--lost", options.lost, "it cannot be reached any more")
      .run([&] { return run_retire(context, options); });
}

}  // namespace siegel::app
