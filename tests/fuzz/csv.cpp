#include "format/csv.h"

#include <cstdint>

#include "base/check.h"

using namespace siegel;
using namespace siegel::format;

namespace {

using Rows = std::vector<std::vector<std::string>>;

bool read(std::string_view text, Rows& rows) {
  CsvReader reader(text, ';', {.field_max = 1 << 16, .fields_max = 1 << 10, .rows_max = 1 << 16});
  std::vector<std::string_view> fields;
  for (;;) {
    const Result<bool> more = reader.next(fields);
    if (!more.ok()) return false;
    if (!*more) return true;
    rows.emplace_back(fields.begin(), fields.end());
  }
}

}  // namespace

/// What is accepted is the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Rows rows;
  if (!read(std::string_view(reinterpret_cast<const char*>(data), size), rows)) return 0;
  MemorySink sink;
  // Every field in quotes: a first field that begins with a byte order mark stays one.
  CsvWriter writer(sink, {.quote_all = true});
  for (const auto& row : rows) {
    for (const std::string& field : row) writer.field(field);
    SIEGEL_CHECK(writer.end_row().ok());
  }
  SIEGEL_CHECK(writer.finish().ok());
  Rows again;
  SIEGEL_CHECK(read(text_of(sink.bytes()), again) && again == rows);
  return 0;
}
