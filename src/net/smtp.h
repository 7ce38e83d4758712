#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"

// Mail over SMTP. Blocking, for threads that may wait.
namespace siegel::net {

/// `name@example.org`. ASCII; a domain of its own alphabet is written in its ASCII form (xn--).
class MailAddress {
 public:
  /// At most 254 characters, one @, no quotes, blanks, brackets or line ends. Error E-NET-021.
  static Result<MailAddress> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return m_text; }
  [[nodiscard]] std::string_view domain() const;
  friend auto operator<=>(const MailAddress&, const MailAddress&) = default;

 private:
  explicit MailAddress(std::string text) : m_text(std::move(text)) {}
  std::string m_text;
};

struct Mail {
  MailAddress from;
  std::string from_name = {};   ///< UTF-8, may be empty; no line ends
  std::vector<MailAddress> to;  ///< at least one, at most 50; all of them are shown in the mail
  std::string subject = {};     ///< UTF-8, at most 500 bytes; no line ends
  std::string text = {};        ///< UTF-8, lines end in \n; at most 1 MiB
  Instant date = {};
  /// The part before the @ of the Message-ID: letters, digits, `.` and `-`. A repeated attempt
  /// with the same id is recognised by mail programs as the same mail.
  std::string id = {};
};

/// The message [RFC 5322] with CRLF, plain text in UTF-8, quoted-printable [RFC 2045], subject and
/// name as encoded words [RFC 2047] where they are not ASCII, marked `Auto-Submitted` [RFC 3834].
/// No line is longer than 78 characters if no address is. Errors E-NET-022: not UTF-8, a control
/// character, a limit; the field is the place.
[[nodiscard]] Result<std::string> message_text(const Mail& mail);
/// 24 letters and digits of chance for Mail::id.
[[nodiscard]] std::string mail_id(Random& random);

enum class MailSecurity {
  starttls,  ///< the connection must become TLS before login and mail (port 587 usually)
  tls,       ///< TLS from the first byte (port 465 usually)
  /// No TLS: a relay on this machine or in the shop's own network. No login then but on loopback.
  plain,
};

struct MailServer {
  std::string host;
  std::uint16_t port = 587;
  MailSecurity security = MailSecurity::starttls;
  std::string user = {};               ///< empty: no login
  crypto::SecretBytes password = {};   ///< never logged, never in errors
  std::filesystem::path ca_file = {};  ///< PEM trusted instead of the system's certificates
  std::string own_name = {};           ///< for EHLO; empty: the machine's
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{60'000};
  /// When it becomes true a call under way ends within about a second, as if its time were over
  /// (E-NET-009, E-NET-006). Outlives the call; may be null.
  const std::atomic<bool>* stop = nullptr;
};

/// Hands one mail to the server for all its recipients; returns when the server has taken it. It is
/// all or nothing: one refused recipient refuses the mail. Errors:
/// E-NET-002, 003, 004, 005, 006, 008, 009 as with HttpClient (005, 006: it may have been taken).
/// E-NET-022 invalid: see message_text(). E-NET-023 invalid: the server refuses the login.
/// E-NET-024 invalid: the server refuses sender, recipient or mail for good (5yz).
/// E-NET-025 unavailable: the server refuses it for now (4yz).
/// E-NET-026 invalid: a login over a connection that is not encrypted.
[[nodiscard]] Status send_mail(const MailServer& server, const Mail& mail);

}  // namespace siegel::net
