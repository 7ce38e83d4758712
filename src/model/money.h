#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace siegel {

/// How a result with too many digits is reduced. Named at every call that can need it.
enum class Rounding {
  half_away,  ///< commercial: half a unit goes away from zero
  cut,        ///< surplus digits are dropped [DSFinV-K Anhang I]
};

/// An amount in hundredths of a currency unit. A single amount a till states is at most
/// `Money::limit` (ten billion units) in size, checked when it is parsed; sums over a receipt of at
/// most 10,000 lines cannot overflow.
class Money {
 public:
  static constexpr std::int64_t limit = 1'000'000'000'000;

  constexpr Money() = default;
  static constexpr Money from_cents(std::int64_t cents) { return Money(cents); }
  /// Strict decimal text: optional `-`, digits without superfluous zeros, `.` and at most two
  /// decimals ("12.40", "-3", "0.5"). Errors: E-MOD-001 not an amount, E-MOD-002 more than two
  /// decimals (a till sends exact cents), E-MOD-003 larger than the limit.
  static Result<Money> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t cents() const { return m_cents; }
  /// "12.40": always two decimals, `-` for negative, never "-0.00".
  [[nodiscard]] std::string text() const;
  void append_text(std::string& to) const;

  friend constexpr auto operator<=>(Money, Money) = default;
  friend constexpr Money operator+(Money a, Money b) { return Money(a.m_cents + b.m_cents); }
  friend constexpr Money operator-(Money a, Money b) { return Money(a.m_cents - b.m_cents); }
  friend constexpr Money operator-(Money a) { return Money(-a.m_cents); }
  constexpr Money& operator+=(Money b) {
    m_cents += b.m_cents;
    return *this;
  }

 private:
  constexpr explicit Money(std::int64_t cents) : m_cents(cents) {}
  std::int64_t m_cents = 0;
};

/// A fixed-point decimal with `Scale` decimals in an int64. Parsed strictly like Money; limit 10^9
/// units. `text()` prints as few decimals as possible ("2", "0.5"), at least `decimals_min`.
template <int Scale>
class Decimal {
 public:
  static constexpr int scale = Scale;
  static constexpr std::int64_t limit = [] {
    std::int64_t raw = 1'000'000'000;
    for (int i = 0; i < Scale; ++i) raw *= 10;
    return raw;
  }();
  constexpr Decimal() = default;
  static constexpr Decimal from_raw(std::int64_t raw) { return Decimal(raw); }
  /// Errors: E-MOD-001 not a number, E-MOD-002 too many decimals, E-MOD-003 too large.
  static Result<Decimal> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t raw() const { return m_raw; }
  [[nodiscard]] std::string text(int decimals_min = 0) const;
  friend constexpr auto operator<=>(Decimal, Decimal) = default;
  friend constexpr Decimal operator-(Decimal a) { return Decimal(-a.m_raw); }

 private:
  constexpr explicit Decimal(std::int64_t raw) : m_raw(raw) {}
  std::int64_t m_raw = 0;
};

using Quantity = Decimal<3>;
using UnitPrice = Decimal<5>;

/// quantity x price in cents, 128-bit intermediate, rounded once. Error E-MOD-003: out of range.
[[nodiscard]] Result<Money> multiply(Quantity quantity, UnitPrice price, Rounding rounding);

/// amount / quantity with surplus digits cut: the price of one unit where a till gives the sum
/// only. Errors: E-MOD-005 quantity 0, E-MOD-003 out of range.
[[nodiscard]] Result<UnitPrice> price_per_unit(Money amount, Quantity quantity);
/// The price in cents, surplus digits cut [DSFinV-K Anhang I].
[[nodiscard]] Money cut_to_cents(UnitPrice price);

/// A VAT rate in hundredths of a percent: 1900 is 19 %.
class VatRate {
 public:
  constexpr VatRate() = default;
  static constexpr VatRate from_hundredths(int hundredths) { return VatRate(hundredths); }
  /// "19", "19.0", "19.00", 0 to 100 %. Error E-MOD-001.
  static Result<VatRate> parse(std::string_view text);
  [[nodiscard]] constexpr int hundredths() const { return m_hundredths; }
  [[nodiscard]] std::string text() const;  ///< "19.00"
  friend constexpr auto operator<=>(VatRate, VatRate) = default;

 private:
  constexpr explicit VatRate(int hundredths) : m_hundredths(hundredths) {}
  int m_hundredths = 0;
};

struct NetAndTax {
  Money net;
  Money tax;
};
/// Splits a gross sum: net = gross / (1 + rate) rounded half away from zero, tax = gross - net.
[[nodiscard]] NetAndTax split_gross(Money gross, VatRate rate);

/// An ISO 4217 code. `parse` accepts three capital letters (E-MOD-004 otherwise).
class Currency {
 public:
  constexpr Currency() = default;
  static Result<Currency> parse(std::string_view text);
  static constexpr Currency eur() { return {}; }
  [[nodiscard]] std::string_view text() const { return {m_code, 3}; }
  friend auto operator<=>(const Currency& a, const Currency& b) { return a.text() <=> b.text(); }
  friend bool operator==(const Currency& a, const Currency& b) { return a.text() == b.text(); }

 private:
  char m_code[3] = {'E', 'U', 'R'};
};

}  // namespace siegel
