#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "device/device.h"
#include "vault/vault.h"

// The PINs and PUKs of a TSE: made by us, kept in the vault, shown to the device and never guessed
// (docs/how-to/secrets.md). Everything here runs on the device's lane.
//
// Before a PIN is shown this is written to the vault, and taken back when the device has answered:
// neither a restart nor a power cut nor a lost answer makes a try forgotten.

namespace siegel::app {

/// With so many tries left, or fewer, the program shows no PIN by itself: the rest is for people.
inline constexpr unsigned tries_for_people = 2;
/// What a device is believed to allow that does not say.
inline constexpr unsigned usual_tries = 3;

/// "admin", "time_admin", "logger".
[[nodiscard]] std::string_view word_of(device::TseUser user);
/// "tse/<id>/admin-pin", "...-puk"; E-VLT-001: the id of the TSE has other characters.
[[nodiscard]] Result<vault::SecretId> pin_id(const std::string& tse, device::TseUser user);
[[nodiscard]] Result<vault::SecretId> puk_id(const std::string& tse, device::TseUser user);

/// Digits, as a person types them from a letter, without bias.
[[nodiscard]] crypto::SecretBytes random_digits(std::size_t count, Random& random);

/// What is remembered of tries that were not answered "right".
struct PinMemory {
  bool refused = false;          ///< the PIN in the vault is wrong
  std::uint64_t unanswered = 0;  ///< shown, and nobody knows what became of it
  std::optional<unsigned> left;  ///< tries, as the device said last
  Instant at;
  friend bool operator==(const PinMemory&, const PinMemory&) = default;
};
/// Nothing: there is nothing to worry about. E-VLT-003.
[[nodiscard]] Result<std::optional<PinMemory>> pin_memory(vault::Vault& vault,
                                                          const std::string& tse,
                                                          device::TseUser user);

/// Logs in with the PIN of the vault. Errors besides those of device and vault, the device is not
/// shown anything then: E-VLT-301 (conflict) this PIN was refused before; E-VLT-302 (conflict) the
/// device has too few tries left, or may have.
[[nodiscard]] Status log_in(device::Tse& tse, const std::string& tse_id, device::TseUser user,
                            vault::Vault& vault, Instant now);

/// A person gives the PIN: shown once, and kept in the vault if it is right; nobody is logged in
/// afterwards. E-VLT-302: the last try is not spent, the PUK sets a new PIN.
[[nodiscard]] Status confirm_pin(device::Tse& tse, const std::string& tse_id, device::TseUser user,
                                 const crypto::SecretBytes& pin, vault::Vault& vault, Instant now);

/// Sets a new random PIN with the PUK of the vault; after a power cut it is repeated and ends with
/// one PIN in device and vault. E-VLT-303 (conflict): this PUK was refused before; E-TSE-213,
/// E-TSE-214, E-TSE-218.
[[nodiscard]] Status unblock_pin(device::Tse& tse, const std::string& tse_id, device::TseUser user,
                                 vault::Vault& vault, Random& random, Instant now);

}  // namespace siegel::app
