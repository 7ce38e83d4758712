#include "journal/sqlite/sqlite.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "base/file.h"
#include "journal/testing/contract.h"
#include "journal/witness.h"
#include "sqlite/sqlite.h"
#include "sqlite/testing/forgetful_vfs.h"

namespace siegel::journal::testing {
namespace {

using siegel::sqlite::Database;
using siegel::sqlite::testing::Fault;
using siegel::sqlite::testing::ForgetfulDisk;
using siegel::sqlite::testing::Tear;

constexpr const char* path = "/shop/journal.db";

sqlite::Options options_for(const ForgetfulDisk& disk) {
  sqlite::Options options;
  options.path = path;
  options.vfs = disk.name();
  options.create = true;
  options.busy_timeout_ms = 100;
  return options;
}

siegel::sqlite::Options raw(const ForgetfulDisk& disk) {
  siegel::sqlite::Options options;
  options.path = path;
  options.vfs = disk.name();
  return options;
}

class SqliteHarness final : public Harness {
 public:
  Result<std::unique_ptr<Journal>> open() override {
    auto opened = sqlite::open(options_for(m_disk));
    if (!opened.ok()) return opened.error();
    return std::unique_ptr<Journal>(std::move(opened).value());
  }
  void power_cut() override { m_disk.crash(m_random, Tear::per_file); }
  void fail_next_commit(bool late) override {
    m_disk.inject({.fault = Fault::io_error, .syncs_only = late});
  }
  void break_store(bool broken) override {
    m_disk.clear_faults();
    if (broken) m_disk.inject({.fault = Fault::io_error, .count = 1'000'000});
  }
  void tamper(Sequence sequence) override {
    auto database = Database::open(raw(m_disk));
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database
                    ->execute("UPDATE entry SET payload=CAST(replace(CAST(payload AS TEXT),"
                              "'text','text!') AS BLOB) WHERE sequence=" +
                              std::to_string(sequence.get()))
                    .ok());
  }

 private:
  ForgetfulDisk m_disk;
  SeededRandom m_random{42};
};

INSTANTIATE_TEST_SUITE_P(Sqlite, JournalContract, ::testing::Values(MakeHarness([] {
                           return std::unique_ptr<Harness>(std::make_unique<SqliteHarness>());
                         })));

/// Appends groups of 1, 2, 3, 1, ... until something fails. Says how many entries were
/// acknowledged.
std::uint64_t append_until_cut(const sqlite::Options& options, std::uint64_t total) {
  auto journal = sqlite::open(options);
  if (!journal.ok()) return 0;
  std::uint64_t next = (*journal)->head().sequence.get() + 1;
  while (next <= total) {
    const std::size_t group = 1 + next % 3;
    if (!(*journal)->append(Sequence(next), sample_drafts(next, group)).ok()) break;
    next += group;
  }
  return next - 1;
}

std::size_t expect_whole_chain(Journal& journal) {
  auto reader = journal.reader();
  EXPECT_TRUE(reader.ok());
  const auto entries = read_all(**reader);
  EXPECT_TRUE(entries.ok()) << entries.error().detail;
  for (const Entry& entry : *entries)
    EXPECT_TRUE(holds(entry, sample_draft(entry.sequence.get(), entry.payload.size())));
  return entries->size();
}

TEST(SqliteJournal, APowerCutAtAnySyncLosesNothingAcknowledgedAndDoublesNothing) {
  SeededRandom random(3);
  int cuts = 0;
  for (const Tear tear : {Tear::nothing, Tear::ordered, Tear::per_file, Tear::sectors}) {
    for (std::uint64_t cut = 1; cut <= 60; ++cut) {
      ForgetfulDisk disk;
      sqlite::Options options = options_for(disk);
      options.checkpoint_thread = false;
      options.checkpoint_pages = 12;
      std::uint64_t acknowledged = 0;
      // Three lives on one disk, the last two on what the one before left.
      for (int life = 0; life < 3; ++life) {
        disk.cut_at_sync(cut + static_cast<std::uint64_t>(life) * 3);
        acknowledged = std::max(acknowledged, append_until_cut(options, acknowledged + 60));
        if (disk.is_cut()) ++cuts;
        disk.crash(random, tear);
        auto journal = sqlite::open(options);
        ASSERT_TRUE(journal.ok()) << journal.error().detail << " cut " << cut;
        const std::uint64_t found = (*journal)->head().sequence.get();
        EXPECT_GE(found, acknowledged) << "cut " << cut << " life " << life;
        EXPECT_LE(found, acknowledged + 3);
        EXPECT_EQ(expect_whole_chain(**journal), found);
        acknowledged = found;
      }
    }
  }
  EXPECT_GT(cuts, 500);
}

TEST(SqliteJournal, APowerCutAtAnyWriteLosesNothingAcknowledged) {
  SeededRandom random(4);
  for (std::uint64_t cut = 1; cut <= 150; ++cut) {
    ForgetfulDisk disk;
    sqlite::Options options = options_for(disk);
    options.checkpoint_thread = false;
    options.checkpoint_pages = 12;
    disk.cut_at_change(cut);
    const std::uint64_t acknowledged = append_until_cut(options, 60);
    disk.crash(random, Tear::sectors);
    auto journal = sqlite::open(options);
    ASSERT_TRUE(journal.ok()) << journal.error().detail << " cut " << cut;
    const std::uint64_t found = (*journal)->head().sequence.get();
    EXPECT_GE(found, acknowledged) << "cut " << cut;
    EXPECT_EQ(expect_whole_chain(**journal), found);
  }
}

TEST(SqliteJournal, WhatAKilledProcessHadNotSyncedIsDurableOnceItIsFound) {
  SeededRandom random(5);
  bool found_unsynced = false;
  for (std::uint64_t cut = 1; cut <= 30; ++cut) {
    ForgetfulDisk disk;
    const sqlite::Options options = options_for(disk);
    disk.cut_at_sync(cut);
    const std::uint64_t acknowledged = append_until_cut(options, 30);
    disk.restart();
    auto journal = sqlite::open(options);
    ASSERT_TRUE(journal.ok()) << journal.error().detail;
    const std::uint64_t found = (*journal)->head().sequence.get();
    found_unsynced = found_unsynced || found > acknowledged;
    disk.crash(random, Tear::nothing);
    auto again = sqlite::open(options);
    ASSERT_TRUE(again.ok()) << again.error().detail;
    EXPECT_EQ((*again)->head().sequence.get(), found) << "cut " << cut;
  }
  EXPECT_TRUE(found_unsynced) << "the case this test is about did not occur";
}

TEST(SqliteJournal, TheCheckpointThreadKeepsTheWalWithinItsLimit) {
  ForgetfulDisk disk;
  sqlite::Options options = options_for(disk);
  options.checkpoint_pages = 20;
  options.wal_pages_max = 60;
  auto journal = sqlite::open(options);
  ASSERT_TRUE(journal.ok());
  int most = 0;
  for (std::uint64_t next = 1; next <= 20'000; next += 4) {
    ASSERT_TRUE((*journal)->append(Sequence(next), sample_drafts(next, 4, 1000)).ok());
    most = std::max(most, (*journal)->status().wal_pages);
  }
  EXPECT_GT((*journal)->status().checkpoints, 10U);
  EXPECT_EQ((*journal)->status().checkpoint_error, "");
  // Twice the limit, up to the next question, and the pages of one append.
  EXPECT_LE(most, 2 * options.wal_pages_max + options.checkpoint_pages + 20);
  EXPECT_EQ(expect_whole_chain(**journal), 20'000U);
}

TEST(SqliteJournal, OnlyAFirstOpenCreates) {
  ForgetfulDisk disk;
  sqlite::Options options = options_for(disk);
  options.create = false;
  EXPECT_EQ(sqlite::open(options).error().code, "E-JRN-305");
  EXPECT_EQ(sqlite::open_reader(options).error().code, "E-JRN-305");
  EXPECT_TRUE(disk.names().empty());
  options.create = true;
  ASSERT_TRUE(sqlite::open(options).ok());
  options.create = false;
  EXPECT_TRUE(sqlite::open(options).ok());
}

TEST(SqliteJournal, ANewerVersionIsRefusedAndNothingIsWritten) {
  ForgetfulDisk disk;
  const sqlite::Options options = options_for(disk);
  {
    auto journal = sqlite::open(options);
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 3)).ok());
  }
  {
    auto database = Database::open(raw(disk));
    ASSERT_TRUE(database->execute("PRAGMA user_version=2").ok());
    ASSERT_TRUE(database->checkpoint(siegel::sqlite::CheckpointMode::truncate).ok());
  }
  const Bytes before = disk.content(path);
  const auto written = disk.counters().bytes_written;
  const auto refused = sqlite::open(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-JRN-302");
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
  EXPECT_EQ(sqlite::open_reader(options).error().code, "E-JRN-302");
  EXPECT_EQ(disk.content(path), before);
  EXPECT_EQ(disk.counters().bytes_written, written);
}

TEST(SqliteJournal, GarbageAndStrangersAreRefusedAndLeftAlone) {
  ForgetfulDisk disk;
  disk.replace(path, bytes_of(std::string(9000, 'x')));
  EXPECT_EQ(sqlite::open(options_for(disk)).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(disk.content(path).size(), 9000U);
  disk.remove(path);
  {
    auto options = raw(disk);
    options.create = true;
    auto database = Database::open(options);
    ASSERT_TRUE(database->execute("CREATE TABLE guests(name)").ok());
  }
  EXPECT_EQ(sqlite::open(options_for(disk)).error().code, "E-JRN-304");
}

TEST(SqliteJournal, ATruncatedFileIsNeverTakenForAWholeOne) {
  ForgetfulDisk disk;
  const sqlite::Options options = options_for(disk);
  {
    auto journal = sqlite::open(options);
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 200)).ok());
  }
  const Bytes whole = disk.content(path);
  ASSERT_GT(whole.size(), 10U * 4096);
  disk.remove(std::string(path) + "-wal");
  for (std::size_t size = whole.size() - 1; size > 0; size -= std::min<std::size_t>(size, 3001)) {
    disk.replace(path, BytesView(whole).first(size));
    auto journal = sqlite::open(options);
    if (!journal.ok()) {
      EXPECT_EQ(journal.error().kind, ErrorKind::corrupt) << size << " " << journal.error().detail;
    } else {
      auto reader = (*journal)->reader();
      ASSERT_TRUE(reader.ok());
      const auto entries = read_all(**reader);
      EXPECT_FALSE(entries.ok()) << size;
    }
    journal = corrupt("", "");
    disk.remove(std::string(path) + "-wal");
  }
}

TEST(SqliteJournal, AMissingEntryAndAForeignHashAreFound) {
  const auto spoiled = [](const char* sql) {
    ForgetfulDisk disk;
    const sqlite::Options options = options_for(disk);
    {
      auto journal = sqlite::open(options);
      EXPECT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 10)).ok());
    }
    {
      auto database = Database::open(raw(disk));
      EXPECT_TRUE(database->execute(sql).ok());
    }
    return sqlite::open(options).error().code;
  };
  EXPECT_EQ(spoiled("DELETE FROM entry WHERE sequence=5"), "E-JRN-103");
  EXPECT_EQ(spoiled("DELETE FROM entry WHERE sequence=1"), "E-JRN-103");
  EXPECT_EQ(spoiled("UPDATE entry SET hash=zeroblob(32) WHERE sequence=4"), "E-JRN-102");
  EXPECT_EQ(spoiled("UPDATE entry SET hash=zeroblob(31) WHERE sequence=10"), "E-JRN-102");
  EXPECT_EQ(spoiled("UPDATE entry SET header=CAST('{}' AS BLOB) WHERE sequence=7"), "E-JRN-101");
  EXPECT_EQ(spoiled("UPDATE entry SET payload=NULL WHERE sequence=7"), "E-JRN-102");
}

TEST(SqliteJournal, ARemovedPayloadLeavesTheChainWhole) {
  ForgetfulDisk disk;
  const sqlite::Options options = options_for(disk);
  Hash256 expected{};
  {
    auto journal = sqlite::open(options);
    ASSERT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 10)).ok());
    expected = hash_payload(sample_draft(4).payload);
  }
  {
    auto database = Database::open(raw(disk));
    auto remove =
        database->prepare("UPDATE entry SET payload=NULL, removed_payload_hash=? WHERE sequence=4");
    remove->bind_blob(1, expected);
    ASSERT_TRUE(remove->run().ok());
  }
  auto journal = sqlite::open(options);
  ASSERT_TRUE(journal.ok()) << journal.error().detail;
  auto reader = (*journal)->reader();
  const auto entries = read_all(**reader);
  ASSERT_TRUE(entries.ok());
  EXPECT_TRUE((*entries)[3].payload_removed);
  EXPECT_EQ((*entries)[3].payload, "");
  EXPECT_EQ((*entries)[3].payload_hash, expected);
}

TEST(SqliteJournal, ASecondWriterCannotForkTheChain) {
  ForgetfulDisk disk;
  const sqlite::Options options = options_for(disk);
  auto first = sqlite::open(options);
  auto second = sqlite::open(options);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE((*first)->append(Sequence(1), sample_drafts(1, 2)).ok());
  const auto refused = (*second)->append(Sequence(1), sample_drafts(1, 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-JRN-203");
  EXPECT_EQ((*second)->recover().value(), (*first)->head());
}

TEST(SqliteJournal, AReaderBesideAWriterWritesNothing) {
  ForgetfulDisk disk;
  const sqlite::Options options = options_for(disk);
  auto journal = sqlite::open(options);
  ASSERT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 5)).ok());
  const auto before = disk.counters().changes;
  {
    auto reader = sqlite::open_reader(options);
    ASSERT_TRUE(reader.ok()) << reader.error().detail;
    EXPECT_EQ(read_all(**reader).value().size(), 5U);
  }
  EXPECT_EQ(disk.counters().changes, before);
}

class SqliteJournalFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    folder =
        std::filesystem::temp_directory_path() / ("siegel-journal-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
};

TEST_F(SqliteJournalFolder, AFullDiskReleasesTheReserveOnceAndSellingGoesOn) {
  ForgetfulDisk disk;
  sqlite::Options options = options_for(disk);
  options.reserve = folder / "reserve";
  options.reserve_bytes = 1U << 20U;
  auto journal = sqlite::open(options);
  ASSERT_TRUE(journal.ok());
  EXPECT_TRUE((*journal)->status().reserve_there);
  EXPECT_EQ(std::filesystem::file_size(options.reserve), 1U << 20U);
  ASSERT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 2)).ok());
  disk.inject({.fault = Fault::full});
  const auto failed = (*journal)->append(Sequence(3), sample_drafts(3, 2));
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, "E-JRN-203");
  EXPECT_FALSE(std::filesystem::exists(options.reserve));
  EXPECT_TRUE((*journal)->status().reserve_used);
  EXPECT_FALSE((*journal)->status().reserve_there);
  ASSERT_TRUE((*journal)->recover().ok());
  ASSERT_TRUE((*journal)->append(Sequence(3), sample_drafts(3, 2)).ok());
  journal = corrupt("", "");
  journal = sqlite::open(options);
  ASSERT_TRUE(journal.ok());
  EXPECT_TRUE((*journal)->status().reserve_there) << "made anew when there is room";
}

TEST_F(SqliteJournalFolder, WorksOnARealDiskAndItsWitnessStaysOutside) {
  sqlite::Options options;
  options.path = folder / "journal.db";
  options.create = true;
  const WitnessFile file(folder / "witness.json");
  {
    auto journal = sqlite::open(options);
    ASSERT_TRUE(journal.ok()) << journal.error().detail;
    ASSERT_TRUE((*journal)->append(Sequence(1), sample_drafts(1, 50)).ok());
    auto reader = (*journal)->reader();
    ASSERT_TRUE(file.write(make_witness(**reader).value().value()).ok());
  }
  std::filesystem::copy_file(options.path, folder / "backup.db");
  {
    auto journal = sqlite::open(options);
    ASSERT_TRUE((*journal)->append(Sequence(51), sample_drafts(51, 5)).ok());
    auto reader = (*journal)->reader();
    EXPECT_TRUE(check_witness(file.read().value().value(), **reader).ok());
    ASSERT_TRUE(file.write(make_witness(**reader).value().value()).ok());
  }
  options.path = folder / "backup.db";
  auto journal = sqlite::open(options);
  ASSERT_TRUE(journal.ok()) << journal.error().detail;
  auto reader = (*journal)->reader();
  const auto refused = check_witness(file.read().value().value(), **reader);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-JRN-301");
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace siegel::journal::testing
