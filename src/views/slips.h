#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "device/device.h"
#include "model/master.h"
#include "print/document.h"
#include "views/outage_story.h"

// The papers of an outage and of the start of a day: fixed content, which nobody can change
// (TSS-033). Pure functions from values to a Document. docs/reference/slips.md

namespace siegel::views {

/// What the papers of an outage name besides the outage itself.
struct OutageSlipFacts {
  const Business& business;
  Language language = Language::de;
  const OutageStory& story;
  const TseInfo* tse = nullptr;        ///< the device that failed, one of the two
  const SignerInfo* signer = nullptr;  ///< Austria
  std::string register_name;           ///< of OutageStory::register_id, may be empty
};

/// The failure record: printed once, when an outage begins (TSS-031).
[[nodiscard]] print::Document failure_slip(const OutageSlipFacts& facts);

/// The troubleshooting record: printed once, when it has ended (TSS-032). `story` has its end.
[[nodiscard]] print::Document recovery_slip(const OutageSlipFacts& facts);

/// One TSE at the start.
struct StartedTse {
  TseInfo info;
  std::optional<Error> error;               ///< it is missing, or could not be asked
  std::optional<device::TseStatus> status;  ///< else
};
struct StartSlipFacts {
  const Business& business;
  Language language = Language::de;
  LocalStamp at;
  std::vector<StartedTse> tses;
};
/// The state of each TSE: certificate's end, signatures left, capacity and free room in percent
/// (DIK-046).
[[nodiscard]] print::Document start_slip(const StartSlipFacts& facts);

}  // namespace siegel::views
