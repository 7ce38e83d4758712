#include "sqlite/sqlite.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "sqlite/testing/forgetful_vfs.h"

namespace siegel::sqlite {
namespace {

using testing::Fault;
using testing::ForgetfulDisk;

class SqliteTest : public ::testing::Test {
 protected:
  Options options(bool create) {
    Options out;
    out.path = "/shop/data.db";
    out.vfs = disk.name();
    out.create = create;
    return out;
  }
  Database make() {
    auto database = Database::open(options(true));
    EXPECT_TRUE(database.ok()) << database.error().detail;
    EXPECT_TRUE(database->execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v BLOB)").ok());
    return std::move(database).value();
  }
  ForgetfulDisk disk;
};

TEST_F(SqliteTest, SetsWhatSiegelReliesOn) {
  Database database = make();
  EXPECT_EQ(database.query_text("PRAGMA journal_mode").value(), "wal");
  EXPECT_EQ(database.query_integer("PRAGMA synchronous").value(), 2);
  EXPECT_EQ(database.query_integer("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(database.query_integer("PRAGMA trusted_schema").value(), 0);
  Options derived = options(false);
  derived.durability = Durability::normal;
  derived.wal_autocheckpoint_pages = 0;
  auto second = Database::open(derived);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->query_integer("PRAGMA synchronous").value(), 1);
  EXPECT_EQ(second->query_integer("PRAGMA wal_autocheckpoint").value(), 0);
}

TEST_F(SqliteTest, KeepsIntegersTextsAndBlobsWithZeroBytes) {
  Database database = make();
  ASSERT_TRUE(database.execute("CREATE TABLE u(a, b, c, d)").ok());
  Statement insert = database.prepare("INSERT INTO u VALUES(?,?,?,?)").value();
  const Bytes blob = {std::byte{0}, std::byte{1}, std::byte{0}};
  insert.bind(1, INT64_MIN).bind(2, std::string_view("a\0b", 3)).bind_blob(3, blob).bind_null(4);
  ASSERT_TRUE(insert.run().ok());
  insert.bind(1, 7).bind(2, std::string_view()).bind_blob(3, {}).bind_null(4);
  ASSERT_TRUE(insert.run().ok());
  Statement select = database.prepare("SELECT a,b,c,d FROM u ORDER BY rowid").value();
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.integer(0), INT64_MIN);
  EXPECT_EQ(select.text(1), std::string_view("a\0b", 3));
  EXPECT_EQ(Bytes(select.blob(2).begin(), select.blob(2).end()), blob);
  EXPECT_TRUE(select.is_null(3));
  ASSERT_TRUE(select.step().value());
  EXPECT_FALSE(select.is_null(1)) << "an empty text is not NULL";
  EXPECT_FALSE(select.is_null(2));
  EXPECT_FALSE(select.step().value());
}

TEST_F(SqliteTest, AnUncommittedTransactionLeavesNothing) {
  Database database = make();
  {
    auto transaction = Transaction::begin(database, TransactionMode::write);
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(database.execute("INSERT INTO t VALUES(1, NULL)").ok());
  }
  EXPECT_EQ(database.query_integer("SELECT count(*) FROM t").value(), 0);
  EXPECT_FALSE(database.in_transaction());
}

TEST_F(SqliteTest, TellsTheFailuresApart) {
  EXPECT_EQ(Database::open(options(false)).error().code, "E-DAT-109");
  Database database = make();
  ASSERT_TRUE(database.execute("INSERT INTO t VALUES(1, NULL)").ok());
  EXPECT_EQ(database.execute("INSERT INTO t VALUES(1, NULL)").error().code, "E-DAT-107");
  EXPECT_EQ(database.execute("INSERT INTO nowhere VALUES(1)").error().code, "E-DAT-108");

  disk.inject({.fault = Fault::full});
  EXPECT_EQ(database.execute("INSERT INTO t VALUES(2, NULL)").error().code, "E-DAT-101");
  disk.clear_faults();
  disk.inject({.fault = Fault::io_error});
  EXPECT_EQ(database.execute("INSERT INTO t VALUES(3, NULL)").error().code, "E-DAT-102");
  disk.clear_faults();
  ASSERT_TRUE(database.execute("INSERT INTO t VALUES(4, NULL)").ok());

  Options impatient = options(false);
  impatient.busy_timeout_ms = 1;
  Database other = std::move(Database::open(impatient)).value();
  auto holder = Transaction::begin(database, TransactionMode::write);
  ASSERT_TRUE(holder.ok());
  const auto refused = Transaction::begin(other, TransactionMode::write);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-DAT-105");
  EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
}

TEST_F(SqliteTest, GarbageIsNoDatabaseAndADamagedPageIsCorrupt) {
  {
    Database database = make();
    for (int i = 0; i < 200; ++i)
      ASSERT_TRUE(database.execute("INSERT INTO t(v) VALUES(zeroblob(500))").ok());
    ASSERT_TRUE(database.checkpoint(CheckpointMode::truncate).ok());
  }
  Bytes content = disk.content("/shop/data.db");
  Bytes damaged = content;
  for (std::size_t i = 4096; i < damaged.size(); i += 4096) damaged[i] = std::byte{0x77};
  disk.replace("/shop/data.db", damaged);
  {
    auto database = Database::open(options(false));
    ASSERT_TRUE(database.ok());
    const auto sum = database->query_integer("SELECT sum(length(v)) FROM t");
    ASSERT_FALSE(sum.ok());
    EXPECT_EQ(sum.error().code, "E-DAT-103");
    EXPECT_EQ(sum.error().kind, ErrorKind::corrupt);
  }
  disk.replace("/shop/data.db", bytes_of("This is a letter to the tax office, no database."));
  const auto garbage = Database::open(options(false));
  ASSERT_FALSE(garbage.ok());
  EXPECT_EQ(garbage.error().code, "E-DAT-104");
}

TEST_F(SqliteTest, AReadOnlyConnectionWritesNothing) {
  Database database = make();
  Options read_only = options(false);
  read_only.read_only = true;
  auto reader = Database::open(read_only);
  ASSERT_TRUE(reader.ok());
  const auto refused = reader->execute("INSERT INTO t VALUES(1, NULL)");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-DAT-106");
}

TEST(SqliteOnDisk, AFileOfTheSystemWorksAndAFolderDoesNot) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("siegel-sqlite-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  {
    Options options;
    options.path = folder / "a.db";
    options.create = true;
    auto database = Database::open(options);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("CREATE TABLE t(a); INSERT INTO t VALUES(42)").ok());
    EXPECT_EQ(database->query_integer("SELECT a FROM t").value(), 42);
    options.path = folder;
    EXPECT_EQ(Database::open(options).error().code, "E-DAT-106");
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace siegel::sqlite
