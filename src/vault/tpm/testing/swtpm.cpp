#include "vault/tpm/testing/swtpm.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "base/file.h"
#include "base/time.h"

namespace siegel::vault::tpm::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* swtpm_program = "/usr/bin/swtpm";
constexpr std::chrono::minutes patience{1};

Steady now() { return system_clock().now().steady; }

}  // namespace

Result<std::unique_ptr<SwTpm>> SwTpm::start() {
  if (access(swtpm_program, X_OK) != 0)
    return not_found("E-VLT-201", fmt::format("{} is not installed", swtpm_program));
  // Under /tmp: the path of a socket is short.
  char name[] = "/tmp/siegel-swtpm-XXXXXX";
  if (mkdtemp(name) == nullptr) return unavailable("E-FIL-004", "no folder for swtpm");
  std::unique_ptr<SwTpm> made(new SwTpm(name));
  SIEGEL_TRY_OK(made->spawn());
  return made;
}

SwTpm::~SwTpm() {
  stop();
  std::error_code ignored;
  fs::remove_all(m_folder, ignored);
}

std::string SwTpm::place() const {
  return fmt::format("swtpm:path={}", (m_folder / "socket").string());
}

void SwTpm::stop() {
  if (m_pid < 0) return;
  // Its state is on the disk after each command that changed it.
  kill(m_pid, SIGKILL);
  while (waitpid(m_pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  m_pid = -1;
}

Status SwTpm::start_again() {
  stop();
  return spawn();
}

Status SwTpm::replace() {
  stop();
  std::error_code ignored;
  fs::remove_all(m_folder / "state", ignored);
  return spawn();
}

Status SwTpm::spawn() {
  std::error_code ignored;
  fs::create_directories(m_folder / "state", ignored);
  const fs::path socket = m_folder / "socket";
  const fs::path control = m_folder / "socket.ctrl";
  for (const fs::path& old : {socket, control}) fs::remove(old, ignored);
  std::vector<std::string> arguments{
      "setpriv",    "--pdeathsig",
      "KILL",       swtpm_program,
      "socket",     "--tpm2",
      "--tpmstate", fmt::format("dir={}", (m_folder / "state").string()),
      "--server",   fmt::format("type=unixio,path={},disconnect", socket.string()),
      "--ctrl",     fmt::format("type=unixio,path={}", control.string()),
      "--flags",    "not-need-init,startup-clear"};
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const std::string log = (m_folder / "log").string();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int failed = posix_spawnp(&m_pid, "setpriv", &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    m_pid = -1;
    return unavailable("E-VLT-201", "swtpm cannot be started");
  }
  // The control socket is made last.
  for (const Steady deadline = now() + patience; now() < deadline;) {
    if (fs::exists(socket, ignored) && fs::exists(control, ignored)) return Ok{};
    if (waitpid(m_pid, nullptr, WNOHANG) == m_pid) {
      m_pid = -1;
      break;
    }
    poll(nullptr, 0, 10);
  }
  const auto text = read_file(log, std::uint64_t{1} << 20U);
  return unavailable(
      "E-VLT-201", "swtpm does not start: " + (text ? std::string(text_of(*text)) : std::string()));
}

}  // namespace siegel::vault::tpm::testing
