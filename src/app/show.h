#pragma once

#include <optional>
#include <string>

#include "app/context.h"
#include "app/shop/shop.h"
#include "format/json.h"
#include "model/plan.h"
#include "views/messages.h"

namespace siegel::app {

/// A receipt as a document of the API: decided values, signature state, code, printed text.
[[nodiscard]] json::Value receipt_document(const Receipt& receipt, const country::Country& country,
                                           const Profile& profile);

/// What the cashier is told with a receipt of an outage; nothing for any other (TSS-022).
[[nodiscard]] std::optional<views::Message> outage_message(const Receipt& receipt);

/// To stderr, once after the start: a TSE that is not there (DIK-019, DIK-020).
void show_start_messages(const Context& context, const Shop& shop);

struct PrintChoice {
  int columns = 48;
  bool copy = false;
};
/// The receipt as it comes from the printer.
[[nodiscard]] Result<std::string> receipt_text(const Receipt& receipt,
                                               const country::Country& country,
                                               const Profile& profile, const PrintChoice& choice,
                                               bool ansi);

/// "32", "42", "48" or another width from 24 to 80. E-PRN-001.
[[nodiscard]] Result<int> columns_of(const std::string& text);

}  // namespace siegel::app
