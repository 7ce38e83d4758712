#include "runtime/threads/lane.h"

#include <algorithm>
#include <utility>

#include "runtime/questions.h"

namespace siegel::runtime {
namespace {

// Bounds how long the first call of a batch waits for the last on a device that answers all at
// once.
constexpr std::size_t calls_a_batch = 64;

}  // namespace

Engine::DeviceLane::DeviceLane(std::string serial, device::Tse* tse, const Options& options,
                               Inbox<Input>& answers)
    : m_serial(std::move(serial)),
      m_tse(tse),
      m_options(options),
      m_clock(*options.clock),
      m_answers(answers),
      m_thread([this] { run(); }) {}

Engine::DeviceLane::~DeviceLane() {
  m_jobs.stop();
  m_thread.join();
}

void Engine::DeviceLane::push(std::uint64_t epoch, std::span<recorder::Call> calls) {
  std::vector<Job> jobs;
  jobs.reserve(calls.size());
  for (recorder::Call& call : calls) jobs.push_back({epoch, std::move(call)});
  m_jobs.push_all(jobs);
}
void Engine::DeviceLane::push(std::uint64_t epoch, recorder::Probe probe) {
  m_jobs.push({epoch, std::move(probe)});
}
void Engine::DeviceLane::push(std::uint64_t epoch, recorder::Reconcile question) {
  m_jobs.push({epoch, std::move(question)});
}
void Engine::DeviceLane::push(std::function<void(device::Tse*)> work) {
  m_jobs.push({0, std::move(work)});
}

void Engine::DeviceLane::answer(std::uint64_t epoch, recorder::Event event) {
  m_answers.push(FromRecorder{epoch, std::move(event)});
}

void Engine::DeviceLane::run() {
  std::vector<Job> jobs;
  std::vector<Job*> calls;
  std::optional<std::chrono::nanoseconds> limit;
  if (m_tse != nullptr && m_options.tend) limit = m_options.tend_every;
  Steady last = m_clock.now().steady;
  while (m_jobs.take(jobs, limit)) {
    if (jobs.empty()) {
      const Now now = m_clock.now();
      m_options.tend(m_serial, *m_tse, now, now.steady - last);
      continue;
    }
    run(jobs, calls);
    last = m_clock.now().steady;
  }
}

void Engine::DeviceLane::run(std::vector<Job>& jobs, std::vector<Job*>& calls) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job& job = jobs[i];
    if (std::holds_alternative<recorder::Call>(job.what)) {
      calls.push_back(&job);
      const bool more = i + 1 < jobs.size() && calls.size() < calls_a_batch &&
                        std::holds_alternative<recorder::Call>(jobs[i + 1].what);
      if (!more) perform(calls);
    } else if (const auto* question = std::get_if<recorder::Probe>(&job.what)) {
      probe(job, *question);
    } else if (const auto* asked = std::get_if<recorder::Reconcile>(&job.what)) {
      reconcile(job, *asked);
    } else {
      std::get<std::function<void(device::Tse*)>>(job.what)(m_tse);
    }
  }
}

/// Turns the answers of a batch into events. The answers to a call and to what is joined to it
/// travel together.
class Engine::DeviceLane::Answers final : public device::TseAnswers {
 public:
  struct Asked {
    Job* job = nullptr;
    bool joined = false;  ///< this is Call::then; the call stands before it
  };
  Answers(DeviceLane& lane, const std::vector<Asked>& asked) : m_lane(lane), m_asked(asked) {}

  void answered(std::size_t index, Result<device::TseAnswer> result) override {
    if (auto one = event(index, std::move(result))) m_lane.m_answers.push(std::move(*one));
  }
  void answered_together(std::vector<device::TseIndexedAnswer> answers) override {
    std::vector<Input> inputs;
    inputs.reserve(answers.size());
    for (device::TseIndexedAnswer& one : answers)
      if (auto made = event(one.index, std::move(one.answer))) inputs.push_back(std::move(*made));
    m_lane.m_answers.push_all(inputs);
  }

 private:
  std::optional<FromRecorder> event(std::size_t index, Result<device::TseAnswer> result) {
    const Asked& asked = m_asked[index];
    const recorder::CallId id = std::get<recorder::Call>(asked.job->what).id;
    const bool starts = index + 1 < m_asked.size() && m_asked[index + 1].joined;
    if (starts && result.ok()) {
      m_started.emplace(index, std::move(result));
      return {};
    }
    if (!asked.joined)
      return FromRecorder{asked.job->epoch, recorder::Answered{id, std::move(result)}};
    const auto started = m_started.find(index - 1);
    if (started == m_started.end()) return {};  // its start failed: that was the answer
    return FromRecorder{asked.job->epoch,
                        recorder::Answered{id, std::move(started->second), std::move(result)}};
  }

  DeviceLane& m_lane;
  const std::vector<Asked>& m_asked;
  std::map<std::size_t, Result<device::TseAnswer>> m_started;
};

void Engine::DeviceLane::perform(std::vector<Job*>& jobs) {
  const Steady now = m_clock.now().steady;
  std::vector<device::TseCall> calls;
  std::vector<Answers::Asked> asked;
  for (Job* job : jobs) {
    recorder::Call& call = std::get<recorder::Call>(job->what);
    if (m_tse == nullptr) {
      answer(job->epoch, recorder::Answered{call.id, no_device()});
    } else if (call.expires < now) {
      answer(job->epoch,
             recorder::Answered{call.id, unavailable("E-TSE-104", "the TSE was busy too long")});
    } else {
      calls.push_back(std::move(call.call));
      asked.push_back({job, false});
      if (!call.then || !m_tse->joins_calls()) continue;
      calls.push_back(std::move(*call.then));
      asked.push_back({job, true});
    }
  }
  jobs.clear();
  if (calls.empty()) return;
  Answers answers(*this, asked);
  m_tse->perform(calls, answers);
}

void Engine::DeviceLane::probe(const Job& job, const recorder::Probe& question) {
  const Now now = m_clock.now();
  answer(job.epoch,
         recorder::Probed{question.tse_serial, m_tse != nullptr && m_options.probe
                                                   ? m_options.probe(m_serial, *m_tse, now)
                                                   : runtime::probe(m_tse, now.wall)});
}

void Engine::DeviceLane::reconcile(const Job& job, const recorder::Reconcile& question) {
  answer(job.epoch,
         recorder::Reconciled{question.tse_serial, clients_of(question), question.after_probe,
                              runtime::reconcile(m_tse, question)});
}

}  // namespace siegel::runtime
