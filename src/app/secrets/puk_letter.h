#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/master.h"
#include "vault/vault.h"

// The PUK letter of a TSE: paper for the safe, printed once.

namespace siegel::app {

/// One time the letter was printed.
struct PukPrint {
  Instant at;
  std::string actor;
  friend bool operator==(const PukPrint&, const PukPrint&) = default;
};
/// All of them, oldest first; kept in the vault with the PUKs. E-VLT-003.
[[nodiscard]] Result<std::vector<PukPrint>> puk_prints(vault::Vault& vault, const std::string& tse);

struct PukLetter {
  std::string tse;     ///< our name for it
  std::string serial;  ///< hex
  std::string holder;  ///< name of the business
  std::string actor;
  Instant now;
  std::string time_zone;
  Language language = Language::de;
  bool again = false;  ///< a person asked for another print on purpose
};
/// The letter as text. That it was printed is durable before this returns. E-VLT-311 (conflict): it
/// was printed before and `again` is false. E-VLT-002: the vault has no PUK of this TSE.
[[nodiscard]] Result<std::string> print_puk_letter(vault::Vault& vault, const PukLetter& letter);

}  // namespace siegel::app
