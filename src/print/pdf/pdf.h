#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "print/document.h"

// PDF files: a Document as a slip or on pages, and reports with tables on A4. Streamed: a page is
// in the sink before the next one begins. The same calls give the same bytes on the same machine
// (another one may have other fonts). Text can be selected and searched; the fonts are embedded.
//
// Errors of all: E-PRN-010 (unavailable): cairo, pango or the fonts refuse, the detail says what;
// those of the sink. One thread at a time; several objects on several threads are fine.

namespace siegel::print {

struct PdfOptions {
  enum class Paper {
    roll,  ///< 80 mm wide, one page as long as it must be
    a4,    ///< upright, as many pages as needed
  };
  Paper paper = Paper::a4;
  std::string title;  ///< in the properties of the file
  Instant made;       ///< in the properties of the file; there is no other time in it
};

/// A Document as PDF. Words wrap, the right side of a pair stays whole, the columns of rows that
/// follow each other agree; a QR code is drawn with half a millimetre a module, and its facts are
/// printed in clear where it is too long for a code.
class PdfRenderer final : public Renderer {
 public:
  explicit PdfRenderer(PdfOptions options) : m_options(std::move(options)) {}
  [[nodiscard]] Status render(const Document& document, Sink& sink) const override;

 private:
  PdfOptions m_options;
};

struct PdfReportOptions {
  std::string title;           ///< at the top of the first page, and in the properties of the file
  std::string subtitle;        ///< below it; may be empty
  std::string footer;          ///< at the left of the bottom of each page: whose, of which period
  std::string page = "Seite";  ///< before the number at the right of the bottom of each page
  bool landscape = false;
  Instant made;  ///< in the properties of the file; there is no other time in it
};

/// Pages of A4, filled from the top. Control characters in texts become blanks.
class PdfReport {
 public:
  struct Column {
    std::string heading;
    int share = 1;  ///< of the width, as a part of the sum of all shares; at least 1
    Align align = Align::left;
  };

  /// `sink` outlives the report.
  static Result<PdfReport> begin(Sink& sink, const PdfReportOptions& options);
  PdfReport(PdfReport&&) noexcept;
  PdfReport& operator=(PdfReport&&) = delete;
  ~PdfReport();  ///< without finish() the file is worthless

  [[nodiscard]] Status heading(std::string_view text);
  /// Wraps at blanks.
  [[nodiscard]] Status text(std::string_view text);
  [[nodiscard]] Status pair(std::string_view left, std::string_view right);
  [[nodiscard]] Status space();
  /// The rows that follow belong to it, until anything else is written; the headings come again on
  /// each page. 1 to 20 columns (checked).
  [[nodiscard]] Status table(std::vector<Column> columns);
  /// As many cells as columns (checked). Cells wrap, long words are broken; a row is never divided
  /// between pages unless it is higher than a page: then it is cut at its end, marked by "...".
  [[nodiscard]] Status row(const std::vector<std::string>& cells);
  /// Writes the last page and the end of the file.
  [[nodiscard]] Status finish();

 private:
  struct Impl;
  explicit PdfReport(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

}  // namespace siegel::print
