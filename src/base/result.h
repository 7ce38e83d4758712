#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace siegel {

/// What the caller can do about an error. The only part of an Error that code branches on.
enum class ErrorKind {
  invalid,      ///< the input is wrong; correct it. Nothing was changed.
  conflict,     ///< the input is fine but does not fit the state. Nothing was changed.
  not_found,    ///< what was named does not exist.
  unavailable,  ///< a device or service does not work; the law's outage procedure starts.
  unknown,      ///< sent, no answer: ask the device, never just repeat.
  corrupt,      ///< stored data cannot be trusted; stop writing, call a human.
};

/// A failure. `code` is stable for ever and listed in docs/reference/errors.md (German and
/// English); `detail` is one English sentence with the values; `place` is the field (JSON pointer)
/// or the place in a file, empty if there is none.
struct Error {
  ErrorKind kind;
  std::string code;
  std::string detail;
  std::string place = {};

  friend bool operator==(const Error&, const Error&) = default;
};

[[nodiscard]] inline Error invalid(std::string_view code, std::string detail,
                                   std::string place = {}) {
  return {ErrorKind::invalid, std::string(code), std::move(detail), std::move(place)};
}
[[nodiscard]] inline Error conflict(std::string_view code, std::string detail,
                                    std::string place = {}) {
  return {ErrorKind::conflict, std::string(code), std::move(detail), std::move(place)};
}
[[nodiscard]] inline Error not_found(std::string_view code, std::string detail,
                                     std::string place = {}) {
  return {ErrorKind::not_found, std::string(code), std::move(detail), std::move(place)};
}
[[nodiscard]] inline Error unavailable(std::string_view code, std::string detail,
                                       std::string place = {}) {
  return {ErrorKind::unavailable, std::string(code), std::move(detail), std::move(place)};
}
[[nodiscard]] inline Error unknown(std::string_view code, std::string detail,
                                   std::string place = {}) {
  return {ErrorKind::unknown, std::string(code), std::move(detail), std::move(place)};
}
[[nodiscard]] inline Error corrupt(std::string_view code, std::string detail,
                                   std::string place = {}) {
  return {ErrorKind::corrupt, std::string(code), std::move(detail), std::move(place)};
}

/// A value or an Error. A dropped Result does not build.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Implicit, so that functions read `return value` and `return error`.
  Result(T value) : m_v(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : m_v(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return m_v.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & {
    SIEGEL_CHECK(ok());
    return *std::get_if<0>(&m_v);
  }
  [[nodiscard]] const T& value() const& {
    SIEGEL_CHECK(ok());
    return *std::get_if<0>(&m_v);
  }
  [[nodiscard]] T&& value() && {
    SIEGEL_CHECK(ok());
    return std::move(*std::get_if<0>(&m_v));
  }
  [[nodiscard]] T& operator*() & { return value(); }
  [[nodiscard]] const T& operator*() const& { return value(); }
  [[nodiscard]] T&& operator*() && { return std::move(*this).value(); }
  [[nodiscard]] T* operator->() { return &value(); }
  [[nodiscard]] const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const& {
    SIEGEL_CHECK(!ok());
    return *std::get_if<1>(&m_v);
  }
  [[nodiscard]] Error&& error() && {
    SIEGEL_CHECK(!ok());
    return std::move(*std::get_if<1>(&m_v));
  }

 private:
  std::variant<T, Error> m_v;
};

/// Success without a value.
struct Ok {
  friend bool operator==(const Ok&, const Ok&) = default;
};
using Status = Result<Ok>;

}  // namespace siegel

#define SIEGEL_CONCAT_(a, b) a##b
#define SIEGEL_CONCAT(a, b) SIEGEL_CONCAT_(a, b)

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
/// SIEGEL_TRY(auto x, f()); declares x from the value of f() or returns its error.
#define SIEGEL_TRY(declaration, expression)                         \
  auto SIEGEL_CONCAT(siegel_try_, __LINE__) = (expression);         \
  if (!SIEGEL_CONCAT(siegel_try_, __LINE__).ok())                   \
    return std::move(SIEGEL_CONCAT(siegel_try_, __LINE__)).error(); \
  declaration = std::move(SIEGEL_CONCAT(siegel_try_, __LINE__)).value()
// NOLINTEND(bugprone-macro-parentheses)

/// SIEGEL_TRY_OK(f()); returns the error of f() if it failed, drops its value otherwise.
#define SIEGEL_TRY_OK(expression)                                     \
  do {                                                                \
    auto siegel_try_ok = (expression);                                \
    if (!siegel_try_ok.ok()) return std::move(siegel_try_ok).error(); \
  } while (false)
