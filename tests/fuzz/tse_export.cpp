// Any bytes as an export: a report or a clear error, in bounded time.

#include <cstdint>

#include "base/check.h"
#include "format/json.h"
#include "verify/tse/logs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace tse = siegel::verify::tse;
  const tse::Input input{.path = {}, .bytes = std::as_bytes(std::span(data, size))};
  tse::Options options;
  options.threads = 1;
  const auto report = tse::verify_logs({&input, 1}, options);
  if (report.ok()) SIEGEL_CHECK(siegel::json::parse(report->json()).ok());
  return 0;
}
