#include "device/smartcard/cards.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/signer_certificate.h"
#include "device/smartcard/card_signer.h"
#include "device/smartcard/conversation.h"
#include "device/smartcard/families.h"

namespace siegel::device::smartcard {
namespace {

std::string upper_hex(BytesView bytes) {
  std::string out = hex(bytes);
  for (char& c : out)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

CardState state_of(const Error& error) {
  if (error.code == "E-CRD-203") return CardState::not_activated;
  if (error.code == "E-CRD-205" || error.code == "E-CRD-206") return CardState::unknown_card;
  if (error.code == "E-CRD-108") return CardState::in_use;
  return CardState::faulty;
}

void describe(const CardCertificate& found, CardInfo& info) {
  info.certificate = found.certificate.der();
  info.serial = found.serial;
  info.serial_decimal = decimal_of_hex(found.serial);
  info.subject = found.certificate.subject_text();
  info.issuer = found.certificate.issuer_text();
  info.not_before = found.certificate.not_before();
  info.not_after = found.certificate.not_after();
  info.public_key = found.key.point();
  // A holder that is no text makes the card none the worse for signing.
  if (auto holder = crypto::signer_holder_of(found.certificate); holder && *holder)
    info.holder = std::move(**holder);
}

/// Fills in what the card says of itself; an error is why it is not ready.
Status read_card(CardReaders& readers, CardInfo& info) {
  SIEGEL_TRY(const auto connection, readers.connect(info.reader));
  info.atr = upper_hex(connection->atr());
  const Generation* generation = generation_of(connection->atr());
  if (generation == nullptr)
    return conflict("E-CRD-205", "this card is no signature card known here");
  info.kind = generation->name;
  info.note_en = generation->note_en;
  info.note_de = generation->note_de;
  info.test_card = generation->test_card;
  SIEGEL_TRY(Conversation card, Conversation::begin(*connection, protocol_of(generation->family)));
  if (const auto number = card.read_number()) info.cin = upper_hex(*number);
  SIEGEL_TRY(const CardCertificate found, card.read_certificate());
  describe(found, info);
  return Ok{};
}

CardInfo look_into(CardReaders& readers, const ReaderState& reader) {
  CardInfo info{.reader = reader.name};
  if (!reader.card_present) return info;
  info.atr = upper_hex(reader.atr);
  auto read = read_card(readers, info);
  // Once more, as when signing: cards are reset by others in the middle of it.
  if (!read && read.error().kind == ErrorKind::unavailable) read = read_card(readers, info);
  if (read) {
    info.state = CardState::ready;
  } else if (read.error().kind == ErrorKind::not_found) {
    info = CardInfo{.reader = reader.name};  // taken out meanwhile
  } else {
    info.state = state_of(read.error());
    info.reason = read.error();
  }
  return info;
}

std::string what_is_there(const std::vector<CardInfo>& cards) {
  std::string out;
  for (const CardInfo& card : cards) {
    out += fmt::format("{}{}: {}{}{}", out.empty() ? "" : "; ", excerpt(card.reader),
                       word_of(card.state), card.serial.empty() ? "" : ", serial number ",
                       card.serial);
  }
  return out;
}

}  // namespace

std::string_view word_of(CardState state) {
  switch (state) {
    case CardState::empty:
      return "empty";
    case CardState::ready:
      return "ready";
    case CardState::not_activated:
      return "not-activated";
    case CardState::faulty:
      return "faulty";
    case CardState::unknown_card:
      return "unknown-card";
    case CardState::in_use:
      return "in-use";
  }
  SIEGEL_CHECK(false);
  return {};
}

Result<std::vector<CardInfo>> list_cards(CardReaders& readers) {
  SIEGEL_TRY(const std::vector<ReaderState> found, readers.readers());
  if (found.empty()) return not_found("E-CRD-102", "no card reader is connected");
  std::vector<CardInfo> out;
  out.reserve(found.size());
  for (const ReaderState& reader : found) out.push_back(look_into(readers, reader));
  return out;
}

Result<CardInfo> find_card(CardReaders& readers, const CardChoice& choice) {
  SIEGEL_TRY(std::vector<CardInfo> cards, list_cards(readers));
  const std::string serial = plain_serial(choice.serial);
  const auto meant = [&](const CardInfo& card) {
    return card.state != CardState::empty && (serial.empty() || card.serial == serial) &&
           card.reader.find(choice.reader) != std::string::npos;
  };
  std::vector<CardInfo> fitting;
  std::ranges::copy_if(cards, std::back_inserter(fitting), meant);
  if (fitting.size() == 1) return std::move(fitting.front());
  if (fitting.empty()) {
    return not_found("E-CRD-303", fmt::format("there is no such card ({})", what_is_there(cards)));
  }
  return conflict("E-CRD-304", fmt::format("there are {} cards, say which is meant ({})",
                                           fitting.size(), what_is_there(fitting)));
}

Result<CardCheck> check_card(CardReaders& readers, const CardChoice& choice,
                             const crypto::SecretBytes& pin) {
  if (pin.empty()) return invalid("E-CRD-302", "a PIN is needed to let the card sign");
  SIEGEL_TRY(CardInfo card, find_card(readers, choice));
  CardCheck check{.card = std::move(card)};
  if (check.card.state != CardState::ready) {
    check.error = check.card.reason;
    return check;
  }
  CardSigner signer(readers, check.card.serial, pin.clone());
  const Hash256 digest = crypto::sha256(bytes_of("Siegel: test signature, no receipt"));
  const auto signature = signer.sign(digest);
  check.signs = signature.ok();
  if (signature) return check;
  check.error = signature.error();
  // The certificate is there and the PIN is not: the card knows more of itself now.
  if (signature.error().code == "E-CRD-203") check.card.state = CardState::not_activated;
  if (signature.error().kind == ErrorKind::unavailable) check.card.state = CardState::faulty;
  return check;
}

std::string decimal_of_hex(std::string_view hex) {
  std::string digits = "0";  // least significant first
  for (const char c : hex) {
    const bool number = c >= '0' && c <= '9';
    const bool lower = c >= 'a' && c <= 'f';
    SIEGEL_CHECK(number || lower || (c >= 'A' && c <= 'F'));
    int carry = number ? c - '0' : lower ? c - 'a' + 10 : c - 'A' + 10;
    for (char& digit : digits) {
      const int value = (digit - '0') * 16 + carry;
      digit = static_cast<char>('0' + value % 10);
      carry = value / 10;
    }
    for (; carry > 0; carry /= 10) digits.push_back(static_cast<char>('0' + carry % 10));
  }
  std::ranges::reverse(digits);
  return digits;
}

}  // namespace siegel::device::smartcard
