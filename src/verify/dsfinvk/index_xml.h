#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "verify/dsfinvk/findings.h"
#include "verify/dsfinvk/tables.h"

// index.xml, the description of the tables [Beschreibungsstandard 1.5]. Not part of the module's
// contract.

namespace siegel::verify::dsfinvk {

inline constexpr std::size_t index_bytes_max = std::size_t{8} << 20;

struct DeclaredColumn {
  std::string name;
  enum class Kind : std::uint8_t { none, numeric, alphanumeric, date } kind = Kind::none;
  std::uint32_t decimals = 0;
  std::optional<std::uint32_t> length;
  std::uint64_t line = 0;
};

struct DeclaredTable {
  std::string url;
  std::string name;
  std::uint64_t line = 0;
  bool utf8 = false;
  char decimal = ',';
  char grouping = '.';
  char separator = ';';
  char quote = '"';
  std::string record_end = "\r\n";
  std::uint64_t first_row = 1;
  bool has_range = false;
  bool has_keys = false;
  std::vector<DeclaredColumn> columns;
};

/// What index.xml says, as far as it could be read.
struct IndexXml {
  bool readable = false;
  std::string dtd;  ///< name in the DOCTYPE
  /// By official table; the first if there are several.
  std::array<std::optional<DeclaredTable>, tables_count> tables;
  std::vector<std::string> urls;  ///< all of them, of other tables too
};

/// Reads and checks what does not depend on the edition (P002, P007, X001 to X005, X019, X020).
[[nodiscard]] IndexXml read_index(BytesView bytes, Findings& findings);
/// The rest (X006 to X018), for an export whose oldest closing is of `edition` (20 to 24).
/// `absence` says how bad it is that a table is not described.
void check_index(const IndexXml& index, int edition,
                 const std::function<std::optional<Severity>(std::string_view file)>& absence,
                 Findings& findings);

}  // namespace siegel::verify::dsfinvk
