#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/mutant.h"
#include "base/result.h"
#include "device/device.h"

namespace siegel::app {

/// A signature device whose PIN or password is not shown to it again once it was refused, by any
/// later process either: three starts of a program would block a card. The memory is a file; a PIN
/// that a person has just given is tried all the same, and the file goes when it was right.
class RefusedPin final : public device::Signer {
 public:
  /// `file` exists: refused before. `confirmed`: a person has just given the PIN.
  RefusedPin(std::unique_ptr<device::Signer> inner, std::filesystem::path file, bool confirmed)
      : m_inner(std::move(inner)), m_file(std::move(file)), m_confirmed(confirmed) {}

  Result<device::SignerIdentity> identity() override { return m_inner->identity(); }
  Result<std::vector<Bytes>> certificates() override { return m_inner->certificates(); }

  /// Errors besides those of the device: E-SIG-202 (unavailable), the PIN was refused before.
  Result<Bytes> sign_digest(BytesView digest) override {
    const bool refused = m_refused.value_or(was_refused()) && !SIEGEL_MUTANT("pin-next-start");
    if (!m_confirmed && refused) {
      m_refused = true;
      return unavailable("E-SIG-202",
                         "its PIN or password was refused before and is not tried again; give the "
                         "right one with siegel at signer add",
                         "refused before");
    }
    m_refused = false;
    auto signature = m_inner->sign_digest(digest);
    if (signature.ok()) {
      if (std::exchange(m_confirmed, false)) forget();
      return signature;
    }
    if (signature.error().code != "E-SIG-201") return signature;
    m_confirmed = false;
    m_refused = true;
    // A disk that cannot take it costs one try a start; the receipt goes on.
    (void)write_file(m_file, {}).ok();
    return signature;
  }

 private:
  [[nodiscard]] bool was_refused() const {
    std::error_code ignored;
    return std::filesystem::exists(m_file, ignored);
  }
  void forget() const {
    std::error_code ignored;
    if (std::filesystem::remove(m_file, ignored)) (void)sync_directory(m_file.parent_path()).ok();
  }

  std::unique_ptr<device::Signer> m_inner;
  std::filesystem::path m_file;
  bool m_confirmed;
  std::optional<bool> m_refused;  ///< looked up once: nothing on the path of a sale asks the disk
};

}  // namespace siegel::app
