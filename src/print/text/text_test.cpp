#include "print/text/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <sstream>

#include "format/qr.h"

namespace siegel::print {
namespace {

std::string shown(const Document& document, TextOptions options = {.columns = 24}) {
  auto text = render_text(document, options);
  EXPECT_TRUE(text.ok());
  return text.ok() ? *text : "";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(line);
  }
  return lines;
}

TEST(TextRenderer, RefusesPaperThatDoesNotExist) {
  for (const int columns : {-1, 0, 23, 81}) {
    const auto made = TextRenderer::make({.columns = columns});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, "E-PRN-001");
  }
  EXPECT_TRUE(TextRenderer::make({.columns = 24}).ok());
  EXPECT_TRUE(TextRenderer::make({.columns = 80}).ok());
}

TEST(TextRenderer, PassesOnWhatTheSinkSaysAndStops) {
  class FullSink final : public Sink {
   public:
    Status write(BytesView) override {
      ++writes;
      return unavailable("E-FIL-004", "no paper");
    }
    int writes = 0;
  };
  FullSink sink;
  const auto renderer = TextRenderer::make({});
  ASSERT_TRUE(renderer.ok());
  const auto status = renderer->render({{Text{"a"}, Row{{"b"}}, Text{"c"}, Row{{"d"}}}}, sink);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "E-FIL-004");
  EXPECT_EQ(sink.writes, 1);
  // A table at the end is not forgotten.
  ASSERT_FALSE(renderer->render({{Row{{"d"}}}}, sink).ok());
  EXPECT_EQ(sink.writes, 2);
}

TEST(TextRenderer, AlignsTexts) {
  EXPECT_EQ(shown({{Text{"links"}}}), "links\n");
  EXPECT_EQ(shown({{Text{"mitte", Align::center}}}), "         mitte\n");
  EXPECT_EQ(shown({{Text{"rechts", Align::right}}}), "                  rechts\n");
}

TEST(TextRenderer, CountsCharactersAndNotBytes) {
  EXPECT_EQ(shown({{Text{"äöü€", Align::right}}}), "                    äöü€\n");
  // e with a combining acute takes one column.
  EXPECT_EQ(shown({{Text{"Cafe\u0301", Align::right}}}), "                    Cafe\u0301\n");
}

TEST(TextRenderer, SpacesAWordOutWhereThereIsRoom) {
  EXPECT_EQ(shown({{Text{"STORNO", Align::center, Emphasis::spaced}}}), "      S T O R N O\n");
  EXPECT_EQ(shown({{Text{"TRAININGSBUCHUNG", Align::center, Emphasis::spaced}}}),
            "    TRAININGSBUCHUNG\n");
}

TEST(TextRenderer, WrapsAtBlanksAndIndentsWhatFollows) {
  EXPECT_EQ(shown({{Text{"Großes Frühstück für zwei Personen"}}}),
            "Großes Frühstück für\n  zwei Personen\n");
  EXPECT_EQ(shown({{Text{std::string(30, 'x')}}}),
            std::string(24, 'x') + "\n  " + std::string(6, 'x') + "\n");
}

TEST(TextRenderer, KeepsTheAmountWholeOnTheLastLineOfAPair) {
  EXPECT_EQ(shown({{Pair{"Brezel", "1,80 B"}}}), "Brezel            1,80 B\n");
  EXPECT_EQ(shown({{Pair{"2 x 1,80", "3,60 B", 2}}}), "  2 x 1,80        3,60 B\n");
  EXPECT_EQ(shown({{Pair{"Großes Frühstück für zwei", "24,80 B"}}}),
            "Großes Frühstück für\n  zwei           24,80 B\n");
  EXPECT_EQ(shown({{Pair{"Zwiebelkuchen vom Blech", "24,80 B"}}}),
            "Zwiebelkuchen vom Blech\n                 24,80 B\n");
}

TEST(TextRenderer, WrapsARightTextThatIsWiderThanThePaper) {
  EXPECT_EQ(shown({{Pair{"Grund", "E-TSE-104 nicht erreichbar seit heute"}}}),
            "Grund\n         E-TSE-104 nicht\n   erreichbar seit heute\n");
}

TEST(TextRenderer, GivesRowsThatFollowEachOtherTheSameColumns) {
  const Document table{{Row{{"Satz", "Netto", "USt", "Brutto"}},
                        Row{{"A 19,00 %", "2,86", "0,54", "3,40"}},
                        Row{{"Summe", "1.111,27", "1,13", "12,40"}}}};
  EXPECT_EQ(shown(table, {.columns = 48}),
            "Satz               Netto         USt      Brutto\n"
            "A 19,00 %           2,86        0,54        3,40\n"
            "Summe           1.111,27        1,13       12,40\n");
  EXPECT_EQ(shown(table, {.columns = 32}),
            "Satz     Netto      USt   Brutto\n"
            "A 19,00 %\n"
            "          2,86     0,54     3,40\n"
            "Summe 1.111,27     1,13    12,40\n");
  EXPECT_EQ(shown(table, {.columns = 26}),
            "A 19,00 %\n"
            "  Netto               2,86\n"
            "  USt                 0,54\n"
            "  Brutto              3,40\n"
            "Summe\n"
            "  Netto           1.111,27\n"
            "  USt                 1,13\n"
            "  Brutto             12,40\n");
}

TEST(TextRenderer, CutsLongValuesHardBelowTheirLabel) {
  EXPECT_EQ(shown({{Value{"Serie", std::string(50, 'f')}}}),
            "Serie\n  " + std::string(22, 'f') + "\n  " + std::string(22, 'f') + "\n  " +
                std::string(6, 'f') + "\n");
  EXPECT_EQ(shown({{Value{"Serie", "abc"}}}), "Serie                abc\n");
}

TEST(TextRenderer, NoTextCanForgeALine) {
  // Line ends, a run of blanks up to the edge, and a word as long as the paper.
  for (const std::string& text :
       {std::string("Brezel\nSUMME EUR 0,00"), std::string("Brezel\r\nSUMME EUR 0,00"),
        std::string("Brezel\u2028SUMME EUR 0,00"), std::string("Brezel\u0085SUMME EUR 0,00"),
        "Brezel" + std::string(18, ' ') + "SUMME EUR 0,00",
        std::string(24, 'x') + "SUMME EUR 0,00"}) {
    for (const Document& document : {Document{{Text{text}}}, Document{{Pair{text, "1,80 B"}}}}) {
      for (const std::string& line : lines_of(shown(document))) {
        EXPECT_FALSE(line.starts_with("SUMME")) << text;
      }
    }
  }
}

TEST(TextRenderer, NoTextCanSteerATerminal) {
  const std::string evil =
      "a\x1b[2Jb\x07"
      "c\x7f"
      "d\u009be\u202eg\xff\xc0\xaf\xed\xa0\x80h";
  const Document document{{Text{evil}, Pair{evil, evil}, Row{{evil, evil}}, Row{{evil, evil}},
                           Value{evil, evil}, Qr{"x", evil, {}}, Rule{'\x1b'}}};
  const std::string text = shown(document, {.columns = 48});
  EXPECT_EQ(lines_of(text).front(), "a?[2Jb?c?d?e?g??????h");
  EXPECT_TRUE(valid_utf8(text));
}

TEST(TextRenderer, AnyTextGivesCleanLinesOfAtMostTheWidth) {
  EXPECT_TRUE(rc::check([] {
    const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const int columns = *rc::gen::inRange(24, 81);
    const Document document{{Text{bytes}, Text{bytes, Align::center, Emphasis::spaced},
                             Pair{bytes, bytes, 2}, Row{{bytes, bytes, bytes}},
                             Value{bytes, bytes}}};
    const auto text = render_text(document, {.columns = columns});
    RC_ASSERT(text.ok());
    RC_ASSERT(valid_utf8(*text));
    for (const std::string& line : lines_of(*text)) {
      std::size_t width = 0;
      for (std::size_t i = 0; i < line.size(); ++i) {
        const auto byte = static_cast<unsigned char>(line[i]);
        RC_ASSERT((byte >= 0x20 && byte != 0x7f));
        RC_ASSERT((byte != 0xC2 || static_cast<unsigned char>(line[i + 1]) >= 0xA0));
        const auto next = static_cast<unsigned char>(i + 1 < line.size() ? line[i + 1] : 0);
        const unsigned pair = byte * 256U + next;  // the two bytes of U+0080 to U+07FF
        const bool mark = (pair >= 0xCC80 && pair <= 0xCDAF) ||
                          (pair >= 0xD283 && pair <= 0xD289) ||
                          (pair >= 0xD691 && pair <= 0xD6BD) || (pair >= 0xD98B && pair <= 0xD99F);
        width += (byte & 0xC0U) != 0x80U && !mark ? 1 : 0;
      }
      RC_ASSERT(width <= static_cast<std::size_t>(columns));
      RC_ASSERT((line.empty() || line.back() != ' '));
    }
  }));
}

TEST(TextRenderer, NoFactIsLostAtAnyWidth) {
  EXPECT_TRUE(rc::check([] {
    const int columns = *rc::gen::inRange(24, 81);
    const auto number = *rc::gen::inRange(0, 1'000'000'000);
    const std::string amount = std::to_string(number);
    const Document document{{Pair{"Transaktion mit langem Namen", amount},
                             Row{{"Satz", "Netto", "Steuer", "Brutto"}},
                             Row{{"A 19,00 %", amount, amount, amount}}}};
    const auto text = render_text(document, {.columns = columns});
    RC_ASSERT(text.ok());
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text->find(amount, at)) != std::string::npos; ++at) {
      ++found;
    }
    RC_ASSERT(found >= 4U);
  }));
}

// The modules of a code drawn with half blocks, and the picture of it.
std::vector<std::string> read_blocks(const std::string& text) {
  std::vector<std::string> modules;
  for (const std::string& line : lines_of(text)) {
    std::string upper;
    std::string lower;
    for (std::size_t i = 0; i < line.size();) {
      const bool block = line.compare(i, 2, "\xe2\x96") == 0;
      const char kind = block ? line[i + 2] : ' ';
      upper += kind == '\x80' || kind == '\x88' ? '#' : ' ';
      lower += kind == '\x84' || kind == '\x88' ? '#' : ' ';
      i += block ? 3 : 1;
    }
    modules.push_back(upper);
    modules.push_back(lower);
  }
  return modules;
}

std::string scan(const std::string& text) {
  const std::vector<std::string> modules = read_blocks(text);
  constexpr std::size_t pixels = 4;
  std::size_t widest = 0;
  for (const std::string& row : modules) {
    widest = std::max(widest, row.size());
  }
  const std::size_t width = (widest + 8) * pixels;
  const std::size_t height = (modules.size() + 8) * pixels;
  format::GreyImage image{static_cast<std::uint32_t>(width), static_cast<std::uint32_t>(height),
                          Bytes(width * height, std::byte{255})};
  for (std::size_t y = 0; y < modules.size() * pixels; ++y) {
    const std::string& row = modules[y / pixels];
    for (std::size_t x = 0; x < row.size() * pixels; ++x) {
      if (row[x / pixels] == '#') {
        image.pixels[(y + 4 * pixels) * width + x + 4 * pixels] = std::byte{0};
      }
    }
  }
  const auto png = format::encode_png(image);
  if (!png.ok()) {
    return "no PNG";
  }
  const auto found = format::decode_qr_png(*png);
  return found.ok() && found->size() == 1 ? found->front() : "no code";
}

TEST(TextRenderer, DrawsAQrCodeThatAScannerReads) {
  const std::string receipt = "V0;KASSE-01;Kassenbeleg-V1;" + std::string(350, 'q');
  for (const std::string& text : {std::string("short"), receipt}) {
    for (const int columns : {32, 42, 48, 80}) {
      const std::string page = shown({{Qr{text, {}, {}}}}, {.columns = columns});
      EXPECT_EQ(scan(page), text) << columns;
      EXPECT_LE(read_blocks(page).front().size(), 80U);
    }
  }
}

TEST(TextRenderer, ColoursTheCodeSoThatDarkTerminalsShowItToo) {
  const std::string page = shown({{Qr{"text", {}, {}}, Text{"fett", {}, Emphasis::bold}}},
                                 {.columns = 48, .ansi = true});
  const auto lines = lines_of(page);
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    EXPECT_NE(lines[i].find("\x1b[30;107m    "), std::string::npos);
    EXPECT_TRUE(lines[i].ends_with("    \x1b[0m"));
  }
  EXPECT_EQ(lines.back(), "\x1b[1mfett\x1b[0m");
}

TEST(TextRenderer, PrintsTheFactsInClearWhereTheCodeHasNoRoom) {
  const Qr qr{
      std::string(800, 'q'), "im Code", {Pair{"TSE-Transaktion", "17"}, Value{"Wert", "x"}}};
  const std::string clear = "TSE-Transaktion       17\nWert                   x\n";
  EXPECT_EQ(shown({{qr}}), clear);
  EXPECT_EQ(shown({{Qr{"short", "im Code", qr.instead}}}, {.columns = 24, .qr = QrDrawing::none}),
            clear);
  EXPECT_EQ(shown({{Qr{std::string(5000, 'q'), "", qr.instead}}}), clear);
}

}  // namespace
}  // namespace siegel::print
