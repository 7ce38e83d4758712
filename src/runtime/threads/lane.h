#pragma once

#include <functional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "runtime/threads/engine.h"

namespace siegel::runtime {

/// The one thread that talks to a device, with plain blocking calls.
class Engine::DeviceLane {
 public:
  /// `tse` may be null: a device that is not there. `options` outlive the lane.
  DeviceLane(std::string serial, device::Tse* tse, const Options& options, Inbox<Input>& answers);
  ~DeviceLane();
  DeviceLane(const DeviceLane&) = delete;
  DeviceLane& operator=(const DeviceLane&) = delete;

  /// Moves them out of the span.
  void push(std::uint64_t epoch, std::span<recorder::Call> calls);
  void push(std::uint64_t epoch, recorder::Probe probe);
  void push(std::uint64_t epoch, recorder::Reconcile question);
  void push(std::function<void(device::Tse*)> work);

 private:
  struct Job {
    std::uint64_t epoch = 0;
    std::variant<recorder::Call, recorder::Probe, recorder::Reconcile,
                 std::function<void(device::Tse*)>>
        what;
  };
  class Answers;
  void run();
  void run(std::vector<Job>& jobs, std::vector<Job*>& calls);
  void perform(std::vector<Job*>& calls);
  void probe(const Job& job, const recorder::Probe& probe);
  void reconcile(const Job& job, const recorder::Reconcile& question);
  void answer(std::uint64_t epoch, recorder::Event event);

  std::string m_serial;
  device::Tse* m_tse;
  const Options& m_options;
  const Clock& m_clock;
  Inbox<Input>& m_answers;
  Inbox<Job> m_jobs;
  std::thread m_thread;
};

}  // namespace siegel::runtime
