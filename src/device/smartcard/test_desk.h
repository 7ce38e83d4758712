#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "device/smartcard/readers.h"
#include "device/smartcard/testing/virtual_card.h"

// Virtual cards in readers of this process: what PC/SC does, without a service, and what it must
// not be asked for is counted. Private to the tests of this module.

namespace siegel::device::smartcard::testing {

/// The readers of one machine. Several VirtualReaders on it are several programs.
struct Desk {
  struct Place {
    std::string name;
    VirtualCard* card = nullptr;
    bool powered = false;
    bool exclusive = false;     ///< another program has the card for itself
    std::uint64_t contact = 0;  ///< rises when every connection to the card dies
    const void* holder = nullptr;
  };
  std::vector<Place> places;
  bool service_down = false;
  /// Given to the next calls of connect().
  std::deque<Error> refused_connections;
  /// A lost answer is 0 bytes, as some readers have it, instead of an error.
  bool loses_silently = false;
  std::uint64_t connects = 0;
  std::uint64_t commands_outside = 0;  ///< sent without a transaction

  explicit Desk(std::size_t readers = 2) {
    for (std::size_t i = 0; i < readers; ++i)
      places.push_back({.name = "Test Reader 00 0" + std::to_string(i)});
  }
  void put(std::size_t reader, VirtualCard* card) {
    Place& place = places.at(reader);
    place.card = card;
    place.powered = false;
    place.holder = nullptr;
    ++place.contact;
  }
  /// As another program does.
  void reset(std::size_t reader) {
    Place& place = places.at(reader);
    place.card->reset();
    ++place.contact;
  }
};

class DeskConnection final : public CardConnection {
 public:
  DeskConnection(Desk& desk, std::size_t reader)
      : m_desk(desk),
        m_reader(reader),
        m_contact(desk.places[reader].contact),
        m_atr(desk.places[reader].card->atr()) {}
  ~DeskConnection() override { end(); }
  const Bytes& atr() const override { return m_atr; }

  Status begin() override {
    if (dead()) return gone();
    if (place().holder != nullptr) return unavailable("E-CRD-104", "a lock held for ever");
    place().holder = this;
    return Ok{};
  }
  void end() override {
    if (place().holder == this) place().holder = nullptr;
  }
  Result<Bytes> transmit(BytesView command) override {
    if (dead()) return gone();
    if (place().holder != this) ++m_desk.commands_outside;
    VirtualCard::Reply reply = place().card->transmit(command);
    if (reply.contact == VirtualCard::Contact::good) return std::move(reply.answer);
    ++place().contact;
    place().powered = false;
    if (reply.contact == VirtualCard::Contact::pulled) place().card = nullptr;
    if (m_desk.loses_silently) return Bytes{};
    return gone();
  }
  void close_unpowered() override {
    if (dead()) return;
    end();
    place().powered = false;
    ++place().contact;
  }

 private:
  [[nodiscard]] Desk::Place& place() const { return m_desk.places[m_reader]; }
  [[nodiscard]] bool dead() const {
    return m_desk.service_down || place().contact != m_contact || place().card == nullptr;
  }
  static Error gone() {
    return unavailable("E-CRD-104", "the card was reset or taken out", "SCARD_W_RESET_CARD");
  }

  Desk& m_desk;
  std::size_t m_reader;
  std::uint64_t m_contact;
  Bytes m_atr;
};

class DeskReaders final : public CardReaders {
 public:
  explicit DeskReaders(Desk& desk) : m_desk(desk) {}

  Result<std::vector<ReaderState>> readers() override {
    if (m_desk.service_down) return unavailable("E-CRD-101", "no service", "SCARD_E_NO_SERVICE");
    std::vector<ReaderState> out;
    for (const Desk::Place& place : m_desk.places) {
      out.push_back({.name = place.name,
                     .card_present = place.card != nullptr,
                     .atr = place.card != nullptr ? place.card->atr() : Bytes{}});
    }
    return out;
  }
  Result<std::unique_ptr<CardConnection>> connect(const std::string& reader) override {
    if (m_desk.service_down) return unavailable("E-CRD-101", "no service", "SCARD_E_NO_SERVICE");
    ++m_desk.connects;
    if (!m_desk.refused_connections.empty()) {
      Error error = std::move(m_desk.refused_connections.front());
      m_desk.refused_connections.pop_front();
      return error;
    }
    for (std::size_t i = 0; i < m_desk.places.size(); ++i) {
      Desk::Place& place = m_desk.places[i];
      if (place.name != reader) continue;
      if (place.card == nullptr) return not_found("E-CRD-103", "no card", "SCARD_E_NO_SMARTCARD");
      if (place.exclusive)
        return conflict("E-CRD-108", "another has it", "SCARD_E_SHARING_VIOLATION");
      if (!place.powered) place.card->power_up();
      place.powered = true;
      return std::unique_ptr<CardConnection>(std::make_unique<DeskConnection>(m_desk, i));
    }
    return not_found("E-CRD-103", "no such reader", "SCARD_E_UNKNOWN_READER");
  }

 private:
  Desk& m_desk;
};

}  // namespace siegel::device::smartcard::testing
