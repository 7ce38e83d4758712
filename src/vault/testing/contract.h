#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vault/vault.h"

// What every vault must do. A plug's test includes this file once and says:
//   INSTANTIATE_TEST_SUITE_P(File, VaultContract, ::testing::Values(make_harness));

namespace siegel::vault::testing {

/// One place for secrets and the vault on it.
class Harness {
 public:
  virtual ~Harness() = default;
  /// Opens; the one opened before is gone. The same secrets each time.
  virtual Result<std::unique_ptr<Vault>> open() = 0;
  /// Opens the same place with another key; nothing if the plug has no such thing.
  virtual std::unique_ptr<Vault> open_with_wrong_key() = 0;
  /// Flips one bit of what is stored for the secret.
  virtual void tamper(const SecretId& id, std::size_t bit) = 0;
  /// Puts what is stored for one secret in the place of another.
  virtual void swap_in(const SecretId& from, const SecretId& to) = 0;
};

using MakeHarness = std::function<std::unique_ptr<Harness>()>;

class VaultContract : public ::testing::TestWithParam<MakeHarness> {
 protected:
  void SetUp() override {
    m_harness = GetParam()();
    reopen();
  }
  void reopen() {
    m_vault.reset();
    auto opened = m_harness->open();
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    m_vault = std::move(opened).value();
  }
  static SecretId id(std::string_view text) { return SecretId::parse(text).value(); }
  static crypto::SecretBytes secret(std::string_view text) {
    return crypto::SecretBytes::copy_of(bytes_of(text));
  }
  void expect_secret(std::string_view name, std::string_view text) {
    const auto found = m_vault->get(id(name));
    ASSERT_TRUE(found.ok()) << found.error().detail;
    EXPECT_TRUE(found->equals(bytes_of(text)));
  }

  std::unique_ptr<Harness> m_harness;
  std::unique_ptr<Vault> m_vault;
};

TEST_P(VaultContract, KeepsSecretsOverRestartsAndReplacesThem) {
  EXPECT_TRUE(m_vault->list().value().empty());
  ASSERT_TRUE(m_vault->put(id("tse/tse-1/admin-pin"), secret("12345")).ok());
  const std::string binary("\0\xff\n", 3);
  ASSERT_TRUE(m_vault->put(id("tse/tse-1/key"), secret(binary)).ok());
  expect_secret("tse/tse-1/admin-pin", "12345");
  reopen();
  expect_secret("tse/tse-1/admin-pin", "12345");
  expect_secret("tse/tse-1/key", binary);
  ASSERT_TRUE(m_vault->put(id("tse/tse-1/admin-pin"), secret("54321")).ok());
  reopen();
  expect_secret("tse/tse-1/admin-pin", "54321");
  EXPECT_EQ(m_vault->list().value(),
            (std::vector<SecretId>{id("tse/tse-1/admin-pin"), id("tse/tse-1/key")}));
}

TEST_P(VaultContract, RemovesAndSaysWhatIsNotThere) {
  EXPECT_EQ(m_vault->get(id("a")).error().code, "E-VLT-002");
  EXPECT_EQ(m_vault->get(id("a")).error().kind, ErrorKind::not_found);
  EXPECT_EQ(m_vault->remove(id("a")).error().code, "E-VLT-002");
  ASSERT_TRUE(m_vault->put(id("a"), secret("s")).ok());
  ASSERT_TRUE(m_vault->remove(id("a")).ok());
  EXPECT_EQ(m_vault->get(id("a")).error().code, "E-VLT-002");
  EXPECT_TRUE(m_vault->list().value().empty());
}

TEST_P(VaultContract, RefusesEmptyAndOversizedSecrets) {
  EXPECT_EQ(m_vault->put(id("a"), crypto::SecretBytes()).error().code, "E-VLT-004");
  EXPECT_EQ(m_vault->put(id("a"), crypto::SecretBytes(secret_bytes_max + 1)).error().code,
            "E-VLT-004");
  EXPECT_TRUE(m_vault->list().value().empty());
  ASSERT_TRUE(m_vault->put(id("a"), crypto::SecretBytes(secret_bytes_max)).ok());
  reopen();
  EXPECT_EQ(m_vault->get(id("a")).value().size(), secret_bytes_max);
}

TEST_P(VaultContract, NamesThatDifferInASlashOnlyAreTwo) {
  ASSERT_TRUE(m_vault->put(id("a/b"), secret("1")).ok());
  ASSERT_TRUE(m_vault->put(id("a.b"), secret("2")).ok());
  ASSERT_TRUE(m_vault->put(id("a-b"), secret("3")).ok());
  ASSERT_TRUE(m_vault->put(id("a_b"), secret("4")).ok());
  expect_secret("a/b", "1");
  expect_secret("a.b", "2");
  expect_secret("a-b", "3");
  expect_secret("a_b", "4");
}

TEST_P(VaultContract, AChangedBitAnotherKeyOrAnotherNameIsNoticed) {
  ASSERT_TRUE(m_vault->put(id("a"), secret("first")).ok());
  ASSERT_TRUE(m_vault->put(id("b"), secret("s3cr3t")).ok());
  if (const auto wrong = m_harness->open_with_wrong_key(); wrong != nullptr) {
    EXPECT_EQ(wrong->get(id("a")).error().code, "E-VLT-003");
  }
  m_harness->swap_in(id("b"), id("a"));
  EXPECT_EQ(m_vault->get(id("a")).error().code, "E-VLT-003");
  EXPECT_EQ(m_vault->get(id("a")).error().kind, ErrorKind::corrupt);
  expect_secret("b", "s3cr3t");
  for (std::size_t bit = 0; bit < 400; bit += 19) {
    m_harness->tamper(id("b"), bit);
    const auto found = m_vault->get(id("b"));
    EXPECT_FALSE(found.ok()) << bit;
    if (!found.ok()) {
      EXPECT_EQ(found.error().code, "E-VLT-003");
      EXPECT_EQ(found.error().detail.find("s3cr3t"), std::string::npos);
    }
    m_harness->tamper(id("b"), bit);
  }
  expect_secret("b", "s3cr3t");
}

}  // namespace siegel::vault::testing
