#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "format/json.h"
#include "mail/send.h"
#include "model/master.h"
#include "vault/vault.h"

// Who is told by mail when a signature device fails (AMA-033): mail.json in the data folder, its
// password in the vault. docs/reference/mail.md.

namespace siegel::app {

struct MailSettings {
  std::string host;
  std::uint16_t port = 0;  ///< 0: 587, with tls 465, plain 25
  net::MailSecurity security = net::MailSecurity::starttls;
  std::string user;  ///< empty: no login
  std::string from;
  std::string from_name = "Siegel";
  std::string to;  ///< several with `;` or `,`
  std::string ca_file;
  Language language = Language::de;
};

/// Strict. E-JSN-02x, E-NET-021, E-MAI-001, place = JSON pointer.
[[nodiscard]] Result<MailSettings> mail_settings_from_json(const json::Value& value);
[[nodiscard]] json::Value to_json_value(const MailSettings& settings);

/// Nothing: there is no mail.json. E-AUT-121 (invalid): it cannot be read.
[[nodiscard]] Result<std::optional<MailSettings>> read_mail_settings(
    const std::filesystem::path& folder);
[[nodiscard]] Status write_mail_settings(const std::filesystem::path& folder,
                                         const MailSettings& settings);
/// With the password from the vault (`mail/password`), if there is a user.
[[nodiscard]] Result<mail::Settings> ready_to_send(const MailSettings& settings,
                                                   vault::Vault& vault);
[[nodiscard]] Result<vault::SecretId> mail_password_id();

}  // namespace siegel::app
