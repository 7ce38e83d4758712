#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

// What single receipts say that only means something beside others, possibly far away: small
// records, sorted on disk when they are many, so that memory does not grow with the export. Not
// part of the module's contract.

namespace siegel::verify::dsfinvk {

enum class Topic : std::uint16_t {
  receipt,      ///< key: register, BON_ID
  transaction,  ///< key: TSE, transaction number
  counter,      ///< key: TSE, signature counter
  voucher,      ///< key: hash of GUTSCHEIN_NR
  group,        ///< key: hash of ABRECHNUNGSKREIS
  article,      ///< key: hash of ABRECHNUNGSKREIS, hash of the article
};

struct Fact {
  Topic topic{};
  std::uint16_t kind = 0;
  std::uint32_t closing = 0;
  std::uint64_t key0 = 0;
  std::uint64_t key1 = 0;
  std::uint64_t order = 0;
  std::uint64_t line = 0;
  std::array<std::int64_t, 4> value{};

  [[nodiscard]] bool same_key(const Fact& other) const {
    return topic == other.topic && key0 == other.key0 && key1 == other.key1;
  }
};
static_assert(sizeof(Fact) == 72);

/// Collects facts and gives them back sorted by topic, keys, order and kind. Beyond
/// `in_memory_max` they are kept in sorted runs in unlinked temporary files.
class FactSorter {
 public:
  static constexpr std::size_t in_memory_max = 400'000;  ///< 29 MB

  FactSorter() = default;
  FactSorter(FactSorter&&) = default;
  FactSorter& operator=(FactSorter&&) = default;

  void add(const Fact& fact);
  /// Takes the facts of another.
  void merge(FactSorter&& other);
  /// Every fact once, in order. E-VER-004: no room for temporary files (also of the calls before).
  Status visit(const std::function<void(const Fact&)>& each);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  void spill();

  std::vector<Fact> m_facts;
  std::vector<File> m_runs;
  bool m_failed = false;
};

/// 64 bits of a text; the same in every run.
[[nodiscard]] std::uint64_t text_hash(std::string_view text, std::uint64_t seed = 0);

}  // namespace siegel::verify::dsfinvk
