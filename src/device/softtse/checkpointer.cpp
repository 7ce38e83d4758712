#include "device/softtse/checkpointer.h"

#include <utility>

namespace siegel::device::softtse {

namespace {
constexpr std::uint64_t bytes_between = 4ULL * 1024 * 1024;
constexpr int wal_pages_max = 16'384;  // 64 MiB
}  // namespace

Checkpointer::Checkpointer(StorePlace place)
    : m_place(std::move(place)), m_thread([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const Lock lock(m_mutex);
    m_stop = true;
  }
  m_wake.notify_all();
  m_thread.join();
}

void Checkpointer::committed(std::uint64_t bytes) {
  bool wake = false;
  {
    const Lock lock(m_mutex);
    const std::uint64_t before = m_bytes;
    m_bytes += bytes;
    wake = before < bytes_between && m_bytes >= bytes_between;
  }
  if (wake) m_wake.notify_one();
}

bool Checkpointer::wants_restart() {
  const Lock lock(m_mutex);
  return std::exchange(m_restart, false);
}

void Checkpointer::run() {
  // A connection that cannot be opened, or a checkpoint that fails, is tried again with the next
  // batch; the writer meets the same disk and reports what is wrong with it.
  sqlite::Database database;
  for (;;) {
    {
      Lock lock(m_mutex);
      while (!m_stop && m_bytes < bytes_between) m_wake.wait(lock);
      if (m_stop) return;
      m_bytes = 0;
    }
    if (!database.is_open()) {
      auto opened = sqlite::Database::open(sqlite_options(m_place));
      if (!opened.ok()) continue;
      database = std::move(opened).value();
    }
    const auto done = database.checkpoint(sqlite::CheckpointMode::passive);
    if (done.ok() && done->wal_pages > wal_pages_max) {
      const Lock lock(m_mutex);
      m_restart = true;
    }
  }
}

}  // namespace siegel::device::softtse
