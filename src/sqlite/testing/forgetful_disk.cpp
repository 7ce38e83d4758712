#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "sqlite/testing/disk_state.h"

namespace siegel::sqlite::testing {
namespace {

/// How many of `count` things survive: none and all more often than chance would have it, because
/// faults hide at the ends.
std::size_t survivors(Random& random, std::size_t count) {
  switch (random.below(4)) {
    case 0:
      return 0;
    case 1:
      return count;
    default:
      return static_cast<std::size_t>(random.below(count + 1));
  }
}

/// Keeps any sectors of the writes; truncations happen or not.
void keep_sectors(File& file, Bytes& content, Random& random) {
  for (const Change& change : file.pending) {
    if (change.truncate) {
      if (random.below(2) == 0) apply(content, change, file.pending_bytes);
      continue;
    }
    std::uint64_t at = change.offset;
    const std::uint64_t end = change.offset + change.size;
    while (at < end) {
      const std::uint64_t next =
          std::min<std::uint64_t>(end, (at / sector_bytes + 1) * sector_bytes);
      Change part = change;
      part.offset = at;
      part.size = static_cast<std::size_t>(next - at);
      part.data = change.data + static_cast<std::size_t>(at - change.offset);
      if (random.below(2) == 0) apply(content, part, file.pending_bytes);
      at = next;
    }
  }
}

void crash_file(File& file, Tear tear, std::uint64_t order_end, Random& random) {
  Bytes content = std::move(file.durable);
  std::size_t kept = 0;
  switch (tear) {
    case Tear::nothing:
      break;
    case Tear::ordered:
      while (kept < file.pending.size() && file.pending[kept].order < order_end) ++kept;
      break;
    case Tear::per_file:
      kept = survivors(random, file.pending.size());
      break;
    case Tear::sectors:
      keep_sectors(file, content, random);
      break;
  }
  for (std::size_t i = 0; i < kept; ++i) apply(content, file.pending[i], file.pending_bytes);
  file.durable = content;
  file.content = std::move(content);
  file.pending.clear();
  file.pending_bytes.clear();
}

}  // namespace

void apply(Bytes& content, const Change& change, const Bytes& data) {
  if (change.truncate) {
    content.resize(static_cast<std::size_t>(change.offset));
    return;
  }
  const auto end = static_cast<std::size_t>(change.offset) + change.size;
  if (content.size() < end) content.resize(end);
  std::memcpy(content.data() + change.offset, data.data() + change.data, change.size);
}

ForgetfulDisk::State::Verdict ForgetfulDisk::State::change(int error_code, bool is_sync) {
  ++counters.changes;
  if (changes_until_cut != 0 && --changes_until_cut == 0) cut = true;
  if (cut) return {error_code, false};
  if (!fault_set || (fault.syncs_only && !is_sync)) return {};
  if (fault.at_change > 1) {
    --fault.at_change;
    return {};
  }
  if (fault.count > 0) --fault.count;
  if (fault.count == 0) fault_set = false;
  return {fault.fault == Fault::full ? SQLITE_FULL : error_code, fault.applied};
}

ForgetfulDisk::State::Verdict ForgetfulDisk::State::sync() {
  ++counters.syncs;
  if (syncs_until_cut != 0 && --syncs_until_cut == 0) cut = true;
  return change(SQLITE_IOERR_FSYNC, true);
}

void ForgetfulDisk::State::sync_names() {
  for (NameChange& change : pending_names) {
    if (change.file == nullptr)
      durable_names.erase(change.name);
    else
      durable_names.insert_or_assign(change.name, change.file);
  }
  pending_names.clear();
}

void ForgetfulDisk::State::forget_processes() {
  ++generation;
  cut = false;
  syncs_until_cut = 0;
  changes_until_cut = 0;
  fault_set = false;
  for (auto& [file_name, file] : names) {
    // A dead connection keeps its own reference and may still read the old memory.
    auto fresh = std::make_shared<File>();
    fresh->content = std::move(file->content);
    fresh->durable = std::move(file->durable);
    fresh->pending = std::move(file->pending);
    fresh->pending_bytes = std::move(file->pending_bytes);
    for (auto& [durable_name, durable_file] : durable_names)
      if (durable_file == file) durable_file = fresh;
    for (NameChange& change : pending_names)
      if (change.file == file) change.file = fresh;
    file = std::move(fresh);
  }
}

const std::string& ForgetfulDisk::name() const { return m_state->name; }

void ForgetfulDisk::crash(Random& random, Tear tear) {
  State& s = *m_state;
  const Lock lock(s.mutex);
  // Names are kept by a file system's own log: always a prefix.
  std::uint64_t order_end = 0;
  std::size_t names_kept = 0;
  if (tear == Tear::ordered) {
    std::vector<std::uint64_t> orders;
    for (const NameChange& change : s.pending_names) orders.push_back(change.order);
    for (const auto& [file_name, file] : s.names)
      for (const Change& change : file->pending) orders.push_back(change.order);
    std::sort(orders.begin(), orders.end());
    const std::size_t kept = survivors(random, orders.size());
    order_end = kept == orders.size() ? s.next_order : orders[kept];
    while (names_kept < s.pending_names.size() && s.pending_names[names_kept].order < order_end)
      ++names_kept;
  } else if (tear != Tear::nothing) {
    names_kept = survivors(random, s.pending_names.size());
  }
  s.pending_names.resize(names_kept);
  s.sync_names();
  s.names = s.durable_names;
  for (auto& [file_name, file] : s.names) crash_file(*file, tear, order_end, random);
  s.forget_processes();
  s.durable_names = s.names;
}

void ForgetfulDisk::cut_at_sync(std::uint64_t n) {
  const Lock lock(m_state->mutex);
  m_state->syncs_until_cut = n;
}

void ForgetfulDisk::cut_at_change(std::uint64_t n) {
  const Lock lock(m_state->mutex);
  m_state->changes_until_cut = n;
}

void ForgetfulDisk::cut_now() {
  const Lock lock(m_state->mutex);
  m_state->cut = true;
}

bool ForgetfulDisk::is_cut() const {
  const Lock lock(m_state->mutex);
  return m_state->cut;
}

void ForgetfulDisk::restart() {
  const Lock lock(m_state->mutex);
  m_state->forget_processes();
}

void ForgetfulDisk::inject(FaultOptions options) {
  SIEGEL_CHECK(options.at_change > 0 && options.count > 0);
  const Lock lock(m_state->mutex);
  m_state->fault = options;
  m_state->fault_set = true;
}

void ForgetfulDisk::clear_faults() {
  const Lock lock(m_state->mutex);
  m_state->fault_set = false;
}

ForgetfulDisk::Counters ForgetfulDisk::counters() const {
  const Lock lock(m_state->mutex);
  return m_state->counters;
}

bool ForgetfulDisk::exists(std::string_view path) const {
  const Lock lock(m_state->mutex);
  return m_state->names.find(path) != m_state->names.end();
}

Bytes ForgetfulDisk::content(std::string_view path) const {
  const Lock lock(m_state->mutex);
  const auto found = m_state->names.find(path);
  return found == m_state->names.end() ? Bytes() : found->second->content;
}

void ForgetfulDisk::replace(std::string_view path, BytesView content) {
  const Lock lock(m_state->mutex);
  const std::string key(path);
  auto& file = m_state->names[key];
  if (file == nullptr) file = std::make_shared<File>();
  file->content.assign(content.begin(), content.end());
  file->durable = file->content;
  file->pending.clear();
  file->pending_bytes.clear();
  m_state->durable_names.insert_or_assign(key, file);
}

void ForgetfulDisk::remove(std::string_view path) {
  const Lock lock(m_state->mutex);
  if (const auto it = m_state->names.find(path); it != m_state->names.end())
    m_state->names.erase(it);
  if (const auto it = m_state->durable_names.find(path); it != m_state->durable_names.end())
    m_state->durable_names.erase(it);
}

std::vector<std::string> ForgetfulDisk::names() const {
  const Lock lock(m_state->mutex);
  std::vector<std::string> out;
  for (const auto& [file_name, file] : m_state->names) out.push_back(file_name);
  return out;
}

}  // namespace siegel::sqlite::testing
