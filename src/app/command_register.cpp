#include <fmt/format.h>

#include "app/commands.h"
#include "app/export_tar.h"
#include "app/shop/shop.h"

namespace siegel::app {
namespace {

struct AddOptions {
  std::vector<std::string> backups;
  std::string id, name, tse, printer;
  bool unmapped = false;
};

/// The serial of the TSE named, or of the only one there is.
Result<std::string> tse_serial(const recorder::State& state, const std::string& name) {
  SIEGEL_TRY(const std::string id, tse_id(state, name));
  for (const auto& [serial, info] : state.tses)
    if (info.id == id) return serial;
  return not_found("E-TSE-302", fmt::format("no TSE \"{}\" is in operation", id), "--tse");
}

json::Value document_of(const recorder::RegisterState& reg, const recorder::State& state) {
  json::Object document;
  document.set("id", reg.info.id.text());
  document.set("name", reg.info.name);
  document.set("next_number", static_cast<std::int64_t>(reg.next_number));
  const auto tse = state.tses.find(reg.info.tse_serial);
  document.set("tse", tse == state.tses.end() ? std::string() : tse->second.id);
  document.set("tse_serial", reg.info.tse_serial);
  return document;
}

Exit add(const Context& context, const AddOptions& options) {
  const auto id = RegisterId::parse(options.id);
  if (!id) return context.fail(id.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto serial =
      options.unmapped ? Result<std::string>(std::string()) : tse_serial(*state, options.tse);
  if (!serial) return context.fail(serial.error());
  RegisterInfo info{*id, options.name.empty() ? options.id : options.name, *serial};
  info.printer = options.printer;
  for (const std::string& name : options.backups) {
    const auto backup = tse_serial(*state, name);
    if (!backup) return context.fail(backup.error());
    info.backup_tses.push_back(*backup);
  }
  if (const auto done = (*shop)->add_register(info, false, "command line"); !done)
    return context.fail(done.error());
  json::Object document;
  document.set("id", info.id.text());
  document.set("name", info.name);
  document.set("tse_serial", info.tse_serial);
  if (options.unmapped) {
    context.show(
        say(context.german(), "Kasse {} hat noch keine TSE: siegel tse map {}\n",
            "Register {} has no TSE yet: siegel tse map {}\n", info.id.text(), info.id.text()),
        document);
    return Exit::success;
  }
  context.show(
      fmt::format("Register {} signs on TSE {}.\n"
                  "Next: siegel sale --register \"{}\" --item \"Brezel:2:1.80:B\" --cash 20\n",
                  info.id.text(), info.tse_serial, info.id.text()),
      document);
  return Exit::success;
}

Exit list(const Context& context) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array rows;
  for (const auto& [id, reg] : state->registers) {
    const auto tse = state->tses.find(reg.info.tse_serial);
    text += fmt::format("{:<20} {:<20} TSE {:<10} next receipt {}\n", id, reg.info.name,
                        tse == state->tses.end() ? "-" : tse->second.id, reg.next_number);
    rows.push_back(document_of(reg, *state));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text.empty() ? "No register yet: siegel register add KASSE-01\n" : text, document);
  return Exit::success;
}

}  // namespace

void add_register(CommandLine& line, Context& context) {
  line.group("register", "Registers (tills)");
  AddOptions& options = line.own<AddOptions>();
  line.command("register add", "Put a register into operation on a TSE")
      .example("siegel register add KASSE-01")
      .example("siegel register add KASSE-02 --name \"Kasse 2\" --tse tse-1")
      .positional("id", options.id, "serial number of the register = TSE client id")
      .required()
      .option("--name", options.name, "TEXT", "name printed on receipts")
      .option("--tse", options.tse, "ID", "TSE it signs on; may be left out if there is one")
      .list("--backup", options.backups, "ID",
            "TSE that stands in while the first is disturbed, and only then; may be repeated")
      .flag("--unmapped", options.unmapped, "its TSE is chosen later (siegel tse map)")
      .option("--printer", options.printer, "NAME", "what its receipts come from (failure log)")
      .run([&] { return add(context, options); });
  line.command("register list", "List the registers")
      .example("siegel register list --json")
      .run([&] { return list(context); });
}

}  // namespace siegel::app
