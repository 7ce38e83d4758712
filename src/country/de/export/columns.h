#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

// The 20 files of a DSFinV-K export and their 219 columns [DSFinV-K 2.4 index.xml].

namespace siegel::country::de {

enum class Edition { v2_2, v2_3, v2_4 };
/// "2.4", as TAXONOMIE_VERSION has it.
[[nodiscard]] std::string_view edition_text(Edition edition);
[[nodiscard]] std::optional<Edition> edition_from(std::string_view text);

/// In the order of the official index.xml.
enum class DsfinvkTable : std::uint8_t {
  cashpointclosing,
  location,
  cashregister,
  slaves,
  pa,
  tse,
  vat,
  businesscases,
  payment,
  cash_per_currency,
  transactions,
  datapayment,
  lines,
  itemamounts,
  subitems,
  transactions_tse,
  transactions_vat,
  lines_vat,
  allocation_groups,
  references,
};
inline constexpr std::size_t dsfinvk_tables = 20;

struct DsfinvkColumn {
  std::string_view name;
  std::string_view description;
  std::uint16_t length;   ///< characters at most; 0: a number
  std::uint8_t decimals;  ///< of a number
};
struct DsfinvkTableInfo {
  std::string_view file;  ///< "lines.csv"
  std::string_view name;  ///< "Bonpos"
  std::span<const DsfinvkColumn> columns;
};
[[nodiscard]] const DsfinvkTableInfo& info(DsfinvkTable table);
/// By its file name, with or without ".csv".
[[nodiscard]] std::optional<DsfinvkTable> dsfinvk_table_from(std::string_view file);
/// MaxLength in an edition.
[[nodiscard]] std::uint16_t length_of(DsfinvkTable table, std::size_t column, Edition edition);

}  // namespace siegel::country::de
