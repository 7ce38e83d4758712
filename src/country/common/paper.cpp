#include "country/common/paper.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "country/common/wording.h"

namespace siegel::country {
namespace {

bool holds(const std::vector<std::string>& lines, std::string_view text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

void put_header(const Business& business, const TaxWords& words, print::Document& document) {
  const auto centre = [&](std::string text) {
    document.blocks.emplace_back(print::Text{std::move(text), print::Align::center});
  };
  for (const std::string& line : business.header_lines) centre(line);
  const auto demanded = [&](std::string_view label, std::string_view value) {
    if (!value.empty() && !holds(business.header_lines, value)) {
      centre(fmt::format("{}{}{}", label, label.empty() ? "" : " ", value));
    }
  };
  demanded("", business.name);
  demanded("", business.street);
  if (!holds(business.header_lines, business.city) || business.header_lines.empty()) {
    centre(fmt::format("{} {}", business.postcode, business.city));
  }
  if (!business.vat_id.empty()) {
    demanded(words.vat_id, business.vat_id);
  } else {
    demanded(words.tax_number, business.tax_number);
  }
  document.blocks.emplace_back(print::Blank{});
}

std::string quantity_and_price(const PlanLine& line, Language language) {
  return fmt::format("{}{}{} x {}", localised(line.quantity.text(), language),
                     line.unit.empty() ? "" : " ", line.unit,
                     localised(line.unit_price.text(2), language));
}

bool is_one_piece(const PlanLine& line) {
  return line.quantity == Quantity::from_raw(1000) && line.unit.empty();
}

}  // namespace siegel::country
