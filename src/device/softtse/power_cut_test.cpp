#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

#include "device/softtse/message.h"
#include "device/softtse/test_device.h"

// The store lies on a disk that forgets what was not synced. The power is cut at every change and
// at every sync of a call; after it, what was answered must be there, and no counter and no
// transaction number may ever have been given to two messages the signer saw.

namespace siegel::device::softtse {
namespace {

using testing::CollectedAnswers;
using testing::finish_call;
using testing::joined_finish;
using testing::start_call;
using testing::update_call;

/// What the caller was told before the cut.
struct Told {
  std::vector<TseAnswer> answers;
  bool done = false;  ///< the call as a whole succeeded

  void add(const Result<TseAnswer>& answer) {
    if (answer.ok()) answers.push_back(*answer);
  }
};

struct Scenario {
  std::string name;
  std::function<void(TestDevice&)> prepare;
  std::function<void(TestDevice&, Told&)> act;
  /// Called after the reopening.
  std::function<void(TestDevice&, const Told&)> check = [](TestDevice&, const Told&) {};
  friend std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
    return out << scenario.name;
  }
};

/// No counter and no number of a started transaction appears in two signed messages.
void expect_nothing_used_twice(const TestDevice& /*device*/, const std::vector<Bytes>& signed_all) {
  std::set<std::uint64_t> counters;
  std::set<std::uint64_t> numbers;
  for (const Bytes& bytes : signed_all) {
    const Bytes message = MessageWriter::message(bytes, {});
    const auto parsed = parse_message(message);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(counters.insert(parsed->counter).second) << "counter " << parsed->counter;
    if (parsed->kind == LogKind::transaction && parsed->operation == TseCall::Operation::start) {
      EXPECT_TRUE(numbers.insert(parsed->transaction).second) << "number " << parsed->transaction;
    }
  }
}

void expect_answers_in_store(TestDevice& device, const Told& told) {
  std::map<std::uint64_t, Bytes> stored;
  const auto key = crypto::PublicKey::from_point(device.tse().identity()->public_key);
  ASSERT_TRUE(key.ok());
  for (const auto& file : device.logs()) {
    const auto parsed = parse_message(file.bytes);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(
        key->verify_ecdsa(crypto::HashAlgorithm::sha256, parsed->signed_bytes, parsed->signature));
    stored[parsed->counter] = Bytes(parsed->signature.begin(), parsed->signature.end());
  }
  for (const TseAnswer& answer : told.answers) {
    for (const auto& signature : {answer.signature, answer.protected_update}) {
      if (!signature) continue;
      const auto found = stored.find(signature->counter);
      ASSERT_NE(found, stored.end()) << "answered counter " << signature->counter << " is gone";
      EXPECT_EQ(found->second, signature->value);
    }
  }
}

enum class CutAt { change, sync };

/// One cut; false if the act was over before it.
bool cut_once(const Scenario& scenario, CutAt at, std::uint64_t n, Tear tear) {
  TestDevice device({.updates = UpdateVariant::aggregating});
  device.signing().record = true;
  device.commission();
  scenario.prepare(device);
  Told told;
  if (at == CutAt::change) {
    device.disk().cut_at_change(n);
  } else {
    device.disk().cut_at_sync(n);
  }
  scenario.act(device, told);
  const bool cut = device.disk().is_cut();
  EXPECT_TRUE(cut || told.done) << scenario.name << " fails without a cut";
  device.crash(tear);
  const Status opened = device.open();
  EXPECT_TRUE(succeeded(opened));
  if (!opened.ok()) return false;
  expect_answers_in_store(device, told);
  scenario.check(device, told);
  // Go on working: the next numbers are new ones.
  const auto next = device.start();
  EXPECT_TRUE(succeeded(next));
  expect_nothing_used_twice(device, device.signing().signed_bytes);
  return cut;
}

const std::vector<Tear> all_tears = {Tear::nothing, Tear::ordered, Tear::per_file, Tear::sectors};

class PowerCut : public ::testing::TestWithParam<Scenario> {};

TEST_P(PowerCut, WhatWasAnsweredStaysAndNoCounterIsSignedTwiceCutAtEveryChange) {
  for (const Tear tear : all_tears) {
    std::uint64_t n = 1;
    while (cut_once(GetParam(), CutAt::change, n, tear)) {
      if (::testing::Test::HasFailure()) FAIL() << "cut at change " << n;
      ++n;
    }
    EXPECT_GT(n, 1U);
  }
}

TEST_P(PowerCut, WhatWasAnsweredStaysAndNoCounterIsSignedTwiceCutAtEverySync) {
  for (const Tear tear : all_tears) {
    std::uint64_t n = 1;
    while (cut_once(GetParam(), CutAt::sync, n, tear)) {
      if (::testing::Test::HasFailure()) FAIL() << "cut at sync " << n;
      ++n;
    }
    EXPECT_GT(n, 1U);
  }
}

std::uint64_t first_open(TestDevice& device) {
  const auto open = device.tse().open_transactions("KASSE-1");
  return open.ok() && !open->empty() ? open->front().number : 0;
}

void start_some(TestDevice& device, int count) {
  for (int i = 0; i < count; ++i) EXPECT_TRUE(succeeded(device.start()));
}

Bytes exported_with_admin(TestDevice& device) {
  EXPECT_TRUE(succeeded(device.tse().log_in(TseUser::admin, secret("admin pin"))));
  return device.export_all();
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> all;
  all.push_back({.name = "start",
                 .prepare = [](TestDevice& device) { start_some(device, 3); },
                 .act =
                     [](TestDevice& device, Told& told) {
                       const auto answer = device.start();
                       told.add(answer);
                       told.done = answer.ok();
                     },
                 .check =
                     [](TestDevice& device, const Told& told) {
                       for (const TseAnswer& answer : told.answers) {
                         const auto found = device.tse().find("KASSE-1", answer.transaction);
                         ASSERT_TRUE(found.ok() && found->has_value());
                       }
                     }});
  all.push_back({.name = "finish",
                 .prepare = [](TestDevice& device) { start_some(device, 2); },
                 .act =
                     [](TestDevice& device, Told& told) {
                       const auto answer = device.finish(first_open(device));
                       told.add(answer);
                       told.done = answer.ok();
                     },
                 .check =
                     [](TestDevice& device, const Told& told) {
                       const auto open = device.tse().open_transactions("KASSE-1");
                       ASSERT_TRUE(open.ok());
                       // Open or finished, as the log says, never both.
                       const bool finished = open->size() == 1;
                       EXPECT_TRUE(finished || told.answers.empty());
                       const auto found = device.tse().find(
                           "KASSE-1", finished ? open->front().number - 1 : open->front().number);
                       ASSERT_TRUE(found.ok() && *found);
                       EXPECT_EQ((*found)->finish.has_value(), finished);
                     }});
  all.push_back({.name = "batch",
                 .prepare = [](TestDevice& device) { start_some(device, 5); },
                 .act =
                     [](TestDevice& device, Told& told) {
                       std::vector<TseCall> calls(20, start_call());
                       const auto open = device.tse().open_transactions("KASSE-1");
                       if (!open.ok()) return;
                       for (const auto& transaction : *open) {
                         calls.push_back(finish_call(transaction.number));
                       }
                       CollectedAnswers answers(calls.size());
                       device.tse().perform(calls, answers);
                       told.done = answers.complete();
                       for (std::size_t i = 0; i < calls.size(); ++i) {
                         told.add(answers.at(i));
                         told.done = told.done && answers.at(i).ok();
                       }
                     }});
  all.push_back({.name = "remembered_update",
                 .prepare = [](TestDevice& device) { start_some(device, 1); },
                 .act =
                     [](TestDevice& device, Told& told) {
                       const auto answer = perform_one(
                           device.tse(), update_call(first_open(device), "1;\"Tee\";2.50"));
                       told.add(answer);
                       told.done = answer.ok();
                     },
                 .check =
                     [](TestDevice& device, const Told& told) {
                       if (!told.done) return;
                       // Remembered data are protected by the finish even after the cut.
                       const auto finished = device.finish(first_open(device));
                       ASSERT_TRUE(succeeded(finished));
                       EXPECT_TRUE(finished->protected_update.has_value());
                     }});
  all.push_back(
      {.name = "wrong_pin",
       .prepare = [](TestDevice&) {},
       .act =
           [](TestDevice& device, Told& told) {
             const Status wrong = device.tse().log_in(TseUser::admin, secret("wrong"));
             told.done = !wrong.ok() && wrong.error().code == "E-TSE-210";
           },
       .check =
           [](TestDevice& device, const Told& told) {
             if (!told.done) return;
             // Two more wrong ones block it: the cut gave no try back.
             EXPECT_TRUE(failed_with(device.tse().log_in(TseUser::admin, secret("x")), "failed"));
             EXPECT_TRUE(failed_with(device.tse().log_in(TseUser::admin, secret("x")), "failed"));
             EXPECT_TRUE(failed_with(device.tse().log_in(TseUser::admin, secret("admin pin")),
                                     "pinIsBlocked"));
           }});
  all.push_back({.name = "delete",
                 .prepare =
                     [](TestDevice& device) {
                       start_some(device, 30);
                       for (int i = 0; i < 28; ++i)
                         EXPECT_TRUE(succeeded(device.finish(first_open(device))));
                       exported_with_admin(device);
                     },
                 .act = [](TestDevice& device,
                           Told& told) { told.done = device.tse().delete_log_messages().ok(); },
                 .check =
                     [](TestDevice& device, const Told& told) {
                       // All or nothing: either the log says so and they are gone, or all of them
                       // are there.
                       std::size_t transactions = 0;
                       bool logged = false;
                       for (const auto& file : device.logs()) {
                         if (file.name.find("_Log-Tra_") != std::string::npos) ++transactions;
                         if (file.name.find("_deleteStoredData") != std::string::npos)
                           logged = true;
                       }
                       EXPECT_EQ(transactions, logged ? 2U : 58U);
                       EXPECT_TRUE(logged || !told.done);
                     }});
  all.push_back({.name = "restore",
                 .prepare =
                     [](TestDevice& device) {
                       start_some(device, 10);
                       for (int i = 0; i < 10; ++i)
                         EXPECT_TRUE(succeeded(device.finish(first_open(device))));
                       const Bytes archive = exported_with_admin(device);
                       EXPECT_TRUE(succeeded(device.tse().delete_log_messages()));
                       device.disk().replace("/backup", archive);
                     },
                 .act =
                     [](TestDevice& device, Told& told) {
                       const Bytes archive = device.disk().content("/backup");
                       MemorySource source(archive);
                       told.done = device.tse().restore_logs_from_backup(source).ok();
                     },
                 .check =
                     [](TestDevice& device, const Told& told) {
                       std::size_t transactions = 0;
                       for (const auto& file : device.logs()) {
                         if (file.name.find("_Log-Tra_") != std::string::npos) ++transactions;
                       }
                       EXPECT_TRUE(transactions == 20U || (transactions == 0U && !told.done))
                           << transactions;
                     }});
  all.push_back({.name = "reopening",
                 .prepare =
                     [](TestDevice& device) {
                       start_some(device, 3);
                       device.crash(Tear::ordered);
                     },
                 .act = [](TestDevice& device, Told& told) { told.done = device.open().ok(); }});
  all.push_back(
      {.name = "closing",
       .prepare = [](TestDevice& device) { start_some(device, 3); },
       .act = [](TestDevice& device, Told& told) { told.done = device.tse().close().ok(); }});
  all.push_back(
      {.name = "disable",
       .prepare = [](TestDevice& device) { exported_with_admin(device); },
       .act = [](TestDevice& device, Told& told) { told.done = device.tse().disable().ok(); },
       .check =
           [](TestDevice& device, const Told& told) {
             const bool disabled = device.tse().status()->state == "disabled";
             EXPECT_TRUE(disabled || !told.done);
             if (disabled) {
               EXPECT_TRUE(failed_with(device.start(), "ErrorSecureElementDisabled"));
             }
           }});
  return all;
}

std::vector<Scenario> signing_scenarios() {
  std::vector<Scenario> all = scenarios();
  std::erase_if(all, [](const Scenario& scenario) { return scenario.name == "disable"; });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Softtse, PowerCut, ::testing::ValuesIn(signing_scenarios()),
                         [](const auto& tested) { return tested.param.name; });

TEST(PowerCutDisable, IsDoneForEverOrNotAtAll) {
  const std::vector<Scenario> all = scenarios();
  const Scenario& scenario = all.back();
  for (std::uint64_t n = 1;; ++n) {
    TestDevice device;
    device.commission();
    scenario.prepare(device);
    device.disk().cut_at_change(n);
    Told told;
    scenario.act(device, told);
    const bool cut = device.disk().is_cut();
    device.crash(Tear::sectors);
    ASSERT_TRUE(succeeded(device.open()));
    scenario.check(device, told);
    if (!cut) break;
  }
}

/// Creating a device: cut anywhere, it can be created again or opened.
TEST(PowerCutCreate, LeavesAnEmptyPlaceOrADevice) {
  std::uint64_t n = 1;
  for (;; ++n) {
    TestDevice device;
    device.disk().cut_at_change(n);
    const Status made = device.create();
    const bool cut = device.disk().is_cut();
    device.crash(Tear::ordered);
    if (!cut) {
      ASSERT_TRUE(succeeded(made));
      break;
    }
    const Status opened = device.open();
    if (!opened.ok()) {
      EXPECT_TRUE(succeeded(device.create())) << "cut at " << n << ": " << opened.error().detail;
    }
    EXPECT_TRUE(succeeded(device.tse().commission(
        secret("admin pin"), {.now = device.clock().now().wall, .clients = {"KASSE-1"}})));
    EXPECT_TRUE(succeeded(device.start()));
  }
  EXPECT_GT(n, 5U);
}

TEST(PowerCutJoined, AStartAndItsFinishAreBothThereOrNeither) {
  SeededRandom random(11);
  int both = 0;
  bool cut = true;
  for (std::uint64_t n = 1; cut; ++n) {
    for (const Tear tear : all_tears) {
      TestDevice device;
      device.signing().record = true;
      device.commission();
      device.disk().cut_at_change(n);
      const std::vector<TseCall> calls = {start_call(), joined_finish()};
      CollectedAnswers answers(calls.size());
      device.tse().perform(calls, answers);
      cut = device.disk().is_cut();
      const bool told = answers.complete() && answers.at(1).ok();
      device.crash(tear);
      ASSERT_TRUE(succeeded(device.open()));
      const auto held = device.tse().transactions_after("KASSE-1", 0, 10);
      ASSERT_TRUE(held.ok());
      ASSERT_LE(held->size(), 1U);
      if (told) {
        ASSERT_EQ(held->size(), 1U) << "cut at " << n;
      }
      for (const TseTransaction& one : *held) {
        EXPECT_TRUE(one.finish.has_value()) << "cut at " << n;
        ++both;
      }
      EXPECT_TRUE(succeeded(device.start()));
      expect_nothing_used_twice(device, device.signing().signed_bytes);
    }
  }
  EXPECT_GT(both, 0);
}

TEST(FailedCommit, IsAnsweredByWhatTheStoreHoldsAndTheDeviceGoesOn) {
  for (const bool applied : {false, true}) {
    for (std::uint64_t at = 1; at < 12; ++at) {
      TestDevice device;
      device.signing().record = true;
      device.commission();
      start_some(device, 2);
      device.disk().inject({.at_change = at, .count = 1, .applied = applied});
      Told told;
      const auto answer = device.start();
      told.add(answer);
      device.disk().clear_faults();
      if (!answer.ok()) {
        EXPECT_NE(answer.error().kind, ErrorKind::conflict);
      }
      const auto next = device.start();
      ASSERT_TRUE(succeeded(next));
      told.add(next);
      // "It did not happen" must be true.
      const auto open = device.tse().open_transactions("KASSE-1");
      ASSERT_TRUE(open.ok());
      if (!answer.ok() && answer.error().kind == ErrorKind::unavailable) {
        EXPECT_EQ(open->size(), 3U);
      }
      if (answer.ok()) {
        EXPECT_EQ(open->size(), 4U);
      }
      device.crash(Tear::nothing);
      ASSERT_TRUE(succeeded(device.open()));
      expect_answers_in_store(device, told);
      expect_nothing_used_twice(device, device.signing().signed_bytes);
    }
  }
}

TEST(FailedCommit, AFullDiskRefusesAndRecovers) {
  TestDevice device;
  device.commission();
  device.disk().inject(
      {.fault = sqlite::testing::Fault::full, .at_change = 1, .count = 1000, .applied = false});
  const auto refused = device.start();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().kind == ErrorKind::unavailable ||
              refused.error().kind == ErrorKind::unknown);
  EXPECT_FALSE(device.start().ok());
  device.disk().clear_faults();
  EXPECT_TRUE(succeeded(device.start()));
}

/// The process dies in a commit (the page cache stays), is started again, is asked, and only then
/// the power goes: what the second process told must be there.
TEST(ProcessDeath, ThenAPowerCutLosesNothingThatWasFoundInBetween) {
  bool cut = true;
  for (std::uint64_t n = 1; cut; ++n) {
    TestDevice device;
    device.signing().record = true;
    device.commission();
    start_some(device, 2);
    device.disk().cut_at_change(n);
    static_cast<void>(device.start().ok());
    cut = device.disk().is_cut();
    device.disk().restart();
    ASSERT_TRUE(succeeded(device.open()));
    const auto found = device.tse().open_transactions("KASSE-1");
    ASSERT_TRUE(found.ok());
    device.crash(Tear::nothing);
    ASSERT_TRUE(succeeded(device.open()));
    const auto still = device.tse().open_transactions("KASSE-1");
    ASSERT_TRUE(still.ok());
    EXPECT_EQ(still->size(), found->size()) << "cut at " << n;
    ASSERT_TRUE(succeeded(device.start()));
    expect_nothing_used_twice(device, device.signing().signed_bytes);
  }
}

TEST(Restart, InOrderLeavesNoGap) {
  TestDevice device;
  device.commission();
  start_some(device, 5);
  const std::uint64_t counter = device.tse().status()->signature_counter;
  ASSERT_TRUE(succeeded(device.open()));
  const auto next = device.start();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->signature->counter, counter + 1);
  EXPECT_EQ(next->transaction, 6U);
}

TEST(Restart, AfterACrashTheGapIsLogged) {
  TestDevice device;
  device.commission();
  start_some(device, 5);
  device.crash(Tear::nothing);
  ASSERT_TRUE(succeeded(device.open()));
  const auto logs = device.logs();
  EXPECT_NE(logs.back().name.find("_Log-Aud.log"), std::string::npos) << logs.back().name;
  const auto parsed = parse_message(logs.back().bytes);
  ASSERT_TRUE(parsed.ok());
  const std::string_view text = text_of(logs.back().bytes);
  EXPECT_NE(text.find("restart after power loss"), std::string_view::npos);
}

/// Any mixture of calls, failing signers, restarts and crashes.
TEST(Counters, OnlyRiseWhateverHappens) {
  EXPECT_TRUE(rc::check("counters rise", [] {
    TestDevice device;
    device.signing().record = true;
    device.commission();
    std::uint64_t counter = 0;
    std::uint64_t number = 0;
    Told told;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
    for (const int step : steps) {
      if (step == 0) {
        device.crash(all_tears[device.random().below(4)]);
        RC_ASSERT(device.open().ok());
      } else if (step == 1) {
        // A fault told to the disk before may hit the opening.
        if (!device.open().ok()) {
          device.disk().clear_faults();
          RC_ASSERT(device.open().ok());
        }
      } else if (step == 2) {
        device.signing().fail_next = 1 + device.random().below(3);
      } else if (step == 3) {
        device.disk().inject({.at_change = 1 + device.random().below(6),
                              .count = 1,
                              .applied = device.random().below(2) == 0});
      } else if (step < 8) {
        const auto answer = device.start();
        if (!answer.ok()) continue;
        RC_ASSERT(answer->transaction > number);
        RC_ASSERT(answer->signature->counter > counter);
        number = answer->transaction;
        counter = answer->signature->counter;
        told.add(answer);
      } else {
        const auto open = device.tse().open_transactions("KASSE-1");
        if (!open.ok() || open->empty()) continue;
        const auto answer = device.finish(open->front().number);
        if (!answer.ok()) continue;
        RC_ASSERT(answer->signature->counter > counter);
        counter = answer->signature->counter;
        told.add(answer);
      }
    }
    device.disk().clear_faults();
    device.signing().fail_next = 0;
    expect_answers_in_store(device, told);
    expect_nothing_used_twice(device, device.signing().signed_bytes);
    RC_ASSERT(!::testing::Test::HasFailure());
  }));
}

}  // namespace
}  // namespace siegel::device::softtse
