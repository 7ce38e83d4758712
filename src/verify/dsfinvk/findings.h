#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "verify/dsfinvk/tables.h"
#include "verify/report.h"

// Findings of one thread on their way into a report. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

inline constexpr std::size_t rules_count = 246;

struct RuleGroup {
  char letter;
  std::uint16_t rules;
};
inline constexpr std::array rule_groups = {
    RuleGroup{'B', 30}, RuleGroup{'C', 18}, RuleGroup{'D', 18}, RuleGroup{'F', 25},
    RuleGroup{'K', 29}, RuleGroup{'M', 18}, RuleGroup{'N', 11}, RuleGroup{'P', 10},
    RuleGroup{'R', 7},  RuleGroup{'S', 25}, RuleGroup{'T', 28}, RuleGroup{'U', 7},
    RuleGroup{'X', 20}};
/// "B001" of index 0.
[[nodiscard]] std::string rule_text(std::uint16_t index);

/// A rule of this module; one that does not exist does not compile.
class RuleId {
 public:
  // Implicit, so that calls read add("B001", ...).
  // NOLINTNEXTLINE(google-explicit-constructor): a rule is written as its id
  consteval RuleId(const char* id) : m_index(index(id)) {}
  [[nodiscard]] constexpr std::uint16_t index() const { return m_index; }

 private:
  static void no_such_rule() {}  // not consteval: calling it ends the compilation
  static consteval std::uint16_t index(const char* id) {
    std::uint16_t before = 0;
    for (const RuleGroup& group : rule_groups) {
      const int number = (id[1] - '0') * 100 + (id[2] - '0') * 10 + (id[3] - '0');
      if (group.letter == id[0]) {
        if (number < 1 || number > group.rules || id[4] != '\0') no_such_rule();
        return static_cast<std::uint16_t>(before + number - 1);
      }
      before = static_cast<std::uint16_t>(before + group.rules);
    }
    no_such_rule();
    return before;
  }

  std::uint16_t m_index;
};

inline constexpr std::size_t no_column = ~std::size_t{0};

/// A place in one of the tables.
struct Spot {
  Table table;
  std::uint64_t line = 0;
  std::size_t column = no_column;
  std::string_view receipt = {};
};

/// Counts of each rule and severity; the texts of the first findings go to the report.
class Findings {
 public:
  explicit Findings(Report& report) : m_report(report) {}

  /// What follows belongs to this closing ("K1/3"), and is ordered behind everything of smaller
  /// `order`. The label outlives the calls.
  void begin(std::uint64_t order, std::string_view closing) {
    m_order = order << 32U;
    m_closing = closing;
  }
  void set_closing(std::string_view closing) { m_closing = closing; }
  /// Only counted from now on: the texts need not be made.
  [[nodiscard]] bool full(RuleId rule, std::optional<Severity> severity = {}) const;
  void add(RuleId rule, const Spot& spot, std::string_view found, std::string_view expected,
           std::optional<Severity> severity = {});
  /// A place that is none of the tables; `line` 0: the file as a whole.
  void add(RuleId rule, std::string_view file, std::uint64_t line, std::string_view found,
           std::string_view expected, std::optional<Severity> severity = {});
  /// Hands the counts of what was not listed to the report.
  void finish();
  [[nodiscard]] Report& report() { return m_report; }

 private:
  void put(RuleId rule, const Place& place, std::string_view found, std::string_view expected,
           std::optional<Severity> severity);

  Report& m_report;
  std::uint64_t m_order = 0;
  std::string_view m_closing;
  std::array<std::array<std::uint64_t, 3>, rules_count> m_counts{};
};

}  // namespace siegel::verify::dsfinvk
