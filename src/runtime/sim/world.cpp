#include "runtime/sim/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/questions.h"

namespace siegel::runtime::sim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t entries_a_read = 1000;

Error lost_answer() { return unknown("E-TSE-104", "the answer of the TSE was lost"); }

/// Collects what a device answers to a batch of calls.
class Answers final : public device::TseAnswers {
 public:
  explicit Answers(std::size_t count) : m_results(count) {}
  void answered(std::size_t index, Result<device::TseAnswer> result) override {
    SIEGEL_CHECK(index < m_results.size() && !m_results[index]);
    m_results[index] = std::move(result);
  }
  [[nodiscard]] std::vector<std::optional<Result<device::TseAnswer>>>& results() {
    return m_results;
  }

 private:
  std::vector<std::optional<Result<device::TseAnswer>>> m_results;
};

}  // namespace

World::World(Parts parts, Options options) : m_parts(std::move(parts)), m_options(options) {}
World::~World() = default;

device::CheckedSigner* World::signer(const std::string& id) { return lane_of(id).signer.get(); }

void World::set_key(const RegisterId& register_id, crypto::SecretBytes key) {
  m_parts.keys.insert_or_assign(register_id.text(), std::move(key));
}

device::Tse* World::tse(const std::string& serial) { return lane_of(serial).tse.get(); }

World::DeviceLane& World::lane_of(const std::string& serial) { return m_lanes[serial]; }

// ---- power --------------------------------------------------------------------------------------

Status World::power_up() {
  while (true) {
    auto opened = open_all();
    if (!m_parts.is_off()) {
      SIEGEL_TRY_OK(opened);
      break;
    }
    cut_power();
  }
  if (on_restart) on_restart();
  m_recorder->resume(m_parts.clock->now(), m_effects);
  take_effects();
  return Ok{};
}

Status World::open_all() {
  SIEGEL_TRY(m_journal, m_parts.open_journal());
  const std::uint64_t head = m_journal->head().sequence.get();
  if (head < m_durable)
    m_violations.push_back(
        fmt::format("entry {} was durable, the journal ends at {}", m_durable, head));
  SIEGEL_TRY(recorder::State state, fold());
  for (const auto& [serial, open] : m_parts.open_tse) {
    auto tse = open();
    if (tse) lane_of(serial).tse = std::move(tse).value();
  }
  for (const auto& [id, open] : m_parts.open_signer) {
    auto signer = open();
    if (signer) lane_of(id).signer = std::move(signer).value();
  }
  m_recorder =
      std::make_unique<recorder::Recorder>(*m_parts.country, std::move(state), &m_parts.keys);
  return Ok{};
}

Result<recorder::State> World::fold() {
  SIEGEL_TRY(const auto reader, m_journal->reader());
  recorder::State state;
  while (true) {
    SIEGEL_TRY(const auto entries,
               reader->read(journal::Sequence(state.sequence + 1), entries_a_read));
    if (entries.empty()) return state;
    for (const journal::Entry& entry : entries) SIEGEL_TRY_OK(state.apply(entry));
  }
}

void World::cut_power() {
  ++m_counts.cuts;
  m_parts.power_off();
  m_recorder.reset();
  m_effects.clear();
  m_commands.clear();
  m_waiting.clear();
  m_appends.clear();
  m_written.clear();
  m_lanes.clear();
  m_wake.reset();
  m_followed = 0;
  m_indexed.clear();
  ++m_epoch;
  m_journal.reset();
  m_parts.power_on();
}

bool World::lost_power() {
  if (!m_parts.is_off()) return false;
  cut_power();
  if (auto up = power_up(); !up)
    m_violations.push_back(
        fmt::format("not opened after a power cut: {} {}", up.error().code, up.error().detail));
  return true;
}

// ---- what can happen next -----------------------------------------------------------------------

void World::submit(const std::string& source, std::string actor, Body body, Done done) {
  m_commands[source].push_back({std::move(actor), std::move(body), std::move(done)});
}

void World::choices() {
  m_choices.clear();
  const Steady now = m_parts.clock->now().steady;
  for (const auto& [source, queue] : m_commands)
    if (!queue.empty()) m_choices.push_back({What::command, source});
  if (!m_appends.empty()) m_choices.push_back({What::commit, {}});
  if (!m_written.empty()) m_choices.push_back({What::written, {}});
  for (const auto& [serial, lane] : m_lanes) {
    if (!lane.jobs.empty() && lane.busy_until <= now) m_choices.push_back({What::work, serial});
    if (!lane.answers.empty() && lane.answers.front().at <= now)
      m_choices.push_back({What::answer, serial});
  }
  if (m_parts.follow && m_followed < m_durable) m_choices.push_back({What::follow, {}});
  if (!m_indexed.empty()) m_choices.push_back({What::indexed, {}});
  if (m_wake && *m_wake <= now) m_choices.push_back({What::wake, {}});
}

std::optional<Steady> World::next_time() const {
  std::optional<Steady> next = m_wake;
  const auto at = [&](Steady time) {
    if (!next || time < *next) next = time;
  };
  for (const auto& [serial, lane] : m_lanes) {
    if (!lane.jobs.empty()) at(lane.busy_until);
    if (!lane.answers.empty()) at(lane.answers.front().at);
  }
  return next;
}

bool World::step() { return step_before(Steady::max()); }

Steady World::busy_until(const std::string& device) { return lane_of(device).busy_until; }

bool World::step_before(Steady until) {
  choices();
  while (m_choices.empty()) {
    const auto next = next_time();
    const Steady now = m_parts.clock->now().steady;
    if (!next || *next >= until) {
      if (until != Steady::max() && until > now)
        m_parts.clock->advance(std::chrono::ceil<milliseconds>(until - now));
      return false;
    }
    m_parts.clock->advance(std::chrono::ceil<milliseconds>(std::max(*next - now, Steady(1))));
    choices();
  }
  ++m_counts.steps;
  m_parts.clock->advance(milliseconds(below(3)));
  perform(m_choices[below(m_choices.size())]);
  return true;
}

bool World::settle() {
  const Steady until = m_parts.clock->now().steady + std::chrono::hours(1);
  const auto at_rest = [&] {
    if (!m_recorder || !m_recorder->idle() || !m_appends.empty() || !m_written.empty() ||
        !m_waiting.empty())
      return false;
    for (const auto& [source, queue] : m_commands)
      if (!queue.empty()) return false;
    return std::all_of(m_lanes.begin(), m_lanes.end(), [&](const auto& lane) {
      return lane.second.jobs.empty() && lane.second.answers.empty() &&
             !(m_recorder->suspended(lane.first) && in_use(lane.first));
    });
  };
  bool rest = at_rest();
  while (!rest && m_parts.clock->now().steady < until) {
    if (!step()) break;
    rest = at_rest();
  }
  return rest;
}

void World::perform(const Choice& choice) {
  switch (choice.what) {
    case What::command:
      deliver_command(choice.name);
      break;
    case What::commit:
      commit();
      break;
    case What::written: {
      const recorder::Appended appended = m_written.front();
      m_written.pop_front();
      handle(appended);
      break;
    }
    case What::work:
      work(choice.name);
      break;
    case What::answer: {
      DeviceLane& lane = lane_of(choice.name);
      const Late late = std::move(lane.answers.front());
      lane.answers.pop_front();
      if (late.epoch == m_epoch) handle(late.event);
      break;
    }
    case What::follow:
      m_followed = m_parts.follow(*m_journal);
      m_indexed.push_back(m_followed);
      break;
    case What::indexed: {
      const std::uint64_t position = m_indexed.front();
      m_indexed.pop_front();
      handle(recorder::Indexed{position});
      break;
    }
    case What::wake:
      m_wake.reset();
      handle(recorder::Woke{});
      break;
  }
}

// ---- the recorder -------------------------------------------------------------------------------

void World::deliver_command(const std::string& source) {
  Submitted submitted = std::move(m_commands[source].front());
  m_commands[source].pop_front();
  if (!m_recorder) {
    submitted.done(unavailable("E-JRN-204", "the journal cannot be written"));
    const auto found = m_journal->recover();
    if (!lost_power()) rebuild(unavailable("E-JRN-203", "a commit failed before"), found.ok());
    return;
  }
  const recorder::RequestId request(m_next_request++);
  m_waiting.emplace(request.get(), std::move(submitted.done));
  handle(recorder::Command{request, std::move(submitted.actor), std::move(submitted.body)});
}

void World::handle(const recorder::Event& event) {
  if (!m_recorder) return;
  m_recorder->on(event, m_parts.clock->now(), m_effects);
  take_effects();
}

void World::take_effects() {
  for (recorder::Append& append : m_effects.appends) m_appends.push_back(std::move(append));
  for (recorder::Call& call : m_effects.calls)
    lane_of(call.tse_serial).jobs.push_back({m_epoch, std::move(call)});
  for (recorder::Probe& probe : m_effects.probes)
    lane_of(probe.tse_serial).jobs.push_back({m_epoch, std::move(probe)});
  for (recorder::Reconcile& question : m_effects.reconciles)
    lane_of(question.tse_serial).jobs.push_back({m_epoch, std::move(question)});
  for (recorder::Sign& sign : m_effects.signs)
    lane_of(sign.signer).jobs.push_back({m_epoch, std::move(sign)});
  if (m_effects.wake) m_wake = m_effects.wake->at;
  std::vector<recorder::Reply> replies = std::move(m_effects.replies);
  m_effects.clear();
  for (recorder::Reply& reply : replies) {
    const auto waiting = m_waiting.find(reply.request.get());
    if (waiting == m_waiting.end()) {
      m_violations.push_back(fmt::format("request {} was answered twice", reply.request.get()));
      continue;
    }
    const Done done = std::move(waiting->second);
    m_waiting.erase(waiting);
    done(std::move(reply.result));
  }
}

// ---- the writer ---------------------------------------------------------------------------------

/// One group: whatever came while the last one was being written, or a part of it.
void World::commit() {
  const std::uint64_t first = m_appends.front().first;
  const std::size_t count = 1 + below(m_appends.size());
  std::vector<journal::Draft> drafts;
  for (std::size_t i = 0; i < count; ++i) {
    auto& more = m_appends.front().drafts;
    drafts.insert(drafts.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
    m_appends.pop_front();
  }
  ++m_counts.commits;
  const auto head = m_journal->append(journal::Sequence(first), drafts);
  // What is durable at the moment of a cut counts only if somebody may have been told.
  if (head) m_durable = std::max(m_durable, head->sequence.get());
  if (lost_power()) return;
  if (head)
    m_written.push_back({head->sequence.get()});
  else
    failed_commit(head.error(), first + drafts.size() - 1);
}

/// As runtime/threads does it.
void World::failed_commit(const Error& error, std::uint64_t last) {
  ++m_counts.commits_failed;
  if (error.code != "E-JRN-203")
    m_violations.push_back(fmt::format("a commit was refused: {} {}", error.code, error.detail));
  const auto found = m_journal->recover();
  if (lost_power()) return;
  if (found && found->sequence.get() == last) {
    m_durable = std::max(m_durable, last);
    m_written.push_back({last});
    return;
  }
  rebuild(error, found.ok());
}

void World::rebuild(const Error& error, bool recovered) {
  ++m_counts.rebuilds;
  m_effects.clear();
  m_recorder.reset();
  m_appends.clear();
  m_written.clear();
  m_wake.reset();
  m_indexed.clear();
  m_followed = 0;
  ++m_epoch;
  auto waiting = std::exchange(m_waiting, {});
  for (auto& [request, done] : waiting)
    done(unknown("E-JRN-203", fmt::format("storing failed ({})", error.detail)));
  if (!recovered) return;
  auto state = fold();
  if (lost_power()) return;
  if (!state) return;
  if (state->sequence < m_durable)
    m_violations.push_back(
        fmt::format("entry {} was durable, recovery found {}", m_durable, state->sequence));
  m_recorder =
      std::make_unique<recorder::Recorder>(*m_parts.country, std::move(*state), &m_parts.keys);
  m_recorder->resume(m_parts.clock->now(), m_effects);
  take_effects();
}

// ---- devices ------------------------------------------------------------------------------------

void World::answer(DeviceLane& lane, std::uint64_t epoch, recorder::Event event,
                   milliseconds after) {
  lane.answers.push_back({m_parts.clock->now().steady + after, epoch, std::move(event)});
}

void World::work(const std::string& serial) {
  DeviceLane& lane = lane_of(serial);
  if (std::holds_alternative<recorder::Call>(lane.jobs.front().what)) {
    work_calls(serial, lane);
    return;
  }
  if (std::holds_alternative<recorder::Sign>(lane.jobs.front().what)) {
    work_sign(lane);
    return;
  }
  const Job job = std::move(lane.jobs.front());
  lane.jobs.pop_front();
  (void)m_parts.clock->taken();
  std::optional<recorder::Event> event;
  if (const auto* probe = std::get_if<recorder::Probe>(&job.what)) {
    const Now now = m_parts.clock->now();
    event = recorder::Probed{probe->tse_serial, probe->signer ? runtime::probe(lane.signer.get())
                                                : lane.tse && m_parts.probe_tse
                                                    ? m_parts.probe_tse(*lane.tse, now)
                                                    : runtime::probe(lane.tse.get(), now.wall)};
  } else {
    const auto& question = std::get<recorder::Reconcile>(job.what);
    event = recorder::Reconciled{question.tse_serial, clients_of(question), question.after_probe,
                                 runtime::reconcile(lane.tse.get(), question)};
  }
  if (lost_power()) return;
  const milliseconds duration = m_parts.clock->taken() + milliseconds(1 + below(100));
  lane.busy_until = m_parts.clock->now().steady + duration;
  answer(lane, job.epoch, std::move(*event), duration);
}

void World::work_calls(const std::string& serial, DeviceLane& lane) {
  std::size_t count = 0;
  while (count < lane.jobs.size() && std::holds_alternative<recorder::Call>(lane.jobs[count].what))
    ++count;
  count = 1 + below(count);
  const Steady now = m_parts.clock->now().steady;
  std::vector<device::TseCall> calls;
  struct Asked {
    std::uint64_t epoch = 0;
    recorder::CallId id;
    std::size_t call = 0;  ///< its place in `calls`
    bool joined = false;   ///< Call::then stands behind it
  };
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t epoch = lane.jobs.front().epoch;
    recorder::Call call = std::move(std::get<recorder::Call>(lane.jobs.front().what));
    lane.jobs.pop_front();
    if (!lane.tse) {
      answer(lane, epoch, recorder::Answered{call.id, no_device()}, milliseconds(0));
    } else if (call.expires < now) {
      answer(lane, epoch,
             recorder::Answered{call.id, unavailable("E-TSE-104", "the TSE was busy too long")},
             milliseconds(0));
    } else {
      // A device that joins calls need not.
      const bool joined = call.then && lane.tse->joins_calls() && below(2) == 0;
      asked.push_back({epoch, call.id, calls.size(), joined});
      calls.push_back(std::move(call.call));
      if (joined) calls.push_back(std::move(*call.then));
    }
  }
  if (calls.empty()) return;
  m_counts.device_calls += calls.size();
  const bool hangs = m_options.hang_per_mille > 0 && below(1000) < m_options.hang_per_mille;
  const bool reached = !hangs || below(2) == 0;
  (void)m_parts.clock->taken();
  Answers answers(calls.size());
  if (reached) lane.tse->perform(calls, answers);
  if (lost_power()) return;
  milliseconds duration = m_parts.clock->taken() + milliseconds(1 + below(300));
  if (hangs) duration += milliseconds(1000 + below(120'000));
  m_counts.hangs += hangs ? 1 : 0;
  const auto take = [&](std::size_t i) {
    auto& result = answers.results()[i];
    if (reached && !result)
      m_violations.push_back(fmt::format("the device {} left a call unanswered", serial));
    auto answer = hangs || !result ? Result<device::TseAnswer>(lost_answer()) : std::move(*result);
    if (m_options.lie_per_mille > 0 && below(1000) < m_options.lie_per_mille) lie(answer);
    return answer;
  };
  for (const Asked& one : asked) {
    recorder::Answered answered{one.id, take(one.call)};
    if (one.joined) {
      auto then = take(one.call + 1);
      if (answered.answer.ok()) answered.then = std::move(then);
    }
    answer(lane, one.epoch, std::move(answered), duration);
  }
  lane.busy_until = m_parts.clock->now().steady + duration;
}

/// A number of before is one from long before: of what is under way at the same time nobody can
/// tell.
void World::lie(Result<device::TseAnswer>& answer) {
  if (!answer || !answer->signature) return;
  ++m_counts.lies;
  switch (below(4)) {
    case 0:
      answer->signature.reset();
      break;
    case 1:
      answer->transaction = 0;
      break;
    case 2:
      if (answer->transaction > 10) answer->transaction = 1 + below(3);
      break;
    default:
      if (answer->signature->counter > 40) answer->signature->counter = 1 + below(10);
      break;
  }
}

/// A signature device does one thing at a time; whether its answer arrives is another matter.
void World::work_sign(DeviceLane& lane) {
  const std::uint64_t epoch = lane.jobs.front().epoch;
  const recorder::Sign sign = std::get<recorder::Sign>(lane.jobs.front().what);
  lane.jobs.pop_front();
  if (!lane.signer || sign.expires < m_parts.clock->now().steady) {
    answer(lane, epoch,
           recorder::Signed{sign.id, lane.signer ? unknown("E-SIG-102", "it was busy too long")
                                                 : runtime::no_signer()},
           milliseconds(0));
    return;
  }
  ++m_counts.device_calls;
  const bool hangs = m_options.hang_per_mille > 0 && below(1000) < m_options.hang_per_mille;
  (void)m_parts.clock->taken();
  Result<Bytes> signature = lane.signer->sign_digest(sign.digest);
  if (lost_power()) return;
  milliseconds duration = m_parts.clock->taken() + milliseconds(1 + below(300));
  if (hangs) duration += milliseconds(1000 + below(120'000));
  m_counts.hangs += hangs ? 1 : 0;
  // One that hung answers too, long after anybody waited.
  answer(lane, epoch, recorder::Signed{sign.id, std::move(signature)}, duration);
  lane.busy_until = m_parts.clock->now().steady + duration;
}

bool World::in_use(const std::string& device) const {
  const recorder::State& state = m_recorder->state();
  if (!state.signers.contains(device)) {
    const auto outage = state.outages.find(device);
    return outage == state.outages.end() || outage->second.mode == TseSwitch::Mode::on;
  }
  return std::any_of(state.registers.begin(), state.registers.end(), [&](const auto& reg) {
    const auto& signers = reg.second.info.signers;
    return std::find(signers.begin(), signers.end(), device) != signers.end();
  });
}

}  // namespace siegel::runtime::sim
