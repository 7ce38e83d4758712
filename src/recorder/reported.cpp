#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/recorder.h"

// What the recorder is told and cannot see: printers and whole tills that fail, a TSE that is not
// there when the shop opens, and what people have read [AEAO 146a 1.14].

namespace siegel::recorder {
namespace {

constexpr std::string_view printer_prefix = "printer:";
constexpr std::string_view register_prefix = "register:";
constexpr std::size_t name_bytes_max = 60;

bool is_one_line(std::string_view text, std::size_t bytes_max) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  return !text.empty() && text.size() <= bytes_max && !control && valid_utf8(text);
}

/// "E-PRN-302", "W-...": what a page of codes can name.
bool is_code(std::string_view code) {
  return code.size() >= 5 && code.size() <= 20 && std::all_of(code.begin(), code.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Status check_span(const OutageReport& report, Instant now) {
  const Instant since = report.since.value_or(now);
  if (since > now || (report.until && (*report.until < since || *report.until > now)))
    return invalid("E-OUT-107",
                   "an outage told afterwards begins before it ends, and not in the future",
                   "/since");
  return Ok{};
}

}  // namespace

Result<std::uint64_t> Recorder::report_outage(const Command& command, const OutageReport& report,
                                              Batch& batch, Now now) {
  const std::string& device = report.device;
  const bool printer = device.starts_with(printer_prefix);
  const bool till = device.starts_with(register_prefix);
  const bool known = printer ? is_one_line(device.substr(printer_prefix.size()), name_bytes_max)
                     : till  ? m_state.registers.contains(device.substr(register_prefix.size()))
                             : m_state.tses.contains(device);
  if (!known)
    return not_found("E-OUT-101",
                     fmt::format("\"{}\" is no printer, register or TSE", excerpt(device)),
                     "/device");
  const auto outage = m_state.outages.find(device);
  const bool open = outage != m_state.outages.end() && outage->second.open;
  if (report.ended) {
    if (!printer && !till)
      return conflict("E-OUT-106", "the outage of a TSE ends when it answers", "/device");
    if (!open)
      return conflict("E-OUT-106", fmt::format("no outage of {} goes on", device), "/device");
    end_outage(device, true, command.actor, batch, now);
    return batch.last();
  }
  if (open)
    return conflict("E-OUT-105",
                    fmt::format("outage {} of {} goes on", outage->second.open->number, device),
                    "/device");
  if (!is_code(report.code) || !is_one_line(report.text, OutageNote::text_bytes_max))
    return invalid("E-OUT-102", "a code and one line of text are needed", "/text");
  if (!printer && !till) {
    if (report.since || report.until)
      return invalid("E-OUT-107", "the outage of a TSE begins now", "/since");
    open_breaker(device, unavailable(report.code, report.text), batch, now);
    return batch.last();
  }
  SIEGEL_TRY_OK(check_span(report, now.wall));
  const OutageBegan began{.tse_serial = device,
                          .number = m_state.outages[device].next_number,
                          .since = report.since.value_or(now.wall),
                          .code = report.code,
                          .text = report.text};
  batch.add(entry_kind::outage_begin, to_json(began), "", command.actor);
  m_state.apply_outage_begin(began);
  if (report.until) {
    const OutageEnded ended{
        .tse_serial = device, .number = began.number, .until = *report.until, .receipts = 0};
    batch.add(entry_kind::outage_end, to_json(ended), "", command.actor);
    m_state.apply_outage_end(ended);
  }
  return batch.last();
}

Result<std::uint64_t> Recorder::message_seen(const Command& command, const MessageSeen& seen,
                                             Batch& batch, Now now) {
  if (!is_one_line(seen.id, MessageSeen::id_bytes_max))
    return invalid("E-OUT-108", "the id of a message is one line of 1 to 200 bytes", "/id");
  const std::uint64_t sequence =
      batch.add(entry_kind::message_seen, to_json(seen), "", command.actor);
  m_state.apply_seen(sequence, now.wall, command.actor, seen);
  return sequence;
}

}  // namespace siegel::recorder
