#include "format/tar.h"

#include <cstdint>

#include "base/check.h"

using namespace siegel;
using namespace siegel::format;

/// Both readers see the same archive.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  TarView view(bytes);
  MemorySource source(bytes);
  TarReader reader(source);
  Bytes content;
  for (;;) {
    const Result<bool> a = view.next();
    const Result<bool> b = reader.next();
    if (!a.ok()) {
      // The stream learns that a content is cut when it reads it.
      SIEGEL_CHECK(!b.ok() || !reader.read_all(content, size).ok());
      return 0;
    }
    SIEGEL_CHECK(b.ok() && *a == *b);
    if (!*a) break;
    SIEGEL_CHECK(view.entry().name == reader.entry().name);
    SIEGEL_CHECK(view.entry().header_offset == reader.entry().header_offset);
    SIEGEL_CHECK(view.entry().name.size() <= TarLimits{}.name_max);
    const Status read = reader.read_all(content, size);
    SIEGEL_CHECK(read.ok() && text_of(content) == text_of(view.content()));
  }
  const auto later = static_cast<TarFlags>(TarFlag::padding_not_zero);
  SIEGEL_CHECK(view.archive_flags() == (reader.archive_flags() & ~later));
  return 0;
}
