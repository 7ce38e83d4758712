#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/shop/shop.h"
#include "model/closing.h"
#include "print/document.h"
#include "verify/report.h"

// Closings as people see them: read, checked, printed. Over a shop that is open, in any mode.

namespace siegel::app {

/// A closing with the master data that were in force.
struct ClosingView {
  Closing closing;
  std::uint64_t sequence = 0;  ///< its entry; 0: the sums so far (X)
  Business business;
  RegisterInfo register_info;
  /// "J 1234 0123456789abcdef": its entry and the first 16 hex digits of its hash, which stands for
  /// all entries before it. `siegel journal verify --head` compares. Empty for X.
  std::string mark;
};

/// `number` 0: the latest. Errors: E-CLO-115 (not_found), E-REG-104.
[[nodiscard]] Result<ClosingView> load_closing(Shop& shop, const RegisterId& id,
                                               std::uint64_t number);
[[nodiscard]] Result<ClosingView> load_closing_at(Shop& shop, std::uint64_t sequence);
/// The sums so far (X); nothing is changed.
[[nodiscard]] Result<ClosingView> totals_so_far(Shop& shop, const RegisterId& id, Instant now);

/// What the day's entries say when they are read again by other code than that which closed it.
struct SelfCheck {
  verify::Report report;
  std::uint64_t receipts = 0;
  std::uint64_t unsigned_receipts = 0;  ///< of an outage
};
[[nodiscard]] Result<SelfCheck> self_check(Shop& shop, const ClosingView& view);

struct ClosingPrint {
  Language language = Language::de;
  bool copy = false;
  const SelfCheck* check = nullptr;  ///< null: not made
};
/// The slip, with the state of the devices as of now.
[[nodiscard]] Result<print::Document> closing_paper(Shop& shop, const ClosingView& view,
                                                    const ClosingPrint& options);
/// As a document of the API.
[[nodiscard]] json::Object closing_json(const ClosingView& view, const SelfCheck* check);

}  // namespace siegel::app
