#include "print/text/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "format/qr.h"
#include "print/text/clean.h"

namespace siegel::print {
namespace {

constexpr std::string_view bold_on = "\x1b[1m";
constexpr std::string_view black_on_white = "\x1b[30;107m";
constexpr std::string_view ansi_off = "\x1b[0m";

std::string blanks(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

// What a QR code needs around it is four modules; readers manage with two, which a code one module
// too wide for a terminal gets instead of no code at all.
constexpr int quiet_wanted = 4;
constexpr int quiet_least = 2;

struct Picture {
  format::QrCode code;
  int quiet;
  [[nodiscard]] int side() const { return code.size() + 2 * quiet; }
};

// Blanks of a cell stay: they align figures.
Line as_is(std::string_view text) { return cut(text, std::numeric_limits<int>::max()).front(); }

class Page {
 public:
  explicit Page(const TextOptions& options) : m_options(options), m_columns(options.columns) {}

  void put(const Text& text) {
    const bool left = text.align == Align::left;
    std::vector<Line> lines = wrap(text.text, m_columns, left ? m_columns - 2 : m_columns);
    if (text.emphasis == Emphasis::spaced && lines.size() == 1 &&
        2 * lines[0].width <= m_columns + 1) {
      lines[0] = spaced(lines[0]);
    }
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const int free = m_columns - lines[i].width;
      const int indent = text.align == Align::center  ? free / 2
                         : text.align == Align::right ? free
                                                      : (i > 0 ? 2 : 0);
      line(blanks(indent) + lines[i].text, text.emphasis != Emphasis::normal);
    }
  }

  void put(const Pair& pair) {
    const bool bold = pair.emphasis != Emphasis::normal;
    const int indent = std::clamp(pair.indent, 0, m_columns / 2);
    const int width = m_columns - indent;
    std::vector<Line> left = wrap(pair.left, width, width - 2);
    const Line right = one_line(pair.right);
    for (std::size_t i = 0; i + 1 < left.size(); ++i) {
      line(blanks(i == 0 ? indent : indent + 2) + left[i].text, bold);
    }
    const int last_indent = left.size() == 1 ? indent : indent + 2;
    const int room = m_columns - last_indent - left.back().width - right.width;
    const std::string last = blanks(last_indent) + left.back().text;
    if (right.width == 0) {
      line(last, bold);
    } else if (room >= (left.back().width == 0 ? 0 : 1)) {
      line(last + blanks(room) + right.text, bold);
    } else {
      line(last, bold);
      for (const Line& part : wrap(pair.right, width - 2, width - 2)) {
        line(blanks(m_columns - part.width) + part.text, bold);
      }
    }
  }

  void put(const Rule& rule) {
    const bool visible = rule.symbol > ' ' && rule.symbol < '\x7f';
    line(std::string(static_cast<std::size_t>(m_columns), visible ? rule.symbol : '-'), false);
  }

  void put(const Blank&) { line("", false); }

  void put(const Value& value) {
    const Line label = one_line(value.label);
    const Line whole = one_line(value.value);
    if (label.width + 1 + whole.width <= m_columns) {
      put(Pair{value.label, value.value});
      return;
    }
    put(Text{value.label});
    for (const Line& part : cut(value.value, m_columns - 2)) {
      line("  " + part.text, false);
    }
  }

  void put(const Qr& qr) {
    if (m_options.qr == QrDrawing::placeholder) {
      placeholder();
    } else {
      const std::optional<Picture> picture = draw(qr.text);
      if (!picture) {
        for (const auto& block : qr.instead) {
          std::visit([this](const auto& plain) { put(plain); }, block);
        }
        return;
      }
      blocks(*picture);
    }
    if (!qr.caption.empty()) {
      put(Text{qr.caption, Align::center});
    }
  }

  void put(std::span<const Row> table);

  [[nodiscard]] std::string take() { return std::exchange(m_out, {}); }

 private:
  [[nodiscard]] static Line spaced(const Line& line) {
    Line wide{{}, std::max(2 * line.width - 1, 0)};
    for (const Glyph& glyph : glyphs_of(line.text)) {
      wide.text += wide.text.empty() ? glyph : " " + glyph;
    }
    return wide;
  }

  void line(std::string text, bool bold) {
    text.resize(text.find_last_not_of(' ') + 1);
    if (bold && m_options.ansi && !text.empty()) {
      m_out.append(bold_on).append(text).append(ansi_off);
    } else {
      m_out += text;
    }
    m_out += '\n';
  }

  [[nodiscard]] std::optional<Picture> draw(std::string_view text) const {
    if (m_options.qr != QrDrawing::blocks) {
      return std::nullopt;
    }
    // More error correction only where it costs no room: a code of larger modules reads better.
    for (const auto level : {format::QrLevel::medium, format::QrLevel::low}) {
      auto code = format::encode_qr(text, level);
      if (!code) {
        continue;
      }
      const int size = code->size();
      if (size + 2 * quiet_wanted <= m_columns ||
          (level == format::QrLevel::low && size + 2 * quiet_least <= m_options.qr_columns_max)) {
        const int widest = std::max(m_options.qr_columns_max, m_columns);
        return Picture{std::move(code).value(), std::min(quiet_wanted, (widest - size) / 2)};
      }
    }
    return std::nullopt;
  }

  void blocks(const Picture& picture) {
    const int side = picture.side();
    const std::string indent = blanks((m_columns - side) / 2);
    const auto dark = [&](int x, int y) {
      return picture.code.at(x - picture.quiet, y - picture.quiet);
    };
    for (int y = 0; y < side; y += 2) {
      std::string row;
      for (int x = 0; x < side; ++x) {
        const bool upper = dark(x, y);
        const bool lower = dark(x, y + 1);
        row += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
      }
      if (m_options.ansi) {
        m_out.append(indent).append(black_on_white).append(row).append(ansi_off).append("\n");
      } else {
        line(indent + row, false);
      }
    }
  }

  void placeholder() {
    constexpr int inside = 20;
    const std::string edge = "+" + std::string(inside, '-') + "+";
    const std::string wall = "|" + blanks(inside) + "|";
    const std::string middle = "|" + blanks(9) + "QR" + blanks(9) + "|";
    for (const std::string& part : {edge, wall, middle, wall, edge}) {
      line(blanks((m_columns - inside - 2) / 2) + part, false);
    }
  }

  const TextOptions& m_options;
  int m_columns;
  std::string m_out;
};

void Page::put(std::span<const Row> table) {
  int first_width = 0;
  int cell_width = 0;
  std::size_t others = 0;
  for (const Row& row : table) {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      int& widest = i == 0 ? first_width : cell_width;
      widest = std::max(widest, as_is(row.cells[i]).width);
    }
    others = std::max(others, row.cells.empty() ? 0 : row.cells.size() - 1);
  }
  const int count = static_cast<int>(others);
  const auto room = [&](int width) { return m_columns - width * count; };
  int width = std::max(m_columns / 4, cell_width + 1);
  if (room(width) < first_width) {
    width = cell_width + 1;
  }
  if (room(width) < 0) {
    // Too narrow for a table: each figure beside the heading of its column.
    const std::vector<std::string>& headings = table.front().cells;
    for (const Row& row : table.subspan(1)) {
      put(Text{row.cells.empty() ? "" : row.cells.front()});
      for (std::size_t i = 1; i < row.cells.size(); ++i) {
        put(Pair{i < headings.size() ? headings[i] : "", row.cells[i], 2});
      }
    }
    return;
  }
  for (const Row& row : table) {
    Line text = as_is(row.cells.empty() ? "" : row.cells.front());
    if (text.width > room(width)) {
      put(Text{text.text});
      text = {};
    }
    for (std::size_t i = 1; i < row.cells.size(); ++i) {
      const Line cell = as_is(row.cells[i]);
      const int start = m_columns - width * (count - static_cast<int>(i));
      text.text += blanks(start - cell.width - text.width) + cell.text;
      text.width = start;
    }
    line(text.text, false);
  }
}

// Block by block, so that a receipt of any length takes the memory of one table.
Status put_all(Page& page, const Document& document, Sink& sink) {
  std::vector<Row> table;
  const auto end_table = [&] {
    if (!table.empty()) {
      page.put(table);
      table.clear();
    }
  };
  for (const Block& block : document.blocks) {
    if (const Row* row = std::get_if<Row>(&block)) {
      table.push_back(*row);
      continue;
    }
    end_table();
    std::visit(
        [&](const auto& part) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(part)>, Row>) {
            page.put(part);
          }
        },
        block);
    const std::string text = page.take();
    SIEGEL_TRY_OK(sink.write(bytes_of(text)));
  }
  end_table();
  const std::string text = page.take();
  return text.empty() ? Status(Ok{}) : sink.write(bytes_of(text));
}

}  // namespace

Result<TextRenderer> TextRenderer::make(TextOptions options) {
  constexpr int least = 24;
  constexpr int most = 80;
  if (options.columns < least || options.columns > most) {
    return invalid("E-PRN-001",
                   fmt::format("{} columns: paper has {} to {}", options.columns, least, most),
                   "columns");
  }
  return TextRenderer(options);
}

Status TextRenderer::render(const Document& document, Sink& sink) const {
  Page page(m_options);
  return put_all(page, document, sink);
}

Result<std::string> render_text(const Document& document, TextOptions options) {
  SIEGEL_TRY(const TextRenderer renderer, TextRenderer::make(options));
  MemorySink sink;
  SIEGEL_TRY_OK(renderer.render(document, sink));
  return std::string(text_of(sink.bytes()));
}

}  // namespace siegel::print
