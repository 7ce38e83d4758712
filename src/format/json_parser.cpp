#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "format/json.h"

namespace siegel::json {

/// Puts members together in the order they come; sorts once at the end if needed.
class ObjectBuilder {
 public:
  Value& add(std::string key) {
    auto& members = m_object.m_members;
    if (members.empty()) {
      members.reserve(8);  // most objects we read; growing from one costs a third of the time
    } else if (!(members.back().key < key)) {
      m_sorted = false;
    }
    members.push_back({std::move(key), Value()});
    return members.back().value;
  }
  [[nodiscard]] const std::string& last_key() const { return m_object.m_members.back().key; }
  /// The key that is there twice, or null.
  [[nodiscard]] const std::string* sort() {
    if (m_sorted) return nullptr;
    auto& members = m_object.m_members;
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return a.key < b.key; });
    const auto twice =
        std::adjacent_find(members.begin(), members.end(),
                           [](const Member& a, const Member& b) { return a.key == b.key; });
    return twice == members.end() ? nullptr : &twice->key;
  }
  [[nodiscard]] Object take() { return std::move(m_object); }

 private:
  Object m_object;
  bool m_sorted = true;
};

namespace {

/// Recursion below this depth is never allowed, whatever the caller's limits say.
constexpr std::size_t depth_hard_max = 512;

/// Where the parser is, as a list on the stack; becomes a JSON pointer only if something is wrong.
struct Place {
  const Place* above = nullptr;
  const std::string* key = nullptr;  // null: an element of a list
  std::size_t index = 0;

  [[nodiscard]] std::string text() const {
    const std::string base = above == nullptr ? std::string() : above->text();
    return key != nullptr ? pointer(base, *key) : pointer(base, index);
  }
};

/// Bytes a string may hold as they are.
constexpr auto plain_in_string = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0x20; c < 0x100; ++c) table[c] = c != '"' && c != '\\';
  return table;
}();

std::size_t first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (!valid_utf8(text.substr(at, size))) return at;
    at += size;
  }
  return at;
}

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&out](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

class Reader {
 public:
  Reader(std::string_view text, const Limits& limits)
      : m_text(text), m_limits(limits), m_depth_max(std::min(limits.depth_max, depth_hard_max)) {}

  Result<Value> document() {
    if (m_text.size() > m_limits.bytes_max) {
      return invalid("E-JSN-001", fmt::format("{} bytes of JSON, {} are allowed", m_text.size(),
                                              m_limits.bytes_max));
    }
    if (!valid_utf8(m_text)) {
      const std::size_t at = first_invalid_utf8(m_text);
      return invalid("E-JSN-003", fmt::format("not UTF-8 at byte {}", at),
                     fmt::format("byte {}", at));
    }
    skip_space();
    if (m_at == m_text.size()) return invalid("E-JSN-008", "there is no JSON value", "byte 0");
    Value value;
    if (!read_value(value, nullptr, 0)) return std::move(m_error);
    skip_space();
    if (m_at != m_text.size()) {
      fail("E-JSN-007", "something follows the JSON value", nullptr);
      return std::move(m_error);
    }
    return value;
  }

 private:
  bool fail(std::string_view code, std::string_view what, const Place* place) {
    const std::string_view before = m_text.substr(0, m_at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    m_error = invalid(
        code,
        fmt::format("{} at byte {} (line {}, column {})", what, m_at, line, m_at - line_start + 1),
        place == nullptr ? fmt::format("byte {}", m_at) : place->text());
    return false;
  }
  bool bad(std::string_view what, const Place* place) { return fail("E-JSN-002", what, place); }

  [[nodiscard]] char peek() const { return m_at < m_text.size() ? m_text[m_at] : '\0'; }

  void skip_space() {
    while (m_at < m_text.size()) {
      const char c = m_text[m_at];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
      ++m_at;
    }
  }

  bool read_value(Value& out, const Place* place, std::size_t depth) {
    if (++m_values > m_limits.values_max) {
      return fail("E-JSN-005", fmt::format("more than {} values", m_limits.values_max), place);
    }
    switch (peek()) {
      case '{':
        return read_object(out, place, depth + 1);
      case '[':
        return read_array(out, place, depth + 1);
      case '"': {
        std::string text;
        if (!read_string(text, place)) return false;
        out = Value(std::move(text));
        return true;
      }
      case 't':
        return read_word("true", Value(true), out, place);
      case 'f':
        return read_word("false", Value(false), out, place);
      case 'n':
        return read_word("null", Value(), out, place);
      default:
        return read_number(out, place);
    }
  }

  bool read_word(std::string_view word, Value value, Value& out, const Place* place) {
    if (m_text.substr(m_at, word.size()) != word) return bad("a value was expected", place);
    m_at += word.size();
    out = std::move(value);
    return true;
  }

  bool read_number(Value& out, const Place* place) {
    std::size_t end = m_at;
    bool whole = true;
    while (end < m_text.size()) {
      const char c = m_text[end];
      const bool digit = c >= '0' && c <= '9';
      if (!digit && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E') break;
      if (c == '.' || c == 'e' || c == 'E') whole = false;
      ++end;
    }
    const std::string_view text = m_text.substr(m_at, end - m_at);
    if (text.empty()) {
      return bad(m_at == m_text.size() ? "the JSON ends too early" : "a value was expected", place);
    }
    if (!is_number(text)) return bad("malformed number", place);
    // "-0" keeps its sign as text: written again it must be the same bytes.
    if (whole && text != "-0") {
      std::int64_t value = 0;
      const auto [next, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (fault == std::errc{} && next == text.data() + text.size()) {
        out = Value(value);
        m_at = end;
        return true;
      }
    }
    out = Value(Decimal{std::string(text)});
    m_at = end;
    return true;
  }

  bool read_string(std::string& out, const Place* place) {
    ++m_at;  // the opening quote
    for (;;) {
      std::size_t end = m_at;
      while (end < m_text.size() && plain_in_string[static_cast<unsigned char>(m_text[end])]) ++end;
      out.append(m_text, m_at, end - m_at);
      m_at = end;
      if (m_at == m_text.size()) return bad("a text does not end", place);
      if (m_text[m_at] == '"') {
        ++m_at;
        return true;
      }
      if (m_text[m_at] != '\\') return bad("control character inside a text", place);
      if (!read_escape(out, place)) return false;
    }
  }

  bool read_escape(std::string& out, const Place* place) {
    static constexpr std::string_view letters = "\"\\/bfnrt";
    static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    const char letter = m_at + 1 < m_text.size() ? m_text[m_at + 1] : '\0';
    const std::size_t simple = letters.find(letter);
    if (letter != '\0' && simple != std::string_view::npos) {
      out += meanings[simple];
      m_at += 2;
      return true;
    }
    unsigned code = 0;
    if (letter != 'u' || !read_unit(code)) return bad("unknown escape inside a text", place);
    if (code >= 0xDC00 && code < 0xE000) return bad("half a surrogate pair", place);
    if (code >= 0xD800 && code < 0xDC00) {
      unsigned low = 0;
      if (m_text.substr(m_at, 2) != "\\u" || !read_unit(low) || low < 0xDC00 || low >= 0xE000) {
        return bad("half a surrogate pair", place);
      }
      code = 0x10000 + ((code - 0xD800) << 10U) + (low - 0xDC00);
    }
    append_utf8(out, code);
    return true;
  }

  /// `\uXXXX` at m_at.
  bool read_unit(unsigned& code) {
    const std::string_view text = m_text.substr(m_at, 6);
    if (text.size() < 6) return false;
    const char* const end = text.data() + 6;
    const auto [next, fault] = std::from_chars(text.data() + 2, end, code, 16);
    if (fault != std::errc{} || next != end) return false;
    m_at += 6;
    return true;
  }

  bool enter(const Place* place, std::size_t depth) {
    if (depth > m_depth_max) {
      return fail("E-JSN-004", fmt::format("nested deeper than {} levels", m_depth_max), place);
    }
    ++m_at;
    skip_space();
    return true;
  }

  bool read_array(Value& out, const Place* place, std::size_t depth) {
    if (!enter(place, depth)) return false;
    Array array;
    if (peek() == ']') {
      ++m_at;
      out = Value(std::move(array));
      return true;
    }
    for (;;) {
      const Place element{place, nullptr, array.size()};
      array.emplace_back();
      if (!read_value(array.back(), &element, depth)) return false;
      skip_space();
      const char c = peek();
      if (c != ',' && c != ']') return bad("`,` or `]` was expected", place);
      ++m_at;
      if (c == ']') break;
      skip_space();
    }
    out = Value(std::move(array));
    return true;
  }

  bool read_object(Value& out, const Place* place, std::size_t depth) {
    if (!enter(place, depth)) return false;
    ObjectBuilder object;
    if (peek() == '}') {
      ++m_at;
      out = Value(object.take());
      return true;
    }
    for (;;) {
      if (peek() != '"') return bad("a field name in quotes was expected", place);
      std::string key;
      if (!read_string(key, place)) return false;
      skip_space();
      if (peek() != ':') return bad("`:` was expected", place);
      ++m_at;
      skip_space();
      Value& value = object.add(std::move(key));
      const Place member{place, &object.last_key(), 0};
      if (!read_value(value, &member, depth)) return false;
      skip_space();
      const char c = peek();
      if (c != ',' && c != '}') return bad("`,` or `}` was expected", place);
      ++m_at;
      if (c == '}') break;
      skip_space();
    }
    if (const std::string* const twice = object.sort(); twice != nullptr) {
      const Place member{place, twice, 0};
      return fail("E-JSN-006", fmt::format("the field \"{}\" is there twice, object ends", *twice),
                  &member);
    }
    out = Value(object.take());
    return true;
  }

  std::string_view m_text;
  Limits m_limits;
  std::size_t m_depth_max;
  std::size_t m_at = 0;
  std::size_t m_values = 0;
  Error m_error{ErrorKind::invalid, "", ""};
};

}  // namespace

Result<Value> parse(std::string_view text, const Limits& limits) {
  return Reader(text, limits).document();
}

}  // namespace siegel::json
