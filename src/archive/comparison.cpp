#include "archive/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "archive/collection.h"
#include "base/mutant.h"
#include "model/codec.h"

namespace siegel::archive {

Comparison::Comparison(std::string tse_serial, Compared from)
    : m_serial(std::move(tse_serial)),
      m_from(std::move(from)),
      m_pending(m_from.pending.begin(), m_from.pending.end()),
      m_sequence(m_from.sequence) {}

std::uint64_t Comparison::first_counter() const {
  return m_from.pending.empty() ? m_from.counter
                                : std::min(m_from.counter, m_from.pending.front() - 1);
}

void Comparison::find(std::string_view code, std::string detail, std::uint64_t counter) {
  ++m_result.findings_total;
  add_finding(m_result.findings, code, std::move(detail), counter);
}

// ---- the journal --------------------------------------------------------------------------------

Status Comparison::journal(const journal::Entry& entry, const PlanOf& plan_of) {
  m_sequence = entry.sequence.get();
  if (entry.payload_removed) return Ok{};
  if (entry.kind == entry_kind::plan) {
    SIEGEL_TRY(Plan one, plan_from_json(entry.payload));
    if (one.tse_serial == m_serial) m_plans.emplace(m_sequence, std::move(one));
    return Ok{};
  }
  if (entry.kind == entry_kind::seal) return take_seal(entry, plan_of);
  if (entry.kind == entry_kind::late_signature) return take_late(entry, plan_of);
  if (entry.kind == entry_kind::started) return take_started(entry);
  return Ok{};
}

Result<Plan> Comparison::plan(std::uint64_t sequence, const PlanOf& plan_of) {
  const auto found = m_plans.find(sequence);
  if (found == m_plans.end()) return plan_of(sequence);
  Plan taken = std::move(found->second);
  m_plans.erase(found);
  return taken;
}

Status Comparison::take_seal(const journal::Entry& entry, const PlanOf& plan_of) {
  SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
  if (seal.outcome != Seal::Outcome::signed_by_tse || seal.tse_serial != m_serial) {
    m_plans.erase(seal.plan_sequence);
    return Ok{};
  }
  SIEGEL_TRY(const Plan of, plan(seal.plan_sequence, plan_of));
  // A Vorgang that was begun before has an entry of its own for its start; a transaction that an
  // outage left open has none.
  if (of.transaction == 0)
    know(seal.start_signature_counter, {.sequence = m_sequence,
                                        .transaction = seal.transaction,
                                        .time = seal.start,
                                        .client = of.register_id.text(),
                                        .signature = seal.start_signature});
  know(seal.signature_counter, {.sequence = m_sequence,
                                .transaction = seal.transaction,
                                .time = seal.end,
                                .client = of.register_id.text(),
                                .process_type = std::string(process_type_text(of.process_type)),
                                .process_data = of.process_data,
                                .signature = seal.signature,
                                .finish = true});
  return Ok{};
}

Status Comparison::take_late(const journal::Entry& entry, const PlanOf& plan_of) {
  SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
  if (late.tse_serial != m_serial || SIEGEL_MUTANT("comparison-late")) return Ok{};
  SIEGEL_TRY(const Plan of, plan(late.plan_sequence, plan_of));
  if (of.transaction == 0)
    know(late.start_signature_counter, {.sequence = m_sequence,
                                        .transaction = late.transaction,
                                        .time = late.start,
                                        .client = of.register_id.text(),
                                        .signature = late.start_signature});
  know(late.signature_counter, {.sequence = m_sequence,
                                .transaction = late.transaction,
                                .time = late.end,
                                .client = of.register_id.text(),
                                .process_type = std::string(process_type_text(of.process_type)),
                                .process_data = of.process_data,
                                .signature = late.signature,
                                .finish = true});
  return Ok{};
}

Status Comparison::take_started(const journal::Entry& entry) {
  SIEGEL_TRY(const VorgangStarted started, vorgang_started_from_json(entry.payload));
  if (started.tse_serial != m_serial || started.transaction == 0) return Ok{};
  know(started.signature_counter, {.sequence = m_sequence,
                                   .transaction = started.transaction,
                                   .time = started.log_time,
                                   .client = started.register_id.text(),
                                   .signature = started.signature});
  return Ok{};
}

void Comparison::know(std::uint64_t counter, Known known) {
  m_journal_counter = std::max(m_journal_counter, counter);
  if (counter <= m_from.counter && !m_pending.contains(counter)) return;  // compared before
  const auto message = m_messages.find(counter);
  if (message == m_messages.end()) {
    m_known.insert_or_assign(counter, std::move(known));
    return;
  }
  match(counter, known, message->second);
  m_messages.erase(message);
}

// ---- the device ---------------------------------------------------------------------------------

void Comparison::message(const Message& message) {
  if (message.step != Message::Step::start && message.step != Message::Step::finish) return;
  const std::uint64_t counter = message.counter;
  if (counter <= m_from.counter && !m_pending.contains(counter)) return;
  const auto known = m_known.find(counter);
  if (known == m_known.end()) {
    if (message.step == Message::Step::start) m_starts[message.transaction] = counter;
    m_messages.insert_or_assign(counter, message);
    return;
  }
  match(counter, known->second, message);
  m_known.erase(known);
}

void Comparison::match(std::uint64_t counter, const Known& known, const Message& message) {
  ++m_result.messages;
  // The journal knows the transaction, so it answers for its start too, even if the answer to that
  // was lost.
  if (const auto start = m_starts.find(known.transaction); start != m_starts.end()) {
    if (start->second != counter) m_messages.erase(start->second);
    m_starts.erase(start);
  }
  const auto differs = [&](std::string_view what, std::string_view journal,
                           std::string_view device) {
    find("E-ARC-112",
         fmt::format("signature {}: {} is \"{}\" in the journal (entry {}) and \"{}\" on the TSE",
                     counter, what, excerpt(journal), known.sequence, excerpt(device)),
         counter);
  };
  if (known.finish != (message.step == Message::Step::finish))
    differs("the step", known.finish ? "finish" : "start", known.finish ? "start" : "finish");
  else if (known.transaction != message.transaction)
    differs("the transaction", std::to_string(known.transaction),
            std::to_string(message.transaction));
  else if (known.client != message.client)
    differs("the client", known.client, message.client);
  else if (known.time != message.time)
    differs("the time", known.time.text(), message.time.text());
  else if (known.signature != message.signature)
    differs("the signature", base64(known.signature), base64(message.signature));
  else if (known.finish && known.process_type != message.process_type)
    differs("the process type", known.process_type, message.process_type);
  else if (known.finish && known.process_data != message.process_data)
    differs("the process data", known.process_data, message.process_data);
}

// ---- the end ------------------------------------------------------------------------------------

ComparisonResult Comparison::finish(std::uint64_t archived, std::uint64_t before,
                                    Instant patience) {
  Compared& next = m_result.compared;
  next.counter = std::max(archived, m_from.counter);
  next.sequence = m_sequence;
  for (const auto& [counter, known] : m_known) {
    if (counter > archived && known.sequence > before) {
      next.sequence = std::min(next.sequence, known.sequence - 1);
      continue;
    }
    find(
        "E-ARC-110",
        fmt::format("the journal (entry {}) has signature {} of transaction {}, which the TSE does "
                    "not hand out",
                    known.sequence, counter, known.transaction),
        counter);
  }
  for (const auto& [counter, message] : m_messages) {
    if (counter > archived) continue;
    if (message.time > patience && next.pending.size() < Compared::pending_max) {
      next.pending.push_back(counter);
      continue;
    }
    find("E-ARC-111",
         fmt::format("the TSE has signature {} of transaction {} of \"{}\", which the journal does "
                     "not know",
                     counter, message.transaction, excerpt(message.client)),
         counter);
  }
  return std::move(m_result);
}

}  // namespace siegel::archive
