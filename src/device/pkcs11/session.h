#pragma once

// Private to this module.
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "device/pkcs11/module.h"
#include "device/pkcs11/pkcs11.h"

namespace siegel::device::pkcs11 {

/// The token of a slot; nothing if it went away or was never initialized.
[[nodiscard]] std::optional<TokenInfo> token_in(const Module& module, CK_SLOT_ID slot);

/// What is known of a PIN besides its digits.
struct PinHistory {
  bool confirmed = false;  ///< a person has just typed it
  bool proved = false;     ///< the token has taken it in the life of this object
};

/// One read-only session with a token, closed when it dies. Handles are of this session.
class Session {
 public:
  /// Errors E-SIG-101, E-SIG-104.
  static Result<Session> open(const Module& module, CK_SLOT_ID slot);
  Session(Session&& other) noexcept;
  Session& operator=(Session&& other) noexcept;
  ~Session();

  /// Logs the user in if the token wants it and nobody has. Uses at most one try of the PIN, and
  /// none if the token says that an earlier one was wrong, unless `history` speaks for it; never
  /// the last one. Sets history.proved. Errors E-SIG-201 (the one that says: never again), -202,
  /// -203, -101, -104.
  Status log_in(const crypto::SecretBytes& pin, PinHistory& history);

  /// At most 64 objects. Errors E-SIG-101, E-SIG-104.
  Result<std::vector<CK_OBJECT_HANDLE>> find(std::vector<CK_ATTRIBUTE> conditions) const;
  /// At most 64 KiB; nothing if the object has no such attribute or does not give it out.
  [[nodiscard]] std::optional<Bytes> attribute(CK_OBJECT_HANDLE object,
                                               CK_ATTRIBUTE_TYPE type) const;
  /// CKM_ECDSA over a digest, as the token gives it. Errors E-SIG-101, -104.
  Result<Bytes> sign(CK_OBJECT_HANDLE key, BytesView digest) const;
  /// The same for a key that wants the PIN each time, which is shown as log_in() does. Errors also
  /// E-SIG-201, -202, -203.
  Result<Bytes> sign(CK_OBJECT_HANDLE key, BytesView digest, const crypto::SecretBytes& pin,
                     PinHistory& history) const;

 private:
  Session(const Module& module, CK_SLOT_ID slot, CK_SESSION_HANDLE handle)
      : m_module(module), m_slot(slot), m_handle(handle) {}
  [[nodiscard]] Status begin(CK_OBJECT_HANDLE key) const;
  [[nodiscard]] Result<Bytes> finish(BytesView digest) const;
  [[nodiscard]] Status show_pin(CK_USER_TYPE user, const TokenInfo& token,
                                const crypto::SecretBytes& pin, PinHistory& history) const;
  [[nodiscard]] bool is_logged_in() const;

  Module m_module;
  CK_SLOT_ID m_slot;
  std::optional<CK_SESSION_HANDLE> m_handle;
};

/// An attribute of a template; `value` is borrowed and only read by the token.
[[nodiscard]] CK_ATTRIBUTE condition(CK_ATTRIBUTE_TYPE type, BytesView value);
template <class T>
[[nodiscard]] CK_ATTRIBUTE condition(CK_ATTRIBUTE_TYPE type, const T& value) {
  return condition(type, std::as_bytes(std::span(&value, 1)));
}

}  // namespace siegel::device::pkcs11
