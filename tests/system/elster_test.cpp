#include <gtest/gtest.h>

#include "format/json.h"
#include "system/shop.h"

// The notice to the tax office through the program itself.

namespace siegel::system_test {
namespace {

/// The only row of the board.
json::Object board_row(const TestShop& shop) {
  const Ended ended = shop.siegel_json({"report", "elster", "--board"});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  const json::Value document = ended.document();
  const json::Value* rows = document.object() ? document.object()->find("data") : nullptr;
  if (rows == nullptr || rows->array() == nullptr || rows->array()->size() != 1) {
    ADD_FAILURE() << ended.text();
    return {};
  }
  return *rows->array()->front().object();
}

TEST(ReportElster, ASoftwareTseIsRefusedAndEveryGapIsNamed) {
  const TestShop shop;
  const Ended ended = shop.siegel({"report", "elster"});
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_EQ(ended.out, "");
  for (const char* gap :
       {"E-ELS-103 KASSE-01/tse", "E-ELS-102 KASSE-01/acquired", "E-ELS-102 KASSE-01/brand"})
    EXPECT_NE(ended.err.find(gap), std::string::npos) << gap << " in " << ended.err;
}

TEST(ReportElster, WhatIsTickedOffIsNoLongerOpen) {
  const TestShop shop;
  const json::Object before = board_row(shop);
  EXPECT_NE(before.find("deadline"), nullptr);
  EXPECT_EQ(before.find("changes")->array()->size(), 1U);
  EXPECT_EQ(shop.siegel({"report", "elster", "--sent"}).exit_code, 0);
  const json::Object after = board_row(shop);
  EXPECT_EQ(after.find("deadline"), nullptr);
  EXPECT_TRUE(after.find("changes")->array()->empty());
  EXPECT_NE(after.find("sent"), nullptr);
}

TEST(ReportElster, APlaceThatIsNotThereIsNotFound) {
  const TestShop shop;
  const Ended ended = shop.siegel_json({"report", "elster", "--outlet", "009"});
  EXPECT_EQ(ended.exit_code, 5) << ended.out;
  EXPECT_NE(ended.out.find("E-ELS-101"), std::string::npos);
}

}  // namespace
}  // namespace siegel::system_test
