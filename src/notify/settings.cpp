#include "notify/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "format/json_fields.h"

namespace siegel::notify {
namespace {

namespace fs = std::filesystem;
using std::chrono::minutes;

constexpr std::array<std::string_view, 3> securities = {"starttls", "tls", "plain"};
constexpr std::array<std::string_view, 2> languages = {"de", "en"};
constexpr std::size_t text_max = 1000;
constexpr std::size_t name_max = 64;
constexpr std::size_t filter_max = 200;
constexpr std::size_t addresses_max = 50;
constexpr std::size_t reminders_max = 20;
constexpr std::int64_t minutes_max = 60LL * 24 * 366;
constexpr std::int64_t time_limit_max = 300;
constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t secret_bytes_min = 24;
constexpr std::size_t secret_bytes_max = 64;

fs::path settings_file(const fs::path& folder) { return folder / "notify.json"; }

Error wrong(std::string detail, std::string place) {
  return invalid("E-NOT-103", std::move(detail), std::move(place));
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

Result<std::vector<std::string>> texts(json::Fields& fields, std::string_view key,
                                       std::size_t count_max) {
  SIEGEL_TRY(const json::Items items, fields.optional_array(key, count_max));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(auto text, items.string(i, text_max));
    out.push_back(std::move(text));
  }
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_max && text.front() != '.' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

/// "outage.started", "outage.*".
bool covers(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with(".*")) return pattern == name;
  pattern.remove_suffix(1);
  return name.starts_with(pattern);
}

Result<MailServer> read_server(json::Fields& fields) {
  MailServer server;
  SIEGEL_TRY(server.ca_file, optional_text(fields, "ca_file"));
  SIEGEL_TRY(server.from, fields.required_string("from", text_max));
  SIEGEL_TRY_OK(placed(net::MailAddress::parse(server.from), fields.place_of("from")));
  SIEGEL_TRY(const std::string name, optional_text(fields, "from_name"));
  if (!name.empty()) server.from_name = name;
  SIEGEL_TRY(server.host, fields.required_string("host", 255));
  SIEGEL_TRY(const auto port, fields.optional_int("port", 1, 65535));
  if (port) server.port = static_cast<std::uint16_t>(*port);
  SIEGEL_TRY(const auto security, fields.optional_word("security", securities));
  if (security) server.security = static_cast<net::MailSecurity>(*security);
  SIEGEL_TRY(server.user, optional_text(fields, "user"));
  SIEGEL_TRY_OK(fields.finish());
  return server;
}

Status read_filters(json::Fields& fields, Recipient& recipient) {
  SIEGEL_TRY(recipient.events, texts(fields, "events", filter_max));
  const auto known = event_names();
  for (std::size_t i = 0; i < recipient.events.size(); ++i) {
    const std::string& one = recipient.events[i];
    if (std::ranges::none_of(known, [&](std::string_view name) { return covers(one, name); }))
      return wrong(fmt::format("there is no event \"{}\"; there are: {}", excerpt(one),
                               fmt::join(known, ", ")),
                   json::pointer(fields.place_of("events"), i));
  }
  SIEGEL_TRY(recipient.devices, texts(fields, "devices", filter_max));
  SIEGEL_TRY(recipient.registers, texts(fields, "registers", filter_max));
  return Ok{};
}

Result<Recipient> read_recipient(json::Fields fields) {
  Recipient recipient;
  SIEGEL_TRY(recipient.name, fields.required_string("name", name_max));
  if (!is_name(recipient.name))
    return wrong("a name has 1 to 64 of a-z 0-9 . _ -", fields.place_of("name"));
  SIEGEL_TRY(const auto language, fields.optional_word("language", languages));
  if (language) recipient.language = *language == 0 ? Language::de : Language::en;
  SIEGEL_TRY_OK(read_filters(fields, recipient));
  const int channels =
      int{fields.has("mail")} + int{fields.has("webhook")} + int{fields.has("command")};
  if (channels != 1) return wrong("one of mail, webhook and command is needed", fields.place());
  if (fields.has("mail")) {
    SIEGEL_TRY(const std::string list, fields.required_string("mail", 20'000));
    SIEGEL_TRY(const auto addresses, placed(mail::parse_addresses(list), fields.place_of("mail")));
    if (addresses.empty()) return invalid("E-JSN-027", "nobody is named", fields.place_of("mail"));
    for (const net::MailAddress& address : addresses) recipient.mail.push_back(address.text());
  } else if (fields.has("webhook")) {
    recipient.channel = Channel::webhook;
    SIEGEL_TRY(recipient.url, fields.required_string("webhook", 2000));
    if (!recipient.url.starts_with("https://") && !recipient.url.starts_with("http://"))
      return invalid("E-NET-001", "only https and http are allowed", fields.place_of("webhook"));
    SIEGEL_TRY(recipient.ca_file, optional_text(fields, "ca_file"));
    SIEGEL_TRY(recipient.plain_http, fields.optional_bool("plain_http", false));
  } else {
    recipient.channel = Channel::command;
    SIEGEL_TRY(recipient.command, texts(fields, "command", arguments_max));
    if (recipient.command.empty() || !fs::path(recipient.command.front()).is_absolute())
      return wrong("a command begins with the absolute path of its program",
                   fields.place_of("command"));
    SIEGEL_TRY(const auto limit, fields.optional_int("time_limit", 1, time_limit_max));
    if (limit) recipient.time_limit = std::chrono::seconds(*limit);
  }
  SIEGEL_TRY_OK(fields.finish());
  return recipient;
}

Status read_reminders(json::Fields& fields, Settings& settings) {
  if (fields.has("remind_after_minutes")) {
    settings.remind_after.clear();
    SIEGEL_TRY(const json::Items items,
               fields.optional_array("remind_after_minutes", reminders_max));
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::int64_t least =
          settings.remind_after.empty() ? 1 : settings.remind_after.back().count() + 1;
      SIEGEL_TRY(const std::int64_t after, items.integer(i, least, minutes_max));
      settings.remind_after.emplace_back(after);
    }
  }
  SIEGEL_TRY(const auto every, fields.optional_int("remind_every_minutes", 0, minutes_max));
  if (every) settings.remind_every = minutes(*every);
  return Ok{};
}

json::Array array_of(const std::vector<std::string>& list) {
  json::Array out;
  for (const std::string& text : list) out.emplace_back(text);
  return out;
}

json::Object object_of(const MailServer& server) {
  json::Object object;
  if (!server.ca_file.empty()) object.set("ca_file", server.ca_file);
  object.set("from", server.from);
  object.set("from_name", server.from_name);
  object.set("host", server.host);
  if (server.port != 0) object.set("port", static_cast<std::int64_t>(server.port));
  object.set("security", securities.at(static_cast<std::size_t>(server.security)));
  if (!server.user.empty()) object.set("user", server.user);
  return object;
}

json::Object object_of(const Recipient& recipient) {
  json::Object object;
  if (!recipient.ca_file.empty()) object.set("ca_file", recipient.ca_file);
  if (!recipient.command.empty()) {
    object.set("command", array_of(recipient.command));
    object.set("time_limit", static_cast<std::int64_t>(recipient.time_limit.count()));
  }
  if (!recipient.devices.empty()) object.set("devices", array_of(recipient.devices));
  if (!recipient.events.empty()) object.set("events", array_of(recipient.events));
  if (recipient.language)
    object.set("language", languages.at(*recipient.language == Language::de ? 0 : 1));
  if (!recipient.mail.empty())
    object.set("mail", fmt::format("{}", fmt::join(recipient.mail, "; ")));
  object.set("name", recipient.name);
  if (recipient.plain_http) object.set("plain_http", true);
  if (!recipient.registers.empty()) object.set("registers", array_of(recipient.registers));
  if (!recipient.url.empty()) object.set("webhook", recipient.url);
  return object;
}

}  // namespace

std::string_view word_of(Channel channel) {
  switch (channel) {
    case Channel::mail:
      return "mail";
    case Channel::webhook:
      return "webhook";
    case Channel::command:
      return "command";
  }
  return {};
}

bool Recipient::wants(const Event& event) const {
  const auto meets = [](const std::vector<std::string>& wanted,
                        const std::vector<std::string>& there) {
    return wanted.empty() || there.empty() || std::ranges::any_of(there, [&](const auto& one) {
             return std::ranges::find(wanted, one) != wanted.end();
           });
  };
  const bool named = events.empty() || std::ranges::any_of(events, [&](const std::string& one) {
                       return covers(one, event.name);
                     });
  return named && meets(devices, event.devices) && meets(registers, event.registers);
}

const Recipient* Settings::find(std::string_view name) const {
  const auto found = std::ranges::find(recipients, name, &Recipient::name);
  return found == recipients.end() ? nullptr : &*found;
}

std::uint64_t Settings::reminders_due(std::chrono::milliseconds lasted) const {
  std::uint64_t due = 0;
  for (const minutes after : remind_after)
    if (lasted >= after) ++due;
  if (remind_after.empty() || due < remind_after.size() || remind_every.count() == 0) return due;
  return due + static_cast<std::uint64_t>((lasted - remind_after.back()) / remind_every);
}

Result<Settings> settings_from_json(const json::Value& value) {
  SIEGEL_TRY(auto fields, json::Fields::of(value));
  Settings settings;
  SIEGEL_TRY(const auto language, fields.optional_word("language", languages));
  if (language) settings.language = *language == 0 ? Language::de : Language::en;
  SIEGEL_TRY(auto server, fields.optional_object("mail"));
  if (server) {
    SIEGEL_TRY(settings.mail, read_server(*server));
  }
  SIEGEL_TRY_OK(read_reminders(fields, settings));
  SIEGEL_TRY(const json::Items items, fields.required_array("recipients", recipients_max));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(auto fields_of_one, items.object(i));
    SIEGEL_TRY(auto recipient, read_recipient(std::move(fields_of_one)));
    if (settings.find(recipient.name) != nullptr)
      return wrong(fmt::format("\"{}\" is there twice", recipient.name),
                   items.place_of(i) + "/name");
    if (recipient.channel == Channel::mail && !settings.mail)
      return wrong("mails need a server: the member \"mail\" of the document is missing",
                   items.place_of(i) + "/mail");
    settings.recipients.push_back(std::move(recipient));
  }
  SIEGEL_TRY_OK(fields.finish());
  return settings;
}

json::Value to_json_value(const Settings& settings) {
  json::Object object;
  object.set("language", languages.at(settings.language == Language::de ? 0 : 1));
  if (settings.mail) object.set("mail", object_of(*settings.mail));
  json::Array recipients;
  for (const Recipient& recipient : settings.recipients)
    recipients.emplace_back(object_of(recipient));
  object.set("recipients", std::move(recipients));
  json::Array reminders;
  for (const minutes after : settings.remind_after)
    reminders.emplace_back(static_cast<std::int64_t>(after.count()));
  object.set("remind_after_minutes", std::move(reminders));
  object.set("remind_every_minutes", static_cast<std::int64_t>(settings.remind_every.count()));
  return object;
}

Result<std::optional<Settings>> read_settings(const fs::path& folder) {
  const fs::path file = settings_file(folder);
  const auto bytes = read_file(file, 1U << 20U);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) return std::optional<Settings>();
    return bytes.error();
  }
  const auto bad = [&](const Error& error) {
    return invalid("E-NOT-101", error.detail + " " + error.place, file.string());
  };
  const auto value = json::parse(text_of(*bytes));
  if (!value) return bad(value.error());
  auto settings = settings_from_json(*value);
  if (!settings) return bad(settings.error());
  return std::optional<Settings>(std::move(*settings));
}

Status write_settings(const fs::path& folder, const Settings& settings) {
  return write_file(settings_file(folder), bytes_of(json::pretty(to_json_value(settings))),
                    {.mode = 0600});
}

Result<vault::SecretId> mail_password_id() { return vault::SecretId::parse("mail/password"); }

Result<vault::SecretId> webhook_secret_id(const std::string& recipient) {
  return vault::SecretId::parse("webhook/" + recipient);
}

Result<crypto::SecretBytes> webhook_secret_from_text(std::string_view text) {
  const bool prefixed = text.starts_with(secret_prefix);
  auto bytes = from_base64(prefixed ? text.substr(secret_prefix.size()) : "");
  if (!prefixed || !bytes || bytes->size() < secret_bytes_min || bytes->size() > secret_bytes_max)
    return invalid("E-NOT-104", "a webhook's secret is \"whsec_\" and 24 to 64 bytes in base64");
  crypto::SecretBytes secret = crypto::SecretBytes::copy_of(*bytes);
  crypto::wipe(*bytes);
  return secret;
}

std::string webhook_secret_text(const crypto::SecretBytes& secret) {
  return std::string(secret_prefix) + base64(secret.reveal());
}

}  // namespace siegel::notify
