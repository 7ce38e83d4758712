#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "model/money.h"

// What a German TSE signs about a business process [DSFinV-K Anhang I]: functions of plain values,
// UTF-8 out, no BOM. docs/formats/process-data-de.md has the grammar and examples.

namespace siegel::country::de {

/// A sum of money that changed hands; several of one class and currency are added up.
struct PaymentSum {
  bool cash = true;  ///< Bar, else Unbar
  Currency currency;
  Money amount;  ///< in `currency`; negative: given out
};

/// `<vorgangstyp>^<five gross sums>^<payments>`. The sums stand in the order general, reduced,
/// 24(1) no. 3, 24(1) no. 1, zero. Payments are grouped and ordered Bar EUR, Bar foreign A-Z, Unbar
/// EUR, Unbar foreign A-Z; sums of zero are left out; "-0.00" never appears.
[[nodiscard]] std::string kassenbeleg(std::string_view vorgangstyp,
                                      const std::array<Money, 5>& gross,
                                      std::span<const PaymentSum> payments);

struct OrderLine {
  Quantity quantity;  ///< negative: taken back
  std::string_view text;
  Money unit_price;  ///< gross, surplus digits cut already
};

/// `<quantity>;"<text>";<unit price>` joined by CR, no CR at the end. Quotes are doubled; CR and LF
/// in a text become a blank each, because CR ends a line. Quantities have as few decimals as
/// possible.
[[nodiscard]] std::string bestellung(std::span<const OrderLine> lines);

}  // namespace siegel::country::de
