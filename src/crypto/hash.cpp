#include "crypto/hash.h"

#include <array>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "crypto/openssl.h"

namespace siegel::crypto {
namespace {

// The low-level SHA-2 functions work on the stack: no lookup, no allocation, no locks.
template <class Context, int (*init)(Context*), int (*update)(Context*, const void*, std::size_t),
          int (*final)(unsigned char*, Context*)>
Bytes sha2(std::size_t size, std::initializer_list<BytesView> parts) {
  Context context;
  init(&context);
  for (const auto part : parts) update(&context, part.data(), part.size());
  Bytes out(size);
  final(detail::raw(out.data()), &context);
  return out;
}

const EVP_MD* fetched(HashAlgorithm algorithm) {
  // Fetched once: EVP_sha3_256() and its like look the implementation up again at every use.
  static const std::array<detail::MdPtr, 4> sha3 = {
      detail::MdPtr(EVP_MD_fetch(nullptr, "SHA3-224", nullptr)),
      detail::MdPtr(EVP_MD_fetch(nullptr, "SHA3-256", nullptr)),
      detail::MdPtr(EVP_MD_fetch(nullptr, "SHA3-384", nullptr)),
      detail::MdPtr(EVP_MD_fetch(nullptr, "SHA3-512", nullptr))};
  const auto index =
      static_cast<std::size_t>(algorithm) - static_cast<std::size_t>(HashAlgorithm::sha3_224);
  return sha3.at(index).get();
}

Bytes sha3(HashAlgorithm algorithm, std::initializer_list<BytesView> parts) {
  const detail::MdCtxPtr context(EVP_MD_CTX_new());
  Bytes out(digest_bytes(algorithm));
  bool ok = context && EVP_DigestInit_ex2(context.get(), fetched(algorithm), nullptr) == 1;
  for (const auto part : parts) {
    ok = ok && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  ok = ok && EVP_DigestFinal_ex(context.get(), detail::raw(out.data()), nullptr) == 1;
  // A hash has no input it can refuse; only a broken installation gets here.
  SIEGEL_CHECK(ok);
  return out;
}

}  // namespace

std::size_t digest_bytes(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha224:
    case HashAlgorithm::sha3_224:
      return 28;
    case HashAlgorithm::sha256:
    case HashAlgorithm::sha3_256:
      return 32;
    case HashAlgorithm::sha384:
    case HashAlgorithm::sha3_384:
      return 48;
    case HashAlgorithm::sha512:
    case HashAlgorithm::sha3_512:
      return 64;
  }
  SIEGEL_CHECK(false);
}

std::string_view hash_name(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha224:
      return "SHA224";
    case HashAlgorithm::sha256:
      return "SHA256";
    case HashAlgorithm::sha384:
      return "SHA384";
    case HashAlgorithm::sha512:
      return "SHA512";
    case HashAlgorithm::sha3_224:
      return "SHA3-224";
    case HashAlgorithm::sha3_256:
      return "SHA3-256";
    case HashAlgorithm::sha3_384:
      return "SHA3-384";
    case HashAlgorithm::sha3_512:
      return "SHA3-512";
  }
  SIEGEL_CHECK(false);
}

Hash256 sha256(BytesView bytes) { return sha256({bytes}); }

Hash256 sha256(std::initializer_list<BytesView> parts) {
  SHA256_CTX context;
  SHA256_Init(&context);
  for (const auto part : parts) SHA256_Update(&context, part.data(), part.size());
  Hash256 out;
  SHA256_Final(detail::raw(out.data()), &context);
  return out;
}

Bytes digest(HashAlgorithm algorithm, BytesView bytes) { return digest(algorithm, {bytes}); }

Bytes digest(HashAlgorithm algorithm, std::initializer_list<BytesView> parts) {
  switch (algorithm) {
    case HashAlgorithm::sha224:
      return sha2<SHA256_CTX, SHA224_Init, SHA224_Update, SHA224_Final>(28, parts);
    case HashAlgorithm::sha256:
      return sha2<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final>(32, parts);
    case HashAlgorithm::sha384:
      return sha2<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final>(48, parts);
    case HashAlgorithm::sha512:
      return sha2<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final>(64, parts);
    case HashAlgorithm::sha3_224:
    case HashAlgorithm::sha3_256:
    case HashAlgorithm::sha3_384:
    case HashAlgorithm::sha3_512:
      return sha3(algorithm, parts);
  }
  SIEGEL_CHECK(false);
}

Bytes hmac_sha256(BytesView key, BytesView message) {
  constexpr std::size_t block = 64;
  ByteArray<block> inner{};
  if (key.size() > block) {
    auto short_key = sha256(key);
    std::memcpy(inner.data(), short_key.data(), short_key.size());
    OPENSSL_cleanse(short_key.data(), short_key.size());
  } else if (!key.empty()) {
    std::memcpy(inner.data(), key.data(), key.size());
  }
  ByteArray<block> outer = inner;
  for (auto& b : inner) b ^= std::byte{0x36};
  for (auto& b : outer) b ^= std::byte{0x5c};
  const auto mac = sha256({BytesView(outer), BytesView(sha256({BytesView(inner), message}))});
  OPENSSL_cleanse(inner.data(), inner.size());
  OPENSSL_cleanse(outer.data(), outer.size());
  return {mac.begin(), mac.end()};
}

Sha256::Sha256() {
  static_assert(sizeof(SHA256_CTX) == state_bytes && std::is_trivially_copyable_v<SHA256_CTX>);
  SHA256_CTX context;
  SHA256_Init(&context);
  std::memcpy(m_state.data(), &context, sizeof context);
}

void Sha256::update(BytesView bytes) {
  SHA256_CTX context;
  std::memcpy(&context, m_state.data(), sizeof context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  std::memcpy(m_state.data(), &context, sizeof context);
}

Hash256 Sha256::digest() const {
  SHA256_CTX context;
  std::memcpy(&context, m_state.data(), sizeof context);
  Hash256 out;
  SHA256_Final(detail::raw(out.data()), &context);
  return out;
}

}  // namespace siegel::crypto
