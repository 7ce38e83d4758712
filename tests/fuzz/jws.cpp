#include "format/jws.h"

#include <cstdint>

#include "base/check.h"

using namespace siegel;
using namespace siegel::format;

/// What is accepted, put together again, is the same text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<Jws> jws = parse_jws(text);
  if (!jws.ok()) return 0;
  SIEGEL_CHECK(join_jws(jws->signing_input, jws->signature) == text);
  SIEGEL_CHECK(jws->signature.size() == 64);
  return 0;
}
