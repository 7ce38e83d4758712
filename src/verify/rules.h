#pragma once

#include <span>
#include <string_view>

namespace siegel::verify {

/// What a finding means for the verdict.
enum class Severity {
  violation,  ///< the rule is broken: the verdict is `fail`
  warning,    ///< unusual or not checkable; a person should know why
  info,       ///< worth knowing, legal
};
/// "violation", "warning", "info".
[[nodiscard]] std::string_view severity_name(Severity severity);

/// One rule of the catalogue. An id is stable for ever; docs/reference/verify-rules.md explains
/// each.
struct Rule {
  std::string_view id;  ///< "TSE-0401"
  Severity severity;
  std::string_view title_de;
  std::string_view title_en;
  std::string_view source;  ///< law, standard or own format the rule comes from
};

/// The whole catalogue, ordered by id.
[[nodiscard]] std::span<const Rule> rules();
/// Null if there is no such rule. The pointer lives for the whole process.
[[nodiscard]] const Rule* find_rule(std::string_view id);

}  // namespace siegel::verify
