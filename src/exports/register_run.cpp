#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "exports/dsfinvk_run.h"
#include "model/codec.h"

namespace siegel::exports {
namespace {

using country::de::dsfinvk_tables;
using country::de::DsfinvkTable;

constexpr std::size_t spill_bytes = std::size_t{256} << 10;

Error broken(std::string detail, std::uint64_t sequence) {
  return corrupt("E-EXP-109", std::move(detail), fmt::format("entry {}", sequence));
}

Error removed(std::uint64_t sequence) {
  return not_found(
      "E-EXP-112",
      fmt::format("the content of entry {} has been removed after the retention time", sequence),
      fmt::format("entry {}", sequence));
}

/// Whose seal it is. A quote inside a text is escaped, so the member can stand only where it is.
Result<std::uint64_t> plan_of(const journal::Entry& seal) {
  constexpr std::string_view member = "\"plan_sequence\":";
  const std::size_t at = seal.payload.find(member);
  std::uint64_t plan = 0;
  if (at == std::string::npos || std::from_chars(seal.payload.data() + at + member.size(),
                                                 seal.payload.data() + seal.payload.size(), plan)
                                         .ec != std::errc())
    return broken("the seal names no plan", seal.sequence.get());
  return plan;
}

}  // namespace

RegisterRun::RegisterRun(const ChosenRegister& chosen, std::size_t number,
                         const DsfinvkRequest& request, country::de::DsfinvkOptions options,
                         const country::de::ClosingIndex& index, FileSet& files)
    : m_chosen(chosen),
      m_number(number),
      m_request(request),
      m_writer(std::move(options), index),
      m_files(files) {}

std::string RegisterRun::file_of(DsfinvkTable table) const {
  const std::string_view file = country::de::info(table).file;
  return m_number == 0 ? std::string(file) : fmt::format("{}.{}", file, m_number);
}

std::uint64_t RegisterRun::process_data_length() const {
  return std::max<std::uint64_t>(m_process_data_before, m_writer.process_data_length());
}

std::uint64_t RegisterRun::rows(DsfinvkTable table) const {
  return m_rows_before[static_cast<std::size_t>(table)] + m_writer.count(table);
}

Status RegisterRun::begin(const Mark* mark) {
  if (mark != nullptr) {
    m_mark = *mark;
    m_at = mark->closings;
    m_receipts = mark->receipts;
    m_awaited = mark->awaited;
    m_sizes = mark->sizes;
    m_rows_before = mark->rows;
    m_process_data_before = mark->process_data_length;
  }
  for (std::size_t i = 0; i < dsfinvk_tables; ++i) {
    if (!m_request.tables.test(i)) continue;
    const auto table = static_cast<DsfinvkTable>(i);
    SIEGEL_TRY_OK(m_files.cut(file_of(table), m_sizes[i]));
  }
  if (m_at > 0) {
    m_from = m_chosen.closings[m_at - 1].entry.sequence.get() + 1;
    if (!done() && current().closing.first_sequence != 0)
      m_from = std::min(m_from, current().closing.first_sequence);
  } else {
    m_from = current().closing.first_sequence;
    if (m_from == 0) m_from = current().entry.sequence.get();
  }
  return Ok{};
}

void RegisterRun::set_frame(country::de::ClosingFrame frame) {
  m_writer.begin(frame);
  m_has_frame = true;
  m_closing_receipts = 0;
}

Status RegisterRun::plan(journal::Entry& entry) {
  if (entry.payload_removed) return removed(entry.sequence.get());
  m_held.emplace_hint(m_held.end(), entry.sequence.get(),
                      Held{.plan = std::move(entry.payload), .seal = {}, .actor = entry.actor});
  return Ok{};
}

Status RegisterRun::seal(journal::Entry& entry) {
  if (m_held.empty()) return Ok{};  // of a receipt before the period
  if (entry.payload_removed) return removed(entry.sequence.get());
  const auto front = m_held.begin();
  SIEGEL_TRY(const std::uint64_t plan, plan_of(entry));
  const auto mine = front->first == plan ? front : m_held.find(plan);
  if (mine == m_held.end()) return Ok{};
  mine->second.seal = std::move(entry.payload);
  return emit();
}

Status RegisterRun::emit_one(std::uint64_t sequence, const Held& held, bool& belongs) {
  SIEGEL_TRY(const country::de::PlanView* plan, m_reader.plan(held.plan));
  const Closing& closing = current().closing;
  belongs = plan->number <= closing.last_number;
  if (!belongs || plan->number < closing.first_number) return Ok{};
  SIEGEL_TRY(const country::de::SealView* seal, m_reader.seal(held.seal));
  SIEGEL_TRY_OK(m_writer.add(*plan, *seal, held.actor));
  if (seal->asked) m_awaited.emplace(sequence, m_writer.awaited(*plan, *seal));
  ++m_closing_receipts;
  return Ok{};
}

Status RegisterRun::emit() {
  while (!m_held.empty() && !m_held.begin()->second.seal.empty() && m_has_frame) {
    const auto front = m_held.begin();
    bool belongs = true;
    SIEGEL_TRY_OK(emit_one(front->first, front->second, belongs));
    if (!belongs) return Ok{};
    m_held.erase(front);
  }
  return spill(false);
}

Status RegisterRun::spill(bool everything) {
  for (std::size_t i = 0; i < dsfinvk_tables; ++i) {
    const auto table = static_cast<DsfinvkTable>(i);
    const std::string_view rows = m_writer.rows(table);
    if (rows.empty() || (!everything && rows.size() < spill_bytes)) continue;
    SIEGEL_TRY_OK(m_files.append(file_of(table), bytes_of(rows)));
    m_sizes[i] += rows.size();
    m_bytes += rows.size();
    m_writer.taken(table);
  }
  return Ok{};
}

void RegisterRun::wrote_headers(std::size_t certificate_columns) {
  for (std::size_t i = 0; i < dsfinvk_tables; ++i)
    if (m_request.tables.test(i))
      m_sizes[i] +=
          country::de::dsfinvk_header(static_cast<DsfinvkTable>(i), certificate_columns).size();
}

Status RegisterRun::flush_late() {
  SIEGEL_TRY_OK(spill(true));
  set_mark();
  return Ok{};
}

void RegisterRun::set_mark() {
  m_mark.closings = m_at;
  m_mark.receipts = m_receipts;
  m_mark.process_data_length = process_data_length();
  m_mark.sizes = m_sizes;
  for (std::size_t i = 0; i < dsfinvk_tables; ++i)
    m_mark.rows[i] = rows(static_cast<DsfinvkTable>(i));
  m_mark.awaited = m_awaited;
}

Status RegisterRun::closing(const journal::Entry& entry) {
  SIEGEL_TRY_OK(emit());
  const Closing& closing = current().closing;
  if (m_closing_receipts != closing.receipts)
    return broken(fmt::format("closing {} of register {} holds {} receipts, the journal has {}",
                              closing.number, m_chosen.id, closing.receipts, m_closing_receipts),
                  entry.sequence.get());
  SIEGEL_TRY_OK(m_writer.end());
  SIEGEL_TRY_OK(spill(true));
  m_receipts += m_closing_receipts;
  m_has_frame = false;
  ++m_at;
  if (done()) m_held.clear();
  set_mark();
  return Ok{};
}

void RegisterRun::late(const LateSignature& late) {
  const auto awaited = m_awaited.find(late.plan_sequence);
  if (awaited == m_awaited.end()) return;
  m_writer.add_late(awaited->second, late);
  m_awaited.erase(awaited);
}

void RegisterRun::asked(std::string_view tse_serial) {
  std::erase_if(m_awaited, [&](const auto& one) { return one.second.tse_serial == tse_serial; });
}

}  // namespace siegel::exports
