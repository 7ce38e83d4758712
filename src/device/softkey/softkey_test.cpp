#include "device/softkey/softkey.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "device/testing/signer_contract.h"

namespace siegel::device {
namespace testing {
namespace {

const Instant from = Instant::from_unix(1'780'000'000);
crypto::TestSignerSpec spec() {
  return {.holder = "UID ATU12345678",
          .not_before = from,
          .not_after = from + std::chrono::hours(24 * 1826)};
}

class SoftKeyUnderTest final : public SignerUnderTest {
 public:
  SoftKeyUnderTest() : m_key(SoftKey::make_test_signer(spec(), system_random()).value()) {}
  Signer& signer() override { return *m_key; }
  void restart() override {
    const auto stored = m_key->pkcs8();
    const auto certificates = m_key->certificates().value();
    m_key = SoftKey::from_pkcs8(stored, certificates).value();
  }

 private:
  std::unique_ptr<SoftKey> m_key;
};

INSTANTIATE_TEST_SUITE_P(SoftKey, SignerContract,
                         ::testing::Values(SignerPlug{
                             .name = "softkey",
                             .make = [] { return std::make_unique<SoftKeyUnderTest>(); },
                             .many = 2000}));

TEST(SoftKeyForAustria, HasACertificateThatNamesTheHolderAndSaysTest) {
  const auto key = SoftKey::make_test_signer(spec(), system_random()).value();
  EXPECT_EQ(key->identity()->provider, "AT100");
  const auto certificates = key->certificates().value();
  ASSERT_EQ(certificates.size(), 2U);
  EXPECT_EQ(crypto::signer_holder_of(certificates.front()).value(), "UID ATU12345678");
  const auto leaf = crypto::Certificate::parse(certificates.front()).value();
  EXPECT_NE(leaf.subject_text().find("TEST"), std::string::npos);
}

TEST(SoftKeyForAustria, TheCertificateOfAnotherKeyIsRefused) {
  const auto one = SoftKey::make_test_signer(spec(), system_random()).value();
  const auto other = SoftKey::make_test_signer(spec(), system_random()).value();
  const auto mixed = SoftKey::from_pkcs8(one->pkcs8(), other->certificates().value());
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().code, "E-TSE-232");
}

}  // namespace
}  // namespace testing
}  // namespace siegel::device
