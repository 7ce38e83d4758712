#pragma once

#include <string>

#include "verify/report.h"

namespace siegel::verify {

/// The report as SARIF 2.1.0: one run, the rules that were found, one result a finding. Places in
/// tables are physical locations (file and line), all others logical ones. What is not a member of
/// the standard stands in property bags: column, closing, receipt, found, expected.
[[nodiscard]] std::string sarif(const Report& report);

}  // namespace siegel::verify
