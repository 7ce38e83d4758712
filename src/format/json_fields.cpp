#include "format/json_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/check.h"

namespace siegel::json {
namespace {

constexpr std::size_t decimal_length_max = 40;
constexpr std::size_t word_length_max = 64;  // longer words get no suggestion

/// Letters added, left out, changed or swapped with their neighbour (optimal string alignment), or
/// more than `enough` if a word is too long.
std::size_t distance(std::string_view a, std::string_view b, std::size_t enough) {
  if (a.size() > word_length_max || b.size() > word_length_max) return enough + 1;
  using Row = std::array<std::size_t, word_length_max + 1>;
  Row before{};  // of i - 2
  Row above{};   // of i - 1
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = above;
    above = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({changed, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

/// A key or text for a message: cut, control characters replaced.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7F ? '?' : c;
  }
  if (text.size() > 40) out += "...";
  return out;
}

std::string list_of(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

Error wrong_kind(std::string_view place, std::string_view wanted, const Value& value) {
  return invalid("E-JSN-021",
                 fmt::format("a {} is needed, this is a {}", wanted, kind_name(value.kind())),
                 std::string(place));
}

Result<std::string> text_at(const std::string& place, const Value& value, std::size_t length_max,
                            bool lines) {
  const std::string* const text = value.string();
  if (text == nullptr) return wrong_kind(place, "text", value);
  // Each code point has at most 4 bytes: no need to count a text that cannot be too long.
  if (text->size() > length_max && utf8_length(*text) > length_max) {
    return invalid(
        "E-JSN-022",
        fmt::format("a text of {} characters, {} are allowed", utf8_length(*text), length_max),
        place);
  }
  for (std::size_t i = 0; i < text->size(); ++i) {
    const auto byte = static_cast<unsigned char>((*text)[i]);
    if ((byte < 0x20 && !(lines && byte == '\n')) || byte == 0x7F) {
      return invalid("E-JSN-023",
                     fmt::format("control character U+{:04X} at byte {} of the text", byte, i),
                     place);
    }
  }
  return *text;
}

Result<std::int64_t> int_at(const std::string& place, const Value& value, std::int64_t min,
                            std::int64_t max) {
  const std::int64_t* const number = value.integer();
  if (number == nullptr) return wrong_kind(place, "whole number", value);
  if (*number < min || *number > max) {
    return invalid("E-JSN-024", fmt::format("{} is not between {} and {}", *number, min, max),
                   place);
  }
  return *number;
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> words) {
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view candidate : words) {
    const std::size_t d = distance(word, candidate, best);
    if (d < best) {
      best = d;
      nearest = candidate;
    }
  }
  return nearest;
}

Result<Fields> Fields::of(const Value& value, std::string_view place) {
  const Object* const object = value.object();
  if (object == nullptr) return wrong_kind(place, "group of fields", value);
  return Fields(*object, place);
}

Fields::Fields(const Object& object, std::string_view place)
    : m_object(&object), m_place(place), m_taken(object.size()) {}

bool Fields::has(std::string_view key) const {
  const Value* const value = m_object->find(key);
  return value != nullptr && !value->is_null();
}

const Value* Fields::take(std::string_view key) {
  m_asked.push_back(key);
  const auto found =
      std::lower_bound(m_object->begin(), m_object->end(), key,
                       [](const Member& member, std::string_view k) { return member.key < k; });
  if (found == m_object->end() || found->key != key) return nullptr;
  m_taken[static_cast<std::size_t>(found - m_object->begin())] = true;
  return found->value.is_null() ? nullptr : &found->value;
}

Error Fields::missing(std::string_view key) const {
  // The usual reason is a typing error: name the field that was probably meant.
  std::vector<std::string_view> others;
  for (std::size_t i = 0; i < m_taken.size(); ++i) {
    if (!m_taken[i]) others.emplace_back(m_object->begin()[i].key);
  }
  const std::string_view meant = nearest_word(key, others);
  std::string detail = fmt::format("the field \"{}\" is missing", key);
  if (!meant.empty()) detail += fmt::format("; was it meant by \"{}\"?", shown(meant));
  return invalid("E-JSN-020", std::move(detail), place_of(key));
}

Result<std::string> Fields::required_string(std::string_view key, std::size_t length_max) {
  const Value* const value = take(key);
  if (value == nullptr) return missing(key);
  SIEGEL_TRY(std::string text, text_at(place_of(key), *value, length_max, false));
  if (text.empty()) return invalid("E-JSN-027", "the text is empty", place_of(key));
  return text;
}

Result<std::optional<std::string>> Fields::optional_string(std::string_view key,
                                                           std::size_t length_max) {
  const Value* const value = take(key);
  if (value == nullptr) return std::optional<std::string>();
  SIEGEL_TRY(std::string text, text_at(place_of(key), *value, length_max, false));
  return std::optional(std::move(text));
}

Result<std::optional<std::string>> Fields::optional_text(std::string_view key,
                                                         std::size_t length_max) {
  const Value* const value = take(key);
  if (value == nullptr) return std::optional<std::string>();
  SIEGEL_TRY(std::string text, text_at(place_of(key), *value, length_max, true));
  return std::optional(std::move(text));
}

Result<std::int64_t> Fields::required_int(std::string_view key, std::int64_t min,
                                          std::int64_t max) {
  const Value* const value = take(key);
  if (value == nullptr) return missing(key);
  return int_at(place_of(key), *value, min, max);
}

Result<std::optional<std::int64_t>> Fields::optional_int(std::string_view key, std::int64_t min,
                                                         std::int64_t max) {
  const Value* const value = take(key);
  if (value == nullptr) return std::optional<std::int64_t>();
  SIEGEL_TRY(const std::int64_t number, int_at(place_of(key), *value, min, max));
  return std::optional(number);
}

Result<bool> Fields::required_bool(std::string_view key) {
  const Value* const value = take(key);
  if (value == nullptr) return missing(key);
  if (value->boolean() == nullptr) return wrong_kind(place_of(key), "true-or-false value", *value);
  return *value->boolean();
}

Result<bool> Fields::optional_bool(std::string_view key, bool otherwise) {
  const Value* const value = take(key);
  if (value == nullptr) return otherwise;
  if (value->boolean() == nullptr) return wrong_kind(place_of(key), "true-or-false value", *value);
  return *value->boolean();
}

Result<std::optional<std::string>> Fields::optional_decimal(std::string_view key) {
  const Value* const value = take(key);
  if (value == nullptr) return std::optional<std::string>();
  std::string text;
  if (value->integer() != nullptr) {
    text = std::to_string(*value->integer());
  } else if (value->decimal() != nullptr) {
    text = value->decimal()->text;
  } else if (value->string() != nullptr) {
    text = *value->string();
    if (!is_number(text)) {
      return invalid("E-JSN-021",
                     fmt::format("\"{}\" is not a number such as \"12.50\"", shown(text)),
                     place_of(key));
    }
  } else {
    return wrong_kind(place_of(key), "number", *value);
  }
  if (text.size() > decimal_length_max || text.find_first_of("eE") != std::string::npos) {
    return invalid("E-JSN-024",
                   fmt::format("the number {} is too long or has an exponent", shown(text)),
                   place_of(key));
  }
  return std::optional(std::move(text));
}

Result<std::string> Fields::required_decimal(std::string_view key) {
  SIEGEL_TRY(std::optional<std::string> text, optional_decimal(key));
  if (!text) return missing(key);
  return std::move(*text);
}

Result<std::optional<std::size_t>> Fields::optional_word(std::string_view key,
                                                         std::span<const std::string_view> words) {
  const Value* const value = take(key);
  if (value == nullptr) return std::optional<std::size_t>();
  const std::string* const text = value->string();
  if (text == nullptr) return wrong_kind(place_of(key), "text", *value);
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) {
    return std::optional(static_cast<std::size_t>(found - words.begin()));
  }
  const std::string_view meant = nearest_word(*text, words);
  std::string detail = fmt::format("\"{}\" is not one of {}", shown(*text), list_of(words));
  if (!meant.empty()) detail += fmt::format("; did you mean \"{}\"?", meant);
  return invalid("E-JSN-028", std::move(detail), place_of(key));
}

Result<std::size_t> Fields::required_word(std::string_view key,
                                          std::span<const std::string_view> words) {
  SIEGEL_TRY(const std::optional<std::size_t> word, optional_word(key, words));
  if (!word) return missing(key);
  return *word;
}

Result<std::optional<Fields>> Fields::optional_object(std::string_view key) {
  const Value* const value = take(key);
  if (value == nullptr) return std::optional<Fields>();
  SIEGEL_TRY(Fields inside, of(*value, place_of(key)));
  return std::optional(std::move(inside));
}

Result<Fields> Fields::required_object(std::string_view key) {
  const Value* const value = take(key);
  if (value == nullptr) return missing(key);
  return of(*value, place_of(key));
}

Result<Items> Fields::optional_array(std::string_view key, std::size_t count_max) {
  const Value* const value = take(key);
  if (value == nullptr) return Items();
  const Array* const array = value->array();
  if (array == nullptr) return wrong_kind(place_of(key), "list", *value);
  if (array->size() > count_max) {
    return invalid("E-JSN-026",
                   fmt::format("a list of {} entries, {} are allowed", array->size(), count_max),
                   place_of(key));
  }
  return Items(*array, place_of(key));
}

Result<Items> Fields::required_array(std::string_view key, std::size_t count_max) {
  if (!has(key)) {
    take(key);
    return missing(key);
  }
  return optional_array(key, count_max);
}

const Value* Fields::any(std::string_view key) { return take(key); }

Status Fields::finish() const {
  const auto unknown = std::find(m_taken.begin(), m_taken.end(), false);
  if (unknown == m_taken.end()) return Ok{};
  const std::string& key = m_object->begin()[unknown - m_taken.begin()].key;
  const std::string_view meant = nearest_word(key, m_asked);
  std::string detail = fmt::format("the field \"{}\" is not known here", shown(key));
  if (!meant.empty()) detail += fmt::format("; did you mean \"{}\"?", meant);
  return invalid("E-JSN-025", std::move(detail), place_of(key));
}

const Value& Items::at(std::size_t index) const {
  SIEGEL_CHECK(index < size());
  return (*m_array)[index];
}

Result<Fields> Items::object(std::size_t index) const {
  return Fields::of(at(index), place_of(index));
}

Result<std::string> Items::string(std::size_t index, std::size_t length_max) const {
  return text_at(place_of(index), at(index), length_max, false);
}

Result<std::int64_t> Items::integer(std::size_t index, std::int64_t min, std::int64_t max) const {
  return int_at(place_of(index), at(index), min, max);
}

}  // namespace siegel::json
