#include "archive/comparison.h"

#include <gtest/gtest.h>

#include "model/care.h"
#include "model/codec.h"

namespace siegel::archive {
namespace {

const Instant start_time = Instant::from_unix(1'795'000'000);

/// A journal and the messages of a TSE that fit it, until a test changes something.
class ComparisonTest : public ::testing::Test {
 protected:
  Plan plan() {
    Plan out;
    out.register_id = RegisterId::parse("KASSE-1").value();
    out.number = ++m_number;
    out.receipt_number = "KASSE-1-" + std::to_string(m_number);
    out.process_data = "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar";
    out.tse_serial = "ab12";
    return out;
  }
  std::uint64_t add(std::string_view kind, std::string payload) {
    journal::Entry entry;
    entry.sequence = journal::Sequence(entries.size() + 1);
    entry.kind = kind;
    entry.register_id = "KASSE-1";
    entry.payload = std::move(payload);
    entries.push_back(std::move(entry));
    return entries.size();
  }
  Message message(Message::Step step, std::uint64_t transaction) {
    Message out;
    out.step = step;
    out.counter = ++m_counter;
    out.time = start_time + std::chrono::seconds(m_counter);
    out.transaction = transaction;
    out.client = "KASSE-1";
    out.signature = to_bytes("signature " + std::to_string(m_counter));
    if (step == Message::Step::finish) {
      out.process_type = "Kassenbeleg-V1";
      out.process_data = "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar";
    }
    messages.push_back(out);
    return out;
  }
  /// Plan and seal, start and finish.
  void sell() {
    const std::uint64_t at = add(entry_kind::plan, to_json(plan()));
    const Message start = message(Message::Step::start, ++m_transaction);
    const Message finish = message(Message::Step::finish, m_transaction);
    add(entry_kind::seal, to_json(seal(at, start, finish)));
  }
  static Seal seal(std::uint64_t at, const Message& start, const Message& finish) {
    Seal out;
    out.plan_sequence = at;
    out.outcome = Seal::Outcome::signed_by_tse;
    out.tse_serial = "ab12";
    out.transaction = finish.transaction;
    out.signature_counter = finish.counter;
    out.start = start.time;
    out.end = finish.time;
    out.signature = finish.signature;
    out.start_signature_counter = start.counter;
    out.start_signature = start.signature;
    return out;
  }
  /// `journal_first`: all entries, then all messages; else the other way round.
  ComparisonResult compare(Compared from = {}, bool journal_first = true,
                           Instant patience = start_time + std::chrono::hours(1)) {
    Comparison comparison("ab12", from);
    const auto plan_of = [&](std::uint64_t sequence) {
      return plan_from_json(entries.at(sequence - 1).payload);
    };
    const auto read = [&] {
      for (const journal::Entry& entry : entries)
        if (entry.sequence.get() > from.sequence) {
          EXPECT_TRUE(comparison.journal(entry, plan_of).ok());
        }
    };
    if (journal_first) read();
    for (const Message& one : messages)
      if (one.counter > comparison.first_counter()) comparison.message(one);
    if (!journal_first) read();
    return comparison.finish(m_counter, entries.size(), patience);
  }
  static std::vector<std::string> codes(const ComparisonResult& result) {
    std::vector<std::string> out;
    for (const Finding& finding : result.findings) out.push_back(finding.code);
    return out;
  }

  std::vector<journal::Entry> entries;
  std::vector<Message> messages;
  std::uint64_t m_number = 0, m_counter = 0, m_transaction = 0;
};

TEST_F(ComparisonTest, WhatAgreesIsCountedAndNotLookedAtAgain) {
  for (int i = 0; i < 5; ++i) sell();
  for (const bool journal_first : {true, false}) {
    const ComparisonResult first = compare({}, journal_first);
    EXPECT_EQ(first.messages, 10U);
    EXPECT_TRUE(first.findings.empty());
    EXPECT_EQ(first.compared, (Compared{.counter = 10, .sequence = 10, .pending = {}}));
  }
  const Compared before = compare().compared;
  sell();
  const ComparisonResult second = compare(before);
  EXPECT_EQ(second.messages, 2U);
  EXPECT_TRUE(second.findings.empty());
}

TEST_F(ComparisonTest, EveryDifferenceIsFound) {
  for (int i = 0; i < 3; ++i) sell();
  const std::vector<Message> right = messages;
  const auto with = [&](const std::function<void(Message&)>& change) {
    messages = right;
    change(messages[3]);  // a finish
    const auto found = compare();
    return found.findings_total == 1 ? found.findings.front().code : std::string("nothing");
  };
  EXPECT_EQ(with([](Message& one) { one.signature[0] ^= std::byte{1}; }), "E-ARC-112");
  EXPECT_EQ(with([](Message& one) { one.time = one.time + std::chrono::seconds(1); }), "E-ARC-112");
  EXPECT_EQ(with([](Message& one) { one.client = "KASSE-2"; }), "E-ARC-112");
  EXPECT_EQ(with([](Message& one) { one.transaction = 77; }), "E-ARC-112");
  EXPECT_EQ(with([](Message& one) { one.process_data += "x"; }), "E-ARC-112");
  EXPECT_EQ(with([](Message& one) { one.process_type = "Bestellung-V1"; }), "E-ARC-112");
  EXPECT_EQ(with([](Message& one) { one.step = Message::Step::start; }), "E-ARC-112");
  EXPECT_EQ(with([](Message&) {}), "nothing");
  messages = right;
  messages.erase(messages.begin() + 3);
  EXPECT_EQ(codes(compare()), (std::vector<std::string>{"E-ARC-110"}));
  messages = right;
  entries.resize(5);  // the last seal
  EXPECT_EQ(codes(compare()), (std::vector<std::string>{"E-ARC-111", "E-ARC-111"}));
}

TEST_F(ComparisonTest, ALateSignatureExplainsWhatTheReceiptDoesNotSay) {
  sell();
  const std::uint64_t at = add(entry_kind::plan, to_json(plan()));
  Seal lost;
  lost.plan_sequence = at;
  lost.outcome = Seal::Outcome::unsigned_outage;
  lost.outage_number = 1;
  lost.outage_receipt = 1;
  lost.error_code = "E-TSE-104";
  lost.asked = true;
  const Message start = message(Message::Step::start, ++m_transaction);
  const Message finish = message(Message::Step::finish, m_transaction);
  add(entry_kind::seal, to_json(lost));
  // Before it is found: neither an error nor forgotten.
  const ComparisonResult before = compare({}, true, start_time);
  EXPECT_TRUE(before.findings.empty());
  EXPECT_EQ(before.compared.pending, (std::vector<std::uint64_t>{start.counter, finish.counter}));

  add(entry_kind::late_signature, to_json(LateSignature{.plan_sequence = at,
                                                        .tse_serial = "ab12",
                                                        .transaction = finish.transaction,
                                                        .start = start.time,
                                                        .start_signature_counter = start.counter,
                                                        .start_signature = start.signature,
                                                        .end = finish.time,
                                                        .signature_counter = finish.counter,
                                                        .signature = finish.signature}));
  for (const Compared& from : {before.compared, Compared{}}) {
    const ComparisonResult found = compare(from);
    EXPECT_TRUE(found.findings.empty());
    EXPECT_TRUE(found.compared.pending.empty());
  }
}

TEST_F(ComparisonTest, ATransactionThatAnOutageLeftOpenIsEndedByAnAbort) {
  // Its start was lost on the way; the journal learns of it with the end.
  message(Message::Step::start, ++m_transaction);
  sell();
  Plan abort = plan();
  abort.kind = ReceiptKind::abort;
  abort.transaction = 1;
  abort.process_data = "AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^";
  const std::uint64_t at = add(entry_kind::plan, to_json(abort));
  Message finish = message(Message::Step::finish, 1);
  messages.back().process_data = abort.process_data;
  add(entry_kind::seal, to_json(seal(at, messages.front(), finish)));
  for (const bool journal_first : {true, false})
    EXPECT_TRUE(compare({}, journal_first).findings.empty());
}

TEST_F(ComparisonTest, ASaleMadeMeanwhileIsJudgedTheNextTime) {
  sell();
  const std::uint64_t archived = m_counter;
  const std::uint64_t before = entries.size();
  sell();  // after the archive was fetched
  Comparison comparison("ab12", {});
  const auto plan_of = [&](std::uint64_t sequence) {
    return plan_from_json(entries.at(sequence - 1).payload);
  };
  for (const journal::Entry& entry : entries) ASSERT_TRUE(comparison.journal(entry, plan_of).ok());
  comparison.message(messages[0]);
  comparison.message(messages[1]);
  const ComparisonResult now = comparison.finish(archived, before, start_time);
  EXPECT_TRUE(now.findings.empty());
  EXPECT_EQ(now.compared.counter, archived);
  EXPECT_EQ(compare(now.compared).messages, 2U);
  EXPECT_TRUE(compare(now.compared).findings.empty());
}

}  // namespace
}  // namespace siegel::archive
