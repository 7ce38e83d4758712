#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace siegel::verify::rksv {

/// Hashes met so far, in 9 to 12 bytes each: many small open tables, so that one grows at a time.
/// A hash that was not there is taken for one that was with a chance of n / 2^64.
class NumberSet {
 public:
  /// False: it was there before.
  bool insert(std::uint64_t hash);
  [[nodiscard]] std::uint64_t size() const { return m_size; }

 private:
  static constexpr std::size_t tables = 1024;
  struct Table {
    std::vector<std::uint64_t> slots;  // 0: free
    std::uint32_t used = 0;
  };
  static bool put(Table& table, std::uint64_t hash);
  static void grow(Table& table);

  std::vector<Table> m_tables = std::vector<Table>(tables);
  std::uint64_t m_size = 0;
};

}  // namespace siegel::verify::rksv
