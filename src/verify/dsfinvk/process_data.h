#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/dsfinvk/receipt.h"

// What a till signs of a Vorgang, read and rebuilt [DSFinV-K Anhang I]. Not part of the module's
// contract.

namespace siegel::verify::dsfinvk {

using Containers = std::array<std::int64_t, 5>;  ///< cents

/// Kassenbeleg-V1 taken apart.
struct Kassenbeleg {
  std::string_view type;
  Containers containers{};
  std::string_view payments;
  std::int64_t paid = 0;  ///< cents, if all is EUR
  bool foreign = false;
};
/// Nothing if it does not have the prescribed form; `why` says what is wrong.
[[nodiscard]] std::optional<Kassenbeleg> parse_kassenbeleg(std::string_view data, std::string& why);

struct OrderLine {
  Units quantity = 0;
  std::string text;
  Units price = 0;
};
/// Bestellung-V1; lines end with CR (LF in edition 2.0).
[[nodiscard]] std::optional<std::vector<OrderLine>> parse_order(std::string_view data,
                                                                char separator, std::string& why);

/// The amount cut to cents, as processData wants it.
[[nodiscard]] std::int64_t cut_cents(Units units);
[[nodiscard]] std::string containers_text(const Containers& containers);
/// `4.50:Bar_1.00:Unbar:CHF`: kinds and currencies in their order, none of zero.
[[nodiscard]] std::string payments_text(const Receipt& receipt, std::string_view base_currency);
[[nodiscard]] std::string order_text(const Receipt& receipt);

}  // namespace siegel::verify::dsfinvk
