#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "country/country.h"
#include "device/device.h"
#include "journal/journal.h"
#include "model/draft.h"
#include "model/entries.h"
#include "model/plan.h"
#include "recorder/state.h"

// The only writer of a journal, as a state machine: events in, effects out. It never blocks, locks,
// logs or reads a clock. runtime/threads and runtime/sim are the two worlds around it.
//
// State is applied when an append is handed over; what depends on an append being durable (a device
// call after a plan, a reply after a seal) waits for the Appended event. One register does one
// thing at a time, so that a device's transactions for it can be told apart after a crash;
// registers do not wait for each other.

namespace siegel::recorder {

using RequestId = Strong<std::uint64_t, struct RequestIdTag>;
using CallId = Strong<std::uint64_t, struct CallIdTag>;

// ---- events -------------------------------------------------------------------------------------

/// What the front found in the index before it sent the command. `position`: the index was complete
/// up to there when it looked.
struct Lookup {
  std::uint64_t position = 0;
  std::optional<KnownKey> key;
  std::optional<Plan> original;  ///< of the receipt a reversal names
  bool original_reversed = false;
};

/// One receipt.
struct Sell {
  enum class Flow {
    implicit,  ///< a Vorgang of its own
    finish,    ///< ends the open Vorgang whose id is `key`
  };
  RegisterId register_id;
  Flow flow = Flow::implicit;
  std::string key;        ///< idempotency key and Vorgang id, 1..200 printable characters
  Hash256 fingerprint{};  ///< of the request as received
  ReceiptDraft draft;
  Lookup lookup;
};

/// Begins a Vorgang; repeated with the same id it answers what is.
struct Open {
  RegisterId register_id;
  VorgangId vorgang;
  Lookup lookup;  ///< key: of the Vorgang id
};

/// Keeps what is rung up so far; no device call (Kassenbeleg has no updates [DSFinV-K Anhang I]).
struct Update {
  RegisterId register_id;
  VorgangId vorgang;
  std::string draft;  ///< canonical JSON, checked by the front
};

/// Master data. A register names the TSE it signs on, which is known before.
struct Master {
  std::variant<Business, Profile, TseInfo, RegisterInfo> value;
  bool replaces = false;  ///< a register or TSE that exists may be changed
};

struct Command {
  RequestId request;
  std::string actor;
  std::variant<Sell, Open, Update, Master> body;
};

/// Everything up to `sequence` is durable.
struct Appended {
  std::uint64_t sequence = 0;
};
struct Answered {
  CallId call;
  Result<device::TseAnswer> answer;
};
/// The device passed (or not) self-test and time setting.
struct Probed {
  std::string tse_serial;
  Status result;
};
/// What the device holds for `clients`.
struct Reconciled {
  std::string tse_serial;
  std::vector<std::string> clients;
  bool after_probe = false;
  Result<std::vector<device::TseTransaction>> transactions;
};
/// The time asked for by the last Wake has come.
struct Woke {};
/// The index is complete up to `position`.
struct Indexed {
  std::uint64_t position = 0;
};
using Event = std::variant<Command, Appended, Answered, Probed, Reconciled, Woke, Indexed>;

// ---- effects ------------------------------------------------------------------------------------

struct Append {
  std::uint64_t first = 0;
  std::vector<journal::Draft> drafts;
};
/// Not to be begun after `expires`; then the answer is an error of kind `unavailable`.
struct Call {
  CallId id;
  std::string tse_serial;
  device::TseCall call;
  Steady expires{0};
};
/// Self-test and time of a device that failed.
struct Probe {
  std::string tse_serial;
};
/// What does the device hold for these clients above a number, and of these numbers?
struct Reconcile {
  struct Ask {
    std::string client;
    std::uint64_t after = 0;
    std::vector<std::uint64_t> numbers;
  };
  std::string tse_serial;
  std::vector<Ask> asks;
  bool after_probe = false;
};
/// Send Woke at `at`; replaces an earlier wish.
struct Wake {
  Steady at{0};
};
/// Done and durable.
struct Accepted {
  std::uint64_t sequence = 0;  ///< of the plan, the Vorgang or the master data
  bool replayed = false;       ///< the key had been done before: load the receipt by its sequence
  std::optional<Plan> plan;
  std::optional<Seal> seal;
  std::optional<VorgangStarted> started;
};
struct Reply {
  RequestId request;
  Result<Accepted> result;
};

struct Effects {
  std::vector<Append> appends;  ///< in order
  std::vector<Call> calls;
  std::vector<Probe> probes;
  std::vector<Reconcile> reconciles;
  std::vector<Reply> replies;
  std::optional<Wake> wake;

  void clear();
};

// ---- the machine --------------------------------------------------------------------------------

/// How long a device is left alone after a failure before it is asked again.
inline constexpr std::chrono::seconds probe_interval{10};
/// Commands that may wait for one register; more are refused with E-API-602.
inline constexpr std::size_t waiting_max = 64;

/// A receipt between its plan and its seal.
struct Selling {
  std::uint64_t sequence = 0;
  Plan plan;
  country::Progress progress;
};
/// A Vorgang between its entry and what the TSE said to its start.
struct Starting {
  std::uint64_t sequence = 0;
  VorgangOpened opened;
};

class Recorder {
 public:
  /// `country` outlives the recorder; `state` is the fold of the journal.
  Recorder(const country::Country& country, State state);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Once, before the first event: takes up every plan and Vorgang a crash left unfinished.
  void resume(Now now, Effects& effects);
  void on(Event event, Now now, Effects& effects);

  [[nodiscard]] const State& state() const { return m_state; }
  /// No command, append or device call is under way (open Vorgaenge and outages may be).
  [[nodiscard]] bool idle() const;
  /// The breaker of this TSE is open: receipts go out unsigned.
  [[nodiscard]] bool suspended(const std::string& tse_serial) const;

 private:
  class Batch;

  /// The one thing a register is doing.
  struct Flight {
    std::variant<Selling, Starting> work;
    std::string tse_serial;
    std::string actor;
    std::vector<RequestId> waiters;
    std::optional<CallId> call;
    std::uint64_t id = 0;  ///< tells a deadline from that of an earlier flight
    Steady deadline{0};
    bool durable = false;  ///< its entry is durable: the device may be asked
    bool asking = false;   ///< unfinished: waits for what the device holds
    /// Ends a transaction that an outage left open: nobody waits for it, customers go first while
    /// the device is silent.
    bool stray = false;
  };
  struct Lane {
    std::string id;  ///< register
    std::optional<Flight> flight;
    std::deque<Flight> unfinished;  ///< left by a crash or an outage, before everything else
    std::deque<Command> waiting;
  };
  struct Breaker {
    bool open = false;
    bool probing = false;  ///< probe or the questions after it are under way
    std::optional<Steady> probe_due;
    /// Grows with everything that leaves the device in doubt; `asked`: as of the last question. An
    /// outage ends only when nothing came after the question.
    std::uint64_t doubts = 0;
    std::uint64_t asked = 0;
  };
  /// What happens when `sequence` is durable.
  struct Pending {
    std::uint64_t sequence = 0;
    Lane* call_device = nullptr;  ///< step the flight `flight` of this lane, or let it begin one
    std::uint64_t flight = 0;
    std::vector<RequestId> waiters;
    Accepted accepted;
  };
  struct Deadline {
    Steady at{0};
    Lane* lane = nullptr;
    std::uint64_t flight = 0;
  };

  // sale.cpp: from a command to a seal
  void on_command(Command command, Now now, Effects& effects);
  void on_appended(const Appended& appended, Now now, Effects& effects);
  void run_ready(Now now, Effects& effects);
  void begin(Lane& lane, const Command& command, Now now, Effects& effects);
  Result<Ok> begin_sale(Lane& lane, const Command& command, const Sell& sell, Now now,
                        Effects& effects);
  Result<Ok> begin_open(Lane& lane, const Command& command, const Open& open, Now now,
                        Effects& effects);
  Result<Ok> begin_update(const Command& command, const Update& update, Now now, Effects& effects);
  Result<Ok> set_master(const Command& command, const Master& master, Now now, Effects& effects);
  /// The first unfinished flight may be taken up now.
  [[nodiscard]] bool may_take_up(const Lane& lane) const;
  Result<const RegisterState*> ready_register(const RegisterId& id) const;
  void record_plan(Lane& lane, Plan plan, std::string json, country::Progress progress,
                   const std::optional<journal::Key>& key, std::string actor,
                   std::vector<RequestId> waiters, Now now, Effects& effects);
  void step(Lane& lane, Now now, Effects& effects);
  void seal(Lane& lane, const country::Outcome& outcome, bool asked, Batch& batch,
            Effects& effects);
  void record_started(Lane& lane, VorgangStarted started, Batch& batch, Effects& effects);

  // devices.cpp: answers, deadlines, breaker, questions
  void on_answered(const Answered& answered, Now now, Effects& effects);
  void on_woke(Now now, Effects& effects);
  void on_probed(const Probed& probed, Now now, Effects& effects);
  void on_reconciled(const Reconciled& reconciled, Now now, Effects& effects);
  void give_up(Lane& lane, const Error& error, Now now, Effects& effects);
  void open_breaker(const std::string& tse_serial, const Error& error, Batch& batch, Now now);
  void close_breaker(const std::string& tse_serial, Batch& batch, Now now);
  void ask_after_probe(const std::string& tse_serial, Effects& effects);
  country::Outage outage_of(const std::string& tse_serial) const;
  Reconcile::Ask ask_for(const std::string& client, const std::string& tse_serial) const;
  void take_up(Lane& lane, Flight flight, Now now, Effects& effects);
  void match_flight(Lane& lane, std::vector<device::TseTransaction>& found, Now now,
                    Effects& effects);
  void match_lost(const std::string& tse_serial, std::vector<device::TseTransaction>& found,
                  Batch& batch);
  /// Somebody answers for this transaction: an open Vorgang, an unsealed plan.
  [[nodiscard]] bool owned(const std::string& tse_serial,
                           const device::TseTransaction& transaction) const;
  /// A receipt that went out unsigned was to end this transaction.
  [[nodiscard]] bool named_by_lost(const std::string& tse_serial,
                                   const device::TseTransaction& transaction) const;
  void plan_strays(const std::string& tse_serial, const std::vector<device::TseTransaction>& found,
                   Batch& batch, Now now);
  std::optional<Plan> stray_plan(const std::string& tse_serial,
                                 const device::TseTransaction& transaction, Now now) const;
  void set_deadline(Lane& lane, Now now);
  void arm(Effects& effects);

  Lane& lane_of(const std::string& register_id);
  void call(Lane& lane, device::TseCall what, Effects& effects);
  /// Hands the batch over; returns the sequence of its last entry.
  std::uint64_t append(Batch& batch, Effects& effects);
  void reply_when_durable(std::uint64_t sequence, std::vector<RequestId> waiters, Accepted accepted,
                          Effects& effects);
  void ready(Lane& lane) { m_ready.push_back(&lane); }

  const country::Country& m_country;
  State m_state;
  std::uint64_t m_durable = 0;
  std::uint64_t m_next_call = 1;
  std::uint64_t m_next_flight = 1;
  std::map<std::string, Lane, std::less<>> m_lanes;  // node based: pointers to lanes stay valid
  std::map<std::string, Breaker, std::less<>> m_breakers;  // by TSE serial
  std::unordered_map<std::uint64_t, Lane*> m_calls;
  std::deque<Pending> m_pending;     // by sequence
  std::deque<Deadline> m_deadlines;  // in order
  std::deque<Lane*> m_ready;         // lanes that may have something to begin
  std::optional<Steady> m_armed;
};

}  // namespace siegel::recorder
