#include "app/shop/snapshot.h"

#include "base/file.h"
#include "format/json.h"
#include "format/json_writer.h"

namespace siegel::app {
namespace {

constexpr std::uint64_t snapshot_bytes_max = std::uint64_t{1} << 30;
constexpr std::size_t entries_a_read = 1024;

/// The snapshot's state if the chain confirms it.
std::optional<recorder::State> believed(const std::filesystem::path& path,
                                        journal::Reader& reader) {
  const auto bytes = read_file(path, snapshot_bytes_max);
  if (!bytes) return {};
  const auto value =
      json::parse(text_of(*bytes),
                  {.bytes_max = snapshot_bytes_max, .depth_max = 64, .values_max = 50'000'000});
  if (!value || value->object() == nullptr) return {};
  const json::Value* hash = value->object()->find("hash");
  const json::Value* inner = value->object()->find("state");
  if (hash == nullptr || hash->string() == nullptr || inner == nullptr) return {};
  auto state = recorder::State::from_snapshot(json::canonical(*inner));
  if (!state || state->sequence == 0) return {};
  const auto entry = reader.read(journal::Sequence(state->sequence), 1);
  if (!entry || entry->empty() || hex(entry->front().hash) != *hash->string()) return {};
  return std::move(*state);
}

}  // namespace

Result<recorder::State> load_state(const std::filesystem::path& snapshot, journal::Reader& reader) {
  recorder::State state = believed(snapshot, reader).value_or(recorder::State());
  while (true) {
    SIEGEL_TRY(const auto entries,
               reader.read(journal::Sequence(state.sequence + 1), entries_a_read));
    if (entries.empty()) return state;
    for (const journal::Entry& entry : entries) SIEGEL_TRY_OK(state.apply(entry));
  }
}

Status write_snapshot(const std::filesystem::path& snapshot, const recorder::State& state,
                      journal::Reader& reader) {
  if (state.sequence == 0) return Ok{};
  SIEGEL_TRY(const auto entry, reader.read(journal::Sequence(state.sequence), 1));
  if (entry.empty()) return Ok{};  // not durable yet: the next one will do
  std::string text;
  json::Writer(text)
      .begin_object()
      .field("hash", hex(entry.front().hash))
      .key("state")
      .raw(state.snapshot())
      .end_object();
  return write_file(snapshot, bytes_of(text), {.mode = 0600});
}

}  // namespace siegel::app
