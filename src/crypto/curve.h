#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace siegel::crypto {

/// The curves a TSE or a signature card may use [TR-03116-5, RFC 5639, FIPS 186-4].
enum class Curve {
  p256,
  p384,
  p521,
  brainpool_p256r1,
  brainpool_p384r1,
  brainpool_p512r1,
};

inline constexpr std::array all_curves = {Curve::p256,
                                          Curve::p384,
                                          Curve::p521,
                                          Curve::brainpool_p256r1,
                                          Curve::brainpool_p384r1,
                                          Curve::brainpool_p512r1};

/// Bytes of one coordinate: 32, 48, 64 or 66 (P-521).
[[nodiscard]] std::size_t field_bytes(Curve curve);
/// Bytes of r and of s in a plain signature; equal to field_bytes for all these curves.
[[nodiscard]] std::size_t order_bytes(Curve curve);
/// Bits of the group order: 256, 384, 512 or 521.
[[nodiscard]] std::size_t order_bits(Curve curve);
/// Bytes of a plain signature r||s: 64, 96, 128 or 132.
[[nodiscard]] std::size_t signature_bytes(Curve curve);
/// Bytes of an uncompressed point: 65, 97, 129 or 133.
[[nodiscard]] std::size_t point_bytes(Curve curve);
/// `P-256`, `brainpoolP256r1`.
[[nodiscard]] std::string_view curve_name(Curve curve);
/// The curve of exactly that name, as curve_name() spells it.
[[nodiscard]] std::optional<Curve> curve_by_name(std::string_view name);
/// Content of the object identifier, without tag and length.
[[nodiscard]] BytesView curve_oid(Curve curve);

}  // namespace siegel::crypto
