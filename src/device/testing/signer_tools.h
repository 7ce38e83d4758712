#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "device/device.h"

// What tests of signers share; the contract itself is signer_contract.h.

namespace siegel::device::testing {

/// A device of Austria ready to sign: a key of P-256, its certificate, the PIN configured.
class SignerUnderTest {
 public:
  virtual ~SignerUnderTest() = default;
  /// Valid until restart().
  virtual Signer& signer() = 0;
  /// The program ends and starts again: signer() is a new object for the same device.
  virtual void restart() = 0;

  // For RemovableSignerContract.

  /// From now on the device cannot be reached (card pulled, service down) and can be again.
  virtual void unplug() {}
  virtual void plug_in() {}

  // For PinSignerContract.

  /// A new signer for the same device whose PIN (password) is wrong, the right one being closed.
  virtual std::unique_ptr<Signer> with_wrong_pin() { return nullptr; }
  /// PINs shown to the device so far that were wrong, as the device counts them.
  virtual std::uint64_t wrong_pins() { return 0; }
};

struct SignerPlug {
  std::string name;
  std::function<std::unique_ptr<SignerUnderTest>()> make;
  /// Signatures of ManySignaturesAreAllValidAndAllDifferent: fewer for a slow device.
  int many = 200;
  friend std::ostream& operator<<(std::ostream& out, const SignerPlug& plug) {
    return out << plug.name;
  }
};

/// A digest made of a text.
inline Bytes digest_of(std::string_view text) {
  const Hash256 hash = crypto::sha256(bytes_of(text));
  return {hash.begin(), hash.end()};
}

}  // namespace siegel::device::testing
