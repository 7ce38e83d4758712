#pragma once

#include <filesystem>
#include <functional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"

namespace siegel::app {

struct Written {
  std::uint64_t bytes = 0;
  Hash256 sha256{};
};
/// Streams into `path`, which appears when it is complete and durable. E-FIL-004, those of `write`.
[[nodiscard]] Result<Written> write_export(const std::filesystem::path& path,
                                           const std::function<Status(Sink&)>& write);

}  // namespace siegel::app
