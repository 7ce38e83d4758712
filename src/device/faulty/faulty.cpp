#include "device/faulty/faulty.h"

#include <algorithm>
#include <array>
#include <utility>

namespace siegel::device {

namespace {

constexpr std::array<std::pair<Fault, std::string_view>, 11> fault_names = {{
    {Fault::slow, "slow"},
    {Fault::dead, "dead"},
    {Fault::full, "full"},
    {Fault::expired, "expired"},
    {Fault::time_not_set, "time_not_set"},
    {Fault::wrong_time, "wrong_time"},
    {Fault::answer_lost_after, "answer_lost_after"},
    {Fault::answer_lost_before, "answer_lost_before"},
    {Fault::hang, "hang"},
    {Fault::empty_export, "empty_export"},
    {Fault::garbled_signature, "garbled_signature"},
}};

FaultyOperation operation_of(TseCall::Operation operation) {
  switch (operation) {
    case TseCall::Operation::start:
      return FaultyOperation::start;
    case TseCall::Operation::update:
      return FaultyOperation::update;
    case TseCall::Operation::finish:
      return FaultyOperation::finish;
  }
  return FaultyOperation::start;
}

bool signs(FaultyOperation operation) {
  switch (operation) {
    case FaultyOperation::start:
    case FaultyOperation::update:
    case FaultyOperation::finish:
    case FaultyOperation::self_test:
    case FaultyOperation::set_time:
    case FaultyOperation::manage:
      return true;
    case FaultyOperation::query:
    case FaultyOperation::status:
    case FaultyOperation::export_log:
      return false;
  }
  return false;
}

Error lost() { return unknown("E-TSE-104", "the answer was lost (scripted fault)", "no answer"); }

/// The refusal a rule stands for; empty: the call reaches the device.
std::optional<Error> refusal(Fault fault, FaultyOperation operation) {
  const bool signing = signs(operation);
  switch (fault) {
    case Fault::dead:
      return unavailable("E-TSE-402", "the device does not answer (scripted fault)",
                         "ErrorSecureElementPartsDisconnected");
    case Fault::full:
      if (!signing) return {};
      return unavailable("E-TSE-403", "the memory is full (scripted fault)",
                         "ErrorStorageMemoryFull");
    case Fault::expired:
      if (!signing) return {};
      return unavailable("E-TSE-404", "the certificate has expired (scripted fault)",
                         "ErrorCertificateExpired");
    case Fault::time_not_set:
      // Setting it is the way out.
      if (!signing || operation == FaultyOperation::set_time) return {};
      return unavailable("E-TSE-406", "the time is not set (scripted fault)", "ErrorTimeNotSet");
    case Fault::answer_lost_before:
    case Fault::hang:
      return lost();
    case Fault::slow:
    case Fault::wrong_time:
    case Fault::answer_lost_after:
    case Fault::empty_export:
    case Fault::garbled_signature:
      return {};
  }
  return {};
}

void each_signature(TseAnswer& answer, const std::function<void(TseSignature&)>& change) {
  if (answer.signature) change(*answer.signature);
  if (answer.protected_update) change(*answer.protected_update);
}

class SystemSleeper final : public Sleeper {
 public:
  void sleep(std::chrono::milliseconds duration) override {
    Mutex mutex;
    Condition never;
    Lock lock(mutex);
    // Nobody notifies; a spurious wake-up waits again.
    while (never.wait_for(lock, duration)) {
    }
  }
};

class OneAnswer final : public TseAnswers {
 public:
  void answered(std::size_t /*index*/, Result<TseAnswer> answer) override {
    m_answer.emplace(std::move(answer));
  }
  Result<TseAnswer> take() { return m_answer ? std::move(*m_answer) : Result<TseAnswer>(lost()); }

 private:
  std::optional<Result<TseAnswer>> m_answer;
};

/// Puts the answers of a part of a batch in their places and remembers what was started.
class Shifted final : public TseAnswers {
 public:
  Shifted(TseAnswers& answers, std::size_t first, std::vector<std::uint64_t>& started)
      : m_answers(answers), m_first(first), m_started(started) {}
  void answered(std::size_t index, Result<TseAnswer> answer) override {
    if (answer.ok()) m_started[m_first + index] = answer->transaction;
    m_answers.answered(m_first + index, std::move(answer));
  }

 private:
  TseAnswers& m_answers;
  std::size_t m_first;
  std::vector<std::uint64_t>& m_started;
};

}  // namespace

std::string_view fault_name(Fault fault) {
  return std::ranges::find(fault_names, fault, &std::pair<Fault, std::string_view>::first)->second;
}

std::optional<Fault> fault_by_name(std::string_view name) {
  const auto* found =
      std::ranges::find(fault_names, name, &std::pair<Fault, std::string_view>::second);
  if (found == fault_names.end()) return {};
  return found->first;
}

Sleeper& system_sleeper() {
  static SystemSleeper sleeper;
  return sleeper;
}

FaultyTse::FaultyTse(std::unique_ptr<Tse> inner, FaultScript script, Random& random,
                     Sleeper& sleeper)
    : m_inner(std::move(inner)),
      m_random(random),
      m_sleeper(sleeper),
      m_script(std::move(script)) {}

FaultyTse::~FaultyTse() = default;

void FaultyTse::set_script(FaultScript script) {
  const Lock lock(m_mutex);
  m_script = std::move(script);
}

void FaultyTse::release() {
  {
    const Lock lock(m_mutex);
    ++m_releases;
  }
  m_released.notify_all();
}

std::uint64_t FaultyTse::calls() const {
  const Lock lock(m_mutex);
  return m_calls;
}

std::uint64_t FaultyTse::hanging() const {
  const Lock lock(m_mutex);
  return m_hanging;
}

std::optional<FaultRule> FaultyTse::next(FaultyOperation operation) {
  const Lock lock(m_mutex);
  ++m_calls;
  for (const FaultRule& rule : m_script.rules) {
    if (rule.operation && *rule.operation != operation) continue;
    if (m_calls < rule.from_call || m_calls > rule.to_call) continue;
    if (rule.chance_per_mille < 1000 && m_random.below(1000) >= rule.chance_per_mille) continue;
    return rule;
  }
  return {};
}

void FaultyTse::hang() {
  Lock lock(m_mutex);
  ++m_hanging;
  const std::uint64_t before = m_releases;
  while (m_releases == before) m_released.wait(lock);
  --m_hanging;
}

template <class T, class Call>
Result<T> FaultyTse::around(FaultyOperation operation, const Call& call) {
  const std::optional<FaultRule> rule = next(operation);
  if (!rule) return call();
  if (rule->fault == Fault::slow) m_sleeper.sleep(rule->delay);
  if (rule->fault == Fault::hang) hang();
  if (auto refused = refusal(rule->fault, operation)) return std::move(*refused);
  Result<T> done = call();
  if (rule->fault == Fault::answer_lost_after) return lost();
  if constexpr (std::is_same_v<T, TseStatus>) {
    if (rule->fault == Fault::wrong_time && done.ok()) done->time = done->time + rule->delay;
  }
  return done;
}

Result<TseInfo> FaultyTse::identity() {
  return around<TseInfo>(FaultyOperation::status, [&] { return m_inner->identity(); });
}

Result<TseStatus> FaultyTse::status() {
  return around<TseStatus>(FaultyOperation::status, [&] { return m_inner->status(); });
}

Result<TseAnswer> FaultyTse::perform_faulty(const TseCall& call, const FaultRule& rule) {
  if (rule.fault == Fault::hang) hang();
  if (auto refused = refusal(rule.fault, operation_of(call.operation))) return std::move(*refused);
  OneAnswer answers;
  m_inner->perform({&call, 1}, answers);
  Result<TseAnswer> answer = answers.take();
  if (rule.fault == Fault::answer_lost_after) return lost();
  if (!answer.ok()) return answer;
  each_signature(*answer, [&](TseSignature& signature) {
    if (rule.fault == Fault::wrong_time) signature.log_time = signature.log_time + rule.delay;
    if (rule.fault == Fault::garbled_signature && !signature.value.empty()) {
      signature.value.back() ^= std::byte{1};
    }
  });
  return answer;
}

void FaultyTse::perform(std::span<const TseCall> calls, TseAnswers& answers) {
  // Calls without a fault stay together, so that the device still makes one commit of them.
  std::size_t first = 0;
  std::vector<std::uint64_t> started(calls.size());
  // A finish that is parted from its start names its number.
  const auto parted = [&](std::size_t index) {
    TseCall call = calls[index];
    if (std::exchange(call.of_previous, false)) call.transaction = started[index - 1];
    return call;
  };
  const auto pass_on = [&](std::size_t end) {
    if (first == end) return;
    Shifted shifted(answers, first, started);
    std::vector<TseCall> part(calls.begin() + static_cast<std::ptrdiff_t>(first),
                              calls.begin() + static_cast<std::ptrdiff_t>(end));
    part.front() = parted(first);
    m_inner->perform(part, shifted);
    first = end;
  };
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::optional<FaultRule> rule = next(operation_of(calls[i].operation));
    if (!rule) continue;
    if (rule->fault == Fault::slow) {
      m_sleeper.sleep(rule->delay);
      continue;
    }
    pass_on(i);
    Result<TseAnswer> answer = perform_faulty(parted(i), *rule);
    // The caller learns the number of what it started from the answer only.
    if (answer.ok()) started[i] = answer->transaction;
    answers.answered(i, std::move(answer));
    first = i + 1;
  }
  pass_on(calls.size());
}

Result<std::vector<TseTransaction>> FaultyTse::open_transactions(
    std::optional<std::string> client) {
  return around<std::vector<TseTransaction>>(FaultyOperation::query,
                                             [&] { return m_inner->open_transactions(client); });
}

Result<std::optional<TseTransaction>> FaultyTse::find(const std::string& client,
                                                      std::uint64_t transaction) {
  return around<std::optional<TseTransaction>>(FaultyOperation::query,
                                               [&] { return m_inner->find(client, transaction); });
}

Result<std::vector<TseTransaction>> FaultyTse::transactions_after(const std::string& client,
                                                                  std::uint64_t after,
                                                                  std::size_t count_max) {
  return around<std::vector<TseTransaction>>(FaultyOperation::query, [&] {
    return m_inner->transactions_after(client, after, count_max);
  });
}

Status FaultyTse::self_test() {
  return around<Ok>(FaultyOperation::self_test, [&] { return m_inner->self_test(); });
}

Status FaultyTse::set_time(Instant now) {
  return around<Ok>(FaultyOperation::set_time, [&] { return m_inner->set_time(now); });
}

Status FaultyTse::export_log(const TseFilter& filter, Sink& sink) {
  const std::optional<FaultRule> rule = next(FaultyOperation::export_log);
  if (rule && rule->fault == Fault::empty_export) return Ok{};
  if (rule && rule->fault == Fault::slow) m_sleeper.sleep(rule->delay);
  if (rule && rule->fault == Fault::hang) hang();
  if (rule) {
    if (auto refused = refusal(rule->fault, FaultyOperation::export_log)) {
      return std::move(*refused);
    }
  }
  Status done = m_inner->export_log(filter, sink);
  if (rule && rule->fault == Fault::answer_lost_after) return lost();
  return done;
}

Status FaultyTse::log_in(TseUser user, const crypto::SecretBytes& pin) {
  return around<Ok>(FaultyOperation::manage, [&] { return m_inner->log_in(user, pin); });
}
Status FaultyTse::log_out() {
  return around<Ok>(FaultyOperation::manage, [&] { return m_inner->log_out(); });
}
Result<std::optional<unsigned>> FaultyTse::pin_tries_left(TseUser user) {
  return around<std::optional<unsigned>>(FaultyOperation::manage,
                                         [&] { return m_inner->pin_tries_left(user); });
}
Status FaultyTse::unblock_pin(TseUser user, const crypto::SecretBytes& puk,
                              const crypto::SecretBytes& new_pin) {
  return around<Ok>(FaultyOperation::manage,
                    [&] { return m_inner->unblock_pin(user, puk, new_pin); });
}
Status FaultyTse::register_client(const std::string& client) {
  return around<Ok>(FaultyOperation::manage, [&] { return m_inner->register_client(client); });
}
Status FaultyTse::deregister_client(const std::string& client) {
  return around<Ok>(FaultyOperation::manage, [&] { return m_inner->deregister_client(client); });
}
Status FaultyTse::disable() {
  return around<Ok>(FaultyOperation::manage, [&] { return m_inner->disable(); });
}

}  // namespace siegel::device
