#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/thread.h"
#include "verify/report.h"
#include "verify/tse/key_ring.h"
#include "verify/tse/records.h"

// Checks single messages on several threads. Not part of the module's contract.

namespace siegel::verify::tse {

/// Serial numbers met, each with a small index. Any thread.
class SerialTable {
 public:
  static constexpr std::size_t serials_max = 4096;
  /// The same index for the same serial; those beyond the limit share the last index.
  std::uint16_t index_of(const Hash256& serial);
  /// Once no thread adds any more.
  [[nodiscard]] const std::vector<Hash256>& all() const { return m_serials; }

 private:
  Mutex m_mutex;
  std::vector<Hash256> m_serials;
};

/// Borrowed for the life of the checker; not changed meanwhile.
struct CheckerInput {
  const KeyRing& ring;
  bool certificates_required;  ///< a message without certificate is a violation
};

/// A file to check; the views are copied.
struct FileToCheck {
  std::string_view name;
  std::string_view label;  ///< of the export, empty if it is the only one
  BytesView content;
  std::uint16_t input = 0;
  std::uint64_t place = 0;
  std::uint64_t order = 0;
};

/// Collects files into batches and hands these to workers. take() and finish() in one thread. What
/// waits is bounded (about 32 MiB): a slow check slows the reader.
class Checker {
 public:
  Checker(const CheckerInput& input, SerialTable& serials, Records& records, unsigned threads);
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;
  ~Checker();

  void take(const FileToCheck& file);
  /// Waits for the workers. Afterwards `records` is complete, in no order.
  [[nodiscard]] Report finish();

 private:
  struct Entry {
    std::size_t name_size;
    std::size_t label_size;
    std::size_t content_size;
    std::uint16_t input;
    std::uint64_t place;
    std::uint64_t order;
  };
  /// Names and contents one behind the other.
  struct Batch {
    Bytes bytes;
    std::vector<Entry> entries;
  };
  class Worker;

  void hand_over();
  void work(Worker& worker);

  const CheckerInput m_input;
  SerialTable& m_serials;
  Records& m_records;
  std::unique_ptr<Batch> m_filling;

  Mutex m_mutex;
  Condition m_changed;
  std::deque<std::unique_ptr<Batch>> m_waiting SIEGEL_GUARDED_BY(m_mutex);
  std::size_t m_waiting_bytes SIEGEL_GUARDED_BY(m_mutex) = 0;
  bool m_closed SIEGEL_GUARDED_BY(m_mutex) = false;

  std::vector<std::unique_ptr<Worker>> m_workers;
  std::vector<std::jthread> m_threads;  // last: they use everything above
};

}  // namespace siegel::verify::tse
