#include <fmt/format.h>

#include <algorithm>

#include "app/at/authority.h"
#include "app/at/secret_file.h"
#include "app/at_tools.h"
#include "app/commands.h"
#include "app/show.h"
#include "base/file.h"

// `siegel at setup` and `siegel at status`: putting an Austrian register into operation, step by
// step. Each step looks at what is on record and does only what is missing, so that the command can
// be repeated after any interruption.

namespace siegel::app {
namespace {

struct Options {
  std::string register_id, name, aes_key_file, finanzonline, upload_folder, columns = "48";
  SignerOptions signer;
  bool production = false;
  bool show_key = false;
};

/// One line of the list that is ticked off.
struct Step {
  std::string word;  ///< "devices"
  bool done = false;
  std::string text;
};

std::vector<Step> steps_of(const recorder::State& state, const RegisterId& id, bool key_there,
                           bool de) {
  std::vector<Step> steps;
  const auto add = [&](std::string word, bool done, std::string text) {
    steps.push_back({std::move(word), done, std::move(text)});
  };
  const bool has_vat_id = state.business && !state.business->vat_id.empty();
  add("business", state.business.has_value(),
      state.business ? fmt::format("{}, {}", state.business->name,
                                   has_vat_id ? "UID " + state.business->vat_id
                                              : "St.Nr. " + state.business->tax_number)
                     : (de ? "Unternehmen" : "business"));
  const auto reg = state.registers.find(id.text());
  const bool has_register = reg != state.registers.end();
  std::string devices;
  bool all_reported = has_register;
  const auto reported = [&](std::string_view what, std::string_view subject) {
    const auto found = state.reports.find(recorder::scoped(what, subject));
    return found != state.reports.end() && found->second.code == "0";
  };
  for (const auto& [signer_id, info] : state.signers) {
    const bool ours =
        !has_register || std::find(reg->second.info.signers.begin(), reg->second.info.signers.end(),
                                   signer_id) != reg->second.info.signers.end();
    if (!ours) continue;
    devices += fmt::format("{}{} ({})", devices.empty() ? "" : ", ", signer_id, info.serial);
    all_reported = all_reported && reported("registrierung_se", info.serial);
  }
  add("devices", !devices.empty(),
      devices.empty() ? (de ? "Signatureinheiten" : "signature devices") : devices);
  add("key", key_there,
      fmt::format("{}{}", de ? "AES-Schlüssel" : "AES key",
                  has_register
                      ? (de ? ", Prüfwert " : ", check value ") + reg->second.info.aes_check
                      : std::string()));
  add("register", has_register, fmt::format("{} {}", de ? "Kasse" : "register", id.text()));
  add("registration", all_reported && reported("registrierung_kasse", id.text()),
      de ? "in FinanzOnline registriert" : "registered with FinanzOnline");
  const auto* rksv = has_register && reg->second.rksv ? &*reg->second.rksv : nullptr;
  const bool started = rksv != nullptr && rksv->start;
  add("start", started, started ? "Startbeleg " + rksv->start->number : std::string("Startbeleg"));
  const bool checked = started && rksv->start->check && rksv->start->check->passed;
  add("check", checked, de ? "Startbeleg geprüft" : "Startbeleg checked");
  return steps;
}

std::string text_of_steps(const std::vector<Step>& steps) {
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i)
    text += fmt::format("  [{}] {} {}\n", steps[i].done ? 'x' : ' ', i + 1, steps[i].text);
  return text;
}

json::Array document_of_steps(const std::vector<Step>& steps) {
  json::Array list;
  for (const Step& step : steps) {
    json::Object item;
    item.set("done", step.done);
    item.set("step", step.word);
    item.set("text", step.text);
    list.push_back(std::move(item));
  }
  return list;
}

/// The devices a register is to sign with: those just named, else those it has, else all.
Result<std::vector<std::string>> put_devices_into_operation(const Context& context, Shop& shop,
                                                            const Options& options,
                                                            const RegisterId& id) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  const auto reg = state.registers.find(id.text());
  std::vector<std::string> order;
  if (reg != state.registers.end()) order = reg->second.info.signers;
  if (options.signer.kind.empty()) {
    if (order.empty())
      for (const auto& [signer, info] : state.signers) order.push_back(signer);
    if (order.empty())
      return not_found("E-AUT-102", "no signature device is in operation yet", "--signer");
    return order;
  }
  SIEGEL_TRY(const auto made, add_signers(context, shop, options.signer));
  for (const SignerInfo& info : made)
    if (std::find(order.begin(), order.end(), info.id) == order.end()) order.push_back(info.id);
  return order;
}

/// Takes over a key that FinanzOnline knows already, as its 44 characters.
Result<std::optional<crypto::SecretBytes>> given_key(const Options& options) {
  if (options.aes_key_file.empty()) return std::optional<crypto::SecretBytes>();
  SIEGEL_TRY(const auto text, at::read_secret_file(options.aes_key_file, "--aes-key-file"));
  auto bytes = from_base64(text_of(text.reveal()));
  if (!bytes || bytes->size() != 32)
    return invalid("E-AUT-134", "an AES-256 key is 44 characters of base64", "--aes-key-file");
  auto key = crypto::SecretBytes::copy_of(*bytes);
  crypto::wipe(*bytes);
  return std::optional(std::move(key));
}

/// Key, register and their record. Returns whether the key is new.
Result<bool> set_up_register(Shop& shop, const Options& options, const RegisterId& id,
                             std::vector<std::string> signers) {
  SIEGEL_TRY(const auto given, given_key(options));
  const auto there = shop.aes_key(id);
  SIEGEL_TRY(const auto key, shop.make_aes_key(id, given ? &*given : nullptr));
  SIEGEL_TRY(const recorder::State state, shop.state());
  const auto reg = state.registers.find(id.text());
  RegisterInfo info;
  if (reg != state.registers.end()) info = reg->second.info;
  info.id = id;
  if (!options.name.empty()) info.name = options.name;
  if (info.name.empty()) info.name = id.text();
  info.signers = std::move(signers);
  SIEGEL_TRY(info.aes_check, finanzonline::key_check_value(key));
  const bool known = reg != state.registers.end();
  if (!known || reg->second.info != info) SIEGEL_TRY_OK(shop.add_register(info, known, "at setup"));
  return !there.ok();
}

Result<std::optional<Receipt>> make_start_receipt(Shop& shop, const RegisterId& id) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  const auto& reg = state.registers.at(id.text());
  if (reg.rksv && reg.rksv->start) return std::optional<Receipt>();
  SIEGEL_TRY(auto receipt, make_special(shop, id, ReceiptKind::start, {}, "at setup"));
  return std::optional(std::move(receipt));
}

/// What the owner does next, in words.
std::string next_of(const recorder::State& state, const RegisterId& id,
                    const std::vector<Step>& steps, bool de) {
  const auto done = [&](std::string_view word) {
    return std::any_of(steps.begin(), steps.end(),
                       [&](const Step& step) { return step.word == word && step.done; });
  };
  const auto& rksv = state.registers.at(id.text()).rksv;
  const std::string start = rksv && rksv->start ? rksv->start->number : std::string();
  std::string text;
  if (!done("registration"))
    text += fmt::format(
        fmt::runtime(
            de ? "Binnen einer Woche in FinanzOnline registrieren (finanzonline.at, "
                 "Eingaben/Registrierkassen):\n"
                 "  siegel at sheet {0}                       Abschreibliste und XML-Dateien\n"
                 "  siegel at register {0} --finanzonline ZUGANG.json   über den Webservice\n"
                 "  siegel at register {0} --by-hand          abhaken, wenn es im Browser "
                 "geschehen ist\n"
               : "Register with FinanzOnline within a week (finanzonline.at, "
                 "Eingaben/Registrierkassen):\n"
                 "  siegel at sheet {0}                       copy list and XML files\n"
                 "  siegel at register {0} --finanzonline ACCESS.json   through the web service\n"
                 "  siegel at register {0} --by-hand          tick it off when it was done in the "
                 "browser\n"),
        id.text());
  if (!done("check") && !start.empty())
    text += fmt::format(
        fmt::runtime(
            de ? "Startbeleg {0} prüfen, sobald die Kasse registriert ist: QR-Code mit der App BMF "
                 "Belegcheck lesen.\n"
                 "Den zwölfstelligen Code der App gibt FinanzOnline unter "
                 "Eingaben/Registrierkassen/Authentifizierungscode.\n"
                 "  siegel at check {0} --passed     (oder --failed, oder --finanzonline "
                 "ZUGANG.json)\n"
               : "Check the Startbeleg {0} once the register is registered: read its QR code with "
                 "the app BMF Belegcheck.\n"
                 "FinanzOnline gives the app's code of twelve characters under "
                 "Eingaben/Registrierkassen/Authentifizierungscode.\n"
                 "  siegel at check {0} --passed     (or --failed, or --finanzonline "
                 "ACCESS.json)\n"),
        start);
  text += fmt::format(fmt::runtime(de ? "Verkaufen:  siegel sale --register {0} --item "
                                        "\"Melange:1:4.20:A\" --cash 10\n"
                                      : "Sell:  siegel sale --register {0} --item "
                                        "\"Melange:1:4.20:A\" --cash 10\n"),
                      id.text());
  return text;
}

Exit setup(const Context& context, const Options& options) {
  const bool de = context.german();
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());

  bool key_is_new = false;
  std::optional<Receipt> start;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const RegisterId id, RegisterId::parse(options.register_id));
    SIEGEL_TRY(const recorder::State before, (*shop)->state());
    if (before.business && !before.business->vat_id.empty())
      SIEGEL_TRY_OK(austrian_vat_id(before.business->vat_id));
    SIEGEL_TRY(auto devices, put_devices_into_operation(context, **shop, options, id));
    SIEGEL_TRY(key_is_new, set_up_register(**shop, options, id, std::move(devices)));
    if (!options.finanzonline.empty()) {
      SIEGEL_TRY(const bool accepted,
                 register_with_finanzonline(context, **shop, id, options.finanzonline,
                                            options.production));
      if (!accepted)
        return conflict("E-AUT-141", "FinanzOnline has not accepted everything; see above",
                        options.finanzonline);
    }
    SIEGEL_TRY(start, make_start_receipt(**shop, id));
    if (!options.finanzonline.empty() && options.production) {
      SIEGEL_TRY(const recorder::State now, (*shop)->state());
      const auto& rksv = now.registers.at(id.text()).rksv;
      if (rksv && rksv->start && !(rksv->start->check && rksv->start->check->passed))
        SIEGEL_TRY_OK(check_with_finanzonline(context, **shop, rksv->start->number,
                                              options.finanzonline, true));
    }
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());

  const RegisterId id = *RegisterId::parse(options.register_id);
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const RegisterInfo& info = state->registers.at(id.text()).info;
  const auto steps = steps_of(*state, id, true, de);
  std::string text = text_of_steps(steps);
  json::Object document;
  document.set("register", id.text());
  document.set("signers", strings_of(info.signers));
  document.set("aes_check", info.aes_check);
  document.set("steps", document_of_steps(steps));
  if (key_is_new || options.show_key) {
    const auto sheet = at::sheet_of(**shop, *state, info, context.shown_language());
    if (!sheet) return context.fail(sheet.error());
    const auto key = (*shop)->aes_key(id);
    if (!key) return context.fail(key.error());
    const std::string spelled = base64(key->reveal());
    text += fmt::format("\n{}\n{}",
                        de ? "Für FinanzOnline (der Schlüssel wird nur jetzt gezeigt; später: "
                             "siegel at sheet --show-key):"
                           : "For FinanzOnline (the key is shown only now; later: siegel at sheet "
                             "--show-key):",
                        finanzonline::sheet_text(*sheet)) +
            at::spelled_key(spelled, context.shown_language());
    document.set("aes_key", spelled);
  }
  if (start) {
    const auto printed = receipt_text(*start, (*shop)->country(), state->profile,
                                      {.columns = *columns}, context.ansi());
    if (!printed) return context.fail(printed.error());
    text += "\n" + *printed;
    document.set("start_receipt", receipt_document(*start, (*shop)->country(), state->profile));
  }
  text += "\n" + next_of(*state, id, steps, de);
  context.show(text, document);
  return Exit::success;
}

Exit status(const Context& context, const Options& options) {
  auto shop = open_austrian(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array list;
  bool complete = true;
  for (const auto& [name, reg] : state->registers) {
    if (!options.register_id.empty() && name != options.register_id) continue;
    const bool key_there = (*shop)->aes_key(reg.info.id).ok();
    const auto steps = steps_of(*state, reg.info.id, key_there, context.german());
    complete = complete &&
               std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.done; });
    text += fmt::format("{} ({})\n{}", name, reg.info.name, text_of_steps(steps));
    json::Object item;
    item.set("register", name);
    item.set("signers", strings_of(reg.info.signers));
    item.set("steps", document_of_steps(steps));
    if (reg.rksv) {
      const auto& rksv = *reg.rksv;
      item.set("ended", rksv.ended);
      item.set("last_receipt", rksv.last_number);
      item.set("unsigned_receipts", static_cast<std::int64_t>(rksv.run ? rksv.run->receipts : 0));
      if (rksv.run)
        text += fmt::format("  ! {} receipts without signature since {}: {}\n", rksv.run->receipts,
                            rksv.run->first_time, rksv.run->text);
      if (rksv.ended) text += "  Schlussbeleg made: this register sells no more\n";
    }
    list.push_back(std::move(item));
  }
  if (list.empty() && !options.register_id.empty())
    return context.fail(not_found(
        "E-REG-104", fmt::format("register {} is not known", options.register_id), "--register"));
  json::Object document;
  document.set("complete", complete && !list.empty());
  document.set("data", std::move(list));
  context.show(text.empty() ? "No register yet: siegel at setup --register KASSE-01\n" : text,
               document);
  return Exit::success;
}

Exit sheet(const Context& context, const Options& options) {
  const auto id = RegisterId::parse(options.register_id);
  if (!id) return context.fail(id.error());
  auto shop = open_austrian(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto reg = state->registers.find(id->text());
  if (reg == state->registers.end())
    return context.fail(
        not_found("E-REG-104", fmt::format("register {} is not known", id->text()), "register"));
  auto sections = at::sheet_of(**shop, *state, reg->second.info, context.shown_language());
  if (!sections) return context.fail(sections.error());
  json::Array list;
  std::string key;
  for (auto& section : *sections) {
    json::Array lines;
    for (auto& line : section.lines) {
      if (line.secret && options.show_key) key = line.value;
      if (line.secret && !options.show_key) {
        line.value = context.german() ? "(mit --show-key)" : "(with --show-key)";
      }
      json::Object item;
      item.set("label", line.label);
      item.set("value", line.value);
      lines.push_back(std::move(item));
    }
    json::Object item;
    item.set("lines", std::move(lines));
    item.set("title", section.title);
    list.push_back(std::move(item));
  }
  std::string text = finanzonline::sheet_text(*sections);
  if (!key.empty()) text += at::spelled_key(key, context.shown_language());
  json::Object document;
  document.set("sheet", std::move(list));
  if (!options.upload_folder.empty()) {
    auto items = at::registration_items(**shop, *state, reg->second.info);
    if (!items) return context.fail(items.error());
    const auto files = at::write_upload_files(options.upload_folder, std::move(*items),
                                              context.clock.now().wall, context.random);
    if (!files) return context.fail(files.error());
    json::Array names;
    for (const auto& file : *files) {
      text += fmt::format("{}{}\n", file.string(),
                          file.filename() == "registrierung_kasse.xml"
                              ? (context.german() ? "  (enthält den AES-Schlüssel: nach dem "
                                                    "Hochladen löschen)"
                                                  : "  (holds the AES key: delete it after the "
                                                    "upload)")
                              : "");
      names.push_back(file.string());
    }
    document.set("files", std::move(names));
  }
  context.show(text, document);
  return Exit::success;
}

}  // namespace

void add_at_setup(CommandLine& line, Context& context) {
  line.group("at", "Austria: signature devices, special receipts, FinanzOnline, DEP");
  Options& options = line.own<Options>();
  auto& setup_command =
      line.command("at setup", "Put an Austrian register into operation, step by step; repeatable")
          .example(
              "siegel at setup --register KASSE-01 --signer smartcard --pin-file /etc/siegel/pin")
          .example("siegel at setup --register KASSE-01 --signer softkey    (to try it out)")
          .example("siegel at setup --register KASSE-01 --signer pkcs11 --module /usr/lib/rk.so \\")
          .example("            --token-label RK --key-label sign --provider AT1 --pin-file pin")
          .example("siegel at setup --register KASSE-02    (on the devices there are)")
          .option("--register", options.register_id, "ID",
                  "Kassen-ID, as FinanzOnline will know it")
          .required()
          .option("--name", options.name, "TEXT", "name printed on receipts");
  add_signer_options(setup_command, options.signer)
      .option("--aes-key-file", options.aes_key_file, "FILE",
              "take over this AES-256 key (44 characters of base64)")
      .option("--finanzonline", options.finanzonline, "FILE",
              "access data of the web service: registers and checks")
      .flag("--production", options.production,
            "really transmit; without it FinanzOnline only tests the data")
      .flag("--show-key", options.show_key, "show the AES key again")
      .option("--columns", options.columns, "N", "width of the print, default 48")
      .run([&] { return setup(context, options); });
  line.command("at status", "How far each register is: steps done and missing")
      .example("siegel at status")
      .option("--register", options.register_id, "ID", "only this register")
      .run([&] { return status(context, options); });
  line.command("at sheet", "Everything the forms of FinanzOnline ask for, to be copied")
      .example("siegel at sheet KASSE-01")
      .example("siegel at sheet KASSE-01 --xml upload --show-key")
      .positional("register", options.register_id, "Kassen-ID")
      .required()
      .flag("--show-key", options.show_key, "with the AES key in clear")
      .option("--xml", options.upload_folder, "FOLDER", "also write the files for the upload")
      .run([&] { return sheet(context, options); });
}

}  // namespace siegel::app
