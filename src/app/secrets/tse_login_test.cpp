#include "app/secrets/tse_login.h"

#include <gtest/gtest.h>

#include "app/secrets/puk_letter.h"
#include "app/secrets/test_stand.h"
#include "app/secrets/vaults.h"
#include "device/softkey/softkey.h"
#include "device/softtse/softtse.h"
#include "device/testing/manual_clock.h"

namespace siegel::app {
namespace {

using device::TseUser;
using testing::Folder;
using testing::id;
using testing::secret;

/// A device that does not say how many tries are left, and whose answers may be lost.
class Silent final : public device::Tse {
 public:
  explicit Silent(device::Tse& inner) : m_inner(inner) {}
  Result<TseInfo> identity() override { return m_inner.identity(); }
  Result<device::TseStatus> status() override { return m_inner.status(); }
  void perform(std::span<const device::TseCall> calls, device::TseAnswers& answers) override {
    m_inner.perform(calls, answers);
  }
  Result<std::vector<device::TseTransaction>> open_transactions(
      std::optional<std::string> client) override {
    return m_inner.open_transactions(std::move(client));
  }
  Result<std::optional<device::TseTransaction>> find(const std::string& client,
                                                     std::uint64_t number) override {
    return m_inner.find(client, number);
  }
  Result<std::vector<device::TseTransaction>> transactions_after(const std::string& client,
                                                                 std::uint64_t after,
                                                                 std::size_t count) override {
    return m_inner.transactions_after(client, after, count);
  }
  Status self_test() override { return m_inner.self_test(); }
  Status set_time(Instant now) override { return m_inner.set_time(now); }
  Status export_log(const device::TseFilter& filter, Sink& sink) override {
    return m_inner.export_log(filter, sink);
  }
  Status log_in(TseUser user, const crypto::SecretBytes& pin) override {
    ++shown;
    if (unplugged) return unavailable("E-TSE-402", "not there");
    Status answer = m_inner.log_in(user, pin);
    if (lose_answers) return unknown("E-TSE-104", "no answer");
    return answer;
  }
  Status log_out() override { return m_inner.log_out(); }
  Status register_client(const std::string& client) override {
    return m_inner.register_client(client);
  }
  Status deregister_client(const std::string& client) override {
    return m_inner.deregister_client(client);
  }
  Status disable() override { return m_inner.disable(); }

  int shown = 0;
  bool lose_answers = false;
  bool unplugged = false;

 private:
  device::Tse& m_inner;
};

/// A software TSE with its PINs in a vault; restart() is the next process.
class TseLogin : public ::testing::Test {
 protected:
  void SetUp() override {
    vault = open_vault({.folder = data.path() / "vault", .create = true}, random).value();
    auto key = device::SoftKey::generate(crypto::Curve::p256);
    ASSERT_TRUE(key.ok());
    pkcs8 = (*key)->pkcs8();
    device::softtse::CreateOptions options;
    options.store.file = data.path() / "tse.db";
    for (const TseUser user : {TseUser::admin, TseUser::time_admin}) {
      ASSERT_TRUE(vault->put(pin_id("tse-1", user).value(), random_digits(8, random)).ok());
      ASSERT_TRUE(vault->put(puk_id("tse-1", user).value(), random_digits(10, random)).ok());
    }
    options.admin = {pin(), vault->get(puk_id("tse-1", TseUser::admin).value()).value()};
    options.time_admin = {vault->get(pin_id("tse-1", TseUser::time_admin).value()).value(),
                          vault->get(puk_id("tse-1", TseUser::time_admin).value()).value()};
    auto made = device::softtse::SoftTse::create(options, std::move(*key), {clock, random});
    ASSERT_TRUE(made.ok()) << made.error().detail;
    tse = std::move(*made);
    ASSERT_TRUE(
        tse->commission(options.admin.pin, {.now = clock.now().wall, .clients = {"KASSE-1"}}).ok());
  }
  void restart() {
    tse.reset();
    vault.reset();
    vault = open_vault({.folder = data.path() / "vault"}, random).value();
    auto key = device::SoftKey::from_pkcs8(pkcs8);
    ASSERT_TRUE(key.ok());
    auto again = device::softtse::SoftTse::open({.file = data.path() / "tse.db"}, std::move(*key),
                                                {clock, random});
    ASSERT_TRUE(again.ok()) << again.error().detail;
    tse = std::move(*again);
  }
  crypto::SecretBytes pin() { return vault->get(id("tse/tse-1/admin-pin")).value(); }
  void spoil_pin() { ASSERT_TRUE(vault->put(id("tse/tse-1/admin-pin"), secret("99999999")).ok()); }
  Status admin(device::Tse& device) {
    return log_in(device, "tse-1", TseUser::admin, *vault, clock.now().wall);
  }
  Status admin() { return admin(*tse); }
  unsigned left() { return tse->pin_tries_left(TseUser::admin).value().value(); }

  Folder data;
  SeededRandom random{42};
  device::testing::ManualClock clock;
  std::unique_ptr<vault::Vault> vault;
  crypto::SecretBytes pkcs8;
  std::unique_ptr<device::softtse::SoftTse> tse;
};

TEST_F(TseLogin, TheRightPinLogsInAndLeavesNoTrace) {
  ASSERT_TRUE(admin().ok());
  EXPECT_FALSE(pin_memory(*vault, "tse-1", TseUser::admin).value().has_value());
  ASSERT_TRUE(tse->log_out().ok());
  restart();
  EXPECT_TRUE(admin().ok());
}

TEST_F(TseLogin, AWrongPinCostsOneTryAndIsNeverShownAgainByAnyProcess) {
  const crypto::SecretBytes right = pin();
  spoil_pin();
  const auto first = admin();
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, "E-TSE-210");
  EXPECT_EQ(left(), 2U);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(admin().error().code, "E-VLT-301");
    restart();
    EXPECT_EQ(admin().error().code, "E-VLT-301");
    EXPECT_EQ(admin().error().kind, ErrorKind::conflict);
  }
  EXPECT_EQ(left(), 2U);
  // A person gives the right one.
  ASSERT_TRUE(confirm_pin(*tse, "tse-1", TseUser::admin, right, *vault, clock.now().wall).ok());
  EXPECT_EQ(left(), 3U);
  EXPECT_TRUE(admin().ok());
}

TEST_F(TseLogin, AtTwoTriesLeftTheRightPinIsNotShownEither) {
  // Somebody has tried elsewhere: whether our PIN is still right nobody knows.
  EXPECT_FALSE(tse->log_in(TseUser::admin, secret("00000000")).ok());
  ASSERT_EQ(left(), 2U);
  const auto refused = admin();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-VLT-302");
  EXPECT_NE(refused.error().detail.find("2 tries left"), std::string::npos);
  restart();
  EXPECT_EQ(admin().error().code, "E-VLT-302");
  EXPECT_EQ(left(), 2U);
  ASSERT_TRUE(confirm_pin(*tse, "tse-1", TseUser::admin, pin(), *vault, clock.now().wall).ok());
  EXPECT_TRUE(admin().ok());
}

TEST_F(TseLogin, TheLastTryIsNotSpentByAPersonEither) {
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(tse->log_in(TseUser::admin, secret("00000000")).ok());
  ASSERT_EQ(left(), 1U);
  EXPECT_EQ(
      confirm_pin(*tse, "tse-1", TseUser::admin, pin(), *vault, clock.now().wall).error().code,
      "E-VLT-302");
  EXPECT_EQ(left(), 1U);
}

TEST_F(TseLogin, ALostAnswerCountsAsATryOverARestartWhereTheDeviceDoesNotSay) {
  Silent silent(*tse);
  silent.lose_answers = true;
  EXPECT_EQ(admin(silent).error().code, "E-TSE-104");
  EXPECT_EQ(silent.shown, 1);
  restart();
  Silent next(*tse);
  next.lose_answers = true;
  EXPECT_EQ(admin(next).error().code, "E-VLT-302");
  EXPECT_EQ(next.shown, 0);
  // Asked itself, the device says that nothing is lost.
  EXPECT_TRUE(admin().ok());
  EXPECT_FALSE(pin_memory(*vault, "tse-1", TseUser::admin).value().has_value());
}

TEST_F(TseLogin, ADeviceThatIsNotThereHasSeenNoPin) {
  Silent silent(*tse);
  silent.unplugged = true;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(admin(silent).error().code, "E-TSE-402");
  silent.unplugged = false;
  EXPECT_TRUE(admin(silent).ok());
}

TEST_F(TseLogin, AVaultThatCannotRememberShowsNoPin) {
  Silent silent(*tse);
  spoil_pin();
  const auto folder = data.path() / "vault";
  std::filesystem::create_directories(folder / "tse+tse-1+admin-tries.secret.new");
  EXPECT_FALSE(admin(silent).ok());
  EXPECT_EQ(silent.shown, 0);
}

TEST_F(TseLogin, ThePukOfTheVaultSetsANewPinAndEveryStepMayBeRepeated) {
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(tse->log_in(TseUser::admin, secret("00000000")).ok());
  ASSERT_EQ(left(), 0U);
  const crypto::SecretBytes before = pin();
  ASSERT_TRUE(unblock_pin(*tse, "tse-1", TseUser::admin, *vault, random, clock.now().wall).ok());
  EXPECT_FALSE(pin().equals(before));
  EXPECT_TRUE(admin().ok());
  ASSERT_TRUE(tse->log_out().ok());
  // A power cut after the device took the new PIN and before the vault had it.
  ASSERT_TRUE(vault->put(id("tse/tse-1/admin-pin-next"), secret("24682468")).ok());
  ASSERT_TRUE(tse->unblock_pin(TseUser::admin, vault->get(id("tse/tse-1/admin-puk")).value(),
                               secret("24682468"))
                  .ok());
  restart();
  ASSERT_TRUE(unblock_pin(*tse, "tse-1", TseUser::admin, *vault, random, clock.now().wall).ok());
  EXPECT_TRUE(pin().equals(bytes_of("24682468")));
  EXPECT_TRUE(admin().ok());
}

TEST_F(TseLogin, AWrongPukIsShownOnce) {
  ASSERT_TRUE(vault->put(id("tse/tse-1/admin-puk"), secret("1111111111")).ok());
  const auto unblock = [&] {
    return unblock_pin(*tse, "tse-1", TseUser::admin, *vault, random, clock.now().wall);
  };
  EXPECT_EQ(unblock().error().code, "E-TSE-213");
  EXPECT_EQ(unblock().error().code, "E-VLT-303");
  restart();
  EXPECT_EQ(unblock().error().code, "E-VLT-303");
  EXPECT_TRUE(admin().ok());  // the old PIN stays
}

TEST_F(TseLogin, PinsAreRandomDigits) {
  const auto a = random_digits(1000, random);
  int counts[10] = {};
  for (const std::byte b : a.reveal()) {
    ASSERT_TRUE(b >= std::byte{'0'} && b <= std::byte{'9'});
    ++counts[std::to_integer<int>(b) - '0'];
  }
  for (const int count : counts) EXPECT_GT(count, 60);
  SeededRandom same(42);
  SeededRandom other(43);
  SeededRandom again(42);
  const auto one = random_digits(8, same);
  EXPECT_TRUE(one.equals(random_digits(8, again)));
  EXPECT_FALSE(one.equals(random_digits(8, other)));
}

// ---- the PUK letter -----------------------------------------------------------------------------

class PukLetterTest : public TseLogin {
 protected:
  Result<std::string> print(bool again, Language language = Language::de) {
    return print_puk_letter(*vault, {.tse = "tse-1",
                                     .serial = "abcd",
                                     .holder = "Bäckerei Sonnenschein GmbH",
                                     .actor = "frau muster",
                                     .now = clock.now().wall,
                                     .time_zone = "Europe/Berlin",
                                     .language = language,
                                     .again = again});
  }
};

TEST_F(PukLetterTest, IsPrintedOnceAndASecondTimeOnPurposeOnly) {
  const auto first = print(false);
  ASSERT_TRUE(first.ok()) << first.error().detail;
  const std::string puk(text_of(vault->get(id("tse/tse-1/admin-puk")).value().reveal()));
  EXPECT_NE(first->find(puk.substr(0, 5) + " " + puk.substr(5)), std::string::npos);
  EXPECT_NE(first->find("Bäckerei Sonnenschein GmbH"), std::string::npos);
  EXPECT_EQ(first->find(std::string(text_of(pin().reveal()))), std::string::npos)
      << "PINs are not on paper";
  ASSERT_FALSE(print(false).ok());
  restart();
  const auto refused = print(false);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-VLT-311");
  EXPECT_NE(refused.error().detail.find("frau muster"), std::string::npos);
  clock.pass(std::chrono::hours(1));
  const auto second = print(true, Language::en);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->find("print no. 2"), std::string::npos);
  const auto prints = puk_prints(*vault, "tse-1").value();
  ASSERT_EQ(prints.size(), 2U);
  EXPECT_LT(prints[0].at, prints[1].at);
  EXPECT_EQ(prints[1].actor, "frau muster");
}

TEST_F(PukLetterTest, WithoutPuksNothingIsPrintedAndNothingRemembered) {
  ASSERT_TRUE(vault->remove(id("tse/tse-1/time-admin-puk")).ok());
  EXPECT_EQ(print(false).error().code, "E-VLT-002");
  EXPECT_TRUE(puk_prints(*vault, "tse-1").value().empty());
}

}  // namespace
}  // namespace siegel::app
