#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "country/de/de.h"
#include "exports/dsfinvk.h"
#include "journal/chain.h"
#include "model/codec.h"
#include "recorder/recorder.h"
#include "verify/dsfinvk/dsfinvk.h"
#include "verify/tse/testing/device.h"

// A German shop whose journal lies in memory and whose TSEs sign for real: what it sells is
// exported, and the export is checked together with the logs of the TSEs.

namespace siegel::exports::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Reads entries that grow. Counts what was asked.
class EntriesReader final : public journal::Reader {
 public:
  explicit EntriesReader(const std::vector<journal::Entry>& entries) : m_entries(entries) {}
  Result<journal::Head> head() override {
    if (m_entries.empty()) return journal::Head{};
    return journal::Head{m_entries.back().sequence, m_entries.back().hash};
  }
  Result<std::vector<journal::Entry>> read(journal::Sequence from, std::size_t count) override {
    const std::size_t first = static_cast<std::size_t>(from.get()) - 1;
    if (first >= m_entries.size()) return std::vector<journal::Entry>();
    const std::size_t last = std::min(m_entries.size(), first + std::min(count, chunk));
    const auto at = [&](std::size_t i) {
      return m_entries.begin() + static_cast<std::ptrdiff_t>(i);
    };
    return std::vector<journal::Entry>(at(first), at(last));
  }
  std::size_t chunk = 7;  ///< small, so that plans and seals come apart

 private:
  const std::vector<journal::Entry>& m_entries;
};

class TestShop {
 public:
  /// How the TSE behaves with the next calls.
  enum class Mood { works, dead, does_it_and_says_nothing, finishes_and_says_nothing };

  explicit TestShop(std::size_t registers = 1, Profile profile = {}) {
    restart();
    business.name = "Gasthaus \"Zur Mühle\"; Markt";
    business.street = "Markt 1";
    business.postcode = "89073";
    business.city = "Ulm";
    business.tax_number = "88/123/45678";
    business.vat_id = "DE136695976";
    business.agencies = {
        {1, "Ticketbüro Müller", "Weg 2", "10117", "Berlin", "DE", "27/999/00001", ""}};
    ExchangeRate rate;
    rate.rate = UnitPrice::parse("1").value();
    rate.from = Date(2026, 1, 1);
    business.rates = {rate};
    rate.currency = Currency::parse("CHF").value();
    rate.rate = UnitPrice::parse("0.95").value();
    business.rates.push_back(rate);
    master(business);
    master(profile);
    TseInfo tse;
    tse.id = "tse-1";
    tse.serial = device.serial_hex();
    tse.manufacturer = "Test";
    tse.algorithm = "ecdsa-plain-SHA256";
    tse.time_format = "unixTime";
    tse.public_key = device.key.public_key().point();
    tse.certificates = {device.certificate.der()};
    master(tse);
    device.system("initialize", {});
    for (std::size_t i = 1; i <= registers; ++i) {
      RegisterInfo info;
      info.id = reg(i);
      info.name = "Kasse " + std::to_string(i);
      info.tse_serial = tse.serial;
      info.brand = "Siegel";
      info.terminals = {{"T1", "Marke", "Modell", "T-SERIE-1", "Siegel", "1"}};
      master(info);
      device.register_client(info.id.text());
    }
  }
  TestShop(const TestShop&) = delete;
  TestShop& operator=(const TestShop&) = delete;

  static RegisterId reg(std::size_t number) {
    return RegisterId::parse("KASSE-" + std::to_string(number)).value();
  }

  template <class Value>
  void master(Value value, bool replaces = false) {
    const auto request = send(recorder::Master{std::move(value), replaces});
    settle();
    const auto& reply = m_replies.at(request);
    EXPECT_TRUE(reply.ok()) << reply.error().code << " " << reply.error().detail;
  }

  /// A receipt as a till writes it; the number it got, or why not.
  Result<std::string> sell(std::size_t till, std::string_view body) {
    const auto value = json::parse(body);
    EXPECT_TRUE(value.ok()) << body;
    if (!value.ok()) return value.error();
    SIEGEL_TRY(ReceiptDraft draft, draft_from_json(*value));
    return sell(till, std::move(draft));
  }
  Result<std::string> sell(std::size_t till, ReceiptDraft draft) {
    recorder::Sell sell;
    sell.register_id = reg(till);
    sell.key = "k" + std::to_string(++m_keys);
    sell.lookup.position = entries.size();
    if (!draft.reverses.empty() && plans.contains(draft.reverses)) {
      sell.lookup.original = plans.at(draft.reverses);
      sell.lookup.original_reversed = m_reversed.contains(draft.reverses);
    }
    sell.draft = std::move(draft);
    pass(seconds(20));
    const std::string reverses = sell.draft.reverses;
    const auto request = send(std::move(sell));
    settle();
    const auto reply = m_replies.find(request);
    if (reply == m_replies.end()) return unknown("E-TST-001", "no answer");
    if (!reply->second.ok()) return reply->second.error();
    const recorder::Accepted& done = *reply->second;
    if (!done.plan) return unknown("E-TST-002", "no plan");
    if (!reverses.empty()) m_reversed.insert(reverses);
    plans[done.plan->receipt_number] = *done.plan;
    return done.plan->receipt_number;
  }
  Result<Closing> close(std::size_t till, ClosingRequest request = {}) {
    recorder::Close close;
    close.register_id = reg(till);
    close.key = "z" + std::to_string(++m_keys);
    close.request = std::move(request);
    close.lookup.position = entries.size();
    pass(seconds(60));
    const auto id = send(std::move(close));
    settle();
    const auto reply = m_replies.find(id);
    if (reply == m_replies.end()) return unknown("E-TST-001", "no answer");
    if (!reply->second.ok()) return reply->second.error();
    if (!reply->second->closing) return unknown("E-TST-003", "no closing");
    return *reply->second->closing;
  }
  /// The TSE works again, and is asked what it did.
  void recover() {
    mood = Mood::works;
    for (int i = 0; i < 20 && (m_wish || !m_probes.empty()); ++i) {
      if (m_probes.empty()) {
        const auto wait = std::max(*std::exchange(m_wish, std::nullopt) - now.steady, Steady(0));
        pass(std::chrono::ceil<milliseconds>(wait));
        on(recorder::Woke{});
      }
      settle();
    }
  }

  [[nodiscard]] recorder::State state() const {
    recorder::State folded;
    for (const journal::Entry& entry : entries) {
      const Status applied = folded.apply(entry);
      EXPECT_TRUE(applied.ok()) << applied.error().detail;
    }
    return folded;
  }
  [[nodiscard]] Survey survey_now() {
    EntriesReader reader(entries);
    auto found = survey(reader, state());
    EXPECT_TRUE(found.ok()) << found.error().detail;
    return std::move(*found);
  }
  Result<DsfinvkExported> export_to(FileSet& files, DsfinvkRequest request = {}) {
    EntriesReader reader(entries);
    const Survey found = survey_now();
    request.generator_version = "1.2.3";
    return write_dsfinvk(reader, found, request, files);
  }
  /// Checks files together with the TSE's log.
  verify::dsfinvk::Outcome check(const MemoryFiles& files, bool with_log = true) {
    std::vector<verify::dsfinvk::MemoryFile> list;
    for (const auto& [name, content] : files.files) list.push_back({name, bytes_of(content)});
    verify::dsfinvk::Options options;
    options.threads = 1;
    m_tar = device.tar();
    if (with_log) options.logs.push_back({.path = {}, .bytes = m_tar});
    auto outcome = verify::dsfinvk::verify_files(list, options);
    EXPECT_TRUE(outcome.ok()) << outcome.error().detail;
    return std::move(*outcome);
  }

  void pass(milliseconds time) {
    now.wall = now.wall + time;
    now.steady += time;
  }
  /// The wall clock, at the next opening of the shop.
  void set_wall(Instant at) {
    if (at > now.wall) pass(at - now.wall);
  }

  Now now{Instant::parse("2026-06-01T07:00:00Z").value(), Steady(seconds(100))};
  std::vector<journal::Entry> entries;
  verify::tse::testing::Device device;
  Mood mood = Mood::works;
  std::map<std::string, Plan> plans;
  Business business;

 private:
  using Replies = std::map<std::uint64_t, Result<recorder::Accepted>>;

  void restart() {
    recorder::Effects effects;
    m_recorder = std::make_unique<recorder::Recorder>(m_germany, recorder::State());
    m_recorder->resume(now, effects);
    take(effects);
  }
  template <class Body>
  std::uint64_t send(Body body) {
    const std::uint64_t request = ++m_requests;
    on(recorder::Command{recorder::RequestId(request), "anna", std::move(body)});
    return request;
  }
  void on(const recorder::Event& event) {
    recorder::Effects effects;
    m_recorder->on(event, now, effects);
    take(effects);
  }
  void take(recorder::Effects& effects) {
    const auto move = [](auto& from, auto& to) {
      for (auto& one : from) to.push_back(std::move(one));
    };
    move(effects.appends, m_appends);
    move(effects.calls, m_calls);
    move(effects.probes, m_probes);
    move(effects.reconciles, m_reconciles);
    if (effects.wake) m_wish = effects.wake->at;
    for (recorder::Reply& reply : effects.replies)
      m_replies.emplace(reply.request.get(), std::move(reply.result));
  }
  void settle() {
    while (!m_appends.empty() || !m_calls.empty() || !m_reconciles.empty() || !m_probes.empty()) {
      while (!m_appends.empty()) {
        for (recorder::Append& append : std::exchange(m_appends, {}))
          for (journal::Draft& draft : append.drafts) {
            journal::Head head;
            if (!entries.empty()) head = {entries.back().sequence, entries.back().hash};
            entries.push_back(journal::make_entry(head, std::move(draft)));
          }
        on(recorder::Appended{entries.size()});
      }
      if (!m_calls.empty()) answer_call();
      if (!m_reconciles.empty()) answer_question();
      if (!m_probes.empty()) answer_probe();
    }
  }
  void answer_call() {
    const recorder::Call call = m_calls.front();
    m_calls.erase(m_calls.begin());
    pass(milliseconds(400));
    if (mood == Mood::dead) {
      on(recorder::Answered{call.id, unavailable("E-TSE-402", "gone")});
      return;
    }
    const auto answer = perform(call.call);
    const bool is_finish = call.call.operation == device::TseCall::Operation::finish;
    if (mood == Mood::does_it_and_says_nothing ||
        (mood == Mood::finishes_and_says_nothing && is_finish)) {
      on(recorder::Answered{call.id, unknown("E-TSE-104", "no answer")});
      return;
    }
    recorder::Answered answered{call.id, answer};
    on(answered);
  }
  device::TseSignature last_signature() const {
    const Bytes& content = device.files.back().content;
    constexpr std::size_t length = 64;
    return {Instant::from_unix(device.clock), device.counter,
            Bytes(content.end() - static_cast<std::ptrdiff_t>(length), content.end())};
  }
  device::TseAnswer perform(const device::TseCall& call) {
    device.clock = now.wall.unix_seconds() - 1;
    if (call.operation == device::TseCall::Operation::start) {
      device::TseTransaction transaction;
      transaction.number = device.start(call.client);
      transaction.client = call.client;
      transaction.start = last_signature();
      m_held[transaction.number] = transaction;
      return {transaction.number, transaction.start, {}};
    }
    device::TseTransaction& transaction = m_held.at(call.transaction);
    device.finish(call.transaction, call.client, {call.process_type, call.process_data});
    transaction.finish = last_signature();
    transaction.process_type = call.process_type;
    transaction.process_data = call.process_data;
    return {call.transaction, *transaction.finish, {}};
  }
  void answer_question() {
    const recorder::Reconcile question = m_reconciles.front();
    m_reconciles.erase(m_reconciles.begin());
    std::vector<device::TseTransaction> found;
    std::vector<std::string> clients;
    for (const auto& ask : question.asks) {
      clients.push_back(ask.client);
      for (const auto& [number, transaction] : m_held)
        if (transaction.client == ask.client &&
            (number > ask.after || std::ranges::find(ask.numbers, number) != ask.numbers.end()))
          found.push_back(transaction);
    }
    on(recorder::Reconciled{question.tse_serial, clients, question.after_probe, found});
  }
  void answer_probe() {
    const std::string asked = m_probes.front().tse_serial;
    m_probes.erase(m_probes.begin());
    if (mood == Mood::works)
      on(recorder::Probed{asked, Ok{}});
    else
      on(recorder::Probed{asked, unavailable("E-TSE-402", "gone")});
  }

  country::de::Germany m_germany;
  std::unique_ptr<recorder::Recorder> m_recorder;
  std::vector<recorder::Append> m_appends;
  std::vector<recorder::Call> m_calls;
  std::vector<recorder::Probe> m_probes;
  std::vector<recorder::Reconcile> m_reconciles;
  std::optional<Steady> m_wish;
  Replies m_replies;
  std::map<std::uint64_t, device::TseTransaction> m_held;
  std::set<std::string> m_reversed;
  std::uint64_t m_requests = 0;
  std::uint64_t m_keys = 0;
  Bytes m_tar;
};

/// The findings down to a severity, one a line.
inline std::string listed_down_to(const verify::Report& report, verify::Severity worst) {
  std::string out;
  for (const verify::Finding& finding : report.findings())
    if (finding.severity <= worst)
      out += fmt::format("{} {} | {} | {}\n", finding.rule, finding.place, finding.found,
                         finding.expected);
  return out;
}

}  // namespace siegel::exports::testing
