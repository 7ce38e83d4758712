#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "journal/chain.h"
#include "journal/testing/drafts.h"

// What every journal must do. A plug's test includes this file once and says:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, JournalContract, ::testing::Values(make_harness));

namespace siegel::journal::testing {

/// One store and the journal on it.
class Harness {
 public:
  virtual ~Harness() = default;
  /// Opens; the one opened before is gone. Finds what a restart of the machine finds.
  virtual Result<std::unique_ptr<Journal>> open() = 0;
  /// Power off and on: what was not durable is gone. The journal opened before is dead; open()
  /// comes next.
  virtual void power_cut() = 0;
  /// The next commit fails, late (all may be written) or early (nothing is).
  virtual void fail_next_commit(bool late) = 0;
  /// recover() cannot succeed until told otherwise.
  virtual void break_store(bool broken) = 0;
  /// Changes one bit of the stored payload of an entry behind the journal's back.
  virtual void tamper(Sequence sequence) = 0;
};

using MakeHarness = std::function<std::unique_ptr<Harness>()>;

class JournalContract : public ::testing::TestWithParam<MakeHarness> {
 protected:
  void SetUp() override {
    m_journal.reset();
    m_harness = GetParam()();
    reopen();
  }
  void reopen() {
    m_journal.reset();
    auto opened = m_harness->open();
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    m_journal = std::move(opened).value();
  }
  Result<Head> append(std::uint64_t first, std::size_t count, std::size_t bytes = 200) {
    const auto drafts = sample_drafts(first, count, bytes);
    return m_journal->append(Sequence(first), drafts);
  }
  /// Everything the journal holds is sample drafts 1..count, in a chain of its own making.
  void expect_entries(std::size_t count) {
    auto reader = m_journal->reader();
    ASSERT_TRUE(reader.ok()) << reader.error().detail;
    const auto entries = read_all(**reader, 37);
    ASSERT_TRUE(entries.ok()) << entries.error().detail;
    ASSERT_EQ(entries->size(), count);
    Head head;
    for (std::size_t i = 0; i < count; ++i) {
      const Entry& entry = (*entries)[i];
      const Draft draft = sample_draft(i + 1, entry.payload.size());
      EXPECT_TRUE(holds(entry, draft)) << "entry " << i + 1;
      const Entry expected = make_entry(head, draft);
      EXPECT_EQ(entry.sequence, expected.sequence);
      EXPECT_EQ(entry.header, expected.header);
      EXPECT_EQ(entry.payload_hash, expected.payload_hash);
      EXPECT_EQ(entry.hash, expected.hash);
      head = {entry.sequence, entry.hash};
    }
    EXPECT_EQ((*reader)->head().value(), head);
    EXPECT_EQ(m_journal->head(), head);
  }

  std::unique_ptr<Harness> m_harness;
  std::unique_ptr<Journal> m_journal;
};

TEST_P(JournalContract, StartsEmptyWithAZeroHash) {
  EXPECT_EQ(m_journal->head(), Head{});
  expect_entries(0);
  const auto nothing = m_journal->append(Sequence(1), {});
  ASSERT_TRUE(nothing.ok());
  EXPECT_EQ(*nothing, Head{});
}

TEST_P(JournalContract, KeepsOrderAndBytesOverGroupsAndRestarts) {
  std::uint64_t next = 1;
  for (const std::size_t group : {1U, 2U, 7U, 1U, 40U}) {
    const auto head = append(next, group);
    ASSERT_TRUE(head.ok()) << head.error().detail;
    next += group;
    EXPECT_EQ(head->sequence.get(), next - 1);
    EXPECT_EQ(*head, m_journal->head());
  }
  expect_entries(51);
  reopen();
  expect_entries(51);
  ASSERT_TRUE(append(next, 3).ok());
  reopen();
  expect_entries(54);
}

TEST_P(JournalContract, RefusesAWrongSequenceAndWritesNothing) {
  ASSERT_TRUE(append(1, 2).ok());
  for (const std::uint64_t wrong : {0U, 1U, 2U, 4U, 100U}) {
    const auto refused = append(wrong, 1);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "E-JRN-201");
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  }
  expect_entries(2);
  EXPECT_TRUE(append(3, 1).ok()) << "a refusal is no failure";
}

TEST_P(JournalContract, RefusesAMalformedDraftAndWritesNothingOfItsGroup) {
  ASSERT_TRUE(append(1, 1).ok());
  const auto expect_refused = [&](const char* place, const std::function<void(Draft&)>& spoil) {
    auto drafts = sample_drafts(2, 4);
    drafts[2].key = Key{"k", {}};
    spoil(drafts[2]);
    const auto refused = m_journal->append(Sequence(2), drafts);
    ASSERT_FALSE(refused.ok()) << place;
    EXPECT_EQ(refused.error().code, "E-JRN-202");
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().place, place);
  };
  expect_refused("/2/kind", [](Draft& d) { d.kind = ""; });
  expect_refused("/2/kind", [](Draft& d) { d.kind = "Plan"; });
  expect_refused("/2/kind", [](Draft& d) { d.kind = std::string(33, 'a'); });
  expect_refused("/2/version", [](Draft& d) { d.version = 0; });
  expect_refused("/2/at", [](Draft& d) { d.at = Instant::from_unix_ms(-1); });
  expect_refused("/2/register_id", [](Draft& d) { d.register_id = std::string(201, 'r'); });
  expect_refused("/2/actor", [](Draft& d) { d.actor = "\xff"; });
  expect_refused("/2/key/text", [](Draft& d) { d.key->text = ""; });
  expect_refused("/2/key/text", [](Draft& d) { d.key->text = std::string(201, 'k'); });
  expect_refused("/2/payload", [](Draft& d) { d.payload = ""; });
  expect_refused("/2/payload", [](Draft& d) { d.payload = "\"\xc3\""; });
  expect_refused("/2/payload",
                 [](Draft& d) { d.payload = std::string(payload_bytes_max + 1, '1'); });
  expect_entries(1);
  EXPECT_TRUE(append(2, 1).ok());
}

TEST_P(JournalContract, TakesTheLargestPayloadAndLargeGroups) {
  ASSERT_TRUE(append(1, 2, payload_bytes_max).ok());
  ASSERT_TRUE(append(3, 3000).ok());
  reopen();
  expect_entries(3002);
  auto reader = m_journal->reader();
  ASSERT_TRUE(reader.ok());
  const auto chunk = (*reader)->read(Sequence(1), 1000);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->size(), 1U) << "one entry fills a chunk";
}

TEST_P(JournalContract, ReadsFromAnywhere) {
  ASSERT_TRUE(append(1, 100).ok());
  auto reader = m_journal->reader();
  ASSERT_TRUE(reader.ok());
  for (const std::uint64_t from : {1U, 2U, 50U, 99U, 100U}) {
    const auto chunk = (*reader)->read(Sequence(from), 3);
    ASSERT_TRUE(chunk.ok());
    ASSERT_EQ(chunk->size(), std::min<std::size_t>(3, 101 - from));
    EXPECT_EQ(chunk->front().sequence.get(), from);
  }
  EXPECT_TRUE((*reader)->read(Sequence(101), 3).value().empty());
}

TEST_P(JournalContract, AFailedCommitIsBelievedOnlyAfterRecoveryAndThenForEver) {
  for (const bool late : {false, true}) {
    for (const bool append_after : {false, true}) {
      SetUp();
      ASSERT_TRUE(append(1, 5).ok());
      const Head before = m_journal->head();
      m_harness->fail_next_commit(late);
      const auto failed = append(6, 3);
      ASSERT_FALSE(failed.ok());
      EXPECT_EQ(failed.error().code, "E-JRN-203");
      EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
      EXPECT_EQ(m_journal->head(), before);
      EXPECT_EQ(append(6, 1).error().code, "E-JRN-203") << "not before it recovered";
      EXPECT_EQ(append(9, 1).error().code, "E-JRN-203");
      const auto head = m_journal->recover();
      ASSERT_TRUE(head.ok()) << head.error().detail;
      EXPECT_EQ(*head, m_journal->head());
      auto count = static_cast<std::size_t>(head->sequence.get());
      EXPECT_TRUE(count == 5 || (late && count == 8)) << "all or nothing, but " << count;
      expect_entries(count);
      if (append_after) {
        ASSERT_TRUE(append(count + 1, 1).ok());
        ++count;
      }
      // What was found is there for ever; what was not found never comes back.
      m_harness->power_cut();
      reopen();
      expect_entries(count);
      ASSERT_TRUE(append(count + 1, 2).ok());
    }
  }
}

TEST_P(JournalContract, RecoveryOfABrokenStoreFailsUntilItWorks) {
  ASSERT_TRUE(append(1, 5).ok());
  m_harness->fail_next_commit(false);
  ASSERT_FALSE(append(6, 1).ok());
  m_harness->break_store(true);
  for (int i = 0; i < 2; ++i) {
    const auto failed = m_journal->recover();
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, "E-JRN-203");
    EXPECT_EQ(append(6, 1).error().code, "E-JRN-203");
  }
  m_harness->break_store(false);
  ASSERT_TRUE(m_journal->recover().ok());
  ASSERT_TRUE(append(6, 1).ok());
  expect_entries(6);
}

TEST_P(JournalContract, ReadersOnOtherThreadsSeeAPrefixThatOnlyGrows) {
  constexpr std::uint64_t total = 2000;
  std::atomic<int> wrong = 0;
  const auto follow = [&] {
    auto reader = m_journal->reader();
    if (!reader.ok()) ++wrong;
    std::uint64_t seen = 0;
    while (reader.ok() && seen < total && wrong == 0) {
      const auto entries = (*reader)->read(Sequence(seen + 1), 64);
      if (!entries.ok()) {
        ++wrong;
        break;
      }
      for (const Entry& entry : *entries)
        if (entry.sequence.get() != ++seen || !holds(entry, sample_draft(seen))) ++wrong;
      const auto head = (*reader)->head();
      if (!head.ok() || head->sequence.get() < seen) ++wrong;
    }
  };
  std::thread first(follow);
  std::thread second(follow);
  for (std::uint64_t next = 1; next <= total; next += 20)
    if (!append(next, 20).ok()) ++wrong;
  first.join();
  second.join();
  EXPECT_EQ(wrong, 0);
  expect_entries(total);
}

TEST_P(JournalContract, AChangedEntryIsFoundByReadersAndAtOpen) {
  ASSERT_TRUE(append(1, 30).ok());
  m_harness->tamper(Sequence(20));
  auto reader = m_journal->reader();
  ASSERT_TRUE(reader.ok());
  const auto entries = read_all(**reader, 7);
  ASSERT_FALSE(entries.ok());
  EXPECT_EQ(entries.error().code, "E-JRN-102");
  EXPECT_EQ(entries.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(entries.error().place, "entry 20");
  reader->reset();
  m_journal.reset();
  const auto opened = m_harness->open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "E-JRN-102");
}

}  // namespace siegel::journal::testing
