#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "country/de/de.h"
#include "device/softtse/softtse.h"
#include "journal/sqlite/sqlite.h"
#include "report.h"
#include "runtime/threads/engine.h"

// A shop as it runs in a till: journal in SQLite, the law of Germany, one software TSE, the
// recorder on its threads.

namespace siegel::bench {

/// Passes everything on and notes the bytes of each commit.
class NotingJournal final : public journal::Journal {
 public:
  struct Row {
    std::size_t header = 0;
    std::size_t payload = 0;
  };
  explicit NotingJournal(std::unique_ptr<journal::sqlite::SqliteJournal> inner)
      : m_inner(std::move(inner)) {}

  Result<journal::Head> append(journal::Sequence first,
                               std::span<const journal::Draft> drafts) override;
  Result<journal::Head> recover() override { return m_inner->recover(); }
  [[nodiscard]] journal::Head head() const override { return m_inner->head(); }
  Result<std::unique_ptr<journal::Reader>> reader() override { return m_inner->reader(); }
  [[nodiscard]] journal::sqlite::JournalStatus status() const { return m_inner->status(); }

  bool noting = false;
  std::vector<std::vector<Row>> commits;  ///< filled while `noting`, on the writer's thread

 private:
  std::unique_ptr<journal::sqlite::SqliteJournal> m_inner;
};

/// Bytes that one sale stores.
struct SaleSizes {
  std::size_t plan = 0;  ///< header and payload
  std::size_t seal = 0;
  std::size_t start = 0;  ///< message of the TSE
  std::size_t finish = 0;
};

struct Run {
  double sales_a_second = 0;
  double cpu_us = 0;                 ///< of one sale, all threads
  double switches = 0;               ///< of threads, a sale
  std::vector<double> latencies_ms;  ///< sorted
  std::uint64_t checkpoints = 0;     ///< of the journal
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

class World {
 public:
  static constexpr std::size_t registers_max = 32;

  /// A new shop in an empty folder, or the one that is there.
  static Result<std::unique_ptr<World>> open(const std::filesystem::path& folder);
  /// Keeps the state for the next open.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Sells on `registers` registers for some seconds, each as soon as it has its receipt.
  /// Every sale must be signed.
  Result<Run> sell(std::size_t registers, double seconds);
  /// The same until the journal has `entries`.
  Status sell_until(std::uint64_t entries);
  /// Appends one row each for 32 producers (drafts of open Vorgaenge): rows a second.
  Result<double> append_rows(double seconds);
  Result<SaleSizes> sizes();
  /// An export of everything the TSE has signed.
  Status export_tar(Sink& sink);
  [[nodiscard]] std::uint64_t entries() const { return m_durable.load(); }
  NotingJournal& journal() { return *m_journal; }

 private:
  World() = default;
  Status commission();
  Result<recorder::State> load();
  [[nodiscard]] recorder::Sell make_sale(std::size_t register_index);
  Result<Run> sell_one(double seconds);
  Result<Run> sell_many(std::size_t registers, double seconds, std::uint64_t until);

  std::filesystem::path m_folder;
  std::unique_ptr<NotingJournal> m_journal;
  country::de::Germany m_country;
  std::unique_ptr<device::softtse::SoftTse> m_tse;
  std::string m_serial;
  std::vector<RegisterId> m_registers;
  std::uint64_t m_next_key = 0;
  std::atomic<std::uint64_t> m_durable = 0;
  std::unique_ptr<runtime::Engine> m_engine;
};

}  // namespace siegel::bench
