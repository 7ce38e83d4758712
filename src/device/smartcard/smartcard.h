#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ec.h"
#include "crypto/secret.h"
#include "device/device.h"
#include "device/smartcard/readers.h"

namespace siegel::device::smartcard {

struct SmartCardOptions {
  /// Number of the card's certificate in hex (either case, leading zeros do not matter): the card
  /// is found by it in whatever reader it is. Empty: the only signature card there is.
  std::string serial;
  /// Digits. Empty: identity() and certificates() work, sign_digest() does not.
  crypto::SecretBytes pin;
};

/// A signature card for cash registers (a.sign RK CHIP) as a Signer.
///
/// Each call finds its card, holds it for itself as long as it speaks to it, and leaves it as it
/// was. A card that was reset or taken out, that answers with an error, with no signature or with a
/// wrong one is powered off, found again and asked once more, then the call fails. Every signature
/// is verified with the card's certificate before it is handed out.
///
/// The PIN goes to the card of this number only, and never twice after it was refused: from then on
/// sign_digest() fails without touching the card until a new object is made. While a PIN has not
/// been accepted yet, an answer to it that is lost is not asked for again in the same call, and
/// after two lost ones no more.
///
/// Errors: E-SIG-101 (no service, no reader, no such card, no answer), E-SIG-103 (no valid
/// signature, twice), E-SIG-104 (the card reports an error), E-SIG-108 (its certificate), E-SIG-201
/// (the PIN is wrong), E-SIG-202 (it is blocked, or is not tried any more), E-SIG-203 (there is
/// none, or not one for this card), E-SIG-205 (the card has not been activated), E-SIG-301. The
/// detail ends with the cause as E-CRD-nnn; `place` is the word of the card or of PC/SC.
class SmartCard final : public Signer {
 public:
  /// Touches nothing: the card may come later.
  SmartCard(std::unique_ptr<CardReaders> readers, SmartCardOptions options);
  ~SmartCard() override;

  Result<SignerIdentity> identity() override;
  Result<std::vector<Bytes>> certificates() override;
  Result<Bytes> sign_digest(BytesView digest) override;

 private:
  class Impl;
  std::unique_ptr<Impl> m_impl;
};

/// On the readers of the PC/SC service.
[[nodiscard]] std::unique_ptr<SmartCard> open_smart_card(SmartCardOptions options);

}  // namespace siegel::device::smartcard
