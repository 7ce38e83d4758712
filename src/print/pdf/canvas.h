#pragma once

#include <pango/pangocairo.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "print/document.h"

// Cairo and Pango behind our own words: a file of pages, texts placed in boxes. Points from the
// upper left corner. Not part of the module's contract.

namespace siegel::print::pdf {

struct Size {
  double width = 0;
  double height = 0;
};

struct TextStyle {
  double size = 9;
  bool bold = false;
  bool fixed = false;  ///< a font whose characters are of one width
  double spacing = 0;  ///< between letters
  Align align = Align::left;
};

/// Text laid out in a width; knows how high it is.
class TextBox {
 public:
  TextBox(PangoContext* context, std::string_view text, double width, const TextStyle& style);
  [[nodiscard]] double height() const;
  /// Of its widest line.
  [[nodiscard]] double ink_width() const;
  /// Cuts what is higher, with "..." at the end of what is left.
  void limit_height(double height);
  [[nodiscard]] PangoLayout* layout() const { return m_layout.get(); }

 private:
  struct Unref {
    void operator()(PangoLayout* layout) const { g_object_unref(layout); }
  };
  std::unique_ptr<PangoLayout, Unref> m_layout;
};

class Canvas {
 public:
  /// `sink` outlives it.
  static Result<std::unique_ptr<Canvas>> create(Sink& sink, Size page, const std::string& title,
                                                Instant made);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  [[nodiscard]] TextBox box(std::string_view text, double width, const TextStyle& style) const {
    return {m_context.get(), text, width, style};
  }
  void draw(const TextBox& box, double x, double y);
  void line(double x1, double x2, double y, bool strong);
  void square(double x, double y, double side);

  /// Before anything is drawn on the page.
  void resize(Size page);
  [[nodiscard]] Status end_page();
  /// Ends the file.
  [[nodiscard]] Status finish();

 private:
  explicit Canvas(Sink& sink) : m_sink(sink) {}
  static cairo_status_t take(void* canvas, const unsigned char* data, unsigned int length);
  [[nodiscard]] Status status() const;

  struct Destroy {
    void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
    void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
    void operator()(PangoContext* context) const { g_object_unref(context); }
  };
  Sink& m_sink;
  std::optional<Error> m_sink_error;
  std::unique_ptr<cairo_surface_t, Destroy> m_surface;
  std::unique_ptr<cairo_t, Destroy> m_cairo;
  std::unique_ptr<PangoContext, Destroy> m_context;
};

/// Valid UTF-8 without control characters: each becomes a blank, what is not UTF-8 a `?`.
[[nodiscard]] std::string clean(std::string_view text);

inline constexpr double points_per_mm = 72.0 / 25.4;

}  // namespace siegel::print::pdf
