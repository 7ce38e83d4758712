#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "format/json_fields.h"
#include "format/json_writer.h"
#include "model/master.h"
#include "model/money.h"
#include "model/words.h"

// How stored entries are written and read; for the codecs of this folder only. A member whose value
// is the default is not written. Readers take what is there and compare the result, written again,
// with the bytes they read: a missing member, a second way of writing or a blank is a difference,
// and so an error.

namespace siegel::stored {

inline constexpr json::Limits stored_limits = {.bytes_max = std::size_t{16} << 20,
                                               .values_max = 4'000'000};

inline std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

inline void optional_text(json::Writer& out, std::string_view key, std::string_view text) {
  if (!text.empty()) out.field(key, text);
}

inline void optional_number(json::Writer& out, std::string_view key, std::int64_t value) {
  if (value != 0) out.field(key, value);
}

inline void optional_bytes(json::Writer& out, std::string_view key, BytesView bytes) {
  if (!bytes.empty()) out.field(key, base64(bytes));
}

inline void optional_instant(json::Writer& out, std::string_view key, Instant at) {
  if (at != Instant()) out.field(key, at.text());
}

template <class T, class Write>
void optional_list(json::Writer& out, std::string_view key, const std::vector<T>& list,
                   const Write& write) {
  if (list.empty()) return;
  out.key(key).begin_array();
  for (const T& item : list) write(out, item);
  out.end_array();
}

// ---------------------------------------------------------------- reading

inline Error as_corrupt(const Error& error) {
  return corrupt("E-MOD-101",
                 fmt::format("a stored entry cannot be read: {} {}", error.code, error.detail),
                 error.place);
}

/// Reads one stored object; keeps the first error and reads on, so that a reader is a list of
/// fields.
class Stored {
 public:
  explicit Stored(const json::Value& value, std::string_view place = {}) {
    auto fields = json::Fields::of(value, place);
    if (fields.ok()) {
      m_fields = std::move(fields).value();
    } else {
      m_error = std::move(fields).error();
    }
  }

  [[nodiscard]] bool has(std::string_view key) const { return m_fields && m_fields->has(key); }
  void text(std::string_view key, std::string& to) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    if (const std::string* text = value->string()) {
      to = *text;
    } else {
      fail(key, "is not a text");
    }
  }
  template <class T>
  void number(std::string_view key, T& to) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    if (const std::int64_t* integer = value->integer()) {
      // Counters of a device use all 64 bits; they were written as the int64 of the same bits.
      if (sizeof(T) == sizeof(std::int64_t) || std::in_range<T>(*integer)) {
        to = static_cast<T>(*integer);
        return;
      }
    }
    fail(key, "is not a whole number in range");
  }
  void boolean(std::string_view key, bool& to) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    if (const bool* boolean = value->boolean()) {
      to = *boolean;
    } else {
      fail(key, "is not true or false");
    }
  }
  void money(std::string_view key, Money& to) {
    std::int64_t cents = 0;
    number(key, cents);
    to = Money::from_cents(cents);
  }
  template <int Scale>
  void decimal(std::string_view key, Decimal<Scale>& to) {
    std::int64_t raw = 0;
    number(key, raw);
    to = Decimal<Scale>::from_raw(raw);
  }
  template <int Scale>
  void decimal_or(std::string_view key, Decimal<Scale> otherwise, Decimal<Scale>& to) {
    to = otherwise;
    if (has(key)) decimal(key, to);
  }
  template <class Enum>
  void word(std::string_view key, std::span<const std::string_view> list, Enum& to) {
    std::string text;
    this->text(key, text);
    if (text.empty()) return;
    if (const auto found = words::find<Enum>(text, list)) {
      to = *found;
    } else {
      fail(key, fmt::format("is not a known word: {}", text));
    }
  }
  void key_and_rate(VatKey& key, VatRate& rate) {
    int number = 0;
    this->number("key", number);
    key = VatKey(number);
    int hundredths = 0;
    this->number("rate", hundredths);
    rate = VatRate::from_hundredths(hundredths);
  }
  template <class T>
  void parsed(std::string_view key, T& to) {
    std::string text;
    this->text(key, text);
    if (text.empty()) return;
    auto result = T::parse(text);
    if (result.ok()) {
      to = std::move(result).value();
    } else {
      fail(key, result.error().detail);
    }
  }
  void bytes(std::string_view key, Bytes& to) {
    std::string text;
    this->text(key, text);
    auto result = from_base64(text);
    if (result.ok()) {
      to = std::move(result).value();
    } else {
      fail(key, result.error().detail);
    }
  }
  /// Calls `read(value, place)` for each element.
  template <class Read>
  void list(std::string_view key, const Read& read) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    const json::Array* array = value->array();
    if (array == nullptr) return fail(key, "is not a list");
    const std::string place = m_fields ? m_fields->place_of(key) : std::string();
    for (std::size_t i = 0; i < array->size(); ++i) {
      const Status status = read((*array)[i], json::pointer(place, i));
      if (!status.ok() && !m_error) m_error = status.error();
    }
  }
  /// Calls `read(Stored&)` for the object, if there is one.
  template <class Read>
  void object(std::string_view key, const Read& read) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    Stored inner(*value, m_fields->place_of(key));
    read(inner);
    const Status status = inner.finish();
    if (!status.ok() && !m_error) m_error = status.error();
  }
  void texts(std::string_view key, std::vector<std::string>& to) {
    list(key, [&](const json::Value& value, const std::string& place) -> Status {
      if (value.string() == nullptr) return invalid("E-MOD-101", "is not a text", place);
      to.push_back(*value.string());
      return Ok{};
    });
  }
  [[nodiscard]] Status finish() const {
    if (m_error) return *m_error;
    return m_fields->finish();
  }

 private:
  const json::Value* any(std::string_view key) { return m_fields ? m_fields->any(key) : nullptr; }
  void fail(std::string_view key, std::string detail) {
    if (!m_error) m_error = invalid("E-MOD-101", std::move(detail), m_fields->place_of(key));
  }

  std::optional<json::Fields> m_fields;
  std::optional<Error> m_error;
};

template <class T, class Read>
Result<T> read_as(std::string_view json, const Read& read) {
  const auto value = json::parse(json, stored_limits);
  if (!value.ok()) return as_corrupt(value.error());
  T out;
  Stored object(*value);
  read(object, out);
  if (const Status status = object.finish(); !status.ok()) return as_corrupt(status.error());
  const std::string again = to_json(out);
  if (again != json) {
    const auto difference = std::ranges::mismatch(again, json).in2 - json.begin();
    return corrupt("E-MOD-101", "a stored entry is not in the form it was written in",
                   fmt::format("byte {}", difference));
  }
  return out;
}

template <class T, class Read>
auto into(std::vector<T>& list, const Read& read) {
  return [&list, read](const json::Value& value, std::string_view place) {
    return read(value, place, list.emplace_back());
  };
}

inline auto bytes_into(std::vector<Bytes>& list) {
  return [&list](const json::Value& value, std::string_view place) -> Status {
    if (value.string() == nullptr) return invalid("E-MOD-101", "is not a text", std::string(place));
    SIEGEL_TRY(auto bytes, from_base64(*value.string()));
    list.push_back(std::move(bytes));
    return Ok{};
  };
}

inline void write_text(json::Writer& out, const std::string& text) { out.string(text); }
inline void write_base64(json::Writer& out, const Bytes& bytes) { out.string(base64(bytes)); }

}  // namespace siegel::stored
