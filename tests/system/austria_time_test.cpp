// An Austrian shop whose clock moves: months and years pass, daylight saving ends, somebody sets it
// back, an outage lasts.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/time.h"
#include "net/testing/mail_server.h"
#include "net/testing/server.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kasse = register_name(1);

/// A shop that is asked at times of our own.
class TimedShop {
 public:
  explicit TimedShop(Instant now) : m_shop(TestShop::Empty()), m_now(now) {
    std::vector<std::string> init = austrian_business_options();
    init.insert(init.begin(), "init");
    must(init);
    for (const char* id : {"soft-1", "soft-2"})
      must({"at", "signer", "add", "--signer", "softkey", "--id", id});
    must({"at", "setup", "--register", kasse});
  }
  void go_to(Instant now) { m_now = now; }
  void wait(std::chrono::milliseconds time) { m_now = m_now + time; }
  [[nodiscard]] Ended siegel(std::vector<std::string> arguments) const {
    return siegel_at(m_now, std::move(arguments));
  }
  [[nodiscard]] Ended siegel_at(Instant now, std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const auto offset = now.unix_seconds() - system_clock().now().wall.unix_seconds();
    return run({.arguments = m_shop.arguments(arguments),
                .input = {},
                .environment = {{"LD_PRELOAD", SIEGEL_CLOCK_OFFSET_LIBRARY},
                                {"SIEGEL_CLOCK_OFFSET", std::to_string(offset)}}});
  }
  [[nodiscard]] Ended sell() const {
    return siegel({"sale", "--register", kasse, "--item", "Melange:1:4.20:A", "--cash", "5"});
  }
  [[nodiscard]] std::vector<std::string> kinds_made() const {
    std::vector<std::string> kinds;
    const json::Value document = siegel({"receipt", "list", "--limit", "1000"}).document();
    for (const json::Value& row : list_at(document, "data")) kinds.push_back(text_at(row, "kind"));
    std::reverse(kinds.begin(), kinds.end());
    return kinds;
  }
  [[nodiscard]] std::vector<std::string> due() const {
    std::vector<std::string> ids;
    const json::Value document = siegel({"dues"}).document();
    for (const json::Value& row : list_at(document, "data"))
      ids.push_back(text_at(row, "id") + " " + text_at(row, "state") + " " +
                    text_at(row, "until").substr(0, 10));
    return ids;
  }
  /// As an auditor sees it a day later; empty if all is well.
  [[nodiscard]] std::string violations() const {
    const std::string dep = (m_shop.around() / "dep.json").string();
    const std::string keys = (m_shop.around() / "keys.json").string();
    for (const Ended& made :
         {siegel({"export", "dep7", "--out", dep}), siegel({"at", "container", keys})})
      if (made.exit_code != 0) return made.text();
    const Ended verified = siegel_at(m_now + hours(24), {"verify", dep, "--container", keys});
    const json::Value verdict = verified.document();
    const std::string state = text_at(member(verdict, "official"), "state");
    return violations_of(verdict) + (state == "PASS" ? "" : "official: " + verified.text());
  }
  [[nodiscard]] const TestShop& shop() const { return m_shop; }

 private:
  void must(const std::vector<std::string>& arguments) const {
    const Ended ended = siegel(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
  }

  TestShop m_shop;
  Instant m_now;
};

Instant utc(const char* text) { return *Instant::parse(text); }

bool has(const std::vector<std::string>& all, std::string_view wanted) {
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& one) { return one.starts_with(wanted); });
}

TEST(AustrianYear, MonthsAreClosedBeforeTheNextSaleAndDecemberHasOnlyTheYear) {
  RecordProperty("proves", "AMA-058 AMA-060 AMA-064 AMA-075 AMA-078 AMA-014 AMA-059");
  TimedShop shop(utc("2026-10-20T09:00:00Z"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  EXPECT_TRUE(has(shop.due(), "month/KASSE-01/2026-10 later 2026-10-31"));
  // October was forgotten.
  shop.go_to(utc("2026-11-03T09:00:00Z"));
  EXPECT_TRUE(has(shop.due(), "month/KASSE-01/2026-10 overdue"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  EXPECT_EQ(shop.kinds_made(), (std::vector<std::string>{"start", "receipt", "month", "receipt"}));
  // November is closed at its end.
  shop.go_to(utc("2026-11-30T17:00:00Z"));
  EXPECT_EQ(shop.siegel({"close", kasse}).exit_code, 0);
  shop.go_to(utc("2026-12-05T09:00:00Z"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  // December: the shop closes early and comes back in January.
  shop.go_to(utc("2027-01-04T09:00:00Z"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  EXPECT_EQ(shop.kinds_made(), (std::vector<std::string>{"start", "receipt", "month", "receipt",
                                                         "month", "receipt", "year", "receipt"}));
  const auto due = shop.due();
  EXPECT_TRUE(has(due, "year_check/KASSE-01/2026 due 2027-02-15"))
      << fmt::format("{}", fmt::join(due, "\n"));
  EXPECT_TRUE(has(due, "backup/2026-Q4 due 2027-01-31"));
  shop.go_to(utc("2027-02-16T09:00:00Z"));
  EXPECT_TRUE(has(shop.due(), "year_check/KASSE-01/2026 overdue"));
  EXPECT_EQ(shop.siegel({"dues"}).exit_code, 4);
  EXPECT_EQ(shop.siegel({"at", "check", "KASSE-01-000007", "--passed"}).exit_code, 0);
  EXPECT_FALSE(has(shop.due(), "year_check/"));
  // A quarter later its last receipt is due, until somebody showed it.
  shop.go_to(utc("2027-04-02T09:00:00Z"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  EXPECT_TRUE(has(shop.due(), "quarter_check/KASSE-01/2027-Q1 due 2027-04-30"));
  EXPECT_EQ(shop.violations(), "");
}

TEST(AustrianClock, IsHeldForAnHourAndRefusedBeyond) {
  TimedShop shop(utc("2026-10-20T09:00:00Z"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  shop.wait(-minutes(20));
  const Ended held = shop.sell();
  EXPECT_EQ(held.exit_code, 0) << held.text();
  shop.wait(-hours(5));
  const json::Array before = shop.shop().entries();
  const Ended refused = shop.sell();
  EXPECT_EQ(refused.code(), "E-RKS-104") << refused.text();
  EXPECT_EQ(shop.shop().entries(), before);
  shop.go_to(utc("2026-10-20T15:00:00Z"));
  EXPECT_EQ(shop.sell().exit_code, 0);
  EXPECT_EQ(shop.violations(), "");
}

TEST(AustrianClock, TheHourThatComesTwiceFallsInNoReceipt) {
  // 2:30 summer time, 2:10 and 3:05 winter time.
  TimedShop shop(utc("2026-10-24T20:00:00Z"));
  for (const char* at : {"2026-10-25T00:30:00Z", "2026-10-25T01:10:00Z", "2026-10-25T02:05:00Z"}) {
    shop.go_to(utc(at));
    const Ended sold = shop.sell();
    EXPECT_EQ(sold.exit_code, 0) << at << sold.text();
  }
  EXPECT_EQ(shop.violations(), "");
}

TEST(AustrianOutage, IsToldByMailAtOnceAndAfter48Hours) {
  RecordProperty("proves", "AMA-033 AMA-071 AMA-072 AMA-074");
  auto server = net::testing::MailServer::start(SIEGEL_SOURCE_DIR, {});
  ASSERT_TRUE(server.ok()) << server.error().detail;
  TimedShop shop(utc("2026-10-20T09:00:00Z"));
  const std::string settings = (shop.shop().around() / "notify.json").string();
  write_text(settings, fmt::format(R"({{"language":"en","remind_after_minutes":[],
                             "mail":{{"host":"127.0.0.1","port":{},"security":"plain",
                                      "from":"kasse@example.at"}},
                             "recipients":[{{"name":"chef",
                                 "mail":"chef@example.at; technik@example.at"}}]}})",
                                   (*server)->port()));
  const auto two_mails = [&](std::string_view what) {
    std::vector<std::string> to;
    for (int i = 0; i < 2; ++i) {
      const auto mail = (*server)->next();
      ASSERT_TRUE(mail.ok()) << what << ": " << mail.error().detail;
      EXPECT_NE(mail->content.find(what), std::string::npos) << what << "\n" << mail->content;
      ASSERT_EQ(mail->to.size(), 1U);
      to.push_back(mail->to.front());
    }
    std::sort(to.begin(), to.end());
    EXPECT_EQ(to, (std::vector<std::string>{"chef@example.at", "technik@example.at"}));
  };
  const Ended set = shop.siegel({"notify", "set", settings});
  ASSERT_EQ(set.exit_code, 0) << set.text();
  const Ended trial = shop.siegel({"notify", "test"});
  ASSERT_EQ(trial.exit_code, 0) << trial.text();
  two_mails("Subject:");

  // The first device fails: the second signs, and those who must know are told at once.
  shop.shop().pull("soft-1");
  const Ended sold = shop.sell();
  EXPECT_EQ(sold.exit_code, 0) << sold.text();
  two_mails("soft-1");
  // Nobody is told twice.
  EXPECT_EQ(shop.sell().exit_code, 0);
  shop.wait(hours(49));
  // By this command, or by the shop itself as soon as it is open.
  EXPECT_EQ(shop.siegel({"dues", "--notify"}).exit_code, 4);
  two_mails("48");
  two_mails("Registration");
  EXPECT_EQ(number_at(shop.siegel({"dues", "--notify"}).document(), "delivered"), 0);

  shop.shop().plug("soft-1");
  EXPECT_EQ(shop.sell().exit_code, 0);
  EXPECT_EQ(shop.siegel({"status"}).exit_code, 0);
  two_mails("soft-1");
}

TEST(AustrianOutage, AMailServerThatIsAwayStopsNoSaleAndTheMailComesLater) {
  RecordProperty("proves", "AMA-074");
  const auto closed = net::testing::ClosedPort::take();
  ASSERT_TRUE(closed.ok()) << closed.error().detail;
  TimedShop shop(utc("2026-10-20T09:00:00Z"));
  const std::string settings = (shop.shop().around() / "notify.json").string();
  const auto set = [&](std::uint16_t to_port) {
    write_text(settings, fmt::format(R"({{"mail":{{"host":"127.0.0.1","port":{},"security":"plain",
                                        "from":"kasse@example.at"}},
                               "recipients":[{{"name":"chef","mail":"chef@example.at"}}]}})",
                                     to_port));
    return shop.siegel({"notify", "set", settings});
  };
  ASSERT_EQ(set(closed->port()).exit_code, 0);
  shop.shop().pull("soft-1");
  EXPECT_EQ(shop.sell().exit_code, 0);
  auto server = net::testing::MailServer::start(SIEGEL_SOURCE_DIR, {});
  ASSERT_TRUE(server.ok()) << server.error().detail;
  ASSERT_EQ(set((*server)->port()).exit_code, 0);
  (void)shop.siegel({"notify", "retry"});
  const auto mail = (*server)->next();
  ASSERT_TRUE(mail.ok()) << mail.error().detail;
  EXPECT_NE(mail->content.find("soft-1"), std::string::npos) << mail->content;
}

}  // namespace
}  // namespace siegel::system_test
