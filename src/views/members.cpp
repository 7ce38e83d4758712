#include "views/members.h"

#include <fmt/format.h>

#include <charconv>

#include "format/json.h"

namespace siegel::views {
namespace {

Error broken(std::string_view what) {
  return corrupt("E-MOD-101", fmt::format("a stored payload cannot be read: {}", what));
}

/// Length of the string at the front, with its quotes; 0: it does not end.
std::size_t string_length(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return 0;
}

/// Length of the value at the front; 0: it does not end.
std::size_t value_length(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '"') {
      const std::size_t length = string_length(text.substr(i));
      if (length == 0) return 0;
      i += length;
      if (depth == 0) return i;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']' || c == ',') {
      if (depth == 0) return i;
      if (c != ',' && --depth == 0) return i + 1;
    }
    ++i;
  }
  return 0;
}

}  // namespace

Result<bool> Members::next() {
  if (!m_begun) {
    if (!m_rest.starts_with('{')) return broken("no object");
    m_rest.remove_prefix(1);
    m_begun = true;
    if (m_rest == "}") return false;
  } else {
    if (m_rest == "}") return false;
    if (!m_rest.starts_with(',')) return broken("a comma is missing");
    m_rest.remove_prefix(1);
  }
  const std::size_t key = m_rest.starts_with('"') ? string_length(m_rest) : 0;
  if (key == 0 || m_rest.substr(key, 1) != ":") return broken("a key is missing");
  m_key = m_rest.substr(1, key - 2);
  m_rest.remove_prefix(key + 1);
  const std::size_t length = value_length(m_rest);
  if (length == 0) return broken("a value does not end");
  m_value = m_rest.substr(0, length);
  m_rest.remove_prefix(length);
  return true;
}

Result<std::string> Members::text() const {
  if (!m_value.starts_with('"')) return broken(fmt::format("\"{}\" is no text", m_key));
  const std::string_view inner = m_value.substr(1, m_value.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return std::string(inner);
  const auto parsed = json::parse(m_value);
  if (!parsed.ok() || parsed->string() == nullptr)
    return broken(fmt::format("\"{}\" is no text", m_key));
  return *parsed->string();
}

Result<std::int64_t> Members::integer() const {
  std::int64_t value = 0;
  const char* const end = m_value.data() + m_value.size();
  const auto [stop, error] = std::from_chars(m_value.data(), end, value);
  if (error != std::errc() || stop != end)
    return broken(fmt::format("\"{}\" is no whole number", m_key));
  return value;
}

}  // namespace siegel::views
