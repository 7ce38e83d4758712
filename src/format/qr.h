#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "format/png.h"

namespace siegel::format {

enum class QrLevel { low, medium, quartile, high };

/// The modules of a QR code [ISO/IEC 18004], without the quiet zone of four modules.
class QrCode {
 public:
  QrCode(int size, std::vector<bool> dark) : m_size(size), m_dark(std::move(dark)) {}
  [[nodiscard]] int size() const { return m_size; }  ///< modules a side, 21 to 177
  /// True: dark. Outside of the code everything is light.
  [[nodiscard]] bool at(int x, int y) const {
    return x >= 0 && y >= 0 && x < m_size && y < m_size &&
           m_dark[static_cast<std::size_t>(y) * static_cast<std::size_t>(m_size) +
                  static_cast<std::size_t>(x)];
  }

 private:
  int m_size;
  std::vector<bool> m_dark;
};

/// The smallest code that holds the bytes of `text` in byte mode. E-QRC-001: empty or too long (at
/// level M more than 2331 bytes).
[[nodiscard]] Result<QrCode> encode_qr(std::string_view text, QrLevel level = QrLevel::medium);

struct QrPicture {
  int module_pixels = 4;  ///< 1 to 64 (checked)
  int quiet_modules = 4;  ///< 0 to 64 (checked)
};
[[nodiscard]] GreyImage draw_qr(const QrCode& code, QrPicture picture = {});

/// The texts of all QR codes found in a picture (bytes as stored in the code), none if there is
/// none. E-QRC-002: the decoder failed.
[[nodiscard]] Result<std::vector<std::string>> decode_qr(const GreyImage& image);
/// decode_png and decode_qr. E-PNG-001, E-PNG-002, E-QRC-002.
[[nodiscard]] Result<std::vector<std::string>> decode_qr_png(BytesView png,
                                                             const ImageLimits& limits = {});

}  // namespace siegel::format
