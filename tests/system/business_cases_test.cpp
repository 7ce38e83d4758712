#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "format/json.h"
#include "system/shop.h"

// The examples of docs/how-to/business-cases.md, rung up one after the other by the program itself
// in either country: what it wrote verifies with the log of the TSE, and with the DEP.

namespace siegel::system_test {
namespace {

struct Example {
  std::string fence;  ///< "json", "json business", "json register"
  std::string text;
};

std::vector<Example> examples() {
  std::ifstream page(std::string(SIEGEL_SOURCE_DIR) + "/docs/how-to/business-cases.md");
  std::vector<Example> all;
  bool inside = false;
  for (std::string line; std::getline(page, line);) {
    if (!inside && line.starts_with("```json")) {
      inside = true;
      all.push_back({line.substr(3), ""});
    } else if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      all.back().text += line + "\n";
    }
  }
  return all;
}

json::Object object_of(const std::string& text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok() && value->object() != nullptr) << text;
  return value.ok() && value->object() != nullptr ? *value->object() : json::Object();
}

/// The master data of the page, as they are in the country.
void set_business(const TestShop& shop, const std::string& text, bool austrian) {
  json::Object business = object_of(text);
  if (austrian) {
    business.set("country", "AT").set("time_zone", "Europe/Vienna").set("vat_id", "ATU12345678");
    for (json::Value& key : *business.find("vat_keys")->array()) key.object()->set("slot", 4);
  }
  json::Object file;
  file.set("business", business);
  const auto path = shop.around() / "business.json";
  std::ofstream(path) << json::canonical(file);
  const Ended done = shop.siegel({"config", "set", path.string()});
  ASSERT_EQ(done.exit_code, 0) << done.text();
}

/// Without terminals, which the register of the tests has not; times and numbers that exist here.
std::string request_of(const std::string& text, const std::string& first_receipt) {
  json::Object request = object_of(text);
  request.remove("terminal");
  if (json::Value* lines = request.find("lines")) {
    for (json::Value& line : *lines->array()) line.object()->remove("terminal");
  }
  if (request.find("reverses") != nullptr) request.set("reverses", first_receipt);
  if (request.find("first_order_at") != nullptr) {
    request.set("first_order_at", "2026-01-01T12:04:00+01:00");
  }
  return json::canonical(request);
}

/// Rings up everything up to the second register of the page; the number of receipts.
int ring_up(const TestShop& shop, bool austrian) {
  int registers = 0;
  int receipts = 0;
  // In Austria the Startbeleg is number 1.
  const std::string first = austrian ? "KASSE-01-000002" : "KASSE-01-000001";
  for (const Example& example : examples()) {
    if (example.fence == "json business") set_business(shop, example.text, austrian);
    if (example.fence == "json register" && ++registers == 2) break;
    if (example.fence != "json") continue;
    const std::string request = request_of(example.text, first);
    const Ended ended = shop.sell(request);
    if (request.find("gift_basket") != std::string::npos) {
      EXPECT_NE(ended.text().find("E-SAL-539"), std::string::npos) << ended.text();
      continue;
    }
    EXPECT_EQ(ended.exit_code, 0) << request << "\n" << ended.text();
    ++receipts;
  }
  return receipts;
}

TEST(BusinessCases, AreRecordedInGermanyAndVerify) {
  const TestShop shop;
  EXPECT_GE(ring_up(shop, false), 45);
  EXPECT_EQ(shop.violations(), "");
}

TEST(BusinessCases, TheirExportVerifiesWithTheLogOfTheTseAndWithTheJournal) {
  RecordProperty("proves", "FCC-058 BIO-108");
  const TestShop shop;
  const int receipts = ring_up(shop, false);
  const Ended closed = shop.siegel({"close", "KASSE-01"});
  ASSERT_EQ(closed.exit_code, 0) << closed.text();
  const std::string folder = (shop.around() / "audit").string();
  const Ended audit = shop.siegel_json({"export", "audit", folder});
  EXPECT_EQ(audit.exit_code, 0) << audit.text();
  const json::Value document = audit.document();
  ASSERT_NE(document.object(), nullptr) << audit.text();
  EXPECT_EQ(*document.object()->find("receipts")->integer(), receipts);
  EXPECT_EQ(*document.object()->find("violations")->integer(), 0);
  for (const char* name : {"dsfinvk/lines.csv", "tse-1.tar", "stammdaten.csv", "manifest.json",
                           "verfahrensdokumentation.html", "pruefbericht.html"})
    EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(folder) / name)) << name;
  const Ended journal = shop.siegel({"verify", folder + "/dsfinvk", "--tar", folder + "/tse-1.tar",
                                     "--journal", shop.folder().string()});
  EXPECT_EQ(journal.exit_code, 0) << journal.text();
}

TEST(BusinessCases, AreRecordedInAustriaAndVerify) {
  const TestShop shop(TestShop::Austrian{});
  EXPECT_GE(ring_up(shop, true), 45);
  EXPECT_EQ(shop.dep_violations("KASSE-01"), "");
  const Ended journal = shop.siegel_json({"journal", "verify"});
  EXPECT_EQ(journal.exit_code, 0) << journal.text();
  // DEP 131 holds what is no Barumsatz too.
  const auto path = shop.around() / "dep131.json";
  const Ended exported =
      shop.siegel({"export", "dep131", "--register", "KASSE-01", "--out", path.string()});
  ASSERT_EQ(exported.exit_code, 0) << exported.text();
  std::ifstream in(path);
  const std::string dep((std::istreambuf_iterator<char>(in)), {});
  for (const std::string_view text : {"Eisbecher", "Zur Bank", "Ring", "Mehl 25 kg", "Gutschein"}) {
    EXPECT_NE(dep.find(text), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace siegel::system_test
