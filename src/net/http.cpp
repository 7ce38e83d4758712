#include "net/http.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "net/curl.h"

namespace siegel::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_token(std::string_view text) {  // [RFC 9110, 5.6.2]
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t') || u == 0x7F;
  });
}

// Where the answer goes while it arrives.
struct Collector {
  HttpResponse response;
  std::size_t header_bytes = 0;
  std::size_t header_bytes_max;
  std::size_t answer_bytes_max;
  bool too_large = false;
};

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* to) {
  auto& collector = *static_cast<Collector*>(to);
  const std::string_view line(data, size * count);
  collector.header_bytes += line.size();
  if (collector.header_bytes > collector.header_bytes_max) {
    collector.too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // a new head, after one like "100 Continue"
    collector.response.headers.clear();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    collector.response.headers.push_back({std::string(trimmed(line.substr(0, colon))),
                                          std::string(trimmed(line.substr(colon + 1)))});
  }
  return line.size();
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& collector = *static_cast<Collector*>(to);
  const std::string_view more(data, size * count);
  if (more.size() > collector.answer_bytes_max - collector.response.body.size()) {
    collector.too_large = true;
    return 0;
  }
  collector.response.body += more;
  return more.size();
}

struct Target {
  Url url;
  std::string place;  // scheme, host and port: what may be shown
};

Result<Target> parse_target(const std::string& text, PlainHttp plain_http) {
  Url url(curl_url());
  if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    return invalid("E-NET-001", "the address is no URL like https://example.org/path", "url");
  }
  const auto scheme = part(url, CURLUPART_SCHEME);
  const auto host = part(url, CURLUPART_HOST);
  auto place =
      fmt::format("{}://{}:{}", scheme, host, part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if (scheme != "https" && scheme != "http") {
    return invalid("E-NET-001", fmt::format("{}: only https and http are allowed", place), "url");
  }
  if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty()) {
    return invalid("E-NET-001", "a URL must not hold a user or password", "url");
  }
  if (scheme == "http" && plain_http == PlainHttp::loopback && !is_loopback(host)) {
    return invalid("E-NET-001",
                   fmt::format("{}: http without TLS is allowed to this machine only", place),
                   "url");
  }
  return Target{std::move(url), std::move(place)};
}

Result<List> header_list(const HttpRequest& request) {
  List list;
  bool has_type = false;
  bool whole = true;
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_value(value)) {
      return invalid("E-NET-001", fmt::format("the header `{}` cannot be sent", excerpt(name)),
                     "headers");
    }
    has_type = has_type || same_name(name, "content-type");
    // The library's way to send a header without a value.
    whole = whole && add(list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  // No type we did not choose, and no second of waiting for "100 Continue".
  if (!has_type) whole = whole && add(list, "Content-Type:");
  whole = whole && add(list, "Expect:");
  if (!whole) return unavailable("E-NET-009", "out of memory");
  return list;
}

void set_body(CURL* easy, BytesView body) {
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.empty() ? "" : text_of(body).data());
}

void set_method(CURL* easy, const HttpRequest& request) {
  switch (request.method) {
    case Method::get:
      curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
      return;
    case Method::post:
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      set_body(easy, request.body);
      return;
    case Method::put:
      set_body(easy, request.body);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
      return;
    case Method::remove:
      if (!request.body.empty()) set_body(easy, request.body);
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
      return;
  }
}

std::optional<Instant> date_of(const HttpResponse& response) {
  const auto text = response.header("date");
  if (text.empty()) return std::nullopt;
  const auto seconds = curl_getdate(text.c_str(), nullptr);
  if (seconds <= 0) return std::nullopt;
  return Instant::from_unix(seconds);
}

}  // namespace

struct HttpClient::Connection {
  Easy easy = make_easy();
};

HttpClient::HttpClient(HttpOptions options)
    : m_options(std::move(options)), m_connection(std::make_unique<Connection>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

std::string HttpResponse::header(std::string_view name) const {
  const auto it =
      std::ranges::find_if(headers, [&](const Header& h) { return same_name(h.name, name); });
  return it == headers.end() ? std::string() : it->value;
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  return send(request, m_options.total_timeout);
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request,
                                      std::chrono::milliseconds total_timeout) {
  SIEGEL_TRY(const auto target, parse_target(request.url, m_options.plain_http));
  SIEGEL_TRY(const auto list, header_list(request));
  CURL* easy = m_connection->easy.get();
  if (easy == nullptr) return unavailable("E-NET-009", "the HTTP library cannot be started");

  // Forgets everything of the call before, but keeps open connections.
  curl_easy_reset(easy);
  std::array<char, CURL_ERROR_SIZE> error_text{};
  set_common(easy, {m_options.connect_timeout, std::min(total_timeout, m_options.total_timeout),
                    m_options.ca_file, m_options.proxy, error_text.data(), m_options.stop});
  curl_easy_setopt(easy, CURLOPT_CURLU, target.url.get());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Siegel");
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, m_options.keep_connection ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, m_options.keep_connection ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list.get());
  set_method(easy, request);
  if (request.basic_auth) {
    const auto password = terminated(request.basic_auth->password);
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request.basic_auth->user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, c_text(password));
  }
  Collector collector{.header_bytes_max = m_options.header_bytes_max,
                      .answer_bytes_max = m_options.answer_bytes_max};
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &collector);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &collector);

  const auto code = curl_easy_perform(easy);
  long sent_bytes = 0;
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_reset(easy);  // nothing of this call's memory stays in the handle
  if (code != CURLE_OK) {
    return failure(code, sent_bytes > 0 ? Sent::perhaps : Sent::no, target.place, error_text.data(),
                   collector.too_large);
  }
  collector.response.status = static_cast<int>(status);
  collector.response.date = date_of(collector.response);
  return std::move(collector.response);
}

}  // namespace siegel::net
