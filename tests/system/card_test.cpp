// `siegel card` as a process of its own, with the real pcscd and virtual cards.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include "crypto/signer_certificate.h"
#include "crypto/x509.h"
#include "device/smartcard/testing/pcsc_service.h"
#include "system/process.h"

namespace siegel::system_test {
namespace {

using device::smartcard::testing::CardKind;
using device::smartcard::testing::CardSpec;
using device::smartcard::testing::Fault;
using device::smartcard::testing::PcscService;
using device::smartcard::testing::Step;
using device::smartcard::testing::VirtualCard;

PcscService* service_of_program() {
  static const Result<std::unique_ptr<PcscService>> service = PcscService::start();
  if (service) return service->get();
  if (service.error().kind != ErrorKind::not_found) ADD_FAILURE() << service.error().detail;
  return nullptr;
}

class Card : public ::testing::Test {
 protected:
  void SetUp() override {
    m_service = service_of_program();
    if (m_service == nullptr) GTEST_SKIP() << "no pcscd with vpcd here, or not for this user";
    write_text(folder() / "pin", "123456\n");
    ::chmod((folder() / "pin").c_str(), 0600);
  }
  void TearDown() override {
    if (m_service == nullptr) return;
    for (std::size_t i = 0; i < PcscService::readers; ++i) EXPECT_TRUE(m_service->pull(i));
  }
  /// Lives until the readers are empty again.
  VirtualCard& insert(std::size_t reader, CardSpec spec) {
    m_cards.push_back(std::make_unique<VirtualCard>(std::move(spec)));
    EXPECT_TRUE(m_service->insert(reader, *m_cards.back())) << m_service->log();
    return *m_cards.back();
  }
  [[nodiscard]] Ended card(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "card");
    return siegel(std::move(arguments));
  }
  [[nodiscard]] Ended siegel(std::vector<std::string> arguments) const {
    const std::string variable = m_service->socket();
    const std::size_t equals = variable.find('=');
    return run({.arguments = std::move(arguments),
                .input = {},
                .environment = {{variable.substr(0, equals), variable.substr(equals + 1)},
                                {"CREDENTIALS_DIRECTORY", folder().string()}}});
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return m_folder.path(); }
  [[nodiscard]] std::string pin_file() const { return (folder() / "pin").string(); }
  PcscService& service() { return *m_service; }

 private:
  PcscService* m_service = nullptr;
  TemporaryFolder m_folder{TemporaryFolder::Kind::memory};
  std::vector<std::unique_ptr<VirtualCard>> m_cards;
};

TEST_F(Card, ListShowsEveryReaderAndNeedsNoDataFolder) {
  RecordProperty("proves", "AMA-003 AMA-025 AMA-027 AMA-034");
  const VirtualCard& ready = insert(0, {.kind = CardKind::acos_id_v4, .holder = "UID ATU63412945"});
  insert(1, {.kind = CardKind::cardos_new, .has_certificate = false});
  const Ended listed = card({"list", "--json", "--data", "/nonexistent"});
  ASSERT_EQ(listed.exit_code, 0) << listed.text();
  const json::Value document = listed.document();
  const json::Array& rows = list_at(document, "data");
  ASSERT_EQ(rows.size(), 2U) << listed.text();
  EXPECT_EQ(text_at(rows[0], "state"), "ready");
  EXPECT_EQ(text_at(rows[0], "serial"), ready.serial());
  EXPECT_FALSE(text_at(rows[0], "serial_decimal").empty());
  EXPECT_EQ(text_at(rows[0], "holder"), "UID ATU63412945");
  EXPECT_EQ(text_at(rows[0], "kind"), "ACOS-ID V4.1");
  EXPECT_EQ(text_at(rows[0], "certificate"), base64(ready.certificate()));
  EXPECT_EQ(text_at(rows[1], "state"), "not-activated");
  EXPECT_EQ(text_at(member(rows[1], "reason"), "code"), "E-CRD-203");

  const Ended shown = card({"list"});
  ASSERT_EQ(shown.exit_code, 0) << shown.text();
  EXPECT_NE(shown.out.find(ready.serial()), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("not activated yet"), std::string::npos) << shown.out;
  const Ended german = card({"list", "--lang", "de"});
  EXPECT_NE(german.out.find("noch nicht aktiviert"), std::string::npos) << german.out;
}

TEST_F(Card, CheckLetsTheCardSign) {
  RecordProperty("proves", "AMA-034");
  VirtualCard& one = insert(0, {.kind = CardKind::acos_epa});
  const Ended checked = card({"check", "--pin-file", pin_file(), "--json"});
  ASSERT_EQ(checked.exit_code, 0) << checked.text();
  const json::Value document = checked.document();
  EXPECT_EQ(text_at(member(document, "card"), "serial"), one.serial());
  EXPECT_EQ(one.signatures(), 1U);
  EXPECT_EQ(card({"check", "--pin-credential", "pin"}).exit_code, 0);
  EXPECT_EQ(card({"check", "--default-pin"}).exit_code, 0);
  EXPECT_EQ(one.signatures(), 3U);

  const VirtualCard& other = insert(1, {});
  const Ended which = card({"check", "--default-pin"});
  EXPECT_EQ(which.code(), "E-CRD-304") << which.text();
  EXPECT_EQ(card({"check", "--default-pin", "--serial", other.serial()}).exit_code, 0);
  EXPECT_EQ(card({"check", "--default-pin", "--reader", "00 00"}).exit_code, 0);
}

TEST_F(Card, CheckSaysWhatIsWrong) {
  RecordProperty("proves", "AMA-003 AMA-034");
  VirtualCard& wrong = insert(0, {.pin = "998877"});
  const std::string wrong_pin = (folder() / "wrong").string();
  write_text(wrong_pin, "471147\n");
  ::chmod(wrong_pin.c_str(), 0600);
  Ended checked = card({"check", "--pin-file", wrong_pin, "--json"});
  EXPECT_EQ(checked.exit_code, 7) << checked.text();
  EXPECT_EQ(checked.code(), "E-CRD-201");
  EXPECT_NE(text_at(checked.document(), "detail").find("tries left: 2"), std::string::npos);
  EXPECT_EQ(wrong.wrong_pins(), 1U) << "one try, then stop";
  checked = card({"check", "--pin-file", wrong_pin});
  EXPECT_EQ(checked.code(), "E-CRD-201") << checked.text();
  EXPECT_EQ(checked.text().find("471147"), std::string::npos) << "no PIN in any message";
  EXPECT_EQ(wrong.tries_left(), 1U);

  VirtualCard& faulty = insert(1, {});
  faulty.plan({.step = Step::sign, .fault = Fault::empty, .times = 2});
  checked = card({"check", "--pin-file", pin_file(), "--serial", faulty.serial(), "--json"});
  EXPECT_EQ(checked.exit_code, 75) << checked.text();
  EXPECT_EQ(checked.code(), "E-CRD-106");
  EXPECT_EQ(text_at(member(checked.document(), "card"), "state"), "faulty");
}

TEST_F(Card, ThePinComesFromWhereNobodyElseReadsIt) {
  VirtualCard& one = insert(0, {});
  EXPECT_EQ(card({"check"}).code(), "E-CRD-301");
  EXPECT_EQ(card({"check", "--default-pin", "--pin-file", pin_file()}).code(), "E-CRD-301");
  EXPECT_EQ(card({"check", "--pin", "123456"}).exit_code, 2) << "there is no such option";
  EXPECT_EQ(card({"check", "--pin-credential", "../pin"}).code(), "E-CRD-301");
  ::chmod(pin_file().c_str(), 0644);
  EXPECT_EQ(card({"check", "--pin-file", pin_file()}).code(), "E-AUT-132");
  EXPECT_EQ(one.verifies(), 0U);
}

TEST_F(Card, ReadWritesTheCertificate) {
  RecordProperty("proves", "AMA-025");
  const VirtualCard& one = insert(0, {.kind = CardKind::cardos_old});
  const std::string out = (folder() / "card.pem").string();
  const Ended done = card({"read", "--out", out});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  EXPECT_NE(done.out.find("9876543210123456"), std::string::npos) << done.out;
  const auto written = crypto::Certificate::parse(bytes_of(file_text(out)));
  ASSERT_TRUE(written.ok()) << file_text(out);
  EXPECT_EQ(written->der(), one.certificate());
  ASSERT_EQ(card({"read", "--out", out, "--der"}).exit_code, 0);
  EXPECT_EQ(to_bytes(file_text(out)), one.certificate());
  EXPECT_NE(card({"read"}).out.find("-----BEGIN CERTIFICATE-----"), std::string::npos);
  const Ended gone = card({"read", "--serial", "1234"});
  EXPECT_EQ(gone.exit_code, 5) << gone.text();
  EXPECT_EQ(gone.code(), "E-CRD-303");
}

// A shop from its set-up to its DEP on cards behind the real pcscd.
TEST_F(Card, AShopIsSetUpOnItAndNeverBlocksItWithAPinThatIsNotRightAnyMore) {
  RecordProperty("proves", "AMA-024 AMA-025");
  VirtualCard& first = insert(0, {});
  const std::string data = (folder() / "shop").string();
  const auto shop = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--data", data});
    return siegel(std::move(arguments));
  };
  Ended done = shop({"init", "--country", "at", "--name", "Cafe Test", "--street", "Ring 1",
                     "--postcode", "1010", "--city", "Wien", "--vat-id", "ATU12345678"});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  done = shop(
      {"at", "setup", "--register", "KASSE-01", "--signer", "smartcard", "--pin-file", pin_file()});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  const auto sell = [&] {
    const Ended sold = shop(
        {"sale", "--register", "KASSE-01", "--item", "Melange:1:4.20:A", "--cash", "10", "--json"});
    EXPECT_EQ(sold.exit_code, 0) << sold.text();
    const json::Value document = sold.document();
    return text_at(member(member(document, "receipt"), "signature"), "status");
  };
  EXPECT_EQ(sell(), "signed");

  // Somebody has given the card another PIN: one try, whatever number of programs start.
  first.set_pin("998877");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(sell(), "unsigned_outage");
  EXPECT_EQ(first.wrong_pins(), 1U);
  write_text(pin_file(), "998877\n");
  ::chmod(pin_file().c_str(), 0600);
  done = shop(
      {"at", "signer", "add", "--id", "card-1", "--signer", "smartcard", "--pin-file", pin_file()});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  EXPECT_EQ(sell(), "signed");

  done = shop({"export", "dep7", "--out", (folder() / "dep.json").string()});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  done = shop({"at", "container", (folder() / "container.json").string()});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  done = shop({"verify", (folder() / "dep.json").string(), "--container",
               (folder() / "container.json").string(), "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.text();
  const json::Value verdict = done.document();
  EXPECT_EQ(text_at(member(verdict, "official"), "state"), "PASS") << done.text();
}

TEST_F(Card, WithoutTheServiceItSaysSo) {
  service().stop();
  const Ended listed = card({"list"});
  EXPECT_EQ(listed.exit_code, 75) << listed.text();
  EXPECT_EQ(listed.code(), "E-CRD-101");
  const auto again = service().start_again();
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(card({"list"}).exit_code, 0);
}

}  // namespace
}  // namespace siegel::system_test
