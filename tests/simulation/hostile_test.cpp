#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "model/codec.h"
#include "oracle.h"
#include "shop.h"

// A copy of yesterday put back in the middle of business: of the TSE, of the journal.

namespace siegel::simulation {
namespace {

using ::testing::HasSubstr;

recorder::Sell sale(const Shop& shop, std::size_t till, const std::string& key) {
  recorder::Sell sell;
  sell.register_id = register_name(till);
  sell.key = key;
  LineDraft line;
  line.text = "Brot";
  line.amount = Money::from_cents(450);
  line.vat = "B";
  sell.draft.lines = {line};
  PaymentDraft payment;
  payment.amount = *line.amount;
  sell.draft.payments = {payment};
  sell.lookup = shop.look_up(sell.register_id, key);
  return sell;
}

Seal sell(Shop& shop, std::size_t till, const std::string& key) {
  Result<recorder::Accepted> answer = unavailable("E-API-603", "not asked yet");
  for (int tries = 0; tries < 1000 && !answer.ok(); ++tries)
    answer = shop.run(register_name(till).text(), sale(shop, till, key));
  EXPECT_TRUE(answer.ok()) << answer.error().detail;
  return answer.ok() ? answer->seal.value_or(Seal{}) : Seal{};
}

std::map<std::string, Bytes> copy_of(sqlite::testing::ForgetfulDisk& disk) {
  std::map<std::string, Bytes> files;
  for (const std::string& name : disk.names()) files[name] = disk.content(name);
  return files;
}

/// The machine is off meanwhile.
void put_back(Shop& shop, sqlite::testing::ForgetfulDisk& disk,
              const std::map<std::string, Bytes>& files) {
  shop.world().cut_power();
  for (const std::string& name : disk.names())
    if (!files.contains(name)) disk.replace(name, {});
  for (const auto& [name, content] : files) disk.replace(name, content);
  ASSERT_TRUE(shop.world().power_up().ok());
}

TEST(Copies, ATseRestoredFromACopySignsNothingUnderNumbersUsedBefore) {
  Shop shop({.seed = 7, .world = {}, .registers = 2});
  ASSERT_TRUE(shop.open().ok());
  for (std::size_t i = 0; i < 6; ++i) sell(shop, i % 2, fmt::format("a{}", i));
  ASSERT_TRUE(shop.world().settle());
  const auto files = copy_of(shop.tse_disk());
  for (std::size_t i = 0; i < 8; ++i) sell(shop, i % 2, fmt::format("b{}", i));
  ASSERT_TRUE(shop.world().settle());
  put_back(shop, shop.tse_disk(), files);
  ASSERT_FALSE(::testing::Test::HasFatalFailure());

  std::size_t refused = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    const Seal seal = sell(shop, i % 2, fmt::format("c{}", i));
    if (seal.outcome == Seal::Outcome::unsigned_outage && seal.error_code == "E-TSE-141") ++refused;
    shop.clock().advance(std::chrono::seconds(20));
  }
  EXPECT_GE(refused, 1U) << "noticed and named";

  const auto entries = shop.entries();
  ASSERT_TRUE(entries.ok());
  std::set<std::uint64_t> counters;
  std::set<std::uint64_t> transactions;
  for (const journal::Entry& entry : *entries) {
    if (entry.kind != entry_kind::seal) continue;
    const Seal seal = seal_from_json(entry.payload).value();
    if (seal.outcome != Seal::Outcome::signed_by_tse) continue;
    EXPECT_TRUE(counters.insert(seal.signature_counter).second) << entry.sequence.get();
    EXPECT_TRUE(transactions.insert(seal.transaction).second) << entry.sequence.get();
  }
  // What the copy does not know any more is named by whoever compares.
  Oracle oracle;
  EXPECT_THAT(lines_of(oracle.verify(shop)), HasSubstr("JRN-"));
}

TEST(Copies, AJournalRestoredFromACopyIsToldByTheTse) {
  Shop shop({.seed = 8, .world = {}, .registers = 1});
  ASSERT_TRUE(shop.open().ok());
  for (int i = 0; i < 3; ++i) sell(shop, 0, fmt::format("a{}", i));
  ASSERT_TRUE(shop.world().settle());
  const auto files = copy_of(shop.journal_disk());
  for (int i = 0; i < 3; ++i) sell(shop, 0, fmt::format("b{}", i));
  ASSERT_TRUE(shop.world().settle());
  put_back(shop, shop.journal_disk(), files);
  ASSERT_FALSE(::testing::Test::HasFatalFailure());
  sell(shop, 0, "c");
  ASSERT_TRUE(shop.world().settle());
  Oracle oracle;
  EXPECT_THAT(lines_of(oracle.verify(shop)), HasSubstr("JRN-"))
      << "transactions that no receipt knows";
  EXPECT_THAT(lines_of(shop.world().violations()), HasSubstr("the journal ends at"));
}

}  // namespace
}  // namespace siegel::simulation
