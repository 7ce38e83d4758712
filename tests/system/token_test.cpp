// The real program with PKCS#11 tokens: SoftHSM is the module, its tokens lie in files of this
// test.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <set>

#include "crypto/signer_certificate.h"
#include "device/pkcs11/test_softhsm.h"
#include "device/testing/signer_tools.h"
#include "system/process.h"

namespace siegel::system_test {
namespace {

using device::pkcs11::SoftHsm;
using device::pkcs11::TestToken;

std::set<std::filesystem::path> token_folders() {
  std::set<std::filesystem::path> out;
  const auto tokens = SoftHsm::folder() / "tokens";
  if (!std::filesystem::exists(tokens)) return out;
  for (const auto& one : std::filesystem::directory_iterator(tokens)) out.insert(one.path());
  return out;
}

/// A token with a certificate that is valid now, which can be pulled.
class PulledToken {
 public:
  PulledToken() {
    const auto before = token_folders();
    m_token = std::make_unique<TestToken>(TestToken::Options{.with_certificates = false});
    const Instant now = system_clock().now().wall;
    const auto chain = m_token->store_chain(device::pkcs11::key_id, now - std::chrono::hours(24));
    m_serial = crypto::signer_serial_of(chain.front()).value();
    for (const auto& one : token_folders())
      if (!before.contains(one)) m_folder = one;
    EXPECT_FALSE(m_folder.empty());
    // The program under test is another process; this one lets go of the token.
    SoftHsm::the().finalize();
  }
  void pull() const { std::filesystem::rename(m_folder, away()); }
  void plug_in() const { std::filesystem::rename(away(), m_folder); }
  [[nodiscard]] const TestToken& token() const { return *m_token; }
  [[nodiscard]] const std::string& serial() const { return m_serial; }

 private:
  [[nodiscard]] std::filesystem::path away() const {
    return SoftHsm::folder() / (m_folder.filename().string() + ".away");
  }
  std::unique_ptr<TestToken> m_token;
  std::filesystem::path m_folder;
  std::string m_serial;
};

class Token : public ::testing::Test {
 protected:
  void SetUp() override {
    const Ended made =
        siegel({"init", "--country", "at", "--name", "Cafe Test", "--street", "Ring 1",
                "--postcode", "1010", "--city", "Wien", "--vat-id", "ATU12345678"});
    ASSERT_EQ(made.exit_code, 0) << made.text();
    write_secret("pin", "123456\n");
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (m_folder.path() / name).string();
  }
  void write_secret(const std::string& name, std::string_view text) const {
    write_text(path(name), text);
    ::chmod(path(name).c_str(), 0600);
  }
  [[nodiscard]] Ended siegel(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--data", path("shop")});
    return run(
        {.arguments = std::move(arguments),
         .input = {},
         .environment = {{"SOFTHSM2_CONF", (SoftHsm::folder() / "softhsm2.conf").string()}}});
  }
  [[nodiscard]] Ended with_token(std::vector<std::string> arguments, const PulledToken& token,
                                 const std::string& pin = "pin") const {
    arguments.insert(arguments.end(),
                     {"--signer", "pkcs11", "--module", std::string(device::pkcs11::softhsm_path),
                      "--token-label", token.token().label(), "--key-label", "siegel", "--provider",
                      "AT1", "--pin-file", path(pin)});
    return siegel(std::move(arguments));
  }
  struct Sold {
    std::string status;
    std::string serial;  ///< field 11 of the code
    std::string cause;   ///< of an outage
  };
  [[nodiscard]] Sold sell() const {
    const Ended sold = siegel(
        {"sale", "--register", "KASSE-01", "--item", "Melange:1:4.20:A", "--cash", "10", "--json"});
    EXPECT_EQ(sold.exit_code, 0) << sold.text();
    const json::Value document = sold.document();
    const json::Value& receipt = member(document, "receipt");
    const std::string code = text_at(receipt, "qr_code_data");
    std::vector<std::string> fields;
    for (std::size_t at = 0; at <= code.size();) {
      const std::size_t end = std::min(code.find('_', at), code.size());
      fields.push_back(code.substr(at, end - at));
      at = end + 1;
    }
    EXPECT_EQ(fields.size(), 14U) << code;
    const json::Value& signature = member(receipt, "signature");
    return {.status = text_at(signature, "status"),
            .serial = fields.size() > 11 ? fields[11] : std::string(),
            .cause = text_at(signature, "code")};
  }

 private:
  TemporaryFolder m_folder{TemporaryFolder::Kind::memory};
};

TEST_F(Token, TwoTokensTakeOverFromEachOtherAndTheDepVerifies) {
  RecordProperty("proves", "AMA-005 AMA-026 AMA-031");
  const PulledToken first;
  const PulledToken second;
  Ended done = with_token({"at", "setup", "--register", "KASSE-01"}, first);
  ASSERT_EQ(done.exit_code, 0) << done.text();
  done = with_token({"at", "signer", "add", "--register", "KASSE-01"}, second);
  ASSERT_EQ(done.exit_code, 0) << done.text();

  Sold sold = sell();
  EXPECT_EQ(sold.status, "signed");
  EXPECT_EQ(sold.serial, first.serial());

  first.pull();
  sold = sell();
  EXPECT_EQ(sold.status, "signed") << "the second signs the same receipt";
  EXPECT_EQ(sold.serial, second.serial());

  second.pull();
  sold = sell();
  EXPECT_EQ(sold.status, "unsigned_outage");
  EXPECT_EQ(sold.serial, first.serial()) << "the one that should have signed";
  EXPECT_EQ(sold.cause, "E-SIG-101");

  first.plug_in();
  second.plug_in();
  sold = sell();
  EXPECT_EQ(sold.status, "signed");

  // Collective receipt and all: the log is whole for anybody who has the keys.
  done = siegel({"export", "dep7", "--out", path("dep.json"), "--register", "KASSE-01"});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  done = siegel({"at", "container", path("container.json"), "--register", "KASSE-01"});
  ASSERT_EQ(done.exit_code, 0) << done.text();
  done = siegel({"verify", path("dep.json"), "--container", path("container.json"), "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.text();
  const json::Value verdict = done.document();
  EXPECT_EQ(text_at(member(verdict, "official"), "state"), "PASS") << done.text();
}

TEST_F(Token, AWrongPinIsTriedOnceAndTheRightOneCanBeGivenAfterIt) {
  const PulledToken token;
  write_secret("wrong", "987654\n");
  Ended done = with_token({"at", "setup", "--register", "KASSE-01"}, token, "wrong");
  EXPECT_NE(done.exit_code, 0);
  EXPECT_EQ(done.code(), "E-SIG-201") << done.text();
  EXPECT_EQ(done.text().find("987654"), std::string::npos) << done.text();
  done = with_token({"at", "setup", "--register", "KASSE-01"}, token);
  ASSERT_EQ(done.exit_code, 0) << done.text();
  EXPECT_EQ(sell().status, "signed");

  // Another program shows the token a wrong PIN: the shop does not spend a try on its own.
  {
    const auto other = TestToken::signer(token.token().options(), "987654");
    EXPECT_EQ(other->sign_digest(device::testing::digest_of("x")).error().code, "E-SIG-201");
  }
  SoftHsm::the().finalize();
  Sold sold = sell();
  EXPECT_EQ(sold.status, "unsigned_outage");
  EXPECT_EQ(sold.cause, "E-SIG-202");
  done = with_token({"at", "signer", "add", "--id", "hsm-1"}, token);
  EXPECT_EQ(done.exit_code, 0) << done.text();
  sold = sell();
  EXPECT_EQ(sold.status, "signed");
}

}  // namespace
}  // namespace siegel::system_test
