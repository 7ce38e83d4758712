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
#include "crypto/secret.h"
#include "device/device.h"
#include "journal/journal.h"
#include "model/draft.h"
#include "model/entries.h"
#include "model/plan.h"
#include "recorder/devices.h"
#include "recorder/messages.h"
#include "recorder/state.h"

// The only writer of a journal, as a state machine: events in, effects out. It never blocks, locks,
// logs or reads a clock. runtime/threads and runtime/sim are the two worlds around it.
//
// State is applied when an append is handed over; what depends on an append being durable (a device
// call after a plan, a reply after a seal) waits for the Appended event. One register does one
// thing at a time, so that a device's transactions for it can be told apart after a crash;
// registers do not wait for each other.
//
// Two ways of signing (docs/decisions/0018-signature-devices.md). A TSE keeps a record: its plan is
// durable before it is called, and after a crash it is asked what it did. A signature device
// (Austria) keeps none: plan and seal are appended together when it has signed, and what was lost
// before that never happened.

namespace siegel::recorder {

/// AES-256 keys of the registers of Austria, by register id. Never in entries, snapshots or logs.
using Keys = std::map<std::string, crypto::SecretBytes, std::less<>>;

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

/// A receipt that waits for a signature device; nothing of it is appended yet.
struct Signing {
  Plan plan;
  std::string json;  ///< of the plan
  std::optional<journal::Key> key;
  std::vector<std::string> signers;  ///< of the register, in order
  std::vector<std::string> tried;    ///< of them, asked already; the last one is being asked
  std::optional<Closing> closing;    ///< durable already; the answer to Close has it
  std::uint64_t closing_sequence = 0;
  std::optional<Error> error;       ///< of the device asked last
  std::vector<Party> parties = {};  ///< what the receipt makes of open business
};

class Recorder {
 public:
  /// `country` and `keys` outlive the recorder (null: no register has a key); who changes the keys
  /// does so on the recorder's thread. `state` is the fold of the journal.
  Recorder(const country::Country& country, State state, const Keys* keys = nullptr);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// Once, before the first event: takes up every plan and Vorgang a crash left unfinished.
  void resume(Now now, Effects& effects);
  void on(Event event, Now now, Effects& effects);

  [[nodiscard]] const State& state() const { return m_state; }
  /// No command, append or device call is under way (open Vorgaenge and outages may be).
  [[nodiscard]] bool idle() const;
  /// The breaker of this TSE or signature device is open: it is not asked.
  [[nodiscard]] bool suspended(const std::string& device) const;
  /// What is measured of every TSE and signature device in operation, by serial or id.
  [[nodiscard]] std::vector<DeviceLoad> loads(Now now) const;

 private:
  class Batch;

  /// The one thing a register is doing.
  struct Flight {
    std::variant<Selling, Starting, Signing> work;
    std::string tse_serial;
    std::string actor;
    std::vector<RequestId> waiters;
    std::optional<CallId> call;
    std::uint64_t id = 0;  ///< tells a deadline from that of an earlier flight
    Steady deadline{0};
    bool durable = false;  ///< its entry is durable: the device may be asked
    bool asking = false;   ///< unfinished: waits for what the device holds
    TseMarks used;         ///< by the device, as of the call under way
    /// Ends a transaction that an outage left open: nobody waits for it, customers go first while
    /// the device is silent.
    bool stray = false;
  };
  /// A closing that is handed over and not answered.
  struct Closed {
    std::uint64_t sequence = 0;
    Closing closing;
  };
  struct Lane {
    std::string id;  ///< register
    std::vector<RequestId> closing_waiters;
    std::optional<Closed> closed;
    std::uint64_t calls = 0;
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
  /// A call that was sent and not answered.
  struct Asked {
    Lane* lane = nullptr;
    DeviceGauge* gauge = nullptr;
    Steady at{0};
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
  /// A receipt decided and not recorded yet.
  struct Prepared {
    Plan plan;
    std::string json;
    country::Progress progress;
  };
  /// Ends the Vorgang of that name if it is open.
  Result<Prepared> prepare(const Lane& lane, const RegisterState& reg, const ReceiptDraft& draft,
                           VorgangId vorgang, const Lookup& lookup, const LocalStamp& stamp) const;
  void begin_vorgang(Batch& batch, Lane& lane, VorgangId vorgang, const LocalStamp& stamp,
                     const std::string& actor, std::vector<RequestId> waiters, Now now,
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

  /// The same in an append that holds other entries already.
  void record_plan_in(Batch& batch, Lane& lane, Plan plan, std::string json,
                      country::Progress progress, const std::optional<journal::Key>& key,
                      std::string actor, std::vector<RequestId> waiters, Now now, Effects& effects);
  [[nodiscard]] country::RksvFacts rksv_facts(const RegisterState& reg) const;

  // signing.cpp: receipts of signature devices
  void begin_signing(Lane& lane, Signing signing, std::string actor, std::vector<RequestId> waiters,
                     Now now, Effects& effects);
  void ask_next_signer(Lane& lane, Now now, Effects& effects);
  void on_signed(const Signed& answer, Now now, Effects& effects);
  void signer_failed(Lane& lane, const Error& error, Now now, Effects& effects);
  void no_signer(Lane& lane, Now now, Effects& effects);
  void record_signed(Lane& lane, const country::Outcome& outcome, Batch& batch, Effects& effects);
  void close_signer(const std::string& signer, Now now, Effects& effects);
  [[nodiscard]] bool signable(const std::vector<std::string>& signers) const;

  // dues.cpp: what is made without being asked for, and closings
  /// Makes what is due at this register before anything else; false: nothing is.
  bool begin_due(Lane& lane, Now now, Effects& effects);
  bool begin_own(Lane& lane, ReceiptDraft draft, std::vector<RequestId> waiters,
                 const std::optional<std::pair<std::uint64_t, Closing>>& closing, Now now,
                 Effects& effects);
  bool begin_due_after(Lane& lane, std::uint64_t closing_sequence, const Closing& closing,
                       const std::vector<RequestId>& waiters, Now now, Effects& effects);
  Result<std::uint64_t> set_rksv_master(const Command& command, const Master& master, Batch& batch);
  [[nodiscard]] Status check_register(const RegisterInfo& info) const;

  // closing.cpp: the end of a day
  Result<Ok> begin_close(Lane& lane, const Command& command, const Close& close, Now now,
                         Effects& effects);
  /// Takes up a closing under way or answers a finished one, before anything else; false: none.
  bool continue_closing(Lane& lane, Now now, Effects& effects);
  void answer_closing(Lane& lane, Now now, Effects& effects);
  /// E-CLO-100 with a list.
  [[nodiscard]] Status check_nothing_open(const RegisterState& reg) const;
  /// A receipt the recorder makes by itself.
  Result<Plan> decide_own(const RegisterState& reg, const ReceiptDraft& draft, VorgangId vorgang,
                          const LocalStamp& stamp) const;
  void add_closing(Lane& lane, const ClosingBegun& begun, std::string_view actor, Batch& batch);

  // table_steps.cpp: open business
  /// What becomes of the parties, and the receipt that belongs to it.
  struct TableStep {
    std::vector<Party> parties;
    std::optional<ReceiptDraft> draft;
    std::string vorgang;  ///< open Vorgang of the party at hand, or empty
    bool opens = false;   ///< that Vorgang begins
  };
  Result<Ok> begin_table(Lane& lane, const Command& command, const TableAct& act, Now now,
                         Effects& effects);
  Result<TableStep> plan_table(const RegisterState& reg, const TableAct& act,
                               const LocalStamp& stamp) const;
  Result<TableStep> plan_order(const RegisterState& reg, const TableAct& act,
                               const LocalStamp& stamp) const;
  Result<TableStep> plan_bill(Party party, const TableAct& act) const;
  Result<TableStep> plan_split(Party party, const TableAct& act, const LocalStamp& stamp) const;
  Result<TableStep> plan_merge(Party party, const TableAct& act) const;
  Result<TableStep> plan_forward(Party party, const TableAct& act) const;

  // masters.cpp: master data and when they come into force
  Result<std::uint64_t> set_business(const Command& command, const Business& business, Batch& batch,
                                     Now now);
  Result<std::uint64_t> set_register(const Command& command, const RegisterInfo& info,
                                     bool replaces, Batch& batch);
  void use_latest_business(const std::string& id, std::string_view actor, Batch& batch);
  /// What waits for the closing of this register.
  void bring_into_force(const std::string& id, std::string_view actor, Batch& batch);
  void bring_into_force_at_start(Now now, Effects& effects);

  // outage.cpp: from a failure to the device's return, and what a person does about it
  Result<std::uint64_t> note_outage(const Command& command, const OutageNote& note, Batch& batch);
  Result<std::uint64_t> switch_tse(const Command& command, const TseSwitch& change, Batch& batch,
                                   Now now);
  /// reported.cpp: failures nobody sees in the answer of a device, and messages seen
  Result<std::uint64_t> report_outage(const Command& command, const OutageReport& report,
                                      Batch& batch, Now now);
  Result<std::uint64_t> message_seen(const Command& command, const MessageSeen& seen, Batch& batch,
                                     Now now);
  void after_switch(const TseSwitch& change, Now now, Effects& effects);
  void on_probed(const Probed& probed, Now now, Effects& effects);
  void probe_failed(const std::string& device, const Error& error, Now now, Effects& effects);
  void give_up(Lane& lane, const Error& error, Now now, Effects& effects);
  /// `unclear`: the device may have done what it was asked.
  void go_without(Lane& lane, const Error& error, bool unclear, Now now, Effects& effects);
  /// Whoever waits for this TSE waits no longer.
  void release_waiting(const std::string& tse_serial, const Error& error, Now now,
                       Effects& effects);
  void open_breaker(const std::string& tse_serial, const Error& error, Batch& batch, Now now);
  void close_breaker(const std::string& tse_serial, Batch& batch, Now now);
  void begin_outage(const std::string& tse_serial, std::string code, std::string text,
                    std::string_view actor, Batch& batch, Now now);
  void end_outage(const std::string& tse_serial, bool asked, std::string_view actor, Batch& batch,
                  Now now);
  void ask_after_probe(const std::string& tse_serial, Effects& effects);
  country::Outage outage_of(const std::string& tse_serial) const;
  /// The TSE a register signs on now: its own; while an outage of that is open the first of its
  /// backups that works.
  [[nodiscard]] const std::string& tse_for(const RegisterInfo& info) const;
  [[nodiscard]] Status check_backups(const RegisterInfo& info) const;

  // care.cpp: what was found when a TSE was looked after, and its end
  /// The TSE a register is to sign on: in operation, and free in a profile that wants it so.
  [[nodiscard]] Status check_tse_of(const RegisterInfo& info) const;
  Result<std::uint64_t> record_check(const Command& command, const TseChecked& checked,
                                     Batch& batch, Now now);
  Result<std::uint64_t> retire_tse(const Command& command, const TseRetired& retired, Batch& batch,
                                   Now now);

  // devices.cpp: calls, answers, deadlines, questions
  void on_answered(const Answered& answered, Now now, Effects& effects);
  void on_woke(Now now, Effects& effects);
  void on_reconciled(const Reconciled& reconciled, Now now, Effects& effects);
  void note_call(CallId id, Lane& lane, const std::string& device, Now now);
  /// Null: nobody waits for it any more.
  Lane* note_answer(CallId id, bool done, Now now);
  [[nodiscard]] Result<country::StepAnswer> checked(const Lane& lane,
                                                    const Result<device::TseAnswer>& answer) const;
  [[nodiscard]] DeviceLoad load_of(const std::string& device, Now now) const;
  [[nodiscard]] DeviceLoad::Relief relief_of(const DeviceLoad& load) const;
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
                   Batch& batch);
  void plan_stray(const std::string& tse_serial, const device::TseTransaction& transaction,
                  Batch& batch);
  void leave_open(const VorgangStarted& started, Batch& batch);
  std::optional<Plan> stray_plan(const std::string& tse_serial,
                                 const device::TseTransaction& transaction, Instant now) const;
  void set_deadline(Lane& lane, Now now);
  void add_deadline(Lane& lane, Steady at);
  void arm(Effects& effects);

  Lane& lane_of(const std::string& register_id);
  void call(Lane& lane, device::TseCall what, std::optional<device::TseCall> then, Now now,
            Effects& effects);
  device::TseCall call_of(const Lane& lane, const country::TseStep& step) const;
  /// The finish that will follow this start, when nothing else can.
  std::optional<device::TseCall> finish_after_start(const Lane& lane) const;
  /// Hands the batch over; returns the sequence of its last entry.
  std::uint64_t append(Batch& batch, Effects& effects);
  void reply_when_durable(std::uint64_t sequence, std::vector<RequestId> waiters, Accepted accepted,
                          Effects& effects);
  void ready(Lane& lane) { m_ready.push_back(&lane); }

  const country::Country& m_country;
  State m_state;
  const Keys* m_keys;
  std::uint64_t m_durable = 0;
  std::uint64_t m_next_call = 1;
  std::uint64_t m_next_flight = 1;
  std::map<std::string, Lane, std::less<>> m_lanes;  // node based: pointers to lanes stay valid
  std::map<std::string, Breaker, std::less<>> m_breakers;    // by TSE serial or signer id
  std::map<std::string, DeviceGauge, std::less<>> m_gauges;  // by TSE serial or signer id
  std::unordered_map<std::uint64_t, Asked> m_calls;
  std::deque<Pending> m_pending;     // by sequence
  std::deque<Deadline> m_deadlines;  // in order
  std::deque<Lane*> m_ready;         // lanes that may have something to begin
  std::optional<Steady> m_armed;
};

}  // namespace siegel::recorder
