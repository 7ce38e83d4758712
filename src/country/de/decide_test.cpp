#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <optional>
#include <string>

#include "country/de/de.h"
#include "format/json.h"
#include "model/codec.h"

namespace siegel::country::de {
namespace {

LocalStamp stamp(std::string_view text) { return LocalStamp::parse(text).value(); }

/// A shop with one register, and what varies from test to test.
class Shop {
 public:
  Shop() {
    m_business.name = "Bäckerei Mürbe";
    m_register.id = RegisterId::parse("KASSE-01").value();
    m_tse.serial = "ab12";
    m_tse.algorithm = "ecdsa-plain-SHA256";
    m_tse.time_format = "unixTime";
    m_tse.public_key = to_bytes("point");
  }

  [[nodiscard]] Result<Plan> decide(std::string_view json) const {
    const auto value = json::parse(json);
    if (!value.ok()) return value.error();
    SIEGEL_TRY(const ReceiptDraft draft, draft_from_json(*value));
    return decide(draft);
  }
  [[nodiscard]] Result<Plan> decide(const ReceiptDraft& draft) const {
    const Facts facts{.now = stamp(now),
                      .business = m_business,
                      .business_sequence = 3,
                      .register_info = m_register,
                      .tse = has_tse ? &m_tse : nullptr,
                      .profile = m_profile,
                      .next_number = 17,
                      .vorgang = VorgangId("v-1"),
                      .began = stamp("2020-01-01T00:00:00+01:00"),
                      .transaction = transaction,
                      .original = original ? &*original : nullptr,
                      .original_reversed = original_reversed};
    return m_law.decide(draft, facts);
  }
  [[nodiscard]] std::string data(std::string_view json) const {
    const auto plan = decide(json);
    return plan.ok() ? plan->process_data : plan.error().code + " " + plan.error().detail;
  }
  /// Code and place of the refusal.
  [[nodiscard]] std::string refusal(std::string_view json) const {
    const auto plan = decide(json);
    return plan.ok() ? "accepted" : plan.error().code + " " + plan.error().place;
  }
  [[nodiscard]] const Germany& law() const { return m_law; }
  [[nodiscard]] const TseInfo& tse() const { return m_tse; }
  [[nodiscard]] const RegisterInfo& register_info() const { return m_register; }

  std::string now = "2026-11-20T18:42:17+01:00";
  bool has_tse = true;
  std::uint64_t transaction = 0;
  std::optional<Plan> original;
  bool original_reversed = false;

 private:
  Germany m_law;
  Business m_business;
  RegisterInfo m_register;
  TseInfo m_tse;
  Profile m_profile;
};

constexpr std::string_view simple =
    R"({"lines":[{"text":"Brezel","quantity":2,"unit_price":"1.80","vat":"B"}],
        "payments":[{"kind":"cash","amount":20}]})";

/// One sale line of 10.00 and whatever else the test adds to the receipt.
std::string with_line(std::string_view rest) {
  return R"({"lines":[{"text":"a","amount":"10.00","vat":"A"}])" + std::string(rest) + "}";
}
/// A receipt of one line, paid in cash with `cash`.
std::string one_line(std::string_view line, std::string_view cash) {
  return R"({"lines":[{"text":"a",)" + std::string(line) +
         R"(}],"payments":[{"kind":"cash","amount":")" + std::string(cash) + R"("}]})";
}

TEST(Decide, ASaleIsDecidedInFull) {
  const auto plan = Shop().decide(simple);
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->receipt_number, "KASSE-01-000017");
  EXPECT_EQ(plan->number, 17U);
  EXPECT_EQ(plan->bon_typ, "Beleg");
  EXPECT_EQ(plan->process_type, ProcessType::kassenbeleg);
  EXPECT_EQ(plan->process_data, "Beleg^0.00_3.60_0.00_0.00_0.00^3.60:Bar");
  EXPECT_EQ(plan->total.text(), "3.60");
  EXPECT_EQ(plan->change.text(), "16.40");
  ASSERT_EQ(plan->vat.size(), 1U);
  EXPECT_EQ(plan->vat[0].letter, 'B');
  EXPECT_EQ(plan->vat[0].net.text(), "3.36");
  EXPECT_EQ(plan->vat[0].tax.text(), "0.24");
  EXPECT_EQ(plan->tse_serial, "ab12");
  EXPECT_EQ(plan->business_sequence, 3U);
  EXPECT_EQ(plan->began.text(), "2020-01-01T00:00:00+01:00");
  EXPECT_EQ(plan_from_json(to_json(*plan)).value(), *plan);
}

TEST(Decide, QuantityTimesPriceIsTheAmount) {
  const Shop shop;
  EXPECT_EQ(shop.data(one_line(R"("quantity":0.335,"unit_price":"10.00","vat":"B")", "3.35")),
            "Beleg^0.00_3.35_0.00_0.00_0.00^3.35:Bar");
  EXPECT_EQ(shop.data(one_line(R"("quantity":0.5,"unit_price":"0.01","vat":"B")", "0.01")),
            "Beleg^0.00_0.01_0.00_0.00_0.00^0.01:Bar");
  EXPECT_EQ(shop.refusal(
                one_line(R"("quantity":2,"unit_price":"1.80","amount":"3.61","vat":"B")", "3.61")),
            "E-SAL-501 /lines/0/amount");
  EXPECT_EQ(shop.refusal(one_line(R"("vat":"B")", "0")), "E-SAL-502 /lines/0");
  EXPECT_EQ(shop.refusal(one_line(R"("quantity":0,"amount":1,"vat":"B")", "1")),
            "E-SAL-525 /lines/0/quantity");
  EXPECT_EQ(shop.refusal(one_line(R"("quantity":999999999,"unit_price":999999999,"vat":"B")", "1")),
            "E-MOD-003 /lines/0/unit_price");
  const auto plan = shop.decide(one_line(R"("quantity":3,"amount":"10.00","vat":"B")", "10.00"));
  EXPECT_EQ(plan->lines[0].unit_price.text(), "3.33333");
}

TEST(Decide, DiscountsAndSharesMakeTheLine) {
  const Shop shop;
  const auto plan = shop.decide(one_line(
      R"("amount":"10.00","vat":"A","discounts":[{"text":"x","amount":"-2.50"},
         {"text":"y","amount":"0.50"}])",
      "8.00"));
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->lines[0].amount.text(), "10.00");
  EXPECT_EQ(plan->lines[0].total.text(), "8.00");
  EXPECT_EQ(plan->lines[0].shares[0].gross.text(), "8.00");
  EXPECT_EQ(
      shop.data(one_line(
          R"("amount":"9.90","shares":[{"vat":"B","amount":"7.40"},{"vat":"A","amount":"2.50"}])",
          "9.90")),
      "Beleg^2.50_7.40_0.00_0.00_0.00^9.90:Bar");
  EXPECT_EQ(
      shop.refusal(one_line(R"("amount":"9.90","shares":[{"vat":"B","amount":"7.40"}])", "9.90")),
      "E-SAL-503 /lines/0/shares");
  EXPECT_EQ(shop.refusal(one_line(R"("amount":1)", "1")), "E-SAL-521 /lines/0/vat");
  EXPECT_EQ(
      shop.refusal(one_line(R"("amount":1,"vat":"B","shares":[{"vat":"B","amount":1}])", "1")),
      "E-SAL-521 /lines/0/vat");
}

TEST(Decide, TheRateMustBeInForceOnTheDay) {
  Shop shop;
  const std::string at16 = one_line(R"("amount":1,"vat":"16")", "1");
  const std::string returned = one_line(R"("amount":-1,"vat":"16")", "-1");
  EXPECT_EQ(shop.refusal(one_line(R"("amount":1,"vat":"18")", "1")), "E-VAT-510 /lines/0/vat");
  EXPECT_EQ(shop.refusal(at16), "E-VAT-510 /lines/0/vat");
  EXPECT_NE(shop.decide(at16).error().detail.find("A (19.00), B (7.00)"), std::string::npos);
  EXPECT_EQ(shop.decide(returned)->vat[0].key, VatKey(21));
  EXPECT_EQ(shop.decide(one_line(R"("amount":1,"vat":"L")", "1"))->vat[0].key, VatKey(21));
  EXPECT_EQ(shop.data(returned), "Beleg^-1.00_0.00_0.00_0.00_0.00^-1.00:Bar");
  EXPECT_EQ(shop.refusal(one_line(
                R"("amount":2,"shares":[{"vat":"B","amount":1},{"vat":"5","amount":1}])", "2")),
            "E-VAT-510 /lines/0/shares/1/vat");
  shop.now = "2020-07-01T00:00:00+02:00";
  EXPECT_EQ(shop.decide(at16)->vat[0].key, VatKey(1));
  // The day is that of the shop, not that of UTC.
  shop.now = "2020-06-30T23:59:59+02:00";
  EXPECT_EQ(shop.refusal(at16), "E-VAT-510 /lines/0/vat");
  shop.now = "2020-12-31T23:59:59+01:00";
  EXPECT_EQ(shop.refusal(at16), "accepted");
}

TEST(Decide, TotalPaymentsAndChangeAddUp) {
  const Shop shop;
  EXPECT_EQ(shop.refusal(with_line(R"(,"total":"10.01","payments":[{"kind":"cash","amount":10}])")),
            "E-SAL-504 /total");
  EXPECT_EQ(shop.refusal(with_line("")), "E-SAL-505 /payments");
  EXPECT_EQ(shop.refusal(with_line(R"(,"payments":[{"kind":"card","amount":"9.99"}])")),
            "E-SAL-505 /payments");
  EXPECT_EQ(shop.refusal(with_line(R"(,"change":"0.01","payments":[{"kind":"cash","amount":10}])")),
            "E-SAL-506 /change");
  EXPECT_EQ(shop.refusal(with_line(R"(,"payments":[{"kind":"card","amount":20}])")),
            "E-SAL-507 /payments");
  EXPECT_EQ(shop.refusal(with_line(
                R"(,"payments":[{"kind":"card","amount":19},{"kind":"cash","amount":5}])")),
            "E-SAL-507 /payments");
  EXPECT_EQ(shop.data(with_line(
                R"(,"payments":[{"kind":"card","amount":8},{"kind":"cash","amount":5}])")),
            "Beleg^10.00_0.00_0.00_0.00_0.00^2.00:Bar_8.00:Unbar");
  EXPECT_EQ(shop.data(with_line(
                R"(,"payments":[{"kind":"card","amount":30},{"kind":"cash","amount":-20}])")),
            "Beleg^10.00_0.00_0.00_0.00_0.00^-20.00:Bar_30.00:Unbar");
}

TEST(Decide, ForeignMoneyNeedsItsValue) {
  const Shop shop;
  EXPECT_EQ(
      shop.refusal(with_line(R"(,"payments":[{"kind":"cash","amount":20,"currency":"CHF"}])")),
      "E-SAL-508 /payments/0/value");
  EXPECT_EQ(shop.refusal(with_line(
                R"(,"payments":[{"kind":"cash","amount":20,"currency":"CHF","value":-20}])")),
            "E-SAL-508 /payments/0/value");
  EXPECT_EQ(shop.refusal(with_line(R"(,"payments":[{"kind":"cash","amount":10,"value":11}])")),
            "E-SAL-508 /payments/0/value");
  EXPECT_EQ(shop.data(with_line(
                R"(,"payments":[{"kind":"cash","amount":20,"currency":"CHF","value":"21.04"}])")),
            "Beleg^10.00_0.00_0.00_0.00_0.00^-11.04:Bar_20.00:Bar:CHF");
}

// Two foreign currencies, change in euro and in francs.
TEST(Decide, ChangeReducesEuroCash) {
  EXPECT_EQ(
      Shop().data(R"({"lines":[{"text":"1","amount":5,"vat":"A"},{"text":"2","amount":7,"vat":"B"}],
      "change":"71.18","payments":[{"kind":"cash","amount":50,"currency":"USD","value":"45.45"},
      {"kind":"cash","amount":50,"currency":"CHF","value":"47.16"},
      {"kind":"cash","amount":-10,"currency":"CHF","value":"-9.43"}]})"),
      "Beleg^5.00_7.00_0.00_0.00_0.00^-71.18:Bar_40.00:Bar:CHF_50.00:Bar:USD");
}

TEST(Decide, NoPaymentHasNoAmount) {
  const Shop shop;
  EXPECT_EQ(shop.refusal(with_line(R"(,"payments":[{"kind":"none","amount":10}])")),
            "E-SAL-526 /payments/0/amount");
  EXPECT_EQ(shop.data(R"({"lines":[{"text":"a","amount":12,"vat":"B"},
      {"text":"b","amount":-12,"gv_typ":"MehrzweckgutscheinEinloesung"}],
      "payments":[{"kind":"none","amount":0}]})"),
            "Beleg^0.00_12.00_0.00_0.00_-12.00^");
}

TEST(Decide, VouchersAreSignedWhereTheyAreSoldAndUsed) {
  RecordProperty("proves", "DIK-037");
  const Shop shop;
  EXPECT_EQ(shop.data(one_line(R"("amount":20,"gv_typ":"MehrzweckgutscheinKauf")", "20")),
            "Beleg^0.00_0.00_0.00_0.00_20.00^20.00:Bar");
  EXPECT_EQ(
      shop.refusal(one_line(R"("amount":20,"gv_typ":"MehrzweckgutscheinKauf","vat":"A")", "20")),
      "E-VAT-512 /lines/0/vat");
  EXPECT_EQ(shop.data(one_line(R"("amount":20,"gv_typ":"EinzweckgutscheinKauf","vat":"B")", "20")),
            "Beleg^0.00_20.00_0.00_0.00_0.00^20.00:Bar");
}

TEST(Decide, CashMovementsAreReceiptsOfTheirOwn) {
  RecordProperty("proves", "BIO-012 DIK-038 DIK-039 DIK-040");
  const Shop shop;
  const auto data = [&](std::string_view typ, std::string_view amount) {
    return shop.data(one_line(
        R"("amount":")" + std::string(amount) + R"(","gv_typ":")" + std::string(typ) + "\"",
        amount));
  };
  EXPECT_EQ(data("Einzahlung", "30.00"), "Beleg^0.00_0.00_0.00_0.00_30.00^30.00:Bar");
  EXPECT_EQ(data("Auszahlung", "-30.00"), "Beleg^0.00_0.00_0.00_0.00_-30.00^-30.00:Bar");
  EXPECT_EQ(data("Geldtransit", "-200.00"), "Beleg^0.00_0.00_0.00_0.00_-200.00^-200.00:Bar");
  EXPECT_EQ(data("Anfangsbestand", "200.00"), "Beleg^0.00_0.00_0.00_0.00_200.00^200.00:Bar");
  EXPECT_EQ(data("DifferenzSollIst", "-0.05"), "Beleg^0.00_0.00_0.00_0.00_-0.05^-0.05:Bar");
  EXPECT_EQ(data("Privatentnahme", "5.00").substr(0, 9), "E-SAL-522");
  EXPECT_EQ(data("Lohnzahlung", "5.00").substr(0, 9), "E-SAL-522");
  EXPECT_EQ(data("Privateinlage", "-5.00").substr(0, 9), "E-SAL-522");
  EXPECT_EQ(shop.refusal(R"({"lines":[{"text":"a","amount":-5,"gv_typ":"Geldtransit"}],
                             "payments":[{"kind":"card","amount":-5}]})"),
            "E-SAL-523 /payments/0/kind");
  EXPECT_EQ(shop.refusal(one_line(R"("amount":-5,"gv_typ":"Geldtransit","vat":"A")", "-5")),
            "E-VAT-512 /lines/0/vat");
}

TEST(Decide, EachKindIsSignedAsTheStandardSays) {
  RecordProperty("proves", "DIK-027 DIK-035");
  const Shop shop;
  const auto of = [&](std::string_view kind, std::string_view more = "") {
    return shop.data(with_line(R"(,"kind":")" + std::string(kind) + "\"" + std::string(more)));
  };
  EXPECT_EQ(of("training"), "AVTraining^10.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(of("abort"), "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(of("transfer"), "AVTransfer^0.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(of("invoice"), "AVRechnung^10.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(of("benefit", R"(,"customer":"Nr. 7")"), "AVSachbezug^10.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(of("other", R"(,"name":"x")"), "AVSonstige^10.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(of("order"), "1;\"a\";10.00");
  EXPECT_EQ(shop.data(R"({"kind":"abort"})"), "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(shop.data(R"({"kind":"other","name":"x"})"), "AVSonstige^0.00_0.00_0.00_0.00_0.00^");
  EXPECT_EQ(shop.data(R"({"kind":"memo","text":"Schublade\noffen"})"), "Schublade\noffen");
  EXPECT_EQ(shop.decide(R"({"kind":"memo","text":"x"})")->process_type,
            ProcessType::sonstiger_vorgang);
  const auto aborted = shop.decide(with_line(R"(,"kind":"abort","total":"10.00")"));
  EXPECT_EQ(aborted->lines.size(), 1U);
  EXPECT_EQ(aborted->total, Money());
  EXPECT_TRUE(aborted->vat.empty());
}

TEST(Decide, WhatAKindHasNotIsRefused) {
  const Shop shop;
  for (const char* kind : {"training", "abort", "order", "transfer", "invoice"}) {
    EXPECT_EQ(shop.refusal(with_line(R"(,"kind":")" + std::string(kind) +
                                     R"(","payments":[{"kind":"cash","amount":10}])")),
              "E-SAL-510 /payments/0")
        << kind;
  }
  for (const char* kind : {"receipt", "training", "order", "transfer", "invoice"}) {
    EXPECT_EQ(shop.refusal(R"({"kind":")" + std::string(kind) + "\"}"), "E-SAL-511 /lines") << kind;
  }
  EXPECT_EQ(shop.refusal(with_line(R"(,"kind":"memo","text":"x")")), "E-SAL-512 /lines");
  EXPECT_EQ(shop.refusal(with_line(R"(,"kind":"reversal","reverses":"x")")), "E-SAL-512 /lines");
  EXPECT_EQ(shop.refusal(R"({"kind":"memo"})"), "E-SAL-517 /text");
  EXPECT_EQ(shop.refusal(R"({"kind":"reversal"})"), "E-SAL-517 /reverses");
  EXPECT_EQ(shop.refusal(R"({"kind":"other"})"), "E-SAL-517 /name");
  EXPECT_EQ(shop.refusal(with_line(R"(,"kind":"benefit")")), "E-SAL-517 /customer");
  EXPECT_EQ(shop.refusal(with_line(R"(,"reverses":"x")")), "E-SAL-518 /reverses");
  EXPECT_EQ(shop.refusal(with_line(R"(,"reason":"x")")), "E-SAL-518 /reason");
  EXPECT_EQ(shop.refusal(with_line(R"(,"kind":"training","change":0)")), "E-SAL-518 /change");
  EXPECT_EQ(shop.refusal(with_line(R"(,"first_order_at":"2026-11-20T18:42:18+01:00",)"
                                   R"("payments":[{"kind":"cash","amount":10}])")),
            "E-SAL-527 /first_order_at");
}

TEST(Decide, TextsOfOtherFrontsAreCheckedToo) {
  const Shop shop;
  const ReceiptDraft good = draft_from_json(json::parse(simple).value()).value();
  const auto code = [&](auto change) {
    ReceiptDraft draft = good;
    change(draft);
    const auto plan = shop.decide(draft);
    return plan.ok() ? "accepted" : plan.error().code + " " + plan.error().place;
  };
  EXPECT_EQ(code([](ReceiptDraft&) {}), "accepted");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.lines[0].text = "a\x1b[2J"; }), "E-SAL-519 /lines/0/text");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.lines[0].text = "\xff"; }), "E-SAL-519 /lines/0/text");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.lines[0].text = ""; }), "E-SAL-519 /lines/0/text");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.cashier = std::string(61, 'x'); }), "E-SAL-519 /cashier");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.text = "a\nb"; }), "E-SAL-519 /text");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.payments[0].name = "\n"; }), "E-SAL-519 /payments/0/name");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.lines.resize(10'001, d.lines[0]); }), "E-SAL-520 /lines");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.payments.resize(101, d.payments[0]); }),
            "E-SAL-520 /payments");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.lines[0].discounts.resize(51, {"x", {}}); }),
            "E-SAL-520 /lines/0");
  EXPECT_EQ(code([](ReceiptDraft& d) {
              d.lines[0].unit_price.reset();
              d.lines[0].amount = Money::from_cents(Money::limit + 1);
            }),
            "E-SAL-524 /lines/0/amount");
  EXPECT_EQ(code([](ReceiptDraft& d) {
              d.lines[0].unit_price.reset();
              d.lines[0].amount = Money::from_cents(Money::limit / 10);
              d.lines.resize(11, d.lines[0]);
            }),
            "E-SAL-524 /lines");
  EXPECT_EQ(code([](ReceiptDraft& d) { d.payments[0].amount = Money::from_cents(INT64_MIN); }),
            "E-SAL-524 /payments/0/amount");
}

TEST(Decide, OrdersTellQuantityAndCutPrice) {
  const Shop shop;
  const auto order = [&](std::string_view line) {
    return shop.data(R"({"kind":"order","lines":[{"text":"Bier","vat":"A",)" + std::string(line) +
                     "}]}");
  };
  EXPECT_EQ(order(R"("quantity":3,"amount":"2.00")"), "3;\"Bier\";0.66");
  EXPECT_EQ(order(R"("quantity":0.5,"amount":"12.20")"), "0.5;\"Bier\";24.40");
  EXPECT_EQ(order(R"("quantity":2,"unit_price":"1.99999")"), "2;\"Bier\";1.99");
  EXPECT_EQ(order(R"("quantity":-2,"unit_price":"3.80")"), "-2;\"Bier\";3.80");
  EXPECT_EQ(order(R"("amount":"-3.80")"), "-1;\"Bier\";3.80");
  EXPECT_EQ(
      order(R"("quantity":2,"unit_price":"4.00","discounts":[{"text":"x","amount":"-1.00"}])"),
      "2;\"Bier\";3.50");
  EXPECT_EQ(order(R"("quantity":0,"amount":0)"), "0;\"Bier\";0.00");
}

TEST(Decide, AReversalTurnsTheReceipt) {
  RecordProperty("proves", "BIO-073 DIK-028");
  Shop shop;
  const std::string reversal =
      R"({"kind":"reversal","reverses":"KASSE-01-000017","reason":"falsch"})";
  EXPECT_EQ(shop.refusal(reversal), "E-SAL-513 /reverses");
  EXPECT_EQ(shop.decide(reversal).error().kind, ErrorKind::not_found);
  shop.original = shop.decide(R"({"lines":[
      {"text":"Brezel","quantity":2,"unit_price":"1.80","vat":"B",
       "discounts":[{"text":"x","amount":"-0.60"}]},
      {"text":"Saft","amount":"2.60","vat":"A"}],
      "payments":[{"kind":"cash","amount":10},{"kind":"card","amount":1}]})")
                      .value();
  EXPECT_EQ(shop.original->process_data, "Beleg^2.60_3.00_0.00_0.00_0.00^4.60:Bar_1.00:Unbar");
  const auto plan = shop.decide(reversal);
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->process_data, "Beleg^-2.60_-3.00_0.00_0.00_0.00^-4.60:Bar_-1.00:Unbar");
  EXPECT_EQ(plan->bon_typ, "Beleg");
  EXPECT_EQ(plan->reverses, "KASSE-01-000017");
  EXPECT_EQ(plan->reversed_decided, shop.original->decided);
  EXPECT_EQ(plan->lines[0].text, "Brezel");
  EXPECT_EQ(plan->lines[0].quantity.text(), "-2");
  EXPECT_EQ(plan->lines[0].discounts[0].amount.text(), "0.60");
  EXPECT_EQ(plan->total.text(), "-5.60");
  EXPECT_EQ(plan->change, Money());
  EXPECT_EQ(shop.data(R"({"kind":"reversal","reverses":"x","total":"-5.60",
                          "payments":[{"kind":"cash","amount":"-5.60"}]})"),
            "Beleg^-2.60_-3.00_0.00_0.00_0.00^-5.60:Bar");
  EXPECT_EQ(shop.refusal(R"({"kind":"reversal","reverses":"x",
                             "payments":[{"kind":"cash","amount":"-5.00"}]})"),
            "E-SAL-507 /payments");
  EXPECT_EQ(shop.refusal(R"({"kind":"reversal","reverses":"x",
                             "payments":[{"kind":"cash","amount":"-6.00"}]})"),
            "E-SAL-505 /payments");
  shop.original_reversed = true;
  EXPECT_EQ(shop.refusal(reversal), "E-SAL-514 /reverses");
  EXPECT_EQ(shop.decide(reversal).error().kind, ErrorKind::conflict);
  shop.original_reversed = false;
  shop.original->register_id = RegisterId::parse("KASSE-02").value();
  EXPECT_EQ(shop.refusal(reversal), "E-SAL-516 /reverses");
  shop.original = *plan;
  EXPECT_EQ(shop.refusal(reversal), "E-SAL-515 /reverses");
}

TEST(Decide, AReversalAfterAChangeOfRatesUsesTheFormerKey) {
  Shop shop;
  shop.now = "2020-06-30T20:00:00+02:00";
  shop.original = shop.decide(one_line(R"("amount":"1.19","vat":"A")", "1.19")).value();
  EXPECT_EQ(shop.original->vat[0].key, VatKey(1));
  shop.now = "2020-07-01T08:00:00+02:00";
  const auto plan = shop.decide(R"({"kind":"reversal","reverses":"x"})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->vat[0].key, VatKey(11));
  EXPECT_EQ(plan->vat[0].rate.text(), "19.00");
  EXPECT_EQ(plan->vat[0].letter, 'I');
  EXPECT_EQ(plan->vat[0].tax.text(), "-0.19");
  EXPECT_EQ(plan->process_data, "Beleg^-1.19_0.00_0.00_0.00_0.00^-1.19:Bar");
}

TEST(Decide, ChangeFromForeignCashIsTurnedInEuro) {
  Shop shop;
  shop.original =
      shop
          .decide(with_line(
              R"(,"payments":[{"kind":"cash","amount":20,"currency":"CHF","value":"21.04"}])"))
          .value();
  EXPECT_EQ(shop.data(R"({"kind":"reversal","reverses":"x"})"),
            "Beleg^-10.00_0.00_0.00_0.00_0.00^11.04:Bar_-20.00:Bar:CHF");
}

RC_GTEST_PROP(Decide, WhatIsSignedAddsUp, ()) {
  ReceiptDraft draft;
  Money total;
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    LineDraft line;
    line.text = "a";
    line.quantity = Quantity::from_raw(*rc::gen::inRange<std::int64_t>(-3000, 3000));
    line.unit_price = UnitPrice::from_raw(*rc::gen::inRange<std::int64_t>(0, 2'000'000));
    line.vat = *rc::gen::element<std::string>("A", "B", "C", "D", "E", "F", "H");
    line.discounts = {{.text = "d", .amount = Money::from_cents(*rc::gen::inRange(-50, 50))}};
    total += multiply(line.quantity, *line.unit_price, Rounding::half_away).value() +
             line.discounts[0].amount;
    draft.lines.push_back(line);
  }
  const Money card = Money::from_cents(*rc::gen::inRange(-500, 500));
  const Money more = Money::from_cents(*rc::gen::inRange(0, 500));
  draft.payments = {
      {.kind = PaymentKind::ec_karte, .amount = card, .currency = {}, .value = {}, .name = {}},
      {.kind = PaymentKind::bar,
       .amount = total - card + more,
       .currency = {},
       .value = {},
       .name = {}}};
  Shop shop;
  const auto plan = shop.decide(draft);
  if (!plan.ok()) {
    RC_ASSERT(plan.error().code == "E-SAL-507");
    RC_ASSERT(total - card + more < more);
    return;
  }
  RC_ASSERT(plan->total == total);
  RC_ASSERT(plan->change == more);
  Money gross;
  for (const VatSum& sum : plan->vat) {
    RC_ASSERT(sum.net + sum.tax == sum.gross);
    gross += sum.gross;
  }
  RC_ASSERT(gross == total);
  shop.original = *plan;
  const auto reversal = shop.decide(R"({"kind":"reversal","reverses":"x"})");
  RC_ASSERT(reversal.ok());
  RC_ASSERT(reversal->total == -total);
  Money back;
  for (const PlanPayment& payment : reversal->payments) back += payment.value;
  RC_ASSERT(back == -total);
  RC_ASSERT(plan_from_json(to_json(*reversal)).value() == *reversal);
}

TEST(SalePage, EveryExampleIsAcceptedByTheLaw) {
  std::ifstream file(std::string(SIEGEL_SOURCE_DIR) + "/docs/reference/sale.md");
  Shop shop;
  shop.original = shop.decide(simple).value();
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
      EXPECT_EQ(shop.refusal(block), "accepted") << block << shop.data(block);
    } else if (inside) {
      block += line + "\n";
    }
  }
  EXPECT_GE(count, 10);
}

// ---------------------------------------------------------------- next, seal, code, explain

StepAnswer answer(std::uint64_t counter, std::int64_t at) {
  return {.transaction = 7,
          .log_time = Instant::from_unix(at),
          .counter = counter,
          .signature = to_bytes("sig")};
}

TEST(Next, StartsThenFinishesThenIsDone) {
  const Shop shop;
  const Plan plan = shop.decide(simple).value();
  Progress progress;
  const auto start = std::get<TseStep>(shop.law().next(plan, progress));
  EXPECT_EQ(start.operation, TseStep::Operation::start);
  EXPECT_TRUE(start.process_type.empty());
  EXPECT_TRUE(start.process_data.empty());
  progress.start = answer(10, 1'790'000'000);
  const auto finish = std::get<TseStep>(shop.law().next(plan, progress));
  EXPECT_EQ(finish.operation, TseStep::Operation::finish);
  EXPECT_EQ(finish.transaction, 7U);
  EXPECT_EQ(finish.process_type, "Kassenbeleg-V1");
  EXPECT_EQ(finish.process_data, plan.process_data);
  progress.finish = answer(11, 1'790'000'001);
  EXPECT_TRUE(std::holds_alternative<Done>(shop.law().next(plan, progress)));
}

TEST(Next, TheExplicitFlowOnlyFinishes) {
  Shop shop;
  shop.transaction = 99;
  const auto step = std::get<TseStep>(shop.law().next(shop.decide(simple).value(), {}));
  EXPECT_EQ(step.operation, TseStep::Operation::finish);
  EXPECT_EQ(step.transaction, 99U);
}

TEST(Next, WithoutADeviceNothingIsAsked) {
  Shop shop;
  shop.has_tse = false;
  const Plan plan = shop.decide(simple).value();
  EXPECT_TRUE(std::holds_alternative<Done>(shop.law().next(plan, {})));
  EXPECT_EQ(shop.law().seal(1, plan, Done{}).outcome, Seal::Outcome::not_required);
}

Receipt signed_receipt(const Shop& shop, std::string_view json) {
  Receipt receipt;
  receipt.plan_sequence = 42;
  receipt.plan = shop.decide(json).value();
  receipt.seal = shop.law().seal(
      42, receipt.plan,
      Progress{.start = answer(10, 1'795'196'537), .finish = answer(11, 1'795'196'538)});
  receipt.register_info = shop.register_info();
  receipt.tse = shop.tse();
  return receipt;
}

TEST(CodeText, HasTwelveFieldsInOrder) {
  RecordProperty("proves",
                 "DIK-002 DIK-003 DIK-004 DIK-005 DIK-006 DIK-007 DIK-008 DIK-009 DIK-010");
  const Shop shop;
  const Receipt receipt = signed_receipt(shop, simple);
  EXPECT_EQ(receipt.seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_EQ(receipt.seal->start_signature_counter, 10U);
  EXPECT_EQ(shop.law().code_text(receipt),
            "V0;KASSE-01;Kassenbeleg-V1;Beleg^0.00_3.60_0.00_0.00_0.00^3.60:Bar;7;11;"
            "2026-11-20T17:42:17.000Z;2026-11-20T17:42:18.000Z;ecdsa-plain-SHA256;unixTime;c2ln;"
            "cG9pbnQ=");
}

TEST(CodeText, OnlySignedReceiptsHaveOne) {
  const Shop shop;
  EXPECT_EQ(shop.law().code_text(signed_receipt(
                shop, R"({"kind":"order","lines":[{"text":"a","amount":1,"vat":"A"}]})")),
            "");
  EXPECT_EQ(shop.law().code_text(signed_receipt(shop, R"({"kind":"memo","text":"x"})")), "");
  Receipt receipt = signed_receipt(shop, simple);
  receipt.seal = shop.law().seal(42, receipt.plan,
                                 Outage{.number = 3,
                                        .receipt = 9,
                                        .since = Instant::from_unix(5),
                                        .code = "E-TSE-104",
                                        .text = "t"});
  EXPECT_EQ(receipt.seal->outage_number, 3U);
  EXPECT_EQ(receipt.seal->outage_receipt, 9U);
  EXPECT_EQ(receipt.seal->error_code, "E-TSE-104");
  EXPECT_EQ(receipt.seal->tse_serial, "ab12");
  EXPECT_EQ(shop.law().code_text(receipt), "");
  receipt.seal.reset();
  EXPECT_EQ(shop.law().code_text(receipt), "");
}

TEST(Handwritten, IsRecordedNowWithTheTimeAndTheVatOfItsPaper) {
  const Shop shop;
  const auto paper = [](std::string_view at, std::string_view number) {
    return with_line(fmt::format(
        R"(,"payments":[{{"kind":"cash","amount":10}}],"handwritten":{{"at":"{}","number":"{}"}})",
        at, number));
  };
  const auto plan = shop.decide(paper("2020-07-02T10:05:00+02:00", "17"));
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  ASSERT_TRUE(plan->handwritten.has_value());
  EXPECT_EQ(plan->handwritten->number, "17");
  EXPECT_EQ(plan->began.text(), "2020-07-02T10:05:00+02:00");
  EXPECT_EQ(plan->decided.text(), "2026-11-20T18:42:17+01:00");
  EXPECT_EQ(plan->vat.at(0).rate.text(), "16.00") << "the rate of that day";
  EXPECT_EQ(plan->tse_serial, "ab12") << "signed now, like any other";
  EXPECT_EQ(plan_from_json(to_json(*plan)).value(), *plan);

  EXPECT_EQ(shop.refusal(paper("2026-11-20T18:42:18+01:00", "17")), "E-SAL-529 /handwritten/at");
  EXPECT_EQ(shop.refusal(paper("2026-11-20T10:00:00+01:00", "")), "E-SAL-529 /handwritten/number");
  EXPECT_EQ(
      shop.refusal(with_line(
          R"(,"kind":"training","handwritten":{"at":"2026-11-20T10:00:00+01:00","number":"1"})")),
      "E-SAL-529 /handwritten");
  Shop open;
  open.transaction = 7;
  EXPECT_EQ(open.refusal(paper("2026-11-20T10:00:00+01:00", "17")), "E-SAL-529 /handwritten");
}

TEST(Explain, NamesTheSecondTseAndThePaper) {
  const Shop shop;
  Receipt receipt = signed_receipt(shop, simple);
  receipt.plan.disturbed_tse = "cd34";
  receipt.plan.handwritten = {.at = stamp("2026-11-20T10:00:00+01:00"), .number = "17"};
  std::string all;
  for (const Reason& reason : shop.law().explain(receipt)) all += reason.decision + ";";
  EXPECT_NE(all.find("stands in for cd34"), std::string::npos) << all;
  EXPECT_NE(all.find("paper 17 of 2026-11-20T10:00:00+01:00"), std::string::npos) << all;
}

TEST(Explain, NamesARuleForEveryStatement) {
  const Shop shop;
  const auto reasons = shop.law().explain(signed_receipt(shop, simple));
  std::ifstream file(std::string(SIEGEL_SOURCE_DIR) + "/docs/law/index.md");
  const std::string index((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::string subjects;
  for (const Reason& reason : reasons) {
    EXPECT_FALSE(reason.decision.empty()) << reason.subject;
    const std::string source = reason.rule.substr(0, reason.rule.find(' '));
    EXPECT_NE(index.find("[" + source), std::string::npos) << reason.rule;
    subjects += reason.subject + ";";
  }
  EXPECT_EQ(subjects,
            "BON_TYP;process type;process data;line 1;line 1;line 1;VAT B;total;payment;change;"
            "signed;");
}

TEST(Explain, TellsWhyAReceiptIsNotSigned) {
  const Shop shop;
  Receipt receipt = signed_receipt(shop, simple);
  receipt.seal = shop.law().seal(42, receipt.plan,
                                 Outage{.number = 3,
                                        .receipt = 9,
                                        .since = Instant::from_unix(5),
                                        .code = "E-TSE-104",
                                        .text = "t"});
  const auto reasons = shop.law().explain(receipt);
  EXPECT_EQ(reasons.back().rule, "AEAO 146a");
  EXPECT_NE(reasons.back().decision.find("E-TSE-104"), std::string::npos);
}

}  // namespace
}  // namespace siegel::country::de
