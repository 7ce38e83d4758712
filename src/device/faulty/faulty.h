#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/thread.h"
#include "device/device.h"

// A Tse that misbehaves on request, around any other. For tests, simulations and drills.

namespace siegel::device {

/// What goes wrong.
enum class Fault {
  slow,                ///< waits `delay`, then works
  dead,                ///< unavailable, E-TSE-402; nothing reaches the device
  full,                ///< signing functions: E-TSE-403 ErrorStorageMemoryFull
  expired,             ///< signing functions: E-TSE-404 ErrorCertificateExpired
  time_not_set,        ///< signing functions: E-TSE-406 ErrorTimeNotSet
  wrong_time,          ///< works; the log times in the answers and in status() are off by `delay`
  answer_lost_after,   ///< the device does it, the caller gets `unknown` E-TSE-104
  answer_lost_before,  ///< the device does nothing, the caller gets `unknown` E-TSE-104
  hang,                ///< returns only when release() is called; then answer_lost_before
  empty_export,        ///< export_log succeeds and writes nothing
  garbled_signature,   ///< works; the last bit of each signature in the answer is turned over
};
/// The name in scripts ("answer_lost_after"), and back.
[[nodiscard]] std::string_view fault_name(Fault fault);
[[nodiscard]] std::optional<Fault> fault_by_name(std::string_view name);

/// Groups of functions a rule may be limited to.
enum class FaultyOperation {
  start,
  update,
  finish,
  query,   ///< open_transactions, find, transactions_after
  status,  ///< identity, status
  self_test,
  set_time,
  export_log,
  manage,  ///< log in and out, clients, disable
};

/// One rule. It applies to a call if every condition that is given holds.
struct FaultRule {
  Fault fault = Fault::dead;
  std::optional<FaultyOperation> operation;  ///< empty: all
  /// Calls are counted from 1 over all operations; each step of perform() is a call.
  std::uint64_t from_call = 1;
  std::uint64_t to_call = UINT64_MAX;
  /// In thousandths; 1000: always.
  std::uint32_t chance_per_mille = 1000;
  std::chrono::milliseconds delay{0};  ///< slow, wrong_time
};

/// A value: rules in order, the first that applies to a call counts. Empty: no faults.
struct FaultScript {
  std::vector<FaultRule> rules;
};

/// Waits; a simulation lets its own time pass instead.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void sleep(std::chrono::milliseconds duration) = 0;
};
/// Waits on a Condition for real. Lives for the whole process.
[[nodiscard]] Sleeper& system_sleeper();

/// The decorator. Calls as Tse (one thread at a time); set_script(), release() and calls() may come
/// from any thread at any time.
class FaultyTse final : public Tse {
 public:
  /// `random` and `sleeper` outlive it; `random` is used under this object's lock.
  FaultyTse(std::unique_ptr<Tse> inner, FaultScript script, Random& random,
            Sleeper& sleeper = system_sleeper());
  ~FaultyTse() override;

  /// Replaces the rules; calls that hang go on hanging until release().
  void set_script(FaultScript script);
  /// Lets every call return that hangs now.
  void release();
  /// Calls made so far.
  [[nodiscard]] std::uint64_t calls() const;
  /// Calls that hang now.
  [[nodiscard]] std::uint64_t hanging() const;
  [[nodiscard]] Tse& inner() { return *m_inner; }

  Result<TseInfo> identity() override;
  Result<TseStatus> status() override;
  void perform(std::span<const TseCall> calls, TseAnswers& answers) override;
  [[nodiscard]] bool joins_calls() const override { return m_inner->joins_calls(); }
  Result<std::vector<TseTransaction>> open_transactions(std::optional<std::string> client) override;
  Result<std::optional<TseTransaction>> find(const std::string& client,
                                             std::uint64_t transaction) override;
  Result<std::vector<TseTransaction>> transactions_after(const std::string& client,
                                                         std::uint64_t after,
                                                         std::size_t count_max) override;
  Status self_test() override;
  Status set_time(Instant now) override;
  Status export_log(const TseFilter& filter, Sink& sink) override;
  Status log_in(TseUser user, const crypto::SecretBytes& pin) override;
  Status log_out() override;
  Result<std::optional<unsigned>> pin_tries_left(TseUser user) override;
  Status unblock_pin(TseUser user, const crypto::SecretBytes& puk,
                     const crypto::SecretBytes& new_pin) override;
  Status register_client(const std::string& client) override;
  Status deregister_client(const std::string& client) override;
  Status disable() override;

 private:
  /// Counts the call and finds its rule.
  std::optional<FaultRule> next(FaultyOperation operation);
  void hang();
  /// Runs `call` as the rule of this call says.
  template <class T, class Call>
  Result<T> around(FaultyOperation operation, const Call& call);
  Result<TseAnswer> perform_faulty(const TseCall& call, const FaultRule& rule);

  std::unique_ptr<Tse> m_inner;
  Random& m_random;
  Sleeper& m_sleeper;
  mutable Mutex m_mutex;
  Condition m_released;
  FaultScript m_script SIEGEL_GUARDED_BY(m_mutex);
  std::uint64_t m_calls SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_hanging SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_releases SIEGEL_GUARDED_BY(m_mutex) = 0;
};

}  // namespace siegel::device
