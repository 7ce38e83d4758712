#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "app/at/authority.h"
#include "app/at/calendar.h"
#include "app/at/dues.h"

namespace siegel::app::at {
namespace {

LocalStamp local(std::string_view text) { return *LocalStamp::parse(text); }

/// A register of Vienna with its Startbeleg of that day.
recorder::State shop_of(const std::string& start) {
  recorder::State state;
  Business business;
  business.name = "Café";
  business.country = "AT";
  business.vat_id = "ATU12345678";
  business.time_zone = "Europe/Vienna";
  state.business = business;
  recorder::RegisterState reg;
  reg.info.id = *RegisterId::parse("KASSE-01");
  reg.info.name = "Kasse 1";
  reg.info.signers = {"card-1"};
  reg.rksv.emplace();
  reg.rksv->start = recorder::ShownReceipt{"KASSE-01-000001", start, {}};
  reg.rksv->last_time = start;
  state.registers.emplace("KASSE-01", reg);
  SignerInfo card;
  card.id = "card-1";
  card.serial = "4107ff48";
  state.signers.emplace("card-1", card);
  return state;
}

const Due* find(const std::vector<Due>& dues, DueKind kind) {
  const auto found =
      std::find_if(dues.begin(), dues.end(), [&](const Due& due) { return due.kind == kind; });
  return found == dues.end() ? nullptr : &*found;
}

TEST(Dues, AStartbelegIsRegisteredAndCheckedWithinAWeek) {
  RecordProperty("proves", "AMA-041");
  recorder::State state = shop_of("2026-11-21T08:00:00");
  const auto dues = dues_of(state, {}, local("2026-11-21T09:00:00+01:00"));
  for (const DueKind kind : {DueKind::registration, DueKind::start_check}) {
    const Due* due = find(dues, kind);
    ASSERT_NE(due, nullptr);
    EXPECT_EQ(due->until.text(), "2026-11-28T23:59:59+01:00");
    EXPECT_EQ(due->state, DueState::due);
  }
  const auto later = dues_of(state, {}, local("2026-11-29T00:00:00+01:00"));
  EXPECT_EQ(find(later, DueKind::start_check)->state, DueState::overdue);
  ReceiptCheck check;
  check.passed = true;
  state.registers.at("KASSE-01").rksv->start->check = check;
  AuthorityReport report;
  report.code = "0";
  state.reports[recorder::scoped("registrierung_kasse", "KASSE-01")] = report;
  EXPECT_EQ(find(dues_of(state, {}, local("2026-11-29T00:00:00+01:00")), DueKind::start_check),
            nullptr);
}

TEST(Dues, ADecemberHasAYearReceiptAndNoMonthReceipt) {
  RecordProperty("proves", "AMA-078");
  recorder::State state = shop_of("2026-11-02T08:00:00");
  state.registers.at("KASSE-01").rksv->open_months = {"2026-11", "2026-12"};
  const auto dues = dues_of(state, {}, local("2026-12-31T09:00:00+01:00"));
  EXPECT_EQ(find(dues, DueKind::month)->period, "2026-11");
  EXPECT_EQ(find(dues, DueKind::month)->state, DueState::overdue);
  EXPECT_EQ(find(dues, DueKind::year)->period, "2026");
  EXPECT_EQ(find(dues, DueKind::year)->state, DueState::due);
  EXPECT_EQ(std::count_if(dues.begin(), dues.end(),
                          [](const Due& due) { return due.kind == DueKind::month; }),
            1);
}

TEST(Dues, AnOutageIsReportedAfter48HoursOnceAndItsEndToo) {
  RecordProperty("proves", "AMA-071 AMA-072");
  recorder::State state = shop_of("2026-11-02T08:00:00");
  OutageBegan began;
  began.tse_serial = "card-1";
  began.number = 1;
  began.since = *Instant::parse("2026-11-10T10:00:00Z");
  state.outages["card-1"].open = began;
  const LocalStamp soon = local("2026-11-10T12:00:00+01:00");
  EXPECT_EQ(find(dues_of(state, {}, soon), DueKind::outage_report)->until.text(),
            "2026-11-12T11:00:00+01:00");
  AuthorityReport report;
  report.code = "0";
  report.at = *Instant::parse("2026-11-12T09:00:00Z");
  state.reports[recorder::scoped("ausfall_se", "4107ff48")] = report;
  EXPECT_EQ(find(dues_of(state, {}, soon), DueKind::outage_report), nullptr);
  EXPECT_EQ(find(dues_of(state, {}, soon), DueKind::recovery_report), nullptr);
  state.outages["card-1"].open.reset();
  EXPECT_NE(find(dues_of(state, {}, soon), DueKind::recovery_report), nullptr);
}

TEST(Dues, AQuarterIsSavedAndItsLastReceiptShownUnlessItIsTheYear) {
  RecordProperty("proves", "AMA-059 AMA-064");
  recorder::State state = shop_of("2026-01-02T08:00:00");
  const std::vector<QuarterEnd> ends{{"KASSE-01", "2026-Q4", "KASSE-01-000090"},
                                     {"KASSE-01", "2027-Q1", "KASSE-01-000100"}};
  const auto dues = dues_of(state, ends, local("2027-04-02T09:00:00+02:00"));
  EXPECT_EQ(std::count_if(dues.begin(), dues.end(),
                          [](const Due& due) { return due.kind == DueKind::quarter_check; }),
            1);
  EXPECT_EQ(find(dues, DueKind::quarter_check)->receipt, "KASSE-01-000100");
  EXPECT_EQ(find(dues, DueKind::quarter_check)->until.date(), Date(2027, 4, 30));
  EXPECT_EQ(find(dues, DueKind::backup)->state, DueState::overdue);
  EXPECT_EQ(find(dues, DueKind::backup)->period, "2026-Q4");
}

TEST(Quarter, KnowsItsDays) {
  EXPECT_EQ(quarter_of({2026, 3, 31}).text(), "2026-Q1");
  EXPECT_EQ(quarter_of({2026, 4, 1}).text(), "2026-Q2");
  EXPECT_EQ(quarter_of({2026, 12, 31}).text(), "2026-Q4");
  EXPECT_EQ(quarter_of({2026, 1, 1}).before().text(), "2025-Q4");
  EXPECT_EQ((Quarter{2024, 1}.last_day()), Date(2024, 3, 31));
  EXPECT_EQ((Quarter{2026, 4}.first_day()), Date(2026, 10, 1));
}

TEST(Calendar, FoldsLongLinesBetweenCharacters) {
  Due due;
  due.kind = DueKind::quarter_check;
  due.subject = "KASSE-01";
  due.period = "2026-Q3";
  due.receipt = "KASSE-01-000123";
  due.until = local("2026-10-31T23:59:59+01:00");
  const std::string shop(120, 'x');
  const std::string text =
      calendar_text({due}, shop + "äöü, Söhne; \\", Language::de, Instant::from_unix(0));
  EXPECT_NE(text.find("DTSTART;VALUE=DATE:20261031\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find("DTEND;VALUE=DATE:20261101\r\n"), std::string::npos) << text;
  std::string unfolded = text;
  for (std::size_t at = 0; (at = unfolded.find("\r\n ", at)) != std::string::npos;)
    unfolded.erase(at, 3);
  EXPECT_NE(unfolded.find("äöü\\, Söhne\\; \\\\"), std::string::npos) << unfolded;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 75U);
    EXPECT_TRUE(valid_utf8(text.substr(at, end - at)));
    at = end + 2;
  }
  // The same due is the same event, whenever it is written; another shop's is another.
  const auto id = [](const std::string& of) { return of.substr(of.find("UID:"), 40); };
  EXPECT_EQ(id(text), id(calendar_text({due}, shop + "äöü, Söhne; \\", Language::en,
                                       Instant::from_unix(99))));
  EXPECT_NE(id(text), id(calendar_text({due}, "another", Language::de, Instant::from_unix(0))));
}

TEST(Key, IsSpelledSoThatNoFontMixesItUp) {
  RecordProperty("proves", "AMA-046");
  const std::string text =
      spelled_key("kdby3bGHZSrm4+1LINk4KEteZAH2lY+hUGM6pTW+m2k=", Language::en);
  EXPECT_EQ(text.substr(0, text.find("    (")),
            "    kdby  3bGH  ZSrm  4+1L  INk4  KEte\n"
            "    aaaa  9aAA  AAaa  9.9A  AAa9  AAaa\n"
            "    ZAH2  lY+h  UGM6  pTW+  m2k=\n"
            "    AAA9  aA.a  AAA9  aAA.  a9a.\n");
}

}  // namespace
}  // namespace siegel::app::at
