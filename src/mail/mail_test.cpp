#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "mail/notice.h"
#include "mail/send.h"
#include "net/testing/mail_server.h"
#include "net/testing/server.h"

namespace siegel::mail {
namespace {

LocalStamp stamp(std::string_view text) { return *LocalStamp::parse(text); }

const Place place{.shop = "Café Müller GmbH", .register_name = "Kasse 1 (KASSE-01)"};

SignerFailed failed(std::string replaced_by) {
  return {.signer = "card-1 (4107FF48)",
          .since = stamp("2026-11-21T10:15:00+01:00"),
          .cause = "the card was pulled",
          .code = "E-CRD-203",
          .replaced_by = std::move(replaced_by)};
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<Notice> all_notices() {
  const auto since = stamp("2026-11-21T10:15:00+01:00");
  return {
      {place, failed("")},
      {place, failed("card-2 (740F78A4)")},
      {place, SignerWorks{"card-1", since, stamp("2026-11-21T11:00:00+01:00"), 17, "4712", false}},
      {place, SignerWorks{"card-1", since, stamp("2026-11-24T11:00:00+01:00"), 170, "4812", true}},
      {place, OutageReportDue{"card-1", since, stamp("2026-11-23T10:15:00+01:00"), 44}},
      {place, ReceiptDue{DueReceipt::month, "2026-11", ""}},
      {place, ReceiptDue{DueReceipt::year, "2026", "9001"}},
      {place, ReceiptFailed{DueReceipt::year, "2026", "no device", "E-REC-001"}},
      {place, ReceiptCheckDue{"2026", "9001", Date(2027, 2, 15)}},
      {place, RegistrationDue{Date(2026, 11, 28)}},
      {place, BackupDue{"2026-Q3", Date(2026, 12, 31)}},
      {place, Trial{}},
      {place, TseFailed{"tse-1 (5f0c)", since, "no answer", "E-TSE-104", 3}},
      {place, TseWorks{"tse-1 (5f0c)", since, stamp("2026-11-21T11:00:00+01:00"), 3, 17}},
      {place, OtherFailed{"printer:bar", since, "no paper", "E-PRN-301"}},
      {place, OtherWorks{"printer:bar", since, stamp("2026-11-21T11:00:00+01:00")}},
      {place, OutageLasts{"tse-1 (5f0c)", since, "E-TSE-104", 3, 480, 17}},
      {place, LateSignatureFound{"tse-1 (5f0c)", "K-4711", 815}},
      {place, ClosingDone{412, since, 214, "1234.50 EUR"}},
      {place, JournalNotWritable{"the disk is full", "E-JRN-204"}},
      {place, ShopCopied{"the witness was moved by another"}},
      {place, Announcement{"Zertifikat läuft ab.", "The certificate ends.", "Ersatz bestellen.",
                           "Order another one.", "W-TSE-130"}},
  };
}

TEST(mail_notice, every_notice_says_where_in_both_languages_and_fits_a_mail) {
  for (const auto& notice : all_notices()) {
    const auto german = compose(notice, Language::de);
    const auto english = compose(notice, Language::en);
    EXPECT_NE(german.subject, english.subject);
    EXPECT_NE(german.body, english.body);
    for (const auto& text : {german, english}) {
      EXPECT_TRUE(text.subject.ends_with(" – Kasse 1 (KASSE-01)")) << text.subject;
      EXPECT_TRUE(has(text.body, ": Café Müller GmbH\n")) << text.body;
      EXPECT_FALSE(has(text.body, "\n\n\n")) << text.body;
      net::Mail mail{.from = *net::MailAddress::parse("a@b.at"),
                     .to = {*net::MailAddress::parse("c@d.at")},
                     .subject = text.subject,
                     .text = text.body,
                     .id = "x"};
      EXPECT_TRUE(net::message_text(mail).ok());
    }
  }
}

TEST(mail_notice, an_outage_says_that_selling_goes_on_and_when_to_report) {
  RecordProperty("proves", "AMA-071");
  const auto text = compose({place, failed("")}, Language::de);
  EXPECT_TRUE(text.subject.starts_with("Sicherheitseinrichtung ausgefallen"));
  EXPECT_TRUE(has(text.body, "Signatureinheit: card-1 (4107FF48)\n"));
  EXPECT_TRUE(has(text.body, "Seit: 21.11.2026 10:15\n"));
  EXPECT_TRUE(has(text.body, "Ursache: the card was pulled (E-CRD-203)"));
  EXPECT_TRUE(has(text.body, "dürfen weiter verkaufen"));
  EXPECT_TRUE(has(text.body, "48 Stunden"));
  const auto replaced = compose({place, failed("card-2 (740F78A4)")}, Language::de);
  EXPECT_TRUE(has(replaced.body, "Es signiert jetzt: card-2 (740F78A4)"));
  EXPECT_FALSE(has(replaced.body, "Vermerk"));
}

TEST(mail_notice, an_end_says_whether_finanzonline_must_be_told) {
  const auto since = stamp("2026-11-21T10:15:00+01:00");
  SignerWorks works{"card-1", since, stamp("2026-11-21T11:00:00+01:00"), 17, "4712", false};
  const auto plain = compose({place, works}, Language::en);
  EXPECT_TRUE(has(plain.body, "Sammelbeleg: 4712"));
  EXPECT_TRUE(has(plain.body, "Receipts without signature: 17"));
  EXPECT_TRUE(has(plain.body, "Nothing is to be done."));
  works.reported = true;
  EXPECT_TRUE(has(compose({place, works}, Language::en).body, "report its end there"));
}

TEST(mail_notice, the_48_hours_are_named_with_their_end) {
  RecordProperty("proves", "AMA-071 AMA-072");
  const OutageReportDue due{"card-1", stamp("2026-11-21T10:15:00+01:00"),
                            stamp("2026-11-23T10:15:00+01:00"), 44};
  const auto text = compose({place, due}, Language::de);
  EXPECT_TRUE(has(text.subject, "44 Stunden"));
  EXPECT_TRUE(has(text.body, "48 Stunden sind um am: 23.11.2026 10:15"));
  EXPECT_TRUE(has(text.body, "FinanzOnline"));
}

TEST(mail_notice, unknown_places_are_left_out) {
  const auto text = compose({{}, Trial{}}, Language::de);
  EXPECT_EQ(text.subject, "Testnachricht");
  EXPECT_FALSE(has(text.body, "Betrieb:"));
}

TEST(mail_addresses, are_split_checked_and_each_kept_once) {
  RecordProperty("proves", "AMA-033");
  const auto addresses = parse_addresses(" a@x.at; b@y.at,a@x.at\n c@z.at ;");
  ASSERT_TRUE(addresses.ok());
  ASSERT_EQ(addresses->size(), 3U);
  EXPECT_EQ((*addresses)[2].text(), "c@z.at");
  EXPECT_TRUE(parse_addresses("")->empty());
  const auto wrong = parse_addresses("a@x.at; nobody");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, "E-NET-021");
  EXPECT_EQ(wrong.error().place, "nobody");
  std::string many;
  for (int i = 0; i < 51; ++i) many += "a" + std::to_string(i) + "@x.at;";
  EXPECT_EQ(parse_addresses(many).error().code, "E-MAI-001");
}

Settings settings_for(std::uint16_t port, std::string_view to) {
  return {.server = {.host = "127.0.0.1",
                     .port = port,
                     .security = net::MailSecurity::plain,
                     .connect_timeout = std::chrono::minutes(2),
                     .total_timeout = std::chrono::minutes(2)},
          .from = *net::MailAddress::parse("siegel@shop.example"),
          .from_name = "Siegel",
          .to = *parse_addresses(to)};
}

TEST(mail_send, each_address_gets_a_mail_of_its_own_and_a_wrong_one_costs_the_others_nothing) {
  RecordProperty("proves", "AMA-033 AMA-074");
  auto server = net::testing::MailServer::start(SIEGEL_SOURCE_DIR, {.kind = "plain"});
  ASSERT_TRUE(server.ok()) << server.error().detail;
  SeededRandom random(1);
  const auto delivery = send(
      settings_for((*server)->port(),
                   "owner@shop.example; gone@shop.example; later@shop.example; "
                   "second@shop.example"),
      compose({place, failed("")}, Language::de), *Instant::parse("2026-11-21T09:15:01Z"), random);
  ASSERT_EQ(delivery.delivered.size(), 2U);
  EXPECT_EQ(delivery.delivered[1].text(), "second@shop.example");
  ASSERT_EQ(delivery.failed.size(), 2U);
  EXPECT_EQ(delivery.failed[0].to.text(), "gone@shop.example");
  EXPECT_EQ(delivery.failed[0].error.kind, ErrorKind::invalid);
  EXPECT_EQ(delivery.failed[1].error.kind, ErrorKind::unavailable);
  for (const auto* to : {"owner@shop.example", "second@shop.example"}) {
    const auto mail = (*server)->next();
    ASSERT_TRUE(mail.ok()) << mail.error().detail;
    EXPECT_EQ(mail->to, std::vector<std::string>{to});
    EXPECT_TRUE(has(mail->content, "Date: Sat, 21 Nov 2026 09:15:01 +0000\r\n"));
    EXPECT_TRUE(has(mail->content, "Subject: =?UTF-8?Q?Sicherheitseinrichtung"));
    EXPECT_TRUE(has(mail->content, "Signatureinheit: card-1 (4107FF48)\r\n"));
  }
}

TEST(mail_send, a_server_that_does_not_answer_is_tried_once_and_fails_for_all) {
  const auto port = net::testing::ClosedPort::take();
  ASSERT_TRUE(port.ok());
  SeededRandom random(1);
  const auto delivery = send(settings_for(port->port(), "a@x.at; b@x.at"), {"S", "B\n"},
                             *Instant::parse("2026-11-21T09:15:01Z"), random);
  EXPECT_TRUE(delivery.delivered.empty());
  ASSERT_EQ(delivery.failed.size(), 2U);
  for (const auto& failure : delivery.failed) EXPECT_EQ(failure.error.code, "E-NET-003");
}

}  // namespace
}  // namespace siegel::mail
