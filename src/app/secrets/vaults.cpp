#include "app/secrets/vaults.h"

#include <fmt/format.h>

#include <utility>

#include "base/file.h"
#include "vault/file/file.h"
#include "vault/sealed/sealed.h"
#include "vault/tpm/tpm.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;
using crypto::SecretBytes;
using vault::SecretId;

bool closed_by_tpm(const Error& error) { return error.code.starts_with("E-VLT-20"); }

/// The keys that open the vault as it is on the disk.
Result<vault::sealed::Keys> find_keys(const fs::path& folder) {
  vault::sealed::Keys keys;
  auto file = vault::file::read_key_file(folder);
  SIEGEL_TRY(const auto tpm, vault::tpm::place_of(folder));
  if (!tpm) {
    SIEGEL_TRY(auto only, std::move(file));
    if (!only)
      return not_found(
          "E-VLT-102",
          fmt::format("there is no key file {}", vault::file::key_file(folder).string()),
          vault::file::key_file(folder).string());
    keys.key = std::move(*only);
    return keys;
  }
  auto sealed = vault::tpm::unseal_key(folder);
  const bool has_file = file.ok() && file->has_value();
  if (!sealed && !has_file) return sealed.error();
  if (sealed) keys.key = std::move(*sealed);
  // On the way from one key to the other. A TPM that fails just now leaves what is not moved yet.
  if (has_file && !keys.key.empty()) keys.earlier.push_back(std::move(**file));
  if (keys.key.empty()) keys.key = std::move(**file);
  return keys;
}

/// A vault whose TPM does not open it now.
class ClosedVault final : public vault::Vault {
 public:
  ClosedVault(fs::path folder, Random& random) : m_folder(std::move(folder)), m_random(random) {}

  Result<SecretBytes> get(const SecretId& id) override {
    SIEGEL_TRY(vault::Vault* const inner, open());
    return inner->get(id);
  }
  Status put(const SecretId& id, const SecretBytes& secret) override {
    SIEGEL_TRY(vault::Vault* const inner, open());
    return inner->put(id, secret);
  }
  Status remove(const SecretId& id) override {
    SIEGEL_TRY(vault::Vault* const inner, open());
    return inner->remove(id);
  }
  Result<std::vector<SecretId>> list() override {
    return vault::sealed::open_files(m_folder, {}, m_random)->list();
  }

 private:
  Result<vault::Vault*> open() {
    if (!m_inner) {
      SIEGEL_TRY(auto keys, find_keys(m_folder));
      m_inner = vault::sealed::open_files(m_folder, std::move(keys), m_random);
    }
    return m_inner.get();
  }

  fs::path m_folder;
  Random& m_random;
  std::unique_ptr<vault::Vault> m_inner;
};

Result<std::unique_ptr<vault::Vault>> make(const VaultOptions& options, Random& random) {
  // A new key would make the loss of the old one look like an empty vault.
  if (const auto old = vault::sealed::open_files(options.folder, {}, random)->list();
      old && !old->empty())
    return corrupt(
        "E-VLT-103",
        fmt::format("{} holds {} secrets and no key", options.folder.string(), old->size()),
        options.folder.string());
  const std::string place(options.tpm == any_tpm ? vault::tpm::default_tpm : options.tpm);
  if (options.tpm != no_tpm) {
    auto made = vault::tpm::open({.folder = options.folder, .create = true, .tpm = place}, random);
    // Only who asked for a certain TPM insists on it.
    if (made || options.tpm != any_tpm || !closed_by_tpm(made.error())) return made;
  }
  return vault::file::open({.folder = options.folder, .create = true}, random);
}

/// Something is there that a vault made. Rights are looked at when it is opened.
bool has_vault(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(vault::file::key_file(folder), ignored)) ||
         fs::exists(fs::symlink_status(vault::tpm::seal_file(folder), ignored));
}

Result<SecretBytes> key_file_of(const fs::path& folder, Random& random) {
  SIEGEL_TRY(auto there, vault::file::read_key_file(folder));
  if (there) return std::move(*there);
  return vault::file::make_key_file(folder, random);
}

std::string first_line(const fs::path& file) {
  const auto bytes = read_file(file, 4096);
  if (!bytes) return {};
  const std::string_view text = text_of(*bytes);
  return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

std::string_view word_of(KeyPlace place) {
  switch (place) {
    case KeyPlace::key_file:
      return "key_file";
    case KeyPlace::tpm:
      return "tpm";
    case KeyPlace::both:
      return "both";
  }
  return "";
}

Result<std::unique_ptr<vault::Vault>> open_vault(const VaultOptions& options, Random& random) {
  if (options.create && !has_vault(options.folder)) return make(options, random);
  SIEGEL_TRY_OK(vault::sealed::open_folder(options.folder, false));
  auto keys = find_keys(options.folder);
  if (keys) return vault::sealed::open_files(options.folder, std::move(*keys), random);
  if (!closed_by_tpm(keys.error())) return keys.error();
  return std::unique_ptr<vault::Vault>(std::make_unique<ClosedVault>(options.folder, random));
}

Result<KeyKept> where_the_key_is(const fs::path& folder) {
  if (!has_vault(folder))
    return not_found("E-VLT-102", fmt::format("there is no vault {}", folder.string()),
                     folder.string());
  KeyKept kept;
  std::error_code ignored;
  const fs::path file = vault::file::key_file(folder);
  const bool has_file =
      fs::exists(file, ignored) || fs::exists(vault::sealed::retired_name(file), ignored);
  const bool has_tpm = fs::exists(vault::tpm::seal_file(folder), ignored);
  kept.place = !has_tpm ? KeyPlace::key_file : has_file ? KeyPlace::both : KeyPlace::tpm;
  if (const auto tpm = vault::tpm::place_of(folder); tpm && *tpm) kept.tpm = **tpm;
  return kept;
}

Result<VaultStatus> vault_status(const fs::path& folder, Random& random) {
  VaultStatus status;
  SIEGEL_TRY(status.key, where_the_key_is(folder));
  if (const auto rights = vault::sealed::open_folder(folder, false); !rights)
    status.error = rights.error();
  auto opened = open_vault({.folder = folder}, random);
  SIEGEL_TRY(status.secrets, vault::sealed::open_files(folder, {}, random)->list());
  if (!opened && !status.error) status.error = opened.error();
  for (const SecretId& id : status.secrets) {
    const auto secret = opened ? (*opened)->get(id) : Result<SecretBytes>(opened.error());
    if (secret) continue;
    if (closed_by_tpm(secret.error()) && !status.error) status.error = secret.error();
    status.closed.emplace_back(id, secret.error());
  }
  return status;
}

Result<std::size_t> seal_vault(const fs::path& folder, const std::string& tpm, Random& random) {
  SIEGEL_TRY_OK(vault::sealed::open_folder(folder, false));
  SIEGEL_TRY(auto old, vault::file::read_key_file(folder));
  SIEGEL_TRY(const auto sealed, vault::tpm::place_of(folder));
  if (!sealed && !old)
    return not_found("E-VLT-102", fmt::format("there is no vault {}", folder.string()),
                     folder.string());
  const std::string place(tpm == any_tpm ? vault::tpm::default_tpm : tpm);
  vault::sealed::Keys keys;
  SIEGEL_TRY(keys.key, sealed ? vault::tpm::unseal_key(folder)
                              : vault::tpm::make_sealed_key(folder, place, random));
  if (old) keys.earlier.push_back(std::move(*old));
  SIEGEL_TRY(const std::size_t count, vault::sealed::seal_again(folder, keys, random));
  SIEGEL_TRY_OK(vault::sealed::destroy_key_file(vault::file::key_file(folder)));
  return count;
}

Result<std::size_t> release_vault(const fs::path& folder, Random& random) {
  SIEGEL_TRY_OK(vault::sealed::open_folder(folder, false));
  SIEGEL_TRY(const auto sealed, vault::tpm::place_of(folder));
  if (!sealed) {
    SIEGEL_TRY_OK(vault::sealed::destroy_key_file(vault::tpm::seal_file(folder)));
    return std::size_t{0};
  }
  vault::sealed::Keys keys;
  SIEGEL_TRY(auto of_tpm, vault::tpm::unseal_key(folder));
  SIEGEL_TRY(keys.key, key_file_of(folder, random));
  keys.earlier.push_back(std::move(of_tpm));
  SIEGEL_TRY(const std::size_t count, vault::sealed::seal_again(folder, keys, random));
  SIEGEL_TRY_OK(vault::sealed::destroy_key_file(vault::tpm::seal_file(folder)));
  return count;
}

TpmFound find_tpm(const std::string& tpm, const fs::path& root) {
  TpmFound found;
  std::string place = tpm;
  if (tpm == any_tpm || tpm == no_tpm) {
    const fs::path in_kernel = root / "sys/class/tpm/tpm0";
    std::error_code ignored;
    if (!fs::exists(in_kernel, ignored)) {
      found.text = "no TPM";
      return found;
    }
    found.present = true;
    const std::string major = first_line(in_kernel / "tpm_version_major");
    found.version = major == "2" ? "2.0" : major == "1" ? "1.2" : major;
    found.text = fmt::format("TPM {}", found.version);
    if (root != "/" || found.version != "2.0") return found;
    place = vault::tpm::default_tpm;
  }
  const auto who = vault::tpm::identify(place);
  if (!who) {
    found.error = who.error();
    if (found.text.empty()) found.text = "no TPM";
    return found;
  }
  found.present = true;
  found.version = who->family;
  found.text = fmt::format("TPM {}: {} {}, firmware {}, revision {}", who->family,
                           who->manufacturer, who->model, who->firmware, who->revision);
  return found;
}

}  // namespace siegel::app
