#pragma once

#include "base/stream.h"
#include "journal/journal.h"
#include "model/master.h"
#include "views/outages.h"

namespace siegel::app {

/// The failure log of a period as PDF on A4 across (docs/formats/outages.md): what each outage was,
/// each record, and what the codes in it mean. The filter has both days. A second run over a past
/// period gives the same bytes on the same machine. Errors: of the views, the sink, E-PRN-010.
[[nodiscard]] Result<views::OutagesExported> export_outages_pdf(journal::Reader& reader,
                                                                const views::OutageFilter& filter,
                                                                Language language, Sink& sink);

}  // namespace siegel::app
