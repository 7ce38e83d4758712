#include "app/verify_dsfinvk.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/report_text.h"
#include "verify/dsfinvk/dsfinvk.h"

namespace siegel::app {

bool is_dsfinvk(const std::vector<std::string>& what) {
  std::error_code ignored;
  if (what.size() != 1 ||
      std::filesystem::exists(std::filesystem::path(what[0]) / "journal.db", ignored))
    return false;
  return verify::dsfinvk::looks_like_export(what[0]);
}

Result<DsfinvkResult> verify_dsfinvk(const Context& context, const DsfinvkRequest& request) {
  verify::dsfinvk::Options options;
  options.logs = request.logs;
  options.codes = request.codes;
  options.registration = request.registration;
  for (const std::string& path : request.dfka) options.taxonomies.emplace_back(path);
  options.trust_anchors = request.trust.trust_anchors;
  options.crls = request.trust.crls;
  options.progress = progress_of(context);
  SIEGEL_TRY(verify::dsfinvk::Outcome outcome,
             verify::dsfinvk::verify_export(request.what, options));
  DsfinvkResult result;
  result.report = std::move(outcome.report);
  result.page.strips = std::move(outcome.strips);
  const auto figure = [&](const char* german, const char* english, std::uint64_t value) {
    result.page.figures.emplace_back(context.german() ? german : english, fmt::format("{}", value));
  };
  figure("Kassenabschlüsse", "Closings", outcome.closings);
  figure("Vorgänge", "Vorgänge", outcome.receipts);
  figure("Zeilen", "Rows", outcome.rows);
  return result;
}

}  // namespace siegel::app
