#include "views/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/json.h"

namespace siegel::views {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* serial = "9f86d081884c7d65";

Instant time(const char* text) { return Instant::parse(text).value(); }
RegisterId reg(const char* id) { return RegisterId::parse(id).value(); }

class MessagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Business business;
    business.name = "Bäckerei";
    business.country = "DE";
    state.apply_business(1, business);
    TseInfo tse;
    tse.id = "tse-1";
    tse.serial = serial;
    tse.certified = true;
    state.apply_tse(tse);
    state.apply_register(2, {reg("KASSE-01"), "Kasse 1", serial});
  }
  void fail(const std::string& device = serial, const char* code = "E-TSE-104") {
    state.apply_outage_begin({device, state.outages[device].next_number, began, code, "no answer"});
  }
  void recover(Instant until, std::uint64_t receipts, const std::string& device = serial) {
    state.apply_outage_end({.tse_serial = device,
                            .number = state.outages[device].open->number,
                            .until = until,
                            .receipts = receipts});
  }
  std::vector<Message> told() const { return messages({.state = state, .now = now}); }
  std::string line(Language language = Language::de) const {
    return status_line(state).in(language);
  }

  recorder::State state;
  Instant began = time("2026-11-20T17:45:10Z");
  Instant now = time("2026-11-20T18:00:00Z");
};

TEST_F(MessagesTest, AllIsWellSaysNothingAndTheStatusLineIsTseDe) {
  RecordProperty("proves", "BIO-055");
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(line(), "TSE-DE");
  EXPECT_EQ(status_line(state, reg("KASSE-01")).de, "TSE-DE");
}

TEST_F(MessagesTest, AnOutageSaysSinceWhenWhatToDoAndThatOneMayGoOn) {
  RecordProperty("proves", "BIO-094 BIO-095 DIK-021");
  fail();
  ASSERT_EQ(told().size(), 1U);
  const Message message = told().front();
  EXPECT_EQ(message.id, std::string("outage/") + serial + "/1");
  EXPECT_EQ(message.severity, Severity::error);
  EXPECT_EQ(message.code, "E-TSE-104");
  EXPECT_EQ(message.since->text(), "2026-11-20T18:45:10+01:00");
  EXPECT_EQ(message.what.de, "Die TSE antwortet nicht. (tse-1, Ausfall Nr. 1)");
  EXPECT_EQ(message.what.en, "The TSE does not answer. (tse-1, outage no. 1)");
  EXPECT_LE(message.what.de.size(), 90U);
  EXPECT_EQ(message.go_on.de, "Weiter kassieren ist erlaubt, Bons werden gekennzeichnet.");
  EXPECT_FALSE(message.remedy.de.empty());
  EXPECT_EQ(line(), "TSE ausgefallen");
  EXPECT_EQ(line(Language::en), "TSE failed");
}

TEST_F(MessagesTest, ItsEndIsToldUntilItWasSeenOrAWeekHasPassed) {
  fail();
  recover(time("2026-11-20T18:03:44Z"), 5);
  now = time("2026-11-20T18:10:00Z");
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told().front().code, "I-TSE-110");
  EXPECT_EQ(told().front().what.de,
            "TSE tse-1 wieder verfügbar. Ausfall Nr. 1 dauerte 18 Minuten, 5 Bons.");
  EXPECT_EQ(told().front().what.en,
            "TSE tse-1 is back. Outage no. 1 lasted 18 minutes, 5 receipts.");
  EXPECT_EQ(line(), "TSE-DE");
  now = time("2026-11-27T18:03:44Z");
  EXPECT_THAT(told(), IsEmpty());
  now = time("2026-11-20T18:10:00Z");
  state.apply_seen(9, now, "Mia", {told().front().id});
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MessagesTest, AnErrorThatWasSeenStaysAndSaysWhoHasSeenIt) {
  fail();
  state.apply_seen(9, now, "Mia", {told().front().id});
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told().front().acknowledged_by, "Mia");
  EXPECT_EQ(told().front().acknowledged_at->text(), "2026-11-20T19:00:00+01:00");
  recover(now, 0);
  fail();
  // The next outage has not been seen.
  EXPECT_EQ(told().front().id, std::string("outage/") + serial + "/2");
  EXPECT_FALSE(told().front().acknowledged_at.has_value());
}

TEST_F(MessagesTest, ATseSwitchedOffAndEmergencyOperationHaveWordsOfTheirOwn) {
  state.apply_switch({serial, TseSwitch::Mode::off, "wird getauscht"});
  fail(serial, "E-TSE-901");
  EXPECT_EQ(line(), "TSE ausgeschaltet");
  EXPECT_THAT(told().front().what.de, HasSubstr("von Hand abgeschaltet"));
  state.apply_switch({serial, TseSwitch::Mode::emergency, "Netz"});
  EXPECT_EQ(line(), "TSE-Notbetrieb");
  state.apply_switch({serial, TseSwitch::Mode::on, ""});
  EXPECT_EQ(line(), "TSE ausgefallen") << "it has not answered yet";
}

TEST_F(MessagesTest, ASecondTseKeepsTheLineReady) {
  TseInfo second;
  second.id = "tse-2";
  second.serial = "bb22";
  second.certified = true;
  state.apply_tse(second);
  RegisterInfo info{reg("KASSE-01"), "Kasse 1", serial};
  info.backup_tses = {"bb22"};
  state.apply_register(2, info);
  fail();
  EXPECT_EQ(line(), "TSE-DE (Ersatz-TSE)");
  fail("bb22");
  EXPECT_EQ(line(), "TSE ausgefallen");
}

TEST_F(MessagesTest, ARegisterWithoutTseIsToldUnlessItNeedsNone) {
  state.apply_register(2, {reg("KASSE-02"), "Kasse 2", ""});
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told().front().code, "E-REG-105");
  EXPECT_EQ(told().front().register_id, "KASSE-02");
  EXPECT_EQ(line(), "Keine TSE eingerichtet");
  EXPECT_EQ(status_line(state, reg("KASSE-01")).de, "TSE-DE");
  RegisterInfo empties{reg("KASSE-02"), "Leergut", ""};
  empties.no_tse = NoTse::empties;
  state.apply_register(2, empties);
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_EQ(line(), "TSE-DE");
}

TEST_F(MessagesTest, AFooterWithoutTheVariableIsWarnedAbout) {
  RecordProperty("proves", "TSS-029");
  state.business->footer_lines = {"Danke!"};
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told().front().code, "W-TPL-101");
  EXPECT_EQ(told().front().severity, Severity::warning);
  EXPECT_THAT(told().front().go_on.de, HasSubstr("trotzdem gedruckt"));
  state.business->footer_lines = {"Danke! $tse_footer$"};
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(MessagesTest, APrinterThatFailsLiftsTheReceiptDutyAndNothingElse) {
  RecordProperty("proves", "TSS-005 DIK-015");
  fail("printer:Bondrucker", "E-PRN-301");
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told().front().what.de, "Dem Drucker fehlt Papier. (Bondrucker, Ausfall Nr. 1)");
  EXPECT_THAT(told().front().go_on.de, HasSubstr("Belegausgabepflicht entfällt"));
  EXPECT_THAT(told().front().go_on.de, HasSubstr("alles wird aufgezeichnet"));
  EXPECT_EQ(line(), "TSE-DE");
  EXPECT_TRUE(is_signing_device(serial));
  EXPECT_FALSE(is_signing_device("printer:Bondrucker"));
  EXPECT_FALSE(is_signing_device("register:KASSE-01"));
}

TEST_F(MessagesTest, WhatADeviceSaysOfItselfIsWarnedAboutInTime) {
  device::TseStatus status;
  status.state = "active";
  status.certificate_until = time("2027-05-01T00:00:00Z");
  status.signatures_left = 1'000'000;
  status.storage_bytes = 1000;
  status.storage_used_bytes = 100;
  const auto told_of = [&] {
    return messages({.state = state, .now = now, .devices = {{serial, {}, status}}});
  };
  const auto ids = [&] {
    std::vector<std::string> all;
    for (const Message& message : told_of())
      all.push_back(message.id.substr(0, message.id.find('/')));
    return all;
  };
  EXPECT_THAT(ids(), ::testing::ElementsAre("certificate-180"));
  status.certificate_until = time("2026-11-25T18:00:00Z");
  EXPECT_THAT(ids(), ::testing::ElementsAre("certificate-7"));
  EXPECT_EQ(told_of().front().severity, Severity::error);
  EXPECT_THAT(told_of().front().what.de, HasSubstr("am 25.11.2026 ab (noch 5 Tage)"));
  status.certificate_until = time("2030-01-01T00:00:00Z");
  EXPECT_THAT(ids(), IsEmpty());
  status.storage_used_bytes = 955;
  EXPECT_THAT(ids(), ::testing::ElementsAre("storage-95"));
  EXPECT_THAT(told_of().front().what.en, HasSubstr("95 % full"));
  status.storage_bytes = UINT64_MAX;
  status.storage_used_bytes = UINT64_MAX;
  EXPECT_THAT(ids(), ::testing::ElementsAre("storage-98"));
  status.storage_bytes = 0;
  status.signatures_left = 900;
  EXPECT_THAT(ids(), ::testing::ElementsAre("signatures"));
  status.signatures_left = 0;
  status.state = "uninitialized";
  EXPECT_EQ(told_of().front().code, "E-TSE-407");
  fail();  // then the outage tells it
  EXPECT_EQ(told_of().size(), 1U);
}

TEST_F(MessagesTest, WhoKnowsMoreSaysItUnderTheSameIdAndErrorsComeFirst) {
  fail();
  Message forecast;
  forecast.id = std::string("storage-95/") + serial;
  forecast.severity = Severity::warning;
  forecast.code = "W-TSE-131";
  forecast.what = {"voll am 02.03.2028", "full on 2028-03-02"};
  device::TseStatus status;
  status.state = "active";
  status.storage_bytes = 100;
  status.storage_used_bytes = 96;
  const auto all = messages(
      {.state = state, .now = now, .devices = {{serial, {}, status}}, .others = {forecast}});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].code, "E-TSE-104");
  EXPECT_EQ(all[1].what.de, "voll am 02.03.2028");
}

TEST_F(MessagesTest, AustriaSpeaksOfSignatureUnitsAndOfTheFortyEightHours) {
  recorder::State at;
  Business business;
  business.name = "Café";
  business.country = "AT";
  business.time_zone = "Europe/Vienna";
  at.apply_business(1, business);
  SignerInfo card;
  card.id = "card-1";
  at.apply_signer(card);
  RegisterInfo till{reg("KASSE-01"), "Kassa", ""};
  till.signers = {"card-1"};
  at.apply_register(2, till);
  EXPECT_EQ(status_line(at).de, "RKSV-AT");
  EXPECT_THAT(messages({.state = at, .now = now}), IsEmpty());
  at.apply_outage_begin({"card-1", 1, began, "E-SIG-101", "gone"});
  EXPECT_EQ(status_line(at).de, "Signatureinheit ausgefallen");
  EXPECT_THAT(messages({.state = at, .now = now}).front().go_on.de,
              HasSubstr("Sicherheitseinrichtung ausgefallen"));
  const auto later = messages({.state = at, .now = began + std::chrono::hours(45)});
  ASSERT_EQ(later.size(), 2U);
  EXPECT_EQ(later[1].code, "W-SIG-120");
  EXPECT_EQ(later[1].severity, Severity::warning);
  const auto late = messages({.state = at, .now = began + std::chrono::hours(49)});
  EXPECT_EQ(late[0].severity, Severity::error);
  EXPECT_EQ(late[1].severity, Severity::error);
}

TEST_F(MessagesTest, TheCashierIsToldInOneLineWithTheReceipt) {
  RecordProperty("proves", "TSS-022");
  Seal seal;
  seal.outcome = Seal::Outcome::unsigned_outage;
  seal.tse_serial = serial;
  seal.outage_number = 3;
  seal.error_code = "E-TSE-104";
  const Message message =
      cashier_message(seal, LocalStamp::from(began, "Europe/Berlin").value(), false);
  EXPECT_EQ(message.id, std::string("outage/") + serial + "/3");
  EXPECT_EQ(message.what.de + " " + message.go_on.de,
            "Die TSE antwortet nicht. Weiter kassieren ist erlaubt, Bons werden gekennzeichnet.");
  seal.error_code = "E-DAT-102";
  seal.error_text = "its own words";
  EXPECT_EQ(cashier_message(seal, *message.since, false).what.de, "its own words");
}

TEST_F(MessagesTest, TheJsonFormHasEveryMemberInBothLanguages) {
  fail();
  const auto value = json::parse(to_json(told().front()));
  ASSERT_TRUE(value.ok());
  EXPECT_TRUE(json::is_canonical(to_json(told().front())));
  for (const char* key : {"acknowledged_at", "acknowledged_by", "code", "device", "go_on", "id",
                          "register", "remedy", "severity", "since", "what"})
    EXPECT_NE(value->object()->find(key), nullptr) << key;
  EXPECT_NE(value->object()->find("what")->object()->find("en"), nullptr);
}

}  // namespace
}  // namespace siegel::views
