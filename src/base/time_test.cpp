#include "base/time.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>

namespace siegel {
namespace {

constexpr std::int64_t last_ms = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

TEST(Instant, ReadsAndWritesTheFormOfTheQrCode) {
  const Instant at = Instant::parse("2026-11-20T18:42:17.123Z").value();
  EXPECT_EQ(at.unix_ms(), 1'795'200'137'123);
  EXPECT_EQ(at.unix_seconds(), 1'795'200'137);
  EXPECT_EQ(at.text(), "2026-11-20T18:42:17.123Z");
  EXPECT_EQ(Instant().text(), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(Instant::from_unix(1).text(), "1970-01-01T00:00:01.000Z");
}

TEST(Instant, UnderstandsOffsetsAndShortFractions) {
  const Instant at = Instant::parse("2026-11-20T18:42:17Z").value();
  EXPECT_EQ(Instant::parse("2026-11-20T19:42:17+01:00").value(), at);
  EXPECT_EQ(Instant::parse("2026-11-20T13:12:17-05:30").value(), at);
  EXPECT_EQ(Instant::parse("2026-11-21T00:27:17+05:45").value(), at);
  EXPECT_EQ(Instant::parse("2026-11-20T18:42:17.5Z").value() - at, std::chrono::milliseconds(500));
  EXPECT_EQ(Instant::parse("2026-11-20T18:42:17.05Z").value() - at, std::chrono::milliseconds(50));
}

TEST(Instant, RefusesWhatIsNotATimeOrNotInTheRange) {
  for (const char* text : {"",
                           "2026-11-20",
                           "2026-11-20T18:42:17",
                           "2026-11-20 18:42:17Z",
                           "2026-11-20T18:42Z",
                           "2026-11-20T18:42:17z",
                           "2026-11-20t18:42:17Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00.1234Z",
                           "2026-01-01T00:00:00+1:00",
                           "2026-01-01T00:00:00+01",
                           "2026-01-01T00:00:00+0100",
                           "2026-01-01T00:00:00+16:00",
                           "2026-01-01T00:00:00+01:60",
                           "2026-01-01T00:00:00Z ",
                           " 2026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00ZZ",
                           "+2026-01-01T00:00:00Z",
                           "1969-12-31T23:59:59Z",
                           "1970-01-01T00:59:59+01:00",
                           "9999-12-31T23:59:59-00:01",
                           "10000-01-01T00:00:00Z"}) {
    const auto result = Instant::parse(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "E-TIM-001");
    EXPECT_FALSE(LocalStamp::parse(text).ok()) << text;
  }
  EXPECT_EQ(Instant::parse("1970-01-01T00:00:00Z").value().unix_ms(), 0);
  EXPECT_EQ(Instant::parse("9999-12-31T23:59:59.999Z").value().unix_ms(), last_ms);
}

TEST(Instant, ReadsWhatItWrote) {
  EXPECT_TRUE(rc::check("round trip", [] {
    const Instant at = Instant::from_unix_ms(*rc::gen::inRange<std::int64_t>(0, last_ms + 1));
    RC_ASSERT(Instant::parse(at.text()).value() == at);
  }));
}

TEST(Instant, TheOrderOfTextsIsTheOrderOfTimes) {
  EXPECT_TRUE(rc::check("order", [] {
    const auto any = rc::gen::inRange<std::int64_t>(0, last_ms + 1);
    const Instant a = Instant::from_unix_ms(*any);
    const Instant b = Instant::from_unix_ms(*any);
    RC_ASSERT((a <=> b) == (a.text() <=> b.text()));
    RC_ASSERT(a + (b - a) == b);
    RC_ASSERT(a - (a - b) == b);
  }));
}

TEST(Instant, AForeignTextDoesNotBreakTheMessage) {
  const auto result = Instant::parse(std::string(39, 'x') + "\xC3\xB6\n and more");
  EXPECT_NE(result.error().detail.find(std::string(39, 'x') + "\xC3\xB6..."), std::string::npos);
}

TEST(Date, ReadsOnlyDaysThatExist) {
  EXPECT_EQ(Date::parse("2024-02-29").value(), Date(2024, 2, 29));
  EXPECT_EQ(Date(2026, 7, 1).text(), "2026-07-01");
  for (const char* text : {"", "2023-02-29", "2100-02-29", "2026-04-31", "2026-13-01", "26-01-01",
                           "2026-1-1", "2026-01-01 ", "2026-01-01T", "1969-12-31", "2026/01/01"}) {
    const auto result = Date::parse(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "E-TIM-002");
  }
}

TEST(Date, ReadsWhatItWroteAndKeepsTheOrder) {
  EXPECT_TRUE(rc::check("round trip", [] {
    const auto any = rc::gen::inRange<int>(0, 2'932'896);  // days to 9999-12-31
    const auto day = [](int n) {
      return Date(std::chrono::year_month_day(std::chrono::sys_days(std::chrono::days(n))));
    };
    const int a = *any;
    const int b = *any;
    RC_ASSERT(Date::parse(day(a).text()).value() == day(a));
    RC_ASSERT((day(a) <=> day(b)) == (a <=> b));
  }));
}

struct Wall {
  const char* utc;
  const char* zone;
  const char* local;
};

TEST(LocalStamp, IsRightOnBothSidesOfEachClockChange) {
  // Expected values: the rule of Directive 2000/84/EC, changes at 01:00 UTC on the last Sundays of
  // March and October.
  const Wall cases[] = {
      {"2026-03-29T00:59:59Z", "Europe/Berlin", "2026-03-29T01:59:59+01:00"},
      {"2026-03-29T01:00:00Z", "Europe/Berlin", "2026-03-29T03:00:00+02:00"},
      {"2026-10-25T00:59:59Z", "Europe/Berlin", "2026-10-25T02:59:59+02:00"},
      {"2026-10-25T01:00:00Z", "Europe/Berlin", "2026-10-25T02:00:00+01:00"},
      {"2026-10-25T01:59:59Z", "Europe/Vienna", "2026-10-25T02:59:59+01:00"},
      {"2026-12-31T23:00:00Z", "Europe/Berlin", "2027-01-01T00:00:00+01:00"},
      {"2028-02-28T23:30:00Z", "Europe/Vienna", "2028-02-29T00:30:00+01:00"},
      {"2037-07-01T12:00:00Z", "Europe/Berlin", "2037-07-01T14:00:00+02:00"},
      {"2038-03-28T00:59:59Z", "Europe/Berlin", "2038-03-28T01:59:59+01:00"},
      {"2038-03-28T01:00:00Z", "Europe/Berlin", "2038-03-28T03:00:00+02:00"},
      {"2044-10-30T00:59:59Z", "Europe/Vienna", "2044-10-30T02:59:59+02:00"},
      {"2044-10-30T01:00:00Z", "Europe/Vienna", "2044-10-30T02:00:00+01:00"},
      {"2100-07-01T12:00:00Z", "Europe/Berlin", "2100-07-01T14:00:00+02:00"},
      {"2100-12-31T23:00:00Z", "Europe/Berlin", "2101-01-01T00:00:00+01:00"},
      {"2026-01-01T00:00:00Z", "UTC", "2026-01-01T00:00:00+00:00"},
      {"2026-01-01T12:00:00Z", "America/St_Johns", "2026-01-01T08:30:00-03:30"},
      {"2026-01-01T12:00:00Z", "Asia/Kathmandu", "2026-01-01T17:45:00+05:45"},
  };
  for (const Wall& wall : cases) {
    const Instant at = Instant::parse(wall.utc).value();
    const LocalStamp stamp = LocalStamp::from(at, wall.zone).value();
    EXPECT_EQ(stamp.text(), wall.local);
    EXPECT_EQ(stamp.instant(), at);
    EXPECT_EQ(LocalStamp::parse(wall.local).value(), stamp);
  }
}

TEST(LocalStamp, KeepsToTheEuropeanRuleForAHundredYears) {
  using namespace std::chrono;
  const auto change = [](year y, month m) {
    return Instant::from_unix(
        duration_cast<seconds>((sys_days(y / m / Sunday[last]) + hours(1)).time_since_epoch())
            .count());
  };
  for (year y(1996); y < year(2099); ++y) {
    for (const auto& [at, before, after] :
         {std::tuple(change(y, March), 60, 120), std::tuple(change(y, October), 120, 60)}) {
      const auto offset = [](Instant when) {
        return LocalStamp::from(when, "Europe/Berlin").value().offset().count();
      };
      ASSERT_EQ(offset(at - milliseconds(1)), before) << at.text();
      ASSERT_EQ(offset(at), after) << at.text();
    }
  }
}

TEST(LocalStamp, TheHourThatComesTwiceIsTwoStamps) {
  const LocalStamp first = LocalStamp::parse("2026-10-25T02:30:00+02:00").value();
  const LocalStamp second = LocalStamp::parse("2026-10-25T02:30:00+01:00").value();
  EXPECT_NE(first, second);
  EXPECT_EQ(first.print_second(), second.print_second());
  EXPECT_EQ(second.instant() - first.instant(), std::chrono::hours(1));
}

TEST(LocalStamp, PrintsAsAReceiptDoes) {
  const LocalStamp stamp =
      LocalStamp::from(Instant::parse("2026-11-05T08:07:06.999Z").value(), "Europe/Berlin").value();
  EXPECT_EQ(stamp.print_minute(), "05.11.2026 09:07");
  EXPECT_EQ(stamp.print_second(), "05.11.2026 09:07:06");
  EXPECT_EQ(stamp.date(), Date(2026, 11, 5));
  EXPECT_EQ(stamp.offset(), std::chrono::hours(1));
}

TEST(LocalStamp, TheDayIsThatOfThePlace) {
  const Instant at = Instant::parse("2026-06-30T22:30:00Z").value();
  EXPECT_EQ(LocalStamp::from(at, "Europe/Berlin").value().date(), Date(2026, 7, 1));
  EXPECT_EQ(LocalStamp::from(at, "UTC").value().date(), Date(2026, 6, 30));
}

TEST(LocalStamp, RefusesAnUnknownZone) {
  for (const char* zone : {"", "Europe/Bielefeld", "../../etc/passwd", "\xFF"}) {
    const auto result = LocalStamp::from(Instant(), zone);
    ASSERT_FALSE(result.ok()) << zone;
    EXPECT_EQ(result.error().code, "E-TIM-003");
  }
}

TEST(LocalStamp, ReadsWhatItWroteToTheSecond) {
  EXPECT_TRUE(rc::check("round trip", [] {
    // From the second day on: the first evening of 1970 was one of 1969 in New York, which no stamp
    // reaches.
    const Instant at = Instant::from_unix(*rc::gen::inRange<std::int64_t>(86'400, 4'102'444'800));
    const auto* zone =
        *rc::gen::element("Europe/Berlin", "Europe/Vienna", "UTC", "America/New_York");
    const LocalStamp stamp = LocalStamp::from(at, zone).value();
    RC_ASSERT(LocalStamp::parse(stamp.text()).value() == stamp);
    RC_ASSERT(Instant::parse(stamp.text()).value() == at);
  }));
}

TEST(Clock, TheMachinesClocksGoForward) {
  const Now first = system_clock().now();
  Now last = first;
  for (int i = 0; i < 1000; ++i) {
    const Now now = system_clock().now();
    ASSERT_GE(now.steady, last.steady);
    last = now;
  }
  // Written after this line was: a clock that gives seconds for milliseconds is far off.
  EXPECT_GT(first.wall, Instant::parse("2025-01-01T00:00:00Z").value());
  EXPECT_LT(first.wall, Instant::parse("2100-01-01T00:00:00Z").value());
}

}  // namespace
}  // namespace siegel
