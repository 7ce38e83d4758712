#include "views/outage_events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/memory/memory.h"
#include "model/codec.h"
#include "model/entries.h"
#include "views/day_logs.h"
#include "views/outage_codes.h"
#include "views/outage_story.h"

// BioBill's events, the papers' story and dikasse's daily files, told from one journal.

namespace siegel::views {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Instant time(const char* text) { return Instant::parse(text).value(); }

class EventsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal = std::move(journal::memory::open(store)).value();
    Business business;
    business.name = "Bäckerei";
    append(entry_kind::business, to_json(business), "2026-10-01T08:00:00Z");
    TseInfo tse;
    tse.id = "tse-1";
    tse.serial = "aa11";
    append(entry_kind::tse, to_json(tse), "2026-10-01T08:00:01Z");
    RegisterInfo info{RegisterId::parse("KASSE-01").value(), "Kasse 1", "aa11"};
    info.printer = "Bondrucker";
    append(entry_kind::register_, to_json(info), "2026-10-01T08:00:02Z", "KASSE-01");
  }
  std::uint64_t append(std::string_view kind, std::string payload, const char* at,
                       std::string register_id = "", std::string actor = "siegel") {
    journal::Draft draft;
    draft.kind = kind;
    draft.at = time(at);
    draft.actor = std::move(actor);
    draft.register_id = std::move(register_id);
    draft.payload = std::move(payload);
    const journal::Sequence next(journal->head().sequence.get() + 1);
    EXPECT_TRUE(journal->append(next, std::span(&draft, 1)).ok());
    return next.get();
  }
  void begin(const std::string& device, std::uint64_t number, const char* at, const char* code) {
    append(entry_kind::outage_begin, to_json(OutageBegan{device, number, time(at), code, "why"}),
           at);
  }
  void end(const std::string& device, std::uint64_t number, const char* at,
           std::uint64_t receipts = 0) {
    append(entry_kind::outage_end,
           to_json(OutageEnded{
               .tse_serial = device, .number = number, .until = time(at), .receipts = receipts}),
           at);
  }
  void turn(TseSwitch::Mode mode, const char* at) {
    append(entry_kind::tse_switch, to_json(TseSwitch{"aa11", mode, "Tausch"}), at, "", "Mia");
  }
  std::uint64_t plan(const char* at) {
    Plan plan;
    plan.register_id = RegisterId::parse("KASSE-01").value();
    plan.number = ++m_number;
    plan.receipt_number = fmt::format("KASSE-01-{:06}", m_number);
    plan.vorgang = VorgangId("v");
    plan.bon_typ = "Beleg";
    plan.decided = LocalStamp::from(time(at), "Europe/Berlin").value();
    plan.began = plan.decided;
    plan.cashier = "Anna";
    plan.business_sequence = 1;
    return append(entry_kind::plan, to_json(plan), at, "KASSE-01", "till");
  }
  void seal(std::uint64_t of, const char* at, std::uint64_t outage, std::uint64_t receipt) {
    Seal seal;
    seal.plan_sequence = of;
    seal.tse_serial = "aa11";
    seal.outcome = outage == 0 ? Seal::Outcome::signed_by_tse : Seal::Outcome::unsigned_outage;
    if (outage == 0) {
      seal.transaction = 7;
      seal.signature_counter = 14;
    } else {
      seal.outage_number = outage;
      seal.outage_receipt = receipt;
      seal.error_code = "E-TSE-104";
      seal.outage_since = time(at);
    }
    append(entry_kind::seal, to_json(seal), at, "KASSE-01", "till");
  }
  /// An outage that a sale notices, of two receipts.
  void outage_at_a_sale(std::uint64_t number) {
    const std::uint64_t first = plan("2026-11-20T17:45:05Z");
    begin("aa11", number, "2026-11-20T17:45:10Z", "E-TSE-104");
    seal(first, "2026-11-20T17:45:10Z", number, 1);
    seal(plan("2026-11-20T17:50:00Z"), "2026-11-20T17:50:00Z", number, 2);
    end("aa11", number, "2026-11-20T18:03:44Z", 2);
  }
  std::vector<std::string> events(const OutageFilter& filter = {}) {
    std::vector<std::string> all;
    const auto reader = std::move(journal->reader()).value();
    const auto head = visit_tse_events(*reader, filter, [&](const TseEvent& event) -> Status {
      all.push_back(fmt::format("{} = {} {}", word_of(event.text), event.value, event.register_id));
      return Ok{};
    });
    EXPECT_TRUE(head.ok());
    return all;
  }
  std::map<std::string, std::vector<std::string>> logs() {
    std::map<std::string, std::vector<std::string>> files;
    const auto reader = std::move(journal->reader()).value();
    const auto plans = std::move(journal->reader()).value();
    DayLogTeller teller(*plans);
    const auto entries = reader->read(journal::Sequence(1), 1000).value();
    for (const journal::Entry& entry : entries)
      EXPECT_TRUE(teller
                      .take(entry,
                            [&](const LogLine& line) -> Status {
                              files[day_log_name(line.log, line.at.date(), line.register_id,
                                                 teller.registers())]
                                  .push_back(text_of(line));
                              return Ok{};
                            })
                      .ok());
    return files;
  }

  journal::memory::Store store;
  std::unique_ptr<journal::Journal> journal;

 private:
  std::uint64_t m_number = 0;
};

TEST_F(EventsTest, AProcessThatFailsIsSaveMinusOneAndItsEndSaveOne) {
  RecordProperty("proves", "BIO-096 BIO-098 BIO-099 BIO-100");
  outage_at_a_sale(1);
  EXPECT_THAT(events(), ElementsAre("TSE init = 1 ", "TSE save = -1 KASSE-01", "TSE save = 1 "));
}

TEST_F(EventsTest, ATseThatIsNotThereAtTheStartIsInitZeroAndComesBackAsInitOne) {
  RecordProperty("proves", "BIO-097 BIO-098");
  begin("aa11", 1, "2026-11-20T06:00:00Z", "E-TSE-101");
  end("aa11", 1, "2026-11-20T06:10:00Z");
  EXPECT_THAT(events(), ElementsAre("TSE init = 1 ", "TSE init = 0 ", "TSE init = 1 "));
}

TEST_F(EventsTest, SwitchingByHandIsSettingZeroAndOne) {
  RecordProperty("proves", "BIO-101 BIO-102");
  turn(TseSwitch::Mode::off, "2026-11-20T06:00:00Z");
  begin("aa11", 1, "2026-11-20T06:00:00Z", "E-TSE-901");
  turn(TseSwitch::Mode::on, "2026-11-20T07:00:00Z");
  end("aa11", 1, "2026-11-20T07:00:01Z");
  turn(TseSwitch::Mode::emergency, "2026-11-21T06:00:00Z");
  begin("aa11", 2, "2026-11-21T06:00:00Z", "E-TSE-902");
  EXPECT_THAT(events(), ElementsAre("TSE init = 1 ", "TSE Setting = 0 ", "TSE Setting = 1 ",
                                    "TSE init = 1 ", "TSE Setting = 0 "));
  EXPECT_THAT(events({.first = Date(2026, 11, 21)}), ElementsAre("TSE Setting = 0 "));
}

TEST_F(EventsTest, ASaleAfterTheBeginHasNotNoticedIt) {
  begin("aa11", 1, "2026-11-20T06:00:00Z", "E-TSE-101");
  seal(plan("2026-11-20T06:05:00Z"), "2026-11-20T06:05:00Z", 1, 1);
  end("aa11", 1, "2026-11-20T06:10:00Z", 1);
  EXPECT_THAT(events(), ElementsAre("TSE init = 1 ", "TSE init = 0 ", "TSE init = 1 "));
  const auto reader = std::move(journal->reader()).value();
  EXPECT_EQ(find_outage(*reader, "aa11", 1)->register_id, "");
  EXPECT_EQ(find_outage(*reader, "aa11", 1)->first_receipt, "KASSE-01-000001");
}

TEST_F(EventsTest, PrintersAreNoEventsOfATse) {
  begin("printer:Bondrucker", 1, "2026-11-20T06:00:00Z", "E-PRN-301");
  end("printer:Bondrucker", 1, "2026-11-20T06:10:00Z");
  EXPECT_THAT(events(), ElementsAre("TSE init = 1 "));
}

TEST_F(EventsTest, TheCsvHasEventElevenWithItsTexts) {
  outage_at_a_sale(1);
  MemorySink sink;
  const auto reader = std::move(journal->reader()).value();
  const auto rows = export_tse_events(*reader, {}, sink);
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(*rows, 3U);
  const std::string text(siegel::text_of(sink.bytes()));
  EXPECT_THAT(text, HasSubstr("\xEF\xBB\xBF"
                              "Date;Register SN;Event;Text;Value;TSS serial No;"));
  EXPECT_THAT(text,
              HasSubstr("2026-11-20T18:45:10+01:00;KASSE-01;11;TSE save;-1;aa11;1;E-TSE-104"));
  EXPECT_EQ(tse_events_file_name(Date(2026, 11, 1), Date(2026, 11, 30)),
            "Ereignisse_2026-11-01_2026-11-30.csv");
}

// ---- the log ------------------------------------------------------------------------------------

TEST_F(EventsTest, TheLogNamesThePrinterOfEachReceiptAndEverySwitch) {
  RecordProperty("proves", "TSS-021 TSS-044");
  outage_at_a_sale(1);
  turn(TseSwitch::Mode::off, "2026-11-21T06:00:00Z");
  begin("printer:Bondrucker", 1, "2026-11-21T07:00:00Z", "E-PRN-301");
  std::vector<OutageRow> rows;
  const auto reader = std::move(journal->reader()).value();
  ASSERT_TRUE(visit_outages(*reader, {}, [&](const OutageRow& row) -> Status {
                rows.push_back(row);
                return Ok{};
              }).ok());
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0].printer, "Bondrucker");
  EXPECT_EQ(rows[1].printer, "Bondrucker");
  EXPECT_EQ(rows[3].printer, "") << "an end has no paper";
  EXPECT_EQ(rows[4].event, OutageEvent::switched);
  EXPECT_EQ(rows[4].code, code_switched_off);
  EXPECT_EQ(rows[4].reason, "Tausch");
  EXPECT_EQ(rows[4].actor, "Mia");
  EXPECT_EQ(rows[5].printer, "Bondrucker");
  EXPECT_EQ(rows[5].device, "printer:Bondrucker");
}

// ---- the story of one outage --------------------------------------------------------------------

TEST_F(EventsTest, TheStoryOfAnOutageHasWhoNoticedItAndItsFirstAndLastReceipt) {
  outage_at_a_sale(1);
  begin("aa11", 2, "2026-11-22T06:00:00Z", "E-TSE-101");
  append(entry_kind::outage_note, to_json(OutageNote{"aa11", 1, "USB", {"neu gesteckt"}}),
         "2026-11-23T06:00:00Z", "", "Mia");
  const auto reader = std::move(journal->reader()).value();
  const auto story = find_outage(*reader, "aa11", 1);
  ASSERT_TRUE(story.ok());
  EXPECT_EQ(story->began.code, "E-TSE-104");
  EXPECT_EQ(story->register_id, "KASSE-01");
  EXPECT_EQ(story->cashier, "Anna");
  EXPECT_EQ(story->first_receipt, "KASSE-01-000001");
  EXPECT_EQ(story->last_receipt, "KASSE-01-000002");
  ASSERT_TRUE(story->ended.has_value());
  EXPECT_EQ(story->ended->receipts, 2U);
  EXPECT_THAT(story->reasons, ElementsAre("USB"));

  const auto second = find_outage(*reader, "aa11", 2);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->register_id, "");
  EXPECT_FALSE(second->ended.has_value());
  EXPECT_EQ(second->first_receipt, "");
  EXPECT_EQ(find_outage(*reader, "aa11", 3).error().code, "E-OUT-101");
}

TEST_F(EventsTest, AStoryIsFoundBehindThousandsOfLaterEntries) {
  outage_at_a_sale(1);
  for (int i = 0; i < 2500; ++i)
    append(entry_kind::profile, to_json(Profile{}), "2026-11-24T06:00:00Z");
  const auto reader = std::move(journal->reader()).value();
  const auto story = find_outage(*reader, "aa11", 1);
  ASSERT_TRUE(story.ok());
  EXPECT_EQ(story->last_receipt, "KASSE-01-000002");
}

// ---- daily files --------------------------------------------------------------------------------

TEST_F(EventsTest, TheDailyFilesHaveTheirNamesEventsAndReceipts) {
  RecordProperty("proves", "DIK-023 DIK-024 DIK-025 DIK-026");
  seal(plan("2026-11-20T09:00:00Z"), "2026-11-20T09:00:00Z", 0, 0);
  outage_at_a_sale(1);
  const auto files = logs();
  ASSERT_TRUE(files.contains("KD261120_TSE_KX01.log"));
  ASSERT_TRUE(files.contains("KD261120_DK_KX01.log"));
  EXPECT_THAT(
      files.at("KD261120_TSE_KX01.log"),
      ElementsAre("2026-11-20 10:00:00 TRANSAKTION 7 Kassenbeleg-V1 SigZ 14 KASSE-01-000001",
                  "2026-11-20 18:45:10 AUSFALL 1 von aa11: E-TSE-104 why",
                  HasSubstr("OHNE SIGNATUR KASSE-01-000002 E-TSE-104 Ausfall 1 Beleg 1"),
                  HasSubstr("OHNE SIGNATUR KASSE-01-000003"),
                  HasSubstr("AUSFALL 1 von aa11 BEENDET, 2 Belege ohne Signatur")));
  EXPECT_THAT(
      files.at("KD261120_DK_KX01.log"),
      ElementsAre("2026-11-20 10:00:00 BON KASSE-01-000001 receipt 0.00 EUR abgesichert, Anna",
                  HasSubstr("OHNE TSE, Ausfall 1 Beleg 1"), HasSubstr("KASSE-01-000003")));
  EXPECT_TRUE(files.contains("KD261001_TSE_KX01.log")) << "it was connected to its TSE";
}

TEST_F(EventsTest, TheStartTellsWhetherTheTseWasFound) {
  RecordProperty("proves", "DIK-024 DIK-026");
  const auto plans = std::move(journal->reader()).value();
  DayLogTeller teller(*plans);
  const auto entries = plans->read(journal::Sequence(1), 10).value();
  for (const journal::Entry& entry : entries)
    ASSERT_TRUE(teller.take(entry, [](const LogLine&) { return Status(Ok{}); }).ok());
  std::vector<std::string> lines;
  const auto take = [&](const LogLine& line) -> Status {
    lines.push_back(line.text);
    return Ok{};
  };
  ASSERT_TRUE(teller.tell_start(time("2026-11-20T05:00:00Z"), {}, take).ok());
  ASSERT_TRUE(teller.tell_start(time("2026-11-20T05:00:00Z"), {"aa11"}, take).ok());
  EXPECT_THAT(lines, ElementsAre("START Kasse KASSE-01", "START TSE gefunden: aa11",
                                 "START Kasse KASSE-01", "START TSE NICHT GEFUNDEN: aa11"));
}

TEST(DayLogName, HasTheRegistersNumberOrItsWholeId) {
  RecordProperty("proves", "DIK-023 DIK-025");
  const Date day(2020, 5, 15);
  EXPECT_EQ(day_log_name(DayLog::tse, day, "KASSE-01", {"KASSE-01"}), "KD200515_TSE_KX01.log");
  EXPECT_EQ(day_log_name(DayLog::till, day, "1", {"1"}), "KD200515_DK_KX01.log");
  EXPECT_EQ(day_log_name(DayLog::till, day, "KASSE-0012", {"KASSE-0012"}), "KD200515_DK_KX12.log");
  const std::set<std::string> both{"BAR 01", "KASSE-01", "Theke/A"};
  EXPECT_EQ(day_log_name(DayLog::tse, day, "BAR 01", both), "KD200515_TSE_KX01.log");
  EXPECT_EQ(day_log_name(DayLog::tse, day, "KASSE-01", both), "KD200515_TSE_KXKASSE-01.log");
  EXPECT_EQ(day_log_name(DayLog::tse, day, "Theke/A", both), "KD200515_TSE_KXTheke_A.log");
}

}  // namespace
}  // namespace siegel::views
