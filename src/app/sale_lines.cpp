#include "app/sale_lines.h"

#include <fmt/format.h>

namespace siegel::app {

/// "Brezel:2:1.80:B": text, quantity, unit price, VAT letter or rate. The text may hold colons.
Result<LineDraft> item_line(const std::string& item, std::size_t index) {
  const std::string place = fmt::format("--item {}", index + 1);
  std::array<std::string, 4> parts;
  std::string_view rest = item;
  for (std::size_t i = 3; i > 0; --i) {
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos)
      return invalid(
          "E-CLI-101",
          fmt::format("\"{}\" is not TEXT:QUANTITY:PRICE:VAT, e.g. Brezel:2:1.80:B", item), place);
    parts[i] = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  LineDraft line;
  line.text = rest;
  auto quantity = Quantity::parse(parts[1]);
  if (!quantity) return invalid(quantity.error().code, quantity.error().detail, place);
  auto price = UnitPrice::parse(parts[2]);
  if (!price) return invalid(price.error().code, price.error().detail, place);
  line.quantity = *quantity;
  line.unit_price = *price;
  line.vat = parts[3];
  return line;
}

}  // namespace siegel::app
