#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "format/json.h"
#include "verify/report.h"

namespace siegel::verify {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(rules, have_unique_ids_in_order_and_all_their_texts) {
  std::set<std::string_view> ids;
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    EXPECT_EQ(find_rule(rule.id), &rule);
    EXPECT_FALSE(rule.title_de.empty() || rule.title_en.empty() || rule.source.empty()) << rule.id;
  }
  EXPECT_EQ(find_rule("TSE-9999"), nullptr);
  EXPECT_EQ(find_rule(""), nullptr);
}

TEST(rules, page_says_what_the_catalogue_says) {
  const std::string page =
      read_text(std::string(SIEGEL_SOURCE_DIR) + "/docs/reference/verify-rules.md");
  std::set<std::string> expected;
  for (const Rule& rule : rules()) {
    std::string row = "| " + std::string(rule.id) + " | ";
    for (const std::string_view cell :
         {severity_name(rule.severity), rule.title_de, rule.title_en, rule.source}) {
      for (const char c : cell) row += c == '|' ? std::string("\\|") : std::string(1, c);
      row += cell.data() == rule.source.data() ? " |" : " | ";
    }
    expected.insert(row);
  }
  std::set<std::string> found;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    // A row of rules: `| `, capitals, perhaps `-`, a digit.
    const std::size_t end = line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2);
    if (line.starts_with("| ") && end != std::string::npos && end > 2 &&
        std::isdigit(static_cast<unsigned char>(line[line[end] == '-' ? end + 1 : end])) != 0) {
      found.insert(line);
    }
  }
  EXPECT_EQ(found, expected);
}

TEST(report, verdict_follows_the_worst_finding) {
  Report report;
  EXPECT_EQ(report.verdict(), Verdict::pass);
  EXPECT_EQ(report.json(),
            R"({"verdict":"pass","signatures":{"checked":0,"valid":0,"invalid":0},"findings":[]})");
  report.add("TSE-0903", "a", "b", "c");
  EXPECT_EQ(report.verdict(), Verdict::findings);
  report.add("TSE-0603", "a", "b", "c");
  EXPECT_EQ(report.verdict(), Verdict::findings);
  report.add("TSE-0401", "a", "b", "c");
  EXPECT_EQ(report.verdict(), Verdict::fail);
}

TEST(report, json_has_exactly_the_members_promised) {
  Report report;
  report.signatures.count(true);
  report.signatures.count(false);
  report.add("TSE-0401", "x.log", "found \"this\"\n", "expected");
  EXPECT_EQ(report.json(),
            R"({"verdict":"fail","signatures":{"checked":2,"valid":1,"invalid":1},"findings":[)"
            R"({"rule":"TSE-0401","severity":"violation","place":"x.log",)"
            R"("found":"found \"this\"\\x0A","expected":"expected",)"
            R"("source":"TR-03111 5.2.1; TR-03151-1"}]})");
  EXPECT_TRUE(json::parse(report.json()).ok());
}

TEST(report, lists_a_thousand_of_a_rule_and_counts_the_others) {
  Report report;
  for (int i = 0; i < 5000; ++i) report.add("TSE-0603", "place", "found", "expected");
  report.add("TSE-0401", "place", "found", "expected");
  EXPECT_EQ(report.count("TSE-0603"), 5000U);
  EXPECT_TRUE(report.is_full("TSE-0603"));
  const auto findings = report.findings();
  ASSERT_EQ(findings.size(), Report::listed_max + 2);
  EXPECT_EQ(findings.back().rule, "TSE-0603");
  EXPECT_EQ(findings.back().found, "4000 more findings of this rule, 5000 in all");
}

TEST(report, merge_keeps_the_first_by_order_whoever_found_them) {
  Report even;
  Report odd;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    (i % 2 == 0 ? even : odd).add("TSE-0401", std::to_string(i), "", "", i);
  }
  Report merged;
  merged.merge(std::move(odd));
  merged.merge(std::move(even));
  const auto findings = merged.findings();
  ASSERT_EQ(findings.size(), Report::listed_max + 1);
  for (std::size_t i = 0; i < Report::listed_max; ++i) {
    ASSERT_EQ(findings[i].place, std::to_string(i));
  }
  EXPECT_EQ(merged.count("TSE-0401"), 3000U);
}

TEST(report, texts_of_any_bytes_become_printable_and_short) {
  EXPECT_EQ(printable("a\x01\xFF\xC3\xA4"), "a\\x01\\xFF\xC3\xA4");
  EXPECT_EQ(printable("\xC2\x85"), "\\xC2\\x85");
  EXPECT_EQ(printable(std::string(300, 'x')), std::string(300, 'x'));
  EXPECT_EQ(printable(std::string(301, 'x')), std::string(297, 'x') + "...");
  const std::string cut = printable(std::string(1000, '\0'));
  EXPECT_LE(cut.size(), finding_text_max);
  EXPECT_TRUE(cut.ends_with("..."));
}

}  // namespace
}  // namespace siegel::verify
