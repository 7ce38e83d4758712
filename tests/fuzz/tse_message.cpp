// Any bytes as a log message: parsing never fails badly, what is read lies inside of the bytes, and
// the signed part is a slice of them.

#include <cstdint>
#include <string>

#include "base/check.h"
#include "verify/tse/message.h"
#include "verify/tse/process_data.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace tse = siegel::verify::tse;
  const auto bytes = std::as_bytes(std::span(data, size));
  tse::Message message;
  tse::Notes notes;
  const bool looks = tse::looks_like_message(bytes);
  if (!tse::parse_message(bytes, message, notes)) {
    SIEGEL_CHECK(!notes.empty());
    return 0;
  }
  SIEGEL_CHECK(looks);
  SIEGEL_CHECK(message.counter > 0 && message.serial.size() == 32);
  SIEGEL_CHECK(message.signed_bytes.data() >= bytes.data());
  SIEGEL_CHECK(message.signature.data() + message.signature.size() <= bytes.data() + bytes.size());
  std::string name;
  tse::append_file_name(message, name);
  tse::check_process_data(message.process_type, message.process_data(), notes);
  tse::check_process_data("Kassenbeleg-V1", message.process_data(), notes);
  tse::check_process_data("Bestellung-V1", message.process_data(), notes);
  return 0;
}
