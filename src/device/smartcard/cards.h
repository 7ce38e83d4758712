#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "device/smartcard/readers.h"

// What people want to know of the cards that are there, as plain values: `siegel card`, the set-up
// of a shop.

namespace siegel::device::smartcard {

enum class CardState {
  empty,          ///< the reader holds no card
  ready,          ///< its certificate is there and is one to sign with
  not_activated,  ///< a card of a known kind without certificate or PIN: activate it first
  faulty,         ///< it does not answer, or not as it must
  unknown_card,   ///< not a signature card this program knows
  in_use,         ///< another program has it for itself
};
/// "ready", "not-activated"...
[[nodiscard]] std::string_view word_of(CardState state);

struct CardInfo {
  std::string reader;
  CardState state = CardState::empty;
  std::string atr;   ///< hex, upper case; empty: none
  std::string kind;  ///< "ACOS-ID V4.1"; empty: not known
  /// What the owner must know of this kind (certification lost, test card); empty: nothing.
  std::string note_en, note_de;
  bool test_card = false;
  std::string cin;  ///< card number, hex, upper case; empty: it could not be read

  // Of the certificate; empty without one.
  Bytes certificate;           ///< DER
  std::string serial;          ///< lower-case hex: field 11 of the code, and for FinanzOnline
  std::string serial_decimal;  ///< the same number as many programs show it
  std::string subject, issuer;
  std::string holder;  ///< Registrierkasseninhaber (OID 1.2.40.0.10.1.11.1), "UID ATU12345678"
  Instant not_before, not_after;
  Bytes public_key;  ///< uncompressed point

  /// Why the state is not `ready` or `empty`.
  std::optional<Error> reason;
};

/// Every reader with what is in it, in the order of the system. Needs no PIN.
/// Errors E-CRD-101 (no PC/SC service), E-CRD-102 (no reader).
[[nodiscard]] Result<std::vector<CardInfo>> list_cards(CardReaders& readers);

/// Which card is meant; both empty: the only one there is.
struct CardChoice {
  std::string serial;  ///< hex, either case, leading zeros do not matter
  std::string reader;  ///< name, or a part of it that only one reader's name has
};
/// One card. Errors as list_cards, and E-CRD-303 (not found), E-CRD-304 (several: name one).
[[nodiscard]] Result<CardInfo> find_card(CardReaders& readers, const CardChoice& choice);

struct CardCheck {
  CardInfo card;
  bool signs = false;          ///< a test signature was made and verified
  std::optional<Error> error;  ///< why not
};
/// Reads the card and lets it sign once. A wrong PIN costs one of its tries: `error` says how many
/// are left. Errors as find_card, E-CRD-302 (no PIN).
[[nodiscard]] Result<CardCheck> check_card(CardReaders& readers, const CardChoice& choice,
                                           const crypto::SecretBytes& pin);

/// "21f" to "543": any length. `hex` has hex digits only (checked).
[[nodiscard]] std::string decimal_of_hex(std::string_view hex);

}  // namespace siegel::device::smartcard
