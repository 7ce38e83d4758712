// Preloaded into the program (LD_PRELOAD): counts the calls that change files whose path begins
// with SIEGEL_KILL_FOLDER and kills the process at one of them.
//
// SIEGEL_KILL_AT     the call at which it dies, from 1; 0: it lives
// SIEGEL_KILL_WHERE  before | half | after: in front of the call, in the middle of a write, behind
// it SIEGEL_KILL_COUNT  a file that a process which lives writes its number of calls to

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

enum class Where { before, half, after };
enum class Turn { pass, die_before, die_half, die_after };

/// Read once, before the first call: the program has no other threads then.
struct Settings {
  std::string folder;
  std::string count_file;
  long at = 0;
  Where where = Where::before;

  Settings() {
    const auto text = [](const char* name) {
      const char* value = std::getenv(name);
      return std::string(value == nullptr ? "" : value);
    };
    folder = text("SIEGEL_KILL_FOLDER");
    count_file = text("SIEGEL_KILL_COUNT");
    at = std::atol(text("SIEGEL_KILL_AT").c_str());
    const std::string place = text("SIEGEL_KILL_WHERE");
    where = place == "after" ? Where::after : place == "half" ? Where::half : Where::before;
  }
};

const Settings& settings() {
  static const Settings the_settings;
  return the_settings;
}

std::atomic<long> calls{0};

[[noreturn]] void die() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

Turn turn() {
  const long number = ++calls;
  if (number != settings().at) return Turn::pass;
  switch (settings().where) {
    case Where::before:
      return Turn::die_before;
    case Where::half:
      return Turn::die_half;
    case Where::after:
      return Turn::die_after;
  }
  return Turn::pass;
}

bool is_ours(const char* path) {
  return !settings().folder.empty() &&
         std::string_view(path).substr(0, settings().folder.size()) == settings().folder;
}

Turn turn_of_file(int fd) {
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link.data(), path.data(), path.size() - 1);
  return size > 0 && is_ours(path.data()) ? turn() : Turn::pass;
}

Turn turn_of_path(const char* path) { return is_ours(path) ? turn() : Turn::pass; }

/// `whole` does the call, `half` does half of it.
template <class Whole, class Half>
auto play(Turn now, Whole whole, Half half) {
  switch (now) {
    case Turn::pass:
      break;
    case Turn::die_before:
      die();
    case Turn::die_half:
      half();
      die();
    case Turn::die_after:
      whole();
      die();
  }
  return whole();
}

template <class Whole>
auto play(Turn now, Whole whole) {
  return play(now, whole, [] {});
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

/// Writes what was counted when the program ends by itself.
struct Report {
  Report() { (void)settings(); }
  ~Report() {
    if (settings().count_file.empty()) return;
    std::FILE* file = std::fopen(settings().count_file.c_str(), "w");
    if (file == nullptr) return;
    std::fprintf(file, "%ld", calls.load());
    std::fclose(file);
  }
};
const Report report;

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = next<ssize_t(int, const void*, size_t)>("write");
  return play(
      turn_of_file(fd), [&] { return real(fd, data, size); },
      [&] { (void)!real(fd, data, size / 2); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  static const auto real = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return play(
      turn_of_file(fd), [&] { return real(fd, data, size, at); },
      [&] { (void)!real(fd, data, size / 2, at); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static const auto real = next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return play(
      turn_of_file(fd), [&] { return real(fd, data, size, at); },
      [&] { (void)!real(fd, data, size / 2, at); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = next<ssize_t(int, const iovec*, int)>("writev");
  return play(
      turn_of_file(fd), [&] { return real(fd, parts, count); },
      [&] { (void)!real(fd, parts, count / 2); });
}

int fsync(int fd) {
  static const auto real = next<int(int)>("fsync");
  return play(turn_of_file(fd), [&] { return real(fd); });
}

int fdatasync(int fd) {
  static const auto real = next<int(int)>("fdatasync");
  return play(turn_of_file(fd), [&] { return real(fd); });
}

int ftruncate(int fd, off_t size) noexcept {
  static const auto real = next<int(int, off_t)>("ftruncate");
  return play(turn_of_file(fd), [&] { return real(fd, size); });
}

int ftruncate64(int fd, off64_t size) noexcept {
  static const auto real = next<int(int, off64_t)>("ftruncate64");
  return play(turn_of_file(fd), [&] { return real(fd, size); });
}

int posix_fallocate(int fd, off_t at, off_t size) {
  static const auto real = next<int(int, off_t, off_t)>("posix_fallocate");
  return play(turn_of_file(fd), [&] { return real(fd, at, size); });
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int(const char*, const char*)>("rename");
  return play(turn_of_path(to), [&] { return real(from, to); });
}

int unlink(const char* path) noexcept {
  static const auto real = next<int(const char*)>("unlink");
  return play(turn_of_path(path), [&] { return real(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real = next<int(const char*, mode_t)>("mkdir");
  return play(turn_of_path(path), [&] { return real(path, mode); });
}

}  // extern "C"
