#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "country/de/de.h"
#include "journal/chain.h"
#include "recorder/recorder.h"

// A recorder whose journal and device are the test: nothing happens unless the test says so.

namespace siegel::recorder {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TestStand {
 public:
  static constexpr const char* serial = "ab12";
  static constexpr const char* second = "cd34";

  TestStand() { restart(); }
  TestStand(const TestStand&) = delete;
  TestStand& operator=(const TestStand&) = delete;

  /// Business, profile, TSE and registers KASSE-1, KASSE-2, all durable.
  void commission() {
    Business business;
    business.name = "Bäckerei";
    business.street = "Markt 1";
    business.postcode = "89073";
    business.city = "Ulm";
    business.tax_number = "88/123/45678";
    master(business);
    master(Profile{});
    master(tse("tse-1", serial));
    master(RegisterInfo{reg(1), "Kasse 1", serial});
    master(RegisterInfo{reg(2), "Kasse 2", serial});
  }
  static TseInfo tse(const std::string& id, const std::string& tse_serial) {
    TseInfo tse;
    tse.id = id;
    tse.serial = tse_serial;
    tse.algorithm = "ecdsa-plain-SHA256";
    tse.time_format = "unixTime";
    tse.public_key = to_bytes("point");
    return tse;
  }
  /// A second TSE, which stands in for the first.
  void commission_second() {
    master(tse("tse-2", second));
    for (const int till : {1, 2}) {
      RegisterInfo info{reg(till), "Kasse " + std::to_string(till), serial};
      info.backup_tses = {second};
      master(info, true);
    }
  }
  static RegisterId reg(int number) {
    return RegisterId::parse("KASSE-" + std::to_string(number)).value();
  }

  template <class Value>
  std::uint64_t master(Value value, bool replaces = false) {
    const std::uint64_t request = send(Master{std::move(value), replaces});
    flush();
    return request;
  }
  static Sell sale(int till, const std::string& key, std::int64_t cents = 500) {
    Sell sell;
    sell.register_id = reg(till);
    sell.key = key;
    sell.fingerprint[0] = std::byte{static_cast<unsigned char>(cents % 251)};
    LineDraft line;
    line.text = "Brot";
    line.amount = Money::from_cents(cents);
    line.vat = "B";
    sell.draft.lines = {line};
    PaymentDraft payment;
    payment.amount = Money::from_cents(cents);
    sell.draft.payments = {payment};
    return sell;
  }
  static Sell finish(int till, const std::string& vorgang, std::int64_t cents = 500) {
    Sell sell = sale(till, vorgang, cents);
    sell.flow = Sell::Flow::finish;
    return sell;
  }
  static Sell abort(int till, const std::string& vorgang) {
    Sell sell = finish(till, vorgang);
    sell.draft = {};
    sell.draft.kind = ReceiptKind::abort;
    return sell;
  }

  /// Sends a command as `anna`; returns the request's number.
  template <class Body>
  std::uint64_t send(Body body) {
    const std::uint64_t request = ++m_requests;
    on(Command{RequestId(request), "anna", std::move(body)});
    return request;
  }
  void on(const Event& event) {
    m_recorder->on(event, now, m_effects);
    take();
  }
  /// Everything handed over becomes durable.
  void flush() {
    while (!appends.empty()) {
      write();
      on(Appended{last()});
    }
  }
  /// On the disk, but the recorder is not told.
  void write() {
    for (Append& append : std::exchange(appends, {}))
      for (journal::Draft& draft : append.drafts) {
        journal::Head head;
        if (!journal.empty()) head = {journal.back().sequence, journal.back().hash};
        journal.push_back(journal::make_entry(head, std::move(draft)));
      }
  }
  [[nodiscard]] std::uint64_t last() const {
    return journal.empty() ? 0 : journal.back().sequence.get();
  }
  void pass(milliseconds time) {
    now.wall = now.wall + time;
    now.steady += time;
  }
  /// Time passes until the recorder wants to be woken; it is.
  void wake() {
    ASSERT_TRUE(wish.has_value());
    const auto wait = std::max(*std::exchange(wish, std::nullopt) - now.steady, Steady(0));
    pass(std::chrono::ceil<milliseconds>(wait));
    on(Woke{});
  }

  /// The device does the next call waiting and answers.
  std::uint64_t answer_call() {
    EXPECT_FALSE(calls.empty());
    const Call call = take_call();
    const auto answer = perform(call);
    on(Answered{call.id, answer});
    return answer.transaction;
  }
  /// The device does it; nobody hears of it.
  void lose_answer() { (void)perform(take_call()); }
  Call take_call() {
    Call call = calls.front();
    calls.erase(calls.begin());
    return call;
  }
  void fail_call(Error error) {
    const Call call = take_call();
    on(Answered{call.id, std::move(error)});
  }
  device::TseAnswer perform(const device::TseCall& call) {
    return perform(Call{.id = {}, .tse_serial = serial, .call = call, .then = {}, .expires = {}});
  }
  device::TseAnswer perform(const Call& asked) {
    const device::TseCall& call = asked.call;
    Box& box = boxes[asked.tse_serial];
    const device::TseSignature signature{now.wall, ++box.counter,
                                         to_bytes("signature " + std::to_string(box.counter))};
    if (call.operation == device::TseCall::Operation::start) {
      device::TseTransaction transaction;
      transaction.number = ++box.transaction;
      transaction.client = call.client;
      transaction.start = signature;
      box.held[box.transaction] = transaction;
      return {box.transaction, signature, {}};
    }
    device::TseTransaction& transaction = box.held.at(call.transaction);
    EXPECT_FALSE(transaction.finish) << "finished twice";
    EXPECT_EQ(transaction.client, call.client);
    transaction.finish = signature;
    transaction.process_type = call.process_type;
    transaction.process_data = call.process_data;
    return {call.transaction, signature, {}};
  }
  /// Answers the first question with what the device holds.
  void answer_question() {
    ASSERT_FALSE(reconciles.empty());
    const Reconcile question = reconciles.front();
    reconciles.erase(reconciles.begin());
    on(answer_to(question));
  }
  [[nodiscard]] Reconciled answer_to(const Reconcile& question) const {
    std::vector<device::TseTransaction> found;
    std::vector<std::string> clients;
    for (const auto& ask : question.asks) {
      clients.push_back(ask.client);
      for (const auto& [number, transaction] : boxes.at(question.tse_serial).held)
        if (transaction.client == ask.client &&
            (number > ask.after ||
             std::find(ask.numbers.begin(), ask.numbers.end(), number) != ask.numbers.end()))
          found.push_back(transaction);
    }
    return {question.tse_serial, clients, question.after_probe, found};
  }
  void answer_probe(Status result = Ok{}) {
    ASSERT_FALSE(probes.empty());
    const std::string asked = probes.front().tse_serial;
    probes.erase(probes.begin());
    on(Probed{asked, std::move(result)});
  }
  /// A whole recovery: probe, question, commit, and what was left open is ended.
  void recover() {
    while (probes.empty()) wake();
    answer_probe();
    settle();
  }
  /// Device and disk work as they should until nothing is left to do.
  void settle() {
    while (!appends.empty() || !calls.empty() || !reconciles.empty()) {
      flush();
      if (!calls.empty()) answer_call();
      if (!reconciles.empty()) answer_question();
    }
  }
  /// A receipt from beginning to end.
  Accepted sell(int till, const std::string& key, std::int64_t cents = 500) {
    const std::uint64_t request = send(sale(till, key, cents));
    settle();
    return accepted(request);
  }

  /// Power cut: what was not written is gone.
  void restart() {
    appends.clear();
    calls.clear();
    probes.clear();
    reconciles.clear();
    wish.reset();
    State state;
    for (const journal::Entry& entry : journal) {
      const Status applied = state.apply(entry);
      ASSERT_TRUE(applied.ok()) << applied.error().detail;
    }
    m_effects.clear();
    m_recorder = std::make_unique<Recorder>(m_germany, std::move(state));
    m_recorder->resume(now, m_effects);
    take();
  }

  [[nodiscard]] Recorder& recorder() { return *m_recorder; }
  [[nodiscard]] bool answered(std::uint64_t request) const { return replies.contains(request); }
  Accepted accepted(std::uint64_t request) {
    const auto found = replies.find(request);
    EXPECT_NE(found, replies.end()) << "request " << request << " has no answer";
    if (found == replies.end()) return {};
    EXPECT_TRUE(found->second.ok()) << (found->second.ok() ? "" : found->second.error().detail);
    return found->second.ok() ? *found->second : Accepted{};
  }
  std::string refusal(std::uint64_t request) {
    const auto found = replies.find(request);
    if (found == replies.end()) return "no answer";
    return found->second.ok() ? "accepted" : found->second.error().code;
  }
  [[nodiscard]] std::vector<std::string> kinds(std::size_t from = 0) const {
    std::vector<std::string> out;
    for (std::size_t i = from; i < journal.size(); ++i) out.push_back(journal[i].kind);
    return out;
  }
  [[nodiscard]] std::string state_text() { return m_recorder->state().snapshot(); }
  [[nodiscard]] std::string fold_text() const {
    State state;
    for (const journal::Entry& entry : journal) EXPECT_TRUE(state.apply(entry).ok());
    return state.snapshot();
  }
  [[nodiscard]] std::size_t open_on_device(const std::string& tse_serial = serial) const {
    const auto& held = boxes.at(tse_serial).held;
    return static_cast<std::size_t>(std::count_if(
        held.begin(), held.end(), [](const auto& one) { return !one.second.finish; }));
  }

  Now now{Instant::from_unix(1'795'000'000), Steady(seconds(100))};
  std::vector<journal::Entry> journal;  // durable
  std::vector<Append> appends;
  std::vector<Call> calls;
  std::vector<Probe> probes;
  std::vector<Reconcile> reconciles;
  std::optional<Steady> wish;
  std::map<std::uint64_t, Result<Accepted>> replies;
  /// What one TSE holds.
  struct Box {
    std::map<std::uint64_t, device::TseTransaction> held;
    std::uint64_t transaction = 0;
    std::uint64_t counter = 0;
  };
  std::map<std::string, Box> boxes{{serial, {}}, {second, {}}};
  std::map<std::uint64_t, device::TseTransaction>& device = boxes[serial].held;

 private:
  void take() {
    const auto move = [](auto& from, auto& to) {
      for (auto& one : from) to.push_back(std::move(one));
    };
    move(m_effects.appends, appends);
    move(m_effects.calls, calls);
    move(m_effects.probes, probes);
    move(m_effects.reconciles, reconciles);
    if (m_effects.wake) wish = m_effects.wake->at;
    for (Reply& reply : m_effects.replies)
      EXPECT_TRUE(replies.emplace(reply.request.get(), std::move(reply.result)).second)
          << "request " << reply.request.get() << " is answered twice";
    m_effects.clear();
  }

  country::de::Germany m_germany;
  Effects m_effects;
  std::unique_ptr<Recorder> m_recorder;
  std::uint64_t m_requests = 0;
};

inline Error silent() { return unknown("E-TSE-104", "no answer"); }
inline Error dead() { return unavailable("E-TSE-402", "gone"); }

/// With master data entered.
class RecorderTest : public ::testing::Test {
 protected:
  void SetUp() override { shop.commission(); }
  TestStand shop;
};

}  // namespace siegel::recorder
