#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "format/json_fields.h"
#include "model/codec.h"
#include "model/money.h"
#include "model/words.h"

// How what people and tills send is read; for the request readers of this folder only.

namespace siegel::request {

template <class T>
Result<T> placed(Result<T> result, std::string place) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.place = std::move(place);
  return error;
}

template <class T>
Result<std::optional<T>> optional_number(json::Fields& in, std::string_view key) {
  SIEGEL_TRY(const auto text, in.optional_decimal(key));
  if (!text) return std::optional<T>();
  SIEGEL_TRY(T value, placed(T::parse(*text), in.place_of(key)));
  return std::optional<T>(value);
}

inline Result<Money> required_money(json::Fields& in, std::string_view key) {
  SIEGEL_TRY(const std::string text, in.required_decimal(key));
  return placed(Money::parse(text), in.place_of(key));
}

inline Result<std::string> text_or_empty(json::Fields& in, std::string_view key,
                                         std::size_t length_max) {
  SIEGEL_TRY(auto text, in.optional_string(key, length_max));
  return std::move(text).value_or(std::string());
}

template <class Enum>
Result<Enum> word_or(json::Fields& in, std::string_view key, std::span<const std::string_view> list,
                     Enum otherwise) {
  SIEGEL_TRY(const auto index, in.optional_word(key, list));
  return index ? static_cast<Enum>(*index) : otherwise;
}

template <class T, class Read>
Status read_list(json::Fields& in, std::string_view key, std::size_t count_max,
                 std::vector<T>& list, const Read& read) {
  SIEGEL_TRY(const json::Items items, in.optional_array(key, count_max));
  list.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(auto fields, items.object(i));
    SIEGEL_TRY(auto item, read(std::move(fields)));
    list.push_back(std::move(item));
  }
  return Ok{};
}

inline Result<std::vector<std::string>> texts(json::Fields& in, std::string_view key,
                                              std::size_t count_max, std::size_t length_max) {
  SIEGEL_TRY(const json::Items items, in.optional_array(key, count_max));
  std::vector<std::string> list;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(list.emplace_back(), items.string(i, length_max));
  }
  return list;
}

template <class T>
Result<T> required_parsed(json::Fields& in, std::string_view key, std::size_t length_max) {
  SIEGEL_TRY(const std::string text, in.required_string(key, length_max));
  return placed(T::parse(text), in.place_of(key));
}

/// Left out: `otherwise`.
template <class T>
Result<T> parsed_or(json::Fields& in, std::string_view key, std::size_t length_max, T otherwise) {
  SIEGEL_TRY(const auto text, in.optional_string(key, length_max));
  if (!text) return otherwise;
  return placed(T::parse(*text), in.place_of(key));
}

template <class T>
Result<T> number_or(json::Fields& in, std::string_view key, T otherwise) {
  SIEGEL_TRY(const auto value, optional_number<T>(in, key));
  return value.value_or(otherwise);
}

}  // namespace siegel::request
