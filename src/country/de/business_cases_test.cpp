#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "country/common/business_case.h"
#include "country/common/lines.h"
#include "country/de/de.h"
#include "country/de/empties.h"
#include "format/json.h"
#include "model/codec.h"

// What a request for a business case may and may not say. What comes out of each is on
// docs/how-to/business-cases.md, which has a test of its own.

namespace siegel::country::de {
namespace {

LocalStamp stamp(std::string_view text) { return LocalStamp::parse(text).value(); }
Currency currency(std::string_view text) { return Currency::parse(text).value(); }
UnitPrice rate(std::string_view text) { return UnitPrice::parse(text).value(); }

class Shop {
 public:
  Shop() {
    info.id = RegisterId::parse("KASSE-01").value();
    info.terminals = {{.id = "T2", .serial = "TERM-2"}};
    tse.serial = "ab12";
    business.agencies = {{.id = 7, .name = "Theater"}};
    business.cashiers = {{.id = "3", .name = "Meryem"}};
    business.vat_keys = {
        {.key = VatKey(1000), .rate = {}, .slot = 5, .mark = "M25A"},
        {.key = VatKey(1119), .rate = VatRate::from_hundredths(1900), .slot = 1, .mark = "13B"}};
    business.templates = {
        {.name = "Porto", .gv_typ = GvTyp::auszahlung, .gv_name = "Porto", .automatic = false},
        {.name = "Miete", .gv_typ = GvTyp::umsatz, .vat = "A", .automatic = false}};
  }
  [[nodiscard]] Result<Plan> decide(std::string_view json) const {
    SIEGEL_TRY(const json::Value value, json::parse(json));
    SIEGEL_TRY(const ReceiptDraft draft, draft_from_json(value));
    return Germany().decide(draft, {.now = stamp(now),
                                    .business = business,
                                    .business_sequence = 3,
                                    .register_info = info,
                                    .tse = &tse,
                                    .profile = profile,
                                    .next_number = 17,
                                    .vorgang = VorgangId("v-1"),
                                    .began = stamp(now),
                                    .original = original,
                                    .next_stock_number = 5});
  }
  [[nodiscard]] std::string refusal(std::string_view json) const {
    const auto plan = decide(json);
    return plan.ok() ? "accepted" : plan.error().code + " " + plan.error().place;
  }
  /// One line with `rest`, and whatever else.
  [[nodiscard]] std::string line(std::string_view rest, std::string_view more = "") const {
    return refusal(with_line(rest, more));
  }
  static std::string with_line(std::string_view rest, std::string_view more = "") {
    return fmt::format(R"({{"lines":[{{"text":"a",{}}}],"payments":[{}]{}}})", rest,
                       R"({"kind":"cash","amount":100})", more);
  }

  std::string now = "2026-11-20T18:42:17+01:00";
  Business business;
  RegisterInfo info;
  TseInfo tse;
  Profile profile;
  const Plan* original = nullptr;
};

TEST(BusinessCase, HasTheVatKeysOfTheStandardAndNoOther) {
  const Shop shop;
  const auto with = [&](std::string_view gv, std::string_view vat, std::string_view more = "") {
    return shop.line(fmt::format(R"("amount":1,"gv_typ":"{}","vat":"{}"{})", gv, vat, more));
  };
  EXPECT_EQ(with("Umsatz", "F"), "accepted");
  EXPECT_EQ(with("Umsatz", "G"), "E-VAT-513 /lines/0/vat");
  EXPECT_EQ(with("TrinkgeldAG", "A"), "accepted");
  EXPECT_EQ(with("TrinkgeldAG", "G"), "E-VAT-513 /lines/0/vat");
  EXPECT_EQ(with("TrinkgeldAN", "A"), "E-VAT-512 /lines/0/vat");
  EXPECT_EQ(with("MehrzweckgutscheinKauf", "B"), "E-VAT-512 /lines/0/vat");
  EXPECT_EQ(with("EinzweckgutscheinKauf", "B"), "accepted");
  EXPECT_EQ(with("EinzweckgutscheinKauf", "E"), "E-VAT-513 /lines/0/vat");
  EXPECT_EQ(with("Pfand", "A"), "accepted");
  EXPECT_EQ(with("Pfand", "H"), "E-VAT-513 /lines/0/vat");
  EXPECT_EQ(with("Privateinlage", "A"), "E-VAT-512 /lines/0/vat");
  EXPECT_EQ(with("Einzahlung", "A"), "accepted");
  EXPECT_EQ(with("Einzahlung", "G"), "E-VAT-513 /lines/0/vat");
  EXPECT_EQ(shop.line(R"("amount":2,"gv_typ":"EinzweckgutscheinKauf",
                         "shares":[{"vat":"B","amount":1},{"vat":"E","amount":1}])"),
            "E-VAT-513 /lines/0/shares/1/vat");
  // A claim may have any, and has key 5 where the till says nothing.
  EXPECT_EQ(shop.line(R"("amount":1,"gv_typ":"Forderungsaufloesung","vat":"G")",
                      R"(,"references":[{"number":"KASSE-01-000001"}])"),
            "accepted");
  // What a former key once was.
  EXPECT_FALSE(check_german_key(GvTyp::umsatz, VatKey(7)).ok());
  for (const int key : {1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 21, 22, 23, 33, 43, 1000}) {
    EXPECT_TRUE(check_german_key(GvTyp::umsatz, VatKey(key)).ok()) << key;
  }
}

TEST(BusinessCase, HasItsSignAndAReturnTheOther) {
  const Shop shop;
  const auto with = [&](std::string_view gv, int quantity, std::string_view price) {
    return shop.refusal(fmt::format(
        R"({{"kind":"training","lines":[{{"text":"a","quantity":{},"unit_price":"{}","gv_typ":"{}",
            "vat":"B","voucher":"{}"}}]}})",
        quantity, price, gv, gv.find("gutschein") == std::string_view::npos ? "" : "G"));
  };
  for (const std::string_view gv :
       {"Pfand", "Aufschlag", "TrinkgeldAG", "EinzweckgutscheinKauf", "Anzahlungseinstellung"}) {
    EXPECT_EQ(with(gv, 1, "1.00"), "accepted") << gv;
    EXPECT_EQ(with(gv, 1, "-1.00"), "E-SAL-522 /lines/0/amount") << gv;
    EXPECT_EQ(with(gv, -1, "1.00"), "accepted") << gv;
  }
  for (const std::string_view gv : {"PfandRueckzahlung", "Rabatt", "EinzweckgutscheinEinloesung"}) {
    EXPECT_EQ(with(gv, 1, "-1.00"), "accepted") << gv;
    EXPECT_EQ(with(gv, 1, "1.00"), "E-SAL-522 /lines/0/amount") << gv;
    EXPECT_EQ(with(gv, -1, "1.00"), "accepted") << gv;
  }
  // Money that only moves has its sign, whatever the quantity.
  EXPECT_EQ(shop.line(R"("quantity":-1,"unit_price":5,"gv_typ":"Privateinlage")"),
            "E-SAL-522 /lines/0/amount");
}

TEST(BusinessCase, ThatSettlesNamesWhatItSettles) {
  const Shop shop;
  const std::string_view settled = R"("amount":1,"gv_typ":"Forderungsaufloesung")";
  EXPECT_EQ(shop.line(settled), "E-SAL-532 /references");
  const auto with = [&](std::string_view reference) {
    return shop.line(settled, fmt::format(R"(,"references":[{}])", reference));
  };
  EXPECT_EQ(with(R"({"number":"KASSE-01-000003"})"), "accepted");
  EXPECT_EQ(with(R"({"number":"KASSE-01-000003","line":1})"), "accepted");
  EXPECT_EQ(with(R"({"number":"KASSE-01-000003","line":2})"), "E-SAL-531 /references/0/line");
  EXPECT_EQ(with(R"({"kind":"external_invoice","number":"R 7"})"), "accepted");
  for (const std::string_view bad :
       {"3", "KASSE-01", "KASSE-01-", "KASSE-01-0003", "KASSE-01-00000x", "KASSE-01-000000",
        "-000003", "KASSE_1-000003"}) {
    EXPECT_EQ(with(fmt::format(R"({{"number":"{}"}})", bad)), "E-SAL-531 /references/0/number")
        << bad;
  }
  EXPECT_EQ(with(R"({"kind":"external_other","number":"7"})"), "E-SAL-531 /references/0/name");
  EXPECT_EQ(with(R"({"kind":"external_other","number":"7","name":"Auftrag"})"), "accepted");
  EXPECT_EQ(with(R"({"number":"KASSE-01-000003","name":"x"})"), "E-SAL-531 /references/0/name");
  EXPECT_EQ(shop.line(R"("amount":-1,"gv_typ":"Anzahlungsaufloesung","vat":"A")"),
            "E-SAL-532 /references");
}

TEST(BusinessCase, OfAVoucherHasItsNumber) {
  const Shop shop;
  EXPECT_EQ(shop.line(R"("amount":-1,"gv_typ":"EinzweckgutscheinEinloesung","vat":"B")"),
            "E-SAL-534 /lines/0/voucher");
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"B","voucher":"G-1")"), "E-SAL-534 /lines/0/voucher");
  const auto plan = shop.decide(
      Shop::with_line(R"("amount":1,"gv_typ":"MehrzweckgutscheinKauf","voucher":"G-1")"));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->lines[0].voucher, "G-1");
}

TEST(TakenBack, CountsNowhereAndCannotBeAReturn) {
  RecordProperty("proves", "BIO-073");
  Shop shop;
  const auto plan = shop.decide(
      R"({"lines":[{"text":"a","amount":"2.00","vat":"A"},
                   {"text":"b","amount":"24.00","vat":"B","cancelled":true}],
          "total":"2.00","payments":[{"kind":"cash","amount":"2.00"}]})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->lines.size(), 2U) << "kept";
  EXPECT_EQ(plan->process_data, "Beleg^2.00_0.00_0.00_0.00_0.00^2.00:Bar");
  EXPECT_EQ(plan->vat.size(), 1U);
  EXPECT_EQ(plan_from_json(to_json(*plan)).value(), *plan);
  // Not part of what a reversal takes back.
  shop.original = &*plan;
  const auto reversal = shop.decide(R"({"kind":"reversal","reverses":"x"})");
  ASSERT_TRUE(reversal.ok()) << reversal.error().detail;
  EXPECT_EQ(reversal->lines.size(), 1U);
  EXPECT_EQ(reversal->total.text(), "-2.00");

  EXPECT_EQ(shop.line(R"("quantity":-1,"unit_price":1,"vat":"A","cancelled":true)"),
            "E-SAL-536 /lines/0/cancelled");
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"A","cancelled":true)"), "E-SAL-536 /lines");
  EXPECT_EQ(shop.refusal(R"({"kind":"order","lines":[{"text":"a","amount":1,"vat":"A"},
                             {"text":"b","amount":1,"vat":"A","cancelled":true}]})"),
            "E-SAL-536 /lines/1/cancelled");
}

TEST(Deleting, IsNothingARequestCanAskFor) {
  RecordProperty("proves", "BIO-073");
  const Shop shop;
  for (const std::string_view request :
       {R"({"kind":"delete","reverses":"KASSE-01-000017"})",
        R"({"kind":"reversal","reverses":"KASSE-01-000017","delete":true})",
        R"({"delete":"KASSE-01-000017"})"}) {
    EXPECT_NE(shop.refusal(request), "accepted") << request;
  }
}

TEST(Prices, AreThoseOfSoManyUnits) {
  const Shop shop;
  const auto plan = shop.decide(
      Shop::with_line(R"("quantity":2,"unit_price":5,"factor":"1.5","unit":"kg","vat":"B")"));
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->total.text(), "6.67");  // the example of the standard
  const auto amount =
      shop.decide(Shop::with_line(R"("quantity":2,"amount":"6.67","factor":"1.5","vat":"B")"));
  ASSERT_TRUE(amount.ok());
  EXPECT_EQ(amount->lines[0].unit_price.text(), "5.0025");
  EXPECT_EQ(shop.line(R"("quantity":2,"unit_price":5,"factor":"1.5","amount":"6.66","vat":"B")"),
            "E-SAL-501 /lines/0/amount");
  EXPECT_EQ(shop.line(R"("unit_price":5,"factor":0,"vat":"B")"), "E-SAL-538 /lines/0/factor");
  EXPECT_EQ(shop.line(R"("unit_price":5,"factor":-1,"vat":"B")"), "E-SAL-538 /lines/0/factor");
  EXPECT_EQ(shop.line(R"("quantity":999999999,"unit_price":999999999,"factor":"0.001","vat":"B")"),
            "E-MOD-003 /lines/0/unit_price");
  // An order tells the price of one.
  const auto order = shop.decide(
      R"({"kind":"order","lines":[{"text":"Käse","quantity":2,"unit_price":5,"factor":"1.5",
          "vat":"B"}]})");
  EXPECT_EQ(order->process_data, "2;\"Käse\";3.33");
  EXPECT_EQ(price_times(Quantity::from_raw(-2000), rate("5"), Quantity::from_raw(1500)).value(),
            Money::from_cents(-667));
}

TEST(OwnKeys, AreNamedByTheirMark) {
  const Shop shop;
  const auto plan = shop.decide(
      R"({"lines":[{"text":"a","amount":"119.00","vat":"13B"},{"text":"b","amount":1,"vat":"M25A"}],
          "payments":[{"kind":"cash","amount":120}]})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->process_data, "Beleg^119.00_0.00_0.00_0.00_1.00^120.00:Bar");
  ASSERT_EQ(plan->vat.size(), 2U);
  EXPECT_EQ(plan->vat[0].key.get(), 1000);
  EXPECT_EQ(plan->vat[0].letter, 'R');
  EXPECT_EQ(plan->vat[1].letter, 'S');
  EXPECT_EQ(plan->vat[1].tax.text(), "19.00");
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"13C")"), "E-MOD-001 /lines/0/vat");
}

TEST(Currencies, AreConvertedWithTheRateOfTheDay) {
  RecordProperty("proves", "BIO-009 BIO-010 BIO-011");
  Shop shop;
  const auto eur = Currency::eur();
  const auto chf = currency("CHF");
  const std::string_view paid_in_chf =
      R"({"lines":[{"text":"a","amount":"38.00","vat":"A"}],"text":"Danke",
          "payments":[{"kind":"cash","amount":"50.00","currency":"CHF"}]})";
  // Without a rate the till must say what it is worth.
  EXPECT_EQ(shop.refusal(paid_in_chf), "E-SAL-508 /payments/0/value");
  shop.business.rates = {
      {.base = eur, .currency = chf, .rate = rate("1.0964"), .from = Date(2026, 1, 1)}};
  EXPECT_EQ(shop.refusal(paid_in_chf), "E-SAL-535 /payments");
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"A")"), "E-SAL-535 /payments") << "nor is EUR taken";
  shop.business.rates.push_back(
      {.base = eur, .currency = eur, .rate = rate("1.1"), .from = Date(2026, 1, 1)});
  EXPECT_EQ(shop.refusal(paid_in_chf), "E-SAL-535 /payments");
  shop.business.rates.back().rate = rate("1");
  auto plan = shop.decide(paid_in_chf);
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->payments[0].value.text(), "45.60");  // 50 / 1.0964 = 45.6038
  EXPECT_EQ(plan->change.text(), "7.60");
  EXPECT_EQ(plan->process_data, "Beleg^38.00_0.00_0.00_0.00_0.00^-7.60:Bar_50.00:Bar:CHF");
  EXPECT_EQ(plan->note, "Danke; Kurs 1 EUR = 1.0964 CHF ab 2026-01-01");
  // A newer rate applies from its day on, a later one not yet.
  shop.business.rates.push_back(
      {.base = eur, .currency = chf, .rate = rate("1.00"), .from = Date(2026, 11, 20)});
  shop.business.rates.push_back(
      {.base = eur, .currency = chf, .rate = rate("2.00"), .from = Date(2026, 11, 21)});
  EXPECT_EQ(shop.decide(paid_in_chf)->payments[0].value.text(), "50.00");
  // A value the till states must be that.
  EXPECT_EQ(shop.refusal(R"({"lines":[{"text":"a","amount":1,"vat":"A"}],
       "payments":[{"kind":"cash","amount":"50.00","currency":"CHF","value":"49.99"}]})"),
            "E-SAL-508 /payments/0/value");

  Shop swiss;
  swiss.info.base_currency = chf;
  swiss.business.rates = {
      {.base = chf, .currency = chf, .rate = rate("1"), .from = Date(2026, 1, 1)},
      {.base = chf, .currency = eur, .rate = rate("0.9120"), .from = Date(2026, 1, 1)}};
  plan = swiss.decide(R"({"lines":[{"text":"a","amount":"38.00","vat":"A"}],
       "payments":[{"kind":"cash","amount":"40.00"}]})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->payments[0].value.text(), "43.86");
  EXPECT_EQ(plan->process_data, "Beleg^38.00_0.00_0.00_0.00_0.00^40.00:Bar_-5.86:Bar:CHF");
  EXPECT_EQ(swiss
                .decide(R"({"lines":[{"text":"a","amount":"38.00","vat":"A"}],
       "payments":[{"kind":"cash","amount":"38.00","currency":"CHF"}]})")
                ->process_data,
            "Beleg^38.00_0.00_0.00_0.00_0.00^38.00:Bar:CHF");
}

TEST(Templates, GiveTheBusinessCase) {
  RecordProperty("proves", "BIO-013 BIO-019");
  const Shop shop;
  const auto plan = shop.decide(R"({"lines":[{"text":"Marken","amount":-5,"template":"Porto"}],
                                    "payments":[{"kind":"cash","amount":-5}]})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->lines[0].gv_typ, GvTyp::auszahlung);
  EXPECT_EQ(plan->lines[0].gv_name, "Porto");
  EXPECT_EQ(plan->lines[0].shares[0].key.get(), 5);
  EXPECT_EQ(shop.line(R"("amount":5,"template":"Porto")"), "E-SAL-522 /lines/0/amount");
  EXPECT_EQ(shop.line(R"("amount":-5,"template":"Portokasse")"), "E-SAL-530 /lines/0/template");
  EXPECT_EQ(shop.line(R"("amount":-5,"template":"Porto","gv_typ":"Geldtransit")"),
            "E-SAL-518 /lines/0/template");
  EXPECT_EQ(shop.line(R"("amount":5,"template":"Miete","vat":"B")"), "E-SAL-518 /lines/0/template");
  EXPECT_EQ(shop.decide(Shop::with_line(R"("amount":5,"template":"Miete")"))
                ->lines[0]
                .shares[0]
                .key.get(),
            1);
}

TEST(Particulars, MustBeKnownAndComplete) {
  Shop shop;
  const std::string_view sold = R"("amount":1,"vat":"A")";
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"A","agency":8)"), "E-SAL-530 /lines/0/agency");
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"A","agency":7)"), "accepted");
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"A","terminal":"T9")"), "E-SAL-530 /lines/0/terminal");
  EXPECT_EQ(shop.line(sold, R"(,"terminal":"T9")"), "E-SAL-530 /terminal");
  EXPECT_EQ(shop.line(sold, R"(,"cashier_id":"9")"), "E-SAL-530 /cashier_id");
  EXPECT_EQ(shop.decide(Shop::with_line(sold, R"(,"cashier_id":"3")"))->cashier, "Meryem");
  EXPECT_EQ(shop.line(sold, R"(,"groups":["Tisch 1","Tisch 1"])"), "E-SAL-509 /groups/0");
  EXPECT_EQ(shop.line(sold, R"(,"buyer":{"name":"Mia"})"), "E-SAL-533 /buyer/id");
  EXPECT_EQ(shop.line(sold, R"(,"buyer":{"name":"Mia","id":"7"})"), "E-SAL-533 /buyer/type");
  EXPECT_EQ(shop.line(sold, R"(,"buyer":{"name":"Mia","id":"7","type":"x","country":"DE"})"),
            "E-SAL-533 /buyer/country");
  EXPECT_EQ(shop.line(sold, R"(,"customer":"Max","buyer":{"name":"Mia","id":"7","type":"x"})"),
            "E-SAL-533 /customer");
  const auto plan =
      shop.decide(Shop::with_line(sold, R"(,"buyer":{"name":"Mia","id":"7","type":"x"})"));
  EXPECT_EQ(plan->customer, "Mia");
  EXPECT_EQ(plan->buyer.id, "7");
  shop.info.outlet = "002";
  EXPECT_EQ(shop.line(sold), "E-SAL-530 ");
  shop.business.outlets = {{.id = "002"}};
  EXPECT_EQ(shop.line(sold), "accepted");
}

TEST(Paper, MayStayAwayWithAnExemptionButNotForWeighedGoods) {
  RecordProperty("proves", "BIO-076 BIO-077");
  Shop shop;
  const std::string plain = Shop::with_line(R"("amount":1,"vat":"A")");
  EXPECT_FALSE(shop.decide(plain)->paper_optional);
  shop.profile.receipt_duty = ReceiptDuty::exempt;
  EXPECT_TRUE(shop.decide(plain)->paper_optional);
  EXPECT_FALSE(
      shop.decide(Shop::with_line(R"("amount":1,"vat":"A","weighed":true)"))->paper_optional);
}

TEST(Empties, NeedNoTseAndAreNothingElse) {
  RecordProperty("proves", "DIK-043");
  Shop shop;
  shop.info.no_tse = NoTse::empties;
  const std::string back =
      R"({"lines":[{"text":"Leergut","quantity":-4,"unit_price":"0.25","vat":"A",
          "gv_typ":"PfandRueckzahlung"}],"payments":[{"kind":"cash","amount":-1}]})";
  const auto plan = shop.decide(back);
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_TRUE(plan->tse_serial.empty());
  EXPECT_TRUE(std::holds_alternative<Done>(Germany().next(*plan, {})));
  EXPECT_EQ(shop.line(R"("amount":1,"vat":"A")"), "E-SAL-537 /lines/0/gv_typ");
  ASSERT_EQ(empties_rules().size(), 1U);
  EXPECT_FALSE(empties_rules()[0].until) << "a rule with a date, and open";
  shop.info.no_tse = NoTse::before_tse;
  EXPECT_TRUE(shop.decide(Shop::with_line(R"("amount":1,"vat":"A")"))->tse_serial.empty());
  shop.info.no_tse = NoTse::no;
  EXPECT_EQ(shop.decide(back)->tse_serial, "ab12");
}

TEST(StockTaking, HasNumbersOfItsOwn) {
  RecordProperty("proves", "DIK-042");
  const Shop shop;
  const auto plan = shop.decide(R"({"kind":"stock_take","name":"Vollinventur"})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->stock_number, 5U);
  EXPECT_EQ(plan->process_type, ProcessType::sonstiger_vorgang);
  EXPECT_EQ(plan->process_data, "Vollinventur 5");
  EXPECT_EQ(shop.decide(Shop::with_line(R"("amount":1,"vat":"A")"))->stock_number, 0U);
}

TEST(GiftBasket, IsAnsweredAndLeavesNothing) {
  RecordProperty("proves", "DIK-036");
  const Shop shop;
  EXPECT_EQ(shop.refusal(R"({"kind":"gift_basket","lines":[{"text":"a","amount":1,"vat":"A"}]})"),
            "E-SAL-539 /kind");
  EXPECT_EQ(shop.refusal(R"({"kind":"gift_basket"})"), "E-SAL-511 /lines");
}

}  // namespace
}  // namespace siegel::country::de
