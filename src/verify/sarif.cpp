#include "verify/sarif.h"

#include <fmt/format.h>

#include "format/json_writer.h"

namespace siegel::verify {

namespace {

std::string_view level_of(Severity severity) {
  switch (severity) {
    case Severity::violation:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::info:
      return "note";
  }
  return "none";
}

void member(std::string& out, std::string_view key, std::string_view text) {
  if (!out.ends_with('{')) out += ',';
  out += fmt::format(R"("{}":)", key);
  json::append_string(out, text);
}

/// A relative reference [RFC 3986].
std::string uri_of(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

void append_rule(std::string& out, const Rule& rule) {
  out += '{';
  member(out, "id", rule.id);
  out += R"(,"shortDescription":{)";
  member(out, "text", rule.title_en);
  out += R"(},"defaultConfiguration":{)";
  member(out, "level", level_of(rule.severity));
  out += R"(},"properties":{)";
  member(out, "german", rule.title_de);
  member(out, "source", rule.source);
  out += "}}";
}

void append_result(std::string& out, const Finding& finding, std::size_t index) {
  const Rule* rule = find_rule(finding.rule);
  out += '{';
  member(out, "ruleId", finding.rule);
  out += fmt::format(R"(,"ruleIndex":{})", index);
  member(out, "level", level_of(finding.severity));
  std::string text(rule == nullptr ? "" : rule->title_en);
  if (!finding.found.empty()) text += " Found: " + finding.found + ".";
  if (!finding.expected.empty()) text += " Expected: " + finding.expected + ".";
  out += R"(,"message":{)";
  member(out, "text", text);
  out += R"(},"locations":[{)";
  if (!finding.file.empty()) {
    out += R"("physicalLocation":{"artifactLocation":{)";
    member(out, "uri", uri_of(finding.file));
    out += '}';
    if (finding.line > 0) out += fmt::format(R"(,"region":{{"startLine":{}}})", finding.line);
    out += "},";
  }
  out += R"("logicalLocations":[{)";
  member(out, "fullyQualifiedName", finding.place);
  out += R"(}]}],"properties":{)";
  member(out, "found", finding.found);
  member(out, "expected", finding.expected);
  if (!finding.column.empty()) member(out, "column", finding.column);
  if (!finding.closing.empty()) member(out, "closing", finding.closing);
  if (!finding.receipt.empty()) member(out, "receipt", finding.receipt);
  out += "}}";
}

}  // namespace

std::string sarif(const Report& report) {
  const std::vector<Finding> findings = report.findings();
  std::map<std::string_view, std::size_t> indices;
  for (const Finding& finding : findings) indices.emplace(finding.rule, 0);
  std::string out =
      R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[)"
      R"({"tool":{"driver":{"name":"Siegel","rules":[)";
  std::size_t next = 0;
  for (auto& [id, index] : indices) {
    if (next > 0) out += ',';
    index = next++;
    append_rule(out, *find_rule(id));
  }
  out += R"(]}},"columnKind":"unicodeCodePoints","results":[)";
  for (const Finding& finding : findings) {
    if (&finding != findings.data()) out += ',';
    append_result(out, finding, indices[finding.rule]);
  }
  out += R"(],"properties":{)";
  member(out, "verdict", verdict_name(report.verdict()));
  out += R"(,"notChecked":[)";
  for (const Report::NotChecked& one : report.not_checked()) {
    if (&one != report.not_checked().data()) out += ',';
    out += '{';
    member(out, "rule", one.rule);
    member(out, "why", one.why);
    out += '}';
  }
  out += "]}}]}\n";
  return out;
}

}  // namespace siegel::verify
