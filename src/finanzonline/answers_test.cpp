#include "finanzonline/answers.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

#include "finanzonline/test_fixtures.h"

namespace siegel::finanzonline {
namespace {

PackageAnswer parsed(const std::string& xml) {
  auto answer = parse_package(xml);
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().detail);
  return answer.ok() ? std::move(*answer) : PackageAnswer{};
}

// Answers recorded by others from the real service.

TEST(finanzonline_recorded, accepted_registrations) {
  RecordProperty("proves", "AMA-051 AMA-052");
  for (const auto* name :
       {"fixtures.reg_se_ok.xml", "fixtures.reg_kasse_ok.xml", "fixtures.async_ack.xml"}) {
    const auto xml = recorded(name);
    if (!xml) GTEST_SKIP() << "no vectors";
    const auto answer = parsed(*xml);
    EXPECT_EQ(answer.number, 1U);
    ASSERT_EQ(answer.items.size(), 1U);
    EXPECT_EQ(answer.items[0].number, 1U);
    EXPECT_EQ(answer.items[0].message(), (Message{"0", ""}));
    EXPECT_EQ(answer.items[0].next(), Next::done);
    EXPECT_FALSE(answer.session_ended());
    EXPECT_EQ(answer.mode, std::nullopt);
  }
}

TEST(finanzonline_recorded, codes_come_with_what_to_do) {
  struct Case {
    const char* name;
    const char* code;
    Next next;
    bool ended;
  };
  for (const auto& [name, code, next, ended] :
       {Case{"fixtures.reg_se_b10.xml", "B10", Next::ask_status, false},
        Case{"fixtures.status_b33.xml", "B33", Next::fix_input, false},
        Case{"fixtures.invalid_session.xml", "-1", Next::retry_later, true},
        Case{"fixtures.beleg_fail.xml", "43", Next::never_retry, false}}) {
    const auto xml = recorded(name);
    if (!xml) GTEST_SKIP() << "no vectors";
    const auto answer = parsed(*xml);
    ASSERT_EQ(answer.items.size(), 1U) << name;
    EXPECT_EQ(answer.items[0].message().code, code);
    EXPECT_FALSE(answer.items[0].message().text.empty());
    EXPECT_EQ(answer.items[0].next(), next);
    EXPECT_EQ(answer.session_ended(), ended);
  }
}

TEST(finanzonline_recorded, the_state_of_a_device) {
  const auto running = recorded("fixtures.status_in_betrieb.xml");
  const auto failed = recorded("fixtures.status_ausfall.xml");
  if (!running || !failed) GTEST_SKIP() << "no vectors";
  const auto one = parsed(*running).items.at(0).status;
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->state, State::in_operation);
  EXPECT_EQ(one->word, "IN_BETRIEB");
  EXPECT_EQ(one->registered, "2026-07-22T03:25:29.852+02:00");
  EXPECT_EQ(one->since, "2026-07-22T03:25:29.849+02:00");
  const auto two = parsed(*failed).items.at(0).status;
  ASSERT_TRUE(two.has_value());
  EXPECT_EQ(two->state, State::outage);
}

TEST(finanzonline_recorded, the_check_of_a_start_receipt) {
  const auto pass = recorded("fixtures.beleg_pass.xml");
  const auto fail = recorded("fixtures.beleg_fail.xml");
  if (!pass || !fail) GTEST_SKIP() << "no vectors";
  const auto good = parsed(*pass).items.at(0);
  ASSERT_EQ(good.checks.size(), 1U);
  EXPECT_EQ(good.checks[0].id, "VERIFICATION_FROM_CASHBOX");
  EXPECT_EQ(good.checks[0].state, CheckState::pass);
  EXPECT_TRUE(good.checks[0].parts.empty());
  EXPECT_TRUE(good.checks[0].message.ends_with("gesetzeskonform erstellt."));
  EXPECT_TRUE(failing(good.checks).empty());

  const auto bad = parsed(*fail).items.at(0);
  ASSERT_EQ(bad.checks.size(), 1U);
  EXPECT_EQ(bad.checks[0].state, CheckState::fail);
  ASSERT_EQ(bad.checks[0].parts.size(), 1U);
  EXPECT_EQ(bad.checks[0].parts[0].id, "EXISTS_CASHBOX");
  EXPECT_EQ(failing(bad.checks), std::vector<std::string>{"EXISTS_CASHBOX"});
}

TEST(finanzonline_recorded, a_schema_fault_is_our_fault) {
  const auto xml = recorded("fixtures.validation_fault.xml");
  if (!xml) GTEST_SKIP() << "no vectors";
  const auto answer = parse_package(*xml);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "E-FON-012");
  EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
  EXPECT_NE(answer.error().detail.find("One of tid is expected"), std::string::npos);
  EXPECT_EQ(parse_login(*xml).error().code, "E-FON-012");
  EXPECT_EQ(parse_databox(*xml).error().code, "E-FON-012");
}

TEST(finanzonline_recorded, protocols_of_the_databox_have_no_envelope) {
  const auto real = recorded("protokoll.rkdb_protokoll.xml");
  const auto test = recorded("protokoll.rkdb_protokoll_test_live.xml");
  if (!real || !test) GTEST_SKIP() << "no vectors";
  const auto one = parsed(*real);
  EXPECT_EQ(one.number, 20160816U);
  EXPECT_EQ(one.mode, Mode::production);
  EXPECT_TRUE(one.info.starts_with("Die oben"));
  ASSERT_EQ(one.items.size(), 2U);
  EXPECT_EQ(one.items[0].message().code, "4");
  EXPECT_EQ(one.items[1].number, 2U);
  EXPECT_EQ(one.items[1].message().code, "7");
  const auto two = parsed(*test);
  EXPECT_EQ(two.mode, Mode::test);
  EXPECT_EQ(two.number, 784690809U);
  ASSERT_EQ(two.items.size(), 2U);
  EXPECT_EQ(two.items[1].message().code, "B33");
}

// The same without those files.

TEST(finanzonline_answers, states_we_know_and_others) {
  const auto state = [](std::string_view word) {
    return parsed(status_answer(word)).items.at(0).status->state;
  };
  EXPECT_EQ(state("AKTIVIERT"), State::activated);
  EXPECT_EQ(state("REGISTRIERT"), State::registered);
  EXPECT_EQ(state("IN_BETRIEB"), State::in_operation);
  EXPECT_EQ(state("AUSFALL"), State::outage);
  EXPECT_EQ(state("SOMETHING"), State::other);
}

TEST(finanzonline_answers, the_message_that_is_not_zero_decides) {
  const auto answer =
      parsed(rkdb_answer("0", "<n:rkdbMessage><n:rc>B1</n:rc><n:msg>x</n:msg></n:rkdbMessage>"));
  ASSERT_EQ(answer.items.size(), 1U);
  EXPECT_EQ(answer.items[0].message().code, "B1");
  EXPECT_EQ(answer.items[0].next(), Next::ask_status);
}

TEST(finanzonline_answers, login_gives_a_session_only_with_code_zero) {
  const auto good = parse_login(login_answer(0, "ABC0123456"));
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good->session.equals(bytes_of("ABC0123456")));
  const auto refused = parse_login(login_answer(-4, "ABC0123456"));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->code, -4);
  EXPECT_TRUE(refused->session.empty());
  EXPECT_EQ(parse_login(login_answer(0, "")).error().code, "E-FON-011");
  EXPECT_EQ(parse_login(login_answer(0, std::string(200, 'a'))).error().code, "E-FON-011");
}

TEST(finanzonline_answers, databox_lists_and_entries) {
  const auto list = parse_databox(in_envelope(
      "<getDataboxResponse><rc>0</rc><result><stnr>1</stnr><name>N</name><anbringen>RKDB"
      "</anbringen><erltyp>P</erltyp><fileart>XML</fileart><ts_zust>2026-11-21T06:00:00</ts_zust>"
      "<applkey>K1</applkey><filebez>F</filebez><status/><betreff>B</betreff></result>"
      "</getDataboxResponse>"));
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(list->items[0].key, "K1");
  EXPECT_EQ(list->items[0].matter, "RKDB");
  EXPECT_EQ(list->items[0].subject, "B");
  const auto entry = parse_databox_entry(
      in_envelope("<getDataboxEntryResponse><rc>0</rc><result>aGVs\r\n bG8=\n</result>"
                  "</getDataboxEntryResponse>"));
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(text_of(entry->content), "hello");
  EXPECT_EQ(parse_databox_entry(in_envelope("<getDataboxEntryResponse><rc>0</rc><result>a"
                                            "</result></getDataboxEntryResponse>"))
                .error()
                .code,
            "E-FON-011");
}

TEST(finanzonline_answers, other_faults_are_theirs) {
  const auto answer = parse_package(in_envelope(
      "<S:Fault><faultcode>S:Server</faultcode><faultstring>broken</faultstring></S:Fault>"));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "E-FON-013");
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST(finanzonline_answers, what_is_no_answer_is_refused_with_its_place) {
  const auto place = [](const std::string& xml) {
    const auto answer = parse_package(xml);
    EXPECT_FALSE(answer.ok()) << xml;
    EXPECT_EQ(answer.error().code, "E-FON-011");
    EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
    return answer.error().place;
  };
  EXPECT_EQ(place("<html/>"), "rkdbResponse");
  EXPECT_EQ(place(in_envelope("")), "rkdbResponse");
  EXPECT_EQ(place(in_envelope("<loginResponse/>")), "rkdbResponse");
  EXPECT_EQ(place("<rkdbResponse/>"), "paket_nr");
  EXPECT_EQ(place("<rkdbResponse><paket_nr>-1</paket_nr></rkdbResponse>"), "paket_nr");
  EXPECT_EQ(place("<rkdbResponse><paket_nr>99999999999</paket_nr></rkdbResponse>"), "paket_nr");
  EXPECT_EQ(place("<rkdbResponse><paket_nr>1</paket_nr><result/></rkdbResponse>"), "satznr");
  EXPECT_EQ(place("<rkdbResponse><paket_nr>1</paket_nr><result><satznr>1</satznr></result>"
                  "</rkdbResponse>"),
            "rkdbMessage");
  EXPECT_EQ(place("<rkdbResponse><paket_nr>1</paket_nr><result><satznr>1</satznr><rkdbMessage>"
                  "<msg>x</msg></rkdbMessage></result></rkdbResponse>"),
            "rc");
  EXPECT_EQ(place(rkdb_answer("0",
                              "<verificationResultList><verificationResult>"
                              "<verificationState>MAYBE</verificationState>"
                              "</verificationResult></verificationResultList>")),
            "verificationState");
}

TEST(finanzonline_answers, hostile_xml_ends_at_the_limits) {
  const auto refused = [](const std::string& xml) {
    const auto answer = parse_package(xml);
    EXPECT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "E-FON-010");
    EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
  };
  refused("");
  refused("no xml");
  refused("<a><b></a></b>");
  refused("<rkdbResponse><paket_nr>1</paket_nr>");
  refused(std::string("\xFF\xFE<\0a\0/\0>\0", 10));  // UTF-16
  refused("<a>\xC3</a>");
  refused(std::string("<a>\0</a>", 8));
  refused(
      "<!DOCTYPE a [<!ENTITY e \"eeeeeeeeee\">]><rkdbResponse><paket_nr>1</paket_nr>"
      "</rkdbResponse>");
  refused("<!DOCTYPE a SYSTEM \"http://127.0.0.1/x\"><rkdbResponse/>");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  refused(deep);
  std::string closed;
  for (int i = 0; i < 66; ++i) closed += "<a>";
  for (int i = 0; i < 66; ++i) closed += "</a>";
  refused(closed);
  std::string many = "<a>";
  for (int i = 0; i < 200'001; ++i) many += "<b/>";
  refused(many + "</a>");
  std::string too_many(3'000'000, '<');
  refused(too_many);
  refused("<a>" + std::string((std::size_t{8} << 20), 'x') + "</a>");
}

TEST(finanzonline_answers, changed_bytes_never_end_the_program) {
  const std::string original =
      rkdb_answer("43",
                  "<verificationResultList><verificationResult><verificationId>A</verificationId>"
                  "<verificationState>FAIL</verificationState></verificationResult>"
                  "</verificationResultList>");
  rc::check([&] {
    auto xml = original;
    const auto changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes; ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, xml.size());
      if (*rc::gen::arbitrary<bool>()) {
        xml[at] = static_cast<char>(*rc::gen::inRange(0, 256));
      } else {
        xml.erase(at, *rc::gen::inRange<std::size_t>(1, 20));
      }
      if (xml.empty()) break;
    }
    const auto answer = parse_package(xml);
    if (answer.ok()) {
      for (const auto& item : answer->items) RC_ASSERT(!item.message().code.empty());
    } else {
      RC_ASSERT(answer.error().code.starts_with("E-FON-01"));
    }
  });
}

}  // namespace
}  // namespace siegel::finanzonline
