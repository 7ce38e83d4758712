#include "model/money.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <utility>

namespace siegel {
namespace {

__extension__ using Int128 = __int128;

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// Beginning of a foreign text for a message: short, and without bytes that could confuse a log.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 40)) out += c >= ' ' && c <= '~' ? c : '?';
  return out + (text.size() > 40 ? "...\"" : "\"");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A strict decimal text as a whole number of 10^-scale, at most `limit` in size.
Result<std::int64_t> parse_scaled(std::string_view text, int scale, std::int64_t limit) {
  std::string_view rest = text;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative) rest.remove_prefix(1);
  const auto bad = [&] {
    return invalid("E-MOD-001", fmt::format("{} is not a number like 12.40", quoted(text)));
  };
  std::size_t whole = 0;
  while (whole < rest.size() && is_digit(rest[whole])) ++whole;
  if (whole == 0 || (whole > 1 && rest.front() == '0')) return bad();
  std::string_view decimals;
  if (whole < rest.size()) {
    if (rest[whole] != '.') return bad();
    decimals = rest.substr(whole + 1);
    if (decimals.empty()) return bad();
    for (const char c : decimals) {
      if (!is_digit(c)) return bad();
    }
  }
  if (std::cmp_greater(decimals.size(), scale)) {
    return invalid("E-MOD-002", fmt::format("{} has more than {} decimals", quoted(text), scale));
  }
  const auto too_large = [&] {
    return invalid("E-MOD-003",
                   fmt::format("{} is larger than {}", quoted(text), limit / power_of_ten(scale)));
  };
  if (whole > 15) return too_large();
  std::int64_t value = 0;
  for (const char c : rest.substr(0, whole)) value = value * 10 + (c - '0');
  if (value > limit / power_of_ten(scale)) return too_large();
  for (const char c : decimals) value = value * 10 + (c - '0');
  value *= power_of_ten(scale - static_cast<int>(decimals.size()));
  if (value > limit) return too_large();
  return negative ? -value : value;
}

std::uint64_t size_of(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

Int128 divide(Int128 value, std::int64_t by, Rounding rounding) {
  const Int128 quotient = value / by;  // toward zero
  if (rounding == Rounding::cut) return quotient;
  const Int128 rest = value % by;
  if (rest >= 0 ? 2 * rest >= by : -2 * rest >= by) return quotient + (value < 0 ? -1 : 1);
  return quotient;
}

}  // namespace

Result<Money> Money::parse(std::string_view text) {
  SIEGEL_TRY(const std::int64_t cents, parse_scaled(text, 2, limit));
  return Money(cents);
}

void Money::append_text(std::string& to) const {
  const std::uint64_t size = size_of(m_cents);
  if (m_cents < 0) to += '-';
  char digits[24];
  const auto end = std::to_chars(digits, std::end(digits), size / 100);
  to.append(digits, end.ptr);
  to += '.';
  to += static_cast<char>('0' + size % 100 / 10);
  to += static_cast<char>('0' + size % 10);
}

std::string Money::text() const {
  std::string out;
  append_text(out);
  return out;
}

template <int Scale>
Result<Decimal<Scale>> Decimal<Scale>::parse(std::string_view text) {
  SIEGEL_TRY(const std::int64_t raw, parse_scaled(text, Scale, limit));
  return Decimal(raw);
}

template <int Scale>
std::string Decimal<Scale>::text(int decimals_min) const {
  const std::uint64_t size = size_of(m_raw);
  constexpr auto unit = static_cast<std::uint64_t>(power_of_ten(Scale));
  std::string decimals = fmt::format("{:0{}}", size % unit, Scale);
  while (!decimals.empty() && decimals.back() == '0' &&
         std::cmp_greater(decimals.size(), decimals_min)) {
    decimals.pop_back();
  }
  return fmt::format("{}{}{}{}", m_raw < 0 ? "-" : "", size / unit, decimals.empty() ? "" : ".",
                     decimals);
}

template class Decimal<3>;
template class Decimal<5>;

Result<Money> multiply(Quantity quantity, UnitPrice price, Rounding rounding) {
  constexpr std::int64_t by = power_of_ten(Quantity::scale + UnitPrice::scale - 2);
  const Int128 cents = divide(Int128{quantity.raw()} * price.raw(), by, rounding);
  if (cents > Money::limit || cents < -Money::limit) {
    return invalid("E-MOD-003", fmt::format("{} x {} is larger than {}", quantity.text(),
                                            price.text(2), Money::limit / 100));
  }
  return Money::from_cents(static_cast<std::int64_t>(cents));
}

Result<UnitPrice> price_per_unit(Money amount, Quantity quantity) {
  if (quantity.raw() == 0) {
    return invalid("E-MOD-005", "an amount cannot be divided by the quantity 0");
  }
  constexpr std::int64_t up = power_of_ten(Quantity::scale + UnitPrice::scale - 2);
  const Int128 raw = Int128{amount.cents()} * up / quantity.raw();
  if (raw > UnitPrice::limit || raw < -UnitPrice::limit) {
    return invalid("E-MOD-003",
                   fmt::format("{} / {} is larger than {}", amount.text(), quantity.text(),
                               UnitPrice::limit / power_of_ten(UnitPrice::scale)));
  }
  return UnitPrice::from_raw(static_cast<std::int64_t>(raw));
}

Money cut_to_cents(UnitPrice price) {
  return Money::from_cents(price.raw() / power_of_ten(UnitPrice::scale - 2));
}

Result<VatRate> VatRate::parse(std::string_view text) {
  const auto hundredths = parse_scaled(text, 2, 10'000);
  if (!hundredths.ok() || text.front() == '-') {
    return invalid("E-MOD-001", fmt::format("{} is not a VAT rate like 19 or 7.00", quoted(text)));
  }
  return VatRate(static_cast<int>(hundredths.value()));
}

std::string VatRate::text() const {
  return fmt::format("{}.{:02}", m_hundredths / 100, m_hundredths % 100);
}

NetAndTax split_gross(Money gross, VatRate rate) {
  const Int128 net =
      divide(Int128{gross.cents()} * 10'000, 10'000 + rate.hundredths(), Rounding::half_away);
  const Money rounded = Money::from_cents(static_cast<std::int64_t>(net));
  return {rounded, gross - rounded};
}

Result<Currency> Currency::parse(std::string_view text) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 3 || !capital(text[0]) || !capital(text[1]) || !capital(text[2])) {
    return invalid("E-MOD-004",
                   fmt::format("{} is not a currency code like EUR or CHF", quoted(text)));
  }
  Currency currency;
  text.copy(currency.m_code, 3);
  return currency;
}

}  // namespace siegel
