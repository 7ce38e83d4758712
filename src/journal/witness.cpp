#include "journal/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/file.h"
#include "format/json.h"

namespace siegel::journal {
namespace {

constexpr std::uint64_t file_bytes_max = 1U << 16U;

Result<Hash256> hash_of(const json::Object& object, std::string_view key) {
  const json::Value* value = object.find(key);
  const std::string* text = value == nullptr ? nullptr : value->string();
  const auto raw = from_hex(text == nullptr ? "" : *text);
  if (!raw.ok() || raw->size() != std::tuple_size_v<Hash256>)
    return corrupt("E-JRN-303", fmt::format("\"{}\" is not a SHA-256 hash", key));
  Hash256 hash;
  std::ranges::copy(*raw, hash.begin());
  return hash;
}

Result<std::uint64_t> number_of(const json::Value* value, std::string_view key) {
  const std::int64_t* number = value == nullptr ? nullptr : value->integer();
  if (number == nullptr || *number < 0)
    return corrupt("E-JRN-303", fmt::format("\"{}\" is not a whole number", key));
  return static_cast<std::uint64_t>(*number);
}

Result<WitnessOwner> owner_of(const json::Value& value) {
  const json::Object* object = value.object();
  const auto text = [&](std::string_view key) {
    const json::Value* found = object == nullptr ? nullptr : object->find(key);
    return found == nullptr || found->string() == nullptr ? std::string() : *found->string();
  };
  WitnessOwner owner{text("mark"), text("folder"), text("host"), {}};
  const auto since = Instant::parse(text("since"));
  constexpr std::size_t mark_digits = 32;
  if (owner.mark.size() != mark_digits || !from_hex(owner.mark).ok() || !since.ok() ||
      object->size() != 4)
    return corrupt("E-JRN-303", "\"owner\" is malformed");
  owner.since = *since;
  return owner;
}

Result<Witness> decode(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed.ok()) return corrupt("E-JRN-303", "it is not JSON: " + parsed.error().detail);
  const json::Object* object = parsed->object();
  const json::Value* owner = object == nullptr ? nullptr : object->find("owner");
  constexpr std::size_t members = 5;
  if (object == nullptr || object->size() != members + (owner == nullptr ? 0 : 1))
    return corrupt("E-JRN-303", "it does not have the members of version 1");
  SIEGEL_TRY(const std::uint64_t version, number_of(object->find("version"), "version"));
  if (version != 1)
    return corrupt("E-JRN-303", fmt::format("version {} is not known here", version));
  Witness witness;
  SIEGEL_TRY(witness.journal, hash_of(*object, "journal"));
  SIEGEL_TRY(witness.head.hash, hash_of(*object, "hash"));
  SIEGEL_TRY(const std::uint64_t sequence, number_of(object->find("sequence"), "sequence"));
  witness.head.sequence = Sequence(sequence);
  const json::Value* counters = object->find("counters");
  if (counters == nullptr || counters->object() == nullptr)
    return corrupt("E-JRN-303", "\"counters\" is missing");
  for (const json::Member& member : *counters->object()) {
    SIEGEL_TRY(const std::uint64_t count, number_of(&member.value, member.key));
    witness.counters.emplace(member.key, count);
  }
  if (owner != nullptr) {
    SIEGEL_TRY(witness.owner, owner_of(*owner));
  }
  return witness;
}

Result<std::optional<Entry>> entry_at(Reader& reader, Sequence sequence) {
  SIEGEL_TRY(auto entries, reader.read(sequence, 1));
  if (entries.empty()) return std::optional<Entry>();
  return std::optional<Entry>(std::move(entries.front()));
}

}  // namespace

Result<std::optional<Witness>> WitnessFile::read() const {
  auto content = read_file(m_path, file_bytes_max);
  if (!content.ok()) {
    if (content.error().code == "E-FIL-001") return std::optional<Witness>();
    if (content.error().code == "E-FIL-003")
      return corrupt("E-JRN-303", content.error().detail, m_path.string());
    return content.error();
  }
  auto witness = decode(text_of(*content));
  if (!witness.ok())
    return corrupt("E-JRN-303",
                   fmt::format("{} is no witness: {}", m_path.string(), witness.error().detail),
                   m_path.string());
  return std::optional<Witness>(std::move(witness).value());
}

Status WitnessFile::write(const Witness& witness) const {
  const auto integer = [](std::uint64_t value) {
    SIEGEL_CHECK(value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    return json::Value(static_cast<std::int64_t>(value));
  };
  json::Object counters;
  for (const auto& [name, count] : witness.counters) counters.set(name, integer(count));
  json::Object object;
  object.set("counters", std::move(counters));
  object.set("hash", hex(witness.head.hash));
  object.set("journal", hex(witness.journal));
  if (witness.owner) {
    json::Object owner;
    owner.set("folder", witness.owner->folder);
    owner.set("host", witness.owner->host);
    owner.set("mark", witness.owner->mark);
    owner.set("since", witness.owner->since.text());
    object.set("owner", std::move(owner));
  }
  object.set("sequence", integer(witness.head.sequence.get()));
  object.set("version", 1);
  return write_file(m_path, bytes_of(json::pretty(object)));
}

Result<std::optional<Witness>> make_witness(Reader& reader) {
  SIEGEL_TRY(const Head head, reader.head());
  SIEGEL_TRY(const auto first, entry_at(reader, Sequence(1)));
  if (!first.has_value()) return std::optional<Witness>();
  Witness witness;
  witness.journal = first->hash;
  witness.head = head;
  return std::optional<Witness>(std::move(witness));
}

Status check_witness(const Witness& witness, Reader& reader) {
  const auto refuse = [](std::string detail, Sequence at) {
    return corrupt("E-JRN-301", std::move(detail), fmt::format("entry {}", at.get()));
  };
  SIEGEL_TRY(const Head head, reader.head());
  if (head.sequence < witness.head.sequence)
    return refuse(fmt::format("the journal is older than its witness: it ends at entry {}, but the "
                              "witness has seen entry {}; a backup was put back or the end is gone",
                              head.sequence.get(), witness.head.sequence.get()),
                  witness.head.sequence);
  SIEGEL_TRY(const auto first, entry_at(reader, Sequence(1)));
  if (!first.has_value()) return Ok{};
  if (first->hash != witness.journal)
    return refuse("the witness belongs to another journal: their first entries differ",
                  Sequence(1));
  SIEGEL_TRY(const auto seen, entry_at(reader, witness.head.sequence));
  if (!seen.has_value() || seen->hash != witness.head.hash)
    return refuse(fmt::format("entry {} is not the one its witness has seen (hash {}): the journal "
                              "went another way from an older state",
                              witness.head.sequence.get(), hex(witness.head.hash)),
                  witness.head.sequence);
  return Ok{};
}

}  // namespace siegel::journal
