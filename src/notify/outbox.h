#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "notify/event.h"
#include "notify/settings.h"

namespace siegel::notify {

/// One event for one recipient that has not taken it yet.
struct Delivery {
  std::string event;      ///< Event::id
  std::string recipient;  ///< Recipient::name
  std::string address;    ///< mail: one address; empty otherwise
  Instant since;
  Instant next;  ///< not tried before
  int attempts = 0;
  std::string code;    ///< of the last error; empty: not tried yet
  std::string detail;  ///< its text
  /// Given up: not tried again until a person asks for it.
  bool dead = false;
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// What has been told, what waits, and where the follower stands: notices.json
/// (docs/formats/notify.md). In memory until save(); one thread at a time.
class Outbox {
 public:
  /// Waiting deliveries beyond this are dead at once; dead ones beyond it are forgotten, oldest
  /// first.
  static constexpr std::size_t deliveries_max = 1000;
  /// What is repeated so long after the failure before: 30 s, 5 min, 30 min, 2 h, 8 h, 24 h; then
  /// the delivery is dead.
  [[nodiscard]] static std::optional<std::chrono::seconds> wait_after(int attempts);

  /// The file as it is; an empty box if there is none or it cannot be read: at worst somebody is
  /// told twice, or not.
  static Outbox load(const std::filesystem::path& folder);
  /// Durable when it returns. E-FIL-004.
  [[nodiscard]] Status save(const std::filesystem::path& folder) const;

  /// Entries up to here have been looked at; empty: never.
  std::optional<std::uint64_t> position;
  /// Outages that last: device and number, since when, and the last reminder told.
  struct Lasting {
    Instant since;
    std::uint64_t reminders = 0;
    friend bool operator==(const Lasting&, const Lasting&) = default;
  };
  std::map<std::string, Lasting> lasting;
  /// Ids of what is told once and follows from no entry (duties).
  std::set<std::string> told;
  /// Recipients that answered they want nothing any more; what they would get is dead at once.
  std::set<std::string> off;

  /// For every recipient who wants it. An event whose id waits already is not added again.
  void add(const Event& event, const Settings& settings, Instant now);
  /// For one recipient, whatever it wants.
  void add_for(const Event& event, const Recipient& recipient, Instant now);

  /// Waiting deliveries whose time has come, in the order they came; `all`: also those whose time
  /// has not.
  [[nodiscard]] std::vector<Delivery> due(Instant now, bool all) const;
  /// When the next one is due.
  [[nodiscard]] std::optional<Instant> next_due() const;
  [[nodiscard]] const std::vector<Delivery>& deliveries() const { return m_deliveries; }
  [[nodiscard]] const Event* event(const std::string& id) const;

  /// It was taken.
  void delivered(const Delivery& delivery);
  /// It was not: waits longer, or is dead. E-NOT-112 turns the recipient off.
  void failed(const Delivery& delivery, const Error& error, Instant now);
  /// We ended it ourselves: it waits a while and is never given up for it.
  void interrupted(const Delivery& delivery, Instant now);
  /// Dead ones live again and everything is due now: of one event, of one recipient, or all where
  /// empty. Recipients
  /// meant by it are on again. How many deliveries.
  std::size_t revive(const std::string& event, const std::string& recipient, Instant now);

 private:
  void forget_unused_events();
  Delivery* find(const Delivery& delivery);

  std::vector<Delivery> m_deliveries;
  std::map<std::string, Event> m_events;
};

}  // namespace siegel::notify
