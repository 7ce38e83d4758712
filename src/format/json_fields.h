#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/json.h"

namespace siegel::json {

class Items;

/// Strict reading of one object of a request: every field is asked for by name, finish() refuses
/// what nobody asked for. Errors, kind invalid, place = JSON pointer of the field:
/// E-JSN-020 missing, E-JSN-021 of another kind, E-JSN-022 text too long, E-JSN-023 control
/// character in a text, E-JSN-024 number out of range, E-JSN-025 unknown field (with a suggestion),
/// E-JSN-026 list too long, E-JSN-027 text empty, E-JSN-028 not one of the words allowed.
/// null counts as absent. The value and all key texts outlive the reader.
class Fields {
 public:
  /// E-JSN-021 if `value` is not an object. `place` is its JSON pointer ("" is the whole document).
  static Result<Fields> of(const Value& value, std::string_view place = {});
  explicit Fields(const Object& object, std::string_view place = {});

  [[nodiscard]] bool has(std::string_view key) const;

  /// One line: no control characters, 1 to `length_max` code points. E-JSN-020 to -023, -027.
  Result<std::string> required_string(std::string_view key, std::size_t length_max);
  /// The same, may be empty.
  Result<std::optional<std::string>> optional_string(std::string_view key, std::size_t length_max);
  /// Several lines: a line feed is allowed.
  Result<std::optional<std::string>> optional_text(std::string_view key, std::size_t length_max);

  /// A whole number of at least `min` and at most `max`. E-JSN-020, -021, -024.
  Result<std::int64_t> required_int(std::string_view key, std::int64_t min, std::int64_t max);
  Result<std::optional<std::int64_t>> optional_int(std::string_view key, std::int64_t min,
                                                   std::int64_t max);
  Result<bool> required_bool(std::string_view key);
  Result<bool> optional_bool(std::string_view key, bool otherwise);

  /// A number, or a text that has the form of one, exactly as written ("1.80"); at most 40
  /// characters, no exponent. Money and quantities are made from it. E-JSN-020, -021, -024.
  Result<std::string> required_decimal(std::string_view key);
  Result<std::optional<std::string>> optional_decimal(std::string_view key);

  /// The index of the word in `words`. E-JSN-020, -021, -028 (lists them, suggests the nearest).
  Result<std::size_t> required_word(std::string_view key, std::span<const std::string_view> words);
  Result<std::optional<std::size_t>> optional_word(std::string_view key,
                                                   std::span<const std::string_view> words);

  /// The reader of an object inside; the caller finishes it.
  Result<Fields> required_object(std::string_view key);
  Result<std::optional<Fields>> optional_object(std::string_view key);
  /// At most `count_max` elements (E-JSN-026). An absent optional list is empty.
  Result<Items> required_array(std::string_view key, std::size_t count_max);
  Result<Items> optional_array(std::string_view key, std::size_t count_max);
  /// The value as it is (null pointer if absent); counts as asked for.
  const Value* any(std::string_view key);

  /// The first field nobody asked for, with "did you mean". E-JSN-025.
  Status finish() const;

  [[nodiscard]] const std::string& place() const { return m_place; }
  /// JSON pointer of a field, for the caller's own errors.
  [[nodiscard]] std::string place_of(std::string_view key) const { return pointer(m_place, key); }

 private:
  const Value* take(std::string_view key);
  [[nodiscard]] Error missing(std::string_view key) const;

  const Object* m_object;
  std::string m_place;
  std::vector<bool> m_taken;              // by index of the member
  std::vector<std::string_view> m_asked;  // all keys asked for, for suggestions
};

/// A list of a request. Elements are read by index.
class Items {
 public:
  Items() = default;
  Items(const Array& array, std::string_view place) : m_array(&array), m_place(place) {}
  [[nodiscard]] std::size_t size() const { return m_array == nullptr ? 0 : m_array->size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// `index` < size() for all of these (checked).
  [[nodiscard]] const Value& at(std::size_t index) const;
  Result<Fields> object(std::size_t index) const;
  Result<std::string> string(std::size_t index, std::size_t length_max) const;
  Result<std::int64_t> integer(std::size_t index, std::int64_t min, std::int64_t max) const;
  [[nodiscard]] std::string place_of(std::size_t index) const { return pointer(m_place, index); }

 private:
  const Array* m_array = nullptr;
  std::string m_place;
};

/// The word of `words` nearest to `word`, if it is near enough to be meant; empty otherwise.
[[nodiscard]] std::string_view nearest_word(std::string_view word,
                                            std::span<const std::string_view> words);

}  // namespace siegel::json
