// What a shop has in its hands when a TSE fails: slips, messages, switches, logs, and the failure
// log as PDF. Each command is a process of its own, as after a restart.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/file.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content(const fs::path& path) {
  const auto bytes = read_file(path, std::uint64_t{1} << 24U);
  return bytes.ok() ? std::string(text_of(*bytes)) : std::string();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

class OutagePapers : public ::testing::Test {
 protected:
  /// The TSE is not there until plug().
  void unplug() { fs::rename(shop.folder() / "tse", away); }
  void plug() {
    std::error_code ignored;
    fs::remove_all(shop.folder() / "tse", ignored);
    fs::rename(away, shop.folder() / "tse");
  }
  Ended sell(const std::string& key) { return shop.sell(one_line_document("Brezel", "1.80"), key); }
  static std::string status_of(const Ended& sale) {
    return text_at(member(member(sale.document(), "receipt"), "signature"), "status");
  }
  void must(const std::vector<std::string>& arguments) {
    const Ended ended = shop.siegel(arguments);
    ASSERT_EQ(ended.exit_code, 0) << ended.text();
  }
  void set_printer(const fs::path& path) {
    must({"config", "printer", path.string(), "--columns", "42", "--name", "Bondrucker"});
  }
  void set_profile(const std::string& profile) {
    const fs::path file = shop.around() / "profile.json";
    std::ofstream(file) << "{\"profile\":" << profile << "}";
    must({"config", "set", file.string()});
  }
  std::vector<std::string> kinds() const {
    std::vector<std::string> all;
    for (const json::Value& entry : shop.entries()) all.push_back(text_at(entry, "kind"));
    return all;
  }
  std::size_t begins() const {
    const auto all = kinds();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), "outage_begin"));
  }
  json::Array messages() const {
    const Ended listed = shop.siegel_json({"messages", "list"});
    EXPECT_EQ(listed.exit_code, 0) << listed.text();
    return list_at(listed.document(), "data");
  }

  TestShop shop;
  fs::path away = shop.around() / "tse-away";
  fs::path paper = shop.around() / "paper.txt";
};

// ---- slips --------------------------------------------------------------------------------------

TEST_F(OutagePapers, EachOutagePrintsTwoPapersOnceWhateverIsRestarted) {
  RecordProperty("proves", "TSS-030 TSS-031 TSS-032 TSS-034");
  set_printer(paper);
  EXPECT_EQ(sell("light").exit_code, 0);
  EXPECT_EQ(content(paper), "") << "nothing happened";
  unplug();
  for (const char* key : {"dark-1", "dark-2", "dark-3"})
    EXPECT_EQ(status_of(sell(key)), "unsigned_outage");
  EXPECT_EQ(count(content(paper), "TSE-AUSFALLPROTOKOLL"), 1U) << content(paper);
  EXPECT_EQ(count(content(paper), "TSE WIEDER"), 0U);
  plug();
  for (const char* key : {"light-1", "light-2"}) EXPECT_EQ(status_of(sell(key)), "signed");
  EXPECT_EQ(count(content(paper), "TSE-AUSFALLPROTOKOLL"), 1U);
  EXPECT_EQ(count(content(paper), "TSE WIEDER"), 1U) << content(paper);
  EXPECT_THAT(content(paper), ::testing::ContainsRegex("Bons ohne TSE +3\n"));
  // Once more by hand, as text and as PDF.
  const Ended again = shop.siegel({"slip", "recovery", "tse-1", "1", "--columns", "42"});
  EXPECT_EQ(again.exit_code, 0) << again.text();
  EXPECT_NE(content(paper).find(again.out), std::string::npos) << again.out;
  EXPECT_EQ(shop.siegel({"slip", "recovery", "tse-1", "2"}).code(), "E-OUT-101");
  const fs::path pdf = shop.around() / "slip.pdf";
  EXPECT_EQ(shop.siegel({"slip", "failure", "tse-1", "1", "--pdf", pdf.string()}).exit_code, 0);
  EXPECT_TRUE(content(pdf).starts_with("%PDF-"));
}

TEST_F(OutagePapers, APaperThatWasNotPrintedWhenThePowerWentIsPrintedByTheNextProcess) {
  RecordProperty("proves", "TSS-031 TSS-032");
  set_printer(paper);
  EXPECT_EQ(sell("light").exit_code, 0);
  const std::string before = content(shop.folder() / "slips.json");
  unplug();
  EXPECT_EQ(sell("dark").exit_code, 0);
  plug();
  EXPECT_EQ(sell("light-1").exit_code, 0);
  // As if neither had come out of the printer.
  fs::remove(paper);
  std::ofstream(shop.folder() / "slips.json") << before;
  EXPECT_EQ(sell("light-2").exit_code, 0);
  EXPECT_EQ(count(content(paper), "TSE-AUSFALLPROTOKOLL"), 1U) << content(paper);
  EXPECT_EQ(count(content(paper), "TSE WIEDER"), 1U);
  // A file that cannot be read stops no sale; papers go on from there once it is away.
  std::ofstream(shop.folder() / "slips.json") << "{";
  EXPECT_EQ(sell("light-3").exit_code, 0);
}

TEST_F(OutagePapers, PapersAreSwitchedOffAndOnAndTheLogGoesOn) {
  RecordProperty("proves", "TSS-009 TSS-034 TSS-035");
  set_printer(paper);
  set_profile(R"({"failure_slip": false, "recovery_slip": false})");
  unplug();
  EXPECT_EQ(sell("dark-1").exit_code, 0);
  plug();
  EXPECT_EQ(sell("light-1").exit_code, 0);
  EXPECT_EQ(content(paper), "");
  EXPECT_EQ(begins(), 1U) << "it is on record all the same";
  set_profile(R"({"failure_slip": true, "recovery_slip": false})");
  unplug();
  EXPECT_EQ(sell("dark-2").exit_code, 0);
  plug();
  EXPECT_EQ(sell("light-2").exit_code, 0);
  EXPECT_EQ(count(content(paper), "TSE-AUSFALLPROTOKOLL"), 1U);
  EXPECT_EQ(count(content(paper), "TSE WIEDER"), 0U);
  EXPECT_EQ(begins(), 2U);
}

TEST_F(OutagePapers, ABrokenPrinterIsAnOutageOfItsOwnAndItsPapersWait) {
  RecordProperty("proves", "TSS-005 DIK-015");
  const fs::path broken = shop.around() / "nowhere" / "lp0";
  set_printer(broken);
  unplug();
  EXPECT_EQ(status_of(sell("dark")), "unsigned_outage") << "the sale is done";
  const Ended listed = shop.siegel_json({"outages", "list", "--device", "printer:Bondrucker"});
  ASSERT_EQ(listed.exit_code, 0) << listed.text();
  ASSERT_EQ(list_at(listed.document(), "data").size(), 1U) << listed.text();
  const json::Array outages = list_at(listed.document(), "data");
  EXPECT_EQ(text_at(outages.front(), "code"), "E-PRN-302");
  EXPECT_TRUE(member(outages.front(), "until").is_null());
  const std::string shown =
      shop.siegel({"outages", "show", "printer:Bondrucker", "1", "--lang", "de"}).out;
  EXPECT_THAT(shown, HasSubstr("Belegausgabepflicht entfällt für diese Zeit"));

  fs::create_directories(broken.parent_path());
  plug();
  EXPECT_EQ(status_of(sell("light")), "signed");
  EXPECT_EQ(count(content(broken), "TSE-AUSFALLPROTOKOLL"), 1U) << "it was waiting";
  EXPECT_EQ(count(content(broken), "TSE WIEDER"), 1U);
  EXPECT_EQ(sell("light-2").exit_code, 0);
  const Ended after = shop.siegel_json({"outages", "list", "--device", "printer:Bondrucker"});
  const json::Array ended = list_at(after.document(), "data");
  ASSERT_EQ(ended.size(), 1U) << after.text();
  EXPECT_FALSE(member(ended.front(), "until").is_null()) << "it ended by printing";
  EXPECT_EQ(shop.siegel({"journal", "verify"}).exit_code, 0);
}

TEST_F(OutagePapers, TheStartSlipIsPrintedOnceADayIfTheProfileSaysSo) {
  RecordProperty("proves", "DIK-046");
  set_printer(paper);
  EXPECT_EQ(sell("a").exit_code, 0);
  EXPECT_EQ(content(paper), "");
  set_profile(R"({"start_slip": true})");
  EXPECT_EQ(sell("b").exit_code, 0);
  EXPECT_EQ(sell("c").exit_code, 0);
  EXPECT_EQ(count(content(paper), "TSE-STATUS"), 1U) << content(paper);
  for (const char* part :
       {"Zertifikat gültig bis", "Freie Signaturen", "Speicherkapazität", "Freier Speicher"})
    EXPECT_THAT(content(paper), HasSubstr(part));
  const Ended again = shop.siegel({"slip", "start"});
  EXPECT_EQ(again.exit_code, 0) << again.text();
  EXPECT_THAT(again.out, HasSubstr("Freie Signaturen"));
  EXPECT_EQ(shop.siegel({"slip", "start", "--print"}).exit_code, 0);
  EXPECT_EQ(count(content(paper), "TSE-STATUS"), 2U);
}

// ---- messages -----------------------------------------------------------------------------------

TEST_F(OutagePapers, ATseThatIsNotThereIsToldAndLoggedOnceAtTheStart) {
  RecordProperty("proves", "DIK-019 DIK-020 BIO-094 BIO-095 BIO-097");
  unplug();
  const Ended first = shop.siegel({"sale", "--register", "KASSE-01", "--item", "Brezel:1:1.80:B",
                                   "--cash", "2", "--lang", "de"});
  EXPECT_EQ(first.exit_code, 0) << first.text();
  EXPECT_THAT(first.err, HasSubstr("E-TSE-101: Keine TSE gefunden. (tse-1, Ausfall Nr. 1)"));
  const auto after_first = kinds();
  const auto begin = std::find(after_first.begin(), after_first.end(), "outage_begin");
  const auto plan = std::find(after_first.begin(), after_first.end(), "plan");
  EXPECT_LT(begin, plan) << "on record before the first sale";
  const Ended second = shop.siegel({"sale", "--register", "KASSE-01", "--item", "Brezel:1:1.80:B",
                                    "--cash", "2", "--lang", "de"});
  EXPECT_THAT(second.err, Not(HasSubstr("Ausfall Nr. 1"))) << "told once";
  EXPECT_THAT(second.err, HasSubstr("Weiter kassieren ist erlaubt"));
  EXPECT_EQ(begins(), 1U);
  EXPECT_THAT(shop.siegel({"status", "--lang", "de"}).out, HasSubstr("TSE ausgefallen"));
  const Ended status = shop.siegel_json({"status", "--lang", "de"});
  EXPECT_EQ(text_at(status.document(), "status_line"), "TSE ausgefallen");
  EXPECT_THAT(shop.siegel({"outages", "events"}).out, HasSubstr("TSE init = 0"));
  plug();
  EXPECT_EQ(sell("light").exit_code, 0);
  EXPECT_THAT(shop.siegel({"status"}).out, HasSubstr("TSE-DE"));
}

TEST_F(OutagePapers, TheAnswerOfASaleHoldsTheCashiersMessageInBothLanguages) {
  RecordProperty("proves", "TSS-022 DIK-021");
  EXPECT_EQ(member(sell("light").document(), "receipt").object()->find("message"), nullptr);
  unplug();
  const json::Value receipt = member(sell("dark").document(), "receipt");
  const json::Value message = member(receipt, "message");
  EXPECT_EQ(text_at(message, "code"), "E-TSE-101");
  EXPECT_EQ(text_at(message, "de"),
            "Keine TSE gefunden. Weiter kassieren ist erlaubt, Bons werden gekennzeichnet.");
  EXPECT_EQ(text_at(message, "en"), "No TSE found. Keep selling, receipts are marked.");
}

TEST_F(OutagePapers, MessagesAreListedAndWhatWasSeenStaysSeen) {
  RecordProperty("proves", "TSS-006 TSS-023");
  EXPECT_TRUE(messages().empty());
  unplug();
  EXPECT_EQ(sell("dark").exit_code, 0);
  ASSERT_EQ(messages().size(), 1U);
  const json::Array open = messages();
  EXPECT_EQ(text_at(open.front(), "severity"), "error");
  EXPECT_NE(text_at(open.front(), "since"), "");
  EXPECT_NE(text_at(member(open.front(), "remedy"), "de"), "");
  must({"messages", "seen", text_at(open.front(), "id"), "--by", "Mia"});
  const json::Array seen = messages();
  ASSERT_EQ(seen.size(), 1U) << "an error stays until it is over";
  EXPECT_EQ(text_at(seen.front(), "acknowledged_by"), "Mia");
  plug();
  EXPECT_EQ(sell("light").exit_code, 0);
  const json::Array over = messages();
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(text_at(over.front(), "code"), "I-TSE-110");
  must({"messages", "seen", text_at(over.front(), "id")});
  EXPECT_TRUE(messages().empty());
  const Ended asked = shop.siegel_json({"messages", "list", "--devices"});
  EXPECT_EQ(asked.exit_code, 0) << asked.text();
  EXPECT_EQ(shop.siegel({"journal", "verify"}).exit_code, 0);
}

TEST_F(OutagePapers, AFooterWithoutTheVariableIsWarnedAboutAtTheStart) {
  RecordProperty("proves", "TSS-029");
  const fs::path file = shop.around() / "business.json";
  const auto set_footer = [&](const std::string& line) {
    std::ofstream(file)
        << R"({"business":{"name":"Bäckerei","street":"Markt 1","postcode":"10115",)"
        << R"("city":"Berlin","vat_id":"DE123456788","footer_lines":[")" << line << R"("]}})";
    must({"config", "set", file.string()});
  };
  const std::vector<std::string> sale{
      "sale", "--register", "KASSE-01", "--item", "Brezel:1:1.80:B", "--cash", "2"};
  set_footer("Danke!");
  EXPECT_THAT(shop.siegel(sale).err, HasSubstr("W-TPL-101"));
  set_footer("Danke! $tse_footer$");
  const Ended sold = shop.siegel(sale);
  EXPECT_THAT(sold.err, Not(HasSubstr("W-TPL-101")));
  EXPECT_THAT(sold.out, Not(HasSubstr("$tse_footer$")));
}

// ---- switched by hand ---------------------------------------------------------------------------

TEST_F(OutagePapers, SwitchedOffNothingIsCalledEverythingIsLoggedAndOnResumesSigning) {
  RecordProperty("proves", "TSS-009 DIK-018 BIO-101 BIO-102");
  for (const char* mode : {"off", "emergency"}) {
    const std::string code = std::string(mode) == "off" ? "E-TSE-901" : "E-TSE-902";
    EXPECT_EQ(shop.siegel({"tse", mode}).exit_code, 2) << "a reason is needed";
    const auto counter = [&] {
      return number_at(shop.siegel_json({"tse", "status"}).document(), "signature_counter");
    };
    const std::int64_t before = counter();
    must({"tse", mode, "--reason", "wird getauscht", "--by", "Mia"});
    const Ended dark = sell(std::string("dark-") + mode);
    EXPECT_EQ(status_of(dark), "unsigned_outage") << dark.text();
    EXPECT_EQ(text_at(member(member(dark.document(), "receipt"), "signature"), "code"), code);
    EXPECT_EQ(counter(), before) << "the TSE was called";
    EXPECT_EQ(shop.siegel({"tse", mode, "--reason", "noch einmal"}).code(), "E-OUT-104");
    must({"tse", "on", "--by", "Mia"});
    EXPECT_EQ(status_of(sell(std::string("light-") + mode)), "signed");
  }
  const std::string log = shop.siegel({"outages", "list"}).out;
  EXPECT_THAT(log, HasSubstr("E-TSE-901"));
  EXPECT_THAT(log, HasSubstr("E-TSE-902"));
  const std::string events = shop.siegel({"outages", "events"}).out;
  EXPECT_EQ(count(events, "TSE Setting = 0"), 2U) << events;
  EXPECT_EQ(count(events, "TSE Setting = 1"), 2U) << events;
  EXPECT_EQ(shop.violations(), "");
}

TEST_F(OutagePapers, NothingATillOrAPersonCanSaySwitchesTheLogOff) {
  RecordProperty("proves", "TSS-009");
  // Every switch there is, the wrong way round.
  set_profile(
      R"({"failure_slip": false, "recovery_slip": false, "start_slip": false, "log_files": false,
          "automatic_dues": false, "tse_deadline_ms": 1500, "labels": "dikasse"})");
  for (const char* unknown : {"failure_log", "logging", "outage_log", "log"})
    EXPECT_NE(shop.siegel({"config", "set", "-", fmt::format("--{}", unknown), "off"}).exit_code,
              0);
  const fs::path file = shop.around() / "p.json";
  std::ofstream(file) << R"({"profile":{"failure_log": false}})";
  EXPECT_NE(shop.siegel({"config", "set", file.string()}).exit_code, 0);
  EXPECT_EQ(shop.siegel({"outages", "end", "tse-1"}).exit_code, 5);
  unplug();
  const std::string training =
      R"({"kind":"training","lines":[{"text":"a","amount":"1.00","vat":"B"}]})";
  EXPECT_EQ(shop.sell(training, "t").exit_code, 0);
  EXPECT_EQ(sell("dark").exit_code, 0);
  const json::Array rows =
      list_at(shop.siegel_json({"outages", "show", "tse-1", "1"}).document(), "data");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(text_at(rows[0], "event"), "began");
  EXPECT_EQ(text_at(rows[1], "event"), "receipt");
  EXPECT_EQ(text_at(rows[2], "event"), "receipt");
  // A person can end neither it nor take it back, and a folder opened for reading changes nothing.
  const std::string serial = text_at(rows[0], "device");
  EXPECT_EQ(shop.siegel({"outages", "end", serial}).code(), "E-OUT-106");
  EXPECT_EQ(shop.siegel({"outages", "add", serial, "--reason", "x"}).code(), "E-OUT-109");
  EXPECT_EQ(begins(), 1U);
  EXPECT_EQ(shop.siegel({"journal", "verify"}).exit_code, 0);
}

// ---- printers, tills, other forms ---------------------------------------------------------------

TEST_F(OutagePapers, ATillThatWasDownIsEnteredAfterwardsAndStandsInTheLog) {
  RecordProperty("proves", "TSS-005 TSS-021");
  must({"outages", "add", "register:KASSE-01", "--since", "2026-01-02T10:00:00+01:00", "--until",
        "2026-01-02T11:30:00+01:00", "--reason", "Stromausfall", "--by", "Chefin"});
  EXPECT_EQ(shop.siegel({"outages", "add", "register:KASSE-09", "--reason", "x"}).code(),
            "E-OUT-101");
  must({"outages", "add", "printer:Bondrucker", "--reason", "kein Papier", "--code", "E-PRN-301"});
  EXPECT_EQ(shop.siegel({"outages", "add", "printer:Bondrucker", "--reason", "noch"}).code(),
            "E-OUT-105");
  EXPECT_EQ(status_of(sell("light")), "signed") << "neither touches the TSE";
  must({"outages", "end", "printer:Bondrucker"});
  const std::vector<std::string> command{"export",     "outages",    "--full",
                                         "--from",     "2020-01-01", "--to",
                                         "2099-12-31", "--out",      shop.around().string()};
  must(command);
  const std::string log = content(shop.around() / "Ausfallbelege_voll_2020-01-01_2099-12-31.csv");
  EXPECT_THAT(log, HasSubstr(";register:KASSE-01;;2026-01-02T10:00:00+01:00;1;E-OUT-201;"));
  EXPECT_THAT(log, HasSubstr("Stromausfall"));
  EXPECT_THAT(log, HasSubstr(";printer:Bondrucker;;"));
  EXPECT_THAT(log, HasSubstr(";Bondrucker;began;"));
  EXPECT_EQ(shop.siegel({"journal", "verify"}).exit_code, 0);
}

TEST_F(OutagePapers, TheFailureLogIsAPdfThatCanBeReadAndIsTheSameAgain) {
  RecordProperty("proves", "TSS-036");
  unplug();
  for (const char* key : {"dark-1", "dark-2"}) EXPECT_EQ(sell(key).exit_code, 0);
  must({"outages", "note", "tse-1", "1", "--reason", "Stecker lose", "--by", "Chefin"});
  const std::vector<std::string> command{"export",     "outages",    "--as-pdf",
                                         "--from",     "2020-01-01", "--to",
                                         "2099-12-31", "--out",      shop.around().string(),
                                         "--lang",     "de"};
  must(command);
  const fs::path file = shop.around() / "Ausfallbelege_2020-01-01_2099-12-31.pdf";
  const std::string first = content(file);
  must(command);
  EXPECT_EQ(content(file), first);
  Process reader(
      {.arguments = {"-layout", file.string(), "-"}, .input = {}, .program = "pdftotext"});
  const Ended read = reader.finish();
  ASSERT_EQ(read.exit_code, 0) << read.text();
  for (const char* part :
       {"Ausfallprotokoll", "2020-01-01 bis 2099-12-31", "E-TSE-101", "KASSE-01-000001",
        "KASSE-01-000002", "Stecker lose", "Keine TSE gefunden", "AEAO", "Seite 1"})
    EXPECT_THAT(read.out, HasSubstr(part));
}

TEST_F(OutagePapers, DailyLogFilesAreWrittenAndExported) {
  RecordProperty("proves", "DIK-022 DIK-023 DIK-024 DIK-025 DIK-026");
  EXPECT_EQ(sell("a").exit_code, 0);
  EXPECT_FALSE(fs::exists(shop.folder() / "logs")) << "it is an option";
  set_profile(R"({"log_files": true})");
  EXPECT_EQ(sell("b").exit_code, 0);
  unplug();
  EXPECT_EQ(sell("c").exit_code, 0);
  std::string tse;
  std::string till;
  for (const auto& file : fs::directory_iterator(shop.folder() / "logs")) {
    const std::string name = file.path().filename().string();
    if (name.ends_with("_TSE_KX01.log")) tse += content(file.path());
    if (name.ends_with("_DK_KX01.log")) till += content(file.path());
  }
  EXPECT_THAT(tse, HasSubstr("START TSE gefunden"));
  EXPECT_THAT(tse, HasSubstr("START TSE NICHT GEFUNDEN"));
  EXPECT_EQ(count(tse, "KASSE-01-000002"), 1U) << tse;
  EXPECT_THAT(tse, HasSubstr("AUSFALL 1"));
  EXPECT_EQ(count(till, "BON KASSE-01-000003"), 1U) << till;
  EXPECT_EQ(count(till, "START Kasse KASSE-01"), 2U) << till;
  EXPECT_THAT(till, Not(HasSubstr("KASSE-01-000001"))) << "from then on";

  const fs::path out = shop.around() / "logs";
  fs::create_directories(out);
  must({"export", "logs", "--from", "2020-01-01", "--to", "2099-12-31", "--out", out.string()});
  std::string all;
  for (const auto& file : fs::directory_iterator(out)) all += content(file.path());
  for (const char* part : {"BON KASSE-01-000001", "BON KASSE-01-000002", "BON KASSE-01-000003"})
    EXPECT_EQ(count(all, part), 1U) << all;
}

TEST_F(OutagePapers, TheEventsOfAPeriodAreExported) {
  RecordProperty("proves", "BIO-096");
  unplug();
  EXPECT_EQ(sell("dark").exit_code, 0);
  plug();
  EXPECT_EQ(sell("light").exit_code, 0);
  must({"export", "events", "--from", "2020-01-01", "--to", "2099-12-31", "--out",
        shop.around().string()});
  const std::string csv = content(shop.around() / "Ereignisse_2020-01-01_2099-12-31.csv");
  EXPECT_THAT(csv, HasSubstr(";11;TSE init;0;"));
  EXPECT_THAT(csv, HasSubstr(";11;TSE init;1;"));
  EXPECT_EQ(list_at(shop.siegel_json({"outages", "events"}).document(), "data").size(), 3U);
}

}  // namespace
}  // namespace siegel::system_test
