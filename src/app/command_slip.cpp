#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "app/commands.h"
#include "app/export_file.h"
#include "app/outage_device.h"
#include "app/shop/printer.h"
#include "app/shop/shop.h"
#include "app/shop/slips.h"
#include "app/show.h"
#include "print/pdf/pdf.h"
#include "print/text/text.h"

// The papers of an outage and of the start, again at any time.

namespace siegel::app {
namespace {

struct Options {
  std::string device, number, columns = "48", pdf;
  bool print = false;
};

Exit put(const Context& context, Shop& shop, const Options& options,
         const print::Document& document) {
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  json::Object answer;
  if (!options.pdf.empty()) {
    const print::PdfRenderer renderer({.paper = print::PdfOptions::Paper::roll,
                                       .title = "Siegel",
                                       .made = context.clock.now().wall});
    const auto written =
        write_export(options.pdf, [&](Sink& sink) { return renderer.render(document, sink); });
    if (!written) return context.fail(written.error());
    answer.set("bytes", static_cast<std::int64_t>(written->bytes));
    answer.set("file", options.pdf);
    answer.set("sha256", hex(written->sha256));
    context.show(fmt::format("{}: {} bytes\n", options.pdf, written->bytes), answer);
    return Exit::success;
  }
  if (options.print) {
    const auto printer = read_printer_settings(shop.folder());
    if (!printer) return context.fail(printer.error());
    if (!*printer)
      return context.fail(
          not_found("E-PRN-304", "no printer is set: siegel config printer", "printer.json"));
    const auto text = print::render_text(document, {.columns = (*printer)->columns});
    if (!text) return context.fail(text.error());
    if (const auto done = print_on(**printer, *text + "\n\n\n"); !done)
      return context.fail(done.error());
    answer.set("printer", (*printer)->shown_name());
    context.show(fmt::format("{}\n", (*printer)->shown_name()), answer);
    return Exit::success;
  }
  const auto text = print::render_text(document, {.columns = *columns, .ansi = context.ansi()});
  if (!text) return context.fail(text.error());
  json::Array lines;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    lines.push_back(std::string_view(*text).substr(at, end - at));
    at = end + 1;
  }
  answer.set("print_text", std::move(lines));
  context.show(*text, answer);
  return Exit::success;
}

Exit outage(const Context& context, const Options& options, OutageSlip slip) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto make = [&]() -> Result<print::Document> {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const std::string device, outage_device(state, options.device));
    SIEGEL_TRY(const std::uint64_t number, outage_number(options.number));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    return outage_slip(*reader, state, device, number, slip);
  };
  const auto document = make();
  if (!document) return context.fail(document.error());
  return put(context, **shop, options, *document);
}

Exit start(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto make = [&]() -> Result<print::Document> {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    if (!state.business)
      return conflict("E-REG-106", "name and address of the business are not set yet");
    SIEGEL_TRY(const LocalStamp at,
               LocalStamp::from(context.clock.now().wall, state.business->time_zone));
    SIEGEL_TRY(std::vector<views::StartedTse> tses, (*shop)->ask_tses());
    return views::start_slip({.business = *state.business,
                              .language = state.profile.language,
                              .at = at,
                              .tses = std::move(tses)});
  };
  const auto document = make();
  if (!document) return context.fail(document.error());
  return put(context, **shop, options, *document);
}

void add_output(CommandLine::Command& command, Options& options) {
  command.option("--columns", options.columns, "N", "width, default 48")
      .option("--pdf", options.pdf, "FILE", "as PDF of 80 mm instead")
      .flag("--print", options.print, "on the shop's printer instead (siegel config printer)");
}

}  // namespace

void add_slip(CommandLine& line, Context& context) {
  line.group("slip", "Papers of an outage and of the start of a day");
  Options& options = line.own<Options>();
  auto& failure =
      line.command("slip failure", "The failure record of an outage, once more")
          .example("siegel slip failure tse-1 3")
          .positional("device", options.device, "TSE (id or serial) or signature device")
          .required()
          .positional("number", options.number, "number of the outage")
          .required();
  add_output(failure.run([&] { return outage(context, options, OutageSlip::failure); }), options);
  auto& recovery =
      line.command("slip recovery", "The record of its end, once more")
          .example("siegel slip recovery tse-1 3 --pdf slip.pdf")
          .positional("device", options.device, "TSE (id or serial) or signature device")
          .required()
          .positional("number", options.number, "number of the outage")
          .required();
  add_output(recovery.run([&] { return outage(context, options, OutageSlip::recovery); }), options);
  auto& begin = line.command("slip start",
                             "State of each TSE: certificate, signatures left, capacity, free room")
                    .example("siegel slip start --print");
  add_output(begin.run([&] { return start(context, options); }), options);
}

}  // namespace siegel::app
