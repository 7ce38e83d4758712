#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace siegel {

/// The only source of chance. `system_random()` is the kernel's; simulations bring a seeded one.
class Random {
 public:
  virtual ~Random() = default;
  /// Fills the whole span. A system that cannot do so ends the process.
  virtual void fill(std::span<std::byte> out) = 0;

  /// A number below `bound` (> 0), without bias.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
};

/// getrandom(2). Thread-safe, lives for the whole process.
[[nodiscard]] Random& system_random();

/// The same numbers for the same seed on every machine (SplitMix64). For simulation and tests only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : m_state(seed) {}
  void fill(std::span<std::byte> out) override;
  [[nodiscard]] std::uint64_t next();

 private:
  std::uint64_t m_state;
};

}  // namespace siegel
