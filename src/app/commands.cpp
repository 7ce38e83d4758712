#include "app/commands.h"

#include <cstdlib>

namespace siegel::app {

int run(const std::vector<std::string>& arguments) {
  Context context{.clock = system_clock(), .random = system_random()};
  if (const char* data = std::getenv("SIEGEL_DATA")) context.data = data;
  if (const char* language = std::getenv("SIEGEL_LANG")) context.language = language;

  CommandLine line("siegel",
                   "Siegel: a fiscal engine for cash registers.\n"
                   "Takes a sale, has it signed by the TSE, records it, prints it, proves it.");
  line.global_option("--data", context.data, "DIR",
                     "data folder (environment SIEGEL_DATA, default ./siegel-data)");
  line.global_option("--lang", context.language, "LANG", "language of messages: de or en");
  line.global_flag("--json", context.json, "answers as JSON on stdout");
  line.global_flag("--quiet,-q", context.quiet, "only errors");
  line.global_flag("--no-color", context.no_color, "no colours, as with NO_COLOR");

  add_demo(line, context);
  add_init(line, context);
  add_config(line, context);
  add_tse(line, context);
  add_register(line, context);
  add_sale(line, context);
  add_receipt(line, context);
  add_export(line, context);
  add_verify(line, context);
  add_journal(line, context);
  add_status(line, context);

  std::string out;
  std::string err;
  const Exit exit = line.parse(arguments, out, err);
  context.write(out);
  if (!err.empty()) {
    context.quiet = false;
    context.note(err);
  }
  return static_cast<int>(exit);
}

}  // namespace siegel::app
