#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "format/json.h"
#include "system/shop.h"

// Closings for bookkeeping, made by the program itself.

namespace siegel::system_test {
namespace {

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const json::Value& at(const json::Value& value, std::initializer_list<std::string_view> path) {
  static const json::Value nothing;
  const json::Value* here = &value;
  for (const std::string_view key : path) {
    const json::Object* object = here->object();
    here = object == nullptr ? nullptr : object->find(key);
    if (here == nullptr) return nothing;
  }
  return *here;
}

TEST(ExportDfka, EachClosingIsAFileWithItsReceiptsAndSums) {
  const TestShop shop;
  ASSERT_EQ(shop.sell(one_line_document("Brezel", "3.60"), "a").exit_code, 0);
  ASSERT_EQ(shop.sell(one_line_document("Kaffee", "2.40"), "b").exit_code, 0);
  ASSERT_EQ(shop.siegel({"close"}).exit_code, 0);
  ASSERT_EQ(shop.sell(one_line_document("Tee", "1.00"), "c").exit_code, 0);
  ASSERT_EQ(shop.siegel({"close"}).exit_code, 0);
  ASSERT_EQ(shop.sell(one_line_document("Saft", "9.00"), "d").exit_code, 0);  // not closed yet

  const auto folder = shop.around() / "closings";
  std::filesystem::create_directory(folder);
  const Ended made = shop.siegel({"export", "dfka", "--out", folder.string()});
  ASSERT_EQ(made.exit_code, 0) << made.text();
  const auto first = json::parse(text_of_file(folder / "Kassenabschluss_KASSE-01_Z000001.json"));
  const auto second = json::parse(text_of_file(folder / "Kassenabschluss_KASSE-01_Z000002.json"));
  ASSERT_TRUE(first.ok() && second.ok()) << made.text();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
  const auto full_amount = [](const json::Value& document) {
    const json::Decimal* amount =
        at(document, {"cash_point_closing", "cash_statement", "payment", "full_amount"}).decimal();
    return amount == nullptr ? std::string("none") : amount->text;
  };
  EXPECT_EQ(full_amount(*first), "6.00");
  EXPECT_EQ(full_amount(*second), "1.00");
  const json::Array* receipts = at(*first, {"cash_point_closing", "transactions"}).array();
  ASSERT_NE(receipts, nullptr);
  ASSERT_EQ(receipts->size(), 2U);
  EXPECT_NE(at(receipts->front(), {"security", "tse"}).array(), nullptr);

  const auto one = shop.around() / "one";
  std::filesystem::create_directory(one);
  EXPECT_EQ(shop.siegel({"export", "dfka", "--closing", "2", "--out", one.string()}).exit_code, 0);
  EXPECT_EQ(text_of_file(one / "Kassenabschluss_KASSE-01_Z000002.json"),
            text_of_file(folder / "Kassenabschluss_KASSE-01_Z000002.json"));
}

TEST(ExportDfka, AClosingThatIsNotThereIsSaid) {
  const TestShop shop;
  const Ended ended = shop.siegel_json({"export", "dfka", "--closing", "3"});
  EXPECT_EQ(ended.exit_code, 5) << ended.text();
  EXPECT_EQ(ended.code(), "E-EXP-101");
  EXPECT_EQ(shop.siegel_json({"export", "dfka", "--closing", "x"}).code(), "E-CLI-105");
}

}  // namespace
}  // namespace siegel::system_test
