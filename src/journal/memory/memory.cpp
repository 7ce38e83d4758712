#include "journal/memory/memory.h"

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "journal/chain.h"

namespace siegel::journal::memory {
namespace {

Head head_of(const std::vector<Entry>& entries) {
  if (entries.empty()) return {};
  return {entries.back().sequence, entries.back().hash};
}

Result<Entry> opened(const Head& previous, const Entry& entry) {
  StoredEntry stored;
  stored.sequence = entry.sequence;
  stored.header = entry.header;
  if (entry.payload_removed)
    stored.removed_payload_hash = entry.payload_hash;
  else
    stored.payload = entry.payload;
  stored.hash = entry.hash;
  return open_entry(previous, stored);
}

}  // namespace

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(const Store& store) : m_store(store) {}

  Result<Head> head() override { return m_store.head(); }

  Result<std::vector<Entry>> read(Sequence from, std::size_t count_max) override {
    SIEGEL_CHECK(from.get() >= 1 && count_max >= 1);
    const Lock lock(m_store.m_mutex);
    const auto& all = m_store.m_entries;
    std::vector<Entry> out;
    std::size_t bytes = 0;
    Head previous;
    for (std::size_t i = static_cast<std::size_t>(from.get()) - 1;
         i < all.size() && out.size() < count_max && bytes < chunk_bytes_max; ++i) {
      if (i > 0) previous = {all[i - 1].sequence, all[i - 1].hash};
      SIEGEL_TRY(Entry entry, opened(previous, all[i]));
      bytes += entry.payload.size();
      out.push_back(std::move(entry));
    }
    return out;
  }

 private:
  const Store& m_store;
};

class MemoryJournal final : public Journal {
 public:
  explicit MemoryJournal(Store& store) : m_store(store), m_head(store.head()) {}

  Result<Head> append(Sequence first, std::span<const Draft> drafts) override {
    if (m_failed) return unavailable("E-JRN-203", "the last commit failed; recover first");
    SIEGEL_TRY_OK(check_append(m_head, first, drafts));
    if (drafts.empty()) return m_head;
    std::vector<Entry> fresh;
    fresh.reserve(drafts.size());
    Head head = m_head;
    for (const Draft& draft : drafts) {
      fresh.push_back(make_entry(head, draft));
      head = {fresh.back().sequence, fresh.back().hash};
    }
    const Lock lock(m_store.m_mutex);
    const auto failure = std::exchange(m_store.m_failure, std::nullopt);
    ++m_store.m_commits;
    if (failure != Store::Failure::not_written) {
      if (SIEGEL_MUTANT("drop-last-entry")) fresh.pop_back();
      std::ranges::move(fresh, std::back_inserter(m_store.m_entries));
    }
    if (failure.has_value()) {
      m_failed = true;
      return unavailable("E-JRN-203", "the commit failed as asked for");
    }
    m_head = head;
    return m_head;
  }

  Result<Head> recover() override {
    {
      const Lock lock(m_store.m_mutex);
      if (m_store.m_failed_recoveries > 0) {
        --m_store.m_failed_recoveries;
        m_failed = true;
        return unavailable("E-JRN-203", "the store does not open, as asked for");
      }
    }
    m_head = m_store.head();
    m_failed = false;
    return m_head;
  }

  [[nodiscard]] Head head() const override { return m_head; }

  Result<std::unique_ptr<Reader>> reader() override {
    return std::unique_ptr<Reader>(std::make_unique<MemoryReader>(m_store));
  }

 private:
  Store& m_store;
  Head m_head;
  bool m_failed = false;
};

void Store::fail_next_commit(Failure failure) {
  const Lock lock(m_mutex);
  m_failure = failure;
}

void Store::fail_recoveries(int count) {
  const Lock lock(m_mutex);
  m_failed_recoveries = count;
}

Head Store::head() const {
  const Lock lock(m_mutex);
  return head_of(m_entries);
}

std::vector<Entry> Store::entries() const {
  const Lock lock(m_mutex);
  return m_entries;
}

std::uint64_t Store::commits() const {
  const Lock lock(m_mutex);
  return m_commits;
}

void Store::truncate(std::size_t count) {
  const Lock lock(m_mutex);
  m_entries.resize(std::min(count, m_entries.size()));
}

void Store::replace(std::size_t index, Entry entry) {
  const Lock lock(m_mutex);
  SIEGEL_CHECK(index < m_entries.size());
  m_entries[index] = std::move(entry);
}

Result<std::unique_ptr<Journal>> open(Store& store) {
  MemoryReader reader(store);
  Sequence next(1);
  while (true) {
    SIEGEL_TRY(const auto entries, reader.read(next, 1000));
    if (entries.empty()) break;
    next = Sequence(entries.back().sequence.get() + 1);
  }
  return std::unique_ptr<Journal>(std::make_unique<MemoryJournal>(store));
}

}  // namespace siegel::journal::memory
