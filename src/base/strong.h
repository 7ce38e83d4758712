#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <utility>

namespace siegel {

/// A T with a meaning: equal and ordered only among its own kind, never converted silently.
template <class T, class Tag>
class Strong {
 public:
  using value_type = T;

  constexpr Strong() = default;
  constexpr explicit Strong(T value) : m_value(std::move(value)) {}

  [[nodiscard]] constexpr const T& get() const { return m_value; }

  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
  friend constexpr bool operator==(const Strong&, const Strong&) = default;

 private:
  T m_value{};
};

}  // namespace siegel

template <class T, class Tag>
// NOLINTNEXTLINE(cert-dcl58-cpp): a hash of our own type is what std::hash is open for.
struct std::hash<siegel::Strong<T, Tag>> {
  std::size_t operator()(const siegel::Strong<T, Tag>& strong) const {
    return std::hash<T>{}(strong.get());
  }
};
