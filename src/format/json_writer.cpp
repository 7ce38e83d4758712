#include "format/json_writer.h"

#include <fmt/format.h>

#include <array>

#include "base/bytes.h"
#include "base/check.h"

namespace siegel::json {
namespace {

enum : std::uint8_t { plain, escaped, high };

constexpr auto char_class = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 0x20; ++c) table[c] = escaped;
  for (unsigned c = 0x80; c < 0x100; ++c) table[c] = high;
  table['"'] = escaped;
  table['\\'] = escaped;
  return table;
}();

void append_escape(std::string& out, unsigned char c) {
  static constexpr std::string_view hex_digits = "0123456789abcdef";
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += static_cast<char>(c);
      return;
    case '\b':
      out += 'b';
      return;
    case '\f':
      out += 'f';
      return;
    case '\n':
      out += 'n';
      return;
    case '\r':
      out += 'r';
      return;
    case '\t':
      out += 't';
      return;
    default:
      out += "u00";
      out += hex_digits[c >> 4U];
      out += hex_digits[c & 0xFU];
  }
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t from = 0;
  bool any_high = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::uint8_t kind = char_class[c];
    if (kind == plain) [[likely]]
      continue;
    if (kind == high) {
      any_high = true;
      continue;
    }
    out.append(text, from, i - from);
    append_escape(out, c);
    from = i + 1;
  }
  out.append(text, from);
  out += '"';
  // Bad bytes here are our bug: whatever came from outside was checked where it came in.
  SIEGEL_CHECK(!any_high || valid_utf8(text));
}

void Writer::before_value() {
  if (m_frames.empty()) {
    SIEGEL_CHECK(!m_done);
    return;
  }
  Frame& frame = m_frames.back();
  if (frame.is_object) {
    SIEGEL_CHECK(frame.key_pending);
    frame.key_pending = false;
    return;
  }
  if (frame.has_members) m_out += ',';
  frame.has_members = true;
}

void Writer::after_value() {
  if (m_frames.empty()) m_done = true;
}

Writer& Writer::begin_object() {
  before_value();
  m_frames.push_back({.is_object = true, .key_start = m_keys.size()});
  m_out += '{';
  return *this;
}

Writer& Writer::end_object() {
  SIEGEL_CHECK(!m_frames.empty() && m_frames.back().is_object && !m_frames.back().key_pending);
  m_keys.resize(m_frames.back().key_start);
  m_frames.pop_back();
  m_out += '}';
  after_value();
  return *this;
}

Writer& Writer::begin_array() {
  before_value();
  m_frames.push_back({.is_object = false, .key_start = m_keys.size()});
  m_out += '[';
  return *this;
}

Writer& Writer::end_array() {
  SIEGEL_CHECK(!m_frames.empty() && !m_frames.back().is_object);
  m_frames.pop_back();
  m_out += ']';
  after_value();
  return *this;
}

Writer& Writer::key(std::string_view key) {
  SIEGEL_CHECK(!m_frames.empty());
  Frame& frame = m_frames.back();
  SIEGEL_CHECK(frame.is_object && !frame.key_pending);
  if (frame.has_members) {
    SIEGEL_CHECK(std::string_view(m_keys).substr(frame.key_start) < key);
    m_out += ',';
  }
  m_keys.resize(frame.key_start);
  m_keys += key;
  frame.has_members = true;
  frame.key_pending = true;
  append_string(m_out, key);
  m_out += ':';
  return *this;
}

Writer& Writer::null() { return raw("null"); }
Writer& Writer::boolean(bool value) { return raw(value ? "true" : "false"); }

Writer& Writer::integer(std::int64_t value) {
  const fmt::format_int text(value);
  return raw({text.data(), text.size()});
}

Writer& Writer::string(std::string_view text) {
  before_value();
  append_string(m_out, text);
  after_value();
  return *this;
}

Writer& Writer::number(std::string_view text) {
  SIEGEL_CHECK(is_number(text));
  return raw(text);
}

Writer& Writer::raw(std::string_view canonical_text) {
  before_value();
  m_out += canonical_text;
  after_value();
  return *this;
}

Writer& Writer::value(const Value& value) {
  switch (value.kind()) {
    case Kind::null:
      return null();
    case Kind::boolean:
      return boolean(*value.boolean());
    case Kind::integer:
      return integer(*value.integer());
    case Kind::decimal:
      return number(value.decimal()->text);
    case Kind::string:
      return string(*value.string());
    case Kind::array:
      begin_array();
      for (const Value& element : *value.array()) this->value(element);
      return end_array();
    case Kind::object:
      begin_object();
      for (const Member& member : *value.object()) key(member.key).value(member.value);
      return end_object();
  }
  SIEGEL_CHECK(false);
}

}  // namespace siegel::json
