#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "country/country.h"
#include "device/checked.h"
#include "device/device.h"
#include "journal/journal.h"
#include "recorder/recorder.h"

// The recorder in a world of its own: simulated time, a scheduler that picks what happens next by
// seed, and disks that forget what was not synced. One thread, no waiting, and the same seed gives
// the same day on every machine (docs/why/simulation.md).

namespace siegel::runtime::sim {

/// Both faces of time. A device's waiting is not waited for here: it says with take() how long it
/// would have, and the world lets everybody else go on meanwhile.
class SimClock final : public Clock {
 public:
  explicit SimClock(Instant start) : m_wall(start) {}
  [[nodiscard]] Now now() const override { return {m_wall, m_steady}; }

  void advance(std::chrono::milliseconds duration) {
    m_wall = m_wall + duration;
    m_steady += duration;
  }
  /// Somebody sets the machine's clock; deadlines do not notice.
  void turn(std::chrono::milliseconds by) { m_wall = m_wall + by; }
  void take(std::chrono::milliseconds duration) { m_taken += duration; }
  /// What was taken since the last call.
  [[nodiscard]] std::chrono::milliseconds taken() {
    return std::exchange(m_taken, std::chrono::milliseconds(0));
  }

 private:
  Instant m_wall;
  Steady m_steady{std::chrono::seconds(1)};
  std::chrono::milliseconds m_taken{0};
};

/// What the world is made of. All of it outlives the world.
struct Parts {
  const country::Country* country = nullptr;
  SimClock* clock = nullptr;
  Random* random = nullptr;
  std::function<Result<std::unique_ptr<journal::Journal>>()> open_journal;
  std::map<std::string, std::function<Result<std::unique_ptr<device::Tse>>()>> open_tse;
  /// Does a TSE that failed work again? Whoever may log in sets its clock. Empty: runtime::probe.
  std::function<Status(device::Tse& tse, Now now)> probe_tse = {};
  /// Austria: signature devices by id, opened at each power-up, and the AES keys of registers.
  std::map<std::string, std::function<Result<std::unique_ptr<device::CheckedSigner>>()>>
      open_signer = {};
  recorder::Keys keys = {};
  /// Called before and after everything in memory is dropped: from the first on no write reaches
  /// the disks, at the second they decide what they kept.
  std::function<void()> power_off;
  std::function<void()> power_on;
  /// A disk has cut the power by itself, in the middle of what it was asked to do.
  std::function<bool()> is_off;
  /// Takes durable entries into the index and says up to where it is complete. May be empty.
  std::function<std::uint64_t(journal::Journal&)> follow;
};

struct Options {
  /// Of 1000 device calls so many do not return for up to two minutes, their answer lost.
  std::uint32_t hang_per_mille = 0;
  /// Of 1000 answers of a TSE so many do not fit what it did: no signature, another transaction, a
  /// number or a counter used before. What it did stands in its log.
  std::uint32_t lie_per_mille = 0;
};

class World {
 public:
  using Body = decltype(recorder::Command::body);
  using Done = std::function<void(Result<recorder::Accepted>)>;

  World(Parts parts, Options options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Opens everything, folds the journal, resumes. A disk that cuts the power meanwhile is tried
  /// again. Errors: those of the journal; a device that does not open is one that is not there.
  Status power_up();
  /// Everything in memory is gone. Callbacks of requests that wait are never called.
  void cut_power();

  /// A request of a till. Requests of one `source` arrive in order, those of several in any. `done`
  /// is called at most once: never if the power is cut before.
  void submit(const std::string& source, std::string actor, Body body, Done done);

  /// Lets one thing happen; if nothing can, time passes until something can. False: nothing ever
  /// will by itself.
  bool step();
  /// From now on nothing hangs and nothing lies.
  void quiet() { m_options = {}; }
  /// The same, but nothing later than `until`. False: nothing could happen before; it is that time
  /// now.
  bool step_before(Steady until);
  /// When the call that this device is in returns; in the past: it is in none.
  [[nodiscard]] Steady busy_until(const std::string& device);
  /// Steps until nothing is under way and no device is suspended. False: it did not come to rest
  /// within an hour of simulated time.
  bool settle();

  /// Called after each restart, before anything else happens.
  std::function<void()> on_restart;

  [[nodiscard]] const recorder::Recorder* recorder() const { return m_recorder.get(); }
  [[nodiscard]] journal::Journal& journal() { return *m_journal; }
  [[nodiscard]] device::Tse* tse(const std::string& serial);
  /// Null: not there.
  [[nodiscard]] device::CheckedSigner* signer(const std::string& id);
  /// A register set up while the world runs.
  void set_key(const RegisterId& register_id, crypto::SecretBytes key);
  /// Requests that wait for an answer.
  [[nodiscard]] std::size_t waiting() const { return m_waiting.size(); }
  /// What must not happen and did, in words.
  [[nodiscard]] const std::vector<std::string>& violations() const { return m_violations; }
  /// Folds the journal from its first entry.
  [[nodiscard]] Result<recorder::State> fold();

  struct Counts {
    std::uint64_t steps = 0;
    std::uint64_t cuts = 0;
    std::uint64_t commits = 0;
    std::uint64_t commits_failed = 0;  ///< reported as failed
    std::uint64_t rebuilds = 0;        ///< of them, without the entries on the disk
    std::uint64_t device_calls = 0;
    std::uint64_t hangs = 0;
    std::uint64_t lies = 0;
  };
  [[nodiscard]] const Counts& counts() const { return m_counts; }

 private:
  struct Job {
    std::uint64_t epoch = 0;
    std::variant<recorder::Call, recorder::Probe, recorder::Reconcile, recorder::Sign> what;
  };
  struct Late {
    Steady at{0};
    std::uint64_t epoch = 0;
    recorder::Event event;
  };
  struct DeviceLane {
    std::unique_ptr<device::Tse> tse;
    std::unique_ptr<device::CheckedSigner> signer;
    std::deque<Job> jobs;
    std::deque<Late> answers;  // in order
    Steady busy_until{0};
  };
  enum class What { command, commit, written, work, answer, follow, indexed, wake };
  struct Choice {
    What what;
    std::string name;  // of a source or a device
  };

  /// Fills m_choices.
  void choices();
  [[nodiscard]] std::optional<Steady> next_time() const;
  void perform(const Choice& choice);
  void deliver_command(const std::string& source);
  void handle(const recorder::Event& event);
  void take_effects();
  void commit();
  void failed_commit(const Error& error, std::uint64_t last);
  void rebuild(const Error& error, bool recovered);
  void work(const std::string& serial);
  void work_calls(const std::string& serial, DeviceLane& lane);
  void work_sign(DeviceLane& lane);
  void lie(Result<device::TseAnswer>& answer);
  /// Whether anybody could want this device: one that no register names may stay broken, one that
  /// is switched off stays so.
  [[nodiscard]] bool in_use(const std::string& device) const;
  void answer(DeviceLane& lane, std::uint64_t epoch, recorder::Event event,
              std::chrono::milliseconds after);
  Status open_all();
  bool lost_power();
  DeviceLane& lane_of(const std::string& serial);
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) const {
    return m_parts.random->below(bound);
  }

  Parts m_parts;
  Options m_options;
  std::unique_ptr<journal::Journal> m_journal;
  std::unique_ptr<recorder::Recorder> m_recorder;  // null: the journal cannot be written
  recorder::Effects m_effects;
  std::uint64_t m_epoch = 1;
  std::uint64_t m_durable = 0;  // survives everything
  std::uint64_t m_next_request = 1;
  struct Submitted {
    std::string actor;
    Body body;
    Done done;
  };
  std::map<std::string, std::deque<Submitted>> m_commands;
  std::unordered_map<std::uint64_t, Done> m_waiting;
  std::deque<recorder::Append> m_appends;
  std::deque<recorder::Appended> m_written;
  std::map<std::string, DeviceLane> m_lanes;
  std::optional<Steady> m_wake;
  std::uint64_t m_followed = 0;
  std::deque<std::uint64_t> m_indexed;
  std::vector<Choice> m_choices;
  std::vector<std::string> m_violations;
  Counts m_counts;
};

}  // namespace siegel::runtime::sim
