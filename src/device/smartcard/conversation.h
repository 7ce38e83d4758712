#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "crypto/x509.h"
#include "device/smartcard/apdu.h"
#include "device/smartcard/families.h"
#include "device/smartcard/readers.h"

// Private to this module.

namespace siegel::device::smartcard {

/// The certificate of a card, checked to be one to sign receipts with.
struct CardCertificate {
  crypto::Certificate certificate;
  crypto::PublicKey key;  ///< P-256
  std::string serial;     ///< lower-case hex
};

/// What is said to a card of a known family while nobody else speaks to it. Each act starts at the
/// root of the card, whatever was selected before.
///
/// Errors of all acts: those of CardConnection; E-CRD-105 `unavailable` (a status the card must not
/// answer with); E-CRD-206 `conflict` (the card has no directory for signatures).
class Conversation {
 public:
  /// Waits until nobody else speaks to the card. The connection is borrowed.
  static Result<Conversation> begin(CardConnection& connection, const Protocol& protocol);
  Conversation(Conversation&& other) noexcept;
  Conversation& operator=(Conversation&&) = delete;
  ~Conversation();

  /// Errors E-CRD-203 `conflict` (no certificate: the card is not activated), E-CRD-204
  /// `unavailable` (what lies there is no certificate of a key of P-256).
  [[nodiscard]] Result<CardCertificate> read_certificate();
  /// Card number (CIN), at most 8 bytes.
  [[nodiscard]] Result<Bytes> read_number();

  /// Shows the PIN. Errors: E-CRD-201, E-CRD-202 `conflict` (wrong, blocked), E-CRD-203 `conflict`
  /// (the PIN is not in use yet: not activated), E-CRD-302, E-CRD-110 `unknown` (no answer, or one
  /// that does not say whether the PIN is right).
  [[nodiscard]] Status show_pin(const crypto::SecretBytes& pin);
  /// Directly after show_pin(). Plain r||s, not verified. Errors E-CRD-106 `unavailable` (no
  /// signature), E-CRD-107 `unavailable` (of another size).
  [[nodiscard]] Result<Bytes> sign(BytesView digest);
  /// Before show_pin().
  [[nodiscard]] Status select_signing();

 private:
  Conversation(CardConnection& connection, const Protocol& protocol)
      : m_connection(&connection), m_protocol(&protocol) {}
  [[nodiscard]] Result<Answer> exchange(BytesView command);
  [[nodiscard]] Status expect(BytesView command, std::string_view doing);
  [[nodiscard]] Status select_directory(std::uint16_t id);
  /// Empty: there is no such file, or nothing was ever written into it.
  [[nodiscard]] Result<Bytes> read_certificate_file(std::uint16_t id);

  CardConnection* m_connection;
  const Protocol* m_protocol;
};

}  // namespace siegel::device::smartcard
