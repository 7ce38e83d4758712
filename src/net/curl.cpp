#include "net/curl.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/bytes.h"

namespace siegel::net {
namespace {

enum class Cause { name, connection, trust, ca_file, url, time, other };

Cause cause_of(CURLcode code) {
  // The library's codes are many and grow; the rest is `other`.
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY) {
    return Cause::name;
  }
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
      code == CURLE_SEND_ERROR || code == CURLE_WEIRD_SERVER_REPLY) {
    return Cause::connection;
  }
  if (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
      code == CURLE_SSL_CIPHER || code == CURLE_SSL_ISSUER_ERROR || code == CURLE_USE_SSL_FAILED ||
      code == CURLE_SSL_INVALIDCERTSTATUS) {
    return Cause::trust;
  }
  if (code == CURLE_SSL_CACERT_BADFILE) return Cause::ca_file;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) return Cause::url;
  if (code == CURLE_OPERATION_TIMEDOUT) return Cause::time;
  return Cause::other;
}

/// Called by the library about once a second, also while it waits.
int ends(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;
}

}  // namespace

Easy make_easy() {
  // Thread-safe: initialised once by whoever comes first, never undone.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  return Easy(ready == CURLE_OK ? curl_easy_init() : nullptr);
}

bool add(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  static_cast<void>(list.release());
  list.reset(longer);
  return true;
}

crypto::SecretBytes terminated(const crypto::SecretBytes& secret) {
  crypto::SecretBytes copy(secret.size() + 1);
  std::ranges::copy(secret.reveal(), copy.writable().begin());
  return copy;
}

const char* c_text(const crypto::SecretBytes& terminated) {
  return text_of(terminated.reveal()).data();
}

std::string part(const Url& url, CURLUPart what, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url.get(), what, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

void set_common(CURL* easy, const CommonOptions& options) {
  const auto ms = [](std::chrono::milliseconds time) {
    return static_cast<long>(std::max<std::chrono::milliseconds::rep>(1, time.count()));
  };
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, options.error_text);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms(options.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms(options.total_timeout));
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (options.stop != nullptr) {
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, ends);
    // The library hands back what it was given; nobody writes through it.
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(options.stop));
  }
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
}

Error failure(CURLcode code, Sent sent, std::string_view place, std::string_view error_text,
              bool too_large) {
  const auto reason =
      excerpt(error_text.empty() ? std::string_view(curl_easy_strerror(code)) : error_text, 200);
  const auto text = [&](std::string_view what) {
    return fmt::format("{}: {}: {}", place, what, reason);
  };
  const auto cause = cause_of(code);
  if (sent == Sent::perhaps) {
    if (too_large) return unknown("E-NET-007", text("the answer is larger than allowed"));
    if (cause == Cause::time) return unknown("E-NET-005", text("no whole answer in time"));
    return unknown("E-NET-006", text("the connection broke before a whole answer"));
  }
  switch (cause) {
    case Cause::name:
      return unavailable("E-NET-002", text("the host cannot be found"));
    case Cause::connection:
    case Cause::time:
      return unavailable("E-NET-003", text("no connection"));
    case Cause::trust:
      return unavailable("E-NET-004", text("no TLS connection that can be trusted"));
    case Cause::ca_file:
      return invalid("E-NET-008", text("the file of trusted certificates cannot be used"));
    case Cause::url:
      return invalid("E-NET-001", text("not a URL that can be called"));
    case Cause::other:
      return unavailable("E-NET-009", text("the transfer failed"));
  }
  return unavailable("E-NET-009", text("the transfer failed"));
}

}  // namespace siegel::net
