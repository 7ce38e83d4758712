#include "country/common/payments.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "country/common/lines.h"
#include "model/codec.h"

namespace siegel::country {
namespace {

__extension__ using Int128 = __int128;

constexpr UnitPrice one = UnitPrice::from_raw(100'000);

int sign(Money amount) {
  return static_cast<int>(amount > Money()) - static_cast<int>(amount < Money());
}

bool too_large(Money amount) {
  return amount.cents() > Money::limit || amount.cents() < -Money::limit;
}

/// The newest rate from `base` to `currency` in force on `day`; null: none.
const ExchangeRate* rate_in_force(const std::vector<ExchangeRate>& rates, const Currency& base,
                                  const Currency& currency, Date day) {
  const ExchangeRate* found = nullptr;
  for (const ExchangeRate& rate : rates) {
    if (rate.base != base || rate.currency != currency || rate.from > day) continue;
    if (found == nullptr || found->from < rate.from) found = &rate;
  }
  return found;
}

/// The day whose rates apply: of the business, not of its entry.
Date day_of(const ReceiptDraft& draft, const Facts& facts) {
  return draft.handwritten ? draft.handwritten->at.date() : facts.now.date();
}

Status check_lead_currency(const Facts& facts, Date day) {
  const Currency& base = facts.register_info.base_currency;
  const auto& rates = facts.business.rates;
  const bool used =
      std::ranges::any_of(rates, [&](const ExchangeRate& rate) { return rate.base == base; });
  if (!used) return Ok{};
  const ExchangeRate* own = rate_in_force(rates, base, base, day);
  if (own != nullptr && own->rate == one) return Ok{};
  return conflict("E-SAL-535",
                  fmt::format("the table of currencies has no rate 1 from {} to {} in force on {}",
                              base.text(), base.text(), day.text()),
                  "/payments");
}

/// amount / rate in cents, half away from zero.
Money converted(Money amount, UnitPrice rate) {
  const Int128 size = Int128{amount.cents() < 0 ? -amount.cents() : amount.cents()} * one.raw();
  const Int128 cents = (2 * size + rate.raw()) / (2 * Int128{rate.raw()});
  const auto value = static_cast<std::int64_t>(cents);
  return Money::from_cents(amount.cents() < 0 ? -value : value);
}

Error bad_value(std::string detail, const std::string& place) {
  return invalid("E-SAL-508", std::move(detail), place + "/value");
}

struct RatesOfDay {
  const Facts& facts;
  Date day;
};
/// What the payment is worth, and the rate that says so (null: the till does).
Status decide_value(const PaymentDraft& draft, const RatesOfDay& rates, const std::string& place,
                    PlanPayment& payment, const ExchangeRate*& used) {
  const Facts& facts = rates.facts;
  const Currency& base = facts.register_info.base_currency;
  const std::string_view currency = payment.currency.text();
  if (payment.currency == base) {
    if (payment.value == payment.amount) return Ok{};
    return bad_value(fmt::format("the value of {} {} is given as {}", payment.amount.text(),
                                 base.text(), payment.value.text()),
                     place);
  }
  used = rate_in_force(facts.business.rates, base, payment.currency, rates.day);
  if (used != nullptr) {
    SIEGEL_CHECK(used->rate > UnitPrice());
    const Money value = converted(draft.amount, used->rate);
    if (draft.value && *draft.value != value) {
      return bad_value(fmt::format("{} {} at 1 {} = {} {} is {} {}, not {}", draft.amount.text(),
                                   currency, base.text(), used->rate.text(2), currency,
                                   value.text(), base.text(), draft.value->text()),
                       place);
    }
    payment.value = value;
    return Ok{};
  }
  if (!draft.value) {
    return bad_value(fmt::format("{} {} needs a rate in the table of currencies, or its `value` in "
                                 "{}",
                                 payment.amount.text(), currency, base.text()),
                     place);
  }
  if (sign(payment.value) != sign(payment.amount)) {
    return bad_value(fmt::format("{} {} cannot be worth {} {}", payment.amount.text(), currency,
                                 payment.value.text(), base.text()),
                     place);
  }
  return Ok{};
}

Result<PlanPayment> decide_payment(const PaymentDraft& draft, const RatesOfDay& rates,
                                   const std::string& place, const ExchangeRate*& used) {
  SIEGEL_TRY_OK(check_text(draft.name, {.length_max = draft_limits::name}, place + "/name"));
  PlanPayment payment{.kind = draft.kind,
                      .amount = draft.amount,
                      .currency = draft.currency,
                      .value = draft.value.value_or(draft.amount),
                      .name = draft.name};
  const auto check_size = [&]() -> Status {
    if (!too_large(payment.amount) && !too_large(payment.value)) return Ok{};
    return invalid("E-SAL-524", fmt::format("a payment is larger than {}", Money::limit / 100),
                   place + "/amount");
  };
  SIEGEL_TRY_OK(check_size());
  if (draft.kind == PaymentKind::keine) {
    if (payment.amount == Money() && payment.value == Money()) return payment;
    return invalid(
        "E-SAL-526",
        fmt::format("\"none\" is no payment, but has the amount {}", payment.amount.text()),
        place + "/amount");
  }
  SIEGEL_TRY_OK(decide_value(draft, rates, place, payment, used));
  SIEGEL_TRY_OK(check_size());
  return payment;
}

void note_rate(const ExchangeRate& rate, std::string& notes) {
  const std::string note = fmt::format("Kurs 1 {} = {} {} ab {}", rate.base.text(),
                                       rate.rate.text(2), rate.currency.text(), rate.from.text());
  if (notes.find(note) != std::string::npos) return;
  if (!notes.empty()) notes += "; ";
  notes += note;
}

}  // namespace

Result<Paid> decide_payments(const ReceiptDraft& draft, Money total, const Facts& facts) {
  Paid out;
  Money paid;
  Money cash;
  const RatesOfDay rates{.facts = facts, .day = day_of(draft, facts)};
  SIEGEL_TRY_OK(check_lead_currency(facts, rates.day));
  for (std::size_t i = 0; i < draft.payments.size(); ++i) {
    const ExchangeRate* used = nullptr;
    SIEGEL_TRY(PlanPayment payment,
               decide_payment(draft.payments[i], rates, fmt::format("/payments/{}", i), used));
    if (used != nullptr) note_rate(*used, out.rates);
    paid += payment.value;
    if (payment.kind == PaymentKind::bar) cash += payment.value;
    out.payments.push_back(std::move(payment));
  }
  if (paid < total) {
    return invalid("E-SAL-505",
                   fmt::format("the payments make {}, the total is {}: {} missing", paid.text(),
                               total.text(), (total - paid).text()),
                   "/payments");
  }
  out.change = paid - total;
  if (draft.change && *draft.change != out.change) {
    return invalid("E-SAL-506",
                   fmt::format("paid {}, total {}: the change is {}, not {}", paid.text(),
                               total.text(), out.change.text(), draft.change->text()),
                   "/change");
  }
  if (out.change > Money() && cash < out.change) {
    return invalid("E-SAL-507",
                   fmt::format("change of {} from cash of {}: change is given from cash only; cash "
                               "paid out on a card is a negative cash payment",
                               out.change.text(), cash.text()),
                   "/payments");
  }
  return out;
}

Paid turned_payments(const Plan& original, Currency base) {
  Paid out;
  for (const PlanPayment& payment : original.payments) {
    PlanPayment& turned = out.payments.emplace_back(payment);
    turned.amount = -payment.amount;
    turned.value = -payment.value;
  }
  if (original.change == Money()) return out;
  const auto cash = std::ranges::find_if(out.payments, [&](const PlanPayment& payment) {
    return payment.kind == PaymentKind::bar && payment.currency == base;
  });
  if (cash == out.payments.end()) {
    out.payments.push_back({.kind = PaymentKind::bar,
                            .amount = original.change,
                            .currency = base,
                            .value = original.change,
                            .name = {}});
  } else {
    cash->amount += original.change;
    cash->value += original.change;
  }
  return out;
}

}  // namespace siegel::country
