#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "device/smartcard/apdu.h"

// Which cards there are and how each kind wants to be spoken to: data, so that a new generation is
// a new row. Sources: A-Trust's developer manual 0.3 and sample code.

namespace siegel::device::smartcard {

enum class Family { acos, cardos, acos_id };

/// The commands of a family.
struct Protocol {
  Family family;
  std::string_view name;            ///< "ACOS", "CardOS 5.3", "ACOS-ID"
  std::uint16_t signing_directory;  ///< DF of key and certificate
  /// EFs of the certificate in the order they are tried; 0: no second one.
  std::uint16_t certificate_files[2];
  std::uint8_t pin_reference;
  PinForm pin_form;
  /// ACOS: the environment is set and the hash put before the signature is asked for; the others
  /// take the hash with the request.
  bool puts_hash;
  /// Where card number (CIN) and chip number lie: a DF and a short file id in it, or the MF and an
  /// EF in it.
  std::uint16_t number_directory;
  std::uint16_t number_file;  ///< 0: short_number_file is read instead
  std::uint8_t number_file_short;
};
[[nodiscard]] const Protocol& protocol_of(Family family);

/// A generation of cards, known by the beginning of its answer to reset.
struct Generation {
  std::string_view atr_prefix;  ///< hex, upper case
  Family family;
  std::string_view name;  ///< "ACOS-ID V4.1"
  /// Empty, or what its owner must know ("lost its certification in June 2025: ask the issuer").
  std::string_view note_en;
  std::string_view note_de;
  bool test_card = false;
};
[[nodiscard]] std::span<const Generation> generations();
/// The one whose prefix fits; null: a card this program does not know. If several fit, the longest
/// prefix.
[[nodiscard]] const Generation* generation_of(BytesView atr);

/// The PIN these cards have after activation [A-Trust]. Used only where somebody asks for it.
inline constexpr std::string_view default_pin = "123456";

/// The trust provider of all these cards as field 1 of the code names it.
inline constexpr std::string_view provider = "AT1";

}  // namespace siegel::device::smartcard
