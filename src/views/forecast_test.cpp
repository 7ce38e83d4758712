#include "views/forecast.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace siegel::views {
namespace {

using recorder::CareSample;
using recorder::TseCare;
using std::chrono::hours;

constexpr hours day{24};
const Instant start = Instant::from_unix(1'795'000'000);

TseInfo tse() { return {.id = "tse-1", .serial = "9f86"}; }

TseChecked check(std::uint64_t signatures, std::uint64_t bytes) {
  TseChecked out;
  out.tse_serial = "9f86";
  out.signatures = signatures;
  out.signatures_left = 1'000'000 - signatures;
  out.storage_bytes = 1'000'000'000;
  out.storage_used_bytes = bytes;
  out.certificate_until = start + day * 1000;
  return out;
}

TEST(ForecastTest, AFullStorageIsDatedByThePaceOfTheLastNinetyDays) {
  TseCare care;
  // A slow year first, then 1 MB and 2000 signatures a day.
  care.apply(start - day * 400, check(10, 1000));
  care.apply(start - day * 60, check(100'000, 200'000'000));
  care.apply(start, check(220'000, 260'000'000));
  const Forecast seen = forecast(tse(), care);
  EXPECT_EQ(seen.sampled, start);
  EXPECT_EQ(seen.signatures_a_day, 2000U);
  EXPECT_EQ(seen.bytes_a_day, 1'000'000U);
  EXPECT_EQ(seen.storage_full, start + day * 740);
  EXPECT_EQ(seen.signatures_used_up, start + day * 390);
  EXPECT_EQ(seen.certificate_until, start + day * 1000);
  EXPECT_EQ(seen.first_end(), (std::pair{TseEnd::signatures, start + day * 390}));
}

TEST(ForecastTest, WithoutAPaceNoDateIsGiven) {
  EXPECT_EQ(forecast(tse(), {}).sampled, Instant());
  TseCare care;
  care.apply(start, check(10, 1000));
  EXPECT_EQ(forecast(tse(), care).storage_full, std::nullopt);
  EXPECT_EQ(forecast(tse(), care).certificate_until, start + day * 1000);
  care.apply(start + hours(3), check(90, 9000));
  EXPECT_EQ(forecast(tse(), care).storage_full, std::nullopt) << "three hours are no pace";
  // The device of today counts, though no entry says it yet.
  const CareSample latest{.at = start + day * 2,
                          .signatures = 110,
                          .signatures_left = 100,
                          .storage_bytes = 2000,
                          .storage_used_bytes = 1500,
                          .certificate_until = start};
  EXPECT_EQ(forecast(tse(), care, latest).signatures_used_up, start + day * 4);
}

TEST(ForecastTest, RemindersComeAtEachLimitOnceAndTheNearestOnly) {
  TseCare care;
  care.apply(start, check(10, 1000));
  const Instant end = start + day * 1000;
  std::set<std::string> told;
  std::vector<std::pair<int, int>> seen;  // days before, limit
  for (int left = 400; left >= -3; --left) {
    for (const Reminder& one : reminders_due(forecast(tse(), care), end - day * left, told)) {
      seen.emplace_back(left, one.days);
      EXPECT_EQ(one.end, TseEnd::certificate);
      told.insert(one.id);
      told.insert(one.also.begin(), one.also.end());
    }
  }
  EXPECT_EQ(seen, (std::vector<std::pair<int, int>>{{180, 180}, {90, 90}, {30, 30}, {7, 7}}));
  // Whoever was away for half a year is told the last one only.
  const auto late = reminders_due(forecast(tse(), care), end - day * 20, {});
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].id, "9f86/certificate/30");
  EXPECT_EQ(late[0].also,
            (std::vector<std::string>{"9f86/certificate/180", "9f86/certificate/90"}));
  EXPECT_NE(text_of(late[0], forecast(tse(), care)).de.find("Zertifikat der TSE tse-1"),
            std::string::npos);
}

TEST(ForecastTest, SamplesAreFewHoweverLongATseLives) {
  TseCare care;
  for (int i = 0; i < 3000; ++i)
    care.apply(start + day * i, check(static_cast<std::uint64_t>(i) * 100 + 1, 1000));
  EXPECT_LE(care.samples.size(), TseCare::samples_max);
  EXPECT_EQ(care.samples.back().at, start + day * 2999);
  EXPECT_EQ(forecast(tse(), care).signatures_a_day, 100U);
}

TEST(ForecastTest, WhateverADeviceSaysNothingOverflows) {
  rc::check([](std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    TseCare care;
    TseChecked one = check(1, 1);
    one.signatures = std::max<std::uint64_t>(a, 1);
    one.signatures_left = b;
    one.storage_bytes = c;
    one.storage_used_bytes = d;
    care.apply(start - day * 30, one);
    one.signatures = std::max<std::uint64_t>(b, 1);
    one.storage_used_bytes = c;
    one.storage_bytes = a;
    care.apply(start, one);
    const Forecast seen = forecast(tse(), care);
    for (const auto at : {seen.storage_full, seen.signatures_used_up})
      if (at) RC_ASSERT(*at >= start);
  });
}

TEST(ForecastTest, MessagesTellOfEndsFindingsAndChecksThatAreOverdue) {
  recorder::State state;
  state.tses["9f86"] = tse();
  TseCare& care = state.care["9f86"];
  EXPECT_TRUE(care_messages(state, start).empty());
  TseChecked found = check(10, 1000);
  found.findings = {{"E-ARC-110", "entry 17 is missing", 5}};
  found.findings_total = 3;
  care.apply(start, found);
  auto messages = care_messages(state, start + day);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].code, "E-ARC-110");
  EXPECT_EQ(messages[0].severity, Severity::error);
  // A later check without findings does not hide them; what is old is said to be old.
  care.apply(start + day, check(20, 2000));
  messages = care_messages(state, start + day * 4);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[1].code, "W-ARC-203");
  messages = care_messages(state, start + day * 995);
  EXPECT_EQ(messages[0].code, "W-TSE-130");
  EXPECT_EQ(messages[0].severity, Severity::error);
  care.retired = TseRetired{.tse_serial = "9f86", .reason = "full"};
  EXPECT_TRUE(care_messages(state, start + day * 995).empty());
}

}  // namespace
}  // namespace siegel::views
