#include "finanzonline/codes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>

#include "base/file.h"

namespace siegel::finanzonline {
namespace {

TEST(finanzonline_codes, what_to_do_after_the_codes_that_cost_registers) {
  EXPECT_EQ(return_code("0").next, Next::done);
  for (const auto* code : {"B1", "B10", "B13"}) {
    EXPECT_EQ(return_code(code).next, Next::ask_status) << code;
  }
  for (const auto* code : {"43", "B38"}) {
    EXPECT_EQ(return_code(code).next, Next::never_retry) << code;
  }
  for (const auto* code : {"-1", "-2", "-3", "14", "1336", "1337", "B4", "C1", "V1", "V9", "V16"}) {
    EXPECT_EQ(return_code(code).next, Next::retry_later) << code;
  }
  for (const auto* code : {"4", "7", "36", "41", "999", "B21", "B32", "B33"}) {
    EXPECT_EQ(return_code(code).next, Next::fix_input) << code;
  }
}

TEST(finanzonline_codes, every_documented_code_is_in_the_table) {
  const std::set<std::string> documented{
      "0",    "-1",   "-2",  "-3",  "-4",  "4",   "5",   "6",   "7",   "8",   "9",   "13",
      "14",   "36",   "41",  "27",  "28",  "29",  "30",  "31",  "32",  "43",  "998", "999",
      "1336", "1337", "B1",  "B2",  "B3",  "B4",  "B5",  "B6",  "B7",  "B8",  "B9",  "B10",
      "B13",  "B14",  "B15", "B18", "B19", "B20", "B35", "B21", "B22", "B28", "B29", "B30",
      "B32",  "B33",  "B34", "B38", "C1",  "V1",  "V2",  "V3",  "V4",  "V5",  "V6",  "V7",
      "V8",   "V9",   "V10", "V11", "V12", "V13", "V14", "V15", "V16"};
  std::set<std::string> here;
  for (const auto& code : return_codes()) EXPECT_TRUE(here.emplace(code.code).second) << code.code;
  EXPECT_EQ(here, documented);
}

TEST(finanzonline_codes, each_says_in_both_languages_what_it_means_and_what_to_do) {
  for (const auto table : {return_codes(), session_codes(), databox_codes()}) {
    for (const auto& code : table) {
      for (const auto language : {Language::de, Language::en}) {
        EXPECT_TRUE(code.meaning(language).ends_with('.')) << code.code;
        const auto action = code.action(language);
        EXPECT_TRUE(action.ends_with('.') || action.ends_with('?')) << code.code;
      }
      EXPECT_NE(code.meaning_de, code.meaning_en) << code.code;
    }
  }
}

TEST(finanzonline_codes, the_reference_page_says_the_same) {
  const auto page =
      read_file(SIEGEL_SOURCE_DIR "/docs/reference/finanzonline.md", std::uint64_t{1} << 20);
  ASSERT_TRUE(page.ok());
  for (const auto table : {return_codes(), session_codes(), databox_codes()}) {
    for (const auto& code : table) {
      const auto row = fmt::format("| {} | {} | `{}` | {} |\n", code.code, code.meaning_en,
                                   word(code.next), code.action_en);
      EXPECT_NE(text_of(*page).find(row), std::string_view::npos) << row;
    }
  }
}

TEST(finanzonline_codes, an_unknown_code_is_never_sent_again_by_a_program) {
  EXPECT_EQ(return_code("B999").code, "?");
  EXPECT_EQ(return_code("B999").next, Next::never_retry);
  EXPECT_EQ(return_code("").next, Next::never_retry);
  EXPECT_EQ(session_code(17).next, Next::never_retry);
  EXPECT_EQ(databox_code(17).next, Next::never_retry);
}

TEST(finanzonline_codes, a_wrong_pin_is_not_tried_again) {
  for (const int code : {-4, -5, -6, -7, -8}) {
    EXPECT_EQ(session_code(code).next, Next::never_retry) << code;
  }
  EXPECT_EQ(session_code(-2).next, Next::retry_later);
}

TEST(finanzonline_codes, classes_have_words) {
  EXPECT_EQ(word(Next::done), "done");
  EXPECT_EQ(word(Next::ask_status), "ask_status");
  EXPECT_EQ(word(Next::retry_later), "retry_later");
  EXPECT_EQ(word(Next::never_retry), "never_retry");
  EXPECT_EQ(word(Next::fix_input), "fix_input");
}

}  // namespace
}  // namespace siegel::finanzonline
