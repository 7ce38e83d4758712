#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

// The socket of printing. A Document is what is on the paper, in order, without widths or fonts; a
// renderer turns it into bytes for one kind of output. Texts are UTF-8 without control characters.

namespace siegel::print {

enum class Align { left, center, right };
enum class Emphasis { normal, bold, spaced };  ///< spaced: S T O R N O

struct Text {
  std::string text;
  Align align = Align::left;
  Emphasis emphasis = Emphasis::normal;
};
/// Left text wraps, right text stays whole on the last line of it.
struct Pair {
  std::string left;
  std::string right;
  int indent = 0;
};
/// Cells of a row: the first is left aligned and takes the rest of the width, the others are right
/// aligned columns of equal width.
struct Row {
  std::vector<std::string> cells;
};
struct Rule {
  char symbol = '-';
};
struct Blank {};
/// A QR code, error correction M; a renderer without graphics shows it with half blocks.
struct Qr {
  std::string text;
};
/// A long value without spaces (serial number, signature): label on its own line if it does not fit,
/// then the value cut hard at the width, indented.
struct Value {
  std::string label;
  std::string value;
};

using Block = std::variant<Text, Pair, Row, Rule, Blank, Qr, Value>;

struct Document {
  std::vector<Block> blocks;
};

class Renderer {
 public:
  virtual ~Renderer() = default;
  [[nodiscard]] virtual Status render(const Document& document, Sink& sink) const = 0;
};

}  // namespace siegel::print
