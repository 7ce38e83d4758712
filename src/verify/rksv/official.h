#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

namespace siegel::verify::rksv {

/// The checks of the official tool (regkassen-verification 1.1.1), in the order it reports them.
/// `root` is a failure without a check of its own (a key that is not in the container, an entry
/// that cannot be read).
enum class Check : std::uint8_t {
  root,
  receipt_length,
  number_of_elements,
  rk_suite,
  rk_suite_string,
  serial_hex,
  serial_closed,
  time_format,
  time_period,
  exists_cashbox,
  tax_set_1,
  tax_set_2,
  tax_set_3,
  tax_set_4,
  tax_set_5,
  counter_base64,
  counter_decode_encode,
  counter_chars,
  chain_base64,
  chain_decode_encode,
  chain_chars,
  signature_base64,
  signature_decode_encode,
  signature_chars,
  crypto_signature,
  crypto_counter,
  type_of_receipt,  ///< shown as five ids
  state_cashbox,
  state_sigdevice,
};

/// Its checks of a receipt within a DEP.
enum class DepCheck : std::uint8_t {
  only_one_cashbox_id,
  only_one_system_type,
  unique_receipt_id,
  turnover_compare,
  state,
  chaining_value,
  time_sequence,
};

/// The checks that failed.
template <class Enum>
class Failing {
 public:
  constexpr void add(Enum check) { m_bits |= bit(check); }
  [[nodiscard]] constexpr bool has(Enum check) const { return (m_bits & bit(check)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return m_bits == 0; }
  [[nodiscard]] constexpr std::uint32_t bits() const { return m_bits; }
  static constexpr Failing of_bits(std::uint32_t bits) {
    Failing out;
    out.m_bits = bits;
    return out;
  }
  friend constexpr bool operator==(Failing, Failing) = default;

 private:
  static constexpr std::uint32_t bit(Enum check) {
    return std::uint32_t{1} << static_cast<unsigned>(check);
  }
  std::uint32_t m_bits = 0;
};

/// The kind of a receipt as the tool derives it.
enum class Kind : std::uint8_t { none, unknown, start, standard, training, storno, null };
/// "NULL" (not determined), "UNKNOWN", "START_BELEG", ...
[[nodiscard]] std::string_view kind_name(Kind kind);

enum class CounterState : std::uint8_t { none, training, storno, number };

/// What the official tool says of a DEP or of codes: its verdict, and for each receipt the ids of
/// the checks that fail. Filled by the verification; a value.
class Official {
 public:
  enum class State : std::uint8_t {
    pass,
    fail,
    no_output,  ///< the tool ends without a result
  };
  struct Receipt {
    Failing<Check> cashbox;
    Failing<DepCheck> dep;
    bool dep_missing = false;  ///< the tool writes no result of the second step
    Kind kind = Kind::none;
    CounterState counter_state = CounterState::none;
    std::int64_t counter = 0;  ///< cents, if counter_state is number
  };

  [[nodiscard]] State state() const { return m_state; }
  /// "PASS", "FAIL", "NO-OUTPUT".
  [[nodiscard]] std::string_view state_name() const;
  /// "DEP_RECEIPT_LIST", "DEP_BASICCONSTRAINTS"; none otherwise.
  [[nodiscard]] std::vector<std::string_view> failing() const;
  /// Receipts of the DEP, whether they were kept or not.
  [[nodiscard]] std::uint64_t count() const { return m_count; }
  /// Receipts that were kept: all, or none.
  [[nodiscard]] std::uint64_t kept() const { return m_size; }
  /// `index` < kept() (checked).
  [[nodiscard]] Receipt receipt(std::uint64_t index) const;

  /// Adds one JSON object: {"state","failing","receipts":[...]}. Errors of the sink.
  [[nodiscard]] Status write_json(Sink& to) const;

  // For the verification:
  void keep_receipts(bool keep) { m_keep = keep; }
  void add(const Receipt& receipt);
  void set_state(State state) { m_state = state; }
  void set_dep_missing() { m_dep_missing = true; }
  void set_basic_constraints() { m_basic_constraints = true; }
  /// The tool ends before it says anything of a receipt.
  void set_no_output();
  [[nodiscard]] bool any_failed() const { return m_any_failed; }

 private:
  static constexpr std::size_t chunk_receipts = 16384;
  struct Chunk {
    std::int64_t counters[chunk_receipts];
    std::uint32_t patterns[chunk_receipts];
  };

  State m_state = State::no_output;
  bool m_keep = true;
  bool m_dep_missing = false;
  bool m_basic_constraints = false;
  bool m_any_failed = false;
  std::uint64_t m_count = 0;
  std::uint64_t m_size = 0;
  std::vector<std::unique_ptr<Chunk>> m_chunks;
  std::vector<std::uint64_t> m_patterns;  // everything but the counter, each once
  std::unordered_map<std::uint64_t, std::uint32_t> m_pattern_index;
};

/// The ids of a failing set, in the order of the tool.
[[nodiscard]] std::vector<std::string_view> ids_of(Failing<Check> failing);
[[nodiscard]] std::vector<std::string_view> ids_of(Failing<DepCheck> failing);

}  // namespace siegel::verify::rksv
