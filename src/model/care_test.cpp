#include "model/care.h"

#include <gtest/gtest.h>

namespace siegel {
namespace {

TseChecked checked() {
  TseChecked out;
  out.tse_serial = "ab12";
  out.counter = 812;
  out.sequence = 400;
  out.pending = {799, 811};
  out.messages = 810;
  out.signatures = 812;
  out.signatures_left = 19'999'188;
  out.storage_bytes = 8'000'000'000;
  out.storage_used_bytes = 410'000;
  out.certificate_until = Instant::from_unix(1'900'000'000);
  out.findings = {{"E-ARC-110", "entry 17", 33}, {"E-ARC-106", "breaks off", 0}};
  out.findings_total = 25;
  out.told = {"tse-1/certificate/180"};
  return out;
}

TEST(CareEntries, AreReadBackAsTheyWereWritten) {
  EXPECT_EQ(tse_checked_from_json(to_json(checked())).value(), checked());
  EXPECT_EQ(tse_checked_from_json(to_json(TseChecked{})).value(), TseChecked{});
  TseChecked read_back{.tse_serial = "ab", .how = TseChecked::How::read_back, .messages = 1};
  EXPECT_EQ(tse_checked_from_json(to_json(read_back)).value(), read_back);

  TseRetired retired{.tse_serial = "ab12",
                     .reason = "full",
                     .lost = true,
                     .counter = 9,
                     .archive_sha256 = {},
                     .successor = "cd34"};
  EXPECT_EQ(tse_retired_from_json(to_json(retired)).value(), retired);
  retired.archive_sha256.fill(std::byte{7});
  retired.lost = false;
  EXPECT_EQ(tse_retired_from_json(to_json(retired)).value(), retired);

  ClockConfirmed clock{.last = Instant::from_unix(10),
                       .clock = Instant::from_unix(1'000'000),
                       .device = Instant::from_unix(999'999),
                       .typed = {},
                       .synchronised = true};
  EXPECT_EQ(clock_confirmed_from_json(to_json(clock)).value(), clock);
}

TEST(CareEntries, AnotherFormIsRefused) {
  for (const char* bad :
       {"", "{}", R"({"how":"daily","tse_serial":"ab"})",
        R"({"how":"night","pending":[3,2],"tse_serial":"ab"})",
        R"({"how":"night","pending":["2"],"tse_serial":"ab"})",
        R"({"how":"night","findings":[{"code":1,"detail":""}],"tse_serial":"ab"})",
        R"({"how":"night","more":1,"tse_serial":"ab"})", R"({"how": "night","tse_serial":"ab"})"}) {
    const auto read = tse_checked_from_json(bad);
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_EQ(read.error().code, "E-MOD-101") << bad;
  }
  EXPECT_FALSE(
      tse_retired_from_json(R"({"archive_sha256":"zz","reason":"x","tse_serial":"ab"})").ok());
  EXPECT_FALSE(clock_confirmed_from_json(R"({"clock":"yesterday","last":""})").ok());
}

}  // namespace
}  // namespace siegel
