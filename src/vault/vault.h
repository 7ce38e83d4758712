#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"

// The socket of the vault: PINs, PUKs, AES keys, private keys of software devices. Everything else
// names them by id and check value.

namespace siegel::vault {

/// "tse/tse-1/admin-pin": 1 to 5 parts of 1 to 64 characters of `a-z 0-9 . _ -` (no part begins
/// with a dot), at most 200 characters in all.
class SecretId {
 public:
  /// E-VLT-001.
  static Result<SecretId> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return m_text; }
  friend auto operator<=>(const SecretId&, const SecretId&) = default;

 private:
  explicit SecretId(std::string text) : m_text(std::move(text)) {}
  std::string m_text;
};

inline constexpr std::size_t secret_bytes_max = std::size_t{1} << 16;

class Vault {
 public:
  virtual ~Vault() = default;

  /// E-VLT-002 (not_found), E-VLT-003 (corrupt): what is stored cannot be opened with this vault's
  /// key, or was changed, or belongs to another id.
  [[nodiscard]] virtual Result<crypto::SecretBytes> get(const SecretId& id) = 0;

  /// Stores or replaces; durable when it returns: after a power cut there is the old secret or the
  /// new one. E-VLT-004 (invalid): empty, or larger than secret_bytes_max. E-FIL-004.
  [[nodiscard]] virtual Status put(const SecretId& id, const crypto::SecretBytes& secret) = 0;

  /// Durable when it returns. E-VLT-002: there is none. A disk may keep the old bytes.
  [[nodiscard]] virtual Status remove(const SecretId& id) = 0;

  /// Sorted. Secrets are not opened.
  [[nodiscard]] virtual Result<std::vector<SecretId>> list() = 0;
};

/// The first 8 hex digits of SHA-256("siegel check value v1", 0, id, 0, secret): tells two secrets
/// apart in logs and entries. A PIN can be guessed from it, so it goes where only owners look; for
/// PINs use none at all.
[[nodiscard]] std::string check_value(const SecretId& id, const crypto::SecretBytes& secret);

}  // namespace siegel::vault
