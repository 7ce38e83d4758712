#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace siegel::views {

/// The members of a canonical JSON object, one after the other, without a tree: a follower needs
/// nine of the thirty members of a plan and sits beside the sales. The bytes come from the journal,
/// where our own writers put them and a hash keeps them; what is no object all the same is an
/// error.
class Members {
 public:
  explicit Members(std::string_view object) : m_rest(object) {}

  /// The next member; false at the end. Error E-MOD-101 (corrupt).
  [[nodiscard]] Result<bool> next();
  [[nodiscard]] std::string_view key() const { return m_key; }
  /// Errors E-MOD-101 (corrupt): the value is of another kind.
  [[nodiscard]] Result<std::string> text() const;
  [[nodiscard]] Result<std::int64_t> integer() const;

 private:
  std::string_view m_rest;
  std::string_view m_key;
  std::string_view m_value;
  bool m_begun = false;
};

}  // namespace siegel::views
