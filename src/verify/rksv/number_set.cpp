#include "verify/rksv/number_set.h"

#include <utility>

namespace siegel::verify::rksv {

namespace {

/// Where the search for a hash begins; the table was chosen by its lowest bits.
std::size_t begin_of(std::uint64_t hash, std::size_t slots) {
  // The upper half of the hash, scaled: a table has far fewer than 2^32 slots.
  return static_cast<std::size_t>((hash >> 32U) * slots >> 32U);
}

}  // namespace

bool NumberSet::put(Table& table, std::uint64_t hash) {
  std::size_t at = begin_of(hash, table.slots.size());
  while (table.slots[at] != 0) {
    if (table.slots[at] == hash) return false;
    if (++at == table.slots.size()) at = 0;
  }
  table.slots[at] = hash;
  ++table.used;
  return true;
}

void NumberSet::grow(Table& table) {
  constexpr std::size_t slots_first = 16;
  const std::size_t slots = table.slots.empty() ? slots_first : table.slots.size() * 5 / 4;
  // Never both at once for all the tables: one is a thousandth of the whole.
  const std::vector<std::uint64_t> old =
      std::exchange(table.slots, std::vector<std::uint64_t>(slots));
  table.used = 0;
  for (const std::uint64_t hash : old) {
    if (hash != 0) put(table, hash);
  }
}

bool NumberSet::insert(std::uint64_t hash) {
  if (hash == 0) hash = 1;  // 0 marks a free slot
  Table& table = m_tables[hash % tables];
  // At most nine tenths full.
  if ((table.used + 1) * std::size_t{10} > table.slots.size() * 9) grow(table);
  const bool is_new = put(table, hash);
  if (is_new) ++m_size;
  return is_new;
}

}  // namespace siegel::verify::rksv
