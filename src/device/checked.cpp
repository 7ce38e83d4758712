#include "device/checked.h"

#include <fmt/format.h>

#include <utility>

namespace siegel::device {

CheckedSigner::CheckedSigner(std::unique_ptr<Signer> inner,
                             std::optional<crypto::PublicKey> expected)
    : m_inner(std::move(inner)), m_key(std::move(expected)) {
  SIEGEL_CHECK(m_inner != nullptr);
}

Result<SignerIdentity> CheckedSigner::identity() {
  SIEGEL_TRY(auto who, m_inner->identity());
  auto key = crypto::PublicKey::from_point(who.public_key);
  if (!key.ok()) {
    return unavailable("E-SIG-106", "the device's public key is none: " + key.error().detail);
  }
  if (!m_key) m_key = std::move(key).value();
  if (m_key->point() != who.public_key) {
    return unavailable(
        "E-SIG-106",
        fmt::format("the device holds the key {}..., expected was {}...",
                    hex(who.public_key).substr(2, 16), hex(m_key->point()).substr(2, 16)));
  }
  return who;
}

Result<std::vector<Bytes>> CheckedSigner::certificates() { return m_inner->certificates(); }

Result<Bytes> CheckedSigner::sign_digest(BytesView digest) {
  if (!m_key) SIEGEL_TRY_OK(identity());
  std::size_t size = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    SIEGEL_TRY(auto signature, m_inner->sign_digest(digest));
    if (m_key->verify_ecdsa_digest(digest, signature)) return signature;
    size = signature.size();
  }
  return why_invalid(size);
}

// Another card in the reader gives wrong signatures too: say so if the device can tell.
Error CheckedSigner::why_invalid(std::size_t signature_size) {
  const auto who = identity();
  if (!who.ok() && who.error().code == "E-SIG-106") return who.error();
  if (signature_size == 0) {
    return unavailable("E-SIG-103", "the device answered twice without a signature");
  }
  return unavailable("E-SIG-103",
                     fmt::format("the device answered twice with {} bytes that are no signature "
                                 "by its key",
                                 signature_size));
}

}  // namespace siegel::device
