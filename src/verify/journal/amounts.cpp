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
constexpr int first_own_key = 1000;
__extension__ using Int128 = __int128;

Int128 size_of(Int128 value) { return value < 0 ? -value : value; }

void expect_equal(const FindInPlan& find, std::string_view rule, std::string_view place,
                  Money found, Money expected) {
  if (found != expected) find(rule, place, found.text(), expected.text());
}

/// quantity x price / factor, rounded; a price that was calculated has its surplus digits cut.
bool price_fits(const PlanLine& line) {
  constexpr int raw_per_cent = 1000;
  constexpr int raw_per_half_cent = raw_per_cent / 2;
  const Int128 product = Int128{line.quantity.raw()} * line.unit_price.raw();
  const Int128 amount = Int128{line.amount.cents()} * raw_per_cent * line.factor.raw();
  const Int128 tolerance =
      Int128{raw_per_half_cent} * line.factor.raw() + size_of(line.quantity.raw());
  return line.factor > Quantity() && size_of(product - amount) <= tolerance;
}

void check_lines(const Plan& plan, const FindInPlan& find) {
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    const PlanLine& line = plan.lines[i];
    if (!price_fits(line)) {
      find("JRN-0309", fmt::format("/lines/{}/amount", i), line.amount.text(),
           fmt::format("{} x {} per {}", line.quantity.text(), line.unit_price.text(2),
                       line.factor.text()));
    }
    if (line.cancelled && line.quantity < Quantity()) {
      find("JRN-0311", fmt::format("/lines/{}/cancelled", i), line.quantity.text(),
           "a quantity that is not negative");
    }
    Money total = line.amount;
    for (const Discount& discount : line.discounts) total += discount.amount;
    expect_equal(find, "JRN-0301", fmt::format("/lines/{}/total", i), line.total, total);
    Money shares;
    for (const VatShare& share : line.shares) shares += share.gross;
    expect_equal(find, "JRN-0302", fmt::format("/lines/{}/shares", i), shares, line.total);
  }
}

struct Law {
  const AmountsLaw& master;
  Date day;
};

/// Given up, or booked by another system: recorded with its lines, and owes nothing [DSFinV-K
/// Anhang I]. A delivery note may state its values all the same.
bool is_without_value(const Plan& plan) {
  return plan.kind == ReceiptKind::abort ||
         (plan.kind == ReceiptKind::transfer && plan.vat.empty());
}

/// Keys from 1000 are those of the master data.
void check_own_rate(const FindInPlan& find, std::string_view place, const Law& law, VatKey key,
                    VatRate rate, int slot) {
  const auto& keys = law.master.own_keys;
  const auto own = std::ranges::find(keys, key, &OwnVatKey::key);
  if (own != keys.end() && own->rate == rate && own->slot == slot) return;
  find("JRN-0308", place, fmt::format("key {}, {} %, slot {}", key.get(), rate.text(), slot),
       own == keys.end() ? std::string("a key of the master data")
                         : fmt::format("{} %, slot {}", own->rate.text(), own->slot));
}

void check_rate(const FindInPlan& find, std::string_view place, const Law& law, VatKey key,
                VatRate rate, int slot) {
  if (key.get() >= first_own_key) {
    check_own_rate(find, place, law, key, rate, slot);
    return;
  }
  const auto in_force = vat_in_force(law.master.country, key, law.day);
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
  if (!is_without_value(plan)) {
    for (const PlanLine& line : plan.lines) {
      if (line.cancelled) continue;
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

/// The newest rate from one of the base currencies in force on the day; null: none.
const ExchangeRate* rate_of(const Law& law, const Currency& currency) {
  const ExchangeRate* found = nullptr;
  for (const ExchangeRate& rate : law.master.rates) {
    if (rate.currency != currency || rate.from > law.day || rate.rate <= UnitPrice()) continue;
    if (!law.master.bases.contains(rate.base)) continue;
    if (found == nullptr || found->from < rate.from) found = &rate;
  }
  return found;
}

/// amount / rate, half away from zero.
Money converted(Money amount, UnitPrice rate) {
  constexpr std::int64_t unit = 100'000;
  const Int128 scaled = size_of(Int128{amount.cents()}) * unit;
  const auto cents = static_cast<std::int64_t>((2 * scaled + rate.raw()) / (2 * rate.raw()));
  return Money::from_cents(amount < Money() ? -cents : cents);
}

/// A reversal gives back what was taken, at the rate of then.
void check_rates(const Plan& plan, const Law& law, const FindInPlan& find) {
  if (!plan.reverses.empty() || law.master.bases.size() != 1) return;
  for (std::size_t i = 0; i < plan.payments.size(); ++i) {
    const PlanPayment& payment = plan.payments[i];
    if (law.master.bases.contains(payment.currency)) continue;
    const ExchangeRate* rate = rate_of(law, payment.currency);
    if (rate == nullptr) continue;
    const Money value = converted(payment.amount, rate->rate);
    if (value != payment.value) {
      find("JRN-0310", fmt::format("/payments/{}/value", i), payment.value.text(), value.text());
    }
  }
}

void check_total(const Plan& plan, const Law& law, const FindInPlan& find) {
  Money lines;
  if (!is_without_value(plan)) {
    for (const PlanLine& line : plan.lines) {
      if (!line.cancelled) lines += line.total;
    }
  }
  expect_equal(find, "JRN-0305", "/total", plan.total, lines);
  Money paid = -plan.change;
  for (const PlanPayment& payment : plan.payments) {
    paid += payment.value;
    const auto& bases = law.master.bases;
    if (bases.size() == 1 && bases.contains(payment.currency) && payment.amount != payment.value) {
      find("JRN-0306", "/payments", payment.value.text(), payment.amount.text());
    }
  }
  expect_equal(find, "JRN-0306", "/payments", paid, has_payments(plan) ? plan.total : Money());
}

std::string kassenbeleg(const Plan& plan, const Currency& base) {
  std::array<Money, slot_count> slots{};
  for (const VatSum& sum : plan.vat) {
    if (sum.slot >= 1 && sum.slot <= static_cast<int>(slot_count)) {
      slots[static_cast<std::size_t>(sum.slot - 1)] += sum.gross;
    }
  }
  // Bar before Unbar, EUR before the others, these by their code.
  std::map<std::tuple<bool, bool, std::string>, Money> payments;
  payments[{false, base != Currency::eur(), std::string(base.text())}] = -plan.change;
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

/// Orders: one signed line a line, with its text and quantity; the price where no discount or
/// factor changes it. Empty: fits.
std::string order_problem(const Plan& plan) {
  std::string_view rest = plan.process_data;
  for (const PlanLine& line : plan.lines) {
    if (line.cancelled) continue;
    const bool per_one = line.discounts.empty() && line.factor == Quantity::from_raw(1000);
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
    const bool fits =
        signed_line.starts_with(begin) || (!per_one && signed_line.starts_with(turned));
    if (!fits) return begin;
    if (per_one) {
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

/// What is signed of a Kassenbeleg; with each base currency the register has had.
bool kassenbeleg_fits(const Plan& plan, const AmountsLaw& law) {
  return std::ranges::any_of(law.bases, [&](const Currency& base) {
    return kassenbeleg(plan, base) == plan.process_data;
  });
}

std::string stock_taking(const Plan& plan) {
  return fmt::format("{} {}{}{}", plan.name, plan.stock_number, plan.note.empty() ? "" : ": ",
                     plan.note);
}

void check_process_data(const Plan& plan, const AmountsLaw& law, const FindInPlan& find) {
  std::string expected;
  switch (plan.process_type) {
    case ProcessType::kassenbeleg:
      if (kassenbeleg_fits(plan, law)) return;
      expected = kassenbeleg(plan, law.bases.empty() ? Currency::eur() : *law.bases.begin());
      break;
    case ProcessType::sonstiger_vorgang:
      expected = plan.kind == ReceiptKind::stock_take ? stock_taking(plan) : plan.note;
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

/// The day whose keys are written. Austria has no keys for former rates: what was written by hand
/// keeps those of the day of its paper.
Date day_of(const Plan& plan, CountryCode country) {
  if (country == CountryCode::at && plan.handwritten) return plan.handwritten->at.date();
  return plan.decided.date();
}

}  // namespace

void check_amounts(const Plan& plan, const AmountsLaw& master, const FindInPlan& find) {
  const Law law{.master = master, .day = day_of(plan, master.country)};
  check_lines(plan, find);
  check_vat(plan, law, find);
  check_total(plan, law, find);
  const Law of_business{.master = master,
                        .day = plan.handwritten ? plan.handwritten->at.date() : law.day};
  check_rates(plan, of_business, find);
  if (master.country == CountryCode::de) check_process_data(plan, master, find);
}

}  // namespace siegel::verify::journal
