#include "verify/rksv/official.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"

namespace siegel::verify::rksv {

namespace {

struct CheckId {
  Check check;
  std::string_view id;
};

constexpr std::array check_ids = std::to_array<CheckId>({
    {Check::root, "VERIFICATION_FROM_CASHBOX"},
    {Check::receipt_length, "CONSTRAINTS_PRE_DB/BASICCONSTRAINTS/BASICCONSTRAINTS_RECEIPT_LENGTH"},
    {Check::number_of_elements,
     "CONSTRAINTS_PRE_DB/BASICCONSTRAINTS/BASICCONSTRAINTS_NUMBER_OF_ELEMENTS"},
    {Check::rk_suite, "CONSTRAINTS_PRE_DB/RKSUITE"},
    {Check::rk_suite_string, "CONSTRAINTS_PRE_DB/RKSUITE/FORMAT_RK_STRING"},
    {Check::serial_hex, "CONSTRAINTS_PRE_DB/FORMAT_SERIAL_NUMBER/FORMAT_HEX_CHARS"},
    {Check::serial_closed, "CONSTRAINTS_PRE_DB/FORMAT_SERIAL_NUMBER/FORMAT_CLOSED_SYSTEM_SERIAL"},
    {Check::time_format, "CONSTRAINTS_PRE_DB/FORMAT_CHECK_TIMEANDDATE"},
    {Check::time_period, "CONSTRAINTS_PRE_DB/TIMEOFRECEIPT_WITHIN_PERIOD"},
    {Check::exists_cashbox, "EXISTS_CASHBOX"},
    {Check::tax_set_1, "RECEIPT_FULL/FORMAT/FORMAT_TAX_SET"},
    {Check::tax_set_2, "RECEIPT_FULL/FORMAT/FORMAT_TAX_SET"},
    {Check::tax_set_3, "RECEIPT_FULL/FORMAT/FORMAT_TAX_SET"},
    {Check::tax_set_4, "RECEIPT_FULL/FORMAT/FORMAT_TAX_SET"},
    {Check::tax_set_5, "RECEIPT_FULL/FORMAT/FORMAT_TAX_SET"},
    {Check::counter_base64, "RECEIPT_FULL/FORMAT/FORMAT_ENCRYPTED_TURN_OVER_VALUE_BASE64"},
    {Check::counter_decode_encode,
     "RECEIPT_FULL/FORMAT/FORMAT_ENCRYPTED_TURN_OVER_VALUE_BASE64/FORMAT_BASE64_DECODE_ENCODE"},
    {Check::counter_chars,
     "RECEIPT_FULL/FORMAT/FORMAT_ENCRYPTED_TURN_OVER_VALUE_BASE64/FORMAT_BASE64_DECODE_ENCODE/"
     "FORMAT_BASE64_CHARS"},
    {Check::chain_base64, "RECEIPT_FULL/FORMAT/FORMAT_CHAIN_VALUE_PREVIOUS_RECEIPT_BASE64"},
    {Check::chain_decode_encode,
     "RECEIPT_FULL/FORMAT/FORMAT_CHAIN_VALUE_PREVIOUS_RECEIPT_BASE64/FORMAT_BASE64_DECODE_ENCODE"},
    {Check::chain_chars,
     "RECEIPT_FULL/FORMAT/FORMAT_CHAIN_VALUE_PREVIOUS_RECEIPT_BASE64/FORMAT_BASE64_DECODE_ENCODE/"
     "FORMAT_BASE64_CHARS"},
    {Check::signature_base64, "RECEIPT_FULL/FORMAT/FORMAT_SIGNATURE_BASE64"},
    {Check::signature_decode_encode,
     "RECEIPT_FULL/FORMAT/FORMAT_SIGNATURE_BASE64/FORMAT_BASE64_DECODE_ENCODE"},
    {Check::signature_chars,
     "RECEIPT_FULL/FORMAT/FORMAT_SIGNATURE_BASE64/FORMAT_BASE64_DECODE_ENCODE/"
     "FORMAT_BASE64_CHARS"},
    {Check::crypto_signature, "RECEIPT_FULL/CRYPTO/CRYPTO_SIGNATURE"},
    {Check::crypto_counter, "RECEIPT_FULL/CRYPTO/CRYPTO_TURNOVER_COUNTER"},
    {Check::type_of_receipt, "RECEIPT_FULL/TYPE_OF_RECEIPT/TYPE_OF_RECEIPT_START"},
    {Check::type_of_receipt, "RECEIPT_FULL/TYPE_OF_RECEIPT/TYPE_OF_RECEIPT_STANDARD"},
    {Check::type_of_receipt, "RECEIPT_FULL/TYPE_OF_RECEIPT/TYPE_OF_RECEIPT_TRA"},
    {Check::type_of_receipt, "RECEIPT_FULL/TYPE_OF_RECEIPT/TYPE_OF_RECEIPT_STO"},
    {Check::type_of_receipt, "RECEIPT_FULL/TYPE_OF_RECEIPT/TYPE_OF_RECEIPT_NULL"},
    {Check::state_cashbox, "RECEIPT_FULL/STATE_CONSOLIDATED/STATE_CASHBOX"},
    {Check::state_sigdevice, "RECEIPT_FULL/STATE_CONSOLIDATED/STATE_SIGDEVICE"},
});

constexpr std::array<std::string_view, 7> dep_check_ids = {
    "DEP_ONLY_ONE_CASHBOX_ID",
    "DEP_ONLY_ONE_SYTEM_TYPE",  // spelled like this by the tool
    "DEP_UNIQUE_RECEIPT_ID",   "DEP_TURNOVER_COMPARE", "DEP_STATE",
    "DEP_CHAINING_VALUE",      "DEP_TIME_SEQUENCE",
};

// A pattern: cashbox in bits 0 to 31, dep 32 to 39, kind 40 to 43, counter state 44 to 45.
constexpr unsigned dep_shift = 32;
constexpr unsigned kind_shift = 40;
constexpr unsigned counter_shift = 44;

std::uint64_t pattern_of(const Official::Receipt& receipt) {
  return std::uint64_t{receipt.cashbox.bits()} | std::uint64_t{receipt.dep.bits()} << dep_shift |
         std::uint64_t{static_cast<std::uint8_t>(receipt.kind)} << kind_shift |
         std::uint64_t{static_cast<std::uint8_t>(receipt.counter_state)} << counter_shift;
}

std::string_view counter_text(const Official::Receipt& receipt, std::string& number) {
  switch (receipt.counter_state) {
    case CounterState::none:
      return "NULL";
    case CounterState::training:
      return "TRA";
    case CounterState::storno:
      return "STO";
    case CounterState::number:
      number = fmt::format("{}", receipt.counter);
      return number;
  }
  return "";
}

void append_ids(std::string& out, const std::vector<std::string_view>& ids) {
  out += '[';
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) out += ',';
    out += '"';
    out += ids[i];
    out += '"';
  }
  out += ']';
}

}  // namespace

std::vector<std::string_view> ids_of(Failing<Check> failing) {
  std::vector<std::string_view> out;
  for (const CheckId& one : check_ids) {
    if (failing.has(one.check)) out.push_back(one.id);
  }
  return out;
}

std::vector<std::string_view> ids_of(Failing<DepCheck> failing) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < dep_check_ids.size(); ++i) {
    if (failing.has(static_cast<DepCheck>(i))) out.push_back(dep_check_ids[i]);
  }
  return out;
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::none:
      return "NULL";
    case Kind::unknown:
      return "UNKNOWN";
    case Kind::start:
      return "START_BELEG";
    case Kind::standard:
      return "STANDARD_BELEG";
    case Kind::training:
      return "TRAINING_BELEG";
    case Kind::storno:
      return "STORNO_BELEG";
    case Kind::null:
      return "NULL_BELEG";
  }
  return "";
}

std::string_view Official::state_name() const {
  switch (m_state) {
    case State::pass:
      return "PASS";
    case State::fail:
      return "FAIL";
    case State::no_output:
      return "NO-OUTPUT";
  }
  return "";
}

std::vector<std::string_view> Official::failing() const {
  if (m_state != State::fail) return {};
  if (m_basic_constraints) return {"DEP_BASICCONSTRAINTS"};
  return {"DEP_RECEIPT_LIST"};
}

void Official::add(const Receipt& receipt) {
  ++m_count;
  if (!receipt.cashbox.empty() || !receipt.dep.empty()) m_any_failed = true;
  if (!m_keep) return;
  const std::size_t at = m_size % chunk_receipts;
  if (at == 0) m_chunks.push_back(std::make_unique<Chunk>());
  const auto [found, is_new] = m_pattern_index.try_emplace(
      pattern_of(receipt), static_cast<std::uint32_t>(m_patterns.size()));
  if (is_new) m_patterns.push_back(found->first);
  m_chunks.back()->counters[at] = receipt.counter;
  m_chunks.back()->patterns[at] = found->second;
  ++m_size;
}

void Official::set_no_output() {
  m_state = State::no_output;
  m_size = 0;
  m_chunks.clear();
}

Official::Receipt Official::receipt(std::uint64_t index) const {
  SIEGEL_CHECK(index < m_size);
  const Chunk& chunk = *m_chunks[index / chunk_receipts];
  const std::uint64_t pattern = m_patterns[chunk.patterns[index % chunk_receipts]];
  constexpr std::uint64_t nibble = 15;
  return {.cashbox = Failing<Check>::of_bits(static_cast<std::uint32_t>(pattern)),
          .dep = Failing<DepCheck>::of_bits((pattern >> dep_shift) & 255U),
          .dep_missing = m_dep_missing,
          .kind = static_cast<Kind>((pattern >> kind_shift) & nibble),
          .counter_state = static_cast<CounterState>((pattern >> counter_shift) & 3U),
          .counter = chunk.counters[index % chunk_receipts]};
}

Status Official::write_json(Sink& to) const {
  constexpr std::size_t piece = 60'000;
  std::string out = fmt::format(R"({{"state":"{}","failing":)", state_name());
  append_ids(out, failing());
  out += R"(,"receipts":[)";
  std::string number;
  for (std::uint64_t i = 0; i < m_size; ++i) {
    const Receipt one = receipt(i);
    if (i > 0) out += ',';
    out += one.cashbox.empty() ? R"({"cashbox":"PASS","cashbox_failing":)"
                               : R"({"cashbox":"FAIL","cashbox_failing":)";
    append_ids(out, ids_of(one.cashbox));
    if (one.dep_missing) {
      out += R"(,"dep":"MISSING","dep_failing":[],"kind":null,"counter":null})";
    } else {
      out +=
          one.dep.empty() ? R"(,"dep":"PASS","dep_failing":)" : R"(,"dep":"FAIL","dep_failing":)";
      append_ids(out, ids_of(one.dep));
      fmt::format_to(std::back_inserter(out), R"(,"kind":"{}","counter":"{}"}})",
                     kind_name(one.kind), counter_text(one, number));
    }
    if (out.size() >= piece) {
      SIEGEL_TRY_OK(to.write(bytes_of(out)));
      out.clear();
    }
  }
  out += "]}";
  return to.write(bytes_of(out));
}

}  // namespace siegel::verify::rksv
