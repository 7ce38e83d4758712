#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/thread.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "device/softtse/checkpointer.h"
#include "device/softtse/errors.h"
#include "device/softtse/message.h"
#include "device/softtse/se_clock.h"
#include "device/softtse/softtse.h"
#include "device/softtse/store.h"

// The inside of the software TSE. One object; its functions are spread over engine.cpp (commits,
// opening), steps.cpp (transactions), users.cpp, admin.cpp and export.cpp.

namespace siegel::device::softtse {

enum class Role : unsigned { unauthenticated = 1, logger = 2, admin = 4, time_admin = 8 };
using Roles = unsigned;
inline constexpr Roles role_u = 1, role_l = 2, role_a = 4, role_t = 8;
inline constexpr Roles roles_all = role_u | role_l | role_a | role_t;

/// What a function asks for before it looks at its own arguments, in the order of
/// [TR-03151-1 4.3].
struct Needs {
  Roles one = roles_all;  ///< generation 1
  Roles two = roles_all;  ///< generation 2
  bool enabled = false;   ///< not disabled
  bool initialized = false;
  bool certificate = false;
  bool time = false;
  bool transactions = false;  ///< not locked, not in the secure state, self-test not overdue
};

/// One step of a transaction, borrowed for the call.
struct Step {
  TseCall::Operation operation;
  std::string_view client;
  std::uint64_t transaction;
  std::string_view process_type;
  std::string_view process_data;
  std::optional<BytesView> additional = {};
  bool force = false;
  bool of_previous = false;
};
struct StepAnswer {
  TseAnswer answer;
  UpdateProtection protection = UpdateProtection::no_prev_passed_protected;
};

/// What is fixed when a device is made.
struct Settings {
  std::string id;
  Generation generation = Generation::one;
  TimeFormat time_format = TimeFormat::unix_time;
  UpdateVariant updates = UpdateVariant::always_signed;
  ClockWithoutPower clock = ClockWithoutPower::runs_on;
  Limits limits;
  std::string algorithm;            ///< "ecdsa-plain-SHA256"
  std::vector<Bytes> certificates;  ///< DER, leaf first
};
[[nodiscard]] std::vector<Setting> to_settings(const Settings& settings);
[[nodiscard]] Result<Settings> read_settings(Store& store);

/// The description every device carries [TR-03151-1: at most 64 characters].
inline constexpr std::string_view test_description =
    "Siegel Software-TSE - TEST - nicht zertifiziert / not certified";
inline constexpr std::string_view manufacturer_name = "Siegel Software-TSE (TEST, not certified)";
inline constexpr std::string_view device_version = "1";

struct OpenTransaction {
  TransactionRow row;
  std::string client;
  Instant last_input;
  std::optional<PendingUpdate> pending;
  bool updated = false;
};

/// Everything that is also in the store. Thrown away and read again after a failed commit.
struct State {
  Counters counters;
  bool initialized = false;
  bool disabled = false;
  bool locked = false;
  bool secure = false;
  bool time_set = false;
  std::string description;
  std::int64_t clock_offset_ms = 0;  ///< device time minus wall time when it was last set
  std::map<std::string, UserRow, std::less<>> users;
  std::map<std::string, ClientRow, std::less<>> clients;
  std::map<std::int64_t, std::string> client_names;
  std::uint64_t clients_registered = 0;
  std::map<std::uint64_t, OpenTransaction> open;
  std::uint64_t pending_transactions = 0;
};

[[nodiscard]] Bytes pin_hash(BytesView salt, std::string_view purpose, const crypto::SecretBytes&);
/// A new user row. E-TSE-219.
[[nodiscard]] Result<UserRow> make_user(std::string id, const Credentials& credentials,
                                        bool pin_required, const Limits& limits, Random& random);
/// Root, sub CA and TSE certificate, leaf first, marked TEST.
[[nodiscard]] Result<std::vector<Bytes>> make_chain(const crypto::PublicKey& key, int days,
                                                    Instant now, Random& random);

class SoftTse::Impl {
 public:
  Impl(StorePlace place, std::unique_ptr<Signer> signer, Environment environment);
  ~Impl() = default;

  Status create(const CreateOptions& options);
  Status open();
  Status close();

  // -- engine.cpp
  /// Begins a public call: reads the store again if it failed before, logs an idle user out.
  Status enter();
  [[nodiscard]] Status check(const Needs& needs) const;
  [[nodiscard]] Error error(TrError what, std::string detail) const {
    return tr_error(m_settings.generation, what, std::move(detail));
  }
  [[nodiscard]] bool generation_one() const { return m_settings.generation == Generation::one; }
  [[nodiscard]] Instant device_time() const;
  [[nodiscard]] bool self_test_due() const;
  [[nodiscard]] std::vector<SelfTestResult> run_self_test();
  /// Who an event is said to be caused by.
  [[nodiscard]] std::string caller() const;
  [[nodiscard]] Events events() const {
    return Events(m_settings.generation, m_settings.time_format);
  }

  /// One commit in the making: draws counters, signs, writes rows. What is not committed is rolled
  /// back; the counters it drew stay drawn.
  class Work {
   public:
    /// Makes sure that so many counters may be drawn, which can take a commit of its own.
    static Result<Work> begin(Impl& impl, std::uint64_t signatures, std::uint64_t transactions = 0);
    Work(Work&& other) noexcept : m_impl(std::exchange(other.m_impl, nullptr)) {}
    Work& operator=(Work&&) = delete;
    ~Work();

    Result<TseSignature> log(const SystemEvent& event);
    Result<TseSignature> log_audit(BytesView data);
    Result<TseSignature> log(const TransactionContent& content, std::int64_t client);
    [[nodiscard]] Store& store() { return *m_impl->m_store; }
    /// First failure of the store; nothing of this work will be committed then.
    [[nodiscard]] const std::optional<Error>& failure() const { return m_failure; }
    /// True if there is something to commit.
    [[nodiscard]] bool touched() const { return m_touched; }
    /// Passes on the outcome of writing a row, as an error of this device.
    Status note(const Status& status);
    /// Durable when Ok. On a failure the state has been read again; the error says whether it is
    /// known that nothing happened (unavailable) or not (unknown). Ok can also mean that the commit
    /// reported a failure, but the reopened store holds it durably.
    Status commit();

   private:
    explicit Work(Impl& impl) : m_impl(&impl) {}
    /// Takes the next counter and the time; room, life and signer are checked here.
    Status draw(std::size_t size, std::uint64_t& counter, Instant& at);
    Result<TseSignature> finish(BytesView signed_bytes, MessageRow row, Instant at);

    Impl* m_impl;
    std::uint64_t m_first_counter = 0;
    bool m_touched = false;
    std::optional<Error> m_failure;
  };

  /// A commit that holds one system event and a change of the state.
  Status log_event(const SystemEvent& event, const std::function<Status(Store&)>& change = {});

  /// Throws the memory away, opens the store again, makes durable what it holds and continues above
  /// every counter that may have been drawn.
  Status reload();

  // -- steps.cpp
  using StepResults = std::vector<Result<StepAnswer>>;
  StepResults run(std::span<const Step> steps);
  void run_group(std::span<const Step> steps,
                 const std::function<void(StepResults)>& answer);  ///< called once, in order
  Result<StepAnswer> run_one(const Step& step);
  Result<TseTransaction> describe(const TransactionRow& row);

  // -- users.cpp
  Status authenticate(const std::string& user, const crypto::SecretBytes& pin);
  Status log_out(LogOutCause cause);
  Status unblock(const std::string& user, const crypto::SecretBytes& puk,
                 const crypto::SecretBytes& new_pin);
  Result<unsigned> tries_left(const std::string& user);

  // -- admin.cpp
  Result<std::vector<SelfTestResult>> self_test();
  Status initialize();
  Status set_description(const std::string& text);
  Status update_time(Instant to);
  Status register_client(const std::string& client);
  Status deregister_client(const std::string& client);
  Status disable();
  Status lock(bool locked);
  Status enter_secure_state();
  Status exit_secure_state();
  Status delete_messages();
  Status restore(Source& archive);

  // -- export.cpp (any thread)
  struct Selection;
  Result<ExportSummary> export_messages(const TseFilter& filter, std::uint64_t above, Sink& sink);
  Result<ExportSummary> export_certificates(Sink& sink);

  StorePlace m_place;
  std::unique_ptr<Signer> m_signer;
  Environment m_environment;
  std::optional<FolderLock> m_lock;
  Settings m_settings;
  std::string m_serial_text;
  Hash256 m_serial{};
  std::optional<crypto::PublicKey> m_key;
  crypto::SignatureAlgorithm m_algorithm;
  Instant m_certificate_from, m_certificate_until;
  std::optional<MessageWriter> m_writer;
  std::unique_ptr<Store> m_store;  ///< empty: broken, read again at the next call
  std::unique_ptr<Checkpointer> m_checkpointer;
  State m_state;
  SeClock m_clock;
  bool m_clock_known = false;  ///< false: lost; the time is 0
  Steady m_last_self_test{0};
  std::optional<Role> m_user;
  std::string m_user_id;
  Steady m_last_call{0};
  bool m_closed = false;

  /// What exports in other threads share with the device's thread.
  struct Shared {
    Roles role = role_u;
    std::string description;
    std::uint64_t exported_up_to = 0;
    int exports_running = 0;
    bool deleting = false;
  };
  Mutex m_mutex;
  Shared m_shared SIEGEL_GUARDED_BY(m_mutex);

 private:
  Status load();
  Status adopt_key();
  Status reserve(std::uint64_t signatures, std::uint64_t transactions);
  void start_clock();
  Result<StepAnswer> start(Work& work, const Step& step);
  Result<StepAnswer> update(Work& work, const Step& step);
  Result<StepAnswer> finish(Work& work, const Step& step);
  Result<StepAnswer> step(Work& work, const Step& step);
  Status check_step(const Step& step) const;
  Result<TseSignature> protect(Work& work, OpenTransaction& transaction);
  Result<TseSignature> sign_update(Work& work, OpenTransaction& transaction,
                                   const PendingUpdate& update,
                                   std::optional<BytesView> additional);
  Result<StepAnswer> keep_update(Work& work, OpenTransaction& transaction, PendingUpdate passed);
  void protect_overdue(Work& work);
  Result<UserRow*> find_user(const std::string& user);
  Status compare_pin(const std::string& user, const crypto::SecretBytes& pin);
  Status finish_log_in(const std::string& user);
  void set_user(std::optional<Role> role, std::string id);
  Status change_client(const std::string& client, bool registered);
  Status restore_entry(BytesView bytes, std::uint64_t& added_bytes);
  Status restore_entries(Source& archive);
};

}  // namespace siegel::device::softtse
