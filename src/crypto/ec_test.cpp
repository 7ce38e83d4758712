#include "crypto/ec.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "crypto/ec_openssl.h"
#include "crypto/tse_algorithm.h"

namespace siegel::crypto {
namespace {

using detail::BnCtxPtr;
using detail::BnPtr;
using detail::EcPointPtr;
using detail::group_of;
using detail::raw;

constexpr std::array all_hashes = {HashAlgorithm::sha224,   HashAlgorithm::sha256,
                                   HashAlgorithm::sha384,   HashAlgorithm::sha512,
                                   HashAlgorithm::sha3_224, HashAlgorithm::sha3_256,
                                   HashAlgorithm::sha3_384, HashAlgorithm::sha3_512};

Bytes bytes(std::string_view text) { return from_hex(text).value(); }

PublicKey key_of(std::string_view x, std::string_view y) {
  return PublicKey::from_point(bytes("04" + std::string(x) + std::string(y))).value();
}

Bytes number(Curve curve, const BIGNUM* n) {
  Bytes out(order_bytes(curve));
  BN_bn2binpad(n, raw(out.data()), static_cast<int>(out.size()));
  return out;
}

BnPtr order_plus(Curve curve, int add) {
  BnPtr n(BN_dup(EC_GROUP_get0_order(group_of(curve))));
  if (add >= 0) BN_add_word(n.get(), static_cast<BN_ULONG>(add));
  if (add < 0) BN_sub_word(n.get(), static_cast<BN_ULONG>(-add));
  return n;
}

// ECSDSA as TR-03111 4.2.3 signs it. Here only: no device of ours signs with it.
struct EcsdsaSigner {
  explicit EcsdsaSigner(Curve c) : curve(c), d(BN_new()) {
    const EC_GROUP* group = group_of(curve);
    const EcPointPtr p(EC_POINT_new(group));
    BN_priv_rand_range(d.get(), EC_GROUP_get0_order(group));
    EC_POINT_mul(group, p.get(), d.get(), nullptr, nullptr, nullptr);
    point = encode(p.get());
  }

  [[nodiscard]] Bytes encode(const EC_POINT* p) const {
    Bytes out(point_bytes(curve));
    EC_POINT_point2oct(group_of(curve), p, POINT_CONVERSION_UNCOMPRESSED, raw(out.data()),
                       out.size(), nullptr);
    return out;
  }

  [[nodiscard]] Bytes sign(HashAlgorithm hash, BytesView message) const {
    const EC_GROUP* group = group_of(curve);
    const BIGNUM* n = EC_GROUP_get0_order(group);
    const BnCtxPtr context(BN_CTX_new());
    const BnPtr k(BN_new());
    const BnPtr s(BN_new());
    const EcPointPtr q(EC_POINT_new(group));
    BN_priv_rand_range(k.get(), n);
    EC_POINT_mul(group, q.get(), k.get(), nullptr, nullptr, nullptr);
    Bytes r = digest(hash, {BytesView(encode(q.get())).subspan(1), message});
    if (r.size() > order_bytes(curve)) r.resize(order_bytes(curve));
    const BnPtr r_number(BN_bin2bn(raw(r.data()), static_cast<int>(r.size()), nullptr));
    BN_mod_mul(s.get(), r_number.get(), d.get(), n, context.get());
    BN_mod_add(s.get(), s.get(), k.get(), n, context.get());
    Bytes plain = number(curve, r_number.get());
    append(plain, number(curve, s.get()));
    return plain;
  }

  Curve curve;
  BnPtr d;
  Bytes point;
};

TEST(Ecdsa, VerifiesTheSignaturesOfRfc6979) {
  const auto p256 = key_of("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
                           "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
  EXPECT_EQ(p256.curve(), Curve::p256);
  EXPECT_TRUE(
      p256.verify_ecdsa(HashAlgorithm::sha256, bytes_of("sample"),
                        bytes("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                              "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8")));
  // The hash is longer than the order: its leftmost 256 bits count.
  const auto sha512 = bytes(
      "8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F00"
      "2362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE");
  EXPECT_TRUE(p256.verify_ecdsa(HashAlgorithm::sha512, bytes_of("sample"), sha512));
  const auto cut = digest(HashAlgorithm::sha512, bytes_of("sample"));
  EXPECT_TRUE(p256.verify_ecdsa_digest(BytesView(cut).first(32), sha512));

  const auto p384 = key_of(
      "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
      "DEF8F0EA9055866064A254515480BC13",
      "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1"
      "288B231C3AE0D4FE7344FD2533264720");
  EXPECT_EQ(p384.curve(), Curve::p384);
  EXPECT_TRUE(
      p384.verify_ecdsa(HashAlgorithm::sha384, bytes_of("sample"),
                        bytes("94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
                              "81A648152E44ACF96E36DD1E80FABE46"
                              "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
                              "A329C145786E679E7B82C71A38628AC8")));

  const auto p521 = key_of(
      "01894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD37"
      "1123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F5023A4",
      "00493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A28"
      "A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFDFCF5");
  EXPECT_EQ(p521.curve(), Curve::p521);
  EXPECT_TRUE(p521.verify_ecdsa(
      HashAlgorithm::sha512, bytes_of("sample"),
      bytes("00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F17"
            "4E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA"
            "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28"
            "2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A")));
}

TEST(Ecdsa, ReadsTheBrainpoolKeyOfRfc7027) {
  // PKCS#8 around the private number of RFC 7027 A.1, without the public key.
  const auto key = PrivateKey::from_pkcs8(SecretBytes::copy_of(
      bytes("3042020100301406072a8648ce3d020106092b24030302080101070427302502010104208"
            "1db1ee100150ff2ea338d708271be38300cb54241d79950f77b063039804f1d")));
  ASSERT_TRUE(key.ok()) << key.error().detail;
  EXPECT_EQ(key->curve(), Curve::brainpool_p256r1);
  EXPECT_EQ(hex(key->public_key().point()),
            "0444106e913f92bc02a1705d9953a8414db95e1aaa49e81d9e85f929a8e3100be5"
            "8ab4846f11caccb73ce49cbdd120f5a900a69fd32c272223f789ef10eb089bdc");
}

TEST(Ecdsa, SignsWithEveryHashOnEveryCurve) {
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value();
    for (const auto hash : all_hashes) {
      const auto signature = key.sign_ecdsa(hash, bytes_of("Beleg^1.00")).value();
      EXPECT_EQ(signature.size(), signature_bytes(curve));
      const auto& verifier = key.public_key();
      EXPECT_TRUE(verifier.verify_ecdsa(hash, bytes_of("Beleg^1.00"), signature));
      EXPECT_TRUE(
          verify(verifier, {SignatureScheme::ecdsa, hash}, bytes_of("Beleg^1.00"), signature));
      EXPECT_FALSE(
          verify(verifier, {SignatureScheme::ecsdsa, hash}, bytes_of("Beleg^1.00"), signature));
      EXPECT_FALSE(verifier.verify_ecdsa(hash, bytes_of("Beleg^1.01"), signature));
    }
  }
}

Bytes flipped(Bytes in, std::size_t bit) {
  in[bit / 8] ^= std::byte{1} << (bit % 8);
  return in;
}

TEST(Ecdsa, NoFlippedBitVerifies) {
  for (const auto curve : {Curve::p256, Curve::brainpool_p384r1, Curve::p521}) {
    const auto key = PrivateKey::generate(curve).value();
    const auto hash = HashAlgorithm::sha384;
    EXPECT_TRUE(rc::check(std::string(curve_name(curve)), [&] {
      const auto size = *rc::gen::inRange<std::size_t>(1, 300);
      const auto message = *rc::gen::container<Bytes>(
          size, rc::gen::map(rc::gen::arbitrary<unsigned char>(),
                             [](unsigned char c) { return std::byte{c}; }));
      const auto signature = key.sign_ecdsa(hash, message).value();
      const auto& verifier = key.public_key();
      RC_ASSERT(verifier.verify_ecdsa(hash, message, signature));
      const auto in_message = *rc::gen::inRange<std::size_t>(0, message.size() * 8);
      RC_ASSERT(!verifier.verify_ecdsa(hash, flipped(message, in_message), signature));
      const auto in_signature = *rc::gen::inRange<std::size_t>(0, signature.size() * 8);
      RC_ASSERT(!verifier.verify_ecdsa(hash, message, flipped(signature, in_signature)));
      const auto in_key = *rc::gen::inRange<std::size_t>(0, verifier.point().size() * 8);
      const auto other = PublicKey::from_point(flipped(verifier.point(), in_key));
      // RC_ASSERT evaluates both sides of ||.
      const bool refused = !other.ok() || !other->verify_ecdsa(hash, message, signature);
      RC_ASSERT(refused);
    }));
  }
}

TEST(Ecdsa, EveryBitOfAShortMessageAndItsSignatureCounts) {
  const auto key = PrivateKey::generate(Curve::p256).value();
  const auto message = to_bytes("Beleg^75.33_7.99_0.00_0.00_0.00^10.00:Bar");
  const auto signature = key.sign_ecdsa(HashAlgorithm::sha256, message).value();
  const auto& verifier = key.public_key();
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    EXPECT_FALSE(verifier.verify_ecdsa(HashAlgorithm::sha256, flipped(message, bit), signature));
  }
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    EXPECT_FALSE(verifier.verify_ecdsa(HashAlgorithm::sha256, message, flipped(signature, bit)));
  }
  // A point with one changed coordinate bit lies on no curve.
  for (std::size_t bit = 0; bit < verifier.point().size() * 8; ++bit) {
    EXPECT_EQ(PublicKey::from_point(flipped(verifier.point(), bit)).error().code, "E-CRY-001");
  }
}

TEST(Ecdsa, RefusesNumbersOutOfRangeAndOtherLengths) {
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value();
    const auto digest = sha256(bytes_of("x"));
    const auto good = key.sign_ecdsa_digest(digest).value();
    const std::size_t n = order_bytes(curve);
    const auto refuses = [&](const Bytes& r, const Bytes& s) {
      Bytes both = r;
      append(both, s);
      return !key.public_key().verify_ecdsa_digest(digest, both);
    };
    const Bytes r(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n));
    const Bytes s(good.begin() + static_cast<std::ptrdiff_t>(n), good.end());
    ASSERT_FALSE(refuses(r, s));
    EXPECT_TRUE(refuses(Bytes(n), s));
    EXPECT_TRUE(refuses(r, Bytes(n)));
    EXPECT_TRUE(refuses(Bytes(n), Bytes(n)));
    EXPECT_TRUE(refuses(r, number(curve, order_plus(curve, 0).get())));
    EXPECT_TRUE(refuses(number(curve, order_plus(curve, 0).get()), s));
    EXPECT_TRUE(refuses(Bytes(n, std::byte{0xFF}), s));
    EXPECT_TRUE(refuses(r, Bytes(n, std::byte{0xFF})));
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, n, 2 * n - 1, 2 * n + 1}) {
      Bytes other = good;
      other.resize(length);
      EXPECT_FALSE(key.public_key().verify_ecdsa_digest(digest, other)) << length;
      EXPECT_FALSE(key.public_key().verify_ecsdsa(HashAlgorithm::sha256, bytes_of("x"), other));
    }
    EXPECT_FALSE(key.public_key().verify_ecdsa_digest(BytesView(), good));
  }
}

TEST(Ecdsa, OneKeyServesManyThreads) {
  const auto key = PrivateKey::generate(Curve::p256).value();
  const PublicKey verifier = key.public_key();
  std::array<int, 4> good{};
  {
    std::vector<std::jthread> threads;
    for (int& count : good) {
      threads.emplace_back([&key, &verifier, &count] {
        const PublicKey copy = verifier;
        for (int i = 0; i < 100; ++i) {
          const auto text = std::to_string(i);
          const auto signature = key.sign_ecdsa(HashAlgorithm::sha256, bytes_of(text)).value();
          if (verifier.verify_ecdsa(HashAlgorithm::sha256, bytes_of(text), signature) &&
              copy.verify_ecdsa(HashAlgorithm::sha256, bytes_of(text), signature)) {
            ++count;
          }
        }
      });
    }
  }
  EXPECT_TRUE(std::ranges::all_of(good, [](int n) { return n == 100; }));
}

TEST(Ecsdsa, VerifiesWhatTheDefinitionSigns) {
  for (const auto curve : all_curves) {
    const EcsdsaSigner signer(curve);
    const auto key = PublicKey::from_point(signer.point).value();
    for (const auto hash : all_hashes) {
      const auto message = to_bytes("startTransaction");
      const auto good = signer.sign(hash, message);
      EXPECT_TRUE(key.verify_ecsdsa(hash, message, good)) << curve_name(curve) << hash_name(hash);
      EXPECT_FALSE(key.verify_ecdsa(hash, message, good));
      EXPECT_FALSE(key.verify_ecsdsa(hash, bytes_of("startTransactioN"), good));
      EXPECT_TRUE(verify(key, {SignatureScheme::ecsdsa, hash}, message, good));
    }
  }
}

TEST(Ecsdsa, NoFlippedBitVerifies) {
  for (const auto curve : {Curve::brainpool_p256r1, Curve::p384}) {
    const EcsdsaSigner signer(curve);
    const auto key = PublicKey::from_point(signer.point).value();
    const auto hash = HashAlgorithm::sha512;
    const auto message = to_bytes("finishTransaction");
    const auto good = signer.sign(hash, message);
    ASSERT_TRUE(key.verify_ecsdsa(hash, message, good));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      EXPECT_FALSE(key.verify_ecsdsa(hash, message, flipped(good, bit))) << bit;
    }
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
      EXPECT_FALSE(key.verify_ecsdsa(hash, flipped(message, bit), good)) << bit;
    }
  }
}

TEST(Ecsdsa, RefusesNumbersOutOfRange) {
  const auto curve = Curve::brainpool_p256r1;
  const EcsdsaSigner signer(curve);
  const auto key = PublicKey::from_point(signer.point).value();
  auto zero_r = signer.sign(HashAlgorithm::sha256, bytes_of("m"));
  auto zero_s = zero_r;
  std::fill_n(zero_r.begin(), 32, std::byte{0});
  std::fill_n(zero_s.begin() + 32, 32, std::byte{0});
  EXPECT_FALSE(key.verify_ecsdsa(HashAlgorithm::sha256, bytes_of("m"), zero_r));
  EXPECT_FALSE(key.verify_ecsdsa(HashAlgorithm::sha256, bytes_of("m"), zero_s));
  // s + n gives the same point, but is not in the range. Only a small s leaves room for it.
  for (int tries = 0; tries < 1000; ++tries) {
    auto signature = signer.sign(HashAlgorithm::sha256, bytes_of("m"));
    const BnPtr s(BN_bin2bn(raw(signature.data() + 32), 32, nullptr));
    BN_add(s.get(), s.get(), EC_GROUP_get0_order(group_of(curve)));
    if (BN_num_bits(s.get()) > 256) continue;
    const auto larger = number(curve, s.get());
    std::ranges::copy(larger, signature.begin() + 32);
    EXPECT_FALSE(key.verify_ecsdsa(HashAlgorithm::sha256, bytes_of("m"), signature));
    return;
  }
  FAIL() << "no s small enough in 1000 tries";
}

TEST(PublicKey, FindsTheCurveFromThePoint) {
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value().public_key();
    EXPECT_EQ(PublicKey::from_point(key.point()).value().curve(), curve);
    EXPECT_EQ(key.point().size(), point_bytes(curve));
    EXPECT_EQ(key.point_hash(), sha256(key.point()));
    for (const auto other : all_curves) {
      EXPECT_EQ(PublicKey::from_point(other, key.point()).ok(), other == curve);
    }
    EXPECT_EQ(curve_by_name(curve_name(curve)), curve);
  }
}

TEST(PublicKey, RefusesWhatIsNoPoint) {
  const auto good = PrivateKey::generate(Curve::p256).value().public_key().point();
  EXPECT_FALSE(PublicKey::from_point(BytesView()).ok());
  EXPECT_FALSE(PublicKey::from_point(BytesView(good).first(64)).ok());
  EXPECT_FALSE(PublicKey::from_point(Bytes(65)).ok());
  EXPECT_FALSE(PublicKey::from_point(bytes("00")).ok());
  auto compressed = good;
  compressed.resize(33);
  compressed[0] = std::byte{2};
  EXPECT_EQ(PublicKey::from_point(compressed).error().code, "E-CRY-001");
  auto hybrid = good;
  hybrid[0] = std::byte{6};
  EXPECT_FALSE(PublicKey::from_point(hybrid).ok());
  // A coordinate as large as the field prime or larger.
  auto large = good;
  std::fill_n(large.begin() + 1, 32, std::byte{0xFF});
  EXPECT_FALSE(PublicKey::from_point(large).ok());
}

TEST(PublicKey, SpkiGoesBackAndForthAndNothingElseIsRead) {
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value().public_key();
    const auto spki = key.spki_der();
    EXPECT_EQ(PublicKey::from_spki(spki).value(), key);
    // OpenSSL writes the same bytes.
    const auto pkey = detail::EcAccess::pkey(key);
    EXPECT_EQ(detail::der_by<const EVP_PKEY*>(i2d_PUBKEY, pkey.get()), spki);
    auto longer = spki;
    longer.push_back(std::byte{0});
    EXPECT_EQ(PublicKey::from_spki(longer).error().code, "E-CRY-002");
    for (std::size_t bit = 0; bit < spki.size() * 8; ++bit) {
      EXPECT_FALSE(PublicKey::from_spki(flipped(spki, bit)).ok()) << bit;
    }
  }
  EXPECT_FALSE(PublicKey::from_spki(BytesView()).ok());
}

TEST(PrivateKey, Pkcs8GoesBackAndForth) {
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value();
    const auto again = PrivateKey::from_pkcs8(key.pkcs8());
    ASSERT_TRUE(again.ok()) << again.error().detail;
    EXPECT_EQ(again->public_key(), key.public_key());
    const auto signature = again->sign_ecdsa(HashAlgorithm::sha256, bytes_of("m")).value();
    EXPECT_TRUE(key.public_key().verify_ecdsa(HashAlgorithm::sha256, bytes_of("m"), signature));
  }
}

TEST(PrivateKey, RefusesDamagedFiles) {
  const auto der = PrivateKey::generate(Curve::p256).value().pkcs8();
  for (std::size_t n = 0; n < der.size(); ++n) {
    EXPECT_EQ(PrivateKey::from_pkcs8(SecretBytes::copy_of(der.reveal().first(n))).error().code,
              "E-CRY-003");
  }
  Bytes longer(der.reveal().begin(), der.reveal().end());
  longer.push_back(std::byte{0});
  EXPECT_FALSE(PrivateKey::from_pkcs8(SecretBytes::copy_of(longer)).ok());
}

TEST(PrivateKey, RefusesANumberOutsideTheOrder) {
  const std::string head = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
  const auto read = [&](const std::string& n) {
    return PrivateKey::from_pkcs8(SecretBytes::copy_of(bytes(head + n)));
  };
  const auto order = hex(number(Curve::p256, order_plus(Curve::p256, 0).get()));
  const auto largest = hex(number(Curve::p256, order_plus(Curve::p256, -1).get()));
  EXPECT_TRUE(read(largest).ok()) << read(largest).error().detail;
  EXPECT_FALSE(read(order).ok());
  EXPECT_FALSE(read(std::string(64, '0')).ok());
  EXPECT_FALSE(read(std::string(64, 'f')).ok());
}

TEST(SignatureForm, GoesToDerAndBack) {
  for (const auto curve : all_curves) {
    const auto key = PrivateKey::generate(curve).value();
    for (int i = 0; i < 50; ++i) {
      const auto plain = key.sign_ecdsa(HashAlgorithm::sha256, bytes_of(std::to_string(i))).value();
      const auto der = der_from_plain(curve, plain).value();
      EXPECT_EQ(plain_from_der(curve, der).value(), plain);
    }
  }
  // Small numbers: one byte each, and a leading zero where the top bit is set.
  Bytes plain(64);
  plain[31] = std::byte{1};
  plain[63] = std::byte{0x80};
  EXPECT_EQ(hex(der_from_plain(Curve::p256, plain).value()), "300702010102020080");
  EXPECT_EQ(plain_from_der(Curve::p256, bytes("300702010102020080")).value(), plain);
}

TEST(SignatureForm, RefusesEverythingThatIsNotDer) {
  for (const char* bad : {"", "30", "3000", "3006020101020180",  // s negative
                          "300702010102020001",                  // needless zero
                          "30070201010202008000",                // more behind
                          "30080201010202008000",                // more inside
                          "30810702010102020080",                // long length form
                          "3080020101020200800000",              // indefinite
                          "3003020101", "3105020101020101"}) {
    const auto plain = plain_from_der(Curve::p256, bytes(bad));
    ASSERT_FALSE(plain.ok()) << bad;
    EXPECT_EQ(plain.error().code, "E-CRY-004");
  }
  // A number longer than the order.
  EXPECT_FALSE(
      plain_from_der(Curve::p256, bytes("3026022101" + std::string(64, '0') + "020101")).ok());
  EXPECT_EQ(der_from_plain(Curve::p256, Bytes(63)).error().code, "E-CRY-005");
}

TEST(OpenSsl, ItsErrorQueueStaysEmpty) {
  ERR_clear_error();
  static_cast<void>(PublicKey::from_point(Bytes(65, std::byte{4})));
  static_cast<void>(plain_from_der(Curve::p256, bytes("3006020101020180")));
  static_cast<void>(PrivateKey::from_pkcs8(SecretBytes::copy_of(bytes("3000"))));
  const auto key = PrivateKey::generate(Curve::p256).value();
  EXPECT_FALSE(key.public_key().verify_ecdsa_digest(sha256(bytes_of("")), Bytes(64)));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace siegel::crypto
