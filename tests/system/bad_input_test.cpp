// What is wrong is refused with a stable code, the place and the right exit code, and nothing is
// written: neither to the journal nor by the TSE.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  out.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

struct Refusal {
  std::string code;
  std::string place;
  int exit_code = 1;
  std::string in_detail = {};  ///< a part of the detail
};

void expect_refused(const Ended& ended, const Refusal& expected) {
  EXPECT_EQ(ended.exit_code, expected.exit_code) << ended.text();
  EXPECT_EQ(ended.code(), expected.code) << ended.text();
  const json::Value document = ended.document();
  EXPECT_EQ(text_at(document, "place"), expected.place) << ended.text();
  EXPECT_NE(text_at(document, "detail").find(expected.in_detail), std::string::npos)
      << ended.text();
  EXPECT_NE(text_at(document, "title"), "") << "no sentence for " << expected.code;
  EXPECT_EQ(text_at(document, "outcome"), "not_executed");
}

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override { m_before = m_shop.record(); }
  void TearDown() override { EXPECT_EQ(m_shop.record(), m_before) << "something was written"; }

  void expect_sale_refused(const std::string& document, const Refusal& expected) {
    SCOPED_TRACE(document.substr(0, 200));
    expect_refused(m_shop.sell(document), expected);
  }
  [[nodiscard]] Ended sell_with(std::vector<std::string> options) const {
    options.insert(options.begin(), "sale");
    return m_shop.siegel_json(std::move(options));
  }

  const TestShop m_shop;
  std::string m_before;
};

constexpr std::string_view paid = R"(,"payments":[{"kind":"cash","amount":"100000.00"}]})";

TEST_F(BadInput, WrongJson) {
  expect_sale_refused(R"({"lines": [)", {"E-JSN-002", "/lines/0"});
  expect_sale_refused("", {"E-JSN-008", "byte 0"});
  expect_sale_refused("[]", {"E-JSN-021", ""});
  expect_sale_refused(R"({"lines":[],"lines":[]})", {"E-JSN-006", "/lines"});
  expect_sale_refused(R"({"lines":[]} {})", {"E-JSN-007", "byte 13"});
  expect_sale_refused(repeated("[", 100'000), {"E-JSN-004", repeated("/0", 32)});
  expect_sale_refused("{\"cashier\":\"M\xFFller\"}", {"E-JSN-003", "byte 13"});
  expect_sale_refused(R"({"lines":[{"text":"a","amount":1e2,"vat":"B"}])" + std::string(paid),
                      {"E-JSN-024", "/lines/0/amount"});
}

TEST_F(BadInput, UnknownFieldsWithASuggestion) {
  expect_sale_refused(R"({"lins":[]})", {"E-JSN-025", "/lins", 1, "did you mean \"lines\"?"});
  expect_sale_refused(R"({"lines":[{"text":"a","amuont":"1.00","vat":"B"}])" + std::string(paid),
                      {"E-JSN-025", "/lines/0/amuont", 1, "did you mean \"amount\"?"});
  expect_sale_refused(R"({"lines":[{"text":"a","amount":"1.00","vat":"B"}],
                         "payments":[{"kind":"cahs","amount":"1.00"}]})",
                      {"E-JSN-028", "/payments/0/kind", 1, "cash"});
}

TEST_F(BadInput, SumsThatDoNotAddUp) {
  const auto document = [](std::string_view line, std::string_view rest) {
    return fmt::format(R"({{"lines":[{}],{}}})", line, rest);
  };
  const std::string line = R"({"text":"a","amount":"1.00","vat":"B"})";
  const std::string cash = R"("payments":[{"kind":"cash","amount":"1.00"}])";
  expect_sale_refused(document(line, R"("total":"2.00",)" + cash), {"E-SAL-504", "/total"});
  expect_sale_refused(document(line, R"("change":"0.50",)" + cash), {"E-SAL-506", "/change"});
  expect_sale_refused(document(line, R"("payments":[{"kind":"card","amount":"0.99"}])"),
                      {"E-SAL-505", "/payments", 1, "0.01"});
  expect_sale_refused(document(line, R"("payments":[{"kind":"card","amount":"2.00"}])"),
                      {"E-SAL-507", "/payments"});
  expect_sale_refused(
      document(R"({"text":"a","quantity":3,"unit_price":"1.00","amount":"2.00","vat":"B"})", cash),
      {"E-SAL-501", "/lines/0/amount"});
  expect_sale_refused(
      document(R"({"text":"a","amount":"1.00","shares":[{"vat":"A","amount":"0.99"}]})", cash),
      {"E-SAL-503", "/lines/0/shares"});
}

TEST_F(BadInput, AVatRateThatIsNotInForce) {
  expect_sale_refused(R"({"lines":[{"text":"a","amount":"1.00","vat":"16"}])" + std::string(paid),
                      {"E-VAT-510", "/lines/0/vat", 1, "allowed: A (19.00), B (7.00)"});
}

TEST_F(BadInput, TooMuch) {
  const std::string line = R"({"text":"a","amount":"0.01","vat":"B"})";
  const auto lines = [&](std::size_t count) {
    return R"({"lines":[)" + repeated(line + ",", count - 1) + line + "]" + std::string(paid);
  };
  expect_sale_refused(lines(10'001), {"E-JSN-026", "/lines", 1, "10000"});
  const std::string megabyte = repeated("a", std::size_t{1} << 20);
  expect_sale_refused(
      R"({"lines":[{"text":")" + megabyte + R"(","amount":"1.00","vat":"B"}])" + std::string(paid),
      {"E-JSN-022", "/lines/0/text", 1, "255"});
  expect_sale_refused(R"({"kind":"memo","text":")" + megabyte + R"("})",
                      {"E-JSN-022", "/text", 1, "4000"});
  expect_sale_refused(R"({"cashier":")" + repeated(megabyte, 9) + R"("})", {"E-JSN-001", ""});
  expect_sale_refused(
      R"({"lines":[{"text":"a","amount":"99999999999999.00","vat":"B"}])" + std::string(paid),
      {"E-MOD-003", "/lines/0/amount"});
}

TEST_F(BadInput, AnUnknownRegister) {
  expect_refused(sell_with({"--register", "KASSE-99", "--item", "a:1:1.00:B", "--cash", "1"}),
                 {"E-REG-104", "/register", 5, "KASSE-99"});
  expect_refused(sell_with({"--register", "KASSE_99", "--item", "a:1:1.00:B", "--cash", "1"}),
                 {"E-REG-101", ""});
}

TEST_F(BadInput, ArgumentsThatAreNotUtf8) {
  const std::string bad = "K\xFF";
  const std::vector<std::vector<std::string>> lines{
      {"--item", bad + ":1:1.00:B", "--cash", "1"},
      {"--item", "a:1:1.00:B", "--cash", "1", "--cashier", bad},
      {"--item", "a:1:1.00:B", "--cash", "1", "--key", bad},
      {"--open", bad},
      {bad}};
  for (std::vector<std::string> options : lines) {
    options.insert(options.begin(), {"--register", register_name(1)});
    const Ended ended = sell_with(options);
    EXPECT_EQ(ended.exit_code, 1) << ended.text();
    EXPECT_EQ(ended.code(), "E-JSN-003") << ended.text();
    EXPECT_TRUE(text_at(ended.document(), "place").starts_with("argument ")) << ended.text();
  }
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"receipt", "show", bad},
                                             {"register", "add", bad},
                                             {"tse", "create", "--id", bad},
                                             {"verify", bad},
                                             {bad}}) {
    const Ended ended = m_shop.siegel_json(arguments);
    EXPECT_EQ(ended.code(), "E-JSN-003") << ended.text();
  }
  const Ended folder = siegel({"init", "--json", "--data", m_shop.around().string() + "/" + bad});
  EXPECT_EQ(folder.code(), "E-JSN-003") << folder.text();
}

/// Archives nobody's TSE made: the verifier says what is wrong and ends.
TEST_F(BadInput, HostileArchives) {
  ASSERT_EQ(m_shop.siegel({"export", "tar", "--out", m_shop.archive().string()}).exit_code, 0);
  m_before = m_shop.record();  // exporting is an act the TSE may log
  const std::string good = file_text(m_shop.archive());
  const auto header = [](std::string name, std::string_view size, char type) {
    std::string block(512, '\0');
    block.replace(0, name.size(), name);
    block.replace(100, 7, "0000644");
    block.replace(124, size.size(), size);
    block.replace(136, 11, "14000000000");
    block.replace(148, 8, "        ");
    block[156] = type;
    block.replace(257, 6, std::string("ustar\0", 6));
    block.replace(263, 2, "00");
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    block.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
    return block;
  };
  const std::map<std::string, std::string> archives{
      {"cut-in-a-header", good.substr(0, 300)},
      {"cut-in-an-entry", good.substr(0, good.size() / 2 / 512 * 512 + 100)},
      {"size-of-a-bomb", header("bomb.log", "77777777777", '0')},
      {"path-trick",
       header("../../etc/cron.d/x", "00000000003", '0') + "abc" + std::string(509 + 1024, '\0')},
      {"endless-name", header("././@LongLink", "00077777777", 'L') + std::string(1 << 20, 'n')},
      {"endless-pax", header("x", "00077777777", 'x') + std::string(1 << 20, 'p')},
      {"link", header("link.log", "00000000000", '2') + std::string(1024, '\0')},
      {"no-archive", "this is a shopping list\n"},
      {"empty", ""}};
  for (const auto& [name, bytes] : archives) {
    SCOPED_TRACE(name);
    const fs::path file = m_shop.around() / (name + ".tar");
    write_text(file, bytes);
    const Ended ended = m_shop.siegel_json({"verify", file.string()});
    const json::Value document = ended.document();
    const std::string verdict = text_at(document, "verdict");
    EXPECT_NE(verdict, "pass") << ended.text();
    if (verdict.empty()) {
      EXPECT_EQ(ended.exit_code, 1) << ended.text();
      EXPECT_NE(text_at(document, "code"), "") << ended.text();
      EXPECT_NE(text_at(document, "place"), "") << ended.text();
    } else {
      EXPECT_EQ(ended.exit_code, verdict == "fail" ? 3 : 0) << ended.text();
      EXPECT_FALSE(list_at(document, "findings").empty());
      for (const json::Value& finding : list_at(document, "findings"))
        EXPECT_NE(text_at(finding, "rule"), "") << ended.text();
    }
  }
  EXPECT_FALSE(fs::exists(m_shop.around() / "etc"));
}

TEST_F(BadInput, ASecondProcessOnTheSameFolder) {
  Process first({.arguments = m_shop.arguments({"sale", "--lines"})});
  auto request = json::parse(one_line_document("Brezel", "1.80"));
  request->object()->set("register", register_name(1)).set("key", "first");
  first.feed(json::canonical(*request) + "\n");
  first.wait_for_lines(1);
  const std::string held = json::canonical(m_shop.entries());  // reading beside it is allowed
  const Ended second = m_shop.sell(one_line_document("Kaffee", "2.40"));
  EXPECT_EQ(second.exit_code, 75) << second.text();
  EXPECT_EQ(second.code(), "E-DAT-001") << second.text();
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"tse", "create", "--id", "tse-2"},
                                             {"register", "add", "KASSE-02"},
                                             {"export", "tar"}}) {
    const Ended refused = m_shop.siegel_json(arguments);
    EXPECT_EQ(refused.exit_code, 75) << refused.text();
  }
  EXPECT_EQ(json::canonical(m_shop.entries()), held);
  const Ended ended = first.finish();
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  EXPECT_NE(ended.out.find("\"status\":\"signed\""), std::string::npos) << ended.text();
  m_before = m_shop.record();  // what the first process sold
}

TEST_F(BadInput, AKeyReusedWithAnotherBody) {
  const std::string document = one_line_document("Brezel", "1.80");
  const Ended first = m_shop.sell(document, "order-1");
  ASSERT_EQ(first.exit_code, 0) << first.text();
  m_before = m_shop.record();
  const Ended again = m_shop.sell(document, "order-1");
  EXPECT_EQ(again.exit_code, 0) << again.text();
  EXPECT_EQ(member(again.document(), "receipt"), member(first.document(), "receipt"));
  const Ended other = m_shop.sell(one_line_document("Brezel", "1.90"), "order-1");
  EXPECT_EQ(other.exit_code, 7) << other.text();
  EXPECT_EQ(other.code(), "E-API-601") << other.text();
}

// Folders that must not be written. Each is compared file by file.

std::map<std::string, std::string> files_of(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    // Who holds the folder, and SQLite's own tables of readers, are no data.
    if (!entry.is_regular_file() || name == "lock" || name == "reserve" || name.ends_with("-shm") ||
        name.ends_with(".lock") || (name.ends_with("-wal") && entry.file_size() == 0))
      continue;
    files[name] = file_text(entry.path());
  }
  return files;
}

void expect_nothing_written(const TestShop& shop,
                            const std::map<std::string, std::string>& before) {
  const auto after = files_of(shop.folder());
  for (const auto& [name, content] : after) {
    ASSERT_TRUE(before.contains(name)) << name << " is new";
    EXPECT_TRUE(content == before.at(name)) << name << " was changed";
  }
  EXPECT_EQ(after.size(), before.size());
}

TEST(BadFolder, AJournalWrittenByANewerVersion) {
  const TestShop shop;
  const Ended bumped =
      run({.arguments = {(shop.folder() / "journal.db").string(), "PRAGMA user_version = 99;"},
           .program = "sqlite3"});
  ASSERT_EQ(bumped.exit_code, 0) << bumped.text();
  const auto before = files_of(shop.folder());
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"sale", "--register", "KASSE-01", "--item", "a:1:1.00:B", "--cash", "1"},
           {"status"},
           {"journal", "show"},
           {"receipt", "list"}}) {
    const Ended ended = shop.siegel_json(arguments);
    EXPECT_NE(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(ended.code(), "E-JRN-302") << ended.text();
  }
  const Ended verified = shop.siegel_json({"journal", "verify"});
  EXPECT_NE(verified.exit_code, 0) << verified.text();
  expect_nothing_written(shop, before);
}

TEST(BadFolder, OfANewerFormat) {
  const TestShop shop;
  auto settings = json::parse(file_text(shop.folder() / "shop.json"));
  settings->object()->set("format", 2);
  write_text(shop.folder() / "shop.json", json::pretty(*settings));
  const auto before = files_of(shop.folder());
  const Ended ended = shop.sell(one_line_document("Brezel", "1.80"));
  EXPECT_EQ(ended.exit_code, 7) << ended.text();
  EXPECT_EQ(ended.code(), "E-DAT-004") << ended.text();
  expect_nothing_written(shop, before);
}

TEST(BadFolder, AJournalOlderThanItsWitness) {
  const TestShop shop;
  const fs::path backup = shop.around() / "backup";
  fs::copy(shop.folder(), backup, fs::copy_options::recursive);
  ASSERT_EQ(shop.sell(one_line_document("Brezel", "1.80")).exit_code, 0);
  // The old copy is put back; the witness beside the folder remembers.
  fs::remove_all(shop.folder());
  fs::rename(backup, shop.folder());
  const auto before = files_of(shop.folder());
  const std::string witness = file_text(shop.witness());
  const Ended ended = shop.sell(one_line_document("Kaffee", "2.40"));
  EXPECT_NE(ended.exit_code, 0) << ended.text();
  EXPECT_EQ(ended.code(), "E-JRN-301") << ended.text();
  const Ended verified = shop.siegel_json({"journal", "verify"});
  EXPECT_EQ(verified.exit_code, 3) << verified.text();
  expect_nothing_written(shop, before);
  EXPECT_EQ(file_text(shop.witness()), witness);
}

TEST(BadFolder, NoDataFolder) {
  const TemporaryFolder folder;
  const Ended ended = siegel({"status", "--json", "--data", (folder.path() / "none").string()});
  EXPECT_EQ(ended.exit_code, 5) << ended.text();
  EXPECT_EQ(ended.code(), "E-DAT-003") << ended.text();
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

}  // namespace
}  // namespace siegel::system_test
