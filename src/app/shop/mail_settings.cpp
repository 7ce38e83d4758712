#include "app/shop/mail_settings.h"

#include <array>

#include "base/file.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> securities = {"starttls", "tls", "plain"};
constexpr std::array<std::string_view, 2> languages = {"de", "en"};
constexpr std::size_t text_max = 1000;

fs::path settings_file(const fs::path& folder) { return folder / "mail.json"; }

std::uint16_t usual_port(net::MailSecurity security) {
  switch (security) {
    case net::MailSecurity::starttls:
      return 587;
    case net::MailSecurity::tls:
      return 465;
    case net::MailSecurity::plain:
      return 25;
  }
  return 587;
}

template <class T>
Result<T> placed(Result<T> result, std::string place) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.place = std::move(place);
  return error;
}

Result<std::string> optional_text(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(auto text, fields.optional_string(key, text_max));
  return std::move(text).value_or(std::string());
}

}  // namespace

Result<MailSettings> mail_settings_from_json(const json::Value& value) {
  SIEGEL_TRY(auto fields, json::Fields::of(value));
  MailSettings settings;
  SIEGEL_TRY(settings.ca_file, optional_text(fields, "ca_file"));
  SIEGEL_TRY(settings.from, fields.required_string("from", text_max));
  SIEGEL_TRY_OK(placed(net::MailAddress::parse(settings.from), "/from"));
  SIEGEL_TRY(const std::string name, optional_text(fields, "from_name"));
  if (!name.empty()) settings.from_name = name;
  SIEGEL_TRY(settings.host, fields.required_string("host", 255));
  SIEGEL_TRY(const auto language, fields.optional_word("language", languages));
  if (language) settings.language = *language == 0 ? Language::de : Language::en;
  SIEGEL_TRY(const auto port, fields.optional_int("port", 1, 65535));
  if (port) settings.port = static_cast<std::uint16_t>(*port);
  SIEGEL_TRY(const auto security, fields.optional_word("security", securities));
  if (security) settings.security = static_cast<net::MailSecurity>(*security);
  SIEGEL_TRY(settings.to, fields.required_string("to", 20'000));
  SIEGEL_TRY(const auto addresses, placed(mail::parse_addresses(settings.to), "/to"));
  if (addresses.empty()) return invalid("E-JSN-027", "nobody is named", "/to");
  SIEGEL_TRY(settings.user, optional_text(fields, "user"));
  SIEGEL_TRY_OK(fields.finish());
  return settings;
}

json::Value to_json_value(const MailSettings& settings) {
  json::Object object;
  if (!settings.ca_file.empty()) object.set("ca_file", settings.ca_file);
  object.set("from", settings.from);
  object.set("from_name", settings.from_name);
  object.set("host", settings.host);
  object.set("language", settings.language == Language::de ? "de" : "en");
  if (settings.port != 0) object.set("port", static_cast<std::int64_t>(settings.port));
  object.set("security", securities.at(static_cast<std::size_t>(settings.security)));
  object.set("to", settings.to);
  if (!settings.user.empty()) object.set("user", settings.user);
  return object;
}

Result<std::optional<MailSettings>> read_mail_settings(const fs::path& folder) {
  const fs::path file = settings_file(folder);
  const auto bytes = read_file(file, 1U << 16U);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) return std::optional<MailSettings>();
    return bytes.error();
  }
  const auto bad = [&](const Error& error) {
    return invalid("E-AUT-121", error.detail + " " + error.place, file.string());
  };
  const auto value = json::parse(text_of(*bytes));
  if (!value) return bad(value.error());
  auto settings = mail_settings_from_json(*value);
  if (!settings) return bad(settings.error());
  return std::optional<MailSettings>(std::move(*settings));
}

Status write_mail_settings(const fs::path& folder, const MailSettings& settings) {
  return write_file(settings_file(folder), bytes_of(json::pretty(to_json_value(settings))),
                    {.mode = 0600});
}

Result<vault::SecretId> mail_password_id() { return vault::SecretId::parse("mail/password"); }

Result<mail::Settings> ready_to_send(const MailSettings& settings, vault::Vault& vault) {
  SIEGEL_TRY(auto from, net::MailAddress::parse(settings.from));
  SIEGEL_TRY(auto to, mail::parse_addresses(settings.to));
  net::MailServer server;
  server.host = settings.host;
  server.port = settings.port == 0 ? usual_port(settings.security) : settings.port;
  server.security = settings.security;
  server.user = settings.user;
  server.ca_file = settings.ca_file;
  if (!settings.user.empty()) {
    SIEGEL_TRY(const vault::SecretId id, mail_password_id());
    SIEGEL_TRY(server.password, vault.get(id));
  }
  return mail::Settings{std::move(server), std::move(from), settings.from_name, std::move(to)};
}

}  // namespace siegel::app
