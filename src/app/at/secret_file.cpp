#include "app/at/secret_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/file.h"

namespace siegel::app::at {
namespace {

constexpr std::size_t secret_file_bytes_max = 4096;
constexpr unsigned others = S_IRWXG | S_IRWXO;

}  // namespace

Result<crypto::SecretBytes> read_secret_file(const std::filesystem::path& file,
                                             std::string_view place) {
  struct stat found{};
  if (stat(file.c_str(), &found) != 0)
    return not_found("E-AUT-131", fmt::format("{} is not there", file.string()),
                     std::string(place));
  if ((found.st_mode & others) != 0)
    return invalid("E-AUT-132",
                   fmt::format("{} holds a secret and may be read by others (mode {:03o})",
                               file.string(), found.st_mode & 0777U),
                   std::string(place));
  auto bytes = read_file(file, secret_file_bytes_max);
  if (!bytes) {
    const bool too_large = bytes.error().code == "E-FIL-003";
    return Error{too_large ? ErrorKind::invalid : ErrorKind::unavailable,
                 too_large ? "E-AUT-133" : "E-AUT-131", bytes.error().detail, std::string(place)};
  }
  std::size_t size = bytes->size();
  if (size > 0 && (*bytes)[size - 1] == std::byte{'\n'}) --size;
  if (size > 0 && (*bytes)[size - 1] == std::byte{'\r'}) --size;
  auto secret = crypto::SecretBytes::copy_of(BytesView(*bytes).first(size));
  crypto::wipe(*bytes);
  if (secret.empty())
    return invalid("E-AUT-133", fmt::format("{} is empty", file.string()), std::string(place));
  return secret;
}

}  // namespace siegel::app::at
