#include "vault/file/file.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "crypto/aes.h"

namespace siegel::vault::file {
namespace {

constexpr std::string_view key_magic = "SIEGEL-VAULT-KEY-1\n";
constexpr std::string_view secret_magic = "SIEGEL-SECRET-1\n";
constexpr std::string_view suffix = ".secret";
constexpr mode_t others = S_IRWXG | S_IRWXO;

/// Refuses what somebody else than the owner could read or replace. False: nothing is there.
Result<bool> check_private(const std::filesystem::path& path, mode_t type) {
  struct stat info{};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    return unavailable("E-FIL-002",
                       fmt::format("cannot look at {}: {}", path.string(), std::strerror(errno)),
                       path.string());
  }
  if ((info.st_mode & S_IFMT) != type)
    return invalid(
        "E-VLT-101",
        fmt::format("{} is not a plain {}", path.string(), type == S_IFDIR ? "folder" : "file"),
        path.string());
  if ((info.st_mode & others) != 0)
    return invalid("E-VLT-101",
                   fmt::format("{} has mode {:04o}: others than its owner could read it; "
                               "run: chmod go-rwx '{}'",
                               path.string(), info.st_mode & 07777U, path.string()),
                   path.string());
  if (info.st_uid != geteuid())
    return invalid("E-VLT-101",
                   fmt::format("{} belongs to user {}, this program runs as user {}", path.string(),
                               info.st_uid, geteuid()),
                   path.string());
  return true;
}

/// '/' of an id becomes '+', which no id contains: one folder, no nesting, nothing to escape.
std::string file_name(const SecretId& id) {
  std::string name = id.text();
  std::ranges::replace(name, '/', '+');
  return name + std::string(suffix);
}

Bytes associated(const SecretId& id) {
  Bytes out = to_bytes(secret_magic);
  append(out, bytes_of(id.text()));
  return out;
}

class FileVault final : public Vault {
 public:
  FileVault(std::filesystem::path folder, crypto::SecretBytes key, Random& random)
      : m_folder(std::move(folder)), m_key(std::move(key)), m_random(random) {}

  Result<crypto::SecretBytes> get(const SecretId& id) override {
    const auto path = m_folder / file_name(id);
    SIEGEL_TRY(const bool there, check_private(path, S_IFREG));
    if (!there) return absent(id);
    const std::size_t more = secret_magic.size() + crypto::gcm_nonce_bytes + crypto::gcm_tag_bytes;
    auto content = read_file(path, secret_bytes_max + more);
    if (!content.ok()) {
      if (content.error().code == "E-FIL-003") return broken(id, path);
      return content.error();
    }
    const BytesView bytes(*content);
    if (!text_of(bytes).starts_with(secret_magic)) return broken(id, path);
    auto opened =
        crypto::aes256_gcm_open(m_key, bytes.subspan(secret_magic.size()), associated(id));
    if (!opened.ok()) return broken(id, path);
    return std::move(opened).value();
  }

  Status put(const SecretId& id, const crypto::SecretBytes& secret) override {
    if (secret.empty() || secret.size() > secret_bytes_max)
      return invalid("E-VLT-004", fmt::format("a secret has 1 to {} bytes, \"{}\" has {}",
                                              secret_bytes_max, id.text(), secret.size()));
    SIEGEL_TRY(const Bytes sealed,
               crypto::aes256_gcm_seal(m_key, secret.reveal(), associated(id), m_random));
    Bytes content = to_bytes(secret_magic);
    append(content, sealed);
    return write_file(m_folder / file_name(id), content, {.mode = 0600});
  }

  Status remove(const SecretId& id) override {
    std::error_code failed;
    const auto path = m_folder / file_name(id);
    const bool removed = std::filesystem::remove(path, failed);
    if (failed)
      return unavailable("E-FIL-004",
                         fmt::format("cannot delete {}: {}", path.string(), failed.message()),
                         path.string());
    if (!removed) return absent(id);
    return sync_directory(m_folder);
  }

  Result<std::vector<SecretId>> list() override {
    std::vector<SecretId> out;
    std::error_code failed;
    for (std::filesystem::directory_iterator it(m_folder, failed), end; !failed && it != end;
         it.increment(failed)) {
      std::string name = it->path().filename().string();
      if (!name.ends_with(suffix)) continue;
      name.resize(name.size() - suffix.size());
      std::ranges::replace(name, '+', '/');
      if (auto id = SecretId::parse(name); id.ok()) out.push_back(std::move(id).value());
    }
    if (failed)
      return unavailable("E-FIL-002",
                         fmt::format("cannot list {}: {}", m_folder.string(), failed.message()),
                         m_folder.string());
    std::ranges::sort(out);
    return out;
  }

 private:
  static Error absent(const SecretId& id) {
    return not_found("E-VLT-002", fmt::format("the vault holds no secret \"{}\"", id.text()));
  }
  static Error broken(const SecretId& id, const std::filesystem::path& path) {
    return corrupt("E-VLT-003",
                   fmt::format("the secret \"{}\" cannot be opened: another key, another name, or "
                               "changed bytes",
                               id.text()),
                   path.string());
  }

  std::filesystem::path m_folder;
  crypto::SecretBytes m_key;
  Random& m_random;
};

Status open_folder(const Options& options) {
  SIEGEL_TRY(const bool there, check_private(options.folder, S_IFDIR));
  if (there) return Ok{};
  if (!options.create)
    return not_found("E-VLT-102", fmt::format("there is no vault {}", options.folder.string()),
                     options.folder.string());
  if (mkdir(options.folder.c_str(), 0700) != 0)
    return unavailable(
        "E-FIL-004",
        fmt::format("cannot make {}: {}", options.folder.string(), std::strerror(errno)),
        options.folder.string());
  const auto parent = options.folder.parent_path();
  return sync_directory(parent.empty() ? "." : parent);
}

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
  auto key = crypto::SecretBytes::random(crypto::aes256_key_bytes, random);
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
  SIEGEL_TRY_OK(open_folder(options));
  const auto path = options.folder / "vault.key";
  SIEGEL_TRY(const bool there, check_private(path, S_IFREG));
  if (!there && !options.create)
    return not_found("E-VLT-102", fmt::format("there is no key file {}", path.string()),
                     path.string());
  SIEGEL_TRY(auto key, there ? read_key(path) : make_key(path, random));
  return std::unique_ptr<Vault>(
      std::make_unique<FileVault>(options.folder, std::move(key), random));
}

Result<std::unique_ptr<Vault>> open_with_key(const Options& options, crypto::SecretBytes master_key,
                                             Random& random) {
  if (master_key.size() != crypto::aes256_key_bytes)
    return invalid("E-VLT-104", fmt::format("the master key has {} bytes instead of {}",
                                            master_key.size(), crypto::aes256_key_bytes));
  SIEGEL_TRY_OK(open_folder(options));
  return std::unique_ptr<Vault>(
      std::make_unique<FileVault>(options.folder, std::move(master_key), random));
}

}  // namespace siegel::vault::file
