#include "country/common/payments.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "country/common/lines.h"
#include "model/codec.h"

namespace siegel::country {
namespace {

int sign(Money amount) {
  return static_cast<int>(amount > Money()) - static_cast<int>(amount < Money());
}

bool too_large(Money amount) {
  return amount.cents() > Money::limit || amount.cents() < -Money::limit;
}

Result<PlanPayment> decide_payment(const PaymentDraft& draft, const std::string& place) {
  SIEGEL_TRY_OK(check_text(draft.name, {.length_max = draft_limits::name}, place + "/name"));
  PlanPayment payment{.kind = draft.kind,
                      .amount = draft.amount,
                      .currency = draft.currency,
                      .value = draft.value.value_or(draft.amount),
                      .name = draft.name};
  if (too_large(payment.amount) || too_large(payment.value)) {
    return invalid("E-SAL-524", fmt::format("a payment is larger than {}", Money::limit / 100),
                   place + "/amount");
  }
  if (draft.kind == PaymentKind::keine) {
    if (payment.amount == Money() && payment.value == Money()) return payment;
    return invalid(
        "E-SAL-526",
        fmt::format("\"none\" is no payment, but has the amount {}", payment.amount.text()),
        place + "/amount");
  }
  const std::string_view currency = payment.currency.text();
  if (payment.currency == Currency::eur()) {
    if (payment.value == payment.amount) return payment;
    return invalid("E-SAL-508",
                   fmt::format("the value of {} EUR is given as {}", payment.amount.text(),
                               payment.value.text()),
                   place + "/value");
  }
  if (!draft.value) {
    return invalid("E-SAL-508",
                   fmt::format("{} {} needs its `value` in EUR", payment.amount.text(), currency),
                   place + "/value");
  }
  if (sign(payment.value) != sign(payment.amount)) {
    return invalid("E-SAL-508",
                   fmt::format("{} {} cannot be worth {} EUR", payment.amount.text(), currency,
                               payment.value.text()),
                   place + "/value");
  }
  return payment;
}

}  // namespace

Result<Paid> decide_payments(const ReceiptDraft& draft, Money total) {
  Paid out;
  Money paid;
  Money cash;
  for (std::size_t i = 0; i < draft.payments.size(); ++i) {
    SIEGEL_TRY(PlanPayment payment,
               decide_payment(draft.payments[i], fmt::format("/payments/{}", i)));
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

Paid turned_payments(const Plan& original) {
  Paid out;
  for (const PlanPayment& payment : original.payments) {
    PlanPayment& turned = out.payments.emplace_back(payment);
    turned.amount = -payment.amount;
    turned.value = -payment.value;
  }
  if (original.change == Money()) return out;
  const auto cash = std::ranges::find_if(out.payments, [](const PlanPayment& payment) {
    return payment.kind == PaymentKind::bar && payment.currency == Currency::eur();
  });
  if (cash == out.payments.end()) {
    out.payments.push_back({.kind = PaymentKind::bar,
                            .amount = original.change,
                            .currency = {},
                            .value = original.change,
                            .name = {}});
  } else {
    cash->amount += original.change;
    cash->value += original.change;
  }
  return out;
}

}  // namespace siegel::country
