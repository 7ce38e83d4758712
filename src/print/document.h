#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

// The socket of printing. A Document is what is on the paper, in order, without widths or fonts; a
// renderer turns it into bytes for one kind of output. Texts are UTF-8. A renderer never lets a
// control character of a text through: the words of a till or a customer can neither steer a
// printer or terminal nor begin a line of their own.

namespace siegel::print {

enum class Align { left, center, right };
enum class Emphasis { normal, bold, spaced };  ///< spaced: S T O R N O

/// Words that wrap at blanks. Left aligned: from the second line on indented by two.
struct Text {
  std::string text;
  Align align = Align::left;
  Emphasis emphasis = Emphasis::normal;
};
/// Left text wraps, right text stays whole on the last line of it, or goes to a line of its own if
/// there is no room. Lines after the first are indented by two more.
struct Pair {
  std::string left;
  std::string right;
  int indent = 0;
  Emphasis emphasis = Emphasis::normal;
};
/// Cells of a row: the first is left aligned and takes the rest of the width, the others are right
/// aligned columns of equal width. Rows that follow each other form one table with the same
/// columns.
struct Row {
  std::vector<std::string> cells;
};
struct Rule {
  char symbol = '-';
};
struct Blank {};
/// A long value without spaces (serial number, signature): label on its own line if it does not
/// fit, then the value cut hard at the width, indented by two.
struct Value {
  std::string label;
  std::string value;
};
/// A QR code of `text`. A renderer that cannot draw it readably (no graphics, no room) prints
/// `instead`, the same facts in clear, so that no width of paper loses what the law demands.
struct Qr {
  std::string text;
  std::string caption;  ///< centred below the code
  std::vector<std::variant<Text, Pair, Value>> instead;
};

using Block = std::variant<Text, Pair, Row, Rule, Blank, Value, Qr>;

struct Document {
  std::vector<Block> blocks;
};

/// The interface of a printer language. Thread-safe: render() changes nothing.
class Renderer {
 public:
  virtual ~Renderer() = default;
  /// Errors: of the sink, and those the renderer names.
  [[nodiscard]] virtual Status render(const Document& document, Sink& sink) const = 0;
};

}  // namespace siegel::print
