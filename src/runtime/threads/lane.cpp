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

Engine::DeviceLane::DeviceLane(device::Tse* tse, const Clock& clock, Inbox<Input>& answers)
    : m_tse(tse), m_clock(clock), m_answers(answers), m_thread([this] { run(); }) {}

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
  while (m_jobs.take(jobs)) {
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
}

void Engine::DeviceLane::perform(std::vector<Job*>& jobs) {
  const Steady now = m_clock.now().steady;
  std::vector<device::TseCall> calls;
  std::vector<Job*> asked;
  for (Job* job : jobs) {
    recorder::Call& call = std::get<recorder::Call>(job->what);
    if (m_tse == nullptr) {
      answer(job->epoch, recorder::Answered{call.id, no_device()});
    } else if (call.expires < now) {
      answer(job->epoch,
             recorder::Answered{call.id, unavailable("E-TSE-104", "the TSE was busy too long")});
    } else {
      calls.push_back(std::move(call.call));
      asked.push_back(job);
    }
  }
  jobs.clear();
  if (calls.empty()) return;

  class Answers final : public device::TseAnswers {
   public:
    Answers(DeviceLane& lane, const std::vector<Job*>& jobs) : m_lane(lane), m_jobs(jobs) {}
    void answered(std::size_t index, Result<device::TseAnswer> result) override {
      m_lane.m_answers.push(event(index, std::move(result)));
    }
    void answered_together(std::vector<device::TseIndexedAnswer> answers) override {
      std::vector<Input> inputs;
      inputs.reserve(answers.size());
      for (device::TseIndexedAnswer& one : answers)
        inputs.push_back(event(one.index, std::move(one.answer)));
      m_lane.m_answers.push_all(inputs);
    }

   private:
    FromRecorder event(std::size_t index, Result<device::TseAnswer> result) {
      const recorder::Call& call = std::get<recorder::Call>(m_jobs[index]->what);
      return {m_jobs[index]->epoch, recorder::Answered{call.id, std::move(result)}};
    }

    DeviceLane& m_lane;
    const std::vector<Job*>& m_jobs;
  };
  Answers answers(*this, asked);
  m_tse->perform(calls, answers);
}

void Engine::DeviceLane::probe(const Job& job, const recorder::Probe& question) {
  answer(job.epoch,
         recorder::Probed{question.tse_serial, runtime::probe(m_tse, m_clock.now().wall)});
}

void Engine::DeviceLane::reconcile(const Job& job, const recorder::Reconcile& question) {
  answer(job.epoch,
         recorder::Reconciled{question.tse_serial, clients_of(question), question.after_probe,
                              runtime::reconcile(m_tse, question)});
}

}  // namespace siegel::runtime
