#pragma once

#include <string_view>

#include "model/master.h"
#include "model/plan.h"
#include "print/document.h"

// Parts of a receipt that look the same in every country.

namespace siegel::country {

struct TaxWords {
  std::string_view vat_id;      ///< "UID", "USt-IdNr."
  std::string_view tax_number;  ///< "Steuernr."
};
/// Who the seller is: the header lines of the business, then whatever the law demands and they do
/// not hold, and a blank line. A header of one's own cannot take the seller away [KassenSichV 6 no.
/// 1] [BAO 132a (3) no. 1].
void put_header(const Business& business, const TaxWords& words, print::Document& document);

/// What stands between quantity and price: "2 x 4,20", "0,5 kg x 3,10".
[[nodiscard]] std::string quantity_and_price(const PlanLine& line, Language language);

/// True for one piece without a unit: its price is its amount.
[[nodiscard]] bool is_one_piece(const PlanLine& line);

}  // namespace siegel::country
