#include "sqlite/testing/forgetful_vfs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "base/time.h"
#include "sqlite/sqlite.h"

namespace siegel::sqlite::testing {
namespace {

Options options_for(const ForgetfulDisk& disk, Durability durability, int autocheckpoint) {
  Options out;
  out.path = "/shop/data.db";
  out.vfs = disk.name();
  out.create = true;
  out.durability = durability;
  out.wal_autocheckpoint_pages = autocheckpoint;
  return out;
}

constexpr const char* create_table =
    "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, v BLOB NOT NULL)";

/// Commits rows 1, 2, ... until something fails; says how many commits were acknowledged.
std::int64_t write_until_cut(Database& database, std::int64_t rows) {
  if (!database.execute(create_table).ok()) return 0;
  auto insert = database.prepare("INSERT INTO t VALUES(?, zeroblob(700))");
  if (!insert.ok()) return 0;
  std::int64_t first = database.query_integer("SELECT ifnull(max(id),0) FROM t").value();
  for (std::int64_t id = first + 1; id <= first + rows; ++id) {
    insert->bind(1, id);
    if (!insert->run().ok()) return id - 1;
  }
  return first + rows;
}

TEST(ForgetfulDisk, WhatWasSyncedSurvivesEveryCutAndEveryTear) {
  SeededRandom random(7);
  const Tear tears[] = {Tear::nothing, Tear::ordered, Tear::per_file, Tear::sectors};
  for (std::uint64_t cut = 1; cut < 60; ++cut) {
    for (const Tear tear : tears) {
      ForgetfulDisk disk;
      disk.cut_at_sync(cut);
      std::int64_t acknowledged = 0;
      std::optional<Database> dead;
      if (auto database = Database::open(options_for(disk, Durability::full, 10)); database.ok()) {
        acknowledged = write_until_cut(*database, 100);
        dead = std::move(database).value();
      }
      disk.crash(random, tear);
      auto again = Database::open(options_for(disk, Durability::full, 10));
      ASSERT_TRUE(again.ok()) << again.error().detail << " cut " << cut;
      ASSERT_TRUE(again->execute(create_table).ok());
      EXPECT_EQ(again->query_text("PRAGMA integrity_check").value(), "ok");
      const auto found = again->query_integer("SELECT count(*) FROM t").value();
      EXPECT_GE(found, acknowledged) << "cut " << cut;
      EXPECT_LE(found, acknowledged + 1) << "cut " << cut;
      EXPECT_FALSE(dead.has_value() && dead->execute("INSERT INTO t VALUES(9999,x'')").ok())
          << "a connection from before the crash is dead";
    }
  }
}

TEST(ForgetfulDisk, WithoutSyncsACrashLosesCommits) {
  SeededRandom random(1);
  ForgetfulDisk disk;
  {
    auto database = Database::open(options_for(disk, Durability::full, 0));
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("PRAGMA synchronous=OFF").ok());
    ASSERT_EQ(write_until_cut(*database, 50), 50);
    disk.crash(random, Tear::nothing);
  }
  auto again = Database::open(options_for(disk, Durability::full, 0));
  ASSERT_TRUE(again.ok());
  ASSERT_TRUE(again->execute(create_table).ok());
  EXPECT_EQ(again->query_integer("SELECT count(*) FROM t").value(), 0)
      << "a disk that forgets nothing proves nothing";
}

TEST(ForgetfulDisk, ARestartOfTheProcessForgetsNothing) {
  ForgetfulDisk disk;
  auto database = Database::open(options_for(disk, Durability::normal, 0));
  ASSERT_TRUE(database.ok());
  ASSERT_EQ(write_until_cut(*database, 50), 50);
  disk.cut_now();
  EXPECT_FALSE(database->execute("INSERT INTO t VALUES(77,x'')").ok());
  disk.restart();
  EXPECT_FALSE(database->execute("INSERT INTO t VALUES(77,x'')").ok());
  auto again = Database::open(options_for(disk, Durability::normal, 0));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->query_integer("SELECT count(*) FROM t").value(), 50);
}

TEST(ForgetfulDisk, AFaultAtAnyChangeIsReportedAndNothingIsMixed) {
  int failures = 0;
  for (std::uint64_t at = 1; at <= 8; ++at) {
    for (const bool applied : {false, true}) {
      ForgetfulDisk disk;
      auto database = Database::open(options_for(disk, Durability::full, 0));
      ASSERT_TRUE(database.ok());
      ASSERT_EQ(write_until_cut(*database, 6), 6);
      disk.inject({.fault = Fault::io_error, .at_change = at, .applied = applied});
      const auto acknowledged = write_until_cut(*database, 1);
      if (acknowledged == 6) ++failures;
      disk.restart();
      auto again = Database::open(options_for(disk, Durability::full, 0));
      ASSERT_TRUE(again.ok());
      const auto found = again->query_integer("SELECT count(*) FROM t").value();
      EXPECT_GE(found, acknowledged);
      EXPECT_LE(found, 7);
    }
  }
  EXPECT_GE(failures, 4);
}

TEST(ForgetfulDisk, ReadersOnOtherThreadsSeeWholeCommits) {
  ForgetfulDisk disk;
  auto writer = Database::open(options_for(disk, Durability::full, 20));
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->execute("CREATE TABLE pair(a, b); INSERT INTO pair VALUES(0, 0)").ok());
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::atomic<int> wrong = 0;
  std::thread reader([&] {
    auto own = Database::open(options_for(disk, Durability::full, 20));
    if (!own.ok()) ++wrong;
    while (!stop && own.ok()) {
      const auto difference = own->query_integer("SELECT a - b FROM pair");
      if (!difference.ok() || difference.value() != 0) ++wrong;
      ++reads;
    }
  });
  while (reads == 0 && wrong == 0) std::this_thread::yield();
  for (int i = 1; i <= 500; ++i)
    ASSERT_TRUE(
        writer->execute("UPDATE pair SET a=" + std::to_string(i) + ", b=" + std::to_string(i))
            .ok());
  stop = true;
  reader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(reads, 0);
}

TEST(ForgetfulDisk, TenThousandCommitsTakeAMoment) {
  ForgetfulDisk disk;
  auto database = Database::open(options_for(disk, Durability::full, 1000));
  ASSERT_TRUE(database.ok());
  const Steady begin = system_clock().now().steady;
  ASSERT_EQ(write_until_cut(*database, 10'000), 10'000);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().now().steady - begin);
  RecordProperty("milliseconds", static_cast<int>(took.count()));
  EXPECT_GE(disk.counters().syncs, 10'000U);
}

}  // namespace
}  // namespace siegel::sqlite::testing
