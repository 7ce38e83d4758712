#include "vault/file/file.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/file.h"
#include "crypto/aes.h"
#include "vault/sealed/sealed.h"

namespace siegel::vault::file {
namespace {

constexpr std::string_view key_magic = "SIEGEL-VAULT-KEY-1\n";

Result<crypto::SecretBytes> read_key(const std::filesystem::path& path) {
  auto content = read_file(path, 4096);
  if (!content.ok()) {
    if (content.error().code != "E-FIL-003") return content.error();
    return corrupt("E-VLT-103", fmt::format("{} is no key file", path.string()), path.string());
  }
  const BytesView bytes(*content);
  const bool good = text_of(bytes).starts_with(key_magic) &&
                    bytes.size() == key_magic.size() + crypto::aes256_key_bytes;
  auto key =
      good ? crypto::SecretBytes::copy_of(bytes.subspan(key_magic.size())) : crypto::SecretBytes();
  crypto::wipe(*content);
  if (!good)
    return corrupt("E-VLT-103", fmt::format("{} is no key file", path.string()), path.string());
  return key;
}

Result<crypto::SecretBytes> make_key(const std::filesystem::path& path, Random& random) {
  auto key = sealed::new_key(random);
  Bytes content;
  content.reserve(key_magic.size() + key.size());
  append(content, bytes_of(key_magic));
  append(content, key.reveal());
  const auto written = write_file(path, content, {.mode = 0600});
  crypto::wipe(content);
  if (!written.ok()) return written.error();
  return key;
}

}  // namespace

Result<std::unique_ptr<Vault>> open(const Options& options, Random& random) {
  SIEGEL_TRY_OK(sealed::open_folder(options.folder, options.create));
  SIEGEL_TRY(auto key, read_key_file(options.folder));
  if (!key && !options.create)
    return not_found("E-VLT-102",
                     fmt::format("there is no key file {}", key_file(options.folder).string()),
                     key_file(options.folder).string());
  if (!key) {
    SIEGEL_TRY(key, make_key(key_file(options.folder), random));
  }
  return sealed::open_files(options.folder, {.key = std::move(*key), .earlier = {}}, random);
}

Result<std::unique_ptr<Vault>> open_with_key(const Options& options, crypto::SecretBytes master_key,
                                             Random& random) {
  if (master_key.size() != crypto::aes256_key_bytes)
    return invalid("E-VLT-104", fmt::format("the master key has {} bytes instead of {}",
                                            master_key.size(), crypto::aes256_key_bytes));
  SIEGEL_TRY_OK(sealed::open_folder(options.folder, options.create));
  return sealed::open_files(options.folder, {.key = std::move(master_key), .earlier = {}}, random);
}

std::filesystem::path key_file(const std::filesystem::path& folder) { return folder / "vault.key"; }

Result<std::optional<crypto::SecretBytes>> read_key_file(const std::filesystem::path& folder) {
  const auto path = key_file(folder);
  SIEGEL_TRY(const bool there, sealed::check_private(path, sealed::What::file));
  if (!there) return std::optional<crypto::SecretBytes>();
  SIEGEL_TRY(auto key, read_key(path));
  return std::optional(std::move(key));
}

Result<crypto::SecretBytes> make_key_file(const std::filesystem::path& folder, Random& random) {
  return make_key(key_file(folder), random);
}

}  // namespace siegel::vault::file
