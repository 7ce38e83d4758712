#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "crypto/ec.h"
#include "crypto/signer_certificate.h"
#include "crypto/x509.h"
#include "device/device.h"
#include "device/testing/signer_tools.h"

// What every Signer of Austria must do. A plug includes this in one test file of its own and
// instantiates what it has:
//
//   INSTANTIATE_TEST_SUITE_P(Pkcs11, SignerContract, ::testing::Values(...));
//   INSTANTIATE_TEST_SUITE_P(Pkcs11, RemovableSignerContract, ...);  a device that can be gone
//   INSTANTIATE_TEST_SUITE_P(Pkcs11, PinSignerContract, ...);        a device with a PIN

namespace siegel::device::testing {

class SignerContract : public ::testing::TestWithParam<SignerPlug> {
 protected:
  void SetUp() override {
    m_device = GetParam().make();
    ASSERT_NE(m_device, nullptr);
  }
  SignerUnderTest& device() { return *m_device; }
  Signer& signer() { return m_device->signer(); }

  /// The key as the certificate has it, not as the device says.
  crypto::PublicKey certified_key() {
    const auto certificates = signer().certificates();
    EXPECT_TRUE(certificates.ok()) << (certificates.ok() ? "" : certificates.error().detail);
    const auto leaf = crypto::Certificate::parse(certificates->at(0));
    EXPECT_TRUE(leaf.ok()) << (leaf.ok() ? "" : leaf.error().detail);
    return leaf->public_key().value();
  }
  /// A signature that verifies, or a failed test.
  void expect_signs(std::string_view text, const crypto::PublicKey& key) {
    const Bytes digest = digest_of(text);
    const auto signature = signer().sign_digest(digest);
    ASSERT_TRUE(signature.ok()) << signature.error().code << " " << signature.error().detail;
    EXPECT_EQ(signature->size(), 64U);
    EXPECT_TRUE(key.verify_ecdsa_digest(digest, *signature)) << text;
  }

 private:
  std::unique_ptr<SignerUnderTest> m_device;
};
class RemovableSignerContract : public SignerContract {};
class PinSignerContract : public SignerContract {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RemovableSignerContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PinSignerContract);

TEST_P(SignerContract, IdentityNamesAKeyOfP256AndStaysTheSame) {
  const auto first = signer().identity();
  ASSERT_TRUE(first.ok()) << first.error().detail;
  EXPECT_FALSE(first->kind.empty());
  EXPECT_EQ(first->algorithm, "ecdsa-plain-SHA256");
  const auto key = crypto::PublicKey::from_point(crypto::Curve::p256, first->public_key);
  EXPECT_TRUE(key.ok());
  ASSERT_TRUE(signer().sign_digest(digest_of("between")).ok());
  device().restart();
  const auto second = signer().identity();
  ASSERT_TRUE(second.ok()) << second.error().detail;
  EXPECT_EQ(first->kind, second->kind);
  EXPECT_EQ(first->algorithm, second->algorithm);
  EXPECT_EQ(first->public_key, second->public_key);
  EXPECT_EQ(first->provider, second->provider);
}

TEST_P(SignerContract, CertificatesAreLeafFirstOfThisKeyEachSignedByTheNext) {
  const auto certificates = signer().certificates();
  ASSERT_TRUE(certificates.ok()) << certificates.error().detail;
  ASSERT_FALSE(certificates->empty());
  std::optional<crypto::Certificate> below;
  for (const Bytes& der : *certificates) {
    auto one = crypto::Certificate::parse(der);
    ASSERT_TRUE(one.ok()) << one.error().detail;
    EXPECT_EQ(one->der(), der);
    EXPECT_TRUE(!below || below->is_signed_by(*one)) << one->subject_text();
    below = std::move(one).value();
  }
  const auto identity = signer().identity();
  ASSERT_TRUE(identity.ok());
  EXPECT_EQ(certified_key().point(), identity->public_key);
  EXPECT_TRUE(crypto::signer_serial_of(certificates->front()).ok());
  device().restart();
  const auto again = signer().certificates();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*certificates, *again);
}

TEST_P(SignerContract, ASignatureIsRAndSOverTheDigestAsGiven) {
  const auto key = certified_key();
  expect_signs("eyJhbGciOiJFUzI1NiJ9.X1IxLUFUMV9L", key);
  // A message is hashed once, here.
  const std::string message = "eyJhbGciOiJFUzI1NiJ9.X1IxLUFUMV9M";
  const auto signature = signer().sign(bytes_of(message));
  ASSERT_TRUE(signature.ok()) << signature.error().detail;
  EXPECT_TRUE(key.verify_ecdsa(crypto::HashAlgorithm::sha256, bytes_of(message), *signature));
}

TEST_P(SignerContract, ManySignaturesAreAllValidAndAllDifferent) {
  const auto key = certified_key();
  std::set<Bytes> seen;
  for (int i = 0; i < GetParam().many; ++i) {
    const Bytes digest = digest_of("receipt " + std::to_string(i));
    const auto signature = signer().sign_digest(digest);
    ASSERT_TRUE(signature.ok()) << i << ": " << signature.error().detail;
    // A small r or s keeps its zeros in front: 64 bytes in any case.
    ASSERT_EQ(signature->size(), 64U) << i;
    ASSERT_TRUE(key.verify_ecdsa_digest(digest, *signature)) << i;
    EXPECT_TRUE(seen.insert(*signature).second) << i;
  }
}

TEST_P(SignerContract, TheSameDigestMayBeAskedForAgain) {
  const auto key = certified_key();
  for (int i = 0; i < 3; ++i) expect_signs("lost answer", key);
}

TEST_P(SignerContract, ExtremeDigestsAreSignedAsTheyAre) {
  const auto key = certified_key();
  for (const std::byte fill : {std::byte{0x00}, std::byte{0xFF}, std::byte{0x80}}) {
    const Bytes digest(32, fill);
    const auto signature = signer().sign_digest(digest);
    ASSERT_TRUE(signature.ok()) << signature.error().detail;
    EXPECT_TRUE(key.verify_ecdsa_digest(digest, *signature));
  }
}

TEST_P(SignerContract, ADigestOfAnotherLengthIsRefusedAndHarmless) {
  for (const std::size_t size : {0U, 1U, 20U, 31U, 33U, 64U}) {
    const auto refused = signer().sign_digest(Bytes(size, std::byte{7}));
    ASSERT_FALSE(refused.ok()) << size;
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().code, "E-SIG-301");
  }
  expect_signs("after it", certified_key());
}

TEST_P(SignerContract, SignsAfterARestartWithTheSameKey) {
  const auto key = certified_key();
  device().restart();
  expect_signs("next day", key);
}

TEST_P(SignerContract, WorksWithoutIdentityBeingAskedFirst) {
  device().restart();
  const auto signature = signer().sign_digest(digest_of("first call of all"));
  ASSERT_TRUE(signature.ok()) << signature.error().detail;
  EXPECT_TRUE(certified_key().verify_ecdsa_digest(digest_of("first call of all"), *signature));
}

TEST_P(SignerContract, MayBeHandedToAnotherThread) {
  const auto key = certified_key();
  expect_signs("here", key);
  std::thread([&] { expect_signs("there", key); }).join();
  expect_signs("and here", key);
}

TEST_P(RemovableSignerContract, AMissingDeviceIsUnavailableAndComesBackByItself) {
  const auto key = certified_key();
  expect_signs("before", key);
  for (int round = 0; round < 3; ++round) {
    device().unplug();
    for (int i = 0; i < 2; ++i) {
      const auto refused = signer().sign_digest(digest_of("meanwhile"));
      ASSERT_FALSE(refused.ok());
      EXPECT_TRUE(refused.error().kind == ErrorKind::unavailable ||
                  refused.error().kind == ErrorKind::unknown)
          << refused.error().code;
      EXPECT_TRUE(refused.error().code.starts_with("E-SIG-1")) << refused.error().code;
      EXPECT_FALSE(refused.error().detail.empty());
    }
    device().plug_in();
    expect_signs("after", key);
  }
}

TEST_P(RemovableSignerContract, ADeviceMissingAtTheStartIsFoundLater) {
  const auto key = certified_key();
  device().unplug();
  device().restart();
  for (int i = 0; i < 2; ++i) {
    const auto identity = signer().identity();
    ASSERT_FALSE(identity.ok());
    EXPECT_EQ(identity.error().kind, ErrorKind::unavailable);
    const auto refused = signer().sign_digest(digest_of("meanwhile"));
    ASSERT_FALSE(refused.ok());
    EXPECT_TRUE(refused.error().kind == ErrorKind::unavailable ||
                refused.error().kind == ErrorKind::unknown);
  }
  device().plug_in();
  expect_signs("after", key);
  EXPECT_TRUE(signer().identity().ok());
}

TEST_P(PinSignerContract, AWrongPinIsTriedOnceAndNeverAgain) {
  const std::uint64_t before = device().wrong_pins();
  const auto wrong = device().with_wrong_pin();
  ASSERT_NE(wrong, nullptr);
  for (int i = 0; i < 5; ++i) {
    const auto refused = wrong->sign_digest(digest_of("receipt"));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_EQ(refused.error().code, "E-SIG-201");
    // No error may carry the PIN.
    EXPECT_EQ(refused.error().detail.find("987654"), std::string::npos);
    static_cast<void>(wrong->identity());
    static_cast<void>(wrong->certificates());
  }
  EXPECT_EQ(device().wrong_pins(), before + 1);
}

}  // namespace siegel::device::testing
