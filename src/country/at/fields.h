#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"
#include "model/master.h"
#include "model/plan.h"

// The fields of the machine-readable code as functions of plain values [RKSV 9, Anlage Z 2 to 8].

namespace siegel::country::at {

/// "120,34": decimal comma, two decimals, no thousands mark, never "-0,00".
[[nodiscard]] std::string amount_field(Money amount);

/// Field 10: the counter as 8 bytes two's complement, encrypted with AES-256 in ICM under the first
/// 16 bytes of SHA-256(Kassen-ID || Belegnummer), base64 [RKSV Anlage Z 8, 9]. A Belegnummer must
/// never serve twice under one key. Error E-RKS-105: the key has not 32 bytes.
[[nodiscard]] Result<std::string> turnover_field(const crypto::SecretBytes& aes_key,
                                                 std::string_view cash_box_id,
                                                 std::string_view receipt_number,
                                                 std::int64_t counter);

/// The five sums of fields 5 to 9 over the VAT sums of a receipt.
[[nodiscard]] std::array<Money, 5> slot_sums(const std::vector<VatSum>& vat);

/// Fields 1 to 12 with the leading '_'. `plan` has `rksv`.
[[nodiscard]] std::string code_payload(const Plan& plan, const SignerInfo& signer);

/// Whether the device may stand in fields 1 and 11. Errors, kind invalid: E-RKS-121 the provider is
/// none of AT0, AT1, AT2, AT3, AT100 (the last for development only), E-RKS-122 the serial is not
/// lower-case hex without leading zeros (AT0: Ordnungsbegriff `U:`, `G:` or `S:`, '-' and a key
/// id).
[[nodiscard]] Status check_signer(const SignerInfo& signer);
/// check_signer() of each, and E-RKS-123 (conflict): devices of an open and of a closed system in
/// one list.
[[nodiscard]] Status check_signers(std::span<const SignerInfo> signers);

}  // namespace siegel::country::at
