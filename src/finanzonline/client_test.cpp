#include "finanzonline/client.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "finanzonline/test_fixtures.h"
#include "net/testing/server.h"

namespace siegel::finanzonline {
namespace {

using net::testing::Request;
using net::testing::Response;

const std::string pin = "s3cret-PIN";

class TestClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override { return {.wall = at, .steady = Steady(0)}; }
  Instant at = *Instant::parse("2026-11-21T05:06:07Z");
};

// FinanzOnline on the loopback device: the answers of a test, in their order. Whoever asks more
// than expected gets 404.
class FinanzOnlineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = net::testing::Server::start([this](const Request& request) {
      if (request.target == "/ws/session" && m_logins_by_themselves &&
          request.header("soapaction") == "\"login\"") {
        ++m_logins;
        return Response{.body = login_answer(0, "SESSION" + std::to_string(m_logins))};
      }
      if (m_answers.empty()) return Response{.status = 404};
      auto answer = std::move(m_answers.front());
      m_answers.pop_front();
      return answer;
    });
    ASSERT_TRUE(server.ok());
    m_server = std::move(server).value();
  }

  Client client(Mode mode = Mode::test) {
    auto made = Client::make({.base_url = m_server->url() + "/ws",
                              .mode = mode,
                              .http = {.connect_timeout = std::chrono::minutes(2),
                                       .total_timeout = std::chrono::minutes(2)}},
                             {.participant = "123456789012",
                              .user = "webuser",
                              .pin = crypto::SecretBytes::copy_of(bytes_of(pin)),
                              .maker = "ATU12345678"},
                             m_clock, m_random);
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }
  void answer(std::string body, int status = 200) {
    m_answers.push_back({.status = status, .body = std::move(body)});
  }
  [[nodiscard]] std::vector<std::string> targets() const {
    std::vector<std::string> out;
    for (const auto& request : m_server->requests()) {
      out.push_back(request.target + " " + request.header("soapaction"));
    }
    return out;
  }
  [[nodiscard]] std::string last_body() const { return m_server->requests().back().body; }

  static CertificateSerial serial() { return *CertificateSerial::parse("4107FF48"); }
  static Item signer() { return RegisterSigner{SignerKind::signature_card, "AT1", serial()}; }

  bool m_logins_by_themselves = true;
  int m_logins = 0;
  std::deque<Response> m_answers;
  TestClock m_clock;
  SeededRandom m_random{1};
  std::unique_ptr<net::testing::Server> m_server;
};

TEST_F(FinanzOnlineTest, registers_a_device_in_a_session_of_its_own) {
  RecordProperty("proves", "AMA-052");
  auto fon = client();
  answer(rkdb_answer("0"));
  answer(in_envelope("<logoutResponse><rc>0</rc></logoutResponse>"));
  const auto outcome = fon.submit(signer());
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->next, Next::done);
  EXPECT_TRUE(fon.logout().ok());
  EXPECT_TRUE(fon.logout().ok()) << "without a session there is nothing to end";
  EXPECT_EQ(targets(), (std::vector<std::string>{"/ws/session \"login\"", "/ws/rkdb \"rkdb\"",
                                                 "/ws/session \"logout\""}));
  const auto requests = m_server->requests();
  EXPECT_EQ(requests[1].header("content-type"), "text/xml; charset=utf-8");
  EXPECT_NE(requests[1].body.find("<id>SESSION1</id><art_uebermittlung>T<"), std::string::npos);
  EXPECT_NE(requests[1].body.find("<ts_erstellung>2026-11-21T05:06:07Z<"), std::string::npos);
  EXPECT_EQ(requests[1].body.find(pin), std::string::npos);
}

TEST_F(FinanzOnlineTest, production_is_sent_as_such) {
  auto fon = client(Mode::production);
  answer(rkdb_answer("0"));
  ASSERT_TRUE(fon.submit(signer()).ok());
  EXPECT_NE(last_body().find("<art_uebermittlung>P<"), std::string::npos);
}

TEST_F(FinanzOnlineTest, the_session_is_kept_between_calls) {
  auto fon = client();
  for (int i = 0; i < 3; ++i) {
    answer(rkdb_answer("0"));
    ASSERT_TRUE(fon.submit(signer()).ok());
  }
  EXPECT_EQ(m_logins, 1);
}

TEST_F(FinanzOnlineTest, an_ended_session_is_renewed_once_and_the_item_sent_again) {
  auto fon = client();
  answer(rkdb_answer("0"));
  ASSERT_TRUE(fon.submit(signer()).ok());
  answer(recorded("fixtures.invalid_session.xml").value_or(rkdb_answer("-1")));
  answer(rkdb_answer("0"));
  const auto outcome = fon.submit(signer());
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->next, Next::done);
  EXPECT_EQ(m_logins, 2);
  EXPECT_NE(last_body().find("<id>SESSION2</id>"), std::string::npos);

  answer(rkdb_answer("-1"));
  answer(rkdb_answer("-1"));
  const auto again = fon.submit(signer());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "E-FON-016");
  EXPECT_EQ(m_logins, 3);
}

TEST_F(FinanzOnlineTest, after_b1_b10_and_b13_the_status_is_asked) {
  for (const auto* code : {"B1", "B10", "B13"}) {
    auto fon = client();
    answer(rkdb_answer(code));
    answer(recorded("fixtures.status_in_betrieb.xml").value_or(status_answer("IN_BETRIEB")));
    const auto outcome = fon.submit(signer());
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->next, Next::ask_status) << "it is no success by itself";
    EXPECT_EQ(outcome->code.code, code);
    ASSERT_TRUE(outcome->status.has_value());
    EXPECT_EQ(outcome->status->state, State::in_operation);
    EXPECT_NE(last_body().find("<status_see>"), std::string::npos);
    EXPECT_NE(last_body().find("hex=\"true\">4107FF48<"), std::string::npos);
  }
  auto fon = client();
  answer(rkdb_answer("B1"));
  answer("gone", 502);
  const auto outcome = fon.submit(RegisterEnd{*RegisterId::parse("KASSE-01"), EndReason::planned});
  ASSERT_TRUE(outcome.ok()) << "the answer stands, also if the question after it fails";
  EXPECT_EQ(outcome->status, std::nullopt);
  EXPECT_NE(last_body().find("<status_kasse>"), std::string::npos);
}

TEST_F(FinanzOnlineTest, a_faulty_receipt_is_sent_once) {
  auto fon = client();
  for (const auto* code : {"43", "B38"}) {
    const auto before = m_server->requests().size();
    answer(code == std::string("43")
               ? recorded("fixtures.beleg_fail.xml").value_or(rkdb_answer(code))
               : rkdb_answer(code));
    const auto outcome = fon.submit(
        ReceiptCheck{"_R1-AT1_KASSE-01_1_2026-11-21T05:06:07_0,00_0,00_0,00_0,00_0,00_AAAAAAAAAAA="
                     "_4107FF48_AAAAAAAAAAA=_" +
                     std::string(86, 'A') + "=="});
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome->next, Next::never_retry);
    EXPECT_EQ(m_server->requests().size() - before, before == 0 ? 2U : 1U);
  }
}

TEST_F(FinanzOnlineTest, every_recorded_answer_comes_through_the_client) {
  RecordProperty("proves", "AMA-051 AMA-052");
  struct Case {
    const char* name;
    const char* code;
  };
  auto fon = client();
  for (const auto& [name, code] :
       {Case{"fixtures.reg_se_ok.xml", "0"}, Case{"fixtures.reg_kasse_ok.xml", "0"},
        Case{"fixtures.status_in_betrieb.xml", "0"}, Case{"fixtures.status_ausfall.xml", "0"},
        Case{"fixtures.status_b33.xml", "B33"}, Case{"fixtures.beleg_pass.xml", "0"},
        Case{"fixtures.beleg_fail.xml", "43"}, Case{"fixtures.async_ack.xml", "0"}}) {
    const auto xml = recorded(name);
    if (!xml) GTEST_SKIP() << "no vectors";
    answer(*xml);
    const auto outcome = fon.submit(signer());
    ASSERT_TRUE(outcome.ok()) << name << ": " << outcome.error().detail;
    EXPECT_EQ(outcome->code.code, code) << name;
  }
  answer(*recorded("fixtures.reg_se_b10.xml"));
  answer(*recorded("fixtures.status_ausfall.xml"));
  const auto stored = fon.submit(signer());
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->code.code, "B10");
  ASSERT_TRUE(stored->status.has_value());
  EXPECT_EQ(stored->status->state, State::outage);
  EXPECT_EQ(m_logins, 1);

  for (const auto& [name, number] :
       {std::pair{"protokoll.rkdb_protokoll.xml", 20160816U},
        std::pair{"protokoll.rkdb_protokoll_test_live.xml", 784690809U}}) {
    answer(
        in_envelope("<getDataboxResponse><rc>0</rc><result><anbringen>RKDB</anbringen>"
                    "<applkey>" +
                    std::string(name) + "</applkey></result></getDataboxResponse>"));
    answer(in_envelope("<getDataboxEntryResponse><rc>0</rc><result>" +
                       base64(bytes_of(*recorded(name))) + "</result></getDataboxEntryResponse>"));
    const auto protocol = fon.find_protocol(number, m_clock.at);
    ASSERT_TRUE(protocol.ok()) << protocol.error().detail;
    ASSERT_TRUE(protocol->has_value());
    EXPECT_EQ((*protocol)->items.size(), 2U);
  }
}

TEST_F(FinanzOnlineTest, a_status_query_answers_the_state) {
  auto fon = client();
  answer(status_answer("REGISTRIERT"));
  const auto outcome = fon.status(*RegisterId::parse("KASSE-01"));
  ASSERT_TRUE(outcome.ok());
  ASSERT_TRUE(outcome->status.has_value());
  EXPECT_EQ(outcome->status->state, State::registered);
  answer(recorded("fixtures.status_b33.xml").value_or(rkdb_answer("B33")));
  const auto unknown = fon.status(serial());
  ASSERT_TRUE(unknown.ok());
  EXPECT_EQ(unknown->status, std::nullopt);
  EXPECT_EQ(unknown->code.code, "B33");
}

TEST_F(FinanzOnlineTest, a_refused_login_is_not_tried_again) {
  m_logins_by_themselves = false;
  auto fon = client();
  answer(login_answer(-4, ""));
  const auto first = fon.login();
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, "E-FON-014");
  EXPECT_EQ(first.error().kind, ErrorKind::invalid);
  const auto second = fon.submit(signer());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "E-FON-014");
  EXPECT_EQ(m_server->requests().size(), 1U);
}

TEST_F(FinanzOnlineTest, maintenance_is_temporary) {
  m_logins_by_themselves = false;
  auto fon = client();
  answer(login_answer(-2, ""));
  const auto first = fon.submit(signer());
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, "E-FON-015");
  EXPECT_EQ(first.error().kind, ErrorKind::unavailable);
  answer(login_answer(0, "ABC"));
  answer(rkdb_answer("0"));
  EXPECT_TRUE(fon.submit(signer()).ok());
}

TEST_F(FinanzOnlineTest, a_schema_fault_comes_with_status_500) {
  auto fon = client();
  const std::string own = in_envelope(
      "<S:Fault><faultcode>S:Client</faultcode><faultstring>Validation error</faultstring><detail>"
      "<f:ValidationError>cvc-pattern: Value 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' is "
      "not valid</f:ValidationError></detail></S:Fault>");
  answer(recorded("fixtures.validation_fault.xml").value_or(own), 500);
  const auto fault = fon.submit(signer());
  ASSERT_FALSE(fault.ok());
  EXPECT_EQ(fault.error().code, "E-FON-012");

  crypto::SecretBytes key(32);
  for (std::size_t i = 0; i < 32; ++i) key.writable()[i] = static_cast<std::byte>(i);
  answer(own, 500);
  const auto with_key =
      fon.submit(RegisterRegister{*RegisterId::parse("KASSE-01"), std::move(key), ""});
  ASSERT_FALSE(with_key.ok());
  EXPECT_EQ(with_key.error().code, "E-FON-012");
  EXPECT_EQ(with_key.error().detail.find("AAECAwQF"), std::string::npos);
}

TEST_F(FinanzOnlineTest, a_pin_that_a_fault_repeats_is_not_shown) {
  m_logins_by_themselves = false;
  auto fon = client();
  answer(in_envelope("<S:Fault><faultcode>S:Client</faultcode><faultstring/><detail>"
                     "<f:ValidationError>Value '" +
                     pin + "' is not valid</f:ValidationError></detail></S:Fault>"),
         500);
  const auto fault = fon.login();
  ASSERT_FALSE(fault.ok());
  EXPECT_EQ(fault.error().code, "E-FON-012");
  EXPECT_EQ(fault.error().detail.find(pin), std::string::npos);
}

TEST_F(FinanzOnlineTest, a_gateway_that_gave_up_leaves_it_unknown) {
  auto fon = client();
  answer("<html/>", 504);
  const auto gave_up = fon.submit(signer());
  ASSERT_FALSE(gave_up.ok());
  EXPECT_EQ(gave_up.error().code, "E-FON-017");
  EXPECT_EQ(gave_up.error().kind, ErrorKind::unknown);
  answer("no", 403);
  const auto forbidden = fon.submit(signer());
  ASSERT_FALSE(forbidden.ok());
  EXPECT_EQ(forbidden.error().kind, ErrorKind::unavailable);
  m_answers.push_back({.fault = net::testing::Fault::drop});
  const auto dropped = fon.submit(signer());
  ASSERT_FALSE(dropped.ok());
  EXPECT_EQ(dropped.error().kind, ErrorKind::unknown);
  EXPECT_EQ(m_server->requests().size(), 4U) << "nothing is sent again by itself";
}

TEST_F(FinanzOnlineTest, many_items_are_only_acknowledged_and_their_protocol_is_fetched) {
  auto fon = client();
  Package package{.number = 42, .created = m_clock.at, .items = {}};
  package.items.push_back(signer());
  package.items.push_back(signer());
  answer(recorded("fixtures.async_ack.xml").value_or(rkdb_answer("0")));
  const auto receipt = fon.submit(package);
  ASSERT_TRUE(receipt.ok());
  EXPECT_TRUE(receipt->asynchronous);

  const auto list = in_envelope(
      "<getDataboxResponse><rc>0</rc>"
      "<result><anbringen>U30</anbringen><erltyp>P</erltyp><applkey>K0</applkey></result>"
      "<result><anbringen>RKDB</anbringen><erltyp>P</erltyp><applkey>K1</applkey></result>"
      "</getDataboxResponse>");
  const auto longer = in_envelope(
      "<getDataboxResponse><rc>0</rc>"
      "<result><anbringen>RKDB</anbringen><erltyp>P</erltyp><applkey>K1</applkey></result>"
      "<result><anbringen>RKDB</anbringen><erltyp>P</erltyp><applkey>K2</applkey></result>"
      "</getDataboxResponse>");
  const auto entry = [](const std::string& content) {
    return in_envelope("<getDataboxEntryResponse><rc>0</rc><result>" + base64(bytes_of(content)) +
                       "</result></getDataboxEntryResponse>");
  };
  const auto sent = m_clock.at;
  m_clock.at = m_clock.at + std::chrono::minutes(5);
  answer(list);
  answer(entry(protocol_of(41, "0")));  // of another package
  answer(longer);
  answer(entry(protocol_of(42, "B33")));
  const auto protocol =
      fon.await_protocol(42, sent, {.looks = 2, .interval = std::chrono::milliseconds(1)});
  ASSERT_TRUE(protocol.ok()) << protocol.error().detail;
  ASSERT_TRUE(protocol->has_value());
  EXPECT_EQ((*protocol)->items.at(0).message().code, "B33");
  EXPECT_NE(last_body().find("<applkey>K2</applkey>"), std::string::npos);
  const auto asked = m_server->requests();
  EXPECT_NE(asked[2].body.find("<ts_zust_von>2026-11-21T05:06:07Z</ts_zust_von>"
                               "<ts_zust_bis>2026-11-21T05:11:07Z</ts_zust_bis>"),
            std::string::npos);
  EXPECT_EQ(asked[2].header("soapaction"), "\"getDatabox\"");

  // The one seen before is found again by its own number.
  answer(longer);
  answer(entry(protocol_of(41, "0")));
  const auto earlier = fon.find_protocol(41, sent);
  ASSERT_TRUE(earlier.ok());
  ASSERT_TRUE(earlier->has_value());
  EXPECT_EQ((*earlier)->number, 41U);
}

TEST_F(FinanzOnlineTest, a_protocol_that_does_not_come_is_no_error) {
  auto fon = client();
  for (int i = 0; i < 3; ++i) {
    answer(in_envelope("<getDataboxResponse><rc>0</rc></getDataboxResponse>"));
  }
  const auto protocol =
      fon.await_protocol(42, m_clock.at, {.looks = 3, .interval = std::chrono::milliseconds(1)});
  ASSERT_TRUE(protocol.ok());
  EXPECT_FALSE(protocol->has_value());
  EXPECT_TRUE(m_answers.empty());
}

TEST_F(FinanzOnlineTest, refusals_of_the_databox_are_errors) {
  auto fon = client();
  answer(in_envelope("<getDataboxResponse><rc>-5</rc><msg>x</msg></getDataboxResponse>"));
  EXPECT_EQ(fon.find_protocol(1, m_clock.at).error().code, "E-FON-019");
  answer(in_envelope("<getDataboxResponse><rc>-3</rc></getDataboxResponse>"));
  EXPECT_EQ(fon.find_protocol(1, m_clock.at).error().code, "E-FON-015");
  answer(in_envelope("<getDataboxEntryResponse><rc>-9</rc></getDataboxEntryResponse>"));
  EXPECT_EQ(fon.databox_entry("K").error().code, "E-FON-018");
  EXPECT_EQ(fon.find_protocol(1, m_clock.at - std::chrono::hours(24 * 32)).error().code,
            "E-FON-003");
}

TEST_F(FinanzOnlineTest, a_clock_ahead_of_theirs_is_noticed) {
  auto fon = client();
  m_answers.push_back(
      {.headers = {{"Date", "Sat, 21 Nov 2026 05:04:00 GMT"}}, .body = rkdb_answer("0")});
  EXPECT_EQ(fon.clock(), std::nullopt);
  ASSERT_TRUE(fon.submit(signer()).ok());
  ASSERT_TRUE(fon.clock().has_value());
  EXPECT_EQ(fon.clock()->ahead, std::chrono::seconds(126));
  EXPECT_TRUE(fon.clock()->too_far_ahead());
  ASSERT_TRUE(fon.clock()->warning().has_value());
  EXPECT_EQ(fon.clock()->warning()->code, "W-FON-101");
}

TEST(finanzonline_clock, is_ahead_only_if_nothing_else_explains_it) {
  const auto at = [](int seconds) { return Instant::from_unix(1'000'000 + seconds); };
  EXPECT_EQ(clock_difference(at(0), at(0), at(0)).ahead.count(), 0);
  EXPECT_EQ(clock_difference(at(1), at(1), at(0)).ahead.count(), 0)
      << "theirs may be 0.999 s later";
  EXPECT_EQ(clock_difference(at(5), at(30), at(0)).ahead, std::chrono::seconds(4));
  EXPECT_EQ(clock_difference(at(0), at(30), at(20)).ahead.count(), 0) << "a slow answer is no skew";
  EXPECT_EQ(clock_difference(at(0), at(30), at(20)).behind.count(), 0);
  EXPECT_EQ(clock_difference(at(0), at(1), at(10)).behind, std::chrono::seconds(9));
  EXPECT_FALSE(clock_difference(at(3), at(3), at(0)).too_far_ahead());
  EXPECT_EQ(clock_difference(at(3), at(3), at(0)).warning(), std::nullopt);
  EXPECT_TRUE(clock_difference(at(4), at(4), at(0)).too_far_ahead());
}

TEST(finanzonline_client, wrong_access_data_make_no_client) {
  TestClock clock;
  SeededRandom random(1);
  const auto made = Client::make({}, {.participant = "1"}, clock, random);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "E-FON-001");
}

}  // namespace
}  // namespace siegel::finanzonline
