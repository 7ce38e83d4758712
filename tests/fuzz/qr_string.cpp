// Any text as the QR code of a receipt: an answer always, and one signature counted.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "format/json.h"
#include "verify/qr/code.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto report = siegel::verify::qr::verify_codes({&text, 1}, {});
  SIEGEL_CHECK(report.ok());
  SIEGEL_CHECK(report->signatures.checked == 1);
  SIEGEL_CHECK(siegel::json::parse(report->json()).ok());
  return 0;
}
