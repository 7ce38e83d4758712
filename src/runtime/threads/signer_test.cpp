#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "country/at/at.h"
#include "crypto/signer_certificate.h"
#include "device/softkey/softkey.h"
#include "journal/memory/memory.h"
#include "model/codec.h"
#include "model/entries.h"
#include "runtime/threads/engine.h"

// Signature devices under a real engine.

namespace siegel::runtime {
namespace {

using journal::memory::Store;
using recorder::Accepted;
using recorder::Sell;
using std::chrono::seconds;

RegisterId reg(std::size_t number) {
  return RegisterId::parse(fmt::format("KASSE-{}", number)).value();
}

/// A software key that can be pulled out, or not return.
class Card final : public device::Signer {
 public:
  struct State {
    std::atomic<bool> gone = false;
    std::atomic<bool> garbled = false;
    std::atomic<std::uint64_t> calls = 0;
    Mutex mutex;
    Condition released;
    bool hangs SIEGEL_GUARDED_BY(mutex) = false;

    void hang(bool on) {
      const Lock lock(mutex);
      hangs = on;
      released.notify_all();
    }
  };
  Card(device::SoftKey& key, State& state) : m_key(key), m_state(state) {}

  Result<device::SignerIdentity> identity() override { return m_key.identity(); }
  Result<std::vector<Bytes>> certificates() override { return m_key.certificates(); }
  Result<Bytes> sign_digest(BytesView digest) override {
    ++m_state.calls;
    {
      Lock lock(m_state.mutex);
      while (m_state.hangs) m_state.released.wait(lock);
    }
    if (m_state.gone) return unavailable("E-SIG-101", "no card in the reader");
    SIEGEL_TRY(Bytes signature, m_key.sign_digest(digest));
    if (m_state.garbled) signature[0] ^= std::byte{1};
    return signature;
  }

 private:
  device::SoftKey& m_key;
  State& m_state;
};

/// Cards "a" and "b", a journal in memory, eight registers with both of them.
class SignerEngineTest : public ::testing::Test {
 protected:
  static constexpr std::size_t registers = 8;
  static constexpr const char* names[] = {"a", "b"};

  void SetUp() override {
    for (std::size_t i = 0; i < 2; ++i) {
      auto key = device::SoftKey::make_test_signer({.holder = "UID ATU12345678",
                                                    .not_before = Instant::from_unix(1'600'000'000),
                                                    .not_after = Instant::from_unix(2'600'000'000)},
                                                   system_random());
      ASSERT_TRUE(key.ok()) << key.error().detail;
      m_keys[i] = std::move(key).value();
      m_infos[i].id = names[i];
      m_infos[i].kind = i == 0 ? "smartcard" : "softkey";
      m_infos[i].certificates = m_keys[i]->certificates().value();
      m_infos[i].serial = crypto::signer_serial_of(m_infos[i].certificates[0]).value();
      m_infos[i].provider = "AT1";
      m_infos[i].public_key = m_keys[i]->identity()->public_key;
    }
    m_journal = journal::memory::open(m_store).value();
    start();
    Business business;
    business.name = "Café";
    business.street = "Hauptplatz 3";
    business.postcode = "8010";
    business.city = "Graz";
    business.vat_id = "ATU12345678";
    business.country = "AT";
    business.time_zone = "Europe/Vienna";
    enter(business);
    Profile profile;
    // Long, so that only a device that is told to fail does, however busy the machine is.
    profile.tse_deadline_ms = 5000;
    enter(profile);
    for (const SignerInfo& info : m_infos) enter(info);
    for (std::size_t i = 1; i <= registers; ++i) {
      enter(RegisterInfo{.id = reg(i), .name = {}, .tse_serial = {}, .signers = {"a", "b"}});
      ASSERT_TRUE(sell(i, "start", ReceiptKind::start).ok());
    }
  }
  void TearDown() override {
    for (Card::State& state : m_states) state.hang(false);
    m_engine.reset();
  }
  void start() {
    Engine::Options options;
    options.clock = &siegel::system_clock();
    options.load = [this] { return fold(); };
    for (std::size_t i = 0; i < 2; ++i) {
      m_cards[i] = std::make_unique<device::CheckedSigner>(
          std::make_unique<Card>(*m_keys[i], m_states[i]),
          crypto::PublicKey::from_point(m_infos[i].public_key).value());
      options.signers[names[i]] = m_cards[i].get();
    }
    for (std::size_t i = 1; i <= registers; ++i)
      options.keys.emplace(reg(i).text(), crypto::SecretBytes(32));
    auto engine = Engine::start(*m_journal, m_austria, {}, std::move(options));
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
  Result<Accepted> sell(std::size_t till, const std::string& key,
                        ReceiptKind kind = ReceiptKind::receipt) {
    Sell sell;
    sell.register_id = reg(till);
    sell.key = key;
    sell.draft.kind = kind;
    if (kind == ReceiptKind::receipt) {
      LineDraft line;
      line.text = "Melange";
      line.amount = Money::from_cents(480);
      line.vat = "20.00";
      PaymentDraft payment;
      payment.amount = Money::from_cents(480);
      sell.draft.lines = {line};
      sell.draft.payments = {payment};
    }
    return m_engine->call("anna", std::move(sell));
  }
  /// The kinds of the receipts of a register, in order.
  std::vector<RksvKind> kinds(std::size_t till) {
    std::vector<RksvKind> out;
    for (const journal::Entry& entry : m_store.entries())
      if (entry.kind == entry_kind::plan && entry.register_id == reg(till).text())
        out.push_back(plan_from_json(entry.payload)->rksv->kind);
    return out;
  }

  Store m_store;
  country::at::Austria m_austria;
  std::unique_ptr<device::SoftKey> m_keys[2];
  SignerInfo m_infos[2];
  Card::State m_states[2];
  std::unique_ptr<device::CheckedSigner> m_cards[2];
  std::unique_ptr<journal::Journal> m_journal;
  std::unique_ptr<Engine> m_engine;
};

TEST_F(SignerEngineTest, ManyRegistersShareADeviceAndEachHasItsOwnChain) {
  constexpr std::size_t sales = 25;
  std::atomic<std::size_t> is_signed = 0;
  std::vector<std::thread> tills;
  for (std::size_t t = 1; t <= registers; ++t)
    tills.emplace_back([&, t] {
      for (std::size_t i = 0; i < sales; ++i) {
        const auto answer = sell(t, fmt::format("k{}", i));
        if (answer.ok() && answer->seal->outcome == Seal::Outcome::signed_rksv) ++is_signed;
      }
    });
  for (std::thread& till : tills) till.join();
  EXPECT_EQ(is_signed, registers * sales);
  const auto state = fold();  // refuses receipts that are not one chain
  ASSERT_TRUE(state.ok()) << state.error().detail;
  for (std::size_t t = 1; t <= registers; ++t) {
    const recorder::RksvState& rksv = *state->registers.at(reg(t).text()).rksv;
    EXPECT_EQ(rksv.counter, static_cast<std::int64_t>(480 * sales));
    EXPECT_EQ(state->registers.at(reg(t).text()).day.receipts, sales + 1);
  }
  EXPECT_EQ(m_engine->state().snapshot(), state->snapshot());
}

TEST_F(SignerEngineTest, AWrongSignatureNeverReachesAReceipt) {
  m_states[0].garbled = true;
  const auto answer = sell(1, "k");
  ASSERT_TRUE(answer.ok()) << answer.error().detail;
  EXPECT_EQ(answer->seal->signer, "b");
  const recorder::State state = m_engine->state();
  const recorder::OutageState& outage = state.outages.at("a");
  ASSERT_TRUE(outage.open.has_value());
  EXPECT_EQ(outage.open->code, "E-SIG-103");
}

TEST_F(SignerEngineTest, AfterAnOutageTheNextStartMakesTheSammelbeleg) {
  m_states[0].gone = m_states[1].gone = true;
  const auto answer = sell(1, "k");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->seal->outcome, Seal::Outcome::unsigned_outage);
  EXPECT_EQ(sell(2, "z", ReceiptKind::collective).error().code, "E-RKS-301");
  m_engine.reset();
  m_states[1].gone = false;
  start();
  EXPECT_TRUE(m_engine->settle(seconds(60)));
  EXPECT_EQ(kinds(1), (std::vector{RksvKind::start, RksvKind::standard, RksvKind::collective}));
  const auto later = sell(1, "later");
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->seal->signer, "b");
}

TEST_F(SignerEngineTest, NobodyQueuesBehindADeviceThatHangs) {
  m_states[0].hang(true);
  const std::uint64_t before = m_states[0].calls;
  const auto first = sell(1, "k");
  ASSERT_TRUE(first.ok()) << first.error().detail;
  for (std::size_t i = 1; i <= registers; ++i) {
    const auto next = sell(i, "next");
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(next->seal->outcome, Seal::Outcome::signed_rksv);
    EXPECT_EQ(next->seal->signer, "b");
  }
  EXPECT_EQ(m_states[0].calls, before + 1);
}

TEST_F(SignerEngineTest, CallersOfAFailedCommitRepeatAndGetOneReceipt) {
  for (const auto failure : {Store::Failure::not_written, Store::Failure::written}) {
    const std::string key = fmt::format("k{}", static_cast<int>(failure));
    m_store.fail_next_commit(failure);
    Result<Accepted> answer = sell(1, key);
    for (int i = 0; i < 10 && !answer; ++i) answer = sell(1, key);
    ASSERT_TRUE(answer.ok()) << answer.error().detail;
  }
  EXPECT_EQ(kinds(1), (std::vector{RksvKind::start, RksvKind::standard, RksvKind::standard}));
  EXPECT_EQ(m_engine->state().snapshot(), fold()->snapshot());
}

TEST_F(SignerEngineTest, ARegisterSetUpWhileItRunsGetsItsKey) {
  enter(RegisterInfo{.id = reg(9), .name = {}, .tse_serial = {}, .signers = {"a"}});
  EXPECT_EQ(sell(9, "start", ReceiptKind::start).error().code, "E-RKS-105");
  m_engine->set_key(reg(9), crypto::SecretBytes(32));
  const auto answer = sell(9, "start", ReceiptKind::start);
  ASSERT_TRUE(answer.ok()) << answer.error().detail;
  EXPECT_EQ(answer->seal->outcome, Seal::Outcome::signed_rksv);
}

TEST_F(SignerEngineTest, ADeviceThatIsNotThereIsReplacedByTheNext) {
  m_engine->add_signer("a", nullptr);
  EXPECT_EQ(sell(1, "k")->seal->signer, "b");
  EXPECT_EQ(
      m_engine->on_signer("a", [](device::CheckedSigner&) { return Status(Ok{}); }).error().code,
      "E-SIG-101");
  EXPECT_EQ(
      m_engine->on_signer("x", [](device::CheckedSigner&) { return Status(Ok{}); }).error().code,
      "E-SIG-101");
  const auto asked = m_engine->on_signer("b", [](device::CheckedSigner& signer) -> Status {
    SIEGEL_TRY_OK(signer.identity());
    return Ok{};
  });
  EXPECT_TRUE(asked.ok());
}

}  // namespace
}  // namespace siegel::runtime
