#include "app/shop/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

namespace siegel::app {
namespace {

constexpr std::chrono::seconds look_every{60};
constexpr std::chrono::hours dues_every{1};
constexpr std::chrono::hours report_after{48};
constexpr std::size_t entries_a_read = 1024;
constexpr std::size_t urgent_max = 100;

/// Says something about the way to everybody behind it, not about one address or event.
bool concerns_the_way(const Error& error) {
  return error.code == "E-NET-002" || error.code == "E-NET-003" || error.code == "E-NET-004" ||
         error.code == "E-NET-005" || error.code == "E-NET-006" || error.code == "E-NET-008" ||
         error.code == "E-NET-009" || error.code == "E-NET-023" || error.code == "E-NET-026" ||
         error.code == "E-NOT-121" || error.code == "E-NOT-123";
}

}  // namespace

Result<std::unique_ptr<Notifier>> Notifier::make(Parts parts) {
  SIEGEL_TRY(const auto first, parts.reader->read(journal::Sequence(1), 1));
  const std::string journal = first.empty() ? std::string() : hex(first.front().hash);
  std::unique_ptr<Notifier> notifier(new Notifier(std::move(parts), journal));
  {
    // Another process that is ending may still be telling people; then this one takes over later.
    const Lock lock(notifier->m_work);
    const Status taken = notifier->take_over();
    if (!taken && taken.error().code != "E-DAT-001") return taken.error();
  }
  return notifier;
}

Notifier::~Notifier() { stop(); }

void Notifier::stop() {
  if (m_thread.joinable()) {
    {
      Lock lock(m_mutex);
      m_stop = true;
      m_wake.notify_all();
      const Steady until = m_parts.environment.clock.now().steady + m_parts.grace;
      while (!m_ended) {
        const Steady left = until - m_parts.environment.clock.now().steady;
        if (left <= Steady(0) || !m_done.wait_for(lock, left)) break;
      }
    }
    m_abort = true;
    m_thread.join();
  }
  const Lock lock(m_work);
  m_lock.reset();
}

void Notifier::start() {
  SIEGEL_CHECK(!m_thread.joinable());
  m_thread = std::thread([this] { run(); });
}

void Notifier::notify(journal::Sequence /*head*/) {
  {
    const Lock lock(m_mutex);
    m_more = true;
  }
  m_wake.notify_one();
}

void Notifier::urgent(const std::string& id, mail::Notice notice) {
  {
    const Lock lock(m_mutex);
    if (m_urgent.size() >= urgent_max) return;
    m_urgent.push_back({id, std::move(notice)});
    m_more = true;
  }
  m_wake.notify_one();
}

void Notifier::run() {
  while (true) {
    std::chrono::milliseconds wait = look_every;
    {
      const Lock lock(m_work);
      if (m_next) {
        const auto until = *m_next - m_parts.environment.clock.now().wall;
        wait = std::clamp<std::chrono::milliseconds>(until, std::chrono::milliseconds(0), wait);
      }
    }
    bool last = false;
    {
      Lock lock(m_mutex);
      if (!m_more && !m_stop) m_wake.wait_for(lock, wait);
      m_more = false;
      last = m_stop;
    }
    // What fails now is tried again in the next round or by the next process.
    {
      const Lock lock(m_work);
      if (take_over()) (void)round({}).ok();
    }
    if (last) break;
  }
  {
    const Lock lock(m_mutex);
    m_ended = true;
  }
  m_done.notify_all();
}

Status Notifier::take_over() {
  if (m_lock) return Ok{};
  SIEGEL_TRY(m_lock, FolderLock::take(m_parts.folder / "notify.lock"));
  m_box = notify::Outbox::load(m_parts.folder);
  m_changed = false;
  SIEGEL_TRY(const journal::Head head, m_parts.reader->head());
  const bool first = !m_box.position;
  m_box.position = std::min(m_box.position.value_or(head.sequence.get()), head.sequence.get());
  if (!first) return Ok{};
  SIEGEL_TRY(const recorder::State* known, state());
  for (const auto& [device, outage] : known->outages)
    if (outage.open)
      m_box.lasting[outage_key(device, outage.open->number)] = {outage.open->since, 0};
  m_changed = true;
  return Ok{};
}

Result<const recorder::State*> Notifier::state() {
  const std::uint64_t wanted = m_box.position.value_or(0);
  if (m_state && m_state->sequence >= wanted) return &*m_state;
  if (!m_state) {
    SIEGEL_TRY(m_state, m_parts.state(*m_parts.reader));
    return &*m_state;
  }
  while (m_state->sequence < wanted) {
    auto entries = m_parts.reader->read(journal::Sequence(m_state->sequence + 1), entries_a_read);
    if (!entries || entries->empty()) break;
    for (const journal::Entry& entry : *entries) {
      if (const Status applied = m_state->apply(entry); applied.ok()) continue;
      m_state.reset();
      SIEGEL_TRY(m_state, m_parts.state(*m_parts.reader));
      return &*m_state;
    }
  }
  m_state->indexed(m_state->sequence);
  return &*m_state;
}

Result<Notified> Notifier::tell(const std::vector<Shop::NoticeToTell>& notices) {
  const Lock lock(m_work);
  SIEGEL_TRY_OK(take_over());
  return round(notices);
}

Result<Notified> Notifier::test(const std::string& recipient) {
  const Lock lock(m_work);
  SIEGEL_TRY_OK(take_over());
  if (!recipient.empty() && m_parts.settings.find(recipient) == nullptr)
    return not_found("E-NOT-107", fmt::format("there is no recipient \"{}\"", recipient));
  SIEGEL_TRY(const recorder::State* known, state());
  ByteArray<8> random{};
  m_parts.environment.random.fill(random);
  const mail::Place place{.shop = known->business ? known->business->name : std::string(),
                          .register_name = {}};
  const Instant now = m_parts.environment.clock.now().wall;
  const notify::Event event =
      m_events.notice({.id = "test/" + hex(random), .notice = {place, mail::Trial{}}}, now, known);
  for (const notify::Recipient& one : m_parts.settings.recipients)
    if (recipient.empty() || one.name == recipient) m_box.add_for(event, one, now);
  m_changed = true;
  std::vector<notify::Delivery> due;
  for (const notify::Delivery& one : m_box.deliveries())
    if (one.event == event.id) due.push_back(one);
  return send(std::move(due));
}

Result<Notified> Notifier::retry(const std::string& event, const std::string& recipient) {
  const Lock lock(m_work);
  SIEGEL_TRY_OK(take_over());
  if (!recipient.empty() && m_parts.settings.find(recipient) == nullptr)
    return not_found("E-NOT-107", fmt::format("there is no recipient \"{}\"", recipient));
  m_box.revive(event, recipient, m_parts.environment.clock.now().wall);
  m_changed = true;
  return round({});
}

Result<Notified> Notifier::round(const std::vector<Shop::NoticeToTell>& notices) {
  const Instant now = m_parts.environment.clock.now().wall;
  // A journal that cannot be read now keeps nobody from hearing what is known already.
  Status taken = take_entries();
  if (taken) taken = take_time();
  add_notices(notices);
  take_urgent(now);
  take_dues(now);
  // Told at most once more after a crash, never lost: saved before it is sent.
  if (m_changed) {
    const Status saved = m_box.save(m_parts.folder);
    m_changed = !saved.ok();
  }
  auto sent = send(m_box.due(now, false));
  m_next = m_box.next_due();
  if (!taken) return taken.error();
  return sent;
}

Status Notifier::take_entries() {
  while (true) {
    SIEGEL_TRY(const auto entries,
               m_parts.reader->read(journal::Sequence(*m_box.position + 1), entries_a_read));
    if (entries.empty()) return Ok{};
    for (const journal::Entry& entry : entries) {
      if (ShopEvents::told(entry.kind) && !entry.payload_removed) {
        const std::uint64_t before = *m_box.position;
        m_box.position = entry.sequence.get();  // the state is wanted as of this entry
        if (const Status done = take_entry(entry); !done) {
          m_box.position = before;
          return done;
        }
      }
      m_box.position = entry.sequence.get();
      m_changed = true;
    }
  }
}

Status Notifier::take_entry(const journal::Entry& entry) {
  SIEGEL_TRY(const recorder::State* known, state());
  std::optional<Instant> began;
  if (entry.kind == entry_kind::outage_begin) {
    SIEGEL_TRY(const OutageBegan outage, outage_began_from_json(entry.payload));
    m_box.lasting[outage_key(outage.tse_serial, outage.number)] = {outage.since, 0};
  } else if (entry.kind == entry_kind::outage_end) {
    SIEGEL_TRY(const OutageEnded outage, outage_ended_from_json(entry.payload));
    const auto found = m_box.lasting.find(outage_key(outage.tse_serial, outage.number));
    if (found != m_box.lasting.end()) {
      began = found->second.since;
      m_box.lasting.erase(found);
    }
  }
  SIEGEL_TRY(const auto event, m_events.entry(entry, *known, began, *m_parts.reader));
  if (event) add(*event);
  return Ok{};
}

/// Reminders, and in Austria the report after 48 hours.
Status Notifier::take_time() {
  if (m_box.lasting.empty()) return Ok{};
  const Instant now = m_parts.environment.clock.now().wall;
  SIEGEL_TRY(const recorder::State* known, state());
  for (const auto& [device, outage] : known->outages) {
    if (!outage.open) continue;
    const auto lasted = now - outage.open->since;
    const auto remembered = m_box.lasting.find(outage_key(device, outage.open->number));
    if (remembered == m_box.lasting.end()) continue;
    const std::uint64_t due = m_parts.settings.reminders_due(lasted);
    if (due > remembered->second.reminders) {
      remembered->second.reminders = due;
      add(m_events.reminder(device, *outage.open, outage.open_receipts, due, now, *known));
    }
    if (!known->signers.contains(device) || lasted < report_after) continue;
    if (m_box.told.insert("48h/" + outage_key(device, outage.open->number)).second)
      add(m_events.report_due(device, *outage.open, now, *known));
  }
  return Ok{};
}

void Notifier::take_dues(Instant now) {
  if (!m_parts.dues || (m_dues_asked && now - *m_dues_asked < dues_every)) return;
  const auto known = state();
  if (!known) return;
  m_dues_asked = now;
  add_notices(m_parts.dues(**known, now));
}

void Notifier::take_urgent(Instant now) {
  std::vector<Shop::NoticeToTell> urgent;
  {
    const Lock lock(m_mutex);
    urgent.swap(m_urgent);
  }
  const std::string hour = now.text().substr(0, std::string_view("2026-11-21T09").size());
  for (Shop::NoticeToTell& one : urgent) {
    one.id += "/" + hour;
    add_notices({one});
  }
}

void Notifier::add_notices(const std::vector<Shop::NoticeToTell>& notices) {
  const Instant now = m_parts.environment.clock.now().wall;
  for (const Shop::NoticeToTell& one : notices) {
    if (!m_box.told.insert(one.id).second) continue;
    const auto known = one.device.empty() ? Result<const recorder::State*>(nullptr) : state();
    add(m_events.notice(one, now, known ? *known : nullptr));
  }
}

void Notifier::add(const notify::Event& event) {
  m_box.add(event, m_parts.settings, m_parts.environment.clock.now().wall);
  m_changed = true;
}

Result<Notified> Notifier::send(std::vector<notify::Delivery> due) {
  Notified sent;
  const notify::Channels channels{m_parts.settings, *m_parts.vault, m_parts.environment.clock,
                                  &m_abort};
  // Whoever is behind a way that is blocked is not tried in this round: all mails go one way.
  std::map<std::string, Error> blocked;
  for (const notify::Delivery& one : due) {
    if (m_abort) break;
    const notify::Recipient* recipient = m_parts.settings.find(one.recipient);
    const notify::Event* event = m_box.event(one.event);
    const std::string way = recipient != nullptr && recipient->channel == notify::Channel::mail
                                ? "mail"
                                : "to " + one.recipient;
    Status result = Ok{};
    if (recipient == nullptr || event == nullptr)
      result = invalid("E-NOT-107", fmt::format("\"{}\" is no recipient any more", one.recipient));
    else if (const auto before = blocked.find(way); before != blocked.end())
      result = before->second;
    else
      result = notify::deliver(channels, *recipient, one.address, *event);
    const Instant now = m_parts.environment.clock.now().wall;
    if (result) {
      ++sent.delivered;
      m_box.delivered(one);
    } else {
      if (concerns_the_way(result.error())) blocked.emplace(way, result.error());
      // Ended by us, it says nothing about the other side.
      if (m_abort)
        m_box.interrupted(one, now);
      else
        m_box.failed(one, result.error(), now);
      sent.failed.push_back({one.recipient, one.address, result.error()});
    }
    m_changed = true;
    // After each, so that a crash tells at most one of them again.
    if (m_box.save(m_parts.folder)) m_changed = false;
  }
  m_next = m_box.next_due();
  return sent;
}

}  // namespace siegel::app
