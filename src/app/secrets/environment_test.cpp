#include "app/secrets/environment.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>

#include "app/secrets/test_stand.h"
#include "base/file.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;
using testing::Folder;
using testing::id;
using testing::machine;
using testing::secret;

constexpr const char* secure_boot_variable =
    "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Files as the kernel shows them, of a machine that has everything; tests take things away.
class Environment : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(data());
    ASSERT_EQ(chmod(data().c_str(), 0700), 0);
    vault = open_vault({.folder = data() / "vault", .create = true}, system_random()).value();
    put("sys/class/tpm/tpm0/tpm_version_major", "2\n");
    put(secure_boot_variable, std::string("\6\0\0\0\1", 5));
    put("proc/self/mountinfo",
        "22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n"
        "28 22 253:1 / " +
            fs::canonical(data()).string() + " rw,relatime shared:5 - ext4 /dev/mapper/data rw\n");
    put("sys/dev/block/253:1/dm/uuid", "LVM-abcdef\n");
    put("sys/dev/block/253:1/slaves/dm-0/dm/uuid", "CRYPT-LUKS2-0123-luks\n");
    fs::create_directories(root() / "sys/dev/block/259:2");
    put("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 1 0 100\n");
    put("proc/meminfo", "MemTotal:  8000000 kB\nMemAvailable:  900000 kB\n");
  }
  fs::path root() const { return folder.path() / "root"; }
  fs::path data() const { return folder.path() / "data"; }
  void put(const fs::path& file, std::string_view text) const {
    fs::create_directories((root() / file).parent_path());
    ASSERT_TRUE(write_file(root() / file, bytes_of(text)).ok());
  }
  std::map<std::string_view, Verdict> look() const {
    std::map<std::string_view, Verdict> out;
    for (const auto& result : check_environment({.data = data(), .root = root()})) {
      out[result.id] = result.verdict;
      EXPECT_FALSE(result.de.empty()) << result.id;
      EXPECT_FALSE(result.en.empty()) << result.id;
    }
    return out;
  }
  Folder folder;
  std::unique_ptr<vault::Vault> vault;
};

TEST_F(Environment, EachCheckIsPassFailOrUnknown) {
  RecordProperty("proves", "FCC-014");
  auto found = look();
  EXPECT_EQ(found.size(), std::size(environment_ids));
  for (const char* good : {"tpm_present", "tpm_version", "secure_boot", "disk_encryption", "swap",
                           "data_rights", "vault_rights", "memory"})
    EXPECT_EQ(found[good], Verdict::pass) << good;
  EXPECT_EQ(found["vault_sealed"], Verdict::fail);
  for (const char* not_here : {"core_dumps", "user", "clock_synchronised"})
    EXPECT_EQ(found[not_here], Verdict::unknown) << not_here;

  fs::remove_all(root() / "sys/class/tpm");
  put(secure_boot_variable, std::string("\6\0\0\0\0", 5));
  put("sys/dev/block/253:1/slaves/dm-0/dm/uuid", "LVM-other\n");
  put("proc/swaps", "Filename\tType\n/dev/sda2 partition 1 0 -2\n");
  fs::create_directories(root() / "sys/class/block/sda2");
  put("proc/meminfo", "MemAvailable: 20000 kB\n");
  ASSERT_EQ(chmod(data().c_str(), 0750), 0);
  ASSERT_EQ(chmod((data() / "vault/vault.key").c_str(), 0644), 0);
  found = look();
  for (const char* bad : {"tpm_present", "tpm_version", "vault_sealed", "secure_boot",
                          "disk_encryption", "swap", "data_rights", "vault_rights", "memory"})
    EXPECT_EQ(found[bad], Verdict::fail) << bad;

  fs::remove_all(root());
  found = look();
  for (const char* hidden : {"secure_boot", "disk_encryption", "swap", "memory"})
    EXPECT_EQ(found[hidden], Verdict::unknown) << hidden;
}

TEST_F(Environment, ATpmOfAnOldVersionFails) {
  put("sys/class/tpm/tpm0/tpm_version_major", "1\n");
  auto found = look();
  EXPECT_EQ(found["tpm_present"], Verdict::pass);
  EXPECT_EQ(found["tpm_version"], Verdict::fail);
}

TEST_F(Environment, SwapIsAsGoodAsTheDiskBelowIt) {
  put("proc/swaps", "Filename\tType\n" + fs::canonical(data()).string() + "/swap file 1 0 -2\n");
  EXPECT_EQ(look()["swap"], Verdict::pass);
  put("proc/swaps", "Filename\tType\n/swapfile file 1 0 -2\n");
  EXPECT_EQ(look()["swap"], Verdict::fail);
  put("proc/swaps", "Filename\tType\n");
  EXPECT_EQ(look()["swap"], Verdict::pass);
}

TEST_F(Environment, AMirrorIsEncryptedIfEachHalfIs) {
  put("sys/dev/block/253:1/slaves/sdb/size", "1\n");
  EXPECT_EQ(look()["disk_encryption"], Verdict::fail);
  put("sys/dev/block/253:1/slaves/sdb/dm/uuid", "CRYPT-LUKS2-4567-b\n");
  EXPECT_EQ(look()["disk_encryption"], Verdict::pass);
}

TEST_F(Environment, IsAskedOnlyOfAMachineThatHoldsSecrets) {
  RecordProperty("proves", "FCC-016");
  const EnvironmentQuestion question{.data = data(), .root = root()};
  fs::remove_all(root() / "sys/class/tpm");
  EXPECT_TRUE(environment_warnings(question, *vault).empty());
  ASSERT_TRUE(vault->put(id("tse/tse-1/admin-pin"), secret("12345678")).ok());
  const auto warnings = environment_warnings(question, *vault);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].code, "W-ENV-001");
  for (const char* named : {"tpm_present", "tpm_version", "vault_sealed"})
    EXPECT_NE(warnings[0].detail.find(named), std::string::npos) << named;
  EXPECT_EQ(warnings[0].detail.find("secure_boot"), std::string::npos);
}

TEST_F(Environment, ASealedVaultPassesAndAClosedOneIsSaidAtTheStart) {
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  ASSERT_TRUE(vault->put(id("tse/tse-1/admin-pin"), secret("12345678")).ok());
  ASSERT_TRUE(seal_vault(data() / "vault", tpm->place(), system_random()).ok());
  auto found = look();
  for (const char* good : {"tpm_present", "tpm_version", "vault_sealed"})
    EXPECT_EQ(found[good], Verdict::pass) << good;
  tpm->stop();
  const auto closed = open_vault({.folder = data() / "vault"}, system_random());
  ASSERT_TRUE(closed.ok());
  const auto warnings = environment_warnings({.data = data(), .root = root()}, **closed);
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0].code, "E-VLT-201");
}

TEST_F(Environment, TheRealMachineAnswersEverythingWithoutFailing) {
  for (const auto& result : check_environment({.data = data()})) {
    EXPECT_FALSE(result.en.empty()) << result.id;
    EXPECT_FALSE(word_of(result.verdict).empty());
  }
}

}  // namespace
}  // namespace siegel::app
