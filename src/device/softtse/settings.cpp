#include <fmt/format.h>

#include <charconv>

#include "crypto/x509_make.h"
#include "device/softtse/engine.h"

// What is fixed when a device is made: its settings as rows, its users, its certificates.

namespace siegel::device::softtse {

namespace {

constexpr std::size_t secret_bytes_min = 4;
constexpr std::size_t secret_bytes_max = 64;

Result<std::int64_t> read_number(Store& store, std::string_view key) {
  SIEGEL_TRY(const auto text, store.setting(key));
  std::int64_t value = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc()) {
    return corrupt("E-TSE-234", fmt::format("the store has no number under \"{}\"", key));
  }
  return value;
}

Result<std::uint64_t> read_unsigned(Store& store, std::string_view key) {
  SIEGEL_TRY(const std::int64_t value, read_number(store, key));
  return static_cast<std::uint64_t>(value);
}

Status read_limits(Store& store, Limits& limits) {
  SIEGEL_TRY(limits.clients, read_unsigned(store, "limit.clients"));
  SIEGEL_TRY(limits.open_transactions, read_unsigned(store, "limit.open_transactions"));
  SIEGEL_TRY(limits.signatures, read_unsigned(store, "limit.signatures"));
  SIEGEL_TRY(limits.transactions, read_unsigned(store, "limit.transactions"));
  SIEGEL_TRY(limits.storage_bytes, read_unsigned(store, "limit.storage_bytes"));
  SIEGEL_TRY(limits.process_data_bytes, read_unsigned(store, "limit.process_data_bytes"));
  SIEGEL_TRY(limits.pending_bytes, read_unsigned(store, "limit.pending_bytes"));
  SIEGEL_TRY(const std::int64_t tries, read_number(store, "limit.pin_tries"));
  limits.pin_tries = static_cast<int>(tries);
  SIEGEL_TRY(const std::int64_t self_test, read_number(store, "limit.self_test_ms"));
  limits.self_test_interval = std::chrono::milliseconds(self_test);
  SIEGEL_TRY(const std::int64_t protection, read_number(store, "limit.protection_delay_ms"));
  limits.protection_delay = std::chrono::milliseconds(protection);
  SIEGEL_TRY(const std::int64_t admin, read_number(store, "limit.admin_idle_ms"));
  limits.admin_idle = std::chrono::milliseconds(admin);
  SIEGEL_TRY(const std::int64_t logger, read_number(store, "limit.logger_idle_ms"));
  limits.logger_idle = std::chrono::milliseconds(logger);
  return Ok{};
}

crypto::CertificateSpec ca_spec(std::string name, std::uint8_t below, Instant from, Instant to) {
  return {.subject = {.organization = "Siegel",
                      .organizational_unit = "TEST - nicht zertifiziert / not certified",
                      .common_name = std::move(name)},
          .role = crypto::CertificateRole::ca,
          .path_length = below,
          .not_before = from,
          .not_after = to};
}

}  // namespace

std::vector<Setting> to_settings(const Settings& settings) {
  const Limits& limits = settings.limits;
  std::vector<Setting> out;
  const auto put = [&](std::string key, auto value) {
    out.push_back({std::move(key), fmt::format("{}", value)});
  };
  put("id", settings.id);
  put("generation", static_cast<int>(settings.generation));
  put("time_format", static_cast<int>(settings.time_format));
  put("updates", static_cast<int>(settings.updates));
  put("clock", static_cast<int>(settings.clock));
  put("limit.clients", limits.clients);
  put("limit.open_transactions", limits.open_transactions);
  put("limit.signatures", limits.signatures);
  put("limit.transactions", limits.transactions);
  put("limit.storage_bytes", limits.storage_bytes);
  put("limit.process_data_bytes", limits.process_data_bytes);
  put("limit.pending_bytes", limits.pending_bytes);
  put("limit.pin_tries", limits.pin_tries);
  put("limit.self_test_ms", limits.self_test_interval.count());
  put("limit.protection_delay_ms", limits.protection_delay.count());
  put("limit.admin_idle_ms", limits.admin_idle.count());
  put("limit.logger_idle_ms", limits.logger_idle.count());
  put("algorithm", settings.algorithm);
  put("certificates", settings.certificates.size());
  for (std::size_t i = 0; i < settings.certificates.size(); ++i) {
    out.push_back({fmt::format("certificate.{}", i), base64(settings.certificates[i])});
  }
  out.push_back({"state.description", std::string(test_description)});
  return out;
}

Result<Settings> read_settings(Store& store) {
  Settings out;
  SIEGEL_TRY(const auto id, store.setting("id"));
  out.id = id.value_or("");
  SIEGEL_TRY(const std::int64_t generation, read_number(store, "generation"));
  SIEGEL_TRY(const std::int64_t format, read_number(store, "time_format"));
  SIEGEL_TRY(const std::int64_t updates, read_number(store, "updates"));
  SIEGEL_TRY(const std::int64_t clock, read_number(store, "clock"));
  if (generation < 1 || generation > 2 || format < 0 || format > 3 || updates < 0 || updates > 2 ||
      clock < 0 || clock > 1) {
    return corrupt("E-TSE-234", "a setting of the store has a value that does not exist");
  }
  out.generation = static_cast<Generation>(generation);
  out.time_format = static_cast<TimeFormat>(format);
  out.updates = static_cast<UpdateVariant>(updates);
  out.clock = static_cast<ClockWithoutPower>(clock);
  SIEGEL_TRY_OK(read_limits(store, out.limits));
  SIEGEL_TRY(const auto algorithm, store.setting("algorithm"));
  out.algorithm = algorithm.value_or("");
  SIEGEL_TRY(const std::int64_t certificates, read_number(store, "certificates"));
  for (std::int64_t i = 0; i < certificates; ++i) {
    SIEGEL_TRY(const auto text, store.setting(fmt::format("certificate.{}", i)));
    SIEGEL_TRY(auto der, from_base64(text.value_or("")));
    out.certificates.push_back(std::move(der));
  }
  return out;
}

Bytes pin_hash(BytesView salt, std::string_view purpose, const crypto::SecretBytes& secret) {
  const Hash256 hash =
      crypto::sha256({bytes_of("siegel software-tse "), bytes_of(purpose), salt, secret.reveal()});
  return {hash.begin(), hash.end()};
}

Result<UserRow> make_user(std::string id, const Credentials& credentials, bool pin_required,
                          const Limits& limits, Random& random) {
  const auto good = [](const crypto::SecretBytes& secret) {
    return secret.size() >= secret_bytes_min && secret.size() <= secret_bytes_max;
  };
  const bool absent = credentials.pin.empty() && credentials.puk.empty();
  if (pin_required ? !good(credentials.pin) || !good(credentials.puk)
                   : !absent && (!good(credentials.pin) || !good(credentials.puk))) {
    return invalid("E-TSE-219",
                   fmt::format("PIN and PUK of \"{}\" must have {} to {} bytes", id,
                               secret_bytes_min, secret_bytes_max),
                   "ErrorParameterSyntax");
  }
  UserRow user;
  user.id = std::move(id);
  user.salt.resize(16);
  random.fill(user.salt);
  user.tries_left = limits.pin_tries;
  if (!absent) {
    user.pin = pin_hash(user.salt, "pin", credentials.pin);
    user.puk = pin_hash(user.salt, "puk", credentials.puk);
  }
  return user;
}

Result<std::vector<Bytes>> make_chain(const crypto::PublicKey& key, int days, Instant now,
                                      Random& random) {
  const std::chrono::milliseconds day = std::chrono::hours(24);
  const Instant from = now - day;
  const Instant until = now + day * days;
  // Both keys die with this function: nobody can issue a second certificate below this root.
  SIEGEL_TRY(const auto root_key, crypto::PrivateKey::generate(crypto::Curve::p384));
  SIEGEL_TRY(const auto sub_key, crypto::PrivateKey::generate(crypto::Curve::p384));
  SIEGEL_TRY(const auto root,
             crypto::make_root(ca_spec("TEST Root CA of a software TSE", 1, from, until), root_key,
                               random));
  SIEGEL_TRY(const auto sub,
             crypto::make_certificate(ca_spec("TEST Sub CA of a software TSE", 0, from, until),
                                      sub_key.public_key(), {.certificate = root, .key = root_key},
                                      random));
  crypto::CertificateSpec leaf_spec = ca_spec(hex(key.point_hash()), 0, from, until);
  leaf_spec.role = crypto::CertificateRole::leaf;
  leaf_spec.path_length.reset();
  SIEGEL_TRY(const auto leaf, crypto::make_certificate(
                                  leaf_spec, key, {.certificate = sub, .key = sub_key}, random));
  return std::vector<Bytes>{leaf.der(), sub.der(), root.der()};
}

}  // namespace siegel::device::softtse
