#include "verify/dsfinvk/facts.h"

#include <algorithm>
#include <cstring>
#include <queue>
#include <tuple>

namespace siegel::verify::dsfinvk {

namespace {

bool before(const Fact& a, const Fact& b) {
  return std::tie(a.topic, a.key0, a.key1, a.order, a.kind, a.closing, a.line) <
         std::tie(b.topic, b.key0, b.key1, b.order, b.kind, b.closing, b.line);
}

/// Reads a run piece by piece.
class Run {
 public:
  Run(std::FILE* file, std::size_t piece) : m_file(file), m_facts(piece) { std::rewind(file); }
  /// Null at the end.
  const Fact* next() {
    if (m_at == m_size) {
      m_size = std::fread(m_facts.data(), sizeof(Fact), m_facts.size(), m_file);
      m_at = 0;
      if (m_size == 0) return nullptr;
    }
    return &m_facts[m_at++];
  }
  [[nodiscard]] bool failed() const { return std::ferror(m_file) != 0; }

 private:
  std::FILE* m_file;
  std::vector<Fact> m_facts;
  std::size_t m_at = 0;
  std::size_t m_size = 0;
};

}  // namespace

std::uint64_t text_hash(std::string_view text, std::uint64_t seed) {
  // Multiply and fold, eight bytes at a time; who makes collisions only confuses his own export.
  constexpr std::uint64_t prime = 0x9E3779B97F4A7C15U;
  __extension__ using Wide = unsigned __int128;
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  };
  std::uint64_t hash = seed ^ (text.size() * prime) ^ 0x243F6A8885A308D3U;
  while (!text.empty()) {
    std::uint64_t word = 0;
    const std::size_t n = std::min<std::size_t>(8, text.size());
    std::memcpy(&word, text.data(), n);
    hash = mix(hash ^ word, prime) + prime;
    text.remove_prefix(n);
  }
  return mix(hash ^ 0x13198A2E03707344U, prime);
}

void FactSorter::add(const Fact& fact) {
  m_facts.push_back(fact);
  if (m_facts.size() >= in_memory_max) spill();
}

void FactSorter::spill() {
  std::ranges::sort(m_facts, before);
  File file(std::tmpfile());
  if (!file ||
      std::fwrite(m_facts.data(), sizeof(Fact), m_facts.size(), file.get()) != m_facts.size()) {
    m_failed = true;
  } else {
    m_runs.push_back(std::move(file));
  }
  m_facts.clear();
}

void FactSorter::merge(FactSorter&& other) {
  m_failed |= other.m_failed;
  std::ranges::move(other.m_runs, std::back_inserter(m_runs));
  for (const Fact& fact : other.m_facts) add(fact);
  other = FactSorter();
}

Status FactSorter::visit(const std::function<void(const Fact&)>& each) {
  const auto no_room = [] {
    return unavailable("E-VER-004", "there is no room for temporary files");
  };
  if (!m_runs.empty()) spill();
  if (m_failed) return no_room();
  std::ranges::sort(m_facts, before);
  if (m_runs.empty()) {
    for (const Fact& fact : m_facts) each(fact);
    return Ok{};
  }
  std::vector<Run> runs;
  const std::size_t piece = std::max<std::size_t>(64, in_memory_max / m_runs.size());
  for (const File& file : m_runs) runs.emplace_back(file.get(), piece);
  const auto later = [](const std::pair<Fact, std::size_t>& a,
                        const std::pair<Fact, std::size_t>& b) { return before(b.first, a.first); };
  std::priority_queue<std::pair<Fact, std::size_t>, std::vector<std::pair<Fact, std::size_t>>,
                      decltype(later)>
      heads(later);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (const Fact* fact = runs[i].next()) heads.emplace(*fact, i);
  }
  while (!heads.empty()) {
    const auto [fact, run] = heads.top();
    heads.pop();
    each(fact);
    if (const Fact* next = runs[run].next()) heads.emplace(*next, run);
  }
  if (std::ranges::any_of(runs, [](const Run& run) { return run.failed(); })) return no_room();
  return Ok{};
}

}  // namespace siegel::verify::dsfinvk
