#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "card_oracle.h"
#include "card_shop.h"

namespace siegel::simulation::rksv {

/// What the tills of an Austrian shop do in a day, by seed: sales, cancellations, training, money
/// movements, tables, null receipts, closings, retries.
class CardTills {
 public:
  CardTills(CardShop& shop, CardOracle& oracle);

  /// A new day with so many actions a till.
  void new_day(std::size_t actions_each);
  /// Perhaps sends something. False: nothing is left to do today and nothing is waited for.
  bool act();
  /// The end of the day: each till is closed, or forgotten.
  void close_day();
  /// Nothing is waited for.
  [[nodiscard]] bool at_rest() const;
  /// The power was cut: who waited does not any more.
  void restarted();
  /// Repeats every request whose answer never came, until it is answered; steps the world.
  void repeat_unanswered();

  [[nodiscard]] const std::vector<std::string>& problems() const { return m_problems; }
  [[nodiscard]] std::uint64_t signed_receipts() const { return m_signed; }
  [[nodiscard]] std::uint64_t unsigned_receipts() const { return m_unsigned; }

 private:
  enum class Kind { sell, open, close };
  struct Request {
    Kind kind = Kind::sell;
    std::size_t till = 0;
    std::string key;
    recorder::Sell::Flow flow = recorder::Sell::Flow::implicit;
    ReceiptDraft draft;
    bool waits = false;
    bool done = false;
  };
  struct Till {
    std::size_t actions = 0;
    std::size_t waiting = 0;
    std::uint64_t next_key = 1;
    std::vector<std::string> open;      ///< Vorgaenge
    std::vector<std::string> receipts;  ///< that may be cancelled
  };

  void begin(std::size_t till);
  void add(Request request);
  /// Sends the oldest request of the till that has no answer. False: it has none.
  bool repeat_first(std::size_t till);
  void send(std::size_t index);
  void answer(std::size_t index, const Result<recorder::Accepted>& result);
  void accepted(Request& request, const recorder::Accepted& accepted);
  void refused(Request& request, const Error& error);
  [[nodiscard]] std::string new_key(std::size_t till);
  [[nodiscard]] ReceiptDraft draw_sale();
  std::uint64_t below(std::uint64_t bound) { return m_shop.random().below(bound); }

  CardShop& m_shop;
  CardOracle& m_oracle;
  std::vector<Till> m_tills;
  std::vector<Request> m_requests;
  std::vector<std::string> m_problems;
  std::uint64_t m_signed = 0;
  std::uint64_t m_unsigned = 0;
};

}  // namespace siegel::simulation::rksv
