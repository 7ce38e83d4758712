#include "app/shop/notifier.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "app/shop/shop.h"
#include "app/shop/shop_dues.h"
#include "net/testing/mail_server.h"
#include "net/testing/server.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// The machine's, with a wall that can be moved.
class MovedClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    Now now = system_clock().now();
    now.wall = now.wall + std::chrono::milliseconds(m_ahead.load());
    return now;
  }
  void move(std::chrono::milliseconds by) { m_ahead += by.count(); }

 private:
  std::atomic<std::int64_t> m_ahead{0};
};

/// A webhook's receiver: what it heard, by type.
class Receiver {
 public:
  Receiver() {
    auto made = net::testing::Server::start([this](const net::testing::Request& request) {
      const auto body = json::parse(request.body);
      const json::Value* type = body && body->object() ? body->object()->find("type") : nullptr;
      {
        const Lock lock(m_mutex);
        m_heard.push_back({type != nullptr && type->string() != nullptr ? *type->string() : "?",
                           request.header("webhook-id"), request.body});
      }
      return net::testing::Response{.status = status};
    });
    SIEGEL_CHECK(made.ok());
    m_server = std::move(*made);
  }
  struct Heard {
    std::string type, id, body;
  };
  [[nodiscard]] std::vector<Heard> heard() const {
    const Lock lock(m_mutex);
    return m_heard;
  }
  [[nodiscard]] std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const Heard& one : heard()) out.push_back(one.type);
    return out;
  }
  [[nodiscard]] std::string url() const { return m_server->url(); }
  std::atomic<int> status{204};

 private:
  mutable Mutex m_mutex;
  std::vector<Heard> m_heard SIEGEL_GUARDED_BY(m_mutex);
  std::unique_ptr<net::testing::Server> m_server;
};

class NotifierTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "siegel-notifier-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    m_scratch = pattern;
    m_folder = m_scratch / "data";
    Business business;
    business.name = "Bäckerei Sonnenschein GmbH";
    business.street = "Marktstraße 5";
    business.postcode = "10115";
    business.city = "Berlin";
    business.vat_id = "DE123456788";
    ASSERT_TRUE(Shop::create({{m_folder, {}}, business, {}, {}}, m_environment).ok());
    const auto shop = open();
    const auto tse = shop->create_tse({}, "test");
    ASSERT_TRUE(tse.ok()) << tse.error().detail;
    RegisterInfo info{*RegisterId::parse("KASSE-01"), "Kasse 1"};
    info.tse_serial = tse->serial;
    ASSERT_TRUE(shop->add_register(info, false, "test").ok());
  }
  void TearDown() override { fs::remove_all(m_scratch); }

  std::unique_ptr<Shop> open() {
    auto shop = Shop::open({m_folder, {}}, Shop::Mode::write, m_environment);
    EXPECT_TRUE(shop.ok()) << shop.error().code << " " << shop.error().detail;
    return std::move(*shop);
  }
  void configure(const std::string& document) {
    const auto value = json::parse(document);
    ASSERT_TRUE(value.ok()) << value.error().detail;
    const auto settings = notify::settings_from_json(*value);
    ASSERT_TRUE(settings.ok()) << settings.error().detail << settings.error().place;
    std::vector<Shop::NewSecret> secrets;
    for (const notify::Recipient& one : settings->recipients)
      if (one.channel == notify::Channel::webhook)
        secrets.push_back({*notify::webhook_secret_id(one.name),
                           crypto::SecretBytes::random(32, m_environment.random)});
    ASSERT_TRUE(open()->set_notify(*settings, secrets).ok());
  }
  void configure_webhook(const std::string& url, const std::string& more = {}) {
    configure(
        fmt::format(R"({{{}"recipients":[{{"name":"erp","webhook":"{}/hook"}}]}})", more, url));
  }
  Result<SaleAnswer> sell(Shop& shop) {
    SaleRequest sale{.register_id = *RegisterId::parse("KASSE-01"), .key = {}, .actor = "Mia"};
    LineDraft line;
    line.text = "Brezel";
    line.unit_price = UnitPrice::from_raw(180'000);
    line.vat = "B";
    sale.draft.lines.push_back(line);
    PaymentDraft cash;
    cash.amount = Money::from_cents(180);
    sale.draft.payments.push_back(cash);
    return shop.sell(sale);
  }
  static std::string error_of(const Result<SaleAnswer>& sold) {
    return sold ? std::string() : sold.error().code + " " + sold.error().detail;
  }
  /// Whatever is known is told when this returns.
  static void tell(Shop& shop) {
    const auto notifier = shop.notifier();
    ASSERT_TRUE(notifier.ok()) << notifier.error().detail;
    const auto sent = (*notifier)->tell({});
    ASSERT_TRUE(sent.ok()) << sent.error().detail;
    // Refusals are part of some tests; what failed otherwise should be seen.
    for (const Notified::NotDelivered& one : sent->failed)
      fmt::print("{} {}: {}\n", one.recipient, one.error.code, one.error.detail);
  }
  [[nodiscard]] notify::Outbox box() const { return notify::Outbox::load(m_folder); }
  /// The stick is pulled, or put back, while the shop is closed.
  void pull() const { fs::rename(store(), store().string() + ".pulled"); }
  void plug() const { fs::rename(store().string() + ".pulled", store()); }
  [[nodiscard]] fs::path store() const { return m_folder / "tse" / "tse-1" / "tse.db"; }

  MovedClock m_clock;
  Environment m_environment{m_clock, system_random()};
  fs::path m_scratch, m_folder;
};

TEST_F(NotifierTest, EachOutageIsToldOnceOnEveryChannelWithRemindersWhileItLasts) {
  RecordProperty("proves", "TSS-006");
  auto mails = net::testing::MailServer::start(SIEGEL_SOURCE_DIR, {});
  ASSERT_TRUE(mails.ok()) << mails.error().detail;
  Receiver receiver;
  const fs::path log = m_scratch / "hook.log";
  const fs::path hook = m_scratch / "hook.sh";
  std::ofstream(hook) << "#!/bin/sh\necho $SIEGEL_EVENT >> " << log.string() << "\n";
  fs::permissions(hook, fs::perms::owner_all);
  configure(fmt::format(
      R"({{"language":"en","remind_after_minutes":[60,480],"remind_every_minutes":1440,
           "mail":{{"host":"127.0.0.1","port":{},"security":"plain","from":"kasse@example.de"}},
           "recipients":[{{"name":"boss","mail":"boss@example.de"}},
                         {{"name":"erp","webhook":"{}/hook"}},
                         {{"name":"other","webhook":"{}/other","registers":["KASSE-09"]}},
                         {{"name":"lamp","command":["{}"]}}]}})",
      (*mails)->port(), receiver.url(), receiver.url(), hook.string()));
  const auto told = [&](const std::vector<std::string>& expected) {
    EXPECT_EQ(receiver.types(), expected);
    std::vector<std::string> lines;
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    EXPECT_EQ(lines, expected);
    EXPECT_TRUE(box().deliveries().empty());
  };
  const auto mail = [&](const std::string& subject) {
    const auto one = (*mails)->next();
    ASSERT_TRUE(one.ok()) << one.error().detail;
    EXPECT_NE(one->content.find("Subject: =?UTF-8?Q?" + subject), std::string::npos)
        << one->content;
  };
  pull();
  {
    const auto shop = open();
    for (int i = 0; i < 3; ++i) {
      const auto sold = sell(*shop);
      ASSERT_TRUE(sold.ok()) << sold.error().code << sold.error().detail;
    }
    tell(*shop);
    mail("TSE_failed_");
    told({"outage.started"});
    m_clock.move(minutes(59));
    tell(*shop);
    told({"outage.started"});
    m_clock.move(minutes(2));
    tell(*shop);
    tell(*shop);
    mail("Outage_goes_on=3A_1_h_1_min_");
    told({"outage.started", "outage.reminder"});
  }
  m_clock.move(hours(20));
  {
    const auto shop = open();
    ASSERT_EQ(error_of(sell(*shop)), "");
    tell(*shop);
    mail("Outage_goes_on=3A_21_h_1_min_");
    told({"outage.started", "outage.reminder", "outage.reminder"});
  }
  plug();
  {
    const auto shop = open();
    ASSERT_EQ(error_of(sell(*shop)), "");
    tell(*shop);
    mail("TSE_is_back_");
    told({"outage.started", "outage.reminder", "outage.reminder", "outage.ended"});
    m_clock.move(hours(24 * 3));
    tell(*shop);
  }
  told({"outage.started", "outage.reminder", "outage.reminder", "outage.ended"});
  std::set<std::string> ids;
  for (const Receiver::Heard& one : receiver.heard()) ids.insert(one.id);
  EXPECT_EQ(ids.size(), 4U);
}

TEST_F(NotifierTest, WhatWasNotTakenIsToldByTheNextProcessWithTheSameId) {
  Receiver receiver;
  receiver.status = 500;
  configure_webhook(receiver.url(), R"("remind_after_minutes":[],)");
  pull();
  {
    const auto shop = open();
    ASSERT_EQ(error_of(sell(*shop)), "");
    tell(*shop);
    ASSERT_EQ(box().deliveries().size(), 1U);
    EXPECT_EQ(box().deliveries().front().code, "E-NOT-111");
    tell(*shop);
    EXPECT_EQ(receiver.heard().size(), 1U) << "it waits before it tries again";
  }
  receiver.status = 200;
  m_clock.move(seconds(31));
  {
    const auto shop = open();
    tell(*shop);
  }
  const auto heard = receiver.heard();
  ASSERT_EQ(heard.size(), 2U);
  EXPECT_EQ(heard[0].id, heard[1].id);
  EXPECT_EQ(heard[0].body, heard[1].body);
  EXPECT_TRUE(box().deliveries().empty());
}

TEST_F(NotifierTest, WhatWasGivenUpIsListedAndTriedAgainWhenAPersonAsks) {
  Receiver receiver;
  receiver.status = 410;
  configure_webhook(receiver.url(), R"("remind_after_minutes":[],)");
  pull();
  const auto shop = open();
  ASSERT_EQ(error_of(sell(*shop)), "");
  tell(*shop);
  ASSERT_EQ(box().deliveries().size(), 1U);
  EXPECT_TRUE(box().deliveries().front().dead);
  EXPECT_TRUE(box().off.contains("erp"));
  const auto notifier = shop->notifier();
  EXPECT_EQ((*notifier)->retry("", "nobody").error().code, "E-NOT-107");
  receiver.status = 200;
  const auto sent = (*notifier)->retry("", "erp");
  ASSERT_TRUE(sent.ok()) << sent.error().detail;
  EXPECT_EQ(sent->delivered, 1U);
  EXPECT_TRUE(box().deliveries().empty());
}

TEST_F(NotifierTest, AnEarlierOutageIsHistoryButItsEndIsTold) {
  pull();
  ASSERT_EQ(error_of(sell(*open())), "");
  Receiver receiver;
  configure_webhook(receiver.url(), R"("remind_after_minutes":[],)");
  {
    const auto shop = open();
    tell(*shop);
    EXPECT_TRUE(receiver.types().empty());
  }
  plug();
  const auto shop = open();
  ASSERT_EQ(error_of(sell(*shop)), "");
  tell(*shop);
  EXPECT_EQ(receiver.types(), std::vector<std::string>{"outage.ended"});
}

TEST_F(NotifierTest, AJournalThatCannotBeWrittenIsToldOnceAnHour) {
  Receiver receiver;
  configure_webhook(receiver.url());
  const auto shop = open();
  const auto notifier = shop->notifier();
  ASSERT_TRUE(notifier.ok());
  for (int i = 0; i < 5; ++i)
    (*notifier)->urgent("journal/E-JRN-204", {{}, mail::JournalNotWritable{"full", "E-JRN-204"}});
  tell(*shop);
  EXPECT_EQ(receiver.types(), std::vector<std::string>{"journal.unwritable"});
  m_clock.move(hours(1));
  (*notifier)->urgent("journal/E-JRN-204", {{}, mail::JournalNotWritable{"full", "E-JRN-204"}});
  tell(*shop);
  EXPECT_EQ(receiver.types().size(), 2U);
}

TEST_F(NotifierTest, AClockThatNobodyTrustsIsTold) {
  Receiver receiver;
  configure_webhook(receiver.url(), R"("remind_after_minutes":[],)");
  pull();
  {
    const auto shop = open();
    ASSERT_EQ(error_of(sell(*shop)), "");
  }
  m_clock.move(hours(24 * 400));
  const auto shop = open();
  ASSERT_TRUE(error_of(sell(*shop)).starts_with("E-CLK-101"));
  tell(*shop);
  EXPECT_EQ(receiver.types().back(), "clock.suspicious");
}

TEST_F(NotifierTest, TheEndOfACertificateIsToldAtEachLimitOnce) {
  recorder::State state;
  Business business;
  business.name = "Bäckerei Sonnenschein GmbH";
  state.business = business;
  TseInfo info{.id = "tse-1", .serial = "5f0c"};
  state.tses["5f0c"] = info;
  const Instant end = *Instant::parse("2029-03-14T00:00:00Z");
  recorder::CareSample sample;
  sample.at = end - hours(24 * 400);
  sample.certificate_until = end;
  state.care["5f0c"].samples.push_back(sample);
  state.care["5f0c"].checked_at = sample.at;
  std::vector<std::string> ids;
  std::set<std::string> told;
  for (int days = 400; days >= -1; --days)
    for (const Shop::NoticeToTell& one : notices_due(state, end - hours(24 * days))) {
      const notify::Event event = ShopEvents(std::string(64, 'a')).notice(one, end, &state);
      if (event.name != "device.certificate_expiring" || !told.insert(one.id).second) continue;
      ids.push_back(one.id);
      EXPECT_EQ(event.devices, (std::vector<std::string>{"5f0c", "tse-1"}));
      EXPECT_NE(event.de.body.find("14.03.2029"), std::string::npos) << event.de.body;
      EXPECT_NE(event.en.body.find("Order a replacement now."), std::string::npos);
    }
  EXPECT_EQ(ids.size(), 4U) << "180, 90, 30 and 7 days before";
}

TEST_F(NotifierTest, ClosingsAndLateSignaturesAreToldWithWhatTheyAreAbout) {
  const auto shop = open();
  const auto state = shop->state();
  const auto sold = sell(*shop);
  ASSERT_EQ(error_of(sold), "");
  const auto reader = shop->reader();
  ASSERT_TRUE(reader.ok());
  const ShopEvents events(std::string(64, 'b'));
  journal::Entry entry;
  entry.sequence = journal::Sequence(4711);
  entry.register_id = "KASSE-01";
  entry.kind = entry_kind::closing;
  Closing closing;
  closing.register_id = *RegisterId::parse("KASSE-01");
  closing.number = 412;
  closing.at = *LocalStamp::parse("2026-11-21T18:05:00+01:00");
  closing.receipts = 214;
  closing.turnover = Money::from_cents(184'230);
  entry.payload = to_json(closing);
  const auto done = events.entry(entry, *state, {}, **reader);
  ASSERT_TRUE(done.ok() && *done) << done.error().detail;
  EXPECT_EQ((*done)->name, "closing.created");
  EXPECT_EQ((*done)->id, "bbbbbbbbbbbbbbbb-4711");
  EXPECT_EQ((*done)->registers, std::vector<std::string>{"KASSE-01"});
  EXPECT_NE((*done)->de.subject.find("Abschluss Nr. 412 fertig"), std::string::npos);
  EXPECT_NE((*done)->de.body.find("1842.30"), std::string::npos) << (*done)->de.body;

  entry.kind = entry_kind::late_signature;
  LateSignature late;
  late.plan_sequence = sold->receipt.plan_sequence;
  late.tse_serial = state->tses.begin()->first;
  late.transaction = 815;
  entry.payload = to_json(late);
  const auto found = events.entry(entry, *state, {}, **reader);
  ASSERT_TRUE(found.ok() && *found) << found.error().detail;
  EXPECT_EQ((*found)->name, "signature.late");
  EXPECT_EQ((*found)->devices.back(), "tse-1");
  EXPECT_NE((*found)->en.body.find(sold->receipt.plan.receipt_number), std::string::npos)
      << (*found)->en.body;
}

TEST_F(NotifierTest, NobodyConfiguredIsSaid) {
  EXPECT_EQ(open()->notifier().error().code, "E-NOT-102");
}

// ---- the dead never hold up the living ----------------------------------------------------------
//
// In each of these the notifier hangs in a channel while receipts are made: if a sale waited for
// it, the test would never end.

TEST_F(NotifierTest, AWebhookThatHangsDelaysNoSale) {
  std::atomic<int> asked{0};
  auto server = net::testing::Server::start([&](const auto&) {
    ++asked;
    return net::testing::Response{.fault = net::testing::Fault::hold};
  });
  ASSERT_TRUE(server.ok());
  configure_webhook((*server)->url());
  pull();
  const auto shop = open();
  ASSERT_EQ(error_of(sell(*shop)), "");
  // tidy: allow sleep: waits for another process or thread that has no condition to wait on
  while (asked == 0) usleep(1000);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(error_of(sell(*shop)), "");
  EXPECT_EQ(asked, 1) << "it still hangs in the first";
  EXPECT_EQ(box().deliveries().size(), 1U);
}

TEST_F(NotifierTest, AMailServerThatSaysNothingDelaysNoSale) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the form of the system's interface
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 10), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
  configure(fmt::format(
      R"({{"mail":{{"host":"127.0.0.1","port":{},"security":"plain","from":"kasse@example.de"}},
           "recipients":[{{"name":"boss","mail":"boss@example.de"}}]}})",
      ntohs(address.sin_port)));
  pull();
  auto shop = open();
  ASSERT_EQ(error_of(sell(*shop)), "");
  const int connection = accept(listener, nullptr, nullptr);
  ASSERT_GE(connection, 0) << "the notifier waits for a greeting";
  for (int i = 0; i < 50; ++i) ASSERT_EQ(error_of(sell(*shop)), "");
  EXPECT_EQ(box().deliveries().size(), 1U);
  EXPECT_EQ(box().deliveries().front().attempts, 0) << "it still waits";
  shop.reset();
  EXPECT_FALSE(box().deliveries().front().dead) << "closing ended the wait, not the notice";
  close(connection);
  close(listener);
}

TEST_F(NotifierTest, AProgramThatDoesNotEndDelaysNoSale) {
  const fs::path started = m_scratch / "started";
  const fs::path hook = m_scratch / "hook.sh";
  std::ofstream(hook) << "#!/bin/sh\necho $$ > " << started.string() << "\nsleep 1000\n";
  fs::permissions(hook, fs::perms::owner_all);
  configure(fmt::format(R"({{"recipients":[{{"name":"lamp","command":["{}"],"time_limit":300}}]}})",
                        hook.string()));
  pull();
  auto shop = open();
  ASSERT_EQ(error_of(sell(*shop)), "");
  // tidy: allow sleep: waits for another process or thread that has no condition to wait on
  while (!fs::exists(started)) usleep(1000);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(error_of(sell(*shop)), "");
  EXPECT_EQ(box().deliveries().size(), 1U);
  shop.reset();
  EXPECT_EQ(box().deliveries().size(), 1U);
}

TEST_F(NotifierTest, TheNextProcessSellsWhileTheLastOneIsStillTelling) {
  std::atomic<int> asked{0};
  auto server = net::testing::Server::start([&](const auto&) {
    ++asked;
    return net::testing::Response{.fault = net::testing::Fault::hold};
  });
  ASSERT_TRUE(server.ok());
  configure_webhook((*server)->url());
  pull();
  auto first = open();
  ASSERT_EQ(error_of(sell(*first)), "");
  // tidy: allow sleep: waits for another process or thread that has no condition to wait on
  while (asked == 0) usleep(1000);
  std::thread closing([&] { first.reset(); });
  // The lock of the folder is let go of before the grace begins.
  int sold = 0;
  while (sold < 5) {
    auto next = Shop::open({m_folder, {}}, Shop::Mode::write, m_environment);
    if (!next) {
      ASSERT_EQ(next.error().code, "E-DAT-001") << next.error().detail;
      continue;
    }
    ASSERT_EQ(error_of(sell(**next)), "");
    ++sold;
  }
  closing.join();
  EXPECT_EQ(sold, 5);
}

}  // namespace
}  // namespace siegel::app
