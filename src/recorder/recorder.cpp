#include "recorder/recorder.h"

#include <utility>

#include "base/mutant.h"
#include "recorder/batch.h"

namespace siegel::recorder {

void Effects::clear() {
  appends.clear();
  calls.clear();
  signs.clear();
  probes.clear();
  reconciles.clear();
  replies.clear();
  wake.reset();
}

Recorder::Recorder(const country::Country& country, State state, const Keys* keys)
    : m_country(country), m_state(std::move(state)), m_keys(keys), m_durable(m_state.sequence) {}

void Recorder::resume(Now now, Effects& effects) {
  bring_into_force_at_start(now, effects);
  for (const auto& [sequence, plan] : m_state.unsealed) {
    Flight flight;
    flight.work = Selling{sequence, plan, {}};
    flight.tse_serial = plan.tse_serial;
    flight.actor = actor_system;
    flight.durable = true;
    lane_of(plan.register_id.text()).unfinished.push_back(std::move(flight));
  }
  for (const auto& [key, vorgang] : m_state.vorgaenge) {
    if (vorgang.started) continue;
    const std::string& id = vorgang.opened.register_id.text();
    Flight flight;
    flight.work = Starting{m_state.sequence, vorgang.opened};
    const auto reg = m_state.registers.find(id);
    flight.tse_serial = vorgang.opened.tse_serial;
    if (flight.tse_serial.empty() && reg != m_state.registers.end())
      flight.tse_serial = reg->second.info.tse_serial;
    flight.actor = actor_system;
    flight.durable = true;
    lane_of(id).unfinished.push_back(std::move(flight));
  }
  for (const auto& [serial, outage] : m_state.outages) {
    // A printer or a whole till is asked nothing: whoever told of it tells of its end.
    if (!outage.open || (!m_state.tses.contains(serial) && !m_state.signers.contains(serial)))
      continue;
    Breaker& breaker = m_breakers[serial];
    breaker.open = true;
    if (outage.mode != TseSwitch::Mode::on) continue;
    breaker.probing = true;
    effects.probes.push_back({serial, m_state.signers.contains(serial)});
  }
  // A Sammelbeleg, or what a closing demanded, is taken up too.
  for (const auto& [id, reg] : m_state.registers)
    if (reg.closing || (reg.rksv && (reg.rksv->run || reg.rksv->month_ends))) lane_of(id);
  for (auto& [id, lane] : m_lanes) ready(lane);
  run_ready(now, effects);
  arm(effects);
}

void Recorder::on(Event event, Now now, Effects& effects) {
  struct Visitor {
    Recorder& recorder;
    Now now;
    Effects& effects;
    void operator()(Command& e) { recorder.on_command(std::move(e), now, effects); }
    void operator()(const Appended& e) { recorder.on_appended(e, now, effects); }
    void operator()(const Signed& e) { recorder.on_signed(e, now, effects); }
    void operator()(const Answered& e) { recorder.on_answered(e, now, effects); }
    void operator()(const Probed& e) { recorder.on_probed(e, now, effects); }
    void operator()(const Reconciled& e) { recorder.on_reconciled(e, now, effects); }
    void operator()(const Woke&) { recorder.on_woke(now, effects); }
    void operator()(const Indexed& e) { recorder.m_state.indexed(e.position); }
  };
  std::visit(Visitor{*this, now, effects}, event);
  run_ready(now, effects);
  arm(effects);
}

bool Recorder::idle() const {
  if (!m_pending.empty()) return false;
  for (const auto& [id, lane] : m_lanes)
    if (lane.flight || !lane.waiting.empty() || may_take_up(lane)) return false;
  for (const auto& [serial, breaker] : m_breakers)
    if (breaker.probing) return false;
  return true;
}

bool Recorder::suspended(const std::string& device) const {
  const auto found = m_breakers.find(device);
  return found != m_breakers.end() && found->second.open;
}

Recorder::Lane& Recorder::lane_of(const std::string& register_id) {
  Lane& lane = m_lanes[register_id];
  if (lane.id.empty()) lane.id = register_id;
  return lane;
}

std::uint64_t Recorder::append(Batch& batch, Effects& effects) {
  Append out{m_state.sequence + 1, batch.take()};
  SIEGEL_CHECK(!out.drafts.empty());
  m_state.sequence += out.drafts.size();
  effects.appends.push_back(std::move(out));
  return m_state.sequence;
}

void Recorder::reply_when_durable(std::uint64_t sequence, std::vector<RequestId> waiters,
                                  Accepted accepted, Effects& effects) {
  if (waiters.empty()) return;
  if (sequence <= m_durable || SIEGEL_MUTANT("answer-before-flush")) {
    for (const RequestId waiter : waiters) effects.replies.push_back({waiter, accepted});
    return;
  }
  m_pending.push_back(
      {.sequence = sequence, .waiters = std::move(waiters), .accepted = std::move(accepted)});
}

void Recorder::on_appended(const Appended& appended, Now now, Effects& effects) {
  m_durable = appended.sequence;
  while (!m_pending.empty() && m_pending.front().sequence <= m_durable) {
    Pending pending = std::move(m_pending.front());
    m_pending.pop_front();
    for (const RequestId waiter : pending.waiters)
      effects.replies.push_back({waiter, pending.accepted});
    Lane* lane = pending.call_device;
    if (lane == nullptr) continue;
    ready(*lane);
    if (!lane->flight || lane->flight->id != pending.flight) continue;
    lane->flight->durable = true;
    step(*lane, now, effects);
  }
}

}  // namespace siegel::recorder
