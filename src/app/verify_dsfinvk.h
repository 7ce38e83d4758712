#pragma once

#include <string>
#include <vector>

#include "app/context.h"
#include "verify/page.h"
#include "verify/tse/logs.h"

namespace siegel::app {

struct DsfinvkRequest {
  std::string what;
  std::vector<verify::tse::Input> logs;
  std::vector<std::string> codes;
  std::string registration;
  std::string journal;  ///< data folder or journal.db to compare with; may be empty
  std::vector<std::string> dfka;
  verify::tse::Options trust;
};
struct DsfinvkResult {
  verify::Report report;
  verify::PageInput page;  ///< figures and strips
};

/// One folder or ZIP archive that looks like a DSFinV-K export, and no data folder.
[[nodiscard]] bool is_dsfinvk(const std::vector<std::string>& what);
[[nodiscard]] Result<DsfinvkResult> verify_dsfinvk(const Context& context,
                                                   const DsfinvkRequest& request);

}  // namespace siegel::app
