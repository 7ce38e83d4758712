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

void put_business(const Business& business, const TaxWords& words, print::Document& document) {
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
}

void put_outlet(const Outlet& outlet, print::Document& document) {
  for (const std::string& line :
       {outlet.name, outlet.street, fmt::format("{} {}", outlet.postcode, outlet.city)}) {
    document.blocks.emplace_back(print::Text{line, print::Align::center});
  }
}

std::string_view pick(Language language, std::string_view de, std::string_view en) {
  return language == Language::de ? de : en;
}

std::string reference_words(const Reference& reference, Language language) {
  switch (reference.kind) {
    case ReferenceKind::receipt:
      return fmt::format("{} {}", pick(language, "zu Bon", "of receipt"), reference.number);
    case ReferenceKind::external_invoice:
      return fmt::format("{} {}", pick(language, "zu Rechnung", "of invoice"), reference.number);
    case ReferenceKind::external_delivery:
      return fmt::format("{} {}", pick(language, "zu Lieferschein", "of delivery note"),
                         reference.number);
    case ReferenceKind::external_other:
      return fmt::format("{}: {}", reference.name, reference.number);
  }
  return {};
}

void add_references(const Plan& plan, int line, Language language, std::vector<std::string>& out) {
  for (const Reference& reference : plan.references) {
    if (reference.line == line) out.push_back(reference_words(reference, language));
  }
}

void add_buyer(const Buyer& buyer, Language language, std::vector<std::string>& out) {
  if (buyer.empty()) return;
  out.push_back(
      fmt::format("{} {} ({})", pick(language, "Kundennr.", "Customer no."), buyer.id, buyer.type));
  if (!buyer.street.empty()) out.push_back(buyer.street);
  if (!buyer.city.empty() || !buyer.postcode.empty()) {
    out.push_back(fmt::format("{}{}{}{}{}", buyer.postcode, buyer.postcode.empty() ? "" : " ",
                              buyer.city, buyer.country.empty() ? "" : ", ", buyer.country));
  }
  if (!buyer.vat_id.empty()) {
    out.push_back(fmt::format("{} {}", pick(language, "USt-IdNr. des Kunden", "VAT ID of customer"),
                              buyer.vat_id));
  }
}

std::string part_words(const SubItem& part, Language language) {
  std::string text = fmt::format("- {}{}{} x {}", localised(part.quantity.text(), language),
                                 part.unit.empty() ? "" : " ", part.unit, part.text);
  if (part.price != Money()) text += fmt::format(" ({})", amount(part.price, language));
  return text;
}

}  // namespace

void put_header(const Business& business, const TaxWords& words, print::Document& document) {
  put_business(business, words, document);
  document.blocks.emplace_back(print::Blank{});
}

void put_header(const Receipt& receipt, const TaxWords& words, print::Document& document) {
  put_business(receipt.business, words, document);
  const auto& outlets = receipt.business.outlets;
  const auto here = std::ranges::find(outlets, receipt.register_info.outlet, &Outlet::id);
  if (here != outlets.end()) put_outlet(*here, document);
  document.blocks.emplace_back(print::Blank{});
}

std::vector<std::string> line_particulars(const Receipt& receipt, std::size_t number,
                                          Language language) {
  const PlanLine& line = receipt.plan.lines.at(number - 1);
  std::vector<std::string> out;
  if (!line.voucher.empty()) {
    out.push_back(
        fmt::format("{} {}", pick(language, "Gutschein Nr.", "Voucher no."), line.voucher));
  }
  if (line.in_house) {
    out.emplace_back(*line.in_house ? pick(language, "im Haus", "eat in")
                                    : pick(language, "außer Haus", "take away"));
  }
  if (line.agency != 0) {
    const auto& agencies = receipt.business.agencies;
    const auto agency = std::ranges::find(agencies, line.agency, &Agency::id);
    out.push_back(
        fmt::format("{} {}", pick(language, "für Rechnung von", "on account of"),
                    agency == agencies.end() ? fmt::format("{}", line.agency) : agency->name));
  }
  add_references(receipt.plan, static_cast<int>(number), language, out);
  for (const SubItem& part : line.sub_items) out.push_back(part_words(part, language));
  return out;
}

std::vector<std::string> receipt_particulars(const Receipt& receipt, Language language) {
  const Plan& plan = receipt.plan;
  std::vector<std::string> out;
  add_buyer(plan.buyer, language, out);
  for (const std::string& group : plan.groups) {
    out.push_back(fmt::format("{} {}", pick(language, "Tisch/Gruppe:", "Table/group:"), group));
  }
  add_references(plan, 0, language, out);
  if (!plan.terminal.empty()) out.push_back(fmt::format("Terminal {}", plan.terminal));
  if (plan.stock_number != 0) {
    out.push_back(fmt::format("{} {}", pick(language, "Inventur Nr.", "Stock-taking no."),
                              plan.stock_number));
  }
  return out;
}

std::string_view own_key_words(const Business& business, VatKey key) {
  const auto own = std::ranges::find(business.vat_keys, key, &OwnVatKey::key);
  return own == business.vat_keys.end() ? std::string_view() : own->description;
}

std::string quantity_and_price(const PlanLine& line, Language language) {
  const std::string_view blank = line.unit.empty() ? "" : " ";
  std::string text = fmt::format("{}{}{} x {}", localised(line.quantity.text(), language), blank,
                                 line.unit, localised(line.unit_price.text(2), language));
  if (line.factor != Quantity::from_raw(1000)) {
    text += fmt::format(" {} {}{}{}", pick(language, "je", "per"),
                        localised(line.factor.text(), language), blank, line.unit);
  }
  return text;
}

bool is_one_piece(const PlanLine& line) {
  constexpr Quantity one = Quantity::from_raw(1000);
  return line.quantity == one && line.factor == one && line.unit.empty();
}

}  // namespace siegel::country
