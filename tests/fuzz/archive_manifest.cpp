#include <cstdint>

#include "archive/manifest.h"
#include "base/check.h"

using namespace siegel;

/// A manifest that is accepted names plain files only, in order, and is read again as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const auto manifest = archive::manifest_from_json(json);
  if (!manifest.ok()) {
    SIEGEL_CHECK(manifest.error().kind == ErrorKind::corrupt);
    SIEGEL_CHECK(manifest.error().code == "E-ARC-102");
    return 0;
  }
  std::uint64_t last = 0;
  for (const archive::Piece& piece : manifest->pieces) {
    SIEGEL_CHECK(piece.file.find('/') == std::string::npos && piece.file.ends_with(".tar"));
    SIEGEL_CHECK(piece.counters.first > last && piece.counters.last >= piece.counters.first);
    last = piece.counters.last;
  }
  SIEGEL_CHECK(archive::manifest_from_json(archive::to_json(*manifest)).value() == *manifest);
  return 0;
}
