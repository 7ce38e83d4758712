#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/thread.h"
#include "journal/journal.h"

// A journal in memory, for simulations and tests: same chain, same refusals, no disk.

namespace siegel::journal::memory {

/// What survives the journal object, like the file of a real one. Thread-safe.
class Store {
 public:
  /// How the next commit fails. Either way `append` answers E-JRN-203.
  enum class Failure {
    not_written,  ///< nothing of the group is there
    written,      ///< all of the group is there; only the answer is lost
  };
  void fail_next_commit(Failure failure);
  /// recover() fails this many times from now.
  void fail_recoveries(int count);

  [[nodiscard]] Head head() const;
  [[nodiscard]] std::vector<Entry> entries() const;  ///< a copy, for checks
  [[nodiscard]] std::uint64_t commits() const;

  /// For tests that tamper or turn back time: the first `count` entries stay.
  void truncate(std::size_t count);
  void replace(std::size_t index, Entry entry);

 private:
  friend class MemoryJournal;
  friend class MemoryReader;
  mutable Mutex m_mutex;
  std::vector<Entry> m_entries SIEGEL_GUARDED_BY(m_mutex);
  std::optional<Failure> m_failure SIEGEL_GUARDED_BY(m_mutex);
  int m_failed_recoveries SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_commits SIEGEL_GUARDED_BY(m_mutex) = 0;
};

/// The store outlives the journal. Opening checks the whole chain: E-JRN-1xx.
[[nodiscard]] Result<std::unique_ptr<Journal>> open(Store& store);

}  // namespace siegel::journal::memory
