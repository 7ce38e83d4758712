#include "crypto/aes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace siegel::crypto {
namespace {

SecretBytes key_of(std::string_view text) { return SecretBytes::copy_of(from_hex(text).value()); }

ByteArray<16> block_of(std::string_view text) {
  const auto bytes = from_hex(text).value();
  ByteArray<16> out{};
  std::copy_n(bytes.begin(), 16, out.begin());
  return out;
}

class ZeroRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override { std::ranges::fill(out, std::byte{0}); }
};

TEST(Aes, EncryptsTheBlockOfFips197) {
  const auto key = key_of("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const auto out = aes256_encrypt_block(key, block_of("00112233445566778899aabbccddeeff"));
  EXPECT_EQ(hex(out.value()), "8ea2b7ca516745bfeafc49904b496089");
}

TEST(Aes, CountsAsSp80038aDoes) {
  const auto key = key_of("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const auto iv = block_of("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
  const auto text = from_hex(
                        "6bc1bee22e409f96e93d7e117393172a"
                        "ae2d8a571e03ac9c9eb76fac45af8e51")
                        .value();
  const auto cipher = aes256_ctr(key, iv, text).value();
  EXPECT_EQ(hex(cipher), "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5");
  EXPECT_EQ(aes256_ctr(key, iv, cipher).value(), text);
  // A text shorter than a block is the beginning of the longer one.
  EXPECT_EQ(hex(aes256_ctr(key, iv, BytesView(text).first(5)).value()), "601ec31377");
  EXPECT_TRUE(aes256_ctr(key, iv, BytesView()).value().empty());
}

TEST(Aes, GcmGivesTheValuesOfTheSpecification) {
  ZeroRandom zero;
  const SecretBytes key(32);
  const std::string nonce(24, '0');
  EXPECT_EQ(hex(aes256_gcm_seal(key, BytesView(), BytesView(), zero).value()),
            nonce + "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(hex(aes256_gcm_seal(key, Bytes(16), BytesView(), zero).value()),
            nonce + "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Aes, WhatIsSealedOpensAndNoChangedBitDoes) {
  EXPECT_TRUE(rc::check("gcm", [](const std::string& text, const std::string& associated,
                                  std::uint64_t seed) {
    SeededRandom random(seed);
    const auto key = SecretBytes::random(32, random);
    auto sealed = aes256_gcm_seal(key, bytes_of(text), bytes_of(associated), random).value();
    RC_ASSERT(aes256_gcm_open(key, sealed, bytes_of(associated)).value().equals(bytes_of(text)));
    RC_ASSERT(!aes256_gcm_open(key, sealed, bytes_of(associated + "x")).ok());
    RC_ASSERT(!aes256_gcm_open(SecretBytes::random(32, random), sealed, bytes_of(associated)).ok());
    const auto at = *rc::gen::inRange<std::size_t>(0, sealed.size() * 8);
    sealed[at / 8] ^= std::byte{1} << (at % 8);
    const auto opened = aes256_gcm_open(key, sealed, bytes_of(associated));
    RC_ASSERT(!opened.ok());
    RC_ASSERT(opened.error().code == "E-CRY-006");
  }));
}

TEST(Aes, RefusesKeysOfAnotherSizeAndCutTexts) {
  ZeroRandom zero;
  EXPECT_EQ(aes256_ctr(SecretBytes(16), ByteArray<16>{}, BytesView()).error().code, "E-CRY-007");
  EXPECT_EQ(aes256_encrypt_block(SecretBytes(31), ByteArray<16>{}).error().code, "E-CRY-007");
  EXPECT_EQ(aes256_gcm_seal(SecretBytes(33), BytesView(), BytesView(), zero).error().code,
            "E-CRY-007");
  for (std::size_t n = 0; n < 28; ++n) {
    EXPECT_EQ(aes256_gcm_open(SecretBytes(32), Bytes(n), BytesView()).error().code, "E-CRY-006");
  }
}

}  // namespace
}  // namespace siegel::crypto
