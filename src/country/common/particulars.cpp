#include "country/common/particulars.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "country/common/business_case.h"
#include "country/common/lines.h"
#include "model/codec.h"

namespace siegel::country {
namespace {

Status check_buyer(const ReceiptDraft& draft) {
  if (!draft.buyer) return Ok{};
  const Buyer& buyer = *draft.buyer;
  struct Field {
    const std::string& text;
    std::size_t length_max;
    std::string_view name;
    bool needed;
  };
  namespace limits = draft_limits;
  const Field fields[] = {
      {buyer.name, limits::id, "name", true},  {buyer.id, limits::id, "id", true},
      {buyer.type, limits::id, "type", true},  {buyer.street, limits::name, "street", false},
      {buyer.postcode, 10, "postcode", false}, {buyer.city, 62, "city", false},
      {buyer.country, 3, "country", false},    {buyer.vat_id, 15, "vat_id", false},
  };
  for (const Field& field : fields) {
    const std::string place = fmt::format("/buyer/{}", field.name);
    SIEGEL_TRY_OK(check_text(field.text, {.length_max = field.length_max}, place));
    if (field.text.empty() && field.needed) {
      return invalid("E-SAL-533", "a buyer has a name, an id and a type", place);
    }
  }
  const bool letters =
      std::ranges::all_of(buyer.country, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!buyer.country.empty() && (buyer.country.size() != 3 || !letters)) {
    return invalid(
        "E-SAL-533",
        fmt::format("\"{}\" is no country of ISO 3166-1 alpha-3, e.g. DEU", excerpt(buyer.country)),
        "/buyer/country");
  }
  if (!draft.customer.empty() && draft.customer != buyer.name) {
    return invalid("E-SAL-533", "`customer` and the name of `buyer` differ", "/customer");
  }
  return Ok{};
}

/// "KASSE-01-000017": a register and a number of at least six digits.
bool is_receipt_number(std::string_view text) {
  constexpr std::size_t digits_min = 6;
  constexpr std::size_t digits_max = 18;
  const auto dash = text.rfind('-');
  if (dash == std::string_view::npos) return false;
  const std::string_view digits = text.substr(dash + 1);
  return digits.size() >= digits_min && digits.size() <= digits_max &&
         digits.find_first_not_of("0123456789") == std::string_view::npos &&
         digits.find_first_not_of('0') != std::string_view::npos &&
         RegisterId::parse(text.substr(0, dash)).ok();
}

Status check_reference(const ReceiptDraft& draft, const Reference& reference,
                       const std::string& place) {
  namespace limits = draft_limits;
  const auto bad = [&](std::string detail, std::string_view field) {
    return invalid("E-SAL-531", std::move(detail), fmt::format("{}/{}", place, field));
  };
  SIEGEL_TRY_OK(check_text(reference.number, {.length_max = limits::name, .required = true},
                           place + "/number"));
  SIEGEL_TRY_OK(check_text(reference.name, {.length_max = limits::gv_name}, place + "/name"));
  if (reference.kind == ReferenceKind::receipt && !is_receipt_number(reference.number)) {
    return bad(
        fmt::format("\"{}\" is no receipt number, like KASSE-01-000017", excerpt(reference.number)),
        "number");
  }
  const bool named = reference.kind == ReferenceKind::external_other;
  if (named == reference.name.empty()) {
    return bad(named ? "a reference of kind \"external_other\" says what it refers to"
                     : "only a reference of kind \"external_other\" has a name",
               "name");
  }
  if (reference.line < 0 || static_cast<std::size_t>(reference.line) > draft.lines.size()) {
    return bad(fmt::format("there is no line {}; lines are counted from 1", reference.line),
               "line");
  }
  return Ok{};
}

Status check_references(const ReceiptDraft& draft) {
  if (draft.references.size() > draft_limits::references) {
    return invalid("E-SAL-520",
                   fmt::format("{} references, at most {} are allowed", draft.references.size(),
                               draft_limits::references),
                   "/references");
  }
  for (std::size_t i = 0; i < draft.references.size(); ++i) {
    SIEGEL_TRY_OK(check_reference(draft, draft.references[i], fmt::format("/references/{}", i)));
  }
  return Ok{};
}

Status check_groups(const ReceiptDraft& draft) {
  if (draft.groups.size() > draft_limits::groups) {
    return invalid("E-SAL-520",
                   fmt::format("{} Abrechnungskreise, at most {} are allowed", draft.groups.size(),
                               draft_limits::groups),
                   "/groups");
  }
  for (std::size_t i = 0; i < draft.groups.size(); ++i) {
    const std::string place = fmt::format("/groups/{}", i);
    SIEGEL_TRY_OK(
        check_text(draft.groups[i], {.length_max = draft_limits::id, .required = true}, place));
    if (std::ranges::count(draft.groups, draft.groups[i]) > 1) {
      return invalid("E-SAL-509",
                     fmt::format("the Abrechnungskreis \"{}\" is named twice", draft.groups[i]),
                     place);
    }
  }
  return Ok{};
}

Status check_people_and_places(const ReceiptDraft& draft, const Facts& facts) {
  const RegisterInfo& info = facts.register_info;
  SIEGEL_TRY_OK(check_text(draft.terminal, {.length_max = draft_limits::id}, "/terminal"));
  SIEGEL_TRY_OK(check_text(draft.cashier_id, {.length_max = draft_limits::id}, "/cashier_id"));
  if (!draft.terminal.empty() && std::ranges::find(info.terminals, draft.terminal,
                                                   &TerminalInfo::id) == info.terminals.end()) {
    return invalid(
        "E-SAL-530",
        fmt::format("register {} has no terminal \"{}\"", info.id.text(), draft.terminal),
        "/terminal");
  }
  const auto& cashiers = facts.business.cashiers;
  if (!draft.cashier_id.empty() && !cashiers.empty() &&
      std::ranges::find(cashiers, draft.cashier_id, &Cashier::id) == cashiers.end()) {
    return invalid("E-SAL-530", fmt::format("there is no cashier \"{}\"", draft.cashier_id),
                   "/cashier_id");
  }
  const auto& outlets = facts.business.outlets;
  if (!info.outlet.empty() &&
      std::ranges::find(outlets, info.outlet, &Outlet::id) == outlets.end()) {
    return conflict("E-SAL-530", fmt::format("register {} is of the outlet \"{}\", which is not in "
                                             "the master data",
                                             info.id.text(), info.outlet));
  }
  return Ok{};
}

}  // namespace

Status check_particulars(const ReceiptDraft& draft, const Facts& facts) {
  SIEGEL_TRY_OK(check_buyer(draft));
  SIEGEL_TRY_OK(check_references(draft));
  SIEGEL_TRY_OK(check_groups(draft));
  return check_people_and_places(draft, facts);
}

void take_particulars(const ReceiptDraft& draft, const Facts& facts, Plan& plan) {
  plan.cashier = draft.cashier;
  plan.cashier_id = draft.cashier_id;
  plan.customer = draft.customer;
  if (draft.buyer) {
    plan.buyer = *draft.buyer;
    plan.customer = draft.buyer->name;
  }
  const auto& cashiers = facts.business.cashiers;
  const auto known = std::ranges::find(cashiers, draft.cashier_id, &Cashier::id);
  if (plan.cashier.empty() && known != cashiers.end()) plan.cashier = known->name;
  plan.terminal = draft.terminal;
  plan.groups = draft.groups;
  plan.references = draft.references;
}

Status check_settled(const Plan& plan) {
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    const PlanLine& line = plan.lines[i];
    if (line.cancelled || !case_rule(line.gv_typ).reference_needed) continue;
    const auto fits = [&](const Reference& reference) {
      return reference.line == 0 || reference.line == static_cast<int>(i) + 1;
    };
    if (std::ranges::any_of(plan.references, fits)) continue;
    return invalid("E-SAL-532",
                   fmt::format("{} settles an earlier receipt: name it in `references`",
                               gv_typ_text(line.gv_typ)),
                   "/references");
  }
  return Ok{};
}

}  // namespace siegel::country
