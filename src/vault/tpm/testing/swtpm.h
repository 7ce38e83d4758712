#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

// A real TPM 2.0 as a program (package swtpm), started for one test: own seeds, own socket, own
// end.

namespace siegel::vault::tpm::testing {

class SwTpm {
 public:
  /// Starts one with seeds of its own: another machine than every other. Errors: not_found, swtpm
  /// is not installed (a reason to skip a test); unavailable, it does not start.
  static Result<std::unique_ptr<SwTpm>> start();
  /// Ends it for certain; it also ends if this process dies. Its state is gone.
  ~SwTpm();
  SwTpm(const SwTpm&) = delete;
  SwTpm& operator=(const SwTpm&) = delete;

  /// How it is reached: "swtpm:path=/tmp/...".
  [[nodiscard]] std::string place() const;
  /// As a machine that is switched off, and on again: the seeds stay, nothing loaded does.
  void stop();
  [[nodiscard]] Status start_again();
  /// New seeds behind the same place: the TPM was cleared, or the board replaced.
  [[nodiscard]] Status replace();

 private:
  explicit SwTpm(std::filesystem::path folder) : m_folder(std::move(folder)) {}
  [[nodiscard]] Status spawn();

  std::filesystem::path m_folder;
  pid_t m_pid = -1;
};

}  // namespace siegel::vault::tpm::testing
