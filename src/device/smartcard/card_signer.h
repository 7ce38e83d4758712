#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "device/smartcard/conversation.h"
#include "device/smartcard/readers.h"

// Private to this module.

namespace siegel::device::smartcard {

/// Lower case without leading zeros, as serials are compared.
[[nodiscard]] std::string plain_serial(std::string_view hex);

/// What SmartCard does, with the errors of cards (E-CRD-nnn): `conflict` needs a person,
/// `unavailable` was tried twice, `not_found` is a card that is in no reader, `unknown` an answer
/// to the PIN that was lost.
class CardSigner {
 public:
  /// `readers` is borrowed for the life of this object.
  CardSigner(CardReaders& readers, std::string_view serial, crypto::SecretBytes pin);
  ~CardSigner();
  CardSigner(const CardSigner&) = delete;
  CardSigner& operator=(const CardSigner&) = delete;

  /// Of the card, which is there when this returns.
  [[nodiscard]] Result<CardCertificate> certificate();
  /// Verified.
  [[nodiscard]] Result<Bytes> sign(BytesView digest);

 private:
  struct Open {
    std::string reader;
    std::unique_ptr<CardConnection> connection;
    const Protocol* protocol;
    CardCertificate certificate;
  };

  [[nodiscard]] Result<Open> open_in(const std::string& reader);
  [[nodiscard]] Result<Open> find();
  /// A connection to the card that is alive, begun.
  [[nodiscard]] Result<Conversation> converse();
  void power_off();
  [[nodiscard]] Result<Bytes> sign_once(BytesView digest);
  [[nodiscard]] Status show_pin(Conversation& card);

  CardReaders& m_readers;
  std::string m_serial;
  crypto::SecretBytes m_pin;
  std::optional<Open> m_open;
  std::string m_last_reader;
  bool m_pin_accepted = false;
  int m_lost_answers = 0;          ///< to a PIN that was never accepted
  std::optional<Error> m_refused;  ///< the PIN: nothing is tried any more
};

}  // namespace siegel::device::smartcard
