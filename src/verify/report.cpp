#include "verify/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/bytes.h"
#include "base/check.h"
#include "format/json_writer.h"

namespace siegel::verify {

namespace {

/// Bytes of the UTF-8 character at the beginning of `text` if it is whole and no control character.
std::size_t printable_prefix(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x20 || first == 0x7F) return 0;
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (text.size() < size || !valid_utf8(text.substr(0, size))) return 0;
  // U+0080 to U+009F are control characters too.
  if (first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0) return 0;
  return size;
}

}  // namespace

std::string printable(std::string_view text) {
  constexpr std::string_view cut_mark = "...";
  std::string out;
  std::size_t cut_at = 0;  // the last place where the mark still has room
  while (!text.empty()) {
    const std::size_t size = printable_prefix(text);
    if (size == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(text[0]));
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
    if (out.size() + cut_mark.size() <= finding_text_max) cut_at = out.size();
    if (out.size() > finding_text_max) {
      out.resize(cut_at);
      out += cut_mark;
      break;
    }
  }
  return out;
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::findings:
      return "findings";
    case Verdict::fail:
      return "fail";
  }
  return "";
}

void Report::add(std::string_view rule, std::string_view place, std::string_view found,
                 std::string_view expected, std::uint64_t order) {
  const Rule* known = find_rule(rule);
  SIEGEL_CHECK(known != nullptr);
  OfRule& of_rule = m_rules[{known, known->severity}];
  ++of_rule.count;
  if (of_rule.listed.size() >= listed_max) return;
  of_rule.listed.push_back(
      {order, m_added++, printable(place), printable(found), printable(expected)});
}

void Report::add(std::string_view rule, const Place& place, std::string_view found,
                 std::string_view expected, std::uint64_t order, std::optional<Severity> severity) {
  const Rule* known = find_rule(rule);
  SIEGEL_CHECK(known != nullptr);
  OfRule& of_rule = m_rules[{known, severity.value_or(known->severity)}];
  ++of_rule.count;
  if (of_rule.listed.size() >= listed_max) return;
  std::string text(place.file);
  if (place.line > 0) text += fmt::format(", line {}", place.line);
  if (!place.column.empty()) text += fmt::format(", {}", place.column);
  if (!place.closing.empty()) text += fmt::format(", closing {}", place.closing);
  if (!place.receipt.empty()) text += fmt::format(", BON_ID {}", place.receipt);
  if (text.starts_with(", ")) text.erase(0, 2);
  of_rule.listed.push_back({order, m_added++, printable(text), printable(found),
                            printable(expected), printable(place.file), place.line,
                            printable(place.column), printable(place.closing),
                            printable(place.receipt)});
}

void Report::add_number(std::string_view rule, Severity severity, std::uint64_t number) {
  const Rule* known = find_rule(rule);
  SIEGEL_CHECK(known != nullptr);
  if (number > 0) m_rules[{known, severity}].count += number;
}

void Report::add_not_checked(std::string_view rule, std::string_view why) {
  SIEGEL_CHECK(find_rule(rule) != nullptr);
  m_not_checked.push_back({std::string(rule), printable(why)});
}

void Report::merge(Report&& other) {
  signatures.checked += other.signatures.checked;
  signatures.valid += other.signatures.valid;
  signatures.invalid += other.signatures.invalid;
  for (auto& [key, from] : other.m_rules) {
    OfRule& to = m_rules[key];
    to.count += from.count;
    for (Listed& listed : from.listed) {
      listed.added += m_added;
      to.listed.push_back(std::move(listed));
    }
    if (to.listed.size() > listed_max) {
      std::ranges::sort(to.listed, {},
                        [](const Listed& one) { return std::tuple(one.order, one.added); });
      to.listed.resize(listed_max);
    }
  }
  m_added += other.m_added;
  other.m_rules.clear();
  std::ranges::move(other.m_not_checked, std::back_inserter(m_not_checked));
  other.m_not_checked.clear();
}

bool Report::is_full(std::string_view rule) const {
  const Rule* known = find_rule(rule);
  if (known == nullptr) return false;
  const auto found = m_rules.find({known, known->severity});
  return found != m_rules.end() && found->second.listed.size() >= listed_max;
}

std::uint64_t Report::count(std::string_view rule) const {
  const Rule* known = find_rule(rule);
  std::uint64_t sum = 0;
  for (const auto& [key, of_rule] : m_rules) {
    if (key.first == known) sum += of_rule.count;
  }
  return sum;
}

std::uint64_t Report::count(Severity severity) const {
  std::uint64_t sum = 0;
  for (const auto& [key, of_rule] : m_rules) {
    if (key.second == severity) sum += of_rule.count;
  }
  return sum;
}

Verdict Report::verdict() const {
  if (count(Severity::violation) > 0) return Verdict::fail;
  return m_rules.empty() ? Verdict::pass : Verdict::findings;
}

std::vector<Finding> Report::findings() const {
  struct Ref {
    const Listed* listed;
    const Rule* rule;
    Severity severity;
  };
  std::vector<Ref> refs;
  for (const auto& [key, of_rule] : m_rules) {
    for (const Listed& listed : of_rule.listed) refs.push_back({&listed, key.first, key.second});
  }
  std::ranges::sort(refs, [](const Ref& a, const Ref& b) {
    return std::tuple(a.listed->order, a.listed->added, a.rule->id) <
           std::tuple(b.listed->order, b.listed->added, b.rule->id);
  });
  std::vector<Finding> out;
  out.reserve(refs.size());
  for (const auto& [listed, rule, severity] : refs) {
    out.push_back({std::string(rule->id), severity, listed->place, listed->found, listed->expected,
                   std::string(rule->source), listed->file, listed->line, listed->column,
                   listed->closing, listed->receipt});
  }
  for (const auto& [key, of_rule] : m_rules) {
    const auto& [rule, severity] = key;  // the catalogue is one array: in the order of ids
    const std::uint64_t more = of_rule.count - of_rule.listed.size();
    if (more == 0) continue;
    out.push_back({std::string(rule->id), severity, "",
                   fmt::format("{} more findings of this rule, {} in all", more, of_rule.count), "",
                   std::string(rule->source)});
  }
  return out;
}

std::string Report::json() const {
  std::string out = fmt::format(
      R"({{"verdict":"{}","signatures":{{"checked":{},"valid":{},"invalid":{}}},"findings":[)",
      verdict_name(verdict()), signatures.checked, signatures.valid, signatures.invalid);
  bool first = true;
  for (const Finding& finding : findings()) {
    if (!first) out += ',';
    first = false;
    const auto member = [&out](std::string_view key, std::string_view text) {
      out += fmt::format(R"("{}":)", key);
      json::append_string(out, text);
    };
    out += '{';
    member("rule", finding.rule);
    out += ',';
    member("severity", severity_name(finding.severity));
    out += ',';
    member("place", finding.place);
    out += ',';
    member("found", finding.found);
    out += ',';
    member("expected", finding.expected);
    out += ',';
    member("source", finding.source);
    if (!finding.file.empty()) {
      out += ',';
      member("file", finding.file);
      out += fmt::format(R"(,"line":{},)", finding.line);
      member("column", finding.column);
      out += ',';
      member("closing", finding.closing);
      out += ',';
      member("receipt", finding.receipt);
    }
    out += '}';
  }
  out += ']';
  if (!m_not_checked.empty()) {
    out += R"(,"not_checked":[)";
    for (const NotChecked& rule : m_not_checked) {
      if (&rule != m_not_checked.data()) out += ',';
      out += R"({"rule":)";
      json::append_string(out, rule.rule);
      out += R"(,"why":)";
      json::append_string(out, rule.why);
      out += '}';
    }
    out += ']';
  }
  out += '}';
  return out;
}

}  // namespace siegel::verify
