#include "views/runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/time.h"

namespace siegel::views {
namespace {

using journal::Entry;
using journal::Follower;
using journal::Sequence;

constexpr std::size_t chunk_entries = 2000;
constexpr std::chrono::milliseconds batch_every{50};
constexpr std::chrono::seconds retry_every{1};

}  // namespace

Runner::Runner(std::unique_ptr<journal::Reader> reader, std::vector<Follower*> followers)
    : m_reader(std::move(reader)), m_followers(std::move(followers)) {
  for (const Follower* follower : m_followers)
    m_status.push_back({std::string(follower->name()), follower->position(), {}});
}

Runner::~Runner() {
  {
    const Lock lock(m_mutex);
    m_stop = true;
  }
  m_wake.notify_all();
  if (m_thread.joinable()) m_thread.join();
}

void Runner::start() {
  SIEGEL_CHECK(!m_thread.joinable());
  m_thread = std::thread([this] { run(); });
}

void Runner::notify(Sequence head) {
  const Lock lock(m_mutex);
  if (head <= m_head) return;
  m_head = head;
  // While it collects a batch the thread sleeps through the rest of its 50 ms.
  if (m_idle) m_wake.notify_one();
}

Status Runner::drain() {
  Lock lock(m_mutex);
  SIEGEL_CHECK(m_thread.joinable());
  const std::uint64_t mine = ++m_drains_asked;
  m_wake.notify_all();
  while (m_drains_done < mine && !m_stop) m_drained.wait(lock);
  if (m_drain_error.has_value()) return *m_drain_error;
  return Ok{};
}

std::vector<Runner::FollowerStatus> Runner::status() const {
  const Lock lock(m_mutex);
  return m_status;
}

void Runner::run() {
  Sequence done;
  bool failed = false;
  while (true) {
    std::uint64_t drains = 0;
    Sequence target;
    {
      Lock lock(m_mutex);
      m_idle = true;
      while (!m_stop && m_drains_asked == m_drains_done && (m_head <= done || failed)) {
        if (!failed) {
          m_wake.wait(lock);
        } else if (!m_wake.wait_for(lock, retry_every)) {
          break;
        }
      }
      m_idle = false;
      // More comes in while one waits, and one batch of many costs less than many of one.
      const Steady until = system_clock().now().steady + batch_every;
      while (!m_stop && m_drains_asked == m_drains_done) {
        const Steady left = until - system_clock().now().steady;
        if (left <= Steady(0)) break;
        m_wake.wait_for(lock, left);
      }
      if (m_stop) break;
      drains = m_drains_asked;
      target = m_head;
    }
    const auto taken = take_batch();
    failed = !taken.ok();
    if (!failed) done = target;
    {
      const Lock lock(m_mutex);
      if (drains > m_drains_done) {
        m_drains_done = drains;
        m_drain_error = failed ? std::optional(taken.error()) : std::nullopt;
      }
    }
    m_drained.notify_all();
  }
  m_drained.notify_all();
}

Status Runner::take_batch() {
  std::optional<Error> first_error;
  std::vector<Follower*> working = m_followers;
  while (!working.empty()) {
    Sequence from = working.front()->position();
    for (const Follower* follower : working) from = std::min(from, follower->position());
    SIEGEL_TRY(const auto entries, m_reader->read(Sequence(from.get() + 1), chunk_entries));
    if (entries.empty()) break;
    std::erase_if(working, [&](Follower* follower) {
      const auto fed = feed(*follower, entries);
      if (fed.ok()) return false;
      if (!first_error.has_value()) first_error = fed.error();
      return true;
    });
    const Lock lock(m_mutex);
    if (m_stop) break;
  }
  if (first_error.has_value()) return *first_error;
  return Ok{};
}

Status Runner::feed(Follower& follower, const std::vector<Entry>& entries) {
  const Sequence first = entries.front().sequence;
  const Sequence position = follower.position();
  // A follower that was ahead of the others takes the rest, or nothing.
  const std::size_t skip = static_cast<std::size_t>(position.get() + 1 - first.get());
  Status result = Ok{};
  if (skip < entries.size()) result = follower.handle(std::span(entries).subspan(skip));
  const Lock lock(m_mutex);
  for (std::size_t i = 0; i < m_followers.size(); ++i) {
    if (m_followers[i] != &follower) continue;
    m_status[i].position = follower.position();
    m_status[i].error = result.ok() ? std::nullopt : std::optional(result.error());
  }
  return result;
}

}  // namespace siegel::views
