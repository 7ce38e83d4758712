#pragma once

#include <string>
#include <vector>

#include "model/closing.h"
#include "model/master.h"
#include "print/document.h"

// X and Z report as they come from the printer, the same in every country.

namespace siegel::country {

/// What stands on the slip beside the closing itself.
struct ClosingPaper {
  const Closing& closing;
  const Business& business;
  const RegisterInfo& register_info;
  bool is_x = false;  ///< sums so far, nothing was closed
  bool copy = false;
  /// One line a device: "TSE tse-1: in Ordnung". Already in the language of the paper.
  std::vector<std::string> devices;
  /// Outcome of the self-check in the language of the paper; empty: none was made.
  std::string self_check;
  /// The head of the journal, "J 1234 0123456789abcdef": who keeps the slip can show later that
  /// nothing before it was changed. Empty: none.
  std::string journal_mark;
};

[[nodiscard]] print::Document closing_document(const ClosingPaper& paper, Language language);

}  // namespace siegel::country
