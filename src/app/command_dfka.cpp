#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "app/commands.h"
#include "app/export_file.h"
#include "app/shop/shop.h"
#include "country/de/export/dfka.h"
#include "exports/dsfinvk.h"

// siegel export dfka: closings as JSON for bookkeeping programs.

namespace siegel::app {
namespace {

struct Options {
  std::vector<std::string> registers;
  std::string closings, from, to, out;
};

struct Made {
  std::string file;
  std::string register_id;
  std::uint64_t number = 0;
  Written written;
};

/// "7" or "3-7".
Status read_numbers(const std::string& text, exports::Selection& to) {
  if (text.empty()) return Ok{};
  const std::size_t dash = text.find('-');
  const auto number = [&](std::string_view part) -> Result<std::uint64_t> {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value == 0)
      return invalid("E-CLI-105",
                     fmt::format("\"{}\" is no number of a closing, like 7 or 3-7", text),
                     "--closing");
    return value;
  };
  SIEGEL_TRY(to.first_number, number(std::string_view(text).substr(0, dash)));
  to.last_number = to.first_number;
  if (dash != std::string::npos) {
    SIEGEL_TRY(to.last_number, number(std::string_view(text).substr(dash + 1)));
  }
  return Ok{};
}

Result<exports::Selection> selection_of(const Options& options) {
  exports::Selection out;
  out.registers = options.registers;
  // A closing stands by itself: what comes after it is not asked for.
  out.leave_open_out = true;
  SIEGEL_TRY_OK(read_numbers(options.closings, out));
  if (!options.from.empty()) {
    SIEGEL_TRY(out.first_day, Date::parse(options.from));
  }
  if (!options.to.empty()) {
    SIEGEL_TRY(out.last_day, Date::parse(options.to));
  }
  return out;
}

Result<std::vector<Made>> make_all(Shop& shop, const Options& options) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  SIEGEL_TRY(const auto reader, shop.reader());
  exports::DsfinvkRequest request;
  SIEGEL_TRY(request.selection, selection_of(options));
  SIEGEL_TRY(const exports::Survey survey, exports::survey(*reader, state));
  SIEGEL_TRY(const auto chosen, exports::choose(survey, request));
  const std::filesystem::path folder = options.out.empty() ? "." : options.out;
  std::vector<Made> made;
  for (const exports::ChosenRegister& reg : chosen) {
    for (const exports::FoundClosing& found : reg.closings) {
      Made one{.file = (folder /
                        fmt::format("Kassenabschluss_{}_Z{:06}.json", reg.id, found.closing.number))
                           .string(),
               .register_id = reg.id,
               .number = found.closing.number,
               .written = {}};
      SIEGEL_TRY(const auto tables,
                 exports::closing_tables(*reader, state, reg.id, found.closing.number));
      SIEGEL_TRY(one.written, write_export(one.file, [&](Sink& sink) -> Status {
                   return country::de::write_dfka(
                       tables, {reg.id, std::to_string(found.closing.number)}, sink);
                 }));
      made.push_back(std::move(one));
    }
  }
  return made;
}

Exit export_dfka(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto made = make_all(**shop, options);
  if (!made) return context.fail(made.error());
  json::Array files;
  std::string text;
  for (const Made& one : *made) {
    json::Object item;
    item.set("bytes", static_cast<std::int64_t>(one.written.bytes));
    item.set("closing", static_cast<std::int64_t>(one.number));
    item.set("file", one.file);
    item.set("register", one.register_id);
    item.set("sha256", hex(one.written.sha256));
    files.emplace_back(std::move(item));
    text += fmt::format("{}: {} bytes, SHA-256 {}\n", one.file, one.written.bytes,
                        hex(one.written.sha256));
  }
  json::Object document;
  document.set("data", std::move(files));
  context.show(text, document);
  return Exit::success;
}

}  // namespace

void add_dfka(CommandLine& line, Context& context) {
  auto& options = line.own<Options>();
  line.command("export dfka", "Closings for bookkeeping: one DFKA JSON file a closing")
      .example("siegel export dfka --from 2026-11-01 --to 2026-11-30 --out closings")
      .example("siegel export dfka --register KASSE-01 --closing 3-7")
      .list("--register", options.registers, "ID", "only this register")
      .option("--closing", options.closings, "N[-M]", "numbers of the closings")
      .option("--from", options.from, "DAY", "closings on or after this day")
      .option("--to", options.to, "DAY", "... on or before this day")
      .option("--out,-o", options.out, "DIR", "where to put the files, default here")
      .run([&] { return export_dfka(context, options); });
}

}  // namespace siegel::app
