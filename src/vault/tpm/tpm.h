#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "vault/vault.h"

// A vault of sealed files whose key is sealed by the machine's TPM 2.0 (docs/formats/vault.md): the
// folder opens on this machine and on no other. Each call connects, blocks until the TPM answers
// and leaves nothing loaded in it.

namespace siegel::vault::tpm {

/// The TPM of a Linux machine, shared with other programs by the kernel.
inline constexpr std::string_view default_tpm = "device:/dev/tpmrm0";

/// How a TPM is reached: `device:/dev/...`, `swtpm:...` or `tabrmd:...`, in the words of the TCTI
/// loader of tss2. Others are refused because one of them runs commands. E-VLT-205 (invalid).
[[nodiscard]] Status check_place(std::string_view tpm);

struct Identity {
  std::string family;        ///< "2.0"
  std::string revision;      ///< of the specification, "1.59"
  std::string manufacturer;  ///< "IFX", "INTC", "IBM" (a program)
  std::string model;
  std::string firmware;  ///< "7.85"
};
/// Asks a TPM who it is. E-VLT-201 (unavailable): there is none, it does not answer, or this user
/// may not use it. E-VLT-202, E-VLT-205.
[[nodiscard]] Result<Identity> identify(const std::string& tpm);

/// `vault.tpm` in a vault's folder: the sealed key and how its TPM is reached.
[[nodiscard]] std::filesystem::path seal_file(const std::filesystem::path& folder);

/// How the TPM of this vault is reached; nothing if the folder has no sealed key. E-VLT-101,
/// E-VLT-204 (corrupt): the file is damaged. E-FIL-002. The TPM is not asked.
[[nodiscard]] Result<std::optional<std::string>> place_of(const std::filesystem::path& folder);

/// A new key for the files of a vault, sealed by the TPM, unsealed again for a test, then written;
/// durable when it returns. Nothing is written if anything fails. E-VLT-201, -202, -205, E-FIL-004.
[[nodiscard]] Result<crypto::SecretBytes> make_sealed_key(const std::filesystem::path& folder,
                                                          const std::string& tpm, Random& random);
/// The key in `vault.tpm`. E-VLT-102 (not_found), E-VLT-201, -202, E-VLT-203 (conflict): it was
/// sealed by another TPM, or this one was cleared since. E-VLT-204.
[[nodiscard]] Result<crypto::SecretBytes> unseal_key(const std::filesystem::path& folder);

struct Options {
  std::filesystem::path folder;
  bool create = false;                         ///< make folder and sealed key if there are none
  std::string tpm = std::string(default_tpm);  ///< of a new vault
};
/// Errors: those of unseal_key() and make_sealed_key(). `random` outlives the vault, which does not
/// need the TPM again.
[[nodiscard]] Result<std::unique_ptr<Vault>> open(const Options& options, Random& random);

}  // namespace siegel::vault::tpm
