#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "vault/vault.h"

// The vault of a data folder, whichever plug keeps its key (docs/how-to/secrets.md). The plugs of
// the vault are named in vaults.cpp and nowhere else.

namespace siegel::app {

/// Where the key of a new vault goes: `none`, the key file; `auto`, the TPM of this machine if this
/// user may use it, else the key file; otherwise how a TPM is reached (vault/tpm/tpm.h).
inline constexpr std::string_view no_tpm = "none";
inline constexpr std::string_view any_tpm = "auto";

struct VaultOptions {
  std::filesystem::path folder;
  bool create = false;
  std::string tpm = std::string(no_tpm);  ///< of a new vault
};

/// Opens what is there. A TPM that does not open its vault now (E-VLT-201 to -204) is no error
/// here: a shop sells without its secrets. Such a vault lists its secrets, answers everything else
/// with that error, and tries again at each call. Errors: E-VLT-101 to -103, E-FIL-00x; with
/// `create` and a named TPM also E-VLT-201, -202, -205. `random` outlives the vault.
[[nodiscard]] Result<std::unique_ptr<vault::Vault>> open_vault(const VaultOptions& options,
                                                               Random& random);

enum class KeyPlace {
  key_file,  ///< `vault.key` beside the secrets
  tpm,       ///< `vault.tpm`: opens on this machine only
  both,      ///< on the way from one to the other: repeat the command that was interrupted
};
[[nodiscard]] std::string_view word_of(KeyPlace place);

struct KeyKept {
  KeyPlace place = KeyPlace::key_file;
  std::string tpm;  ///< how it is reached, if there is one
};
/// Looks at names and asks no TPM. E-VLT-102: there is no vault.
[[nodiscard]] Result<KeyKept> where_the_key_is(const std::filesystem::path& folder);

struct VaultStatus {
  KeyKept key;
  std::vector<vault::SecretId> secrets;
  /// Those that cannot be opened, with why; if the key itself is not there, all of them.
  std::vector<std::pair<vault::SecretId, Error>> closed;
  /// The vault's own rights, or its key, are not in order.
  std::optional<Error> error;
};
/// Opens every secret once. E-VLT-102: there is no vault.
[[nodiscard]] Result<VaultStatus> vault_status(const std::filesystem::path& folder, Random& random);

/// The key of this vault goes into the TPM: a new key is sealed, every secret sealed with it, the
/// key file overwritten and deleted. Returns how many secrets were sealed anew. After a power cut
/// all secrets open with what is there, and the call is repeated. The caller holds the lock of the
/// data folder. E-VLT-201, -202, -205: nothing was changed. E-VLT-003: a secret opens with no key;
/// the key file stays.
[[nodiscard]] Result<std::size_t> seal_vault(const std::filesystem::path& folder,
                                             const std::string& tpm, Random& random);
/// The way back, before secrets move to another machine: a new key file, every secret sealed with
/// it, `vault.tpm` deleted. As seal_vault(); E-VLT-203: this machine cannot.
[[nodiscard]] Result<std::size_t> release_vault(const std::filesystem::path& folder,
                                                Random& random);

/// What this machine says of its TPM, without opening it.
struct TpmFound {
  bool present = false;
  std::string version;         ///< "2.0", "1.2"; empty: it does not say
  std::string text;            ///< one line
  std::optional<Error> error;  ///< it is there and cannot be used
};
/// `tpm`: `auto` looks for the machine's own, through `root`/sys and /dev. A TPM 2.0 that may be
/// used is asked who it is.
[[nodiscard]] TpmFound find_tpm(const std::string& tpm, const std::filesystem::path& root = "/");

}  // namespace siegel::app
