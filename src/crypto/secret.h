#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

namespace siegel::crypto {

/// Overwrites memory in a way the compiler cannot remove.
void wipe(std::span<std::byte> memory);

/// Compares without revealing by its duration where the first difference is. Different sizes are
/// unequal at once: a size is no secret.
[[nodiscard]] bool equal_constant_time(BytesView a, BytesView b);

/// An allocator that wipes what it gives back, for containers that must not leave copies behind
/// when they grow.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  explicit WipingAllocator(const WipingAllocator<U>& /*other*/) {}

  [[nodiscard]] T* allocate(std::size_t n) { return std::allocator<T>{}.allocate(n); }
  void deallocate(T* p, std::size_t n) {
    wipe(std::as_writable_bytes(std::span<T>(p, n)));
    std::allocator<T>{}.deallocate(p, n);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

/// A key, PIN or PUK in memory. Moves, never copies by accident, cannot be printed or compared with
/// `==`, and is overwritten when it dies. It is not locked into RAM: a machine that swaps to an
/// unencrypted disk may write it there.
class SecretBytes {
 public:
  SecretBytes() = default;
  /// `size` zero bytes, to be filled through writable().
  explicit SecretBytes(std::size_t size) : m_bytes(size) {}
  /// Copies; the caller wipes the original if it holds one.
  static SecretBytes copy_of(BytesView bytes);
  /// `size` bytes of `random`.
  static SecretBytes random(std::size_t size, Random& random);

  SecretBytes(SecretBytes&&) noexcept = default;
  SecretBytes& operator=(SecretBytes&&) noexcept = default;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() = default;

  /// The bytes, valid as long as this object is not moved. Not for logs, texts or errors.
  [[nodiscard]] BytesView reveal() const { return m_bytes; }
  [[nodiscard]] std::span<std::byte> writable() { return m_bytes; }
  [[nodiscard]] std::size_t size() const { return m_bytes.size(); }
  [[nodiscard]] bool empty() const { return m_bytes.empty(); }
  [[nodiscard]] SecretBytes clone() const { return copy_of(m_bytes); }

  /// Constant time for equal sizes.
  [[nodiscard]] bool equals(BytesView other) const { return equal_constant_time(m_bytes, other); }
  [[nodiscard]] bool equals(const SecretBytes& other) const { return equals(other.m_bytes); }

  friend bool operator==(const SecretBytes&, const SecretBytes&) = delete;
  friend std::ostream& operator<<(std::ostream&, const SecretBytes&) = delete;

 private:
  std::vector<std::byte, WipingAllocator<std::byte>> m_bytes;
};

}  // namespace siegel::crypto
