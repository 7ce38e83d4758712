#include "country/de/process_data.h"

#include <algorithm>
#include <compare>
#include <tuple>
#include <vector>

namespace siegel::country::de {
namespace {

/// Cash first, EUR before foreign, then by code.
auto place_of(const PaymentSum& payment) {
  return std::tuple(!payment.cash, payment.currency != Currency::eur(), payment.currency.text());
}

std::vector<PaymentSum> grouped(std::span<const PaymentSum> payments) {
  std::vector<PaymentSum> sums;
  for (const PaymentSum& payment : payments) {
    const auto same = std::ranges::find_if(sums, [&](const PaymentSum& sum) {
      return sum.cash == payment.cash && sum.currency == payment.currency;
    });
    if (same == sums.end()) {
      sums.push_back(payment);
    } else {
      same->amount += payment.amount;
    }
  }
  std::erase_if(sums, [](const PaymentSum& sum) { return sum.amount == Money(); });
  std::ranges::sort(
      sums, [](const PaymentSum& a, const PaymentSum& b) { return place_of(a) < place_of(b); });
  return sums;
}

}  // namespace

std::string kassenbeleg(std::string_view vorgangstyp, const std::array<Money, 5>& gross,
                        std::span<const PaymentSum> payments) {
  std::string out(vorgangstyp);
  for (std::size_t i = 0; i < gross.size(); ++i) {
    out += i == 0 ? '^' : '_';
    gross[i].append_text(out);
  }
  out += '^';
  bool first = true;
  for (const PaymentSum& sum : grouped(payments)) {
    if (!first) out += '_';
    first = false;
    sum.amount.append_text(out);
    out += sum.cash ? ":Bar" : ":Unbar";
    if (sum.currency != Currency::eur()) {
      out += ':';
      out += sum.currency.text();
    }
  }
  return out;
}

std::string bestellung(std::span<const OrderLine> lines) {
  std::string out;
  for (const OrderLine& line : lines) {
    if (!out.empty()) out += '\r';
    out += line.quantity.text();
    out += ";\"";
    for (const char c : line.text) {
      if (c == '"') out += '"';
      out += c == '\r' || c == '\n' ? ' ' : c;
    }
    out += "\";";
    line.unit_price.append_text(out);
  }
  return out;
}

}  // namespace siegel::country::de
