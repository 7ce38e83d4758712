#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oracle.h"
#include "shop.h"

namespace siegel::simulation {

/// What the tills of a shop do in a day, by seed: sales, Vorgaenge, reversals, training, retries.
class Tills {
 public:
  Tills(Shop& shop, Oracle& oracle, std::size_t actions_each);

  /// Perhaps sends something. False: nothing is left to do and nothing is waited for.
  bool act();
  /// The power was cut: who waited does not any more.
  void restarted();
  /// Repeats every request whose answer never came, until it is answered; steps the world.
  void repeat_unanswered();

  [[nodiscard]] const std::vector<std::string>& problems() const { return m_problems; }
  [[nodiscard]] std::uint64_t answered() const { return m_answered; }
  [[nodiscard]] std::uint64_t signed_receipts() const { return m_signed; }
  [[nodiscard]] std::uint64_t unsigned_receipts() const { return m_unsigned; }

 private:
  enum class Kind { sell, open, update, other_body };
  struct Request {
    Kind kind = Kind::sell;
    std::size_t till = 0;
    std::string key;
    recorder::Sell::Flow flow = recorder::Sell::Flow::implicit;
    ReceiptDraft draft;
    bool waits = false;
    bool done = false;  ///< answered with a yes, or with a no that is final
    std::uint64_t answers = 0;
  };
  struct Till {
    std::size_t actions = 0;
    std::size_t waiting = 0;
    std::uint64_t next_key = 1;
    std::vector<std::string> open;  ///< Vorgaenge
    std::vector<std::string> receipts;
  };

  void begin(std::size_t till);
  void office();
  void send(std::size_t index);
  void answer(std::size_t index, const Result<recorder::Accepted>& result);
  void accepted(Request& request, const recorder::Accepted& accepted);
  void refused(Request& request, const Error& error);
  std::size_t add(Request request);
  std::string new_key(std::size_t till);
  ReceiptDraft draw_sale();
  std::uint64_t below(std::uint64_t bound) { return m_shop.random().below(bound); }

  Shop& m_shop;
  Oracle& m_oracle;
  std::vector<Till> m_tills;
  std::vector<Request> m_requests;
  std::map<std::string, Kind> m_booked;  ///< by scoped(): whose body was taken
  std::vector<std::string> m_problems;
  std::int64_t m_next_cents = 101;
  std::uint64_t m_answered = 0;
  std::uint64_t m_signed = 0;
  std::uint64_t m_unsigned = 0;
};

}  // namespace siegel::simulation
