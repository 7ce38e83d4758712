#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/shop/mail_settings.h"
#include "app/shop/shop.h"
#include "base/thread.h"
#include "journal/journal.h"
#include "mail/notice.h"
#include "model/entries.h"
#include "recorder/state.h"

namespace siegel::app {

/// Tells people by mail what happens to signature devices: an outage begins, it ends, 48 hours have
/// passed. Follows the journal on a thread of its own, so that a slow mail server stops nobody;
/// what could not be sent is kept in notices.json and tried again, by the next process too.
class Notifier {
 public:
  struct Parts {
    std::filesystem::path folder;  ///< of notices.json
    std::unique_ptr<journal::Reader> reader;
    /// As of the journal's end. Asked on the notifier's thread.
    std::function<Result<recorder::State>()> state;
    MailSettings settings;
    vault::Vault* vault = nullptr;  ///< outlives the notifier
    Environment environment;
  };
  /// Everything before the first start is history: nobody is told of it.
  static Result<std::unique_ptr<Notifier>> make(Parts parts);
  ~Notifier();  ///< stop()
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  void start();
  /// The journal is durable up to `head`. Any thread, cheap.
  void notify(journal::Sequence head);

  /// One round now: what happened in the journal, 48 hours, and those of `notices` whose id was not
  /// told before; then everything that waits is tried. Any thread.
  Result<Notified> tell(const std::vector<Shop::NoticeToTell>& notices);
  /// One more round, then nothing more is told.
  void stop();

 private:
  struct Waiting {
    std::string subject;
    std::string body;
    std::vector<std::string> to;
    Instant since;
  };
  explicit Notifier(Parts parts) : m_parts(std::move(parts)) {}
  Status load() SIEGEL_REQUIRES(m_work);
  Status save() SIEGEL_REQUIRES(m_work);
  void run();
  Status take_entries() SIEGEL_REQUIRES(m_work);
  void take_outage_end(const OutageEnded& ended, const recorder::State& state)
      SIEGEL_REQUIRES(m_work);
  void take_outage_begin(const OutageBegan& began, const recorder::State& state)
      SIEGEL_REQUIRES(m_work);
  void take_48_hours(const recorder::State& state) SIEGEL_REQUIRES(m_work);
  void add(const mail::Notice& notice) SIEGEL_REQUIRES(m_work);
  Result<Notified> send_waiting() SIEGEL_REQUIRES(m_work);

  Parts m_parts;
  Mutex m_work;  ///< one round at a time
  std::map<std::string, Instant, std::less<>> m_begun
      SIEGEL_GUARDED_BY(m_work);  ///< outages by device and number
  std::uint64_t m_position SIEGEL_GUARDED_BY(m_work) =
      0;  ///< people were told of everything up to here
  std::vector<Waiting> m_waiting SIEGEL_GUARDED_BY(m_work);
  std::set<std::string> m_told SIEGEL_GUARDED_BY(m_work);
  Mutex m_mutex;
  Condition m_wake;
  bool m_more SIEGEL_GUARDED_BY(m_mutex) = true;
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  std::thread m_thread;
};

}  // namespace siegel::app
