#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/shop/shop.h"
#include "country/country.h"
#include "device/checked.h"
#include "device/device.h"
#include "journal/journal.h"
#include "vault/vault.h"

// Every plug of this program is named in wiring.cpp and nowhere else, but those of the vault:
// app/secrets/vaults.cpp.

namespace siegel::app {

[[nodiscard]] Result<std::unique_ptr<journal::Journal>> make_journal(const ShopPlace& place,
                                                                     bool create);
[[nodiscard]] Result<std::unique_ptr<journal::Reader>> make_journal_reader(const ShopPlace& place);
/// `tpm`: where the key of a new vault goes (app/secrets/vaults.h).
[[nodiscard]] Result<std::unique_ptr<vault::Vault>> make_vault(const std::filesystem::path& folder,
                                                               Random& random, bool create,
                                                               const std::string& tpm = "none");
/// "de", "at". E-CFG-101: not known.
[[nodiscard]] Result<std::unique_ptr<country::Country>> make_country(const std::string& code);

/// A new software TSE in `<folder>/tse/<id>/`, its secrets in the vault, in operation and without
/// clients. E-TSE-304: there is one of that id.
[[nodiscard]] Result<std::unique_ptr<device::Tse>> create_soft_tse(const ShopPlace& place,
                                                                   const CreateTse& create,
                                                                   vault::Vault& vault,
                                                                   Environment environment);
[[nodiscard]] Result<std::unique_ptr<device::Tse>> open_soft_tse(const ShopPlace& place,
                                                                 const std::string& id,
                                                                 vault::Vault& vault,
                                                                 Environment environment,
                                                                 bool may_set_time = true);
/// Makes the register a client of the TSE, with the admin's PIN from the vault. A client already is
/// fine. Runs on the device's lane.
[[nodiscard]] Status register_client(device::Tse& tse, const std::string& tse_id,
                                     const std::string& client, vault::Vault& vault);

/// A signature device of Austria as configured; it is not touched. `known`: what the journal holds
/// of it, if it is in operation: every signature is verified with that key. The secret is its PIN
/// or password, of a software signer its key. Errors: E-AUT-110, -111, those of the device's
/// create(). `folder`: the data folder, for the pulling of software signers (pullable.h).
[[nodiscard]] Result<std::unique_ptr<device::CheckedSigner>> make_signer(
    const std::filesystem::path& folder, const SignerSettings& settings, const SignerInfo* known,
    crypto::SecretBytes secret, Environment environment);
/// The same for a software signer that is new: with a test chain and its key, for development,
/// training and tests.
struct SoftSigner {
  std::unique_ptr<device::CheckedSigner> signer;
  crypto::SecretBytes secret;
};
[[nodiscard]] Result<SoftSigner> make_soft_signer(const std::filesystem::path& folder,
                                                  const std::string& id, const std::string& holder,
                                                  Environment environment);

}  // namespace siegel::app
