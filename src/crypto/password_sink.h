#pragma once

#include <memory>

#include "base/random.h"
#include "base/stream.h"
#include "crypto/secret.h"

namespace siegel::crypto {

/// Rounds of PBKDF2 with HMAC-SHA-256.
inline constexpr int password_rounds = 600'000;

/// Encrypts a stream under a passphrase in the form that every machine with OpenSSL opens without
/// us: `openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256`. "Salted__", 8 bytes of salt,
/// AES-256-CBC with PKCS#7 padding; key and IV from PBKDF2 [RFC 8018]. It keeps a secret but does
/// not notice changed bytes: a SHA-256 of the file belongs beside it. One thread; `to` outlives it.
class PasswordSink final : public Sink {
 public:
  /// Error E-CRY-008 (the library failed).
  static Result<std::unique_ptr<PasswordSink>> create(const SecretBytes& passphrase, Random& random,
                                                      Sink& to);
  ~PasswordSink() override;
  PasswordSink(const PasswordSink&) = delete;
  PasswordSink& operator=(const PasswordSink&) = delete;

  /// Errors E-CRY-008 and those of `to`.
  Status write(BytesView bytes) override;
  /// The last block. Without it the file cannot be opened.
  [[nodiscard]] Status finish();

 private:
  struct Impl;
  explicit PasswordSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

}  // namespace siegel::crypto
