// PINs, keys and the machine they are on: the real program, a real TPM (swtpm), kills and restarts.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "base/file.h"
#include "base/random.h"
#include "system/shop.h"
#include "vault/file/file.h"
#include "vault/tpm/testing/swtpm.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;
using vault::tpm::testing::SwTpm;

std::unique_ptr<SwTpm> machine() {
  auto started = SwTpm::start();
  EXPECT_TRUE(started.ok()) << started.error().detail;
  return started.ok() ? std::move(*started) : nullptr;
}

/// "signed" or "unsigned_outage".
std::string sale_of(const TestShop& shop) {
  const Ended ended = shop.sell(one_line_document("Brezel", "1.80"));
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  return text_at(member(member(ended.document(), "receipt"), "signature"), "status");
}

Ended seal(const TestShop& shop, const SwTpm& tpm) {
  return shop.siegel_json({"vault", "seal", "--tpm", tpm.place()});
}

std::string key_of(const TestShop& shop) {
  return text_at(shop.siegel_json({"vault", "status"}).document(), "key");
}

std::set<std::string> states_of(const json::Value& document, std::string_view state) {
  std::set<std::string> ids;
  for (const json::Value& check : list_at(document, "checks"))
    if (text_at(check, "state") == state) ids.insert(text_at(check, "id"));
  return ids;
}

fs::path private_file(const TestShop& shop, std::string_view text) {
  const fs::path file = shop.around() / "pin";
  EXPECT_TRUE(write_file(file, bytes_of(text), {.mode = 0600}).ok());
  return file;
}

TEST(Secrets, ANewShopUsesTheTpmAndItsCopyDoesNotOpenElsewhereButSells) {
  RecordProperty("proves", "FCC-015");
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  const TestShop shop{TestShop::Empty{}};
  auto arguments = shop.arguments(business_options());
  arguments.insert(arguments.begin(), "init");
  arguments.push_back("--json");
  const Ended made =
      run({.arguments = arguments, .input = {}, .environment = {{"SIEGEL_TPM", tpm->place()}}});
  ASSERT_EQ(made.exit_code, 0) << made.text();
  EXPECT_EQ(text_at(made.document(), "vault"), "tpm");
  ASSERT_EQ(shop.siegel({"tse", "create"}).exit_code, 0);
  ASSERT_EQ(shop.siegel({"register", "add", "KASSE-01"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(shop.folder() / "vault/vault.key"));
  EXPECT_EQ(sale_of(shop), "signed");
  ASSERT_TRUE(tpm->start_again().ok());
  EXPECT_EQ(sale_of(shop), "signed");

  // Another machine behind the same name.
  ASSERT_TRUE(tpm->replace().ok());
  const Ended status = shop.siegel_json({"vault", "status"});
  EXPECT_EQ(status.exit_code, 7) << status.text();
  EXPECT_EQ(status.code(), "E-VLT-203");
  EXPECT_EQ(sale_of(shop), "unsigned_outage");
  const Ended doctor = shop.siegel_json({"doctor"});
  EXPECT_EQ(doctor.exit_code, 3) << doctor.text();
  EXPECT_TRUE(states_of(doctor.document(), "failure").contains("vault.secrets"));
  EXPECT_EQ(shop.siegel_json({"vault", "release"}).code(), "E-VLT-203");
}

TEST(Secrets, WithoutATpmTheKeyFileIsSaidOpenly) {
  RecordProperty("proves", "FCC-015");
  const TestShop shop{TestShop::Empty{}};
  auto arguments = shop.arguments(business_options());
  arguments.insert(arguments.begin(), "init");
  const Ended made = run({.arguments = arguments,
                          .input = {},
                          .environment = {{"SIEGEL_TPM", "device:/dev/no-such-tpm"}}});
  EXPECT_EQ(made.exit_code, 75) << made.text();
  EXPECT_EQ(made.code(), "E-VLT-201");
  const Ended plain =
      run({.arguments = arguments, .input = {}, .environment = {{"SIEGEL_TPM", "none"}}});
  ASSERT_EQ(plain.exit_code, 0) << plain.text();
  EXPECT_NE(plain.out.find("key file"), std::string::npos) << plain.out;
  EXPECT_EQ(key_of(shop), "key_file");
}

/// Kills `vault <verb>` at each of its writes in turn: every secret opens afterwards, the shop
/// signs, and the command repeated ends it.
void kill_everywhere(const TestShop& begin, const std::string& verb, const SwTpm& tpm,
                     const std::string& goal) {
  int kills = 0;
  for (const char* where : {"before", "half", "after"}) {
    for (int at = 1;; ++at) {
      ASSERT_LT(at, 200);
      const TestShop shop(begin);
      std::vector<std::string> arguments = shop.arguments({"vault", verb, "--json"});
      if (verb == "seal") arguments.insert(arguments.end(), {"--tpm", tpm.place()});
      const Ended ended = run({.arguments = arguments,
                               .input = {},
                               .environment = {{"LD_PRELOAD", SIEGEL_KILL_AT_LIBRARY},
                                               {"SIEGEL_KILL_FOLDER", shop.folder().string()},
                                               {"SIEGEL_KILL_AT", std::to_string(at)},
                                               {"SIEGEL_KILL_WHERE", where}}});
      const bool killed = ended.signal == SIGKILL;
      if (!killed) {
        ASSERT_EQ(ended.exit_code, 0) << ended.text();
        EXPECT_EQ(key_of(shop), goal);
        break;
      }
      ++kills;
      const Ended status = shop.siegel_json({"vault", "status"});
      ASSERT_EQ(status.exit_code, 0) << verb << " " << where << " " << at << status.text();
      EXPECT_EQ(list_at(status.document(), "secrets").size(), 5U) << where << " " << at;
      if (at % 7 == 1) {
        EXPECT_EQ(sale_of(shop), "signed") << verb << " " << where << " " << at;
      }
      const Ended again = verb == "seal" ? seal(shop, tpm) : shop.siegel_json({"vault", verb});
      ASSERT_EQ(again.exit_code, 0) << verb << " " << where << " " << at << again.text();
      EXPECT_EQ(key_of(shop), goal) << where << " " << at;
    }
  }
  EXPECT_GT(kills, 30);
}

TEST(Secrets, KilledAtAnyWriteWhileTheKeyMovesEverySecretOpens) {
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  const TestShop shop;
  kill_everywhere(shop, "seal", *tpm, "tpm");
  ASSERT_EQ(seal(shop, *tpm).exit_code, 0);
  kill_everywhere(shop, "release", *tpm, "key_file");
}

TEST(Secrets, ThePukLetterIsPrintedOnce) {
  const TestShop shop;
  const Ended first = shop.siegel({"tse", "puk-letter", "--lang", "de", "--quiet"});
  ASSERT_EQ(first.exit_code, 0) << first.text();
  EXPECT_NE(first.out.find("PUK admin"), std::string::npos);
  const Ended second = shop.siegel_json({"tse", "puk-letter"});
  EXPECT_EQ(second.exit_code, 7) << second.text();
  EXPECT_EQ(second.code(), "E-VLT-311");
  EXPECT_EQ(second.out.find("PUK admin"), std::string::npos);
  const Ended again = shop.siegel({"tse", "puk-letter", "--again", "--actor", "Frau Muster"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.out.find("print no. 2"), std::string::npos) << again.out;
  EXPECT_NE(shop.siegel_json({"tse", "puk-letter"}).text().find("Frau Muster"), std::string::npos);
}

TEST(Secrets, AWrongPinStopsEveryLaterProcessUntilAPersonGivesTheRightOne) {
  const TestShop shop;
  const auto id = vault::SecretId::parse("tse/tse-1/admin-pin").value();
  const auto vault =
      vault::file::open({.folder = shop.folder() / "vault"}, system_random()).value();
  const crypto::SecretBytes right = vault->get(id).value();
  ASSERT_TRUE(vault->put(id, crypto::SecretBytes::copy_of(bytes_of("00000000"))).ok());
  const Ended first = shop.siegel_json({"register", "add", "KASSE-02"});
  EXPECT_EQ(first.code(), "E-TSE-210") << first.text();
  for (int i = 0; i < 3; ++i) {
    const Ended later = shop.siegel_json({"register", "add", "KASSE-02"});
    EXPECT_EQ(later.exit_code, 7) << later.text();
    EXPECT_EQ(later.code(), "E-VLT-301");
  }
  EXPECT_EQ(sale_of(shop), "signed") << "nobody is logged in to sell";
  EXPECT_TRUE(states_of(shop.siegel_json({"doctor"}).document(), "failure").contains("vault.pins"));
  const fs::path file = private_file(shop, text_of(right.reveal()));
  const Ended given = shop.siegel_json({"tse", "pin", "--pin-file", file.string()});
  ASSERT_EQ(given.exit_code, 0) << given.text();
  EXPECT_EQ(shop.siegel({"register", "add", "KASSE-02"}).exit_code, 0);

  const Ended wrong = shop.siegel_json(
      {"tse", "pin", "--user", "time_admin", "--pin-file", private_file(shop, "12").string()});
  EXPECT_NE(wrong.exit_code, 0);
  const Ended fresh = shop.siegel_json({"tse", "unblock", "--user", "time_admin"});
  EXPECT_EQ(fresh.exit_code, 0) << fresh.text();
  EXPECT_FALSE(
      states_of(shop.siegel_json({"doctor"}).document(), "failure").contains("vault.pins"));
  EXPECT_EQ(shop.siegel_json({"tse", "pin", "--user", "root", "--pin-file", "x"}).code(),
            "E-AUT-131");
}

TEST(Secrets, OneCommandSaysWhetherThereIsATpmAndWhichVersion) {
  RecordProperty("proves", "FCC-018");
  const auto tpm = machine();
  ASSERT_NE(tpm, nullptr);
  const Ended there = siegel({"tpm", "--tpm", tpm->place(), "--json"});
  EXPECT_EQ(there.exit_code, 0) << there.text();
  EXPECT_EQ(text_at(there.document(), "version"), "2.0");
  tpm->stop();
  const Ended gone = siegel({"tpm", "--tpm", tpm->place(), "--json"});
  EXPECT_EQ(gone.exit_code, 5) << gone.text();
  EXPECT_TRUE(gone.err.empty()) << "the library keeps quiet: " << gone.err;
  EXPECT_EQ(siegel({"tpm", "--tpm", "cmd:id", "--json"}).exit_code, 5);
}

TEST(Secrets, TheDoctorAsksThirtyThingsOfShopsInBothCountries) {
  const TestShop german;
  const TestShop austrian{TestShop::Austrian{}};
  for (const TestShop* shop : {&german, &austrian}) {
    const Ended ended = shop->siegel_json({"doctor"});
    const json::Value document = ended.document();
    EXPECT_GE(list_at(document, "checks").size(), 30U) << ended.text();
    for (const json::Value& check : list_at(document, "checks"))
      for (const char* text : {"found", "remedy", "title"})
        for (const char* language : {"de", "en"})
          EXPECT_FALSE(text_at(member(check, text), language).empty()) << text_at(check, "id");
    const std::string worst = text_at(document, "worst");
    EXPECT_EQ(ended.exit_code, worst == "failure" ? 3 : worst == "warning" ? 4 : 0) << worst;
    EXPECT_FALSE(text_at(document, "worst").empty());
  }
  const Ended shown = german.siegel({"doctor", "--problems", "--lang", "de"});
  EXPECT_NE(shown.out.find("PUK-Brief"), std::string::npos) << shown.out;
  EXPECT_EQ(shown.out.find("[  ok  ]"), std::string::npos) << shown.out;
  EXPECT_GE(list_at(siegel({"doctor", "--list", "--json"}).document(), "checks").size(), 30U);
  EXPECT_EQ(siegel({"doctor", "--data", "/nonexistent", "--json"}).code(), "E-DAT-003");
}

}  // namespace
}  // namespace siegel::system_test
