#include "device/smartcard/pcsc.h"

#include <fmt/format.h>
#include <winscard.h>

#include <array>
#include <functional>
#include <optional>
#include <utility>

#include "base/thread.h"
#include "device/smartcard/apdu.h"

// The only file that speaks PC/SC [PC/SC workgroup part 5; pcsc-lite 1.9].

namespace siegel::device::smartcard {
namespace {

struct Word {
  LONG code;
  std::string_view word;
};
constexpr Word words[] = {
    {SCARD_E_INVALID_HANDLE, "SCARD_E_INVALID_HANDLE"},
    {SCARD_E_INVALID_VALUE, "SCARD_E_INVALID_VALUE"},
    {SCARD_E_NO_READERS_AVAILABLE, "SCARD_E_NO_READERS_AVAILABLE"},
    {SCARD_E_NO_SERVICE, "SCARD_E_NO_SERVICE"},
    {SCARD_E_NO_SMARTCARD, "SCARD_E_NO_SMARTCARD"},
    {SCARD_E_NOT_TRANSACTED, "SCARD_E_NOT_TRANSACTED"},
    {SCARD_E_PROTO_MISMATCH, "SCARD_E_PROTO_MISMATCH"},
    {SCARD_E_READER_UNAVAILABLE, "SCARD_E_READER_UNAVAILABLE"},
    {SCARD_E_SERVICE_STOPPED, "SCARD_E_SERVICE_STOPPED"},
    {SCARD_E_SHARING_VIOLATION, "SCARD_E_SHARING_VIOLATION"},
    {SCARD_E_TIMEOUT, "SCARD_E_TIMEOUT"},
    {SCARD_E_UNKNOWN_READER, "SCARD_E_UNKNOWN_READER"},
    {SCARD_F_COMM_ERROR, "SCARD_F_COMM_ERROR"},
    {SCARD_F_INTERNAL_ERROR, "SCARD_F_INTERNAL_ERROR"},
    {SCARD_W_REMOVED_CARD, "SCARD_W_REMOVED_CARD"},
    {SCARD_W_RESET_CARD, "SCARD_W_RESET_CARD"},
    {SCARD_W_UNPOWERED_CARD, "SCARD_W_UNPOWERED_CARD"},
    {SCARD_W_UNRESPONSIVE_CARD, "SCARD_W_UNRESPONSIVE_CARD"},
    {SCARD_W_UNSUPPORTED_CARD, "SCARD_W_UNSUPPORTED_CARD"},
};

std::string word_of(LONG code) {
  for (const Word& known : words)
    if (known.code == code) return std::string(known.word);
  return fmt::format("0x{:08X}", static_cast<std::uint32_t>(code));
}

/// The service itself is gone, or does not know us any more: a new context may help.
bool service_lost(LONG code) {
  return code == SCARD_E_NO_SERVICE || code == SCARD_E_SERVICE_STOPPED ||
         code == SCARD_E_INVALID_HANDLE || code == SCARD_F_COMM_ERROR ||
         code == SCARD_F_INTERNAL_ERROR;
}

Error no_service(LONG code) {
  return unavailable(
      "E-CRD-101",
      fmt::format("the service of card readers (pcscd) does not answer: {}", word_of(code)),
      word_of(code));
}

Error card_error(std::string_view doing, const std::string& reader, LONG code) {
  const std::string detail =
      fmt::format("{} in reader \"{}\": {}", doing, excerpt(reader, 60), word_of(code));
  switch (code) {
    case SCARD_E_NO_SMARTCARD:
    case SCARD_E_UNKNOWN_READER:
    case SCARD_E_READER_UNAVAILABLE:
      return not_found("E-CRD-103", detail, word_of(code));
    case SCARD_E_SHARING_VIOLATION:
      return conflict("E-CRD-108", detail, word_of(code));
    default:
      return unavailable("E-CRD-104", detail, word_of(code));
  }
}

class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { drop(); }

  /// SCARD_S_SUCCESS, or why there is none.
  LONG establish() {
    if (m_handle) return SCARD_S_SUCCESS;
    SCARDCONTEXT handle = 0;
    const LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &handle);
    if (code == SCARD_S_SUCCESS) m_handle = handle;
    return code;
  }
  void drop() {
    if (m_handle) SCardReleaseContext(*m_handle);
    m_handle.reset();
  }
  [[nodiscard]] SCARDCONTEXT handle() const { return *m_handle; }

  /// Calls with a context; once more with a new one if the old one was lost.
  LONG call(const std::function<LONG(SCARDCONTEXT)>& what) {
    const bool fresh = !m_handle;
    LONG code = establish();
    if (code == SCARD_S_SUCCESS) code = what(*m_handle);
    if (!service_lost(code)) return code;
    drop();
    if (fresh) return code;
    code = establish();
    return code == SCARD_S_SUCCESS ? what(*m_handle) : code;
  }

 private:
  std::optional<SCARDCONTEXT> m_handle;
};

class PcscConnection final : public CardConnection {
 public:
  PcscConnection(Context& context, std::string reader, SCARDHANDLE card, Bytes atr)
      : m_context(context), m_reader(std::move(reader)), m_card(card), m_atr(std::move(atr)) {}
  ~PcscConnection() override { close(SCARD_LEAVE_CARD); }

  const Bytes& atr() const override { return m_atr; }

  Status begin() override {
    if (!m_card) return card_error("the card was let go", m_reader, SCARD_E_INVALID_HANDLE);
    const LONG code = SCardBeginTransaction(*m_card);
    if (code != SCARD_S_SUCCESS) return card_error("reserving the card", m_reader, code);
    return Ok{};
  }

  void end() override {
    if (m_card) SCardEndTransaction(*m_card, SCARD_LEAVE_CARD);
  }

  Result<Bytes> transmit(BytesView command) override {
    if (!m_card) return card_error("the card was let go", m_reader, SCARD_E_INVALID_HANDLE);
    std::array<unsigned char, answer_data_max + 2> answer{};
    DWORD size = answer.size();
    const LONG code =
        SCardTransmit(*m_card, SCARD_PCI_T1, reinterpret_cast<const unsigned char*>(command.data()),
                      static_cast<DWORD>(command.size()), nullptr, answer.data(), &size);
    m_silent = code != SCARD_S_SUCCESS || size < 2;
    if (code != SCARD_S_SUCCESS) return card_error("speaking to the card", m_reader, code);
    const BytesView view =
        std::as_bytes(std::span(answer)).first(std::min<std::size_t>(size, answer.size()));
    return Bytes(view.begin(), view.end());
  }

  void close_unpowered() override {
    // pcscd keeps a card that is taken out and put back directly after a failed power-off for
    // absent; and it takes the power from cards that nobody is connected to by itself.
    close(m_silent ? SCARD_LEAVE_CARD : SCARD_UNPOWER_CARD);
  }

 private:
  void close(DWORD disposition) {
    if (!m_card) return;
    // A handle that cannot be given back (somebody else has the card now) goes with its context.
    if (SCardDisconnect(*m_card, disposition) != SCARD_S_SUCCESS) m_context.drop();
    m_card.reset();
  }

  Context& m_context;
  std::string m_reader;
  std::optional<SCARDHANDLE> m_card;
  Bytes m_atr;
  bool m_silent = false;  ///< the last command had no answer
};

/// libpcsclite 1.9 keeps the states of all readers in one array of the process, which every context
/// writes without asking the others: the calls that use it take turns. None of them waits for a
/// card.
Mutex& reader_states() {
  static Mutex mutex;
  return mutex;
}

Bytes atr_of(const SCARD_READERSTATE& state) {
  const std::size_t size = std::min<std::size_t>(state.cbAtr, sizeof(state.rgbAtr));
  const BytesView atr = std::as_bytes(std::span(state.rgbAtr)).first(size);
  return {atr.begin(), atr.end()};
}

class PcscReaders final : public CardReaders {
 public:
  Result<std::vector<ReaderState>> readers() override {
    std::vector<char> names;
    const LONG listed = m_context.call([&](SCARDCONTEXT context) { return list(context, names); });
    std::vector<ReaderState> out;
    if (listed == SCARD_E_NO_READERS_AVAILABLE) return out;
    if (listed != SCARD_S_SUCCESS) return no_service(listed);
    for (const char* name = names.data(); *name != '\0'; name += out.back().name.size() + 1)
      out.push_back({.name = name, .card_present = false, .atr = {}});
    if (out.empty()) return out;
    std::vector<SCARD_READERSTATE> states(out.size());
    for (std::size_t i = 0; i < out.size(); ++i) states[i].szReader = out[i].name.c_str();
    const LONG code = ask(states);
    // A reader unplugged between the two calls: it holds no card.
    if (code != SCARD_S_SUCCESS && code != SCARD_E_UNKNOWN_READER) return no_service(code);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i].card_present = (states[i].dwEventState & SCARD_STATE_PRESENT) != 0;
      if (out[i].card_present) out[i].atr = atr_of(states[i]);
    }
    return out;
  }

  Result<std::unique_ptr<CardConnection>> connect(const std::string& reader) override {
    SCARDHANDLE card = 0;
    const LONG code = m_context.call([&](SCARDCONTEXT context) {
      DWORD protocol = 0;
      return SCardConnect(context, reader.c_str(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card,
                          &protocol);
    });
    if (service_lost(code)) return no_service(code);
    if (code != SCARD_S_SUCCESS) return card_error("connecting to the card", reader, code);
    // Of the reader, not of the connection: SCardStatus waits while others speak to the card. If
    // the card has been changed since, this connection is dead.
    std::vector<SCARD_READERSTATE> state(1);
    state[0].szReader = reader.c_str();
    const LONG asked = ask(state);
    std::unique_ptr<CardConnection> connection =
        std::make_unique<PcscConnection>(m_context, reader, card, atr_of(state[0]));
    if (asked != SCARD_S_SUCCESS) return card_error("asking for the card", reader, asked);
    return connection;
  }

 private:
  /// What is in these readers now.
  [[nodiscard]] LONG ask(std::vector<SCARD_READERSTATE>& states) const {
    for (SCARD_READERSTATE& state : states) state.dwCurrentState = SCARD_STATE_UNAWARE;
    const Lock lock(reader_states());
    return SCardGetStatusChange(m_context.handle(), 0, states.data(),
                                static_cast<DWORD>(states.size()));
  }

  static LONG list(SCARDCONTEXT context, std::vector<char>& names) {
    const Lock lock(reader_states());
    // Readers may come between the two calls: the size is asked for again then.
    LONG code = SCARD_E_INSUFFICIENT_BUFFER;
    for (int round = 0; round < 3 && code == SCARD_E_INSUFFICIENT_BUFFER; ++round) {
      DWORD size = 0;
      code = SCardListReaders(context, nullptr, nullptr, &size);
      if (code != SCARD_S_SUCCESS) return code;
      names.assign(static_cast<std::size_t>(size) + 2, '\0');
      code = SCardListReaders(context, nullptr, names.data(), &size);
    }
    return code;
  }

  Context m_context;
};

}  // namespace

std::unique_ptr<CardReaders> pcsc_readers() { return std::make_unique<PcscReaders>(); }

}  // namespace siegel::device::smartcard
