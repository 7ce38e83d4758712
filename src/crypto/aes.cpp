#include "crypto/aes.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/openssl.h"

namespace siegel::crypto {
namespace {

using detail::CipherCtxPtr;
using detail::CipherPtr;
using detail::ErrorQueueGuard;
using detail::raw;

// Fetched once, never changed.
const EVP_CIPHER* ctr() {
  static const CipherPtr cipher(EVP_CIPHER_fetch(nullptr, "AES-256-CTR", nullptr));
  return cipher.get();
}
const EVP_CIPHER* ecb() {
  static const CipherPtr cipher(EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr));
  return cipher.get();
}
const EVP_CIPHER* gcm() {
  static const CipherPtr cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  return cipher.get();
}

Status check_sizes(const SecretBytes& key, std::size_t text, std::size_t associated = 0) {
  if (key.size() != aes256_key_bytes) {
    return invalid("E-CRY-007",
                   fmt::format("an AES-256 key has 32 bytes, this one has {}", key.size()));
  }
  // OpenSSL counts with int; no text of this program comes near.
  constexpr std::size_t size_max = 1U << 30U;
  if (text > size_max || associated > size_max) {
    return invalid("E-CRY-007", fmt::format("at most {} bytes are encrypted at once", size_max));
  }
  return Ok{};
}

Error failed() {
  return unavailable("E-CRY-008",
                     fmt::format("OpenSSL failed while encrypting: {}", detail::openssl_reason()));
}

int size_of(BytesView bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<Bytes> aes256_ctr(const SecretBytes& key, std::span<const std::byte, 16> iv,
                         BytesView text) {
  SIEGEL_TRY_OK(check_sizes(key, text.size()));
  const ErrorQueueGuard guard;
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  Bytes out(text.size());
  int written = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), ctr(), raw(key.reveal().data()), raw(iv.data()),
                          nullptr) != 1 ||
      (!text.empty() && EVP_EncryptUpdate(context.get(), raw(out.data()), &written,
                                          raw(text.data()), size_of(text)) != 1) ||
      written != size_of(text)) {
    return failed();
  }
  return out;
}

Result<ByteArray<16>> aes256_encrypt_block(const SecretBytes& key,
                                           std::span<const std::byte, 16> block) {
  SIEGEL_TRY_OK(check_sizes(key, block.size()));
  const ErrorQueueGuard guard;
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  ByteArray<16> out{};
  int written = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), ecb(), raw(key.reveal().data()), nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_EncryptUpdate(context.get(), raw(out.data()), &written, raw(block.data()), 16) != 1 ||
      written != 16) {
    return failed();
  }
  return out;
}

Result<Bytes> aes256_gcm_seal(const SecretBytes& key, BytesView text, BytesView associated,
                              Random& random) {
  SIEGEL_TRY_OK(check_sizes(key, text.size(), associated.size()));
  const ErrorQueueGuard guard;
  Bytes sealed(gcm_nonce_bytes + text.size() + gcm_tag_bytes);
  const auto nonce = std::span(sealed).first(gcm_nonce_bytes);
  random.fill(nonce);
  std::byte* body = sealed.data() + gcm_nonce_bytes;
  std::byte* tag = body + text.size();
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  int written = 0;
  if (!context ||
      EVP_EncryptInit_ex2(context.get(), gcm(), raw(key.reveal().data()), raw(nonce.data()),
                          nullptr) != 1 ||
      (!associated.empty() &&
       EVP_EncryptUpdate(context.get(), nullptr, &written, raw(associated.data()),
                         size_of(associated)) != 1) ||
      (!text.empty() && EVP_EncryptUpdate(context.get(), raw(body), &written, raw(text.data()),
                                          size_of(text)) != 1) ||
      EVP_EncryptFinal_ex(context.get(), raw(tag), &written) != 1 ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(gcm_tag_bytes),
                          tag) != 1) {
    return failed();
  }
  return sealed;
}

Result<SecretBytes> aes256_gcm_open(const SecretBytes& key, BytesView sealed,
                                    BytesView associated) {
  SIEGEL_TRY_OK(check_sizes(key, sealed.size(), associated.size()));
  const ErrorQueueGuard guard;
  const auto refuse = [] {
    return corrupt(
        "E-CRY-006",
        "the sealed data cannot be opened: the key is another one, or bytes were changed");
  };
  if (sealed.size() < gcm_nonce_bytes + gcm_tag_bytes) return refuse();
  const auto nonce = sealed.first(gcm_nonce_bytes);
  const auto body =
      sealed.subspan(gcm_nonce_bytes, sealed.size() - gcm_nonce_bytes - gcm_tag_bytes);
  ByteArray<gcm_tag_bytes> tag{};
  std::ranges::copy(sealed.last(gcm_tag_bytes), tag.begin());
  SecretBytes text(body.size());
  const CipherCtxPtr context(EVP_CIPHER_CTX_new());
  int written = 0;
  if (!context ||
      EVP_DecryptInit_ex2(context.get(), gcm(), raw(key.reveal().data()), raw(nonce.data()),
                          nullptr) != 1 ||
      (!associated.empty() &&
       EVP_DecryptUpdate(context.get(), nullptr, &written, raw(associated.data()),
                         size_of(associated)) != 1) ||
      (!body.empty() && EVP_DecryptUpdate(context.get(), raw(text.writable().data()), &written,
                                          raw(body.data()), size_of(body)) != 1) ||
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(gcm_tag_bytes),
                          tag.data()) != 1) {
    return failed();
  }
  // Nothing of the text leaves before the tag is found right.
  if (EVP_DecryptFinal_ex(context.get(), raw(tag.data()), &written) != 1) return refuse();
  return text;
}

}  // namespace siegel::crypto
