#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/recorder.h"

// Receipts of signature devices [RKSV 9, 17]. Nothing is appended before a device has signed or all
// have failed: then plan and seal stand in one commit. A signature that was made and not recorded
// was seen by nobody, and nothing is chained to it; it is made again.

namespace siegel::recorder {
namespace {

// What a device gets even if those before it used up the wait (a machine that stood still).
constexpr std::chrono::milliseconds share_min{250};
constexpr std::size_t signature_bytes = 64;

bool contains(const std::vector<std::string>& list, const std::string& what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

}  // namespace

country::RksvFacts Recorder::rksv_facts(const RegisterState& reg) const {
  country::RksvFacts facts;
  if (!reg.rksv) return facts;
  facts.counter = reg.rksv->counter;
  facts.chaining = reg.rksv->chaining;
  facts.last_time = reg.rksv->last_time;
  facts.started = reg.rksv->start.has_value();
  facts.ended = reg.rksv->ended;
  if (m_keys == nullptr) return facts;
  const auto key = m_keys->find(reg.info.id.text());
  if (key != m_keys->end()) facts.aes_key = &key->second;
  return facts;
}

bool Recorder::signable(const std::vector<std::string>& signers) const {
  return std::any_of(signers.begin(), signers.end(),
                     [&](const std::string& id) { return !suspended(id); });
}

void Recorder::begin_signing(Lane& lane, Signing signing, std::string actor,
                             std::vector<RequestId> waiters, Now now, Effects& effects) {
  Flight flight;
  flight.work = std::move(signing);
  flight.actor = std::move(actor);
  flight.waiters = std::move(waiters);
  flight.durable = true;  // nothing has to be stored before the device is asked
  flight.deadline = now.steady + deadline_of(m_state.profile);
  lane.flight = std::move(flight);
  ask_next_signer(lane, now, effects);
}

/// One wait covers all devices of the list: each gets its part of what is left, so that one that
/// hangs does not use up the chance of the next.
void Recorder::ask_next_signer(Lane& lane, Now now, Effects& effects) {
  Flight& flight = *lane.flight;
  auto& signing = std::get<Signing>(flight.work);
  const std::string* next = nullptr;
  std::int64_t left_to_try = 0;
  for (const std::string& id : signing.signers) {
    if (suspended(id) || contains(signing.tried, id)) continue;
    if (next == nullptr) next = &id;
    ++left_to_try;
  }
  if (next == nullptr) {
    no_signer(lane, now, effects);
    return;
  }
  signing.tried.push_back(*next);
  // Its serial is among the signed bytes: another device signs another text.
  const bool same_text = SIEGEL_MUTANT("sign-with-wrong-serial-after-failover");
  const std::string& named = same_text ? signing.signers.front() : *next;
  const country::SignStep step =
      m_country.sign_step(signing.plan, m_state.signers.find(named)->second);
  const Steady left = std::max<Steady>(flight.deadline - now.steady, Steady(0));
  const Steady share = std::max<Steady>(left / left_to_try, share_min);
  flight.id = m_next_flight++;  // an earlier part's end is not this one's
  const CallId call(m_next_call++);
  note_call(call, lane, *next, now);
  add_deadline(lane, now.steady + share);
  effects.signs.push_back({call, *next, step.digest, now.steady + share});
}

void Recorder::on_signed(const Signed& answer, Now now, Effects& effects) {
  // After its part of the wait nobody waits for this signature, and another text may be signed
  // already.
  Lane* const waiting = note_answer(answer.call, answer.signature.ok(), now);
  if (waiting == nullptr) return;
  Lane& lane = *waiting;
  if (!answer.signature) {
    signer_failed(lane, answer.signature.error(), now, effects);
    return;
  }
  if (answer.signature->size() != signature_bytes) {
    signer_failed(lane,
                  unavailable("E-SIG-103", fmt::format("the signature device answered {} bytes",
                                                       answer.signature->size())),
                  now, effects);
    return;
  }
  const auto& signing = std::get<Signing>(lane.flight->work);
  const SignerInfo& signer = m_state.signers.find(signing.tried.back())->second;
  Batch batch(m_state.sequence, now.wall);
  record_signed(lane, country::Signed{&signer, *answer.signature}, batch, effects);
}

void Recorder::signer_failed(Lane& lane, const Error& error, Now now, Effects& effects) {
  auto& signing = std::get<Signing>(lane.flight->work);
  signing.error = error;
  lane.flight->call.reset();
  Batch batch(m_state.sequence, now.wall);
  open_breaker(signing.tried.back(), error, batch, now);
  if (!batch.empty()) append(batch, effects);
  ask_next_signer(lane, now, effects);
}

/// Every device of the list has failed, now or before.
void Recorder::no_signer(Lane& lane, Now now, Effects& effects) {
  auto& signing = std::get<Signing>(lane.flight->work);
  if (must_be_signed(signing.plan.rksv->kind)) {
    Flight flight = std::move(*lane.flight);
    lane.flight.reset();
    auto& given_up = std::get<Signing>(flight.work);
    if (given_up.closing) {
      reply_when_durable(
          given_up.closing_sequence, std::move(flight.waiters),
          {.sequence = given_up.closing_sequence, .closing = std::move(given_up.closing)}, effects);
    } else {
      const Error error =
          unavailable("E-RKS-301",
                      "this receipt counts only when it is signed, and no signature device of "
                      "the register works; nothing was recorded");
      for (const RequestId waiter : flight.waiters) effects.replies.push_back({waiter, error});
    }
    ready(lane);
    return;
  }
  // Fields 1 and 11 name the device that should have signed.
  const std::string& first = signing.signers.front();
  Batch batch(m_state.sequence, now.wall);
  if (!suspended(first))
    open_breaker(first, signing.error.value_or(unavailable("E-SIG-101", "it is not connected")),
                 batch, now);
  country::Outage outage = outage_of(first);
  outage.signer = &m_state.signers.find(first)->second;
  record_signed(lane, outage, batch, effects);
}

void Recorder::record_signed(Lane& lane, const country::Outcome& outcome, Batch& batch,
                             Effects& effects) {
  Flight flight = std::move(*lane.flight);
  lane.flight.reset();
  auto& signing = std::get<Signing>(flight.work);
  const std::uint64_t sequence =
      batch.add(entry_kind::plan, std::move(signing.json), lane.id, flight.actor, signing.key);
  m_state.apply_plan(sequence, signing.plan, signing.key);
  Seal seal = m_country.seal(sequence, signing.plan, outcome);
  batch.add(entry_kind::seal, to_json(seal), lane.id, flight.actor);
  m_state.apply_seal(seal);
  for (const Party& party : signing.parties) {
    const std::uint64_t at = batch.add(entry_kind::party, to_json(party), lane.id, flight.actor);
    m_state.apply_party(at, lane.id, party, {});
  }
  const std::uint64_t last = append(batch, effects);
  const bool closes = signing.closing.has_value();
  reply_when_durable(last, std::move(flight.waiters),
                     {.sequence = closes ? signing.closing_sequence : sequence,
                      .replayed = false,
                      .plan = std::move(signing.plan),
                      .seal = std::move(seal),
                      .started = {},
                      .closing = std::move(signing.closing)},
                     effects);
  ready(lane);
}

/// The device signed again: registers with receipts it should have signed make their Sammelbeleg
/// before anything else.
void Recorder::close_signer(const std::string& signer, Now now, Effects& effects) {
  Batch batch(m_state.sequence, now.wall);
  close_breaker(signer, batch, now);
  if (!batch.empty()) append(batch, effects);
  for (const auto& [id, reg] : m_state.registers)
    if (reg.rksv && contains(reg.info.signers, signer)) ready(lane_of(id));
}

}  // namespace siegel::recorder
