// Registering an Austrian shop through the web service, against a server that answers as
// FinanzOnline does.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/thread.h"
#include "device/pkcs11/test_softhsm.h"
#include "net/testing/server.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

const std::string kasse = register_name(1);

std::string envelope(const std::string& content) {
  return R"(<?xml version="1.0"?><S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">)"
         "<S:Body>" +
         content + "</S:Body></S:Envelope>";
}

/// What was asked, as "T registrierung_se" or "login", and what is answered to it.
class Authority {
 public:
  explicit Authority() {
    auto server = net::testing::Server::start(
        [this](const net::testing::Request& request) { return answer(request); });
    EXPECT_TRUE(server.ok());
    m_server = std::move(*server);
  }
  [[nodiscard]] std::string url() const { return m_server->url(); }
  /// The return code to requests of this name from now on.
  void set(const std::string& name, const std::string& code) {
    const Lock lock(m_mutex);
    m_codes[name] = code;
  }
  [[nodiscard]] std::vector<std::string> asked() {
    const Lock lock(m_mutex);
    return m_asked;
  }
  [[nodiscard]] std::string bodies() {
    const Lock lock(m_mutex);
    return m_bodies;
  }

 private:
  net::testing::Response answer(const net::testing::Request& request) {
    const Lock lock(m_mutex);
    m_bodies += request.body + "\n";
    const auto holds = [&](std::string_view text) {
      return request.body.find(text) != std::string::npos;
    };
    if (holds("loginRequest")) {
      m_asked.emplace_back("login");
      const std::string code = m_codes.contains("login") ? m_codes["login"] : "0";
      return xml(R"(<loginResponse xmlns="https://finanzonline.bmf.gv.at/fon/ws/session">)"
                 "<id>SESSION123456</id><rc>" +
                 code + "</rc><msg>Text</msg></loginResponse>");
    }
    if (holds("logoutRequest")) {
      return xml(
          R"(<logoutResponse xmlns="https://finanzonline.bmf.gv.at/fon/ws/session"><rc>0</rc>)"
          "</logoutResponse>");
    }
    const std::string mode = holds(">T</") ? "T" : "P";
    for (const char* name :
         {"registrierung_se", "registrierung_kasse", "belegpruefung", "ausfall_se",
          "wiederinbetriebnahme_se", "ausfall_kasse", "status_kasse", "status_see"}) {
      if (!holds(std::string("<") + name + ">") && !holds(std::string(":") + name + ">")) continue;
      m_asked.push_back(mode + " " + name);
      const std::string code = m_codes.contains(name) ? m_codes[name] : "0";
      const std::string state =
          std::string(name) == "status_kasse" || std::string(name) == "status_see"
              ? "<abfrage_ergebnis><ts_registrierung>2026-11-20T10:00:00.000+01:00"
                "</ts_registrierung><status>" +
                    (std::string(name) == "status_kasse" ? std::string("REGISTRIERT")
                                                         : std::string("AKTIVIERT")) +
                    "</status><ts_status>2026-11-20T10:05:00.000+01:00</ts_status>"
                    "</abfrage_ergebnis>"
              : std::string();
      return xml(R"(<n:rkdbResponse xmlns:n="https://finanzonline.bmf.gv.at/rkdb"><n:paket_nr>7)"
                 "</n:paket_nr><n:ts_erstellung>2026-11-21T06:06:07</n:ts_erstellung><n:result>"
                 "<n:satznr>1</n:satznr><n:rkdbMessage><n:rc>" +
                 code + "</n:rc><n:msg>Text</n:msg></n:rkdbMessage>" + state +
                 "</n:result></n:rkdbResponse>");
    }
    m_asked.emplace_back("?");
    return {.status = 500};
  }
  static net::testing::Response xml(const std::string& content) {
    return {.headers = {{"Content-Type", "text/xml; charset=utf-8"}}, .body = envelope(content)};
  }

  Mutex m_mutex;
  std::map<std::string, std::string> m_codes SIEGEL_GUARDED_BY(m_mutex);
  std::vector<std::string> m_asked SIEGEL_GUARDED_BY(m_mutex);
  std::string m_bodies SIEGEL_GUARDED_BY(m_mutex);
  std::unique_ptr<net::testing::Server> m_server;  // last: ends first
};

class AustrianAuthority : public ::testing::Test {
 protected:
  AustrianAuthority() : shop(TestShop::Austrian()) {
    access = (shop.around() / "access.json").string();
    write_text(access, fmt::format("{{\"participant\":\"123456789AB\",\"user\":\"KASSEN01\","
                                   "\"pin\":\"secretpin\",\"maker\":\"ATU99999999\","
                                   "\"url\":\"{}\"}}",
                                   authority.url()));
    EXPECT_EQ(chmod(access.c_str(), 0600), 0);
  }
  [[nodiscard]] std::vector<json::Value> entries(std::string_view kind) const {
    std::vector<json::Value> found;
    for (const json::Value& entry : shop.entries())
      if (text_at(entry, "kind") == kind) found.push_back(member(entry, "payload"));
    return found;
  }

  Authority authority;
  TestShop shop;
  std::string access;
};

std::vector<std::string> steps_done(const Ended& status) {
  std::vector<std::string> done;
  const json::Value document = status.document();
  for (const json::Value& reg : list_at(document, "data"))
    for (const json::Value& step : list_at(reg, "steps"))
      if (const bool* is_done = member(step, "done").boolean(); is_done != nullptr && *is_done)
        done.push_back(text_at(step, "step"));
  return done;
}

/// A shop whose device is a token of SoftHSM, with a certificate for UID ATU12345678.
class TokenShop {
 public:
  explicit TokenShop(const std::string& vat_id) : shop(TestShop::Empty()) {
    token = std::make_unique<device::pkcs11::TestToken>(
        device::pkcs11::TestToken::Options{.with_certificates = false});
    const Instant now = system_clock().now().wall;
    (void)token->store_chain(device::pkcs11::key_id, now - std::chrono::hours(24));
    // The program under test is another process; this one lets go of the token.
    device::pkcs11::SoftHsm::the().finalize();
    std::vector<std::string> init = austrian_business_options();
    init.insert(init.begin(), "init");
    init.back() = vat_id;
    const Ended made = ask(init);
    EXPECT_EQ(made.exit_code, 0) << made.text();
    pin = (shop.around() / "pin").string();
    write_text(pin, device::pkcs11::good_pin);
    EXPECT_EQ(chmod(pin.c_str(), 0600), 0);
  }
  [[nodiscard]] Ended ask(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const auto settings = device::pkcs11::SoftHsm::folder() / "softhsm2.conf";
    return run({.arguments = shop.arguments(std::move(arguments)),
                .input = {},
                .environment = {{"SOFTHSM2_CONF", settings.string()}}});
  }
  [[nodiscard]] std::vector<std::string> setup(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"at",
                                       "setup",
                                       "--register",
                                       kasse,
                                       "--signer",
                                       "pkcs11",
                                       "--provider",
                                       "AT1",
                                       "--pin-file",
                                       pin,
                                       "--module",
                                       std::string(device::pkcs11::softhsm_path),
                                       "--token-label",
                                       token->label(),
                                       "--key-label",
                                       "siegel",
                                       "--id",
                                       "hsm-1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  TestShop shop;
  std::unique_ptr<device::pkcs11::TestToken> token;
  std::string pin;
};

TEST(AustrianSetUp, RegistersAndChecksThroughTheWebServiceAndStopsWhereItIsRefused) {
  RecordProperty("proves", "AMA-002 AMA-004 AMA-019 AMA-051 AMA-052 AMA-054");
  Authority authority;
  const TokenShop token("ATU12345678");
  const std::string access = (token.shop.around() / "access.json").string();
  write_text(access, fmt::format("{{\"participant\":\"123456789AB\",\"user\":\"KASSEN01\","
                                 "\"pin\":\"secretpin\",\"maker\":\"ATU99999999\","
                                 "\"url\":\"{}\"}}",
                                 authority.url()));
  ASSERT_EQ(chmod(access.c_str(), 0600), 0);
  const std::vector<std::string> setup = token.setup({"--finanzonline", access, "--production"});
  // The certificate belongs to somebody else, says FinanzOnline: no Startbeleg is made.
  authority.set("registrierung_se", "7");
  const Ended refused = token.ask(setup);
  EXPECT_EQ(refused.code(), "E-AUT-141") << refused.text();
  EXPECT_EQ(authority.asked(),
            (std::vector<std::string>{"login", "T registrierung_se", "T registrierung_kasse"}));
  EXPECT_EQ(steps_done(token.ask({"at", "status"})),
            (std::vector<std::string>{"business", "devices", "key", "register"}));

  // It is there already: the status says so, and that is as good.
  authority.set("registrierung_se", "B10");
  const Ended done = token.ask(setup);
  EXPECT_EQ(done.exit_code, 0) << done.text();
  const auto asked = authority.asked();
  EXPECT_NE(std::find(asked.begin(), asked.end(), "P registrierung_kasse"), asked.end());
  EXPECT_EQ(asked.back(), "P belegpruefung");
  EXPECT_EQ(steps_done(token.ask({"at", "status"})),
            (std::vector<std::string>{"business", "devices", "key", "register", "registration",
                                      "start", "check"}));
  // The whole AES key went to FinanzOnline, and the serial number as hex.
  const json::Value sheet =
      token.ask({"at", "setup", "--register", kasse, "--show-key"}).document();
  const std::string key = text_at(sheet, "aes_key");
  EXPECT_EQ(key.size(), 44U);
  EXPECT_NE(authority.bodies().find(key), std::string::npos);
  EXPECT_NE(authority.bodies().find("hex=\"true\""), std::string::npos);
  // Again: nothing is sent.
  const std::size_t before = authority.asked().size();
  EXPECT_EQ(token.ask(setup).exit_code, 0);
  EXPECT_EQ(authority.asked().size(), before);

  // By hand: the files for the upload.
  const std::string folder = (token.shop.around() / "upload").string();
  EXPECT_EQ(token.ask({"at", "setup", "--register", "KASSE-02"}).exit_code, 0);
  EXPECT_EQ(token.ask({"at", "sheet", "KASSE-02", "--xml", folder}).exit_code, 0);
  EXPECT_NE(file_text(folder + "/registrierung_kasse.xml").find("KASSE-02"), std::string::npos);
}

TEST(AustrianSetUp, RefusesADeviceOfAnotherBusinessAndWritesNothing) {
  RecordProperty("proves", "AMA-024");
  const TokenShop token("ATU99999999");
  const json::Array before = token.shop.entries();
  const Ended refused = token.ask(token.setup({}));
  EXPECT_EQ(refused.code(), "E-AUT-112") << refused.text();
  EXPECT_NE(refused.out.find("ATU12345678"), std::string::npos) << refused.text();
  EXPECT_EQ(token.shop.entries(), before);
  EXPECT_EQ(token.ask({"at", "signer", "add", "--signer", "softkey", "--provider", "AT1"}).code(),
            "E-AUT-122");
}

TEST_F(AustrianAuthority, AReceiptIsCheckedForTestFirstAndTheVerdictIsKept) {
  RecordProperty("proves", "AMA-002 AMA-054");
  const std::string number = "KASSE-01-000001";
  const Ended tried = shop.siegel_json({"at", "check", number, "--finanzonline", access});
  EXPECT_EQ(tried.exit_code, 0) << tried.text();
  EXPECT_TRUE(entries("check").empty()) << "a test transmission is no verdict";
  authority.set("belegpruefung", "43");
  const Ended failed =
      shop.siegel_json({"at", "check", number, "--finanzonline", access, "--production"});
  EXPECT_EQ(failed.exit_code, 3) << failed.text();
  authority.set("belegpruefung", "-3");
  EXPECT_NE(
      shop.siegel_json({"at", "check", number, "--finanzonline", access, "--production"}).exit_code,
      0);
  authority.set("belegpruefung", "0");
  EXPECT_EQ(
      shop.siegel_json({"at", "check", number, "--finanzonline", access, "--production"}).exit_code,
      0);
  const auto checks = entries("check");
  ASSERT_EQ(checks.size(), 2U) << "a fault on their side is no verdict";
  EXPECT_FALSE(*member(checks[0], "passed").boolean());
  EXPECT_TRUE(*member(checks[1], "passed").boolean());
  EXPECT_NE(authority.bodies().find("_R1-AT100_KASSE-01_KASSE-01-000001_"), std::string::npos);
}

TEST_F(AustrianAuthority, ARefusedLoginIsTriedOnceAndNothingIsRecorded) {
  RecordProperty("proves", "AMA-043");
  authority.set("login", "-4");
  const json::Array before = shop.entries();
  const Ended refused = shop.siegel_json(
      {"at", "check", "KASSE-01-000001", "--finanzonline", access, "--production"});
  EXPECT_EQ(refused.code(), "E-FON-014") << refused.text();
  EXPECT_EQ(authority.asked(), (std::vector<std::string>{"login"}));
  EXPECT_EQ(shop.entries(), before);
  // The PIN is nowhere but in its file.
  for (const auto& item : std::filesystem::recursive_directory_iterator(shop.folder())) {
    if (!item.is_regular_file()) continue;
    EXPECT_EQ(file_text(item.path()).find("secretpin"), std::string::npos) << item.path();
  }
  EXPECT_EQ(refused.text().find("secretpin"), std::string::npos);
  ASSERT_EQ(chmod(access.c_str(), 0644), 0);
  EXPECT_EQ(shop.siegel_json({"at", "check", "KASSE-01-000001", "--finanzonline", access}).code(),
            "E-AUT-132");
}

TEST_F(AustrianAuthority, OutagesAndTheirEndAreReportedOnceTheTestWasAccepted) {
  RecordProperty("proves", "AMA-072");
  shop.pull("soft-1");
  ASSERT_EQ(
      shop.siegel({"sale", "--register", kasse, "--item", "a:1:1.00:A", "--cash", "1"}).exit_code,
      0);
  const std::vector<std::string> report{"at",     "outage",         "report",
                                        "soft-1", "--finanzonline", access};
  EXPECT_EQ(shop.siegel_json(report).exit_code, 0);
  EXPECT_EQ(authority.asked(), (std::vector<std::string>{"login", "T ausfall_se"}));
  std::vector<std::string> production = report;
  production.emplace_back("--production");
  authority.set("ausfall_se", "B18");
  EXPECT_EQ(shop.siegel_json(production).exit_code, 7);
  for (const json::Value& entry : entries("report"))
    EXPECT_NE(text_at(entry, "what"), "ausfall_se");
  authority.set("ausfall_se", "0");
  EXPECT_EQ(shop.siegel_json(production).exit_code, 0);
  const auto reports = entries("report");
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(text_at(reports.back(), "what"), "ausfall_se");
  EXPECT_EQ(text_at(reports.back(), "mode"), "production");
  EXPECT_EQ(text_at(reports.back(), "code"), "0");
  shop.plug("soft-1");
  ASSERT_EQ(
      shop.siegel({"sale", "--register", kasse, "--item", "a:1:1.00:A", "--cash", "1"}).exit_code,
      0);
  EXPECT_EQ(
      shop.siegel_json({"at", "outage", "end", "soft-1", "--finanzonline", access, "--production"})
          .exit_code,
      0);
}

}  // namespace
}  // namespace siegel::system_test
