#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/ec.h"
#include "crypto/secret.h"
#include "crypto/x509.h"
#include "verify/report.h"

// The keys a verification works with. Not part of the module's contract.

namespace siegel::verify::rksv {

inline constexpr std::size_t container_bytes_max = std::size_t{32} << 20;

/// One entry of the container's map.
struct DeviceKey {
  bool is_certificate = false;           ///< CERTIFICATE; else PUBLIC_KEY
  std::optional<crypto::PublicKey> key;  ///< of P-256; empty: not usable
  std::optional<crypto::Certificate> certificate;
};

/// A cryptographic material container, read. Not changed while workers use it.
struct Material {
  bool readable = false;                                  ///< JSON of the expected form
  bool has_aes_text = false;                              ///< the member is there and not empty
  std::optional<crypto::SecretBytes> aes;                 ///< 32 bytes
  std::map<std::string, DeviceKey, std::less<>> devices;  ///< by the text of field 11

  /// Null if the container does not name it.
  [[nodiscard]] const DeviceKey* find(std::string_view serial) const;
};

/// Reads a container; what is wrong with it goes into the report (RKS-0107 to -0111). Members
/// nobody knows are ignored, and so is the `id` inside an entry.
[[nodiscard]] Material read_material(std::string_view text, Report& report);

/// How a number in a code is related to the number of a certificate.
enum class SerialMatch {
  same,        ///< the same number, perhaps in other case or with leading zeros
  decimal,     ///< the certificate's number in decimal
  complement,  ///< its negative in two's complement of 64 bits
  different,
};
[[nodiscard]] SerialMatch compare_serial(std::string_view text, const crypto::Certificate& of);
/// Upper case, without leading zeros; "0" for zero.
[[nodiscard]] std::string normal_hex(std::string_view hex);

}  // namespace siegel::verify::rksv
