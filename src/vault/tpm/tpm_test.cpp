#include "vault/tpm/tpm.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "vault/sealed/sealed.h"
#include "vault/testing/contract.h"
#include "vault/tpm/chip.h"
#include "vault/tpm/seal_file.h"
#include "vault/tpm/testing/swtpm.h"

namespace siegel::vault::testing {
namespace {

namespace fs = std::filesystem;
using tpm::testing::SwTpm;

fs::path fresh_folder() {
  static int count = 0;
  const auto folder =
      fs::temp_directory_path() / fmt::format("siegel-vault-tpm-{}-{}", getpid(), ++count);
  fs::remove_all(folder);
  return folder;
}

std::unique_ptr<SwTpm> machine() {
  auto started = SwTpm::start();
  EXPECT_TRUE(started.ok()) << started.error().detail;
  return started.ok() ? std::move(*started) : nullptr;
}

class TpmHarness final : public Harness {
 public:
  TpmHarness() : m_tpm(machine()), m_folder(fresh_folder()) {}
  ~TpmHarness() override { fs::remove_all(m_folder); }

  Result<std::unique_ptr<Vault>> open() override {
    return tpm::open({.folder = m_folder, .create = true, .tpm = m_tpm->place()}, system_random());
  }
  std::unique_ptr<Vault> open_with_wrong_key() override {
    return sealed::open_files(m_folder, {.key = sealed::new_key(system_random()), .earlier = {}},
                              system_random());
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
  [[nodiscard]] fs::path path_of(const SecretId& id) const {
    std::string name = id.text();
    std::ranges::replace(name, '/', '+');
    return m_folder / (name + ".secret");
  }
  std::unique_ptr<SwTpm> m_tpm;
  fs::path m_folder;
};

INSTANTIATE_TEST_SUITE_P(Tpm, VaultContract, ::testing::Values(MakeHarness([] {
                           return std::unique_ptr<Harness>(std::make_unique<TpmHarness>());
                         })));

class TpmVault : public ::testing::Test {
 protected:
  void SetUp() override {
    chip = machine();
    ASSERT_NE(chip, nullptr);
  }
  void TearDown() override {
    for (const fs::path& one : {folder, other}) fs::remove_all(one);
  }
  Result<std::unique_ptr<Vault>> open(bool create = true) {
    return tpm::open({.folder = folder, .create = create, .tpm = chip->place()}, system_random());
  }
  /// The vault with one PIN in it.
  void make() {
    auto vault = open();
    ASSERT_TRUE(vault.ok()) << vault.error().detail;
    ASSERT_TRUE((*vault)->put(id, pin).ok());
  }
  void rewrite(const std::function<void(tpm::SealFile&)>& change, const fs::path& where) {
    const Bytes bytes = read_file(tpm::seal_file(where), 1 << 20).value();
    auto file = tpm::parse_seal_file(text_of(BytesView(bytes)));
    ASSERT_TRUE(file.ok());
    change(*file);
    ASSERT_TRUE(
        write_file(tpm::seal_file(where), bytes_of(tpm::seal_file_text(*file)), {.mode = 0600})
            .ok());
  }
  std::unique_ptr<SwTpm> chip;
  fs::path folder = fresh_folder();
  fs::path other = fresh_folder();
  SecretId id = SecretId::parse("tse/tse-1/admin-pin").value();
  crypto::SecretBytes pin = crypto::SecretBytes::copy_of(bytes_of("13579246"));
};

TEST_F(TpmVault, SecretsAreSealedToTheTpmAndNoFileHoldsPinOrKey) {
  RecordProperty("proves", "FCC-015");
  make();
  const auto key = tpm::unseal_key(folder);
  ASSERT_TRUE(key.ok()) << key.error().detail;
  int files = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    ++files;
    struct stat info{};
    ASSERT_EQ(stat(file.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << file.path();
    const Bytes content = read_file(file.path(), 1 << 20).value();
    const std::string_view text = text_of(BytesView(content));
    EXPECT_EQ(text.find("13579246"), std::string_view::npos);
    EXPECT_EQ(text.find(text_of(key->reveal())), std::string_view::npos);
    EXPECT_EQ(text.find(base64(key->reveal())), std::string_view::npos);
    EXPECT_EQ(text.find(hex(key->reveal())), std::string_view::npos);
  }
  EXPECT_EQ(files, 2);  // the sealed key and the secret
}

TEST_F(TpmVault, OpensAfterTheMachineWasSwitchedOff) {
  make();
  ASSERT_TRUE(chip->start_again().ok());
  auto vault = open(false);
  ASSERT_TRUE(vault.ok()) << vault.error().detail;
  EXPECT_TRUE((*vault)->get(id).value().equals(pin));
}

TEST_F(TpmVault, ACopyOfTheFolderDoesNotOpenOnAnotherMachine) {
  make();
  const auto machine_2 = machine();
  ASSERT_NE(machine_2, nullptr);
  fs::copy(folder, other, fs::copy_options::recursive);
  ASSERT_EQ(chmod(other.c_str(), 0700), 0);
  rewrite([&](tpm::SealFile& file) { file.tpm = machine_2->place(); }, other);
  const auto opened = tpm::open({.folder = other}, system_random());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "E-VLT-203");
  // Nor for one who also forges the name of the key above: the blob itself is the lock.
  auto second = tpm::Chip::connect(machine_2->place());
  ASSERT_TRUE(second.ok()) << second.error().detail;
  const auto foreign = second->seal(crypto::SecretBytes(32));
  ASSERT_TRUE(foreign.ok());
  rewrite([&](tpm::SealFile& file) { file.blob.parent_name = foreign->parent_name; }, other);
  EXPECT_EQ(tpm::open({.folder = other}, system_random()).error().code, "E-VLT-204");
  // And the first machine still opens the original.
  EXPECT_TRUE(open(false).ok());
}

TEST_F(TpmVault, AClearedTpmIsNamedAndNothingIsMadeAnew) {
  make();
  ASSERT_TRUE(chip->replace().ok());
  const auto before = read_file(tpm::seal_file(folder), 1 << 20).value();
  EXPECT_EQ(open(true).error().code, "E-VLT-203");
  EXPECT_EQ(read_file(tpm::seal_file(folder), 1 << 20).value(), before);
}

TEST_F(TpmVault, ATpmThatIsAwayIsUnavailableAndOpensWhenItIsBack) {
  make();
  chip->stop();
  const auto away = open(false);
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.error().code, "E-VLT-201");
  EXPECT_EQ(away.error().kind, ErrorKind::unavailable);
  ASSERT_TRUE(chip->start_again().ok());
  EXPECT_TRUE(open(false).ok());
}

TEST_F(TpmVault, ADamagedSealIsCorruptBitByBit) {
  make();
  const Bytes good = read_file(tpm::seal_file(folder), 1 << 20).value();
  const auto file = tpm::parse_seal_file(text_of(BytesView(good))).value();
  const auto expect_closed = [&](const char* what, std::size_t at) {
    const auto opened = open(false);
    ASSERT_FALSE(opened.ok()) << what << " " << at;
    EXPECT_TRUE(opened.error().code == "E-VLT-204" || opened.error().code == "E-VLT-203")
        << what << " " << at << ": " << opened.error().code << " " << opened.error().detail;
  };
  for (std::size_t at = 0; at < file.blob.private_part.size(); at += 11) {
    rewrite([&](tpm::SealFile& seal) { seal.blob.private_part[at] ^= std::byte{4}; }, folder);
    expect_closed("private", at);
    ASSERT_TRUE(write_file(tpm::seal_file(folder), good, {.mode = 0600}).ok());
  }
  for (std::size_t at = 0; at < file.blob.public_part.size(); at += 7) {
    rewrite([&](tpm::SealFile& seal) { seal.blob.public_part[at] ^= std::byte{1}; }, folder);
    expect_closed("public", at);
    ASSERT_TRUE(write_file(tpm::seal_file(folder), good, {.mode = 0600}).ok());
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{20}, good.size() - 3}) {
    ASSERT_TRUE(
        write_file(tpm::seal_file(folder), BytesView(good).first(size), {.mode = 0600}).ok());
    expect_closed("cut", size);
  }
  ASSERT_TRUE(write_file(tpm::seal_file(folder), good, {.mode = 0600}).ok());
  EXPECT_TRUE(open(false).ok());
}

TEST_F(TpmVault, NothingStaysLoadedSoItOpensAnyNumberOfTimes) {
  make();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(tpm::unseal_key(folder).ok()) << i;
}

TEST_F(TpmVault, SaysWhichTpmItIs) {
  const auto who = tpm::identify(chip->place());
  ASSERT_TRUE(who.ok()) << who.error().detail;
  EXPECT_EQ(who->family, "2.0");
  EXPECT_EQ(who->manufacturer, "IBM");
  EXPECT_FALSE(who->firmware.empty());
  EXPECT_EQ(tpm::identify("device:/dev/no-such-tpm").error().code, "E-VLT-201");
}

TEST_F(TpmVault, OthersThanTheOwnerReadingTheSealIsRefused) {
  make();
  ASSERT_EQ(chmod(tpm::seal_file(folder).c_str(), 0644), 0);
  EXPECT_EQ(open(false).error().code, "E-VLT-101");
}

TEST(TpmPlace, OnlyTpmsAndNoCommands) {
  for (const char* good : {"device:/dev/tpmrm0", "swtpm:host=localhost,port=2321", "tabrmd"})
    EXPECT_TRUE(tpm::check_place(good).ok()) << good;
  for (const char* bad : {"", "cmd:sh -c id", "cmd:id", "device:/etc/passwd", "libevil.so",
                          "swtpm:a b", "mssim", "../x"})
    EXPECT_EQ(tpm::check_place(bad).error().code, "E-VLT-205") << bad;
}

}  // namespace
}  // namespace siegel::vault::testing
