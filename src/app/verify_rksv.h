#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/context.h"

namespace siegel::app {

/// `siegel verify` of Austrian material.
struct RksvRequest {
  std::vector<std::string> what;   ///< one DEP, list or picture; or codes
  std::string container;           ///< file with the keys; empty: not given
  std::vector<std::string> trust;  ///< files of certificates that are believed
  bool accept_future = false;
};

/// The request is of Austria: there is a container, or its first item looks like a code or a DEP.
[[nodiscard]] bool is_rksv(const RksvRequest& request);
/// Verifies and shows. Errors E-VER-007 (no container), E-VER-008 (several files), those of
/// verify::rksv and of the certificates.
[[nodiscard]] Exit verify_rksv(const Context& context, const RksvRequest& request);

}  // namespace siegel::app
