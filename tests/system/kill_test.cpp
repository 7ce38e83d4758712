// The real program is killed at its writes and syncs while eight registers sell, and started again.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/file.h"
#include "format/tar.h"
#include "system/tills.h"

namespace siegel::system_test {
namespace {

constexpr int kills_wanted = 500;
constexpr int rounds_max = 2000;

/// Each request has exactly one receipt in the journal, that which was acknowledged.
void expect_each_request_once(const TestShop& shop, const Tills& tills) {
  std::map<std::string, json::Value> plans;               // by key
  std::map<std::int64_t, json::Value> seals;              // by the plan's sequence
  std::map<std::string, std::set<std::int64_t>> numbers;  // by register
  std::set<std::int64_t> counters;
  std::set<std::int64_t> transactions;
  for (const json::Value& entry : shop.entries()) {
    const std::string kind = text_at(entry, "kind");
    const json::Value& payload = member(entry, "payload");
    if (kind == "plan") {
      json::Value plan = payload;
      plan.object()->set("sequence", number_at(entry, "sequence"));
      const std::string key = text_at(plan, "vorgang");
      EXPECT_TRUE(numbers[text_at(plan, "register")].insert(number_at(plan, "number")).second);
      EXPECT_TRUE(plans.emplace(key, std::move(plan)).second) << key << " has two plans";
    } else if (kind == "seal") {
      EXPECT_TRUE(seals.emplace(number_at(payload, "plan_sequence"), payload).second)
          << "plan " << number_at(payload, "plan_sequence") << " has two seals";
      EXPECT_TRUE(counters.insert(number_at(payload, "signature_counter")).second);
      EXPECT_TRUE(counters.insert(number_at(payload, "start_signature_counter")).second);
      EXPECT_TRUE(transactions.insert(number_at(payload, "transaction")).second);
    }
  }
  EXPECT_EQ(plans.size(), tills.requests().size());
  EXPECT_EQ(seals.size(), plans.size());
  for (const auto& [register_id, used] : numbers) {
    EXPECT_EQ(*used.begin(), 1) << register_id;
    EXPECT_EQ(*used.rbegin(), static_cast<std::int64_t>(used.size()))
        << register_id << " has a gap";
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
    ASSERT_TRUE(seals.contains(told.sequence)) << key << " has no seal";
    const json::Value& seal = seals.at(told.sequence);
    EXPECT_EQ(text_at(seal, "outcome"), "signed") << key;
    EXPECT_EQ(number_at(seal, "transaction"), told.transaction) << key;
    EXPECT_EQ(number_at(seal, "signature_counter"), told.signature_counter) << key;
  }
}

/// The device itself: one start and one finish for each receipt, no signature counter twice.
void expect_signed_once(const TestShop& shop, std::size_t receipts) {
  const std::string archive = file_text(shop.archive());
  format::TarView tar(bytes_of(archive));
  std::size_t starts = 0;
  std::size_t finishes = 0;
  std::set<std::string> counters;
  while (true) {
    const auto more = tar.next();
    ASSERT_TRUE(more.ok()) << more.error().detail;
    if (!*more) break;
    const std::string name(tar.entry().name);
    const std::size_t at = name.find("Sig-");
    if (at == std::string::npos) continue;
    EXPECT_TRUE(counters.insert(name.substr(at + 4, name.find('_', at) - at - 4)).second) << name;
    starts += name.find("_Start_") != std::string::npos ? 1U : 0U;
    finishes += name.find("_Finish_") != std::string::npos ? 1U : 0U;
  }
  EXPECT_EQ(starts, receipts);
  EXPECT_EQ(finishes, receipts);
}

TEST(KilledProgram, LosesNoReceiptAndDoublesNone) {
  const std::uint64_t seed = chosen_seed();
  fmt::print("seed {} (again with SIEGEL_SEED={})\n", seed, seed);
  RecordProperty("seed", std::to_string(seed));
  const Clock& clock = system_clock();
  const Steady began = clock.now().steady;
  SeededRandom random(seed);
  // On a disk: the flushes make the group commits, and the kills between them.
  const TestShop shop(registers_max, TemporaryFolder::Kind::disk);
  Tills tills(shop, random);

  ASSERT_FALSE(tills.round(0, fresh_a_round));  // undisturbed: counts the calls
  ASSERT_GT(tills.calls(), 50U) << "the library sees no calls of the program";
  int kills = 0;
  for (int rounds = 0; kills < kills_wanted && rounds < rounds_max; ++rounds) {
    if (tills.round(1 + random.below(tills.calls()), fresh_a_round)) ++kills;
    if (HasFailure()) break;
    // Now and then a life without a kill, so that counts fit and a snapshot is written.
    if (rounds % 50 == 49) {
      ASSERT_FALSE(tills.round(0, fresh_a_round));
    }
  }
  EXPECT_EQ(kills, kills_wanted);
  ASSERT_FALSE(tills.round(0, 0)) << "the last life is undisturbed";

  EXPECT_EQ(tills.acknowledged().size(), tills.requests().size());
  EXPECT_GT(tills.replays(), 0U);
  EXPECT_GT(tills.killed_between_answers(), kills_wanted / 10) << "the kills miss the sales";
  EXPECT_EQ(shop.violations(), "");
  expect_each_request_once(shop, tills);
  expect_signed_once(shop, tills.requests().size());
  const auto taken =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock.now().steady - began);
  fmt::print("{} kills, {} of them between answers, {} receipts, {} replays, {} ms\n", kills,
             tills.killed_between_answers(), tills.requests().size(), tills.replays(),
             taken.count());
}

}  // namespace
}  // namespace siegel::system_test
