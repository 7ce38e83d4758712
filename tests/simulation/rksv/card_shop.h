#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "country/at/at.h"
#include "crypto/secret.h"
#include "device/checked.h"
#include "recorder/recorder.h"
#include "runtime/sim/world.h"
#include "sqlite/testing/forgetful_vfs.h"

// A shop in Austria whose parts are the real ones (SQLite journal, Austrian law, signatures that
// verify) on a disk that forgets, with cards that fail, come back and are replaced.

namespace siegel::simulation::rksv {

inline constexpr const char* journal_path = "/journal.db";
inline constexpr std::size_t registers_max = 4;
inline constexpr std::size_t cards_max = 6;  ///< in operation or in a drawer
[[nodiscard]] RegisterId register_name(std::size_t index);
[[nodiscard]] const SignerInfo& card_info(std::size_t index);

/// What is wrong with a card.
enum class CardFault {
  none,
  gone,     ///< pulled out of its reader
  slow,     ///< answers, after anybody waited
  garbled,  ///< a bit of each signature is turned over
  empty,    ///< answers with nothing
  refuses,  ///< wants a PIN
};
struct CardState {
  CardFault fault = CardFault::none;
  std::uint32_t chance_per_mille = 1000;  ///< of a call to be struck by it
};

/// Entries the index knows, durable and complete up to `position`.
struct Index {
  std::uint64_t position = 0;
  std::map<std::string, recorder::KnownKey> keys;  ///< by scoped()
  std::map<std::string, Plan> plans;               ///< by Belegnummer
  std::map<std::string, bool> reversed;            ///< by Belegnummer
};

struct CardShopOptions {
  std::uint64_t seed = 1;
  runtime::sim::Options world;
  std::size_t registers = 1;
  std::size_t cards = 2;  ///< in operation from the beginning, in every register's list
  bool started = true;    ///< Startbelege are made when it opens
  bool automatic_dues = true;
  int checkpoint_pages = 40;
  std::string opening = "2026-11-20T08:00:00+01:00";
};

class CardShop {
 public:
  explicit CardShop(CardShopOptions options);
  ~CardShop();
  CardShop(const CardShop&) = delete;
  CardShop& operator=(const CardShop&) = delete;

  /// Opens everything, enters the master data, makes the Startbelege.
  Status open();

  [[nodiscard]] runtime::sim::World& world() { return *m_world; }
  [[nodiscard]] sqlite::testing::ForgetfulDisk& disk() { return m_disk; }
  [[nodiscard]] SeededRandom& random() { return m_random; }
  [[nodiscard]] runtime::sim::SimClock& clock() { return m_clock; }
  [[nodiscard]] std::size_t registers() const { return m_options.registers; }
  [[nodiscard]] CardState& card(std::size_t index) { return m_cards[index]; }
  [[nodiscard]] const crypto::SecretBytes& key(std::size_t register_index) const;
  [[nodiscard]] const Index& index() const { return m_index; }
  [[nodiscard]] bool automatic_dues() const { return m_options.automatic_dues; }

  /// No faults from now on, and every card answers.
  void quiet();
  /// Waits until this wall time (local, "2026-12-01T08:00:00+01:00" or an instant).
  void wait_until(Instant wall);
  /// The power is cut before the n-th thing that happens in run(), from now. 0: no cut.
  void cut_at_step(std::uint64_t n) { m_cut_at_step = n; }
  /// Waits for the answer of one command; steps the world.
  Result<recorder::Accepted> run(const std::string& source, runtime::sim::World::Body body);
  [[nodiscard]] recorder::Lookup look_up(const RegisterId& register_id, const std::string& key,
                                         const std::string& reverses = {}) const;
  /// Puts a card from the drawer into operation (if it is not) and at this place of a list, from
  /// where the one before goes to the drawer. Nobody waits for it.
  void replace_card(std::size_t register_index, std::size_t place, std::size_t card);

  Result<std::vector<journal::Entry>> entries();

 private:
  Result<std::unique_ptr<device::CheckedSigner>> open_card(std::size_t index);
  Status start(const RegisterId& register_id);
  [[nodiscard]] RegisterInfo register_info(std::size_t index) const;
  std::uint64_t follow(journal::Journal& journal);

  CardShopOptions m_options;
  SeededRandom m_random;
  SeededRandom m_card_random;
  SeededRandom m_disk_random;
  runtime::sim::SimClock m_clock;
  sqlite::testing::ForgetfulDisk m_disk;
  country::at::Austria m_austria;
  std::array<CardState, cards_max> m_cards;
  std::vector<std::vector<std::size_t>> m_lists;  ///< of each register, as wished
  std::vector<crypto::SecretBytes> m_keys;
  Index m_index;
  std::uint64_t m_cut_at_step = 0;
  std::unique_ptr<runtime::sim::World> m_world;
  std::unique_ptr<journal::Reader> m_reader;  // of the index; never outlives the journal
};

}  // namespace siegel::simulation::rksv
