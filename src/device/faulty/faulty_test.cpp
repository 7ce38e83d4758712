#include "device/faulty/faulty.h"

#include <thread>

#include "device/softtse/test_device.h"
#include "device/testing/contract.h"

namespace siegel::device {
namespace {

using softtse::TestDevice;
using testing::CollectedAnswers;
using testing::perform_one;

/// A software TSE whose ownership the decorator has.
class Wrapped final : public Tse {
 public:
  explicit Wrapped(Tse& tse) : m_tse(&tse) {}
  void point_to(Tse& tse) { m_tse = &tse; }
  Result<TseInfo> identity() override { return m_tse->identity(); }
  Result<TseStatus> status() override { return m_tse->status(); }
  void perform(std::span<const TseCall> calls, TseAnswers& answers) override {
    batches.push_back(calls.size());
    m_tse->perform(calls, answers);
  }
  Result<std::vector<TseTransaction>> open_transactions(
      std::optional<std::string> client) override {
    return m_tse->open_transactions(std::move(client));
  }
  Result<std::optional<TseTransaction>> find(const std::string& client,
                                             std::uint64_t number) override {
    return m_tse->find(client, number);
  }
  Result<std::vector<TseTransaction>> transactions_after(const std::string& client,
                                                         std::uint64_t after,
                                                         std::size_t count_max) override {
    return m_tse->transactions_after(client, after, count_max);
  }
  Status self_test() override { return m_tse->self_test(); }
  Status set_time(Instant now) override { return m_tse->set_time(now); }
  Status export_log(const TseFilter& filter, Sink& sink) override {
    return m_tse->export_log(filter, sink);
  }
  Status log_in(TseUser user, const crypto::SecretBytes& pin) override {
    return m_tse->log_in(user, pin);
  }
  Status log_out() override { return m_tse->log_out(); }
  Status register_client(const std::string& client) override {
    return m_tse->register_client(client);
  }
  Status deregister_client(const std::string& client) override {
    return m_tse->deregister_client(client);
  }
  Status disable() override { return m_tse->disable(); }

  [[nodiscard]] bool joins_calls() const override { return m_tse->joins_calls(); }

  std::vector<std::size_t> batches;

 private:
  Tse* m_tse;
};

class RecordingSleeper final : public Sleeper {
 public:
  void sleep(std::chrono::milliseconds duration) override { slept.push_back(duration.count()); }
  std::vector<std::int64_t> slept;
};

class FaultyDevice final : public testing::TseUnderTest {
 public:
  FaultyDevice() : m_random(3) {
    m_device.commission();
    auto wrapped = std::make_unique<Wrapped>(m_device.tse());
    m_wrapped = wrapped.get();
    m_faulty = std::make_unique<FaultyTse>(std::move(wrapped), FaultScript{}, m_random, m_sleeper);
  }
  Tse& tse() override { return *m_faulty; }
  void restart() override {
    m_device.restart();
    m_wrapped->point_to(m_device.tse());
  }
  void pass(std::chrono::milliseconds time) override { m_device.pass(time); }
  crypto::SecretBytes admin_pin() override { return m_device.admin_pin(); }

  FaultyTse& faulty() { return *m_faulty; }
  TestDevice& inner() { return m_device; }
  Wrapped& wrapped() { return *m_wrapped; }
  RecordingSleeper& sleeper() { return m_sleeper; }
  void script(std::vector<FaultRule> rules) { m_faulty->set_script({std::move(rules)}); }
  std::uint64_t counter() { return m_device.tse().status()->signature_counter; }

 private:
  TestDevice m_device;
  SeededRandom m_random;
  RecordingSleeper m_sleeper;
  Wrapped* m_wrapped = nullptr;
  std::unique_ptr<FaultyTse> m_faulty;
};

TEST(FaultyTse, RefusalsHaveTheCodesOfTheDeviceAndReachNothing) {
  FaultyDevice device;
  const std::uint64_t before = device.counter();
  const std::vector<std::pair<Fault, std::string>> cases = {
      {Fault::dead, "E-TSE-402"},
      {Fault::full, "E-TSE-403"},
      {Fault::expired, "E-TSE-404"},
      {Fault::time_not_set, "E-TSE-406"},
      {Fault::answer_lost_before, "E-TSE-104"}};
  for (const auto& [fault, code] : cases) {
    device.script({{.fault = fault}});
    const auto answer = perform_one(device.tse(), testing::start_call());
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, code);
    EXPECT_EQ(answer.error().kind,
              fault == Fault::answer_lost_before ? ErrorKind::unknown : ErrorKind::unavailable);
  }
  EXPECT_EQ(device.counter(), before);
}

TEST(FaultyTse, AnAnswerLostAfterSigningIsInTheDevice) {
  FaultyDevice device;
  device.script({{.fault = Fault::answer_lost_after}});
  const auto answer = perform_one(device.tse(), testing::start_call());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
  device.script({});
  const auto open = device.tse().open_transactions("KASSE-1");
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->size(), 1U);
}

TEST(FaultyTse, AFinishMayFailApartFromTheStartItIsJoinedTo) {
  for (const auto& [fault, left_open] : std::vector<std::pair<Fault, std::size_t>>{
           {Fault::dead, 1}, {Fault::answer_lost_after, 0}, {Fault::garbled_signature, 0}}) {
    FaultyDevice device;
    device.script({{.fault = fault, .operation = FaultyOperation::finish}});
    const std::vector<TseCall> calls = {testing::start_call(), testing::joined_finish()};
    CollectedAnswers answers(calls.size());
    device.tse().perform(calls, answers);
    ASSERT_TRUE(answers.complete());
    EXPECT_TRUE(answers.at(0).ok());
    EXPECT_EQ(answers.at(1).ok(), fault == Fault::garbled_signature);
    EXPECT_EQ(device.inner().tse().open_transactions("KASSE-1")->size(), left_open);
  }
  FaultyDevice device;
  device.script({{.fault = Fault::answer_lost_after, .operation = FaultyOperation::start}});
  const std::vector<TseCall> calls = {testing::start_call(), testing::joined_finish()};
  CollectedAnswers answers(calls.size());
  device.tse().perform(calls, answers);
  EXPECT_FALSE(answers.at(0).ok());
  EXPECT_FALSE(answers.at(1).ok()) << "nobody knows the number of what was started";
}

TEST(FaultyTse, OnlyTheCallsMeantFailAndTheRestOfTheBatchStaysTogether) {
  FaultyDevice device;
  device.script({{.fault = Fault::dead, .from_call = 4, .to_call = 4}});
  const std::vector<TseCall> calls(8, testing::start_call());
  CollectedAnswers answers(calls.size());
  device.tse().perform(calls, answers);
  ASSERT_TRUE(answers.complete());
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(answers.at(i).ok(), i != 3) << i;
  EXPECT_EQ(device.wrapped().batches, (std::vector<std::size_t>{3, 4}));
  EXPECT_EQ(device.faulty().calls(), 8U);
}

TEST(FaultyTse, ARuleMayBeForOneOperation) {
  FaultyDevice device;
  device.script({{.fault = Fault::dead, .operation = FaultyOperation::finish}});
  const auto started = perform_one(device.tse(), testing::start_call());
  ASSERT_TRUE(started.ok());
  EXPECT_FALSE(perform_one(device.tse(), testing::finish_call(started->transaction)).ok());
  device.script({});
  EXPECT_TRUE(perform_one(device.tse(), testing::finish_call(started->transaction)).ok());
}

TEST(FaultyTse, ChanceIsThatOfTheRandomGiven) {
  FaultyDevice device;
  device.script({{.fault = Fault::answer_lost_before, .chance_per_mille = 300}});
  int lost = 0;
  for (int i = 0; i < 400; ++i) {
    if (!perform_one(device.tse(), testing::start_call()).ok()) ++lost;
  }
  EXPECT_GT(lost, 80);
  EXPECT_LT(lost, 160);
}

TEST(FaultyTse, SlowWaitsAndWorks) {
  FaultyDevice device;
  device.script({{.fault = Fault::slow, .delay = std::chrono::milliseconds(1500)}});
  EXPECT_TRUE(perform_one(device.tse(), testing::start_call()).ok());
  EXPECT_TRUE(device.tse().self_test().ok());
  EXPECT_EQ(device.sleeper().slept, (std::vector<std::int64_t>{1500, 1500}));
}

TEST(FaultyTse, TheSystemSleeperWaits) {
  const auto before = system_clock().now().steady;
  system_sleeper().sleep(std::chrono::milliseconds(20));
  EXPECT_GE(system_clock().now().steady - before, std::chrono::milliseconds(19));
}

TEST(FaultyTse, WrongTimeShowsInAnswersAndStatus) {
  FaultyDevice device;
  device.script({{.fault = Fault::wrong_time, .delay = std::chrono::hours(48)}});
  const auto answer = perform_one(device.tse(), testing::start_call());
  ASSERT_TRUE(answer.ok());
  const Instant truth = device.inner().clock().now().wall;
  EXPECT_GT(answer->signature->log_time - truth, std::chrono::hours(47));
  EXPECT_GT(device.tse().status()->time - truth, std::chrono::hours(47));
}

TEST(FaultyTse, AHangingCallReturnsWhenReleasedAndHasDoneNothing) {
  FaultyDevice device;
  const std::uint64_t before = device.counter();
  device.script({{.fault = Fault::hang}});
  std::optional<Result<TseAnswer>> answer;
  std::thread lane([&] { answer.emplace(perform_one(device.tse(), testing::start_call())); });
  while (device.faulty().hanging() == 0) std::this_thread::yield();
  EXPECT_FALSE(answer.has_value());
  device.faulty().release();
  lane.join();
  ASSERT_TRUE(answer.has_value());
  ASSERT_FALSE(answer->ok());
  EXPECT_EQ(answer->error().kind, ErrorKind::unknown);
  EXPECT_EQ(device.counter(), before);
}

TEST(FaultyTse, AnEmptyExportSucceedsWithNothing) {
  FaultyDevice device;
  device.script({{.fault = Fault::empty_export}});
  MemorySink sink;
  EXPECT_TRUE(device.tse().export_log({}, sink).ok());
  EXPECT_TRUE(sink.bytes().empty());
}

TEST(FaultyTse, AGarbledSignatureIsNotTheOneInTheLog) {
  FaultyDevice device;
  device.script({{.fault = Fault::garbled_signature}});
  const auto answer = perform_one(device.tse(), testing::start_call());
  ASSERT_TRUE(answer.ok());
  device.script({});
  const auto found = device.tse().find("KASSE-1", answer->transaction);
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_NE((*found)->start.value, answer->signature->value);
}

TEST(FaultyTse, EveryFaultHasANameAndIsFoundByIt) {
  for (const Fault fault :
       {Fault::slow, Fault::dead, Fault::full, Fault::expired, Fault::time_not_set,
        Fault::wrong_time, Fault::answer_lost_after, Fault::answer_lost_before, Fault::hang,
        Fault::empty_export, Fault::garbled_signature}) {
    EXPECT_EQ(fault_by_name(fault_name(fault)), fault);
  }
  EXPECT_FALSE(fault_by_name("no such fault").has_value());
}

}  // namespace
}  // namespace siegel::device

namespace siegel::device::testing {

// With an empty script it is the device it stands before.
INSTANTIATE_TEST_SUITE_P(Faulty, TseContract,
                         ::testing::Values(TsePlug{.name = "empty_script",
                                                   .make = []() -> std::unique_ptr<TseUnderTest> {
                                                     return std::make_unique<FaultyDevice>();
                                                   }}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace siegel::device::testing
