#include "app/shop/notifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "format/json.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds look_every{60};
constexpr std::chrono::hours report_after{48};
// A mail that nobody took for so long tells nobody anything new.
constexpr std::chrono::hours kept_for{24 * 14};
constexpr std::size_t waiting_max = 1000;
constexpr std::size_t entries_a_read = 1024;
constexpr std::uint64_t file_bytes_max = std::uint64_t{8} << 20;

fs::path notices_file(const fs::path& folder) { return folder / "notices.json"; }

/// Name of an outage for what is remembered about it.
std::string outage_key(const std::string& signer, std::uint64_t number) {
  return fmt::format("{}/{}", signer, number);
}

std::string name_of(const recorder::State& state, const std::string& id) {
  const auto found = state.signers.find(id);
  return found == state.signers.end() ? id : fmt::format("{} ({})", id, found->second.serial);
}

/// The devices that sign in its place: the first of each register's list that works.
std::string replacement(const recorder::State& state, const std::string& id) {
  for (const auto& [name, reg] : state.registers) {
    const auto& list = reg.info.signers;
    if (std::find(list.begin(), list.end(), id) == list.end()) continue;
    for (const std::string& other : list) {
      const auto outage = state.outages.find(other);
      const bool broken = outage != state.outages.end() && outage->second.open;
      if (other != id && !broken) return name_of(state, other);
    }
    return {};
  }
  return {};
}

LocalStamp local(const recorder::State& state, Instant at) {
  const std::string zone = state.business ? state.business->time_zone : "Europe/Vienna";
  auto stamp = LocalStamp::from(at, zone);
  return stamp ? *stamp : LocalStamp();
}

mail::Place place_of(const recorder::State& state) {
  return {.shop = state.business ? state.business->name : std::string(), .register_name = {}};
}

std::string text_of_member(const json::Object& object, std::string_view key) {
  const json::Value* found = object.find(key);
  return found == nullptr || found->string() == nullptr ? std::string() : *found->string();
}

std::vector<std::string> texts_of(const json::Object& object, std::string_view key) {
  std::vector<std::string> texts;
  const json::Value* found = object.find(key);
  if (found == nullptr || found->array() == nullptr) return texts;
  for (const json::Value& item : *found->array())
    if (item.string() != nullptr) texts.push_back(*item.string());
  return texts;
}

std::optional<Instant> instant_of(const json::Value& value) {
  if (value.string() == nullptr) return {};
  const auto at = Instant::parse(*value.string());
  return at ? std::optional(*at) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Notifier>> Notifier::make(Parts parts) {
  std::unique_ptr<Notifier> notifier(new Notifier(std::move(parts)));
  {
    const Lock lock(notifier->m_work);
    SIEGEL_TRY_OK(notifier->load());
  }
  return notifier;
}

Notifier::~Notifier() { stop(); }

void Notifier::stop() {
  {
    const Lock lock(m_mutex);
    m_stop = true;
  }
  m_wake.notify_all();
  if (m_thread.joinable()) m_thread.join();
}

Status Notifier::load() {
  SIEGEL_TRY(const journal::Head head, m_parts.reader->head());
  m_position = head.sequence.get();
  const auto bytes = read_file(notices_file(m_parts.folder), file_bytes_max);
  if (!bytes) return Ok{};
  const auto value = json::parse(text_of(*bytes), {.bytes_max = file_bytes_max});
  const json::Object* object = value ? value->object() : nullptr;
  // What cannot be read is forgotten: at worst somebody is told twice.
  if (object == nullptr) return Ok{};
  const json::Value* sequence = object->find("sequence");
  if (sequence != nullptr && sequence->integer() != nullptr && *sequence->integer() >= 0)
    m_position = std::min(m_position, static_cast<std::uint64_t>(*sequence->integer()));
  for (std::string& id : texts_of(*object, "told")) m_told.insert(std::move(id));
  const json::Value* begun = object->find("begun");
  if (begun != nullptr && begun->object() != nullptr)
    for (const auto& [key, since] : *begun->object())
      if (const auto at = instant_of(since)) m_begun[key] = *at;
  const json::Value* waiting = object->find("waiting");
  if (waiting == nullptr || waiting->array() == nullptr) return Ok{};
  for (const json::Value& item : *waiting->array()) {
    if (item.object() == nullptr) continue;
    const json::Value* since = item.object()->find("since");
    Waiting one{.subject = text_of_member(*item.object(), "subject"),
                .body = text_of_member(*item.object(), "body"),
                .to = texts_of(*item.object(), "to"),
                .since = since == nullptr ? Instant() : instant_of(*since).value_or(Instant())};
    if (!one.to.empty()) m_waiting.push_back(std::move(one));
  }
  return Ok{};
}

Status Notifier::save() {
  json::Array told;
  for (const std::string& id : m_told) told.emplace_back(id);
  json::Array waiting;
  for (const Waiting& one : m_waiting) {
    json::Object item;
    item.set("body", one.body);
    item.set("since", one.since.text());
    item.set("subject", one.subject);
    json::Array to;
    for (const std::string& address : one.to) to.emplace_back(address);
    item.set("to", std::move(to));
    waiting.emplace_back(std::move(item));
  }
  json::Object begun;
  for (const auto& [key, since] : m_begun) begun.set(key, since.text());
  json::Object object;
  object.set("begun", std::move(begun));
  object.set("sequence", static_cast<std::int64_t>(m_position));
  object.set("told", std::move(told));
  object.set("waiting", std::move(waiting));
  return write_file(notices_file(m_parts.folder), bytes_of(json::canonical(object)),
                    {.mode = 0600});
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

void Notifier::run() {
  while (true) {
    bool last = false;
    {
      Lock lock(m_mutex);
      if (!m_more && !m_stop) m_wake.wait_for(lock, look_every);
      m_more = false;
      last = m_stop;
    }
    // What fails now is tried again in the next round or by the next process.
    (void)tell({}).ok();
    if (last) return;
  }
}

Result<Notified> Notifier::tell(const std::vector<Shop::NoticeToTell>& notices) {
  const Lock lock(m_work);
  SIEGEL_TRY_OK(take_entries());
  for (const Shop::NoticeToTell& one : notices)
    if (one.id.empty() || m_told.insert(one.id).second) add(one.notice);
  return send_waiting();
}

Status Notifier::take_entries() {
  std::optional<recorder::State> state;
  const std::uint64_t before = m_position;
  const std::size_t told_before = m_told.size();
  while (true) {
    SIEGEL_TRY(const auto entries,
               m_parts.reader->read(journal::Sequence(m_position + 1), entries_a_read));
    if (entries.empty()) break;
    for (const journal::Entry& entry : entries) {
      const bool begins = entry.kind == entry_kind::outage_begin;
      const bool ends = entry.kind == entry_kind::outage_end;
      if ((begins || ends) && !entry.payload_removed) {
        if (!state) {
          SIEGEL_TRY(state, m_parts.state());
        }
        if (begins) {
          SIEGEL_TRY(const OutageBegan began, outage_began_from_json(entry.payload));
          take_outage_begin(began, *state);
        } else {
          SIEGEL_TRY(const OutageEnded ended, outage_ended_from_json(entry.payload));
          take_outage_end(ended, *state);
        }
      }
      m_position = entry.sequence.get();
    }
  }
  if (!m_begun.empty()) {
    if (!state) {
      SIEGEL_TRY(state, m_parts.state());
    }
    take_48_hours(*state);
  }
  if (m_position == before && m_told.size() == told_before) return Ok{};
  // Sent at most once more after a crash, never lost: saved before it is sent.
  return save();
}

void Notifier::take_outage_begin(const OutageBegan& began, const recorder::State& state) {
  if (!state.signers.contains(began.tse_serial)) return;
  m_begun[outage_key(began.tse_serial, began.number)] = began.since;
  add({place_of(state), mail::SignerFailed{.signer = name_of(state, began.tse_serial),
                                           .since = local(state, began.since),
                                           .cause = began.text,
                                           .code = began.code,
                                           .replaced_by = replacement(state, began.tse_serial)}});
}

void Notifier::take_outage_end(const OutageEnded& ended, const recorder::State& state) {
  const auto signer = state.signers.find(ended.tse_serial);
  if (signer == state.signers.end()) return;
  const auto begun = m_begun.find(outage_key(ended.tse_serial, ended.number));
  const Instant since = begun == m_begun.end() ? ended.until : begun->second;
  if (begun != m_begun.end()) m_begun.erase(begun);
  const auto report = state.reports.find(recorder::scoped("ausfall_se", signer->second.serial));
  const bool reported = report != state.reports.end() && report->second.at >= since;
  add({place_of(state),
       mail::SignerWorks{.signer = name_of(state, ended.tse_serial),
                         .since = local(state, since),
                         .until = local(state, ended.until),
                         .unsigned_receipts = static_cast<std::int64_t>(ended.receipts),
                         .collective_receipt = {},
                         .reported = reported}});
}

void Notifier::take_48_hours(const recorder::State& state) {
  const Instant now = m_parts.environment.clock.now().wall;
  for (const auto& [id, outage] : state.outages) {
    if (!outage.open || !state.signers.contains(id)) continue;
    const auto lasted = now - outage.open->since;
    if (lasted < report_after) continue;
    if (!m_told.insert("48h/" + outage_key(id, outage.open->number)).second) continue;
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(lasted).count();
    add({place_of(state),
         mail::OutageReportDue{.signer = name_of(state, id),
                               .since = local(state, outage.open->since),
                               .due = local(state, outage.open->since + report_after),
                               .hours = static_cast<int>(std::min<std::int64_t>(hours, 100'000))}});
  }
}

void Notifier::add(const mail::Notice& notice) {
  const mail::Text text = mail::compose(notice, m_parts.settings.language);
  const auto addresses = mail::parse_addresses(m_parts.settings.to);
  if (!addresses || m_waiting.size() >= waiting_max) return;
  Waiting waiting{text.subject, text.body, {}, m_parts.environment.clock.now().wall};
  for (const net::MailAddress& address : *addresses) waiting.to.push_back(address.text());
  m_waiting.push_back(std::move(waiting));
}

Result<Notified> Notifier::send_waiting() {
  Notified sent;
  if (m_waiting.empty()) return sent;
  SIEGEL_TRY(const mail::Settings settings, ready_to_send(m_parts.settings, *m_parts.vault));
  const Instant now = m_parts.environment.clock.now().wall;
  for (Waiting& one : m_waiting) {
    mail::Settings to_those{
        {settings.server.host, settings.server.port, settings.server.security, settings.server.user,
         settings.server.password.clone(), settings.server.ca_file, settings.server.own_name,
         settings.server.connect_timeout, settings.server.total_timeout},
        settings.from,
        settings.from_name,
        {}};
    for (const std::string& text : one.to)
      if (auto address = net::MailAddress::parse(text)) to_those.to.push_back(*address);
    const mail::Delivery delivery =
        mail::send(to_those, {one.subject, one.body}, now, m_parts.environment.random);
    sent.delivered += delivery.delivered.size();
    one.to.clear();
    bool server_is_away = false;
    for (const mail::Failure& failure : delivery.failed) {
      sent.failed.push_back(failure);
      const bool again = failure.error.kind != ErrorKind::invalid && now - one.since < kept_for;
      if (again) one.to.push_back(failure.to.text());
      server_is_away = server_is_away || failure.error.kind == ErrorKind::unavailable;
    }
    if (server_is_away) break;
  }
  std::erase_if(m_waiting, [](const Waiting& one) { return one.to.empty(); });
  SIEGEL_TRY_OK(save());
  return sent;
}

}  // namespace siegel::app
