#include "device/smartcard/card_signer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/mutant.h"

namespace siegel::device::smartcard {
namespace {

constexpr int attempts_max = 2;
constexpr int lost_answers_max = 2;

/// A second try may help. The rest needs a person, or a card.
bool worth_another_try(const Error& error) { return error.kind == ErrorKind::unavailable; }

}  // namespace

std::string plain_serial(std::string_view hex) {
  hex.remove_prefix(std::min(hex.find_first_not_of('0'), hex.size()));
  std::string out(hex);
  for (char& c : out)
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

CardSigner::CardSigner(CardReaders& readers, std::string_view serial, crypto::SecretBytes pin)
    : m_readers(readers), m_serial(plain_serial(serial)), m_pin(std::move(pin)) {}

CardSigner::~CardSigner() = default;

Result<CardSigner::Open> CardSigner::open_in(const std::string& reader) {
  SIEGEL_TRY(auto connection, m_readers.connect(reader));
  const Generation* generation = generation_of(connection->atr());
  if (generation == nullptr) {
    return conflict("E-CRD-205", fmt::format("the card in reader \"{}\" (answer to reset {}) is no "
                                             "signature card known here",
                                             excerpt(reader), hex(connection->atr())));
  }
  const Protocol& protocol = protocol_of(generation->family);
  std::optional<CardCertificate> certificate;
  {
    SIEGEL_TRY(Conversation card, Conversation::begin(*connection, protocol));
    SIEGEL_TRY(certificate, card.read_certificate());
  }
  return Open{.reader = reader,
              .connection = std::move(connection),
              .protocol = &protocol,
              .certificate = std::move(*certificate)};
}

Result<CardSigner::Open> CardSigner::find() {
  SIEGEL_TRY(std::vector<ReaderState> readers, m_readers.readers());
  if (readers.empty()) return not_found("E-CRD-102", "no card reader is connected");
  std::erase_if(readers, [](const ReaderState& reader) { return !reader.card_present; });
  // Where it was is where it is, mostly.
  const auto last = std::ranges::find(readers, m_last_reader, &ReaderState::name);
  if (last != readers.end()) std::rotate(readers.begin(), last, last + 1);
  std::vector<Open> fitting;
  std::vector<std::string> others;
  std::vector<Error> errors;
  for (const ReaderState& reader : readers) {
    auto open = open_in(reader.name);
    if (!open) {
      errors.push_back(open.error());
    } else if (m_serial.empty()) {
      fitting.push_back(std::move(*open));
    } else if (open->certificate.serial == m_serial) {
      return std::move(*open);
    } else {
      others.push_back(open->certificate.serial);
    }
  }
  if (fitting.size() == 1) return std::move(fitting.front());
  if (fitting.size() > 1) {
    return conflict("E-CRD-304", fmt::format("there are {} signature cards and no serial number "
                                             "says which is meant",
                                             fitting.size()));
  }
  // One card and it has its reason: that reason. A second try is worth it if any card has one.
  const auto retry = std::ranges::find_if(errors, worth_another_try);
  if (retry != errors.end()) return *retry;
  if (errors.size() == 1 && others.empty()) return errors.front();
  return not_found("E-CRD-103",
                   m_serial.empty()
                       ? std::string("there is no signature card in any reader")
                       : fmt::format("the card with serial number {} is in no reader{}{}", m_serial,
                                     others.empty() ? "" : "; found: ", fmt::join(others, ", ")));
}

Result<Conversation> CardSigner::converse() {
  if (m_open) {
    auto alive = Conversation::begin(*m_open->connection, *m_open->protocol);
    if (alive) return alive;
    // Reset by another program, taken out, the service restarted: found again, or not.
    m_open.reset();
  }
  SIEGEL_TRY(m_open, find());
  m_last_reader = m_open->reader;
  // The first card found is the card from now on.
  m_serial = m_open->certificate.serial;
  return Conversation::begin(*m_open->connection, *m_open->protocol);
}

void CardSigner::power_off() {
  if (!m_open) return;
  m_open->connection->close_unpowered();
  m_open.reset();
}

Result<CardCertificate> CardSigner::certificate() {
  for (int attempt = 1;; ++attempt) {
    {
      const auto card = converse();
      if (card) return m_open->certificate;
      if (attempt == attempts_max || !worth_another_try(card.error())) return card.error();
    }
    power_off();
  }
}

Status CardSigner::show_pin(Conversation& card) {
  auto shown = card.show_pin(m_pin);
  if (shown) {
    m_pin_accepted = true;
    m_lost_answers = 0;
    return shown;
  }
  const Error& error = shown.error();
  const bool refused = error.code == "E-CRD-201" || error.code == "E-CRD-202";
  if (refused && !SIEGEL_MUTANT("smartcard-pin-again")) m_refused = error;
  if (error.kind == ErrorKind::unknown) {
    // A PIN that was right before is right now: it may be shown again.
    if (m_pin_accepted) return unavailable(error.code, error.detail, error.place);
    if (++m_lost_answers >= lost_answers_max) {
      m_refused = conflict("E-CRD-207",
                           fmt::format("{} answers to a PIN that was never accepted were lost; it "
                                       "is not shown again",
                                       m_lost_answers),
                           error.place);
    }
  }
  return shown;
}

Result<Bytes> CardSigner::sign_once(BytesView digest) {
  SIEGEL_TRY(Conversation card, converse());
  SIEGEL_TRY_OK(card.select_signing());
  SIEGEL_TRY_OK(show_pin(card));
  SIEGEL_TRY(Bytes signature, card.sign(digest));
  if (!m_open->certificate.key.verify_ecdsa_digest(digest, signature) &&
      !SIEGEL_MUTANT("smartcard-believes")) {
    return unavailable("E-CRD-107",
                       "the card's signature does not fit the hash and the card's certificate");
  }
  return signature;
}

Result<Bytes> CardSigner::sign(BytesView digest) {
  for (int attempt = 1;; ++attempt) {
    if (m_refused) return *m_refused;
    if (m_pin.empty()) return conflict("E-CRD-208", "no PIN is set up for the card");
    auto signature = sign_once(digest);
    if (signature) return signature;
    // Even if nothing is tried again now: what comes next starts from a card just powered on.
    if (signature.error().kind != ErrorKind::conflict) power_off();
    if (attempt == attempts_max || !worth_another_try(signature.error())) return signature;
  }
}

}  // namespace siegel::device::smartcard
