#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "device/softtse/message.h"
#include "device/softtse/test_device.h"
#include "sqlite/sqlite.h"

// Who may call what, in which state, and what each function refuses.

namespace siegel::device::softtse {
namespace {

using testing::update_call;

constexpr auto one = Generation::one;
constexpr auto two = Generation::two;

std::string admin_of(Generation generation) { return generation == one ? "Admin" : "admin"; }

/// A function with arguments that are right; its error is looked at.
struct Function {
  std::string name;
  std::function<Status(SoftTse&)> call;
  /// Generation 2: who may.
  bool unauthenticated, logger, admin, time_admin;
  bool signs = true;
  bool needs_initialized = true;
  bool needs_time = false;
};

template <class T>
Status status_of(const Result<T>& result) {
  return result.ok() ? Status(Ok{}) : Status(result.error());
}

std::vector<Function> functions() {
  return {
      {.name = "initialize",
       .call = [](SoftTse& tse) { return tse.initialize(); },
       .unauthenticated = false,
       .logger = false,
       .admin = true,
       .time_admin = false,
       .needs_initialized = false},
      {.name = "setDescription",
       .call = [](SoftTse& tse) { return tse.set_description("TEST"); },
       .unauthenticated = false,
       .logger = false,
       .admin = true,
       .time_admin = false,
       .needs_initialized = false},
      {.name = "getDescription",
       .call = [](SoftTse& tse) { return status_of(tse.description()); },
       .unauthenticated = false,
       .logger = false,
       .admin = true,
       .time_admin = false,
       .signs = false,
       .needs_initialized = false},
      {.name = "selfTest",
       .call = [](SoftTse& tse) { return tse.self_test(); },
       .unauthenticated = true,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .needs_initialized = false},
      {.name = "updateTime",
       .call =
           [](SoftTse& tse) {
             return tse.update_time(tse.status()->time + std::chrono::seconds(5));
           },
       .unauthenticated = false,
       .logger = false,
       .admin = true,
       .time_admin = true},
      {.name = "registerClient",
       .call = [](SoftTse& tse) { return tse.register_client("NEW"); },
       .unauthenticated = false,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .needs_time = true},
      {.name = "deregisterClient",
       .call = [](SoftTse& tse) { return tse.deregister_client("KASSE-2"); },
       .unauthenticated = false,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .needs_time = true},
      {.name = "startTransaction",
       .call = [](SoftTse& tse) { return status_of(tse.start_transaction({.client = "KASSE-1"})); },
       .unauthenticated = false,
       .logger = true,
       .admin = false,
       .time_admin = false,
       .needs_time = true},
      {.name = "lockTransactionLogging",
       .call = [](SoftTse& tse) { return tse.lock_transaction_logging(); },
       .unauthenticated = false,
       .logger = false,
       .admin = true,
       .time_admin = false,
       .needs_time = true},
      {.name = "exportLogMessages",
       .call =
           [](SoftTse& tse) {
             MemorySink to;
             return status_of(tse.export_log_messages(to));
           },
       .unauthenticated = true,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .signs = false,
       .needs_initialized = false},
      {.name = "exportSerialNumbers",
       .call = [](SoftTse& tse) { return status_of(tse.export_serial_numbers()); },
       .unauthenticated = true,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .signs = false,
       .needs_initialized = false},
      {.name = "getCurrentTransactionCounter",
       .call = [](SoftTse& tse) { return status_of(tse.current_transaction_counter()); },
       .unauthenticated = true,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .signs = false,
       .needs_initialized = false},
      {.name = "getLastLogMessage",
       .call = [](SoftTse& tse) { return status_of(tse.last_log_message()); },
       .unauthenticated = true,
       .logger = true,
       .admin = true,
       .time_admin = false,
       .signs = false,
       .needs_initialized = false},
      {.name = "disableSecureElement",
       .call = [](SoftTse& tse) { return tse.disable_secure_element(); },
       .unauthenticated = false,
       .logger = false,
       .admin = true,
       .time_admin = false},
  };
}

enum class User { nobody, logger, admin, time_admin };

void become(TestDevice& device, User user) {
  SoftTse& tse = device.tse();
  switch (user) {
    case User::nobody:
      static_cast<void>(tse.log_out().ok());
      return;
    case User::logger:
      ASSERT_TRUE(succeeded(tse.log_in(TseUser::logger, secret("logger pin"))));
      return;
    case User::admin:
      ASSERT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
      return;
    case User::time_admin:
      ASSERT_TRUE(succeeded(tse.log_in(TseUser::time_admin, secret("time pin"))));
      return;
  }
}

bool may(const Function& function, User user) {
  switch (user) {
    case User::nobody:
      return function.unauthenticated;
    case User::logger:
      return function.logger;
    case User::admin:
      return function.admin;
    case User::time_admin:
      return function.time_admin;
  }
  return false;
}

TEST(Roles, OfGeneration2AreThoseOfTheTable) {
  for (const Function& function : functions()) {
    for (const User user : {User::nobody, User::logger, User::admin, User::time_admin}) {
      TestDevice device({.generation = two});
      device.commission({"KASSE-1", "KASSE-2"});
      become(device, user);
      const Status done = function.call(device.tse());
      if (function.name == "initialize" && may(function, user)) {
        EXPECT_TRUE(failed_with(done, "ErrorDeviceIsInitialized"));
      } else if (may(function, user)) {
        EXPECT_TRUE(succeeded(done)) << function.name << " as " << static_cast<int>(user);
      } else {
        EXPECT_TRUE(failed_with(
            done, user == User::nobody ? "ErrorUserNotAuthenticated" : "ErrorUserNotAuthorized"))
            << function.name << " as " << static_cast<int>(user);
      }
    }
  }
}

TEST(Roles, OfGeneration1RestrictOnlyWhatTheTextRestricts) {
  TestDevice device;
  device.commission();
  SoftTse& tse = device.tse();
  EXPECT_TRUE(succeeded(tse.register_client("KASSE-2")));
  EXPECT_TRUE(succeeded(device.start("KASSE-2")));
  EXPECT_TRUE(succeeded(tse.self_test()));
  EXPECT_FALSE(device.logs().empty());
  for (const Status& refused :
       {tse.initialize(), tse.update_time(device.clock().now().wall), tse.disable(),
        tse.delete_log_messages(), tse.lock_transaction_logging()}) {
    EXPECT_TRUE(failed_with(refused, "ErrorUserNotAuthenticated"));
  }
  become(device, User::time_admin);
  EXPECT_TRUE(failed_with(tse.disable(), "ErrorUserNotAuthorized"));
  EXPECT_TRUE(succeeded(tse.update_time(device.clock().now().wall + std::chrono::hours(1))));
  EXPECT_TRUE(failed_with(tse.log_in(TseUser::logger, secret("1234")), "unknownUserId"));
  EXPECT_TRUE(failed_with(tse.set_description("TEST"), "ErrorFunctionNotSupported"));
}

/// The generic checks, each wrong thing alone and all that come after it wrong too.
TEST(OrderOfChecks, IsDisabledUserInitializedCertificateTimeLocked) {
  for (const Function& function : functions()) {
    if (!function.signs) continue;
    {
      TestDevice device({.generation = two});
      ASSERT_TRUE(succeeded(device.create()));
      become(device, function.logger && !function.admin ? User::logger : User::admin);
      const Status done = function.call(device.tse());
      if (function.needs_initialized) {
        EXPECT_TRUE(failed_with(done, "ErrorDeviceNotInitialized")) << function.name;
      } else {
        EXPECT_TRUE(succeeded(done)) << function.name;
      }
    }
    if (function.needs_time) {
      TestDevice device({.generation = two});
      ASSERT_TRUE(succeeded(device.create()));
      become(device, User::admin);
      ASSERT_TRUE(succeeded(device.tse().initialize()));
      if (function.logger && !function.admin) become(device, User::logger);
      EXPECT_TRUE(failed_with(function.call(device.tse()), "ErrorTimeNotSet")) << function.name;
    }
    {
      TestDevice device({.generation = two});
      device.commission({"KASSE-1", "KASSE-2"});
      become(device, User::admin);
      ASSERT_TRUE(succeeded(device.tse().disable()));
      EXPECT_TRUE(failed_with(function.call(device.tse()), "ErrorSecureElementDisabled"))
          << function.name;
    }
    {
      TestDevice device({.generation = two});
      device.commission({"KASSE-1", "KASSE-2"});
      device.pass(std::chrono::hours(24 * 365 * 6));
      become(device, function.logger && !function.admin ? User::logger : User::admin);
      const Status done = function.call(device.tse());
      // The end of a life can always be logged.
      if (function.name == "disableSecureElement") {
        EXPECT_TRUE(succeeded(done));
      } else {
        EXPECT_TRUE(failed_with(done, "ErrorCertificateExpired")) << function.name;
      }
    }
  }
}

TEST(Lock, StopsTransactionsAndNothingElse) {
  TestDevice device;
  device.commission();
  become(device, User::admin);
  SoftTse& tse = device.tse();
  const auto open = device.start();
  ASSERT_TRUE(open.ok());
  EXPECT_TRUE(failed_with(tse.lock_transaction_logging(), "ErrorOpenTransactionFound"));
  EXPECT_TRUE(failed_with(tse.unlock_transaction_logging(), "ErrorTransactionLoggingNotLocked"));
  ASSERT_TRUE(succeeded(device.finish(open->transaction)));
  ASSERT_TRUE(succeeded(tse.lock_transaction_logging()));
  ASSERT_TRUE(succeeded(device.open()));
  EXPECT_TRUE(failed_with(device.start(), "ErrorTransactionLoggingLocked"));
  EXPECT_EQ(device.tse().status()->state, "locked");
  become(device, User::admin);
  EXPECT_TRUE(succeeded(device.tse().unlock_transaction_logging()));
  EXPECT_TRUE(succeeded(device.start()));
}

TEST(SecureState, StopsTransactionsUntilItIsLeft) {
  TestDevice device;
  device.commission();
  ASSERT_TRUE(succeeded(device.tse().enter_secure_state()));
  ASSERT_TRUE(succeeded(device.open()));
  EXPECT_EQ(device.tse().status()->state, "secure");
  EXPECT_TRUE(failed_with(device.start(), "ErrorSecureState"));
  EXPECT_TRUE(failed_with(device.tse().exit_secure_state(), "ErrorUserNotAuthenticated"));
  become(device, User::admin);
  ASSERT_TRUE(succeeded(device.tse().exit_secure_state()));
  EXPECT_TRUE(succeeded(device.start()));
}

TEST(SelfTest, IsDueAfter25Hours) {
  TestDevice device;
  device.commission();
  device.pass(std::chrono::hours(25));
  EXPECT_TRUE(succeeded(device.start()));
  device.pass(std::chrono::milliseconds(1));
  EXPECT_TRUE(device.tse().status()->self_test_due);
  EXPECT_TRUE(failed_with(device.start(), "ErrorSelfTestDue"));
  ASSERT_TRUE(succeeded(device.tse().self_test()));
  EXPECT_TRUE(succeeded(device.start()));
}

// ---- PIN and PUK

class Pins : public ::testing::TestWithParam<Generation> {};

TEST_P(Pins, ThreeWrongOnesBlockAndThePukOpens) {
  const Generation generation = GetParam();
  TestDevice device({.generation = generation});
  device.commission();
  SoftTse& tse = device.tse();
  const std::string admin = admin_of(generation);
  for (int left = 2; left >= 0; --left) {
    const Status wrong = tse.authenticate_user(admin, secret("0000"));
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, "E-TSE-210");
    EXPECT_THAT(wrong.error().detail, ::testing::HasSubstr(std::to_string(left) + " tries"));
    EXPECT_EQ(tse.pin_tries_left(TseUser::admin).value(), static_cast<unsigned>(left));
  }
  EXPECT_EQ(tse.authenticate_user(admin, secret("admin pin")).error().code, "E-TSE-211");
  ASSERT_TRUE(succeeded(device.open()));
  EXPECT_EQ(device.tse().authenticate_user(admin, secret("admin pin")).error().code, "E-TSE-211");
  EXPECT_EQ(device.tse().unblock_pin(admin, secret("bad puk"), secret("new pin")).error().code,
            "E-TSE-213");
  ASSERT_TRUE(succeeded(device.tse().unblock_pin(admin, secret("admin puk"), secret("new pin"))));
  EXPECT_FALSE(device.tse().authenticate_user(admin, secret("admin pin")).ok());
  EXPECT_TRUE(succeeded(device.tse().authenticate_user(admin, secret("new pin"))));
}

TEST_P(Pins, ARightOneGivesTheTriesBack) {
  const Generation generation = GetParam();
  TestDevice device({.generation = generation});
  device.commission();
  const std::string admin = admin_of(generation);
  for (int round = 0; round < 4; ++round) {
    EXPECT_FALSE(device.tse().authenticate_user(admin, secret("0000")).ok());
    EXPECT_FALSE(device.tse().authenticate_user(admin, secret("0000")).ok());
    ASSERT_TRUE(succeeded(device.tse().authenticate_user(admin, secret("admin pin"))));
  }
}

TEST_P(Pins, ASignerThatFailsEatsNoTries) {
  const Generation generation = GetParam();
  TestDevice device({.generation = generation});
  device.commission();
  for (int i = 0; i < 5; ++i) {
    device.signing().fail_next = 2;
    const Status failed = device.tse().log_in(TseUser::admin, secret("admin pin"));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().code, "E-TSE-409");
  }
  device.signing().fail_next = 0;
  EXPECT_TRUE(succeeded(device.tse().log_in(TseUser::admin, secret("admin pin"))));
}

TEST_P(Pins, WrongPuksAreAnsweredLaterAndLater) {
  const Generation generation = GetParam();
  TestDevice device({.generation = generation});
  device.commission();
  const std::string admin = admin_of(generation);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(device.tse().unblock_pin(admin, secret("bad puk"), secret("1234")).error().code,
              "E-TSE-213");
  }
  EXPECT_EQ(device.tse().unblock_pin(admin, secret("admin puk"), secret("1234")).error().code,
            "E-TSE-214");
  // Not forgotten by a power cut.
  device.crash(Tear::nothing);
  ASSERT_TRUE(succeeded(device.open()));
  EXPECT_EQ(device.tse().unblock_pin(admin, secret("admin puk"), secret("1234")).error().code,
            "E-TSE-214");
  device.pass(std::chrono::seconds(61));
  EXPECT_TRUE(succeeded(device.tse().unblock_pin(admin, secret("admin puk"), secret("1234"))));
  EXPECT_EQ(device.tse().unblock_pin(admin, secret("admin puk"), secret("123")).error().code,
            "E-TSE-219");
  EXPECT_EQ(device.tse().unblock_pin("root", secret("admin puk"), secret("1234")).error().code,
            "E-TSE-212");
}

TEST_P(Pins, MustHaveALengthWhenTheDeviceIsMade) {
  TestDevice device({.generation = GetParam()});
  CreateOptions options = device.create_options();
  options.time_admin.pin = secret("123");
  const auto made = SoftTse::create(options, device.signer(), device.environment());
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, "E-TSE-219");
}

INSTANTIATE_TEST_SUITE_P(Softtse, Pins, ::testing::Values(one, two), [](const auto& tested) {
  return tested.param == one ? "generation_1" : "generation_2";
});

std::vector<std::string> events_of(TestDevice& device) {
  std::vector<std::string> out;
  for (const auto& file : device.logs()) {
    const std::size_t at = file.name.find("_Log-Sys_");
    if (at != std::string::npos) {
      out.push_back(file.name.substr(at + 9, file.name.size() - at - 13));
    }
  }
  return out;
}

TEST(LogOut, IsLoggedForTheUserTheNextUserAndTheClock) {
  TestDevice device({.generation = two});
  ASSERT_TRUE(succeeded(device.create()));
  SoftTse& tse = device.tse();
  EXPECT_TRUE(failed_with(tse.log_out(), "ErrorUserNotAuthenticated"));
  become(device, User::admin);
  become(device, User::time_admin);
  ASSERT_TRUE(succeeded(tse.log_out()));
  become(device, User::admin);
  device.pass(std::chrono::minutes(16));
  EXPECT_TRUE(failed_with(tse.initialize(), "ErrorUserNotAuthenticated"));
  become(device, User::logger);
  device.pass(std::chrono::hours(20));
  EXPECT_TRUE(failed_with(tse.initialize(), "ErrorUserNotAuthorized"));
  EXPECT_THAT(events_of(device),
              ::testing::ElementsAre("startAudit", "authenticateUser", "logOut", "authenticateUser",
                                     "logOut", "authenticateUser", "logOut", "authenticateUser"));
}

// ---- clients

TEST(Clients, AreCheckedCountedAndKept) {
  TestDevice device({.limits = {.clients = 3}});
  device.commission();
  SoftTse& tse = device.tse();
  EXPECT_TRUE(failed_with(tse.register_client("KASSE-1"), "ErrorClientAlreadyRegistered"));
  for (const char* bad : {"", "a/b", "a_b", "a:b", "a?b", "a*b", "K\xC3\xA4se", "a\nb"}) {
    EXPECT_TRUE(failed_with(tse.register_client(bad), "ErrorInvalidClientIdCharacter")) << bad;
  }
  EXPECT_TRUE(failed_with(tse.register_client(std::string(129, 'a')), "ErrorParameterTooLong"));
  EXPECT_TRUE(succeeded(tse.register_client("Kasse '2' (b) + c, d-e.f=g")));
  EXPECT_TRUE(succeeded(tse.register_client(std::string(128, 'a'))));
  EXPECT_TRUE(failed_with(tse.register_client("4"), "ErrorClientLimitReached"));
  EXPECT_TRUE(failed_with(tse.deregister_client("4"), "ErrorClientNotRegistered"));
  EXPECT_TRUE(succeeded(tse.deregister_client("KASSE-1")));
  ASSERT_TRUE(succeeded(device.open()));
  EXPECT_TRUE(failed_with(device.start(), "ErrorClientNotRegistered"));
  EXPECT_EQ(*device.tse().current_number_of_clients(), 2U);
  EXPECT_EQ(device.tse().registered_clients()->size(), 2U);
  EXPECT_TRUE(succeeded(device.tse().register_client("KASSE-1")));
  const auto open = device.start();
  ASSERT_TRUE(open.ok());
  EXPECT_TRUE(failed_with(device.tse().deregister_client("KASSE-1"), "ErrorOpenTransactionFound"));
  // A long client id needs a long name in the archive.
  EXPECT_TRUE(succeeded(device.start(std::string(128, 'a'))));
  MemorySink sink;
  EXPECT_TRUE(succeeded(device.tse().export_log_messages(sink)));
}

// ---- limits

TEST(Limits, OfOpenTransactionsSignaturesNumbersAndMemory) {
  {
    TestDevice device({.limits = {.open_transactions = 2}});
    device.commission();
    EXPECT_TRUE(succeeded(device.start()));
    EXPECT_TRUE(succeeded(device.start()));
    EXPECT_TRUE(failed_with(device.start(), "ErrorLimitOfSimultaneousOpenTransactionsReached"));
    EXPECT_TRUE(succeeded(device.finish(1)));
    EXPECT_TRUE(succeeded(device.start()));
  }
  {
    TestDevice device({.limits = {.signatures = 8}});
    device.commission();
    while (device.start().ok()) {
    }
    EXPECT_EQ(device.tse().status()->signatures_left, 0U);
    EXPECT_TRUE(failed_with(device.start(), "ErrorSignatureCounterExhausted"));
  }
  {
    TestDevice device({.limits = {.transactions = 2}});
    device.commission();
    EXPECT_TRUE(succeeded(device.start()));
    EXPECT_TRUE(succeeded(device.start()));
    EXPECT_TRUE(failed_with(device.start(), "ErrorTransactionCounterExhausted"));
  }
  {
    TestDevice device({.generation = two, .limits = {.storage_bytes = 4096}});
    device.commission();
    Status last = Ok{};
    for (int i = 0; i < 100 && last.ok(); ++i) last = status_of(device.start());
    EXPECT_TRUE(failed_with(last, "ErrorStorageMemoryFull"));
    EXPECT_LE(device.tse().status()->storage_used_bytes, 4096U);
    EXPECT_TRUE(succeeded(device.tse().export_serial_numbers()));
  }
}

TEST(ProcessData, AndTypeHaveLimits) {
  TestDevice device({.limits = {.process_data_bytes = 100'000}});
  device.commission();
  SoftTse& tse = device.tse();
  const auto with = [&](std::size_t type, std::size_t data) {
    return tse.start_transaction({.client = "KASSE-1",
                                  .process_type = std::string(type, 'T'),
                                  .process_data = std::string(data, '\x01')});
  };
  EXPECT_TRUE(succeeded(with(100, 100'000)));
  EXPECT_TRUE(failed_with(with(101, 0), "ErrorParameterTooLong"));
  EXPECT_TRUE(failed_with(with(0, 100'001), "ErrorParameterTooLong"));
  EXPECT_TRUE(failed_with(tse.start_transaction({.client = "KASSE-1", .process_type = "\xC3\xA4"}),
                          "ErrorParameterSyntax"));
}

TEST(SigningFailure, LeavesAGapInBothCounters) {
  TestDevice device;
  device.commission();
  const auto first = device.start();
  device.signing().fail_next = 1;
  EXPECT_TRUE(failed_with(device.start(), "ErrorSigningSystemOperationDataFailed"));
  const auto third = device.start();
  ASSERT_TRUE(first.ok() && third.ok());
  EXPECT_EQ(third->signature->counter, first->signature->counter + 2);
  EXPECT_EQ(third->transaction, first->transaction + 2);
}

// ---- time

TEST(Time, IsTheDevicesOwnWhateverTheMachineSays) {
  TestDevice device;
  device.commission();
  device.pass(std::chrono::seconds(10));
  const Instant truth = device.clock().now().wall;
  device.clock().set_wall(truth + std::chrono::hours(1000));
  const auto started = device.start();
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(started->signature->log_time, truth);
}

TEST(Time, StepsAreLoggedSlewsAreNot) {
  TestDevice device({.time_format = TimeFormat::generalized_time_with_ms});
  device.commission();
  become(device, User::time_admin);
  SoftTse& tse = device.tse();
  const auto count = [&] {
    return std::ranges::count(events_of(device), std::string("UpdateTime"));
  };
  const auto before = count();
  ASSERT_TRUE(succeeded(tse.update_time(tse.status()->time + std::chrono::milliseconds(128))));
  EXPECT_EQ(count(), before);
  const Instant start = tse.status()->time;
  device.pass(std::chrono::seconds(100));
  EXPECT_EQ((tse.status()->time - start).count(), 100'050);
  device.pass(std::chrono::seconds(1000));
  EXPECT_EQ((tse.status()->time - start).count(), 1'100'128);
  become(device, User::time_admin);
  ASSERT_TRUE(succeeded(tse.update_time(tse.status()->time + std::chrono::milliseconds(129))));
  EXPECT_EQ(count(), before + 1);
  ASSERT_TRUE(succeeded(tse.update_time(tse.status()->time - std::chrono::hours(1))));
  EXPECT_EQ(count(), before + 2);
  EXPECT_TRUE(failed_with(tse.update_time(Instant()), "ErrorUpdateTimeFailed"));
}

TEST(Time, IsNotSetAfterPowerLossIfTheClockIsLost) {
  TestDevice device({.generation = two, .clock = ClockWithoutPower::lost});
  device.commission();
  device.restart();
  EXPECT_TRUE(failed_with(device.start(), "ErrorTimeNotSet"));
  EXPECT_EQ(device.tse().status()->time, Instant());
  become(device, User::time_admin);
  ASSERT_TRUE(succeeded(device.tse().update_time(device.clock().now().wall)));
  become(device, User::logger);
  EXPECT_TRUE(succeeded(device.start()));
  // Messages between carry the time 0.
  bool zero = false;
  for (const auto& file : device.logs()) zero = zero || file.name.starts_with("Unixt_0_");
  EXPECT_TRUE(zero);
}

TEST(Time, IsNotBelievedIfTheMachineWentBackWhileTheDeviceWasOff) {
  TestDevice device;
  device.commission();
  ASSERT_TRUE(succeeded(device.start()));
  device.clock().set_wall(device.clock().now().wall - std::chrono::hours(2));
  ASSERT_TRUE(succeeded(device.open()));
  EXPECT_TRUE(failed_with(device.start(), "ErrorTimeNotSet"));
  become(device, User::time_admin);
  ASSERT_TRUE(succeeded(device.tse().update_time(device.clock().now().wall)));
  EXPECT_TRUE(succeeded(device.start()));
}

// ---- updates

struct UpdateStep {
  std::string data, type = "Bestellung-V1", client = "KASSE-1";
  bool force = false;
};

UpdateResult update(TestDevice& device, const UpdateStep& step) {
  auto result = device.tse().update_transaction({.client = step.client,
                                                 .transaction = 1,
                                                 .process_type = step.type,
                                                 .process_data = step.data,
                                                 .force_signature = step.force});
  EXPECT_TRUE(succeeded(result));
  return result.ok() ? std::move(result).value() : UpdateResult{};
}

/// processData of all update messages, in order.
std::vector<std::string> updates_of(TestDevice& device) {
  std::vector<std::string> out;
  for (const auto& file : device.logs()) {
    const auto parsed = parse_message(file.bytes);
    EXPECT_TRUE(parsed.ok());
    if (parsed->kind == LogKind::transaction && parsed->operation == TseCall::Operation::update) {
      out.push_back(std::string(parsed->client) + "|" + std::string(parsed->process_type) + "|" +
                    std::string(text_of(parsed->process_data)));
    }
  }
  return out;
}

TEST(Updates, AlwaysSignedAreOneMessageEach) {
  TestDevice device;
  device.commission();
  ASSERT_TRUE(succeeded(device.start()));
  for (const char* data : {"a", "b"}) {
    const UpdateResult result = update(device, {.data = data});
    EXPECT_EQ(result.protection, UpdateProtection::no_prev_passed_protected);
    EXPECT_TRUE(result.signature.has_value());
  }
  EXPECT_THAT(updates_of(device),
              ::testing::ElementsAre("KASSE-1|Bestellung-V1|a", "KASSE-1|Bestellung-V1|b"));
  EXPECT_EQ(*device.tse().transaction_state(1), TransactionState::updated);
}

TEST(Updates, AggregatedAreSignedWhenTheRulesSay) {
  using enum UpdateProtection;
  TestDevice device({.updates = UpdateVariant::aggregating, .limits = {.pending_bytes = 10}});
  device.commission({"KASSE-1", "KASSE-2"});
  ASSERT_TRUE(succeeded(device.start()));
  EXPECT_EQ(update(device, {.data = "a"}).protection, no_prev_passed_in_mem);
  EXPECT_EQ(*device.tse().transaction_state(1), TransactionState::updated_with_unprotected_data);
  EXPECT_EQ(update(device, {.data = "b"}).protection, prev_and_passed_in_mem);
  // a: forced
  EXPECT_EQ(update(device, {.data = "c", .force = true}).protection, prev_and_passed_protected);
  EXPECT_EQ(update(device, {.data = "d", .force = true}).protection, no_prev_passed_protected);
  // c: another type, another client
  EXPECT_EQ(update(device, {.data = "e"}).protection, no_prev_passed_in_mem);
  const UpdateResult changed = update(device, {.data = "f", .type = "SonstigerVorgang"});
  EXPECT_EQ(changed.protection, prev_protected_passed_in_mem);
  EXPECT_TRUE(changed.protected_update.has_value());
  EXPECT_FALSE(changed.signature.has_value());
  const UpdateResult other =
      update(device, {.data = "g", .type = "SonstigerVorgang", .client = "KASSE-2", .force = true});
  EXPECT_EQ(other.protection, prev_protected_passed_protected);
  EXPECT_LT(other.protected_update->counter, other.signature->counter);
  // d: memory
  EXPECT_EQ(update(device, {.data = "12345"}).protection, no_prev_passed_in_mem);
  EXPECT_EQ(update(device, {.data = "678901"}).protection, prev_and_passed_protected);
  EXPECT_EQ(update(device, {.data = "12345678901"}).protection, no_prev_passed_protected);
  // b: finish protects first, and holds only its own data
  EXPECT_EQ(update(device, {.data = "last"}).protection, no_prev_passed_in_mem);
  const auto finished = device.finish(1);
  ASSERT_TRUE(succeeded(finished));
  ASSERT_TRUE(finished->protected_update.has_value());
  EXPECT_LT(finished->protected_update->counter, finished->signature->counter);
  EXPECT_THAT(
      updates_of(device),
      ::testing::ElementsAre("KASSE-1|Bestellung-V1|abc", "KASSE-1|Bestellung-V1|d",
                             "KASSE-1|Bestellung-V1|e", "KASSE-1|SonstigerVorgang|f",
                             "KASSE-2|SonstigerVorgang|g", "KASSE-1|Bestellung-V1|12345678901",
                             "KASSE-1|Bestellung-V1|12345678901", "KASSE-1|Bestellung-V1|last"));
  EXPECT_EQ(*device.tse().transaction_state(1), TransactionState::finished);
}

TEST(Updates, AreProtectedByTheFirstCallAfterTheDelay) {
  TestDevice device({.updates = UpdateVariant::aggregating,
                     .limits = {.protection_delay = std::chrono::seconds(30)}});
  device.commission();
  ASSERT_TRUE(succeeded(device.start()));
  update(device, {.data = "a"});
  ASSERT_TRUE(succeeded(device.start()));
  EXPECT_TRUE(updates_of(device).empty());
  device.pass(std::chrono::seconds(31));
  ASSERT_TRUE(succeeded(device.start()));
  EXPECT_THAT(updates_of(device), ::testing::ElementsAre("KASSE-1|Bestellung-V1|a"));
}

TEST(Updates, WithAdditionalDataAreSignedAtOnce) {
  TestDevice device({.updates = UpdateVariant::aggregating});
  device.commission();
  ASSERT_TRUE(succeeded(device.start()));
  update(device, {.data = "a"});
  auto result = device.tse().update_transaction({.client = "KASSE-1",
                                                 .transaction = 1,
                                                 .process_type = "Bestellung-V1",
                                                 .process_data = "b",
                                                 .additional_external_data = Bytes(3)});
  ASSERT_TRUE(succeeded(result));
  EXPECT_EQ(result->protection, UpdateProtection::prev_protected_passed_protected);
  EXPECT_THAT(updates_of(device),
              ::testing::ElementsAre("KASSE-1|Bestellung-V1|a", "KASSE-1|Bestellung-V1|b"));
}

// ---- making and opening

TEST(Open, RefusesAnotherKeyAnotherFileAndASecondCreation) {
  TestDevice device;
  device.commission();
  const auto again =
      SoftTse::create(device.create_options(), device.signer(), device.environment());
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "E-TSE-230");
  TestDevice other;
  ASSERT_TRUE(succeeded(device.tse().close()));
  const auto wrong_key = SoftTse::open(device.place(), other.signer(), device.environment());
  ASSERT_FALSE(wrong_key.ok());
  EXPECT_EQ(wrong_key.error().code, "E-TSE-232");
  device.disk().replace("/junk.db", Bytes(4096, std::byte{7}));
  const auto junk = SoftTse::open({.file = "/junk.db", .vfs = device.disk().name()},
                                  device.signer(), device.environment());
  EXPECT_FALSE(junk.ok());
}

TEST(Open, RefusesANewerStoreAndWritesNothing) {
  TestDevice device;
  device.commission();
  ASSERT_TRUE(succeeded(device.tse().close()));
  {
    auto database = sqlite::Database::open({.path = "/tse.db", .vfs = device.disk().name()});
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->execute("PRAGMA user_version=2").ok());
  }
  const Bytes before = device.disk().content("/tse.db");
  const Status opened = device.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, "E-TSE-231");
  EXPECT_EQ(device.disk().content("/tse.db"), before);
}

TEST(Open, OnTheSystemsDiskLocksTheFile) {
  TestDevice device;
  const auto folder = real_folder("lock");
  const StorePlace place{.file = folder / "tse.db", .vfs = {}};
  CreateOptions options = device.create_options();
  options.store = place;
  auto tse = SoftTse::create(options, device.signer(), device.environment());
  ASSERT_TRUE(succeeded(tse));
  ASSERT_TRUE(succeeded((*tse)->commission(
      secret("admin pin"), {.now = device.clock().now().wall, .clients = {"KASSE-1"}})));
  const auto second = SoftTse::open(place, device.signer(), device.environment());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "E-DAT-001");
  EXPECT_TRUE(succeeded(perform_one(**tse, testing::start_call())));
  ASSERT_TRUE(succeeded((*tse)->close()));
  EXPECT_FALSE(perform_one(**tse, testing::start_call()).ok());
  const auto third = SoftTse::open(place, device.signer(), device.environment());
  EXPECT_TRUE(succeeded(third));
  EXPECT_EQ((*third)->open_transactions(std::nullopt)->size(), 1U);
}

TEST(Marking, SaysTestInDescriptionAndCertificates) {
  TestDevice device;
  device.commission();
  become(device, User::admin);
  EXPECT_THAT(*device.tse().description(), ::testing::HasSubstr("TEST"));
  EXPECT_LE(device.tse().description()->size(), 64U);
  EXPECT_FALSE(device.tse().identity()->certified);
  TestDevice second({.generation = two});
  second.commission();
  become(second, User::admin);
  EXPECT_TRUE(failed_with(second.tse().set_description("A real TSE"), "ErrorParameterSyntax"));
  EXPECT_TRUE(
      failed_with(second.tse().set_description(std::string(65, 'T')), "ErrorParameterTooLong"));
}

}  // namespace
}  // namespace siegel::device::softtse
