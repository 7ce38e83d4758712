#include <gtest/gtest.h>

#include "exports/journal_csv.h"
#include "exports/procedure.h"
#include "exports/test_shop.h"

// Plain tables, the history of master data, the procedure documentation.

namespace siegel::exports {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words

constexpr const char* bread =
    R"({"lines":[{"text":"=Brot;\"x\"","amount":"4.90","vat":"B",
        "discounts":[{"text":"alt","amount":"-1"}]}],
        "payments":[{"kind":"cash","amount":"5.00"}]})";

std::size_t rows(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count(text, '\n')) - 1;
}

TEST(journal_tables, hold_everything_recorded_closed_or_not) {
  RecordProperty("proves", "BIO-105 BIO-106");
  TestShop shop;
  ASSERT_TRUE(shop.sell(1, bread).ok());
  ASSERT_TRUE(shop.close(1).ok());
  shop.set_wall(shop.now.wall + std::chrono::hours(24));
  ASSERT_TRUE(shop.sell(1, bread).ok());
  EntriesReader reader(shop.entries);
  MemoryFiles files;
  const auto all = write_journal(reader, {}, files);
  ASSERT_TRUE(all.ok()) << all.error().detail;
  EXPECT_EQ(all->receipts, 2U);
  EXPECT_EQ(rows(files.files["receipts.csv"]), 2U);
  EXPECT_EQ(rows(files.files["payments.csv"]), 2U);
  EXPECT_NE(files.files["lines.csv"].find("\"'=Brot;\"\"x\"\"\""), std::string::npos);
  EXPECT_NE(files.files["lines.csv"].find(";4,90;-1,00;0;2;7,00;3,90\r\n"), std::string::npos);
  MemoryFiles one;
  const auto first =
      write_journal(reader, {.registers = {}, .first = {}, .last = Date(2026, 6, 1)}, one);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->receipts, 1U);
  MemoryFiles none;
  ASSERT_TRUE(
      write_journal(reader, {.registers = {"KASSE-9"}, .first = {}, .last = {}}, none).ok());
  EXPECT_EQ(rows(none.files["receipts.csv"]), 0U);
}

TEST(procedure, tells_devices_settings_users_and_every_change) {
  TestShop shop;
  ASSERT_TRUE(shop.sell(1, bread).ok());
  ASSERT_TRUE(shop.close(1).ok());
  Business moved = shop.business;
  moved.street = "Neue Gasse 2 <b>";
  shop.master(moved);
  EntriesReader reader(shop.entries);
  const auto history = master_history(reader);
  ASSERT_TRUE(history.ok()) << history.error().detail;
  const auto change = std::ranges::find_if(history->changes, [](const MasterChange& one) {
    return one.member == "/street" && !one.before.empty();
  });
  ASSERT_NE(change, history->changes.end());
  EXPECT_EQ(change->before, "\"Markt 1\"");
  EXPECT_EQ(change->after, "\"Neue Gasse 2 <b>\"");
  EXPECT_EQ(change->actor, "anna");
  MemorySink sink;
  ASSERT_TRUE(write_history(*history, sink).ok());
  EXPECT_NE(text_of(sink.bytes()).find("/street;"), std::string_view::npos);
  for (const Language language : {Language::de, Language::en}) {
    const std::string page =
        procedure_page(shop.state(), *history, {.version = "1.2.3", .backup_plan = {}}, language);
    EXPECT_NE(page.find("KASSE-1"), std::string::npos);
    EXPECT_NE(page.find(shop.device.serial_hex()), std::string::npos);
    EXPECT_NE(page.find("Neue Gasse 2 &lt;b&gt;"), std::string::npos);
    EXPECT_EQ(page.find("2 <b>"), std::string::npos);
    EXPECT_NE(page.find(language == Language::de ? "NICHT ANGEGEBEN" : "NOT STATED"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace siegel::exports
