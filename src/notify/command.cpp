#include "notify/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

// glibc 2.36 does not say that these are C functions.
extern "C" {
#include <sys/pidfd.h>
}

namespace siegel::notify {
namespace {

// How often a program that runs is looked at: whether somebody wants it to end.
constexpr std::chrono::milliseconds look_every{100};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : m_fd(fd) {}
  Descriptor(Descriptor&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(m_fd, other.m_fd);
    return *this;
  }
  ~Descriptor() { close_now(); }
  void close_now() {
    if (m_fd >= 0) close(m_fd);
    m_fd = -1;
  }
  [[nodiscard]] int get() const { return m_fd; }

 private:
  int m_fd;
};

Error cannot_start(const std::string& program, int number) {
  return unavailable("E-NOT-121",
                     fmt::format("{} cannot be started: {}", program, std::strerror(number)));
}

/// A file in memory: however slowly the program reads, nobody waits for it.
Result<Descriptor> input_file(const CommandCall& call) {
  Descriptor file(memfd_create("siegel-event", MFD_CLOEXEC));
  if (file.get() < 0) return cannot_start(call.arguments.front(), errno);
  std::string_view rest = call.input;
  while (!rest.empty()) {
    const ssize_t n = write(file.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot_start(call.arguments.front(), errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) return cannot_start(call.arguments.front(), errno);
  return file;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

struct SpawnSettings {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

Result<pid_t> spawn(const CommandCall& call, int input, int output) {
  SpawnSettings settings;
  auto* actions = &settings.actions;
  posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
  // Above all the lock of the data folder: a program that stays must not hold it.
  posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
  posix_spawn_file_actions_addchdir_np(actions, "/");
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&settings.attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&settings.attributes, &signals);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> arguments = call.arguments;
  std::vector<std::string> environment = call.environment;
  environment.emplace_back("PATH=/usr/local/bin:/usr/bin:/bin");
  environment.emplace_back("LANG=C.UTF-8");
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, arguments.front().c_str(), actions, &settings.attributes,
                                 pointers(arguments).data(), pointers(environment).data());
  if (failed != 0) return cannot_start(call.arguments.front(), failed);
  return pid;
}

/// Takes what is there; false at its end.
bool drain(int fd, std::string& output) {
  std::array<char, 4096> chunk{};
  while (true) {
    const ssize_t n = read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    // The rest is read and dropped: a program that talks much is not blocked.
    const std::size_t room = output_bytes_max - output.size();
    output.append(chunk.data(), std::min(room, static_cast<std::size_t>(n)));
  }
}

int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Result<CommandOutcome> run_command(const CommandCall& call, const Clock& clock) {
  SIEGEL_CHECK(!call.arguments.empty());
  SIEGEL_TRY(const Descriptor input, input_file(call));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return cannot_start(call.arguments.front(), errno);
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  // Programs expect a pipe that waits.
  fcntl(write_end.get(), F_SETFL, 0);
  SIEGEL_TRY(const pid_t pid, spawn(call, input.get(), write_end.get()));
  write_end.close_now();
  const Descriptor process(pidfd_open(pid, 0));
  const Steady limit = clock.now().steady + call.time_limit;
  CommandOutcome outcome;
  bool talks = true;
  while (true) {
    const bool wanted = call.stop == nullptr || !call.stop->load();
    if (!wanted || process.get() < 0 || clock.now().steady >= limit) {
      kill(-pid, SIGKILL);
      reap(pid);
      return unknown("E-NOT-123",
                     fmt::format("{} was ended {}", call.arguments.front(),
                                 wanted ? fmt::format("after {} ms", call.time_limit.count())
                                        : "because the shop is being closed"));
    }
    std::array<pollfd, 2> waiting{{{process.get(), POLLIN, 0}, {read_end.get(), POLLIN, 0}}};
    (void)poll(waiting.data(), talks ? 2 : 1, static_cast<int>(look_every.count()));
    if (talks) talks = drain(read_end.get(), outcome.output);
    if (waiting[0].revents != 0) break;
  }
  outcome.exit_code = reap(pid);
  if (talks) (void)drain(read_end.get(), outcome.output);
  return outcome;
}

}  // namespace siegel::notify
