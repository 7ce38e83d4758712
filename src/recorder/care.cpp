#include <fmt/format.h>

#include <algorithm>

#include "format/json.h"
#include "format/json_fields.h"
#include "format/json_writer.h"
#include "recorder/batch.h"
#include "recorder/recorder.h"

// What is recorded of the care of a TSE, and its end.

namespace siegel::recorder {

void TseCare::apply(Instant at, const TseChecked& checked) {
  if (checked.how == TseChecked::How::night) {
    checked_at = at;
    last = checked;
  } else if (checked.findings_total == 0) {
    read_back_at = at;
  }
  if (checked.findings_total != 0) {
    found_at = at;
    found = checked;
  }
  told.insert(checked.told.begin(), checked.told.end());
  if (checked.signatures == 0) return;
  if (samples.size() >= samples_max) {
    std::vector<CareSample> fewer;
    for (std::size_t i = 0; i < samples.size(); ++i)
      if (i % 2 == 0 || i >= samples_max / 2) fewer.push_back(samples[i]);
    samples = std::move(fewer);
  }
  samples.push_back({.at = at,
                     .signatures = checked.signatures,
                     .signatures_left = checked.signatures_left,
                     .storage_bytes = checked.storage_bytes,
                     .storage_used_bytes = checked.storage_used_bytes,
                     .certificate_until = checked.certificate_until});
}

void State::apply_checked(Instant at, const TseChecked& checked) {
  care[checked.tse_serial].apply(at, checked);
}

void State::apply_retired(Instant at, const TseRetired& retired) {
  TseCare& of = care[retired.tse_serial];
  of.retired_at = at;
  of.retired = retired;
}

bool State::retired(std::string_view tse_serial) const {
  const auto found = care.find(tse_serial);
  return found != care.end() && found->second.retired.has_value();
}

// ---- the recorder -------------------------------------------------------------------------------

Status Recorder::check_tse_of(const RegisterInfo& info) const {
  if (info.tse_serial.empty()) return Ok{};
  if (!m_state.tses.contains(info.tse_serial))
    return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", info.tse_serial),
                     "/tse_serial");
  if (m_state.retired(info.tse_serial))
    return conflict("E-RET-101", fmt::format("TSE {} is out of operation", info.tse_serial),
                    "/tse_serial");
  if (!m_state.profile.one_register_per_tse) return Ok{};
  const auto known = m_state.registers.find(info.id.text());
  const bool unchanged =
      known != m_state.registers.end() && known->second.info.tse_serial == info.tse_serial;
  for (const auto& [other, reg] : m_state.registers) {
    if (other == info.id.text()) continue;
    if (reg.info.tse_serial == info.tse_serial)
      return conflict("E-REG-107",
                      fmt::format("the TSE is bound to register {}; the profile allows one "
                                  "register a TSE",
                                  other),
                      "/tse_serial");
    // A register that takes another one's place needs a TSE of its own, too (DIK-045).
    if (!unchanged && reg.transactions.contains(info.tse_serial))
      return conflict("E-REG-107",
                      fmt::format("the TSE has signed for register {}; the profile demands a new "
                                  "TSE for a new register",
                                  other),
                      "/tse_serial");
  }
  return Ok{};
}

Result<std::uint64_t> Recorder::record_check(const Command& command, const TseChecked& checked,
                                             Batch& batch, Now now) {
  if (!m_state.tses.contains(checked.tse_serial))
    return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", checked.tse_serial));
  SIEGEL_CHECK(checked.findings.size() <= TseChecked::findings_max &&
               checked.pending.size() <= TseChecked::pending_max &&
               checked.told.size() <= TseChecked::told_max);
  const std::uint64_t sequence =
      batch.add(entry_kind::tse_checked, to_json(checked), "", command.actor);
  m_state.apply_checked(now.wall, checked);
  return sequence;
}

Result<std::uint64_t> Recorder::retire_tse(const Command& command, const TseRetired& retired,
                                           Batch& batch, Now now) {
  const std::string& serial = retired.tse_serial;
  if (!m_state.tses.contains(serial))
    return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", serial));
  if (m_state.retired(serial))
    return conflict("E-RET-101", fmt::format("TSE {} is out of operation already", serial));
  const bool line = std::none_of(retired.reason.begin(), retired.reason.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (retired.reason.empty() || retired.reason.size() > TseRetired::reason_bytes_max || !line ||
      !valid_utf8(retired.reason))
    return invalid(
        "E-RET-102",
        fmt::format("a reason of one line, 1 to {} bytes, is needed", TseRetired::reason_bytes_max),
        "/reason");
  if (!retired.successor.empty() && !m_state.tses.contains(retired.successor))
    return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", retired.successor),
                     "/successor");
  for (const auto& [id, reg] : m_state.registers) {
    const auto& backups = reg.info.backup_tses;
    if (reg.info.tse_serial == serial || (reg.next_info && reg.next_info->tse_serial == serial) ||
        std::find(backups.begin(), backups.end(), serial) != backups.end())
      return conflict("E-RET-103", fmt::format("register {} signs on it", id), "/tse_serial");
  }
  for (const auto& [key, vorgang] : m_state.vorgaenge)
    if (vorgang.started && vorgang.started->tse_serial == serial &&
        vorgang.started->transaction != 0 && !retired.lost)
      return conflict("E-RET-103",
                      fmt::format("Vorgang \"{}\" is open on it", vorgang.opened.vorgang.get()),
                      "/tse_serial");
  // Nobody waits for it any more; what it may hold is not asked for again.
  end_outage(serial, false, command.actor, batch, now);
  const std::uint64_t sequence =
      batch.add(entry_kind::tse_retired, to_json(retired), "", command.actor);
  m_state.apply_retired(now.wall, retired);
  m_breakers.erase(serial);
  return sequence;
}

// ---- the snapshot -------------------------------------------------------------------------------

namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void optional_time(json::Writer& out, std::string_view name, Instant at) {
  if (at != Instant()) out.field(name, at.text());
}

Status read_time(json::Fields& fields, std::string_view name, Instant& to) {
  SIEGEL_TRY(const auto text, fields.optional_string(name, 40));
  if (!text) return Ok{};
  SIEGEL_TRY(to, Instant::parse(*text));
  return Ok{};
}

Status read_count(json::Fields& fields, std::string_view name, std::uint64_t& to) {
  SIEGEL_TRY(const std::int64_t value, fields.required_int(name, 0, INT64_MAX));
  to = static_cast<std::uint64_t>(value);
  return Ok{};
}

Result<CareSample> read_sample(json::Fields fields) {
  CareSample sample;
  SIEGEL_TRY_OK(read_time(fields, "at", sample.at));
  SIEGEL_TRY_OK(read_time(fields, "certificate_until", sample.certificate_until));
  SIEGEL_TRY_OK(read_count(fields, "signatures", sample.signatures));
  SIEGEL_TRY_OK(read_count(fields, "signatures_left", sample.signatures_left));
  SIEGEL_TRY_OK(read_count(fields, "storage_bytes", sample.storage_bytes));
  SIEGEL_TRY_OK(read_count(fields, "storage_used_bytes", sample.storage_used_bytes));
  return sample;
}

}  // namespace

void write_care(json::Writer& out, const State& state) {
  if (state.care.empty()) return;
  out.key("care").begin_array();
  for (const auto& [serial, care] : state.care) {
    out.begin_object();
    optional_time(out, "checked_at", care.checked_at);
    out.key("found").raw(to_json(care.found));
    optional_time(out, "found_at", care.found_at);
    out.key("last").raw(to_json(care.last));
    optional_time(out, "read_back_at", care.read_back_at);
    if (care.retired) out.key("retired").raw(to_json(*care.retired));
    optional_time(out, "retired_at", care.retired_at);
    out.key("samples").begin_array();
    for (const CareSample& sample : care.samples) {
      out.begin_object().field("at", sample.at.text());
      optional_time(out, "certificate_until", sample.certificate_until);
      out.field("signatures", number(sample.signatures));
      out.field("signatures_left", number(sample.signatures_left));
      out.field("storage_bytes", number(sample.storage_bytes));
      out.field("storage_used_bytes", number(sample.storage_used_bytes)).end_object();
    }
    out.end_array().key("told").begin_array();
    for (const std::string& id : care.told) out.string(id);
    out.end_array().field("tse_serial", serial).end_object();
  }
  out.end_array();
}

Status read_care(json::Fields& fields, State& state) {
  SIEGEL_TRY(const json::Items items, fields.optional_array("care", 100'000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    SIEGEL_TRY(const std::string serial, item.required_string("tse_serial", 200));
    TseCare& care = state.care[serial];
    SIEGEL_TRY_OK(read_time(item, "checked_at", care.checked_at));
    SIEGEL_TRY_OK(read_time(item, "found_at", care.found_at));
    SIEGEL_TRY_OK(read_time(item, "read_back_at", care.read_back_at));
    SIEGEL_TRY_OK(read_time(item, "retired_at", care.retired_at));
    const json::Value* found = item.any("found");
    const json::Value* last = item.any("last");
    if (found == nullptr || last == nullptr)
      return corrupt("E-JRN-111", "the snapshot has no checks");
    SIEGEL_TRY(care.found, tse_checked_from_json(json::canonical(*found)));
    SIEGEL_TRY(care.last, tse_checked_from_json(json::canonical(*last)));
    if (const json::Value* retired = item.any("retired")) {
      SIEGEL_TRY(care.retired, tse_retired_from_json(json::canonical(*retired)));
    }
    SIEGEL_TRY(const json::Items samples, item.required_array("samples", TseCare::samples_max));
    for (std::size_t j = 0; j < samples.size(); ++j) {
      SIEGEL_TRY(json::Fields sample, samples.object(j));
      SIEGEL_TRY(const CareSample one, read_sample(std::move(sample)));
      care.samples.push_back(one);
    }
    SIEGEL_TRY(const json::Items told, item.required_array("told", 100'000));
    for (std::size_t j = 0; j < told.size(); ++j) {
      SIEGEL_TRY(std::string id, told.string(j, 200));
      care.told.insert(std::move(id));
    }
  }
  return Ok{};
}

}  // namespace siegel::recorder
