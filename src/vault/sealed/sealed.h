#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "vault/vault.h"

// One sealed file per secret in a folder that only its owner can enter (docs/formats/vault.md). The
// plugs of the vault differ in where the key of these files is kept, and in nothing else.

namespace siegel::vault::sealed {

enum class What { folder, file };
/// Refuses what somebody else than the owner could read or replace. False: nothing is there.
/// E-VLT-101 (invalid): group or others have rights, it belongs to another user, it is a link.
/// E-FIL-002.
[[nodiscard]] Result<bool> check_private(const std::filesystem::path& path, What what);

/// The folder of a vault. `create`: makes it, mode 0700, durable. E-VLT-101, E-VLT-102 (not_found),
/// E-FIL-004.
[[nodiscard]] Status open_folder(const std::filesystem::path& folder, bool create);

/// 32 random bytes for the files of one vault.
[[nodiscard]] crypto::SecretBytes new_key(Random& random);

struct Keys {
  crypto::SecretBytes key;  ///< 32 bytes; what is put is sealed with it
  /// Tried when `key` does not open a file: the vault is on its way from one key to another.
  std::vector<crypto::SecretBytes> earlier;
};
/// The vault of the files in a folder that open_folder() has looked at. `random` outlives it.
[[nodiscard]] std::unique_ptr<Vault> open_files(std::filesystem::path folder, Keys keys,
                                                Random& random);

/// Seals every secret that `keys.key` does not open with it, one file at a time: after a power cut
/// each secret opens with one of the keys, and the call may be repeated. Returns how many were
/// sealed anew. E-VLT-003 (corrupt): a secret opens with none; it is left as it is, the others are
/// done. E-FIL-002, E-FIL-004.
[[nodiscard]] Result<std::size_t> seal_again(const std::filesystem::path& folder, const Keys& keys,
                                             Random& random);

/// What a key file is called while it is overwritten.
[[nodiscard]] std::filesystem::path retired_name(const std::filesystem::path& key_file);
/// Renames a file that holds a key, overwrites it and deletes it; durable. After a power cut there
/// is the whole key file, or none of that name; repeated, it ends what was begun. Nothing is done
/// if there is neither. A disk may keep the old bytes all the same. E-FIL-004.
[[nodiscard]] Status destroy_key_file(const std::filesystem::path& file);

}  // namespace siegel::vault::sealed
