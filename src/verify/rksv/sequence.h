#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/report.h"
#include "verify/rksv/number_set.h"
#include "verify/rksv/official.h"
#include "verify/rksv/receipt.h"

// The receipts of a DEP one after the other. Not part of the module's contract.

namespace siegel::verify::rksv {

/// What the official tool makes of the order [rules found by running it]. It keeps going after a
/// failure with a state that lacks the bad receipt, so that failures cascade; that is repeated here
/// faithfully.
class OfficialSequence {
 public:
  /// `is_new_number`: the Belegnummer was not met before. Completes the checks of the receipt by
  /// itself too, where they depend on the register's state.
  Official::Receipt judge(const Receipt& receipt, bool is_new_number);

 private:
  struct Previous {
    Kind kind = Kind::none;
    bool is_signed = true;
    bool is_null = false;
    std::uint64_t hash = 0;
    std::int64_t time = 0;
    bool has_time = false;
  };
  void compare(const Receipt& receipt, Official::Receipt& out);
  [[nodiscard]] bool turnover_fits(const Receipt& receipt, const Official::Receipt& out);
  [[nodiscard]] bool state_fits(const Receipt& receipt, const Official::Receipt& out) const;

  std::uint64_t m_count = 0;
  std::optional<std::string> m_register;
  System m_system = System::unknown;
  std::optional<std::int64_t> m_turnover;
  Previous m_last;
  Previous m_before_last;
};

/// Our own rules on order, chain, counter, numbers and times (RKS-06xx, -09xx). After each finding
/// it goes on with what it found, so that one cause is one finding.
class StrictSequence {
 public:
  StrictSequence(const Material& material, Report& report)
      : m_material(material), m_report(report) {}

  /// `official_failed`: the official tool reports this receipt. `own_findings`: violations the
  /// receipt has by itself.
  struct Context {
    std::string_view place;
    std::uint64_t order = 0;
    bool is_new_number = true;
    bool has_own_violation = false;
    bool official_failed = false;
  };
  void judge(const Receipt& receipt, const Context& context);
  void finish();

 private:
  void find(std::string_view rule, std::string_view found, std::string_view expected);
  void start(const Receipt& receipt);
  void same_register(const Receipt& receipt);
  void number(const Receipt& receipt);
  void chain(const Receipt& receipt);
  void counter(const Receipt& receipt);
  void counter_differs(const Receipt& receipt, std::int64_t expected);
  [[nodiscard]] std::optional<Note> counter_mistake(const Receipt& receipt,
                                                    std::int64_t expected) const;
  void time(const Receipt& receipt);
  void outage(const Receipt& receipt);
  void month(const Receipt& receipt);
  void consequence();

  const Material& m_material;
  Report& m_report;
  const Context* m_context = nullptr;
  bool m_found_here = false;

  bool m_any = false;  // a receipt with fields came before
  std::string m_register;
  std::string m_last_register;
  System m_system = System::unknown;
  System m_last_system = System::unknown;
  bool m_counters_believed = true;

  // Belegnummer
  std::string m_number_stem;
  std::optional<std::uint64_t> m_number;

  // chain
  bool m_has_last = false;
  std::uint64_t m_last_hash = 0;
  bool m_last_altered = false;
  std::string m_last_place;

  // counter: the last that could be read, and what happened since
  std::optional<std::int64_t> m_counter;
  std::optional<std::int64_t> m_counter_alternative;  // what it should have been, if it was wrong
  std::int64_t m_since = 0;
  std::int64_t m_since_training = 0;
  std::int64_t m_since_storno = 0;
  bool m_since_unreadable = false;
  std::size_t m_counter_bytes = 0;

  std::optional<std::int64_t> m_time;

  // outage
  bool m_in_outage = false;
  bool m_one_signed = false;  // the one receipt that may stand before the Sammelbeleg
  std::int64_t m_outage_begin = 0;
  std::uint64_t m_outage_receipts = 0;
  std::string m_outage_place;

  // months
  std::int64_t m_month = -1;  // of the last receipt that is no zero receipt
  bool m_sales_since_null = false;
  bool m_null_signed = false;

  std::string m_cause;  // place of the last violation
};

}  // namespace siegel::verify::rksv
