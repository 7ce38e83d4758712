#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

// JSON without floating point: a number is an int64 or the text as it was written. The canonical
// form is described in docs/formats/canonical-json.md.
namespace siegel::json {

class Value;
using Array = std::vector<Value>;

/// A JSON number that is not an int64 (fraction, exponent, larger), as it was written. The empty
/// Decimal is not valid; make one from text you checked or through decimal().
struct Decimal {
  std::string text;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};
/// `text` if it has the form of a JSON number. E-JSN-010.
[[nodiscard]] Result<Decimal> decimal(std::string_view text);
[[nodiscard]] bool is_number(std::string_view text);  ///< RFC 8259 section 6

struct Member;

/// Members sorted by the bytes of their keys, each key once.
class Object {
 public:
  // Out of line, because Member is complete only below.
  Object();
  ~Object();
  Object(const Object&);
  Object& operator=(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(Object&&) noexcept;
  /// Borrowed; null if absent. Valid until the object changes.
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  /// Adds or replaces. Cheap if keys arrive in order.
  Object& set(std::string_view key, Value value);
  bool remove(std::string_view key);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] const Member* begin() const;
  [[nodiscard]] const Member* end() const;
  friend bool operator==(const Object& a, const Object& b);

 private:
  friend class ObjectBuilder;
  std::vector<Member> m_members;
};

enum class Kind : std::uint8_t { null, boolean, integer, decimal, string, array, object };
/// "text", "whole number", "list", ... for messages.
[[nodiscard]] std::string_view kind_name(Kind kind);

class Value {
 public:
  Value() = default;                         ///< null
  Value(bool value) : m_v(value) {}          // NOLINT(google-explicit-constructor): reads as JSON
  Value(std::int64_t value) : m_v(value) {}  // NOLINT(google-explicit-constructor): reads as JSON
  Value(int value)
      : m_v(std::int64_t{value}) {}  // NOLINT(google-explicit-constructor): reads as JSON
  Value(Decimal value)
      : m_v(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as JSON
  Value(std::string value)
      : m_v(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as JSON
  Value(std::string_view value)
      : m_v(std::string(value)) {}  // NOLINT(google-explicit-constructor): reads as JSON
  Value(const char* value)
      : m_v(std::string(value)) {}  // NOLINT(google-explicit-constructor): reads as JSON
  template <class T>
  Value(T* value) = delete;  // a pointer would turn into a bool
  Value(Array value)
      : m_v(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as JSON
  Value(Object value)
      : m_v(std::move(value)) {}  // NOLINT(google-explicit-constructor): reads as JSON

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(m_v.index()); }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  /// Borrowed; null if the value is of another kind.
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&m_v); }
  [[nodiscard]] const std::int64_t* integer() const { return std::get_if<std::int64_t>(&m_v); }
  [[nodiscard]] const Decimal* decimal() const { return std::get_if<Decimal>(&m_v); }
  [[nodiscard]] const std::string* string() const { return std::get_if<std::string>(&m_v); }
  [[nodiscard]] const Array* array() const { return std::get_if<Array>(&m_v); }
  [[nodiscard]] const Object* object() const { return std::get_if<Object>(&m_v); }
  [[nodiscard]] Array* array() { return std::get_if<Array>(&m_v); }
  [[nodiscard]] Object* object() { return std::get_if<Object>(&m_v); }

  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, Decimal, std::string, Array, Object> m_v;
};

struct Member {
  std::string key;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

struct Limits {
  std::size_t bytes_max = std::size_t{1} << 20;
  std::size_t depth_max = 32;  ///< a bare number has depth 0
  std::size_t values_max = 500'000;
};

/// Strict RFC 8259: UTF-8, one value, nothing after it. Errors, kind invalid; place is the JSON
/// pointer (RFC 6901) of the value, or `byte <offset>` where there is none:
/// E-JSN-001 larger than bytes_max, E-JSN-002 not JSON, E-JSN-003 not UTF-8, E-JSN-004 deeper than
/// depth_max, E-JSN-005 more than values_max values, E-JSN-006 a key twice in one object,
/// E-JSN-007 something after the value, E-JSN-008 empty.
[[nodiscard]] Result<Value> parse(std::string_view text, const Limits& limits = {});

/// Keys sorted by their UTF-8 bytes, no white space, shortest escapes, numbers as they are.
/// Texts are valid UTF-8 (checked with SIEGEL_CHECK).
[[nodiscard]] std::string canonical(const Value& value);
/// The same with two spaces of indentation and a final line feed, for people.
[[nodiscard]] std::string pretty(const Value& value);
/// True if `text` is exactly the canonical form of what it says.
[[nodiscard]] bool is_canonical(std::string_view text, const Limits& limits = {});

/// `base` + "/" + key with `~` and `/` escaped (RFC 6901).
[[nodiscard]] std::string pointer(std::string_view base, std::string_view key);
[[nodiscard]] std::string pointer(std::string_view base, std::size_t index);

}  // namespace siegel::json
