#include "format/png.h"

#include <fmt/format.h>
#include <png.h>

#include <cstring>

#include "base/check.h"

namespace siegel::format {
namespace {

// libpng's simplified interface: it keeps its setjmp to itself and reports by return value.
class Image {
 public:
  Image() { m_image.version = PNG_IMAGE_VERSION; }
  ~Image() { png_image_free(&m_image); }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  png_image* operator->() { return &m_image; }
  png_image* get() { return &m_image; }

 private:
  png_image m_image{};
};

Error damaged(const char* why) {
  return invalid("E-PNG-001", fmt::format("not a PNG, or damaged: {}", why));
}

}  // namespace

Result<GreyImage> decode_png(BytesView png, const ImageLimits& limits) {
  if (png.size() > limits.bytes_max) {
    return invalid("E-PNG-002", fmt::format("a picture file of {} bytes, {} are allowed",
                                            png.size(), limits.bytes_max));
  }
  if (png.empty()) return damaged("no bytes");
  Image image;
  if (png_image_begin_read_from_memory(image.get(), png.data(), png.size()) == 0) {
    return damaged(image->message);
  }
  const std::uint64_t pixels = std::uint64_t{image->width} * image->height;
  if (pixels > limits.pixels_max) {
    return invalid("E-PNG-002", fmt::format("a picture of {} x {} pixels, {} in all are allowed",
                                            image->width, image->height, limits.pixels_max));
  }
  image->format = PNG_FORMAT_GRAY;
  GreyImage grey{image->width, image->height, Bytes(static_cast<std::size_t>(pixels))};
  const png_color white{255, 255, 255};
  if (png_image_finish_read(image.get(), &white, grey.pixels.data(),
                            static_cast<png_int_32>(grey.width), nullptr) == 0) {
    return damaged(image->message);
  }
  return grey;
}

Result<Bytes> encode_png(const GreyImage& grey) {
  SIEGEL_CHECK(grey.width > 0 && grey.height > 0);
  SIEGEL_CHECK(grey.pixels.size() == std::uint64_t{grey.width} * grey.height);
  Image image;
  image->width = grey.width;
  image->height = grey.height;
  image->format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(*image.get());
  Bytes png(size);
  if (png_image_write_to_memory(image.get(), png.data(), &size, 0, grey.pixels.data(),
                                static_cast<png_int_32>(grey.width), nullptr) == 0) {
    return damaged(image->message);
  }
  png.resize(size);
  return png;
}

}  // namespace siegel::format
