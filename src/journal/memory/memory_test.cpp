#include "journal/memory/memory.h"

#include <gtest/gtest.h>

#include "journal/testing/contract.h"

namespace siegel::journal::testing {
namespace {

class MemoryHarness final : public Harness {
 public:
  Result<std::unique_ptr<Journal>> open() override { return memory::open(m_store); }
  void power_cut() override {}
  void fail_next_commit(bool late) override {
    m_store.fail_next_commit(late ? memory::Store::Failure::written
                                  : memory::Store::Failure::not_written);
  }
  void break_store(bool broken) override { m_store.fail_recoveries(broken ? 1'000'000 : 0); }
  void tamper(Sequence sequence) override {
    const auto index = static_cast<std::size_t>(sequence.get()) - 1;
    Entry entry = m_store.entries().at(index);
    entry.payload[10] = static_cast<char>(entry.payload[10] ^ 1);
    m_store.replace(index, std::move(entry));
  }

 private:
  memory::Store m_store;
};

INSTANTIATE_TEST_SUITE_P(Memory, JournalContract, ::testing::Values(MakeHarness([] {
                           return std::unique_ptr<Harness>(std::make_unique<MemoryHarness>());
                         })));

TEST(MemoryJournal, AWrittenGroupWhoseAnswerIsLostIsFound) {
  memory::Store store;
  auto journal = memory::open(store);
  ASSERT_TRUE(journal.ok());
  store.fail_next_commit(memory::Store::Failure::written);
  EXPECT_FALSE((*journal)->append(Sequence(1), sample_drafts(1, 3)).ok());
  EXPECT_EQ((*journal)->recover().value().sequence, Sequence(3));
  EXPECT_EQ(store.commits(), 1U);
}

}  // namespace
}  // namespace siegel::journal::testing
