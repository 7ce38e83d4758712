#include "verify/dsfinvk/findings.h"

#include <fmt/format.h>

#include "base/check.h"

namespace siegel::verify::dsfinvk {

namespace {

/// The catalogue by index.
struct Known {
  std::string id;
  Severity severity;
};
const std::array<Known, rules_count>& catalogue() {
  static const auto all = [] {
    std::array<Known, rules_count> made;
    for (std::uint16_t i = 0; i < rules_count; ++i) {
      const std::string id = rule_text(i);
      const Rule* rule = find_rule(id);
      SIEGEL_CHECK(rule != nullptr);
      made[i] = {id, rule->severity};
    }
    return made;
  }();
  return all;
}

}  // namespace

std::string rule_text(std::uint16_t index) {
  for (const RuleGroup& group : rule_groups) {
    if (index < group.rules) return fmt::format("{}{:03}", group.letter, index + 1);
    index = static_cast<std::uint16_t>(index - group.rules);
  }
  return {};
}

bool Findings::full(RuleId rule, std::optional<Severity> severity) const {
  const Severity used = severity.value_or(catalogue()[rule.index()].severity);
  return m_counts[rule.index()][static_cast<std::size_t>(used)] >= Report::listed_max;
}

void Findings::put(RuleId rule, const Place& place, std::string_view found,
                   std::string_view expected, std::optional<Severity> severity) {
  const Known& known = catalogue()[rule.index()];
  const Severity used = severity.value_or(known.severity);
  std::uint64_t& count = m_counts[rule.index()][static_cast<std::size_t>(used)];
  if (count++ < Report::listed_max) m_report.add(known.id, place, found, expected, m_order++, used);
}

void Findings::add(RuleId rule, const Spot& spot, std::string_view found, std::string_view expected,
                   std::optional<Severity> severity) {
  const TableInfo& table = info(spot.table);
  put(rule,
      {.file = table.file,
       .line = spot.line,
       .column = spot.column < table.columns.size() ? table.columns[spot.column].name : "",
       .closing = m_closing,
       .receipt = spot.receipt},
      found, expected, severity);
}

void Findings::add(RuleId rule, std::string_view file, std::uint64_t line, std::string_view found,
                   std::string_view expected, std::optional<Severity> severity) {
  put(rule, {.file = file, .line = line}, found, expected, severity);
}

void Findings::finish() {
  for (std::uint16_t rule = 0; rule < rules_count; ++rule) {
    for (std::size_t severity = 0; severity < 3; ++severity) {
      const std::uint64_t count = m_counts[rule][severity];
      if (count > Report::listed_max)
        m_report.add_number(catalogue()[rule].id, static_cast<Severity>(severity),
                            count - Report::listed_max);
    }
  }
  m_counts = {};
}

}  // namespace siegel::verify::dsfinvk
