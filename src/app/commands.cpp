#include "app/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"

namespace siegel::app {

int run(const std::vector<std::string>& arguments) {
  Context context{.clock = system_clock(), .random = system_random()};
  if (const char* data = std::getenv("SIEGEL_DATA")) context.data = data;
  if (const char* language = std::getenv("SIEGEL_LANG")) context.language = language;
  if (const char* tpm = std::getenv("SIEGEL_TPM")) context.tpm = tpm;

  // Arguments reach records, receipts and answers: none of those may hold other bytes than UTF-8.
  for (std::size_t i = 0; i <= arguments.size(); ++i) {
    const bool is_argument = i < arguments.size();
    if (valid_utf8(is_argument ? arguments[i] : context.data)) continue;
    context.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    return static_cast<int>(context.fail(invalid(
        "E-JSN-003",
        fmt::format("\"{}\" is not UTF-8", excerpt(is_argument ? arguments[i] : context.data)),
        is_argument ? fmt::format("argument {}", i + 1) : "SIEGEL_DATA")));
  }

  CommandLine line("siegel",
                   "Siegel: a fiscal engine for cash registers.\n"
                   "Takes a sale, has it signed by the device, records it, prints it, proves it.");
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
  add_tse_secrets(line, context);
  add_tse_life(line, context);
  add_care(line, context);
  add_register(line, context);
  add_sale(line, context);
  add_receipt(line, context);
  add_export(line, context);
  add_dfka(line, context);
  add_handover(line, context);
  add_elster(line, context);
  add_outages(line, context);
  add_outage_acts(line, context);
  add_messages(line, context);
  add_slip(line, context);
  add_notify(line, context);
  add_verify(line, context);
  add_journal(line, context);
  add_status(line, context);
  add_doctor(line, context);
  add_vault(line, context);
  add_card(line, context);
  add_at_setup(line, context);
  add_at_signer(line, context);
  add_at_receipt(line, context);
  add_at_report(line, context);
  add_at_export(line, context);
  add_dues(line, context);
  add_closing(line, context);
  add_table(line, context);
  add_master(line, context);

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
