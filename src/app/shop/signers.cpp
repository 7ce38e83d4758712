#include "app/shop/signers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "crypto/ec.h"
#include "crypto/hash.h"
#include "crypto/signer_certificate.h"
#include "crypto/x509.h"
#include "format/json.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kinds = {"softkey", "pkcs11", "smartcard", "atrust"};
constexpr std::size_t text_max = 1000;

/// Names and places of the texts a settings file may hold.
struct Member {
  std::string_view name;
  std::string SignerSettings::* text;
};
constexpr std::array members = {
    Member{"basic_user", &SignerSettings::basic_user},
    Member{"ca_file", &SignerSettings::ca_file},
    Member{"key_id", &SignerSettings::key_id},
    Member{"key_label", &SignerSettings::key_label},
    Member{"module", &SignerSettings::module},
    Member{"provider", &SignerSettings::provider},
    Member{"serial", &SignerSettings::serial},
    Member{"service", &SignerSettings::service},
    Member{"token_label", &SignerSettings::token_label},
    Member{"token_serial", &SignerSettings::token_serial},
    Member{"url", &SignerSettings::url},
    Member{"user", &SignerSettings::user},
};

fs::path settings_file(const fs::path& folder, const std::string& id) {
  return folder / "signers" / (id + ".json");
}

/// "UID ATU12345678" and "ATU 1234 5678" are the same entrepreneur.
std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '/' || c == '.') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

/// The holder of a certificate is a kind of number and the number: UID, GLN or tax number.
Status check_holder(const std::string& holder, const Business& business) {
  if (holder.empty()) return Ok{};
  const std::string found = squeezed(holder);
  for (const std::string* own : {&business.vat_id, &business.tax_number})
    if (!own->empty() && found.ends_with(squeezed(*own))) return Ok{};
  // A GLN says nothing that we know of this entrepreneur.
  if (found.starts_with("GLN")) return Ok{};
  return conflict(
      "E-AUT-112",
      fmt::format("the certificate belongs to \"{}\", the business is {}", excerpt(holder),
                  business.vat_id.empty() ? business.tax_number : business.vat_id),
      "/vat_id");
}

Status check_dates(const crypto::Certificate& certificate, Instant now) {
  if (now >= certificate.not_before() && now <= certificate.not_after()) return Ok{};
  return conflict("E-AUT-113",
                  fmt::format("the certificate is valid from {} to {}",
                              certificate.not_before().text(), certificate.not_after().text()));
}

}  // namespace

Result<vault::SecretId> aes_key_id(const RegisterId& id) {
  return vault::SecretId::parse("aes/" + hex(bytes_of(id.text())));
}

Result<vault::SecretId> signer_secret_id(const std::string& signer) {
  return vault::SecretId::parse(fmt::format("signer/{}/secret", signer));
}

Status write_signer_settings(const fs::path& folder, const SignerSettings& settings) {
  const fs::path file = settings_file(folder, settings.id);
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error)
    return unavailable("E-FIL-004", fmt::format("cannot make {}", file.parent_path().string()),
                       file.parent_path().string());
  json::Object object;
  for (const Member& member : members)
    if (const std::string& text = settings.*member.text; !text.empty())
      object.set(member.name, text);
  object.set("kind", settings.kind);
  if (settings.plain_http) object.set("plain_http", true);
  return write_file(file, bytes_of(json::pretty(object)), {.mode = 0600});
}

Result<SignerSettings> read_signer_settings(const fs::path& folder, const std::string& id) {
  const fs::path file = settings_file(folder, id);
  const auto bytes = read_file(file, 1U << 16U);
  if (!bytes)
    return not_found("E-AUT-110",
                     fmt::format("how the signature device {} is reached is not on record: {}", id,
                                 bytes.error().detail),
                     file.string());
  const auto bad = [&](const Error& error) {
    return corrupt("E-AUT-111", fmt::format("{} {}", error.detail, error.place), file.string());
  };
  const auto value = json::parse(text_of(*bytes));
  if (!value) return bad(value.error());
  auto fields = json::Fields::of(*value);
  if (!fields) return bad(fields.error());
  SignerSettings settings;
  settings.id = id;
  const auto kind = fields->required_word("kind", kinds);
  if (!kind) return bad(kind.error());
  settings.kind = kinds.at(*kind);
  for (const Member& member : members) {
    auto text = fields->optional_string(member.name, text_max);
    if (!text) return bad(text.error());
    settings.*member.text = std::move(*text).value_or(std::string());
  }
  const auto plain = fields->optional_bool("plain_http", false);
  if (!plain) return bad(plain.error());
  settings.plain_http = *plain;
  if (const auto end = fields->finish(); !end) return bad(end.error());
  return settings;
}

Result<SignerInfo> inspect_signer(const SignerSettings& settings, device::Signer& signer,
                                  const Business& business, Instant now) {
  SIEGEL_TRY(const device::SignerIdentity identity, signer.identity());
  SignerInfo info;
  info.id = settings.id;
  info.kind = settings.kind;
  info.development = settings.kind == "softkey";
  info.public_key = identity.public_key;
  const auto key = crypto::PublicKey::from_point(crypto::Curve::p256, identity.public_key);
  if (!key)
    return conflict("E-AUT-115", fmt::format("the key of {} is not of P-256", settings.id),
                    "--signer");
  info.provider = settings.provider.empty() ? identity.provider : settings.provider;
  if (info.provider.empty())
    return invalid("E-AUT-114", "the device does not say which trust provider it is of",
                   "--provider");
  if (info.provider == "AT0") {
    info.serial = settings.serial;  // closed system: there is no certificate
  } else {
    SIEGEL_TRY(info.certificates, signer.certificates());
    if (info.certificates.empty())
      return unavailable("E-SIG-108", fmt::format("{} holds no certificate", settings.id));
    SIEGEL_TRY(const auto leaf, crypto::Certificate::parse(info.certificates.front()));
    SIEGEL_TRY(info.serial, crypto::signer_serial_of(leaf));
    SIEGEL_TRY(const auto holder, crypto::signer_holder_of(leaf));
    info.holder = holder.value_or(std::string());
    SIEGEL_TRY_OK(check_dates(leaf, now));
    SIEGEL_TRY_OK(check_holder(info.holder, business));
  }
  // Only now: the PIN of a card is shown to the right one, once, and to no other.
  const Hash256 digest = crypto::sha256(bytes_of("siegel: first signature of " + settings.id));
  SIEGEL_TRY(const Bytes signature, signer.sign_digest(digest));
  if (!key->verify_ecdsa_digest(digest, signature))
    return unavailable("E-SIG-103", fmt::format("the signature of {} is not valid", settings.id));
  return info;
}

Result<std::string> austrian_vat_id(std::string_view text) {
  const std::string id = squeezed(text);
  const bool digits = id.size() == 11 && std::all_of(id.begin() + 3, id.end(),
                                                     [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || !id.starts_with("ATU"))
    return invalid("E-AUT-101",
                   text.empty() ? std::string("the business has no VAT id (UID)")
                                : fmt::format("\"{}\" is not ATU and eight digits", excerpt(text)),
                   "/vat_id");
  return id;
}

}  // namespace siegel::app
