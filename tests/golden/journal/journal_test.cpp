// Journals written by released versions: every later program opens, verifies, folds and prints them
// to the same bytes. README.md says how they were made.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "app/shop/shop.h"
#include "base/file.h"
#include "recorder/state.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

const fs::path golden_folder = SIEGEL_SOURCE_DIR "/tests/golden/journal";
constexpr std::string_view version_in_work = "0.1";

// One of each kind, and those with the most on them.
constexpr std::array receipts_kept = {"KASSE-01-000001", "KASSE-01-000005", "KASSE-01-000016",
                                      "KASSE-01-000019", "KASSE-01-000026", "KASSE-01-000043",
                                      "KASSE-01-000050", "KASSE-01-000054", "KASSE-01-000080"};

bool writing() { return std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr; }

/// Rings up the bakery's day and keeps what it leaves.
void make(const fs::path& version) {
  const TemporaryFolder temporary;
  const fs::path day = temporary.path() / "day";
  const Ended demo = siegel({"demo", "--out", day.string()});
  ASSERT_EQ(demo.exit_code, 0) << demo.text();
  fs::create_directories(version / "shop");
  ASSERT_EQ(fs::file_size(day / "journal.db-wal"), 0U) << "not checkpointed";
  fs::copy_file(day / "journal.db", version / "shop" / "journal.db");
  fs::copy_file(day / "tse-1.tar", version / "tse-1.tar");
  fs::copy_file(day.string() + ".witness", (version / "shop").string() + ".witness");
  auto settings = json::parse(file_text(day / "shop.json"));
  settings->object()->set("witness", "/shop.witness");  // the test says where it is
  write_text(version / "shop" / "shop.json", json::pretty(*settings));
}

/// The file has these bytes; with SIEGEL_WRITE_GOLDEN it gets them.
void expect_golden(const fs::path& file, const std::string& text) {
  ASSERT_NE(text, "") << file;
  if (writing()) {
    fs::create_directories(file.parent_path());
    write_text(file, text);
  }
  const std::string kept = file_text(file);
  EXPECT_TRUE(kept == text) << file << " differs; now it is:\n" << text.substr(0, 4000);
}

class GoldenJournal : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    m_version = golden_folder / GetParam();
    if (writing() && !fs::exists(m_version)) make(m_version);
    m_folder = m_temporary.path() / "shop";
    copy_shop(m_version / "shop", m_folder);
  }
  [[nodiscard]] Ended ask(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--data", m_folder.string()});
    return siegel(arguments);
  }

  TemporaryFolder m_temporary{TemporaryFolder::Kind::memory};
  fs::path m_version;
  fs::path m_folder;
};

TEST_P(GoldenJournal, Verifies) {
  const std::string tar = (m_version / "tse-1.tar").string();
  const Ended journal = ask({"journal", "verify", "--tar", tar, "--json"});
  EXPECT_EQ(journal.exit_code, 0) << journal.text();
  const json::Value counts = member(journal.document(), "signatures");
  EXPECT_GT(number_at(counts, "checked"), 50);
  EXPECT_EQ(number_at(counts, "invalid"), 0);
  const Ended logs = siegel({"verify", tar, "--json"});
  EXPECT_EQ(logs.exit_code, 0) << logs.text();
  EXPECT_GT(number_at(member(logs.document(), "signatures"), "checked"), 100);
}

TEST_P(GoldenJournal, PrintsTheSameReceipts) {
  for (const char* number : receipts_kept) {
    const Ended printed = ask({"receipt", "show", number, "--columns", "42"});
    ASSERT_EQ(printed.exit_code, 0) << printed.text();
    expect_golden(m_version / "receipts" / (std::string(number) + ".txt"), printed.out);
  }
}

TEST_P(GoldenJournal, FoldsToTheSameState) {
  const auto shop =
      app::Shop::open({m_folder, {}}, app::Shop::Mode::read, {system_clock(), system_random()});
  ASSERT_TRUE(shop.ok()) << shop.error().detail;
  const auto state = (*shop)->state();
  ASSERT_TRUE(state.ok()) << state.error().detail;
  expect_golden(m_version / "state.json", state->snapshot() + "\n");
}

TEST_P(GoldenJournal, ShowsTheSameEntries) {
  const Ended shown = ask({"journal", "show", "--limit", "1000000", "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.text();
  // The bytes themselves stand in the journal: a few entries show the form of the answer.
  const json::Value document = shown.document();
  const json::Array& entries = list_at(document, "data");
  ASSERT_GT(entries.size(), 150U);
  std::string text;
  for (const json::Value& entry : entries)
    text += fmt::format("{} {} {}\n", number_at(entry, "sequence"), text_at(entry, "kind"),
                        text_at(entry, "hash"));
  expect_golden(m_version / "entries.txt", text);
}

/// The versions there are, and the one in work when it is to be written.
std::vector<std::string> versions() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(golden_folder))
    if (entry.is_directory()) found.push_back(entry.path().filename().string());
  if (writing() && std::find(found.begin(), found.end(), version_in_work) == found.end())
    found.emplace_back(version_in_work);
  std::sort(found.begin(), found.end());
  return found;
}

INSTANTIATE_TEST_SUITE_P(Versions, GoldenJournal, ::testing::ValuesIn(versions()),
                         [](const auto& version) {
                           std::string name = version.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace siegel::system_test
