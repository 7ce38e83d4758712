#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "base/thread.h"
#include "device/softtse/store.h"

namespace siegel::device::softtse {

/// Copies the WAL into the database on a thread and connection of its own, so that no sale waits
/// for it. A WAL only begins anew when nobody writes while it is copied; under steady load it would
/// grow for ever, so beyond a limit wants_restart() asks the writer to do the short rest itself.
class Checkpointer {
 public:
  explicit Checkpointer(StorePlace place);
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  ~Checkpointer();

  /// After each commit; `bytes` is what it wrote, roughly.
  void committed(std::uint64_t bytes);
  /// True once after the WAL has grown beyond its limit.
  [[nodiscard]] bool wants_restart();

 private:
  void run();

  StorePlace m_place;
  Mutex m_mutex;
  Condition m_wake;
  std::uint64_t m_bytes SIEGEL_GUARDED_BY(m_mutex) = 0;
  bool m_restart SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  std::thread m_thread;
};

}  // namespace siegel::device::softtse
