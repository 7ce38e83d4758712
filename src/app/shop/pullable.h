#pragma once

#include <filesystem>
#include <memory>
#include <system_error>

#include "device/device.h"

namespace siegel::app {

/// A software signer that can be pulled like a card: it does not answer (E-SIG-101) while a file
/// lies beside its settings, `signers/<id>.pulled`. For drills, demos and tests; real devices are
/// pulled by hand.
class PullableSigner final : public device::Signer {
 public:
  PullableSigner(std::unique_ptr<device::Signer> inner, std::filesystem::path pulled)
      : m_inner(std::move(inner)), m_pulled(std::move(pulled)) {}

  Result<device::SignerIdentity> identity() override {
    SIEGEL_TRY_OK(there());
    return m_inner->identity();
  }
  Result<std::vector<Bytes>> certificates() override {
    SIEGEL_TRY_OK(there());
    return m_inner->certificates();
  }
  Result<Bytes> sign_digest(BytesView digest) override {
    SIEGEL_TRY_OK(there());
    return m_inner->sign_digest(digest);
  }

 private:
  [[nodiscard]] Status there() const {
    std::error_code ignored;
    if (!std::filesystem::exists(m_pulled, ignored)) return Ok{};
    return unavailable("E-SIG-101", "the software signer is pulled: " + m_pulled.string(),
                       "pulled");
  }

  std::unique_ptr<device::Signer> m_inner;
  std::filesystem::path m_pulled;
};

}  // namespace siegel::app
