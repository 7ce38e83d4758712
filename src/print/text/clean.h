#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Texts of strangers made fit for a line: no control characters, known width.

namespace siegel::print {

/// What one column shows: a character with its combining marks (at most four), always valid UTF-8.
using Glyph = std::string;

/// The glyphs of `text`. Line ends, tabs and Unicode line separators become a blank; other control
/// characters, marks that change direction or cannot be seen, and bytes that are not UTF-8 become
/// `?`.
[[nodiscard]] std::vector<Glyph> glyphs_of(std::string_view text);

/// Lines of at most `width` columns (the first at most `first_width`), broken at blanks; a word
/// longer than a line is cut. Runs of blanks count as one: nobody aligns a text of his own with the
/// columns of ours. Never empty: an empty text is one empty line. Both widths are at least 1.
struct Line {
  std::string text;
  int width = 0;
};
[[nodiscard]] std::vector<Line> wrap(std::string_view text, int first_width, int width);

/// The whole text as one line, blanks as in wrap().
[[nodiscard]] Line one_line(std::string_view text);

/// The text cut hard every `width` columns, blanks kept.
[[nodiscard]] std::vector<Line> cut(std::string_view text, int width);

}  // namespace siegel::print
