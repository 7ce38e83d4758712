#include "model/codec.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "model/words.h"

namespace siegel {
namespace {

std::string any_text() {
  // Everything a text can hold that JSON has to escape, and characters of more than one byte.
  const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "B", " ", "\"", "\\", "/", "\r", "\n", "\x01", "\x7f", "ä", "€", "😀", ";", "^"));
  std::string out;
  for (const std::string& part : parts) out += part;
  return out;
}

std::int64_t any_number() {
  return *rc::gen::oneOf(rc::gen::just<std::int64_t>(0), rc::gen::arbitrary<std::int64_t>());
}

Money any_money() { return Money::from_cents(any_number()); }

template <class Enum>
Enum any_word(std::size_t count) {
  return static_cast<Enum>(*rc::gen::inRange<std::size_t>(0, count));
}

Instant any_instant() {
  return Instant::from_unix_ms(*rc::gen::inRange<std::int64_t>(0, 253'402'300'799'999));
}

LocalStamp any_stamp() {
  const auto zone = *rc::gen::element<std::string>("Europe/Berlin", "UTC", "America/St_Johns");
  return LocalStamp::from(
             Instant::from_unix_ms(*rc::gen::inRange<std::int64_t>(86'400'000, 4'102'444'800'000)),
             zone)
      .value();
}

Bytes any_bytes() {
  const auto raw = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 256));
  Bytes out;
  for (const int byte : raw) out.push_back(static_cast<std::byte>(byte));
  return out;
}

template <class T, class Make>
std::vector<T> some(const Make& make) {
  std::vector<T> out(*rc::gen::inRange<std::size_t>(0, 4));
  for (T& item : out) item = make();
  return out;
}

bool any_bool() { return *rc::gen::arbitrary<bool>(); }

std::optional<Date> any_day() {
  if (any_bool()) return {};
  return Date(*rc::gen::inRange(1970, 2100), 12, static_cast<unsigned>(*rc::gen::inRange(1, 32)));
}

SubItem any_sub_item() {
  return {.text = any_text(),
          .article = any_text(),
          .gtin = any_text(),
          .group_id = any_text(),
          .group = any_text(),
          .quantity = Quantity::from_raw(any_number()),
          .factor = Quantity::from_raw(any_number()),
          .unit = any_text(),
          .key = VatKey(*rc::gen::inRange(0, 5000)),
          .rate = VatRate::from_hundredths(*rc::gen::inRange(0, 10'001)),
          .price = any_money()};
}

PlanLine any_line() {
  return {.text = any_text(),
          .quantity = Quantity::from_raw(any_number()),
          .unit = any_text(),
          .unit_price = UnitPrice::from_raw(any_number()),
          .amount = any_money(),
          .total = any_money(),
          .gv_typ = any_word<GvTyp>(words::gv_typ.size()),
          .shares = some<VatShare>([] {
            return VatShare{.key = VatKey(*rc::gen::inRange(0, 5000)),
                            .rate = VatRate::from_hundredths(*rc::gen::inRange(0, 10'001)),
                            .slot = *rc::gen::inRange(1, 6),
                            .gross = any_money()};
          }),
          .discounts =
              some<Discount>([] { return Discount{.text = any_text(), .amount = any_money()}; }),
          .article = any_text(),
          .gtin = any_text(),
          .group_id = any_text(),
          .group = any_text(),
          .voucher = any_text(),
          .gv_name = any_text(),
          .agency = *rc::gen::inRange(0, 1000),
          .in_house = any_bool() ? std::optional<bool>() : any_bool(),
          .factor = Quantity::from_raw(any_number()),
          .terminal = any_text(),
          .sub_items = some<SubItem>(any_sub_item),
          .weighed = any_bool(),
          .cancelled = any_bool()};
}

Plan any_plan() {
  Plan plan;
  plan.register_id = RegisterId::parse("KASSE-01").value();
  plan.number = static_cast<std::uint64_t>(any_number());
  plan.receipt_number = any_text();
  plan.vorgang = VorgangId(any_text());
  plan.kind = any_word<ReceiptKind>(words::receipt_kind.size());
  plan.bon_typ = any_text();
  plan.process_type = any_word<ProcessType>(words::process_type.size());
  plan.process_data = any_text();
  plan.lines = some<PlanLine>(any_line);
  plan.vat = some<VatSum>([] {
    return VatSum{.key = VatKey(*rc::gen::inRange(1, 50)),
                  .rate = VatRate::from_hundredths(*rc::gen::inRange(0, 10'001)),
                  .slot = *rc::gen::inRange(1, 6),
                  .letter = static_cast<char>('A' + *rc::gen::inRange(0, 26)),
                  .net = any_money(),
                  .tax = any_money(),
                  .gross = any_money()};
  });
  plan.total = any_money();
  plan.payments = some<PlanPayment>([] {
    return PlanPayment{
        .kind = any_word<PaymentKind>(words::payment_kind.size()),
        .amount = any_money(),
        .currency = Currency::parse(*rc::gen::element<std::string>("EUR", "CHF")).value(),
        .value = any_money(),
        .name = any_text()};
  });
  plan.change = any_money();
  plan.began = any_stamp();
  plan.decided = any_stamp();
  plan.cashier = any_text();
  plan.cashier_id = any_text();
  plan.customer = any_text();
  plan.buyer = {.name = any_text(),
                .id = any_text(),
                .type = any_text(),
                .street = any_text(),
                .postcode = any_text(),
                .city = any_text(),
                .country = any_text(),
                .vat_id = any_text()};
  plan.terminal = any_text();
  plan.groups = some<std::string>(any_text);
  plan.references = some<Reference>([] {
    return Reference{.kind = any_word<ReferenceKind>(words::reference_kind.size()),
                     .number = any_text(),
                     .name = any_text(),
                     .line = *rc::gen::inRange(0, 100)};
  });
  if (any_bool()) plan.handwritten = {.at = any_stamp(), .number = any_text()};
  plan.stock_number = static_cast<std::uint64_t>(any_number());
  plan.paper_optional = any_bool();
  plan.disturbed_tse = any_text();
  plan.reverses = any_text();
  if (!plan.reverses.empty()) plan.reversed_decided = any_stamp();
  plan.reason = any_text();
  plan.name = any_text();
  plan.note = any_text();
  plan.has_first_order = *rc::gen::arbitrary<bool>();
  if (plan.has_first_order) plan.first_order = any_stamp();
  plan.tse_serial = any_text();
  plan.transaction = static_cast<std::uint64_t>(any_number());
  plan.business_sequence = static_cast<std::uint64_t>(any_number());
  if (*rc::gen::arbitrary<bool>()) {
    RksvPlan& rksv = plan.rksv.emplace();
    rksv.kind = any_word<RksvKind>(words::rksv_kind.size());
    for (Money& amount : rksv.amounts) amount = any_money();
    rksv.counter = any_number();
    rksv.time = any_text();
    rksv.held_s = any_number();
    rksv.turnover = any_text();
    rksv.chaining = any_text();
  }
  return plan;
}

Seal any_seal() {
  Seal seal;
  seal.plan_sequence = static_cast<std::uint64_t>(any_number());
  seal.outcome = any_word<Seal::Outcome>(words::outcome.size());
  seal.tse_serial = any_text();
  seal.transaction = static_cast<std::uint64_t>(any_number());
  seal.signature_counter = static_cast<std::uint64_t>(any_number());
  seal.start = any_instant();
  seal.end = any_instant();
  seal.signature = any_bytes();
  seal.start_signature_counter = static_cast<std::uint64_t>(any_number());
  seal.start_signature = any_bytes();
  seal.outage_number = static_cast<std::uint64_t>(any_number());
  seal.outage_receipt = static_cast<std::uint64_t>(any_number());
  seal.outage_since = any_instant();
  seal.error_code = any_text();
  seal.asked = *rc::gen::arbitrary<bool>();
  seal.error_text = any_text();
  seal.signer = any_text();
  seal.code_payload = any_text();
  return seal;
}

RC_GTEST_PROP(PlanCodec, RoundTripIsExactAndCanonical, ()) {
  const Plan plan = any_plan();
  const std::string json = to_json(plan);
  RC_ASSERT(json::is_canonical(json));
  const auto again = plan_from_json(json);
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == plan);
}

RC_GTEST_PROP(SealCodec, RoundTripIsExactAndCanonical, ()) {
  const Seal seal = any_seal();
  const std::string json = to_json(seal);
  RC_ASSERT(json::is_canonical(json));
  const auto again = seal_from_json(json);
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == seal);
}

RC_GTEST_PROP(MasterDataCodec, RoundTripIsExact, ()) {
  const auto texts = [] { return some<std::string>(any_text); };
  const Business business{
      .name = any_text(),
      .street = any_text(),
      .postcode = any_text(),
      .city = any_text(),
      .country = any_text(),
      .tax_number = any_text(),
      .vat_id = any_text(),
      .time_zone = any_text(),
      .header_lines = texts(),
      .footer_lines = texts(),
      .outlets = some<Outlet>([] {
        return Outlet{.id = any_text(),
                      .name = any_text(),
                      .street = any_text(),
                      .postcode = any_text(),
                      .city = any_text(),
                      .country = any_text(),
                      .tax_number = any_text(),
                      .vat_id = any_text()};
      }),
      .agencies = some<Agency>([] {
        return Agency{.id = *rc::gen::inRange(0, 1000),
                      .name = any_text(),
                      .street = any_text(),
                      .postcode = any_text(),
                      .city = any_text(),
                      .country = any_text(),
                      .tax_number = any_text(),
                      .vat_id = any_text()};
      }),
      .rates = some<ExchangeRate>([] {
        return ExchangeRate{.base = Currency::parse("CHF").value(),
                            .currency = Currency::eur(),
                            .rate = UnitPrice::from_raw(any_number()),
                            .from = any_day().value_or(Date(2026, 1, 1))};
      }),
      .templates = some<BookingTemplate>([] {
        return BookingTemplate{.name = any_text(),
                               .gv_typ = any_word<GvTyp>(words::gv_typ.size()),
                               .gv_name = any_text(),
                               .vat = any_text(),
                               .automatic = any_bool()};
      }),
      .cashiers = some<Cashier>([] { return Cashier{.id = any_text(), .name = any_text()}; }),
      .vat_keys = some<OwnVatKey>([] {
        return OwnVatKey{.key = VatKey(*rc::gen::inRange(1000, 5000)),
                         .rate = VatRate::from_hundredths(1900),
                         .slot = *rc::gen::inRange(1, 6),
                         .mark = any_text(),
                         .description = any_text()};
      })};
  RC_ASSERT(business_from_json(to_json(business)).value() == business);
  const RegisterInfo info{
      .id = RegisterId::parse("K 1").value(),
      .name = any_text(),
      .tse_serial = any_text(),
      .backup_tses = texts(),
      .no_tse = any_word<NoTse>(3),
      .outlet = any_text(),
      .brand = any_text(),
      .model = any_text(),
      .software = any_text(),
      .software_version = any_text(),
      .base_currency = any_bool() ? Currency::eur() : Currency::parse("CHF").value(),
      .terminals = some<TerminalInfo>([] {
        return TerminalInfo{.id = any_text(),
                            .brand = any_text(),
                            .model = any_text(),
                            .serial = any_text(),
                            .software = any_text(),
                            .software_version = any_text()};
      }),
      .system_kind = *rc::gen::inRange(1, 9),
      .acquired = any_day(),
      .in_use_since = any_day(),
      .out_of_use = any_day(),
      .out_of_use_reason = any_text(),
      .signers = texts(),
      .aes_check = any_text()};
  RC_ASSERT(register_from_json(to_json(info)).value() == info);
  const TseInfo tse{.id = any_text(),
                    .serial = any_text(),
                    .manufacturer = any_text(),
                    .algorithm = any_text(),
                    .time_format = any_text(),
                    .public_key = any_bytes(),
                    .certificates = some<Bytes>(any_bytes),
                    .certified = *rc::gen::arbitrary<bool>(),
                    .certification = any_text(),
                    .form = *rc::gen::inRange(0, 4)};
  RC_ASSERT(tse_from_json(to_json(tse)).value() == tse);
  const SignerInfo signer{.id = any_text(),
                          .kind = any_text(),
                          .serial = any_text(),
                          .provider = any_text(),
                          .holder = any_text(),
                          .public_key = any_bytes(),
                          .certificates = some<Bytes>(any_bytes),
                          .development = *rc::gen::arbitrary<bool>()};
  RC_ASSERT(signer_from_json(to_json(signer)).value() == signer);
  const Profile profile{.labels = any_word<LabelSet>(3),
                        .tse_form = any_word<TseForm>(3),
                        .vat_marks = any_word<VatMarks>(2),
                        .vat_headings = texts(),
                        .language = any_word<Language>(2),
                        .one_register_per_tse = *rc::gen::arbitrary<bool>(),
                        .tse_deadline_ms = *rc::gen::inRange(0, 10'000),
                        .tse_load_limit_ms = *rc::gen::inRange(0, 10'000),
                        .read_back_every = *rc::gen::inRange(0, 1'000),
                        .receipt_duty = any_word<ReceiptDuty>(2),
                        .exemption_date = any_text(),
                        .exemption_file = any_text(),
                        .table_flow = any_word<TableFlow>(2),
                        .sign_closing = any_bool(),
                        .book_difference = any_bool(),
                        .restart_for_master = any_bool(),
                        .failure_slip = any_bool(),
                        .recovery_slip = any_bool(),
                        .start_slip = any_bool(),
                        .log_files = any_bool(),
                        .automatic_dues = *rc::gen::arbitrary<bool>()};
  RC_ASSERT(profile_from_json(to_json(profile)).value() == profile);
}

// A stored plan has one form. Whatever is changed, left out or added is found.
RC_GTEST_PROP(PlanCodec, NoOtherBytesAreAccepted, ()) {
  const Plan plan = any_plan();
  std::string json = to_json(plan);
  const auto at = *rc::gen::inRange<std::size_t>(0, json.size());
  const char byte = static_cast<char>(*rc::gen::inRange(0x20, 0x7f));
  if (*rc::gen::arbitrary<bool>()) {
    RC_PRE(json[at] != byte);
    json[at] = byte;
  } else {
    json.insert(at, 1, byte);
  }
  const auto again = plan_from_json(json);
  if (again.ok()) {
    RC_ASSERT(to_json(*again) == json);
    RC_ASSERT(!(*again == plan));
  } else {
    RC_ASSERT(again.error().code == "E-MOD-101");
    RC_ASSERT(again.error().kind == ErrorKind::corrupt);
  }
}

TEST(PlanCodec, FrozenForm) {
  Plan plan;
  plan.register_id = RegisterId::parse("KASSE-01").value();
  plan.number = 17;
  plan.receipt_number = "KASSE-01-000017";
  plan.vorgang = VorgangId("k-17");
  plan.bon_typ = "Beleg";
  plan.process_data = "Beleg^0.00_3.60_0.00_0.00_0.00^3.60:Bar";
  plan.lines = {{.text = "Brezel",
                 .quantity = Quantity::from_raw(2000),
                 .unit = {},
                 .unit_price = UnitPrice::from_raw(180'000),
                 .amount = Money::from_cents(360),
                 .total = Money::from_cents(360),
                 .gv_typ = GvTyp::umsatz,
                 .shares = {{.key = VatKey(2),
                             .rate = VatRate::from_hundredths(700),
                             .slot = 2,
                             .gross = Money::from_cents(360)}},
                 .discounts = {},
                 .article = {}}};
  plan.vat = {{.key = VatKey(2),
               .rate = VatRate::from_hundredths(700),
               .slot = 2,
               .letter = 'B',
               .net = Money::from_cents(336),
               .tax = Money::from_cents(24),
               .gross = Money::from_cents(360)}};
  plan.total = Money::from_cents(360);
  plan.payments = {{.kind = PaymentKind::bar,
                    .amount = Money::from_cents(2000),
                    .currency = {},
                    .value = Money::from_cents(2000),
                    .name = {}}};
  plan.change = Money::from_cents(1640);
  plan.began = LocalStamp::parse("2026-11-20T18:42:17+01:00").value();
  plan.decided = LocalStamp::parse("2026-11-20T18:42:17.250+01:00").value();
  plan.tse_serial = "ab12";
  plan.business_sequence = 1;
  EXPECT_EQ(
      to_json(plan),
      R"({"began":"2026-11-20T18:42:17+01:00","bon_typ":"Beleg","business_sequence":1,)"
      R"("change":1640,"decided":"2026-11-20T18:42:17.250+01:00","kind":"receipt",)"
      R"("lines":[{"amount":360,"quantity":2000,)"
      R"("shares":[{"gross":360,"key":2,"rate":700,"slot":2}],"text":"Brezel","total":360,)"
      R"("unit_price":180000}],"number":17,"payments":[{"amount":2000,"kind":"Bar","value":2000}],)"
      R"("process_data":"Beleg^0.00_3.60_0.00_0.00_0.00^3.60:Bar","process_type":"Kassenbeleg-V1",)"
      R"("receipt_number":"KASSE-01-000017","register":"KASSE-01","total":360,"tse_serial":"ab12",)"
      R"("vat":[{"gross":360,"key":2,"letter":"B","net":336,"rate":700,"slot":2,"tax":24}],)"
      R"("vorgang":"k-17"})");
}

TEST(AustrianCodec, FrozenForm) {
  Plan plan;
  plan.register_id = RegisterId::parse("KASSE-01").value();
  plan.number = 2;
  plan.receipt_number = "KASSE-01-000002";
  plan.vorgang = VorgangId("k-2");
  plan.began = LocalStamp::parse("2026-10-25T02:00:05+01:00").value();
  plan.decided = plan.began;
  plan.business_sequence = 1;
  plan.total = Money::from_cents(420);
  plan.rksv = RksvPlan{.kind = RksvKind::standard,
                       .amounts = {Money::from_cents(420)},
                       .counter = 420,
                       .time = "2026-10-25T02:59:58",
                       .held_s = 3593,
                       .turnover = "gJg3FywF/pQ=",
                       .chaining = "KugYRULx7mk="};
  const std::string rksv =
      R"("rksv":{"amounts":[420,0,0,0,0],"chaining":"KugYRULx7mk=","counter":420,"held_s":3593,)"
      R"("kind":"standard","time":"2026-10-25T02:59:58","turnover":"gJg3FywF/pQ="})";
  const std::string json = to_json(plan);
  EXPECT_NE(json.find(rksv), std::string::npos) << json;
  EXPECT_EQ(plan_from_json(json).value(), plan);
  // Five sums, no fewer and no more.
  for (const char* amounts : {"[420,0,0,0]", "[420,0,0,0,0,0]", "[420,0,0,0,\"0\"]", "null"}) {
    std::string other = json;
    other.replace(other.find("[420,0,0,0,0]"), 13, amounts);
    EXPECT_EQ(plan_from_json(other).error().code, "E-MOD-101") << amounts;
  }

  Seal seal;
  seal.plan_sequence = 42;
  seal.outcome = Seal::Outcome::signed_rksv;
  seal.signer = "card-1";
  seal.code_payload = "_R1-AT1_KASSE-01_KASSE-01-000002_";
  seal.signature = to_bytes("\x01\x02");
  EXPECT_EQ(to_json(seal), R"({"code_payload":"_R1-AT1_KASSE-01_KASSE-01-000002_",)"
                           R"("outcome":"signed_rksv","plan_sequence":42,"signature":"AQI=",)"
                           R"("signer":"card-1"})");
  EXPECT_EQ(seal_from_json(to_json(seal)).value(), seal);

  SignerInfo signer;
  signer.id = "card-1";
  signer.kind = "smartcard";
  signer.serial = "1a2b";
  signer.provider = "AT1";
  signer.public_key = to_bytes("\x04");
  EXPECT_EQ(to_json(signer), R"({"id":"card-1","kind":"smartcard",)"
                             R"("provider":"AT1","public_key":"BA==","serial":"1a2b"})");
}

TEST(PlanCodec, DamageIsCorruptAndNamed) {
  const auto error = [](std::string_view json) { return plan_from_json(json).error(); };
  EXPECT_EQ(error("{}").code, "E-MOD-101");
  EXPECT_EQ(error("").kind, ErrorKind::corrupt);
  EXPECT_EQ(error("[]").code, "E-MOD-101");
  EXPECT_EQ(error(R"({"lines":[{"amount":"1"}]})").place, "/lines/0/amount");
  EXPECT_EQ(error(R"({"kind":"sale"})").place, "/kind");
  EXPECT_EQ(error(R"({"colour":1})").place, "/colour");
  EXPECT_EQ(error(R"({"lines":[{"gv_typ":"umsatz"}]})").place, "/lines/0/gv_typ");
}

}  // namespace
}  // namespace siegel
