#include "crypto/ec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "crypto/ec_openssl.h"

namespace siegel::crypto {

using detail::BnCtxPtr;
using detail::BnPtr;
using detail::EcdsaSigPtr;
using detail::EcKeyPtr;
using detail::EcPointPtr;
using detail::ErrorQueueGuard;
using detail::group_of;
using detail::raw;

struct PublicKey::Impl {
  EcKeyPtr key;
  Curve curve;
  Bytes point;
};

struct PrivateKey::Impl {
  EcKeyPtr key;  // OpenSSL clears the private number when it frees it
  PublicKey public_key;
};

namespace {

int nid_of(Curve curve) {
  switch (curve) {
    case Curve::p256:
      return NID_X9_62_prime256v1;
    case Curve::p384:
      return NID_secp384r1;
    case Curve::p521:
      return NID_secp521r1;
    case Curve::brainpool_p256r1:
      return NID_brainpoolP256r1;
    case Curve::brainpool_p384r1:
      return NID_brainpoolP384r1;
    case Curve::brainpool_p512r1:
      return NID_brainpoolP512r1;
  }
  SIEGEL_CHECK(false);
}

Error no_point(std::string detail) { return invalid("E-CRY-001", std::move(detail)); }

Error library_failed(std::string_view doing) {
  return unavailable("E-CRY-008",
                     fmt::format("OpenSSL failed while {}: {}", doing, detail::openssl_reason()));
}

// A key handle of `curve` with `point`; null if the point is not on the curve.
EcKeyPtr key_of_point(Curve curve, BytesView point) {
  const ErrorQueueGuard guard;
  const EC_GROUP* group = group_of(curve);
  const EcPointPtr decoded(EC_POINT_new(group));
  // Checks that both coordinates lie in the field and fulfil the equation.
  if (EC_POINT_oct2point(group, decoded.get(), raw(point.data()), point.size(), nullptr) != 1) {
    return nullptr;
  }
  EcKeyPtr key(EC_KEY_new());
  if (!key || EC_KEY_set_group(key.get(), group) != 1 ||
      EC_KEY_set_public_key(key.get(), decoded.get()) != 1) {
    return nullptr;
  }
  return key;
}

Bytes encode_point(const EC_GROUP* group, const EC_POINT* point) {
  const std::size_t n =
      EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, nullptr, 0, nullptr);
  Bytes out(n);
  SIEGEL_CHECK(n > 1 && EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
                                           raw(out.data()), n, nullptr) == n);
  return out;
}

// Everything of a SubjectPublicKeyInfo [RFC 5480] before the point; the same for each key of a
// curve.
Bytes spki_prefix(Curve curve) {
  static constexpr std::array<unsigned char, 9> ec_public_key = {0x06, 0x07, 0x2A, 0x86, 0x48,
                                                                 0xCE, 0x3D, 0x02, 0x01};
  const auto add_header = [](Bytes& to, unsigned tag, std::size_t length) {
    to.push_back(static_cast<std::byte>(tag));
    if (length >= 0x80) to.push_back(std::byte{0x81});  // nothing here reaches 256
    to.push_back(static_cast<std::byte>(length));
  };
  Bytes algorithm;
  append(algorithm, std::as_bytes(std::span(ec_public_key)));
  add_header(algorithm, 0x06, curve_oid(curve).size());
  append(algorithm, curve_oid(curve));

  Bytes rest;
  add_header(rest, 0x30, algorithm.size());
  append(rest, algorithm);
  add_header(rest, 0x03, 1 + point_bytes(curve));
  rest.push_back(std::byte{0});  // no unused bits

  Bytes prefix;
  add_header(prefix, 0x30, rest.size() + point_bytes(curve));
  append(prefix, rest);
  return prefix;
}

// r and s of a plain signature; null if the length is wrong.
EcdsaSigPtr signature_of(Curve curve, BytesView plain) {
  const std::size_t n = order_bytes(curve);
  if (plain.size() != 2 * n) return nullptr;
  EcdsaSigPtr signature(ECDSA_SIG_new());
  BnPtr r(BN_bin2bn(raw(plain.data()), static_cast<int>(n), nullptr));
  BnPtr s(BN_bin2bn(raw(plain.data() + n), static_cast<int>(n), nullptr));
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
    return nullptr;
  }
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  return signature;
}

Bytes plain_of(Curve curve, const ECDSA_SIG* signature) {
  const auto n = static_cast<int>(order_bytes(curve));
  Bytes plain(signature_bytes(curve));
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw(plain.data()), n) != n ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw(plain.data() + n), n) != n) {
    return {};
  }
  return plain;
}

}  // namespace

const EC_GROUP* detail::group_of(Curve curve) {
  static const auto groups = [] {
    std::array<EcGroupPtr, all_curves.size()> made;
    for (const auto c : all_curves) {
      auto& group = made.at(static_cast<std::size_t>(c));
      group.reset(EC_GROUP_new_by_curve_name(nid_of(c)));
      SIEGEL_CHECK(group != nullptr);
    }
    return made;
  }();
  return groups.at(static_cast<std::size_t>(curve)).get();
}

detail::PkeyPtr detail::EcAccess::pkey(const PublicKey& key) {
  PkeyPtr out(EVP_PKEY_new());
  if (!out || EVP_PKEY_set1_EC_KEY(out.get(), key.m_impl->key.get()) != 1) return nullptr;
  return out;
}

detail::PkeyPtr detail::EcAccess::pkey(const PrivateKey& key) {
  PkeyPtr out(EVP_PKEY_new());
  if (!out || EVP_PKEY_set1_EC_KEY(out.get(), key.m_impl->key.get()) != 1) return nullptr;
  return out;
}

// --- PublicKey

PublicKey::PublicKey(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
PublicKey::PublicKey(PublicKey&&) noexcept = default;
PublicKey& PublicKey::operator=(PublicKey&&) noexcept = default;
PublicKey::~PublicKey() = default;

PublicKey::PublicKey(const PublicKey& other) {
  // The handle is never changed once made, so copies share it by OpenSSL's own count.
  EC_KEY* key = other.m_impl->key.get();
  SIEGEL_CHECK(EC_KEY_up_ref(key) == 1);
  m_impl = std::make_unique<Impl>(Impl{EcKeyPtr(key), other.m_impl->curve, other.m_impl->point});
}
PublicKey& PublicKey::operator=(const PublicKey& other) {
  if (this != &other) *this = PublicKey(other);
  return *this;
}

Result<PublicKey> PublicKey::from_point(Curve curve, BytesView uncompressed) {
  if (uncompressed.size() != point_bytes(curve) || uncompressed[0] != std::byte{4}) {
    return no_point(
        fmt::format("a public key on {} has {} bytes and begins with 04, this one has {}",
                    curve_name(curve), point_bytes(curve), uncompressed.size()));
  }
  auto key = key_of_point(curve, uncompressed);
  if (!key) {
    return no_point(fmt::format("the public key is not a point of {}", curve_name(curve)));
  }
  return PublicKey(std::make_unique<Impl>(
      Impl{std::move(key), curve, Bytes(uncompressed.begin(), uncompressed.end())}));
}

Result<PublicKey> PublicKey::from_point(BytesView uncompressed) {
  bool length_known = false;
  for (const auto curve : all_curves) {
    if (uncompressed.size() != point_bytes(curve)) continue;
    length_known = true;
    auto key = from_point(curve, uncompressed);
    if (key.ok()) return key;
  }
  if (!length_known) {
    return no_point(fmt::format("a public key has 65, 97, 129 or 133 bytes, this one has {}",
                                uncompressed.size()));
  }
  return no_point(
      fmt::format("the public key of {} bytes is not an uncompressed point of any supported curve",
                  uncompressed.size()));
}

Result<PublicKey> PublicKey::from_spki(BytesView der) {
  for (const auto curve : all_curves) {
    const auto prefix = spki_prefix(curve);
    if (der.size() == prefix.size() + point_bytes(curve) &&
        std::ranges::equal(der.first(prefix.size()), prefix)) {
      return from_point(curve, der.subspan(prefix.size()));
    }
  }
  return invalid("E-CRY-002", fmt::format("{} bytes are not a public key of a supported curve in "
                                          "DER (SubjectPublicKeyInfo, named curve, uncompressed)",
                                          der.size()));
}

Curve PublicKey::curve() const { return m_impl->curve; }
const Bytes& PublicKey::point() const { return m_impl->point; }
Hash256 PublicKey::point_hash() const { return sha256(m_impl->point); }

Bytes PublicKey::spki_der() const {
  Bytes der = spki_prefix(m_impl->curve);
  append(der, m_impl->point);
  return der;
}

bool PublicKey::verify_ecdsa(HashAlgorithm hash, BytesView message,
                             BytesView plain_signature) const {
  if (plain_signature.size() != signature_bytes(m_impl->curve)) return false;
  if (hash == HashAlgorithm::sha256) return verify_ecdsa_digest(sha256(message), plain_signature);
  return verify_ecdsa_digest(digest(hash, message), plain_signature);
}

bool PublicKey::verify_ecdsa_digest(BytesView digest, BytesView plain_signature) const {
  if (digest.empty() || digest.size() > EVP_MAX_MD_SIZE) return false;
  const auto signature = signature_of(m_impl->curve, plain_signature);
  if (!signature) return false;
  const ErrorQueueGuard guard;
  // OpenSSL checks 0 < r, s < n and cuts the digest to the bits of the order.
  return ECDSA_do_verify(raw(digest.data()), static_cast<int>(digest.size()), signature.get(),
                         m_impl->key.get()) == 1;
}

bool PublicKey::verify_ecsdsa(HashAlgorithm hash, BytesView message,
                              BytesView plain_signature) const {
  const auto signature = signature_of(m_impl->curve, plain_signature);
  if (!signature) return false;
  const ErrorQueueGuard guard;
  const EC_GROUP* group = group_of(m_impl->curve);
  const BIGNUM* n = EC_GROUP_get0_order(group);
  const BIGNUM* r = ECDSA_SIG_get0_r(signature.get());
  const BIGNUM* s = ECDSA_SIG_get0_s(signature.get());
  if (BN_is_zero(r) || BN_num_bits(r) > BN_num_bits(n) || BN_is_zero(s) || BN_cmp(s, n) >= 0) {
    return false;
  }
  const BnCtxPtr context(BN_CTX_new());
  const BnPtr minus_r(BN_new());
  const EcPointPtr q(EC_POINT_new(group));
  if (!context || !minus_r || !q || BN_nnmod(minus_r.get(), r, n, context.get()) != 1 ||
      BN_sub(minus_r.get(), n, minus_r.get()) != 1 ||
      EC_POINT_mul(group, q.get(), s, EC_KEY_get0_public_key(m_impl->key.get()), minus_r.get(),
                   context.get()) != 1 ||
      EC_POINT_is_at_infinity(group, q.get()) == 1) {
    return false;
  }
  const Bytes point = encode_point(group, q.get());
  Bytes expected = digest(hash, {BytesView(point).subspan(1), message});
  // Every order is either whole bytes long or longer (P-521) than any hash, so cutting to its
  // leftmost bits is cutting bytes.
  if (expected.size() > order_bytes(m_impl->curve)) expected.resize(order_bytes(m_impl->curve));
  const auto r_bytes = plain_signature.first(order_bytes(m_impl->curve));
  const std::size_t pad = r_bytes.size() - expected.size();
  return std::ranges::all_of(r_bytes.first(pad), [](std::byte b) { return b == std::byte{0}; }) &&
         std::ranges::equal(r_bytes.subspan(pad), expected);
}

// --- PrivateKey

PrivateKey::PrivateKey(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
PrivateKey::PrivateKey(PrivateKey&&) noexcept = default;
PrivateKey& PrivateKey::operator=(PrivateKey&&) noexcept = default;
PrivateKey::~PrivateKey() = default;

const PublicKey& PrivateKey::public_key() const { return m_impl->public_key; }

Result<PrivateKey> PrivateKey::generate(Curve curve) {
  const ErrorQueueGuard guard;
  EcKeyPtr key(EC_KEY_new());
  if (!key || EC_KEY_set_group(key.get(), group_of(curve)) != 1 ||
      EC_KEY_generate_key(key.get()) != 1) {
    return library_failed("making a key");
  }
  SIEGEL_TRY(auto public_key,
             PublicKey::from_point(
                 curve, encode_point(group_of(curve), EC_KEY_get0_public_key(key.get()))));
  return PrivateKey(std::make_unique<Impl>(Impl{std::move(key), std::move(public_key)}));
}

Result<PrivateKey> PrivateKey::from_pkcs8(const SecretBytes& der) {
  const ErrorQueueGuard guard;
  const auto refuse = [](std::string_view why) {
    return invalid("E-CRY-003", fmt::format("this is not a usable private key: {}", why));
  };
  const BytesView bytes = der.reveal();
  if (bytes.size() > 4096) return refuse("it is larger than 4096 bytes");
  const unsigned char* p = raw(bytes.data());
  const detail::Pkcs8Ptr info(
      d2i_PKCS8_PRIV_KEY_INFO(nullptr, &p, static_cast<long>(bytes.size())));
  if (!info || p != raw(bytes.data()) + bytes.size()) {
    return refuse("it is not an unencrypted PKCS#8 structure in DER");
  }
  const detail::PkeyPtr pkey(EVP_PKCS82PKEY(info.get()));
  const EC_KEY* given = pkey ? EVP_PKEY_get0_EC_KEY(pkey.get()) : nullptr;
  if (given == nullptr) return refuse("it does not hold a key on an elliptic curve");
  const int nid = EC_GROUP_get_curve_name(EC_KEY_get0_group(given));
  const auto* curve = std::ranges::find(all_curves, nid, nid_of);
  if (curve == all_curves.end()) return refuse("it is on a curve that is not supported");

  const EC_GROUP* group = group_of(*curve);
  const BIGNUM* number = EC_KEY_get0_private_key(given);
  if (number == nullptr || BN_is_zero(number) || BN_is_negative(number) ||
      BN_cmp(number, EC_GROUP_get0_order(group)) >= 0) {
    return refuse("the private number is not between 1 and the order of the curve");
  }
  EcKeyPtr key(EC_KEY_new());
  const EcPointPtr point(EC_POINT_new(group));
  if (!key || !point || EC_KEY_set_group(key.get(), group) != 1 ||
      EC_KEY_set_private_key(key.get(), number) != 1 ||
      EC_POINT_mul(group, point.get(), number, nullptr, nullptr, nullptr) != 1 ||
      EC_KEY_set_public_key(key.get(), point.get()) != 1) {
    return library_failed("reading a private key");
  }
  SIEGEL_TRY(auto public_key, PublicKey::from_point(*curve, encode_point(group, point.get())));
  return PrivateKey(std::make_unique<Impl>(Impl{std::move(key), std::move(public_key)}));
}

SecretBytes PrivateKey::pkcs8() const {
  const ErrorQueueGuard guard;
  const auto pkey = detail::EcAccess::pkey(*this);
  const detail::Pkcs8Ptr info(pkey ? EVP_PKEY2PKCS8(pkey.get()) : nullptr);
  const int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : -1;
  SIEGEL_CHECK(size > 0);  // a key that was made or read here can be written
  SecretBytes der(static_cast<std::size_t>(size));
  unsigned char* p = raw(der.writable().data());
  SIEGEL_CHECK(i2d_PKCS8_PRIV_KEY_INFO(info.get(), &p) == size);
  return der;
}

Result<Bytes> PrivateKey::sign_ecdsa(HashAlgorithm hash, BytesView message) const {
  if (hash == HashAlgorithm::sha256) return sign_ecdsa_digest(sha256(message));
  return sign_ecdsa_digest(digest(hash, message));
}

Result<Bytes> PrivateKey::sign_ecdsa_digest(BytesView digest) const {
  const ErrorQueueGuard guard;
  if (digest.empty() || digest.size() > EVP_MAX_MD_SIZE) {
    return invalid("E-CRY-005", fmt::format("a digest has 1 to {} bytes, this one has {}",
                                            EVP_MAX_MD_SIZE, digest.size()));
  }
  const EcdsaSigPtr signature(
      ECDSA_do_sign(raw(digest.data()), static_cast<int>(digest.size()), m_impl->key.get()));
  if (!signature) return library_failed("signing");
  auto plain = plain_of(curve(), signature.get());
  if (plain.empty()) return library_failed("signing");
  return plain;
}

// --- forms of a signature

Result<Bytes> plain_from_der(Curve curve, BytesView der) {
  const ErrorQueueGuard guard;
  const auto refuse = [&] {
    return invalid("E-CRY-004", fmt::format("{} bytes are not a DER signature for {}", der.size(),
                                            curve_name(curve)));
  };
  if (der.size() > signature_bytes(curve) + 16) return refuse();
  const unsigned char* p = raw(der.data());
  const EcdsaSigPtr signature(d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size())));
  if (!signature || p != raw(der.data()) + der.size()) return refuse();
  if (BN_is_negative(ECDSA_SIG_get0_r(signature.get())) ||
      BN_is_negative(ECDSA_SIG_get0_s(signature.get()))) {
    return refuse();
  }
  // One number has one DER encoding: what does not come back byte by byte was not DER.
  if (!std::ranges::equal(der, detail::der_by<const ECDSA_SIG*>(i2d_ECDSA_SIG, signature.get()))) {
    return refuse();
  }
  auto plain = plain_of(curve, signature.get());
  if (plain.empty()) return refuse();
  return plain;
}

Result<Bytes> der_from_plain(Curve curve, BytesView plain) {
  const ErrorQueueGuard guard;
  const auto signature = signature_of(curve, plain);
  if (!signature) {
    return invalid("E-CRY-005",
                   fmt::format("a signature on {} has {} bytes, this one has {}", curve_name(curve),
                               signature_bytes(curve), plain.size()));
  }
  return detail::der_by<const ECDSA_SIG*>(i2d_ECDSA_SIG, signature.get());
}

}  // namespace siegel::crypto
