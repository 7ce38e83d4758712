#include "format/der.h"

#include <cstdint>

#include "base/check.h"

using namespace siegel;
using namespace siegel::format;

namespace {

/// What was accepted, written again, is the same bytes.
void walk(DerReader reader) {
  DerElement element;
  while (!reader.at_end()) {
    if (reader.peek_indefinite()) {
      DerIndefinite value;
      if (!reader.read_indefinite_octets(reader.peek(), value)) return;
      Bytes content;
      value.append_to(content);
      SIEGEL_CHECK(content.size() == value.size);
      continue;
    }
    if (!reader.read(element)) return;
    Bytes again;
    DerWriter(again).element(element.tag, element.content);
    SIEGEL_CHECK(text_of(again) == text_of(element.whole));
    std::int64_t number = 0;
    if (decode_integer(element.content, number) == DerFault::none) {
      Bytes integer;
      DerWriter(integer).integer(number, element.tag);
      SIEGEL_CHECK(text_of(integer) == text_of(element.whole));
    }
    std::string dotted;
    if (decode_oid(element.content, dotted) == DerFault::none) {
      SIEGEL_CHECK(text_of(*encode_oid(dotted)) == text_of(element.content));
    }
    Instant at;
    (void)decode_utc_time(element.content, at);
    (void)decode_generalized_time(element.content, at);
    if (element.constructed()) walk(reader.inside(element));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  walk(DerReader(bytes));
  (void)check_der(bytes).ok();
  return 0;
}
