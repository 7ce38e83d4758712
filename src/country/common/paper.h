#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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
/// The same with the place of business of the register, where that is an outlet.
void put_header(const Receipt& receipt, const TaxWords& words, print::Document& document);

/// What a line has beside its price, one text each: number of the voucher, eaten in or taken away,
/// on whose account, what it refers to, its parts. `number`: of the line, from 1.
[[nodiscard]] std::vector<std::string> line_particulars(const Receipt& receipt, std::size_t number,
                                                        Language language);
/// What the receipt says beside its lines: the buyer (without the name), the table or group, what
/// it refers to, the terminal, the number of a stock-taking.
[[nodiscard]] std::vector<std::string> receipt_particulars(const Receipt& receipt,
                                                           Language language);
/// The words of an own VAT key of the master data; empty: none.
[[nodiscard]] std::string_view own_key_words(const Business& business, VatKey key);

/// What stands between quantity and price: "2 x 4,20", "0,5 kg x 3,10", "2 kg x 5,00 je 1,5 kg".
[[nodiscard]] std::string quantity_and_price(const PlanLine& line, Language language);

/// True for one piece without a unit: its price is its amount.
[[nodiscard]] bool is_one_piece(const PlanLine& line);

}  // namespace siegel::country
