#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "base/time.h"
#include "country/country.h"
#include "device/checked.h"
#include "device/device.h"
#include "journal/journal.h"
#include "recorder/recorder.h"

// The recorder on real threads: one for the recorder, one for the journal's writer, one lane a
// device. A customer who is alone in the shop is spared the change of threads: then the recorder's
// own thread writes, and signs with a key in memory. Everything the writer finds waiting goes into
// one commit, everything a lane finds waiting into one call of the device: no timer, whoever comes
// while a flush runs is in the next.

namespace siegel::runtime {

/// Waiting events of one consumer, handed over as a whole. Any number of producers, who must have
/// returned before it dies.
template <class T>
class Inbox {
 public:
  void push(T item) {
    {
      const Lock lock(m_mutex);
      m_items.push_back(std::move(item));
      if (!std::exchange(m_asleep, false)) return;
    }
    // Without the lock: the consumer that wakes up would wait for it at once.
    m_condition.notify_one();
  }
  /// The same for several at once: the consumer finds all of them. `items` is empty afterwards.
  void push_all(std::vector<T>& items) {
    if (items.empty()) return;
    {
      const Lock lock(m_mutex);
      if (m_items.empty())
        m_items.swap(items);
      else
        m_items.insert(m_items.end(), std::make_move_iterator(items.begin()),
                       std::make_move_iterator(items.end()));
      items.clear();
      if (!std::exchange(m_asleep, false)) return;
    }
    m_condition.notify_one();
  }
  void stop() {
    {
      const Lock lock(m_mutex);
      m_stopped = true;
      m_asleep = false;
    }
    m_condition.notify_one();
  }
  /// Waits for items (at most `limit`, if given), moves all of them into `out` (cleared first).
  /// False: stopped and nothing left.
  bool take(std::vector<T>& out, std::optional<std::chrono::nanoseconds> limit = {}) {
    out.clear();
    Lock lock(m_mutex);
    while (m_items.empty() && !m_stopped) {
      m_asleep = true;
      if (!limit) {
        m_condition.wait(lock);
      } else if (*limit <= std::chrono::nanoseconds(0) || !m_condition.wait_for(lock, *limit)) {
        break;
      }
    }
    m_asleep = false;
    out.swap(m_items);
    return !out.empty() || !m_stopped;
  }
  [[nodiscard]] std::size_t size() {
    Lock lock(m_mutex);
    return m_items.size();
  }

 private:
  Mutex m_mutex;
  Condition m_condition;
  std::vector<T> m_items SIEGEL_GUARDED_BY(m_mutex);
  bool m_asleep SIEGEL_GUARDED_BY(m_mutex) = false;  ///< the consumer; nobody has woken it yet
  bool m_stopped SIEGEL_GUARDED_BY(m_mutex) = false;
};

class Engine {
 public:
  using Body = decltype(recorder::Command::body);
  /// Called on the recorder's thread, once for each submitted command: must be quick.
  using Done = std::function<void(Result<recorder::Accepted>)>;

  struct Options {
    const Clock* clock = nullptr;
    /// Reads the state from the journal (snapshot and entries after it); called at start and after
    /// a failed commit, on the recorder's thread.
    std::function<Result<recorder::State>()> load;
    /// Called on the writer's thread when more is durable; must be quick. May be empty.
    std::function<void(journal::Head)> on_durable;
    /// Austria: signature devices by SignerInfo::id, which outlive the engine. Their type says that
    /// no signature gets past them unverified. One the journal knows but this lacks is treated as
    /// one that does not answer.
    std::map<std::string, device::CheckedSigner*> signers = {};
    /// Austria: the AES keys of the registers.
    recorder::Keys keys = {};
    /// Called on a device's lane when nothing has been asked of it for `idle`, again every
    /// `tend_every`: what is due of it is done before a sale needs it. May be empty.
    std::function<void(const std::string& serial, device::Tse& tse, Now now,
                       std::chrono::nanoseconds idle)>
        tend = {};
    std::chrono::milliseconds tend_every{30'000};
    /// Called on the lane of a TSE that failed: does it work again? Whoever may log in sets its
    /// clock. Empty: runtime::probe, which cannot log in.
    std::function<Status(const std::string& serial, device::Tse& tse, Now now)> probe = {};
  };

  /// Journal, country and devices outlive the engine. A TSE the journal knows but `devices` lacks
  /// is treated as one that does not answer.
  static Result<std::unique_ptr<Engine>> start(journal::Journal& journal,
                                               const country::Country& country,
                                               std::map<std::string, device::Tse*> devices,
                                               Options options);
  /// Finishes what was submitted, then stops the threads. Who still waits after ten seconds is told
  /// E-API-605 (unknown). Waits for a device that is in a call until it returns.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Any thread. Refused with E-API-602 when too much waits already.
  void submit(std::string actor, Body body, Done done);
  /// The same, waiting for the answer. Any thread but those of the engine.
  Result<recorder::Accepted> call(std::string actor, Body body);

  /// A device put into operation while the engine runs; outlives it.
  void add_device(const std::string& serial, device::Tse* tse);
  /// Runs `work` on the lane of the device, between its calls, and waits. E-TSE-101: no such
  /// device.
  Status on_device(const std::string& serial, const std::function<Status(device::Tse&)>& work);
  /// The same for a signature device; E-SIG-101: no such device.
  void add_signer(const std::string& id, device::CheckedSigner* signer);
  Status on_signer(const std::string& id,
                   const std::function<Status(device::CheckedSigner&)>& work);
  /// The AES key of a register that is set up while the engine runs; waits until it is in use.
  void set_key(const RegisterId& register_id, crypto::SecretBytes key);
  /// The index is complete up to there.
  void indexed(std::uint64_t position);
  /// A copy of the state, for status and snapshots. Waits for the recorder's thread.
  recorder::State state();
  /// What is measured of the devices; empty while the journal cannot be written. As state().
  std::vector<recorder::DeviceLoad> loads();
  /// Waits until nothing is under way but open outages and Vorgaenge, or `limit` has passed.
  bool settle(std::chrono::milliseconds limit);

 private:
  class DeviceLane;
  class SignerLane;
  struct Submitted {
    std::string actor;
    Body body;
    Done done;
  };
  struct FromRecorder {  // an event of an earlier recorder is dropped
    std::uint64_t epoch = 0;
    recorder::Event event;
  };
  struct CommitFailed {
    std::uint64_t epoch = 0;
    Error error;
    bool recovered = false;
  };
  using Ask = std::function<void(recorder::Recorder*)>;
  using Input = std::variant<Submitted, FromRecorder, CommitFailed, Ask>;
  struct Write {
    std::uint64_t epoch = 0;
    std::uint64_t first = 0;
    std::vector<journal::Draft> drafts;  ///< empty: only recover
  };

  Engine(journal::Journal& journal, const country::Country& country, Options options);
  void run_recorder();
  void run_writer();
  void handle(Input& input, Now now);
  void perform(recorder::Effects& effects);
  void hand_over();
  void ask_devices(recorder::Effects& effects);
  void ask_signers(recorder::Effects& effects);
  void accept(Submitted& submitted, Now now);
  void rebuild(const CommitFailed& failed, Now now);
  void write(std::vector<Write>& writes);  // by the thread whose turn it is
  Result<journal::Head> recover_journal();

  journal::Journal& m_journal;
  const country::Country& m_country;
  Options m_options;

  // recorder's thread
  recorder::Keys m_keys;
  std::unique_ptr<recorder::Recorder> m_recorder;  ///< null while the journal cannot be written
  Error m_blocked;
  bool m_recovering = false;
  std::uint64_t m_epoch = 1;
  std::uint64_t m_next_request = 1;
  std::unordered_map<std::uint64_t, Done> m_waiting;
  std::optional<Steady> m_wake;
  recorder::Effects m_effects;
  std::vector<Write> m_handed_over;

  Mutex m_lanes_mutex;
  std::map<std::string, std::unique_ptr<DeviceLane>, std::less<>> m_lanes
      SIEGEL_GUARDED_BY(m_lanes_mutex);
  std::map<std::string, std::unique_ptr<SignerLane>, std::less<>> m_signers
      SIEGEL_GUARDED_BY(m_lanes_mutex);
  /// Handed to the writer's thread and not yet done. Only the recorder's thread adds to it: when it
  /// finds 0 there, the turn to write is its own.
  std::atomic<std::size_t> m_unwritten = 0;
  // of the thread whose turn it is to write
  std::uint64_t m_failed_epoch = 0;  ///< what it still gets of this one is void
  std::uint64_t m_durable = 0;       ///< somebody may have been told that this entry is durable
  Inbox<Input> m_inbox;
  Inbox<Write> m_writes;
  std::thread m_recorder_thread;
  std::thread m_writer_thread;
};

}  // namespace siegel::runtime
