// The real program with a signature service over HTTP: a server of this test that speaks the JSON
// of A-Trust's online HSM.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "device/atrust/test_service.h"
#include "system/process.h"

namespace siegel::system_test {
namespace {

using device::atrust::TestService;

class RemoteSigner : public ::testing::Test {
 protected:
  void SetUp() override {
    const Ended made =
        siegel({"init", "--country", "at", "--name", "Cafe Test", "--street", "Ring 1",
                "--postcode", "1010", "--city", "Wien", "--vat-id", "ATU12345678"});
    ASSERT_EQ(made.exit_code, 0) << made.text();
    write_secret("password", device::atrust::good_password);
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return (m_folder.path() / name).string();
  }
  void write_secret(const std::string& name, std::string_view text) const {
    write_text(path(name), std::string(text) + "\n");
    ::chmod(path(name).c_str(), 0600);
  }
  [[nodiscard]] Ended siegel(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--data", path("shop")});
    return run({.arguments = std::move(arguments), .input = {}});
  }
  [[nodiscard]] Ended set_up(const std::string& password) const {
    return siegel({"at", "setup", "--register", "KASSE-01", "--signer", "atrust", "--user",
                   std::string(device::atrust::good_user), "--url", m_service.options().url,
                   "--pin-file", path(password)});
  }
  [[nodiscard]] Ended sell() const {
    return siegel(
        {"sale", "--register", "KASSE-01", "--item", "Melange:1:4.20:A", "--cash", "10", "--json"});
  }
  static std::string status_of(const Ended& sold) {
    EXPECT_EQ(sold.exit_code, 0) << sold.text();
    const json::Value document = sold.document();
    return text_at(member(member(document, "receipt"), "signature"), "status");
  }
  TestService& service() { return m_service; }

 private:
  TemporaryFolder m_folder{TemporaryFolder::Kind::memory};
  TestService m_service;
};

TEST_F(RemoteSigner, SignsAnOutageIsRecordedAndEndsByItself) {
  RecordProperty("proves", "AMA-005 AMA-073");
  const Ended done = set_up("password");
  ASSERT_EQ(done.exit_code, 0) << done.text();
  EXPECT_EQ(status_of(sell()), "signed");
  service().set_down(true);
  EXPECT_EQ(status_of(sell()), "unsigned_outage");
  service().set_down(false);
  EXPECT_EQ(status_of(sell()), "signed");
  const Ended listed = siegel({"receipt", "list", "--json"});
  ASSERT_EQ(listed.exit_code, 0) << listed.text();
  const json::Value document = listed.document();
  std::vector<std::string> kinds;
  for (const json::Value& one : list_at(document, "data")) kinds.push_back(text_at(one, "kind"));
  EXPECT_EQ(kinds,
            (std::vector<std::string>{"receipt", "collective", "receipt", "receipt", "start"}));
  // Only digests left the house: no receipt, no register, no payload in base64.
  for (const auto& request : service().requests())
    for (const std::string_view part :
         {"KASSE-", "Melange", "_R1-", "X1IxLUFU", "jws_payload", "to_be_signed"})
      EXPECT_EQ(request.body.find(part), std::string::npos) << request.body;
}

TEST_F(RemoteSigner, AWrongPasswordIsSentOnceAndNothingIsPutIntoOperation) {
  write_secret("wrong", "987654");
  const Ended done = set_up("wrong");
  EXPECT_NE(done.exit_code, 0);
  EXPECT_EQ(done.code(), "E-SIG-201") << done.text();
  EXPECT_EQ(done.text().find("987654"), std::string::npos);
  EXPECT_EQ(service().wrong_passwords(), 1U);
  EXPECT_EQ(set_up("password").exit_code, 0);
  EXPECT_EQ(status_of(sell()), "signed");
}

}  // namespace
}  // namespace siegel::system_test
