#include <gtest/gtest.h>

#include "base/file.h"
#include "format/json.h"
#include "verify/dsfinvk/test_files.h"

// Exports made by others.

namespace siegel::verify::dsfinvk {
namespace {

using namespace testing;

const json::Object* object(const json::Value& value, std::string_view key) {
  const json::Value* member = value.object()->find(key);
  return member == nullptr ? nullptr : member->object();
}

std::string text(const json::Value& value, std::string_view key) {
  const json::Value* member = value.object()->find(key);
  return member == nullptr || member->string() == nullptr ? "" : *member->string();
}

Match match_of(const json::Object* members) {
  Match out;
  for (const json::Member& member : *members) out[member.key] = *member.value.string();
  return out;
}

void mutate(const json::Value& mutation, Export& files) {
  const std::string op = text(mutation, "op");
  const std::string file = text(mutation, "file");
  if (op == "delete_file") {
    EXPECT_EQ(files.files.erase(file), 1U);
  } else if (op == "bom") {
    files.files[file].insert(0, "\xEF\xBB\xBF");
  } else if (op == "strip_last_crlf") {
    files.files[file].resize(files.files[file].size() - 2);
  } else if (op == "raw") {
    std::string replacement = text(mutation, "repl");
    if (mutation.object()->find("repl_hex") != nullptr)
      replacement = text_of(from_hex(text(mutation, "repl_hex")).value());
    EXPECT_TRUE(files.raw(file, text(mutation, "find"), replacement));
  } else if (op == "replace_all") {
    files.everywhere(text(mutation, "col"), text(mutation, "old"), text(mutation, "new"));
  } else {
    const Match match = match_of(object(mutation, "match"));
    std::size_t hits = 0;
    if (op == "set") hits = files.set(file, match, match_of(object(mutation, "set")));
    if (op == "drop") hits = files.drop(file, match);
    if (op == "dup") hits = files.repeat(file, match);
    EXPECT_GT(hits, 0U);
  }
}

TEST(vectors, golden_has_no_violation_and_42_valid_signatures) {
  if (vectors().empty()) GTEST_SKIP() << "no vectors";
  const auto outcome = verify_export(vectors() + "/golden", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->report.count(Severity::violation), 0U) << listed(outcome->report);
  EXPECT_EQ(outcome->report.signatures.valid, 42U);
  EXPECT_EQ(outcome->report.signatures.invalid, 0U);
  EXPECT_EQ(outcome->closings, 3U);
  EXPECT_EQ(outcome->receipts, 43U);
}

TEST(vectors, every_mutation_fires_its_rule) {
  if (vectors().empty()) GTEST_SKIP() << "no vectors";
  const Export golden = Export::load(vectors() + "/golden");
  const auto document = json::parse(slurp(vectors() + "/mutations.json"));
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->array()->size(), 34U);
  for (const json::Value& mutation : *document->array()) {
    SCOPED_TRACE(text(mutation, "id") + " " + text(mutation, "rule"));
    Export files = golden;
    mutate(mutation, files);
    const Outcome outcome = verify(files);
    EXPECT_GT(outcome.report.count(text(mutation, "rule")), 0U) << listed(outcome.report);
  }
}

TEST(vectors, export_of_another_writer_gets_its_defects_named) {
  if (vectors().empty()) GTEST_SKIP() << "no vectors";
  const auto outcome = verify_export(vectors() + "/third_party/pretix_writer_export.zip", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  const std::set<std::string> rules = rules_of(outcome->report);
  for (const char* rule : {"P001", "P003", "P010", "C008"})
    EXPECT_TRUE(rules.contains(rule)) << rule << "\n" << listed(outcome->report);
}

}  // namespace
}  // namespace siegel::verify::dsfinvk
