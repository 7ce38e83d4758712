#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "verify/rksv/receipt.h"

// Receipts checked by several threads and handed back in their order. Not part of the module's
// contract.

namespace siegel::verify::rksv {

/// The caller's thread reads and takes the results in order; workers check signatures meanwhile.
/// What is under way is bounded: a slow check slows the reader. Small inputs need no thread.
class Pipeline {
 public:
  using CheckFunction = void (*)(const ReceiptRules&, Receipt&);
  using Take = std::function<void(Receipt&)>;

  /// `rules` outlives this. `take` is called in the thread of add() and finish().
  Pipeline(const ReceiptRules& rules, CheckFunction check, unsigned threads, Take take);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void add(std::optional<std::string_view> text, std::uint32_t group);
  /// Everything added was taken when it returns.
  void finish();

 private:
  struct Batch {
    std::vector<std::unique_ptr<Receipt>> receipts;
    bool started = false;
    bool done = false;
  };
  void hand_over();
  void take_oldest();
  void start_threads();
  void work();

  const ReceiptRules& m_rules;
  const CheckFunction m_check;
  const Take m_take;
  unsigned m_thread_count;
  std::unique_ptr<Batch> m_filling;

  Mutex m_mutex;
  Condition m_changed;
  /// In order; the oldest first. Batches lie still while they are worked on.
  std::deque<std::unique_ptr<Batch>> m_under_way SIEGEL_GUARDED_BY(m_mutex);
  bool m_closed SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_threads_started = false;
  std::vector<std::jthread> m_threads;  // last: they use everything above
};

}  // namespace siegel::verify::rksv
