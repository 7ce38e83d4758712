#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"
#include "format/json.h"
#include "mail/send.h"
#include "model/master.h"
#include "notify/event.h"
#include "vault/vault.h"

// Who is told of what: notify.json in the data folder, its secrets in the vault.
// docs/formats/notify.md.

namespace siegel::notify {

inline constexpr std::size_t recipients_max = 50;
inline constexpr std::size_t arguments_max = 50;

/// The server mails go through. Its password is the secret `mail/password`.
struct MailServer {
  std::string host;
  std::uint16_t port = 0;  ///< 0: 587, with tls 465, plain 25
  net::MailSecurity security = net::MailSecurity::starttls;
  std::string user;  ///< empty: no login
  std::string from;
  std::string from_name = "Siegel";
  std::string ca_file;
  friend bool operator==(const MailServer&, const MailServer&) = default;
};

enum class Channel { mail, webhook, command };
/// "mail", "webhook", "command".
[[nodiscard]] std::string_view word_of(Channel channel);

struct Recipient {
  std::string name;  ///< unique; 1 to 64 of a-z 0-9 . _ -
  Channel channel = Channel::mail;
  std::vector<std::string> mail;  ///< addresses; each gets a mail of its own
  std::string url;                ///< webhook
  std::string ca_file;            ///< webhook
  bool plain_http = false;        ///< webhook: http without TLS into the shop's own network
  /// Program (absolute) and arguments; run without a shell.
  std::vector<std::string> command;
  std::chrono::seconds time_limit{10};  ///< of the command, 1 to 300
  /// Empty: as Settings::language.
  std::optional<Language> language;
  // What it is told of; an empty list leaves nothing out.
  std::vector<std::string> events;     ///< names, or "outage.*"
  std::vector<std::string> devices;    ///< passed by events about no device
  std::vector<std::string> registers;  ///< passed by events about the whole shop
  friend bool operator==(const Recipient&, const Recipient&) = default;

  [[nodiscard]] bool wants(const Event& event) const;
};

struct Settings {
  Language language = Language::de;
  /// An outage that lasts is told again after each of these, then every `remind_every`; nothing
  /// here: never, 0: not after the last of these.
  std::vector<std::chrono::minutes> remind_after{
      std::chrono::minutes(60), std::chrono::minutes(480), std::chrono::minutes(1440)};
  std::chrono::minutes remind_every{1440};
  std::optional<MailServer> mail;
  std::vector<Recipient> recipients;
  friend bool operator==(const Settings&, const Settings&) = default;

  [[nodiscard]] const Recipient* find(std::string_view name) const;
  /// Which reminder is due of an outage that has lasted so long: 0 none yet, 1 the first, ...
  [[nodiscard]] std::uint64_t reminders_due(std::chrono::milliseconds lasted) const;
};

/// Strict. E-JSN-02x, E-NET-001, E-NET-021, E-MAI-001, E-NOT-103 (two of one name, a mail without a
/// server, an unknown event, a program that is no absolute path); place = JSON pointer.
[[nodiscard]] Result<Settings> settings_from_json(const json::Value& value);
[[nodiscard]] json::Value to_json_value(const Settings& settings);

/// Nothing: there is no notify.json. E-NOT-101 (invalid): it cannot be read.
[[nodiscard]] Result<std::optional<Settings>> read_settings(const std::filesystem::path& folder);
[[nodiscard]] Status write_settings(const std::filesystem::path& folder, const Settings& settings);

// Secrets.

[[nodiscard]] Result<vault::SecretId> mail_password_id();
/// "webhook/<name>": the key, 24 to 64 bytes.
[[nodiscard]] Result<vault::SecretId> webhook_secret_id(const std::string& recipient);
/// "whsec_" and base64, as the receiver's library wants it [Standard Webhooks]. E-NOT-104.
[[nodiscard]] Result<crypto::SecretBytes> webhook_secret_from_text(std::string_view text);
/// A secret as text: for the one time it is shown.
[[nodiscard]] std::string webhook_secret_text(const crypto::SecretBytes& secret);

}  // namespace siegel::notify
