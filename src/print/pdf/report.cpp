#include <algorithm>
#include <utility>

#include "base/check.h"
#include "print/pdf/canvas.h"
#include "print/pdf/pdf.h"

namespace siegel::print {
namespace {

using pdf::Canvas;
using pdf::points_per_mm;
using pdf::Size;
using pdf::TextBox;
using pdf::TextStyle;

constexpr Size a4{210 * points_per_mm, 297 * points_per_mm};
constexpr double margin = 15 * points_per_mm;
constexpr double footer_height = 8 * points_per_mm;
constexpr double gap = 4;  // between cells, and between lines of a table
constexpr std::size_t columns_max = 20;

}  // namespace

struct PdfReport::Impl {
  PdfReportOptions options;
  std::unique_ptr<Canvas> canvas;
  Size page;
  double y = margin;
  int page_number = 1;
  std::vector<Column> columns;  // of the table at hand
  std::vector<double> widths;

  [[nodiscard]] double width() const { return page.width - 2 * margin; }
  [[nodiscard]] double bottom() const { return page.height - margin - footer_height; }

  void draw_footer() {
    const double at = page.height - margin - footer_height + gap;
    canvas->line(margin, page.width - margin, at, false);
    const TextStyle style{.size = 7};
    canvas->draw(canvas->box(options.footer, width() * 0.8, style), margin, at + 2);
    TextStyle right = style;
    right.align = Align::right;
    canvas->draw(
        canvas->box(options.page + " " + std::to_string(page_number), width() * 0.2, right),
        margin + width() * 0.8, at + 2);
  }

  Status new_page() {
    draw_footer();
    SIEGEL_TRY_OK(canvas->end_page());
    ++page_number;
    y = margin;
    return Ok{};
  }

  /// Room for so much, on this page or the next.
  Status need(double height) {
    if (y + height <= bottom() || y == margin) return Ok{};
    return new_page();
  }

  Status paragraph(std::string_view text, const TextStyle& style, double before) {
    columns.clear();
    TextBox box = canvas->box(text, width(), style);
    if (y > margin) y += before;
    SIEGEL_TRY_OK(need(box.height()));
    if (box.height() > bottom() - y) box.limit_height(bottom() - y);
    canvas->draw(box, margin, y);
    y += box.height();
    return Ok{};
  }

  std::vector<TextBox> boxes(const std::vector<std::string>& cells, bool bold) const {
    std::vector<TextBox> made;
    made.reserve(cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
      made.push_back(
          canvas->box(cells[i], widths[i], {.size = 7, .bold = bold, .align = columns[i].align}));
    return made;
  }

  void draw_row(std::vector<TextBox>& cells, double height) {
    double x = margin;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].height() > height) cells[i].limit_height(height);
      canvas->draw(cells[i], x, y);
      x += widths[i] + gap;
    }
    y += height + gap / 2;
    canvas->line(margin, page.width - margin, y, false);
    y += gap / 2;
  }

  static double height_of(const std::vector<TextBox>& cells) {
    double height = 0;
    for (const TextBox& cell : cells) height = std::max(height, cell.height());
    return height;
  }

  void draw_headings() {
    std::vector<std::string> texts;
    for (const Column& column : columns) texts.push_back(column.heading);
    std::vector<TextBox> cells = boxes(texts, true);
    draw_row(cells, height_of(cells));
    canvas->line(margin, page.width - margin, y - gap / 2, true);
  }
};

PdfReport::PdfReport(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
PdfReport::PdfReport(PdfReport&&) noexcept = default;
PdfReport::~PdfReport() = default;

Result<PdfReport> PdfReport::begin(Sink& sink, const PdfReportOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->page = options.landscape ? Size{a4.height, a4.width} : a4;
  SIEGEL_TRY(impl->canvas, Canvas::create(sink, impl->page, options.title, options.made));
  SIEGEL_TRY_OK(impl->paragraph(options.title, {.size = 15, .bold = true}, 0));
  if (!options.subtitle.empty()) SIEGEL_TRY_OK(impl->paragraph(options.subtitle, {.size = 9}, gap));
  impl->y += 2 * gap;
  return PdfReport(std::move(impl));
}

Status PdfReport::heading(std::string_view text) {
  // Not alone at the foot of a page.
  SIEGEL_TRY_OK(m_impl->need(60));
  SIEGEL_TRY_OK(m_impl->paragraph(text, {.size = 11, .bold = true}, 3 * gap));
  m_impl->y += gap;
  return Ok{};
}

Status PdfReport::text(std::string_view text) {
  return m_impl->paragraph(text, {.size = 9}, gap / 2);
}

Status PdfReport::pair(std::string_view left, std::string_view right) {
  Impl& impl = *m_impl;
  impl.columns.clear();
  const double left_width = impl.width() * 0.35;
  const double right_width = impl.width() - left_width - gap;
  TextBox first = impl.canvas->box(left, left_width, {.size = 9});
  TextBox second = impl.canvas->box(right, right_width, {.size = 9});
  const double page_height = impl.bottom() - margin;
  double height = std::min(std::max(first.height(), second.height()), page_height);
  SIEGEL_TRY_OK(impl.need(height));
  if (first.height() > height) first.limit_height(height);
  if (second.height() > height) second.limit_height(height);
  impl.canvas->draw(first, margin, impl.y);
  impl.canvas->draw(second, margin + left_width + gap, impl.y);
  impl.y += height + gap / 2;
  return Ok{};
}

Status PdfReport::space() {
  m_impl->columns.clear();
  if (m_impl->y > margin) m_impl->y += 2 * gap;
  return Ok{};
}

Status PdfReport::table(std::vector<Column> columns) {
  SIEGEL_CHECK(!columns.empty() && columns.size() <= columns_max);
  Impl& impl = *m_impl;
  impl.columns = std::move(columns);
  impl.widths.clear();
  int shares = 0;
  for (const Column& column : impl.columns) {
    SIEGEL_CHECK(column.share >= 1);
    shares += column.share;
  }
  const double free = impl.width() - gap * static_cast<double>(impl.columns.size() - 1);
  for (const Column& column : impl.columns) impl.widths.push_back(free * column.share / shares);
  if (impl.y > margin) impl.y += gap;
  SIEGEL_TRY_OK(impl.need(60));
  impl.draw_headings();
  return Ok{};
}

Status PdfReport::row(const std::vector<std::string>& cells) {
  Impl& impl = *m_impl;
  SIEGEL_CHECK(cells.size() == impl.columns.size());
  std::vector<TextBox> made = impl.boxes(cells, false);
  double height = Impl::height_of(made);
  if (impl.y + height + gap > impl.bottom()) {
    SIEGEL_TRY_OK(impl.new_page());
    impl.draw_headings();
    height = std::min(height, impl.bottom() - impl.y - gap);
  }
  impl.draw_row(made, height);
  return Ok{};
}

Status PdfReport::finish() {
  m_impl->draw_footer();
  SIEGEL_TRY_OK(m_impl->canvas->end_page());
  return m_impl->canvas->finish();
}

}  // namespace siegel::print
