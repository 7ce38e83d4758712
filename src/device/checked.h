#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ec.h"
#include "device/device.h"

namespace siegel::device {

/// A Signer whose every signature was verified before anybody sees it: cards and services do answer
/// with nothing, or with something else. Stands before any other Signer, for the recorder's lanes.
///
/// Errors besides those of the inner signer, which pass through:
/// E-SIG-103 `unavailable`: no valid signature, twice in a row.
/// E-SIG-106 `unavailable`: the device holds another key than the one expected.
class CheckedSigner final : public Signer {
 public:
  /// `expected` is the key of the master data; empty: the key of the device at its first call. The
  /// device is not touched before the first call.
  explicit CheckedSigner(std::unique_ptr<Signer> inner,
                         std::optional<crypto::PublicKey> expected = {});

  /// Asks the device each time, and refuses another key than the expected one (E-SIG-106).
  Result<SignerIdentity> identity() override;
  Result<std::vector<Bytes>> certificates() override;
  /// A signature that is not valid is asked for once more; then E-SIG-103. A signature that does
  /// verify with the expected key proves the key: the device's identity is asked only to find the
  /// first one.
  Result<Bytes> sign_digest(BytesView digest) override;

  [[nodiscard]] Signer& inner() { return *m_inner; }

 private:
  [[nodiscard]] Error why_invalid(std::size_t signature_size);

  std::unique_ptr<Signer> m_inner;
  std::optional<crypto::PublicKey> m_key;
};

}  // namespace siegel::device
