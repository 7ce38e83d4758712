#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "base/random.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "vault/vault.h"

// A vault of files (docs/formats/vault.md): one sealed file per secret in a folder that only its
// owner can enter. The key lies beside them in `vault.key`, unless the caller brings it.

namespace siegel::vault::file {

struct Options {
  std::filesystem::path folder;
  bool create = false;  ///< make folder and key if there are none
};

/// Opens with the key file in the folder.
/// Errors: E-VLT-101 (invalid) folder, key or a secret can be read by others than the owner, or
/// belongs to somebody else; E-VLT-102 (not_found) no vault there; E-VLT-103 (corrupt) the key file
/// is damaged; E-FIL-002, E-FIL-004. `random` outlives the vault.
[[nodiscard]] Result<std::unique_ptr<Vault>> open(const Options& options, Random& random);

/// The same with a master key of 32 bytes that the caller keeps elsewhere; no key file is made or
/// read. E-VLT-104 (invalid): the key has another size.
[[nodiscard]] Result<std::unique_ptr<Vault>> open_with_key(const Options& options,
                                                           crypto::SecretBytes master_key,
                                                           Random& random);

/// `vault.key` of a vault's folder.
[[nodiscard]] std::filesystem::path key_file(const std::filesystem::path& folder);
/// The key in it; nothing if there is no key file. E-VLT-101, E-VLT-103, E-FIL-002.
[[nodiscard]] Result<std::optional<crypto::SecretBytes>> read_key_file(
    const std::filesystem::path& folder);
/// A new key in a new key file, durable. E-FIL-004.
[[nodiscard]] Result<crypto::SecretBytes> make_key_file(const std::filesystem::path& folder,
                                                        Random& random);

}  // namespace siegel::vault::file
