#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "oracle.h"
#include "shop.h"

// Ten thousand sales at a device that fails at random, on steady simulated time: how long a
// customer waits, and how soon the shop is back to normal.

namespace siegel::simulation {
namespace {

using device::Fault;
using device::FaultRule;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t tills = 3;
constexpr std::size_t sales = 10'000;
constexpr milliseconds time_out{3000};
constexpr milliseconds slack{200};
constexpr seconds back_within{15};

struct Till {
  std::uint64_t next_key = 1;
  Steady next_sale{0};
  bool waits = false;
};

/// What was seen of the waits.
struct Waits {
  Steady longest{0};        ///< of any sale
  Steady longest_later{0};  ///< of sales that came when the outage was known
  Steady longest_back{0};   ///< from the device's return to the end of the outage
  std::uint64_t signed_receipts = 0;
  std::uint64_t first_of_outage = 0;
  std::uint64_t later = 0;
  std::uint64_t outages = 0;
};

class Counter {
 public:
  Counter() : m_shop({.seed = 4711, .world = {}, .registers = tills}), m_random(4711) {}

  void run() {
    ASSERT_TRUE(m_shop.open().ok());
    m_change_at = now() + seconds(60);
    while (m_answered < sales && !::testing::Test::HasFatalFailure()) {
      const Steady next = act();
      const bool busy =
          std::any_of(m_tills.begin(), m_tills.end(), [](const Till& till) { return till.waits; });
      // An idle shop may rest until somebody comes.
      (void)m_shop.world().step_before(busy ? std::max(next, now() + milliseconds(1)) : next);
      watch();
    }
    m_shop.quiet();
    ASSERT_TRUE(m_shop.world().settle());
    EXPECT_EQ(lines_of(m_oracle.check_at_rest(m_shop)) + lines_of(m_oracle.verify(m_shop)), "");
  }

  Waits waits;

 private:
  [[nodiscard]] Steady now() { return m_shop.clock().now().steady; }

  /// Who is due comes; the device breaks or is repaired. When somebody is due next.
  Steady act() {
    Steady next = m_change_at;
    if (m_change_at <= now()) change();
    for (std::size_t i = 0; i < tills; ++i) {
      Till& till = m_tills[i];
      if (till.waits) continue;
      if (till.next_sale <= now())
        sell(i);
      else
        next = std::min(next, till.next_sale);
    }
    return std::max(std::min(next, m_change_at), now() + milliseconds(1));
  }

  void change() {
    m_broken = !m_broken;
    if (!m_broken) {
      m_shop.set_script(0, {});
      m_change_at = now() + seconds(30 + m_random.below(200));
      return;
    }
    const Steady lasts =
        milliseconds(500 + m_random.below(m_random.below(4) == 0 ? 300'000 : 40'000));
    FaultRule rule;
    const Fault faults[] = {Fault::dead,
                            Fault::full,
                            Fault::slow,
                            Fault::answer_lost_after,
                            Fault::answer_lost_before,
                            Fault::time_not_set};
    rule.fault = faults[m_random.below(std::size(faults))];
    // A device that is stuck: its next calls do not return before it is repaired.
    if (rule.fault == Fault::slow) rule.delay = std::chrono::ceil<milliseconds>(lasts);
    if (m_random.below(3) == 0) rule.chance_per_mille = 300;
    m_shop.set_script(0, {{rule}});
    m_change_at = now() + lasts;
  }

  void sell(std::size_t index) {
    Till& till = m_tills[index];
    recorder::Sell sell;
    sell.register_id = register_name(index);
    sell.key = fmt::format("{}-{}", index, till.next_key++);
    LineDraft line;
    line.text = "Brot";
    line.amount = Money::from_cents(static_cast<std::int64_t>(100 + m_random.below(9000)));
    line.vat = "B";
    sell.draft.lines = {line};
    PaymentDraft payment;
    payment.amount = *line.amount;
    sell.draft.payments = {payment};
    sell.lookup = m_shop.look_up(sell.register_id, sell.key);
    till.waits = true;
    const Now began = m_shop.clock().now();
    m_shop.world().submit(sell.register_id.text(), "anna", sell,
                          [this, index, began, key = sell.key](Result<recorder::Accepted> result) {
                            answered(index, began, key, result);
                          });
  }

  void answered(std::size_t index, Now began, const std::string& key,
                const Result<recorder::Accepted>& result) {
    Till& till = m_tills[index];
    till.waits = false;
    till.next_sale = now() + milliseconds(500 + m_random.below(15'000));
    ++m_answered;
    ASSERT_TRUE(result.ok()) << result.error().detail;
    m_oracle.acknowledged(register_name(index), key, *result);
    const Steady waited = now() - began.steady;
    waits.longest = std::max(waits.longest, waited);
    EXPECT_LE(waited, time_out + slack) << key << " at " << began.wall.text();
    const Seal& seal = *result->seal;
    if (seal.outcome == Seal::Outcome::signed_by_tse) {
      ++waits.signed_receipts;
    } else if (seal.outage_since >= began.wall) {
      ++waits.first_of_outage;
    } else {
      ++waits.later;
      waits.longest_later = std::max(waits.longest_later, waited);
      EXPECT_LE(waited, slack) << key << " came when the outage was known";
      EXPECT_FALSE(seal.asked) << "no device was waited for";
    }
  }

  /// When the device is back, and when the shop is.
  void watch() {
    runtime::sim::World& world = m_shop.world();
    const bool suspended = world.recorder()->suspended(m_shop.tse_serial());
    const bool works = !m_broken && world.busy_until(m_shop.tse_serial()) <= now();
    if (suspended && !m_suspended) ++waits.outages;
    m_suspended = suspended;
    if (!suspended) {
      if (m_back_at) waits.longest_back = std::max(waits.longest_back, now() - *m_back_at);
      m_back_at.reset();
    } else if (m_broken) {
      m_back_at.reset();
    } else if (works && !m_back_at) {
      m_back_at = now();
    }
    // The self-test of this device takes at most 100 ms, and so does what it is asked afterwards.
    if (m_back_at) {
      EXPECT_LE(now() - *m_back_at, back_within + milliseconds(250))
          << "the device works since " << (now() - *m_back_at).count() << " ns";
    }
  }

  Shop m_shop;
  SeededRandom m_random;
  Oracle m_oracle;
  std::array<Till, tills> m_tills;
  std::size_t m_answered = 0;
  bool m_broken = false;
  bool m_suspended = false;
  Steady m_change_at{0};
  std::optional<Steady> m_back_at;
};

std::int64_t ms(Steady time) { return std::chrono::ceil<milliseconds>(time).count(); }

TEST(Waits, OfTenThousandSalesAreOneTimeOutAtMostAndLaterOnesWaitForNoDevice) {
  RecordProperty("proves", "TSS-022 TSS-027");
  Counter counter;
  counter.run();
  const Waits& waits = counter.waits;
  EXPECT_GT(waits.outages, 50U);
  EXPECT_GT(waits.signed_receipts, 1000U);
  EXPECT_GT(waits.later, 1000U);
  EXPECT_GE(waits.longest, time_out) << "somebody met a device that was silent";
  std::cout << fmt::format(
      "{} signed, {} found the outage, {} came in one; {} outages; longest wait {} ms, in a "
      "known outage {} ms; back to normal after at most {} ms\n",
      waits.signed_receipts, waits.first_of_outage, waits.later, waits.outages, ms(waits.longest),
      ms(waits.longest_later), ms(waits.longest_back));
}

}  // namespace
}  // namespace siegel::simulation
