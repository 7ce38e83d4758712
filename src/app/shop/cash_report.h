#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/shop/shop.h"
#include "format/json.h"

// A cash report made by another program (a settlement computer, a back office): its booking orders
// are secured by the register like sales (BIO-065 to -069).

namespace siegel::app {

/// One booking order.
struct CashOrder {
  enum class What {
    difference,  ///< cash found too much (above 0) or missing: DifferenzSollIst
    bank,        ///< taken to the bank (below 0) or fetched: Geldtransit
    template_,   ///< a booking text of the master data
  };
  std::string key;  ///< idempotency key of this order
  What what = What::difference;
  std::string text;  ///< printed; template_: the name of the booking text
  Money amount;      ///< by sign into or out of the drawer
  friend bool operator==(const CashOrder&, const CashOrder&) = default;
};
struct CashReport {
  RegisterId register_id;
  std::vector<CashOrder> orders;  ///< 1 to 100
};
/// {"register", "orders": [{"key", "what": "difference" | "bank" | "template", "text", "amount"}]}.
/// Errors E-JSN-02x, E-MOD-00x, E-CLO-121 (no orders, a key twice, amount 0).
[[nodiscard]] Result<CashReport> cash_report_from_request(const json::Value& value);

/// What became of one order: a receipt, or why it was not booked.
struct OrderBooked {
  std::string key;
  Result<SaleAnswer> answer;
};
/// Books each order; one that is refused keeps no other from being booked. Sent again, what was
/// booked before is answered with its receipt. E-CLO-120 (unavailable): the register's program does
/// not run here, nothing was booked.
[[nodiscard]] Result<std::vector<OrderBooked>> book_cash_report(Shop& shop,
                                                                const CashReport& report,
                                                                const std::string& actor);

}  // namespace siegel::app
