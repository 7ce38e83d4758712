#include "vault/sealed/sealed.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "crypto/aes.h"

namespace siegel::vault::sealed {
namespace {

constexpr std::string_view secret_magic = "SIEGEL-SECRET-1\n";
constexpr std::string_view suffix = ".secret";
constexpr mode_t others = S_IRWXG | S_IRWXO;

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

Error absent(const SecretId& id) {
  return not_found("E-VLT-002", fmt::format("the vault holds no secret \"{}\"", id.text()));
}
Error broken(const SecretId& id, const std::filesystem::path& path) {
  return corrupt("E-VLT-003",
                 fmt::format("the secret \"{}\" cannot be opened: another key, another name, or "
                             "changed bytes",
                             id.text()),
                 path.string());
}

Result<Bytes> read(const std::filesystem::path& folder, const SecretId& id) {
  const auto path = folder / file_name(id);
  SIEGEL_TRY(const bool there, check_private(path, What::file));
  if (!there) return absent(id);
  const std::size_t more = secret_magic.size() + crypto::gcm_nonce_bytes + crypto::gcm_tag_bytes;
  auto content = read_file(path, secret_bytes_max + more);
  if (!content.ok() && content.error().code == "E-FIL-003") return broken(id, path);
  return content;
}

/// Any error: this key does not open it.
Result<crypto::SecretBytes> open_content(BytesView content, const SecretId& id,
                                         const crypto::SecretBytes& key) {
  if (!text_of(content).starts_with(secret_magic))
    return corrupt("E-VLT-003", "not a sealed secret");
  return crypto::aes256_gcm_open(key, content.subspan(secret_magic.size()), associated(id));
}

Status write(const std::filesystem::path& folder, const SecretId& id,
             const crypto::SecretBytes& secret, const crypto::SecretBytes& key, Random& random) {
  SIEGEL_TRY(const Bytes sealed,
             crypto::aes256_gcm_seal(key, secret.reveal(), associated(id), random));
  Bytes content = to_bytes(secret_magic);
  append(content, sealed);
  return write_file(folder / file_name(id), content, {.mode = 0600});
}

Result<std::vector<SecretId>> ids_in(const std::filesystem::path& folder) {
  std::vector<SecretId> out;
  std::error_code failed;
  for (std::filesystem::directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    std::string name = it->path().filename().string();
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
    std::ranges::replace(name, '+', '/');
    if (auto id = SecretId::parse(name); id.ok()) out.push_back(std::move(id).value());
  }
  if (failed)
    return unavailable("E-FIL-002",
                       fmt::format("cannot list {}: {}", folder.string(), failed.message()),
                       folder.string());
  std::ranges::sort(out);
  return out;
}

class SealedFiles final : public Vault {
 public:
  SealedFiles(std::filesystem::path folder, Keys keys, Random& random)
      : m_folder(std::move(folder)), m_keys(std::move(keys)), m_random(random) {}

  Result<crypto::SecretBytes> get(const SecretId& id) override {
    SIEGEL_TRY(const Bytes content, read(m_folder, id));
    auto opened = open_content(content, id, m_keys.key);
    for (auto key = m_keys.earlier.begin(); !opened.ok() && key != m_keys.earlier.end(); ++key)
      opened = open_content(content, id, *key);
    if (!opened.ok()) return broken(id, m_folder / file_name(id));
    return opened;
  }

  Status put(const SecretId& id, const crypto::SecretBytes& secret) override {
    if (secret.empty() || secret.size() > secret_bytes_max)
      return invalid("E-VLT-004", fmt::format("a secret has 1 to {} bytes, \"{}\" has {}",
                                              secret_bytes_max, id.text(), secret.size()));
    return write(m_folder, id, secret, m_keys.key, m_random);
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

  Result<std::vector<SecretId>> list() override { return ids_in(m_folder); }

 private:
  std::filesystem::path m_folder;
  Keys m_keys;
  Random& m_random;
};

}  // namespace

Result<bool> check_private(const std::filesystem::path& path, What what) {
  const mode_t type = what == What::folder ? S_IFDIR : S_IFREG;
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

Status open_folder(const std::filesystem::path& folder, bool create) {
  SIEGEL_TRY(const bool there, check_private(folder, What::folder));
  if (there) return Ok{};
  if (!create)
    return not_found("E-VLT-102", fmt::format("there is no vault {}", folder.string()),
                     folder.string());
  if (mkdir(folder.c_str(), 0700) != 0)
    return unavailable("E-FIL-004",
                       fmt::format("cannot make {}: {}", folder.string(), std::strerror(errno)),
                       folder.string());
  const auto parent = folder.parent_path();
  return sync_directory(parent.empty() ? "." : parent);
}

crypto::SecretBytes new_key(Random& random) {
  return crypto::SecretBytes::random(crypto::aes256_key_bytes, random);
}

std::unique_ptr<Vault> open_files(std::filesystem::path folder, Keys keys, Random& random) {
  return std::make_unique<SealedFiles>(std::move(folder), std::move(keys), random);
}

Result<std::size_t> seal_again(const std::filesystem::path& folder, const Keys& keys,
                               Random& random) {
  SIEGEL_TRY(const auto ids, ids_in(folder));
  std::size_t done = 0;
  std::optional<Error> failed;
  for (const SecretId& id : ids) {
    SIEGEL_TRY(const Bytes content, read(folder, id));
    if (open_content(content, id, keys.key).ok()) continue;
    std::optional<crypto::SecretBytes> secret;
    for (const crypto::SecretBytes& key : keys.earlier)
      if (auto opened = open_content(content, id, key); !secret && opened.ok())
        secret = std::move(opened).value();
    if (!secret) {
      if (!failed) failed = broken(id, folder / file_name(id));
      continue;
    }
    SIEGEL_TRY_OK(write(folder, id, *secret, keys.key, random));
    ++done;
  }
  if (failed) return *failed;
  return done;
}

std::filesystem::path retired_name(const std::filesystem::path& key_file) {
  return key_file.string() + ".old";
}

Status destroy_key_file(const std::filesystem::path& file) {
  const std::filesystem::path old = retired_name(file);
  const auto failed = [&](const char* what) {
    return unavailable("E-FIL-004",
                       fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(errno)),
                       file.string());
  };
  // Half overwritten it must not be taken for a key.
  if (rename(file.c_str(), old.c_str()) == 0)
    SIEGEL_TRY_OK(sync_directory(file.parent_path()));
  else if (errno != ENOENT)
    return failed("rename");
  const int fd = open(old.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Ok{};
  if (fd < 0) return failed("open");
  struct stat info{};
  bool written = fstat(fd, &info) == 0;
  const Bytes zeros(static_cast<std::size_t>(std::clamp<off_t>(info.st_size, 0, 4096)));
  written =
      written && pwrite(fd, zeros.data(), zeros.size(), 0) == static_cast<ssize_t>(zeros.size());
  written = fsync(fd) == 0 && written;
  close(fd);
  if (!written) return failed("overwrite");
  if (unlink(old.c_str()) != 0) return failed("delete");
  return sync_directory(file.parent_path());
}

}  // namespace siegel::vault::sealed
