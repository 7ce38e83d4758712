#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/secrets/vaults.h"
#include "base/result.h"

// What the machine does for the secrets on it (FCC-014): asked of a machine that holds some, and of
// no other (FCC-016). Reads the system's own files; changes nothing; takes milliseconds, and the
// time of a TPM that is asked who it is.

namespace siegel::app {

enum class Verdict { pass, fail, unknown };
/// "pass", "fail", "unknown".
[[nodiscard]] std::string_view word_of(Verdict verdict);

/// One look at the machine. What each means and what to do: docs/how-to/secrets.md.
struct EnvironmentResult {
  std::string_view id;  ///< "tpm_present", one of environment_ids
  Verdict verdict = Verdict::unknown;
  std::string de, en;  ///< what was found
};

inline constexpr std::string_view environment_ids[] = {
    "tpm_present",     "tpm_version", "vault_sealed", "secure_boot",
    "disk_encryption", "swap",        "core_dumps",   "data_rights",
    "vault_rights",    "user",        "memory",       "clock_synchronised"};

struct EnvironmentQuestion {
  std::filesystem::path data;  ///< data folder, its vault in `vault`
  /// Where /sys, /proc and /dev are; another one for tests: the clock, limits and user of the
  /// process are unknown then.
  std::filesystem::path root = "/";
  /// How the TPM is reached: that of the vault if it has one, else this.
  std::string tpm = std::string(any_tpm);
};
/// One result for each of environment_ids, in their order. Cannot fail: what cannot be found out is
/// `unknown`.
[[nodiscard]] std::vector<EnvironmentResult> check_environment(const EnvironmentQuestion& question);

/// The same at a start: nothing if the vault is empty or nothing fails, else one warning that names
/// what fails; W-ENV-001 of kind conflict. A vault that is closed is said first (its own error).
[[nodiscard]] std::vector<Error> environment_warnings(const EnvironmentQuestion& question,
                                                      vault::Vault& vault);

}  // namespace siegel::app
