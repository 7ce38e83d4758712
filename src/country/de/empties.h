#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/plan.h"

// Tills that only take back empties (Leergutkassen): no TSE is demanded of them (DIK-043).

namespace siegel::country::de {

/// From when to when (inclusive, open end if empty) such a till needs no TSE. There is no paragraph
/// that names it: it follows from what a register is [AO 146a] [KassenSichV 1], and trade practice
/// says that it may change. So it is a row with a date, and a shop asks its tax adviser.
struct EmptiesRule {
  Date from;
  std::optional<Date> until;
  std::string_view source;
};
[[nodiscard]] std::span<const EmptiesRule> empties_rules();

/// A plan of such a till: nothing but Pfand, PfandRueckzahlung and cash that moves, on a day the
/// rule holds. Errors, kind conflict: E-SAL-537, place: the line.
[[nodiscard]] Status check_empties(const Plan& plan);

}  // namespace siegel::country::de
