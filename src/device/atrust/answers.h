#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

// What the service answers, as values. Anything that is not that JSON (a login page, a proxy's
// error) is E-SIG-105 `unavailable`. Fields that are not asked for are passed over: the service may
// say more than it did.

namespace siegel::device::atrust {

/// Largest answer read.
inline constexpr std::size_t answer_bytes_max = std::size_t{256} * 1024;
inline constexpr std::size_t answer_certificates_max = 64;

/// Base64 or base64url, padded or not, as the versions of the service mix them; nothing if neither.
[[nodiscard]] std::optional<Bytes> from_any_base64(std::string_view text);

/// `signature`: r||s as given, not looked at; empty if the field is empty. E-SIG-105.
[[nodiscard]] Result<Bytes> signature_answer(std::string_view body);

struct SessionAnswer {
  std::string id;
  crypto::SecretBytes key;
};
/// `sessionid`, `sessionkey`: 1 to 512 bytes. E-SIG-105.
[[nodiscard]] Result<SessionAnswer> session_answer(std::string_view body);

/// `Signaturzertifikat` first, then of `Zertifizierungsstellen` who signed it and so on: DER that
/// can be read. Errors E-SIG-105, E-SIG-108 (no certificate, or one that cannot be read).
[[nodiscard]] Result<std::vector<Bytes>> certificate_answer(std::string_view body);

/// `Signaturzertifikate` in their order, DER. Errors as certificate_answer().
[[nodiscard]] Result<std::vector<Bytes>> certificates_answer(std::string_view body);

/// `zdaid`: "AT1" and such. E-SIG-105.
[[nodiscard]] Result<std::string> zda_answer(std::string_view body);

}  // namespace siegel::device::atrust
