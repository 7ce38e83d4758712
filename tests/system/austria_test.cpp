// What an Austrian shop meets on the command line: set-up, bad input, failing devices, duties.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

const std::string kasse = register_name(1);

/// The list of an answer, kept.
json::Array rows_of(const Ended& ended, std::string_view member = "data") {
  const json::Value document = ended.document();
  return list_at(document, member);
}

std::string start_receipt_of(const TestShop& shop) {
  for (const json::Value& row : rows_of(shop.siegel_json({"receipt", "list"})))
    if (text_at(row, "kind") == "start") return text_at(row, "receipt_number");
  return {};
}

std::string signature_of(const Ended& ended) {
  const json::Value document = ended.document();
  return text_at(member(member(document, "receipt"), "signature"), "status");
}

bool step_done(const Ended& status, std::string_view word) {
  for (const json::Value& reg : rows_of(status))
    for (const json::Value& step : list_at(reg, "steps"))
      if (text_at(step, "step") == word) {
        const bool* done = member(step, "done").boolean();
        return done != nullptr && *done;
      }
  return false;
}

TEST(AustrianSetUp, TicksOffEachStepAndRepeatsNone) {
  RecordProperty("proves",
                 "AMA-004 AMA-008 AMA-019 AMA-028 AMA-030 AMA-032 AMA-039 AMA-041 AMA-042 AMA-044 "
                 "AMA-045 AMA-046 AMA-048 AMA-050 AMA-053 AMA-056 AMA-057");
  const TestShop shop{TestShop::Empty()};
  std::vector<std::string> init = austrian_business_options();
  init.insert(init.begin(), "init");
  ASSERT_EQ(shop.siegel(init).exit_code, 0);
  const std::vector<std::string> setup{
      "at", "setup", "--register", kasse, "--name", "Kasse im Gastgarten", "--signer", "softkey"};
  const Ended first = shop.siegel_json(setup);
  ASSERT_EQ(first.exit_code, 0) << first.text();
  const std::string key = text_at(first.document(), "aes_key");
  EXPECT_EQ(key.size(), 44U);
  EXPECT_EQ(text_at(first.document(), "aes_check").size(), 4U);
  const json::Value answer = first.document();
  const std::string number = text_at(member(answer, "start_receipt"), "receipt_number");
  EXPECT_EQ(number, start_receipt_of(shop));
  EXPECT_NE(
      text_at(member(answer, "start_receipt"), "qr_code_data").find("_R1-AT100_" + kasse + "_"),
      std::string::npos);

  // Again: nothing is made twice, the key is not shown.
  const json::Array before = shop.entries();
  const Ended again = shop.siegel_json(setup);
  EXPECT_EQ(again.exit_code, 0) << again.text();
  EXPECT_EQ(text_at(again.document(), "aes_key"), "") << again.text();
  EXPECT_EQ(again.out.find(key), std::string::npos);
  EXPECT_EQ(shop.entries(), before);

  const Ended status = shop.siegel_json({"at", "status"});
  for (const char* word : {"business", "devices", "key", "register", "start"})
    EXPECT_TRUE(step_done(status, word)) << word << status.text();
  for (const char* word : {"registration", "check"})
    EXPECT_FALSE(step_done(status, word)) << word << status.text();

  // The sheet for FinanzOnline, with and without the key.
  const Ended sheet = shop.siegel({"at", "sheet", kasse});
  EXPECT_NE(sheet.out.find("ATU12345678"), std::string::npos) << sheet.text();
  EXPECT_NE(sheet.out.find("Kasse im Gastgarten"), std::string::npos) << sheet.text();
  EXPECT_EQ(sheet.out.find(key), std::string::npos);
  const Ended with_key = shop.siegel({"at", "sheet", kasse, "--show-key"});
  EXPECT_NE(with_key.out.find(key), std::string::npos);
  EXPECT_NE(with_key.out.find("small letter"), std::string::npos);
  EXPECT_NE(shop.siegel({"at", "setup", "--register", kasse}).out.find("Belegcheck"),
            std::string::npos);

  EXPECT_EQ(shop.siegel({"at", "register", kasse, "--by-hand"}).exit_code, 0);
  EXPECT_EQ(shop.siegel({"at", "check", number, "--passed"}).exit_code, 0);
  const Ended done = shop.siegel_json({"at", "status"});
  EXPECT_TRUE(step_done(done, "registration")) << done.text();
  EXPECT_TRUE(step_done(done, "check")) << done.text();
  EXPECT_EQ(shop.dep_violations(kasse), "");

  // Neither key nor any other secret stands in the journal or in a file but the vault.
  for (const auto& item : fs::recursive_directory_iterator(shop.folder())) {
    if (!item.is_regular_file()) continue;
    EXPECT_EQ(file_text(item.path()).find(key), std::string::npos) << item.path();
  }
}

TEST(AustrianSetUp, TakesOverAKeyOnceAndRefusesAnother) {
  RecordProperty("proves", "AMA-047");
  const TestShop shop{TestShop::Empty()};
  std::vector<std::string> init = austrian_business_options();
  init.insert(init.begin(), "init");
  ASSERT_EQ(shop.siegel(init).exit_code, 0);
  const fs::path file = shop.around() / "key";
  write_text(file, "kdby3bGHZSrm4+1LINk4KEteZAH2lY+hUGM6pTW+m2k=\n");
  const std::vector<std::string> setup{"at",       "setup",   "--register",     kasse,
                                       "--signer", "softkey", "--aes-key-file", file.string()};
  EXPECT_EQ(shop.siegel_json(setup).code(), "E-AUT-132") << "others may read it";
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  const Ended taken = shop.siegel_json(setup);
  ASSERT_EQ(taken.exit_code, 0) << taken.text();
  EXPECT_EQ(text_at(taken.document(), "aes_check"), "pEzf");
  write_text(file, "BgoTRQsEE1MUBhQJBggUDgkKE2AfKTsaNTphG7ZRUlQ=");
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(shop.siegel_json(setup).code(), "E-AUT-118");
  write_text(file, "not a key");
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(shop.siegel_json(setup).code(), "E-AUT-134");
}

TEST(AustrianOrder, OfACardHasAllItNeeds) {
  RecordProperty("proves", "AMA-023");
  const TestShop shop{TestShop::Austrian()};
  const std::string file = (shop.around() / "order.json").string();
  const Ended order =
      shop.siegel_json({"at", "order", "--email", "office@example.at", "--out", file});
  ASSERT_EQ(order.exit_code, 0) << order.text();
  const json::Value document = order.document();
  EXPECT_EQ(text_at(document, "name"), "Café Donauwelle e.U.");
  EXPECT_EQ(text_at(document, "street"), "Uferstraße 3");
  EXPECT_EQ(text_at(document, "postcode"), "3500");
  EXPECT_EQ(text_at(document, "city"), "Krems");
  EXPECT_EQ(text_at(document, "classification"), "UID");
  EXPECT_EQ(text_at(document, "classification_key"), "ATU12345678");
  EXPECT_EQ(text_at(document, "email"), "office@example.at");
  EXPECT_EQ(*json::parse(file_text(file)), document);
}

TEST(AustrianBadInput, IsRefusedWithACodeAndNothingIsWritten) {
  RecordProperty("proves", "AMA-024 AMA-040");
  const TestShop shop{TestShop::Austrian()};
  const json::Array before = shop.entries();
  struct Case {
    std::vector<std::string> arguments;
    std::string code;
  };
  const std::vector<Case> cases{
      {{"at", "receipt", "950", "--register", kasse}, "E-RKS-101"},
      {{"at", "receipt", "start", "--register", kasse}, "E-RKS-101"},
      {{"at", "receipt", "9", "--register", kasse}, "E-AUT-107"},
      {{"at", "setup", "--register", "KASSE_02"}, "E-REG-101"},
      {{"at", "setup", "--register", "KASSE-02", "--signer", "candle"}, "E-AUT-116"},
      {{"at", "setup", "--register", "KASSE-02", "--signer", "pkcs11", "--module", "/no/such.so",
        "--key-label", "k"},
       "E-SIG-101"},
      {{"at", "check", "KASSE-01-999999", "--passed"}, "E-SAL-543"},
      {{"at", "check", "KASSE-01-000001"}, "E-AUT-109"},
      {{"at", "check", "KASSE-01-000001", "--finanzonline", "/no/file"}, "E-AUT-131"},
      {{"at", "register", "KASSE-09", "--by-hand"}, "E-REG-104"},
      {{"at", "register", kasse}, "E-AUT-143"},
      {{"at", "outage", "report", "soft-1", "--by-hand"}, "E-AUT-146"},
      {{"at", "outage", "report", "card-9", "--by-hand"}, "E-AUT-104"},
      {{"at", "end", kasse, "--by-hand"}, "E-AUT-147"},
      {{"at", "signer", "remove", kasse, "soft-1"}, "E-AUT-106"},
      {{"at", "signer", "order", kasse, "soft-1;soft-1"}, "E-AUT-105"},
      {{"at", "signer", "order", kasse, "soft-7"}, "E-AUT-104"},
      {{"at", "backup", "/no/such/folder"}, "E-AUT-152"},
      {{"at", "order", "--email", "nobody"}, "E-NET-021"},
      {{"export", "dep7", "--from", "2026-02-30"}, "E-TIM-002"},
      {{"dues", "--notify"}, "E-NOT-102"},
      {{"sale", "--register", kasse, "--item", "a:1:1.00:E", "--cash", "0.50"}, "E-SAL-505"},
      {{"sale", "--register", kasse, "--item", "a:1:1.00:Z", "--cash", "1"}, "E-VAT-510"},
  };
  for (const Case& it : cases) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(it.arguments, " ")));
    const Ended ended = shop.siegel_json(it.arguments);
    EXPECT_NE(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(ended.code(), it.code) << ended.text();
  }
  EXPECT_EQ(shop.sell("{\"lines\":").code(), "E-JSN-002");
  EXPECT_EQ(shop.entries(), before);
  EXPECT_FALSE(fs::exists(shop.folder() / "signers" / "hsm-1.json"));

  // A German shop has none of these commands.
  const TestShop german(1);
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"at", "status"}, {"dues"}, {"export", "dep7"}})
    EXPECT_EQ(german.siegel_json(arguments).code(), "E-AUT-103");
}

TEST(AustrianRegister, SellsNothingBeforeItsStartbelegAndNothingAfterItsSchlussbeleg) {
  RecordProperty("proves", "AMA-013 AMA-063 AMA-062 AMA-058 AMA-038 AMA-006");
  const TestShop shop{TestShop::Austrian()};
  // The set-up of a second register stops before its Startbeleg: no device answers.
  shop.pull("soft-1");
  const Ended stopped = shop.siegel_json({"at", "setup", "--register", "KASSE-02"});
  EXPECT_NE(stopped.exit_code, 0) << stopped.text();
  const Ended early = shop.siegel_json(
      {"sale", "--register", "KASSE-02", "--item", "Melange:1:4.20:A", "--cash", "5"});
  EXPECT_EQ(early.code(), "E-RKS-102") << early.text();
  shop.plug("soft-1");
  const Ended resumed = shop.siegel_json({"at", "setup", "--register", "KASSE-02"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.text();

  const Ended sold =
      shop.siegel_json({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"});
  EXPECT_EQ(signature_of(sold), "signed") << sold.text();
  for (const char* kind : {"zero", "954", "month", "951"})
    EXPECT_EQ(shop.siegel({"at", "receipt", kind, "--register", kasse}).exit_code, 0) << kind;
  const Ended final_receipt = shop.siegel_json({"at", "receipt", "955", "--register", kasse});
  EXPECT_EQ(final_receipt.exit_code, 0) << final_receipt.text();
  const json::Array before = shop.entries();
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"},
           {"sale", "--register", kasse, "--training", "--item", "Melange:1:4.20:A"},
           {"at", "receipt", "zero", "--register", kasse},
           {"at", "receipt", "final", "--register", kasse}})
    EXPECT_EQ(shop.siegel_json(arguments).code(), "E-RKS-103")
        << fmt::format("{}", fmt::join(arguments, " "));
  EXPECT_EQ(shop.entries(), before);
  // The sibling goes on, the log of both is whole.
  EXPECT_EQ(signature_of(shop.siegel_json(
                {"sale", "--register", "KASSE-02", "--item", "Melange:1:4.20:A", "--cash", "5"})),
            "signed");
  EXPECT_EQ(shop.siegel({"at", "end", kasse, "--by-hand"}).exit_code, 0);
  EXPECT_EQ(shop.dep_violations(kasse), "");
  EXPECT_EQ(shop.dep_violations("KASSE-02"), "");
}

TEST(AustrianOutage, AnotherDeviceTakesOverAndTheSammelbelegComesByItself) {
  RecordProperty("proves",
                 "AMA-015 AMA-026 AMA-031 AMA-061 AMA-071 AMA-072 AMA-073 AMA-017 AMA-007");
  const TestShop shop(TestShop::Austrian{1, 2});
  const auto sale = [&] {
    return shop.siegel_json(
        {"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"});
  };
  const auto signer_of = [](const Ended& ended) {
    const json::Value document = ended.document();
    return text_at(member(member(document, "receipt"), "signature"), "signer");
  };
  ASSERT_EQ(shop.siegel({"at", "signer", "order", kasse, "soft-1;soft-2"}).exit_code, 0);
  EXPECT_EQ(signer_of(sale()), "soft-1");
  shop.pull("soft-1");
  const Ended by_second = sale();
  EXPECT_EQ(signature_of(by_second), "signed") << by_second.text();
  EXPECT_EQ(signer_of(by_second), "soft-2") << by_second.text();

  shop.pull("soft-2");
  const Ended dark = sale();
  EXPECT_EQ(dark.exit_code, 0) << dark.text();
  EXPECT_EQ(signature_of(dark), "unsigned_outage") << dark.text();
  EXPECT_NE(dark.err.find("Keep selling"), std::string::npos) << dark.text();
  const json::Value dark_document = dark.document();
  const Ended printed =
      shop.siegel({"receipt", "show", text_at(member(dark_document, "receipt"), "receipt_number")});
  EXPECT_NE(printed.out.find("Sicherheitseinrichtung ausgefallen"), std::string::npos)
      << printed.text();
  EXPECT_EQ(shop.siegel({"status"}).exit_code, 4);
  const Ended dues = shop.siegel_json({"dues"});
  std::vector<std::string> kinds;
  for (const json::Value& due : rows_of(dues)) kinds.push_back(text_at(due, "kind"));
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "outage_report"), 2) << dues.text();
  EXPECT_EQ(std::count(kinds.begin(), kinds.end(), "collective"), 1) << dues.text();
  // A Startbeleg or a Jahresbeleg waits for a device; nothing is recorded.
  EXPECT_NE(shop.siegel_json({"at", "setup", "--register", "KASSE-02"}).exit_code, 0);
  EXPECT_EQ(shop.siegel({"at", "outage", "report", "soft-1", "--by-hand"}).exit_code, 0);

  shop.plug("soft-2");
  // The next act of any process finds the device again; the Sammelbeleg is made before its sale.
  const Ended after = sale();
  EXPECT_EQ(signature_of(after), "signed") << after.text();
  std::size_t collective = 0;
  for (const json::Value& row : rows_of(shop.siegel_json({"receipt", "list"})))
    if (text_at(row, "kind") == "collective") ++collective;
  EXPECT_EQ(collective, 1U);
  EXPECT_EQ(shop.siegel_json({"at", "outage", "end", "soft-1", "--by-hand"}).code(), "E-AUT-145");
  shop.plug("soft-1");
  (void)sale();
  EXPECT_EQ(shop.siegel({"at", "outage", "end", "soft-1", "--by-hand"}).exit_code, 0);
  EXPECT_EQ(shop.dep_violations(kasse), "");
  const Ended journal = shop.siegel_json({"journal", "verify"});
  EXPECT_EQ(violations_of(journal.document()), "");
}

TEST(AustrianDay, IsClosedOnceForAKeyAndBringsTheMonthReceipt) {
  RecordProperty("proves", "AMA-075 AMA-058");
  const TestShop shop{TestShop::Austrian()};
  ASSERT_EQ(shop.siegel({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"})
                .exit_code,
            0);
  const Ended plain = shop.siegel_json({"close", kasse, "--key", "monday", "--not-month-end"});
  ASSERT_EQ(plain.exit_code, 0) << plain.text();
  EXPECT_EQ(number_at(plain.document(), "number"), 1);
  EXPECT_EQ(text_at(plain.document(), "turnover"), "4.20");
  const json::Value plain_document = plain.document();
  EXPECT_TRUE(member(plain_document, "receipt").is_null());
  const Ended again = shop.siegel_json({"close", kasse, "--key", "monday", "--not-month-end"});
  const json::Value replay = again.document();
  const bool* replayed = member(replay, "replayed").boolean();
  EXPECT_TRUE(replayed != nullptr && *replayed) << again.text();
  const Ended last = shop.siegel_json({"close", kasse, "--month-end"});
  ASSERT_EQ(last.exit_code, 0) << last.text();
  EXPECT_EQ(number_at(last.document(), "number"), 2);
  const json::Value closed = last.document();
  const std::string kind = text_at(member(closed, "receipt"), "kind");
  EXPECT_TRUE(kind == "month" || kind == "year") << last.text();  // a December has the other
  EXPECT_EQ(shop.dep_violations(kasse), "");
}

TEST(AustrianDay, PrintsTheMonthReceiptWhereItIsTold) {
  RecordProperty("proves", "AMA-077");
  const TestShop shop{TestShop::Austrian()};
  const fs::path printer = shop.around() / "printer";
  EXPECT_EQ(shop.siegel_json({"config", "printer", printer.string(), "--columns", "9"}).code(),
            "E-PRN-001");
  ASSERT_EQ(shop.siegel({"config", "printer", printer.string(), "--columns", "42"}).exit_code, 0);
  ASSERT_EQ(shop.siegel({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"})
                .exit_code,
            0);
  EXPECT_EQ(file_text(printer), "") << "a sale is printed by its till";
  const Ended closed = shop.siegel_json({"close", kasse, "--month-end"});
  ASSERT_EQ(closed.exit_code, 0) << closed.text();
  const json::Value document = closed.document();
  const std::string number = text_at(member(document, "receipt"), "receipt_number");
  const std::string once = file_text(printer);
  EXPECT_NE(once.find(number), std::string::npos) << once;
  ASSERT_EQ(shop.siegel({"close", kasse}).exit_code, 0);
  EXPECT_EQ(file_text(printer), once) << "once";
}

TEST(AustrianDep, IsExportedBackedUpAndAForkIsFound) {
  RecordProperty("proves",
                 "AMA-009 AMA-012 AMA-014 AMA-018 AMA-064 AMA-065 AMA-066 AMA-067 AMA-068 AMA-069 "
                 "AMA-070");
  const TestShop shop{TestShop::Austrian()};
  const auto sell_on = [](const TestShop& on) {
    return on.siegel({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"})
        .exit_code;
  };
  ASSERT_EQ(sell_on(shop), 0);
  const fs::path stick = shop.around() / "stick";
  fs::create_directory(stick);
  const Ended saved = shop.siegel_json({"at", "backup", stick.string()});
  ASSERT_EQ(saved.exit_code, 0) << saved.text();
  const json::Array saved_rows = rows_of(saved);
  ASSERT_EQ(saved_rows.size(), 1U) << saved.text();
  const std::string folder = text_at(saved_rows.front(), "folder");
  EXPECT_EQ(shop.siegel({"at", "backup-check", folder}).exit_code, 0);
  EXPECT_EQ(number_at(saved_rows.front(), "receipts"), 2);

  // A second data folder made from this one goes on for itself: that is a fork.
  const TestShop copy(shop);
  ASSERT_EQ(sell_on(shop), 0);
  const fs::path second = shop.around() / "stick-2";
  fs::create_directory(second);
  ASSERT_EQ(shop.siegel({"at", "backup", second.string()}).exit_code, 0);
  ASSERT_EQ(sell_on(copy), 0);
  const Ended fork = copy.siegel_json({"at", "backup", second.string()});
  EXPECT_EQ(fork.code(), "E-AUT-151") << fork.text();
  // The older backup is of both.
  EXPECT_NE(copy.siegel_json({"at", "backup", stick.string()}).code(), "E-AUT-151");

  // A changed file is found.
  const fs::path dep = fs::path(folder) / "dep7.json";
  write_text(dep, file_text(dep) + " ");
  EXPECT_EQ(shop.siegel_json({"at", "backup-check", folder}).code(), "E-RKX-113");

  // Encrypted: nothing can be read without the passphrase.
  const fs::path passphrase = shop.around() / "passphrase";
  write_text(passphrase, "correct horse battery");
  ASSERT_EQ(chmod(passphrase.c_str(), 0600), 0);
  const fs::path third = shop.around() / "stick-3";
  fs::create_directory(third);
  const Ended sealed =
      shop.siegel_json({"at", "backup", third.string(), "--encrypt", passphrase.string()});
  ASSERT_EQ(sealed.exit_code, 0) << sealed.text();
  for (const auto& item : fs::recursive_directory_iterator(third))
    if (item.is_regular_file() && item.path().filename() != "manifest.json") {
      EXPECT_EQ(file_text(item.path()).find("Belege"), std::string::npos) << item.path();
    }

  // The same bytes on a second run, and a period.
  const auto exported = [&](const std::string& name, std::vector<std::string> more) {
    const std::string out = (shop.around() / name).string();
    std::vector<std::string> arguments{"export", "dep7", "--out", out};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ended ended = shop.siegel_json(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    return ended;
  };
  EXPECT_EQ(text_at(exported("a.json", {}).document(), "sha256"),
            text_at(exported("b.json", {}).document(), "sha256"));
  EXPECT_EQ(number_at(exported("c.json", {"--to", "2020-01-01"}).document(), "receipts"), 0);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"export", "dep131", "--out", (shop.around() / "d").string()},
           {"export", "dep131", "--csv", "--out", (shop.around() / "e").string()},
           {"export", "codes", "--out", (shop.around() / "f").string()},
           {"export", "codes", "--ocr", "--out", (shop.around() / "g").string()}})
    EXPECT_EQ(number_at(shop.siegel_json(arguments).document(), "receipts"), 3);
  EXPECT_EQ(shop.dep_violations(kasse), "");
}

TEST(AustrianDues, AreACalendarOthersRead) {
  RecordProperty("proves", "AMA-059 AMA-064");
  const TestShop shop{TestShop::Austrian()};
  ASSERT_EQ(shop.siegel({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"})
                .exit_code,
            0);
  const fs::path file = shop.around() / "dues.ics";
  const Ended dues = shop.siegel_json({"dues", "--ics", file.string()});
  ASSERT_EQ(dues.exit_code, 0) << dues.text();
  const std::string text = file_text(file);
  const std::size_t entries = rows_of(dues).size();
  EXPECT_GE(entries, 3U) << dues.text();
  std::size_t events = 0;
  for (std::size_t at = text.find("BEGIN:VEVENT"); at != std::string::npos;
       at = text.find("BEGIN:VEVENT", at + 1))
    ++events;
  EXPECT_EQ(events, entries);
  EXPECT_TRUE(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")) << text;
  EXPECT_TRUE(text.ends_with("END:VCALENDAR\r\n")) << text;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 75U) << text.substr(at, end - at);
    EXPECT_EQ(text.substr(at, end - at).find('\n'), std::string::npos);
    at = end + 2;
  }
}

TEST(AustrianData, ThatWereRestoredAreNotContinued) {
  const TestShop shop{TestShop::Austrian()};
  const auto sell_one = [&] {
    return shop.siegel_json(
        {"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"});
  };
  ASSERT_EQ(sell_one().exit_code, 0);
  const fs::path old = shop.around() / "old";
  fs::copy(shop.folder(), old, fs::copy_options::recursive);
  ASSERT_EQ(sell_one().exit_code, 0);
  fs::remove_all(shop.folder());
  fs::rename(old, shop.folder());
  const Ended refused = sell_one();
  EXPECT_EQ(refused.code(), "E-JRN-301") << refused.text();
  const Ended in_words =
      shop.siegel({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"});
  EXPECT_NE(in_words.err.find("Kassen-ID"), std::string::npos) << in_words.text();
}

}  // namespace
}  // namespace siegel::system_test
