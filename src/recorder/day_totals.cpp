#include "recorder/day_totals.h"

#include <algorithm>

#include "base/mutant.h"

namespace siegel::recorder {
namespace {

/// Money put in or taken out [DSFinV-K Anhang C, the last eight].
bool is_movement(GvTyp typ) { return typ >= GvTyp::anfangsbestand; }

/// The payment of `plan` that its change was given from: the first cash in the base currency.
std::size_t change_from(const Plan& plan, const Currency& base) {
  const auto found = std::ranges::find_if(plan.payments, [&](const PlanPayment& payment) {
    return payment.kind == PaymentKind::bar && payment.currency == base;
  });
  return static_cast<std::size_t>(found - plan.payments.begin());
}

}  // namespace

bool counts_in_closing(const Plan& plan) {
  return plan.kind == ReceiptKind::receipt || plan.kind == ReceiptKind::reversal;
}

CashMoved cash_moved(const Plan& plan, const Currency& base) {
  CashMoved moved;
  if (!counts_in_closing(plan)) return moved;
  for (const PlanPayment& payment : plan.payments)
    if (payment.kind == PaymentKind::bar) moved[payment.currency] += payment.amount;
  if (plan.change != Money()) moved[base] += -plan.change;
  return moved;
}

void DayTotals::apply(std::uint64_t plan_sequence, const Plan& plan, const Seal& seal,
                      const Currency& base) {
  ++receipts;
  first_number = first_number == 0 ? plan.number : std::min(first_number, plan.number);
  last_number = std::max(last_number, plan.number);
  first_sequence = first_sequence == 0 ? plan_sequence : std::min(first_sequence, plan_sequence);
  const std::string& tse = seal.tse_serial.empty() ? plan.tse_serial : seal.tse_serial;
  if (!tse.empty()) tses.insert(tse);
  if (!counts_in_closing(plan) && !SIEGEL_MUTANT("closing-counts-training")) return;
  for (const PlanLine& line : plan.lines) {
    if (line.cancelled && !SIEGEL_MUTANT("closing-counts-cancelled")) continue;
    for (const VatShare& share : line.shares) {
      cases[{line.gv_typ, line.gv_name, line.agency, share.key, share.rate}] += share.gross;
      if (!is_movement(line.gv_typ)) turnover += share.gross;
    }
  }
  for (const PlanPayment& payment : plan.payments)
    if (payment.kind != PaymentKind::keine) payments[{payment.kind, payment.name}] += payment.value;
  if (plan.change != Money()) {
    const std::size_t from = change_from(plan, base);
    const std::string name = from < plan.payments.size() ? plan.payments[from].name : "";
    payments[{PaymentKind::bar, name}] += -plan.change;
  }
  for (const auto& [currency, amount] : cash_moved(plan, base)) cash[currency] += amount;
}

void DayTotals::state_in(Closing& closing) const {
  closing.receipts = receipts;
  closing.turnover = turnover;
  closing.first_number = first_number;
  closing.last_number = last_number;
  closing.first_sequence = first_sequence;
  closing.tses.assign(tses.begin(), tses.end());
  closing.cases.clear();
  for (const auto& [of, gross] : cases) {
    const NetAndTax split = split_gross(gross, of.rate);
    closing.cases.push_back(
        {of.gv_typ, of.gv_name, of.agency, of.key, of.rate, gross, split.net, split.tax});
  }
  closing.payments.clear();
  for (const auto& [of, value] : payments) closing.payments.push_back({of.kind, of.name, value});
  closing.cash.clear();
  for (const auto& [currency, amount] : cash) closing.cash.push_back({currency, amount});
}

}  // namespace siegel::recorder
