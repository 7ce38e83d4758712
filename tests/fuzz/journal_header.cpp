#include <cstddef>
#include <cstdint>
#include <string_view>

#include "journal/chain.h"

// A header that is read is written back to the same bytes, and passes the check of a draft.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = siegel::journal::decode_header(bytes);
  if (!header.ok()) return 0;
  siegel::journal::Draft draft;
  draft.kind = header->kind;
  draft.version = header->version;
  draft.at = header->at;
  draft.register_id = header->register_id;
  draft.actor = header->actor;
  draft.key = header->key;
  draft.payload = "{}";
  SIEGEL_CHECK(siegel::journal::check_draft(draft).ok());
  SIEGEL_CHECK(siegel::journal::encode_header(header->sequence, draft) == bytes);
  return 0;
}
