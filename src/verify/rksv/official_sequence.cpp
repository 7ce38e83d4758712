#include "verify/rksv/sequence.h"

namespace siegel::verify::rksv {

namespace {

/// The last of the checks that end the examination before keys come into play.
constexpr std::uint32_t format_bits =
    (std::uint32_t{1} << static_cast<unsigned>(Check::crypto_signature)) - 1;

std::int64_t sum_of(const Receipt& receipt) {
  std::uint64_t sum = 0;
  for (const std::int64_t amount : receipt.amounts) sum += static_cast<std::uint64_t>(amount);
  return static_cast<std::int64_t>(sum);
}

std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

}  // namespace

Official::Receipt OfficialSequence::judge(const Receipt& receipt, bool is_new_number) {
  Official::Receipt out;
  out.cashbox = receipt.cashbox;
  // Its first step knows of each receipt whether it is the first; the register starts with it.
  if (receipt.cashbox.empty() || receipt.cashbox.has(Check::state_sigdevice)) {
    if ((m_count == 0) != (receipt.kind == Kind::start)) out.cashbox.add(Check::state_cashbox);
  }
  // Its second step checks each receipt once more, and never accepts the future.
  const bool examined =
      receipt.readable && (receipt.cashbox.bits() & format_bits) == 0 && !receipt.in_future;
  if (examined) {
    out.kind = receipt.kind;
    out.counter_state = receipt.counter_state;
    out.counter = receipt.counter;
    if (receipt.cashbox.has(Check::crypto_counter)) out.counter_state = CounterState::none;
  }
  // An entry that is no receipt at all passes the second step.
  if (receipt.readable) {
    if (receipt.has_fields) {
      const std::string_view number = receipt.fields[field_register];
      if (!m_register) m_register = number;
      if (*m_register != number) out.dep.add(DepCheck::only_one_cashbox_id);
      if (m_system == System::unknown) m_system = receipt.system;
      if (receipt.system != System::unknown && receipt.system != m_system) {
        out.dep.add(DepCheck::only_one_system_type);
      }
      if (!is_new_number) out.dep.add(DepCheck::unique_receipt_id);
    }
    compare(receipt, out);
  }
  m_before_last = m_last;
  m_last = {.kind = out.kind,
            .is_signed = receipt.is_signed(),
            .is_null = out.kind == Kind::null,
            .hash = receipt.own_hash,
            .time = receipt.time,
            .has_time = receipt.has_time};
  ++m_count;
  return out;
}

void OfficialSequence::compare(const Receipt& receipt, Official::Receipt& out) {
  const bool examined = out.counter_state != CounterState::none;
  if (examined && !turnover_fits(receipt, out)) {
    out.dep.add(DepCheck::turnover_compare);
    return;
  }
  if (!state_fits(receipt, out)) {
    out.dep.add(DepCheck::state);
    return;
  }
  // What was not examined has no chaining value to compare.
  const std::uint64_t expected = m_count == 0 ? receipt.register_hash : m_last.hash;
  if (!examined || !receipt.has_chain || receipt.chain != expected) {
    out.dep.add(DepCheck::chaining_value);
    return;
  }
  if (m_last.has_time && receipt.time < m_last.time) out.dep.add(DepCheck::time_sequence);
}

bool OfficialSequence::turnover_fits(const Receipt& receipt, const Official::Receipt& out) {
  if (out.counter_state != CounterState::number) {
    // The first receipt sets the counter; without a number that fails.
    if (!m_turnover) {
      m_turnover = 0;
      return false;
    }
    if (out.counter_state == CounterState::storno) m_turnover = add(*m_turnover, sum_of(receipt));
    return true;
  }
  if (!m_turnover) {
    m_turnover = out.counter;
    return true;
  }
  const std::int64_t expected = add(*m_turnover, sum_of(receipt));
  if (expected != out.counter) return false;
  m_turnover = expected;
  return true;
}

bool OfficialSequence::state_fits(const Receipt& receipt, const Official::Receipt& out) const {
  if (m_last.kind == Kind::none) return out.kind == Kind::start;
  if (out.kind == Kind::start) return false;
  const bool is_collective = out.kind == Kind::null && receipt.is_signed();
  const bool was_collective = m_last.is_null && m_last.is_signed;
  const bool is_due =
      m_count >= 2 && !m_before_last.is_signed && m_last.is_signed && !was_collective;
  return !is_due || is_collective;
}

}  // namespace siegel::verify::rksv
