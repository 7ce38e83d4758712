// The real program is killed at its writes and syncs while eight Austrian registers sell.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "system/tills.h"

namespace siegel::system_test {
namespace {

constexpr int kills_wanted = 300;
constexpr int rounds_max = 1200;

/// Each request has exactly one receipt in the journal, that which was acknowledged.
void expect_each_request_once(const TestShop& shop, const Tills& tills) {
  std::map<std::string, json::Value> plans;      // by key
  std::map<std::int64_t, std::string> outcomes;  // by the plan's sequence
  std::set<std::string> numbers;
  for (const json::Value& entry : shop.entries()) {
    const std::string kind = text_at(entry, "kind");
    const json::Value& payload = member(entry, "payload");
    if (kind == "plan") {
      json::Value plan = payload;
      plan.object()->set("sequence", number_at(entry, "sequence"));
      EXPECT_TRUE(numbers.insert(text_at(plan, "receipt_number")).second)
          << text_at(plan, "receipt_number") << " twice";
      // Those made without a till have no key of one.
      const std::string key = text_at(plan, "vorgang");
      if (tills.requests().contains(key)) {
        EXPECT_TRUE(plans.emplace(key, std::move(plan)).second) << key << " has two plans";
      }
    } else if (kind == "seal") {
      EXPECT_TRUE(
          outcomes.emplace(number_at(payload, "plan_sequence"), text_at(payload, "outcome")).second)
          << "plan " << number_at(payload, "plan_sequence") << " has two seals";
    }
  }
  for (const auto& [key, request] : tills.requests()) {
    ASSERT_TRUE(plans.contains(key)) << key << " is lost";
    ASSERT_TRUE(tills.acknowledged().contains(key)) << key;
    const Acknowledged& told = tills.acknowledged().at(key);
    const json::Value& plan = plans.at(key);
    EXPECT_EQ(number_at(plan, "sequence"), told.sequence) << key;
    EXPECT_EQ(text_at(plan, "receipt_number"), told.receipt_number) << key;
    EXPECT_EQ(text_at(plan, "register"), request.register_id) << key;
    EXPECT_EQ(number_at(plan, "total"), request.cents) << key;
    ASSERT_EQ(list_at(plan, "lines").size(), 1U) << key;
    EXPECT_EQ(text_at(list_at(plan, "lines").front(), "text"), request.marker) << key;
    EXPECT_EQ(outcomes[told.sequence], "signed_rksv") << key;
  }
}

TEST(KilledAustrianProgram, LosesNoReceiptAndBreaksNoChain) {
  RecordProperty("proves", "AMA-009 AMA-010");
  const std::uint64_t seed = chosen_seed();
  fmt::print("seed {} (again with SIEGEL_SEED={})\n", seed, seed);
  RecordProperty("seed", std::to_string(seed));
  SeededRandom random(seed);
  const TestShop shop(TestShop::Austrian{registers_max}, TemporaryFolder::Kind::disk);
  Tills tills(shop, random);

  ASSERT_FALSE(tills.round(0, fresh_a_round));  // undisturbed: counts the calls
  ASSERT_GT(tills.calls(), 30U) << "the library sees no calls of the program";
  int kills = 0;
  for (int rounds = 0; kills < kills_wanted && rounds < rounds_max; ++rounds) {
    if (tills.round(1 + random.below(tills.calls()), fresh_a_round)) ++kills;
    if (HasFailure()) break;
    if (rounds % 50 == 49) {
      ASSERT_FALSE(tills.round(0, fresh_a_round));
    }
  }
  EXPECT_EQ(kills, kills_wanted);
  ASSERT_FALSE(tills.round(0, 0)) << "the last life is undisturbed";

  EXPECT_EQ(tills.acknowledged().size(), tills.requests().size());
  EXPECT_GT(tills.replays(), 0U);
  EXPECT_GT(tills.killed_between_answers(), 0) << "the kills miss the sales";
  expect_each_request_once(shop, tills);
  // Chain, counter, signatures, as an auditor checks them.
  for (int i = 1; i <= registers_max; ++i) EXPECT_EQ(shop.dep_violations(register_name(i)), "");
  const Ended journal = shop.siegel_json({"journal", "verify"});
  EXPECT_EQ(violations_of(journal.document()), "");
  EXPECT_EQ(journal.exit_code, 0) << journal.text();
  fmt::print("{} kills, {} of them between answers, {} receipts, {} replays\n", kills,
             tills.killed_between_answers(), tills.requests().size(), tills.replays());
}

}  // namespace
}  // namespace siegel::system_test
