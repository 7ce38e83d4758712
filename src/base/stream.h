#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace siegel {

/// Where bytes go. A failed write ends the stream: what was written before is incomplete.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Status write(BytesView bytes) = 0;
};

/// Where bytes come from. `read` fills at most `out`, returns how many; 0 is the end.
class Source {
 public:
  virtual ~Source() = default;
  virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
};

/// Collects in memory.
class MemorySink final : public Sink {
 public:
  Status write(BytesView bytes) override {
    append(m_bytes, bytes);
    return Ok{};
  }
  [[nodiscard]] const Bytes& bytes() const { return m_bytes; }
  [[nodiscard]] Bytes take() { return std::move(m_bytes); }

 private:
  Bytes m_bytes;
};

/// Reads from memory that outlives it.
class MemorySource final : public Source {
 public:
  explicit MemorySource(BytesView bytes) : m_rest(bytes) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t n = std::min(out.size(), m_rest.size());
    std::copy_n(m_rest.begin(), n, out.begin());
    m_rest = m_rest.subspan(n);
    return n;
  }

 private:
  BytesView m_rest;
};

}  // namespace siegel
