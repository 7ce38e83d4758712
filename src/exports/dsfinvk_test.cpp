#include "exports/dsfinvk.h"

#include <gtest/gtest.h>

#include "exports/test_shop.h"

namespace siegel::exports {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words
using verify::Severity;

/// Violations and warnings. That a register has no use for a column is none of its faults.
std::string told(const verify::Report& report) {
  std::string out;
  for (const verify::Finding& finding : report.findings())
    if (finding.severity != Severity::info && finding.rule != "F002")
      out += fmt::format("{} {} | {} | {}\n", finding.rule, finding.place, finding.found,
                         finding.expected);
  return out;
}

constexpr const char* coffee =
    R"({"lines":[{"text":"Kaffee","quantity":"2","unit_price":"2.50","vat":"A","article":"K1"},
                 {"text":"Brezel","amount":"1.80","vat":"B"}],
        "payments":[{"kind":"cash","amount":"10.00"}],"cashier":"Anna"})";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find("\r\n", at)) != std::string::npos; at = end + 2)
    out.push_back(text.substr(at, end - at));
  return out;
}

TEST(dsfinvk_export, a_sale_and_its_closing_are_exported_and_verify_with_the_log) {
  TestShop shop;
  ASSERT_TRUE(shop.sell(1, coffee).ok());
  ASSERT_TRUE(shop.sell(1, coffee).ok());
  const auto closing = shop.close(1);
  ASSERT_TRUE(closing.ok()) << closing.error().detail;
  MemoryFiles files;
  const auto done = shop.export_to(files);
  ASSERT_TRUE(done.ok()) << done.error().code << done.error().detail;
  EXPECT_EQ(done->receipts, 2U);
  EXPECT_EQ(files.files.size(), 23U);
  const auto lines = lines_of(files.files["lines.csv"]);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1].substr(lines[1].find(";1;1;1;")),
            ";1;1;1;;Kaffee;;Umsatz;;;0;0;K1;;;;2,000;;;2,50000");
  EXPECT_TRUE(lines_of(files.files["datapayment.csv"])[1].ends_with(";1;1;Bar;;EUR;;6,80"));
  const auto outcome = shop.check(files);
  EXPECT_EQ(outcome.receipts, 2U);
  EXPECT_EQ(outcome.report.signatures.valid, 2U);
  EXPECT_EQ(told(outcome.report), "");
}

}  // namespace
}  // namespace siegel::exports
