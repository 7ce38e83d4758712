#include "country/common/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "model/codec.h"
#include "model/vat.h"

namespace siegel::country {
namespace {

/// The law of the day.
struct Setting {
  const LineLaw& law;
  Date day;
};

struct GvRule {
  bool cash_movement = false;
  bool not_taxable_only = false;
  int sign = 0;  ///< of the line: 1 in, -1 out, 0 both
};

// [DSFinV-K Anhang C] and its sign convention; a reversal turns signs and is not asked.
GvRule rule_of(GvTyp typ) {
  switch (typ) {
    case GvTyp::anfangsbestand:
    case GvTyp::privateinlage:
      return {.cash_movement = true, .not_taxable_only = true, .sign = 1};
    case GvTyp::privatentnahme:
    case GvTyp::lohnzahlung:
      return {.cash_movement = true, .not_taxable_only = true, .sign = -1};
    case GvTyp::geldtransit:
    case GvTyp::differenz_soll_ist:
      return {.cash_movement = true, .not_taxable_only = true};
    case GvTyp::einzahlung:
      return {.cash_movement = true, .sign = 1};
    case GvTyp::auszahlung:
      return {.cash_movement = true, .sign = -1};
    case GvTyp::mehrzweckgutschein_kauf:
    case GvTyp::mehrzweckgutschein_einloesung:
    case GvTyp::trinkgeld_an:
      return {.not_taxable_only = true};
    case GvTyp::umsatz:
    case GvTyp::pfand:
    case GvTyp::pfand_rueckzahlung:
    case GvTyp::rabatt:
    case GvTyp::aufschlag:
    case GvTyp::zuschuss_echt:
    case GvTyp::zuschuss_unecht:
    case GvTyp::trinkgeld_ag:
    case GvTyp::einzweckgutschein_kauf:
    case GvTyp::einzweckgutschein_einloesung:
    case GvTyp::forderungsentstehung:
    case GvTyp::forderungsaufloesung:
    case GvTyp::anzahlungseinstellung:
    case GvTyp::anzahlungsaufloesung:
      return {};
  }
  return {};
}

std::string at(std::string_view place, std::string_view field) {
  return fmt::format("{}/{}", place, field);
}

Error placed(Error error, std::string place) {
  error.place = std::move(place);
  return error;
}

bool too_large(Money amount) {
  return amount.cents() > Money::limit || amount.cents() < -Money::limit;
}

Status check_size(Money amount, std::string place) {
  if (!too_large(amount)) return Ok{};
  return invalid("E-SAL-524",
                 fmt::format("{} is larger than {}", amount.text(), Money::limit / 100),
                 std::move(place));
}

Status check_line_texts(const LineDraft& draft, std::string_view place) {
  namespace limits = draft_limits;
  SIEGEL_TRY_OK(
      check_text(draft.text, {.length_max = limits::text, .required = true}, at(place, "text")));
  SIEGEL_TRY_OK(check_text(draft.unit, {.length_max = limits::name}, at(place, "unit")));
  SIEGEL_TRY_OK(check_text(draft.article, {.length_max = limits::name}, at(place, "article")));
  if (draft.discounts.size() > limits::discounts || draft.shares.size() > limits::shares) {
    return invalid("E-SAL-520",
                   fmt::format("a line has at most {} discounts and {} VAT shares",
                               limits::discounts, limits::shares),
                   std::string(place));
  }
  for (std::size_t i = 0; i < draft.discounts.size(); ++i) {
    const std::string discount = fmt::format("{}/discounts/{}", place, i);
    SIEGEL_TRY_OK(check_text(draft.discounts[i].text,
                             {.length_max = limits::text, .required = true}, at(discount, "text")));
    SIEGEL_TRY_OK(check_size(draft.discounts[i].amount, at(discount, "amount")));
  }
  return Ok{};
}

/// Price and amount of the line before discounts: what is missing follows from the other.
Status decide_amount(const LineDraft& draft, std::string_view place, PlanLine& line) {
  if (!draft.amount && !draft.unit_price) {
    return invalid("E-SAL-502", "the line has neither unit_price nor amount", std::string(place));
  }
  if (!draft.unit_price) {
    line.amount = *draft.amount;
    SIEGEL_TRY_OK(check_size(line.amount, at(place, "amount")));
    if (line.quantity.raw() == 0) {
      if (line.amount == Money()) return Ok{};
      return invalid("E-SAL-525",
                     fmt::format("the quantity is 0, but the amount is {}", line.amount.text()),
                     at(place, "quantity"));
    }
    auto price = price_per_unit(line.amount, line.quantity);
    if (!price.ok()) return placed(std::move(price).error(), at(place, "quantity"));
    line.unit_price = *price;
    return Ok{};
  }
  line.unit_price = *draft.unit_price;
  auto amount = multiply(line.quantity, line.unit_price, Rounding::half_away);
  if (!amount.ok()) return placed(std::move(amount).error(), at(place, "unit_price"));
  line.amount = *amount;
  if (draft.amount && *draft.amount != line.amount) {
    return invalid("E-SAL-501",
                   fmt::format("{} x {} is {}, not {}", line.quantity.text(),
                               line.unit_price.text(2), line.amount.text(), draft.amount->text()),
                   at(place, "amount"));
  }
  return Ok{};
}

/// The key is in force on the day.
char letter_of(VatKey key, const Setting& setting) {
  return vat_in_force(setting.law.country, key, setting.day).value()->letter;
}

/// The share of a line at one rate. A former rate is for what goes back; its letter says that a
/// late booking is meant [DSFinV-K Anlage 2].
Result<VatShare> decide_share(std::string_view vat, Money gross, const Setting& setting,
                              std::string place) {
  const CountryCode country = setting.law.country;
  auto entry = vat_by_text(country, vat, setting.day);
  if (!entry.ok()) return placed(std::move(entry).error(), std::move(place));
  const VatEntry& row = **entry;
  const bool named_by_letter = vat.size() == 1 && vat.front() == row.letter;
  if (row.historic && gross > Money() && !named_by_letter) {
    return placed(vat_not_in_force(country, fmt::format("{} %", row.rate.text()), setting.day),
                  std::move(place));
  }
  return VatShare{.key = row.key, .rate = row.rate, .slot = row.slot, .gross = gross};
}

Status decide_shares(const LineDraft& draft, std::string_view place, const Setting& setting,
                     PlanLine& line) {
  const GvRule rule = rule_of(line.gv_typ);
  const char untaxed = letter_of(setting.law.not_taxable, setting);
  if (draft.shares.empty()) {
    std::string_view vat = draft.vat;
    if (vat.empty() && (rule.not_taxable_only || rule.cash_movement)) vat = {&untaxed, 1};
    if (vat.empty()) {
      return invalid("E-SAL-521", "the line names no VAT: give `vat` or `shares`",
                     at(place, "vat"));
    }
    SIEGEL_TRY(line.shares.emplace_back(),
               decide_share(vat, line.total, setting, at(place, "vat")));
  } else if (!draft.vat.empty()) {
    return invalid("E-SAL-521", "the line has both `vat` and `shares`", at(place, "vat"));
  }
  Money sum;
  for (std::size_t i = 0; i < draft.shares.size(); ++i) {
    const VatShareDraft& share = draft.shares[i];
    const std::string here = fmt::format("{}/shares/{}", place, i);
    SIEGEL_TRY_OK(check_size(share.amount, at(here, "amount")));
    SIEGEL_TRY(line.shares.emplace_back(),
               decide_share(share.vat, share.amount, setting, at(here, "vat")));
    sum += share.amount;
  }
  if (!draft.shares.empty() && sum != line.total) {
    return invalid("E-SAL-503",
                   fmt::format("the shares make {}, the line {}", sum.text(), line.total.text()),
                   at(place, "shares"));
  }
  const auto taxed = [&](const VatShare& share) { return share.key != setting.law.not_taxable; };
  if (rule.not_taxable_only && std::ranges::any_of(line.shares, taxed)) {
    return invalid(
        "E-VAT-512",
        fmt::format("{} is not taxable: VAT is {} or left out", gv_typ_text(line.gv_typ), untaxed),
        at(place, draft.shares.empty() ? "vat" : "shares"));
  }
  return Ok{};
}

Result<PlanLine> decide_line(const LineDraft& draft, std::string_view place,
                             const Setting& setting) {
  SIEGEL_TRY_OK(check_line_texts(draft, place));
  PlanLine line;
  line.text = draft.text;
  line.quantity = draft.quantity;
  line.unit = draft.unit;
  line.gv_typ = draft.gv_typ;
  line.article = draft.article;
  SIEGEL_TRY_OK(decide_amount(draft, place, line));
  line.total = line.amount;
  for (const DiscountDraft& discount : draft.discounts) {
    line.discounts.push_back({.text = discount.text, .amount = discount.amount});
    line.total += discount.amount;
  }
  SIEGEL_TRY_OK(check_size(line.total, std::string(place)));
  const int sign = rule_of(line.gv_typ).sign;
  if ((sign > 0 && line.total < Money()) || (sign < 0 && line.total > Money())) {
    return invalid("E-SAL-522",
                   fmt::format("{} is money {} the drawer: its amount is {}, not {}",
                               gv_typ_text(line.gv_typ), sign > 0 ? "put into" : "taken out of",
                               sign > 0 ? "positive" : "negative", line.total.text()),
                   at(place, "amount"));
  }
  SIEGEL_TRY_OK(decide_shares(draft, place, setting, line));
  return line;
}

}  // namespace

bool is_cash_movement(GvTyp typ) { return rule_of(typ).cash_movement; }

Status check_text(std::string_view text, const TextRule& rule, std::string_view place) {
  const auto bad = [&](std::string detail) {
    return invalid("E-SAL-519", std::move(detail), std::string(place));
  };
  if (text.empty() && rule.required) return bad("the text is empty");
  if (!valid_utf8(text)) return bad("the text is not UTF-8");
  const std::size_t length = utf8_length(text);
  if (length > rule.length_max) {
    return bad(
        fmt::format("the text has {} characters, at most {} are allowed", length, rule.length_max));
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 || byte == 0x7f) && !(rule.line_feeds && c == '\n')) {
      return bad(fmt::format("the text has the control character {:#04x}", byte));
    }
  }
  return Ok{};
}

Result<std::vector<PlanLine>> decide_lines(const ReceiptDraft& draft, const LineLaw& law,
                                           Date day) {
  const Setting setting{.law = law, .day = day};
  std::vector<PlanLine> lines;
  lines.reserve(draft.lines.size());
  for (std::size_t i = 0; i < draft.lines.size(); ++i) {
    SIEGEL_TRY(PlanLine line, decide_line(draft.lines[i], fmt::format("/lines/{}", i), setting));
    lines.push_back(std::move(line));
  }
  SIEGEL_TRY_OK(check_size(sum_of(lines), "/lines"));
  return lines;
}

Result<std::vector<PlanLine>> turned_lines(const Plan& original, const LineLaw& law, Date day) {
  std::vector<PlanLine> lines = original.lines;
  for (PlanLine& line : lines) {
    line.quantity = -line.quantity;
    line.amount = -line.amount;
    line.total = -line.total;
    for (Discount& discount : line.discounts) discount.amount = -discount.amount;
    for (VatShare& share : line.shares) {
      const auto key = vat_key_of_sale(law.country, share.key, share.rate, day);
      if (!key) {
        return placed(vat_not_in_force(law.country, fmt::format("{} %", share.rate.text()), day),
                      "/reverses");
      }
      share.key = *key;
      share.gross = -share.gross;
    }
  }
  return lines;
}

Money sum_of(const std::vector<PlanLine>& lines) {
  Money sum;
  for (const PlanLine& line : lines) sum += line.total;
  return sum;
}

std::vector<VatSum> vat_sums(const std::vector<PlanLine>& lines, const LineLaw& law, Date day) {
  const Setting setting{.law = law, .day = day};
  std::map<VatKey, VatSum> sums;
  for (const PlanLine& line : lines) {
    for (const VatShare& share : line.shares) {
      VatSum& sum = sums[share.key];
      sum.key = share.key;
      sum.rate = share.rate;
      sum.slot = share.slot;
      sum.gross += share.gross;
    }
  }
  std::vector<VatSum> out;
  for (auto& [key, sum] : sums) {
    sum.letter = letter_of(key, setting);
    const NetAndTax split = split_gross(sum.gross, sum.rate);
    sum.net = split.net;
    sum.tax = split.tax;
    out.push_back(sum);
  }
  return out;
}

}  // namespace siegel::country
