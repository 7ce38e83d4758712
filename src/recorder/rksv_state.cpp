#include "recorder/rksv_state.h"

#include <algorithm>

#include "base/mutant.h"
#include "model/rksv.h"

namespace siegel::recorder {
namespace {

constexpr std::size_t month_size = 7;  // 2026-11
constexpr std::size_t year_size = 4;

bool is_december(std::string_view month) { return month.ends_with("-12"); }

/// Whether a month with only such receipts in it wants a Monatsbeleg: one without business needs
/// none [RKSV 8 (1)].
bool is_business(RksvKind kind) {
  switch (kind) {
    case RksvKind::standard:
    case RksvKind::reversal:
    case RksvKind::training:
    case RksvKind::zero:
      return true;
    case RksvKind::start:
    case RksvKind::month:
    case RksvKind::year:
    case RksvKind::collective:
    case RksvKind::final:
      return false;
  }
  return false;
}

}  // namespace

std::string month_of(std::string_view time) { return std::string(time.substr(0, month_size)); }

void RksvState::apply(const Plan& plan, const Seal& seal) {
  const RksvPlan& decided = *plan.rksv;
  counter = decided.counter;
  const bool forget_signature = SIEGEL_MUTANT("chain-from-plan-not-seal");
  chaining = rksv::chaining_after(
      rksv::jws(seal.code_payload, forget_signature ? BytesView() : BytesView(seal.signature)));
  last_time = decided.time;
  last_number = plan.receipt_number;
  if (seal.outcome == Seal::Outcome::unsigned_outage) {
    if (!run)
      run = UnsignedRun{plan.receipt_number, decided.time,   {}, 0, seal.signer,
                        seal.error_code,     seal.error_text};
    run->last_time = decided.time;
    ++run->receipts;
  } else if (decided.kind == RksvKind::collective) {
    run.reset();
  }
  if (is_business(decided.kind)) {
    open_months.insert(month_of(decided.time));
    month_ends = false;
  }
  switch (decided.kind) {
    case RksvKind::start:
      start = ShownReceipt{plan.receipt_number, decided.time, {}};
      break;
    case RksvKind::month:
      close_months(plan, false);
      break;
    case RksvKind::year:
      close_months(plan, true);
      year = ShownReceipt{plan.receipt_number, decided.time, {}};
      break;
    case RksvKind::final:
      ended = true;
      open_months.clear();
      month_ends = false;
      break;
    case RksvKind::standard:
    case RksvKind::reversal:
    case RksvKind::training:
    case RksvKind::zero:
    case RksvKind::collective:
      break;
  }
}

/// The plan's name is the period. A December is closed by the Jahresbeleg of its year only.
void RksvState::close_months(const Plan& plan, bool is_year) {
  const std::string now = month_of(plan.rksv->time);
  const std::size_t size = is_year ? year_size : month_size;
  const std::string period = plan.name.size() == size ? plan.name : now.substr(0, size);
  const std::string december = is_year ? period + "-12" : std::string();
  const std::string until = std::min(now, is_year ? december : period);
  std::erase_if(open_months, [&](const std::string& month) {
    return month <= until && (!is_december(month) || month == december);
  });
  month_closed = std::max(month_closed, until);
  if (is_year) year_closed = std::max(year_closed, period);
  if (open_months.empty()) month_ends = false;
}

void RksvState::apply(const Closing& closing) {
  month_ends = closing.last_of_month && !open_months.empty();
}

void RksvState::apply(const ReceiptCheck& check) {
  for (auto* shown : {&start, &year})
    if (*shown && (*shown)->number == check.receipt_number) (*shown)->check = check;
}

std::optional<RksvKind> RksvState::due(std::string_view month, bool signable) const {
  const auto is_due = [&](const std::string& open) { return open < month || month_ends; };
  bool month_due = false;
  for (const std::string& open : open_months) {
    if (!is_due(open)) continue;
    if (is_december(open) && signable) return RksvKind::year;
    month_due = month_due || !is_december(open);
  }
  if (month_due) return RksvKind::month;
  return {};
}

std::string RksvState::due_month(std::string_view month, RksvKind kind) const {
  std::string latest;
  for (const std::string& open : open_months)
    if ((open < month || month_ends) && is_december(open) == (kind == RksvKind::year))
      latest = open;
  return latest;
}

}  // namespace siegel::recorder
