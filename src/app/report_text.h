#pragma once

#include "app/context.h"
#include "verify/report.h"

namespace siegel::app {

/// The report for people, or the document of docs/reference/verify-rules.md with --json.
/// Exit::findings if there is a violation, else success.
Exit show_report(const Context& context, const verify::Report& report);

/// A line on a terminal's stderr that is written over; one line a tenth elsewhere; nothing with
/// --quiet or for runs that end at once.
[[nodiscard]] verify::Progress progress_of(const Context& context);

}  // namespace siegel::app
