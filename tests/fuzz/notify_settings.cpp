// notify.json and stored events: what is read is written so that it reads the same again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "format/json.h"
#include "notify/event.h"
#include "notify/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the fuzzer gives bytes
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = siegel::json::parse(text, {.bytes_max = 1U << 16U});
  if (!value) return 0;
  if (const auto settings = siegel::notify::settings_from_json(*value)) {
    const auto again = siegel::notify::settings_from_json(siegel::notify::to_json_value(*settings));
    SIEGEL_CHECK(again.ok() && *again == *settings);
  }
  if (const auto event = siegel::notify::event_from_json(*value)) {
    const siegel::json::Value written = siegel::notify::to_json_value(*event);
    const auto again = siegel::notify::event_from_json(written);
    SIEGEL_CHECK(again.ok());
    SIEGEL_CHECK(siegel::json::Value(siegel::notify::to_json_value(*again)) == written);
  }
  return 0;
}
