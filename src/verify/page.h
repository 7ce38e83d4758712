#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "verify/report.h"
#include "verify/strip.h"

namespace siegel::verify {

struct PageInput {
  bool german = false;  ///< else English
  std::string subject;  ///< what was verified: a file name
  /// Further figures beside those of the report: label and value.
  std::vector<std::pair<std::string, std::string>> figures = {};
  std::vector<Strip> strips = {};
};

/// The report as one HTML page that needs nothing else: no script, no picture, no font from
/// elsewhere. Every text of the report is escaped.
[[nodiscard]] std::string html_page(const Report& report, const PageInput& input);

}  // namespace siegel::verify
