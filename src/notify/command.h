#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace siegel::notify {

inline constexpr std::size_t output_bytes_max = std::size_t{64} << 10;

struct CommandCall {
  /// Absolute path of the program and its arguments. No shell sees them.
  std::vector<std::string> arguments;
  /// Added to PATH, LANG and nothing else.
  std::vector<std::string> environment = {};
  std::string input;  ///< on its standard input, which then ends
  std::chrono::milliseconds time_limit{10'000};
  /// When it becomes true the program is ended within a moment. May be null.
  const std::atomic<bool>* stop = nullptr;
};

struct CommandOutcome {
  int exit_code = 0;   ///< -1: ended by a signal
  std::string output;  ///< stdout and stderr, the first output_bytes_max bytes
};

/// Runs a program and waits for it: in a process group of its own, in the root directory, without
/// any open file of ours. Past its limit the whole group is killed. The calling thread must be one
/// that may wait; nothing else of the process is held up. Errors:
/// E-NOT-121 (unavailable): it cannot be started. E-NOT-123 (unknown): it was ended at its limit or
/// by `stop`; what it had done by then is not known.
[[nodiscard]] Result<CommandOutcome> run_command(const CommandCall& call, const Clock& clock);

}  // namespace siegel::notify
