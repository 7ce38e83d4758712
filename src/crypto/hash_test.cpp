#include "crypto/hash.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace siegel::crypto {
namespace {

struct KnownDigest {
  HashAlgorithm algorithm;
  const char* of_abc;
};

// FIPS 180-4 and FIPS 202 examples for the message "abc".
const KnownDigest known[] = {
    {HashAlgorithm::sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
    {HashAlgorithm::sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {HashAlgorithm::sha384,
     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c8"
     "25a7"},
    {HashAlgorithm::sha512,
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
     "ebbd454d4423643ce80e2a9ac94fa54ca49f"},
    {HashAlgorithm::sha3_224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"},
    {HashAlgorithm::sha3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"},
    {HashAlgorithm::sha3_384,
     "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf22837"
     "6d25"},
    {HashAlgorithm::sha3_512,
     "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3"
     "934057340b4cf408d5a56592f8274eec53f0"}};

TEST(Hash, GivesTheDigestsOfTheStandards) {
  for (const auto& [algorithm, expected] : known) {
    EXPECT_EQ(hex(digest(algorithm, bytes_of("abc"))), expected) << hash_name(algorithm);
    EXPECT_EQ(hex(digest(algorithm, {bytes_of("a"), BytesView(), bytes_of("bc")})), expected);
    EXPECT_EQ(digest(algorithm, BytesView()).size(), digest_bytes(algorithm));
  }
}

TEST(Hash, Sha256OfNothingIsKnown) {
  EXPECT_EQ(hex(sha256(BytesView())),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hash, EveryWayToSha256AgreesHoweverTheInputIsCut) {
  EXPECT_TRUE(rc::check("sha256", [](const std::string& a, const std::string& b) {
    const auto whole = sha256(bytes_of(a + b));
    RC_ASSERT(sha256({bytes_of(a), bytes_of(b)}) == whole);
    RC_ASSERT(digest(HashAlgorithm::sha256, bytes_of(a + b)) == Bytes(whole.begin(), whole.end()));
    Sha256 stream;
    stream.update(bytes_of(a));
    RC_ASSERT(stream.digest() == sha256(bytes_of(a)));
    Sha256 fork = stream;
    stream.update(bytes_of(b));
    RC_ASSERT(stream.digest() == whole);
    RC_ASSERT(fork.digest() == sha256(bytes_of(a)));
  }));
}

TEST(Hash, HmacGivesTheCodesOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(Bytes(20, std::byte{0x0b}), bytes_of("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256(Bytes(131, std::byte{0xaa}),
                            bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace siegel::crypto
