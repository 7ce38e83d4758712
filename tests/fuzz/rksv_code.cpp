// Any text as the code of an Austrian receipt, and any text as the container of its keys.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "format/json.h"
#include "verify/rksv/rksv.h"

namespace {

constexpr std::string_view container =
    R"({"base64AESKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace rksv = siegel::verify::rksv;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const rksv::Options options{.now = siegel::Instant::from_unix(1'800'000'000), .threads = 1};
  const rksv::Input fixed{.path = {}, .bytes = siegel::bytes_of(container)};
  const rksv::Input given{.path = {}, .bytes = siegel::bytes_of(text)};
  for (const rksv::Input& keys : {fixed, given}) {
    const auto outcome = rksv::verify_codes({&text, 1}, keys, options);
    SIEGEL_CHECK(outcome.ok());
    // Nothing can be verified without a key.
    SIEGEL_CHECK(outcome->report.verdict() == siegel::verify::Verdict::fail ||
                 outcome->report.signatures.checked <= 1);
    siegel::MemorySink sink;
    SIEGEL_CHECK(outcome->write_json(sink).ok());
    SIEGEL_CHECK(siegel::json::parse(siegel::text_of(sink.bytes()), {.bytes_max = 1U << 30U}).ok());
  }
  return 0;
}
