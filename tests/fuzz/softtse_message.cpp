// Any bytes as a message to be restored into the software TSE: parsing never fails badly, what is
// signed is a slice of the bytes, and the name it would get is that of a file in the root.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "device/softtse/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto parsed = siegel::device::softtse::parse_message(bytes);
  if (!parsed.ok()) {
    SIEGEL_CHECK(parsed.error().code == "E-TSE-233");
    return 0;
  }
  SIEGEL_CHECK(parsed->signed_bytes.data() >= bytes.data());
  SIEGEL_CHECK(parsed->signature.data() + parsed->signature.size() <= bytes.data() + bytes.size());
  const std::string name = parsed->file_name();
  SIEGEL_CHECK(name.find('/') == std::string::npos && name.find('\\') == std::string::npos);
  SIEGEL_CHECK(name.ends_with(".log"));
  return 0;
}
