#include <fmt/format.h>

#include <algorithm>

#include "device/softtse/engine.h"
#include "format/tar.h"

// Putting into operation, time, clients, states, deletion and restore.

namespace siegel::device::softtse {

namespace {

constexpr std::size_t description_max = 64;

/// An admin changes the device.
constexpr Needs admin_needs{.one = role_a, .two = role_a, .enabled = true, .initialized = true};
constexpr Needs admin_needs_certificate{
    .one = role_a, .two = role_a, .enabled = true, .initialized = true, .certificate = true};
constexpr Needs admin_needs_time{.one = role_a,
                                 .two = role_a,
                                 .enabled = true,
                                 .initialized = true,
                                 .certificate = true,
                                 .time = true};
constexpr Needs client_needs{.two = role_l | role_a,
                             .enabled = true,
                             .initialized = true,
                             .certificate = true,
                             .time = true};

}  // namespace

Result<std::vector<SelfTestResult>> SoftTse::Impl::self_test() {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check({.two = role_u | role_l | role_a, .enabled = true, .certificate = true}));
  std::vector<SelfTestResult> results = run_self_test();
  const bool positive = std::ranges::all_of(results, &SelfTestResult::positive);
  const bool enters = !positive && !m_state.secure;
  SIEGEL_TRY(Work work, Work::begin(*this, results.size() + 1));
  for (const SystemEvent& event : events().self_test(caller(), results)) {
    SIEGEL_TRY_OK(work.log(event));
  }
  if (enters) {
    SIEGEL_TRY_OK(work.log(events().enter_secure_state()));
    SIEGEL_TRY_OK(work.note(work.store().put_setting("state.secure", "1")));
  }
  SIEGEL_TRY_OK(work.commit());
  m_state.secure = m_state.secure || enters;
  if (positive) m_last_self_test = m_environment.clock.now().steady;
  return results;
}

Status SoftTse::Impl::initialize() {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check({.one = role_a, .two = role_a, .enabled = true, .certificate = true}));
  if (m_state.initialized) {
    return error(TrError::device_is_initialized, "the device has been initialized before");
  }
  SIEGEL_TRY_OK(log_event(events().initialize(caller(), m_state.description), [](Store& store) {
    return store.put_setting("state.initialized", "1");
  }));
  m_state.initialized = true;
  return Ok{};
}

Status SoftTse::Impl::set_description(const std::string& text) {
  if (generation_one()) {
    return error(TrError::function_not_supported, "generation 1 knows no setDescription");
  }
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check({.one = role_a, .two = role_a, .enabled = true, .certificate = true}));
  if (text.size() > description_max) {
    return error(TrError::parameter_too_long,
                 fmt::format("the description has {} characters, {} are allowed", text.size(),
                             description_max));
  }
  // Nobody may take this device for a certified one.
  if (!printable_string(text) || text.find("TEST") == std::string::npos) {
    return error(TrError::parameter_syntax,
                 "the description must be a PrintableString that holds the word TEST");
  }
  SIEGEL_TRY_OK(log_event(events().set_description(caller(), text), [&](Store& store) {
    return store.put_setting("state.description", text);
  }));
  m_state.description = text;
  const Lock lock(m_mutex);
  m_shared.description = text;
  return Ok{};
}

Status SoftTse::Impl::update_time(Instant to) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check({.one = role_a | role_t,
                       .two = role_a | role_t,
                       .enabled = true,
                       .initialized = true,
                       .certificate = true}));
  const Instant utc_end = Instant::from_unix(2'524'608'000);  // 2050-01-01
  if (to < m_certificate_from || to > m_certificate_until ||
      (m_settings.time_format == TimeFormat::utc_time && to >= utc_end)) {
    return error(TrError::invalid_time,
                 fmt::format("{} lies outside the certificate's validity, {} to {}", to.text(),
                             m_certificate_from.text(), m_certificate_until.text()));
  }
  const Now now = m_environment.clock.now();
  const std::string offset = std::to_string((to - now.wall).count());
  const Instant before = device_time();
  const std::chrono::milliseconds step = to - before;
  if (m_state.time_set && m_clock_known && std::abs(step.count()) <= SeClock::slew_max_ms) {
    if (step.count() == 0) return Ok{};
    SIEGEL_TRY(Work work, Work::begin(*this, 0));
    SIEGEL_TRY_OK(work.note(work.store().put_setting("state.clock_offset_ms", offset)));
    SIEGEL_TRY_OK(work.commit());
    m_clock.slew(now, step);
    return Ok{};
  }
  // The message itself carries the new time.
  const SeClock old_clock = m_clock;
  const bool old_known = m_clock_known;
  m_clock.jump(now, to);
  m_clock_known = true;
  const Status done =
      log_event(events().update_time(caller(), before, to), [&](Store& store) -> Status {
        SIEGEL_TRY_OK(store.put_setting("state.clock_offset_ms", offset));
        return store.put_setting("state.time_set", "1");
      });
  if (!done.ok()) {
    m_clock = old_clock;
    m_clock_known = old_known;
    return done;
  }
  m_state.time_set = true;
  return Ok{};
}

Status SoftTse::Impl::change_client(const std::string& client, bool registered) {
  const auto known = m_state.clients.find(client);
  const ClientRow row{.id = known != m_state.clients.end()
                                ? known->second.id
                                : static_cast<std::int64_t>(m_state.clients.size()) + 1,
                      .name = client,
                      .registered = registered};
  const SystemEvent event = registered ? events().register_client(caller(), client)
                                       : events().deregister_client(caller(), client);
  SIEGEL_TRY_OK(log_event(event, [&](Store& store) { return store.put_client(row); }));
  m_state.clients[client] = row;
  m_state.client_names[row.id] = client;
  m_state.clients_registered = static_cast<std::uint64_t>(std::ranges::count_if(
      m_state.clients, [](const auto& entry) { return entry.second.registered; }));
  return Ok{};
}

Status SoftTse::Impl::register_client(const std::string& client) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(client_needs));
  if (client.size() > client_id_max) {
    return error(TrError::parameter_too_long,
                 fmt::format("a client id has at most {} characters", client_id_max));
  }
  if (client.empty() || !client_id_characters_ok(client)) {
    return error(TrError::invalid_client_id_character,
                 fmt::format("\"{}\" is empty or has a character other than A-Z a-z 0-9 space "
                             "' ( ) + - , . =",
                             client));
  }
  const auto known = m_state.clients.find(client);
  if (known != m_state.clients.end() && known->second.registered) {
    return error(TrError::client_already_registered,
                 fmt::format("the client \"{}\" is registered already", client));
  }
  if (m_state.clients_registered >= m_settings.limits.clients) {
    return error(
        TrError::client_limit_reached,
        fmt::format("{} clients are registered, no more are allowed", m_state.clients_registered));
  }
  return change_client(client, true);
}

Status SoftTse::Impl::deregister_client(const std::string& client) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(client_needs));
  const auto known = m_state.clients.find(client);
  if (known == m_state.clients.end() || !known->second.registered) {
    return error(TrError::client_not_registered,
                 fmt::format("the client \"{}\" is not registered", client));
  }
  for (const auto& [number, transaction] : m_state.open) {
    if (transaction.client == client) {
      return error(TrError::open_transaction_found,
                   fmt::format("transaction {} of \"{}\" is open", number, client));
    }
  }
  return change_client(client, false);
}

Status SoftTse::Impl::disable() {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(admin_needs));
  SIEGEL_TRY_OK(log_event(events().disable(caller(), device_time()),
                          [](Store& store) { return store.put_setting("state.disabled", "1"); }));
  m_state.disabled = true;
  m_signer.reset();
  set_user({}, {});
  return Ok{};
}

Status SoftTse::Impl::lock(bool locked) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(admin_needs_time));
  if (locked && m_state.locked) {
    return error(TrError::transaction_logging_locked, "transactions are locked already");
  }
  if (!locked && !m_state.locked) {
    return error(TrError::transaction_logging_not_locked, "transactions are not locked");
  }
  if (locked && !m_state.open.empty()) {
    return error(TrError::open_transaction_found,
                 fmt::format("transaction {} is open", m_state.open.begin()->first));
  }
  const SystemEvent event = locked ? events().lock(caller()) : events().unlock(caller());
  SIEGEL_TRY_OK(log_event(
      event, [&](Store& store) { return store.put_setting("state.locked", locked ? "1" : "0"); }));
  m_state.locked = locked;
  return Ok{};
}

Status SoftTse::Impl::enter_secure_state() {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check({.enabled = true}));
  if (m_state.secure) return Ok{};
  SIEGEL_TRY_OK(log_event(events().enter_secure_state(),
                          [](Store& store) { return store.put_setting("state.secure", "1"); }));
  m_state.secure = true;
  return Ok{};
}

Status SoftTse::Impl::exit_secure_state() {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check({.one = role_a, .two = role_a, .enabled = true}));
  if (!m_state.secure) return Ok{};
  SIEGEL_TRY_OK(log_event(events().exit_secure_state(),
                          [](Store& store) { return store.put_setting("state.secure", "0"); }));
  m_state.secure = false;
  return Ok{};
}

Status SoftTse::Impl::delete_messages() {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(admin_needs));
  SIEGEL_TRY(const std::uint64_t last, m_store->last_message(false));
  std::uint64_t exported = m_state.counters.exported_up_to;
  {
    const Lock lock(m_mutex);
    if (m_shared.exports_running != 0) {
      return error(TrError::delete_log_messages_failed, "an export is running");
    }
    exported = std::max(exported, m_shared.exported_up_to);
    if (last > exported) {
      return error(TrError::unexported_log_messages,
                   fmt::format("messages were exported up to counter {}, the last one is {}",
                               exported, last));
    }
    m_shared.deleting = true;
  }
  const auto erase = [&]() -> Status {
    SIEGEL_TRY(Work work, Work::begin(*this, 1));
    SIEGEL_TRY_OK(work.log(events().delete_messages(caller())));
    const auto freed = work.store().remove_messages(exported);
    if (freed.ok()) m_state.counters.used_bytes -= std::min(*freed, m_state.counters.used_bytes);
    static_cast<void>(work.note(freed.ok() ? Status(Ok{}) : Status(freed.error())).ok());
    return work.commit();
  };
  const Status done = erase();
  const Lock lock(m_mutex);
  m_shared.deleting = false;
  return done;
}

Status SoftTse::Impl::restore_entry(BytesView bytes, std::uint64_t& added_bytes) {
  const auto refuse = [&](std::string why) {
    return error(TrError::restore_failed, std::move(why));
  };
  const auto parsed = parse_message(bytes);
  if (!parsed.ok()) return refuse(parsed.error().detail);
  const ParsedMessage& message = *parsed;
  if (!std::ranges::equal(message.serial, m_serial) ||
      !std::ranges::equal(message.algorithm_oid, crypto::oid_of(m_algorithm)) ||
      !crypto::verify(*m_key, m_algorithm, message.signed_bytes, message.signature)) {
    return refuse(
        fmt::format("the message with counter {} is not by this device", message.counter));
  }
  if (message.counter > m_state.counters.signature_used) {
    return refuse(
        fmt::format("counter {} is ahead of this device, which is at {}: another copy of "
                    "it has signed",
                    message.counter, m_state.counters.signature_used));
  }
  added_bytes += bytes.size();
  SIEGEL_TRY(const auto present, m_store->message(message.counter));
  if (present) {
    const auto other = parse_message(*present);
    if (!other.ok() || !std::ranges::equal(*present, bytes)) {
      return refuse(fmt::format("another message has counter {} too", message.counter));
    }
    SIEGEL_TRY_OK(m_store->put_copy(message.counter, bytes));
    return Ok{};
  }
  std::int64_t client = 0;
  if (message.kind == LogKind::transaction) {
    const auto known = m_state.clients.find(message.client);
    if (known == m_state.clients.end()) {
      return refuse(fmt::format("the client \"{}\" was never registered here", message.client));
    }
    client = known->second.id;
  }
  SIEGEL_TRY_OK(m_store->put_message({.counter = message.counter,
                                      .kind = message.kind,
                                      .transaction = message.transaction,
                                      .client = client,
                                      .log_ms = message.time.unix_ms(),
                                      .bytes = bytes}));
  if (message.kind != LogKind::transaction) return Ok{};
  using enum TseCall::Operation;
  return m_store->merge_transaction(
      {.number = message.transaction,
       .client = client,
       .start_counter = message.operation == start ? message.counter : 0,
       .last_counter = message.counter,
       .finish_counter = message.operation == finish ? message.counter : 0});
}

Status SoftTse::Impl::restore_entries(Source& archive) {
  format::TarReader reader(archive, {.entry_size_max = message_bytes_max});
  Bytes buffer;
  std::uint64_t messages = 0;
  std::uint64_t added_bytes = 0;
  for (;;) {
    const auto more = reader.next();
    if (!more.ok()) return error(TrError::restore_failed, more.error().detail);
    if (!*more) break;
    const std::string name(reader.entry().name);
    const bool certificate = name.find("_X509.") != std::string::npos;
    if (name == "info.csv" || certificate) continue;
    if (!name.ends_with(".log")) {
      return error(TrError::restore_failed, "the archive holds a foreign file: " + name);
    }
    if (const Status read = reader.read_all(buffer, message_bytes_max); !read.ok()) {
      return error(TrError::restore_failed, name + ": " + read.error().detail);
    }
    SIEGEL_TRY_OK(restore_entry(buffer, added_bytes));
    ++messages;
  }
  using format::TarFlag;
  if (has(reader.archive_flags(), TarFlag::no_end_blocks) ||
      has(reader.archive_flags(), TarFlag::padding_cut)) {
    return error(TrError::restore_failed, "the archive is cut off: its end is missing");
  }
  if (messages == 0) return error(TrError::restore_failed, "the archive holds no message");
  Counters& counters = m_state.counters;
  if (counters.used_bytes + added_bytes > m_settings.limits.storage_bytes) {
    return error(TrError::storage_memory_full, "the messages do not fit");
  }
  counters.used_bytes += added_bytes;
  return Ok{};
}

Status SoftTse::Impl::restore(Source& archive) {
  SIEGEL_TRY_OK(enter());
  SIEGEL_TRY_OK(check(admin_needs_certificate));
  const std::uint64_t used_before = m_state.counters.used_bytes;
  SIEGEL_TRY(Work work, Work::begin(*this, 0));
  if (const Status read = restore_entries(archive); !read.ok()) {
    m_state.counters.used_bytes = used_before;
    return read;  // rolled back with `work`: as if nothing had been read
  }
  return work.commit();
}

}  // namespace siegel::device::softtse
