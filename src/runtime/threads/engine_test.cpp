#include "runtime/threads/engine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "country/de/de.h"
#include "device/faulty/faulty.h"
#include "device/softkey/softkey.h"
#include "device/softtse/softtse.h"
#include "journal/memory/memory.h"
#include "model/codec.h"
#include "sqlite/testing/forgetful_vfs.h"

namespace siegel::runtime {
namespace {

using journal::memory::Store;
using recorder::Accepted;
using recorder::Sell;
using std::chrono::milliseconds;
using std::chrono::seconds;

RegisterId reg(std::size_t number) {
  return RegisterId::parse(fmt::format("KASSE-{}", number)).value();
}

Sell sale(std::size_t till, const std::string& key) {
  Sell sell;
  sell.register_id = reg(till);
  sell.key = key;
  LineDraft line;
  line.text = "Brot";
  line.amount = Money::from_cents(432);
  line.vat = "B";
  PaymentDraft payment;
  payment.amount = Money::from_cents(500);
  sell.draft.lines = {line};
  sell.draft.payments = {payment};
  return sell;
}

crypto::SecretBytes pin(std::string_view text) {
  return crypto::SecretBytes::copy_of(bytes_of(text));
}

/// A software TSE and a journal in memory under a real engine.
class EngineTest : public ::testing::Test {
 protected:
  static constexpr std::size_t registers = 8;

  void SetUp() override {
    auto key = device::SoftKey::generate(crypto::Curve::p256);
    ASSERT_TRUE(key.ok());
    device::softtse::CreateOptions options;
    options.store = {.file = "/tse.db", .vfs = m_disk.name()};
    options.admin = {.pin = pin("admin pin"), .puk = pin("admin puk")};
    options.time_admin = {.pin = pin("time pin"), .puk = pin("time puk")};
    auto tse = device::softtse::SoftTse::create(
        options, std::move(key).value(),
        {.clock = siegel::system_clock(), .random = system_random()});
    ASSERT_TRUE(tse.ok()) << tse.error().detail;
    device::softtse::Commissioning what{.now = siegel::system_clock().now().wall, .clients = {}};
    for (std::size_t i = 1; i <= registers; ++i) what.clients.push_back(reg(i).text());
    ASSERT_TRUE((*tse)->commission(pin("admin pin"), what).ok());
    m_info = (*tse)->identity().value();
    m_tse = std::make_unique<device::FaultyTse>(std::move(tse).value(), device::FaultScript{},
                                                system_random());
    m_journal = journal::memory::open(m_store).value();
    start();
    Business business;
    business.name = "Bäckerei";
    business.street = "Markt 1";
    business.postcode = "89073";
    business.city = "Ulm";
    business.tax_number = "88/123/45678";
    enter(business);
    // Long, so that only a device that is told to fail does, however busy the machine is.
    enter_deadline(5000);
    enter(m_info);
    for (std::size_t i = 1; i <= registers; ++i)
      enter(RegisterInfo{reg(i), "Kasse", m_info.serial});
  }
  void TearDown() override {
    m_tse->release();
    m_engine.reset();
  }
  void enter_deadline(int wait_ms) {
    Profile profile;
    profile.tse_deadline_ms = wait_ms;
    enter(profile);
  }
  void start() {
    Engine::Options options;
    options.clock = &siegel::system_clock();
    options.load = [this] { return fold(); };
    auto engine =
        Engine::start(*m_journal, m_germany, {{m_info.serial, m_tse.get()}}, std::move(options));
    ASSERT_TRUE(engine.ok());
    m_engine = std::move(engine).value();
  }
  Result<recorder::State> fold() {
    SIEGEL_TRY(const auto reader, m_journal->reader());
    recorder::State state;
    while (true) {
      SIEGEL_TRY(const auto some, reader->read(journal::Sequence(state.sequence + 1), 1000));
      if (some.empty()) return state;
      for (const journal::Entry& entry : some) SIEGEL_TRY_OK(state.apply(entry));
    }
  }
  template <class Value>
  void enter(Value value) {
    const auto done = m_engine->call("chef", recorder::Master{std::move(value), false});
    ASSERT_TRUE(done.ok()) << done.error().detail;
  }
  /// Sells until the journal takes it, as a till does that is told to repeat.
  Result<Accepted> sell_until_taken(std::size_t till, const std::string& key) {
    Result<Accepted> answer = unavailable("E-TST-001", "not asked");
    for (int i = 0; i < 10'000 && !answer; ++i) {
      if (i > 0) device::system_sleeper().sleep(milliseconds(1));
      answer = m_engine->call("anna", sale(till, key));
    }
    return answer;
  }
  std::uint64_t plans_of(const std::string& key) {
    std::uint64_t count = 0;
    for (const journal::Entry& entry : m_store.entries())
      count += entry.kind == entry_kind::plan && entry.key && entry.key->text == key ? 1U : 0U;
    return count;
  }

  sqlite::testing::ForgetfulDisk m_disk;
  Store m_store;
  TseInfo m_info;
  country::de::Germany m_germany;
  std::unique_ptr<device::FaultyTse> m_tse;
  std::unique_ptr<journal::Journal> m_journal;
  std::unique_ptr<Engine> m_engine;
};

TEST_F(EngineTest, WhatIsMeasuredOfItsDevicesCanBeAskedFor) {
  RecordProperty("proves", "FCC-009");
  for (std::size_t till = 1; till <= registers; ++till)
    ASSERT_TRUE(sell_until_taken(till, "k").ok());
  const auto loads = m_engine->loads();
  ASSERT_EQ(loads.size(), 1U);
  EXPECT_EQ(loads[0].device, m_info.serial);
  EXPECT_EQ(loads[0].condition, recorder::DeviceLoad::Condition::works);
  EXPECT_GE(loads[0].answers, registers);
  EXPECT_EQ(loads[0].queue, 0U);
  EXPECT_EQ(loads[0].registers.size(), registers);
}

TEST_F(EngineTest, AProbeIsWhatItsOwnerSays) {
  std::atomic<int> probes = 0;
  m_engine.reset();
  Engine::Options options;
  options.clock = &siegel::system_clock();
  options.load = [this] { return fold(); };
  options.probe = [&](const std::string& serial, device::Tse& tse, Now) -> Status {
    EXPECT_EQ(serial, m_info.serial);
    ++probes;
    return tse.self_test();
  };
  m_engine =
      Engine::start(*m_journal, m_germany, {{m_info.serial, m_tse.get()}}, std::move(options))
          .value();
  enter(TseSwitch{m_info.serial, TseSwitch::Mode::off, "geprüft"});
  const auto receipt = sell_until_taken(1, "off");
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->seal->error_code, "E-TSE-901");
  enter(TseSwitch{m_info.serial, TseSwitch::Mode::on, ""});
  ASSERT_TRUE(m_engine->settle(seconds(30)));
  EXPECT_EQ(probes, 1);
  EXPECT_EQ(sell_until_taken(1, "on")->seal->outcome, Seal::Outcome::signed_by_tse);
  m_engine.reset();
}

TEST_F(EngineTest, ASaleIsSignedAndItsRepetitionIsTheSame) {
  const auto first = m_engine->call("anna", sale(1, "k"));
  ASSERT_TRUE(first.ok()) << first.error().detail;
  EXPECT_EQ(first->seal->outcome, Seal::Outcome::signed_by_tse);
  const auto again = m_engine->call("anna", sale(1, "k"));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->sequence, first->sequence);
}

TEST_F(EngineTest, ManyThreadsGetOneReceiptEach) {
  constexpr std::size_t threads = 32;
  constexpr std::size_t sales = 20;
  std::atomic<std::uint64_t> answers = 0;
  std::vector<std::thread> tills;
  for (std::size_t t = 0; t < threads; ++t)
    tills.emplace_back([&, t] {
      for (std::size_t i = 0; i < sales; ++i) {
        const auto answer =
            m_engine->call("anna", sale(1 + t % registers, fmt::format("{}-{}", t, i)));
        if (answer.ok() && answer->seal && answer->seal->outcome == Seal::Outcome::signed_by_tse)
          ++answers;
      }
    });
  for (std::thread& till : tills) till.join();
  EXPECT_EQ(answers, threads * sales);
  EXPECT_TRUE(m_engine->settle(seconds(60)));
  std::set<std::uint64_t> counters;
  for (const journal::Entry& entry : m_store.entries()) {
    if (entry.kind != entry_kind::seal) continue;
    EXPECT_TRUE(counters.insert(seal_from_json(entry.payload)->signature_counter).second);
  }
  EXPECT_EQ(counters.size(), threads * sales);
  EXPECT_EQ(m_engine->state().snapshot(), fold()->snapshot());
}

TEST_F(EngineTest, CallersOfAFailedCommitAreToldToRepeatAndGetOneReceipt) {
  for (const auto failure : {Store::Failure::not_written, Store::Failure::written}) {
    for (int when = 0; when < 3; ++when) {
      const std::string key = fmt::format("{}-{}", static_cast<int>(failure), when);
      std::atomic<int> answers = 0;
      std::vector<std::thread> tills;
      for (std::size_t i = 1; i <= registers; ++i)
        tills.emplace_back([&, i] {
          (void)m_engine->call("anna", sale(i, key));
          ++answers;
        });
      device::system_sleeper().sleep(milliseconds(when));
      m_store.fail_next_commit(failure);
      for (std::thread& till : tills) till.join();
      EXPECT_EQ(answers, static_cast<int>(registers));
      for (std::size_t i = 1; i <= registers; ++i) {
        const auto answer = sell_until_taken(i, key);
        ASSERT_TRUE(answer.ok()) << answer.error().detail;
      }
      EXPECT_EQ(plans_of(key), registers);
    }
  }
  EXPECT_TRUE(m_engine->settle(seconds(60)));
  const auto open = m_tse->open_transactions({});
  ASSERT_TRUE(open.ok());
  EXPECT_TRUE(open->empty());
  EXPECT_EQ(m_engine->state().snapshot(), fold()->snapshot());
}

TEST_F(EngineTest, AJournalThatCannotBeWrittenBlocksUntilItCan) {
  m_store.fail_next_commit(Store::Failure::not_written);
  m_store.fail_recoveries(3);
  EXPECT_EQ(m_engine->call("anna", sale(1, "k")).error().code, "E-JRN-203");
  EXPECT_EQ(m_engine->call("anna", sale(1, "k")).error().code, "E-JRN-204");
  EXPECT_TRUE(m_engine->settle(seconds(60)));
  const auto answer = sell_until_taken(1, "k");
  ASSERT_TRUE(answer.ok()) << answer.error().detail;
  EXPECT_EQ(plans_of("k"), 1U);
}

TEST_F(EngineTest, AJournalThatLostWhatWasAcknowledgedIsNotWrittenAnyMore) {
  ASSERT_TRUE(m_engine->call("anna", sale(1, "a")).ok());
  m_store.truncate(m_store.entries().size() - 1);
  m_store.fail_next_commit(Store::Failure::not_written);
  EXPECT_FALSE(m_engine->call("anna", sale(1, "b")).ok());
  for (int i = 0; i < 3; ++i) {
    const auto answer = m_engine->call("anna", sale(1, "c"));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "E-JRN-205");
    EXPECT_EQ(answer.error().kind, ErrorKind::corrupt);
    m_engine->settle(seconds(1));
  }
}

TEST_F(EngineTest, NobodyQueuesBehindADeviceThatHangs) {
  device::FaultScript script;
  script.rules.push_back(
      {.fault = device::Fault::hang, .operation = device::FaultyOperation::start});
  m_tse->set_script(script);
  enter_deadline(1500);
  const auto begun = siegel::system_clock().now().steady;
  const auto first = m_engine->call("anna", sale(1, "k"));
  ASSERT_TRUE(first.ok()) << first.error().detail;
  EXPECT_EQ(first->seal->outcome, Seal::Outcome::unsigned_outage);
  const auto waited = siegel::system_clock().now().steady - begun;
  EXPECT_GE(waited, milliseconds(1500));
  // Nobody asks it again: its lane hangs in the first call, and whoever queued there would too.
  const std::uint64_t asked = m_tse->calls();
  for (std::size_t i = 1; i <= registers; ++i) {
    const auto next = m_engine->call("anna", sale(i, "next"));
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(next->seal->outcome, Seal::Outcome::unsigned_outage);
  }
  EXPECT_EQ(m_tse->calls(), asked);
  EXPECT_EQ(m_tse->hanging(), 1U);
  m_tse->set_script({});
  m_tse->release();
  // The next start asks at once instead of after ten seconds.
  m_engine.reset();
  start();
  EXPECT_TRUE(m_engine->settle(seconds(60)));
  const auto later = m_engine->call("anna", sale(1, "later"));
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->seal->outcome, Seal::Outcome::signed_by_tse);
  EXPECT_TRUE(m_tse->open_transactions({})->empty());
}

TEST_F(EngineTest, AnEngineThatStopsAnswersEverybody) {
  std::atomic<int> answers = 0;
  for (int i = 0; i < 50; ++i)
    m_engine->submit("anna", sale(1 + static_cast<std::size_t>(i) % registers, std::to_string(i)),
                     [&](const Result<Accepted>&) { ++answers; });
  m_engine.reset();
  EXPECT_EQ(answers, 50);
  start();
  EXPECT_TRUE(m_engine->settle(seconds(60)));
}

TEST_F(EngineTest, ADeviceThatIsNotThereMakesReceiptsUnsigned) {
  m_engine.reset();
  Engine::Options options;
  options.clock = &siegel::system_clock();
  options.load = [this] { return fold(); };
  m_engine = Engine::start(*m_journal, m_germany, {}, std::move(options)).value();
  const auto answer = m_engine->call("anna", sale(1, "k"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->seal->error_code, "E-TSE-101");
  EXPECT_EQ(m_engine->on_device("cd34", [](device::Tse&) { return Status(Ok{}); }).error().code,
            "E-TSE-101");
  m_engine->add_device(m_info.serial, m_tse.get());
  EXPECT_TRUE(
      m_engine->on_device(m_info.serial, [](device::Tse& tse) { return tse.self_test(); }).ok());
}

}  // namespace
}  // namespace siegel::runtime
