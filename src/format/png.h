#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace siegel::format {

/// A picture of 8-bit greys, row by row without gaps: 0 is black, 255 white.
struct GreyImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  Bytes pixels;  ///< width * height
};

struct ImageLimits {
  std::size_t bytes_max = std::size_t{32} << 20;  ///< of the file
  std::uint64_t pixels_max = 40'000'000;
};

/// Any PNG, colours turned to greys, transparency laid on white. E-PNG-001 not a PNG or damaged,
/// E-PNG-002 larger than the limits (found before anything is unpacked).
[[nodiscard]] Result<GreyImage> decode_png(BytesView png, const ImageLimits& limits = {});
/// 8-bit grey. The image is consistent (checked) and not empty.
[[nodiscard]] Result<Bytes> encode_png(const GreyImage& image);

}  // namespace siegel::format
