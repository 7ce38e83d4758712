#include "model/money.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace siegel {
namespace {

__extension__ using Int128 = __int128;

std::string code_of(const Result<Money>& result) { return result.ok() ? "" : result.error().code; }

TEST(Money, ReadsStrictDecimalText) {
  EXPECT_EQ(Money::parse("12.40").value().cents(), 1240);
  EXPECT_EQ(Money::parse("-3").value().cents(), -300);
  EXPECT_EQ(Money::parse("0.5").value().cents(), 50);
  EXPECT_EQ(Money::parse("-0.00").value().cents(), 0);
  EXPECT_EQ(Money::parse("10000000000.00").value().cents(), Money::limit);
  for (const char* bad : {"", "-", "+1", ".5", "1.", "01", "00", "1,5", "1.2.3", " 1", "1 ", "1e2",
                          "--1", "0x1", "1.-1", "NaN"}) {
    EXPECT_EQ(code_of(Money::parse(bad)), "E-MOD-001") << bad;
  }
  EXPECT_EQ(code_of(Money::parse("1.805")), "E-MOD-002");
  EXPECT_EQ(code_of(Money::parse("1.800")), "E-MOD-002");
  EXPECT_EQ(code_of(Money::parse("10000000000.01")), "E-MOD-003");
  EXPECT_EQ(code_of(Money::parse("99999999999999999999999999")), "E-MOD-003");
}

TEST(Money, MessageHasNoControlCharacters) {
  const auto result = Money::parse("1\x1b[31m\n");
  ASSERT_FALSE(result.ok());
  for (const char c : result.error().detail) EXPECT_GE(c, ' ');
}

TEST(Money, WritesTwoDecimalsAndNoNegativeZero) {
  EXPECT_EQ(Money().text(), "0.00");
  EXPECT_EQ((-Money()).text(), "0.00");
  EXPECT_EQ(Money::from_cents(-5).text(), "-0.05");
  EXPECT_EQ(Money::from_cents(123456).text(), "1234.56");
  EXPECT_EQ(Money::from_cents(INT64_MIN).text(), "-92233720368547758.08");
}

RC_GTEST_PROP(Money, TextIsReadAgain, ()) {
  const auto cents = *rc::gen::inRange<std::int64_t>(-Money::limit, Money::limit + 1);
  const Money money = Money::from_cents(cents);
  RC_ASSERT(Money::parse(money.text()).value() == money);
}

RC_GTEST_PROP(Decimal, TextIsReadAgainAndShortest, ()) {
  const auto raw = *rc::gen::inRange<std::int64_t>(-Quantity::limit, Quantity::limit + 1);
  const Quantity quantity = Quantity::from_raw(raw);
  const std::string text = quantity.text();
  RC_ASSERT(Quantity::parse(text).value() == quantity);
  RC_ASSERT(text.find('.') == std::string::npos || text.back() != '0');
  RC_ASSERT(text != "-0");
}

TEST(Decimal, ShowsAtLeastTheDecimalsAskedFor) {
  EXPECT_EQ(Quantity::from_raw(2000).text(), "2");
  EXPECT_EQ(Quantity::from_raw(500).text(), "0.5");
  EXPECT_EQ(Quantity::from_raw(-1).text(), "-0.001");
  EXPECT_EQ(UnitPrice::from_raw(180000).text(2), "1.80");
  EXPECT_EQ(UnitPrice::from_raw(333333).text(2), "3.33333");
}

// The rule in words: the nearest cent; exactly half goes away from zero; cut drops.
RC_GTEST_PROP(Multiply, AgreesWithTheNaiveModel, ()) {
  const auto q = *rc::gen::inRange<std::int64_t>(-5'000'000, 5'000'000);
  const auto p = *rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000);
  const Int128 product = Int128{q} * p;
  const Int128 size = product < 0 ? -product : product;
  const auto near = static_cast<std::int64_t>((size * 2 + 1'000'000) / 2'000'000);
  const auto cut = static_cast<std::int64_t>(size / 1'000'000);
  const int sign = product < 0 ? -1 : 1;
  const Quantity quantity = Quantity::from_raw(q);
  const UnitPrice price = UnitPrice::from_raw(p);
  RC_ASSERT(multiply(quantity, price, Rounding::half_away).value().cents() == sign * near);
  RC_ASSERT(multiply(quantity, price, Rounding::cut).value().cents() == sign * cut);
}

TEST(Multiply, RoundsHalfAwayFromZeroAndCutsTowardsIt) {
  const Quantity half = Quantity::from_raw(500);
  const UnitPrice odd = UnitPrice::from_raw(1'000);  // 0.01
  EXPECT_EQ(multiply(half, odd, Rounding::half_away).value().cents(), 1);
  EXPECT_EQ(multiply(-half, odd, Rounding::half_away).value().cents(), -1);
  EXPECT_EQ(multiply(half, odd, Rounding::cut).value().cents(), 0);
  EXPECT_EQ(multiply(-half, odd, Rounding::cut).value().cents(), 0);
  const auto huge = multiply(Quantity::from_raw(Quantity::limit),
                             UnitPrice::from_raw(UnitPrice::limit), Rounding::cut);
  EXPECT_EQ(code_of(huge), "E-MOD-003");
}

TEST(PricePerUnit, CutsSurplusDigits) {
  EXPECT_EQ(price_per_unit(Money::from_cents(1000), Quantity::from_raw(3000)).value().raw(),
            333'333);
  EXPECT_EQ(price_per_unit(Money::from_cents(200), Quantity::from_raw(3000)).value().raw(), 66'666);
  EXPECT_EQ(price_per_unit(Money::from_cents(1220), Quantity::from_raw(500)).value().raw(),
            2'440'000);
  EXPECT_EQ(price_per_unit(Money::from_cents(1), Quantity()).error().code, "E-MOD-005");
  EXPECT_EQ(price_per_unit(Money::from_cents(Money::limit), Quantity::from_raw(1)).error().code,
            "E-MOD-003");
  EXPECT_EQ(cut_to_cents(UnitPrice::from_raw(399'999)).cents(), 399);
  EXPECT_EQ(cut_to_cents(UnitPrice::from_raw(-399'999)).cents(), -399);
}

RC_GTEST_PROP(SplitGross, NetAndTaxMakeTheGrossWithinHalfACent, ()) {
  const auto cents = *rc::gen::inRange<std::int64_t>(-Money::limit, Money::limit);
  const auto rate = *rc::gen::inRange(0, 10'001);
  const auto split = split_gross(Money::from_cents(cents), VatRate::from_hundredths(rate));
  RC_ASSERT(split.net + split.tax == Money::from_cents(cents));
  // |net * (1 + rate) - gross| <= half a cent * (1 + rate)
  const Int128 error = Int128{split.net.cents()} * (10'000 + rate) - Int128{cents} * 10'000;
  RC_ASSERT((error < 0 ? -error : error) * 2 <= 10'000 + rate);
}

TEST(SplitGross, KnownSums) {
  const auto split = split_gross(Money::from_cents(1240), VatRate::from_hundredths(1900));
  EXPECT_EQ(split.net.cents(), 1042);
  EXPECT_EQ(split.tax.cents(), 198);
  EXPECT_EQ(split_gross(Money::from_cents(-1240), VatRate::from_hundredths(1900)).net.cents(),
            -1042);
}

TEST(VatRate, ReadsRates) {
  EXPECT_EQ(VatRate::parse("19").value().hundredths(), 1900);
  EXPECT_EQ(VatRate::parse("19.0").value().hundredths(), 1900);
  EXPECT_EQ(VatRate::parse("10.70").value().text(), "10.70");
  EXPECT_EQ(VatRate::parse("100").value().hundredths(), 10'000);
  for (const char* bad : {"", "-1", "-0", "100.01", "19 %", "7.001", "B", "bc"}) {
    EXPECT_FALSE(VatRate::parse(bad).ok()) << bad;
  }
}

TEST(Currency, IsThreeCapitals) {
  EXPECT_EQ(Currency::parse("CHF").value().text(), "CHF");
  EXPECT_EQ(Currency(), Currency::eur());
  for (const char* bad : {"", "eur", "EU", "EURO", "E1R"}) {
    EXPECT_FALSE(Currency::parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace siegel
