#pragma once

namespace siegel::detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace siegel::detail

/// For our own bugs, on in every build: prints the condition and ends the process. Never used on
/// input, disk or device.
#define SIEGEL_CHECK(condition)                                       \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::siegel::detail::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
