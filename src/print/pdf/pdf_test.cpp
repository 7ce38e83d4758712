#include "print/pdf/pdf.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "format/qr.h"

namespace siegel::print {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Instant noon() { return Instant::parse("2026-11-21T12:00:00Z").value(); }

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

class PdfTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / fmt::format("siegel_pdf_{}", getpid());
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string file(const Bytes& pdf) {
    const std::string path = folder / "x.pdf";
    std::ofstream(path, std::ios::binary) << text_of(pdf);
    return path;
  }
  /// What another program reads in it.
  std::string text_in(const Bytes& pdf) {
    return output_of(fmt::format("pdftotext -layout '{}' -", file(pdf)));
  }
  std::string facts_of(const Bytes& pdf) {
    return output_of(fmt::format("pdfinfo '{}'", file(pdf)));
  }

  std::filesystem::path folder;
};

Bytes rendered(const Document& document, PdfOptions::Paper paper) {
  MemorySink sink;
  const PdfRenderer renderer({.paper = paper, .title = "Ausfallbeleg", .made = noon()});
  const auto done = renderer.render(document, sink);
  EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().detail);
  return sink.take();
}

TEST_F(PdfTest, ASlipIsOnePageOf80MillimetresWithTextThatCanBeRead) {
  Document slip;
  slip.blocks = {Text{"TSE-AUSFALLPROTOKOLL", Align::center, Emphasis::bold},
                 Rule{'='},
                 Pair{"Ausfall Nr.", "3"},
                 Value{"TSE", std::string(64, 'a')},
                 Row{{"A", "1,00", "0,19"}},
                 Text{"Grüße"}};
  const Bytes pdf = rendered(slip, PdfOptions::Paper::roll);
  const std::string text = text_in(pdf);
  EXPECT_THAT(text, HasSubstr("TSE-AUSFALLPROTOKOLL"));
  EXPECT_THAT(text, HasSubstr("Grüße"));
  EXPECT_THAT(text, ::testing::ContainsRegex("Ausfall Nr\\. +3"));
  EXPECT_THAT(text, ::testing::ContainsRegex("A +1,00 +0,19"));
  const std::string facts = facts_of(pdf);
  EXPECT_THAT(facts, HasSubstr("226.772 x"));
  EXPECT_THAT(facts, ::testing::ContainsRegex("Pages: +1\n"));
  EXPECT_THAT(facts, HasSubstr("Ausfallbeleg"));
  EXPECT_EQ(rendered(slip, PdfOptions::Paper::roll), pdf);
}

TEST_F(PdfTest, TheCodeOnASlipCanBeScanned) {
  Document slip;
  slip.blocks = {Text{"x"}, Qr{"V0;KASSE-01;Kassenbeleg-V1;Beleg^1.00", "TSE", {}}};
  const std::string path = file(rendered(slip, PdfOptions::Paper::roll));
  output_of(fmt::format("pdftoppm -gray -png -r 200 '{}' '{}'", path, (folder / "page").string()));
  std::ifstream picture(folder / "page-1.png", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(picture)), {});
  const auto found = format::decode_qr_png(bytes_of(bytes));
  ASSERT_TRUE(found.ok()) << found.error().detail;
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front(), "V0;KASSE-01;Kassenbeleg-V1;Beleg^1.00");
}

TEST_F(PdfTest, ALongDocumentGoesOnOnTheNextPage) {
  Document paper;
  for (int i = 0; i < 200; ++i) paper.blocks.emplace_back(Pair{fmt::format("line {}", i), "x"});
  const Bytes pdf = rendered(paper, PdfOptions::Paper::a4);
  EXPECT_THAT(text_in(pdf), HasSubstr("line 199"));
  EXPECT_THAT(facts_of(pdf), ::testing::ContainsRegex("Pages: +[34]\n"));
}

Bytes report(int rows, const std::string& cell = "Bäckerei") {
  MemorySink sink;
  auto report = PdfReport::begin(sink, {.title = "Ausfallprotokoll",
                                        .subtitle = "November 2026",
                                        .footer = "Muster GmbH",
                                        .landscape = true,
                                        .made = noon()});
  EXPECT_TRUE(report.ok());
  EXPECT_TRUE(report->pair("Kasse", "KASSE-01").ok());
  EXPECT_TRUE(report->heading("Belege").ok());
  EXPECT_TRUE(report->table({{"Nr.", 1, Align::right}, {"Wer", 3, Align::left}}).ok());
  for (int i = 1; i <= rows; ++i) EXPECT_TRUE(report->row({fmt::format("{}", i), cell}).ok());
  EXPECT_TRUE(report->text("Ende.").ok());
  EXPECT_TRUE(report->finish().ok());
  return sink.take();
}

TEST_F(PdfTest, ATableGoesOverPagesWithItsHeadingsOnEach) {
  const Bytes pdf = report(300);
  const std::string text = text_in(pdf);
  for (int i = 1; i <= 300; ++i)
    ASSERT_THAT(text, ::testing::ContainsRegex(fmt::format("(^|[ \n\f]){} +Bäckerei", i)));
  std::size_t headings = 0;
  for (std::size_t at = text.find("Wer"); at != std::string::npos; at = text.find("Wer", at + 1))
    ++headings;
  const auto pages = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\f'));
  EXPECT_GT(pages, 3U);
  EXPECT_EQ(headings, pages);
  EXPECT_THAT(text, HasSubstr(fmt::format("Seite {}", pages)));
  EXPECT_THAT(text, HasSubstr("Ende."));
  EXPECT_EQ(report(300), pdf);
}

TEST_F(PdfTest, WhatATextHoldsIsOnlyText) {
  const std::string text = text_in(report(1, "<b>x</b>\x1b[31m\n\x01 \xff end"));
  EXPECT_THAT(text, HasSubstr("<b>x</b>"));
  EXPECT_THAT(text, HasSubstr("end"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(PdfTest, ACellHigherThanAPageIsCut) {
  std::string endless;
  for (int i = 0; i < 20'000; ++i) endless += "word ";
  const std::string text = text_in(report(2, endless));
  EXPECT_THAT(text, HasSubstr("...\n"));
  EXPECT_LT(text.size(), 100'000U);  // what is cut is not in the file
  EXPECT_THAT(text, HasSubstr("Ende."));
}

TEST_F(PdfTest, PassesOnWhatTheSinkSays) {
  class FullSink final : public Sink {
   public:
    Status write(BytesView) override { return unavailable("E-FIL-004", "no room"); }
  };
  FullSink sink;
  Document slip;
  slip.blocks = {Text{"x"}};
  const auto done = PdfRenderer({.paper = PdfOptions::Paper::a4}).render(slip, sink);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, "E-FIL-004");
}

}  // namespace
}  // namespace siegel::print
