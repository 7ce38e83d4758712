#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "country/at/at.h"
#include "crypto/signer_certificate.h"
#include "device/softkey/softkey.h"
#include "journal/chain.h"
#include "recorder/recorder.h"
#include "recorder/test_dep.h"

// A recorder of Austria whose journal, clock and signature devices are the test: nothing happens
// unless the test says so.

namespace siegel::recorder {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A software key with its master data, made once.
struct TestCard {
  std::unique_ptr<device::SoftKey> key;
  SignerInfo info;
};
inline TestCard make_card(const std::string& id) {
  SeededRandom random(std::hash<std::string>{}(id));
  TestCard card;
  card.key = device::SoftKey::make_test_signer(
                 {.holder = "UID ATU12345678",
                  .not_before = Instant::parse("2020-01-01T00:00:00Z").value(),
                  .not_after = Instant::parse("2040-01-01T00:00:00Z").value()},
                 random)
                 .value();
  card.info.id = id;
  card.info.kind = "softkey";
  card.info.certificates = card.key->certificates().value();
  card.info.serial = crypto::signer_serial_of(card.info.certificates[0]).value();
  card.info.provider = "AT1";
  card.info.public_key = card.key->identity()->public_key;
  return card;
}
inline TestCard& card(const std::string& id) {
  static std::map<std::string, TestCard> cards;
  const auto found = cards.find(id);
  return found != cards.end() ? found->second : cards.emplace(id, make_card(id)).first->second;
}

class AustrianStand {
 public:
  AustrianStand() {
    for (const int number : {1, 2}) {
      crypto::SecretBytes key(32);
      for (std::size_t i = 0; i < 32; ++i)
        key.writable()[i] =
            std::byte{static_cast<unsigned char>(i + static_cast<unsigned>(number))};
      keys.emplace(reg(number).text(), std::move(key));
    }
    at("2026-11-20T10:00:00+01:00");
    restart();
  }

  /// Business, profile, cards a and b, registers KASSE-1 and KASSE-2, all durable.
  void commission(const std::vector<std::string>& signers = {"a", "b"}) {
    Business business;
    business.name = "Café Lindner e.U.";
    business.street = "Hauptplatz 3";
    business.postcode = "8010";
    business.city = "Graz";
    business.country = "AT";
    business.vat_id = "ATU12345678";
    business.time_zone = "Europe/Vienna";
    master(business);
    master(Profile{});
    for (const std::string& id : signers) master(card(id).info);
    for (const int number : {1, 2}) master(register_info(number, signers));
  }
  void start(int till) {
    const std::uint64_t request =
        send(draft(till, "start-" + std::to_string(till), ReceiptKind::start));
    settle();
    accepted(request);
  }
  static RegisterId reg(int number) {
    return RegisterId::parse("KASSE-" + std::to_string(number)).value();
  }
  static RegisterInfo register_info(int number, std::vector<std::string> signers) {
    return {.id = reg(number),
            .name = "Kasse",
            .tse_serial = {},
            .signers = std::move(signers),
            .aes_check = "abcd"};
  }
  template <class Value>
  std::uint64_t master(Value value, bool replaces = false) {
    const std::uint64_t request = send(Master{std::move(value), replaces});
    flush();
    return request;
  }

  static Sell sale(int till, const std::string& key, std::int64_t cents = 500) {
    Sell sell = draft(till, key, ReceiptKind::receipt);
    LineDraft line;
    line.text = "Melange";
    line.amount = Money::from_cents(cents);
    line.vat = "10.00";
    sell.draft.lines = {line};
    PaymentDraft payment;
    payment.amount = Money::from_cents(cents);
    sell.draft.payments = {payment};
    return sell;
  }
  static Sell training(int till, const std::string& key) {
    Sell sell = sale(till, key, 999);
    sell.draft.kind = ReceiptKind::training;
    sell.draft.payments.clear();
    return sell;
  }
  static Sell draft(int till, const std::string& key, ReceiptKind kind) {
    Sell sell;
    sell.register_id = reg(till);
    sell.key = key;
    sell.draft.kind = kind;
    return sell;
  }
  static Close close(int till, const std::string& key, std::optional<bool> last = {}) {
    return {.register_id = reg(till),
            .key = key,
            .fingerprint = {},
            .last_of_month = last,
            .lookup = {}};
  }

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
  /// Wall time of the shop; the steady clock goes on a second.
  void at(std::string_view stamp) {
    now.wall = LocalStamp::parse(stamp).value().instant();
    now.steady += seconds(1);
  }
  /// Time passes until the recorder wants to be woken; it is.
  void wake() {
    ASSERT_TRUE(wish.has_value());
    const auto wait = std::max(*std::exchange(wish, std::nullopt) - now.steady, Steady(0));
    pass(std::chrono::ceil<milliseconds>(wait));
    on(Woke{});
  }

  Sign take_sign() {
    EXPECT_FALSE(signs.empty());
    Sign sign = signs.front();
    signs.erase(signs.begin());
    return sign;
  }
  [[nodiscard]] static Bytes signature_of(const Sign& sign) {
    return card(sign.signer).key->sign_digest(sign.digest).value();
  }
  /// The device asked first signs, or fails if it is down.
  void answer_sign() {
    const Sign sign = take_sign();
    if (down.contains(sign.signer))
      on(Signed{sign.id, dead()});
    else
      on(Signed{sign.id, signature_of(sign)});
  }
  void fail_sign(Error error) {
    const Sign sign = take_sign();
    on(Signed{sign.id, std::move(error)});
  }
  static Error dead() { return unavailable("E-SIG-101", "gone"); }
  void answer_probe() {
    ASSERT_FALSE(probes.empty());
    const Probe probe = probes.front();
    probes.erase(probes.begin());
    EXPECT_TRUE(probe.signer);
    on(Probed{probe.tse_serial, down.contains(probe.tse_serial) ? Status(dead()) : Status(Ok{})});
  }
  /// Devices that are up work, disks too, until nothing is left to do.
  void settle() {
    while (!appends.empty() || !signs.empty()) {
      flush();
      if (!signs.empty()) answer_sign();
    }
  }
  /// Time passes until every probe due was answered; then everything that follows.
  void recover() {
    for (int i = 0; i < 4; ++i) {
      if (probes.empty()) wake();
      while (!probes.empty()) answer_probe();
      settle();
      if (std::none_of(std::begin(names), std::end(names),
                       [&](const char* id) { return m_recorder->suspended(id); }))
        return;
    }
  }
  /// The same, if anything is broken at all.
  void recover_all() {
    if (std::any_of(std::begin(names), std::end(names),
                    [&](const char* id) { return m_recorder->suspended(id); }))
      recover();
  }
  Accepted sell(int till, const std::string& key, std::int64_t cents = 500) {
    const std::uint64_t request = send(sale(till, key, cents));
    settle();
    return accepted(request);
  }
  Accepted closed(int till, const std::string& key, std::optional<bool> last = {}) {
    const std::uint64_t request = send(close(till, key, last));
    settle();
    return accepted(request);
  }

  /// Power cut: what was not written is gone.
  void restart() {
    appends.clear();
    signs.clear();
    probes.clear();
    wish.reset();
    State state;
    for (const journal::Entry& entry : journal) {
      const Status applied = state.apply(entry);
      ASSERT_TRUE(applied.ok()) << applied.error().detail;
    }
    m_effects.clear();
    m_recorder = std::make_unique<Recorder>(m_austria, std::move(state), &keys);
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
  [[nodiscard]] std::vector<SealedReceipt> receipts(int till) const {
    return receipts_of(journal, reg(till).text());
  }
  /// One word a receipt, with "!" if it is not signed: "start standard! collective".
  [[nodiscard]] std::string story(int till) const {
    static constexpr const char* words[] = {"start", "standard", "reversal",   "training", "zero",
                                            "month", "year",     "collective", "final"};
    std::string out;
    for (const SealedReceipt& receipt : receipts(till)) {
      if (!out.empty()) out += ' ';
      out += words[static_cast<std::size_t>(receipt.plan.rksv->kind)];
      if (!receipt.is_signed()) out += '!';
    }
    return out;
  }
  [[nodiscard]] const RksvState& rksv(int till) const {
    return *m_recorder->state().registers.at(reg(till).text()).rksv;
  }
  [[nodiscard]] std::string verdict(int till) const {
    std::vector<SignerInfo> infos;
    for (const char* id : names) infos.push_back(card(id).info);
    return verdict_on(receipts(till), keys.at(reg(till).text()), infos,
                      now.wall + std::chrono::hours(24));
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

  static constexpr const char* names[] = {"a", "b", "c"};
  Now now{Instant(), Steady(seconds(100))};
  Keys keys;
  std::set<std::string> down;           // cards that do not work
  std::vector<journal::Entry> journal;  // durable
  std::vector<Append> appends;
  std::vector<Sign> signs;
  std::vector<Probe> probes;
  std::optional<Steady> wish;
  std::map<std::uint64_t, Result<Accepted>> replies;

 private:
  void take() {
    const auto move = [](auto& from, auto& to) {
      for (auto& one : from) to.push_back(std::move(one));
    };
    move(m_effects.appends, appends);
    move(m_effects.signs, signs);
    move(m_effects.probes, probes);
    EXPECT_TRUE(m_effects.calls.empty() && m_effects.reconciles.empty());
    if (m_effects.wake) wish = m_effects.wake->at;
    for (Reply& reply : m_effects.replies)
      EXPECT_TRUE(replies.emplace(reply.request.get(), std::move(reply.result)).second)
          << "request " << reply.request.get() << " is answered twice";
    m_effects.clear();
  }

  country::at::Austria m_austria;
  Effects m_effects;
  std::unique_ptr<Recorder> m_recorder;
  std::uint64_t m_requests = 0;
};

/// KASSE-1 and KASSE-2 with their Startbelege.
class AustrianTest : public ::testing::Test {
 protected:
  void SetUp() override {
    shop.commission();
    shop.start(1);
    shop.start(2);
  }
  AustrianStand shop;
};

}  // namespace siegel::recorder
