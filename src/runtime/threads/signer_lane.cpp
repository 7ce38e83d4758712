#include "runtime/threads/signer_lane.h"

#include <mutex>
#include <utility>

#include "runtime/questions.h"

namespace siegel::runtime {

Engine::SignerLane::SignerLane(device::CheckedSigner* signer, const Clock& clock,
                               Inbox<Input>& answers)
    : m_signer(signer), m_clock(clock), m_answers(answers), m_thread([this] { run(); }) {}

Engine::SignerLane::~SignerLane() {
  m_jobs.stop();
  m_thread.join();
}

void Engine::SignerLane::push(std::uint64_t epoch, std::span<const recorder::Sign> signs) {
  std::vector<Job> jobs;
  jobs.reserve(signs.size());
  for (const recorder::Sign& sign : signs) jobs.push_back({epoch, sign});
  m_jobs.push_all(jobs);
}
void Engine::SignerLane::push(std::uint64_t epoch, const recorder::Probe& probe) {
  m_jobs.push({epoch, probe});
}
void Engine::SignerLane::push(std::function<void(device::CheckedSigner*)> work) {
  m_jobs.push({0, std::move(work)});
}

void Engine::SignerLane::run() {
  std::vector<Job> jobs;
  while (m_jobs.take(jobs)) {
    for (Job& job : jobs) {
      const Lock lock(m_calling);
      perform(job);
    }
  }
}

std::optional<Result<Bytes>> Engine::SignerLane::sign_here(const recorder::Sign& wanted) {
  const std::unique_lock<std::mutex> lock(m_calling.native(), std::try_to_lock);
  if (!lock.owns_lock()) return {};
  return sign(wanted);
}

void Engine::SignerLane::perform(Job& job) {
  // Each answer leaves at once: the next call may be the one that does not return.
  if (const auto* wanted = std::get_if<recorder::Sign>(&job.what)) {
    m_answers.push(FromRecorder{job.epoch, recorder::Signed{wanted->id, sign(*wanted)}});
  } else if (const auto* question = std::get_if<recorder::Probe>(&job.what)) {
    m_answers.push(
        FromRecorder{job.epoch, recorder::Probed{question->tse_serial, runtime::probe(m_signer)}});
  } else {
    std::get<std::function<void(device::CheckedSigner*)>>(job.what)(m_signer);
  }
}

Result<Bytes> Engine::SignerLane::sign(const recorder::Sign& wanted) {
  if (m_signer == nullptr) return no_signer();
  if (wanted.expires < m_clock.now().steady)
    return unknown("E-SIG-102", "the signature device was busy too long");
  return m_signer->sign_digest(wanted.digest);
}

}  // namespace siegel::runtime
