#include "views/outages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "crypto/hash.h"
#include "format/csv.h"
#include "format/json.h"
#include "journal/memory/memory.h"
#include "model/codec.h"
#include "model/entries.h"
#include "views/outage_codes.h"

namespace siegel::views {
namespace {

namespace fs = std::filesystem;
using journal::Sequence;

Instant time(const char* text) { return Instant::parse(text).value(); }
Date day(const char* text) { return Date::parse(text).value(); }

std::string read_text(const fs::path& path) {
  const auto bytes = read_file(path, std::uint64_t{1} << 20);
  return bytes.ok() ? std::string(text_of(*bytes)) : std::string();
}

/// A journal with outages of two TSEs, written the way a recorder does it.
class OutagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal = std::move(journal::memory::open(store)).value();
    set_business("Bäckerei Öztürk & Söhne");
    commission("tse-1", "aa11", "Muster TSE; Werk \"Süd\"");
    commission("tse-2", "bb22", "Andere TSE");
  }

  std::uint64_t append(std::string_view kind, std::string payload, const char* at,
                       std::string register_id = "", std::string actor = "siegel") {
    journal::Draft draft;
    draft.kind = kind;
    draft.at = time(at);
    draft.actor = std::move(actor);
    draft.register_id = std::move(register_id);
    draft.payload = std::move(payload);
    const Sequence next(journal->head().sequence.get() + 1);
    EXPECT_TRUE(journal->append(next, std::span(&draft, 1)).ok());
    return next.get();
  }
  void set_business(const std::string& name) {
    Business business;
    business.name = name;
    append(entry_kind::business, to_json(business), "2026-10-01T08:00:00Z", "", "chef");
  }
  void commission(const std::string& id, const std::string& serial, const std::string& maker) {
    TseInfo info;
    info.id = id;
    info.serial = serial;
    info.manufacturer = maker;
    append(entry_kind::tse, to_json(info), "2026-10-01T08:00:01Z", "", "chef");
  }
  std::uint64_t begin(const std::string& serial, std::uint64_t number, const char* at,
                      const char* code = "E-TSE-104", const char* text = "no answer") {
    m_since[serial] = time(at);
    m_code = code;
    m_text = text;
    return append(entry_kind::outage_begin,
                  to_json(OutageBegan{serial, number, time(at), code, text}), at);
  }
  void end(const std::string& serial, std::uint64_t number, const char* at,
           std::uint64_t receipts) {
    append(entry_kind::outage_end, to_json(OutageEnded{serial, number, time(at), receipts}), at);
  }
  std::uint64_t plan(const std::string& till, const char* at, const std::string& cashier) {
    Plan plan;
    plan.register_id = RegisterId::parse(till).value();
    plan.number = ++m_number[till];
    plan.receipt_number = fmt::format("{}-{:06}", till, plan.number);
    plan.vorgang = VorgangId("v");
    plan.bon_typ = "Beleg";
    plan.decided = LocalStamp::from(time(at), "Europe/Berlin").value();
    plan.began = plan.decided;
    plan.cashier = cashier;
    plan.business_sequence = 1;
    return append(entry_kind::plan, to_json(plan), at, till, "till");
  }
  void seal(std::uint64_t of, const std::string& till, const std::string& serial, const char* at,
            std::uint64_t outage, std::uint64_t receipt) {
    Seal seal;
    seal.plan_sequence = of;
    seal.outcome = Seal::Outcome::unsigned_outage;
    seal.tse_serial = serial;
    seal.outage_number = outage;
    seal.outage_receipt = receipt;
    seal.outage_since = m_since[serial];
    seal.error_code = m_code;
    seal.error_text = m_text;
    append(entry_kind::seal, to_json(seal), at, till, "till");
  }
  void signed_sale(const std::string& till, const std::string& serial, const char* at) {
    const std::uint64_t of = plan(till, at, "Anna");
    Seal seal;
    seal.plan_sequence = of;
    seal.outcome = Seal::Outcome::signed_by_tse;
    seal.tse_serial = serial;
    seal.transaction = of;
    seal.error_text = R"(a text with "outcome":"unsigned_outage" in it)";
    append(entry_kind::seal, to_json(seal), at, till, "till");
  }
  void note(const std::string& serial, std::uint64_t number, const char* at, std::string reason,
            std::vector<std::string> steps) {
    append(entry_kind::outage_note,
           to_json(OutageNote{serial, number, std::move(reason), std::move(steps)}), at, "",
           "Chefin");
  }

  /// Two outages of one TSE, one of the other that goes on, and everything that can happen in them.
  void write_story() {
    signed_sale("KASSE-01", "aa11", "2026-10-24T09:00:00Z");
    // Begun by a receipt, in the commit of its seal; a second till's Vorgang; a late signature.
    const std::uint64_t first = plan("KASSE-01", "2026-10-24T21:30:00Z", "Çelik, Jörg");
    begin("aa11", 1, "2026-10-24T21:30:03Z");
    seal(first, "KASSE-01", "aa11", "2026-10-24T21:30:03Z", 1, 1);
    append(entry_kind::started,
           to_json(VorgangStarted{.vorgang = VorgangId("Tisch 7"),
                                  .register_id = RegisterId::parse("KASSE-02").value(),
                                  .tse_serial = "aa11",
                                  .error_code = "E-TSE-104"}),
           "2026-10-24T21:40:00Z", "KASSE-02", "till");
    const std::uint64_t second = plan("KASSE-02", "2026-10-25T00:30:00Z", "=HYPERLINK(\"x\")");
    seal(second, "KASSE-02", "aa11", "2026-10-25T00:30:00Z", 1, 2);
    note("aa11", 1, "2026-10-25T00:45:00Z", "Stecker war lose", {});
    append(entry_kind::late_signature,
           to_json(LateSignature{.plan_sequence = first,
                                 .tse_serial = "aa11",
                                 .transaction = 41,
                                 .start = time("2026-10-24T21:30:00Z"),
                                 .start_signature_counter = 80,
                                 .end = time("2026-10-24T21:30:01Z"),
                                 .signature_counter = 81}),
           "2026-10-25T01:30:00Z", "KASSE-01");
    // The hour in which the clocks went back: the second 02:30.
    end("aa11", 1, "2026-10-25T01:30:00Z", 2);
    set_business("Backhaus Öztürk GmbH");
    // Noticed by a Vorgang; no receipt; the same TSE counts on.
    begin("aa11", 2, "2026-11-02T10:00:00Z", "E-TSE-403", "memory full (0x6A84)");
    append(entry_kind::started,
           to_json(VorgangStarted{.vorgang = VorgangId("Tisch 9"),
                                  .register_id = RegisterId::parse("KASSE-01").value(),
                                  .tse_serial = "aa11",
                                  .error_code = "E-TSE-403"}),
           "2026-11-02T10:00:00Z", "KASSE-01", "till");
    // The other TSE counts for itself, and its outage goes on.
    const std::uint64_t third = plan("KASSE-03", "2026-11-02T10:01:00Z", "Anna");
    begin("bb22", 1, "2026-11-02T10:01:02Z", "E-TSE-101", "it is not connected");
    seal(third, "KASSE-03", "bb22", "2026-11-02T10:01:02Z", 1, 1);
    end("aa11", 2, "2026-11-02T10:05:00Z", 0);
    note("aa11", 1, "2026-11-03T08:00:00Z", "", {"Kabel getauscht", "Hub mit Netzteil bestellt"});
  }

  std::vector<OutageRow> rows(const OutageFilter& filter = {}) {
    std::vector<OutageRow> out;
    const auto reader = std::move(journal->reader()).value();
    const auto head = visit_outages(*reader, filter, [&](const OutageRow& row) -> Status {
      out.push_back(row);
      return Ok{};
    });
    EXPECT_TRUE(head.ok()) << head.error().detail;
    return out;
  }
  std::vector<Outage> outages(const OutageFilter& filter = {}) {
    std::vector<Outage> out;
    const auto reader = std::move(journal->reader()).value();
    const auto head = list_outages(*reader, filter, [&](const Outage& outage) -> Status {
      out.push_back(outage);
      return Ok{};
    });
    EXPECT_TRUE(head.ok()) << head.error().detail;
    return out;
  }
  std::string file(const OutageFilter& filter, OutageForm form) {
    MemorySink sink;
    const auto reader = std::move(journal->reader()).value();
    const auto done = export_outages(*reader, filter, form, sink);
    EXPECT_TRUE(done.ok()) << done.error().detail;
    EXPECT_EQ(done->bytes, sink.bytes().size());
    EXPECT_EQ(done->sha256, crypto::sha256(sink.bytes()));
    return std::string(text_of(sink.bytes()));
  }

  journal::memory::Store store;
  std::unique_ptr<journal::Journal> journal;

 private:
  std::map<std::string, Instant> m_since;
  std::map<std::string, std::uint64_t> m_number;
  std::string m_code, m_text;
};

const OutageFilter all_days{.first = Date::parse("2026-10-01").value(),
                            .last = Date::parse("2026-11-30").value(),
                            .device = {},
                            .number = {}};

TEST_F(OutagesTest, EachRecordHasEverythingAnAuditorMatchesItBy) {
  RecordProperty("proves",
                 "TSS-002 TSS-007 TSS-008 TSS-011 TSS-012 TSS-013 TSS-014 TSS-015 TSS-016 TSS-017 "
                 "TSS-018 TSS-019 TSS-020");
  write_story();
  const auto all = rows();
  ASSERT_EQ(all.size(), 13U);
  std::vector<std::string> events;
  for (const OutageRow& row : all)
    events.push_back(fmt::format("{} {} {}", row.serial, row.number, word_of(row.event)));
  EXPECT_EQ(events,
            (std::vector<std::string>{
                "aa11 1 began", "aa11 1 receipt", "aa11 1 start", "aa11 1 receipt", "aa11 1 note",
                "aa11 1 late_signature", "aa11 1 ended", "aa11 2 began", "aa11 2 start",
                "bb22 1 began", "bb22 1 receipt", "aa11 2 ended", "aa11 1 note"}));
  const OutageRow& receipt = all[1];
  EXPECT_EQ(receipt.manufacturer, "Muster TSE; Werk \"Süd\"");
  EXPECT_EQ(receipt.receipt_number, "KASSE-01-000002");
  EXPECT_EQ(receipt.at.text(), "2026-10-24T23:30:00+02:00");
  EXPECT_EQ(receipt.since->text(), "2026-10-24T23:30:03+02:00");
  EXPECT_EQ(receipt.code, "E-TSE-104");
  EXPECT_EQ(receipt.receipt, 1U);
  EXPECT_EQ(receipt.cashier, "Çelik, Jörg");
  EXPECT_EQ(receipt.client, "Bäckerei Öztürk & Söhne");
  EXPECT_EQ(receipt.register_id, "KASSE-01");
  EXPECT_EQ(all[3].receipt, 2U);
  EXPECT_EQ(all[10].receipt, 1U) << "each TSE counts its receipts";
  EXPECT_EQ(all[0].cashier, "Çelik, Jörg") << "who stood at the till when it was noticed";
  EXPECT_EQ(all[0].register_id, "KASSE-01");
  EXPECT_EQ(all[0].receipt_number, "") << "the receipt has a record of its own";
  EXPECT_EQ(all[7].register_id, "KASSE-01");
  EXPECT_EQ(all[2].vorgang, "Tisch 7");
  EXPECT_EQ(all[5].receipt_number, "KASSE-01-000002");
  EXPECT_EQ(all[5].transaction, 41U);
  EXPECT_EQ(all[6].receipts, 2U);
  EXPECT_EQ(all[6].at.text(), "2026-10-25T02:30:00+01:00");
  EXPECT_EQ(all[7].client, "Backhaus Öztürk GmbH") << "of the day, not of today";
  EXPECT_EQ(all[4].actor, "Chefin");
  EXPECT_EQ(all[4].reason, "Stecker war lose");
  EXPECT_FALSE(all[12].since.has_value());
  EXPECT_EQ(all[12].steps.size(), 2U);
}

TEST_F(OutagesTest, APeriodIsOfTillDaysAndBothEndsBelongToIt) {
  RecordProperty("proves", "TSS-036 TSS-038");
  write_story();
  // 23:30 in Berlin is still the 24th, 00:30 UTC the 25th there.
  EXPECT_EQ(rows({.first = day("2026-10-24"), .last = day("2026-10-24")}).size(), 3U);
  EXPECT_EQ(rows({.first = day("2026-10-25"), .last = day("2026-10-25")}).size(), 4U);
  EXPECT_EQ(rows({.first = day("2026-11-03")}).size(), 1U);
  EXPECT_EQ(rows({.last = day("2026-10-23")}).size(), 0U);
  EXPECT_EQ(rows({.device = "bb22"}).size(), 2U);
  EXPECT_EQ(rows({.device = "aa11", .number = 2}).size(), 3U);
}

TEST_F(OutagesTest, TheListTellsEachOutageOnceAndThoseThatGoOnAtTheEnd) {
  RecordProperty("proves", "TSS-023");
  write_story();
  const auto all = outages();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].number, 1U);
  EXPECT_EQ(all[0].receipts, 2U);
  EXPECT_EQ(all[0].starts, 1U);
  EXPECT_EQ(all[0].late_signatures, 1U);
  EXPECT_EQ(all[0].notes, 2U);
  EXPECT_EQ(all[0].until->text(), "2026-10-25T02:30:00+01:00");
  EXPECT_EQ(all[1].code, "E-TSE-403");
  EXPECT_EQ(all[1].notes, 0U);
  EXPECT_EQ(all[2].serial, "bb22");
  EXPECT_FALSE(all[2].until.has_value());
  // One that began before the period or ended after it has a part in it.
  EXPECT_EQ(outages({.first = day("2026-10-25"), .last = day("2026-10-31")}).size(), 1U);
  EXPECT_EQ(outages({.first = day("2026-12-01")}).size(), 1U) << "it goes on";
  EXPECT_EQ(outages({.last = day("2026-10-24")}).size(), 1U);
  EXPECT_EQ(outages({.last = day("2026-10-23")}).size(), 0U);
}

TEST_F(OutagesTest, AFailureNobodySoldInNamesNoOtherReceiptsTill) {
  // A second card took over: the next receipt is signed, and one later is not.
  begin("aa11", 1, "2026-10-24T09:00:00Z");
  signed_sale("KASSE-01", "bb22", "2026-10-24T09:00:00Z");
  const std::uint64_t later = plan("KASSE-02", "2026-10-24T12:00:00Z", "Berta");
  seal(later, "KASSE-02", "aa11", "2026-10-24T12:00:00Z", 1, 1);
  const auto all = rows();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].register_id, "");
  EXPECT_EQ(all[0].cashier, "");
  EXPECT_EQ(all[1].register_id, "KASSE-02");
}

TEST_F(OutagesTest, AnAustrianSignatureDeviceIsToldByProviderAndCertificate) {
  SignerInfo info;
  info.id = "card-1";
  info.kind = "smartcard";
  info.serial = "1a2b3c";
  info.provider = "AT1";
  append(entry_kind::signer, to_json(info), "2026-10-01T08:00:00Z");
  begin("card-1", 1, "2026-10-24T09:00:00Z", "E-SIG-101", "no card");
  const std::uint64_t of = plan("KASSE-01", "2026-10-24T09:00:00Z", "Anna");
  Seal seal;
  seal.plan_sequence = of;
  seal.outcome = Seal::Outcome::unsigned_outage;
  seal.signer = "card-1";
  seal.outage_number = 1;
  seal.outage_receipt = 1;
  seal.outage_since = time("2026-10-24T09:00:00Z");
  seal.error_code = "E-SIG-101";
  seal.code_payload = "_R1-AT1_x";
  append(entry_kind::seal, to_json(seal), "2026-10-24T09:00:00Z", "KASSE-01");
  end("card-1", 1, "2026-10-24T09:10:00Z", 1);
  const auto all = rows();
  ASSERT_EQ(all.size(), 3U);
  for (const OutageRow& row : all) {
    EXPECT_EQ(row.device, "card-1");
    EXPECT_EQ(row.serial, "1a2b3c");
    EXPECT_EQ(row.manufacturer, "AT1");
  }
  EXPECT_EQ(all[0].cashier, "Anna") << "the plan stands between begin and seal";
  EXPECT_EQ(all[1].receipt_number, "KASSE-01-000001");
}

TEST_F(OutagesTest, ARecordWhosePlanWasRemovedStillCounts) {
  write_story();
  const auto before = rows();
  const auto entries = store.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].kind != entry_kind::plan) continue;
    journal::Entry removed = entries[i];
    removed.payload.clear();
    removed.payload_removed = true;
    store.replace(i, removed);
  }
  const auto after = rows();
  ASSERT_EQ(after.size(), before.size());
  EXPECT_EQ(after[1].receipt, 1U);
  EXPECT_EQ(after[1].receipt_number, "");
}

TEST_F(OutagesTest, WhatCannotBeReadIsAnErrorAndTheVisitorsErrorEndsTheWalk) {
  write_story();
  const auto reader = std::move(journal->reader()).value();
  const auto stopped = visit_outages(
      *reader, {}, [](const OutageRow&) -> Status { return unavailable("E-TST-001", "full"); });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, "E-TST-001");
  append(entry_kind::outage_end, "{}", "2026-11-04T09:00:00Z");
  const auto again = std::move(journal->reader()).value();
  const auto damaged = visit_outages(*again, {}, [](const OutageRow&) -> Status { return Ok{}; });
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, "E-MOD-101");
}

TEST_F(OutagesTest, TheFilesAreByteForByteThoseOfTheVersion) {
  RecordProperty("proves", "TSS-042 TSS-043 TSS-044");
  write_story();
  const fs::path folder = std::string(SIEGEL_SOURCE_DIR) + "/tests/golden/outages/1";
  for (const OutageForm form : {OutageForm::csv, OutageForm::csv_full, OutageForm::json}) {
    const std::string name = outages_file_name(*all_days.first, *all_days.last, form);
    const std::string made = file(all_days, form);
    EXPECT_EQ(file(all_days, form), made) << "a second run";
    if (std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr) {
      ASSERT_TRUE(write_file(folder / name, bytes_of(made)).ok());
    }
    EXPECT_EQ(made, read_text(folder / name)) << name;
  }
}

TEST_F(OutagesTest, TheCsvHasTheTenColumnsAndOpensInASpreadsheet) {
  RecordProperty("proves", "TSS-042 TSS-043 TSS-044");
  write_story();
  EXPECT_EQ(outages_file_name(*all_days.first, *all_days.last, OutageForm::csv),
            "Ausfallbelege_2026-10-01_2026-11-30.csv");
  EXPECT_EQ(outages_file_name(*all_days.first, *all_days.last, OutageForm::csv_full),
            "Ausfallbelege_voll_2026-10-01_2026-11-30.csv");
  EXPECT_EQ(outages_file_name(*all_days.first, *all_days.last, OutageForm::json),
            "Ausfallbelege_2026-10-01_2026-11-30.json");
  const std::string text = file(all_days, OutageForm::csv);
  EXPECT_TRUE(text.ends_with("\r\n"));
  format::CsvReader csv(text, ';');
  std::vector<std::string_view> fields;
  std::vector<std::vector<std::string>> table;
  while (csv.next(fields).value()) table.emplace_back(fields.begin(), fields.end());
  EXPECT_TRUE(csv.had_bom());
  ASSERT_EQ(table.size(), 9U) << "begins, receipts and ends";
  EXPECT_EQ(table[0],
            (std::vector<std::string>{
                "TSS Manufacturer", "TSS serial No", "Receipt ID", "Failure date", "Failure number",
                "Failure code", "Failure number Receipt", "Cashier", "Client", "Register SN"}));
  EXPECT_EQ(table[2],
            (std::vector<std::string>{"Muster TSE; Werk \"Süd\"", "aa11", "KASSE-01-000002",
                                      "2026-10-24T23:30:00+02:00", "1", "E-TSE-104", "1",
                                      "Çelik, Jörg", "Bäckerei Öztürk & Söhne", "KASSE-01"}));
  EXPECT_EQ(table[3][7], "'=HYPERLINK(\"x\")") << "no formula";
  for (const auto& row : table) EXPECT_EQ(row.size(), 10U);
}

TEST_F(OutagesTest, NothingHappenedIsATableOfHeadingsAlone) {
  EXPECT_EQ(file(all_days, OutageForm::json), "{\"data\":[]}\n");
  const std::string text = file(all_days, OutageForm::csv);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(OutagesTest, TheJsonIsWholeAndSaysTheSame) {
  write_story();
  const auto parsed = json::parse(file({}, OutageForm::json));
  ASSERT_TRUE(parsed.ok()) << parsed.error().detail;
  const auto* list = parsed->object()->find("data")->array();
  const auto all = rows();
  ASSERT_EQ(list->size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(json::canonical((*list)[i]), to_json(all[i]));
}

TEST(OutageCodes, ThePageIsTheTable) {
  RecordProperty("proves", "TSS-016");
  const fs::path page = std::string(SIEGEL_SOURCE_DIR) + "/docs/reference/outage-codes.md";
  if (std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(page, bytes_of(outage_codes_page())).ok());
  }
  EXPECT_EQ(read_text(page), outage_codes_page());
}

TEST(OutageCodes, EveryErrorOfADeviceHasItsRow) {
  RecordProperty("proves", "TSS-001 TSS-016");
  // Of these areas a device's answer may be, except for what only commands of people say.
  const std::set<std::string, std::less<>> not_of_a_signing_call = {
      "E-TSE-226", "E-TSE-230", "E-TSE-231", "E-TSE-301", "E-TSE-302", "E-TSE-303", "E-TSE-304"};
  const std::string errors =
      read_text(std::string(SIEGEL_SOURCE_DIR) + "/docs/reference/errors.md");
  std::size_t found = 0;
  for (const std::string_view area : {"| E-TSE-", "| E-SIG-"}) {
    for (std::size_t at = errors.find(area); at != std::string::npos;
         at = errors.find(area, at + 1)) {
      const std::string code = errors.substr(at + 2, 9);
      if (not_of_a_signing_call.contains(code)) continue;
      ++found;
      EXPECT_FALSE(outage_code(code).cause.de.empty()) << code << " has no row";
    }
  }
  EXPECT_GT(found, 60U);
  std::string_view before;
  for (const std::string_view code : outage_codes()) {
    EXPECT_LT(before, code) << "ascending";
    before = code;
    const OutageCode row = outage_code(code);
    EXPECT_EQ(row.code, code);
    for (const OutageText& text : {row.cause, row.law, row.remedy}) {
      EXPECT_FALSE(text.de.empty()) << code;
      EXPECT_FALSE(text.en.empty()) << code;
    }
  }
  // A device may have words of its own: what to do is said all the same.
  EXPECT_TRUE(outage_code("E-XYZ-999").cause.en.empty());
  EXPECT_FALSE(outage_code("E-XYZ-999").remedy.en.empty());
}

}  // namespace
}  // namespace siegel::views
