#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "vault/tpm/chip.h"

// The content of vault.tpm (docs/formats/vault.md).

namespace siegel::vault::tpm {

inline constexpr std::size_t seal_file_bytes_max = 8192;
inline constexpr std::size_t blob_text_max = 2000;

struct SealFile {
  std::string tpm;
  SealedBlob blob;
};
/// Strict. Errors of JSON, of hex and base64, E-VLT-205.
[[nodiscard]] Result<SealFile> parse_seal_file(std::string_view text);
[[nodiscard]] std::string seal_file_text(const SealFile& file);

}  // namespace siegel::vault::tpm
