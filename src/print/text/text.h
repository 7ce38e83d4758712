#pragma once

#include <string>

#include "base/result.h"
#include "print/document.h"

namespace siegel::print {

/// How the QR code comes on the paper.
enum class QrDrawing {
  blocks,       ///< drawn with half blocks, two modules in a character
  placeholder,  ///< a box of its place, for previews: not for paper
  none,         ///< never; what it says is printed in clear
};

struct TextOptions {
  int columns = 48;  ///< 24 to 80; the usual papers have 32, 42 and 48
  QrDrawing qr = QrDrawing::blocks;
  /// Terminal colours: bold, and the QR code black on white whatever the terminal's own colours
  /// are.
  bool ansi = false;
  /// A code needs one column a module, 77 for most German receipts, and is drawn wider than the
  /// paper (a terminal has the room) up to this width; beyond it the facts are printed in clear
  /// instead.
  int qr_columns_max = 80;
};

/// Plain UTF-8 text, lines end with LF and have no blanks at their end. No line but those of a QR
/// code is wider than `columns`. Combining marks have no width; East Asian wide characters count
/// one. Control characters, direction marks and bytes that are not UTF-8 become `?` (line ends and
/// tabs a blank).
class TextRenderer final : public Renderer {
 public:
  /// E-PRN-001: columns outside of 24 to 80.
  static Result<TextRenderer> make(TextOptions options);

  /// Errors: of the sink.
  [[nodiscard]] Status render(const Document& document, Sink& sink) const override;

 private:
  explicit TextRenderer(TextOptions options) : m_options(options) {}
  TextOptions m_options;
};

/// make() and render() into a string. E-PRN-001.
[[nodiscard]] Result<std::string> render_text(const Document& document, TextOptions options = {});

}  // namespace siegel::print
