#include "net/testing/mail_server.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>

namespace siegel::net::testing {
namespace {

// Long enough for a loaded machine; nobody waits this long unless something is broken.
constexpr int patience_ms = 120'000;

Error broken(std::string_view what) {
  return unavailable("E-NET-101", fmt::format("the mail server of the test: {}", what));
}

std::string text_of_member(const json::Value& value, std::string_view key) {
  const auto* object = value.object();
  const auto* member = object == nullptr ? nullptr : object->find(key);
  const auto* text = member == nullptr ? nullptr : member->string();
  return text == nullptr ? std::string() : *text;
}

}  // namespace

Result<std::unique_ptr<MailServer>> MailServer::start(const std::filesystem::path& source_dir,
                                                      const MailServerOptions& options) {
  std::unique_ptr<MailServer> server(new MailServer());
  SIEGEL_TRY_OK(server->launch(source_dir, options));
  SIEGEL_TRY(const auto first, server->next_line());
  const auto* port = first.object() == nullptr ? nullptr : first.object()->find("port");
  if (port == nullptr || !port->integer()) return broken("no port");
  server->m_port = static_cast<std::uint16_t>(*port->integer());
  return server;
}

Status MailServer::launch(const std::filesystem::path& source_dir,
                          const MailServerOptions& options) {
  std::error_code failed_to_find;
  const auto folder = std::filesystem::temp_directory_path(failed_to_find);
  auto name = (folder / "siegel-mail-XXXXXX").string();
  if (failed_to_find || ::mkdtemp(name.data()) == nullptr) return broken("no folder");
  m_folder = name;

  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (::pipe2(input.data(), O_CLOEXEC) != 0) return broken("no pipe");
  m_input = input[1];
  if (::pipe2(output.data(), O_CLOEXEC) != 0) return broken("no pipe");
  m_output = output[0];

  // Debian's Python, for whom the package is installed, also where PATH finds another first.
  std::vector<std::string> arguments{"/usr/bin/python3",
                                     (source_dir / "src/net/testing/mail_server.py").string(),
                                     options.kind, "--folder", m_folder.string()};
  if (!options.user.empty()) {
    arguments.insert(arguments.end(), {"--user", options.user, "--password", options.password});
  }
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], 0);
  posix_spawn_file_actions_adddup2(&actions, output[1], 1);
  const int failed =
      ::posix_spawn(&m_process, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(input[0]);
  ::close(output[1]);
  if (failed != 0) {
    m_process = -1;
    return broken("/usr/bin/python3 does not start");
  }
  return Ok{};
}

MailServer::~MailServer() {
  if (m_input >= 0) ::close(m_input);  // which ends it
  if (m_process > 0) {
    while (::waitpid(m_process, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (m_output >= 0) ::close(m_output);
  std::error_code ignored;
  if (!m_folder.empty()) std::filesystem::remove_all(m_folder, ignored);
}

Result<json::Value> MailServer::next_line() {
  std::size_t end = 0;
  while ((end = m_pending.find('\n')) == std::string::npos) {
    pollfd waiting{m_output, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, patience_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return broken("nothing came in time");
    std::array<char, 65536> buffer;
    const auto n = ::read(m_output, buffer.data(), buffer.size());
    if (n <= 0) return broken("it has ended");
    m_pending.append(buffer.data(), static_cast<std::size_t>(n));
  }
  auto value = json::parse(std::string_view(m_pending).substr(0, end));
  m_pending.erase(0, end + 1);
  return value;
}

Result<ReceivedMail> MailServer::next() {
  SIEGEL_TRY(const auto line, next_line());
  ReceivedMail mail{.from = text_of_member(line, "from"),
                    .to = {},
                    .user = text_of_member(line, "user"),
                    .tls = false,
                    .content = {}};
  const auto* object = line.object();
  if (object == nullptr) return broken("no object");
  if (const auto* tls = object->find("tls"); tls != nullptr) {
    mail.tls = tls->boolean() != nullptr && *tls->boolean();
  }
  if (const auto* to = object->find("to"); to != nullptr && to->array() != nullptr) {
    for (const auto& address : *to->array()) {
      if (address.string() != nullptr) mail.to.push_back(*address.string());
    }
  }
  SIEGEL_TRY(const auto content, from_base64(text_of_member(line, "content")));
  mail.content = text_of(content);
  return mail;
}

}  // namespace siegel::net::testing
