#include "print/text/clean.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

namespace siegel::print {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Letters of Arabic or Thai script have marks outside of these ranges; they then count a column.
constexpr std::array marks = {Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD},
                              Range{0x064B, 0x065F}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF},
                              Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}, Range{0xFE20, 0xFE2F}};

constexpr std::array refused = {
    Range{0x0000, 0x001F},   Range{0x007F, 0x009F},   Range{0x00AD, 0x00AD},
    Range{0x034F, 0x034F},   Range{0x061C, 0x061C},   Range{0x115F, 0x1160},
    Range{0x180B, 0x180F},   Range{0x200B, 0x200F},   Range{0x202A, 0x202E},
    Range{0x2060, 0x206F},   Range{0x3164, 0x3164},   Range{0xFEFF, 0xFEFF},
    Range{0xFFA0, 0xFFA0},   Range{0xFFF0, 0xFFFF},   Range{0x1D173, 0x1D17A},
    Range{0xE0000, 0xE0FFF}, Range{0xF0000, 0x10FFFF}};

template <std::size_t N>
bool in(const std::array<Range, N>& ranges, char32_t c) {
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) {
      return true;
    }
  }
  return false;
}

bool is_blank(char32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == 0x0B || c == 0x0C || c == 0x85 ||
         c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000 || c == 0x1680;
}

struct Decoded {
  char32_t code = 0;
  std::size_t bytes = 0;
};

// One code point of strict UTF-8 at the start of `text`.
std::optional<Decoded> decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) {
    return Decoded{lead, 1};
  }
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) {
    return std::nullopt;
  }
  char32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return std::nullopt;
    }
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < smallest[bytes] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
    return std::nullopt;
  }
  return Decoded{code, bytes};
}

void append(Line& line, const Glyph& glyph) {
  line.text += glyph;
  ++line.width;
}

void append(Line& line, const Line& more) {
  line.text += more.text;
  line.width += more.width;
}

}  // namespace

std::vector<Glyph> glyphs_of(std::string_view text) {
  constexpr int marks_max = 4;
  std::vector<Glyph> glyphs;
  glyphs.reserve(text.size());
  int marks_here = 0;
  while (!text.empty()) {
    const auto decoded = decode(text);
    const std::size_t bytes = decoded ? decoded->bytes : 1;
    const std::string_view raw = text.substr(0, bytes);
    text.remove_prefix(bytes);
    if (decoded && is_blank(decoded->code)) {
      glyphs.emplace_back(" ");
    } else if (!decoded || in(refused, decoded->code)) {
      glyphs.emplace_back("?");
    } else if (in(marks, decoded->code)) {
      // A mark without a character would sit on our own blank or line end.
      if (!glyphs.empty() && glyphs.back() != " " && marks_here < marks_max) {
        glyphs.back() += raw;
        ++marks_here;
      }
      continue;
    } else {
      glyphs.emplace_back(raw);
    }
    marks_here = 0;
  }
  return glyphs;
}

std::vector<Line> wrap(std::string_view text, int first_width, int width) {
  std::vector<Line> lines(1);
  const auto room = [&] { return (lines.size() == 1 ? first_width : width) - lines.back().width; };
  const auto place = [&](const std::vector<Glyph>& glyphs, std::size_t from, std::size_t to) {
    const int length = static_cast<int>(to - from);
    if (lines.back().width > 0) {
      if (length + 1 <= room()) {
        append(lines.back(), " ");
      } else {
        lines.emplace_back();
      }
    }
    for (std::size_t i = from; i < to; ++i) {
      if (room() == 0) {
        lines.emplace_back();
      }
      append(lines.back(), glyphs[i]);
    }
  };
  const std::vector<Glyph> glyphs = glyphs_of(text);
  std::size_t start = 0;
  for (std::size_t i = 0; i <= glyphs.size(); ++i) {
    if (i == glyphs.size() || glyphs[i] == " ") {
      if (i > start) {
        place(glyphs, start, i);
      }
      start = i + 1;
    }
  }
  return lines;
}

Line one_line(std::string_view text) {
  constexpr int endless = std::numeric_limits<int>::max() / 2;
  Line line;
  for (const Line& part : wrap(text, endless, endless)) {
    append(line, part);
  }
  return line;
}

std::vector<Line> cut(std::string_view text, int width) {
  std::vector<Line> lines(1);
  for (const Glyph& glyph : glyphs_of(text)) {
    if (lines.back().width == width) {
      lines.emplace_back();
    }
    append(lines.back(), glyph);
  }
  return lines;
}

}  // namespace siegel::print
