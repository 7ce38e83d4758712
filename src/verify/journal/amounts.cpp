#include "verify/journal/amounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "model/vat.h"

namespace siegel::verify::journal {

namespace {

constexpr std::size_t slot_count = 5;

void expect_equal(const FindInPlan& find, std::string_view rule, std::string_view place,
                  Money found, Money expected) {
  if (found != expected) find(rule, place, found.text(), expected.text());
}

void check_lines(const Plan& plan, const FindInPlan& find) {
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    const PlanLine& line = plan.lines[i];
    Money total = line.amount;
    for (const Discount& discount : line.discounts) total += discount.amount;
    expect_equal(find, "JRN-0301", fmt::format("/lines/{}/total", i), line.total, total);
    Money shares;
    for (const VatShare& share : line.shares) shares += share.gross;
    expect_equal(find, "JRN-0302", fmt::format("/lines/{}/shares", i), shares, line.total);
  }
}

struct Law {
  CountryCode country = CountryCode::de;
  Date day;
};

void check_rate(const FindInPlan& find, std::string_view place, const Law& law, VatKey key,
                VatRate rate, int slot) {
  const auto in_force = vat_in_force(law.country, key, law.day);
  if (!in_force.ok()) {
    find("JRN-0308", place, fmt::format("key {}", key.get()), in_force.error().detail);
    return;
  }
  if ((*in_force)->rate != rate || (*in_force)->slot != slot) {
    find("JRN-0308", place, fmt::format("key {}, {} %, slot {}", key.get(), rate.text(), slot),
         fmt::format("{} %, slot {}", (*in_force)->rate.text(), (*in_force)->slot));
  }
}

void check_vat(const Plan& plan, const Law& law, const FindInPlan& find) {
  std::map<int, Money> by_key;
  // What was rung up and given up owes nothing [DSFinV-K Anhang I].
  if (plan.kind != ReceiptKind::abort) {
    for (const PlanLine& line : plan.lines) {
      for (const VatShare& share : line.shares) by_key[share.key.get()] += share.gross;
    }
  }
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    for (const VatShare& share : plan.lines[i].shares) {
      check_rate(find, fmt::format("/lines/{}/shares", i), law, share.key, share.rate, share.slot);
    }
  }
  for (std::size_t i = 0; i < plan.vat.size(); ++i) {
    const VatSum& sum = plan.vat[i];
    const std::string place = fmt::format("/vat/{}", i);
    const auto of_lines = by_key.find(sum.key.get());
    expect_equal(find, "JRN-0303", place + "/gross", sum.gross,
                 of_lines == by_key.end() ? Money() : of_lines->second);
    if (of_lines != by_key.end()) by_key.erase(of_lines);
    const NetAndTax split = split_gross(sum.gross, sum.rate);
    expect_equal(find, "JRN-0304", place + "/net", sum.net, split.net);
    expect_equal(find, "JRN-0304", place + "/tax", sum.tax, split.tax);
    check_rate(find, place, law, sum.key, sum.rate, sum.slot);
  }
  for (const auto& [key, gross] : by_key) {
    find("JRN-0303", "/vat", fmt::format("no sum of key {}", key), gross.text());
  }
}

bool has_payments(const Plan& plan) {
  // In Austria training may be paid for, with practice money.
  return plan.kind == ReceiptKind::receipt || plan.kind == ReceiptKind::reversal ||
         (plan.rksv && plan.kind == ReceiptKind::training && !plan.payments.empty());
}

void check_total(const Plan& plan, const FindInPlan& find) {
  Money lines;
  if (plan.kind != ReceiptKind::abort) {
    for (const PlanLine& line : plan.lines) lines += line.total;
  }
  expect_equal(find, "JRN-0305", "/total", plan.total, lines);
  Money paid = -plan.change;
  for (const PlanPayment& payment : plan.payments) {
    paid += payment.value;
    if (payment.currency == Currency::eur() && payment.amount != payment.value) {
      find("JRN-0306", "/payments", payment.value.text(), payment.amount.text());
    }
  }
  expect_equal(find, "JRN-0306", "/payments", paid, has_payments(plan) ? plan.total : Money());
}

std::string kassenbeleg(const Plan& plan) {
  std::array<Money, slot_count> slots{};
  for (const VatSum& sum : plan.vat) {
    if (sum.slot >= 1 && sum.slot <= static_cast<int>(slot_count)) {
      slots[static_cast<std::size_t>(sum.slot - 1)] += sum.gross;
    }
  }
  // Bar before Unbar, EUR before the others, these by their code.
  std::map<std::tuple<bool, bool, std::string>, Money> payments;
  payments[{false, false, "EUR"}] = -plan.change;
  for (const PlanPayment& payment : plan.payments) {
    if (payment.kind == PaymentKind::keine) continue;
    const std::string currency(payment.currency.text());
    payments[{payment.kind != PaymentKind::bar, currency != "EUR", currency}] += payment.amount;
  }
  std::string out = plan.bon_typ;
  char separator = '^';
  for (const Money slot : slots) {
    out += separator;
    slot.append_text(out);
    separator = '_';
  }
  separator = '^';
  for (const auto& [what, amount] : payments) {
    if (amount == Money()) continue;
    const auto& [unbar, foreign, currency] = what;
    out += separator;
    amount.append_text(out);
    out += unbar ? ":Unbar" : ":Bar";
    if (foreign) out += ":" + currency;
    separator = '_';
  }
  if (separator == '^') out += '^';
  return out;
}

/// Orders: one signed line a line, with its text and quantity; the price where no discount changes
/// it. Empty: fits.
std::string order_problem(const Plan& plan) {
  std::string_view rest = plan.process_data;
  for (const PlanLine& line : plan.lines) {
    std::string text;
    for (const char c : line.text) {
      if (c == '"') text += '"';
      text += c == '\r' || c == '\n' ? ' ' : c;
    }
    const bool back = line.unit_price < UnitPrice();
    const Quantity quantity = back ? -line.quantity : line.quantity;
    const std::string begin = fmt::format("{};\"{}\";", quantity.text(), text);
    const std::string_view signed_line = rest.substr(0, rest.find('\r'));
    // A discount may turn the sign as well.
    const std::string turned = fmt::format("{};\"{}\";", (-quantity).text(), text);
    const bool fits = signed_line.starts_with(begin) ||
                      (!line.discounts.empty() && signed_line.starts_with(turned));
    if (!fits) return begin;
    if (line.discounts.empty()) {
      constexpr std::int64_t raw_of_a_cent = 1000;
      const std::int64_t raw =
          line.unit_price.raw() < 0 ? -line.unit_price.raw() : line.unit_price.raw();
      const std::string whole = begin + Money::from_cents(raw / raw_of_a_cent).text();
      if (signed_line != whole) return whole;
    }
    rest.remove_prefix(std::min(signed_line.size() + 1, rest.size()));
  }
  return rest.empty() ? "" : "no further line";
}

void check_process_data(const Plan& plan, const FindInPlan& find) {
  std::string expected;
  switch (plan.process_type) {
    case ProcessType::kassenbeleg:
      expected = kassenbeleg(plan);
      break;
    case ProcessType::sonstiger_vorgang:
      expected = plan.note;
      break;
    case ProcessType::bestellung:
      expected = order_problem(plan);
      if (expected.empty()) return;
      find("JRN-0307", "/process_data", plan.process_data, expected);
      return;
  }
  if (expected != plan.process_data) {
    find("JRN-0307", "/process_data", plan.process_data, expected);
  }
}

}  // namespace

void check_amounts(const Plan& plan, CountryCode country, const FindInPlan& find) {
  const Law law{.country = country, .day = plan.decided.date()};
  check_lines(plan, find);
  check_vat(plan, law, find);
  check_total(plan, find);
  if (country == CountryCode::de) check_process_data(plan, find);
}

}  // namespace siegel::verify::journal
