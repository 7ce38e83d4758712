#include "crypto/curve.h"

#include "base/check.h"

namespace siegel::crypto {
namespace {

using namespace std::literals;

struct CurveData {
  std::string_view name;
  std::size_t bits;
  std::string_view oid;  // content of the object identifier
};

const CurveData& data_of(Curve curve) {
  static constexpr CurveData p256{"P-256"sv, 256, "\x2A\x86\x48\xCE\x3D\x03\x01\x07"sv};
  static constexpr CurveData p384{"P-384"sv, 384, "\x2B\x81\x04\x00\x22"sv};
  static constexpr CurveData p521{"P-521"sv, 521, "\x2B\x81\x04\x00\x23"sv};
  static constexpr CurveData b256{"brainpoolP256r1"sv, 256,
                                  "\x2B\x24\x03\x03\x02\x08\x01\x01\x07"sv};
  static constexpr CurveData b384{"brainpoolP384r1"sv, 384,
                                  "\x2B\x24\x03\x03\x02\x08\x01\x01\x0B"sv};
  static constexpr CurveData b512{"brainpoolP512r1"sv, 512,
                                  "\x2B\x24\x03\x03\x02\x08\x01\x01\x0D"sv};
  switch (curve) {
    case Curve::p256:
      return p256;
    case Curve::p384:
      return p384;
    case Curve::p521:
      return p521;
    case Curve::brainpool_p256r1:
      return b256;
    case Curve::brainpool_p384r1:
      return b384;
    case Curve::brainpool_p512r1:
      return b512;
  }
  SIEGEL_CHECK(false);
}

}  // namespace

std::size_t order_bits(Curve curve) { return data_of(curve).bits; }
std::size_t field_bytes(Curve curve) { return (data_of(curve).bits + 7) / 8; }
std::size_t order_bytes(Curve curve) { return (data_of(curve).bits + 7) / 8; }
std::size_t signature_bytes(Curve curve) { return 2 * order_bytes(curve); }
std::size_t point_bytes(Curve curve) { return 1 + 2 * field_bytes(curve); }
std::string_view curve_name(Curve curve) { return data_of(curve).name; }
BytesView curve_oid(Curve curve) { return bytes_of(data_of(curve).oid); }

std::optional<Curve> curve_by_name(std::string_view name) {
  for (const auto curve : all_curves) {
    if (curve_name(curve) == name) return curve;
  }
  return std::nullopt;
}

}  // namespace siegel::crypto
