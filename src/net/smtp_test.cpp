#include "net/smtp.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

#include "net/testing/mail_server.h"
#include "net/testing/server.h"

namespace siegel::net {
namespace {

MailAddress address(std::string_view text) {
  auto parsed = MailAddress::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return std::move(parsed).value();
}

Mail mail_to(const std::vector<std::string_view>& to) {
  Mail mail{.from = address("siegel@shop.example"),
            .to = {},
            .subject = "Subject",
            .text = "Text\n",
            .date = *Instant::parse("2026-11-21T05:06:07Z"),
            .id = "abc-1"};
  for (const auto text : to) mail.to.push_back(address(text));
  return mail;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return out;
}

// A reader of quoted-printable and of Q words written apart from the writer.
std::string decode_hex(std::string_view text, bool word) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=' && text.substr(i, 3) == "=\r\n") {
      i += 2;
    } else if (text[i] == '=') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else if (word && text[i] == '_') {
      out += ' ';
    } else if (text[i] != '\r') {
      out += text[i];
    }
  }
  return out;
}

std::string decode_words(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; (at = text.find("=?UTF-8?Q?", at)) != std::string::npos;) {
    const auto end = text.find("?=", at + 10);
    out += decode_hex(std::string_view(text).substr(at + 10, end - at - 10), true);
    at = end;
  }
  return out;
}

TEST(mail_address, accepts_what_people_have_and_nothing_that_breaks_a_line) {
  for (const auto* good :
       {"a@b.at", "first.last+tag@sub.example.org", "root@localhost", "o'neil@xn--mnchen-3ya.de"}) {
    EXPECT_TRUE(MailAddress::parse(good).ok()) << good;
  }
  EXPECT_EQ(address("a@b.at").domain(), "b.at");
  for (const auto* bad :
       {"", "a", "@b", "a@", "a@b@c", "a b@c.at", "a@b.at\r\nRCPT TO:<x@y>", "<a@b.at>", "a@b..at",
        ".a@b.at", "a.@b.at", "\"a\"@b.at", "a@-b.at", "a@b.at,c@d.at", "m\xC3\xBC@b.at"}) {
    const auto parsed = MailAddress::parse(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, "E-NET-021");
  }
  EXPECT_FALSE(MailAddress::parse(std::string(65, 'a') + "@b.at").ok());
  EXPECT_FALSE(MailAddress::parse("a@" + std::string(253, 'b')).ok());
}

TEST(mail_message, has_the_headers_of_a_mail_sent_by_a_machine) {
  auto mail = mail_to({"owner@shop.example", "second@shop.example"});
  mail.from_name = "Siegel \"Kasse\"";
  const auto text = message_text(mail);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text,
            "Date: Sat, 21 Nov 2026 05:06:07 +0000\r\n"
            "From: \"Siegel \\\"Kasse\\\"\"\r\n <siegel@shop.example>\r\n"
            "To: owner@shop.example,\r\n second@shop.example\r\n"
            "Message-ID: <abc-1@shop.example>\r\n"
            "Subject: Subject\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "\r\n"
            "Text\r\n");
}

TEST(mail_message, any_text_comes_back_and_no_line_is_long) {
  rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"a", " ", "=", "?", "_", ".", "\xC3\xA4", "\xE2\x82\xAC",
                                 "\xF0\x9F\x98\x80", "wort ", "=?", "\t", "\n", "\n.\n", "From "}));
    std::string text;
    std::string subject;
    for (const auto& piece : pieces) {
      text += piece;
      if (piece.find_first_of("\n\t") == std::string::npos && subject.size() < 490) {
        subject += piece;
      }
    }
    auto mail = mail_to({"a@b.at"});
    mail.subject = "\xC3\x9C" + subject;  // always encoded
    mail.text = text + "\n";
    const auto made = message_text(mail);
    RC_ASSERT(made.ok());
    for (const auto& line : lines(*made)) RC_ASSERT(line.size() <= 78U);
    const auto body = made->find("\r\n\r\n") + 4;
    RC_ASSERT(decode_hex(std::string_view(*made).substr(body), false) == mail.text);
    const auto from = made->find("Subject: ");
    RC_ASSERT(decode_words(made->substr(from, made->find("\r\nMIME") - from)) == mail.subject);
    // Each word is UTF-8 of its own [RFC 2047, 5 (3)].
    for (const auto& line : lines(made->substr(from, made->find("\r\nMIME") - from))) {
      RC_ASSERT(valid_utf8(decode_words(line)));
    }
  });
}

TEST(mail_message, refuses_what_would_become_headers_of_its_own) {
  auto mail = mail_to({"a@b.at"});
  mail.subject = "x\r\nBcc: everybody@example.org";
  EXPECT_EQ(message_text(mail).error().place, "/subject");
  mail = mail_to({"a@b.at"});
  mail.from_name = "x\ny";
  EXPECT_EQ(message_text(mail).error().place, "/from_name");
  mail = mail_to({"a@b.at"});
  mail.id = "x>\r\n";
  EXPECT_EQ(message_text(mail).error().place, "/id");
  mail = mail_to({"a@b.at"});
  mail.text = "\xFF";
  EXPECT_EQ(message_text(mail).error().place, "/text");
  mail.text = "bell\a";
  EXPECT_EQ(message_text(mail).error().code, "E-NET-022");
  mail = mail_to({});
  EXPECT_EQ(message_text(mail).error().place, "/to");
}

TEST(mail_message, ids_of_chance_are_valid_and_differ) {
  SeededRandom random(1);
  const auto one = mail_id(random);
  auto mail = mail_to({"a@b.at"});
  mail.id = one;
  EXPECT_TRUE(message_text(mail).ok());
  EXPECT_NE(one, mail_id(random));
}

class SmtpTest : public ::testing::Test {
 protected:
  void start(const testing::MailServerOptions& options) {
    auto server = testing::MailServer::start(SIEGEL_SOURCE_DIR, options);
    ASSERT_TRUE(server.ok()) << server.error().detail;
    m_server = std::move(server).value();
  }
  [[nodiscard]] MailServer settings(MailSecurity security) const {
    return {.host = "127.0.0.1",
            .port = m_server->port(),
            .security = security,
            .ca_file = security == MailSecurity::plain ? "" : m_server->ca_file(),
            .connect_timeout = std::chrono::minutes(2),
            .total_timeout = std::chrono::minutes(2)};
  }
  std::unique_ptr<testing::MailServer> m_server;
};

TEST_F(SmtpTest, a_mail_arrives_byte_for_byte) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "plain"}));
  auto mail = mail_to({"owner@shop.example", "second@shop.example"});
  mail.subject = "Ausfall der Signatureinheit \xE2\x80\x93 Kasse M\xC3\xBCller";
  mail.text =
      "Gr\xC3\xBC\xC3\x9F"
      "e\n.\n..\n.leading dot\n\n" +
      std::string(300, 'x') + "\nend \n";
  const auto sent = send_mail(settings(MailSecurity::plain), mail);
  ASSERT_TRUE(sent.ok()) << sent.error().detail;
  const auto received = m_server->next();
  ASSERT_TRUE(received.ok()) << received.error().detail;
  EXPECT_EQ(received->from, "siegel@shop.example");
  EXPECT_EQ(received->to, (std::vector<std::string>{"owner@shop.example", "second@shop.example"}));
  EXPECT_FALSE(received->tls);
  EXPECT_EQ(received->content, *message_text(mail));
}

TEST_F(SmtpTest, starttls_and_login_come_before_the_mail) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "starttls",
                                 .user = "till",
                                 .password = "s\xC3\xA9"
                                             "cret:1"}));
  auto server = settings(MailSecurity::starttls);
  server.user = "till";
  server.password =
      crypto::SecretBytes::copy_of(bytes_of("s\xC3\xA9"
                                            "cret:1"));
  const auto sent = send_mail(server, mail_to({"owner@shop.example"}));
  ASSERT_TRUE(sent.ok()) << sent.error().detail;
  const auto received = m_server->next();
  ASSERT_TRUE(received.ok());
  EXPECT_TRUE(received->tls);
  EXPECT_EQ(received->user, "till");
}

TEST_F(SmtpTest, tls_from_the_first_byte) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "tls"}));
  const auto sent = send_mail(settings(MailSecurity::tls), mail_to({"owner@shop.example"}));
  ASSERT_TRUE(sent.ok()) << sent.error().detail;
  const auto received = m_server->next();
  ASSERT_TRUE(received.ok());
  EXPECT_TRUE(received->tls);
}

TEST_F(SmtpTest, a_wrong_password_is_told_and_not_shown) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "starttls", .user = "till", .password = "right"}));
  auto server = settings(MailSecurity::starttls);
  server.user = "till";
  server.password = crypto::SecretBytes::copy_of(bytes_of("guessed-password"));
  const auto sent = send_mail(server, mail_to({"owner@shop.example"}));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, "E-NET-023") << sent.error().detail;
  EXPECT_EQ(sent.error().kind, ErrorKind::invalid);
  EXPECT_EQ(sent.error().detail.find("guessed"), std::string::npos);
}

TEST_F(SmtpTest, a_server_without_tls_gets_neither_login_nor_mail_if_tls_is_asked_for) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "plain"}));
  auto server = settings(MailSecurity::plain);
  server.security = MailSecurity::starttls;
  const auto sent = send_mail(server, mail_to({"owner@shop.example"}));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, "E-NET-004") << sent.error().detail;
  EXPECT_EQ(sent.error().kind, ErrorKind::unavailable);
}

TEST_F(SmtpTest, a_certificate_nobody_vouches_for_ends_it) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "starttls"}));
  auto server = settings(MailSecurity::starttls);
  server.ca_file.clear();
  const auto sent = send_mail(server, mail_to({"owner@shop.example"}));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, "E-NET-004") << sent.error().detail;
}

TEST_F(SmtpTest, the_servers_refusal_says_whether_to_try_again) {
  ASSERT_NO_FATAL_FAILURE(start({.kind = "plain"}));
  const auto server = settings(MailSecurity::plain);
  const auto gone = send_mail(server, mail_to({"gone@shop.example"}));
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, "E-NET-024") << gone.error().detail;
  EXPECT_EQ(gone.error().kind, ErrorKind::invalid);
  const auto later = send_mail(server, mail_to({"later@shop.example"}));
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().code, "E-NET-025") << later.error().detail;
  EXPECT_EQ(later.error().kind, ErrorKind::unavailable);
  auto refused = mail_to({"owner@shop.example"});
  refused.text = "refuse this mail\n";
  const auto content = send_mail(server, refused);
  ASSERT_FALSE(content.ok());
  EXPECT_EQ(content.error().code, "E-NET-024") << content.error().detail;
}

TEST(smtp, nobody_listening_is_unavailable) {
  const auto port = testing::ClosedPort::take();
  ASSERT_TRUE(port.ok());
  const MailServer server{
      .host = "127.0.0.1", .port = port->port(), .security = MailSecurity::plain};
  const auto sent = send_mail(server, mail_to({"a@b.at"}));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, "E-NET-003");
  EXPECT_EQ(sent.error().kind, ErrorKind::unavailable);
}

TEST(smtp, a_password_does_not_leave_this_machine_in_the_clear) {
  MailServer server{.host = "192.0.2.1", .port = 25, .security = MailSecurity::plain};
  server.user = "till";
  const auto sent = send_mail(server, mail_to({"a@b.at"}));
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code, "E-NET-026");
}

TEST(smtp, a_name_that_is_no_host_is_refused) {
  for (const auto* host : {"", "a b", "mail.example/x", "user@mail.example"}) {
    const MailServer server{.host = host, .port = 25, .security = MailSecurity::plain};
    const auto sent = send_mail(server, mail_to({"a@b.at"}));
    ASSERT_FALSE(sent.ok());
    EXPECT_EQ(sent.error().code, "E-NET-001") << host;
  }
}

}  // namespace
}  // namespace siegel::net
