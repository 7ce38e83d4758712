#include "print/pdf/canvas.h"

#include <cairo-pdf.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"

namespace siegel::print::pdf {
namespace {

// Families every desktop and server of Debian has or replaces; the package is named in
// tools/packages.txt.
constexpr const char* proportional_font = "DejaVu Sans";
constexpr const char* fixed_font = "DejaVu Sans Mono";

PangoAlignment pango_align(Align align) {
  switch (align) {
    case Align::left:
      return PANGO_ALIGN_LEFT;
    case Align::center:
      return PANGO_ALIGN_CENTER;
    case Align::right:
      return PANGO_ALIGN_RIGHT;
  }
  return PANGO_ALIGN_LEFT;
}

int units(double points) { return pango_units_from_double(points); }

}  // namespace

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const std::string valid(valid_utf8(text) ? std::string(text) : std::string());
  if (!text.empty() && valid.empty()) {
    // Bytes of somebody else: what is ASCII stays.
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x80 ? c : '?';
  } else {
    out = valid;
  }
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

TextBox::TextBox(PangoContext* context, std::string_view text, double width, const TextStyle& style)
    : m_layout(pango_layout_new(context)) {
  PangoFontDescription* font = pango_font_description_new();
  pango_font_description_set_family_static(font, style.fixed ? fixed_font : proportional_font);
  pango_font_description_set_absolute_size(font, style.size * PANGO_SCALE);
  pango_font_description_set_weight(font, style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description(m_layout.get(), font);
  pango_font_description_free(font);
  if (style.spacing > 0) {
    PangoAttrList* attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_letter_spacing_new(units(style.spacing)));
    pango_layout_set_attributes(m_layout.get(), attributes);
    pango_attr_list_unref(attributes);
  }
  const std::string shown = clean(text);
  pango_layout_set_width(m_layout.get(), units(width));
  pango_layout_set_wrap(m_layout.get(), PANGO_WRAP_WORD_CHAR);
  pango_layout_set_alignment(m_layout.get(), pango_align(style.align));
  // Direction is that of the product's languages, whatever character a text begins with.
  pango_layout_set_auto_dir(m_layout.get(), FALSE);
  pango_layout_set_text(m_layout.get(), shown.data(), static_cast<int>(shown.size()));
}

double TextBox::height() const {
  int height = 0;
  pango_layout_get_size(m_layout.get(), nullptr, &height);
  return pango_units_to_double(height);
}

double TextBox::ink_width() const {
  PangoRectangle logical;
  pango_layout_get_extents(m_layout.get(), nullptr, &logical);
  return pango_units_to_double(logical.width);
}

// Pango's own way of cutting leaves the words that do not fit behind the edge of the page, where a
// search finds them.
void TextBox::limit_height(double height) {
  const std::string all = pango_layout_get_text(m_layout.get());
  const int limit = units(height);
  std::size_t end = all.size();
  PangoLayoutIter* lines = pango_layout_get_iter(m_layout.get());
  do {
    PangoRectangle extents;
    pango_layout_iter_get_line_extents(lines, nullptr, &extents);
    if (extents.y + extents.height > limit) {
      end = static_cast<std::size_t>(pango_layout_iter_get_index(lines));
      break;
    }
  } while (pango_layout_iter_next_line(lines) != 0);
  pango_layout_iter_free(lines);
  if (end == all.size()) return;
  // Room for the mark on the last line that is left.
  constexpr std::string_view mark = "...";
  end -= std::min(end, mark.size() + 1);
  while (end > 0 && (static_cast<unsigned char>(all[end]) & 0xC0U) == 0x80U) --end;
  const std::string shown = all.substr(0, end).append(mark);
  pango_layout_set_text(m_layout.get(), shown.data(), static_cast<int>(shown.size()));
}

cairo_status_t Canvas::take(void* canvas, const unsigned char* data, unsigned int length) {
  auto& self = *static_cast<Canvas*>(canvas);
  if (self.m_sink_error) return CAIRO_STATUS_WRITE_ERROR;
  const auto written =
      self.m_sink.write(bytes_of(std::string_view(reinterpret_cast<const char*>(data), length)));
  if (written) return CAIRO_STATUS_SUCCESS;
  self.m_sink_error = written.error();
  return CAIRO_STATUS_WRITE_ERROR;
}

Result<std::unique_ptr<Canvas>> Canvas::create(Sink& sink, Size page, const std::string& title,
                                               Instant made) {
  std::unique_ptr<Canvas> canvas(new Canvas(sink));
  canvas->m_surface.reset(
      cairo_pdf_surface_create_for_stream(&Canvas::take, canvas.get(), page.width, page.height));
  cairo_surface_t* const surface = canvas->m_surface.get();
  cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_5);
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, clean(title).c_str());
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "Siegel");
  // Without this cairo writes the time of the machine.
  cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, made.text().c_str());
  canvas->m_cairo.reset(cairo_create(surface));
  canvas->m_context.reset(pango_cairo_create_context(canvas->m_cairo.get()));
  // Layout does not depend on the hinting of a screen.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(canvas->m_context.get(), options);
  cairo_font_options_destroy(options);
  SIEGEL_TRY_OK(canvas->status());
  return canvas;
}

// The surface writes its last bytes when it is destroyed: before the members it writes through.
Canvas::~Canvas() {
  m_context.reset();
  m_cairo.reset();
  m_surface.reset();
}

Status Canvas::status() const {
  if (m_sink_error) return *m_sink_error;
  cairo_status_t status = cairo_surface_status(m_surface.get());
  if (status == CAIRO_STATUS_SUCCESS && m_cairo) status = cairo_status(m_cairo.get());
  if (status == CAIRO_STATUS_SUCCESS) return Ok{};
  return unavailable("E-PRN-010",
                     fmt::format("the PDF cannot be made: {}", cairo_status_to_string(status)));
}

void Canvas::draw(const TextBox& box, double x, double y) {
  cairo_move_to(m_cairo.get(), x, y);
  pango_cairo_show_layout(m_cairo.get(), box.layout());
}

void Canvas::line(double x1, double x2, double y, bool strong) {
  cairo_set_line_width(m_cairo.get(), strong ? 1.0 : 0.4);
  cairo_move_to(m_cairo.get(), x1, y);
  cairo_line_to(m_cairo.get(), x2, y);
  cairo_stroke(m_cairo.get());
}

void Canvas::square(double x, double y, double side) {
  cairo_rectangle(m_cairo.get(), x, y, side, side);
  cairo_fill(m_cairo.get());
}

void Canvas::resize(Size page) {
  cairo_pdf_surface_set_size(m_surface.get(), page.width, page.height);
}

Status Canvas::end_page() {
  cairo_show_page(m_cairo.get());
  return status();
}

Status Canvas::finish() {
  cairo_surface_finish(m_surface.get());
  if (m_sink_error) return *m_sink_error;
  const cairo_status_t status = cairo_surface_status(m_surface.get());
  if (status == CAIRO_STATUS_SUCCESS) return Ok{};
  return unavailable("E-PRN-010",
                     fmt::format("the PDF cannot be made: {}", cairo_status_to_string(status)));
}

}  // namespace siegel::print::pdf
