#include "format/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "format/json_writer.h"

namespace siegel::json {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

auto lower_bound(auto& members, std::string_view key) {
  return std::lower_bound(members.begin(), members.end(), key,
                          [](const Member& member, std::string_view k) { return member.key < k; });
}

void write_pretty(std::string& out, const Value& value, std::size_t depth) {
  const auto new_line = [&](std::size_t at) {
    out += '\n';
    out.append(2 * at, ' ');
  };
  const Array* const array = value.array();
  const Object* const object = value.object();
  if (array != nullptr && !array->empty()) {
    out += '[';
    for (const Value& element : *array) {
      if (&element != array->data()) out += ',';
      new_line(depth + 1);
      write_pretty(out, element, depth + 1);
    }
    new_line(depth);
    out += ']';
  } else if (object != nullptr && !object->empty()) {
    out += '{';
    for (const Member& member : *object) {
      if (&member != object->begin()) out += ',';
      new_line(depth + 1);
      append_string(out, member.key);
      out += ": ";
      write_pretty(out, member.value, depth + 1);
    }
    new_line(depth);
    out += '}';
  } else {
    Writer(out).value(value);
  }
}

}  // namespace

bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto more = [&] { return at < text.size(); };
  const auto skip_digits = [&] {
    const std::size_t start = at;
    while (more() && is_digit(text[at])) ++at;
    return at - start;
  };
  if (more() && text[at] == '-') ++at;
  const std::size_t start = at;
  const std::size_t whole = skip_digits();
  if (whole == 0 || (whole > 1 && text[start] == '0')) return false;
  if (more() && text[at] == '.') {
    ++at;
    if (skip_digits() == 0) return false;
  }
  if (more() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (more() && (text[at] == '+' || text[at] == '-')) ++at;
    if (skip_digits() == 0) return false;
  }
  return !more();
}

Result<Decimal> decimal(std::string_view text) {
  if (!is_number(text)) {
    return invalid("E-JSN-010", fmt::format("\"{:.40}\" is not a JSON number", text));
  }
  return Decimal{std::string(text)};
}

Object::Object() = default;
Object::~Object() = default;
Object::Object(const Object&) = default;
Object& Object::operator=(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(Object&&) noexcept = default;

const Value* Object::find(std::string_view key) const {
  const auto found = lower_bound(m_members, key);
  return found != m_members.end() && found->key == key ? &found->value : nullptr;
}

Value* Object::find(std::string_view key) {
  const auto found = lower_bound(m_members, key);
  return found != m_members.end() && found->key == key ? &found->value : nullptr;
}

Object& Object::set(std::string_view key, Value value) {
  if (m_members.empty() || m_members.back().key < key) {
    m_members.push_back({std::string(key), std::move(value)});
    return *this;
  }
  const auto found = lower_bound(m_members, key);
  if (found != m_members.end() && found->key == key) {
    found->value = std::move(value);
  } else {
    m_members.insert(found, Member{std::string(key), std::move(value)});
  }
  return *this;
}

bool Object::remove(std::string_view key) {
  const auto found = lower_bound(m_members, key);
  if (found == m_members.end() || found->key != key) return false;
  m_members.erase(found);
  return true;
}

std::size_t Object::size() const { return m_members.size(); }
const Member* Object::begin() const { return m_members.data(); }
const Member* Object::end() const { return m_members.data() + m_members.size(); }
bool operator==(const Object& a, const Object& b) { return a.m_members == b.m_members; }

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "true-or-false value";
    case Kind::integer:
      return "whole number";
    case Kind::decimal:
      return "number";
    case Kind::string:
      return "text";
    case Kind::array:
      return "list";
    case Kind::object:
      return "group of fields";
  }
  SIEGEL_CHECK(false);
}

std::string canonical(const Value& value) {
  std::string out;
  Writer(out).value(value);
  return out;
}

std::string pretty(const Value& value) {
  std::string out;
  write_pretty(out, value, 0);
  out += '\n';
  return out;
}

bool is_canonical(std::string_view text, const Limits& limits) {
  const Result<Value> value = parse(text, limits);
  return value.ok() && canonical(*value) == text;
}

std::string pointer(std::string_view base, std::string_view key) {
  std::string out(base);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string pointer(std::string_view base, std::size_t index) {
  return fmt::format("{}/{}", base, index);
}

}  // namespace siegel::json
