#include "net/smtp.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "net/curl.h"

namespace siegel::net {
namespace {

// What of the message still waits to be sent.
struct Upload {
  std::string_view rest;
  bool begun = false;
};

std::size_t give(char* to, std::size_t size, std::size_t count, void* from) {
  auto& upload = *static_cast<Upload*>(from);
  upload.begun = true;
  const auto n = std::min(size * count, upload.rest.size());
  std::copy_n(upload.rest.begin(), n, to);
  upload.rest.remove_prefix(n);
  return n;
}

Result<Url> server_url(const MailServer& server) {
  Url url(curl_url());
  const auto set = [&](CURLUPart what, const std::string& value, unsigned flags = 0) {
    return curl_url_set(url.get(), what, value.c_str(), flags) == CURLUE_OK;
  };
  const bool whole =
      url && !server.host.empty() && server.port > 0 &&
      set(CURLUPART_SCHEME, server.security == MailSecurity::tls ? "smtps" : "smtp") &&
      set(CURLUPART_HOST, server.host) && set(CURLUPART_PORT, fmt::format("{}", server.port)) &&
      set(CURLUPART_PATH, "/" + server.own_name, CURLU_URLENCODE);
  if (!whole) {
    return invalid("E-NET-001", fmt::format("`{}` is no mail server's name", excerpt(server.host)),
                   "host");
  }
  return url;
}

// The server's own answer decides; without one, what the library says.
Error refused(CURLcode code, long answer, const Upload& upload, std::string_view place,
              std::string_view error_text) {
  const auto said = excerpt(error_text, 200);
  if (code == CURLE_LOGIN_DENIED) {
    return invalid("E-NET-023", fmt::format("{}: the login is refused: {}", place, said));
  }
  const bool of_server = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
                         code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_REMOTE_ACCESS_DENIED;
  if (of_server && answer >= 500 && answer < 600) {
    return invalid("E-NET-024", fmt::format("{}: refused ({}): {}", place, answer, said));
  }
  if (of_server && answer >= 400 && answer < 500) {
    return unavailable("E-NET-025",
                       fmt::format("{}: refused for now ({}): {}", place, answer, said));
  }
  return failure(code, upload.begun ? Sent::perhaps : Sent::no, place, error_text, false);
}

}  // namespace

Status send_mail(const MailServer& server, const Mail& mail) {
  SIEGEL_TRY(const auto message, message_text(mail));
  SIEGEL_TRY(const auto url, server_url(server));
  if (server.security == MailSecurity::plain && !server.user.empty() && !is_loopback(server.host)) {
    return invalid("E-NET-026", "a login needs starttls or tls", "security");
  }
  const auto easy = make_easy();
  List recipients;
  bool whole = easy != nullptr;
  for (const auto& to : mail.to) whole = whole && add(recipients, fmt::format("<{}>", to.text()));
  if (!whole) return unavailable("E-NET-009", "the mail library cannot be started");

  std::array<char, CURL_ERROR_SIZE> error_text{};
  const std::string no_proxy;
  set_common(easy.get(), {server.connect_timeout, server.total_timeout, server.ca_file, no_proxy,
                          error_text.data(), server.stop});
  curl_easy_setopt(easy.get(), CURLOPT_CURLU, url.get());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  if (server.security == MailSecurity::starttls) {
    curl_easy_setopt(easy.get(), CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  }
  if (!server.user.empty()) {
    const auto password = terminated(server.password);
    curl_easy_setopt(easy.get(), CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_PASSWORD, c_text(password));
  }
  const auto from = fmt::format("<{}>", mail.from.text());
  curl_easy_setopt(easy.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_MAIL_RCPT, recipients.get());
  Upload upload{message};
  curl_easy_setopt(easy.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_READFUNCTION, give);
  curl_easy_setopt(easy.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(easy.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));

  const auto code = curl_easy_perform(easy.get());
  if (code == CURLE_OK) return Ok{};
  long answer = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &answer);
  return refused(code, answer, upload, fmt::format("{}:{}", server.host, server.port),
                 error_text.data());
}

}  // namespace siegel::net
