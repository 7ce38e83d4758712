#include "country/de/process_data.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace siegel::country::de {
namespace {

Money cents(std::int64_t value) { return Money::from_cents(value); }
Currency currency(std::string_view code) { return Currency::parse(code).value(); }

TEST(Kassenbeleg, GroupsAndOrdersPayments) {
  const std::vector<PaymentSum> payments = {
      {.cash = false, .currency = {}, .amount = cents(6000)},
      {.cash = true, .currency = currency("USD"), .amount = cents(500)},
      {.cash = true, .currency = {}, .amount = cents(2000)},
      {.cash = false, .currency = {}, .amount = cents(430)},
      {.cash = true, .currency = currency("CHF"), .amount = cents(500)},
      {.cash = false, .currency = currency("CHF"), .amount = cents(100)},
      {.cash = true, .currency = {}, .amount = cents(-1000)},
  };
  EXPECT_EQ(kassenbeleg("Beleg", {cents(7533), cents(799), Money(), Money(), Money()}, payments),
            "Beleg^75.33_7.99_0.00_0.00_0.00^10.00:Bar_5.00:Bar:CHF_5.00:Bar:USD_64.30:Unbar_"
            "1.00:Unbar:CHF");
}

TEST(Kassenbeleg, SumsOfZeroVanish) {
  const std::vector<PaymentSum> payments = {
      {.cash = true, .currency = {}, .amount = cents(1234)},
      {.cash = true, .currency = {}, .amount = cents(-1234)},
      {.cash = false, .currency = currency("CHF"), .amount = {}},
  };
  EXPECT_EQ(kassenbeleg("AVBelegabbruch", {}, payments),
            "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^");
}

TEST(Kassenbeleg, NegativeSumsKeepTheirSign) {
  EXPECT_EQ(
      kassenbeleg("Beleg", {Money(), Money(), Money(), Money(), cents(-10000)},
                  std::vector<PaymentSum>{{.cash = true, .currency = {}, .amount = cents(-10000)}}),
      "Beleg^0.00_0.00_0.00_0.00_-100.00^-100.00:Bar");
}

RC_GTEST_PROP(Kassenbeleg, NeverWritesANegativeZeroAndKeepsEverySum, ()) {
  std::vector<PaymentSum> payments(*rc::gen::inRange<std::size_t>(0, 8));
  std::int64_t all = 0;
  for (PaymentSum& payment : payments) {
    payment.cash = *rc::gen::arbitrary<bool>();
    payment.currency = currency(*rc::gen::element<std::string>("EUR", "CHF", "USD"));
    payment.amount = cents(*rc::gen::inRange<std::int64_t>(-2, 3));
    all += payment.amount.cents();
  }
  const std::string data = kassenbeleg("Beleg", {}, payments);
  RC_ASSERT(data.find("-0.00") == std::string::npos);
  const std::string tail = data.substr(data.rfind('^') + 1);
  RC_ASSERT(tail.find("0.00:") == std::string::npos);
  std::int64_t written = 0;
  for (std::size_t at = 0; at < tail.size();) {
    const std::size_t colon = tail.find(':', at);
    written += Money::parse(std::string_view(tail).substr(at, colon - at)).value().cents();
    const std::size_t next = tail.find('_', colon);
    if (next == std::string::npos) break;
    at = next + 1;
  }
  RC_ASSERT(written == all);
}

TEST(Bestellung, WritesLinesAsTheStandardShowsThem) {
  const std::vector<OrderLine> lines = {
      {.quantity = Quantity::from_raw(2000),
       .text = "Eisbecher \"Himbeere\"",
       .unit_price = cents(399)},
      {.quantity = Quantity::from_raw(1000), .text = "Eiskaffee", .unit_price = cents(299)}};
  EXPECT_EQ(bestellung(lines), "2;\"Eisbecher \"\"Himbeere\"\"\";3.99\r1;\"Eiskaffee\";2.99");
  EXPECT_EQ(bestellung({}), "");
}

TEST(Bestellung, ATextCannotBeginALineOfItsOwn) {
  const std::vector<OrderLine> lines = {{.quantity = Quantity::from_raw(-500),
                                         .text = "a\r9;\"b\";0.01\nc",
                                         .unit_price = cents(100)}};
  EXPECT_EQ(bestellung(lines), "-0.5;\"a 9;\"\"b\"\";0.01 c\";1.00");
}

}  // namespace
}  // namespace siegel::country::de
