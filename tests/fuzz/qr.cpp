#include "format/qr.h"

#include <cstdint>

using namespace siegel;
using namespace siegel::format;

/// A picture from outside: unpacked and searched, with limits small enough to stay fast.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  (void)decode_qr_png(bytes, {.bytes_max = 1 << 16, .pixels_max = 1 << 16}).ok();
  if (size > 1) {
    GreyImage image;
    image.width = data[0] % 64U + 1;
    image.height = static_cast<std::uint32_t>((size - 1) / image.width);
    image.pixels.assign(bytes.begin() + 1, bytes.begin() + 1 +
                                               static_cast<std::ptrdiff_t>(image.width) *
                                                   static_cast<std::ptrdiff_t>(image.height));
    (void)decode_qr(image).ok();
  }
  return 0;
}
