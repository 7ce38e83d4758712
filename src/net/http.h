#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"

// A blocking HTTP client for the services a shop talks to. Called from threads that may wait
// (device lanes, followers, the command line), never from the recorder.
namespace siegel::net {

enum class Method { get, post, put, remove };

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

/// HTTP Basic [RFC 7617]. The password travels in the clear inside the (encrypted) connection.
struct BasicAuth {
  std::string user;  ///< no colon
  crypto::SecretBytes password;
};

struct HttpRequest {
  Method method = Method::get;
  /// http or https, no user or password inside. What follows the host is never shown in errors.
  std::string url;
  std::vector<Header> headers = {};  ///< no line ends in names or values
  /// Borrowed for the call; may hold secrets: it is not copied by us, not logged, not shown.
  BytesView body = {};
  std::optional<BasicAuth> basic_auth = std::nullopt;
};

struct HttpResponse {
  int status = 0;
  std::vector<Header> headers = {};  ///< as received, in order
  std::string body = {};
  /// The server's clock by its Date header; empty if there was none or it cannot be read.
  std::optional<Instant> date = std::nullopt;

  /// The value of a header, its name compared without case; empty if absent.
  [[nodiscard]] std::string header(std::string_view name) const;
};

/// Where http without TLS may go. Whoever allows it anywhere sends secrets in the clear.
enum class PlainHttp {
  loopback,  ///< 127.0.0.0/8, ::1 and `localhost` only
  anywhere,  ///< an appliance in the shop's own network that has no TLS
};

struct HttpOptions {
  /// From the name look-up to the end of the TLS handshake.
  std::chrono::milliseconds connect_timeout{10'000};
  /// The whole call. At least 1 ms.
  std::chrono::milliseconds total_timeout{30'000};
  std::size_t answer_bytes_max = std::size_t{8} << 20;  ///< of the body
  std::size_t header_bytes_max = std::size_t{64} << 10;
  PlainHttp plain_http = PlainHttp::loopback;
  /// PEM file of the certificates trusted instead of the system's. Certificates are always
  /// verified; there is no switch.
  std::filesystem::path ca_file = {};
  std::string proxy = {};  ///< empty: none; environment variables are not read
  /// Keeps the connection open for the next call. A request whose kept connection has died is then
  /// sent again by itself if no byte of an answer came, so that the server may hear it twice: only
  /// for calls that may be repeated.
  bool keep_connection = false;
  /// When it becomes true a call under way ends within about a second, as if its time were over
  /// (E-NET-009, E-NET-006). Outlives the client; may be null.
  const std::atomic<bool>* stop = nullptr;
};

/// Redirects are not followed and cookies not kept. Moves, never copies. One thread at a time.
///
/// Errors of send(), whose kind says whether the server may have acted:
/// E-NET-001 invalid: the URL is not one, its scheme is not allowed, or a header holds a line end.
/// E-NET-002 unavailable: the host's name cannot be found.
/// E-NET-003 unavailable: no connection (refused, unreachable, in time).
/// E-NET-004 unavailable: no TLS connection that can be trusted (certificate, name, version).
/// E-NET-005 unknown: sent, no whole answer in time.
/// E-NET-006 unknown: sent, the connection broke before a whole answer.
/// E-NET-007 unknown: sent, the answer is larger than allowed.
/// E-NET-008 invalid: the CA file cannot be used.
/// E-NET-009 unavailable: the library failed in another way before anything was sent.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any status is an answer, not an error.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request);
  /// The same with a deadline of its own for the whole call, if shorter than the options'.
  [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request,
                                          std::chrono::milliseconds total_timeout);

 private:
  struct Connection;
  HttpOptions m_options;
  std::unique_ptr<Connection> m_connection;
};

}  // namespace siegel::net
