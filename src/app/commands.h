#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/context.h"

namespace siegel::app {

/// The program: reads its arguments, does what they say, returns the exit code.
[[nodiscard]] int run(const std::vector<std::string>& arguments);

// Each adds its commands; one file each, named like it (command_<name>.cpp).
void add_init(CommandLine& line, Context& context);
void add_config(CommandLine& line, Context& context);
void add_register(CommandLine& line, Context& context);
void add_tse(CommandLine& line, Context& context);
void add_care(CommandLine& line, Context& context);
void add_tse_life(CommandLine& line, Context& context);
void add_sale(CommandLine& line, Context& context);
void add_receipt(CommandLine& line, Context& context);
void add_export(CommandLine& line, Context& context);
void add_dfka(CommandLine& line, Context& context);
void add_handover(CommandLine& line, Context& context);
void add_elster(CommandLine& line, Context& context);
void add_outages(CommandLine& line, Context& context);
void add_outage_acts(CommandLine& line, Context& context);
void add_messages(CommandLine& line, Context& context);
void add_slip(CommandLine& line, Context& context);
void add_notify(CommandLine& line, Context& context);
void add_verify(CommandLine& line, Context& context);
void add_journal(CommandLine& line, Context& context);
void add_status(CommandLine& line, Context& context);
void add_doctor(CommandLine& line, Context& context);
void add_vault(CommandLine& line, Context& context);
void add_tse_secrets(CommandLine& line, Context& context);
void add_card(CommandLine& line, Context& context);
void add_at_setup(CommandLine& line, Context& context);
void add_at_signer(CommandLine& line, Context& context);
void add_at_receipt(CommandLine& line, Context& context);
void add_at_report(CommandLine& line, Context& context);
void add_at_export(CommandLine& line, Context& context);
void add_dues(CommandLine& line, Context& context);
void add_closing(CommandLine& line, Context& context);
void add_table(CommandLine& line, Context& context);
void add_master(CommandLine& line, Context& context);
void add_demo(CommandLine& line, Context& context);

}  // namespace siegel::app
