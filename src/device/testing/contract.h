#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "device/device.h"
#include "device/testing/tse_tools.h"

// What every Tse must do. A plug includes this in one test file of its own and instantiates it:
//
//   INSTANTIATE_TEST_SUITE_P(Softtse, TseContract, ::testing::Values(...));

namespace siegel::device::testing {

class TseContract : public ::testing::TestWithParam<TsePlug> {
 protected:
  void SetUp() override { m_device = GetParam().make(); }
  Tse& tse() { return m_device->tse(); }
  TseUnderTest& device() { return *m_device; }

  std::uint64_t start() {
    const auto answer = perform_one(tse(), start_call());
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().detail);
    return answer.ok() ? answer->transaction : 0;
  }
  TseAnswer finish(std::uint64_t number) {
    auto answer = perform_one(tse(), finish_call(number));
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().detail);
    return answer.ok() ? std::move(answer).value() : TseAnswer{};
  }
  Bytes export_all() {
    MemorySink sink;
    const Status status = tse().export_log({}, sink);
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().detail);
    return sink.take();
  }

 private:
  std::unique_ptr<TseUnderTest> m_device;
};

TEST_P(TseContract, IdentityNamesTheKeyAndStaysTheSame) {
  const auto first = tse().identity();
  ASSERT_TRUE(first.ok());
  const auto key = crypto::PublicKey::from_point(first->public_key);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(first->serial, hex(key->point_hash()));
  ASSERT_FALSE(first->certificates.empty());
  start();
  device().restart();
  const auto second = tse().identity();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(*first, *second);
}

TEST_P(TseContract, NumbersAndCountersRise) {
  std::uint64_t number = 0;
  std::uint64_t counter = 0;
  Instant time;
  for (int i = 0; i < 20; ++i) {
    device().pass(std::chrono::milliseconds(700));
    const auto started = perform_one(tse(), start_call());
    ASSERT_TRUE(started.ok());
    ASSERT_TRUE(started->signature.has_value());
    EXPECT_GT(started->transaction, number);
    EXPECT_GT(started->signature->counter, counter);
    EXPECT_GE(started->signature->log_time, time);
    const TseAnswer finished = finish(started->transaction);
    ASSERT_TRUE(finished.signature.has_value());
    EXPECT_EQ(finished.transaction, started->transaction);
    EXPECT_GT(finished.signature->counter, started->signature->counter);
    number = started->transaction;
    counter = finished.signature->counter;
    time = finished.signature->log_time;
  }
}

TEST_P(TseContract, EachCallOfABatchIsAnsweredOnceInPlace) {
  std::vector<TseCall> calls;
  for (int i = 0; i < 100; ++i) calls.push_back(i % 10 == 9 ? start_call("NOBODY") : start_call());
  CollectedAnswers answers(calls.size());
  tse().perform(calls, answers);
  ASSERT_TRUE(answers.complete());
  std::set<std::uint64_t> numbers;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (i % 10 == 9) {
      ASSERT_FALSE(answers.at(i).ok());
      EXPECT_EQ(answers.at(i).error().code, "E-TSE-201");
      EXPECT_FALSE(answers.at(i).error().place.empty());
    } else {
      ASSERT_TRUE(answers.at(i).ok());
      EXPECT_TRUE(numbers.insert(answers.at(i)->transaction).second);
    }
  }
}

TEST_P(TseContract, AStartAndItsFinishMayBeJoinedInOneBatch) {
  if (!tse().joins_calls()) GTEST_SKIP() << "this device does one call at a time";
  // Odd ones in between: no division of a long batch may part a finish from its start.
  std::vector<TseCall> calls = {start_call()};
  for (int i = 0; i < 70; ++i) {
    const bool refused = i % 10 == 9;
    calls.push_back(start_call(refused ? "NOBODY" : "KASSE-1"));
    calls.push_back(joined_finish());
  }
  CollectedAnswers answers(calls.size());
  tse().perform(calls, answers);
  ASSERT_TRUE(answers.complete());
  ASSERT_TRUE(answers.at(0).ok());
  std::uint64_t counter = answers.at(0)->signature->counter;
  for (std::size_t i = 1; i < calls.size(); i += 2) {
    if (calls[i].client == "NOBODY") {
      EXPECT_FALSE(answers.at(i).ok());
      EXPECT_FALSE(answers.at(i + 1).ok()) << "finished what was never started";
      continue;
    }
    ASSERT_TRUE(answers.at(i).ok());
    ASSERT_TRUE(answers.at(i + 1).ok());
    EXPECT_EQ(answers.at(i + 1)->transaction, answers.at(i)->transaction);
    EXPECT_GT(answers.at(i)->signature->counter, counter);
    counter = answers.at(i + 1)->signature->counter;
    EXPECT_GT(counter, answers.at(i)->signature->counter);
    const auto found = tse().find("KASSE-1", answers.at(i)->transaction);
    ASSERT_TRUE(found.ok() && *found);
    EXPECT_TRUE((*found)->finish.has_value());
    EXPECT_EQ((*found)->process_data, calls[i + 1].process_data);
  }
  const auto open = tse().open_transactions("KASSE-1");
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(open->size(), 1U);
}

TEST_P(TseContract, AnEmptyBatchAsksForNothing) {
  CollectedAnswers answers(0);
  tse().perform({}, answers);
  EXPECT_TRUE(answers.complete());
}

TEST_P(TseContract, OpenTransactionsAreListedUntilTheyAreFinished) {
  const std::uint64_t first = start();
  const std::uint64_t second = start();
  auto open = tse().open_transactions("KASSE-1");
  ASSERT_TRUE(open.ok());
  ASSERT_EQ(open->size(), 2U);
  EXPECT_EQ(open->at(0).number, first);
  EXPECT_EQ(open->at(1).number, second);
  EXPECT_FALSE(open->at(0).finish.has_value());
  EXPECT_GT(open->at(0).start.counter, 0U);
  finish(first);
  device().restart();
  open = tse().open_transactions(std::nullopt);
  ASSERT_TRUE(open.ok());
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ(open->at(0).number, second);
  const auto others = tse().open_transactions("OTHER");
  ASSERT_TRUE(others.ok());
  EXPECT_TRUE(others->empty());
}

TEST_P(TseContract, FindTellsWhatWasSigned) {
  const std::uint64_t number = start();
  const TseAnswer finished = finish(number);
  device().restart();
  const auto found = tse().find("KASSE-1", number);
  ASSERT_TRUE(found.ok());
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->client, "KASSE-1");
  EXPECT_EQ((*found)->process_type, "Kassenbeleg-V1");
  EXPECT_EQ((*found)->process_data, "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar");
  ASSERT_TRUE((*found)->finish.has_value());
  EXPECT_EQ((*found)->finish->counter, finished.signature->counter);
  EXPECT_EQ((*found)->finish->value, finished.signature->value);
  EXPECT_EQ((*found)->finish->log_time, finished.signature->log_time);
}

TEST_P(TseContract, FindKnowsNoOtherClientsAndNoOtherNumbers) {
  const std::uint64_t number = start();
  const auto other_client = tse().find("OTHER", number);
  ASSERT_TRUE(other_client.ok());
  EXPECT_FALSE(other_client->has_value());
  const auto other_number = tse().find("KASSE-1", number + 1000);
  ASSERT_TRUE(other_number.ok());
  EXPECT_FALSE(other_number->has_value());
}

TEST_P(TseContract, TransactionsAfterANumberComeOldestFirstAndLimited) {
  const std::uint64_t first = start();
  const std::uint64_t second = start();
  const std::uint64_t third = start();
  finish(second);
  auto after = tse().transactions_after("KASSE-1", first, 10);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ(after->size(), 2U);
  EXPECT_EQ(after->at(0).number, second);
  EXPECT_TRUE(after->at(0).finish.has_value());
  EXPECT_EQ(after->at(1).number, third);
  after = tse().transactions_after("KASSE-1", 0, 1);
  ASSERT_TRUE(after.ok());
  ASSERT_EQ(after->size(), 1U);
  EXPECT_EQ(after->at(0).number, first);
  after = tse().transactions_after("OTHER", 0, 10);
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE(after->empty());
}

TEST_P(TseContract, AForcedUpdateIsSigned) {
  const std::uint64_t number = start();
  const auto updated = perform_one(tse(), update_call(number, "1;\"Tee\";2.50", true));
  ASSERT_TRUE(updated.ok());
  EXPECT_TRUE(updated->signature.has_value());
}

TEST_P(TseContract, WhatIsNotOpenCannotBeUpdatedOrFinished) {
  const std::uint64_t number = start();
  finish(number);
  for (const TseCall& call : {finish_call(number), update_call(number, "x"), finish_call(99999)}) {
    const auto answer = perform_one(tse(), call);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "E-TSE-205");
    EXPECT_EQ(answer.error().kind, ErrorKind::conflict);
    EXPECT_FALSE(answer.error().place.empty());
  }
}

TEST_P(TseContract, TheExportHoldsEveryMessageOnceAndAllOfThemVerify) {
  for (int i = 0; i < 10; ++i) finish(start());
  const Bytes archive = export_all();
  const auto identity = tse().identity();
  ASSERT_TRUE(identity.ok());
  const auto key = crypto::PublicKey::from_point(identity->public_key);
  const auto algorithm = crypto::signature_algorithm_from_name(identity->algorithm);
  ASSERT_TRUE(key.ok() && algorithm.ok());
  std::set<std::string> names;
  std::size_t transactions = 0;
  for (const ArchiveFile& file : logs_of(archive)) {
    EXPECT_TRUE(names.insert(file.name).second) << file.name;
    const SignedParts parts = parts_of(file.bytes);
    EXPECT_TRUE(crypto::verify(*key, *algorithm, parts.signed_bytes, parts.signature)) << file.name;
    if (file.name.find("_Log-Tra_") != std::string::npos) ++transactions;
  }
  EXPECT_EQ(transactions, 20U);
  const auto files = files_of(archive);
  EXPECT_EQ(std::ranges::count(files, "info.csv", &ArchiveFile::name), 1);
  EXPECT_EQ(std::ranges::count_if(files,
                                  [&](const ArchiveFile& file) {
                                    return file.name == identity->serial + "_X509.der" &&
                                           file.bytes == identity->certificates.front();
                                  }),
            1);
}

TEST_P(TseContract, AnAnsweredSignatureIsInTheExportAfterAPowerCut) {
  const std::uint64_t number = start();
  const TseAnswer finished = finish(number);
  device().restart();
  const std::string part = "_Sig-" + std::to_string(finished.signature->counter) + "_Log-Tra_No-" +
                           std::to_string(number) + "_Finish_Client-KASSE-1";
  const auto logs = logs_of(export_all());
  const auto file = std::ranges::find_if(logs, [&](const ArchiveFile& candidate) {
    return candidate.name.find(part) != std::string::npos;
  });
  ASSERT_NE(file, logs.end());
  const SignedParts parts = parts_of(file->bytes);
  EXPECT_TRUE(std::ranges::equal(parts.signature, finished.signature->value));
}

TEST_P(TseContract, StatusCountsWhatHappened) {
  const auto before = tse().status();
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->state, "active");
  EXPECT_TRUE(before->time_set);
  EXPECT_THAT(before->clients, ::testing::Contains("KASSE-1"));
  start();
  finish(start());
  const auto after = tse().status();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->transaction_counter, before->transaction_counter + 2);
  EXPECT_EQ(after->signature_counter, before->signature_counter + 3);
  EXPECT_EQ(after->signatures_left + 3, before->signatures_left);
  EXPECT_EQ(after->open_transactions, before->open_transactions + 1);
  EXPECT_GT(after->storage_used_bytes, before->storage_used_bytes);
}

TEST_P(TseContract, AWrongPinIsRefusedAndCostsATry) {
  const Status wrong = tse().log_in(TseUser::admin, secret("wrong pin"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, "E-TSE-210");
  EXPECT_TRUE(tse().log_in(TseUser::admin, device().admin_pin()).ok());
  EXPECT_TRUE(tse().log_out().ok());
}

TEST_P(TseContract, TheSelfTestPasses) { EXPECT_TRUE(tse().self_test().ok()); }

TEST_P(TseContract, ADisabledDeviceSignsNeverAgainButExports) {
  finish(start());
  ASSERT_TRUE(tse().log_in(TseUser::admin, device().admin_pin()).ok());
  ASSERT_TRUE(tse().disable().ok());
  const auto refused = perform_one(tse(), start_call());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  const auto status = tse().status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->state, "disabled");
  EXPECT_FALSE(logs_of(export_all()).empty());
}

}  // namespace siegel::device::testing
