// The small headers of this folder: results, strong types, streams, chance, threads, checks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <memory>
#include <set>
#include <thread>
#include <type_traits>
#include <unordered_set>

#include "base/check.h"
#include "base/mutant.h"
#include "base/random.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/strong.h"
#include "base/thread.h"

namespace siegel {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return invalid("E-ENC-001", "odd", "/n");
  return n / 2;
}

Result<int> quarter(int n) {
  SIEGEL_TRY(const int once, half(n));
  SIEGEL_TRY(const int twice, half(once));
  return twice;
}

Status both_even(int a, int b) {
  SIEGEL_TRY_OK(half(a));
  SIEGEL_TRY_OK(half(b));
  return Ok{};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_TRUE(static_cast<bool>(half(4)));
  EXPECT_EQ(half(4).value(), 2);
  EXPECT_EQ(*half(4), 2);
  EXPECT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error(), (Error{ErrorKind::invalid, "E-ENC-001", "odd", "/n"}));
}

TEST(Result, TryPassesTheFirstErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().code, "E-ENC-001");
  EXPECT_EQ(quarter(5).error().code, "E-ENC-001");
  EXPECT_TRUE(both_even(2, 4).ok());
  EXPECT_FALSE(both_even(2, 3).ok());
  EXPECT_FALSE(both_even(1, 2).ok());
}

TEST(Result, CarriesWhatCanOnlyMove) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto pass = [&]() -> Result<std::unique_ptr<int>> {
    SIEGEL_TRY(auto made, make());
    return made;
  };
  const std::unique_ptr<int> got = pass().value();
  EXPECT_EQ(*got, 7);
}

TEST(Result, EachKindOfErrorHasItsMaker) {
  EXPECT_EQ(invalid("a", "b").kind, ErrorKind::invalid);
  EXPECT_EQ(conflict("a", "b").kind, ErrorKind::conflict);
  EXPECT_EQ(not_found("a", "b").kind, ErrorKind::not_found);
  EXPECT_EQ(unavailable("a", "b").kind, ErrorKind::unavailable);
  EXPECT_EQ(unknown("a", "b").kind, ErrorKind::unknown);
  EXPECT_EQ(corrupt("a", "b").kind, ErrorKind::corrupt);
  EXPECT_EQ(corrupt("a", "b", "c"), (Error{ErrorKind::corrupt, "a", "b", "c"}));
}

TEST(ResultDeathTest, TheWrongFaceOfAResultIsOurOwnBug) {
  EXPECT_DEATH(static_cast<void>(half(3).value()), "internal check failed: ok\\(\\)");
  EXPECT_DEATH(static_cast<void>(half(4).error()), "internal check failed");
}

TEST(CheckDeathTest, NamesTheConditionAndThePlace) {
  SIEGEL_CHECK(1 + 1 == 2);
  EXPECT_DEATH(SIEGEL_CHECK(1 + 1 == 3), "1 \\+ 1 == 3 \\(.*base_test.cpp:[0-9]+\\)");
}

using Apples = Strong<int, struct AppleTag>;
using Pears = Strong<int, struct PearTag>;
static_assert(!std::is_convertible_v<int, Apples>);
static_assert(!std::is_convertible_v<Apples, int>);
static_assert(!std::is_constructible_v<Apples, Pears>);
static_assert(!std::equality_comparable_with<Apples, Pears>);

TEST(Strong, ComparesWithItsOwnKind) {
  EXPECT_EQ(Apples(3), Apples(3));
  EXPECT_LT(Apples(2), Apples(3));
  EXPECT_EQ(Apples().get(), 0);
  const std::unordered_set<Apples> set{Apples(1), Apples(2), Apples(1)};
  EXPECT_EQ(set.size(), 2U);
}

TEST(Stream, MemoryGivesBackWhatItTook) {
  EXPECT_TRUE(rc::check("in any pieces", [](const std::vector<std::string>& pieces) {
    MemorySink sink;
    std::string all;
    for (const std::string& piece : pieces) {
      RC_ASSERT(sink.write(bytes_of(piece)).ok());
      all += piece;
    }
    RC_ASSERT(text_of(sink.bytes()) == all);
    const Bytes bytes = sink.take();
    MemorySource source(bytes);
    Bytes again;
    Bytes chunk(*rc::gen::inRange<std::size_t>(1, 9));
    while (true) {
      const std::size_t n = source.read(chunk).value();
      RC_ASSERT(n <= chunk.size());
      if (n == 0) break;
      append(again, BytesView(chunk).first(n));
    }
    RC_ASSERT(again == bytes);
    RC_ASSERT(source.read(chunk).value() == 0U);
  }));
}

TEST(SeededRandom, GivesTheNumbersOfSplitMix64) {
  // The first five of the reference code for seed 1234567.
  SeededRandom random(1234567);
  for (const std::uint64_t expected :
       {6457827717110365317U, 3203168211198807973U, 9817491932198370423U, 4593380528125082431U,
        16408922859458223821U})
    EXPECT_EQ(random.next(), expected);
}

TEST(SeededRandom, TheSameSeedGivesTheSameBytes) {
  EXPECT_TRUE(rc::check("reproducible", [](std::uint64_t seed) {
    SeededRandom a(seed);
    SeededRandom b(seed);
    SeededRandom c(seed + 1);
    ByteArray<32> from_a{};
    ByteArray<32> from_b{};
    ByteArray<32> from_c{};
    a.fill(from_a);
    b.fill(from_b);
    c.fill(from_c);
    RC_ASSERT(from_a == from_b);
    RC_ASSERT(from_a != from_c);
    RC_ASSERT(a.below(1000) == b.below(1000));
  }));
}

TEST(Random, BelowStaysBelowAndReachesEverything) {
  SeededRandom random(1);
  for (const std::uint64_t bound : {1U, 2U, 3U, 10U}) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random.below(bound));
    EXPECT_EQ(seen.size(), bound);
    EXPECT_LT(*seen.rbegin(), bound);
  }
  const std::uint64_t huge = (1ULL << 63U) + 1;  // nearly half of all draws are thrown away
  for (int i = 0; i < 1000; ++i) ASSERT_LT(random.below(huge), huge);
}

TEST(Random, ADrawThatWouldGiveABiasIsThrownAway) {
  class Scripted final : public Random {
   public:
    void fill(std::span<std::byte> out) override {
      std::ranges::fill(out, m_calls++ == 0 ? std::byte{0xFF} : std::byte{0});
    }
    [[nodiscard]] int calls() const { return m_calls; }

   private:
    int m_calls = 0;
  };
  Scripted random;
  EXPECT_EQ(random.below(10), 0U);
  EXPECT_EQ(random.calls(), 2);
}

TEST(RandomDeathTest, NothingIsBelowZero) {
  SeededRandom random(1);
  EXPECT_DEATH(static_cast<void>(random.below(0)), "bound > 0");
}

TEST(Random, TheSystemsIsNotAlwaysTheSame) {
  ByteArray<32> a{};
  ByteArray<32> b{};
  system_random().fill(a);
  system_random().fill(b);
  EXPECT_NE(a, b);
  EXPECT_NE(a, ByteArray<32>{});
  system_random().fill({});
}

TEST(Thread, AConditionWakesWhoWaits) {
  Mutex mutex;
  Condition changed;
  int turns = 0;
  std::jthread other([&] {
    for (int i = 0; i < 1000; ++i) {
      Lock lock(mutex);
      while (turns % 2 == 0) changed.wait(lock);
      ++turns;
      changed.notify_all();
    }
  });
  for (int i = 0; i < 1000; ++i) {
    Lock lock(mutex);
    while (turns % 2 == 1) changed.wait(lock);
    ++turns;
    changed.notify_one();
  }
  other.join();
  EXPECT_EQ(turns, 2000);
}

TEST(Thread, AWaitEndsWhenItsTimeIsOver) {
  Mutex mutex;
  Condition never;
  Lock lock(mutex);
  EXPECT_FALSE(never.wait_for(lock, std::chrono::milliseconds(1)));
  lock.unlock();
  // Somebody else can have it now; a lock still held would hang here.
  std::jthread([&] { const Lock theirs(mutex); }).join();
  lock.lock();
}

#if !defined(SIEGEL_MUTANTS)
static_assert(!SIEGEL_MUTANT("any"), "planted faults are compiled away");
#endif

}  // namespace
}  // namespace siegel
