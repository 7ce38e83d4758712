#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/thread.h"
#include "journal/follower.h"

namespace siegel::views {

/// Takes entries to followers on a thread of its own, in chunks, at most every 50 ms: what comes in
/// between is one batch. A follower that fails is tried again with the next batch and does not hold
/// up the others.
class Runner {
 public:
  /// The followers outlive the runner.
  Runner(std::unique_ptr<journal::Reader> reader, std::vector<journal::Follower*> followers);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  /// Stops after the batch at hand; what is left comes at the next start.
  ~Runner();

  void start();

  /// The journal is durable up to `head`. Any thread, cheap.
  void notify(journal::Sequence head);

  /// Waits until every follower has everything that is in the journal now. The error of a follower
  /// that could not. Any thread but the runner's.
  [[nodiscard]] Status drain();

  struct FollowerStatus {
    std::string name;
    journal::Sequence position;
    std::optional<Error> error;  ///< of its last batch
  };
  /// Any thread.
  [[nodiscard]] std::vector<FollowerStatus> status() const;

 private:
  void run();
  Status take_batch();
  Status feed(journal::Follower& follower, const std::vector<journal::Entry>& entries);

  std::unique_ptr<journal::Reader> m_reader;
  std::vector<journal::Follower*> m_followers;
  mutable Mutex m_mutex;
  Condition m_wake;
  Condition m_drained;
  journal::Sequence m_head SIEGEL_GUARDED_BY(m_mutex);
  bool m_idle SIEGEL_GUARDED_BY(m_mutex) = false;  ///< waits for the next entry
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  std::uint64_t m_drains_asked SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_drains_done SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::optional<Error> m_drain_error SIEGEL_GUARDED_BY(m_mutex);
  std::vector<FollowerStatus> m_status SIEGEL_GUARDED_BY(m_mutex);
  std::thread m_thread;
};

}  // namespace siegel::views
