#pragma once

#include <bitset>
#include <cstddef>
#include <string>

#include "country/de/export/columns.h"

namespace siegel::country::de {

/// What an export holds and adds to the official description.
struct IndexContent {
  Edition edition = Edition::v2_4;
  std::bitset<dsfinvk_tables> tables = std::bitset<dsfinvk_tables>().set();
  /// MaxLength of TSE_VORGANGSDATEN: more than 1000 only when an order needs it [DSFinV-K 3.2.7].
  std::size_t process_data_length = 1000;
  /// Columns TSE_ZERTIFIKAT_I, II, III ...: more than 2 only for longer certificates.
  std::size_t certificate_columns = 2;
};

/// index.xml. Byte for byte the official file of the edition where nothing is added [2.1 there]:
/// UTF-8 with a byte order mark, CRLF.
[[nodiscard]] std::string index_xml(const IndexContent& content);
/// "TSE_ZERTIFIKAT_III": of the column with this number, from 1.
[[nodiscard]] std::string certificate_column(std::size_t number);

/// gdpdu-01-09-2004.dtd: the grammar of the description standard [Beschreibungsstandard 1.5 of 1
/// September 2004]. The declarations are those of the standard, the remarks of the official file
/// are left out.
[[nodiscard]] std::string dtd();
inline constexpr std::string_view dtd_name = "gdpdu-01-09-2004.dtd";
/// SHA-256 of the official file, which may lie in its place.
inline constexpr std::string_view dtd_official_sha256 =
    "af3d4c5a19e991f2d8c53995bc708680bbd7ff9326fde539c55b7e2c63f848a2";

}  // namespace siegel::country::de
