#include "app/secrets/vaults.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "app/secrets/test_stand.h"
#include "base/file.h"
#include "vault/file/file.h"
#include "vault/sealed/sealed.h"
#include "vault/tpm/tpm.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;
using testing::Folder;
using testing::id;
using testing::machine;
using testing::secret;

class Vaults : public ::testing::Test {
 protected:
  fs::path vault() const { return data.path() / "vault"; }
  std::unique_ptr<vault::Vault> opened() {
    auto made = open_vault({.folder = vault()}, system_random());
    EXPECT_TRUE(made.ok()) << made.error().detail;
    return made.ok() ? std::move(*made) : nullptr;
  }
  /// A file vault with five secrets, as shops have that were made before.
  void make_file_vault() {
    auto made = open_vault({.folder = vault(), .create = true}, system_random());
    ASSERT_TRUE(made.ok()) << made.error().detail;
    for (int i = 0; i < 5; ++i)
      ASSERT_TRUE((*made)->put(name(i), secret(fmt::format("secret {}", i))).ok());
  }
  void expect_all() {
    const auto all = opened();
    ASSERT_NE(all, nullptr);
    for (int i = 0; i < 5; ++i) {
      const auto found = all->get(name(i));
      ASSERT_TRUE(found.ok()) << i << " " << found.error().detail;
      EXPECT_TRUE(found->equals(bytes_of(fmt::format("secret {}", i))));
    }
  }
  static vault::SecretId name(int i) { return id(fmt::format("tse/tse-1/s{}", i)); }
  KeyPlace place() const { return where_the_key_is(vault()).value().place; }
  Folder data;
};

TEST_F(Vaults, ANewVaultUsesTheTpmThatIsNamedAndAKeyFileWithout) {
  RecordProperty("proves", "FCC-015");
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  ASSERT_TRUE(
      open_vault({.folder = vault(), .create = true, .tpm = tpm->place()}, system_random()).ok());
  EXPECT_EQ(place(), KeyPlace::tpm);
  EXPECT_FALSE(fs::exists(vault::file::key_file(vault())));
  fs::remove_all(vault());
  ASSERT_TRUE(open_vault({.folder = vault(), .create = true}, system_random()).ok());
  EXPECT_EQ(place(), KeyPlace::key_file);
}

TEST_F(Vaults, WhoNamesATpmGetsNoKeyFileInstead) {
  const auto made = open_vault(
      {.folder = vault(), .create = true, .tpm = "device:/dev/no-such-tpm"}, system_random());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "E-VLT-201");
  EXPECT_FALSE(fs::exists(vault::file::key_file(vault())));
}

TEST_F(Vaults, SecretsWithoutAKeyAreALossAndNotANewVault) {
  make_file_vault();
  fs::remove(vault::file::key_file(vault()));
  EXPECT_EQ(open_vault({.folder = vault(), .create = true}, system_random()).error().code,
            "E-VLT-103");
  EXPECT_FALSE(fs::exists(vault::file::key_file(vault())));
}

TEST_F(Vaults, AFileVaultMovesIntoTheTpmAndItsOldKeyOpensNothing) {
  make_file_vault();
  const Bytes old_key = read_file(vault::file::key_file(vault()), 4096).value();
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  const auto moved = seal_vault(vault(), tpm->place(), system_random());
  ASSERT_TRUE(moved.ok()) << moved.error().detail;
  EXPECT_EQ(*moved, 5U);
  EXPECT_EQ(place(), KeyPlace::tpm);
  expect_all();
  // A backup of yesterday's key beside today's secrets: no use.
  fs::remove(vault::tpm::seal_file(vault()));
  ASSERT_TRUE(write_file(vault::file::key_file(vault()), old_key, {.mode = 0600}).ok());
  EXPECT_EQ(opened()->get(name(0)).error().code, "E-VLT-003");
}

TEST_F(Vaults, APowerCutBetweenAnyTwoStepsLeavesEverySecretReadable) {
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  // Steps of seal_vault(): sealed key, then one secret after the other, then the key file.
  for (int done = 0; done <= 5; ++done) {
    fs::remove_all(vault());
    make_file_vault();
    vault::sealed::Keys keys;
    auto key = vault::tpm::make_sealed_key(vault(), tpm->place(), system_random());
    ASSERT_TRUE(key.ok()) << key.error().detail;
    const auto sealed = vault::sealed::open_files(vault(), {.key = std::move(*key), .earlier = {}},
                                                  system_random());
    for (int i = 0; i < done; ++i)
      ASSERT_TRUE(sealed->put(name(i), secret(fmt::format("secret {}", i))).ok());
    EXPECT_EQ(place(), KeyPlace::both);
    expect_all();
    // It is written to in this state, and then the command is repeated, either way.
    ASSERT_TRUE(opened()->put(name(3), secret("secret 3")).ok());
    const bool forth = done % 2 == 0;
    const auto again = forth ? seal_vault(vault(), tpm->place(), system_random())
                             : release_vault(vault(), system_random());
    ASSERT_TRUE(again.ok()) << again.error().detail;
    EXPECT_EQ(place(), forth ? KeyPlace::tpm : KeyPlace::key_file);
    expect_all();
  }
}

TEST_F(Vaults, ReleasedOnItsMachineItOpensOnAnother) {
  auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  make_file_vault();
  ASSERT_TRUE(seal_vault(vault(), tpm->place(), system_random()).ok());
  ASSERT_EQ(release_vault(vault(), system_random()).value(), 5U);
  EXPECT_FALSE(fs::exists(vault::tpm::seal_file(vault())));
  tpm.reset();
  expect_all();
}

TEST_F(Vaults, OnAnotherMachineItIsClosedAndCannotBeMoved) {
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  make_file_vault();
  ASSERT_TRUE(seal_vault(vault(), tpm->place(), system_random()).ok());
  ASSERT_TRUE(tpm->replace().ok());
  const auto closed = opened();
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->list().value().size(), 5U);
  EXPECT_EQ(closed->get(name(1)).error().code, "E-VLT-203");
  EXPECT_EQ(closed->put(name(1), secret("x")).error().code, "E-VLT-203");
  EXPECT_EQ(release_vault(vault(), system_random()).error().code, "E-VLT-203");
  EXPECT_EQ(seal_vault(vault(), tpm->place(), system_random()).error().code, "E-VLT-203");
  const auto status = vault_status(vault(), system_random());
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->closed.size(), 5U);
  ASSERT_TRUE(status->error.has_value());
  EXPECT_EQ(status->error->code, "E-VLT-203");
}

TEST_F(Vaults, ATpmThatIsAwayAtTheStartIsAskedAgainWhenASecretIsNeeded) {
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  make_file_vault();
  ASSERT_TRUE(seal_vault(vault(), tpm->place(), system_random()).ok());
  tpm->stop();
  const auto closed = opened();
  ASSERT_NE(closed, nullptr);
  EXPECT_EQ(closed->get(name(1)).error().code, "E-VLT-201");
  ASSERT_TRUE(tpm->start_again().ok());
  EXPECT_TRUE(closed->get(name(1)).ok());
}

TEST_F(Vaults, ASecretThatOpensWithNoKeyKeepsTheKeyFile) {
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  make_file_vault();
  const fs::path broken = vault() / "tse+tse-1+s2.secret";
  Bytes content = read_file(broken, 4096).value();
  content.back() ^= std::byte{1};
  ASSERT_TRUE(write_file(broken, content, {.mode = 0600}).ok());
  EXPECT_EQ(seal_vault(vault(), tpm->place(), system_random()).error().code, "E-VLT-003");
  EXPECT_TRUE(fs::exists(vault::file::key_file(vault())));
  const auto rest = opened();
  for (const int i : {0, 1, 3, 4}) EXPECT_TRUE(rest->get(name(i)).ok()) << i;
  const auto status = vault_status(vault(), system_random());
  ASSERT_TRUE(status.ok());
  ASSERT_EQ(status->closed.size(), 1U);
  EXPECT_EQ(status->closed[0].first, name(2));
}

TEST(FindTpm, SaysWhetherThereIsOneAndItsVersion) {
  RecordProperty("proves", "FCC-018");
  const Folder root;
  EXPECT_FALSE(find_tpm("auto", root.path()).present);
  fs::create_directories(root.path() / "sys/class/tpm/tpm0");
  ASSERT_TRUE(
      write_file(root.path() / "sys/class/tpm/tpm0/tpm_version_major", bytes_of("2\n")).ok());
  EXPECT_TRUE(find_tpm("auto", root.path()).present);
  EXPECT_EQ(find_tpm("auto", root.path()).version, "2.0");
  ASSERT_TRUE(
      write_file(root.path() / "sys/class/tpm/tpm0/tpm_version_major", bytes_of("1\n")).ok());
  EXPECT_EQ(find_tpm("auto", root.path()).version, "1.2");
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  const TpmFound real = find_tpm(tpm->place());
  EXPECT_TRUE(real.present);
  EXPECT_EQ(real.version, "2.0");
  tpm->stop();
  const TpmFound gone = find_tpm(tpm->place());
  EXPECT_FALSE(gone.present);
  EXPECT_TRUE(gone.error.has_value());
}

}  // namespace
}  // namespace siegel::app
