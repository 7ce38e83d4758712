#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/shop/shop.h"
#include "base/result.h"
#include "base/stream.h"
#include "report.h"

// A shop as it runs in a till, with everything wired: journal and index in SQLite, 32 registers,
// followers at work; the law of Germany and one software TSE, or the law of Austria and one
// software signer, each with a P-256 key.

namespace siegel::bench {

enum class Law { de, at };

/// Bytes that one sale stores.
struct SaleSizes {
  std::size_t plan = 0;  ///< header and payload
  std::size_t seal = 0;
  std::size_t start = 0;  ///< message of the TSE (Germany)
  std::size_t finish = 0;
};

struct Run {
  double sales_a_second = 0;
  double cpu_us = 0;                 ///< of one sale, all threads
  double switches = 0;               ///< of threads, a sale
  std::vector<double> latencies_ms;  ///< sorted
};

/// Fills a Run from the latencies of its sales.
class Stopwatch {
 public:
  [[nodiscard]] double begin() const { return m_begin; }
  void finish(Run& run) const;

 private:
  double m_begin = seconds_now();
  Usage m_usage = usage();
};

/// A breakfast: three lines, two VAT rates, cash. Sales differ a little from each other.
[[nodiscard]] ReceiptDraft example_sale(std::uint64_t n, Law law = Law::de);

class World {
 public:
  static constexpr std::size_t registers_max = 32;

  /// A new shop in an empty folder, or the one that is there.
  static Result<std::unique_ptr<World>> open(const std::filesystem::path& folder,
                                             Law law = Law::de);

  /// Sells on `registers` registers for some seconds, each as soon as it has its receipt. Every
  /// sale must be signed.
  Result<Run> sell(std::size_t registers, double seconds);
  /// The same until the journal has about `entries`.
  Status sell_until(std::uint64_t entries);
  Result<SaleSizes> sizes();
  /// An export of everything the TSE has signed.
  Status export_tar(Sink& sink);
  /// In the journal.
  Result<std::uint64_t> entries();

 private:
  World() = default;
  Status commission(const std::filesystem::path& folder);
  Status commission_de();
  Status commission_at();
  [[nodiscard]] bool is_signed(const std::optional<Seal>& seal) const;
  [[nodiscard]] app::SaleRequest make_sale(std::size_t register_index);
  Result<Run> sell_one(double seconds);
  Result<Run> sell_many(std::size_t registers, double seconds, std::uint64_t sales);

  Law m_law = Law::de;
  std::unique_ptr<app::Shop> m_shop;
  std::vector<RegisterId> m_registers;
  std::uint64_t m_sold = 0;
};

}  // namespace siegel::bench
