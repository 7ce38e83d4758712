#include "model/closing.h"

#include <gtest/gtest.h>

#include <string>

#include "format/json.h"

namespace siegel {
namespace {

Closing whole_closing() {
  Closing closing;
  closing.register_id = RegisterId::parse("KASSE-01").value();
  closing.number = 17;
  closing.at = LocalStamp::parse("2026-11-30T23:59:59+01:00").value();
  closing.receipts = 3;
  closing.turnover = Money::from_cents(360);
  closing.last_of_month = true;
  closing.business_day = Date(2026, 11, 29);
  closing.first_number = 40;
  closing.last_number = 42;
  closing.first_sequence = 101;
  closing.previous = 99;
  closing.business_sequence = 1;
  closing.register_sequence = 4;
  closing.tses = {"ab12", "cd34"};
  closing.cases = {{.gv_typ = GvTyp::umsatz,
                    .gv_name = "",
                    .agency = 0,
                    .key = VatKey(2),
                    .rate = VatRate::from_hundredths(700),
                    .gross = Money::from_cents(360),
                    .net = Money::from_cents(336),
                    .tax = Money::from_cents(24)},
                   {.gv_typ = GvTyp::geldtransit,
                    .gv_name = "Bank",
                    .agency = 7,
                    .key = VatKey(5),
                    .rate = {},
                    .gross = Money::from_cents(-500),
                    .net = Money::from_cents(-500),
                    .tax = {}}};
  closing.payments = {{.kind = PaymentKind::ec_karte, .name = "girocard", .value = {}},
                      {.kind = PaymentKind::bar, .name = "", .value = Money::from_cents(-140)}};
  closing.cash = {{.currency = Currency::eur(), .amount = Money::from_cents(-140)}};
  closing.drawer = {{.currency = Currency::parse("CHF").value(), .amount = Money::from_cents(5)}};
  closing.counted = {{.currency = Currency::eur(),
                      .amount = Money::from_cents(350),
                      .denominations = {{.value = Money::from_cents(50), .count = 7}}}};
  closing.difference = Money::from_cents(-10);
  closing.note = "Z 1 bis 16: alte Kasse";
  return closing;
}

TEST(ClosingCodec, IsReadAgainAsWritten) {
  const std::string json = to_json(whole_closing());
  EXPECT_TRUE(json::is_canonical(json)) << json;
  const auto again = closing_from_json(json);
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(*again, whole_closing());
}

TEST(ClosingCodec, WhatIsNotThereIsNotWritten) {
  Closing closing;
  closing.register_id = RegisterId::parse("KASSE-01").value();
  closing.number = 17;
  closing.at = LocalStamp::parse("2026-11-30T18:05:00+01:00").value();
  closing.receipts = 112;
  closing.turnover = Money::from_cents(184'230);
  closing.last_of_month = true;
  const std::string frozen =
      R"({"at":"2026-11-30T18:05:00+01:00","last_of_month":true,"number":17,"receipts":112,)"
      R"("register":"KASSE-01","turnover":184230})";
  EXPECT_EQ(to_json(closing), frozen);
  EXPECT_EQ(closing_from_json(frozen).value(), closing);
}

TEST(ClosingCodec, AnotherFormIsCorrupt) {
  std::string json = to_json(whole_closing());
  json.insert(1, " ");
  EXPECT_EQ(closing_from_json(json).error().code, "E-MOD-101");
  EXPECT_EQ(closing_from_json("{}").error().code, "E-MOD-101");
}

Result<ClosingRequest> request(std::string_view text) {
  const auto value = json::parse(text);
  EXPECT_TRUE(value.ok());
  return closing_from_request(*value);
}

TEST(ClosingRequest, CountsNotesAndCoins) {
  const auto read = request(
      R"({"business_day": "2026-11-29", "note": "Nachtbetrieb", "counted": [
          {"denominations": [{"value": "50.00", "count": 3}, {"value": "0.05", "count": 2}]},
          {"currency": "CHF", "amount": "20.00"}]})");
  ASSERT_TRUE(read.ok()) << read.error().detail;
  EXPECT_EQ(read->business_day, Date(2026, 11, 29));
  ASSERT_EQ(read->counted.size(), 2U);
  EXPECT_EQ(read->counted[0].amount.text(), "150.10");
  EXPECT_EQ(read->counted[1].currency.text(), "CHF");
  EXPECT_EQ(read->counted[1].amount.text(), "20.00");
}

TEST(ClosingRequest, WhatIsWrongIsNamed) {
  const auto sum =
      request(R"({"counted": [{"amount": 5, "denominations": [{"value": 2, "count": 2}]}]})");
  EXPECT_EQ(sum.error().code, "E-MOD-114");
  EXPECT_EQ(sum.error().place, "/counted/0/amount");
  EXPECT_EQ(request(R"({"counted": [{"denominations": [{"value": 0, "count": 2}]}]})").error().code,
            "E-MOD-114");
  EXPECT_EQ(
      request(R"({"counted": [{"denominations": [{"value": 1, "count": -2}]}]})").error().code,
      "E-JSN-024");
  EXPECT_EQ(request(R"({"business_day": "29.11.2026"})").error().place, "/business_day");
  EXPECT_EQ(request(R"({"counts": []})").error().code, "E-JSN-025");
}

}  // namespace
}  // namespace siegel
