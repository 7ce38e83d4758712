#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/ec.h"
#include "crypto/x509.h"

// Certificates of Austrian signature devices [RKSV 4, 15; Anlage Z 4].

namespace siegel::crypto {

/// Holder of a certificate for cash registers (Registrierkasseninhaber): a UTF8String such as
/// `UID ATU12345678`.
inline constexpr std::string_view signer_holder_oid = "1.2.40.0.10.1.11.1";

/// The certificate's number as field 11 of the code has it: magnitude in lower-case hex without
/// leading zeros. The one text for code, container and FinanzOnline, which compare it exactly.
/// Error E-CRY-016: the number is zero.
[[nodiscard]] Result<std::string> signer_serial_of(const Certificate& certificate);
/// The same from DER or PEM. Errors E-CRY-010, E-CRY-016.
[[nodiscard]] Result<std::string> signer_serial_of(BytesView certificate);

/// The text of signer_holder_oid; nothing if the certificate has none. Error E-CRY-017: the
/// extension is there and is no text of 1 to 200 characters without control characters.
[[nodiscard]] Result<std::optional<std::string>> signer_holder_of(const Certificate& certificate);
/// The same from DER or PEM. Errors E-CRY-010, E-CRY-017.
[[nodiscard]] Result<std::optional<std::string>> signer_holder_of(BytesView certificate);

struct TestSignerSpec {
  std::string holder;  ///< "UID ATU12345678": holder and common name, 1 to 64 characters
  Instant not_before;
  Instant not_after;
};

/// A chain for a software key: leaf, then the CA that signed it, both with TEST in their subjects;
/// the leaf has the holder and a number of 8 bytes of chance. The CA's key is forgotten, so nobody
/// can issue a second certificate below it. For development, training and tests: no provider stands
/// behind it (suite AT100; a closed system may use the bare key as AT0).
/// Errors E-CRY-008, E-CRY-013.
[[nodiscard]] Result<std::vector<Certificate>> make_test_signer_certificates(
    const PublicKey& key, const TestSignerSpec& spec, Random& random);

}  // namespace siegel::crypto
