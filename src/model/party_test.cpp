#include "model/party.h"

#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "model/closing_begun.h"

namespace siegel {
namespace {

/// The first line of the page that begins with `{`.
std::string example_of(const std::string& page) {
  const auto bytes = read_file(std::string(SIEGEL_SOURCE_DIR) + "/docs/formats/" + page, 1U << 20U);
  EXPECT_TRUE(bytes.ok());
  const std::string text(text_of(*bytes));
  const auto begin = text.rfind("\n{");
  return text.substr(begin + 1, text.find('\n', begin + 1) - begin - 1);
}

TEST(Party, OfThePageIsReadAndWrittenAgain) {
  const std::string text = example_of("party.md");
  const auto party = party_from_json(text);
  ASSERT_TRUE(party.ok()) << party.error().detail;
  EXPECT_EQ(to_json(*party), text);
  EXPECT_EQ(party->ordered, party->settled + party->open());
  EXPECT_EQ(party->items.at(0).line.text, "Pils");
}

TEST(Party, InAnotherFormIsCorrupt) {
  const std::string text = example_of("party.md");
  std::string blank = text;
  blank.insert(1, " ");
  EXPECT_EQ(party_from_json(blank).error().code, "E-MOD-101");
  std::string fewer = text;
  fewer.replace(fewer.find("\"lines\":[{"), 10, "\"lines\":[{},{");
  EXPECT_EQ(party_from_json(fewer).error().code, "E-MOD-101");
  EXPECT_EQ(party_from_json("{}").error().code, "E-MOD-101");
  for (std::size_t cut = 0; cut < text.size(); cut += 7)
    EXPECT_FALSE(party_from_json(text.substr(0, cut)).ok());
}

TEST(ClosingBegun, OfThePageIsReadAndWrittenAgain) {
  const std::string text = example_of("closing.md");
  const auto begun = closing_begun_from_json(text);
  ASSERT_TRUE(begun.ok()) << begun.error().detail;
  EXPECT_EQ(to_json(*begun), text);
  EXPECT_TRUE(begun->books_difference);
  EXPECT_EQ(begun->difference_vorgang(), "closing-17-difference");
}

}  // namespace
}  // namespace siegel
