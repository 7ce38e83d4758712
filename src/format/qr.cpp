#include "format/qr.h"

#include <fmt/format.h>
#include <qrencode.h>

#define ZX_USE_UTF8 1  // ZXing asks for this until its text is UTF-8 by default
#include <ZXing/ReadBarcode.h>

#include <exception>
#include <memory>

#include "base/check.h"

namespace siegel::format {
namespace {

QRecLevel level_of(QrLevel level) {
  switch (level) {
    case QrLevel::low:
      return QR_ECLEVEL_L;
    case QrLevel::medium:
      return QR_ECLEVEL_M;
    case QrLevel::quartile:
      return QR_ECLEVEL_Q;
    case QrLevel::high:
      return QR_ECLEVEL_H;
  }
  SIEGEL_CHECK(false);
}

}  // namespace

Result<QrCode> encode_qr(std::string_view text, QrLevel level) {
  const Error error = invalid(
      "E-QRC-001", fmt::format("a text of {} bytes does not fit into a QR code", text.size()));
  constexpr std::size_t capacity_max = 2953;  // level L, version 40
  if (text.empty() || text.size() > capacity_max) return error;
  // The library takes unsigned char; the bytes are the same.
  Bytes bytes = to_bytes(text);
  const auto* const data = reinterpret_cast<const unsigned char*>(bytes.data());
  const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
      QRcode_encodeData(static_cast<int>(bytes.size()), data, 0, level_of(level)), QRcode_free);
  if (code == nullptr) return error;
  const auto count = static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width);
  std::vector<bool> dark(count);
  for (std::size_t i = 0; i < count; ++i) dark[i] = (code->data[i] & 1U) != 0;
  return QrCode(code->width, std::move(dark));
}

GreyImage draw_qr(const QrCode& code, QrPicture picture) {
  SIEGEL_CHECK(picture.module_pixels >= 1 && picture.module_pixels <= 64);
  SIEGEL_CHECK(picture.quiet_modules >= 0 && picture.quiet_modules <= 64);
  const int modules = code.size() + 2 * picture.quiet_modules;
  const auto side = static_cast<std::uint32_t>(modules * picture.module_pixels);
  GreyImage image{side, side, Bytes(std::size_t{side} * side, std::byte{255})};
  std::size_t at = 0;
  for (std::uint32_t y = 0; y < side; ++y) {
    const int module_y = static_cast<int>(y) / picture.module_pixels - picture.quiet_modules;
    for (std::uint32_t x = 0; x < side; ++x, ++at) {
      const int module_x = static_cast<int>(x) / picture.module_pixels - picture.quiet_modules;
      if (code.at(module_x, module_y)) image.pixels[at] = std::byte{0};
    }
  }
  return image;
}

Result<std::vector<std::string>> decode_qr(const GreyImage& image) {
  constexpr std::uint32_t side_max = 1U << 20U;  // ZXing counts in int
  if (image.width == 0 || image.height == 0 || image.width > side_max || image.height > side_max ||
      image.pixels.size() != std::uint64_t{image.width} * image.height) {
    return invalid("E-QRC-002", "a picture without pixels, or a side is too long");
  }
  std::vector<std::string> texts;
  try {
    ZXing::DecodeHints hints;
    hints.setFormats(ZXing::BarcodeFormat::QRCode);
    hints.setTryHarder(true);
    hints.setTryRotate(true);
    const ZXing::ImageView view(reinterpret_cast<const std::uint8_t*>(image.pixels.data()),
                                static_cast<int>(image.width), static_cast<int>(image.height),
                                ZXing::ImageFormat::Lum);
    for (const ZXing::Result& result : ZXing::ReadBarcodes(view, hints)) {
      if (!result.isValid()) continue;
      // The bytes as stored; only what is no UTF-8 (old tills: ISO 8859-1) is left to ZXing's
      // guess.
      std::string text(result.bytes().begin(), result.bytes().end());
      texts.push_back(valid_utf8(text) ? std::move(text) : result.text());
    }
  } catch (const std::exception& e) {
    return invalid("E-QRC-002", fmt::format("the picture cannot be searched: {}", e.what()));
  }
  return texts;
}

Result<std::vector<std::string>> decode_qr_png(BytesView png, const ImageLimits& limits) {
  SIEGEL_TRY(const GreyImage image, decode_png(png, limits));
  return decode_qr(image);
}

}  // namespace siegel::format
