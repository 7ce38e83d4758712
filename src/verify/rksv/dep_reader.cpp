#include "verify/rksv/dep_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace siegel::verify::rksv {

namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;
constexpr unsigned depth_max = 64;
constexpr std::size_t key_max = 256;

/// The bytes of a JSON text one after the other. The first problem is kept; from then on the text
/// is at its end, so that every loop ends.
class Lexer {
 public:
  Lexer(Source& source, DepEvents& events) : m_source(source), m_events(events) {
    m_buffer.resize(buffer_bytes);
  }

  [[nodiscard]] bool failed() const { return m_failed; }
  [[nodiscard]] const std::string& problem() const { return m_problem; }
  [[nodiscard]] std::uint64_t problem_offset() const { return m_problem_offset; }
  [[nodiscard]] const std::optional<Error>& error() const { return m_error; }

  void fail(std::string_view what) {
    if (m_failed) return;
    m_failed = true;
    m_problem = what;
    m_problem_offset = m_base + m_at;
  }

  /// The next byte without taking it; -1 at the end.
  int peek() {
    if (m_failed || (m_at == m_size && !fill())) return -1;
    return std::to_integer<unsigned char>(m_buffer[m_at]);
  }
  /// The next byte that is not white space.
  int next_token() {
    while (true) {
      const int c = peek();
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return c;
      ++m_at;
    }
  }
  void skip() { ++m_at; }
  bool expect(char wanted) {
    if (next_token() != wanted) {
      fail(fmt::format("`{}` expected", wanted));
      return false;
    }
    skip();
    return true;
  }
  void skip_mark() {
    for (const int c : {0xEF, 0xBB, 0xBF}) {
      if (peek() != c) return;
      skip();
    }
  }

  /// The string that begins here. Longer than `size_max`: false and `out` is cut; the string is
  /// read to its end all the same.
  bool string(std::string& out, std::size_t size_max) {
    out.clear();
    if (!expect('"')) return false;
    bool fits = true;
    while (peek() >= 0) {
      const std::size_t plain = plain_run();
      const auto* const begin = reinterpret_cast<const char*>(m_buffer.data()) + m_at;
      if (out.size() + plain > size_max) fits = false;
      if (fits) out.append(begin, plain);
      m_at += plain;
      if (m_at == m_size) continue;
      const auto c = std::to_integer<unsigned char>(m_buffer[m_at]);
      if (c == '"') {
        skip();
        return fits;
      }
      if (c < 0x20) {
        fail("a control character in a text");
        return false;
      }
      if (!escape(out)) return false;
      if (out.size() > size_max) {
        fits = false;
        out.clear();
      }
    }
    fail("the text ends within a string");
    return false;
  }

  /// Passes over any value.
  void skip_value(unsigned depth) {
    if (depth > depth_max) {
      fail(fmt::format("nested deeper than {}", depth_max));
      return;
    }
    switch (const int c = next_token(); c) {
      case '"':
        string(m_scratch, 0);
        return;
      case '{': {
        skip_members(depth);
        return;
      }
      case '[': {
        skip_elements(depth);
        return;
      }
      default: {
        skip_scalar(c);
        return;
      }
    }
  }

  /// Walks a list: `element()` is called before each.
  template <class Function>
  void elements(Function element) {
    if (!expect('[')) return;
    if (next_token() == ']') {
      skip();
      return;
    }
    while (true) {
      element();
      const int c = next_token();
      if (m_failed) return;
      if (c == ']') {
        skip();
        return;
      }
      if (c != ',') {
        fail("`,` or `]` expected");
        return;
      }
      skip();
    }
  }

  /// Walks an object: `member(key)` reads the value.
  template <class Function>
  void members(Function member) {
    if (!expect('{')) return;
    if (next_token() == '}') {
      skip();
      return;
    }
    std::string key;
    while (true) {
      string(key, key_max);
      if (!expect(':')) return;
      member(key);
      const int c = next_token();
      if (m_failed) return;
      if (c == '}') {
        skip();
        return;
      }
      if (c != ',') {
        fail("`,` or `}` expected");
        return;
      }
      skip();
    }
  }

 private:
  bool fill() {
    m_base += m_size;
    m_at = 0;
    m_size = 0;
    auto read = m_source.read(m_buffer);
    if (!read.ok()) {
      m_error = std::move(read).error();
      fail("the file cannot be read");
      return false;
    }
    m_size = *read;
    if (m_size > 0) m_events.progress(m_base + m_size);
    return m_size > 0;
  }

  /// Bytes from here on that stand for themselves in a string.
  [[nodiscard]] std::size_t plain_run() const {
    const auto* const begin = reinterpret_cast<const unsigned char*>(m_buffer.data()) + m_at;
    const auto* const end = reinterpret_cast<const unsigned char*>(m_buffer.data()) + m_size;
    return static_cast<std::size_t>(
        std::find_if(begin, end,
                     [](unsigned char c) { return c == '"' || c == '\\' || c < 0x20; }) -
        begin);
  }

  bool escape(std::string& out) {
    skip();
    const int c = peek();
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    const auto known = c < 0 ? std::string_view::npos : letters.find(static_cast<char>(c));
    if (known != std::string_view::npos) {
      skip();
      out += meant[known];
      return true;
    }
    if (c != 'u') {
      fail("an escape that does not exist");
      return false;
    }
    skip();
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = peek();
      const bool is_digit = digit >= '0' && digit <= '9';
      const int letter = digit | 0x20;
      if (!is_digit && (letter < 'a' || letter > 'f')) {
        fail("four hex digits expected");
        return false;
      }
      code = code * 16 + static_cast<std::uint32_t>(is_digit ? digit - '0' : letter - 'a' + 10);
      skip();
    }
    // Nothing we read needs more than ASCII; what stands there else must only not look like it.
    out += code < 0x80 ? static_cast<char>(code) : '\x7F';
    return true;
  }

  // NOLINTNEXTLINE(misc-no-recursion): not deeper than depth_max
  void skip_members(unsigned depth) {
    members([&](const std::string&) { skip_value(depth + 1); });
  }
  // NOLINTNEXTLINE(misc-no-recursion): not deeper than depth_max
  void skip_elements(unsigned depth) {
    elements([&] { skip_value(depth + 1); });
  }

  void skip_scalar(int first) {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (first != word[0]) continue;
      for (const char c : word) {
        if (peek() != c) {
          fail("a value expected");
          return;
        }
        skip();
      }
      return;
    }
    skip_number();
  }

  bool digits() {
    bool any = false;
    while (peek() >= '0' && peek() <= '9') {
      skip();
      any = true;
    }
    return any;
  }

  void skip_number() {
    if (peek() == '-') skip();
    if (peek() == '0') {
      skip();
    } else if (!digits()) {
      fail("a value expected");
      return;
    }
    if (peek() == '.') {
      skip();
      if (!digits()) {
        fail("a digit expected");
        return;
      }
    }
    if (peek() == 'e' || peek() == 'E') {
      skip();
      if (peek() == '+' || peek() == '-') skip();
      if (!digits()) {
        fail("a digit expected");
        return;
      }
    }
  }

  Source& m_source;
  DepEvents& m_events;
  Bytes m_buffer;
  std::size_t m_at = 0;
  std::size_t m_size = 0;
  std::uint64_t m_base = 0;  // offset of the buffer in the file
  bool m_failed = false;
  std::string m_problem;
  std::uint64_t m_problem_offset = 0;
  std::optional<Error> m_error;
  std::string m_scratch;
};

class Reader {
 public:
  Reader(Source& source, DepEvents& events) : m_lexer(source, events), m_events(events) {}

  Result<Reading> dep() {
    m_lexer.skip_mark();
    m_lexer.members([&](const std::string& key) {
      if (key != "Belege-Gruppe") {
        m_events.unknown_key(key);
        m_lexer.skip_value(1);
        return;
      }
      if (m_reading.is_dep) {
        m_lexer.fail("Belege-Gruppe is there twice");
        return;
      }
      m_reading.is_dep = true;
      m_lexer.elements([&] { group(); });
    });
    return finish();
  }

  Result<Reading> list() {
    m_lexer.skip_mark();
    m_reading.is_dep = true;
    m_lexer.elements([&] { receipt(); });
    return finish();
  }

 private:
  Result<Reading> finish() {
    if (m_lexer.error()) return *m_lexer.error();
    m_reading.complete = !m_lexer.failed();
    if (m_lexer.failed()) {
      m_reading.problem = m_lexer.problem();
      m_reading.offset = m_lexer.problem_offset();
    } else if (m_lexer.next_token() >= 0) {
      m_reading.rest = true;
    }
    // Looking for the rest may fail too.
    if (m_lexer.error()) return *m_lexer.error();
    return std::move(m_reading);
  }

  void group() {
    DepEvents::GroupEnd end;
    m_events.group_begin();
    m_lexer.members([&](const std::string& key) {
      if (key == "Belege-kompakt") {
        if (std::exchange(end.has_receipts, true)) {
          m_lexer.fail(key + " is there twice");
          return;
        }
        m_lexer.elements([&] { receipt(); });
      } else if (key == "Signaturzertifikat" || key == "Signatur- bzw. Siegelzertifikat") {
        end.has_certificate = true;
        text(&DepEvents::certificate);
      } else if (key == "Zertifizierungsstellen") {
        end.has_issuers = true;
        issuers();
      } else {
        m_events.unknown_key(key);
        m_lexer.skip_value(3);
      }
    });
    if (!m_lexer.failed()) m_events.group_end(end);
  }

  void issuers() {
    if (m_lexer.next_token() == 'n') {
      m_lexer.skip_value(3);
      return;  // null: none
    }
    std::size_t count = 0;
    m_lexer.elements([&] {
      if (++count > issuers_max) {
        m_lexer.skip_value(4);
        return;
      }
      text(&DepEvents::issuer);
    });
  }

  void text(void (DepEvents::*event)(std::string_view)) {
    if (m_lexer.next_token() != '"') {
      // null is as good as empty; anything else is no certificate.
      const bool is_null = m_lexer.next_token() == 'n';
      m_lexer.skip_value(4);
      (m_events.*event)(is_null ? "" : "no text");
      return;
    }
    const bool fits = m_lexer.string(m_text, certificate_text_max);
    if (!m_lexer.failed()) (m_events.*event)(fits ? std::string_view(m_text) : "too long");
  }

  void receipt() {
    if (m_lexer.next_token() != '"') {
      m_lexer.skip_value(4);
      if (!m_lexer.failed()) m_events.receipt(std::nullopt);
      return;
    }
    const bool fits = m_lexer.string(m_text, receipt_text_max);
    if (m_lexer.failed()) return;
    m_events.receipt(fits ? std::optional<std::string_view>(m_text) : std::nullopt);
  }

  Lexer m_lexer;
  DepEvents& m_events;
  Reading m_reading;
  std::string m_text;
};

}  // namespace

Result<Reading> read_dep(Source& source, DepEvents& events) { return Reader(source, events).dep(); }

Result<Reading> read_list(Source& source, DepEvents& events) {
  return Reader(source, events).list();
}

}  // namespace siegel::verify::rksv
