#include "country/common/business_case.h"

#include <fmt/format.h>

#include <string>

namespace siegel::country {
namespace {

constexpr int not_taxable = 5;
constexpr int undetermined = 7;
constexpr int zero_rated = 8;
constexpr int first_own = 1000;

/// The key of today whose place a former one takes: 21 stands for 1.
int present_key(VatKey key) {
  constexpr int first_former = 11;
  const int number = key.get();
  return number >= first_former && number < first_own ? number % 10 : number;
}

}  // namespace

CaseRule case_rule(GvTyp typ) {
  switch (typ) {
    case GvTyp::anfangsbestand:
    case GvTyp::privateinlage:
      return {.cash_movement = true, .not_taxable_only = true, .vat_optional = true, .sign = 1};
    case GvTyp::privatentnahme:
    case GvTyp::lohnzahlung:
      return {.cash_movement = true, .not_taxable_only = true, .vat_optional = true, .sign = -1};
    case GvTyp::geldtransit:
    case GvTyp::differenz_soll_ist:
      return {.cash_movement = true, .not_taxable_only = true, .vat_optional = true};
    case GvTyp::einzahlung:
      return {.cash_movement = true, .vat_optional = true, .sign = 1};
    case GvTyp::auszahlung:
      return {.cash_movement = true, .vat_optional = true, .sign = -1};
    case GvTyp::mehrzweckgutschein_kauf:
      return {.not_taxable_only = true, .vat_optional = true, .sign = 1, .voucher = true};
    case GvTyp::mehrzweckgutschein_einloesung:
      return {.not_taxable_only = true, .vat_optional = true, .sign = -1, .voucher = true};
    case GvTyp::einzweckgutschein_kauf:
      return {.sign = 1, .voucher = true};
    case GvTyp::einzweckgutschein_einloesung:
      return {.sign = -1, .voucher = true, .voucher_needed = true};
    case GvTyp::trinkgeld_an:
      return {.not_taxable_only = true, .vat_optional = true};
    case GvTyp::forderungsentstehung:
      return {.vat_optional = true, .sign = -1};
    case GvTyp::forderungsaufloesung:
      return {.vat_optional = true, .sign = 1, .reference_needed = true};
    case GvTyp::anzahlungseinstellung:
    case GvTyp::trinkgeld_ag:
    case GvTyp::pfand:
    case GvTyp::aufschlag:
      return {.sign = 1};
    case GvTyp::anzahlungsaufloesung:
      return {.sign = -1, .reference_needed = true};
    case GvTyp::pfand_rueckzahlung:
    case GvTyp::rabatt:
      return {.sign = -1};
    case GvTyp::umsatz:
    case GvTyp::zuschuss_echt:
    case GvTyp::zuschuss_unecht:
      return {};
  }
  return {};
}

bool is_cash_movement(GvTyp typ) { return case_rule(typ).cash_movement; }

bool is_claim(GvTyp typ) {
  return typ == GvTyp::forderungsentstehung || typ == GvTyp::forderungsaufloesung;
}

bool is_voucher_redeemed(GvTyp typ) {
  return typ == GvTyp::einzweckgutschein_einloesung || typ == GvTyp::mehrzweckgutschein_einloesung;
}

Status check_german_key(GvTyp typ, VatKey key) {
  const int present = present_key(key);
  const bool single_purpose =
      typ == GvTyp::einzweckgutschein_kauf || typ == GvTyp::einzweckgutschein_einloesung;
  const bool deposit = typ == GvTyp::pfand || typ == GvTyp::pfand_rueckzahlung;
  const bool refused = (present == undetermined && !is_claim(typ)) ||
                       (present == not_taxable && single_purpose) ||
                       (present == zero_rated && deposit);
  if (!refused) return Ok{};
  std::string_view why = "key 7 (VAT not determined) is for Forderungsentstehung and -aufloesung";
  if (present == not_taxable) why = "the VAT of a single-purpose voucher is known when it is sold";
  if (present == zero_rated) why = "a deposit has the rate of the goods or the general one";
  return invalid("E-VAT-513",
                 fmt::format("{} cannot have VAT key {}: {}", gv_typ_text(typ), key.get(), why));
}

Status check_sign(const PlanLine& line, std::string_view place) {
  const CaseRule rule = case_rule(line.gv_typ);
  if (!rule.cash_movement && line.quantity < Quantity()) return Ok{};
  const bool fits =
      rule.sign == 0 || (rule.sign > 0 ? line.total >= Money() : line.total <= Money());
  if (fits) return Ok{};
  std::string what =
      fmt::format("{} is {}", gv_typ_text(line.gv_typ), rule.sign > 0 ? "positive" : "negative");
  if (rule.cash_movement) {
    what = fmt::format("{} is money {} the drawer: its amount is {}", gv_typ_text(line.gv_typ),
                       rule.sign > 0 ? "put into" : "taken out of",
                       rule.sign > 0 ? "positive" : "negative");
  }
  return invalid("E-SAL-522",
                 fmt::format("{}, not {}{}", what, line.total.text(),
                             rule.cash_movement ? "" : "; what goes back has a negative quantity"),
                 fmt::format("{}/amount", place));
}

Status check_voucher(const PlanLine& line, std::string_view place) {
  const CaseRule rule = case_rule(line.gv_typ);
  const std::string here = fmt::format("{}/voucher", place);
  if (!line.voucher.empty() && !rule.voucher) {
    return invalid("E-SAL-534", fmt::format("{} has no voucher", gv_typ_text(line.gv_typ)), here);
  }
  if (line.voucher.empty() && rule.voucher_needed) {
    return invalid(
        "E-SAL-534",
        fmt::format("{} needs the number of the voucher: it is the only link to its sale",
                    gv_typ_text(line.gv_typ)),
        here);
  }
  return Ok{};
}

}  // namespace siegel::country
