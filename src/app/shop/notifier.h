#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/shop/shop.h"
#include "app/shop/shop_events.h"
#include "base/file.h"
#include "base/thread.h"
#include "journal/journal.h"
#include "notify/channels.h"
#include "notify/outbox.h"
#include "notify/settings.h"
#include "recorder/state.h"

namespace siegel::app {

/// Tells people and programs what happens in a shop (docs/how-to/notifications.md). Follows the
/// journal on a thread of its own: a dead mail server, a webhook that hangs or a program that does
/// not end stops no sale. What was not taken is kept in notices.json and tried again, by the next
/// process too. Every event has an id that never changes, and is told at least once.
class Notifier {
 public:
  struct Parts {
    std::filesystem::path folder;  ///< of notices.json
    std::unique_ptr<journal::Reader> reader;
    /// As of the journal's end or before, found with the reader. Asked on the notifier's thread.
    std::function<Result<recorder::State>(journal::Reader&)> state;
    /// What is due by the calendar (certificates, storage, the clock), each told once by its id.
    /// Asked every hour on the notifier's thread; may be empty.
    std::function<std::vector<Shop::NoticeToTell>(const recorder::State&, Instant)> dues;
    notify::Settings settings;
    vault::Vault* vault = nullptr;  ///< outlives the notifier
    Environment environment;
    /// How long stop() lets what is under way go on.
    std::chrono::milliseconds grace{2000};
  };
  /// Everything before the first start is history: nobody is told of it, but of outages that last.
  static Result<std::unique_ptr<Notifier>> make(Parts parts);
  ~Notifier();  ///< stop()
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void start();
  /// The journal is durable up to `head`. Any thread, cheap.
  void notify(journal::Sequence head);
  /// Something that no entry can say: the journal cannot be written, the shop was copied. Told once
  /// an hour. Any thread, cheap.
  void urgent(const std::string& id, mail::Notice notice);

  /// One round now: what happened in the journal, reminders, and those of `notices` whose id was
  /// not told before; then what is due is tried, also of earlier rounds. Any thread; waits.
  /// E-DAT-001: a process that is ending still tells people; try again.
  Result<Notified> tell(const std::vector<Shop::NoticeToTell>& notices);
  /// A trial to one recipient, or to all. E-NOT-107.
  Result<Notified> test(const std::string& recipient);
  /// What was given up, of one event or recipient or all where empty, is tried again with all that
  /// waits. E-NOT-107.
  Result<Notified> retry(const std::string& event, const std::string& recipient);

  /// One more round, then nothing more is told. Takes no longer than the grace and about a second.
  void stop();

 private:
  explicit Notifier(Parts parts, std::string journal)
      : m_parts(std::move(parts)), m_events(journal) {}
  void run();
  /// The right to tell, and what is remembered, if this process does not have them yet.
  Status take_over() SIEGEL_REQUIRES(m_work);
  Result<Notified> round(const std::vector<Shop::NoticeToTell>& notices) SIEGEL_REQUIRES(m_work);
  Status take_entries() SIEGEL_REQUIRES(m_work);
  Status take_entry(const journal::Entry& entry) SIEGEL_REQUIRES(m_work);
  Status take_time() SIEGEL_REQUIRES(m_work);
  void take_dues(Instant now) SIEGEL_REQUIRES(m_work);
  void take_urgent(Instant now) SIEGEL_REQUIRES(m_work);
  void add_notices(const std::vector<Shop::NoticeToTell>& notices) SIEGEL_REQUIRES(m_work);
  /// The state as of m_box.position at least.
  Result<const recorder::State*> state() SIEGEL_REQUIRES(m_work);
  Result<Notified> send(std::vector<notify::Delivery> due) SIEGEL_REQUIRES(m_work);
  void add(const notify::Event& event) SIEGEL_REQUIRES(m_work);

  Parts m_parts;
  ShopEvents m_events;
  Mutex m_work;
  std::optional<FolderLock> m_lock SIEGEL_GUARDED_BY(m_work);
  notify::Outbox m_box SIEGEL_GUARDED_BY(m_work);
  bool m_changed SIEGEL_GUARDED_BY(m_work) = false;
  std::optional<recorder::State> m_state SIEGEL_GUARDED_BY(m_work);
  std::optional<Instant> m_dues_asked SIEGEL_GUARDED_BY(m_work);
  std::optional<Instant> m_next SIEGEL_GUARDED_BY(m_work);

  Mutex m_mutex;
  Condition m_wake;
  Condition m_done;
  bool m_more SIEGEL_GUARDED_BY(m_mutex) = true;
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_ended SIEGEL_GUARDED_BY(m_mutex) = false;
  std::vector<Shop::NoticeToTell> m_urgent SIEGEL_GUARDED_BY(m_mutex);
  /// Ends a delivery under way.
  std::atomic<bool> m_abort{false};
  std::thread m_thread;
};

}  // namespace siegel::app
