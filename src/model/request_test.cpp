#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "model/codec.h"

namespace siegel {
namespace {

Result<ReceiptDraft> draft(std::string_view json) {
  const auto value = json::parse(json, {.bytes_max = 16 << 20});
  EXPECT_TRUE(value.ok()) << json;
  return draft_from_json(*value);
}

std::string refusal(std::string_view json) {
  const auto result = draft(json);
  return result.ok() ? "accepted" : result.error().code + " " + result.error().place;
}

TEST(DraftRequest, ReadsEveryField) {
  const auto result = draft(R"({
    "kind": "receipt", "cashier": "Meryem", "customer": "C", "name": "N", "text": "note",
    "first_order_at": "2026-11-20T12:04:00+01:00", "total": "3.24", "change": 0.36,
    "lines": [{"text": "Brezel", "quantity": 2.5, "unit": "kg", "unit_price": "1.80000",
               "amount": 4.5, "gv_typ": "Pfand", "vat": 7, "article": "4711",
               "discounts": [{"text": "Rabatt", "amount": "-0.90"}]},
              {"text": "Menue", "amount": "1", "shares": [{"vat": "A", "amount": "0.4"},
                                                          {"vat": "7.00", "amount": 0.6}]}],
    "payments": [{"kind": "cash", "amount": 5, "currency": "CHF", "value": "5.10", "name": "x"},
                 {"kind": "ECKarte", "amount": "1.00"}]})");
  ASSERT_TRUE(result.ok()) << result.error().detail;
  EXPECT_EQ(result->lines[0].quantity.raw(), 2500);
  EXPECT_EQ(result->lines[0].unit_price->raw(), 180'000);
  EXPECT_EQ(result->lines[0].amount->cents(), 450);
  EXPECT_EQ(result->lines[0].vat, "7");
  EXPECT_EQ(result->lines[0].gv_typ, GvTyp::pfand);
  EXPECT_EQ(result->lines[0].discounts[0].amount.cents(), -90);
  EXPECT_EQ(result->lines[1].shares[1].vat, "7.00");
  EXPECT_EQ(result->lines[1].quantity.raw(), 1000);
  EXPECT_EQ(result->payments[0].currency.text(), "CHF");
  EXPECT_EQ(result->payments[0].value->cents(), 510);
  EXPECT_EQ(result->payments[1].kind, PaymentKind::ec_karte);
  EXPECT_EQ(result->change->cents(), 36);
  EXPECT_EQ(result->first_order_at->text(), "2026-11-20T12:04:00+01:00");
}

TEST(DraftRequest, WordsForPayments) {
  const std::pair<const char*, PaymentKind> kinds[] = {
      {"cash", PaymentKind::bar},
      {"Bar", PaymentKind::bar},
      {"card", PaymentKind::ec_karte},
      {"credit", PaymentKind::kreditkarte},
      {"non_cash", PaymentKind::unbar},
      {"online", PaymentKind::el_zahlungsdienstleister},
      {"prepaid", PaymentKind::guthabenkarte},
      {"none", PaymentKind::keine},
      {"Keine", PaymentKind::keine}};
  for (const auto& [word, kind] : kinds) {
    const auto result =
        draft(std::string(R"({"payments":[{"kind":")") + word + R"(","amount":0}]})");
    ASSERT_TRUE(result.ok()) << word;
    EXPECT_EQ(result->payments[0].kind, kind);
  }
}

TEST(DraftRequest, WhatIsWrongIsNamed) {
  EXPECT_EQ(refusal(R"([])"), "E-JSN-021 ");
  EXPECT_EQ(refusal(R"({"lnes":[]})"), "E-JSN-025 /lnes");
  EXPECT_EQ(refusal(R"({"kind":"sale"})"), "E-JSN-028 /kind");
  EXPECT_EQ(refusal(R"({"lines":{}})"), "E-JSN-021 /lines");
  EXPECT_EQ(refusal(R"({"lines":[{"amount":1}]})"), "E-JSN-020 /lines/0/text");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","amount":1.005}]})"), "E-MOD-002 /lines/0/amount");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","amount":"1,00"}]})"), "E-JSN-021 /lines/0/amount");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","amount":1e2}]})"), "E-JSN-024 /lines/0/amount");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","amount":99999999999}]})"),
            "E-MOD-003 /lines/0/amount");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","quantity":0.0001}]})"),
            "E-MOD-002 /lines/0/quantity");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a\nb"}]})"), "E-JSN-023 /lines/0/text");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","gv_typ":"umsatz"}]})"), "E-JSN-028 /lines/0/gv_typ");
  EXPECT_EQ(refusal(R"({"lines":[{"text":"a","shares":[{"amount":1}]}]})"),
            "E-JSN-020 /lines/0/shares/0/vat");
  EXPECT_EQ(refusal(R"({"payments":[{"kind":"cash"}]})"), "E-JSN-020 /payments/0/amount");
  EXPECT_EQ(refusal(R"({"payments":[{"kind":"gold","amount":1}]})"), "E-JSN-028 /payments/0/kind");
  EXPECT_EQ(refusal(R"({"payments":[{"kind":"cash","amount":1,"currency":"chf"}]})"),
            "E-MOD-004 /payments/0/currency");
  EXPECT_EQ(refusal(R"({"first_order_at":"12:04"})"), "E-TIM-001 /first_order_at");
  EXPECT_EQ(refusal(R"({"text":"a\nb"})"), "E-JSN-023 /text");
  EXPECT_EQ(refusal(R"({"kind":"memo","text":"a\nb"})"), "accepted");
}

TEST(DraftRequest, LimitsAreKept) {
  EXPECT_EQ(refusal(R"({"lines":[{"text":")" + std::string(256, 'a') + R"("}]})"),
            "E-JSN-022 /lines/0/text");
  EXPECT_EQ(refusal(R"({"kind":"memo","text":")" + std::string(4001, 'a') + R"("})"),
            "E-JSN-022 /text");
  std::string many = R"({"lines":[)";
  for (int i = 0; i < 10'000; ++i) many += R"({"text":"a","amount":1},)";
  const std::string enough = many.substr(0, many.size() - 1) + "]}";
  EXPECT_EQ(refusal(enough), "accepted");
  EXPECT_EQ(refusal(many + R"({"text":"a","amount":1}]})"), "E-JSN-026 /lines");
}

RC_GTEST_PROP(DraftRequest, IsReadAgainAsWritten, ()) {
  ReceiptDraft out;
  const auto text = [] {
    return *rc::gen::element<std::string>("Brezel", "\"Himbeere\"", "ä€😀", "a/b~c");
  };
  const auto money = [] {
    return Money::from_cents(*rc::gen::inRange<std::int64_t>(-Money::limit, Money::limit + 1));
  };
  out.kind = static_cast<ReceiptKind>(*rc::gen::inRange(0, 10));
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    LineDraft line;
    line.text = text();
    line.quantity = Quantity::from_raw(*rc::gen::inRange<std::int64_t>(-5000, 5000));
    if (*rc::gen::arbitrary<bool>()) line.amount = money();
    if (*rc::gen::arbitrary<bool>())
      line.unit_price = UnitPrice::from_raw(*rc::gen::inRange(0, 99));
    line.gv_typ = static_cast<GvTyp>(*rc::gen::inRange(0, 25));
    if (*rc::gen::arbitrary<bool>()) line.vat = "7.00";
    if (*rc::gen::arbitrary<bool>()) line.shares = {{.vat = "A", .amount = money()}};
    if (*rc::gen::arbitrary<bool>()) line.discounts = {{.text = text(), .amount = money()}};
    line.unit = text();
    if (*rc::gen::arbitrary<bool>()) {
      line.gtin = "4012345678901";
      line.group_id = "12";
      line.group = text();
      line.voucher = "4711";
      line.gv_name = text();
      line.booking_template = text();
      line.agency = 7;
      line.in_house = *rc::gen::arbitrary<bool>();
      line.factor = Quantity::from_raw(1500);
      line.terminal = "T-2";
      line.weighed = true;
      line.cancelled = *rc::gen::arbitrary<bool>();
      line.sub_items = {{.text = text(),
                         .article = "1",
                         .gtin = "2",
                         .group_id = "3",
                         .group = text(),
                         .quantity = Quantity::from_raw(2000),
                         .factor = Quantity::from_raw(500),
                         .unit = "l",
                         .vat = "A",
                         .price = money()}};
    }
    out.lines.push_back(line);
  }
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    PaymentDraft payment;
    payment.kind = static_cast<PaymentKind>(*rc::gen::inRange(0, 7));
    payment.amount = money();
    payment.currency = Currency::parse("CHF").value();
    if (*rc::gen::arbitrary<bool>()) payment.value = money();
    out.payments.push_back(payment);
  }
  if (*rc::gen::arbitrary<bool>()) out.total = money();
  if (*rc::gen::arbitrary<bool>()) {
    out.first_order_at = LocalStamp::parse("2026-11-20T12:04:00+01:00").value();
  }
  if (*rc::gen::arbitrary<bool>()) {
    out.buyer = Buyer{.name = text(),
                      .id = "17",
                      .type = "Mitarbeiter",
                      .street = text(),
                      .postcode = "10115",
                      .city = text(),
                      .country = "DEU",
                      .vat_id = "DE123456789"};
    out.cashier_id = "3";
    out.terminal = "T-1";
    out.groups = {"Tisch 7/2026-11-20/3", "Terrasse"};
    out.references = {
        {.kind = ReferenceKind::receipt, .number = "KASSE-01-000017", .name = "", .line = 2},
        {.kind = ReferenceKind::external_other, .number = "A 9", .name = "Angebot", .line = 0}};
    out.handwritten =
        Handwritten{.at = LocalStamp::parse("2026-11-20T12:04:00+01:00").value(), .number = "B 12"};
  }
  out.text = text();
  out.reason = text();
  const auto again = draft_from_json(json::parse(json::canonical(to_json_value(out))).value());
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == out);
}

TEST(SalePage, EveryExampleIsReadable) {
  std::ifstream file(std::string(SIEGEL_SOURCE_DIR) + "/docs/reference/sale.md");
  std::string line;
  std::string block;
  bool inside = false;
  int count = 0;
  while (std::getline(file, line)) {
    if (line == "```json") {
      inside = true;
      block.clear();
    } else if (line == "```" && inside) {
      inside = false;
      ++count;
      EXPECT_EQ(refusal(block), "accepted") << block;
    } else if (inside) {
      block += line + "\n";
    }
  }
  EXPECT_GE(count, 10);
}

TEST(MasterDataRequest, ChecksWhatPeopleWrite) {
  const auto business = [](std::string_view json) {
    const auto result = business_from_request(json::parse(json).value(), "/business");
    return result.ok() ? "accepted" : result.error().code + " " + result.error().place;
  };
  EXPECT_EQ(business(R"({"name":"Café Mürbe","street":"Hof 1","postcode":"10115","city":"Berlin",
                         "vat_id":"DE123456789"})"),
            "accepted");
  EXPECT_EQ(business(R"({"name":"C","street":"H","postcode":"1","city":"B"})"),
            "E-MOD-110 /business/tax_number");
  EXPECT_EQ(business(R"({"name":"C","street":"H","postcode":"1","city":"B","vat_id":"D",
                         "time_zone":"Europe/Bonn"})"),
            "E-TIM-003 /business/time_zone");
  EXPECT_EQ(business(R"({"name":"C"})"), "E-JSN-020 /business/city");
  const auto profile = [](std::string_view json) {
    const auto result = profile_from_request(json::parse(json).value());
    return result.ok() ? "accepted" : result.error().code + " " + result.error().place;
  };
  EXPECT_EQ(profile("{}"), "accepted");
  EXPECT_EQ(profile(R"({"labels":"dikasse","vat_headings":["a","b","c","d"]})"), "accepted");
  EXPECT_EQ(profile(R"({"receipt_duty":"exempt","exemption_date":"2026-01-31",
                        "exemption_file":"12/345/67890"})"),
            "accepted");
  EXPECT_EQ(profile(R"({"receipt_duty":"exempt","exemption_file":"12"})"),
            "E-MOD-112 /exemption_date");
  EXPECT_EQ(business(R"({"name":"C","street":"H","postcode":"1","city":"B","vat_id":"D",
                         "rates":[{"base":"EUR","currency":"CHF","from":"2026-01-01","rate":0}]})"),
            "E-MOD-113 /business/rates/0/rate");
  EXPECT_EQ(business(R"({"name":"C","street":"H","postcode":"1","city":"B","vat_id":"D",
                         "agencies":[{"id":0,"name":"A","street":"S","postcode":"1",
                                      "city":"B"}]})"),
            "E-JSN-024 /business/agencies/0/id");
  EXPECT_EQ(profile(R"({"vat_headings":["a"]})"), "E-MOD-111 /vat_headings");
  EXPECT_EQ(profile(R"({"tse_deadline_ms":100})"), "E-JSN-024 /tse_deadline_ms");
  EXPECT_EQ(profile(R"({"labels":"loud"})"), "E-JSN-028 /labels");
  const auto info = register_from_request(json::parse(R"({"id":"Kasse/1"})").value());
  EXPECT_EQ(info.error().code + info.error().place, "E-REG-101/id");
}

}  // namespace
}  // namespace siegel
