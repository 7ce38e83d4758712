#include "format/json.h"

#include <cstdint>

#include "base/check.h"

using namespace siegel;

/// Whatever is accepted has a canonical form that says the same and stays the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<json::Value> value = json::parse(text);
  if (!value.ok()) {
    SIEGEL_CHECK(!value.error().code.empty() && valid_utf8(value.error().detail));
    return 0;
  }
  const std::string canonical = json::canonical(*value);
  const Result<json::Value> again = json::parse(canonical, {.bytes_max = SIZE_MAX});
  SIEGEL_CHECK(again.ok() && *again == *value);
  SIEGEL_CHECK(json::canonical(*again) == canonical);
  const Result<json::Value> shown = json::parse(json::pretty(*value), {.bytes_max = SIZE_MAX});
  SIEGEL_CHECK(shown.ok() && *shown == *value);
  return 0;
}
