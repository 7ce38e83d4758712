#include "app/shop/instance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/file.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t mark_bytes = 16;
constexpr std::size_t text_max = 4096;
constexpr std::uint64_t file_bytes_max = 1U << 16U;

fs::path instance_file(const fs::path& folder) { return folder / "instance.json"; }

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string();
}

}  // namespace

Instance Instance::load(const fs::path& folder) {
  Instance instance(folder);
  std::error_code ignored;
  instance.m_owner.folder = fs::absolute(folder, ignored).lexically_normal().string();
  instance.m_owner.host = host_name();
  const auto bytes = read_file(instance_file(folder), file_bytes_max);
  if (!bytes) return instance;
  const auto value = json::parse(text_of(*bytes));
  if (!value) return instance;
  auto fields = json::Fields::of(*value);
  if (!fields) return instance;
  if (const json::Value* accepted = fields->any("accepted");
      accepted != nullptr && accepted->object() != nullptr)
    for (const auto& [serial, number] : *accepted->object())
      if (number.integer() != nullptr && *number.integer() >= 0)
        instance.m_accepted[serial] = static_cast<std::uint64_t>(*number.integer());
  if (const auto accepts = fields->optional_bool("accepts", false)) instance.m_accepts = *accepts;
  const auto text = [&](std::string_view key) {
    const auto found = fields->optional_string(key, text_max);
    return found ? found->value_or("") : std::string();
  };
  instance.m_owner.mark = text("mark");
  instance.m_previous = text("previous");
  return instance;
}

Status Instance::save() const {
  json::Object accepted;
  for (const auto& [serial, number] : m_accepted)
    accepted.set(serial, static_cast<std::int64_t>(number));
  json::Object object;
  object.set("accepted", std::move(accepted));
  object.set("accepts", m_accepts);
  object.set("mark", m_owner.mark);
  object.set("previous", m_previous);
  return write_file(instance_file(m_folder), bytes_of(json::pretty(object)), {.mode = 0600});
}

bool Instance::owns(const std::optional<journal::Witness>& witness) const {
  if (!witness || !witness->owner) return true;
  const std::string& mark = witness->owner->mark;
  return mark == m_owner.mark || mark == m_previous;
}

Status Instance::check(const std::optional<journal::Witness>& witness) const {
  if (owns(witness)) return Ok{};
  const journal::WitnessOwner& other = *witness->owner;
  return conflict(
      "E-JRN-311",
      fmt::format("the journal's witness was moved by another copy of this data folder: "
                  "{} on {}, at {}; two copies must not go on beside each other",
                  other.folder, other.host, other.since.text()),
      m_folder.string());
}

std::string Instance::other_copy(const std::optional<journal::Witness>& witness) const {
  if (owns(witness)) return {};
  const journal::WitnessOwner& other = *witness->owner;
  return fmt::format(
      " (the witness was moved last by another copy of this data folder: {} on {}, "
      "at {})",
      other.folder, other.host, other.since.text());
}

Status Instance::take(const std::optional<journal::Witness>& witness, const fs::path& witness_file,
                      Random& random, Instant now) {
  m_owner.since = now;
  const bool moves = witness.has_value() || m_owner.mark.empty();
  if (!moves) return Ok{};
  const Instance before = *this;
  m_previous = witness && witness->owner ? witness->owner->mark : std::string();
  ByteArray<mark_bytes> mark{};
  random.fill(mark);
  m_owner.mark = hex(mark);
  if (const Status saved = save(); !saved) {
    *this = before;
    return saved;
  }
  if (!witness) return Ok{};
  journal::Witness moved = *witness;
  moved.owner = m_owner;
  return journal::WitnessFile(witness_file).write(moved);
}

std::uint64_t Instance::accepted(const std::string& serial) const {
  const auto found = m_accepted.find(serial);
  return found == m_accepted.end() ? 0 : found->second;
}

Status Instance::accept(const std::map<std::string, std::uint64_t>& transactions) {
  for (const auto& [serial, number] : transactions) m_accepted[serial] = number;
  m_accepts = false;
  return save();
}

Status Instance::take_over(const std::optional<journal::Witness>& witness) {
  m_previous = witness && witness->owner ? witness->owner->mark : std::string();
  m_accepts = true;
  return save();
}

}  // namespace siegel::app
