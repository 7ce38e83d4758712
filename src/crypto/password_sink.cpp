#include "crypto/password_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/aes.h"
#include "crypto/openssl.h"

namespace siegel::crypto {
namespace {

using detail::raw;

constexpr std::size_t salt_bytes = 8;
constexpr std::size_t piece_bytes = std::size_t{64} << 10;

Error failed() {
  return unavailable("E-CRY-008",
                     fmt::format("OpenSSL failed while encrypting: {}", detail::openssl_reason()));
}

}  // namespace

struct PasswordSink::Impl {
  detail::CipherCtxPtr context;
  Sink& to;
  Bytes piece;  // ciphertext of one piece
};

PasswordSink::PasswordSink(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
PasswordSink::~PasswordSink() = default;

Result<std::unique_ptr<PasswordSink>> PasswordSink::create(const SecretBytes& passphrase,
                                                           Random& random, Sink& to) {
  const detail::ErrorQueueGuard guard;
  ByteArray<salt_bytes> salt{};
  random.fill(salt);
  SecretBytes secret(aes256_key_bytes + aes_block_bytes);
  if (PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(passphrase.reveal().data()),
                        static_cast<int>(passphrase.size()), raw(salt.data()), salt_bytes,
                        password_rounds, EVP_sha256(), static_cast<int>(secret.size()),
                        raw(secret.writable().data())) != 1) {
    return failed();
  }
  auto impl = std::make_unique<Impl>(detail::CipherCtxPtr(EVP_CIPHER_CTX_new()), to, Bytes());
  const unsigned char* key = raw(secret.reveal().data());
  if (!impl->context || EVP_EncryptInit_ex(impl->context.get(), EVP_aes_256_cbc(), nullptr, key,
                                           key + aes256_key_bytes) != 1) {
    return failed();
  }
  Bytes head = to_bytes("Salted__");
  append(head, salt);
  SIEGEL_TRY_OK(to.write(head));
  return std::unique_ptr<PasswordSink>(new PasswordSink(std::move(impl)));
}

Status PasswordSink::write(BytesView bytes) {
  const detail::ErrorQueueGuard guard;
  while (!bytes.empty()) {
    const BytesView now = bytes.first(std::min(bytes.size(), piece_bytes));
    bytes = bytes.subspan(now.size());
    m_impl->piece.resize(now.size() + aes_block_bytes);
    int written = 0;
    if (EVP_EncryptUpdate(m_impl->context.get(), raw(m_impl->piece.data()), &written,
                          raw(now.data()), static_cast<int>(now.size())) != 1) {
      return failed();
    }
    SIEGEL_TRY_OK(
        m_impl->to.write(BytesView(m_impl->piece).first(static_cast<std::size_t>(written))));
  }
  return Ok{};
}

Status PasswordSink::finish() {
  const detail::ErrorQueueGuard guard;
  m_impl->piece.resize(aes_block_bytes);
  int written = 0;
  if (EVP_EncryptFinal_ex(m_impl->context.get(), raw(m_impl->piece.data()), &written) != 1) {
    return failed();
  }
  return m_impl->to.write(BytesView(m_impl->piece).first(static_cast<std::size_t>(written)));
}

}  // namespace siegel::crypto
