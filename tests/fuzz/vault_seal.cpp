#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "vault/tpm/seal_file.h"

// vault.tpm comes from a disk that others may have had in their hands.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto file = siegel::vault::tpm::parse_seal_file(text);
  if (!file) return 0;
  const auto again = siegel::vault::tpm::parse_seal_file(siegel::vault::tpm::seal_file_text(*file));
  SIEGEL_CHECK(again.ok());
  SIEGEL_CHECK(again->blob.private_part == file->blob.private_part);
  return 0;
}
