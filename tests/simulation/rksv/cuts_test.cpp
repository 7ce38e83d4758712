#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "card_oracle.h"
#include "card_shop.h"

// The power is cut at every write and every sync of the journal, and before every single thing that
// happens, of errands that change a register's chain. The till repeats what was not answered.

namespace siegel::simulation::rksv {
namespace {

using recorder::Accepted;

/// One thing after the other at the first register; what was not answered is sent again.
class Errand {
 public:
  using Act = std::function<void(CardShop&)>;  ///< before the step: the weather, the time
  struct Step {
    Act before;
    std::function<runtime::sim::World::Body(const CardShop&)> body;
    std::string key;
  };
  explicit Errand(std::vector<Step> steps) : m_steps(std::move(steps)) {}

  bool run(CardShop& shop, CardOracle& oracle) {
    while (!done()) {
      const Step& step = m_steps[m_next];
      if (step.before) step.before(shop);
      const auto answer = shop.run("till", step.body(shop));
      if (!answer) {
        const std::string& code = answer.error().code;
        if (code != "E-TST-001" && code != "E-JRN-203" && code != "E-JRN-204" &&
            code != "E-API-603")
          m_problems += "  " + code + " " + answer.error().detail + "\n";
        return false;
      }
      oracle.acknowledged(register_name(0), step.key, *answer);
      ++m_next;
    }
    return true;
  }
  [[nodiscard]] bool done() const { return m_next == m_steps.size(); }
  [[nodiscard]] const std::string& problems() const { return m_problems; }

 private:
  std::vector<Step> m_steps;
  std::size_t m_next = 0;
  std::string m_problems;
};

Errand::Step sale(const std::string& key, Errand::Act before = {}) {
  return {std::move(before),
          [key](const CardShop& shop) {
            recorder::Sell sell;
            sell.register_id = register_name(0);
            sell.key = key;
            LineDraft line;
            line.text = "Melange";
            line.amount = Money::from_cents(480);
            line.vat = "20.00";
            PaymentDraft payment;
            payment.amount = Money::from_cents(500);
            sell.draft.lines = {line};
            sell.draft.payments = {payment};
            sell.lookup = shop.look_up(sell.register_id, key);
            return runtime::sim::World::Body(sell);
          },
          key};
}
Errand::Step receipt(const std::string& key, ReceiptKind kind) {
  return {{},
          [key, kind](const CardShop& shop) {
            recorder::Sell sell;
            sell.register_id = register_name(0);
            sell.key = key;
            sell.draft.kind = kind;
            sell.lookup = shop.look_up(sell.register_id, key);
            return runtime::sim::World::Body(sell);
          },
          key};
}
Errand::Step closing(const std::string& key, Errand::Act before = {}) {
  return {std::move(before),
          [key](const CardShop& shop) {
            return runtime::sim::World::Body(recorder::Close{
                register_name(0), key, {}, {}, shop.look_up(register_name(0), key)});
          },
          key};
}
Errand::Act cards(CardFault first, CardFault second) {
  return [=](CardShop& shop) {
    shop.card(0).fault = first;
    shop.card(1).fault = second;
  };
}
Errand::Act until(const char* time) {
  return [=](CardShop& shop) { shop.wait_until(LocalStamp::parse(time).value().instant()); };
}
Errand::Act back(const char* time) {
  return [=](CardShop& shop) {
    until(time)(shop);
    cards(CardFault::none, CardFault::none)(shop);
  };
}

Errand life() {
  return Errand({receipt("start", ReceiptKind::start), sale("first"), closing("z"),
                 receipt("end", ReceiptKind::final)});
}
Errand failover() {
  return Errand({sale("a", cards(CardFault::gone, CardFault::none)),
                 sale("b", cards(CardFault::none, CardFault::garbled)), sale("c")});
}
Errand outage() {
  return Errand({sale("a", cards(CardFault::gone, CardFault::refuses)), sale("b"),
                 sale("c", back("2026-11-20T08:05:00+01:00"))});
}
Errand slow_outage() {
  return Errand({sale("a", cards(CardFault::slow, CardFault::slow)),
                 sale("b", back("2026-11-20T08:05:00+01:00"))});
}
Errand month() {
  return Errand({sale("a"), closing("z", until("2026-11-30T18:00:00+01:00")),
                 sale("b", until("2026-12-01T08:00:00+01:00"))});
}
Errand year() {
  return Errand({sale("a", until("2026-12-31T17:00:00+01:00")),
                 closing("z", cards(CardFault::gone, CardFault::empty)),
                 sale("b", until("2027-01-02T08:00:00+01:00")),
                 sale("c", back("2027-01-02T09:00:00+01:00"))});
}

enum class At { sync, change, step };

struct Case {
  const char* name;
  Errand (*errand)();
  At at;
  bool started = true;
};

class Cuts : public ::testing::TestWithParam<Case> {};

/// True: the cut happened. False: the errand was done before the n-th.
bool cut(const Case& what, std::uint64_t n, std::uint64_t seed) {
  CardShopOptions options;
  options.seed = seed;
  options.started = what.started;
  options.checkpoint_pages = 12;  // the errand writes past it
  CardShop shop(options);
  const auto opened = shop.open();
  EXPECT_TRUE(opened.ok()) << opened.error().detail;
  CardOracle oracle;
  std::string wrong;
  shop.world().on_restart = [&] { wrong += lines_of(oracle.check_journal(shop)); };
  switch (what.at) {
    case At::sync:
      shop.disk().cut_at_sync(n);
      break;
    case At::change:
      shop.disk().cut_at_change(n);
      break;
    case At::step:
      shop.cut_at_step(n);
      break;
  }
  Errand errand = what.errand();
  errand.run(shop, oracle);
  const bool was_cut = shop.world().counts().cuts > 0;
  shop.disk().cut_at_change(0);
  shop.disk().cut_at_sync(0);
  shop.cut_at_step(0);
  for (int i = 0; i < 6 && !errand.done(); ++i) errand.run(shop, oracle);
  shop.quiet();
  EXPECT_TRUE(shop.world().settle());
  EXPECT_TRUE(errand.done());
  wrong += errand.problems() + lines_of(oracle.check_at_rest(shop));
  EXPECT_EQ(wrong, "") << what.name << ", cut " << n << ", seed " << seed;
  return was_cut;
}

TEST_P(Cuts, AnywhereLeaveOneChainWithNothingTwice) {
  std::uint64_t n = 1;
  std::uint64_t cuts = 0;
  for (bool any = true; any && !HasFailure(); ++n) {
    any = false;
    for (std::uint64_t seed = 1; seed <= 3; ++seed)
      if (cut(GetParam(), n, seed)) {
        any = true;
        ++cuts;
      }
  }
  RecordProperty("cuts", static_cast<int>(cuts));
  EXPECT_GE(cuts, 8U) << "the errand reaches the disk";
}

INSTANTIATE_TEST_SUITE_P(
    Rksv, Cuts,
    ::testing::Values(
        Case{"life_sync", &life, At::sync, false}, Case{"life_write", &life, At::change, false},
        Case{"life_step", &life, At::step, false}, Case{"failover_write", &failover, At::change},
        Case{"failover_step", &failover, At::step}, Case{"outage_sync", &outage, At::sync},
        Case{"outage_write", &outage, At::change}, Case{"outage_step", &outage, At::step},
        Case{"slow_outage_step", &slow_outage, At::step}, Case{"month_write", &month, At::change},
        Case{"month_step", &month, At::step}, Case{"year_write", &year, At::change},
        Case{"year_step", &year, At::step}),
    [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace siegel::simulation::rksv
