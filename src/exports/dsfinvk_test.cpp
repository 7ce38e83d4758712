#include "exports/dsfinvk.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "exports/test_shop.h"

namespace siegel::exports {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words
using verify::Severity;

/// Violations and warnings. That a register has no use for a column is none of its faults.
std::string told(const verify::Report& report) {
  std::string out;
  for (const verify::Finding& finding : report.findings())
    if (finding.severity != Severity::info && finding.rule != "F002")
      out += fmt::format("{} {} | {} | {}\n", finding.rule, finding.place, finding.found,
                         finding.expected);
  return out;
}

constexpr const char* coffee =
    R"({"lines":[{"text":"Kaffee","quantity":"2","unit_price":"2.50","vat":"A","article":"K1"},
                 {"text":"Brezel","amount":"1.80","vat":"B"}],
        "payments":[{"kind":"cash","amount":"10.00"}],"cashier":"Anna"})";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find("\r\n", at)) != std::string::npos; at = end + 2)
    out.push_back(text.substr(at, end - at));
  return out;
}

TEST(dsfinvk_export, a_sale_and_its_closing_are_exported_and_verify_with_the_log) {
  TestShop shop;
  ASSERT_TRUE(shop.sell(1, coffee).ok());
  ASSERT_TRUE(shop.sell(1, coffee).ok());
  const auto closing = shop.close(1);
  ASSERT_TRUE(closing.ok()) << closing.error().detail;
  MemoryFiles files;
  const auto done = shop.export_to(files);
  ASSERT_TRUE(done.ok()) << done.error().code << done.error().detail;
  EXPECT_EQ(done->receipts, 2U);
  EXPECT_EQ(files.files.size(), 23U);
  const auto lines = lines_of(files.files["lines.csv"]);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1].substr(lines[1].find(";1;1;1;")),
            ";1;1;1;;Kaffee;;Umsatz;;;0;0;K1;;;;2,000;;;2,50000");
  EXPECT_TRUE(lines_of(files.files["datapayment.csv"])[1].ends_with(";1;1;Bar;;EUR;;6,80"));
  const auto outcome = shop.check(files);
  EXPECT_EQ(outcome.receipts, 2U);
  EXPECT_EQ(outcome.report.signatures.valid, 2U);
  EXPECT_EQ(told(outcome.report), "");
}

/// Two registers, three days, an outage.
class Exported : public ::testing::Test {
 protected:
  void SetUp() override {
    Instant day = shop.now.wall;
    for (int i = 0; i < 3; ++i, day = day + std::chrono::hours(24)) {
      shop.set_wall(day);
      for (std::size_t n = 0; n < 4; ++n) {
        if (i == 1 && n == 2) shop.mood = TestShop::Mood::dead;
        ASSERT_TRUE(shop.sell(1 + n % 2, coffee).ok());
      }
      shop.recover();
      ASSERT_TRUE(shop.close(1).ok());
      ASSERT_TRUE(shop.close(2).ok());
    }
  }
  static std::filesystem::path folder(const std::string& name) {
    const auto path = std::filesystem::temp_directory_path() /
                      fmt::format("siegel-exports-{}-{}", getpid(), name);
    std::filesystem::remove_all(path);
    std::filesystem::remove_all(path.string() + ".part");
    return path;
  }
  static std::map<std::string, std::string> content(const std::filesystem::path& path) {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path))
      out[entry.path().filename().string()] =
          std::string(text_of(*read_file(entry.path(), 1U << 24U)));
    return out;
  }
  Result<DsfinvkExported> to_folder(const FolderOptions& options, DsfinvkRequest request = {}) {
    EntriesReader reader(shop.entries);
    const Survey found = shop.survey_now();
    request.generator_version = "1.2.3";
    return export_dsfinvk(reader, found, request, options);
  }

  TestShop shop{2};
};

TEST_F(Exported, registers_stand_one_behind_the_other_and_the_outage_is_told) {
  RecordProperty("proves", "BIO-113 BIO-116");
  MemoryFiles files;
  const auto done = shop.export_to(files);
  ASSERT_TRUE(done.ok()) << done.error().detail;
  EXPECT_EQ(done->closings, 6U);
  EXPECT_EQ(done->receipts, 12U);
  const auto closings = lines_of(files.files["cashpointclosing.csv"]);
  ASSERT_EQ(closings.size(), 7U);
  EXPECT_TRUE(closings[3].starts_with("KASSE-1;2026-06-03"));
  EXPECT_TRUE(closings[4].starts_with("KASSE-2;2026-06-01"));
  std::size_t unsigned_rows = 0;
  for (const std::string& row : lines_of(files.files["transactions_tse.csv"]))
    unsigned_rows += row.find(";1;;;;;;;E-TSE-") != std::string::npos ? 1U : 0U;
  EXPECT_GT(unsigned_rows, 0U);
  const auto outcome = shop.check(files);
  EXPECT_EQ(listed_down_to(outcome.report, Severity::violation), "");
}

TEST_F(Exported, a_period_is_chosen_by_numbers_days_and_registers) {
  RecordProperty("proves", "BIO-115 FCC-059");
  const auto receipts = [&](Selection selection) -> std::string {
    MemoryFiles files;
    DsfinvkRequest request;
    request.selection = std::move(selection);
    const auto done = shop.export_to(files, request);
    if (!done.ok()) return done.error().code;
    const auto outcome = shop.check(files, false);
    EXPECT_EQ(listed_down_to(outcome.report, Severity::violation), "");
    return fmt::format("{}/{}", done->closings, done->receipts);
  };
  EXPECT_EQ(receipts({.registers = {"KASSE-2"}}), "3/6");
  EXPECT_EQ(receipts({.first_number = 2, .last_number = 2}), "2/4");
  EXPECT_EQ(receipts({.registers = {"KASSE-1"}, .first_number = 2}), "2/4");
  EXPECT_EQ(receipts({.first_day = Date(2026, 6, 2), .last_day = Date(2026, 6, 2)}), "2/4");
  EXPECT_EQ(receipts({.first_day = Date(2026, 7, 1)}), "E-EXP-101");
  EXPECT_EQ(receipts({.registers = {"KASSE-9"}}), "E-EXP-101");
}

TEST_F(Exported, open_business_in_the_period_is_refused_or_left_out_and_said) {
  ASSERT_TRUE(shop.sell(1, coffee).ok());
  MemoryFiles files;
  DsfinvkRequest request;
  request.selection.first_day = Date(2026, 6, 1);
  request.selection.last_day = Date(2026, 6, 30);
  const auto refused = shop.export_to(files, request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-EXP-102");
  EXPECT_TRUE(files.files.empty());
  request.selection.leave_open_out = true;
  const auto left_out = shop.export_to(files, request);
  ASSERT_TRUE(left_out.ok());
  EXPECT_EQ(left_out->registers[0].open_receipts, 1U);
  // A period that ended before is not touched by it.
  request.selection.leave_open_out = false;
  request.selection.last_day = Date(2026, 6, 2);
  MemoryFiles before;
  EXPECT_TRUE(shop.export_to(before, request).ok());
}

TEST_F(Exported, editions) {
  MemoryFiles files;
  DsfinvkRequest request;
  request.edition = country::de::Edition::v2_2;
  EXPECT_EQ(shop.export_to(files, request).error().code, "E-EXP-105");
  request.edition = country::de::Edition::v2_3;
  ASSERT_TRUE(shop.export_to(files, request).ok());
  EXPECT_NE(files.files["cashpointclosing.csv"].find(";2.3;"), std::string::npos);
}

TEST_F(Exported, chosen_tables_are_said_in_the_manifest_and_the_others_are_no_violations) {
  RecordProperty("proves", "BIO-117");
  MemoryFiles files;
  DsfinvkRequest request;
  request.tables.reset();
  for (const char* name : {"cashpointclosing", "transactions", "lines.csv"})
    request.tables.set(static_cast<std::size_t>(*country::de::dsfinvk_table_from(name)));
  ASSERT_TRUE(shop.export_to(files, request).ok());
  EXPECT_EQ(files.files.size(), 6U);
  EXPECT_FALSE(files.files.contains("payment.csv"));
  const auto outcome = shop.check(files, false);
  EXPECT_EQ(listed_down_to(outcome.report, Severity::violation), "");
}

TEST_F(Exported, a_folder_appears_when_it_is_whole_and_is_never_written_over) {
  const auto target = folder("whole");
  ASSERT_TRUE(to_folder({.target = target}).ok());
  EXPECT_FALSE(std::filesystem::exists(target.string() + ".part"));
  MemoryFiles files;
  ASSERT_TRUE(shop.export_to(files).ok());
  const std::map<std::string, std::string> same(files.files.begin(), files.files.end());
  EXPECT_EQ(content(target), same);
  const auto again = to_folder({.target = target});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "E-EXP-103");
  std::filesystem::remove_all(target);
}

TEST_F(Exported, an_archive_has_the_same_bytes_each_time_and_verifies) {
  RecordProperty("proves", "FCC-059");
  const auto first = folder("a.zip");
  const auto second = folder("b.zip");
  ASSERT_TRUE(to_folder({.target = first, .zip = true}).ok());
  ASSERT_TRUE(to_folder({.target = second, .zip = true}).ok());
  EXPECT_EQ(*read_file(first, 1U << 24U), *read_file(second, 1U << 24U));
  const auto outcome = verify::dsfinvk::verify_export(first, {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->receipts, 12U);
  EXPECT_EQ(listed_down_to(outcome->report, Severity::violation), "");
  std::filesystem::remove(first);
  std::filesystem::remove(second);
}

/// Fails once after so many bytes, as a full disk does: what fits is written.
class FullDisk final : public FileSet {
 public:
  FullDisk(FileSet& files, std::uint64_t room) : m_files(files), m_room(room) {}
  Status append(const std::string& name, BytesView bytes) override {
    const std::size_t fits = std::min<std::size_t>(bytes.size(), m_room);
    SIEGEL_TRY_OK(m_files.append(name, bytes.first(fits)));
    m_room -= fits;
    if (fits == bytes.size()) return Ok{};
    return unavailable("E-EXP-110", "no space left", name);
  }
  Status cut(const std::string& name, std::uint64_t size) override {
    return m_files.cut(name, size);
  }
  Status read(const std::string& name, const std::function<Status(BytesView)>& piece) override {
    return m_files.read(name, piece);
  }
  Status remove(const std::string& name) override { return m_files.remove(name); }
  Status commit(const std::string& name, std::string_view text) override {
    if (m_room < text.size()) return unavailable("E-EXP-110", "no space left", name);
    m_room -= text.size();
    return m_files.commit(name, text);
  }

 private:
  FileSet& m_files;
  std::uint64_t m_room;
};

TEST_F(Exported, stopped_anywhere_it_goes_on_and_ends_with_the_same_bytes) {
  MemoryFiles undisturbed;
  DsfinvkRequest request;
  request.checkpoint_bytes = 1;  // progress is durable after each chunk
  ASSERT_TRUE(shop.export_to(undisturbed, request).ok());
  std::uint64_t size = 0;
  for (const auto& [name, text] : undisturbed.files) size += text.size();
  std::size_t stopped = 0;
  for (std::uint64_t room = 0; room < 6 * size; room += 311) {
    MemoryFiles files;
    FullDisk disk(files, room);
    const auto first = shop.export_to(disk, request);
    if (!first.ok()) {
      ++stopped;
      ASSERT_EQ(first.error().code, "E-EXP-110");
      const auto second = shop.export_to(files, request);
      ASSERT_TRUE(second.ok()) << room << " " << second.error().code << second.error().detail;
      EXPECT_EQ(second->receipts, 12U);
    }
    ASSERT_EQ(files.files, undisturbed.files) << room;
  }
  EXPECT_GT(stopped, 50U);
}

TEST_F(Exported, an_interrupted_folder_is_resumed_only_when_asked_and_only_for_the_same_export) {
  const auto target = folder("resumed");
  const std::filesystem::path part = target.string() + ".part";
  std::filesystem::create_directories(part);
  DsfinvkRequest request;
  request.checkpoint_bytes = 1;
  {
    FolderFiles files(part);
    FullDisk disk(files, 16'000);
    EXPECT_FALSE(shop.export_to(disk, request).ok());
  }
  ASSERT_TRUE(std::filesystem::exists(part / progress_name));
  EXPECT_EQ(to_folder({.target = target}, request).error().code, "E-EXP-104");
  DsfinvkRequest other = request;
  other.edition = country::de::Edition::v2_3;
  EXPECT_EQ(to_folder({.target = target, .resume = true}, other).error().code, "E-EXP-106");
  ASSERT_TRUE(to_folder({.target = target, .resume = true}, request).ok());
  MemoryFiles undisturbed;
  ASSERT_TRUE(shop.export_to(undisturbed, request).ok());
  const std::map<std::string, std::string> same(undisturbed.files.begin(), undisturbed.files.end());
  EXPECT_EQ(content(target), same);
  std::filesystem::remove_all(target);
}

TEST_F(Exported, a_progress_file_that_cannot_be_read_is_said) {
  MemoryFiles files;
  files.files[progress_name] = "{";
  EXPECT_EQ(shop.export_to(files).error().code, "E-EXP-111");
}

TEST(dsfinvk_export, a_signature_found_later_has_a_row_and_agrees_with_the_log) {
  TestShop shop;
  shop.mood = TestShop::Mood::finishes_and_says_nothing;
  ASSERT_TRUE(shop.sell(1, coffee).ok());
  ASSERT_TRUE(shop.close(1).ok());
  MemoryFiles before;
  const auto early = shop.export_to(before);
  ASSERT_TRUE(early.ok());
  EXPECT_EQ(early->awaited, 1U);
  shop.recover();
  std::string kinds;
  for (const auto& entry : shop.entries) kinds += entry.kind + " ";
  MemoryFiles after;
  const auto late = shop.export_to(after);
  ASSERT_TRUE(late.ok()) << late.error().detail;
  EXPECT_EQ(late->awaited, 0U);
  EXPECT_GT(lines_of(after.files["transactions_tse.csv"]).size(),
            lines_of(before.files["transactions_tse.csv"]).size())
      << kinds;
  EXPECT_EQ(listed_down_to(shop.check(after).report, Severity::violation), "");
}

TEST(dsfinvk_export, a_delivery_note_that_another_system_books_has_no_values) {
  TestShop shop;
  ASSERT_TRUE(shop.sell(1, R"({"kind":"transfer","lines":[{"text":"Mehl","quantity":"3",
      "unit_price":"25.00","vat":"B","article":"M","discounts":[{"text":"x","amount":"-1"}]}]})")
                  .ok());
  ASSERT_TRUE(shop.close(1).ok());
  MemoryFiles files;
  ASSERT_TRUE(shop.export_to(files).ok());
  EXPECT_TRUE(lines_of(files.files["lines.csv"])[1].ends_with(";M;;;;3,000;;;0,00000"));
  EXPECT_EQ(lines_of(files.files["itemamounts.csv"]).size(), 1U);
  EXPECT_EQ(listed_down_to(shop.check(files).report, Severity::violation), "");
}

TEST(dsfinvk_export, an_order_longer_than_the_column_makes_the_column_longer) {
  TestShop shop;
  std::string lines;
  for (int i = 0; i < 40; ++i)
    lines += fmt::format(
        R"({}{{"text":"Ein langer Name {} \"mit\" ; Zeichen","amount":"1.00","vat":"A"}})",
        i == 0 ? "" : ",", i);
  ASSERT_TRUE(
      shop.sell(1, R"({"kind":"order","groups":["Tisch 1 / 17"],"lines":[)" + lines + "]}").ok());
  ASSERT_TRUE(shop.close(1).ok());
  MemoryFiles files;
  ASSERT_TRUE(shop.export_to(files).ok());
  EXPECT_EQ(files.files["index.xml"].find(
                "<MaxLength>1000</MaxLength>\r\n        </VariableColumn>\r\n      "
                "</VariableLength>\r\n    </Table>\r\n    <Table>\r\n      <URL>transactions_vat"),
            std::string::npos);
  const auto outcome = shop.check(files);
  EXPECT_EQ(listed_down_to(outcome.report, Severity::violation), "");
  EXPECT_EQ(outcome.report.signatures.valid, 1U);
}

}  // namespace
}  // namespace siegel::exports
