#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

namespace siegel::app::at {

/// A PIN, password or key from a file of its own (or a credential of the service manager): one
/// line, the line end is no part of it. `place`: the option it came with.
/// Errors E-AUT-131 (not_found, unavailable) it cannot be read, E-AUT-132 (invalid) others than its
/// owner may read it, E-AUT-133 (invalid) it is empty or larger than 4096 bytes.
[[nodiscard]] Result<crypto::SecretBytes> read_secret_file(const std::filesystem::path& file,
                                                           std::string_view place);

}  // namespace siegel::app::at
