#include "runtime/threads/engine.h"

#include <fmt/format.h>

#include <future>
#include <span>
#include <utility>

#include "runtime/questions.h"
#include "runtime/threads/lane.h"
#include "runtime/threads/signer_lane.h"

namespace siegel::runtime {
namespace {

constexpr std::size_t submitted_max = 100'000;
// Drafts of one commit: bounds the memory of a group and the wait of its first.
constexpr std::size_t drafts_a_commit = 1024;

bool is_in_memory(const recorder::State& state, const std::string& signer) {
  const auto found = state.signers.find(signer);
  return found != state.signers.end() && found->second.kind == "softkey";
}

}  // namespace

Engine::Engine(journal::Journal& journal, const country::Country& country, Options options)
    : m_journal(journal), m_country(country), m_options(std::move(options)), m_blocked() {}

Result<std::unique_ptr<Engine>> Engine::start(journal::Journal& journal,
                                              const country::Country& country,
                                              std::map<std::string, device::Tse*> devices,
                                              Options options) {
  std::unique_ptr<Engine> engine(new Engine(journal, country, std::move(options)));
  SIEGEL_TRY(recorder::State state, engine->m_options.load());
  for (const auto& [serial, tse] : devices) engine->add_device(serial, tse);
  for (const auto& [id, signer] : engine->m_options.signers) engine->add_signer(id, signer);
  engine->m_keys = std::move(engine->m_options.keys);
  engine->m_recorder =
      std::make_unique<recorder::Recorder>(country, std::move(state), &engine->m_keys);
  engine->m_durable = journal.head().sequence.get();
  engine->m_writer_thread = std::thread([raw = engine.get()] { raw->run_writer(); });
  engine->m_recorder_thread = std::thread([raw = engine.get()] { raw->run_recorder(); });
  return engine;
}

Engine::~Engine() {
  if (!m_recorder_thread.joinable()) return;
  settle(std::chrono::seconds(10));
  m_inbox.stop();
  m_recorder_thread.join();
  m_writes.stop();
  m_writer_thread.join();
  for (auto& [request, done] : std::exchange(m_waiting, {}))
    done(
        unknown("E-API-605",
                "the program stops before this request was answered; repeat it with the same key"));
  Lock lock(m_lanes_mutex);
  m_lanes.clear();
  m_signers.clear();
}

void Engine::submit(std::string actor, Body body, Done done) {
  if (m_inbox.size() >= submitted_max) {
    done(unavailable("E-API-602", "too many requests wait already; repeat with the same key"));
    return;
  }
  m_inbox.push(Submitted{std::move(actor), std::move(body), std::move(done)});
}

Result<recorder::Accepted> Engine::call(std::string actor, Body body) {
  std::promise<Result<recorder::Accepted>> promise;
  auto future = promise.get_future();
  submit(std::move(actor), std::move(body),
         [&promise](Result<recorder::Accepted> result) { promise.set_value(std::move(result)); });
  return future.get();
}

void Engine::add_device(const std::string& serial, device::Tse* tse) {
  Lock lock(m_lanes_mutex);
  m_lanes[serial] = std::make_unique<DeviceLane>(serial, tse, m_options, m_inbox);
}

Status Engine::on_device(const std::string& serial,
                         const std::function<Status(device::Tse&)>& work) {
  std::promise<Status> promise;
  auto future = promise.get_future();
  {
    Lock lock(m_lanes_mutex);
    const auto lane = m_lanes.find(serial);
    if (lane == m_lanes.end()) return no_device();
    lane->second->push([&](device::Tse* tse) {
      promise.set_value(tse == nullptr ? Status(no_device()) : work(*tse));
    });
  }
  return future.get();
}

void Engine::add_signer(const std::string& id, device::CheckedSigner* signer) {
  Lock lock(m_lanes_mutex);
  m_signers[id] = std::make_unique<SignerLane>(signer, *m_options.clock, m_inbox);
}

Status Engine::on_signer(const std::string& id,
                         const std::function<Status(device::CheckedSigner&)>& work) {
  std::promise<Status> promise;
  auto future = promise.get_future();
  {
    Lock lock(m_lanes_mutex);
    const auto lane = m_signers.find(id);
    if (lane == m_signers.end()) return no_signer();
    lane->second->push([&](device::CheckedSigner* signer) {
      promise.set_value(signer == nullptr ? Status(no_signer()) : work(*signer));
    });
  }
  return future.get();
}

void Engine::set_key(const RegisterId& register_id, crypto::SecretBytes key) {
  std::promise<void> promise;
  auto future = promise.get_future();
  m_inbox.push(Ask([&](recorder::Recorder*) {
    m_keys.insert_or_assign(register_id.text(), std::move(key));
    promise.set_value();
  }));
  future.get();
}

void Engine::indexed(std::uint64_t position) {
  m_inbox.push(Ask([this, position](recorder::Recorder* recorder) {
    if (recorder != nullptr) recorder->on(recorder::Indexed{position}, {}, m_effects);
  }));
}

recorder::State Engine::state() {
  std::promise<recorder::State> promise;
  auto future = promise.get_future();
  m_inbox.push(Ask([&promise](recorder::Recorder* recorder) {
    promise.set_value(recorder == nullptr ? recorder::State() : recorder->state());
  }));
  return future.get();
}

std::vector<recorder::DeviceLoad> Engine::loads() {
  std::promise<std::vector<recorder::DeviceLoad>> promise;
  auto future = promise.get_future();
  m_inbox.push(Ask([this, &promise](recorder::Recorder* recorder) {
    promise.set_value(recorder == nullptr ? std::vector<recorder::DeviceLoad>()
                                          : recorder->loads(m_options.clock->now()));
  }));
  return future.get();
}

bool Engine::settle(std::chrono::milliseconds limit) {
  const Steady until = m_options.clock->now().steady + limit;
  Mutex mutex;
  Condition condition;
  while (true) {
    std::promise<bool> promise;
    auto future = promise.get_future();
    m_inbox.push(Ask([this, &promise](recorder::Recorder* recorder) {
      promise.set_value(recorder == nullptr || (recorder->idle() && m_waiting.empty()));
    }));
    if (future.get()) return true;
    if (m_options.clock->now().steady >= until) return false;
    Lock lock(mutex);
    condition.wait_for(lock, std::chrono::milliseconds(1));
  }
}

// ---- recorder's thread --------------------------------------------------------------------------

void Engine::run_recorder() {
  m_recorder->resume(m_options.clock->now(), m_effects);
  perform(m_effects);
  std::vector<Input> inputs;
  while (true) {
    std::optional<std::chrono::nanoseconds> limit;
    if (m_wake) limit = *m_wake - m_options.clock->now().steady;
    const bool more = m_inbox.take(inputs, limit);
    const Now now = m_options.clock->now();
    for (Input& input : inputs) handle(input, now);
    if (m_recorder && m_wake && *m_wake <= now.steady) {
      m_wake.reset();
      m_recorder->on(recorder::Woke{}, now, m_effects);
    }
    perform(m_effects);
    if (!more) return;
  }
}

void Engine::handle(Input& input, Now now) {
  if (auto* submitted = std::get_if<Submitted>(&input)) {
    accept(*submitted, now);
  } else if (auto* event = std::get_if<FromRecorder>(&input)) {
    if (m_recorder && event->epoch == m_epoch)
      m_recorder->on(std::move(event->event), now, m_effects);
  } else if (auto* failed = std::get_if<CommitFailed>(&input)) {
    if (failed->epoch == m_epoch) rebuild(*failed, now);
  } else {
    std::get<Ask>(input)(m_recorder.get());
  }
}

void Engine::accept(Submitted& submitted, Now now) {
  if (!m_recorder) {
    submitted.done(m_blocked);
    if (!std::exchange(m_recovering, true)) {
      m_handed_over.push_back({m_epoch, 0, {}});
      hand_over();
    }
    return;
  }
  const recorder::RequestId request(m_next_request++);
  m_waiting.emplace(request.get(), std::move(submitted.done));
  m_recorder->on(recorder::Command{request, std::move(submitted.actor), std::move(submitted.body)},
                 now, m_effects);
}

/// Nothing the recorder believed is believed any more: everybody who waits is told to repeat with
/// the same key, and a new recorder takes up what the journal really holds.
void Engine::rebuild(const CommitFailed& failed, Now now) {
  m_effects.clear();
  m_recorder.reset();
  m_wake.reset();
  m_recovering = false;
  m_blocked = unavailable("E-JRN-204", fmt::format("the journal cannot be written ({}); nothing "
                                                   "can be sold until it can",
                                                   failed.error.detail));
  if (failed.error.kind == ErrorKind::corrupt) m_blocked = failed.error;
  ++m_epoch;
  auto waiting = std::exchange(m_waiting, {});
  for (auto& [request, done] : waiting)
    done(unknown("E-JRN-203", fmt::format("storing failed ({}); repeat the request with the same "
                                          "key: it is never booked twice",
                                          failed.error.detail)));
  if (!failed.recovered) return;
  auto state = m_options.load();
  if (!state) {
    m_blocked = state.error();
    return;
  }
  m_recorder = std::make_unique<recorder::Recorder>(m_country, std::move(*state), &m_keys);
  m_recorder->resume(now, m_effects);
}

void Engine::ask_devices(recorder::Effects& effects) {
  if (effects.calls.empty() && effects.probes.empty() && effects.reconciles.empty()) return;
  Lock lock(m_lanes_mutex);
  const auto lane = [&](const std::string& serial) SIEGEL_REQUIRES(m_lanes_mutex) -> DeviceLane& {
    auto& found = m_lanes[serial];
    if (!found) found = std::make_unique<DeviceLane>(std::string(), nullptr, m_options, m_inbox);
    return *found;
  };
  const std::span<recorder::Call> calls(effects.calls);
  for (std::size_t i = 0; i < calls.size();) {
    std::size_t end = i + 1;
    while (end < calls.size() && calls[end].tse_serial == calls[i].tse_serial) ++end;
    lane(calls[i].tse_serial).push(m_epoch, calls.subspan(i, end - i));
    i = end;
  }
  for (recorder::Probe& probe : effects.probes)
    if (!probe.signer) lane(probe.tse_serial).push(m_epoch, std::move(probe));
  for (recorder::Reconcile& question : effects.reconciles)
    lane(question.tse_serial).push(m_epoch, std::move(question));
}

void Engine::ask_signers(recorder::Effects& effects) {
  if (effects.signs.empty() && effects.probes.empty()) return;
  Lock lock(m_lanes_mutex);
  const auto lane = [&](const std::string& id) SIEGEL_REQUIRES(m_lanes_mutex) -> SignerLane& {
    auto& found = m_signers[id];
    if (!found) found = std::make_unique<SignerLane>(nullptr, *m_options.clock, m_inbox);
    return *found;
  };
  // Who is alone changes no threads for a key in memory, which only computes.
  if (effects.signs.size() == 1 && m_waiting.size() <= 1 && m_recorder &&
      is_in_memory(m_recorder->state(), effects.signs.front().signer)) {
    const recorder::Sign& sign = effects.signs.front();
    if (auto signature = lane(sign.signer).sign_here(sign)) {
      m_inbox.push(FromRecorder{m_epoch, recorder::Signed{sign.id, std::move(*signature)}});
      effects.signs.clear();
    }
  }
  const std::span<const recorder::Sign> signs(effects.signs);
  for (std::size_t i = 0; i < signs.size();) {
    std::size_t end = i + 1;
    while (end < signs.size() && signs[end].signer == signs[i].signer) ++end;
    lane(signs[i].signer).push(m_epoch, signs.subspan(i, end - i));
    i = end;
  }
  for (const recorder::Probe& probe : effects.probes)
    if (probe.signer) lane(probe.tse_serial).push(m_epoch, probe);
}

void Engine::perform(recorder::Effects& effects) {
  for (recorder::Append& append : effects.appends)
    m_handed_over.push_back({m_epoch, append.first, std::move(append.drafts)});
  // Others may come while a flush runs: theirs is the next, and this thread must be free for them.
  const bool alone = m_waiting.size() <= 1;
  if (!alone) hand_over();
  ask_devices(effects);
  ask_signers(effects);
  if (effects.wake) m_wake = effects.wake->at;
  std::vector<recorder::Reply> replies = std::move(effects.replies);
  effects.clear();
  for (recorder::Reply& reply : replies) {
    const auto waiting = m_waiting.find(reply.request.get());
    if (waiting == m_waiting.end()) continue;
    Done done = std::move(waiting->second);
    m_waiting.erase(waiting);
    done(std::move(reply.result));
  }
  if (!alone || m_handed_over.empty()) return;
  if (m_unwritten.load(std::memory_order_acquire) != 0) {
    hand_over();
    return;
  }
  write(m_handed_over);
  m_handed_over.clear();
}

void Engine::hand_over() {
  m_unwritten.fetch_add(m_handed_over.size(), std::memory_order_relaxed);
  m_writes.push_all(m_handed_over);
}

// ---- writer's thread ----------------------------------------------------------------------------

void Engine::run_writer() {
  std::vector<Write> writes;
  while (m_writes.take(writes) || !writes.empty()) {
    write(writes);
    m_unwritten.fetch_sub(writes.size(), std::memory_order_release);
  }
}

/// A journal that lost what was acknowledged is not written any more.
Result<journal::Head> Engine::recover_journal() {
  SIEGEL_TRY(const journal::Head head, m_journal.recover());
  if (head.sequence.get() < m_durable)
    return corrupt("E-JRN-205",
                   fmt::format("entry {} was durable, but the journal ends at entry {} now",
                               m_durable, head.sequence.get()));
  return head;
}

void Engine::write(std::vector<Write>& writes) {
  std::size_t i = 0;
  while (i < writes.size()) {
    const std::uint64_t epoch = writes[i].epoch;
    const std::uint64_t first = writes[i].first;
    std::vector<journal::Draft> group = std::move(writes[i].drafts);
    for (++i; i < writes.size() && writes[i].epoch == epoch && group.size() < drafts_a_commit; ++i)
      group.insert(group.end(), std::make_move_iterator(writes[i].drafts.begin()),
                   std::make_move_iterator(writes[i].drafts.end()));
    if (epoch <= m_failed_epoch) continue;
    if (group.empty()) {  // the recorder asks whether the journal can be written again
      const auto head = recover_journal();
      m_inbox.push(CommitFailed{
          epoch, head ? unavailable("E-JRN-203", "a commit failed before") : head.error(),
          head.ok()});
      continue;
    }
    const auto head = m_journal.append(journal::Sequence(first), group);
    if (head) {
      m_durable = head->sequence.get();
      m_inbox.push(FromRecorder{epoch, recorder::Appended{head->sequence.get()}});
      if (m_options.on_durable) m_options.on_durable(*head);
      continue;
    }
    const Error error = head.error();
    const auto found = recover_journal();
    const std::uint64_t last = first + group.size() - 1;
    if (found && found->sequence.get() == last) {
      // The commit is there although it was reported as failed.
      m_durable = last;
      m_inbox.push(FromRecorder{epoch, recorder::Appended{last}});
      if (m_options.on_durable) m_options.on_durable(*found);
      continue;
    }
    m_failed_epoch = epoch;
    m_inbox.push(CommitFailed{epoch, found ? error : found.error(), found.ok()});
  }
}

}  // namespace siegel::runtime
