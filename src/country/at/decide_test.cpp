#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "country/at/test_shop.h"
#include "crypto/aes.h"
#include "crypto/hash.h"

namespace siegel::country::at {
namespace {

/// A receipt of one line of 10.00 with these members, and cash that covers it.
std::string one_line(std::string_view line, std::string_view cash = "10.00") {
  return R"({"lines":[{"text":"a",)" + std::string(line) +
         R"(}],"payments":[{"kind":"cash","amount":")" + std::string(cash) + R"("}]})";
}

constexpr std::array without_amount = {ReceiptKind::start,      ReceiptKind::zero,
                                       ReceiptKind::month,      ReceiptKind::year,
                                       ReceiptKind::collective, ReceiptKind::final};

TEST(DecideAt, ASaleIsDecidedInFull) {
  RecordProperty("proves", "AMA-004 AMA-006 AMA-007");
  Shop shop;
  shop.rksv.counter = 500;
  const auto plan = shop.decide(R"({"lines":[
      {"text":"Melange","amount":"4.20","vat":"A"},
      {"text":"Strudel","quantity":2,"unit_price":"5.50","vat":"10"},
      {"text":"Wein ab Hof","amount":"13.00","vat":"C"},
      {"text":"Gutschein","amount":"25.00","gv_typ":"MehrzweckgutscheinKauf"},
      {"text":"Hausbrot","amount":"3.60","vat":"4.9"},
      {"text":"Buch aus Jungholz","amount":"19.00","vat":"E"}],
      "payments":[{"kind":"cash","amount":"100"}]})");
  ASSERT_TRUE(plan.ok()) << plan.error().code << plan.error().detail;
  ASSERT_TRUE(plan->rksv.has_value());
  EXPECT_EQ(plan->receipt_number, "KASSE-01-000017");
  EXPECT_EQ(plan->rksv->kind, RksvKind::standard);
  const std::array<std::string, 5> sums = {"4.20", "11.00", "13.00", "25.00", "22.60"};
  for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(plan->rksv->amounts[i].text(), sums[i]);
  EXPECT_EQ(plan->rksv->counter, 500 + 420 + 1100 + 1300 + 2500 + 2260);
  EXPECT_EQ(plan->rksv->time, "2026-11-20T18:42:17");
  EXPECT_EQ(plan->rksv->held_s, 0);
  EXPECT_EQ(plan->rksv->chaining, "OeSKQjO4zKI=");
  EXPECT_TRUE(plan->tse_serial.empty());
  // 4.9 % and 19 % share a field and stay apart on paper and in the books.
  ASSERT_EQ(plan->vat.size(), 6U);
  EXPECT_EQ(plan->vat[4].rate.text(), "19.00");
  EXPECT_EQ(plan->vat[5].rate.text(), "4.90");
  EXPECT_EQ(plan->vat[5].gross.text(), "3.60");
  EXPECT_EQ(plan_from_json(to_json(*plan)).value(), *plan);
  const SignStep asked = shop.law().sign_step(*plan, shop.signer);
  EXPECT_TRUE(asked.payload.starts_with(
      "_R1-AT1_KASSE-01_KASSE-01-000017_2026-11-20T18:42:17_4,20_11,00_13,00_25,00_22,60_"))
      << asked.payload;
  EXPECT_EQ(asked.digest, rksv::digest(asked.payload));
}

TEST(DecideAt, AReceiptWrittenByHandIsSignedAndCountedWhenItIsEntered) {
  Shop shop;
  shop.rksv.counter = 1000;
  const auto plan = shop.decide(
      R"({"lines":[{"text":"Melange","amount":"4.80","vat":"A"}],
          "payments":[{"kind":"cash","amount":"4.80"}],
          "handwritten":{"at":"2026-11-19T09:00:00+01:00","number":"P-17"}})");
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  ASSERT_TRUE(plan->handwritten.has_value());
  EXPECT_EQ(plan->began.text(), "2026-11-19T09:00:00+01:00");
  EXPECT_EQ(plan->rksv->time, shop.now.substr(0, 19)) << "field 4 never falls";
  EXPECT_EQ(plan->rksv->counter, 1480);
  std::string all;
  for (const Reason& reason : shop.law().explain(shop.receipt_of(*plan, {})))
    all += reason.decision + ";";
  EXPECT_NE(all.find("paper P-17"), std::string::npos) << all;
}

TEST(DecideAt, TheRateMustBeInForceOnTheDay) {
  Shop shop;
  shop.rksv.last_time = "2026-06-01T00:00:00";
  shop.now = "2026-06-30T23:59:59+02:00";
  EXPECT_EQ(shop.refusal(one_line(R"("amount":"10.00","vat":"4.9")")), "E-VAT-510 /lines/0/vat");
  shop.now = "2026-07-01T00:00:00+02:00";
  const auto plan = shop.decide(one_line(R"("amount":"10.00","vat":"4.9")"));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->rksv->amounts[4].text(), "10.00");
  EXPECT_EQ(shop.refusal(one_line(R"("amount":"10.00","vat":"5")")), "E-VAT-510 /lines/0/vat");
  shop.rksv.last_time = "2021-01-01T00:00:00";
  shop.now = "2021-12-31T23:59:59+01:00";
  const auto in_2021 = shop.decide(one_line(R"("amount":"10.00","vat":"5")"));
  ASSERT_TRUE(in_2021.ok());
  EXPECT_EQ(in_2021->rksv->amounts[4].text(), "10.00");
  EXPECT_EQ(in_2021->vat[0].rate.text(), "5.00");
}

TEST(DecideAt, TheLifeOfARegisterBeginsAndEndsOnce) {
  RecordProperty("proves", "AMA-008 AMA-013 AMA-040 AMA-057 AMA-063");
  const std::string sale = one_line(R"("amount":"10.00","vat":"A")");
  Shop shop;
  shop.rksv.started = false;
  shop.rksv.chaining.clear();
  shop.rksv.last_time.clear();
  EXPECT_EQ(shop.refusal(sale), "E-RKS-102 /kind");
  for (const ReceiptKind kind : without_amount) {
    if (kind == ReceiptKind::start) continue;
    EXPECT_EQ(shop.refusal(kind), "E-RKS-102 /kind");
  }
  const auto start = shop.decide(ReceiptKind::start);
  ASSERT_TRUE(start.ok()) << start.error().detail;
  EXPECT_EQ(start->rksv->chaining, rksv::chaining_of_first("KASSE-01"));
  EXPECT_EQ(start->rksv->counter, 0);
  EXPECT_TRUE(must_be_signed(start->rksv->kind));
  shop.took(shop.receipt_of(*start, Bytes(64)));
  EXPECT_EQ(shop.refusal(ReceiptKind::start), "E-RKS-101 /kind");
  EXPECT_EQ(shop.refusal(sale), "accepted");
  const auto end = shop.decide(ReceiptKind::final);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->rksv->amounts, (std::array<Money, 5>{}));
  shop.took(shop.receipt_of(*end, Bytes(64)));
  shop.rksv.ended = true;
  EXPECT_EQ(shop.refusal(sale), "E-RKS-103 /kind");
  for (const ReceiptKind kind : without_amount) {
    EXPECT_EQ(shop.refusal(kind), "E-RKS-103 /kind");
  }
  EXPECT_EQ(shop.refusal(R"({"kind":"memo","text":"a"})"), "E-RKS-103 /kind");
}

TEST(DecideAt, WhatTheSignatureNeedsMustBeThere) {
  const std::string sale = one_line(R"("amount":"10.00","vat":"A")");
  Shop shop;
  shop.register_info.signers.clear();
  EXPECT_EQ(shop.refusal(sale), "E-RKS-106 ");
  shop.register_info.signers = {"card-1"};
  shop.rksv.aes_key = nullptr;
  EXPECT_EQ(shop.refusal(sale), "E-RKS-105 ");
  const auto half = crypto::SecretBytes::copy_of(Bytes(16));
  shop.rksv.aes_key = &half;
  EXPECT_EQ(shop.refusal(sale), "E-RKS-105 ");
}

TEST(DecideAt, TheCounterNeverLeavesItsEightBytes) {
  Shop shop;
  shop.rksv.counter = INT64_MAX - 999;
  EXPECT_EQ(shop.refusal(one_line(R"("amount":"10.00","vat":"A")")), "E-RKS-107 ");
  shop.rksv.counter = INT64_MAX - 1000;
  EXPECT_EQ(shop.refusal(one_line(R"("amount":"10.00","vat":"A")")), "accepted");
  shop.rksv.counter = INT64_MIN + 999;
  EXPECT_EQ(shop.refusal(one_line(R"("amount":"-10.00","vat":"A")", "-10.00")), "E-RKS-107 ");
}

TEST(DecideAt, KindsWithoutAmountAreNullReceipts) {
  RecordProperty("proves", "AMA-058 AMA-060 AMA-062");
  Shop shop;
  shop.rksv.counter = 8'431'270;
  for (const ReceiptKind kind : without_amount) {
    if (kind == ReceiptKind::start) continue;
    const auto plan = shop.decide(kind);
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->rksv->amounts, (std::array<Money, 5>{}));
    EXPECT_EQ(plan->rksv->counter, 8'431'270);
    EXPECT_EQ(plan->rksv->turnover,
              turnover_field(shop.key(), "KASSE-01", "KASSE-01-000017", 8'431'270).value());
    EXPECT_EQ(plan->total, Money());
  }
  EXPECT_EQ(shop.refusal(R"({"kind":"zero","total":"1.00"})"), "E-RKS-114 /total");
  EXPECT_EQ(shop.refusal(R"({"kind":"zero","total":"0"})"), "accepted");
  EXPECT_EQ(shop.refusal(R"({"kind":"month","lines":[{"text":"a","amount":"1","vat":"A"}]})"),
            "E-SAL-512 /lines");
}

TEST(DecideAt, MonthAndYearKnowTheirPeriod) {
  Shop shop;
  EXPECT_EQ(shop.decide(ReceiptKind::month)->name, "2026-11");
  EXPECT_EQ(shop.decide(ReceiptKind::year)->name, "2026");
  EXPECT_EQ(shop.decide(R"({"kind":"month","name":"2026-10"})")->name, "2026-10");
  EXPECT_EQ(shop.decide(R"({"kind":"year","name":"2025"})")->name, "2025");
  for (const std::string_view name : {"2026-12", "2026-13", "2026-00", "November", "2026-1"}) {
    EXPECT_EQ(shop.refusal(R"({"kind":"month","name":")" + std::string(name) + R"("})"),
              "E-RKS-113 /name")
        << name;
  }
  EXPECT_EQ(shop.refusal(R"({"kind":"year","name":"2027"})"), "E-RKS-113 /name");
  EXPECT_EQ(shop.refusal(R"({"kind":"year","name":"26"})"), "E-RKS-113 /name");
}

TEST(DecideAt, ATrainingReceiptDoesNotCount) {
  Shop shop;
  shop.rksv.counter = 300;
  const auto plan =
      shop.decide(R"({"kind":"training","lines":[{"text":"a","amount":"10","vat":"A"}]})");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->rksv->kind, RksvKind::training);
  EXPECT_EQ(plan->rksv->turnover, "VFJB");
  EXPECT_EQ(plan->rksv->counter, 300);
  EXPECT_EQ(plan->rksv->amounts[0].text(), "10.00");
  // Practising with payments is allowed; they then have to fit like real ones.
  EXPECT_EQ(shop.refusal(R"({"kind":"training","lines":[{"text":"a","amount":"10","vat":"A"}],
                             "payments":[{"kind":"cash","amount":"9"}]})"),
            "E-SAL-505 /payments");
}

TEST(DecideAt, AReversalTurnsTheReceiptAndHidesTheCounter) {
  Shop shop;
  const auto sale = shop.decide(one_line(R"("amount":"10.00","vat":"A")", "20.00"));
  ASSERT_TRUE(sale.ok());
  shop.rksv.counter = sale->rksv->counter;
  shop.original = &*sale;
  const std::string request = R"({"kind":"reversal","reverses":"KASSE-01-000017","reason":"x"})";
  const auto plan = shop.decide(request);
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->rksv->turnover, "U1RP");
  EXPECT_EQ(plan->rksv->counter, 0);
  EXPECT_EQ(plan->rksv->amounts[0].text(), "-10.00");
  EXPECT_EQ(plan->reverses, "KASSE-01-000017");
  shop.original_reversed = true;
  EXPECT_EQ(shop.refusal(request), "E-SAL-514 /reverses");
  shop.original = nullptr;
  EXPECT_EQ(shop.refusal(request), "E-SAL-513 /reverses");
}

TEST(DecideAt, WhatIsNoBarumsatzAsksNoDevice) {
  Shop shop;
  for (const std::string_view request : {
           R"({"lines":[{"text":"Wechselgeld","amount":"200","gv_typ":"Anfangsbestand"}],
               "payments":[{"kind":"cash","amount":"200"}]})",
           R"({"kind":"memo","text":"Lade geöffnet"})",
           R"({"kind":"abort","lines":[{"text":"a","amount":"10","vat":"A"}]})",
       }) {
    const auto plan = shop.decide(request);
    ASSERT_TRUE(plan.ok()) << plan.error().detail;
    EXPECT_FALSE(plan->rksv.has_value());
    EXPECT_TRUE(std::holds_alternative<Done>(shop.law().next(*plan, {})));
    EXPECT_EQ(shop.law().seal(7, *plan, Done{}).outcome, Seal::Outcome::not_required);
  }
  // A sale cannot hide behind money that only moves.
  EXPECT_EQ(shop.refusal(R"({"lines":[
                {"text":"Wechselgeld","amount":"200","gv_typ":"Anfangsbestand"},
                {"text":"a","amount":"10","vat":"A"}],
                "payments":[{"kind":"cash","amount":"210"}]})"),
            "E-RKS-112 /lines");
}

TEST(DecideAt, NothingIsSoldWithoutTheDevice) {
  RecordProperty("proves", "AMA-015");
  Shop shop;
  // What no money is taken for is no Barumsatz; none of these can take any.
  for (const std::string_view kind :
       {"order", "transfer", "invoice", "benefit", "commission", "other"}) {
    const std::string record =
        R"({"kind":")" + std::string(kind) +
        R"(","name":"x","customer":"x","lines":[{"text":"a","amount":"10","vat":"A"}])";
    EXPECT_EQ(shop.refusal(record + R"(,"payments":[{"kind":"cash","amount":"10"}]})"),
              "E-SAL-510 /payments/0")
        << kind;
    const auto plan = shop.decide(record + "}");
    ASSERT_TRUE(plan.ok()) << plan.error().detail;
    EXPECT_FALSE(plan->rksv.has_value()) << kind;
  }
  // Whatever is paid, and however, is signed.
  for (const char* payment : {"cash", "non_cash", "card", "credit", "online", "prepaid"}) {
    const auto plan = shop.decide(fmt::format(R"({{"lines":[{{"text":"a","amount":"10","vat":"A"}}],
                         "payments":[{{"kind":"{}","amount":"10"}}]}})",
                                              payment));
    ASSERT_TRUE(plan.ok()) << plan.error().detail;
    EXPECT_TRUE(plan->rksv.has_value()) << payment;
  }
}

std::string sums_of(const Plan& plan) {
  if (!plan.rksv) return "not signed";
  std::string sums;
  for (const Money sum : plan.rksv->amounts) sums += (sums.empty() ? "" : "_") + sum.text();
  return sums;
}

TEST(DecideAt, TheFiveSumsAreWhatWasPaid) {
  Shop shop;
  shop.business.agencies = {{.id = 7, .name = "Theater"}};
  const auto sums = [&](std::string_view lines, std::string_view payment) {
    const auto plan = shop.decide(fmt::format(
        R"({{"lines":[{}],"payments":[{}],"references":[{{"number":"KASSE-01-000001"}}]}})", lines,
        payment));
    return plan.ok() ? sums_of(*plan) : plan.error().code + " " + plan.error().detail;
  };
  constexpr std::string_view cash_45 = R"({"kind":"cash","amount":45})";
  constexpr std::string_view none = R"({"kind":"none","amount":0})";
  constexpr std::string_view sold = R"({"text":"a","amount":45,"vat":"B"},)";
  const auto with = [&](std::string_view line) { return fmt::format("{}{}", sold, line); };
  // A claim: nothing is Barumsatz until it is paid, then all of it is, in the fourth sum.
  const std::string on_account =
      with(R"({"text":"b","amount":-45,"gv_typ":"Forderungsentstehung"})");
  EXPECT_EQ(sums(on_account, none), "not signed");
  EXPECT_EQ(sums(R"({"text":"b","amount":45,"gv_typ":"Forderungsaufloesung"})", cash_45),
            "0.00_0.00_0.00_45.00_0.00");
  // Paid in part: the sums make what was paid.
  EXPECT_EQ(sums(with(R"({"text":"b","amount":-40,"gv_typ":"Forderungsentstehung"})"),
                 R"({"kind":"cash","amount":5})"),
            "0.00_45.00_0.00_-40.00_0.00");
  // A voucher counts as money: the receipt is signed though nothing else is paid.
  EXPECT_EQ(
      sums(with(R"({"text":"b","amount":-45,"gv_typ":"MehrzweckgutscheinEinloesung"})"), none),
      "0.00_45.00_0.00_-45.00_0.00");
  EXPECT_EQ(sums(with(R"({"text":"b","amount":-20,"gv_typ":"MehrzweckgutscheinEinloesung"},
                         {"text":"c","amount":-25,"gv_typ":"Forderungsentstehung"})"),
                 none),
            "0.00_45.00_0.00_-45.00_0.00");
  EXPECT_EQ(sums(R"({"text":"b","amount":45,"gv_typ":"MehrzweckgutscheinKauf"})", cash_45),
            "0.00_0.00_0.00_45.00_0.00");
  // A down payment has its rate when it is taken, and is taken off again.
  EXPECT_EQ(sums(R"({"text":"b","amount":45,"gv_typ":"Anzahlungseinstellung","vat":"B"})", cash_45),
            "0.00_45.00_0.00_0.00_0.00");
  // Tips for the staff: beside a sale in the fourth sum, alone no Barumsatz.
  EXPECT_EQ(sums(with(R"({"text":"b","amount":5,"gv_typ":"TrinkgeldAN"})"),
                 R"({"kind":"card","amount":50})"),
            "0.00_45.00_0.00_5.00_0.00");
  EXPECT_EQ(
      sums(R"({"text":"b","amount":-5,"gv_typ":"TrinkgeldAN"})", R"({"kind":"cash","amount":-5})"),
      "not signed");
  // Money of others alone is none either; cash that moves never stands beside a sale.
  EXPECT_EQ(sums(R"({"text":"b","amount":45,"vat":"B","agency":7})", cash_45), "not signed");
  EXPECT_EQ(sums(with(R"({"text":"b","amount":5,"gv_typ":"Einzahlung"})"),
                 R"({"kind":"cash","amount":50})"),
            "E-RKS-112 money put into or taken out of the drawer needs a receipt of its own");
  // A line taken back is in none of them.
  EXPECT_EQ(sums(with(R"({"text":"b","amount":99,"vat":"A","cancelled":true})"), cash_45),
            "0.00_45.00_0.00_0.00_0.00");
  shop.register_info.base_currency = Currency::parse("CHF").value();
  EXPECT_EQ(sums(R"({"text":"b","amount":45,"vat":"B"})", cash_45),
            "E-RKS-115 register KASSE-01 counts in CHF; an Austrian one counts in EUR");
}

TEST(DecideAt, AGiftBasketLeavesNothing) {
  EXPECT_EQ(Shop().refusal(R"({"kind":"gift_basket","lines":[{"text":"a","amount":1,"vat":"A"}]})"),
            "E-SAL-539 /kind");
}

TEST(FieldFour, IsHeldWhileTheClockIsBehind) {
  Shop shop;
  const std::string sale = one_line(R"("amount":"10.00","vat":"A")");
  // The autumn hour: 02:59:58 summer time, then 02:00:05 winter time, seven seconds later.
  shop.rksv.last_time = "2026-10-25T02:59:58";
  shop.now = "2026-10-25T02:00:05+01:00";
  const auto held = shop.decide(sale);
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(held->rksv->time, "2026-10-25T02:59:58");
  EXPECT_EQ(held->rksv->held_s, 3593);
  EXPECT_EQ(held->decided.text(), "2026-10-25T02:00:05+01:00");
  shop.now = "2026-10-25T03:00:00+01:00";
  EXPECT_EQ(shop.decide(sale)->rksv->time, "2026-10-25T03:00:00");
  // The limit, to the second.
  shop.rksv.last_time = "2026-11-20T19:57:17";
  shop.now = "2026-11-20T18:42:17+01:00";
  EXPECT_EQ(shop.decide(sale)->rksv->held_s, clock_back_max_s);
  shop.rksv.last_time = "2026-11-20T19:57:18";
  EXPECT_EQ(shop.refusal(sale), "E-RKS-104 ");
  // A year back is no different, and equal times are fine.
  shop.rksv.last_time = "2027-11-20T18:42:17";
  EXPECT_EQ(shop.refusal(sale), "E-RKS-104 ");
  shop.rksv.last_time = "2026-11-20T18:42:17";
  EXPECT_EQ(shop.decide(sale)->rksv->held_s, 0);
}

TEST(Seals, TellWhatTheDeviceSaidOrThatItDidNot) {
  Shop shop;
  const auto plan = shop.decide(one_line(R"("amount":"10.00","vat":"A")"));
  ASSERT_TRUE(plan.ok());
  const Receipt good = shop.receipt_of(*plan, Bytes(64, std::byte{1}));
  EXPECT_EQ(good.seal->outcome, Seal::Outcome::signed_rksv);
  EXPECT_EQ(good.seal->signer, "card-1");
  EXPECT_EQ(good.seal->plan_sequence, 7U);
  const Receipt bad = shop.receipt_of(*plan, {});
  EXPECT_EQ(bad.seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(bad.seal->outage_number, 2U);
  EXPECT_EQ(bad.seal->error_code, "E-SIG-104");
  EXPECT_TRUE(bad.seal->signature.empty());
  EXPECT_EQ(bad.seal->code_payload, good.seal->code_payload);
  EXPECT_TRUE(
      shop.law().code_text(bad).ends_with("_U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg=="));
  for (const Receipt& receipt : {good, bad}) {
    EXPECT_EQ(seal_from_json(to_json(*receipt.seal)).value(), *receipt.seal);
  }
  // Another device is asked for another text.
  SignerInfo other = shop.signer;
  other.serial = "77";
  other.provider = "AT3";
  const SignStep again = shop.law().sign_step(*plan, other);
  EXPECT_TRUE(again.payload.starts_with("_R1-AT3_"));
  EXPECT_NE(again.digest, shop.law().sign_step(*plan, shop.signer).digest);
}

TEST(Signers, SuiteAndSerialMustFit) {
  const auto refusal = [](std::string provider, std::string serial, bool development = false) {
    SignerInfo info;
    info.id = "card";
    info.provider = std::move(provider);
    info.serial = std::move(serial);
    info.development = development;
    const Status status = check_signer(info);
    return status.ok() ? std::string("fine") : status.error().code;
  };
  for (const char* provider : {"AT1", "AT2", "AT3"}) EXPECT_EQ(refusal(provider, "1a2b"), "fine");
  EXPECT_EQ(refusal("AT100", "1a2b", true), "fine");
  for (const char* provider : {"AT100", "AT01", "AT9", "at1", "DE1", ""}) {
    EXPECT_EQ(refusal(provider, "1a2b"), "E-RKS-121") << provider;
  }
  for (const char* serial : {"0x1a", "1A2B", "01a2", "", "1a 2b", "12g", "_1"}) {
    EXPECT_EQ(refusal("AT1", serial), "E-RKS-122") << serial;
  }
  for (const char* serial : {"U:ATU12345678-K1", "G:9110005102096-K1", "S:123456789-K1"}) {
    EXPECT_EQ(refusal("AT0", serial), "fine") << serial;
  }
  for (const char* serial :
       {"ATU12345678-K1", "u:ATU12345678-K1", "X:1-K1", "UID:1-K1", "U:ATU12345678",
        "U:ATU12345678-", "U:-K1", "U:A B-K1", "U:A/B-K1", "U:A-K_1", "1a2b"}) {
    EXPECT_EQ(refusal("AT0", serial), "E-RKS-122") << serial;
  }
  SignerInfo open;
  open.provider = "AT1";
  open.serial = "1a";
  SignerInfo closed;
  closed.provider = "AT0";
  closed.serial = "U:ATU12345678-K1";
  EXPECT_TRUE(check_signers(std::vector{open, open}).ok());
  EXPECT_EQ(check_signers(std::vector{open, closed}).error().code, "E-RKS-123");
  EXPECT_EQ(check_signers(std::vector{closed, open}).error().code, "E-RKS-123");
}

TEST(Fields, AmountsHaveOneForm) {
  EXPECT_EQ(amount_field(Money()), "0,00");
  EXPECT_EQ(amount_field(Money::from_cents(-1200)), "-12,00");
  EXPECT_EQ(amount_field(Money::from_cents(-5)), "-0,05");
  EXPECT_EQ(amount_field(Money::from_cents(123'456'789)), "1234567,89");
}

TEST(Fields, TheCounterIsEncryptedAsInTheWorkedExample) {
  RecordProperty("proves", "AMA-011");
  const auto key = key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  EXPECT_EQ(turnover_field(key, "DEMO-KASSE-7", "1", 0).value(), "/XcSt+vi+78=");
  EXPECT_EQ(turnover_field(key, "DEMO-KASSE-7", "2", 14'117).value(), "gJg3FywF/pQ=");
  EXPECT_EQ(turnover_field(key, "DEMO-KASSE-7", "3", 15'171).value(), "NPARA6V3ZHI=");
  // The order of Kassen-ID and Belegnummer matters, and nothing stands between them.
  EXPECT_EQ(turnover_field(key, "DEMO-KASSE-", "72", 14'117).value(), "gJg3FywF/pQ=");
  EXPECT_NE(turnover_field(key, "2", "DEMO-KASSE-7", 14'117).value(), "gJg3FywF/pQ=");
}

/// Field 10 once more, by other means: a 128-bit sum cut into bytes by division and XORed with the
/// block that AES makes of the IV.
__extension__ using Int128 = __int128;
std::string independent_field_10(const crypto::SecretBytes& key, const std::string& id_and_number,
                                 Int128 counter) {
  const Hash256 hash = crypto::sha256(bytes_of(id_and_number));
  const auto block =
      crypto::aes256_encrypt_block(key, std::span(hash).first<crypto::aes_block_bytes>()).value();
  Int128 modulus = 1;
  for (int i = 0; i < 64; ++i) modulus *= 2;
  Int128 rest = counter < 0 ? counter + modulus : counter;
  Bytes out(8);
  for (std::size_t i = 8; i-- > 0; rest /= 256) {
    out[i] = static_cast<std::byte>(rest % 256) ^ block[i];
  }
  return base64(out);
}

RC_GTEST_PROP(Counter, AgreesWithAnIndependentCalculation, ()) {
  Shop shop;
  Int128 counter = 0;
  shop.rksv.counter = 0;
  const auto count = *rc::gen::inRange(1, 30);
  for (int i = 0; i < count; ++i) {
    ReceiptDraft draft;
    draft.kind = *rc::gen::element(ReceiptKind::receipt, ReceiptKind::training, ReceiptKind::zero);
    Int128 sum = 0;
    const auto lines = draft.kind == ReceiptKind::zero ? 0 : *rc::gen::inRange(1, 5);
    Money total;
    for (int k = 0; k < lines; ++k) {
      LineDraft& line = draft.lines.emplace_back();
      line.text = "x";
      const auto cents = *rc::gen::inRange<std::int64_t>(-99'999'999, 99'999'999);
      line.amount = Money::from_cents(cents);
      line.vat = std::string(1, *rc::gen::element('A', 'B', 'C', 'D', 'E', 'F'));
      total += *line.amount;
      sum += cents;
    }
    if (lines != 0) draft.payments.push_back({.amount = total});
    const auto plan = shop.decide(draft);
    RC_ASSERT(plan.ok());
    if (draft.kind != ReceiptKind::training) counter += sum;
    RC_ASSERT(plan->rksv->counter == static_cast<std::int64_t>(counter));
    RC_ASSERT(plan->rksv->turnover ==
              (draft.kind == ReceiptKind::training
                   ? "VFJB"
                   : independent_field_10(shop.key(), "KASSE-01" + plan->receipt_number, counter)));
    shop.took(shop.receipt_of(*plan, Bytes(64)));
  }
}

RC_GTEST_PROP(Counter, FieldTenHasTwelveCharactersForEveryCounter, (std::int64_t counter)) {
  const auto key = key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  const std::string field = turnover_field(key, "K", "1", counter).value();
  RC_ASSERT(field.size() == 12U);
  RC_ASSERT(field == independent_field_10(key, "K1", counter));
}

RC_GTEST_PROP(Codes, HaveThirteenFieldsAndTheOcrFormTellsTheSame,
              (std::vector<std::uint8_t> seed)) {
  Shop shop;
  Bytes signature(64);
  for (std::size_t i = 0; i < seed.size(); ++i) signature[i % 64] ^= std::byte{seed[i]};
  const auto plan = shop.decide(one_line(R"("amount":"10.00","vat":"A")"));
  const Receipt receipt = shop.receipt_of(*plan, signature);
  const auto split = [](const std::string& code) {
    std::vector<std::string> fields;
    for (std::size_t from = 1; from <= code.size();) {
      const std::size_t to = std::min(code.find('_', from), code.size());
      fields.push_back(code.substr(from, to - from));
      from = to + 1;
    }
    return fields;
  };
  const std::string code = shop.law().code_text(receipt);
  const auto qr = split(code);
  const auto ocr = split(rksv::ocr_code(receipt.seal->code_payload, receipt.seal->signature));
  RC_ASSERT(code.size() >= 100U && code.size() <= 1000U);
  RC_ASSERT(qr.size() == 13U && ocr.size() == 13U);
  for (std::size_t i = 0; i < 13; ++i) {
    RC_ASSERT(!qr[i].empty());
    if (i == 9 || i == 11 || i == 12) {
      RC_ASSERT(base64(from_base32(ocr[i]).value()) == qr[i]);
    } else {
      RC_ASSERT(ocr[i] == qr[i]);
    }
  }
}

TEST(Explain, NamesEveryFieldAndWhetherItIsSigned) {
  Shop shop;
  const auto plan = shop.decide(one_line(R"("amount":"10.00","vat":"A")"));
  for (const bool failed : {false, true}) {
    const auto reasons = shop.law().explain(shop.receipt_of(*plan, failed ? Bytes() : Bytes(64)));
    std::set<std::string> subjects;
    for (const Reason& reason : reasons) {
      subjects.insert(reason.subject);
      EXPECT_FALSE(reason.rule.empty()) << reason.subject;
      EXPECT_FALSE(reason.decision.empty()) << reason.subject;
      if (reason.subject == "signed") {
        EXPECT_EQ(reason.decision.starts_with("no"), failed) << reason.decision;
      }
    }
    for (int i = 1; i <= 13; ++i) {
      EXPECT_TRUE(subjects.contains("field " + std::to_string(i))) << i;
    }
    EXPECT_TRUE(subjects.contains("signed"));
  }
  const auto memo = shop.decide(R"({"kind":"memo","text":"a"})");
  const auto reasons = shop.law().explain(shop.receipt_of(*memo, {}));
  EXPECT_EQ(reasons.front().rule, "BAO 131b");
  EXPECT_EQ(reasons.back().decision, "no: nothing was sold for cash");
}

}  // namespace
}  // namespace siegel::country::at
