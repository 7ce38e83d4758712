#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/json.h"

namespace siegel::json {

/// Appends `text` as a JSON string with the shortest escapes. `text` is valid UTF-8 (checked).
void append_string(std::string& out, std::string_view text);

/// Writes canonical JSON as it goes, without a tree: for the path of a sale. The caller names the
/// keys of an object in ascending byte order; order, nesting and completeness are checked with
/// SIEGEL_CHECK. Appends to a string owned by the caller, allocates nothing else once warm.
class Writer {
 public:
  explicit Writer(std::string& out) : m_out(out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view key);
  Writer& null();
  Writer& boolean(bool value);
  Writer& integer(std::int64_t value);
  Writer& string(std::string_view text);
  /// A number as text (checked: is_number).
  Writer& number(std::string_view text);
  Writer& value(const Value& value);
  /// Text that is canonical JSON already; believed.
  Writer& raw(std::string_view canonical_text);

  /// key() and the value.
  Writer& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  Writer& field(std::string_view name, const char* text) { return key(name).string(text); }
  Writer& field(std::string_view name, const std::string& text) { return key(name).string(text); }
  Writer& field(std::string_view name, std::int64_t value) { return key(name).integer(value); }
  Writer& field(std::string_view name, int value) { return key(name).integer(value); }
  Writer& field(std::string_view name, bool value) { return key(name).boolean(value); }

  /// True once one whole value was written.
  [[nodiscard]] bool complete() const { return m_frames.empty() && m_done; }

 private:
  struct Frame {
    bool is_object = false;
    bool has_members = false;
    bool key_pending = false;
    std::size_t key_start = 0;  // the last key of this object lies in m_keys from here
  };
  void before_value();
  void after_value();

  std::string& m_out;
  std::vector<Frame> m_frames;
  std::string m_keys;
  bool m_done = false;
};

}  // namespace siegel::json
