#include <fmt/format.h>

#include <array>

#include "app/at_tools.h"
#include "app/commands.h"
#include "app/shop/printer.h"
#include "app/shop/shop.h"
#include "app/show.h"
#include "base/file.h"
#include "format/json_fields.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

struct Options {
  std::string file;
  bool origin = false;
};

/// The settings of a profile and their defaults as JSON (docs/reference/profile.md).
struct Setting {
  std::string_view name;
  std::string_view standard;
};
constexpr std::array settings = {
    Setting{"automatic_dues", "true"},  Setting{"labels", "\"standard\""},
    Setting{"language", "\"de\""},      Setting{"one_register_per_tse", "false"},
    Setting{"tse_deadline_ms", "3000"}, Setting{"tse_form", "\"qr\""},
    Setting{"vat_headings", "[]"},      Setting{"vat_marks", "\"letters\""},
};

Exit show(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  // The stored form leaves out what is as by default.
  const auto stored = json::parse(to_json(state->profile));
  if (!stored) return context.fail(stored.error());
  std::string text;
  json::Object profile;
  for (const Setting& setting : settings) {
    const json::Value* own = stored->object()->find(setting.name);
    const std::string value =
        own == nullptr ? std::string(setting.standard) : json::canonical(*own);
    const bool is_default = value == setting.standard;
    text += fmt::format("{:<22} {}{}\n", setting.name, value,
                        !options.origin ? ""
                        : is_default    ? "   (default)"
                                        : "   (set in the journal)");
    if (const auto parsed = json::parse(value)) profile.set(setting.name, *parsed);
  }
  json::Object document;
  document.set("profile", std::move(profile));
  if (state->business) {
    const auto business = json::parse(to_json(*state->business));
    if (!business) return context.fail(business.error());
    document.set("business", *business);
    text += fmt::format(
        "{:<22} {}{}\n", "business", state->business->name,
        options.origin ? fmt::format("   (journal entry {})", state->business_sequence) : "");
  }
  context.show(text, document);
  return Exit::success;
}

Exit set(const Context& context, const Options& options) {
  const auto bytes = read_file(options.file, 1U << 20U);
  if (!bytes) return context.fail(bytes.error());
  const auto value = json::parse(text_of(*bytes));
  if (!value) return context.fail(value.error());
  auto fields = json::Fields::of(*value);
  if (!fields) return context.fail(fields.error());
  const json::Value* business_value = fields->any("business");
  const json::Value* profile_value = fields->any("profile");
  if (const auto end = fields->finish(); !end) return context.fail(end.error());
  if (business_value == nullptr && profile_value == nullptr)
    return context.fail(
        invalid("E-CLI-109", "the file has neither \"business\" nor \"profile\"", options.file));

  // Both are read before one is written: a wrong file changes nothing.
  std::optional<Business> business;
  std::optional<Profile> profile;
  if (business_value != nullptr) {
    auto read = business_from_request(*business_value, "/business");
    if (!read) return context.fail(read.error());
    business = std::move(*read);
  }
  if (profile_value != nullptr) {
    auto read = profile_from_request(*profile_value, "/profile");
    if (!read) return context.fail(read.error());
    profile = std::move(*read);
  }
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  if (business)
    if (const auto done = (*shop)->set_business(*business, "command line"); !done)
      return context.fail(done.error());
  if (profile)
    if (const auto done = (*shop)->set_profile(*profile, "command line"); !done)
      return context.fail(done.error());
  json::Object document;
  document.set("business", business.has_value());
  document.set("profile", profile.has_value());
  context.show("Set; it holds for the next receipt. See: siegel config show --origin\n", document);
  return Exit::success;
}

struct PrinterOptions {
  std::string path, columns = "48", name;
};

/// Where the receipts go that nobody stands at a till for.
Exit printer_command(const Context& context, const PrinterOptions& options) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const PrinterSettings printer{.path = options.path, .columns = *columns, .name = options.name};
  if (const auto done = write_printer_settings((*shop)->folder(), printer); !done)
    return context.fail(done.error());
  json::Object document;
  document.set("path", printer.path);
  document.set("columns", static_cast<std::int64_t>(printer.columns));
  document.set("name", printer.shown_name());
  context.show(
      fmt::format("Papers nobody stands at a till for are printed on {}: slips of outages, in "
                  "Austria Startbeleg, Monatsbeleg, Jahresbeleg and Schlussbeleg.\n",
                  printer.path),
      document);
  return Exit::success;
}

}  // namespace

void add_config(CommandLine& line, Context& context) {
  line.group("config", "Master data and profile of the shop");
  Options& options = line.own<Options>();
  line.command("config show", "Show what is in force")
      .example("siegel config show --origin")
      .flag("--origin", options.origin, "say where each value comes from")
      .run([&] { return show(context, options); });
  line.command("config set", "Set business, profile or both from a JSON file")
      .example("siegel config set shop.json")
      .positional("file", options.file,
                  "{\"business\": {...}, \"profile\": {...}}; a part that is given replaces the "
                  "whole part")
      .required()
      .run([&] { return set(context, options); });
  PrinterOptions& printer = line.own<PrinterOptions>();
  line.command("config printer",
               "The shop's printer: slips of outages, Austria's month and year receipts")
      .example("siegel config printer /dev/usb/lp0 --columns 42")
      .positional("path", printer.path, "device or file, to which is appended")
      .required()
      .option("--columns", printer.columns, "N", "width, default 48")
      .option("--name", printer.name, "NAME", "as the failure log calls it; default: end of PATH")
      .run([&] { return printer_command(context, printer); });
}

}  // namespace siegel::app
