#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"

namespace siegel::country::de {

/// The texts of the files of a DSFinV-K export, by file name ("lines.csv"). They outlive the call.
using ExportTables = std::map<std::string, std::string, std::less<>>;

/// Which closing: Z_KASSE_ID and Z_NR as the export has them.
struct ClosingName {
  std::string register_id;
  std::string number;
};

/// One closing in the DFKA taxonomy "Kassendaten": the JSON that bookkeeping programs take. Made
/// from the rows of its DSFinV-K export, column by column as Anhang G of the DSFinV-K assigns them
/// (docs/formats/dfka.md), so that both can never differ. Dependent rows follow the order of
/// transactions.csv, as our export writes them. Canonical JSON; amounts are numbers with the
/// decimals of the export; what is empty is left out. Memory is that of one receipt and of the
/// signatures, beside the tables. Errors, kind invalid, place = file: E-EXP-301 a file is missing
/// or a row has not the columns it names, E-EXP-302 (not_found) no such closing, E-EXP-303 rows of
/// no receipt or out of order; E-CSV-00x; those of the sink.
[[nodiscard]] Status write_dfka(const ExportTables& tables, const ClosingName& closing, Sink& sink);

}  // namespace siegel::country::de
