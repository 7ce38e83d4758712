#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/mutant.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/recorder.h"

// Calls to devices and their answers: what they took, deadlines, and the questions asked after a
// crash or an outage. What follows when they fail: outage.cpp.

namespace siegel::recorder {
namespace {

using std::chrono::milliseconds;

// A device is not judged slow by its first answers.
constexpr std::uint64_t answers_to_judge = 16;

country::StepAnswer step_answer(std::uint64_t transaction, const device::TseSignature& signature) {
  return {transaction, signature.log_time, signature.counter, signature.value};
}

Error contradiction(std::string detail) { return unknown("E-TSE-141", std::move(detail)); }

/// The first element that fits, taken out of the list.
template <class Fits>
std::optional<device::TseTransaction> take_first(std::vector<device::TseTransaction>& list,
                                                 Fits fits) {
  const auto found = std::find_if(list.begin(), list.end(), fits);
  if (found == list.end()) return {};
  device::TseTransaction taken = std::move(*found);
  list.erase(found);
  return taken;
}

}  // namespace

// ---- what is measured ---------------------------------------------------------------------------

std::string_view word_of(DeviceLoad::Condition condition) {
  switch (condition) {
    case DeviceLoad::Condition::works:
      return "works";
    case DeviceLoad::Condition::disturbed:
      return "disturbed";
    case DeviceLoad::Condition::off:
      return "off";
    case DeviceLoad::Condition::emergency:
      return "emergency";
  }
  return {};
}

void DeviceGauge::answered(Steady took, bool done) {
  --m_queue;
  if (!done) {
    ++m_failures;
    return;
  }
  m_latency = m_answers == 0 ? took : m_latency + (took - m_latency) / 8;
  ++m_answers;
}

void Recorder::note_call(CallId id, Lane& lane, const std::string& device, Now now) {
  DeviceGauge& gauge = m_gauges[device];
  gauge.sent();
  ++lane.calls;
  lane.flight->call = id;
  if (const auto marks = m_state.marks.find(device); marks != m_state.marks.end())
    lane.flight->used = marks->second;
  m_calls[id.get()] = {&lane, &gauge, now.steady};
}

Recorder::Lane* Recorder::note_answer(CallId id, bool done, Now now) {
  const auto found = m_calls.find(id.get());
  if (found == m_calls.end()) return nullptr;
  const Asked asked = found->second;
  m_calls.erase(found);
  Lane& lane = *asked.lane;
  if (!lane.flight || (lane.flight->call != id && !SIEGEL_MUTANT("late-signature-used"))) {
    asked.gauge->dropped();
    return nullptr;
  }
  asked.gauge->answered(now.steady - asked.at, done);
  lane.flight->call.reset();
  return &lane;
}

DeviceLoad Recorder::load_of(const std::string& device, Now now) const {
  DeviceLoad load;
  load.device = device;
  if (const auto outage = m_state.outages.find(device); outage != m_state.outages.end()) {
    using Mode = TseSwitch::Mode;
    if (outage->second.mode == Mode::off)
      load.condition = DeviceLoad::Condition::off;
    else if (outage->second.mode == Mode::emergency)
      load.condition = DeviceLoad::Condition::emergency;
    else if (outage->second.open)
      load.condition = DeviceLoad::Condition::disturbed;
  }
  for (const auto& [id, reg] : m_state.registers) {
    const auto& signers = reg.info.signers;
    if (reg.info.tse_serial == device ||
        std::find(signers.begin(), signers.end(), device) != signers.end())
      load.registers.push_back(id);
  }
  const auto found = m_gauges.find(device);
  if (found == m_gauges.end()) return load;
  const DeviceGauge& gauge = found->second;
  load.queue = gauge.queue();
  load.latency = gauge.latency();
  load.answers = gauge.answers();
  load.failures = gauge.failures();
  for (const auto& [id, asked] : m_calls)
    if (asked.gauge == &gauge)
      load.oldest =
          std::max(load.oldest, std::chrono::duration_cast<milliseconds>(now.steady - asked.at));
  load.overloaded = m_state.profile.tse_load_limit_ms > 0 && load.answers >= answers_to_judge &&
                    load.latency > milliseconds(m_state.profile.tse_load_limit_ms);
  return load;
}

DeviceLoad::Relief Recorder::relief_of(const DeviceLoad& load) const {
  DeviceLoad::Relief relief;
  std::uint64_t calls = 0;
  for (const std::string& id : load.registers) {
    const auto lane = m_lanes.find(id);
    const std::uint64_t here = lane == m_lanes.end() ? 0 : lane->second.calls;
    if (relief.register_id.empty() || here > calls) {
      relief.register_id = id;
      calls = here;
    }
  }
  std::optional<milliseconds> lowest;
  for (const auto& [serial, info] : m_state.tses) {
    if (serial == load.device || suspended(serial)) continue;
    const auto gauge = m_gauges.find(serial);
    const milliseconds latency =
        gauge == m_gauges.end() ? milliseconds(0) : gauge->second.latency();
    if (lowest && *lowest <= latency) continue;
    lowest = latency;
    relief.to = serial;
  }
  return relief;
}

std::vector<DeviceLoad> Recorder::loads(Now now) const {
  std::vector<DeviceLoad> all;
  for (const auto& [serial, info] : m_state.tses) {
    DeviceLoad load = load_of(serial, now);
    if (load.overloaded) load.relief = relief_of(load);
    all.push_back(std::move(load));
  }
  for (const auto& [id, info] : m_state.signers) {
    DeviceLoad load = load_of(id, now);
    load.overloaded = false;  // a list of signature devices is its own relief
    all.push_back(std::move(load));
  }
  return all;
}

// ---- calls and deadlines ------------------------------------------------------------------------

void Recorder::call(Lane& lane, device::TseCall what, std::optional<device::TseCall> then, Now now,
                    Effects& effects) {
  const CallId id(m_next_call++);
  note_call(id, lane, lane.flight->tse_serial, now);
  effects.calls.push_back(
      {id, lane.flight->tse_serial, std::move(what), std::move(then), lane.flight->deadline});
}

void Recorder::set_deadline(Lane& lane, Now now) {
  lane.flight->deadline = now.steady + deadline_of(m_state.profile);
  add_deadline(lane, lane.flight->deadline);
}

void Recorder::add_deadline(Lane& lane, Steady at) {
  // Nearly always at the end: a profile may shorten the wait, and a signature device gets a part
  // of it.
  auto place = m_deadlines.end();
  while (place != m_deadlines.begin() && std::prev(place)->at > at) --place;
  m_deadlines.insert(place, {at, &lane, lane.flight->id});
}

void Recorder::arm(Effects& effects) {
  const auto over = [](const Deadline& d) {
    return !d.lane->flight || d.lane->flight->id != d.flight;
  };
  while (!m_deadlines.empty() && over(m_deadlines.front())) m_deadlines.pop_front();
  std::optional<Steady> next;
  if (!m_deadlines.empty()) next = m_deadlines.front().at;
  for (const auto& [serial, breaker] : m_breakers)
    if (breaker.probe_due && (!next || *breaker.probe_due < *next)) next = breaker.probe_due;
  // A wish that is too early only wakes for nothing; one that is too late must be moved.
  if (!next || (m_armed && *m_armed <= *next)) return;
  m_armed = next;
  effects.wake = Wake{*next};
}

void Recorder::on_woke(Now now, Effects& effects) {
  m_armed.reset();
  while (!m_deadlines.empty() && m_deadlines.front().at <= now.steady) {
    const Deadline due = m_deadlines.front();
    m_deadlines.pop_front();
    if (!due.lane->flight || due.lane->flight->id != due.flight) continue;
    if (!due.lane->flight->durable) {
      set_deadline(*due.lane, now);  // the journal is slow; the device has not been asked yet
      continue;
    }
    give_up(*due.lane, unknown("E-TSE-104", "the TSE did not answer in time"), now, effects);
  }
  for (auto& [serial, breaker] : m_breakers) {
    if (!breaker.probe_due || *breaker.probe_due > now.steady) continue;
    breaker.probe_due.reset();
    breaker.probing = true;
    effects.probes.push_back({serial, m_state.signers.contains(serial)});
  }
}

/// What a device says must fit what it was asked and what it said before: one that was swapped,
/// restored from a copy or lies gets no receipt signed.
Result<country::StepAnswer> Recorder::checked(const Lane& lane,
                                              const Result<device::TseAnswer>& answer) const {
  if (!answer) return answer.error();
  if (!answer->signature || answer->signature->value.empty())
    return unknown("E-TSE-140", "the TSE answered without a signature");
  const Flight& flight = *lane.flight;
  const auto* selling = std::get_if<Selling>(&flight.work);
  const bool started = selling != nullptr && selling->progress.start.has_value();
  const bool finishes = started || (selling != nullptr && selling->plan.transaction != 0);
  if (finishes) {
    const std::uint64_t number =
        started ? selling->progress.start->transaction : selling->plan.transaction;
    if (answer->transaction != number)
      return contradiction(fmt::format("the TSE finished transaction {} instead of {}",
                                       answer->transaction, number));
    if (started && answer->signature->counter <= selling->progress.start->counter)
      return contradiction(fmt::format("the TSE used signature counter {} after {}",
                                       answer->signature->counter,
                                       selling->progress.start->counter));
  } else if (answer->transaction <= flight.used.transaction &&
             !SIEGEL_MUTANT("believe-any-answer")) {
    return contradiction(fmt::format("the TSE gave transaction number {}, {} was used before",
                                     answer->transaction, flight.used.transaction));
  }
  if (answer->signature->counter <= flight.used.counter && !SIEGEL_MUTANT("believe-any-answer"))
    return contradiction(fmt::format("the TSE used signature counter {}, {} was used before",
                                     answer->signature->counter, flight.used.counter));
  return step_answer(answer->transaction, *answer->signature);
}

void Recorder::on_answered(const Answered& answered, Now now, Effects& effects) {
  const bool done = answered.answer.ok() && (!answered.then || answered.then->ok());
  // After its deadline nobody waits for this answer: the device is asked what it holds instead.
  Lane* const waiting = note_answer(answered.call, done, now);
  if (waiting == nullptr) return;
  Lane& lane = *waiting;
  const auto taken = checked(lane, answered.answer);
  if (!taken) {
    give_up(lane, taken.error(), now, effects);
    return;
  }
  const country::StepAnswer& answer = *taken;
  if (const auto* starting = std::get_if<Starting>(&lane.flight->work)) {
    Batch batch(m_state.sequence, now.wall);
    record_started(lane,
                   {.vorgang = starting->opened.vorgang,
                    .register_id = starting->opened.register_id,
                    .tse_serial = lane.flight->tse_serial,
                    .transaction = answer.transaction,
                    .log_time = answer.log_time,
                    .signature_counter = answer.counter,
                    .signature = answer.signature,
                    .error_code = {}},
                   batch, effects);
    return;
  }
  country::Progress& progress = std::get<Selling>(lane.flight->work).progress;
  (progress.start ? progress.finish : progress.start) = answer;
  if (answered.then) {
    const auto finished = checked(lane, *answered.then);
    if (!finished) {
      give_up(lane, finished.error(), now, effects);
      return;
    }
    progress.finish = *finished;
  }
  step(lane, now, effects);
}

// ---- what the device holds ----------------------------------------------------------------------

Reconcile::Ask Recorder::ask_for(const std::string& client, const std::string& tse_serial) const {
  Reconcile::Ask ask{.client = client, .after = 0, .numbers = {}};
  if (const auto reg = m_state.registers.find(client); reg != m_state.registers.end())
    if (const auto highest = reg->second.transactions.find(tse_serial);
        highest != reg->second.transactions.end())
      ask.after = highest->second;
  const auto also = [&](std::uint64_t number) {
    if (number != 0 && number <= ask.after) ask.numbers.push_back(number);
  };
  for (const auto& [sequence, lost] : m_state.lost)
    if (lost.client == client && lost.tse_serial == tse_serial) also(lost.transaction);
  for (const LeftOpen& left : m_state.left_open)
    if (left.client == client && left.tse_serial == tse_serial) also(left.transaction);
  for (const auto& [sequence, plan] : m_state.unsealed)
    if (plan.register_id.text() == client && plan.tse_serial == tse_serial) also(plan.transaction);
  return ask;
}

void Recorder::take_up(Lane& lane, Flight flight, Now now, Effects& effects) {
  flight.id = m_next_flight++;
  flight.asking = true;
  lane.flight = std::move(flight);
  const std::string& serial = lane.flight->tse_serial;
  if (serial.empty()) {
    lane.flight->asking = false;
    step(lane, now, effects);
    return;
  }
  if (suspended(serial)) {
    // Customers stand behind it: what the device may have done is asked for when it is back.
    const country::Outage outage = outage_of(serial);
    go_without(lane, unavailable(outage.code, outage.text), true, now, effects);
    return;
  }
  set_deadline(lane, now);
  if (SIEGEL_MUTANT("sign-again")) {
    lane.flight->asking = false;
    step(lane, now, effects);
    return;
  }
  effects.reconciles.push_back({.tse_serial = lane.flight->tse_serial,
                                .asks = {ask_for(lane.id, lane.flight->tse_serial)},
                                .after_probe = false});
}

void Recorder::on_reconciled(const Reconciled& reconciled, Now now, Effects& effects) {
  const std::string& serial = reconciled.tse_serial;
  const auto asked_about = [&](const Lane& lane) {
    return lane.flight && lane.flight->asking && lane.flight->tse_serial == serial &&
           std::find(reconciled.clients.begin(), reconciled.clients.end(), lane.id) !=
               reconciled.clients.end();
  };
  if (!reconciled.transactions) {
    for (auto& [id, lane] : m_lanes) {
      if (!asked_about(lane)) continue;
      Error error = reconciled.transactions.error();
      error.kind = ErrorKind::unknown;  // it may hold a transaction of this plan
      give_up(lane, error, now, effects);
    }
    if (reconciled.after_probe && m_breakers[serial].probing)
      probe_failed(serial, reconciled.transactions.error(), now, effects);
    return;
  }
  std::vector<device::TseTransaction> found = *reconciled.transactions;
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  // A number asked for twice is still one transaction.
  found.erase(std::unique(found.begin(), found.end(),
                          [](const auto& a, const auto& b) { return a.number == b.number; }),
              found.end());
  for (auto& [id, lane] : m_lanes)
    if (asked_about(lane)) match_flight(lane, found, now, effects);
  // One commit: an outage never ends while something is open on the device that no entry names.
  Batch batch(m_state.sequence, now.wall);
  match_lost(serial, found, batch);
  // What came after the question may have ended a transaction that the answer still calls open.
  Breaker& breaker = m_breakers[serial];
  const bool after_probe = reconciled.after_probe && breaker.probing;
  const bool stale = after_probe && breaker.asked != breaker.doubts;
  if (stale && !SIEGEL_MUTANT("end-outage-unasked")) {
    ask_after_probe(serial, effects);
  } else {
    plan_strays(serial, found, batch);
    if (after_probe) close_breaker(serial, batch, now);
  }
  if (batch.empty()) return;
  const std::uint64_t last = append(batch, effects);
  for (auto& [id, lane] : m_lanes)
    if (!lane.unfinished.empty())
      m_pending.push_back({.sequence = last, .call_device = &lane, .waiters = {}, .accepted = {}});
}

void Recorder::match_flight(Lane& lane, std::vector<device::TseTransaction>& found, Now now,
                            Effects& effects) {
  Flight& flight = *lane.flight;
  flight.asking = false;
  const auto is_open = [&](const device::TseTransaction& t) {
    return t.client == lane.id && !t.finish && !owned(flight.tse_serial, t);
  };
  if (const auto* starting = std::get_if<Starting>(&flight.work)) {
    const auto open = take_first(found, is_open);
    if (!open) {
      step(lane, now, effects);
      return;
    }
    Batch batch(m_state.sequence, now.wall);
    record_started(lane,
                   {.vorgang = starting->opened.vorgang,
                    .register_id = starting->opened.register_id,
                    .tse_serial = flight.tse_serial,
                    .transaction = open->number,
                    .log_time = open->start.log_time,
                    .signature_counter = open->start.counter,
                    .signature = open->start.value,
                    .error_code = {}},
                   batch, effects);
    return;
  }
  Selling& selling = std::get<Selling>(flight.work);
  const Plan& plan = selling.plan;
  const auto is_mine = [&](const device::TseTransaction& t) {
    if (t.client != lane.id) return false;
    // Two receipts may read alike: one that another plan names is not this one's.
    return plan.transaction != 0
               ? t.number == plan.transaction
               : !owned(flight.tse_serial, t) && !named_by_lost(flight.tse_serial, t);
  };
  auto mine = take_first(found, [&](const device::TseTransaction& t) {
    return is_mine(t) && t.finish && t.process_type == process_type_text(plan.process_type) &&
           t.process_data == plan.process_data;
  });
  if (!mine)
    mine =
        take_first(found, [&](const device::TseTransaction& t) { return is_mine(t) && !t.finish; });
  if (mine) {
    selling.progress.start = step_answer(mine->number, mine->start);
    if (mine->finish) selling.progress.finish = step_answer(mine->number, *mine->finish);
  } else if (plan.transaction != 0) {
    // Not even its start is there, or it was finished as something else.
    give_up(
        lane,
        conflict("E-TSE-305", fmt::format("the TSE does not hold transaction {} of this receipt",
                                          plan.transaction)),
        now, effects);
    return;
  }
  step(lane, now, effects);
}

void Recorder::match_lost(const std::string& tse_serial, std::vector<device::TseTransaction>& found,
                          Batch& batch) {
  if (SIEGEL_MUTANT("late-signature-dropped")) return;
  std::vector<LateSignature> late;
  const auto match = [&](std::uint64_t sequence, const LostPlan& lost) {
    const auto same = take_first(found, [&](const device::TseTransaction& t) {
      return t.client == lost.client && t.finish &&
             (lost.transaction != 0 ? t.number == lost.transaction
                                    : !owned(tse_serial, t) && !named_by_lost(tse_serial, t)) &&
             t.process_type == lost.process_type && t.process_data == lost.process_data;
    });
    if (!same) return;
    late.push_back({.plan_sequence = sequence,
                    .tse_serial = tse_serial,
                    .transaction = same->number,
                    .start = same->start.log_time,
                    .start_signature_counter = same->start.counter,
                    .start_signature = same->start.value,
                    .end = same->finish->log_time,
                    .signature_counter = same->finish->counter,
                    .signature = same->finish->value});
    batch.add(entry_kind::late_signature, to_json(late.back()), lost.client, actor_system);
  };
  // Who knows the number first: two receipts may read alike.
  for (const bool numbered : {true, false})
    for (const auto& [sequence, lost] : m_state.lost)
      if (lost.tse_serial == tse_serial && (lost.transaction != 0) == numbered)
        match(sequence, lost);
  for (const LateSignature& one : late) m_state.apply_late_signature(one);
}

bool Recorder::owned(const std::string& tse_serial,
                     const device::TseTransaction& transaction) const {
  const std::string& client = transaction.client;
  for (const auto& [key, vorgang] : m_state.vorgaenge)
    if (const auto& started = vorgang.started; started && started->tse_serial == tse_serial &&
                                               started->transaction == transaction.number &&
                                               started->register_id.text() == client)
      return true;
  for (const auto& [sequence, plan] : m_state.unsealed)
    if (plan.tse_serial == tse_serial && plan.transaction == transaction.number &&
        plan.register_id.text() == client)
      return true;
  const auto lane = m_lanes.find(client);
  if (lane == m_lanes.end() || !lane->second.flight) return false;
  const Flight& flight = *lane->second.flight;
  const auto* selling = std::get_if<Selling>(&flight.work);
  return flight.tse_serial == tse_serial && selling != nullptr && selling->progress.start &&
         selling->progress.start->transaction == transaction.number;
}

bool Recorder::named_by_lost(const std::string& tse_serial,
                             const device::TseTransaction& transaction) const {
  return std::any_of(m_state.lost.begin(), m_state.lost.end(), [&](const auto& item) {
    return item.second.transaction == transaction.number && item.second.tse_serial == tse_serial &&
           item.second.client == transaction.client;
  });
}

std::optional<Plan> Recorder::stray_plan(const std::string& tse_serial,
                                         const device::TseTransaction& transaction,
                                         Instant now) const {
  const auto reg = m_state.registers.find(transaction.client);
  const auto tse = m_state.tses.find(tse_serial);
  if (reg == m_state.registers.end() || tse == m_state.tses.end() || !m_state.business) return {};
  const Business& business = m_state.business_of(reg->second);
  const auto stamp = LocalStamp::from(now, business.time_zone);
  SIEGEL_CHECK(stamp.ok());  // looked at when the master data were set
  RegisterInfo info = reg->second.info;
  info.tse_serial = tse_serial;
  ReceiptDraft draft;
  draft.kind = ReceiptKind::abort;
  draft.reason = fmt::format("TSE transaction {} was left open by an outage", transaction.number);
  const country::Facts facts{
      .now = *stamp,
      .business = business,
      .business_sequence = reg->second.business_sequence,
      .register_info = info,
      .tse = &tse->second,
      .profile = m_state.profile,
      .next_number = reg->second.next_number,
      .vorgang = VorgangId(fmt::format("tse-{}", transaction.number)),
      .began = *stamp,
      .transaction = transaction.number,
  };
  auto plan = m_country.decide(draft, facts);
  SIEGEL_CHECK(plan.ok());  // an abort without lines is always allowed
  return std::move(plan).value();
}

void Recorder::plan_strays(const std::string& tse_serial,
                           const std::vector<device::TseTransaction>& found, Batch& batch) {
  if (SIEGEL_MUTANT("keep-stray")) return;
  for (const device::TseTransaction& transaction : found)
    if (!transaction.finish && !owned(tse_serial, transaction))
      plan_stray(tse_serial, transaction, batch);
}

void Recorder::plan_stray(const std::string& tse_serial, const device::TseTransaction& transaction,
                          Batch& batch) {
  auto plan = stray_plan(tse_serial, transaction, batch.at());
  if (!plan) return;
  const std::uint64_t sequence =
      batch.add(entry_kind::plan, to_json(*plan), transaction.client, actor_system);
  m_state.apply_plan(sequence, *plan, {});
  Flight flight;
  flight.tse_serial = tse_serial;
  flight.actor = actor_system;
  flight.durable = true;  // it is taken up only then
  flight.stray = true;
  flight.work =
      Selling{sequence,
              std::move(*plan),
              {.start = step_answer(transaction.number, transaction.start), .finish = {}}};
  lane_of(transaction.client).unfinished.push_back(std::move(flight));
}

/// The receipt of this Vorgang is signed by another device than the one it began on, which had
/// failed: what that one holds open is ended as soon as it can be.
void Recorder::leave_open(const VorgangStarted& started, Batch& batch) {
  if (suspended(started.tse_serial)) {
    ++m_breakers[started.tse_serial].doubts;  // a question under way did not ask for it
    return;
  }
  plan_stray(started.tse_serial,
             {.number = started.transaction,
              .client = started.register_id.text(),
              .start = {started.log_time, started.signature_counter, started.signature},
              .finish = {},
              .process_type = {},
              .process_data = {}},
             batch);
}

}  // namespace siegel::recorder
