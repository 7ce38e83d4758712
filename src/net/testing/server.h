#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/thread.h"

// An HTTP/1.1 server on the loopback device for tests: a real socket, one function that answers.
//
//   auto server = Server::start([](const Request& request) -> Response {
//     if (request.target == "/Sign/Hash") return {.body = R"({"signature":"..."})"};
//     return {.status = 404};
//   });
//   ASSERT_TRUE(server.ok());
//   client.post((*server)->url() + "/Sign/Hash", ...);
//   EXPECT_EQ((*server)->requests().size(), 1U);
namespace siegel::net::testing {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< "POST"
  std::string target;  ///< path and query as sent, "/a/b?c=d"
  Headers headers;     ///< names in lower case, values without blanks around them
  std::string body;

  /// The value of a header by its name in lower case; empty if absent.
  [[nodiscard]] std::string header(std::string_view name) const;
};

/// What happens to the connection instead of, or within, an ordinary answer.
enum class Fault {
  none,
  drop,      ///< the connection is closed without an answer: the request was heard, nobody knows
  hold,      ///< no answer until the client hangs up or the server ends
  cut_body,  ///< half of the body arrives, then the connection is closed
};

struct Response {
  int status = 200;
  Headers headers = {};  ///< beside Content-Length and Connection, which the server writes
  std::string body = {};
  Fault fault = Fault::none;
  /// Sent as it is instead of everything above, then the connection is closed.
  std::optional<std::string> raw = std::nullopt;
};

/// Called by threads of the server, never by two at once: a handler may change what it captured.
/// The test reads captured values after the server has ended, or after the answer has arrived.
using Handler = std::function<Response(const Request&)>;

/// Listens on 127.0.0.1 on a free port until destroyed. One request a connection. Requests larger
/// than 16 MiB are cut off.
class Server {
 public:
  /// Error E-NET-101: no socket to be had.
  static Result<std::unique_ptr<Server>> start(Handler handler);
  /// Closes every connection, also those that are held, and ends all threads.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return m_port; }
  [[nodiscard]] std::string url() const;  ///< "http://127.0.0.1:12345"
  /// All requests heard so far, in the order of their arrival.
  [[nodiscard]] std::vector<Request> requests() const;

 private:
  Server(Handler handler, int listener, int stop, std::uint16_t port);
  void accept_all();
  void serve(int connection);
  [[nodiscard]] std::optional<Request> read_request(int connection) const;
  [[nodiscard]] bool receive(int connection, std::string& to) const;
  [[nodiscard]] bool readable(int connection) const;

  Handler m_handler;
  int m_listener;
  int m_stop;  // an eventfd that becomes readable when the server ends
  std::uint16_t m_port;
  Mutex m_handling;
  mutable Mutex m_mutex;
  std::vector<Request> m_requests SIEGEL_GUARDED_BY(m_mutex);
  std::list<std::thread> m_connections;  // of the accepting thread; joined after it has ended
  std::thread m_thread;
};

/// A port of 127.0.0.1 on which nobody listens, and nobody else can, while this object lives: for
/// tests of "connection refused".
class ClosedPort {
 public:
  /// Error E-NET-101.
  static Result<ClosedPort> take();
  ClosedPort(ClosedPort&& other) noexcept
      : m_socket(std::exchange(other.m_socket, -1)), m_port(other.m_port) {}
  ClosedPort& operator=(ClosedPort&&) = delete;
  ~ClosedPort();
  [[nodiscard]] std::uint16_t port() const { return m_port; }

 private:
  ClosedPort(int bound, std::uint16_t port) : m_socket(bound), m_port(port) {}
  int m_socket;
  std::uint16_t m_port;
};

}  // namespace siegel::net::testing
