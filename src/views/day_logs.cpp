#include "views/day_logs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "model/codec.h"
#include "views/messages.h"

namespace siegel::views {
namespace {

using journal::Entry;

constexpr std::size_t digits_max = 4;

/// The digits at the end of an id, at least two ("1" is "01"); empty if there are none or too many.
std::string number_of(const std::string& id) {
  std::size_t first = id.size();
  while (first > 0 && id[first - 1] >= '0' && id[first - 1] <= '9') --first;
  std::string digits = id.substr(first);
  while (digits.size() > 2 && digits.front() == '0') digits.erase(0, 1);
  if (digits.empty() || digits.size() > digits_max) return {};
  return digits.size() == 1 ? "0" + digits : digits;
}

std::string file_part(const std::string& register_id, const std::set<std::string>& registers) {
  const std::string number = number_of(register_id);
  const bool taken = std::any_of(registers.begin(), registers.end(), [&](const std::string& other) {
    return other < register_id && number_of(other) == number;
  });
  if (!number.empty() && !taken) return number;
  std::string whole = register_id;
  for (char& c : whole)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-') c = '_';
  return whole;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return line;
}

}  // namespace

std::string text_of(const LogLine& line) {
  // Local time without offset, as the seed's programs write it: the record is the journal.
  std::string stamp = line.at.text().substr(0, 19);
  stamp[10] = ' ';
  return fmt::format("{} {}", stamp, one_line(line.text));
}

std::string day_log_name(DayLog log, const Date& day, const std::string& register_id,
                         const std::set<std::string>& registers) {
  const std::string date = day.text();  // 2026-05-15
  return fmt::format("KD{}{}{}_{}_KX{}.log", date.substr(2, 2), date.substr(5, 2),
                     date.substr(8, 2), log == DayLog::tse ? "TSE" : "DK",
                     file_part(register_id, registers));
}

void DayLogTeller::begin_with(const recorder::State& state) {
  if (state.business) m_zone = state.business->time_zone;
  for (const auto& [id, reg] : state.registers) {
    m_registers.insert(id);
    m_infos[id] = reg.info;
  }
  m_plans = state.unsealed;
}

Status DayLogTeller::of_register(DayLog log, const std::string& register_id, Instant at,
                                 const std::string& text, const Visit& visit) const {
  SIEGEL_TRY(const LocalStamp stamp, LocalStamp::from(at, m_zone));
  return visit({log, register_id, stamp, text});
}

Status DayLogTeller::of_device(const std::string& device, Instant at, const std::string& text,
                               const Visit& visit) const {
  for (const auto& [id, info] : m_infos) {
    const bool signs =
        info.tse_serial == device ||
        std::find(info.signers.begin(), info.signers.end(), device) != info.signers.end() ||
        std::find(info.backup_tses.begin(), info.backup_tses.end(), device) !=
            info.backup_tses.end();
    if (signs) SIEGEL_TRY_OK(of_register(DayLog::tse, id, at, text, visit));
    const bool own =
        device == std::string(register_prefix) + id ||
        (device.starts_with(printer_prefix) &&
         (info.printer.empty() || device == std::string(printer_prefix) + info.printer));
    if (own) SIEGEL_TRY_OK(of_register(DayLog::till, id, at, text, visit));
  }
  return Ok{};
}

Status DayLogTeller::tell_start(Instant at, const std::set<std::string>& missing,
                                const Visit& visit) const {
  for (const auto& [id, info] : m_infos) {
    SIEGEL_TRY_OK(of_register(DayLog::till, id, at, "START Kasse " + id, visit));
    if (info.tse_serial.empty()) {
      SIEGEL_TRY_OK(of_register(DayLog::tse, id, at, "START keine TSE eingerichtet", visit));
      continue;
    }
    SIEGEL_TRY_OK(
        of_register(DayLog::tse, id, at,
                    fmt::format("START TSE {}: {}",
                                missing.contains(info.tse_serial) ? "NICHT GEFUNDEN" : "gefunden",
                                info.tse_serial),
                    visit));
  }
  return Ok{};
}

Status DayLogTeller::take(const Entry& entry, const Visit& visit) {
  if (entry.payload_removed) return Ok{};
  const std::string_view kind = entry.kind;
  if (kind == entry_kind::plan) return take_plan(entry);
  if (kind == entry_kind::seal) return take_seal(entry, visit);
  if (kind == entry_kind::outage_begin || kind == entry_kind::outage_end ||
      kind == entry_kind::tse_switch || kind == entry_kind::outage_note)
    return take_outage(entry, visit);
  if (kind == entry_kind::business || kind == entry_kind::register_ || kind == entry_kind::tse)
    return take_master(entry, visit);
  return take_rest(entry, visit);
}

Status DayLogTeller::take_master(const Entry& entry, const Visit& visit) {
  if (entry.kind == entry_kind::business) {
    SIEGEL_TRY(const Business business, business_from_json(entry.payload));
    m_zone = business.time_zone;
    for (const std::string& id : m_registers)
      SIEGEL_TRY_OK(of_register(DayLog::till, id, entry.at,
                                "STAMMDATEN " + business.name + " (" + entry.actor + ")", visit));
    return Ok{};
  }
  if (entry.kind == entry_kind::tse) {
    SIEGEL_TRY(const TseInfo info, tse_from_json(entry.payload));
    return of_device(info.serial, entry.at, "IN BETRIEB " + info.id + " " + info.serial, visit);
  }
  SIEGEL_TRY(const RegisterInfo info, register_from_json(entry.payload));
  const std::string& id = info.id.text();
  m_registers.insert(id);
  m_infos[id] = info;
  SIEGEL_TRY_OK(
      of_register(DayLog::till, id, entry.at, "KASSE " + id + " (" + entry.actor + ")", visit));
  if (info.tse_serial.empty()) return Ok{};
  return of_register(DayLog::tse, id, entry.at, "ANGEMELDET an TSE " + info.tse_serial, visit);
}

Status DayLogTeller::take_plan(const Entry& entry) {
  SIEGEL_TRY(Plan plan, plan_from_json(entry.payload));
  m_plans.insert_or_assign(entry.sequence.get(), std::move(plan));
  return Ok{};
}

Status DayLogTeller::take_seal(const Entry& entry, const Visit& visit) {
  SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
  auto node = m_plans.extract(seal.plan_sequence);
  Plan plan;
  if (!node.empty()) {
    plan = std::move(node.mapped());
  } else {
    SIEGEL_TRY(const auto found, m_reader.read(journal::Sequence(seal.plan_sequence), 1));
    if (found.empty() || found.front().payload_removed) return Ok{};
    SIEGEL_TRY(plan, plan_from_json(found.front().payload));
  }
  std::string state;
  switch (seal.outcome) {
    case Seal::Outcome::signed_by_tse:
      state = "abgesichert";
      SIEGEL_TRY_OK(of_register(DayLog::tse, entry.register_id, entry.at,
                                fmt::format("TRANSAKTION {} {} SigZ {} {}", seal.transaction,
                                            process_type_text(plan.process_type),
                                            seal.signature_counter, plan.receipt_number),
                                visit));
      break;
    case Seal::Outcome::unsigned_outage:
      state = fmt::format("OHNE TSE, Ausfall {} Beleg {}", seal.outage_number, seal.outage_receipt);
      SIEGEL_TRY_OK(
          of_register(DayLog::tse, entry.register_id, entry.at,
                      fmt::format("OHNE SIGNATUR {} {} Ausfall {} Beleg {}", plan.receipt_number,
                                  seal.error_code, seal.outage_number, seal.outage_receipt),
                      visit));
      break;
    case Seal::Outcome::signed_rksv:
      state = "signiert";
      SIEGEL_TRY_OK(of_register(DayLog::tse, entry.register_id, entry.at,
                                fmt::format("SIGNATUR {} {}", seal.signer, plan.receipt_number),
                                visit));
      break;
    case Seal::Outcome::not_required:
      state = "ohne Absicherung";
      break;
  }
  return of_register(
      DayLog::till, entry.register_id, entry.at,
      fmt::format("BON {} {} {} EUR {}{}", plan.receipt_number, receipt_kind_text(plan.kind),
                  plan.total.text(), state, plan.cashier.empty() ? "" : ", " + plan.cashier),
      visit);
}

Status DayLogTeller::take_outage(const Entry& entry, const Visit& visit) {
  if (entry.kind == entry_kind::outage_begin) {
    SIEGEL_TRY(const OutageBegan began, outage_began_from_json(entry.payload));
    return of_device(began.tse_serial, began.since,
                     fmt::format("AUSFALL {} von {}: {} {}", began.number, began.tse_serial,
                                 began.code, began.text),
                     visit);
  }
  if (entry.kind == entry_kind::outage_end) {
    SIEGEL_TRY(const OutageEnded ended, outage_ended_from_json(entry.payload));
    return of_device(ended.tse_serial, ended.until,
                     fmt::format("AUSFALL {} von {} BEENDET, {} Belege ohne Signatur", ended.number,
                                 ended.tse_serial, ended.receipts),
                     visit);
  }
  if (entry.kind == entry_kind::tse_switch) {
    SIEGEL_TRY(const TseSwitch change, tse_switch_from_json(entry.payload));
    return of_device(
        change.tse_serial, entry.at,
        fmt::format("GESCHALTET {} ({}) {}", word_of(change.mode), entry.actor, change.reason),
        visit);
  }
  SIEGEL_TRY(const OutageNote note, outage_note_from_json(entry.payload));
  return of_device(
      note.tse_serial, entry.at,
      fmt::format("NOTIZ zu Ausfall {} ({}) {}", note.number, entry.actor,
                  note.reason.empty() ? std::string_view("") : std::string_view(note.reason)),
      visit);
}

Status DayLogTeller::take_rest(const Entry& entry, const Visit& visit) {
  const std::string_view kind = entry.kind;
  if (kind == entry_kind::vorgang) {
    SIEGEL_TRY(const VorgangOpened opened, vorgang_opened_from_json(entry.payload));
    return of_register(DayLog::till, entry.register_id, entry.at, "VORGANG " + opened.vorgang.get(),
                       visit);
  }
  if (kind == entry_kind::started) {
    SIEGEL_TRY(const VorgangStarted started, vorgang_started_from_json(entry.payload));
    if (started.tse_serial.empty()) return Ok{};
    return of_register(
        DayLog::tse, entry.register_id, entry.at,
        started.transaction == 0
            ? fmt::format("VORGANG {} OHNE TSE {}", started.vorgang.get(), started.error_code)
            : fmt::format("BEGINN {} SigZ {} {}", started.transaction, started.signature_counter,
                          started.vorgang.get()),
        visit);
  }
  if (kind == entry_kind::late_signature) {
    SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
    return of_register(
        DayLog::tse, entry.register_id, entry.at,
        fmt::format("SIGNATUR GEFUNDEN {} SigZ {}", late.transaction, late.signature_counter),
        visit);
  }
  if (kind == entry_kind::closing) {
    SIEGEL_TRY(const Closing closing, closing_from_json(entry.payload));
    return of_register(DayLog::till, entry.register_id, entry.at,
                       fmt::format("ABSCHLUSS Z {}", closing.number), visit);
  }
  return Ok{};
}

}  // namespace siegel::views
