#include "net/testing/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace siegel::net::testing {
namespace {

constexpr std::size_t request_bytes_max = std::size_t{16} << 20;

Error no_socket(std::string_view what) {
  return unavailable("E-NET-101", fmt::format("{}: {}", what, std::strerror(errno)));
}

struct Bound {
  int fd;
  std::uint16_t port;
};

Result<Bound> bind_somewhere() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return no_socket("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the form of the socket calls.
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    const auto error = no_socket("bind to 127.0.0.1");
    ::close(fd);
    return error;
  }
  return Bound{fd, ntohs(address.sin_port)};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The head of a request: everything before the empty line.
std::optional<Request> parse_head(std::string_view head) {
  Request request;
  bool first = true;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    if (first) {
      const auto one = line.find(' ');
      const auto two = line.rfind(' ');
      if (one == std::string_view::npos || two == one) return std::nullopt;
      request.method = line.substr(0, one);
      request.target = line.substr(one + 1, two - one - 1);
      first = false;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    request.headers.emplace_back(lower(line.substr(0, colon)),
                                 std::string(trimmed(line.substr(colon + 1))));
  }
  if (first) return std::nullopt;
  return request;
}

void send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string head_of(const Response& response) {
  auto head = fmt::format("HTTP/1.1 {} Answer\r\nContent-Length: {}\r\nConnection: close\r\n",
                          response.status, response.body.size());
  for (const auto& [name, value] : response.headers) {
    head += fmt::format("{}: {}\r\n", name, value);
  }
  return head + "\r\n";
}

}  // namespace

std::string Request::header(std::string_view name) const {
  const auto it = std::ranges::find(headers, name, &Headers::value_type::first);
  return it == headers.end() ? std::string() : it->second;
}

Result<std::unique_ptr<Server>> Server::start(Handler handler) {
  SIEGEL_TRY(const auto listener, bind_somewhere());
  const int stop = ::eventfd(0, EFD_CLOEXEC);
  if (stop < 0 || ::listen(listener.fd, 64) != 0) {
    const auto error = no_socket("listen");
    if (stop >= 0) ::close(stop);
    ::close(listener.fd);
    return error;
  }
  return std::unique_ptr<Server>(new Server(std::move(handler), listener.fd, stop, listener.port));
}

Server::Server(Handler handler, int listener, int stop, std::uint16_t port)
    : m_handler(std::move(handler)), m_listener(listener), m_stop(stop), m_port(port) {
  m_thread = std::thread([this] { accept_all(); });
}

Server::~Server() {
  const std::uint64_t one = 1;
  // An eventfd takes eight bytes at once; nothing can be done if it did not.
  [[maybe_unused]] const auto written = ::write(m_stop, &one, sizeof one);
  m_thread.join();
  for (auto& connection : m_connections) connection.join();
  ::close(m_listener);
  ::close(m_stop);
}

std::string Server::url() const { return fmt::format("http://127.0.0.1:{}", m_port); }

std::vector<Request> Server::requests() const {
  const Lock lock(m_mutex);
  return m_requests;
}

// Waits until there is something to read; false if the server ends first.
bool Server::readable(int connection) const {
  std::array<pollfd, 2> both{{{m_stop, POLLIN, 0}, {connection, POLLIN, 0}}};
  while (::poll(both.data(), both.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  return both[0].revents == 0;
}

bool Server::receive(int connection, std::string& to) const {
  if (!readable(connection)) return false;
  std::array<char, 65536> buffer;
  const auto n = ::recv(connection, buffer.data(), buffer.size(), 0);
  if (n < 0) return errno == EINTR;
  to.append(buffer.data(), static_cast<std::size_t>(n));
  return n > 0 && to.size() <= request_bytes_max;
}

std::optional<Request> Server::read_request(int connection) const {
  std::string bytes;
  auto end = std::string::npos;
  while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(connection, bytes)) return std::nullopt;
  }
  auto request = parse_head(std::string_view(bytes).substr(0, end));
  if (!request) return std::nullopt;
  if (lower(request->header("expect")) == "100-continue") {
    send_all(connection, "HTTP/1.1 100 Continue\r\n\r\n");
  }
  std::size_t length = 0;
  for (const char c : request->header("content-length")) {
    if (c < '0' || c > '9' || length > request_bytes_max) return std::nullopt;
    length = length * 10 + static_cast<std::size_t>(c - '0');
  }
  request->body = bytes.substr(end + 4);
  while (request->body.size() < length) {
    if (!receive(connection, request->body)) return std::nullopt;
  }
  return request;
}

void Server::serve(int connection) {
  if (auto request = read_request(connection)) {
    {
      const Lock lock(m_mutex);
      m_requests.push_back(*request);
    }
    Response response;
    {
      const Lock lock(m_handling);
      response = m_handler(*request);
    }
    if (response.raw) {
      send_all(connection, *response.raw);
    } else {
      switch (response.fault) {
        case Fault::none:
          send_all(connection, head_of(response) + response.body);
          break;
        case Fault::drop:
          break;
        case Fault::hold:
          static_cast<void>(readable(connection));
          break;
        case Fault::cut_body:
          send_all(connection,
                   head_of(response) + response.body.substr(0, response.body.size() / 2));
          break;
      }
    }
  }
  ::shutdown(connection, SHUT_RDWR);
  ::close(connection);
}

void Server::accept_all() {
  while (readable(m_listener)) {
    const int connection = ::accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) m_connections.emplace_back([this, connection] { serve(connection); });
  }
}

Result<ClosedPort> ClosedPort::take() {
  SIEGEL_TRY(const auto bound, bind_somewhere());
  return ClosedPort(bound.fd, bound.port);
}

ClosedPort::~ClosedPort() {
  if (m_socket >= 0) ::close(m_socket);
}

}  // namespace siegel::net::testing
