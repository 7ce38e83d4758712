#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/mutant.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/recorder.h"

// What follows when a device fails: the breaker, the outage in the journal, the second TSE, the
// probe, and what a person switches or notes [AEAO 146a 1.3, 1.14].

namespace siegel::recorder {
namespace {

constexpr std::string_view code_off = "E-TSE-901";
constexpr std::string_view code_emergency = "E-TSE-902";

/// Its outage is a person's wish, not a failure.
bool is_switched(const OutageBegan& began) {
  return began.code == code_off || began.code == code_emergency;
}

std::string with_place(const Error& error) {
  return error.place.empty() ? error.detail : fmt::format("{} ({})", error.detail, error.place);
}

/// One line of a person's note.
Status check_note(const std::string& text, bool may_be_empty, std::string_view place) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if ((text.empty() && !may_be_empty) || text.size() > OutageNote::text_bytes_max || control ||
      !valid_utf8(text))
    return invalid("E-OUT-102",
                   fmt::format("one line of 1 to {} bytes is needed", OutageNote::text_bytes_max),
                   std::string(place));
  return Ok{};
}

}  // namespace

// ---- the breaker --------------------------------------------------------------------------------

void Recorder::give_up(Lane& lane, const Error& error, Now now, Effects& effects) {
  if (std::holds_alternative<Signing>(lane.flight->work)) {
    signer_failed(lane, unknown("E-SIG-102", "the signature device did not answer in time"), now,
                  effects);
    return;
  }
  const std::string serial = lane.flight->tse_serial;
  const bool unclear = error.kind == ErrorKind::unknown;
  if (unclear && lane.flight->call) m_gauges[serial].given_up();
  go_without(lane, error, unclear, now, effects);
  // A device that refuses one register may well serve the others.
  if (unclear || error.kind == ErrorKind::unavailable) release_waiting(serial, error, now, effects);
}

void Recorder::release_waiting(const std::string& tse_serial, const Error& error, Now now,
                               Effects& effects) {
  if (SIEGEL_MUTANT("everybody-waits")) return;
  for (auto& [id, lane] : m_lanes)
    if (lane.flight && lane.flight->tse_serial == tse_serial &&
        !std::holds_alternative<Signing>(lane.flight->work))
      go_without(lane, error, false, now, effects);
}

void Recorder::go_without(Lane& lane, const Error& error, bool unclear, Now now, Effects& effects) {
  Batch batch(m_state.sequence, now.wall);
  Flight& flight = *lane.flight;
  const std::string serial = flight.tse_serial;
  open_breaker(serial, error, batch, now);
  // A call that is under way may still be done.
  bool asked = unclear || flight.call || flight.asking;
  if (const auto* starting = std::get_if<Starting>(&flight.work)) {
    if (asked) ++m_breakers[serial].doubts;
    record_started(lane,
                   {.vorgang = starting->opened.vorgang,
                    .register_id = starting->opened.register_id,
                    .tse_serial = serial,
                    .error_code = outage_of(serial).code},
                   batch, effects);
    return;
  }
  // A start that was answered is open on the device now, whatever became of the finish.
  const Selling& selling = std::get<Selling>(flight.work);
  asked = asked || selling.progress.start || selling.plan.transaction != 0;
  if (asked) ++m_breakers[serial].doubts;
  seal(lane, outage_of(serial), asked, batch, effects);
}

void Recorder::begin_outage(const std::string& tse_serial, std::string code, std::string text,
                            std::string_view actor, Batch& batch, Now now) {
  OutageBegan began;
  began.tse_serial = tse_serial;
  began.number = m_state.outages[tse_serial].next_number;
  began.since = now.wall;
  began.code = std::move(code);
  began.text = std::move(text);
  batch.add(entry_kind::outage_begin, to_json(began), "", actor);
  m_state.apply_outage_begin(began);
}

void Recorder::end_outage(const std::string& tse_serial, bool asked, std::string_view actor,
                          Batch& batch, Now now) {
  const auto outage = m_state.outages.find(tse_serial);
  if (outage == m_state.outages.end() || !outage->second.open) return;
  if (SIEGEL_MUTANT("outage-not-ended")) return;
  const OutageEnded ended{.tse_serial = tse_serial,
                          .number = outage->second.open->number,
                          .until = now.wall,
                          .receipts = outage->second.open_receipts,
                          .asked = asked};
  batch.add(entry_kind::outage_end, to_json(ended), "", actor);
  m_state.apply_outage_end(ended);
}

void Recorder::open_breaker(const std::string& tse_serial, const Error& error, Batch& batch,
                            Now now) {
  Breaker& breaker = m_breakers[tse_serial];
  if (!breaker.open) {
    breaker.open = true;
    breaker.probe_due = now.steady + probe_interval;
  }
  if (m_state.outages[tse_serial].open) return;
  begin_outage(tse_serial, error.code, with_place(error), actor_system, batch, now);
}

/// The batch ends the outage; what the device held open is planned in it, or was before.
void Recorder::close_breaker(const std::string& tse_serial, Batch& batch, Now now) {
  if (SIEGEL_MUTANT("breaker-never-closes")) return;
  m_breakers[tse_serial] = Breaker{};
  end_outage(tse_serial, true, actor_system, batch, now);
  for (auto& [id, lane] : m_lanes)
    if (!lane.unfinished.empty()) ready(lane);
}

const std::string& Recorder::tse_for(const RegisterInfo& info) const {
  if (!suspended(info.tse_serial)) return info.tse_serial;
  // A second TSE stands in for one that fails, not for one that somebody switched off.
  const auto outage = m_state.outages.find(info.tse_serial);
  if (outage == m_state.outages.end() || !outage->second.open || is_switched(*outage->second.open))
    return info.tse_serial;
  for (const std::string& serial : info.backup_tses)
    if (m_state.tses.contains(serial) && !m_state.retired(serial) && !suspended(serial))
      return serial;
  return info.tse_serial;
}

Status Recorder::check_backups(const RegisterInfo& info) const {
  std::set<std::string> seen{info.tse_serial};
  for (std::size_t i = 0; i < info.backup_tses.size(); ++i) {
    const std::string& serial = info.backup_tses[i];
    const std::string place = fmt::format("/backup_tses/{}", i);
    if (!m_state.tses.contains(serial))
      return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", excerpt(serial)),
                       place);
    if (m_state.retired(serial))
      return conflict("E-RET-101", fmt::format("TSE {} is out of operation", serial), place);
    if (info.tse_serial.empty() || !seen.insert(serial).second)
      return invalid("E-REG-110",
                     fmt::format("TSE {} cannot stand in: it is named twice, or the register has "
                                 "no TSE of its own",
                                 serial),
                     place);
  }
  return Ok{};
}

country::Outage Recorder::outage_of(const std::string& tse_serial) const {
  const OutageState& outage = m_state.outages.at(tse_serial);
  SIEGEL_CHECK(outage.open.has_value());
  return {.number = outage.open->number,
          .receipt = outage.next_receipt,
          .since = outage.open->since,
          .code = outage.open->code,
          .text = outage.open->text};
}

Result<std::uint64_t> Recorder::note_outage(const Command& command, const OutageNote& note,
                                            Batch& batch) {
  const auto outage = m_state.outages.find(note.tse_serial);
  if (outage == m_state.outages.end() || note.number == 0 ||
      note.number >= outage->second.next_number)
    return not_found("E-OUT-101",
                     fmt::format("no outage {} of {}", note.number, excerpt(note.tse_serial)),
                     "/number");
  if (note.reason.empty() && note.steps.empty())
    return invalid("E-OUT-102", "a reason or a step is needed", "/reason");
  if (note.steps.size() > OutageNote::steps_max)
    return invalid(
        "E-OUT-102",
        fmt::format("{} steps, at most {} a note", note.steps.size(), OutageNote::steps_max),
        "/steps");
  SIEGEL_TRY_OK(check_note(note.reason, true, "/reason"));
  for (const std::string& step : note.steps) SIEGEL_TRY_OK(check_note(step, false, "/steps"));
  return batch.add(entry_kind::outage_note, to_json(note), "", command.actor);
}

// ---- switched by a person -----------------------------------------------------------------------

Result<std::uint64_t> Recorder::switch_tse(const Command& command, const TseSwitch& change,
                                           Batch& batch, Now now) {
  const std::string& serial = change.tse_serial;
  if (!m_state.tses.contains(serial))
    return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", excerpt(serial)),
                     "/tse_serial");
  const bool on = change.mode == TseSwitch::Mode::on;
  SIEGEL_TRY_OK(check_note(change.reason, on, "/reason"));
  const auto outage = m_state.outages.find(serial);
  const auto before = outage == m_state.outages.end() ? TseSwitch::Mode::on : outage->second.mode;
  if (before == change.mode)
    return conflict("E-OUT-104",
                    fmt::format("the TSE is switched {} already", word_of(change.mode)), "/mode");
  const std::uint64_t sequence =
      batch.add(entry_kind::tse_switch, to_json(change), "", command.actor);
  m_state.apply_switch(change);
  if (on) return sequence;  // its outage ends when it answers: after_switch
  // Each has an outage of its own. What the device may hold is asked for when it is back.
  end_outage(serial, false, command.actor, batch, now);
  Breaker& breaker = m_breakers[serial];
  breaker.open = true;
  breaker.probing = false;
  breaker.probe_due.reset();
  const bool off = change.mode == TseSwitch::Mode::off;
  begin_outage(serial, std::string(off ? code_off : code_emergency), change.reason, command.actor,
               batch, now);
  return sequence;
}

void Recorder::after_switch(const TseSwitch& change, Now now, Effects& effects) {
  if (change.mode == TseSwitch::Mode::on) {
    m_breakers[change.tse_serial].probing = true;
    effects.probes.push_back({change.tse_serial, false});
    return;
  }
  const country::Outage outage = outage_of(change.tse_serial);
  release_waiting(change.tse_serial, unavailable(outage.code, outage.text), now, effects);
}

// ---- is it back? --------------------------------------------------------------------------------

void Recorder::on_probed(const Probed& probed, Now now, Effects& effects) {
  if (!m_breakers[probed.tse_serial].probing) return;
  if (!probed.result) {
    probe_failed(probed.tse_serial, probed.result.error(), now, effects);
    return;
  }
  if (m_state.signers.contains(probed.tse_serial)) {
    close_signer(probed.tse_serial, now, effects);
    return;
  }
  ask_after_probe(probed.tse_serial, effects);
}

void Recorder::probe_failed(const std::string& device, const Error& error, Now now,
                            Effects& effects) {
  Breaker& breaker = m_breakers[device];
  breaker.probing = false;
  breaker.probe_due = now.steady + probe_interval;
  // Switched on again it failed by itself: from here on that is the reason.
  const auto outage = m_state.outages.find(device);
  if (outage == m_state.outages.end() || !outage->second.open || !is_switched(*outage->second.open))
    return;
  Batch batch(m_state.sequence, now.wall);
  end_outage(device, false, actor_system, batch, now);
  begin_outage(device, error.code, with_place(error), actor_system, batch, now);
  append(batch, effects);
}

/// Every client of the device is asked about: after a crash nobody remembers for which of them it
/// was working when the outage began.
void Recorder::ask_after_probe(const std::string& tse_serial, Effects& effects) {
  Breaker& breaker = m_breakers[tse_serial];
  breaker.asked = breaker.doubts;
  Reconcile question{.tse_serial = tse_serial, .asks = {}, .after_probe = true};
  for (const auto& [id, reg] : m_state.registers)
    if (reg.info.tse_serial == tse_serial || reg.transactions.contains(tse_serial))
      question.asks.push_back(ask_for(id, tse_serial));
  effects.reconciles.push_back(std::move(question));
}

}  // namespace siegel::recorder
