#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "format/json.h"

namespace siegel::system_test {

/// What is started, and with what.
struct Start {
  std::vector<std::string> arguments;                   ///< without the program's name
  std::string input;                                    ///< for stdin; more with Process::feed()
  std::map<std::string, std::string> environment = {};  ///< added to a small fixed one
  /// Empty: the program under test. Otherwise e.g. "strace", searched in PATH.
  std::string program = {};
  std::chrono::seconds deadline{120};  ///< then it is killed and `timed_out`
};

struct Ended {
  int exit_code = -1;  ///< -1: by a signal
  int signal = 0;
  bool timed_out = false;
  std::string out;
  std::string err;

  /// stdout as JSON; null if it is not.
  [[nodiscard]] json::Value document() const;
  /// The code of the problem document, or else the first "E-AAA-nnn" on stderr; empty if there is
  /// none.
  [[nodiscard]] std::string code() const;
  /// Everything, for the message of a failed assertion.
  [[nodiscard]] std::string text() const;
};

/// The real program as a child process, with pipes to its three streams. One thread drives it.
class Process {
 public:
  explicit Process(Start start);
  ~Process();  ///< kills what still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void feed(const std::string& input) { m_input += input; }
  /// stdin ends when everything fed is written.
  void close_input() { m_input_ends = true; }
  /// Moves bytes for at most `wait_ms`; false once both outputs have ended.
  bool step(int wait_ms = 100);
  /// Steps until stdout holds `count` lines or ends.
  void wait_for_lines(std::size_t count);
  void kill_now();
  /// Ends stdin, steps to the end, waits for the process.
  Ended finish();

  [[nodiscard]] const std::string& out() const { return m_ended.out; }

 private:
  void write_input();
  static void read_output(int& fd, std::string& to);
  void reap();

  Start m_start;
  pid_t m_pid = -1;
  int m_in = -1;
  int m_out = -1;
  int m_err = -1;
  std::string m_input;
  bool m_input_ends = false;
  Steady m_started{0};
  Ended m_ended;
};

/// Runs a program to its end.
[[nodiscard]] Ended run(Start start);
/// Runs `siegel` with these arguments.
[[nodiscard]] Ended siegel(std::vector<std::string> arguments, std::string input = {});

/// The program under test: SIEGEL_PROGRAM, or the one of this build.
[[nodiscard]] std::filesystem::path program();

/// A folder that goes with the object; with SIEGEL_KEEP it stays to be looked at.
class TemporaryFolder {
 public:
  enum class Kind {
    disk,
    /// In memory if there is enough of it: where nobody measures flushes, they only take time.
    memory,
  };
  explicit TemporaryFolder(Kind kind = Kind::disk);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

/// The whole file; empty if it cannot be read.
[[nodiscard]] std::string file_text(const std::filesystem::path& path);
void write_text(const std::filesystem::path& path, std::string_view text);

// Shorthands for reading answers: a default where the member is missing or of another kind.
[[nodiscard]] const json::Value& member(const json::Value& value, std::string_view key);
[[nodiscard]] std::string text_at(const json::Value& value, std::string_view key);
[[nodiscard]] std::int64_t number_at(const json::Value& value, std::string_view key);
[[nodiscard]] const json::Array& list_at(const json::Value& value, std::string_view key);
/// Any JSON this program may write, however long.
[[nodiscard]] Result<json::Value> parse_large(std::string_view text);

}  // namespace siegel::system_test
