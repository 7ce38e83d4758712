#include <gtest/gtest.h>

#include <string>

#include "format/json.h"
#include "system/shop.h"

// A day at tables, closed, as the program itself does it, in both countries.

namespace siegel::system_test {
namespace {

const json::Value& member(const json::Value& value, std::string_view key) {
  static const json::Value none;
  const json::Value* found = value.object() == nullptr ? nullptr : value.object()->find(key);
  return found == nullptr ? none : *found;
}
std::string text_at(const json::Value& value, std::string_view key) {
  const std::string* text = member(value, key).string();
  return text == nullptr ? std::string() : *text;
}

void serve(const TestShop& shop, const std::string& vat) {
  const Ended order = shop.siegel_json(
      {"table", "order", "7", "--item", "Pils:2:4.90:" + vat, "--item", "Suppe:1:6.50:" + vat});
  ASSERT_EQ(order.exit_code, 0) << order.text();
  const Ended back = shop.siegel_json({"table", "order", "7", "--take", "1:1"});
  ASSERT_EQ(back.exit_code, 0) << back.text();
  const Ended refused = shop.siegel_json({"close"});
  EXPECT_EQ(refused.code(), "E-CLO-100") << refused.text();
  EXPECT_NE(refused.text().find("11.40"), std::string::npos) << refused.text();
  const Ended part = shop.siegel_json({"table", "settle", "7", "--take", "2", "--card", "6.50"});
  ASSERT_EQ(part.exit_code, 0) << part.text();
  ASSERT_EQ(shop.siegel({"table", "move", "7", "9"}).exit_code, 0);
  const Ended rest = shop.siegel_json({"table", "settle", "9", "--cash", "5"});
  ASSERT_EQ(rest.exit_code, 0) << rest.text();
  EXPECT_EQ(shop.siegel_json({"table", "settle", "9", "--cash", "5"}).code(), "E-TBL-101");
}

TEST(Restaurant, ADayAtTablesIsClosedAndVerified) {
  RecordProperty("proves", "BIO-089 BIO-090");
  const TestShop shop;
  serve(shop, "A");
  ASSERT_EQ(shop.siegel({"report", "x"}).exit_code, 0);
  const Ended closed = shop.siegel_json({"close", "--count", "4.40", "--key", "z"});
  ASSERT_EQ(closed.exit_code, 0) << closed.text();
  const json::Value z = closed.document();
  EXPECT_EQ(text_at(z, "turnover"), "11.40");
  EXPECT_EQ(text_at(z, "difference"), "-0.50");
  EXPECT_EQ(text_at(member(z, "self_check"), "verdict"), "pass") << closed.text();
  const Ended again = shop.siegel_json({"close", "--count", "4.40", "--key", "z"});
  EXPECT_EQ(text_at(again.document(), "journal_mark"), text_at(z, "journal_mark"));
  const Ended copy = shop.siegel({"report", "z", "--number", "1"});
  EXPECT_NE(copy.text().find(text_at(z, "journal_mark")), std::string::npos) << copy.text();
  EXPECT_EQ(shop.violations(), "");
}

TEST(Restaurant, AustriaHasTablesTooAndSignsNoOrders) {
  const TestShop shop{TestShop::Austrian()};
  serve(shop, "A");
  const Ended closed = shop.siegel_json({"close", "--count", "4.90", "--not-month-end"});
  ASSERT_EQ(closed.exit_code, 0) << closed.text();
  EXPECT_EQ(text_at(closed.document(), "turnover"), "11.40");
  const Ended journal = shop.siegel_json({"journal", "verify"});
  EXPECT_EQ(violations_of(journal.document()), "");
  EXPECT_EQ(shop.dep_violations("KASSE-01"), "");
}

TEST(Master, WhatWaitsAndWhatStandsInTheWayIsShown) {
  RecordProperty("proves", "BIO-007 BIO-008 BIO-027 BIO-031 BIO-032 BIO-033");
  const TestShop shop;
  EXPECT_EQ(shop.siegel({"master", "show", "--history"}).exit_code, 0);
  EXPECT_EQ(shop.siegel({"master", "templates"}).exit_code, 0);
  ASSERT_EQ(shop.siegel({"cashier", "in", "Mia", "--register", "KASSE-01"}).exit_code, 0);
  const Ended check = shop.siegel_json({"register", "check", "KASSE-01"});
  EXPECT_EQ(check.exit_code, 3) << check.text();
  for (const char* code : {"E-ACT-101", "E-ACT-102", "E-ACT-103"})
    EXPECT_NE(check.text().find(code), std::string::npos) << check.text();
  ASSERT_EQ(shop.siegel({"cashier", "out", "Mia", "--register", "KASSE-01"}).exit_code, 0);
  ASSERT_EQ(shop.siegel({"close"}).exit_code, 0);
  const Ended ready =
      shop.siegel_json({"register", "check", "KASSE-01", "--printer", "Epson Theke"});
  EXPECT_EQ(ready.exit_code, 0) << ready.text();
}

TEST(CashReports, OfAnotherProgramAreBookedOnce) {
  RecordProperty("proves", "BIO-065 BIO-069");
  const TestShop shop;
  const std::string report =
      R"({"register":"KASSE-01","orders":[{"key":"r1","what":"bank","amount":"-50.00"}]})";
  const Ended booked = shop.siegel_json({"cash", "report", "-"}, report);
  ASSERT_EQ(booked.exit_code, 0) << booked.text();
  const std::size_t before = shop.entries().size();
  ASSERT_EQ(shop.siegel_json({"cash", "report", "-"}, report).exit_code, 0);
  EXPECT_EQ(shop.entries().size(), before);
}

}  // namespace
}  // namespace siegel::system_test
