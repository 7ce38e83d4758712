#include "model/vat.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

namespace siegel {
namespace {

std::string rate(CountryCode country, int key, Date day) {
  const auto row = vat_in_force(country, VatKey(key), day);
  return row.ok() ? (*row)->rate.text() : row.error().code;
}

std::string found(CountryCode country, std::string_view text, Date day) {
  const auto row = vat_by_text(country, text, day);
  return row.ok() ? fmt::format("{}:{}", (*row)->key.get(), (*row)->rate.text()) : row.error().code;
}

TEST(VatTable, GermanyChangesOnItsDays) {
  const auto de = [](int key, Date day) { return rate(CountryCode::de, key, day); };
  EXPECT_EQ(de(1, {2020, 6, 30}), "19.00");
  EXPECT_EQ(de(1, {2020, 7, 1}), "16.00");
  EXPECT_EQ(de(1, {2020, 12, 31}), "16.00");
  EXPECT_EQ(de(1, {2021, 1, 1}), "19.00");
  EXPECT_EQ(de(2, {2020, 7, 1}), "5.00");
  EXPECT_EQ(de(2, {2026, 11, 20}), "7.00");
  EXPECT_EQ(de(3, {2021, 12, 31}), "10.70");
  EXPECT_EQ(de(3, {2022, 1, 1}), "9.50");
  EXPECT_EQ(de(3, {2024, 12, 5}), "9.00");
  EXPECT_EQ(de(3, {2024, 12, 6}), "8.40");
  EXPECT_EQ(de(3, {2025, 1, 1}), "7.80");
  EXPECT_EQ(de(4, {2026, 1, 1}), "5.50");
  EXPECT_EQ(de(8, {2022, 12, 31}), "E-VAT-510");
  EXPECT_EQ(de(11, {2020, 6, 30}), "E-VAT-510");
  EXPECT_EQ(de(11, {2020, 7, 1}), "19.00");
  EXPECT_EQ(de(21, {2020, 12, 31}), "E-VAT-510");
  EXPECT_EQ(de(21, {2021, 1, 1}), "16.00");
  EXPECT_EQ(de(33, {2024, 12, 6}), "9.00");
  EXPECT_EQ(de(43, {2025, 1, 1}), "8.40");
  EXPECT_EQ(de(1, {2019, 12, 31}), "E-VAT-510");
  EXPECT_EQ(de(9, {2026, 1, 1}), "E-VAT-510");
}

TEST(VatTable, AustriaHas49PercentFromJuly2026) {
  const auto at = [](int key, Date day) { return rate(CountryCode::at, key, day); };
  EXPECT_EQ(at(6, {2026, 6, 30}), "E-VAT-510");
  EXPECT_EQ(at(6, {2026, 7, 1}), "4.90");
  EXPECT_EQ(at(7, {2020, 7, 1}), "5.00");
  EXPECT_EQ(at(7, {2022, 1, 1}), "E-VAT-510");
  EXPECT_EQ(found(CountryCode::at, "4.9", {2026, 7, 1}), "6:4.90");
  EXPECT_EQ(found(CountryCode::at, "0", {2026, 7, 1}), "4:0.00");
  EXPECT_EQ(vat_in_force(CountryCode::at, VatKey(6), {2026, 7, 1}).value()->slot, 5);
}

TEST(VatTable, CurrentRatesWinOverHistoricOnes) {
  const Date day{2026, 11, 20};
  EXPECT_EQ(found(CountryCode::de, "19", day), "1:19.00");
  EXPECT_EQ(found(CountryCode::de, "A", day), "1:19.00");
  EXPECT_EQ(found(CountryCode::de, "7.00", day), "2:7.00");
  EXPECT_EQ(found(CountryCode::de, "16", day), "21:16.00");
  EXPECT_EQ(found(CountryCode::de, "I", day), "11:19.00");
  EXPECT_EQ(found(CountryCode::de, "0", day), "5:0.00");
  EXPECT_EQ(found(CountryCode::de, "F", day), "6:0.00");
  EXPECT_EQ(found(CountryCode::de, "19", {2020, 10, 1}), "11:19.00");
  EXPECT_EQ(found(CountryCode::de, "18", day), "E-VAT-510");
  EXPECT_EQ(found(CountryCode::de, "Z", day), "E-VAT-510");
  EXPECT_EQ(found(CountryCode::de, "b", day), "E-MOD-001");
  EXPECT_EQ(found(CountryCode::de, "", day), "E-MOD-001");
}

TEST(VatTable, ErrorListsWhatIsAllowed) {
  const auto row = vat_by_text(CountryCode::de, "18", Date(2026, 11, 20));
  ASSERT_FALSE(row.ok());
  EXPECT_NE(row.error().detail.find("A (19.00), B (7.00), C (7.80)"), std::string::npos)
      << row.error().detail;
  EXPECT_EQ(row.error().detail.find("16.00"), std::string::npos);
}

TEST(VatTable, AKeyHasOneRowADayAndALetterOfItsOwn) {
  for (const auto country : {CountryCode::de, CountryCode::at}) {
    std::map<char, VatKey> letters;
    const auto table = vat_table(country);
    for (std::size_t i = 0; i < table.size(); ++i) {
      const VatEntry& row = table[i];
      EXPECT_EQ(letters.emplace(row.letter, row.key).first->second, row.key) << row.letter;
      EXPECT_GE(row.slot, 1);
      EXPECT_LE(row.slot, 5);
      EXPECT_FALSE(row.source.empty());
      if (i == 0) continue;
      const VatEntry& before = table[i - 1];
      EXPECT_LE(before.key, row.key);
      if (before.key != row.key) continue;
      ASSERT_TRUE(before.until);
      EXPECT_EQ(std::chrono::sys_days(before.until->ymd()) + std::chrono::days(1),
                std::chrono::sys_days(row.from.ymd()));
      EXPECT_EQ(before.letter, row.letter);
      EXPECT_EQ(before.slot, row.slot);
    }
  }
}

TEST(VatTable, HistoricKeysKeepTheSumOfTheirBaseKey) {
  for (const VatEntry& row : vat_table(CountryCode::de)) {
    EXPECT_EQ(row.historic, row.key.get() > 10);
    if (!row.historic) continue;
    EXPECT_EQ(row.slot, row.key.get() % 10) << row.key.get();
  }
}

TEST(VatKeyOfSale, FindsTheHistoricKeyOfAFormerRate) {
  const auto key = [](int of, int hundredths, Date day) {
    const auto found_key =
        vat_key_of_sale(CountryCode::de, VatKey(of), VatRate::from_hundredths(hundredths), day);
    return found_key ? found_key->get() : 0;
  };
  EXPECT_EQ(key(1, 1900, {2020, 6, 30}), 1);
  EXPECT_EQ(key(1, 1900, {2020, 7, 1}), 11);
  EXPECT_EQ(key(1, 1900, {2021, 1, 1}), 1);
  EXPECT_EQ(key(1, 1600, {2021, 1, 1}), 21);
  EXPECT_EQ(key(3, 900, {2026, 1, 1}), 33);
  EXPECT_EQ(key(6, 0, {2026, 1, 1}), 6);
  EXPECT_EQ(key(1, 1234, {2026, 1, 1}), 0);
}

std::string as_markdown(CountryCode country) {
  std::string out =
      "| Letter | Key | Rate % | From | Until | Sum | Name | Name (German) | Source |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  for (const VatEntry& row : vat_table(country)) {
    out +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | [{}] |\n", row.letter, row.key.get(),
                    row.rate.text(), row.from.text(), row.until ? row.until->text() : "", row.slot,
                    row.name_en, row.name_de, row.source);
  }
  return out;
}

TEST(VatTable, ThePageShowsExactlyTheTables) {
  std::ifstream file(std::string(SIEGEL_SOURCE_DIR) + "/docs/reference/vat.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const auto country : {CountryCode::de, CountryCode::at}) {
    const std::string table = as_markdown(country);
    EXPECT_NE(page.str().find(table), std::string::npos) << "the page should hold\n" << table;
  }
}

}  // namespace
}  // namespace siegel
