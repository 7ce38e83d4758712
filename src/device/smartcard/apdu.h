#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

// Commands to a card and its answers [ISO/IEC 7816-4], short form only. Everything a card says is
// foreign: what is read here has limits.

namespace siegel::device::smartcard {

/// Most data bytes of one answer in the short form; two status bytes follow.
inline constexpr std::size_t answer_data_max = 256;
/// Most bytes read for one certificate. The cards have files of 2 to 4 KB.
inline constexpr std::size_t certificate_file_max = 16 * 1024;

struct Answer {
  Bytes data;
  std::uint16_t status = 0;  ///< SW1 and SW2

  [[nodiscard]] bool ok() const { return status == 0x9000; }
};

/// Error E-CRD-104 `unavailable`: fewer than 2 bytes (readers answer so when the card is gone) or
/// more than answer_data_max + 2.
[[nodiscard]] Result<Answer> parse_answer(BytesView bytes);

/// "6983 (the PIN is blocked)"; the four digits alone if nothing is known of it.
[[nodiscard]] std::string status_text(std::uint16_t status);
/// The tries a PIN has left if `status` says so (63Cx).
[[nodiscard]] std::optional<unsigned> tries_left(std::uint16_t status);

[[nodiscard]] Bytes select_file(std::uint16_t id);         ///< `00 A4 00 0C 02 id`
[[nodiscard]] Bytes read_binary(std::uint16_t offset);     ///< `00 B0 offset 00`: up to 256 bytes
[[nodiscard]] Bytes read_short_file(std::uint8_t number);  ///< `00 B0 80|number 00 00`
[[nodiscard]] Bytes get_response(std::uint8_t size);       ///< `00 C0 00 00 size`

/// How a card wants its PIN.
enum class PinForm {
  ascii_zero_padded,  ///< `31 32 33 34 35 36 00 00`: 4 to 8 digits
  format_2,           ///< `26 12 34 56 FF FF FF FF` [ISO 9564-1 format 2]: 4 to 12 digits
};
/// `00 20 00 reference 08 <PIN>`. Error E-CRD-302 `invalid`: not digits only, or too short or too
/// long for the form; the text never shows the PIN.
[[nodiscard]] Result<crypto::SecretBytes> verify_pin(std::uint8_t reference, PinForm form,
                                                     const crypto::SecretBytes& pin);

/// The size of the DER element that begins with these bytes, header included: certificates lie in
/// files that are longer. Nothing if they do not begin with a SEQUENCE of at most
/// certificate_file_max bytes whose length is written minimally.
[[nodiscard]] std::optional<std::size_t> certificate_size(BytesView beginning);
/// All bytes equal, 00 or FF, or none at all: a file that was never written.
[[nodiscard]] bool never_written(BytesView content);

}  // namespace siegel::device::smartcard
