#include "notify/outbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/file.h"
#include "format/json_fields.h"

namespace siegel::notify {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::uint64_t file_bytes_max = std::uint64_t{64} << 20;
constexpr json::Limits limits{
    .bytes_max = file_bytes_max, .depth_max = 32, .values_max = 5'000'000};
constexpr std::array<seconds, 6> waits = {seconds(30), minutes(5), minutes(30),
                                          hours(2),    hours(8),   hours(24)};
constexpr minutes interrupted_wait{5};
constexpr std::size_t text_max = 1000;
constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();

fs::path notices_file(const fs::path& folder) { return folder / "notices.json"; }

json::Object object_of(const Delivery& delivery) {
  json::Object object;
  object.set("address", delivery.address);
  object.set("attempts", delivery.attempts);
  object.set("code", delivery.code);
  object.set("dead", delivery.dead);
  object.set("detail", delivery.detail);
  object.set("event", delivery.event);
  object.set("next", delivery.next.text());
  object.set("recipient", delivery.recipient);
  object.set("since", delivery.since.text());
  return object;
}

Result<std::string> text_of_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(auto text, fields.optional_string(key, text_max));
  return std::move(text).value_or(std::string());
}

Result<Instant> instant_of(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::string text, fields.required_string(key, text_max));
  return Instant::parse(text);
}

Result<Delivery> delivery_of(json::Fields fields) {
  Delivery delivery;
  SIEGEL_TRY(delivery.address, text_of_field(fields, "address"));
  SIEGEL_TRY(const std::int64_t attempts, fields.required_int("attempts", 0, 1'000'000));
  delivery.attempts = static_cast<int>(attempts);
  SIEGEL_TRY(delivery.code, text_of_field(fields, "code"));
  SIEGEL_TRY(delivery.dead, fields.required_bool("dead"));
  SIEGEL_TRY(delivery.detail, text_of_field(fields, "detail"));
  SIEGEL_TRY(delivery.event, fields.required_string("event", text_max));
  SIEGEL_TRY(delivery.next, instant_of(fields, "next"));
  SIEGEL_TRY(delivery.recipient, fields.required_string("recipient", text_max));
  SIEGEL_TRY(delivery.since, instant_of(fields, "since"));
  return delivery;
}

void read_texts(json::Fields& fields, std::string_view key, std::set<std::string>& to) {
  const json::Value* value = fields.any(key);
  if (value == nullptr || value->array() == nullptr) return;
  for (const json::Value& item : *value->array())
    if (item.string() != nullptr) to.insert(*item.string());
}

json::Array array_of(const std::set<std::string>& texts) {
  json::Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

/// One line, for a file and a list.
std::string line_of(const std::string& text) {
  std::string out = excerpt(text, 500);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

}  // namespace

std::optional<seconds> Outbox::wait_after(int attempts) {
  if (attempts < 1 || static_cast<std::size_t>(attempts) > waits.size()) return {};
  return waits.at(static_cast<std::size_t>(attempts - 1));
}

Outbox Outbox::load(const fs::path& folder) {
  Outbox box;
  const auto bytes = read_file(notices_file(folder), file_bytes_max);
  if (!bytes) return box;
  const auto value = json::parse(text_of(*bytes), limits);
  if (!value) return box;
  auto fields = json::Fields::of(*value);
  if (!fields) return box;
  if (const auto sequence = fields->optional_int("sequence", 0, number_max); sequence && *sequence)
    box.position = static_cast<std::uint64_t>(**sequence);
  read_texts(*fields, "told", box.told);
  read_texts(*fields, "off", box.off);
  if (const json::Value* lasting = fields->any("lasting");
      lasting != nullptr && lasting->object() != nullptr) {
    for (const auto& [key, item] : *lasting->object()) {
      auto inner = json::Fields::of(item);
      if (!inner) continue;
      const auto since = instant_of(*inner, "since");
      const auto reminders = inner->required_int("reminders", 0, number_max);
      if (since && reminders) box.lasting[key] = {*since, static_cast<std::uint64_t>(*reminders)};
    }
  }
  if (const json::Value* events = fields->any("events");
      events != nullptr && events->array() != nullptr) {
    for (const json::Value& item : *events->array())
      if (auto event = event_from_json(item)) box.m_events[event->id] = std::move(*event);
  }
  const auto items = fields->optional_array("deliveries", 2 * deliveries_max);
  for (std::size_t i = 0; items && i < items->size(); ++i) {
    auto inner = items->object(i);
    if (!inner) continue;
    auto delivery = delivery_of(std::move(*inner));
    if (delivery && box.m_events.contains(delivery->event))
      box.m_deliveries.push_back(std::move(*delivery));
  }
  return box;
}

Status Outbox::save(const fs::path& folder) const {
  json::Array deliveries;
  for (const Delivery& delivery : m_deliveries) deliveries.emplace_back(object_of(delivery));
  json::Array events;
  for (const auto& [id, event] : m_events) events.emplace_back(to_json_value(event));
  json::Object lasts;
  for (const auto& [key, outage] : lasting) {
    json::Object item;
    item.set("reminders", static_cast<std::int64_t>(outage.reminders));
    item.set("since", outage.since.text());
    lasts.set(key, std::move(item));
  }
  json::Object object;
  object.set("deliveries", std::move(deliveries));
  object.set("events", std::move(events));
  object.set("lasting", std::move(lasts));
  object.set("off", array_of(off));
  if (position) object.set("sequence", static_cast<std::int64_t>(*position));
  object.set("told", array_of(told));
  return write_file(notices_file(folder), bytes_of(json::canonical(object)), {.mode = 0600});
}

void Outbox::add(const Event& event, const Settings& settings, Instant now) {
  if (m_events.contains(event.id)) return;
  for (const Recipient& recipient : settings.recipients)
    if (recipient.wants(event)) add_for(event, recipient, now);
}

void Outbox::add_for(const Event& event, const Recipient& recipient, Instant now) {
  std::vector<std::string> addresses = recipient.mail;
  if (addresses.empty()) addresses.emplace_back();
  for (const std::string& address : addresses) {
    Delivery delivery{.event = event.id,
                      .recipient = recipient.name,
                      .address = address,
                      .since = now,
                      .next = now,
                      .code = {},
                      .detail = {}};
    const auto waiting = std::ranges::count(m_deliveries, false, &Delivery::dead);
    if (static_cast<std::size_t>(waiting) >= deliveries_max) {
      delivery.dead = true;
      delivery.code = "E-NOT-131";
      delivery.detail = fmt::format("{} deliveries wait already", waiting);
    } else if (off.contains(recipient.name)) {
      delivery.dead = true;
      delivery.code = "E-NOT-112";
      delivery.detail = "it said that it wants nothing any more";
    }
    m_deliveries.push_back(std::move(delivery));
  }
  m_events[event.id] = event;
  while (static_cast<std::size_t>(std::ranges::count(m_deliveries, true, &Delivery::dead)) >
         deliveries_max)
    m_deliveries.erase(std::ranges::find(m_deliveries, true, &Delivery::dead));
  forget_unused_events();
}

std::vector<Delivery> Outbox::due(Instant now, bool all) const {
  std::vector<Delivery> out;
  for (const Delivery& delivery : m_deliveries)
    if (!delivery.dead && (all || delivery.next <= now)) out.push_back(delivery);
  return out;
}

std::optional<Instant> Outbox::next_due() const {
  std::optional<Instant> next;
  for (const Delivery& delivery : m_deliveries)
    if (!delivery.dead && (!next || delivery.next < *next)) next = delivery.next;
  return next;
}

const Event* Outbox::event(const std::string& id) const {
  const auto found = m_events.find(id);
  return found == m_events.end() ? nullptr : &found->second;
}

Delivery* Outbox::find(const Delivery& delivery) {
  const auto found = std::ranges::find_if(m_deliveries, [&](const Delivery& one) {
    return one.event == delivery.event && one.recipient == delivery.recipient &&
           one.address == delivery.address;
  });
  return found == m_deliveries.end() ? nullptr : &*found;
}

void Outbox::delivered(const Delivery& delivery) {
  const Delivery* found = find(delivery);
  if (found == nullptr) return;
  m_deliveries.erase(m_deliveries.begin() + (found - m_deliveries.data()));
  forget_unused_events();
}

void Outbox::failed(const Delivery& delivery, const Error& error, Instant now) {
  Delivery* found = find(delivery);
  if (found == nullptr) return;
  ++found->attempts;
  found->code = error.code;
  found->detail = line_of(error.detail);
  const auto wait = wait_after(found->attempts);
  found->dead = error.kind == ErrorKind::invalid || !wait;
  if (wait) found->next = now + *wait;
  if (error.code != "E-NOT-112") return;
  off.insert(delivery.recipient);
  for (Delivery& one : m_deliveries) {
    if (one.recipient != delivery.recipient || one.dead) continue;
    one.dead = true;
    one.code = error.code;
    one.detail = found->detail;
  }
}

void Outbox::interrupted(const Delivery& delivery, Instant now) {
  Delivery* found = find(delivery);
  if (found == nullptr) return;
  found->attempts = std::max(found->attempts, 1);
  found->next = now + interrupted_wait;
}

std::size_t Outbox::revive(const std::string& event, const std::string& recipient, Instant now) {
  std::size_t count = 0;
  if (recipient.empty())
    off.clear();
  else
    off.erase(recipient);
  for (Delivery& one : m_deliveries) {
    if (!event.empty() && one.event != event) continue;
    if (!recipient.empty() && one.recipient != recipient) continue;
    if (one.dead) one.attempts = 0;
    one.dead = false;
    one.next = now;
    ++count;
  }
  return count;
}

void Outbox::forget_unused_events() {
  std::set<std::string_view> used;
  for (const Delivery& delivery : m_deliveries) used.insert(delivery.event);
  std::erase_if(m_events, [&](const auto& item) { return !used.contains(item.first); });
}

}  // namespace siegel::notify
