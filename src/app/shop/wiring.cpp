#include "app/shop/wiring.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/secrets/tse_login.h"
#include "app/secrets/vaults.h"
#include "app/shop/pullable.h"
#include "app/shop/refused_pin.h"
#include "country/at/at.h"
#include "country/de/de.h"
#include "crypto/secret.h"
#include "device/atrust/atrust.h"
#include "device/checked.h"
#include "device/pkcs11/pkcs11.h"
#include "device/smartcard/smartcard.h"
#include "device/softkey/softkey.h"
#include "device/softtse/softtse.h"
#include "journal/sqlite/sqlite.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

// A device whose clock is further off is set when it is opened.
constexpr std::chrono::milliseconds clock_off_max{1000};

journal::sqlite::Options journal_options(const ShopPlace& place, bool create) {
  return {.path = place.folder / "journal.db",
          .create = create,
          .vfs = place.vfs,
          .reserve = place.vfs.empty() ? place.folder / "reserve" : fs::path()};
}

fs::path tse_folder(const ShopPlace& place, const std::string& id) {
  return place.folder / "tse" / id;
}

Result<vault::SecretId> secret_id(const std::string& tse_id, std::string_view what) {
  return vault::SecretId::parse(fmt::format("tse/{}/{}", tse_id, what));
}

Result<crypto::SecretBytes> new_secret(vault::Vault& vault, const std::string& tse_id,
                                       std::string_view what, std::size_t digits, Random& random) {
  SIEGEL_TRY(const vault::SecretId id, secret_id(tse_id, what));
  crypto::SecretBytes secret = random_digits(digits, random);
  SIEGEL_TRY_OK(vault.put(id, secret));
  return secret;
}

/// Generation 2 wants a logger for every transaction; generation 1 knows none.
Status log_in_to_sell(device::Tse& tse, int generation) {
  if (generation < 2) return Ok{};
  return tse.log_in(device::TseUser::logger, crypto::SecretBytes());
}

/// A store that no journal entry names is what an interrupted creation left. It has never signed a
/// receipt; it is kept all the same, under another name.
Status set_aside(const fs::path& folder) {
  std::error_code error;
  if (fs::status(folder, error).type() == fs::file_type::not_found) return Ok{};
  fs::path other;
  for (int i = 1; other.empty() || fs::exists(other, error); ++i)
    other = fmt::format("{}.unfinished-{}", folder.string(), i);
  fs::rename(folder, other, error);
  if (error)
    return unavailable("E-FIL-004",
                       fmt::format("cannot set {} aside: {}", folder.string(), error.message()),
                       folder.string());
  return Ok{};
}

}  // namespace

Result<std::unique_ptr<journal::Journal>> make_journal(const ShopPlace& place, bool create) {
  SIEGEL_TRY(auto journal, journal::sqlite::open(journal_options(place, create)));
  return std::unique_ptr<journal::Journal>(std::move(journal));
}

Result<std::unique_ptr<journal::Reader>> make_journal_reader(const ShopPlace& place) {
  return journal::sqlite::open_reader(journal_options(place, false));
}

Result<std::unique_ptr<vault::Vault>> make_vault(const fs::path& folder, Random& random,
                                                 bool create, const std::string& tpm) {
  return open_vault({.folder = folder, .create = create, .tpm = tpm}, random);
}

Result<std::unique_ptr<country::Country>> make_country(const std::string& code) {
  if (code == "de") return std::unique_ptr<country::Country>(new country::de::Germany());
  if (code == "at") return std::unique_ptr<country::Country>(new country::at::Austria());
  return invalid("E-CFG-101", fmt::format("country \"{}\" is not known to this program", code),
                 "/country");
}

Result<std::unique_ptr<device::Tse>> create_soft_tse(const ShopPlace& place,
                                                     const CreateTse& create, vault::Vault& vault,
                                                     Environment environment) {
  const fs::path folder = tse_folder(place, create.id);
  std::error_code error;
  SIEGEL_TRY_OK(set_aside(folder));
  fs::create_directories(folder, error);
  if (error)
    return unavailable("E-FIL-004", fmt::format("cannot create {}", folder.string()),
                       folder.string());
  SIEGEL_TRY(auto key, device::SoftKey::generate(crypto::Curve::p256));
  SIEGEL_TRY(const vault::SecretId key_id, secret_id(create.id, "key"));
  SIEGEL_TRY_OK(vault.put(key_id, key->pkcs8()));

  device::softtse::CreateOptions options;
  options.store = {.file = folder / "tse.db", .vfs = place.vfs};
  options.id = create.id;
  options.generation =
      create.generation == 2 ? device::softtse::Generation::two : device::softtse::Generation::one;
  Random& random = environment.random;
  SIEGEL_TRY(options.admin.pin, new_secret(vault, create.id, "admin-pin", 8, random));
  SIEGEL_TRY(options.admin.puk, new_secret(vault, create.id, "admin-puk", 10, random));
  SIEGEL_TRY(options.time_admin.pin, new_secret(vault, create.id, "time-admin-pin", 8, random));
  SIEGEL_TRY(options.time_admin.puk, new_secret(vault, create.id, "time-admin-puk", 10, random));
  SIEGEL_TRY(auto tse, device::softtse::SoftTse::create(options, std::move(key),
                                                        {environment.clock, environment.random}));
  SIEGEL_TRY_OK(
      tse->commission(options.admin.pin, {.now = environment.clock.now().wall, .clients = {}}));
  SIEGEL_TRY_OK(log_in_to_sell(*tse, create.generation));
  return std::unique_ptr<device::Tse>(std::move(tse));
}

Result<std::unique_ptr<device::Tse>> open_soft_tse(const ShopPlace& place, const std::string& id,
                                                   vault::Vault& vault, Environment environment,
                                                   bool may_set_time) {
  SIEGEL_TRY(const vault::SecretId key_id, secret_id(id, "key"));
  SIEGEL_TRY(const crypto::SecretBytes key_bytes, vault.get(key_id));
  SIEGEL_TRY(auto key, device::SoftKey::from_pkcs8(key_bytes));
  SIEGEL_TRY(auto tse, device::softtse::SoftTse::open(
                           {.file = tse_folder(place, id) / "tse.db", .vfs = place.vfs},
                           std::move(key), {environment.clock, environment.random}));
  SIEGEL_TRY(const device::TseStatus status, tse->status());
  const auto off = environment.clock.now().wall - status.time;
  const bool is_off = !status.time_set || off > clock_off_max || -off > clock_off_max;
  if (is_off && may_set_time) {
    const Instant now = environment.clock.now().wall;
    SIEGEL_TRY_OK(log_in(*tse, id, device::TseUser::time_admin, vault, now));
    SIEGEL_TRY_OK(tse->set_time(environment.clock.now().wall));
    SIEGEL_TRY_OK(tse->log_out());
  }
  SIEGEL_TRY_OK(log_in_to_sell(*tse, status.generation));
  return std::unique_ptr<device::Tse>(std::move(tse));
}

Status register_client(device::Tse& tse, const std::string& tse_id, const std::string& client,
                       vault::Vault& vault) {
  SIEGEL_TRY(const device::TseStatus status, tse.status());
  if (std::find(status.clients.begin(), status.clients.end(), client) != status.clients.end())
    return Ok{};
  SIEGEL_TRY_OK(log_in(tse, tse_id, device::TseUser::admin, vault, status.time));
  const Status registered = tse.register_client(client);
  SIEGEL_TRY_OK(tse.log_out());
  SIEGEL_TRY_OK(log_in_to_sell(tse, status.generation));
  return registered;
}

namespace {

Result<std::unique_ptr<device::Signer>> make_pkcs11(const SignerSettings& settings,
                                                    std::vector<Bytes> certificates,
                                                    crypto::SecretBytes pin) {
  device::pkcs11::Options options;
  options.module = settings.module;
  options.token_label = settings.token_label;
  options.token_serial = settings.token_serial;
  options.key_label = settings.key_label;
  options.provider = settings.provider;
  options.pin_confirmed = settings.pin_confirmed;
  options.certificates = std::move(certificates);
  SIEGEL_TRY(options.key_id, from_hex(settings.key_id));
  SIEGEL_TRY(auto signer, device::pkcs11::Pkcs11Signer::create(std::move(options), std::move(pin)));
  return std::unique_ptr<device::Signer>(std::move(signer));
}

Result<std::unique_ptr<device::Signer>> make_atrust(const SignerSettings& settings,
                                                    std::vector<Bytes> certificates,
                                                    crypto::SecretBytes password,
                                                    Environment environment) {
  device::atrust::Options options;
  if (settings.service == "on-premise") options.service = device::atrust::Service::on_premise;
  if (!settings.url.empty()) options.url = settings.url;
  options.user = settings.user;
  options.basic_user = settings.basic_user;
  options.ca_file = settings.ca_file;
  options.plain_http = settings.plain_http;
  options.certificates = std::move(certificates);
  SIEGEL_TRY(auto signer, device::atrust::AtrustSigner::create(
                              std::move(options), std::move(password), environment.clock));
  return std::unique_ptr<device::Signer>(std::move(signer));
}

fs::path pulled_file(const fs::path& folder, const std::string& id) {
  return folder / "signers" / (id + ".pulled");
}

fs::path refused_file(const fs::path& folder, const std::string& id) {
  return folder / "signers" / (id + ".refused");
}

Result<std::unique_ptr<device::Signer>> make_plain_signer(const SignerSettings& settings,
                                                          const SignerInfo* known,
                                                          crypto::SecretBytes secret,
                                                          Environment environment) {
  std::vector<Bytes> certificates;
  if (known != nullptr) certificates = known->certificates;
  if (settings.kind == "pkcs11")
    return make_pkcs11(settings, std::move(certificates), std::move(secret));
  if (settings.kind == "atrust")
    return make_atrust(settings, std::move(certificates), std::move(secret), environment);
  if (settings.kind == "smartcard")
    return std::unique_ptr<device::Signer>(
        device::smartcard::open_smart_card({.serial = settings.serial, .pin = std::move(secret)}));
  if (settings.kind == "softkey") {
    SIEGEL_TRY(auto signer, device::SoftKey::from_pkcs8(secret, std::move(certificates)));
    return std::unique_ptr<device::Signer>(std::move(signer));
  }
  return invalid("E-AUT-116",
                 fmt::format("\"{}\" is not softkey, pkcs11, smartcard or atrust", settings.kind),
                 "--signer");
}

}  // namespace

Result<std::unique_ptr<device::CheckedSigner>> make_signer(const fs::path& folder,
                                                           const SignerSettings& settings,
                                                           const SignerInfo* known,
                                                           crypto::SecretBytes secret,
                                                           Environment environment) {
  SIEGEL_TRY(auto plain, make_plain_signer(settings, known, std::move(secret), environment));
  if (settings.kind == "softkey")
    plain = std::make_unique<PullableSigner>(std::move(plain), pulled_file(folder, settings.id));
  else
    plain = std::make_unique<RefusedPin>(std::move(plain), refused_file(folder, settings.id),
                                         settings.pin_confirmed);
  std::optional<crypto::PublicKey> key;
  if (known != nullptr) {
    SIEGEL_TRY(key, crypto::PublicKey::from_point(crypto::Curve::p256, known->public_key));
  }
  return std::make_unique<device::CheckedSigner>(std::move(plain), std::move(key));
}

Result<SoftSigner> make_soft_signer(const fs::path& folder, const std::string& id,
                                    const std::string& holder, Environment environment) {
  // Longer than any test lasts, and valid since yesterday: clocks of demos differ.
  constexpr std::chrono::hours day{24};
  const Instant now = environment.clock.now().wall;
  SIEGEL_TRY(auto signer,
             device::SoftKey::make_test_signer(
                 {.holder = holder, .not_before = now - day, .not_after = now + 3650 * day},
                 environment.random));
  SoftSigner made;
  made.secret = signer->pkcs8();
  made.signer = std::make_unique<device::CheckedSigner>(
      std::make_unique<PullableSigner>(std::move(signer), pulled_file(folder, id)));
  return made;
}

}  // namespace siegel::app
