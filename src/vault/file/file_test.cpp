#include "vault/file/file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "vault/testing/contract.h"

namespace siegel::vault::testing {
namespace {

namespace fs = std::filesystem;

fs::path fresh_folder() {
  static int count = 0;
  const auto folder =
      fs::temp_directory_path() / fmt::format("siegel-vault-{}-{}", getpid(), ++count);
  fs::remove_all(folder);
  return folder;
}

unsigned mode_of(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 0777U;
}

class FileHarness final : public Harness {
 public:
  explicit FileHarness(bool own_key) : m_own_key(own_key), m_folder(fresh_folder()) {}
  ~FileHarness() override { fs::remove_all(m_folder); }

  Result<std::unique_ptr<Vault>> open() override {
    const file::Options options{.folder = m_folder, .create = true};
    if (m_own_key) return file::open(options, system_random());
    return file::open_with_key(options, key(1), system_random());
  }
  std::unique_ptr<Vault> open_with_wrong_key() override {
    return std::move(file::open_with_key({.folder = m_folder}, key(2), system_random())).value();
  }
  void tamper(const SecretId& id, std::size_t bit) override {
    Bytes content = read_file(path_of(id), 1 << 20).value();
    content[(bit / 8) % content.size()] ^= std::byte{1} << static_cast<int>(bit % 8);
    ASSERT_TRUE(write_file(path_of(id), content, {.mode = 0600}).ok());
  }
  void swap_in(const SecretId& from, const SecretId& to) override {
    fs::copy_file(path_of(from), path_of(to), fs::copy_options::overwrite_existing);
  }

 private:
  static crypto::SecretBytes key(unsigned char fill) {
    const Bytes bytes(32, std::byte{fill});
    return crypto::SecretBytes::copy_of(bytes);
  }
  [[nodiscard]] fs::path path_of(const SecretId& id) const {
    std::string name = id.text();
    std::ranges::replace(name, '/', '+');
    return m_folder / (name + ".secret");
  }
  bool m_own_key;
  fs::path m_folder;
};

INSTANTIATE_TEST_SUITE_P(File, VaultContract,
                         ::testing::Values(MakeHarness([] {
                                             return std::unique_ptr<Harness>(
                                                 std::make_unique<FileHarness>(true));
                                           }),
                                           MakeHarness([] {
                                             return std::unique_ptr<Harness>(
                                                 std::make_unique<FileHarness>(false));
                                           })));

class FileVaultTest : public ::testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder); }
  Result<std::unique_ptr<Vault>> open(bool create) {
    return file::open({.folder = folder, .create = create}, system_random());
  }
  fs::path folder = fresh_folder();
  SecretId id = SecretId::parse("tse/tse-1/admin-pin").value();
  crypto::SecretBytes pin = crypto::SecretBytes::copy_of(bytes_of("13579"));
};

TEST_F(FileVaultTest, OnlyTheOwnerCanEnterAndThePinIsNotInAnyFile) {
  const mode_t before = umask(0);
  auto vault = open(true);
  ASSERT_TRUE(vault.ok()) << vault.error().detail;
  ASSERT_TRUE((*vault)->put(id, pin).ok());
  umask(before);
  EXPECT_EQ(mode_of(folder), 0700U);
  for (const auto& file : fs::directory_iterator(folder)) {
    EXPECT_EQ(mode_of(file.path()), 0600U) << file.path();
    const Bytes content = read_file(file.path(), 1 << 20).value();
    EXPECT_EQ(text_of(content).find("13579"), std::string_view::npos);
  }
}

TEST_F(FileVaultTest, WhatOthersCanReadIsRefusedWithTheCommandThatMendsIt) {
  {
    auto vault = open(true);
    ASSERT_TRUE((*vault)->put(id, pin).ok());
  }
  for (const fs::path& path : {folder, folder / "vault.key"}) {
    const unsigned good = mode_of(path);
    for (const unsigned more : {0040U, 0004U, 0020U, 0002U}) {
      ASSERT_EQ(chmod(path.c_str(), good | more), 0);
      const auto refused = open(true);
      ASSERT_FALSE(refused.ok()) << path;
      EXPECT_EQ(refused.error().code, "E-VLT-101");
      EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
      EXPECT_NE(refused.error().detail.find("chmod go-rwx"), std::string::npos);
    }
    ASSERT_EQ(chmod(path.c_str(), good), 0);
  }
  auto vault = open(false);
  ASSERT_TRUE(vault.ok());
  const fs::path secret = folder / "tse+tse-1+admin-pin.secret";
  ASSERT_EQ(chmod(secret.c_str(), 0640), 0);
  EXPECT_EQ((*vault)->get(id).error().code, "E-VLT-101");
}

TEST_F(FileVaultTest, AVaultThatIsNotThereIsNotMadeByAccident) {
  EXPECT_EQ(open(false).error().code, "E-VLT-102");
  EXPECT_FALSE(fs::exists(folder));
  ASSERT_TRUE(open(true).ok());
  fs::remove(folder / "vault.key");
  EXPECT_EQ(open(false).error().code, "E-VLT-102");
}

TEST_F(FileVaultTest, ADamagedKeyFileIsCorruptAndAWrongMasterKeyInvalid) {
  ASSERT_TRUE(open(true).ok());
  const Bytes good = read_file(folder / "vault.key", 1 << 20).value();
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, good.size() - 1}) {
    ASSERT_TRUE(write_file(folder / "vault.key", BytesView(good).first(size), {.mode = 0600}).ok());
    EXPECT_EQ(open(true).error().code, "E-VLT-103") << size;
  }
  ASSERT_TRUE(write_file(folder / "vault.key", Bytes(10'000), {.mode = 0600}).ok());
  EXPECT_EQ(open(true).error().code, "E-VLT-103");
  EXPECT_EQ(file::open_with_key({.folder = folder}, crypto::SecretBytes(16), system_random())
                .error()
                .code,
            "E-VLT-104");
}

TEST_F(FileVaultTest, ALinkIsNotFollowed) {
  ASSERT_TRUE(open(true).ok());
  const fs::path elsewhere = fresh_folder();
  fs::rename(folder / "vault.key", elsewhere);
  fs::create_symlink(elsewhere, folder / "vault.key");
  EXPECT_EQ(open(true).error().code, "E-VLT-101");
  fs::remove(elsewhere);
}

}  // namespace
}  // namespace siegel::vault::testing
