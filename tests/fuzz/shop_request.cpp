#include <cstdint>

#include "app/shop/cash_report.h"
#include "app/shop/tables.h"
#include "base/bytes.h"
#include "base/check.h"
#include "format/json.h"
#include "model/closing.h"
#include "model/closing_begun.h"
#include "model/party.h"

using namespace siegel;

namespace {

template <class T>
void check(const Result<T>& read) {
  if (read.ok()) return;
  SIEGEL_CHECK(!read.error().code.empty() && valid_utf8(read.error().detail));
}

}  // namespace

/// What tills and other programs ask of tables, closings and cash reports is understood or refused
/// with a code; a stored party or closing that is read is written again to the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto party = party_from_json(text); party.ok()) SIEGEL_CHECK(to_json(*party) == text);
  if (const auto closing = closing_from_json(text); closing.ok())
    SIEGEL_CHECK(to_json(*closing) == text);
  if (const auto begun = closing_begun_from_json(text); begun.ok())
    SIEGEL_CHECK(to_json(*begun) == text);
  const auto value = json::parse(text);
  if (!value.ok()) return 0;
  check(app::table_act_from_request(*value));
  check(app::cash_report_from_request(*value));
  check(closing_from_request(*value));
  return 0;
}
