#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/thread.h"
#include "device/device.h"
#include "journal/follower.h"
#include "model/care.h"
#include "model/plan.h"

namespace siegel::app {

/// Asks a TSE for some of the signatures it gave: one that accepts everything and keeps nothing is
/// found while the shop is open. Every n-th signature counter of a TSE is asked back, whoever
/// counts; between the sales, on the device's lane.
class ReadBack final : public journal::Follower {
 public:
  struct Parts {
    journal::Sequence start;
    int every = 0;  ///< Profile::read_back_every until an entry changes it; 0: none
    /// Client of a receipt whose plan was not among the entries seen.
    std::function<Result<std::string>(std::uint64_t plan_sequence)> client_of;
    std::function<Status(const std::string& serial, const std::function<Status(device::Tse&)>&)>
        on_device;
    std::function<void(TseChecked)> report;  ///< something was found
  };
  explicit ReadBack(Parts parts);
  ~ReadBack() override;
  ReadBack(const ReadBack&) = delete;
  ReadBack& operator=(const ReadBack&) = delete;

  [[nodiscard]] std::string_view name() const override { return "read_back"; }
  [[nodiscard]] journal::Sequence position() const override { return m_position; }
  [[nodiscard]] Status handle(std::span<const journal::Entry> entries) override;

  /// Asks what waits, then nothing any more. Before the devices go away.
  void stop();
  /// How many were asked back and were right.
  [[nodiscard]] std::uint64_t right() const;
  /// Waits until nothing is left to ask.
  void drain();

 private:
  static constexpr std::size_t waiting_max = 64;  ///< more are passed over
  static constexpr std::size_t plans_max = 1024;

  void run();
  void ask(const Seal& seal, const std::string& client);

  Parts m_parts;
  journal::Sequence m_position;
  std::map<std::uint64_t, std::string> m_clients;  ///< of plans seen, by sequence

  mutable Mutex m_mutex;
  Condition m_changed;
  struct Job {
    Seal seal;
    std::string client;
  };
  std::deque<Job> m_jobs SIEGEL_GUARDED_BY(m_mutex);
  bool m_busy SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_stopped SIEGEL_GUARDED_BY(m_mutex) = false;
  std::uint64_t m_right SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::thread m_thread;  // last: it uses everything above
};

}  // namespace siegel::app
