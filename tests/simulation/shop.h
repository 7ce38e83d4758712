#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "country/de/de.h"
#include "crypto/secret.h"
#include "device/faulty/faulty.h"
#include "device/softtse/softtse.h"
#include "recorder/recorder.h"
#include "runtime/sim/world.h"
#include "sqlite/testing/forgetful_vfs.h"

// A shop whose parts are the real ones (SQLite journal, software TSE, German law) on disks that
// forget, with a world that decides by seed what happens next.

namespace siegel::simulation {

inline constexpr const char* journal_path = "/journal.db";
inline constexpr const char* tse_path = "/tse.db";
inline constexpr std::size_t registers_max = 4;
[[nodiscard]] RegisterId register_name(std::size_t index);

/// Entries the index knows, as a follower would keep them: durable and complete up to `position`.
struct Index {
  std::uint64_t position = 0;
  std::map<std::string, recorder::KnownKey> keys;  ///< by scoped()
  std::map<std::string, Plan> plans;               ///< by receipt number
  std::map<std::string, bool> reversed;            ///< by receipt number

  void take(const std::vector<journal::Entry>& entries);
};

struct ShopOptions {
  std::uint64_t seed = 1;
  runtime::sim::Options world;
  /// Faults of the TSE are drawn anew at each start of it, from this many kinds (0: none).
  bool tse_faults = false;
  std::size_t registers = 1;
  int checkpoint_pages = 40;  ///< small, so that checkpoints happen within a day
};

class Shop {
 public:
  explicit Shop(ShopOptions options);
  ~Shop();
  Shop(const Shop&) = delete;
  Shop& operator=(const Shop&) = delete;

  /// Opens everything and enters the master data. Any error is one of the test's own.
  Status open();

  [[nodiscard]] runtime::sim::World& world() { return *m_world; }
  [[nodiscard]] sqlite::testing::ForgetfulDisk& journal_disk() { return m_journal_disk; }
  [[nodiscard]] sqlite::testing::ForgetfulDisk& tse_disk() { return m_tse_disk; }
  [[nodiscard]] SeededRandom& random() { return m_random; }
  [[nodiscard]] runtime::sim::SimClock& clock() { return m_clock; }
  [[nodiscard]] const std::string& tse_serial() const;
  [[nodiscard]] const Index& index() const { return m_index; }
  [[nodiscard]] std::size_t registers() const { return m_options.registers; }

  /// No faults from now on, and the device answers again.
  void quiet();
  /// Waits for the answer of one command; steps the world.
  Result<recorder::Accepted> run(const std::string& source, runtime::sim::World::Body body);
  [[nodiscard]] recorder::Lookup look_up(const RegisterId& register_id, const std::string& key,
                                         const std::string& reverses = {}) const;

  /// The log of the TSE as a TAR archive.
  Result<Bytes> export_tse();
  Result<std::vector<journal::Entry>> entries();

 private:
  Result<std::unique_ptr<device::Tse>> open_tse();
  device::FaultScript draw_script();

  ShopOptions m_options;
  SeededRandom m_random;
  SeededRandom m_device_random;
  SeededRandom m_disk_random;
  runtime::sim::SimClock m_clock;
  sqlite::testing::ForgetfulDisk m_journal_disk;
  sqlite::testing::ForgetfulDisk m_tse_disk;
  std::unique_ptr<device::Sleeper> m_sleeper;
  country::de::Germany m_germany;
  Index m_index;
  bool m_quiet = true;
  device::FaultyTse* m_faulty = nullptr;  // of the world, null while it is off
  std::unique_ptr<runtime::sim::World> m_world;
  std::unique_ptr<journal::Reader> m_reader;  // of the index; never outlives the journal
};

}  // namespace siegel::simulation
