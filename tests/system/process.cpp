#include "system/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include "base/file.h"
#include "base/random.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t json_bytes_max = std::size_t{256} << 20;
constexpr std::uintmax_t memory_bytes_min = std::uintmax_t{1} << 30;

struct Pipe {
  int read = -1;
  int write = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  SIEGEL_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0);
  return {ends[0], ends[1]};
}

void close_end(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

bool is_code_at(std::string_view text, std::size_t at) {
  const auto between = [&](std::size_t i, char low, char high) {
    return text[at + i] >= low && text[at + i] <= high;
  };
  if (text.size() - at < 9 || !text.substr(at).starts_with("E-") || text[at + 5] != '-')
    return false;
  for (const std::size_t i : {2U, 3U, 4U})
    if (!between(i, 'A', 'Z')) return false;
  for (const std::size_t i : {6U, 7U, 8U})
    if (!between(i, '0', '9')) return false;
  return true;
}

}  // namespace

// ---- what came out ------------------------------------------------------------------------------

json::Value Ended::document() const {
  auto value = parse_large(out);
  return value ? std::move(*value) : json::Value();
}

std::string Ended::code() const {
  if (const json::Value document = this->document(); document.object() != nullptr)
    return text_at(document, "code");
  for (std::size_t at = 0; at < err.size(); ++at)
    if (is_code_at(err, at)) return err.substr(at, 9);
  return {};
}

std::string Ended::text() const {
  return fmt::format("exit {} signal {}{}\nstdout: {}\nstderr: {}\n", exit_code, signal,
                     timed_out ? " (timed out)" : "", out.substr(0, 4000), err.substr(0, 4000));
}

// ---- processes ----------------------------------------------------------------------------------

Process::Process(Start start) : m_start(std::move(start)), m_input(std::move(m_start.input)) {
  // A child that died must not take this process with it.
  std::signal(SIGPIPE, SIG_IGN);
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();

  std::vector<std::string> arguments = m_start.arguments;
  const std::string name =
      m_start.program.empty() ? system_test::program().string() : m_start.program;
  arguments.insert(arguments.begin(), name);
  // Neither the language nor a data folder nor the TPM of whoever runs the tests.
  std::map<std::string, std::string> environment{
      {"LC_ALL", "C.UTF-8"}, {"TERM", "dumb"}, {"SIEGEL_TPM", "none"}};
  for (const char* kept :
       {"PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS", "SIEGEL_MUTANT"})
    if (const char* value = std::getenv(kept)) environment[kept] = value;
  for (const auto& [key, value] : m_start.environment) environment[key] = value;
  std::vector<std::string> variables;
  for (const auto& [key, value] : environment) variables.push_back(key + "=" + value);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write, 1);
  posix_spawn_file_actions_adddup2(&actions, err.write, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int failed = posix_spawnp(&m_pid, name.c_str(), &actions, &attributes,
                                  pointers(arguments).data(), pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close_end(in.read);
  close_end(out.write);
  close_end(err.write);
  m_in = in.write;
  m_out = out.read;
  m_err = err.read;
  if (failed != 0) m_pid = -1;
  for (const int fd : {m_in, m_out, m_err}) fcntl(fd, F_SETFL, O_NONBLOCK);
  m_started = system_clock().now().steady;
}

Process::~Process() {
  if (m_pid > 0) {
    kill_now();
    reap();
  }
  close_end(m_in);
  close_end(m_out);
  close_end(m_err);
}

void Process::kill_now() {
  if (m_pid > 0) kill(m_pid, SIGKILL);
}

void Process::write_input() {
  while (!m_input.empty()) {
    const ssize_t n = write(m_in, m_input.data(), m_input.size());
    if (n > 0) {
      m_input.erase(0, static_cast<std::size_t>(n));
    } else {
      if (errno != EAGAIN && errno != EINTR) {
        m_input.clear();  // nobody reads any more
        m_input_ends = true;
      }
      break;
    }
  }
  if (m_input.empty() && m_input_ends) close_end(m_in);
}

void Process::read_output(int& fd, std::string& to) {
  std::array<char, 1U << 16U> chunk;
  while (true) {
    const ssize_t n = read(fd, chunk.data(), chunk.size());
    if (n > 0) {
      to.append(chunk.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n == 0) close_end(fd);
    return;
  }
}

bool Process::step(int wait_ms) {
  if (system_clock().now().steady - m_started > m_start.deadline) {
    m_ended.timed_out = true;
    kill_now();
  }
  std::vector<pollfd> fds;
  if (m_in >= 0 && (!m_input.empty() || m_input_ends)) fds.push_back({m_in, POLLOUT, 0});
  for (const int fd : {m_out, m_err})
    if (fd >= 0) fds.push_back({fd, POLLIN, 0});
  if (m_out < 0 && m_err < 0) return false;
  poll(fds.data(), fds.size(), wait_ms);
  if (m_in >= 0) write_input();
  if (m_out >= 0) read_output(m_out, m_ended.out);
  if (m_err >= 0) read_output(m_err, m_ended.err);
  return m_out >= 0 || m_err >= 0;
}

void Process::wait_for_lines(std::size_t count) {
  const auto lines = [&] {
    return static_cast<std::size_t>(std::count(m_ended.out.begin(), m_ended.out.end(), '\n'));
  };
  while (lines() < count && step()) {
  }
}

void Process::reap() {
  int status = 0;
  while (waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {
  }
  m_pid = -1;
  if (WIFEXITED(status)) m_ended.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) m_ended.signal = WTERMSIG(status);
}

Ended Process::finish() {
  close_input();
  while (step()) {
  }
  if (m_pid > 0) reap();
  return m_ended;
}

Ended run(Start start) { return Process(std::move(start)).finish(); }

Ended siegel(std::vector<std::string> arguments, std::string input) {
  return run({.arguments = std::move(arguments), .input = std::move(input)});
}

fs::path program() {
  const char* given = std::getenv("SIEGEL_PROGRAM");
  return given != nullptr ? fs::path(given) : fs::path(SIEGEL_BINARY_DIR "/bin/siegel");
}

// ---- files --------------------------------------------------------------------------------------

TemporaryFolder::TemporaryFolder(Kind kind) {
  ByteArray<8> random{};
  system_random().fill(random);
  fs::path base = fs::canonical(fs::temp_directory_path());
  std::error_code error;
  const fs::path memory = "/dev/shm";
  if (kind == Kind::memory && fs::space(memory, error).available >= memory_bytes_min && !error)
    base = memory;
  m_path = base / ("siegel-system-" + hex(random));
  fs::create_directories(m_path);
}

TemporaryFolder::~TemporaryFolder() {
  if (std::getenv("SIEGEL_KEEP") != nullptr) return;
  std::error_code ignored;
  fs::remove_all(m_path, ignored);
}

std::string file_text(const fs::path& path) {
  const auto bytes = read_file(path, json_bytes_max);
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

void write_text(const fs::path& path, std::string_view text) {
  const auto written = write_file(path, bytes_of(text));
  SIEGEL_CHECK(written.ok());
}

// ---- JSON ---------------------------------------------------------------------------------------

const json::Value& member(const json::Value& value, std::string_view key) {
  static const json::Value none;
  if (value.object() == nullptr) return none;
  const json::Value* found = value.object()->find(key);
  return found == nullptr ? none : *found;
}

std::string text_at(const json::Value& value, std::string_view key) {
  const std::string* text = member(value, key).string();
  return text == nullptr ? std::string() : *text;
}

std::int64_t number_at(const json::Value& value, std::string_view key) {
  const std::int64_t* number = member(value, key).integer();
  return number == nullptr ? 0 : *number;
}

const json::Array& list_at(const json::Value& value, std::string_view key) {
  static const json::Array none;
  const json::Array* list = member(value, key).array();
  return list == nullptr ? none : *list;
}

Result<json::Value> parse_large(std::string_view text) {
  return json::parse(text,
                     {.bytes_max = json_bytes_max, .depth_max = 64, .values_max = 50'000'000});
}

}  // namespace siegel::system_test
