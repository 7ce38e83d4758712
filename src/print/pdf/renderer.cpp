#include <algorithm>
#include <utility>

#include "format/qr.h"
#include "print/pdf/canvas.h"
#include "print/pdf/pdf.h"

namespace siegel::print {
namespace {

using pdf::Canvas;
using pdf::points_per_mm;
using pdf::Size;
using pdf::TextBox;
using pdf::TextStyle;

constexpr double font_size = 8;
constexpr double roll_width = 80 * points_per_mm;
constexpr double roll_margin = 4 * points_per_mm;
constexpr Size a4{210 * points_per_mm, 297 * points_per_mm};
constexpr double a4_margin = 20 * points_per_mm;
constexpr double line_gap = 1.5;
constexpr double column_gap = 6;
constexpr double blank_height = font_size;
// Half a millimetre a module: read by every telephone, and what receipt printers make of it.
constexpr double module_side = 0.5 * points_per_mm;
constexpr double quiet_modules = 4;

/// One line of things that stay together.
struct Item {
  struct Placed {
    TextBox box;
    double x;
    double y;
  };
  std::vector<Placed> boxes;
  std::optional<format::QrCode> code;
  bool rule = false;
  bool strong = false;
  double height = 0;

  void place(TextBox box, double x, double y) {
    height = std::max(height, y + box.height());
    boxes.push_back({std::move(box), x, y});
  }
};

/// A document as items of a width, in order.
class Flow {
 public:
  Flow(const Canvas& canvas, double width) : m_canvas(canvas), m_width(width) {}

  void take(const Document& document) {
    for (const Block& block : document.blocks)
      std::visit([this](const auto& what) { put(what); }, block);
  }
  [[nodiscard]] std::vector<Item>& items() { return m_items; }

 private:
  static TextStyle style_of(Emphasis emphasis, Align align = Align::left) {
    return {.size = font_size,
            .bold = emphasis != Emphasis::normal,
            .spacing = emphasis == Emphasis::spaced ? 3.0 : 0.0,
            .align = align};
  }

  void put(const Text& text) {
    Item item;
    item.place(m_canvas.box(text.text, m_width, style_of(text.emphasis, text.align)), 0, 0);
    m_items.push_back(std::move(item));
  }

  /// The right side stays whole; the left wraps in what is left, or goes above it.
  void put(const Pair& pair) {
    Item item;
    const double indent = pair.indent * font_size * 0.6;
    TextBox right = m_canvas.box(pair.right, m_width, style_of(pair.emphasis, Align::right));
    const double taken = pair.right.empty() ? 0 : right.ink_width() + column_gap;
    const double left_width = m_width - indent - taken;
    if (left_width < m_width / 4) {
      item.place(m_canvas.box(pair.left, m_width - indent, style_of(pair.emphasis)), indent, 0);
      const double below = item.height;
      item.place(std::move(right), 0, below);
    } else {
      item.place(m_canvas.box(pair.left, left_width, style_of(pair.emphasis)), indent, 0);
      const double last_line = std::max(0.0, item.height - right.height());
      item.place(std::move(right), 0, last_line);
    }
    m_items.push_back(std::move(item));
  }

  void put(const Row& row) {
    if (row.cells.empty()) return;
    Item item;
    const double others = row.cells.size() == 1 ? 0 : m_width * 0.7;
    const double each =
        others / static_cast<double>(std::max<std::size_t>(row.cells.size() - 1, 1));
    item.place(m_canvas.box(row.cells.front(), m_width - others, style_of(Emphasis::normal)), 0, 0);
    for (std::size_t i = 1; i < row.cells.size(); ++i)
      item.place(m_canvas.box(row.cells[i], each, style_of(Emphasis::normal, Align::right)),
                 m_width - others + each * static_cast<double>(i - 1), 0);
    m_items.push_back(std::move(item));
  }

  void put(const Rule& rule) {
    Item item;
    item.rule = true;
    item.strong = rule.symbol == '=';
    item.height = font_size / 2;
    m_items.push_back(std::move(item));
  }

  void put(const Blank& /*blank*/) {
    Item item;
    item.height = blank_height;
    m_items.push_back(std::move(item));
  }

  void put(const Value& value) {
    Item item;
    item.place(m_canvas.box(value.label, m_width, style_of(Emphasis::normal)), 0, 0);
    const double below = item.height;
    TextStyle style = style_of(Emphasis::normal);
    style.fixed = true;
    style.size = font_size - 1;
    item.place(m_canvas.box(value.value, m_width - font_size, style), font_size, below);
    m_items.push_back(std::move(item));
  }

  void put(const Qr& qr) {
    auto code = format::encode_qr(qr.text);
    const bool fits = code.ok() && (code->size() + 2 * quiet_modules) * module_side <= m_width;
    if (!fits) {
      for (const auto& block : qr.instead)
        std::visit([this](const auto& what) { put(what); }, block);
      return;
    }
    Item item;
    item.height = (code->size() + 2 * quiet_modules) * module_side;
    item.code = std::move(*code);
    m_items.push_back(std::move(item));
    if (!qr.caption.empty()) put(Text{qr.caption, Align::center, Emphasis::normal});
  }

  const Canvas& m_canvas;
  double m_width;
  std::vector<Item> m_items;
};

void draw_item(Canvas& canvas, const Item& item, double x, double y, double width) {
  if (item.rule) canvas.line(x, x + width, y + item.height / 2, item.strong);
  for (const Item::Placed& placed : item.boxes) canvas.draw(placed.box, x + placed.x, y + placed.y);
  if (!item.code) return;
  const int size = item.code->size();
  const double left = x + (width - size * module_side) / 2;
  const double top = y + quiet_modules * module_side;
  for (int row = 0; row < size; ++row)
    for (int column = 0; column < size; ++column)
      if (item.code->at(column, row))
        canvas.square(left + column * module_side, top + row * module_side, module_side);
}

Status draw_roll(Canvas& canvas, const std::vector<Item>& items) {
  double height = 2 * roll_margin;
  for (const Item& item : items) height += item.height + line_gap;
  canvas.resize({roll_width, height});
  double y = roll_margin;
  for (const Item& item : items) {
    draw_item(canvas, item, roll_margin, y, roll_width - 2 * roll_margin);
    y += item.height + line_gap;
  }
  return canvas.end_page();
}

Status draw_pages(Canvas& canvas, const std::vector<Item>& items) {
  double y = a4_margin;
  for (const Item& item : items) {
    if (y + item.height > a4.height - a4_margin && y > a4_margin) {
      SIEGEL_TRY_OK(canvas.end_page());
      y = a4_margin;
    }
    draw_item(canvas, item, a4_margin, y, a4.width - 2 * a4_margin);
    y += item.height + line_gap;
  }
  return canvas.end_page();
}

}  // namespace

Status PdfRenderer::render(const Document& document, Sink& sink) const {
  const bool roll = m_options.paper == PdfOptions::Paper::roll;
  SIEGEL_TRY(const auto canvas, Canvas::create(sink, roll ? Size{roll_width, a4.height} : a4,
                                               m_options.title, m_options.made));
  Flow flow(*canvas, roll ? roll_width - 2 * roll_margin : a4.width - 2 * a4_margin);
  flow.take(document);
  SIEGEL_TRY_OK(roll ? draw_roll(*canvas, flow.items()) : draw_pages(*canvas, flow.items()));
  return canvas->finish();
}

}  // namespace siegel::print
