#include "country/de/empties.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "country/common/business_case.h"

namespace siegel::country::de {
namespace {

constexpr std::array rules = {
    EmptiesRule{.from = Date(2020, 1, 1), .until = std::nullopt, .source = "KassenSichV 1"}};

bool is_allowed(GvTyp typ) {
  return typ == GvTyp::pfand || typ == GvTyp::pfand_rueckzahlung || is_cash_movement(typ);
}

}  // namespace

std::span<const EmptiesRule> empties_rules() { return rules; }

Status check_empties(const Plan& plan) {
  const Date day = plan.decided.date();
  const bool holds = std::ranges::any_of(rules, [&](const EmptiesRule& rule) {
    return rule.from <= day && (!rule.until || day <= *rule.until);
  });
  if (!holds) {
    return conflict("E-SAL-537",
                    fmt::format("on {} a till for empties needs a TSE like any other", day.text()));
  }
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    if (is_allowed(plan.lines[i].gv_typ)) continue;
    return conflict("E-SAL-537",
                    fmt::format("register {} takes back empties only and has no TSE: {} is not "
                                "recorded here",
                                plan.register_id.text(), gv_typ_text(plan.lines[i].gv_typ)),
                    fmt::format("/lines/{}/gv_typ", i));
  }
  return Ok{};
}

}  // namespace siegel::country::de
