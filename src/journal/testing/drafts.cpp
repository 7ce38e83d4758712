#include "journal/testing/drafts.h"

#include <fmt/format.h>

#include <utility>

namespace siegel::journal::testing {

Draft sample_draft(std::uint64_t number, std::size_t payload_bytes) {
  Draft draft;
  draft.kind = number % 2 == 0 ? "plan" : "seal";
  draft.version = static_cast<std::uint16_t>(1 + number % 3);
  draft.at = Instant::from_unix_ms(1'763'700'000'000 + static_cast<std::int64_t>(number) * 17);
  if (number % 3 != 0) draft.register_id = fmt::format("KASSE-{:02}", number % 8);
  draft.actor = "till \"Müller\"\n";
  if (number % 2 == 0) {
    Key key;
    key.text = fmt::format("order-{}", number);
    key.fingerprint[0] = static_cast<std::byte>(number);
    key.fingerprint[31] = std::byte{0xff};
    draft.key = std::move(key);
  }
  draft.payload = fmt::format("{{\"number\":{},\"text\":\"", number);
  const std::size_t fill = draft.payload.size() + 2;
  if (payload_bytes > fill)
    draft.payload.append(payload_bytes - fill, static_cast<char>('a' + number % 26));
  draft.payload += "\"}";
  return draft;
}

std::vector<Draft> sample_drafts(std::uint64_t first, std::size_t count,
                                 std::size_t payload_bytes) {
  std::vector<Draft> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.push_back(sample_draft(first + i, payload_bytes));
  return out;
}

bool holds(const Entry& entry, const Draft& draft) {
  return entry.kind == draft.kind && entry.version == draft.version && entry.at == draft.at &&
         entry.register_id == draft.register_id && entry.actor == draft.actor &&
         entry.key == draft.key && entry.payload == draft.payload && !entry.payload_removed;
}

Result<std::vector<Entry>> read_all(Reader& reader, std::size_t chunk) {
  std::vector<Entry> out;
  while (true) {
    SIEGEL_TRY(auto more, reader.read(Sequence(out.size() + 1), chunk));
    if (more.empty()) return out;
    for (Entry& entry : more) out.push_back(std::move(entry));
  }
}

}  // namespace siegel::journal::testing
