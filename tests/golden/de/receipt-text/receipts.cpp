#include "receipts.h"

#include <algorithm>

namespace siegel::golden {
namespace {

Money cents(std::int64_t value) { return Money::from_cents(value); }
LocalStamp stamp(std::string_view text) { return LocalStamp::parse(text).value(); }
Instant instant(std::string_view text) { return Instant::parse(text).value(); }

// Any bytes do where nothing is verified; these are easy to recognise on the paper.
Bytes counted(std::size_t size, int first) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>((static_cast<std::size_t>(first) + i * 7) & 0xFFU);
  }
  return bytes;
}

struct Rate {
  int key;
  int hundredths;
  int slot;
  char letter;
};
constexpr Rate general{1, 1900, 1, 'A'};
constexpr Rate reduced{2, 700, 2, 'B'};
constexpr Rate not_taxable{5, 0, 5, 'E'};
constexpr Rate general_2020{21, 1600, 1, 'A'};
constexpr Rate reduced_2020{22, 500, 2, 'B'};

void add_vat(Plan& plan, const Rate& rate, Money gross) {
  const auto known = std::find_if(plan.vat.begin(), plan.vat.end(),
                                  [&](const VatSum& sum) { return sum.key.get() == rate.key; });
  const Money all = known == plan.vat.end() ? gross : known->gross + gross;
  const NetAndTax split = split_gross(all, VatRate::from_hundredths(rate.hundredths));
  const VatSum sum{VatKey(rate.key),
                   VatRate::from_hundredths(rate.hundredths),
                   rate.slot,
                   rate.letter,
                   split.net,
                   split.tax,
                   all};
  if (known == plan.vat.end()) {
    plan.vat.push_back(sum);
  } else {
    *known = sum;
  }
}

struct Item {
  std::string text;
  std::string quantity = "1";
  std::string unit_price;
  std::int64_t amount = 0;
  Rate rate = reduced;
  GvTyp gv_typ = GvTyp::umsatz;
  std::string unit = {};
  std::vector<Discount> discounts = {};
};

void add(Plan& plan, const Item& item) {
  PlanLine line;
  line.text = item.text;
  line.quantity = Quantity::parse(item.quantity).value();
  line.unit = item.unit;
  line.unit_price = UnitPrice::parse(item.unit_price).value();
  line.amount = cents(item.amount);
  line.total = line.amount;
  line.gv_typ = item.gv_typ;
  line.discounts = item.discounts;
  for (const Discount& discount : item.discounts) {
    line.total += discount.amount;
  }
  line.shares = {{VatKey(item.rate.key), VatRate::from_hundredths(item.rate.hundredths),
                  item.rate.slot, line.total}};
  add_vat(plan, item.rate, line.total);
  plan.total += line.total;
  plan.lines.push_back(std::move(line));
}

void pay(Plan& plan, PaymentKind kind, std::int64_t value, std::string name = {}) {
  plan.payments.push_back({kind, cents(value), Currency::eur(), cents(value), std::move(name)});
}

Receipt base() {
  Receipt receipt;
  receipt.plan_sequence = 17;
  receipt.business.name = "Bäckerei Morgenrot GmbH";
  receipt.business.street = "Lindenstraße 12";
  receipt.business.postcode = "99423";
  receipt.business.city = "Weimar";
  receipt.business.vat_id = "DE999999999";
  receipt.business.footer_lines = {"Vielen Dank!"};
  receipt.register_info.id = RegisterId::parse("KASSE-01").value();
  receipt.register_info.name = "Kasse 1";
  TseInfo tse;
  tse.id = "tse-1";
  tse.serial = hex(counted(32, 0x9f));
  tse.algorithm = "ecdsa-plain-SHA256";
  tse.time_format = "unixTime";
  tse.public_key = counted(65, 4);
  tse.certified = true;
  receipt.register_info.tse_serial = tse.serial;
  receipt.tse = tse;

  Plan& plan = receipt.plan;
  plan.register_id = receipt.register_info.id;
  plan.number = 4711;
  plan.receipt_number = "KASSE-01-004711";
  plan.bon_typ = "Beleg";
  plan.began = stamp("2026-11-20T18:41:04+01:00");
  plan.decided = stamp("2026-11-20T18:42:16+01:00");
  plan.cashier = "Mia";
  plan.tse_serial = tse.serial;

  Seal seal;
  seal.plan_sequence = 17;
  seal.outcome = Seal::Outcome::signed_by_tse;
  seal.tse_serial = tse.serial;
  seal.transaction = 102934;
  seal.signature_counter = 305821;
  seal.start = instant("2026-11-20T17:41:04Z");
  seal.end = instant("2026-11-20T17:42:17Z");
  seal.signature = counted(64, 0x32);
  receipt.seal = seal;
  return receipt;
}

Receipt sale() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  add(plan, {.text = "Brezel", .quantity = "2", .unit_price = "1.80", .amount = 360});
  add(plan, {.text = "Bauernbrot 1 kg", .unit_price = "5.40", .amount = 540});
  add(plan, {.text = "Kaffee Crema", .unit_price = "3.40", .amount = 340, .rate = general});
  pay(plan, PaymentKind::bar, 2000);
  plan.change = cents(760);
  plan.process_data = "Beleg^3.40_9.00_0.00_0.00_0.00^12.40:Bar";
  return receipt;
}

Receipt outage() {
  Receipt receipt = sale();
  Seal seal;
  seal.plan_sequence = 17;
  seal.outcome = Seal::Outcome::unsigned_outage;
  seal.tse_serial = receipt.tse->serial;
  seal.outage_number = 3;
  seal.outage_receipt = 2;
  seal.outage_since = instant("2026-11-20T17:38:10Z");
  seal.error_code = "E-TSE-104";
  seal.error_text = "nicht erreichbar";
  receipt.seal = seal;
  return receipt;
}

Receipt returned() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  add(plan,
      {.text = "Geschenkdose Lebkuchen", .quantity = "-1", .unit_price = "24.90", .amount = -2490});
  add(plan, {.text = "Kaffeebecher",
             .quantity = "2",
             .unit_price = "9.95",
             .amount = 1990,
             .rate = general});
  plan.payments = {{PaymentKind::bar, cents(-500), Currency::eur(), cents(-500), {}}};
  plan.process_data = "Beleg^19.90_-24.90_0.00_0.00_0.00^-5.00:Bar";
  plan.note = "Umtausch, Bon lag vor";
  return receipt;
}

Receipt discount() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  add(plan, {.text = "Zwetschgenkuchen vom Blech mit Streuseln und Sahne",
             .quantity = "3",
             .unit_price = "4.20",
             .amount = 1260,
             .discounts = {{"Rabatt 10 %", cents(-126)}}});
  add(plan, {.text = "Bergkäse am Stück",
             .quantity = "0.385",
             .unit_price = "28.90",
             .amount = 1113,
             .unit = "kg",
             .discounts = {{"Aktionswoche", cents(-200)}, {"Anschnitt", cents(13)}}});
  pay(plan, PaymentKind::ec_karte, 2060, "girocard");
  plan.process_data = "Beleg^0.00_20.60_0.00_0.00_0.00^20.60:Unbar";
  return receipt;
}

Receipt deposit() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  add(plan, {.text = "Mineralwasser 0,5 l",
             .quantity = "4",
             .unit_price = "1.20",
             .amount = 480,
             .rate = general});
  add(plan, {.text = "Pfand Mehrwegflasche",
             .quantity = "4",
             .unit_price = "0.15",
             .amount = 60,
             .rate = general,
             .gv_typ = GvTyp::pfand});
  add(plan, {.text = "Pfandrückgabe Kasten",
             .quantity = "-1",
             .unit_price = "3.30",
             .amount = -330,
             .rate = general,
             .gv_typ = GvTyp::pfand_rueckzahlung});
  pay(plan, PaymentKind::bar, 210);
  plan.process_data = "Beleg^2.10_0.00_0.00_0.00_0.00^2.10:Bar";
  return receipt;
}

Receipt mixed_payment() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  PlanLine menu;
  menu.text = "Frühstück für zwei mit Sekt";
  menu.quantity = Quantity::from_raw(1000);
  menu.unit_price = UnitPrice::parse("2310.00").value();
  menu.amount = menu.total = cents(231000);
  menu.shares = {{VatKey(2), VatRate::from_hundredths(700), 2, cents(161000)},
                 {VatKey(1), VatRate::from_hundredths(1900), 1, cents(70000)}};
  plan.lines = {menu};
  plan.total = menu.total;
  add_vat(plan, general, cents(70000));
  add_vat(plan, reduced, cents(161000));
  add(plan, {.text = "Gutschein Nr. 88",
             .unit_price = "50.00",
             .amount = 5000,
             .rate = not_taxable,
             .gv_typ = GvTyp::mehrzweckgutschein_kauf});
  pay(plan, PaymentKind::kreditkarte, 200000, "Visa");
  pay(plan, PaymentKind::bar, 40000);
  plan.change = cents(4000);
  plan.customer = "Musikverein Ettersberg e. V.";
  plan.process_data = "Beleg^700.00_1610.00_0.00_0.00_50.00^360.00:Bar_2000.00:Unbar";
  return receipt;
}

Receipt foreign_currency() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  add(plan, {.text = "Torte Schwarzwälder Kirsch", .unit_price = "38.00", .amount = 3800});
  plan.payments = {
      {PaymentKind::bar, cents(5000), Currency::parse("CHF").value(), cents(5320), {}}};
  plan.change = cents(1520);
  plan.process_data = "Beleg^0.00_38.00_0.00_0.00_0.00^-15.20:Bar_50.00:Bar:CHF";
  return receipt;
}

Receipt special(ReceiptKind kind, std::string bon_typ) {
  Receipt receipt = base();
  receipt.plan.kind = kind;
  receipt.plan.bon_typ = std::move(bon_typ);
  add(receipt.plan, {.text = "Bauernbrot 1 kg", .unit_price = "5.40", .amount = 540});
  return receipt;
}

Receipt training() {
  Receipt receipt = special(ReceiptKind::training, "AVTraining");
  receipt.plan.process_data = "AVTraining^0.00_5.40_0.00_0.00_0.00^";
  return receipt;
}

Receipt reversal() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  plan.kind = ReceiptKind::reversal;
  plan.receipt_number = "KASSE-01-004720";
  plan.reverses = "KASSE-01-004711";
  plan.reversed_decided = stamp("2026-11-20T18:42:16+01:00");
  plan.reason = "Fehleingabe";
  plan.decided = stamp("2026-11-20T19:10:00+01:00");
  add(plan, {.text = "Bauernbrot 1 kg", .quantity = "-1", .unit_price = "5.40", .amount = -540});
  plan.payments = {{PaymentKind::bar, cents(-540), Currency::eur(), cents(-540), {}}};
  plan.process_data = "Beleg^0.00_-5.40_0.00_0.00_0.00^-5.40:Bar";
  return receipt;
}

Receipt order() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  plan.kind = ReceiptKind::order;
  plan.bon_typ = "AVBestellung";
  plan.process_type = ProcessType::bestellung;
  add(plan,
      {.text = "Flammkuchen Elsässer Art", .quantity = "2", .unit_price = "12.90", .amount = 2580});
  add(plan, {.text = "Federweißer 0,25 l", .unit_price = "5.20", .amount = 520, .rate = general});
  plan.note = "Tisch 7, einmal ohne Zwiebeln";
  plan.process_data = "2;\"Flammkuchen Elsässer Art\";12.90\r1;\"Federweißer 0,25 l\";5.20";
  return receipt;
}

Receipt bill() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  plan.has_first_order = true;
  plan.first_order = stamp("2026-11-20T17:12:08+01:00");
  add(plan,
      {.text = "Flammkuchen Elsässer Art", .quantity = "2", .unit_price = "12.90", .amount = 2580});
  add(plan, {.text = "Federweißer 0,25 l", .unit_price = "5.20", .amount = 520, .rate = general});
  add(plan, {.text = "Trinkgeld Personal",
             .unit_price = "4.00",
             .amount = 400,
             .rate = not_taxable,
             .gv_typ = GvTyp::trinkgeld_an});
  pay(plan, PaymentKind::ec_karte, 3500, "girocard");
  plan.process_data = "Beleg^5.20_25.80_0.00_0.00_4.00^35.00:Unbar";
  return receipt;
}

Receipt opening_float() {
  Receipt receipt = base();
  add(receipt.plan, {.text = "Anfangsbestand",
                     .unit_price = "200.00",
                     .amount = 20000,
                     .rate = not_taxable,
                     .gv_typ = GvTyp::anfangsbestand});
  pay(receipt.plan, PaymentKind::bar, 20000);
  receipt.plan.process_data = "Beleg^0.00_0.00_0.00_0.00_200.00^200.00:Bar";
  return receipt;
}

Receipt memo() {
  Receipt receipt = base();
  receipt.plan.kind = ReceiptKind::memo;
  receipt.plan.bon_typ.clear();
  receipt.plan.process_type = ProcessType::sonstiger_vorgang;
  receipt.plan.process_data = "Schublade geöffnet: Wechselgeld geprüft";
  return receipt;
}

Receipt late_return() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  add(plan, {.text = "Kaffeemühle (Kauf 2020)",
             .quantity = "-1",
             .unit_price = "58.00",
             .amount = -5800,
             .rate = general_2020});
  add(plan, {.text = "Backbuch (Kauf 2020)",
             .quantity = "-1",
             .unit_price = "21.00",
             .amount = -2100,
             .rate = reduced_2020});
  add(plan, {.text = "Kaffeemühle", .unit_price = "64.90", .amount = 6490, .rate = general});
  add(plan, {.text = "Backbuch", .unit_price = "22.50", .amount = 2250});
  pay(plan, PaymentKind::bar, 840);
  plan.process_data = "Beleg^6.90_1.50_0.00_0.00_0.00^8.40:Bar";
  return receipt;
}

Receipt uncertified() {
  Receipt receipt = sale();
  receipt.tse->certified = false;
  receipt.tse->time_format = "generalizedTimeWithMilliseconds";
  receipt.seal->end = instant("2026-11-20T17:42:17.250Z");
  return receipt;
}

Receipt own_header() {
  Receipt receipt = sale();
  receipt.business.header_lines = {"*** MORGENROT ***", "Lindenstraße 12, 99423 Weimar",
                                   "täglich ab 6 Uhr"};
  return receipt;
}

Receipt no_tse() {
  Receipt receipt = sale();
  receipt.tse.reset();
  receipt.seal = Seal{};
  return receipt;
}

Receipt unfinished() {
  Receipt receipt = sale();
  receipt.seal.reset();
  return receipt;
}

// A table is settled: a set menu with its parts, a line taken back, a tip, a voucher.
Receipt restaurant() {
  Receipt receipt = bill();
  Plan& plan = receipt.plan;
  plan.lines.clear();
  plan.vat.clear();
  plan.payments.clear();
  plan.total = Money();
  plan.change = Money();
  receipt.business.outlets = {{.id = "002",
                               .name = "Café am Markt",
                               .street = "Markt 4",
                               .postcode = "99423",
                               .city = "Weimar"}};
  receipt.register_info.outlet = "002";
  receipt.business.agencies = {{.id = 7, .name = "Stadttheater"}};
  plan.groups = {"Tisch 12/3"};
  plan.terminal = "T2";
  add(plan, {.text = "Mittagsmenü", .unit_price = "14.90", .amount = 1490});
  plan.lines.back().in_house = true;
  plan.lines.back().sub_items = {
      {.text = "Suppe", .quantity = Quantity::from_raw(1000)},
      {.text = "Salat statt Pommes", .quantity = Quantity::from_raw(1000), .price = cents(150)}};
  add(plan, {.text = "Käse", .quantity = "0.3", .unit_price = "4.00", .amount = 480, .unit = "kg"});
  plan.lines.back().factor = Quantity::from_raw(250);
  add(plan, {.text = "Theaterkarte", .unit_price = "20.00", .amount = 2000, .rate = not_taxable});
  plan.lines.back().agency = 7;
  PlanLine taken_back = plan.lines.front();
  taken_back.text = "Zurückgenommen";
  taken_back.cancelled = true;
  plan.lines.push_back(taken_back);
  add(plan, {.text = "Trinkgeld",
             .unit_price = "3.00",
             .amount = 300,
             .rate = not_taxable,
             .gv_typ = GvTyp::trinkgeld_an});
  add(plan, {.text = "Gutschein",
             .unit_price = "-10.00",
             .amount = -1000,
             .rate = not_taxable,
             .gv_typ = GvTyp::mehrzweckgutschein_einloesung});
  plan.lines.back().voucher = "G-4711";
  pay(plan, PaymentKind::ec_karte, 3270, "girocard");
  return receipt;
}

// A delivery note becomes an invoice; the goods are taxed by the margin.
Receipt invoice() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  plan.kind = ReceiptKind::invoice;
  plan.bon_typ = "AVRechnung";
  plan.customer = "Hotel Elephant";
  plan.buyer = {.name = "Hotel Elephant",
                .id = "K-100",
                .type = "Firma",
                .street = "Markt 19",
                .postcode = "99423",
                .city = "Weimar",
                .country = "DEU",
                .vat_id = "DE123456789"};
  plan.references = {{.number = "KASSE-01-004690"},
                     {.kind = ReferenceKind::external_delivery, .number = "LS 88"}};
  receipt.business.vat_keys = {{.key = VatKey(1000),
                                .rate = {},
                                .slot = 5,
                                .mark = "M25A",
                                .description = "Gebrauchtgegenstände/Sonderregelung"}};
  add(plan, {.text = "Tischuhr, gebraucht",
             .unit_price = "150.00",
             .amount = 15000,
             .rate = {1000, 0, 5, 'R'}});
  return receipt;
}

Receipt stock_take() {
  Receipt receipt = base();
  Plan& plan = receipt.plan;
  plan.kind = ReceiptKind::stock_take;
  plan.bon_typ = "AVSonstige";
  plan.process_type = ProcessType::sonstiger_vorgang;
  plan.name = "Inventur";
  plan.stock_number = 3;
  plan.note = "Teilinventur Getränke";
  plan.process_data = "Inventur 3: Teilinventur Getränke";
  return receipt;
}

Receipt commission() {
  Receipt receipt = special(ReceiptKind::commission, "AVSonstige");
  receipt.plan.name = "Kommission";
  receipt.plan.customer = "Frau Keller";
  return receipt;
}

Receipt empties() {
  Receipt receipt = no_tse();
  receipt.register_info.no_tse = NoTse::empties;
  Plan& plan = receipt.plan;
  plan.lines.clear();
  plan.vat.clear();
  plan.payments.clear();
  plan.total = Money();
  plan.change = Money();
  add(plan, {.text = "Leergut",
             .quantity = "-12",
             .unit_price = "0.25",
             .amount = -300,
             .rate = general,
             .gv_typ = GvTyp::pfand_rueckzahlung});
  pay(plan, PaymentKind::bar, -300);
  return receipt;
}

// A till in Switzerland's franc: what is not CHF comes with its amount.
Receipt base_chf() {
  Receipt receipt = sale();
  receipt.register_info.base_currency = Currency::parse("CHF").value();
  Plan& plan = receipt.plan;
  plan.payments = {{PaymentKind::bar, cents(1500), Currency::eur(), cents(1645), {}}};
  plan.change = cents(405);
  plan.note = "Kurs 1 CHF = 0.9120 EUR ab 2026-01-01";
  return receipt;
}

Profile with(LabelSet labels, TseForm form) {
  Profile profile;
  profile.labels = labels;
  profile.tse_form = form;
  return profile;
}

}  // namespace

std::vector<Example> examples() {
  const Profile standard;
  const Profile text = with(LabelSet::standard, TseForm::text);
  const Profile biobill = with(LabelSet::biobill, TseForm::text);
  const Profile dikasse = with(LabelSet::dikasse, TseForm::text);
  Profile english;
  english.language = Language::en;
  Profile english_text = english;
  english_text.tse_form = TseForm::text;
  Profile numbers = text;
  numbers.vat_marks = VatMarks::numbers;
  numbers.vat_headings = {"MwSt", "netto", "Steuer", "brutto"};
  return {
      {"sale", sale(), standard},
      {"sale-text", sale(), text},
      {"sale-both", sale(), with(LabelSet::standard, TseForm::qr_and_text)},
      {"sale-biobill", sale(), biobill},
      {"sale-dikasse", sale(), dikasse},
      {"sale-dikasse-qr", sale(), with(LabelSet::dikasse, TseForm::qr)},
      {"sale-english", sale(), english},
      {"sale-english-text", sale(), english_text},
      {"sale-copy", sale(), standard, true},
      {"sale-uncertified", uncertified(), text},
      {"sale-own-header", own_header(), standard},
      {"return", returned(), standard},
      {"discount", discount(), standard},
      {"deposit", deposit(), standard},
      {"mixed-payment", mixed_payment(), text},
      {"mixed-payment-english", mixed_payment(), english_text},
      {"foreign-currency", foreign_currency(), standard},
      {"training", training(), standard},
      {"reversal", reversal(), standard},
      {"abort", special(ReceiptKind::abort, "AVBelegabbruch"), standard},
      {"delivery-note", special(ReceiptKind::transfer, "AVTransfer"), standard},
      {"order", order(), standard},
      {"order-dikasse", order(), dikasse},
      {"bill", bill(), standard},
      {"bill-biobill", bill(), biobill},
      {"opening-float", opening_float(), standard},
      {"memo", memo(), standard},
      {"restaurant", restaurant(), standard},
      {"restaurant-english", restaurant(), english},
      {"invoice", invoice(), standard},
      {"stock-taking", stock_take(), standard},
      {"commission", commission(), standard},
      {"empties", empties(), standard},
      {"base-chf", base_chf(), english_text},
      {"late-return-numbers", late_return(), numbers},
      {"outage", outage(), standard},
      {"outage-copy", outage(), standard, true},
      {"outage-biobill", outage(), biobill},
      {"outage-dikasse", outage(), dikasse},
      {"outage-english", outage(), english},
      {"no-tse", no_tse(), standard},
      {"unfinished", unfinished(), standard},
  };
}

}  // namespace siegel::golden
