#include "app/shop/read_back.h"

#include <fmt/format.h>

#include <utility>

#include "model/codec.h"
#include "model/entries.h"

namespace siegel::app {
namespace {

/// A number of this receipt's two counters is a multiple of `every`.
bool is_chosen(const Seal& seal, std::uint64_t every) {
  return seal.signature_counter % every == 0 ||
         (seal.start_signature_counter != 0 && seal.start_signature_counter % every == 0);
}

/// What is wrong with the device's answer; empty: nothing.
std::string difference(const Seal& seal, const std::optional<device::TseTransaction>& found) {
  if (!found)
    return fmt::format("the TSE does not know transaction {}, whose signature {} it gave",
                       seal.transaction, seal.signature_counter);
  if (!found->finish)
    return fmt::format("the TSE has no end of transaction {}, whose signature {} it gave",
                       seal.transaction, seal.signature_counter);
  if (found->finish->counter != seal.signature_counter || found->finish->value != seal.signature)
    return fmt::format("the TSE has another signature of transaction {}: counter {}, not {}",
                       seal.transaction, found->finish->counter, seal.signature_counter);
  return {};
}

}  // namespace

ReadBack::ReadBack(Parts parts)
    : m_parts(std::move(parts)), m_position(m_parts.start), m_thread([this] { run(); }) {}

ReadBack::~ReadBack() { stop(); }

void ReadBack::stop() {
  {
    const Lock lock(m_mutex);
    m_stopped = true;
  }
  m_changed.notify_all();
  if (m_thread.joinable()) m_thread.join();
}

Status ReadBack::handle(std::span<const journal::Entry> entries) {
  for (const journal::Entry& entry : entries) {
    m_position = entry.sequence;
    if (entry.kind == entry_kind::profile) {
      SIEGEL_TRY(const Profile profile, profile_from_json(entry.payload));
      m_parts.every = profile.read_back_every;
    }
    if (m_parts.every <= 0) continue;
    if (entry.kind == entry_kind::plan) {
      if (m_clients.size() >= plans_max) m_clients.erase(m_clients.begin());
      m_clients[entry.sequence.get()] = entry.register_id;
      continue;
    }
    if (entry.kind != entry_kind::seal) continue;
    SIEGEL_TRY(Seal seal, seal_from_json(entry.payload));
    std::string client;
    if (const auto known = m_clients.find(seal.plan_sequence); known != m_clients.end()) {
      client = std::move(known->second);
      m_clients.erase(known);
    }
    if (seal.outcome != Seal::Outcome::signed_by_tse ||
        !is_chosen(seal, static_cast<std::uint64_t>(m_parts.every)))
      continue;
    if (client.empty()) {
      SIEGEL_TRY(client, m_parts.client_of(seal.plan_sequence));
    }
    const Lock lock(m_mutex);
    if (m_jobs.size() < waiting_max && !m_stopped)
      m_jobs.push_back({std::move(seal), std::move(client)});
    m_changed.notify_all();
  }
  return Ok{};
}

void ReadBack::run() {
  while (true) {
    Job job;
    {
      Lock lock(m_mutex);
      m_busy = false;
      m_changed.notify_all();
      while (m_jobs.empty() && !m_stopped) m_changed.wait(lock);
      if (m_jobs.empty()) return;
      job = std::move(m_jobs.front());
      m_jobs.pop_front();
      m_busy = true;
    }
    ask(job.seal, job.client);
  }
}

void ReadBack::ask(const Seal& seal, const std::string& client) {
  std::optional<device::TseTransaction> found;
  const Status asked = m_parts.on_device(seal.tse_serial, [&](device::Tse& tse) -> Status {
    SIEGEL_TRY(found, tse.find(client, seal.transaction));
    return Ok{};
  });
  if (!asked) return;  // a device that does not answer is found by the next sale
  std::string wrong = difference(seal, found);
  if (wrong.empty()) {
    const Lock lock(m_mutex);
    ++m_right;
    return;
  }
  TseChecked checked;
  checked.tse_serial = seal.tse_serial;
  checked.how = TseChecked::How::read_back;
  checked.findings = {{"E-ARC-113", std::move(wrong), seal.signature_counter}};
  checked.findings_total = 1;
  m_parts.report(std::move(checked));
}

std::uint64_t ReadBack::right() const {
  const Lock lock(m_mutex);
  return m_right;
}

void ReadBack::drain() {
  Lock lock(m_mutex);
  while (!m_jobs.empty() || m_busy) m_changed.wait(lock);
}

}  // namespace siegel::app
