#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "base/bytes.h"

namespace siegel::crypto {

/// The hashes of a TSE [FIPS 180-4, FIPS 202]. SHA-1 and RIPEMD-160 do not exist here.
enum class HashAlgorithm {
  sha224,
  sha256,
  sha384,
  sha512,
  sha3_224,
  sha3_256,
  sha3_384,
  sha3_512,
};

/// Bytes of a digest: 28, 32, 48 or 64.
[[nodiscard]] std::size_t digest_bytes(HashAlgorithm algorithm);
/// `SHA256`, `SHA3-256`: the spelling inside the names of TSE algorithms.
[[nodiscard]] std::string_view hash_name(HashAlgorithm algorithm);

/// SHA-256 without allocation, made for inputs of a few hundred bytes. Any thread.
[[nodiscard]] Hash256 sha256(BytesView bytes);
/// SHA-256 of the parts one after the other, as if they were joined.
[[nodiscard]] Hash256 sha256(std::initializer_list<BytesView> parts);
/// The digest of `bytes`; its size is digest_bytes(algorithm). Any thread.
[[nodiscard]] Bytes digest(HashAlgorithm algorithm, BytesView bytes);
[[nodiscard]] Bytes digest(HashAlgorithm algorithm, std::initializer_list<BytesView> parts);
/// HMAC [RFC 2104] with SHA-256. Compare with equal_constant_time().
[[nodiscard]] Bytes hmac_sha256(BytesView key, BytesView message);

/// SHA-256 of a stream. A value: a copy continues from the same place. One thread at a time.
class Sha256 {
 public:
  Sha256();
  void update(BytesView bytes);
  /// The digest of everything so far; update() may go on afterwards.
  [[nodiscard]] Hash256 digest() const;

 private:
  static constexpr std::size_t state_bytes = 112;
  alignas(8) ByteArray<state_bytes> m_state;
};

}  // namespace siegel::crypto
