#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "device/device.h"

// A security device in software: the whole function set of [TR-03151-1] and, in generation 1, of
// [TR-03151 1.0.1], on any Signer. It is NOT certified and says so in its description, in its
// certificates and in every export; it is for development, training and tests
// (docs/reference/software-tse.md). Messages: docs/formats/tse-log.md; archives:
// docs/formats/tse-export.md.

namespace siegel::device::softtse {

/// Layout of the messages and names of errors: 1 is what every certified device writes today
/// [TR-03151 1.0.1], 2 is [TR-03151-1 1.1]. Fixed for the life of a device.
enum class Generation { one = 1, two = 2 };

/// Format of all times a device writes; fixed for its life.
enum class TimeFormat {
  unix_time,                 ///< INTEGER, seconds
  utc_time,                  ///< UTCTime with seconds; until 2049
  generalized_time,          ///< GeneralizedTime with seconds
  generalized_time_with_ms,  ///< GeneralizedTime with three digits
};

/// What an update does without force_signature [TR-03151-1, updateTransaction].
enum class UpdateVariant {
  always_signed,                  ///< each update is a message of its own
  aggregating,                    ///< data are kept (durably) and signed together later
  always_signed_and_aggregating,  ///< as aggregating; the caller chooses with force_signature
};

/// What becomes of the device's clock while nobody has it open.
enum class ClockWithoutPower {
  runs_on,  ///< battery: the time is still set when it is opened again
  lost,     ///< time 0 and "not set" until the next update_time
};

/// PIN and PUK of a user: 4 to 64 bytes each.
struct Credentials {
  crypto::SecretBytes pin;
  crypto::SecretBytes puk;
};

struct Limits {
  std::uint64_t clients = 100;
  std::uint64_t open_transactions = 512;
  std::uint64_t signatures = 20'000'000;  ///< highest signature counter
  std::uint64_t transactions = 20'000'000;
  std::uint64_t storage_bytes = 8'000'000'000;        ///< sum of the sizes of the messages kept
  std::uint64_t process_data_bytes = 1024ULL * 1024;  ///< one call
  std::uint64_t pending_bytes = 64ULL * 1024;         ///< unsigned update data of one transaction
  int pin_tries = 3;
  std::chrono::milliseconds self_test_interval = std::chrono::hours(25);
  /// Unsigned update data are signed by the first call after this; 0: they wait for rule a to d.
  std::chrono::milliseconds protection_delay{0};
  /// An idle admin or time admin is logged out by the first call after this; 0: never.
  std::chrono::milliseconds admin_idle = std::chrono::minutes(15);
  std::chrono::milliseconds logger_idle{0};
};

/// The file a device lives in, and the SQLite VFS that holds it (empty: the system's).
struct StorePlace {
  std::filesystem::path file;
  std::string vfs;
};

struct CreateOptions {
  StorePlace store;
  std::string id = "tse-1";  ///< our name for it, TseInfo::id
  Generation generation = Generation::one;
  TimeFormat time_format = TimeFormat::unix_time;
  UpdateVariant updates = UpdateVariant::always_signed;
  ClockWithoutPower clock = ClockWithoutPower::runs_on;
  Credentials admin;
  Credentials time_admin;
  /// Generation 2 only; without a PIN the logger logs in with an empty one.
  Credentials logger;
  Limits limits;
  /// From the day of creation on; leap days count.
  int certificate_days = 5 * 365;
};

/// Borrowed for the life of the device.
struct Environment {
  const Clock& clock;
  Random& random;
};

/// A component's word on itself.
enum class Health { ok = 0, warning = 1, error = 2, fatal = 3 };
struct ComponentHealth {
  std::string component;
  Health health = Health::ok;
  std::string text;
};
struct ComponentVersion {
  std::string component, manufacturer, model, version, certification_id;
};
struct SelfTestResult {
  std::string component;
  bool positive = true;
  std::string error;
};

enum class TransactionState {
  started,
  updated,
  updated_with_unprotected_data,
  finished,
  abandoned,  ///< was open once, is not, and has no finish message here
};

/// Return codes of updateTransaction [TR-03151-1].
enum class UpdateProtection {
  no_prev_passed_in_mem,
  no_prev_passed_protected,
  prev_and_passed_in_mem,
  prev_and_passed_protected,
  prev_protected_passed_in_mem,
  prev_protected_passed_protected,
};
struct UpdateResult {
  UpdateProtection protection = UpdateProtection::no_prev_passed_protected;
  std::optional<TseSignature> protected_update;  ///< of the data passed before
  std::optional<TseSignature> signature;         ///< of the data passed now
};

struct TransactionInput {
  std::string client;
  std::uint64_t transaction = 0;  ///< update, finish
  std::string process_type;       ///< at most 100 characters of PrintableString
  std::string process_data;
  /// Tills must not pass it; the device must carry it if they do.
  std::optional<Bytes> additional_external_data;
  bool force_signature = false;
};

/// What an export holds.
struct ExportSummary {
  std::string file_name;  ///< `Export_Unixt_1767225600.tar`
  std::uint64_t messages = 0;
  std::uint64_t first_counter = 0;  ///< 0: no message
  std::uint64_t last_counter = 0;
};

struct LogFile {
  std::string name;
  Bytes bytes;
};

/// What commission() does at once.
struct Commissioning {
  Instant now;
  std::vector<std::string> clients;
};

/// The device. One thread at a time, but for the export functions and find(), which may run in
/// other threads at the same time as everything else (each reads on a connection of its own).
///
/// What was answered survives a power cut: message, counters and the state they change are one
/// commit, and nothing leaves before it. A counter is drawn only below a number that is already
/// durable, so a crash can lose counters but never use one twice [TR-03153-1 5.1, 5.3]; the first
/// opening after a crash writes an audit message that names the gap.
///
/// Errors: `place` is the function's error name in the words of the generation
/// ("ErrorTimeNotSet"); codes in docs/reference/errors.md. Checks come in the order of
/// [TR-03151-1 4.3]: disabled, user, role, initialised, certificate, time, locked, the function's
/// own. If a commit fails the device is read again from the store: kind `unavailable` (it did not
/// happen) or `unknown` (it cannot be told).
class SoftTse final : public Tse {
 public:
  /// Makes the store, the certificate chain (root, sub CA and TSE certificate, unless the signer
  /// brings its own) and the first message (startAudit). The keys of root and sub CA are forgotten.
  /// The certificates begin a day before the clock's now. Durable when it returns.
  /// E-TSE-230: the file exists. E-TSE-219: a PIN or PUK is missing or has a wrong length.
  static Result<std::unique_ptr<SoftTse>> create(const CreateOptions& options,
                                                 std::unique_ptr<Signer> signer,
                                                 Environment environment);
  /// Opens what create() made, runs the self-test, and continues above every counter that may have
  /// been used. A disabled device needs no signer. E-TSE-231: not a store of a software TSE, or of
  /// a newer version (nothing is written). E-TSE-232: the signer has another key. E-DAT-001:
  /// another process has it open.
  static Result<std::unique_ptr<SoftTse>> open(const StorePlace& store,
                                               std::unique_ptr<Signer> signer,
                                               Environment environment);
  /// As close(), its error lost.
  ~SoftTse() override;
  SoftTse(const SoftTse&) = delete;
  SoftTse& operator=(const SoftTse&) = delete;

  /// Writes the exact counters, so that the next opening leaves no gap. Nothing works afterwards.
  Status close();

  /// Logs the admin in, initialises, sets the time, registers the clients and logs out: from keyed
  /// to active. What is done already is left out, so it may be repeated after an error.
  Status commission(const crypto::SecretBytes& admin_pin, const Commissioning& what);

  // The socket.
  Result<TseInfo> identity() override;
  Result<TseStatus> status() override;
  /// Up to 64 calls share one commit; their answers come after it.
  void perform(std::span<const TseCall> calls, TseAnswers& answers) override;
  [[nodiscard]] bool joins_calls() const override { return true; }
  Result<std::vector<TseTransaction>> open_transactions(std::optional<std::string> client) override;
  Result<std::optional<TseTransaction>> find(const std::string& client,
                                             std::uint64_t transaction) override;
  Result<std::vector<TseTransaction>> transactions_after(const std::string& client,
                                                         std::uint64_t after,
                                                         std::size_t count_max) override;
  Status self_test() override;
  Status set_time(Instant now) override;
  Status export_log(const TseFilter& filter, Sink& sink) override;
  /// Generation 1 knows no logger: E-TSE-212.
  Status log_in(TseUser user, const crypto::SecretBytes& pin) override;
  Status log_out() override;
  Result<std::optional<unsigned>> pin_tries_left(TseUser user) override;
  Status unblock_pin(TseUser user, const crypto::SecretBytes& puk,
                     const crypto::SecretBytes& new_pin) override;
  Status register_client(const std::string& client) override;
  Status deregister_client(const std::string& client) override;
  Status disable() override;

  // The functions of [TR-03151-1] by name. Generation 1 answers E-TSE-218
  // (ErrorFunctionNotSupported) to those it does not have.

  /// User ids: "admin", "timeadmin", "logger"; in generation 1 "Admin" and "TimeAdmin". The try is
  /// taken off durably before the PIN is compared; every outcome is logged.
  Status authenticate_user(const std::string& user, const crypto::SecretBytes& pin);
  Status unblock_pin(const std::string& user, const crypto::SecretBytes& puk,
                     const crypto::SecretBytes& new_pin);
  /// The description is set by the manufacturer (it says TEST), so none may be passed.
  Status initialize();
  Status set_description(const std::string& description);  ///< at most 64 characters
  Result<std::string> description();
  Result<std::vector<SelfTestResult>> self_test_results();
  Status update_device(BytesView update);  ///< E-TSE-218
  Status disable_secure_element();
  Result<std::uint64_t> total_memory();
  Result<std::uint64_t> used_memory();
  Result<std::uint64_t> free_memory();
  Result<std::vector<ComponentHealth>> device_health();
  Result<std::vector<ComponentVersion>> component_versions();
  Result<Instant> end_of_usage_date();
  /// A step of more than 128 ms is made at once and logged; a smaller one is slewed by at most
  /// 0.5 ms a second and not logged [TR-03153-1].
  Status update_time(Instant new_time);
  Result<std::string> time_sync_variant();  ///< "manualSync"
  Result<Instant> current_se_time();
  Status configure_logging(const std::string& component, const std::string& event, bool enabled);

  Result<ExportSummary> export_log_messages(Sink& sink);
  Result<ExportSummary> export_filtered_transaction_logs(const TseFilter& filter, Sink& sink);
  /// Every message with a greater signature counter than `counter`; not in the TR.
  Result<ExportSummary> export_since(std::uint64_t counter, Sink& sink);
  Result<ExportSummary> export_logging_certificates(Sink& sink);
  /// Erases what a complete export, or exports by export_since() without a hole, have handed out.
  Status delete_log_messages();
  /// Takes back messages of this device; one foreign or changed message refuses the whole archive.
  Status restore_logs_from_backup(Source& archive);
  Result<Bytes> export_serial_numbers();  ///< DER SerialNumberSet
  Result<std::vector<std::pair<std::string, std::uint64_t>>> current_logging_signature_counters();
  Result<LogFile> last_log_message();
  Result<LogFile> last_transaction_log_message();

  Result<TseAnswer> start_transaction(const TransactionInput& input);
  Result<UpdateResult> update_transaction(const TransactionInput& input);
  Result<TseAnswer> finish_transaction(const TransactionInput& input);
  Result<UpdateVariant> supported_transaction_update_variants();
  Result<std::uint64_t> current_transaction_counter();
  Result<std::uint64_t> current_number_of_clients();
  Result<std::uint64_t> max_number_of_clients();
  Result<std::vector<std::string>> registered_clients();
  Result<std::uint64_t> current_number_of_transactions();
  Result<std::uint64_t> max_number_of_transactions();
  Result<TransactionState> transaction_state(std::uint64_t transaction);
  Status lock_transaction_logging();
  Status unlock_transaction_logging();

  /// After an inner error no transaction runs until it is left again. Entering needs no user.
  Status enter_secure_state();
  Status exit_secure_state();
  /// An audit message with any content (the device's own events, docs/formats/tse-log.md).
  Status log_audit(BytesView se_audit_data);

  class Impl;  ///< engine.h, not part of the contract

 private:
  explicit SoftTse(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

}  // namespace siegel::device::softtse
