#include "crypto/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <memory>
#include <sstream>
#include <type_traits>

namespace siegel::crypto {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

static_assert(!std::is_copy_constructible_v<SecretBytes> &&
              !std::is_copy_assignable_v<SecretBytes>);
static_assert(std::is_nothrow_move_constructible_v<SecretBytes>);
static_assert(!std::equality_comparable<SecretBytes> && !Printable<SecretBytes>);
static_assert(!std::is_convertible_v<SecretBytes, BytesView>);

TEST(SecretBytes, ComparesByContent) {
  const auto secret = SecretBytes::copy_of(bytes_of("12345"));
  EXPECT_TRUE(secret.equals(secret.clone()));
  EXPECT_TRUE(secret.equals(bytes_of("12345")));
  EXPECT_FALSE(secret.equals(bytes_of("12344")));
  EXPECT_FALSE(secret.equals(bytes_of("02345")));
  EXPECT_FALSE(secret.equals(bytes_of("1234")));
  EXPECT_TRUE(SecretBytes().equals(BytesView()));
}

TEST(SecretBytes, WipingLeavesNothing) {
  ByteArray<64> memory{};
  memory.fill(std::byte{0x5A});
  wipe(std::span(memory).first(32));
  EXPECT_TRUE(std::all_of(memory.begin(), memory.begin() + 32,
                          [](std::byte b) { return b == std::byte{0}; }));
  EXPECT_EQ(memory[32], std::byte{0x5A});
}

TEST(SecretBytes, LeavesNothingInFreedMemory) {
  // The heap of this process is searched for the secret after its death, through an allocation of
  // the same size: the allocator hands the same block out again.
  constexpr std::size_t size = 4000;
  const std::byte* was = nullptr;
  {
    SecretBytes secret(size);
    std::ranges::fill(secret.writable(), std::byte{0xA7});
    was = secret.reveal().data();
  }
  const std::unique_ptr<std::byte[]> again(new std::byte[size]);  // not initialised
  if (again.get() != was) GTEST_SKIP() << "this allocator does not hand blocks out again at once";
  // The allocator keeps words of its own at both ends of a free block; an address in them may hold
  // any byte.
  constexpr std::size_t own = 64;
  EXPECT_EQ(std::count(again.get() + own, again.get() + size - own, std::byte{0xA7}), 0);
}

TEST(SecretBytes, RandomFillsEveryByte) {
  SeededRandom random(1);
  const auto a = SecretBytes::random(64, random);
  EXPECT_EQ(a.size(), 64U);
  EXPECT_FALSE(a.equals(SecretBytes(64)));
  EXPECT_FALSE(a.equals(SecretBytes::random(64, random)));
}

}  // namespace
}  // namespace siegel::crypto
