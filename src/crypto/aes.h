#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"

namespace siegel::crypto {

inline constexpr std::size_t aes256_key_bytes = 32;
inline constexpr std::size_t aes_block_bytes = 16;
inline constexpr std::size_t gcm_nonce_bytes = 12;
inline constexpr std::size_t gcm_tag_bytes = 16;

/// AES-256 in counter mode [SP 800-38A 6.5], the counter block counting up from `iv` as a 128-bit
/// big-endian number. Encrypts and decrypts alike. It does not notice changed bytes, and one key
/// and iv must never serve two texts. Error E-CRY-007: the key has not 32 bytes.
[[nodiscard]] Result<Bytes> aes256_ctr(const SecretBytes& key, std::span<const std::byte, 16> iv,
                                       BytesView text);
/// One block, as a permutation of 16 bytes. Error E-CRY-007.
[[nodiscard]] Result<ByteArray<16>> aes256_encrypt_block(const SecretBytes& key,
                                                         std::span<const std::byte, 16> block);

/// AES-256-GCM [SP 800-38D]. Result: 12 bytes nonce, ciphertext, 16 bytes tag. The nonce is taken
/// from `random`; at most 2^32 texts per key. `associated` is protected but not contained.
/// Errors E-CRY-007, E-CRY-008 (the library failed).
[[nodiscard]] Result<Bytes> aes256_gcm_seal(const SecretBytes& key, BytesView text,
                                            BytesView associated, Random& random);
/// The text of aes256_gcm_seal(). Error E-CRY-006 (corrupt): another key, other associated data, or
/// changed bytes; which of them cannot be told. E-CRY-007.
[[nodiscard]] Result<SecretBytes> aes256_gcm_open(const SecretBytes& key, BytesView sealed,
                                                  BytesView associated);

}  // namespace siegel::crypto
