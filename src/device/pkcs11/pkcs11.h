#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "device/device.h"

// Any token behind a PKCS#11 module: an HSM, a card with its maker's driver, SoftHSM
// [PKCS #11 v2.40; docs/reference/signature-devices.md].

namespace siegel::device::pkcs11 {

class Module;  // module.h, private
class Session;

/// Which key of which token. Every condition that is given must hold, and exactly one token and one
/// key must be left.
struct Options {
  std::filesystem::path module;       ///< the maker's library, an absolute path
  std::string token_label;            ///< "" any
  std::string token_serial;           ///< "" any
  std::optional<std::uint64_t> slot;  ///< slots move with many modules: label or serial is better
  std::string key_label;              ///< CKA_LABEL of the private key; this or key_id is required
  Bytes key_id;                       ///< CKA_ID
  /// DER, leaf first, of a token that holds none; empty: looked for on the token, the leaf by its
  /// key, then whoever signed it. A closed system needs none at all.
  std::vector<Bytes> certificates;
  std::string provider;  ///< "AT1"; what SignerIdentity::provider says
  /// A person has typed this PIN just now: it may be tried even if an earlier one was wrong. The
  /// last try before the token blocks is never used.
  bool pin_confirmed = false;
};

/// A Signer of P-256 with CKM_ECDSA over the digest. Each signature is verified before it is given
/// out; a session that has ended (token pulled, driver restarted) is opened anew and the call made
/// once more.
///
/// The module is loaded and initialized at the first call and stays for the life of the process:
/// C_Finalize would pull it from under other users. It must not be shared with code that calls
/// C_Finalize. A call inside the module cannot be ended from outside; the recorder's deadline does
/// not wait for it.
///
/// Errors: E-SIG-101 (module, token or key is not there), -103 (no valid signature, twice), -104
/// (the token failed; place is its word, "CKR_DEVICE_ERROR"), -106 (another key than before), -107
/// (no such key, several, or not of P-256), -108 (the certificate configured is of another key),
/// -201 (the PIN is wrong: it was tried once and is not tried again by this object), -202 (the PIN
/// is blocked or an earlier try was wrong: not tried), -203 (the token wants a PIN and none is
/// given), -301.
class Pkcs11Signer final : public Signer {
 public:
  /// Touches neither module nor token. The PIN may be empty if the token wants none.
  /// Error E-SIG-302: the options name no module or no key, or the certificates cannot be read.
  static Result<std::unique_ptr<Pkcs11Signer>> create(Options options, crypto::SecretBytes pin);
  /// create(), then connects once; errors as of identity(). For set-up; a shop that starts uses
  /// create(), so that a token that is missing is found later.
  static Result<std::unique_ptr<Pkcs11Signer>> open(Options options, crypto::SecretBytes pin);
  /// On a module that is loaded already: for tests. Options::module is not looked at.
  static Result<std::unique_ptr<Pkcs11Signer>> create_on(Module module, Options options,
                                                         crypto::SecretBytes pin);
  ~Pkcs11Signer() override;

  Result<SignerIdentity> identity() override;
  Result<std::vector<Bytes>> certificates() override;
  Result<Bytes> sign_digest(BytesView digest) override;

 private:
  struct State;
  explicit Pkcs11Signer(std::unique_ptr<State> state);
  std::unique_ptr<State> m_state;
};

/// A token in a slot, as C_GetTokenInfo says; texts without their padding.
struct TokenInfo {
  std::uint64_t slot = 0;
  std::string label;
  std::string serial;
  std::string manufacturer;
  std::string model;
  bool wants_pin = false;
  bool pin_tried_wrongly = false;  ///< fewer tries are left than usual
  bool pin_final_try = false;
  bool pin_blocked = false;
  friend bool operator==(const TokenInfo&, const TokenInfo&) = default;
};

/// The initialized tokens that are present now. Needs no PIN. Errors E-SIG-101, -104.
[[nodiscard]] Result<std::vector<TokenInfo>> list_tokens(const std::filesystem::path& module);

}  // namespace siegel::device::pkcs11
