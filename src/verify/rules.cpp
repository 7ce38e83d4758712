#include "verify/rules.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "verify/rule_families.h"

namespace siegel::verify {

namespace {

std::vector<Rule> joined() {
  std::vector<Rule> all;
  for (const std::span<const Rule> family :
       {dsfinvk_rules(), journal_rules(), qr_rules(), rksv_rules(), tse_rules()}) {
    SIEGEL_CHECK(std::ranges::is_sorted(family, {}, &Rule::id));
    all.insert(all.end(), family.begin(), family.end());
  }
  std::ranges::sort(all, {}, &Rule::id);
  return all;
}

}  // namespace

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::violation:
      return "violation";
    case Severity::warning:
      return "warning";
    case Severity::info:
      return "info";
  }
  return "";
}

std::span<const Rule> rules() {
  static const std::vector<Rule> all = joined();
  return all;
}

const Rule* find_rule(std::string_view id) {
  const std::span<const Rule> all = rules();
  const auto found = std::ranges::lower_bound(all, id, {}, &Rule::id);
  return found != all.end() && found->id == id ? &*found : nullptr;
}

}  // namespace siegel::verify
