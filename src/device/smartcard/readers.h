#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

// The seam between what is said to a card and how it gets there: PC/SC (pcsc.h), or a card in the
// same process in tests. All calls block; one thread at a time.
//
// Errors: E-CRD-101 `unavailable` (the PC/SC service does not answer), E-CRD-103 `not_found` (no
// card in the reader), E-CRD-104 `unavailable` (the card does not answer, was reset, was taken out:
// a new connection may help), E-CRD-108 `conflict` (another program has the card for itself).
// `Error::place` holds the word of PC/SC ("SCARD_W_RESET_CARD").

namespace siegel::device::smartcard {

/// A connection to the card in one reader. It dies when the card is reset by others or taken out:
/// every call then fails, and a new one is asked for.
class CardConnection {
 public:
  /// Leaves the card as it is.
  virtual ~CardConnection() = default;
  /// Answer to reset.
  [[nodiscard]] virtual const Bytes& atr() const = 0;
  /// Nobody else speaks to the card until end(); waits for others who do.
  [[nodiscard]] virtual Status begin() = 0;
  virtual void end() = 0;
  /// One command, one answer, data and status bytes as the reader gave them.
  [[nodiscard]] virtual Result<Bytes> transmit(BytesView command) = 0;
  /// Ends the connection and takes the card's power away, as pulling it would; of a card that does
  /// not answer only the connection ends. May be called between begin() and end().
  virtual void close_unpowered() = 0;
};

struct ReaderState {
  std::string name;
  bool card_present = false;
  Bytes atr;  ///< may be empty although a card is there
};

/// The readers of this machine.
class CardReaders {
 public:
  virtual ~CardReaders() = default;
  /// Empty if none is connected. Error E-CRD-101.
  [[nodiscard]] virtual Result<std::vector<ReaderState>> readers() = 0;
  /// The connection is gone before this object is.
  [[nodiscard]] virtual Result<std::unique_ptr<CardConnection>> connect(
      const std::string& reader) = 0;
};

}  // namespace siegel::device::smartcard
