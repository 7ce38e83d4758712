#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "base/file.h"
#include "cafe.h"
#include "country/at/at.h"
#include "format/qr.h"
#include "model/rksv.h"
#include "print/text/photograph.h"
#include "print/text/text.h"

namespace siegel::golden {
namespace {

using print::QrDrawing;

constexpr int widths[] = {32, 42, 48};

std::string printed(const Example& example, print::TextOptions options) {
  const auto document =
      country::at::Austria().print(example.receipt, example.profile, {.copy = example.copy});
  return print::render_text(document, options).value();
}

Example example(std::string_view name) {
  static const std::vector<Example> all = cafe();
  const auto found = std::ranges::find(all, name, &Example::name);
  EXPECT_NE(found, all.end()) << name;
  return *found;
}

std::string without_blanks(std::string_view text) {
  std::string dense;
  std::ranges::copy_if(text, std::back_inserter(dense),
                       [](char c) { return c != ' ' && c != '\n'; });
  return dense;
}

::testing::AssertionResult holds(const std::string& text, std::string_view fact) {
  if (without_blanks(text).find(without_blanks(fact)) != std::string::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << fact << " is missing in\n" << text;
}

TEST(AustrianReceipt, IsAsRecordedAtThreeWidths) {
  const std::filesystem::path folder =
      std::filesystem::path(SIEGEL_SOURCE_DIR) / "tests/golden/at/receipt-text/1";
  const bool write = std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr;
  std::set<std::string> expected_files;
  for (const Example& each : cafe()) {
    for (const int width : widths) {
      const std::string name = each.name + "-" + std::to_string(width) + ".txt";
      expected_files.insert(name);
      const std::string text = printed(each, {.columns = width, .qr = QrDrawing::placeholder});
      if (write) {
        ASSERT_TRUE(write_file(folder / name, bytes_of(text)).ok());
      }
      const auto golden = read_file(folder / name, 100'000);
      ASSERT_TRUE(golden.ok()) << name;
      EXPECT_EQ(text, text_of(*golden)) << name;
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_TRUE(expected_files.contains(entry.path().filename().string())) << entry.path();
  }
}

TEST(AustrianReceipt, HoldsWhatTheLawDemandsAtEveryWidthAndForm) {
  RecordProperty("proves", "AMA-006 AMA-037 AMA-038");
  for (Example each : cafe()) {
    const Receipt& receipt = each.receipt;
    if (!receipt.plan.rksv) continue;
    std::vector<std::string> facts = {receipt.business.name, receipt.plan.receipt_number,
                                      receipt.plan.register_id.text()};
    for (const PlanLine& line : receipt.plan.lines) facts.push_back(line.text);
    for (const TseForm form : {TseForm::qr, TseForm::text, TseForm::qr_and_text}) {
      for (const Language language : {Language::de, Language::en}) {
        each.profile.tse_form = form;
        each.profile.language = language;
        for (const int columns : {24, 32, 42, 48, 80}) {
          const std::string text = printed(each, {.columns = columns, .qr = QrDrawing::none});
          for (const std::string& fact : facts) EXPECT_TRUE(holds(text, fact)) << each.name;
          // A code that is not drawn is printed for reading machines.
          EXPECT_TRUE(
              holds(text, rksv::ocr_code(receipt.seal->code_payload, receipt.seal->signature)));
          EXPECT_TRUE(holds(text, language == Language::de
                                      ? receipt.plan.decided.print_second()
                                      : receipt.plan.decided.text().substr(11, 8)));
        }
      }
    }
  }
}

TEST(AustrianReceipt, SaysWhatItIsInGermanAtTopAndBottom) {
  RecordProperty("proves", "AMA-057 AMA-058 AMA-060 AMA-061 AMA-062 AMA-063");
  const std::pair<const char*, const char*> words[] = {
      {"start", "STARTBELEG"},
      {"reversal", "STORNOBUCHUNG"},
      {"training", "TRAININGSBUCHUNG"},
      {"collective", "SAMMELBELEG"},
      {"check", "NULLBELEG"},
      {"month", "MONATSBELEG 11/2026"},
      {"year", "JAHRESBELEG 2026"},
      {"final", "SCHLUSSBELEG"},
      {"sale-development", "TESTSIGNATUR - kein gültiger Beleg"}};
  for (const auto& [name, word] : words) {
    Example each = example(name);
    for (const Language language : {Language::de, Language::en}) {
      if (std::string_view(name) == "sale-development" && language == Language::en) continue;
      each.profile.language = language;
      const std::string text = printed(each, {.columns = 42, .qr = QrDrawing::placeholder});
      EXPECT_NE(text.find(word), text.rfind(word)) << name;
    }
  }
}

TEST(AustrianReceipt, AnOutageIsShownForEver) {
  for (const char* name : {"outage", "outage-copy"}) {
    Example each = example(name);
    for (const Language language : {Language::de, Language::en}) {
      each.profile.language = language;
      EXPECT_TRUE(holds(printed(each, {.columns = 32}), "Sicherheitseinrichtung ausgefallen"));
    }
  }
  EXPECT_FALSE(holds(printed(example("sale"), {.columns = 48}), "ausgefallen"));
}

TEST(AustrianReceipt, ShowsFourPointNineAsARateOfItsOwn) {
  const std::string text = printed(example("all-rates"), {.columns = 48});
  EXPECT_TRUE(holds(text, "E 19,0 % 1,26 0,24 1,50"));
  EXPECT_TRUE(holds(text, "F 4,9 % 3,77 0,18 3,95"));
  EXPECT_TRUE(holds(text, "Semmel 5 x 0,79 3,95 F"));
  // Together in field 9 of the code.
  EXPECT_NE(country::at::Austria().code_text(example("all-rates").receipt).find("_25,00_5,45_"),
            std::string::npos);
}

TEST(AustrianReceipt, PaperAndCodeSayTheSameTimeWhenItIsHeld) {
  Example each = example("sale");
  each.receipt.plan.rksv->time = "2026-10-25T02:59:58";
  each.receipt.plan.decided = LocalStamp::parse("2026-10-25T02:00:05+01:00").value();
  EXPECT_TRUE(holds(printed(each, {.columns = 42}), "25.10.2026 02:59:58"));
}

TEST(AustrianReceipt, WhatIsNoBarumsatzHasNoCodeAndSaysSo) {
  for (const char* name : {"opening-float", "memo"}) {
    EXPECT_EQ(country::at::Austria().code_text(example(name).receipt), "");
    EXPECT_TRUE(holds(printed(example(name), {.columns = 48}), "Kein Barumsatz, keine Signatur"));
  }
}

TEST(AustrianReceipt, WordsOfATillCannotForgeAnything) {
  Example each = example("sale");
  each.receipt.plan.lines.front().text = "Melange\nSUMME EUR      0,00\x1b[2J";
  each.receipt.plan.cashier = "Eva\r\nSicherheitseinrichtung ausgefallen";
  for (const int columns : widths) {
    const std::string text = printed(each, {.columns = columns, .qr = QrDrawing::none});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find("\nSUMME"), text.rfind("\nSUMME"));
    EXPECT_EQ(text.find("\nSicherheits"), std::string::npos);
  }
}

TEST(AustrianReceipt, AScannerReadsThePrintedCodeBack) {
  for (const Example& each : cafe()) {
    const std::string text = country::at::Austria().code_text(each.receipt);
    if (text.empty() || each.profile.tse_form == TseForm::text) continue;
    for (const int columns : widths) {
      const auto png = format::encode_png(
          print::photograph(printed(each, {.columns = columns, .qr = QrDrawing::blocks})));
      ASSERT_TRUE(png.ok());
      const auto found = format::decode_qr_png(*png);
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(*found, std::vector<std::string>{text}) << each.name << " at " << columns;
    }
  }
}

}  // namespace
}  // namespace siegel::golden
