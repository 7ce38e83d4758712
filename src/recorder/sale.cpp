#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/checks.h"
#include "recorder/recorder.h"

// From a command to a seal. Every step that can be refused is refused before anything is appended.

namespace siegel::recorder {
namespace {

const RegisterId* register_of(const Command& command) {
  struct Visitor {
    const RegisterId* operator()(const Sell& body) { return &body.register_id; }
    const RegisterId* operator()(const Open& body) { return &body.register_id; }
    const RegisterId* operator()(const Update& body) { return &body.register_id; }
    const RegisterId* operator()(const Close& body) { return &body.register_id; }
    const RegisterId* operator()(const TableAct& body) { return &body.register_id; }
    // A register is not changed in the middle of a receipt.
    const RegisterId* operator()(const Master& body) {
      const auto* info = std::get_if<RegisterInfo>(&body.value);
      return info == nullptr ? nullptr : &info->id;
    }
  };
  return std::visit(Visitor{}, command.body);
}

Error too_large(std::size_t bytes) {
  return invalid("E-SAL-544",
                 fmt::format("the receipt takes {} bytes, {} are allowed: use fewer lines or "
                             "shorter texts",
                             bytes, journal::payload_bytes_max),
                 "/lines");
}

Status check_actor(const std::string& actor) {
  if (actor.empty() || actor.size() > journal::name_bytes_max || !valid_utf8(actor))
    return invalid("E-API-606",
                   fmt::format("who acts is named with 1 to {} bytes", journal::name_bytes_max),
                   "/actor");
  return Ok{};
}

}  // namespace

Status check_key(const std::string& key) {
  const bool printable = std::all_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
  if (key.empty() || key.size() > 200 || !printable || !valid_utf8(key))
    return invalid("E-API-604", "a key has 1 to 200 printable characters", "/key");
  return Ok{};
}

Error key_reused(const std::string& key) {
  return conflict("E-API-601",
                  fmt::format("key \"{}\" was used with another request; nothing was booked", key),
                  "/key");
}

Result<LocalStamp> local(Now now, const Business& business) {
  return LocalStamp::from(now.wall, business.time_zone);
}

void Recorder::on_command(Command command, Now now, Effects& effects) {
  if (const auto named = check_actor(command.actor); !named) {
    effects.replies.push_back({command.request, named.error()});
    return;
  }
  const RegisterId* id = register_of(command);
  if (id == nullptr ||
      (std::holds_alternative<Master>(command.body) && !m_state.registers.contains(id->text()))) {
    const auto done = set_master(command, std::get<Master>(command.body), now, effects);
    if (!done) effects.replies.push_back({command.request, done.error()});
    return;
  }
  const auto known = ready_register(*id);
  if (!known && !std::holds_alternative<Master>(command.body)) {
    effects.replies.push_back({command.request, known.error()});
    return;
  }
  Lane& lane = lane_of(id->text());
  if (lane.waiting.size() >= waiting_max) {
    effects.replies.push_back(
        {command.request,
         unavailable("E-API-602", fmt::format("{} requests wait for register {} already; repeat "
                                              "this one with the same key",
                                              waiting_max, id->text()))});
    return;
  }
  lane.waiting.push_back(std::move(command));
  ready(lane);
}

void Recorder::run_ready(Now now, Effects& effects) {
  while (!m_ready.empty()) {
    Lane& lane = *m_ready.front();
    m_ready.pop_front();
    while (!lane.flight) {
      if (may_take_up(lane)) {
        Flight flight = std::move(lane.unfinished.front());
        lane.unfinished.pop_front();
        take_up(lane, std::move(flight), now, effects);
      } else if (continue_closing(lane, now, effects) || begin_due(lane, now, effects)) {
        continue;
      } else if (!lane.waiting.empty()) {
        const Command command = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        begin(lane, command, now, effects);
      } else {
        break;
      }
    }
  }
}

bool Recorder::may_take_up(const Lane& lane) const {
  if (lane.unfinished.empty()) return false;
  const Flight& next = lane.unfinished.front();
  if (!next.stray) return true;
  return std::get<Selling>(next.work).sequence <= m_durable && !suspended(next.tse_serial);
}

void Recorder::begin(Lane& lane, const Command& command, Now now, Effects& effects) {
  Result<Ok> begun = Ok{};
  if (const auto* sell = std::get_if<Sell>(&command.body))
    begun = begin_sale(lane, command, *sell, now, effects);
  else if (const auto* open = std::get_if<Open>(&command.body))
    begun = begin_open(lane, command, *open, now, effects);
  else if (const auto* update = std::get_if<Update>(&command.body))
    begun = begin_update(command, *update, now, effects);
  else if (const auto* close = std::get_if<Close>(&command.body))
    begun = begin_close(lane, command, *close, now, effects);
  else if (const auto* act = std::get_if<TableAct>(&command.body))
    begun = begin_table(lane, command, *act, now, effects);
  else
    begun = set_master(command, std::get<Master>(command.body), now, effects);
  if (!begun) effects.replies.push_back({command.request, begun.error()});
}

Result<const RegisterState*> Recorder::ready_register(const RegisterId& id) const {
  const auto found = m_state.registers.find(id.text());
  if (found == m_state.registers.end())
    return not_found("E-REG-104", fmt::format("register {} is not known", id.text()), "/register");
  if (!m_state.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  const RegisterInfo& info = found->second.info;
  if (info.tse_serial.empty() && info.signers.empty() && info.no_tse == NoTse::no)
    return conflict("E-REG-105", fmt::format("register {} has no TSE yet", id.text()), "/register");
  return &found->second;
}

Result<Ok> Recorder::begin_sale(Lane& lane, const Command& command, const Sell& sell, Now now,
                                Effects& effects) {
  SIEGEL_TRY_OK(check_key(sell.key));
  const KnownKey* known = m_state.find_key(sell.register_id, sell.key);
  if (known == nullptr && sell.lookup.key) known = &*sell.lookup.key;
  if (known != nullptr) {
    if (known->fingerprint != sell.fingerprint && !SIEGEL_MUTANT("ignore-body"))
      return key_reused(sell.key);
    reply_when_durable(m_state.sequence, {command.request},
                       {.sequence = known->sequence, .replayed = true}, effects);
    return Ok{};
  }
  if (sell.lookup.position < m_state.forgotten_up_to)
    return unavailable("E-API-603", "the look-up is older than what is in memory; repeat it");

  SIEGEL_TRY(const RegisterState* reg, ready_register(sell.register_id));
  const VorgangId vorgang(sell.key);
  const auto open = m_state.vorgaenge.find(scoped(lane.id, sell.key));
  const bool is_open = open != m_state.vorgaenge.end();
  if (sell.flow == Sell::Flow::finish && !is_open)
    return not_found("E-SAL-540", fmt::format("no open Vorgang \"{}\" at this register", sell.key),
                     "/vorgang");
  if (sell.flow == Sell::Flow::implicit && is_open)
    return conflict("E-SAL-542",
                    fmt::format("Vorgang \"{}\" is open: finish or abort it", sell.key),
                    "/vorgang");

  SIEGEL_TRY(const LocalStamp stamp, local(now, m_state.business_of(*reg)));
  SIEGEL_TRY(Prepared prepared, prepare(lane, *reg, sell.draft, vorgang, sell.lookup, stamp));
  const journal::Key key{sell.key, sell.fingerprint};
  if (prepared.plan.rksv) {
    begin_signing(lane,
                  {.plan = std::move(prepared.plan),
                   .json = std::move(prepared.json),
                   .key = key,
                   .signers = reg->info.signers,
                   .tried = {},
                   .closing = {},
                   .error = {}},
                  command.actor, {command.request}, now, effects);
    return Ok{};
  }
  record_plan(lane, std::move(prepared.plan), std::move(prepared.json),
              std::move(prepared.progress), key, command.actor, {command.request}, now, effects);
  return Ok{};
}

Result<Recorder::Prepared> Recorder::prepare(const Lane& lane, const RegisterState& reg,
                                             const ReceiptDraft& draft, VorgangId vorgang,
                                             const Lookup& lookup, const LocalStamp& stamp) const {
  const auto open = m_state.vorgaenge.find(scoped(lane.id, vorgang.get()));
  const bool is_open = open != m_state.vorgaenge.end();
  country::Progress progress;
  RegisterInfo info = reg.info;
  info.tse_serial = tse_for(reg.info);
  if (is_open && open->second.started && open->second.started->transaction != 0) {
    const VorgangStarted& started = *open->second.started;
    // It ends on the device it began on, whatever the register signs on now; only if that one has
    // failed and another one works it is signed there, as a transaction of its own.
    if (!suspended(started.tse_serial) || suspended(info.tse_serial)) {
      progress.start = {started.transaction, started.log_time, started.signature_counter,
                        started.signature};
      info.tse_serial = started.tse_serial;
    }
  }
  const Business& business = m_state.business_of(reg);
  const auto tse = m_state.tses.find(info.tse_serial);
  const country::RksvFacts rksv = rksv_facts(reg);
  const bool reversed = lookup.original_reversed || m_state.reversals.contains(draft.reverses);
  const country::Facts facts{
      .now = stamp,
      .business = business,
      .business_sequence = reg.business_sequence,
      .register_info = info,
      .tse = tse == m_state.tses.end() ? nullptr : &tse->second,
      .profile = m_state.profile,
      .next_number = reg.next_number,
      .vorgang = std::move(vorgang),
      .began = is_open ? open->second.opened.began : stamp,
      .transaction = progress.start ? progress.start->transaction : 0,
      .original = lookup.original ? &*lookup.original : nullptr,
      .original_reversed = reversed,
      .rksv = &rksv,
      .next_stock_number = reg.next_stock_number,
  };
  SIEGEL_TRY(Plan plan, m_country.decide(draft, facts));
  const std::string& own = reg.info.tse_serial;
  if (!plan.tse_serial.empty() && plan.tse_serial != own && suspended(own))
    plan.disturbed_tse = own;
  std::string json = to_json(plan);
  if (json.size() > journal::payload_bytes_max) return too_large(json.size());
  return Prepared{std::move(plan), std::move(json), std::move(progress)};
}

void Recorder::record_plan(Lane& lane, Plan plan, std::string json, country::Progress progress,
                           const std::optional<journal::Key>& key, std::string actor,
                           std::vector<RequestId> waiters, Now now, Effects& effects) {
  Batch batch(m_state.sequence, now.wall);
  record_plan_in(batch, lane, std::move(plan), std::move(json), std::move(progress), key,
                 std::move(actor), std::move(waiters), now, effects);
}

void Recorder::record_plan_in(Batch& batch, Lane& lane, Plan plan, std::string json,
                              country::Progress progress, const std::optional<journal::Key>& key,
                              std::string actor, std::vector<RequestId> waiters, Now now,
                              Effects& effects) {
  const std::uint64_t sequence = batch.add(entry_kind::plan, std::move(json), lane.id, actor, key);
  m_state.apply_plan(sequence, plan, key);

  Flight flight;
  flight.tse_serial = plan.tse_serial;
  flight.work = Selling{sequence, std::move(plan), std::move(progress)};
  flight.actor = std::move(actor);
  flight.waiters = std::move(waiters);
  flight.id = m_next_flight++;
  lane.flight = std::move(flight);
  if (m_state.registers.find(lane.id)->second.rksv || lane.flight->tse_serial.empty()) {
    // Nothing a device must sign (Austria: money put into the drawer, say; Germany: a till that
    // needs no TSE): one append.
    seal(lane, country::Done{}, false, batch, effects);
    return;
  }
  if (suspended(lane.flight->tse_serial)) {
    // Later customers do not wait at all: plan and seal in one append, the device is not asked.
    // One that holds this Vorgang's transaction open has to be told later.
    const bool left_open = std::get<Selling>(lane.flight->work).progress.start.has_value();
    if (left_open) ++m_breakers[lane.flight->tse_serial].doubts;
    seal(lane, outage_of(lane.flight->tse_serial), left_open, batch, effects);
    return;
  }
  set_deadline(lane, now);
  const std::uint64_t last = append(batch, effects);
  m_pending.push_back({.sequence = last,
                       .call_device = &lane,
                       .flight = lane.flight->id,
                       .waiters = {},
                       .accepted = {}});
}

void Recorder::step(Lane& lane, Now now, Effects& effects) {
  Flight& flight = *lane.flight;
  if (std::holds_alternative<Starting>(flight.work)) {
    call(lane, {.operation = device::TseCall::Operation::start, .client = lane.id}, {}, now,
         effects);
    return;
  }
  const Selling& selling = std::get<Selling>(flight.work);
  const country::Next next = m_country.next(selling.plan, selling.progress);
  if (const auto* wanted = std::get_if<country::TseStep>(&next)) {
    std::optional<device::TseCall> then;
    if (wanted->operation == country::TseStep::Operation::start) then = finish_after_start(lane);
    call(lane, call_of(lane, *wanted), std::move(then), now, effects);
    return;
  }
  Batch batch(m_state.sequence, now.wall);
  const country::Outcome outcome = selling.plan.tse_serial.empty()
                                       ? country::Outcome(country::Done{})
                                       : country::Outcome(selling.progress);
  seal(lane, outcome, false, batch, effects);
}

device::TseCall Recorder::call_of(const Lane& lane, const country::TseStep& step) const {
  const bool start = step.operation == country::TseStep::Operation::start;
  return {
      .operation = start ? device::TseCall::Operation::start : device::TseCall::Operation::finish,
      .client = lane.id,
      .transaction = step.transaction,
      .process_type = step.process_type,
      .process_data = step.process_data};
}

std::optional<device::TseCall> Recorder::finish_after_start(const Lane& lane) const {
  const Selling& selling = std::get<Selling>(lane.flight->work);
  country::Progress started = selling.progress;
  started.start.emplace();
  const country::Next next = m_country.next(selling.plan, started);
  const auto* finish = std::get_if<country::TseStep>(&next);
  if (finish == nullptr || finish->operation != country::TseStep::Operation::finish) return {};
  device::TseCall call = call_of(lane, *finish);
  call.of_previous = true;
  return call;
}

void Recorder::seal(Lane& lane, const country::Outcome& outcome, bool asked, Batch& batch,
                    Effects& effects) {
  Flight flight = std::move(*lane.flight);
  lane.flight.reset();
  auto& selling = std::get<Selling>(flight.work);
  Seal seal = m_country.seal(selling.sequence, selling.plan, outcome);
  seal.asked = asked;
  batch.add(entry_kind::seal, to_json(seal), lane.id, flight.actor);
  // Of a Vorgang that ends as a transaction of another device.
  std::optional<VorgangStarted> elsewhere;
  const auto vorgang = m_state.vorgaenge.find(scoped(lane.id, selling.plan.vorgang.get()));
  if (vorgang != m_state.vorgaenge.end() && selling.plan.transaction == 0 &&
      vorgang->second.started && vorgang->second.started->transaction != 0)
    elsewhere = vorgang->second.started;
  m_state.apply_seal(seal);
  if (elsewhere) leave_open(*elsewhere, batch);
  const auto& closing = m_state.registers.find(lane.id)->second.closing;
  if (closing && closing->complete())
    add_closing(lane, ClosingBegun(closing->begun), flight.actor, batch);
  const std::uint64_t last = append(batch, effects);
  reply_when_durable(last, std::move(flight.waiters),
                     {.sequence = selling.sequence,
                      .replayed = false,
                      .plan = std::move(selling.plan),
                      .seal = std::move(seal),
                      .started = {},
                      .closing = {}},
                     effects);
  if (elsewhere)
    m_pending.push_back({.sequence = last, .call_device = &lane, .waiters = {}, .accepted = {}});
  ready(lane);
}

Result<Ok> Recorder::begin_open(Lane& lane, const Command& command, const Open& open, Now now,
                                Effects& effects) {
  SIEGEL_TRY_OK(check_key(open.vorgang.get()));
  const auto existing = m_state.vorgaenge.find(scoped(lane.id, open.vorgang.get()));
  if (existing != m_state.vorgaenge.end()) {
    reply_when_durable(m_state.sequence, {command.request},
                       {.replayed = true, .started = existing->second.started}, effects);
    return Ok{};
  }
  if (open.lookup.key || m_state.find_key(open.register_id, open.vorgang.get()) != nullptr)
    return conflict("E-SAL-541",
                    fmt::format("Vorgang \"{}\" has been finished already", open.vorgang.get()),
                    "/vorgang");
  if (open.lookup.position < m_state.forgotten_up_to)
    return unavailable("E-API-603", "the look-up is older than what is in memory; repeat it");
  SIEGEL_TRY(const RegisterState* reg, ready_register(open.register_id));
  SIEGEL_TRY(const LocalStamp stamp, local(now, m_state.business_of(*reg)));

  Batch batch(m_state.sequence, now.wall);
  begin_vorgang(batch, lane, open.vorgang, stamp, command.actor, {command.request}, now, effects);
  return Ok{};
}

void Recorder::begin_vorgang(Batch& batch, Lane& lane, VorgangId vorgang, const LocalStamp& stamp,
                             const std::string& actor, std::vector<RequestId> waiters, Now now,
                             Effects& effects) {
  const RegisterState& reg = m_state.registers.find(lane.id)->second;
  const std::string& serial = tse_for(reg.info);
  const VorgangOpened opened{std::move(vorgang), reg.info.id, stamp,
                             serial == reg.info.tse_serial ? std::string() : serial};
  const std::uint64_t sequence = batch.add(entry_kind::vorgang, to_json(opened), lane.id, actor);
  m_state.apply_vorgang(opened);
  Flight flight;
  flight.tse_serial = serial;
  flight.work = Starting{sequence, opened};
  flight.actor = actor;
  flight.waiters = std::move(waiters);
  flight.id = m_next_flight++;
  lane.flight = std::move(flight);
  if (reg.rksv || reg.info.no_tse != NoTse::no) {
    // A signature device has no part in a Vorgang before its receipt; some tills have none.
    record_started(lane, {.vorgang = opened.vorgang, .register_id = opened.register_id}, batch,
                   effects);
    return;
  }
  if (suspended(lane.flight->tse_serial)) {
    record_started(lane,
                   {.vorgang = opened.vorgang,
                    .register_id = opened.register_id,
                    .tse_serial = lane.flight->tse_serial,
                    .error_code = outage_of(lane.flight->tse_serial).code},
                   batch, effects);
    return;
  }
  set_deadline(lane, now);
  const std::uint64_t last = append(batch, effects);
  m_pending.push_back({.sequence = last,
                       .call_device = &lane,
                       .flight = lane.flight->id,
                       .waiters = {},
                       .accepted = {}});
}

void Recorder::record_started(Lane& lane, VorgangStarted started, Batch& batch, Effects& effects) {
  Flight flight = std::move(*lane.flight);
  lane.flight.reset();
  batch.add(entry_kind::started, to_json(started), lane.id, flight.actor);
  m_state.apply_started(started);
  const std::uint64_t last = append(batch, effects);
  reply_when_durable(last, std::move(flight.waiters),
                     {.sequence = std::get<Starting>(flight.work).sequence,
                      .replayed = false,
                      .plan = {},
                      .seal = {},
                      .started = std::move(started),
                      .closing = {}},
                     effects);
  ready(lane);
}

Result<Ok> Recorder::begin_update(const Command& command, const Update& update, Now now,
                                  Effects& effects) {
  const std::string& id = update.register_id.text();
  if (!m_state.vorgaenge.contains(scoped(id, update.vorgang.get())))
    return not_found("E-SAL-540",
                     fmt::format("no open Vorgang \"{}\" at this register", update.vorgang.get()),
                     "/vorgang");
  const VorgangUpdated entry{update.vorgang, update.register_id, update.draft};
  std::string json = to_json(entry);
  if (json.size() > journal::payload_bytes_max) return too_large(json.size());
  Batch batch(m_state.sequence, now.wall);
  const std::uint64_t sequence = batch.add(entry_kind::update, std::move(json), id, command.actor);
  m_state.apply_update(entry);
  append(batch, effects);
  reply_when_durable(sequence, {command.request}, {.sequence = sequence}, effects);
  return Ok{};
}

Result<Ok> Recorder::set_master(const Command& command, const Master& master, Now now,
                                Effects& effects) {
  Batch batch(m_state.sequence, now.wall);
  std::uint64_t sequence = 0;
  if (const auto* business = std::get_if<Business>(&master.value)) {
    SIEGEL_TRY(sequence, set_business(command, *business, batch, now));
  } else if (const auto* profile = std::get_if<Profile>(&master.value)) {
    sequence = batch.add(entry_kind::profile, to_json(*profile), "", command.actor);
    m_state.apply_profile(*profile);
  } else if (const auto* tse = std::get_if<TseInfo>(&master.value)) {
    if (m_state.tses.contains(tse->serial) && !master.replaces)
      return conflict("E-TSE-301", fmt::format("the TSE {} is in operation already", tse->serial),
                      "/serial");
    sequence = batch.add(entry_kind::tse, to_json(*tse), "", command.actor);
    m_state.apply_tse(*tse);
  } else if (const auto* info = std::get_if<RegisterInfo>(&master.value)) {
    SIEGEL_TRY(sequence, set_register(command, *info, master.replaces, batch));
    // A device of the new list may work where none did.
    if (!info->signers.empty()) ready(lane_of(info->id.text()));
  } else if (const auto* note = std::get_if<OutageNote>(&master.value)) {
    SIEGEL_TRY(sequence, note_outage(command, *note, batch));
  } else if (const auto* report = std::get_if<OutageReport>(&master.value)) {
    SIEGEL_TRY(sequence, report_outage(command, *report, batch, now));
  } else if (const auto* seen = std::get_if<MessageSeen>(&master.value)) {
    SIEGEL_TRY(sequence, message_seen(command, *seen, batch, now));
  } else if (const auto* change = std::get_if<TseSwitch>(&master.value)) {
    SIEGEL_TRY(sequence, switch_tse(command, *change, batch, now));
  } else if (const auto* checked = std::get_if<TseChecked>(&master.value)) {
    SIEGEL_TRY(sequence, record_check(command, *checked, batch, now));
  } else if (const auto* retired = std::get_if<TseRetired>(&master.value)) {
    SIEGEL_TRY(sequence, retire_tse(command, *retired, batch, now));
  } else if (const auto* clock = std::get_if<ClockConfirmed>(&master.value)) {
    sequence = batch.add(entry_kind::clock_confirmed, to_json(*clock), "", command.actor);
  } else {
    SIEGEL_TRY(sequence, set_rksv_master(command, master, batch));
  }
  append(batch, effects);
  reply_when_durable(sequence, {command.request}, {.sequence = sequence}, effects);
  if (const auto* change = std::get_if<TseSwitch>(&master.value))
    after_switch(*change, now, effects);
  return Ok{};
}

}  // namespace siegel::recorder
