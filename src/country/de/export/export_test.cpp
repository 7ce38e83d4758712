#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "country/de/export/csv_buffer.h"
#include "country/de/export/dsfinvk.h"
#include "country/de/export/index_xml.h"
#include "crypto/hash.h"
#include "format/json.h"
#include "model/codec.h"

namespace siegel::country::de {
namespace {

std::string hash_of(std::string_view text) { return hex(crypto::sha256(bytes_of(text))); }

TEST(index_xml, is_the_official_file_where_nothing_is_added) {
  RecordProperty("proves", "FCC-057");
  EXPECT_EQ(hash_of(index_xml({.edition = Edition::v2_4})),
            "d0b1fed31a50dc6370d7a54528034a1e0ac2f982f82e3c0a9250a15c64c85160");
  EXPECT_EQ(hash_of(index_xml({.edition = Edition::v2_3})), hash_of(index_xml({})));
  EXPECT_EQ(hash_of(index_xml({.edition = Edition::v2_2})),
            "50d532b2c5d81f033171297f45329061750beaa63aa89f9d6d9dd572d3d03012");
}

TEST(index_xml, describes_what_is_added_and_nothing_that_is_left_out) {
  IndexContent content{.process_data_length = 1500, .certificate_columns = 3};
  content.tables.reset().set(static_cast<std::size_t>(DsfinvkTable::transactions_tse));
  content.tables.set(static_cast<std::size_t>(DsfinvkTable::tse));
  const std::string xml = index_xml(content);
  EXPECT_NE(xml.find("<MaxLength>1500</MaxLength>"), std::string::npos);
  EXPECT_NE(xml.find("<Name>TSE_ZERTIFIKAT_III</Name>"), std::string::npos);
  EXPECT_EQ(xml.find("lines.csv"), std::string::npos);
}

TEST(columns, are_those_of_the_standard) {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  if (folder == nullptr) GTEST_SKIP() << "no vectors";
  const auto bytes = read_file(std::string(folder) + "/dsfinvk/columns.json", 1U << 24U);
  ASSERT_TRUE(bytes.ok());
  const auto document = json::parse(text_of(*bytes));
  ASSERT_TRUE(document.ok());
  const json::Array& list = *document->object()->find("tables")->array();
  std::size_t columns = 0;
  for (const json::Value& one : list) {
    const auto text = [](const json::Value& of, std::string_view key) {
      const json::Value* member = of.object()->find(key);
      return member == nullptr || member->string() == nullptr ? std::string() : *member->string();
    };
    const auto table = dsfinvk_table_from(text(one, "file"));
    ASSERT_TRUE(table.has_value()) << text(one, "file");
    const json::Array& of = *one.object()->find("columns")->array();
    ASSERT_EQ(info(*table).columns.size(), of.size());
    for (std::size_t i = 0; i < of.size(); ++i, ++columns) {
      const DsfinvkColumn& column = info(*table).columns[i];
      EXPECT_EQ(column.name, text(of[i], "column"));
      EXPECT_EQ(column.length == 0 ? "Numeric" : "AlphaNumeric", text(of[i], "type"));
      const std::string decimals = text(of[i], "decimals");
      EXPECT_EQ(column.decimals, decimals.empty() ? 0 : std::stoi(decimals)) << column.name;
      for (const auto& [edition, key] :
           {std::pair(Edition::v2_4, "maxlen"), std::pair(Edition::v2_2, "maxlen_2_2")}) {
        const std::string length = text(of[i], key);
        EXPECT_EQ(length_of(*table, i, edition), length.empty() ? 0 : std::stoi(length))
            << column.name;
      }
    }
  }
  EXPECT_EQ(columns, 219U);
}

TEST(csv_buffer, writes_numbers_and_texts_as_the_standard_wants_them) {
  CsvBuffer out;
  out.bytes({});
  const auto taken = [&] {
    std::string text(out.view());
    out.clear();
    return text;
  };
  out.decimal(-5, 2, 5);
  EXPECT_EQ(taken(), "-0,05000");
  out.decimal(123456, 2, 2);
  EXPECT_EQ(taken(), "1234,56");
  out.decimal(0, 3, 3);
  EXPECT_EQ(taken(), "0,000");
  out.number(std::int64_t{-9'223'372'036'854'775'807 - 1});
  EXPECT_EQ(taken(), "-9223372036854775808");
  out.text("plain", 10);
  EXPECT_EQ(taken(), "plain");
  out.text("a;b\"c", 10);
  EXPECT_EQ(taken(), "\"a;b\"\"c\"");
  out.text("  line\none \x7F ", 20);
  EXPECT_EQ(taken(), "line one");
  out.text("ÄÖÜäöü", 3);
  EXPECT_EQ(taken(), "ÄÖÜ");
  out.text("ÄÖÜ", 3);
  EXPECT_EQ(taken(), "ÄÖÜ");
  out.exact("1;\"Bier\";2.50\r1;\"x\";1.00");
  EXPECT_EQ(taken(), "\"1;\"\"Bier\"\";2.50\r1;\"\"x\"\";1.00\"");
}

/// A plan with every member an export shows.
Plan full_plan() {
  Plan plan;
  plan.register_id = RegisterId::parse("KASSE-01").value();
  plan.number = 17;
  plan.receipt_number = "KASSE-01-000017";
  plan.vorgang = VorgangId("k \"17\"\\\n");
  plan.kind = ReceiptKind::reversal;
  plan.bon_typ = "Beleg";
  plan.process_data = "1;\"Bier \\ \"\"gro\xC3\x9F\"\"\";2.50\r2;\"x\";1.00";
  plan.process_type = ProcessType::bestellung;
  PlanLine line;
  line.text = "Men\xC3\xBC \"A\"; \x01\x1F\t";
  line.quantity = Quantity::from_raw(-2500);
  line.unit = "kg";
  line.unit_price = UnitPrice::from_raw(123'456);
  line.amount = Money::from_cents(-1000);
  line.total = Money::from_cents(-900);
  line.gv_typ = GvTyp::pfand_rueckzahlung;
  line.shares = {{VatKey(1), VatRate::from_hundredths(1900), 1, Money::from_cents(-400)},
                 {VatKey(2), VatRate::from_hundredths(700), 2, Money::from_cents(-500)}};
  line.discounts = {{"Rabatt", Money::from_cents(100)}, {"", Money()}};
  line.article = "A";
  line.gtin = "4012345678901";
  line.group_id = "7";
  line.group = "Speisen";
  line.voucher = "G-1";
  line.gv_name = "Kasten";
  line.agency = 3;
  line.in_house = false;
  line.factor = Quantity::from_raw(1500);
  line.terminal = "T1";
  line.weighed = true;
  line.cancelled = true;
  SubItem item{.text = "Cola", .article = "C", .gtin = "g", .group_id = "1", .group = "x"};
  item.quantity = Quantity::from_raw(1000);
  item.factor = Quantity::from_raw(2000);
  item.unit = "l";
  item.key = VatKey(1);
  item.rate = VatRate::from_hundredths(1900);
  item.price = Money::from_cents(300);
  line.sub_items = {item, item};
  plan.lines = {line, PlanLine{}, line};
  plan.vat = {{VatKey(1), VatRate::from_hundredths(1900), 1, 'A', Money::from_cents(-336),
               Money::from_cents(-64), Money::from_cents(-400)}};
  plan.total = Money::from_cents(-900);
  plan.payments = {{PaymentKind::bar, Money::from_cents(-900), {}, Money::from_cents(-900), "Lade"},
                   {PaymentKind::kreditkarte,
                    Money::from_cents(5),
                    Currency::parse("CHF").value(),
                    Money::from_cents(4),
                    {}}};
  plan.change = Money::from_cents(7);
  plan.began = LocalStamp::parse("2026-11-20T18:42:17+01:00").value();
  plan.decided = LocalStamp::parse("2026-11-20T18:42:17.250+01:00").value();
  plan.cashier = "Anna";
  plan.cashier_id = "1";
  plan.customer = "M\xC3\xBCller";
  plan.buyer = {"n", "i", "t", "s", "p", "c", "DEU", "DE1"};
  plan.terminal = "T2";
  plan.groups = {"Tisch 1", "x"};
  plan.references = {{ReferenceKind::receipt, "KASSE-01-000003", "", 2},
                     {ReferenceKind::external_other, "47", "Auftrag", 0}};
  plan.handwritten = Handwritten{LocalStamp::parse("2026-11-20T10:00:00+01:00").value(), "H-1"};
  plan.stock_number = 4;
  plan.paper_optional = true;
  plan.disturbed_tse = "cd";
  plan.reverses = "KASSE-01-000003";
  plan.reversed_decided = LocalStamp::parse("2026-11-19T18:42:17+01:00").value();
  plan.reason = "falsch";
  plan.name = "Name";
  plan.note = "Notiz";
  plan.has_first_order = true;
  plan.first_order = plan.began;
  plan.tse_serial = "ab";
  plan.transaction = ~std::uint64_t{0};
  plan.business_sequence = 1;
  plan.rksv = RksvPlan{};
  return plan;
}

void expect_same(const Plan& plan) {
  const std::string stored = to_json(plan);
  const auto whole = plan_from_json(stored);
  ASSERT_TRUE(whole.ok()) << whole.error().detail;
  std::deque<std::string> texts;
  std::deque<std::string> unescaped;
  PlanView light;
  ASSERT_TRUE(read_light(stored, light, unescaped)) << stored;
  EXPECT_TRUE(light == view_of(*whole, texts)) << stored;
}

TEST(plan_view, says_what_the_frozen_reader_says) {
  const Plan full = full_plan();
  expect_same(full);
  Plan plan;
  plan.register_id = full.register_id;
  expect_same(plan);
  // Each member alone is missing once.
  plan = full;
  plan.lines[0].discounts.clear();
  plan.lines[2].shares.clear();
  plan.lines[0].sub_items.clear();
  plan.handwritten.reset();
  plan.reverses.clear();
  plan.reversed_decided = LocalStamp();
  plan.buyer = {};
  plan.groups.clear();
  plan.vat.clear();
  plan.lines[1].in_house = true;
  expect_same(plan);
  Seal seal;
  seal.plan_sequence = 42;
  for (int i = 0; i < 2; ++i) {
    const std::string stored = to_json(seal);
    std::deque<std::string> texts;
    SealView light;
    ASSERT_TRUE(read_light(stored, light, texts)) << stored;
    EXPECT_TRUE(light == view_of(seal_from_json(stored).value(), texts)) << stored;
    seal.outcome = Seal::Outcome::unsigned_outage;
    seal.tse_serial = "ab";
    seal.transaction = ~std::uint64_t{0};
    seal.signature_counter = 9;
    seal.start = Instant::from_unix(1'700'000'000);
    seal.end = Instant::from_unix(1'700'000'001);
    seal.signature = to_bytes("signature");
    seal.start_signature = to_bytes("other");
    seal.error_code = "E-TSE-104";
    seal.error_text = "no \"answer\"";
    seal.asked = true;
    seal.outage_number = 1;
    seal.outage_receipt = 2;
    seal.outage_since = seal.start;
    seal.signer = "card";
    seal.code_payload = "_R1";
    seal.start_signature_counter = 8;
  }
}

TEST(plan_view, what_the_frozen_reader_refuses_is_refused) {
  const std::string stored = to_json(full_plan());
  ViewReader reader;
  EXPECT_TRUE(reader.plan(stored).ok());
  // Every byte missing, and every byte doubled: never a crash, never more than it accepts.
  for (std::size_t i = 0; i < stored.size(); ++i) {
    for (const bool doubled : {false, true}) {
      std::string changed = stored;
      if (doubled)
        changed.insert(i, 1, stored[i]);
      else
        changed.erase(i, 1);
      const auto light = reader.plan(changed);
      if (!light.ok()) {
        EXPECT_EQ(light.error().code, "E-MOD-101");
      }
    }
  }
}

TEST(names, of_countries_and_receipts) {
  EXPECT_EQ(alpha_3("DE"), "DEU");
  EXPECT_EQ(alpha_3("AT"), "AUT");
  EXPECT_EQ(alpha_3("ZZ"), "");
  EXPECT_EQ(receipt_name("KASSE-01-000017")->register_id, "KASSE-01");
  EXPECT_EQ(receipt_name("KASSE-01-000017")->number, 17U);
  EXPECT_FALSE(receipt_name("17").has_value());
  EXPECT_FALSE(receipt_name("K-1a").has_value());
}

TEST(closing_index, finds_the_closing_of_a_receipt) {
  ClosingIndex index;
  Closing closing;
  closing.register_id = RegisterId::parse("K").value();
  closing.number = 1;
  closing.first_number = 1;
  closing.last_number = 5;
  index.add(closing);
  closing.number = 2;  // without receipts
  closing.first_number = closing.last_number = 0;
  index.add(closing);
  closing.number = 3;
  closing.first_number = 6;
  closing.last_number = 6;
  index.add(closing);
  EXPECT_EQ(index.find("K", 5)->number, 1U);
  EXPECT_EQ(index.find("K", 6)->number, 3U);
  EXPECT_EQ(index.find("K", 7), nullptr);
  EXPECT_EQ(index.find("L", 1), nullptr);
  EXPECT_TRUE(index.is_open("K", 7));
  EXPECT_FALSE(index.is_open("K", 0));
  EXPECT_FALSE(index.is_open("L", 1));
}

}  // namespace
}  // namespace siegel::country::de
