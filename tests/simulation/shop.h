#pragma once

#include <array>
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
inline constexpr std::size_t tses_max = 3;
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
  /// Faults of each TSE are drawn anew at each start of it.
  bool tse_faults = false;
  std::size_t registers = 1;
  std::size_t tses = 1;  ///< registers are dealt out over them
  /// Each TSE stands in for the others while they are disturbed.
  bool backups = false;
  /// When the shop opens; not before the TSEs were made.
  Instant opening = Instant::from_unix(1'795'003'600);
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
  [[nodiscard]] sqlite::testing::ForgetfulDisk& tse_disk(std::size_t index = 0) {
    return m_units[index].disk;
  }
  [[nodiscard]] SeededRandom& random() { return m_random; }
  [[nodiscard]] runtime::sim::SimClock& clock() { return m_clock; }
  [[nodiscard]] const std::string& tse_serial(std::size_t index = 0) const;
  [[nodiscard]] std::size_t tses() const { return m_options.tses; }
  /// A register as it was set up.
  [[nodiscard]] RegisterInfo register_info(std::size_t index) const;
  [[nodiscard]] const Index& index() const { return m_index; }
  [[nodiscard]] std::size_t registers() const { return m_options.registers; }

  /// No faults from now on, and the devices answer again.
  void quiet();
  /// Does it work?
  Status probe(std::size_t index);
  /// Every TSE that is switched off is switched on.
  Status switch_on();
  /// Faults of this device from now on; a restart draws new ones.
  void set_script(std::size_t index, device::FaultScript script);
  /// Waits for the answer of one command; steps the world.
  Result<recorder::Accepted> run(const std::string& source, runtime::sim::World::Body body);
  [[nodiscard]] recorder::Lookup look_up(const RegisterId& register_id, const std::string& key,
                                         const std::string& reverses = {}) const;

  /// The log of the TSE as a TAR archive.
  Result<Bytes> export_tse(std::size_t index = 0);
  Result<std::vector<journal::Entry>> entries();

 private:
  /// One TSE and its disk.
  struct Unit {
    sqlite::testing::ForgetfulDisk disk;
    device::FaultyTse* faulty = nullptr;  // of the world, null while it is off
  };
  Result<std::unique_ptr<device::Tse>> open_tse(std::size_t index);
  device::FaultScript draw_script();

  ShopOptions m_options;
  SeededRandom m_random;
  SeededRandom m_device_random;
  SeededRandom m_disk_random;
  runtime::sim::SimClock m_clock;
  sqlite::testing::ForgetfulDisk m_journal_disk;
  std::array<Unit, tses_max> m_units;
  std::unique_ptr<device::Sleeper> m_sleeper;
  country::de::Germany m_germany;
  Index m_index;
  bool m_quiet = true;
  std::unique_ptr<runtime::sim::World> m_world;
  std::unique_ptr<journal::Reader> m_reader;  // of the index; never outlives the journal
};

}  // namespace siegel::simulation
