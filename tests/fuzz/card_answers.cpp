// Answers of a card: whatever it says, reading it ends, within its limits and without a crash.

#include <cstdint>
#include <span>

#include "base/check.h"
#include "device/smartcard/apdu.h"
#include "device/smartcard/cards.h"
#include "device/smartcard/families.h"
#include "device/smartcard/smartcard.h"

using namespace siegel;
using namespace siegel::device::smartcard;

namespace {

/// Gives the input out as answers: two bytes of length, then so many bytes. At its end the card is
/// silent.
class Script {
 public:
  explicit Script(BytesView input) : m_rest(input) {}
  Bytes next() {
    if (m_rest.size() < 2) return {};
    const std::size_t size = ((std::to_integer<std::size_t>(m_rest[0]) << 8U) |
                              std::to_integer<std::size_t>(m_rest[1])) &
                             0x1FFU;
    m_rest = m_rest.subspan(2);
    const BytesView out = m_rest.first(std::min(size, m_rest.size()));
    m_rest = m_rest.subspan(out.size());
    return {out.begin(), out.end()};
  }

 private:
  BytesView m_rest;
};

class Connection final : public CardConnection {
 public:
  Connection(Script& script, Bytes atr) : m_script(script), m_atr(std::move(atr)) {}
  const Bytes& atr() const override { return m_atr; }
  Status begin() override { return Ok{}; }
  void end() override {}
  Result<Bytes> transmit(BytesView /*command*/) override {
    SIEGEL_CHECK(++m_commands < 10000);
    return m_script.next();
  }
  void close_unpowered() override {}

 private:
  Script& m_script;
  Bytes m_atr;
  int m_commands = 0;
};

class Readers final : public CardReaders {
 public:
  Readers(Script& script, Bytes atr) : m_script(script), m_atr(std::move(atr)) {}
  Result<std::vector<ReaderState>> readers() override {
    return std::vector<ReaderState>{{.name = "fuzz", .card_present = true, .atr = m_atr}};
  }
  Result<std::unique_ptr<CardConnection>> connect(const std::string& /*reader*/) override {
    return std::unique_ptr<CardConnection>(std::make_unique<Connection>(m_script, m_atr));
  }

 private:
  Script& m_script;
  Bytes m_atr;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const BytesView input = std::as_bytes(std::span(data, size));
  if (const auto answer = parse_answer(input))
    SIEGEL_CHECK(answer->data.size() + 2 == input.size());
  if (const auto whole = certificate_size(input)) SIEGEL_CHECK(*whole <= certificate_file_max);
  const auto known = generations();
  const Bytes atr = from_hex(known[data[0] % known.size()].atr_prefix).value();

  Script reading(input.subspan(1));
  Readers readers(reading, atr);
  const auto cards = list_cards(readers);
  SIEGEL_CHECK(cards.ok() && cards->size() == 1);
  SIEGEL_CHECK(cards->front().certificate.empty() == (cards->front().state != CardState::ready));

  Script signing(input.subspan(1));
  SmartCard card(std::make_unique<Readers>(signing, atr),
                 {.serial = {}, .pin = crypto::SecretBytes::copy_of(bytes_of("123456"))});
  // Nobody forges a signature by chance.
  SIEGEL_CHECK(!card.sign_digest(Bytes(32, std::byte{1})).ok());
  return 0;
}
