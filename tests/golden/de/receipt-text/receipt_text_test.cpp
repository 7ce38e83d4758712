#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "base/file.h"
#include "country/de/de.h"
#include "format/qr.h"
#include "print/text/photograph.h"
#include "print/text/text.h"
#include "receipts.h"

namespace siegel::golden {
namespace {

using print::QrDrawing;

constexpr int widths[] = {32, 42, 48};

std::string printed(const Example& example, print::TextOptions options) {
  const auto document =
      country::de::Germany().print(example.receipt, example.profile, {.copy = example.copy});
  auto text = print::render_text(document, options);
  EXPECT_TRUE(text.ok());
  return text.ok() ? *text : "";
}

const Example& example(std::string_view name) {
  static const std::vector<Example> all = examples();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Example& each) { return each.name == name; });
  EXPECT_NE(found, all.end()) << name;
  return found == all.end() ? all.front() : *found;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::string without_blanks(std::string_view text) {
  std::string dense;
  std::copy_if(text.begin(), text.end(), std::back_inserter(dense),
               [](char c) { return c != ' ' && c != '\n'; });
  return dense;
}

// The first of the lines that starts with each of `labels`, in this order and all there.
::testing::AssertionResult in_order(const std::string& text,
                                    const std::vector<std::string>& labels) {
  const auto lines = lines_of(text);
  auto from = lines.begin();
  for (const std::string& label : labels) {
    from = std::find_if(from, lines.end(),
                        [&](const std::string& line) { return line.starts_with(label); });
    if (from == lines.end()) {
      return ::testing::AssertionFailure() << label << " is missing or out of order in\n" << text;
    }
    ++from;
  }
  return ::testing::AssertionSuccess();
}

TEST(ReceiptText, IsAsRecordedAtThreeWidths) {
  RecordProperty("proves", "BIO-070 BIO-081");
  const std::filesystem::path folder =
      std::filesystem::path(SIEGEL_SOURCE_DIR) / "tests/golden/de/receipt-text/1";
  const bool write = std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr;
  std::set<std::string> expected_files;
  for (const Example& each : examples()) {
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

TEST(ReceiptText, HoldsWhatTheLawDemandsAtEveryWidthAndSetting) {
  RecordProperty("proves", "DIK-001");
  for (Example each : examples()) {
    if (!each.receipt.seal || each.receipt.seal->outcome != Seal::Outcome::signed_by_tse) {
      continue;
    }
    const Receipt& receipt = each.receipt;
    const Seal& seal = *receipt.seal;
    std::vector<std::string> facts = {receipt.business.name,
                                      receipt.business.street,
                                      receipt.business.city,
                                      receipt.plan.receipt_number,
                                      receipt.tse->serial,
                                      receipt.register_info.id.text(),
                                      base64(seal.signature),
                                      std::to_string(seal.transaction),
                                      std::to_string(seal.signature_counter)};
    if (receipt.plan.kind != ReceiptKind::memo) {
      for (const PlanLine& line : receipt.plan.lines) {
        if (!line.cancelled) facts.push_back(line.text);
      }
    }
    for (const LabelSet labels : {LabelSet::standard, LabelSet::biobill, LabelSet::dikasse}) {
      for (const TseForm form : {TseForm::qr, TseForm::text, TseForm::qr_and_text}) {
        for (const Language language : {Language::de, Language::en}) {
          each.profile.labels = labels;
          each.profile.tse_form = form;
          each.profile.language = language;
          for (const int columns : {24, 32, 37, 42, 48, 80}) {
            // A code that is not drawn must not take its facts along.
            const std::string text =
                without_blanks(printed(each, {.columns = columns, .qr = QrDrawing::none}));
            for (const std::string& fact : facts) {
              EXPECT_NE(text.find(without_blanks(fact)), std::string::npos)
                  << each.name << ": " << fact << " at " << columns;
            }
          }
        }
      }
    }
  }
}

TEST(ReceiptText, ALineTakenBackIsNotOnThePaper) {
  const std::string text = printed(example("restaurant"), {.columns = 42});
  EXPECT_EQ(text.find("Zurückgenommen"), std::string::npos);
}

TEST(ReceiptText, PrintsSevenItemsInOrder) {
  RecordProperty("proves", "BIO-082 BIO-083 BIO-084 BIO-085 BIO-086 BIO-087 BIO-088 BIO-092");
  for (const int columns : widths) {
    const std::string bill = printed(example("bill-biobill"), {.columns = columns});
    EXPECT_TRUE(in_order(bill, {"TSE", "TAN", "SIZ", "ERST", "START", "ENDE", "SIGN"}));
    EXPECT_NE(without_blanks(bill).find("ERST20.11.202617:12:08START20.11.202618:41:04"
                                        "ENDE20.11.202618:42:17SIGN"),
              std::string::npos);
    // Only a receipt that settles has a first start.
    const std::string sale = printed(example("sale-biobill"), {.columns = columns});
    EXPECT_TRUE(in_order(sale, {"TSE", "TAN", "SIZ", "START", "ENDE", "SIGN"}));
    EXPECT_EQ(sale.find("ERST"), std::string::npos);
  }
}

TEST(ReceiptText, PrintsNineItemsInOrderWhateverTheForm) {
  RecordProperty("proves",
                 "DIK-001 DIK-002 DIK-003 DIK-004 DIK-005 DIK-006 DIK-007 DIK-008 DIK-009 DIK-010");
  for (const char* name : {"sale-dikasse", "sale-dikasse-qr", "order-dikasse"}) {
    for (const int columns : widths) {
      const std::string text =
          printed(example(name), {.columns = columns, .qr = QrDrawing::placeholder});
      EXPECT_TRUE(in_order(text, {"[1] Signatur", "[2] Transaktionsnummer", "[3] Start", "[4] Ende",
                                  "[5] TSE-Seriennummer", "[6] Signaturzähler", "[7] Zeitformat",
                                  "[8] Signaturalgorithmus", "[9] Öffentlicher Schlüssel"}));
      const std::string dense = without_blanks(text);
      for (const std::string_view fact :
           {"20.11.202618:41:04(UTC+01:00)", "20.11.202618:42:17(UTC+01:00)", "unixTime",
            "ecdsa-plain-SHA256"}) {
        EXPECT_NE(dense.find(fact), std::string::npos) << fact;
      }
    }
  }
}

TEST(ReceiptText, AnOutageIsShownForEverAndWithoutAnySignature) {
  RecordProperty("proves", "TSS-024 TSS-025 TSS-026 DIK-011 BIO-093");
  for (const char* name : {"outage", "outage-copy", "outage-biobill", "outage-dikasse"}) {
    const Example& each = example(name);
    for (const int columns : widths) {
      const std::string text = printed(each, {.columns = columns});
      const std::string dense = without_blanks(text);
      for (const std::string_view fact :
           {"***TSEAUSGEFALLEN***", "BelegohneTSE-Transaktionsnummer", "AusfallNr.3,Beleg2",
            "20.11.202618:38:10", "E-TSE-104nichterreichbar", "VorgangBeginn20.11.202618:41:04",
            "VorgangEnde20.11.202618:42:16", "KASSE-01"}) {
        EXPECT_NE(dense.find(fact), std::string::npos) << fact << "\n" << text;
      }
      EXPECT_EQ(text.find("█"), std::string::npos);
      EXPECT_EQ(dense.find("Prüfwert"), std::string::npos);
      EXPECT_EQ(dense.find("<keineTSE-Daten>") != std::string::npos,
                each.profile.labels == LabelSet::biobill);
    }
  }
}

TEST(ReceiptText, TheVariableOfATemplateIsTheDataOrTheFailureAndNoTemplateDropsIt) {
  RecordProperty("proves", "TSS-028");
  for (const char* name : {"sale", "outage", "outage-biobill", "outage-copy"}) {
    Example each = example(name);
    const std::string proof =
        std::string_view(name) == "sale" ? "TSE-Transaktion" : "*** TSE AUSGEFALLEN ***";
    each.profile.tse_form = TseForm::text;
    const auto follow_each_other = [](const std::string& text,
                                      const std::vector<std::string>& parts) {
      std::size_t at = 0;
      return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        at = text.find(part, at);
        return at != std::string::npos;
      });
    };
    const auto count = [&](const std::string& text) {
      std::size_t times = 0;
      for (auto at = text.find(proof); at != std::string::npos; at = text.find(proof, at + 1))
        ++times;
      return times;
    };
    each.receipt.business.footer_lines = {"Danke!", "$tse_footer$", "Bis bald"};
    EXPECT_TRUE(follow_each_other(printed(each, {.columns = 48}), {"Danke!", proof, "Bis bald"}))
        << name;
    each.receipt.business.footer_lines = {"vorher $tse_footer$ nachher $tse_footer$", "Ende"};
    const std::string text = printed(each, {.columns = 48});
    EXPECT_TRUE(follow_each_other(text, {"vorher", proof, "nachher", "Ende"})) << text;
    EXPECT_EQ(count(text), 1U) << text;
    EXPECT_EQ(text.find("$tse_footer$"), std::string::npos);
    // Without the variable, and without a footer, it stands where it always does.
    each.receipt.business.footer_lines = {"Danke!"};
    EXPECT_TRUE(follow_each_other(printed(each, {.columns = 48}), {proof, "Danke!"})) << name;
    each.receipt.business.footer_lines = {};
    EXPECT_EQ(count(printed(each, {.columns = 48})), 1U) << name;
  }
}

TEST(ReceiptText, ATseSwitchedOffByHandSaysSo) {
  Example each = example("outage");
  each.receipt.seal->error_code = "E-TSE-901";
  EXPECT_NE(printed(each, {.columns = 48}).find("E-TSE-901 von Hand abgeschaltet"),
            std::string::npos);
  each.receipt.seal->error_code = "E-TSE-902";
  EXPECT_NE(printed(each, {.columns = 48}).find("E-TSE-902 Notbetrieb"), std::string::npos);
}

TEST(ReceiptText, MarksVatGroupsWithFixedNumbersThatFollowTheRate) {
  RecordProperty("proves", "BIO-078 BIO-079 BIO-080 BIO-081");
  const std::string text = printed(example("late-return-numbers"), {.columns = 48});
  EXPECT_TRUE(in_order(text, {"MwSt               netto      Steuer      brutto", "6  16,00 %",
                              "7   5,00 %", "1  19,00 %", "2   7,00 %"}));
  for (const std::string_view line : {"-58,00 6\n", "-21,00 7\n", "64,90 1\n", "22,50 2\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
}

TEST(ReceiptText, SaysWhatKindItIsAtTopAndBottom) {
  const auto twice = [](const std::string& text, std::string_view word) {
    const auto first = text.find(word);
    const auto last = text.rfind(word);
    return first != std::string::npos && first != last &&
           text.substr(last).size() < word.size() + 4;
  };
  EXPECT_TRUE(
      twice(printed(example("training"), {.columns = 42}), "T R A I N I N G S B U C H U N G"));
  EXPECT_TRUE(twice(printed(example("reversal"), {.columns = 42}), "S T O R N O"));
  EXPECT_TRUE(twice(printed(example("sale-copy"), {.columns = 42}), "K O P I E"));
  EXPECT_TRUE(twice(printed(example("delivery-note"), {.columns = 42}), "L I E F E R S C H E I N"));
  EXPECT_TRUE(twice(printed(example("sale-uncertified"), {.columns = 48}),
                    "TESTBELEG - Software-TSE, nicht zertifiziert"));
}

TEST(ReceiptText, AHeaderOfOnesOwnCannotHideTheSeller) {
  const std::string text = printed(example("sale-own-header"), {.columns = 48});
  EXPECT_NE(text.find("Bäckerei Morgenrot GmbH\n"), std::string::npos);
  EXPECT_NE(text.find("DE999999999"), std::string::npos);
  // What the header says already is not said twice.
  EXPECT_EQ(text.find("Lindenstraße"), text.rfind("Lindenstraße"));
}

TEST(ReceiptText, WordsOfATillCannotForgeAnything) {
  Example each = example("sale");
  each.receipt.plan.lines.front().text = "Brezel\nSUMME EUR      0,00\x1b[2J";
  each.receipt.plan.cashier = "Mia\r\n*** TSE AUSGEFALLEN ***";
  each.receipt.plan.note = "x\u2028SUMME EUR 0,00";
  for (const int columns : widths) {
    const std::string text = printed(each, {.columns = columns, .qr = QrDrawing::none});
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    int sums = 0;
    for (const std::string& line : lines_of(text)) {
      sums += line.starts_with("SUMME") ? 1 : 0;
      EXPECT_FALSE(line.starts_with("***"));
    }
    EXPECT_EQ(sums, 1);
  }
}

TEST(ReceiptText, AScannerReadsThePrintedCodeBack) {
  for (const Example& each : examples()) {
    const std::string text = country::de::Germany().code_text(each.receipt);
    if (text.empty() || each.profile.tse_form == TseForm::text) {
      continue;
    }
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

TEST(ReceiptText, OnlyASignedKassenbelegHasACode) {
  EXPECT_EQ(country::de::Germany().code_text(example("sale").receipt),
            "V0;KASSE-01;Kassenbeleg-V1;Beleg^3.40_9.00_0.00_0.00_0.00^12.40:Bar;102934;305821;"
            "2026-11-20T17:41:04.000Z;2026-11-20T17:42:17.000Z;ecdsa-plain-SHA256;unixTime;" +
                base64(example("sale").receipt.seal->signature) + ";" +
                base64(example("sale").receipt.tse->public_key));
  for (const char* name : {"order", "memo", "outage", "no-tse", "unfinished"}) {
    EXPECT_EQ(country::de::Germany().code_text(example(name).receipt), "") << name;
  }
}

}  // namespace
}  // namespace siegel::golden
