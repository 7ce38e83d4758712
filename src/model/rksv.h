#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/plan.h"

// The texts an Austrian receipt is made of, as functions of what its seal holds [RKSV 9 to 11,
// Anlage Z 4 to 14]. `payload` is Seal::code_payload (fields 1 to 12 with the leading '_'),
// `signature` is Seal::signature: 64 bytes, or empty when no device could sign.

namespace siegel::rksv {

/// Field 13 of a receipt that no device could sign, before it is encoded.
inline constexpr std::string_view outage_text = "Sicherheitseinrichtung ausgefallen";
/// base64 of STO and TRA: field 10 of a Storno and of a training receipt.
inline constexpr std::string_view turnover_of_reversal = "U1RP";
inline constexpr std::string_view turnover_of_training = "VFJB";

/// SHA-256 of the JWS signing input: what a device is asked to sign.
[[nodiscard]] Hash256 digest(std::string_view payload);
/// The compact JWS as the DEP holds it.
[[nodiscard]] std::string jws(std::string_view payload, BytesView signature);
/// All 13 fields, the text of the QR code.
[[nodiscard]] std::string code(std::string_view payload, BytesView signature);

/// The same for reading machines (OCR-A): fields 10, 12 and 13 in base32 [Anlage Z 13]. Signature
/// and chain never use this form. `payload` has 12 fields.
[[nodiscard]] std::string ocr_code(std::string_view payload, BytesView signature);
/// Last part of a link to the code [Anlage Z 14]: base64url of the first 8 bytes of SHA-256 of the
/// QR text, so that it depends on the signature.
[[nodiscard]] std::string link_token(std::string_view code);

/// What is typed beside the AES key in FinanzOnline: 4 characters that catch a slip. Of the base64
/// text of the key, not of its bytes.
[[nodiscard]] std::string aes_check(std::string_view key_base64);

/// Field 12 of the first receipt of a register, and of the one that follows this JWS.
[[nodiscard]] std::string chaining_of_first(std::string_view cash_box_id);
[[nodiscard]] std::string chaining_after(std::string_view jws);

}  // namespace siegel::rksv
