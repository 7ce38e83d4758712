#include "verify/dsfinvk/process_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace siegel::verify::dsfinvk {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// `-?(0|[1-9]digits).dd`; nothing otherwise.
std::optional<std::int64_t> amount(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.size() < 4 || text.size() > 16 || text[text.size() - 3] != '.') return std::nullopt;
  const std::string_view whole = text.substr(0, text.size() - 3);
  if (whole.size() > 1 && whole[0] == '0') return std::nullopt;
  std::int64_t cents = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == text.size() - 3) continue;
    if (!is_digit(text[i])) return std::nullopt;
    cents = cents * 10 + (text[i] - '0');
  }
  if (negative && cents == 0) return std::nullopt;
  return negative ? -cents : cents;
}

/// The part before `separator`, which is taken away with it.
std::string_view take(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

bool check_payments(std::string_view text, Kassenbeleg& out, std::string& why) {
  while (!text.empty()) {
    const bool more = text.find('_') != std::string_view::npos;
    std::string_view payment = take(text, '_');
    const std::string_view whole = payment;
    const auto cents = amount(take(payment, ':'));
    const std::string_view kind = take(payment, ':');
    const bool currency = payment.size() == 3 &&
                          std::ranges::all_of(payment, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (!cents || (kind != "Bar" && kind != "Unbar") || (!payment.empty() && !currency) ||
        payment == "EUR" || whole.ends_with(':') || (more && text.empty())) {
      why = fmt::format("payment `{}`", whole);
      return false;
    }
    out.foreign |= currency;
    out.paid += *cents;
  }
  return true;
}

std::string cents_text(std::int64_t cents) {
  const std::int64_t magnitude = cents < 0 ? -cents : cents;
  return fmt::format("{}{}.{:02}", cents < 0 ? "-" : "", magnitude / 100, magnitude % 100);
}

/// `-?digits[.decimals]` with at most three decimals, in Units.
std::optional<Units> quantity(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  if (point == 0 || point > 12 || (point > 1 && text[0] == '0')) return std::nullopt;
  const std::string_view decimals = point < text.size() ? text.substr(point + 1) : "";
  if ((point < text.size() && decimals.empty()) || decimals.size() > 3) return std::nullopt;
  Units units = 0;
  for (const char c : text.substr(0, point)) {
    if (!is_digit(c)) return std::nullopt;
    units = units * 10 + (c - '0');
  }
  for (std::size_t i = 0; i < 5; ++i) {
    const char c = i < decimals.size() ? decimals[i] : '0';
    if (!is_digit(c)) return std::nullopt;
    units = units * 10 + (c - '0');
  }
  return negative ? -units : units;
}

}  // namespace

std::optional<Kassenbeleg> parse_kassenbeleg(std::string_view data, std::string& why) {
  if (std::ranges::count(data, '^') != 2) {
    why = "not three parts between ^";
    return std::nullopt;
  }
  Kassenbeleg out;
  out.type = take(data, '^');
  std::string_view containers = take(data, '^');
  out.payments = data;
  if (std::ranges::count(containers, '_') != 4) {
    why = fmt::format("`{}` is not five amounts", containers);
    return std::nullopt;
  }
  for (std::int64_t& container : out.containers) {
    const std::string_view text = take(containers, '_');
    const auto cents = amount(text);
    if (!cents) {
      why = fmt::format("amount `{}`", text);
      return std::nullopt;
    }
    container = *cents;
  }
  if (!check_payments(out.payments, out, why)) return std::nullopt;
  return out;
}

std::optional<std::vector<OrderLine>> parse_order(std::string_view data, char separator,
                                                  std::string& why) {
  std::vector<OrderLine> out;
  std::string_view rest = data;
  do {
    const auto fail = [&] {
      why = fmt::format("line {}", out.size() + 1);
      return std::nullopt;
    };
    OrderLine& line = out.emplace_back();
    const auto units = quantity(take(rest, ';'));
    if (!units || !rest.starts_with('"')) return fail();
    line.quantity = *units;
    rest.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest.find('"');
      if (quote == std::string_view::npos) return fail();
      line.text += rest.substr(0, quote);
      rest.remove_prefix(quote + 1);
      if (!rest.starts_with('"')) break;
      line.text += '"';
      rest.remove_prefix(1);
    }
    if (!rest.starts_with(';')) return fail();
    rest.remove_prefix(1);
    const bool more = rest.find(separator) != std::string_view::npos;
    const auto cents = amount(take(rest, separator));
    if (!cents || (more && rest.empty())) return fail();
    line.price = *cents * units_cent;
  } while (!rest.empty());
  return out;
}

std::int64_t cut_cents(Units units) { return units / units_cent; }

std::string containers_text(const Containers& containers) {
  std::string text;
  for (const std::int64_t cents : containers) {
    if (!text.empty()) text += '_';
    text += cents_text(cents);
  }
  return text;
}

std::string payments_text(const Receipt& receipt, std::string_view base_currency) {
  // Bar before Unbar, EUR before the others by code.
  std::map<std::pair<int, std::string>, Units> sums;
  for (const Payment& payment : receipt.payments) {
    if (payment.type == PayType::keine) continue;
    const bool foreign = !payment.currency.empty() && payment.currency != base_currency;
    std::string currency(payment.currency.empty() ? base_currency : payment.currency);
    if (currency == "EUR") currency.clear();
    sums[{payment.type == PayType::bar ? 0 : 1, currency}] +=
        foreign ? payment.foreign.units : payment.base.units;
  }
  std::string text;
  for (const auto& [key, units] : sums) {
    if (units == 0) continue;
    if (!text.empty()) text += '_';
    text += fmt::format("{}:{}", cents_text(cut_cents(units)), key.first == 0 ? "Bar" : "Unbar");
    if (!key.second.empty()) text += ":" + key.second;
  }
  return text;
}

std::string order_text(const Receipt& receipt) {
  std::string text;
  for (const Line& line : receipt.lines) {
    if (line.cancelled) continue;
    if (!text.empty()) text += '\r';
    std::string number = number_text(line.quantity.units);
    std::ranges::replace(number, ',', '.');
    while (number.ends_with('0')) number.pop_back();
    if (number.ends_with('.')) number.pop_back();
    text += number + ";\"";
    for (const char c : line.row[lines_columns::artikeltext]) {
      if (c == '"') text += '"';
      text += c;
    }
    text += "\";" + cents_text(cut_cents(line.price.units));
  }
  return text;
}

}  // namespace siegel::verify::dsfinvk
