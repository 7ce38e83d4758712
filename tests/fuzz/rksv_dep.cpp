// Any bytes as a DEP: an answer always, and a document that can be read.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "format/json.h"
#include "verify/rksv/rksv.h"

namespace {

// The AES key of the example of docs/formats/rksv-dep.md; no device.
constexpr std::string_view container =
    R"({"base64AESKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace rksv = siegel::verify::rksv;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const rksv::Options options{.now = siegel::Instant::from_unix(1'800'000'000), .threads = 1};
  const rksv::Input keys{.path = {}, .bytes = siegel::bytes_of(container)};
  const rksv::Input input{.path = {}, .bytes = siegel::bytes_of(text)};
  for (const auto& outcome :
       {rksv::verify_dep(input, keys, options), rksv::verify_code_list(input, keys, options)}) {
    SIEGEL_CHECK(outcome.ok());
    siegel::MemorySink sink;
    SIEGEL_CHECK(outcome->write_json(sink).ok());
    SIEGEL_CHECK(siegel::json::parse(siegel::text_of(sink.bytes()), {.bytes_max = 1U << 30U}).ok());
  }
  return 0;
}
