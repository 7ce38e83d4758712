#include "crypto/secret.h"

#include <algorithm>

#include "crypto/openssl.h"

namespace siegel::crypto {

void wipe(std::span<std::byte> memory) { OPENSSL_cleanse(memory.data(), memory.size()); }

bool equal_constant_time(BytesView a, BytesView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

SecretBytes SecretBytes::copy_of(BytesView bytes) {
  SecretBytes copy(bytes.size());
  std::ranges::copy(bytes, copy.m_bytes.begin());
  return copy;
}

SecretBytes SecretBytes::random(std::size_t size, Random& random) {
  SecretBytes secret(size);
  random.fill(secret.m_bytes);
  return secret;
}

}  // namespace siegel::crypto
