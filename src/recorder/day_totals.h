#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/closing.h"
#include "model/plan.h"

// What a register has taken since its last closing, folded receipt by receipt: the sums of a Z
// report are at hand at any time, and a closing reads nothing back.

namespace siegel::recorder {

/// The receipt changes the assets, so it counts in the sums of a closing: BON_TYP Beleg, nothing
/// else [DSFinV-K 5.3]. Training, aborts, orders and all other AV kinds count nowhere.
[[nodiscard]] bool counts_in_closing(const Plan& plan);

/// Cash a receipt moves, per currency: what was given less the change, which is in `base`.
using CashMoved = std::map<Currency, Money>;
[[nodiscard]] CashMoved cash_moved(const Plan& plan, const Currency& base);

struct DayTotals {
  struct Case {
    GvTyp gv_typ = GvTyp::umsatz;
    std::string gv_name;
    int agency = 0;
    VatKey key;
    VatRate rate;
    friend auto operator<=>(const Case&, const Case&) = default;
  };
  struct Payment {
    PaymentKind kind = PaymentKind::bar;
    std::string name;
    friend auto operator<=>(const Payment&, const Payment&) = default;
  };

  std::uint64_t receipts = 0;         ///< of every kind
  std::uint64_t first_number = 0;     ///< 0: none
  std::uint64_t last_number = 0;      ///< 0: none
  std::uint64_t first_sequence = 0;   ///< of the plan of the first; 0: none
  Money turnover;                     ///< gross of what counts, cash movements left out
  std::map<Case, Money> cases;        ///< gross
  std::map<Payment, Money> payments;  ///< in the base currency; Keine left out
  CashMoved cash;
  std::set<std::string> tses;  ///< serials that signed, or should have
  friend bool operator==(const DayTotals&, const DayTotals&) = default;

  /// A receipt is sealed. `base`: base currency of its register.
  void apply(std::uint64_t plan_sequence, const Plan& plan, const Seal& seal, const Currency& base);

  /// The sums as a closing states them; net is computed from the gross of each group [DSFinV-K
  /// 5.4]. Sets receipts, turnover, first and last number, first_sequence, tses, cases, payments
  /// and cash of `closing`.
  void state_in(Closing& closing) const;
};

}  // namespace siegel::recorder
