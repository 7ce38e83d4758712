#include "notify/channels.h"

#include <fmt/format.h>

#include <utility>

#include "crypto/hash.h"
#include "net/http.h"
#include "notify/command.h"

namespace siegel::notify {
namespace {

constexpr std::chrono::seconds connect_timeout{10};
constexpr std::chrono::seconds total_timeout{30};
constexpr std::size_t answer_bytes_max = std::size_t{64} << 10;
constexpr std::string_view webhook_prefix = "v1,";

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

/// The same for the same event and address: a mail program that gets it twice shows it once.
std::string message_id(const Event& event, const std::string& address) {
  return hex(crypto::sha256(bytes_of(event.id + "\n" + address))).substr(0, 32);
}

Status send_mail(const Channels& channels, const Recipient& recipient, const std::string& address,
                 const Event& event) {
  if (!channels.settings.mail) return invalid("E-NOT-106", "no mail server is set", "/mail");
  const MailServer& settings = *channels.settings.mail;
  net::MailServer server;
  server.host = settings.host;
  server.port = settings.port == 0 ? usual_port(settings.security) : settings.port;
  server.security = settings.security;
  server.user = settings.user;
  server.ca_file = settings.ca_file;
  server.connect_timeout = connect_timeout;
  server.total_timeout = total_timeout;
  server.stop = channels.stop;
  if (!settings.user.empty()) {
    SIEGEL_TRY(const vault::SecretId id, mail_password_id());
    SIEGEL_TRY(server.password, channels.vault.get(id));
  }
  SIEGEL_TRY(auto from, net::MailAddress::parse(settings.from));
  SIEGEL_TRY(auto to, net::MailAddress::parse(address));
  const mail::Text& text = event.text(recipient.language.value_or(channels.settings.language));
  return net::send_mail(server, {.from = std::move(from),
                                 .from_name = settings.from_name,
                                 .to = {std::move(to)},
                                 .subject = text.subject,
                                 .text = text.body,
                                 .date = channels.clock.now().wall,
                                 .id = message_id(event, address)});
}

Status post_webhook(const Channels& channels, const Recipient& recipient, const Event& event) {
  SIEGEL_TRY(const vault::SecretId secret_id, webhook_secret_id(recipient.name));
  SIEGEL_TRY(const crypto::SecretBytes secret, channels.vault.get(secret_id));
  const std::string body = json::canonical(to_json_value(event));
  const std::int64_t now = channels.clock.now().wall.unix_seconds();
  net::HttpClient client(
      {.connect_timeout = connect_timeout,
       .total_timeout = total_timeout,
       .answer_bytes_max = answer_bytes_max,
       .plain_http = recipient.plain_http ? net::PlainHttp::anywhere : net::PlainHttp::loopback,
       .ca_file = recipient.ca_file,
       .stop = channels.stop});
  net::HttpRequest request{
      .method = net::Method::post,
      .url = recipient.url,
      .headers = {{"content-type", "application/json"},
                  {"webhook-id", event.id},
                  {"webhook-timestamp", fmt::format("{}", now)},
                  {"webhook-signature", webhook_signature(secret, event.id, now, body)}},
      .body = bytes_of(body)};
  SIEGEL_TRY(const net::HttpResponse response, client.send(request));
  constexpr int gone = 410;
  if (response.status >= 200 && response.status < 300) return Ok{};
  if (response.status == gone)
    return invalid("E-NOT-112",
                   fmt::format("{} answered 410: it wants nothing any more", recipient.name));
  return unavailable("E-NOT-111", fmt::format("{} answered {}: {}", recipient.name, response.status,
                                              excerpt(response.body, 100)));
}

Status run_hook(const Channels& channels, const Recipient& recipient, const Event& event) {
  SIEGEL_TRY(
      const CommandOutcome outcome,
      run_command({.arguments = recipient.command,
                   .environment = {"SIEGEL_EVENT=" + event.name, "SIEGEL_EVENT_ID=" + event.id},
                   .input = json::canonical(to_json_value(event)) + "\n",
                   .time_limit = recipient.time_limit,
                   .stop = channels.stop},
                  channels.clock));
  if (outcome.exit_code == 0) return Ok{};
  return unavailable("E-NOT-122", fmt::format("{} ended with {}: {}", recipient.command.front(),
                                              outcome.exit_code, excerpt(outcome.output, 200)));
}

}  // namespace

std::string webhook_signature(const crypto::SecretBytes& secret, std::string_view id,
                              std::int64_t unix_seconds, std::string_view body) {
  const std::string text = fmt::format("{}.{}.{}", id, unix_seconds, body);
  return std::string(webhook_prefix) + base64(crypto::hmac_sha256(secret.reveal(), bytes_of(text)));
}

Status deliver(const Channels& channels, const Recipient& recipient, const std::string& address,
               const Event& event) {
  switch (recipient.channel) {
    case Channel::mail:
      return send_mail(channels, recipient, address, event);
    case Channel::webhook:
      return post_webhook(channels, recipient, event);
    case Channel::command:
      return run_hook(channels, recipient, event);
  }
  return Ok{};
}

}  // namespace siegel::notify
