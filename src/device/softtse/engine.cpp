#include "device/softtse/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/mutant.h"
#include "crypto/x509.h"
#include "format/der.h"

namespace siegel::device::softtse {

namespace {

// A counter is only drawn below a durable bound; how far above the last used one the bound lies.
// After a crash so many numbers are skipped.
constexpr std::uint64_t window_min = 8;
constexpr std::uint64_t window_max = 256;
// Of the size of a message, whatever it is.
constexpr std::size_t message_overhead = 512;
// A clock that stood this little behind the last message has only been read more coarsely.
constexpr std::int64_t clock_behind_max_ms = 2000;

std::uint64_t window(std::uint64_t need) { return std::clamp(2 * need, window_min, window_max); }

}  // namespace

SoftTse::Impl::Impl(StorePlace place, std::unique_ptr<Signer> signer, Environment environment)
    : m_place(std::move(place)), m_signer(std::move(signer)), m_environment(environment) {}

// ---- making, opening, closing

Status SoftTse::Impl::create(const CreateOptions& options) {
  if (m_signer == nullptr) {
    return invalid("E-TSE-232", "a device cannot be made without a signer");
  }
  SIEGEL_TRY(const SignerIdentity identity, m_signer->identity());
  SIEGEL_TRY(const auto key, crypto::PublicKey::from_point(identity.public_key));
  SIEGEL_TRY(auto certificates, m_signer->certificates());
  if (certificates.empty()) {
    SIEGEL_TRY(certificates, make_chain(key, options.certificate_days,
                                        m_environment.clock.now().wall, m_environment.random));
  }
  const Settings settings{.id = options.id,
                          .generation = options.generation,
                          .time_format = options.time_format,
                          .updates = options.updates,
                          .clock = options.clock,
                          .limits = options.limits,
                          .algorithm = identity.algorithm,
                          .certificates = std::move(certificates)};
  const bool one = options.generation == Generation::one;
  std::vector<UserRow> users;
  const auto add = [&](std::string id, const Credentials& credentials, bool required) -> Status {
    SIEGEL_TRY(auto user, make_user(std::move(id), credentials, required, options.limits,
                                    m_environment.random));
    users.push_back(std::move(user));
    return Ok{};
  };
  SIEGEL_TRY_OK(add(one ? "Admin" : "admin", options.admin, true));
  SIEGEL_TRY_OK(add(one ? "TimeAdmin" : "timeadmin", options.time_admin, true));
  if (!one) SIEGEL_TRY_OK(add("logger", options.logger, false));
  if (m_place.vfs.empty()) {
    SIEGEL_TRY(m_lock, FolderLock::take(m_place.file.string() + ".lock"));
  }
  SIEGEL_TRY(m_store, Store::create(m_place, to_settings(settings), users));
  if (m_place.vfs.empty()) {
    SIEGEL_TRY_OK(sync_directory(m_place.file.has_parent_path() ? m_place.file.parent_path()
                                                                : std::filesystem::path(".")));
  }
  SIEGEL_TRY_OK(load());
  SIEGEL_TRY_OK(adopt_key());
  // The clock was set in the factory and runs; "set" in the sense of the law it is after the
  // first updateTime.
  m_clock.jump(m_environment.clock.now(), m_environment.clock.now().wall);
  m_clock_known = true;
  m_last_self_test = m_environment.clock.now().steady;
  if (background_checkpoints(m_place)) m_checkpointer = std::make_unique<Checkpointer>(m_place);
  return log_event(events().start_audit());
}

Status SoftTse::Impl::open() {
  if (m_place.vfs.empty()) {
    // Not a file yet: the lock file of nothing must not be made either.
    std::error_code ignored;  // what cannot be looked at cannot be opened either, and says why
    const auto status = std::filesystem::status(m_place.file, ignored);
    if (status.type() == std::filesystem::file_type::not_found) {
      return conflict("E-TSE-231", "there is no such file", m_place.file.string());
    }
    SIEGEL_TRY(m_lock, FolderLock::take(m_place.file.string() + ".lock"));
  }
  SIEGEL_TRY(m_store, Store::open(m_place));
  // A process that died left commits that may be in the page cache only; nothing is believed, and
  // no counter drawn above them, before they are synced.
  SIEGEL_TRY_OK(m_store->checkpoint(sqlite::CheckpointMode::truncate));
  SIEGEL_TRY_OK(load());
  SIEGEL_TRY_OK(adopt_key());
  start_clock();
  m_last_self_test = m_environment.clock.now().steady;
  m_last_call = m_last_self_test;
  for (const SelfTestResult& result : run_self_test()) {
    if (!result.positive) {
      return corrupt("E-TSE-234", result.component + ": " + result.error, m_place.file.string());
    }
  }
  if (background_checkpoints(m_place)) m_checkpointer = std::make_unique<Checkpointer>(m_place);
  const Counters before = m_state.counters;
  Counters& counters = m_state.counters;
  if (!SIEGEL_MUTANT("reuse-counter")) {
    counters.signature_used = counters.signature_reserved;
    counters.transaction_used = counters.transaction_reserved;
  }
  if (before.clean || m_state.disabled) return Ok{};
  // A crash: say in the log how far the counters were moved. A device that cannot log this (full,
  // expired) opens all the same; its counters are safe.
  Bytes data;
  {
    format::DerWriter out(data);
    out.begin(format::der_tag::sequence);
    out.text(format::der_tag::printable_string, "restart after power loss");
    out.unsigned_integer(before.signature_used);
    out.unsigned_integer(counters.signature_used);
    out.unsigned_integer(before.transaction_used);
    out.unsigned_integer(counters.transaction_used);
    out.end();
  }
  auto work = Work::begin(*this, 1);
  if (!work.ok()) return std::move(work).error();
  if (!work->log_audit(data).ok() && !work->failure()) return Ok{};
  return work->commit();
}

Status SoftTse::Impl::close() {
  if (m_closed) return Ok{};
  m_closed = true;
  m_checkpointer.reset();
  if (m_store == nullptr) return Ok{};
  Counters exact = m_state.counters;
  exact.signature_reserved = exact.signature_used;
  exact.transaction_reserved = exact.transaction_used;
  exact.clean = true;
  {
    const Lock lock(m_mutex);
    exact.exported_up_to = std::max(exact.exported_up_to, m_shared.exported_up_to);
  }
  SIEGEL_TRY_OK(m_store->begin());
  SIEGEL_TRY_OK(m_store->put_counters(exact));
  SIEGEL_TRY_OK(m_store->commit());
  m_store.reset();
  m_lock.reset();
  return Ok{};
}

Status SoftTse::Impl::load() {
  SIEGEL_TRY(m_settings, read_settings(*m_store));
  State state;
  SIEGEL_TRY(state.counters, m_store->counters());
  const auto flag = [&](std::string_view key, bool& out) -> Status {
    SIEGEL_TRY(const auto text, m_store->setting(key));
    out = text == "1";
    return Ok{};
  };
  SIEGEL_TRY_OK(flag("state.initialized", state.initialized));
  SIEGEL_TRY_OK(flag("state.disabled", state.disabled));
  SIEGEL_TRY_OK(flag("state.locked", state.locked));
  SIEGEL_TRY_OK(flag("state.secure", state.secure));
  SIEGEL_TRY_OK(flag("state.time_set", state.time_set));
  SIEGEL_TRY(const auto description, m_store->setting("state.description"));
  state.description = description.value_or("");
  SIEGEL_TRY(const auto offset, m_store->setting("state.clock_offset_ms"));
  if (offset) {
    std::from_chars(offset->data(), offset->data() + offset->size(), state.clock_offset_ms);
  }
  SIEGEL_TRY(auto users, m_store->users());
  for (UserRow& user : users) state.users.emplace(user.id, user);
  SIEGEL_TRY(const auto clients, m_store->clients());
  for (const ClientRow& client : clients) {
    state.clients.emplace(client.name, client);
    state.client_names.emplace(client.id, client.name);
    if (client.registered) ++state.clients_registered;
  }
  SIEGEL_TRY(const auto open, m_store->open_transactions());
  for (const TransactionRow& row : open) {
    OpenTransaction& transaction = state.open[row.number];
    transaction.row = row;
    transaction.client = state.client_names[row.client];
    transaction.updated = row.last_counter != row.start_counter;
    transaction.last_input = Instant::from_unix_ms(state.counters.last_log_ms);
  }
  SIEGEL_TRY(auto pending, m_store->pending());
  for (auto& [number, update] : pending) {
    state.open[number].pending = std::move(update);
    ++state.pending_transactions;
  }
  m_state = std::move(state);
  const Lock lock(m_mutex);
  m_shared.description = m_state.description;
  m_shared.exported_up_to = std::max(m_shared.exported_up_to, m_state.counters.exported_up_to);
  return Ok{};
}

Status SoftTse::Impl::adopt_key() {
  SIEGEL_CHECK(!m_settings.certificates.empty());
  SIEGEL_TRY(const auto leaf, crypto::Certificate::parse(m_settings.certificates.front()));
  SIEGEL_TRY(m_key, leaf.public_key());
  m_certificate_from = leaf.not_before();
  m_certificate_until = leaf.not_after();
  m_serial = m_key->point_hash();
  m_serial_text = hex(m_serial);
  SIEGEL_TRY(m_algorithm, crypto::signature_algorithm_from_name(m_settings.algorithm));
  m_writer.emplace(m_settings.generation, m_settings.time_format, m_serial, m_algorithm);
  if (m_state.disabled) {
    m_signer.reset();
    return Ok{};
  }
  if (m_signer == nullptr) return conflict("E-TSE-232", "the signer of the device is missing");
  SIEGEL_TRY(const SignerIdentity identity, m_signer->identity());
  if (identity.public_key != m_key->point() || identity.algorithm != m_settings.algorithm) {
    return conflict("E-TSE-232",
                    fmt::format("the signer is not the one the device was made with (serial {})",
                                m_serial_text));
  }
  return Ok{};
}

void SoftTse::Impl::start_clock() {
  const Now now = m_environment.clock.now();
  if (m_settings.clock == ClockWithoutPower::lost) {
    m_clock_known = false;
    m_state.time_set = false;
    return;
  }
  m_clock_known = true;
  Instant time = now.wall + std::chrono::milliseconds(m_state.clock_offset_ms);
  const Instant last = Instant::from_unix_ms(m_state.counters.last_log_ms);
  if (time < last) {
    // The machine's clock went back while nobody looked: the time is not to be believed.
    if ((last - time).count() > clock_behind_max_ms) m_state.time_set = false;
    time = last;
  }
  m_clock.jump(now, time);
}

Status SoftTse::Impl::reload() {
  const bool time_set = m_state.time_set;
  m_store.reset();
  auto opened = Store::open(m_place);
  if (!opened.ok()) return std::move(opened).error();
  m_store = std::move(opened).value();
  // What the failed commit left in the WAL is either copied into the database and synced now, or
  // was never whole and is gone: from here on it cannot come or go any more.
  const auto made_durable = m_store->checkpoint(sqlite::CheckpointMode::truncate);
  Status status = made_durable.ok() ? load() : Status(made_durable.error());
  if (status.ok()) {
    m_state.time_set = time_set;
    m_state.counters.signature_used = m_state.counters.signature_reserved;
    m_state.counters.transaction_used = m_state.counters.transaction_reserved;
    Counters next = m_state.counters;
    next.signature_reserved = next.signature_used + window_min;
    next.transaction_reserved = next.transaction_used + window_min;
    status = m_store->begin();
    if (status.ok()) status = m_store->put_counters(next);
    if (status.ok()) status = m_store->commit();
    if (status.ok()) m_state.counters = next;
  }
  if (!status.ok()) m_store.reset();
  return status;
}

// ---- calls

Status SoftTse::Impl::enter() {
  if (m_closed) {
    return error(TrError::secure_element_parts_disconnected, "the device has been closed");
  }
  if (m_store == nullptr) {
    const Status again = reload();
    if (!again.ok()) {
      return error(TrError::storing_log_message_failed,
                   "the store failed and cannot be read again: " + again.error().detail);
    }
  }
  const Steady now = m_environment.clock.now().steady;
  const Steady idle = now - m_last_call;
  m_last_call = now;
  if (!m_user) return Ok{};
  const std::chrono::milliseconds limit =
      *m_user == Role::logger ? m_settings.limits.logger_idle : m_settings.limits.admin_idle;
  if (limit.count() > 0 && idle > limit && !m_state.disabled) {
    return log_out(LogOutCause::timeout);
  }
  return Ok{};
}

Status SoftTse::Impl::check(const Needs& needs) const {
  // Before anything else, so that a dead device is never mistaken for a wrong user.
  if (needs.enabled && m_state.disabled) {
    return error(TrError::secure_element_disabled, "the device has been disabled for ever");
  }
  const Roles allowed = generation_one() ? needs.one : needs.two;
  const Roles role = static_cast<Roles>(m_user.value_or(Role::unauthenticated));
  if ((allowed & role) == 0) {
    if (!m_user) return error(TrError::user_not_authenticated, "nobody is logged in");
    return error(TrError::user_not_authorized,
                 fmt::format("\"{}\" may not call this function", m_user_id));
  }
  if (needs.initialized && !m_state.initialized) {
    return error(TrError::device_not_initialized, "the device has not been initialized");
  }
  if (needs.certificate && m_clock_known && device_time() > m_certificate_until) {
    return error(TrError::certificate_expired,
                 "the certificate was valid until " + m_certificate_until.text());
  }
  if (needs.time && !m_state.time_set) {
    return error(TrError::time_not_set, "the time of the device has not been set");
  }
  if (!needs.transactions) return Ok{};
  if (m_state.locked) {
    return error(TrError::transaction_logging_locked, "transactions are locked");
  }
  if (m_state.secure) {
    return error(TrError::secure_state, "the device is in its secure state after an inner error");
  }
  if (self_test_due()) {
    return error(TrError::self_test_due, "the self-test is overdue");
  }
  return Ok{};
}

Instant SoftTse::Impl::device_time() const {
  return m_clock_known ? m_clock.read(m_environment.clock.now()) : Instant();
}

bool SoftTse::Impl::self_test_due() const {
  return m_environment.clock.now().steady - m_last_self_test > m_settings.limits.self_test_interval;
}

std::string SoftTse::Impl::caller() const { return m_user ? m_user_id : "unauthenticated"; }

std::vector<SelfTestResult> SoftTse::Impl::run_self_test() {
  std::string storage, counters, key;
  const auto last = m_store->last_message(false);
  if (!last.ok()) {
    storage = "the store cannot be read";
  } else if (*last > m_state.counters.signature_used) {
    counters = "a message has a counter that was never drawn";
  } else if (*last != 0) {
    const auto bytes = m_store->message(*last);
    if (!bytes.ok() || !*bytes) {
      storage = "the last message cannot be read";
    } else {
      const auto message = parse_message(**bytes);
      if (!message.ok() || !std::ranges::equal(message->serial, m_serial) ||
          !crypto::verify(*m_key, m_algorithm, message->signed_bytes, message->signature)) {
        key = "the last message does not verify with the key";
      }
    }
  }
  const auto result = [](std::string component, const std::string& error) {
    return SelfTestResult{std::move(component), error.empty(), error};
  };
  const std::string& inner = storage.empty() ? counters : storage;
  if (generation_one()) return {result("SMAERS", inner), result("CSP", key)};
  return {result("device", ""), result("storage", storage), result("integration-interface", ""),
          result("CSP", key), result("SMA", counters)};
}

// ---- one commit

Status SoftTse::Impl::reserve(std::uint64_t signatures, std::uint64_t transactions) {
  const Counters& now = m_state.counters;
  if (now.signature_used + signatures <= now.signature_reserved &&
      now.transaction_used + transactions <= now.transaction_reserved) {
    return Ok{};
  }
  Counters next = now;
  next.clean = false;
  next.signature_reserved =
      std::max(next.signature_reserved, next.signature_used + window(signatures));
  next.transaction_reserved =
      std::max(next.transaction_reserved, next.transaction_used + window(transactions));
  Status status = m_store->begin();
  if (status.ok()) status = m_store->put_counters(next);
  if (status.ok()) status = m_store->commit();
  if (status.ok()) {
    m_state.counters = next;
    return Ok{};
  }
  const std::string cause = status.error().detail;
  m_store->roll_back();
  // Whether it succeeds or not: nothing has been signed.
  static_cast<void>(reload().ok());
  return error(TrError::storing_log_message_failed, "the store cannot be written: " + cause);
}

Result<SoftTse::Impl::Work> SoftTse::Impl::Work::begin(Impl& impl, std::uint64_t signatures,
                                                       std::uint64_t transactions) {
  SIEGEL_TRY_OK(impl.reserve(signatures, transactions));
  const Status begun = impl.m_store->begin();
  if (!begun.ok()) {
    return impl.error(TrError::storing_log_message_failed,
                      "the store cannot be written: " + begun.error().detail);
  }
  return Work(impl);
}

SoftTse::Impl::Work::~Work() {
  if (m_impl != nullptr && m_impl->m_store != nullptr) m_impl->m_store->roll_back();
}

Status SoftTse::Impl::Work::note(const Status& status) {
  m_touched = true;
  if (status.ok()) return status;
  if (!m_failure) m_failure = status.error();
  return m_impl->error(TrError::storing_log_message_failed, status.error().detail);
}

Status SoftTse::Impl::Work::draw(std::size_t size, std::uint64_t& counter, Instant& at) {
  Impl& impl = *m_impl;
  if (m_failure) {
    return impl.error(TrError::storing_log_message_failed, m_failure->detail);
  }
  Counters& counters = impl.m_state.counters;
  const Limits& limits = impl.m_settings.limits;
  if (impl.m_signer == nullptr) {
    return impl.error(TrError::secure_element_disabled, "the device has no key any more");
  }
  if (counters.used_bytes + size + message_overhead > limits.storage_bytes) {
    return impl.error(
        TrError::storage_memory_full,
        fmt::format("{} of {} bytes are used", counters.used_bytes, limits.storage_bytes));
  }
  if (counters.signature_used >= limits.signatures) {
    return impl.error(TrError::signature_counter_exhausted,
                      fmt::format("all {} signatures are used", limits.signatures));
  }
  SIEGEL_CHECK(counters.signature_used < counters.signature_reserved);
  at = truncated(impl.m_settings.time_format, impl.device_time());
  counter = ++counters.signature_used;
  return Ok{};
}

Result<TseSignature> SoftTse::Impl::Work::finish(BytesView signed_bytes, MessageRow row,
                                                 Instant at) {
  auto signature = m_impl->m_signer->sign(signed_bytes);
  if (!signature.ok()) {
    return m_impl->error(TrError::signing_event_data_failed,
                         "the signer failed: " + signature.error().detail);
  }
  const Bytes message = MessageWriter::message(signed_bytes, *signature);
  row.log_ms = at.unix_ms();
  row.bytes = message;
  SIEGEL_TRY_OK(note(store().put_message(row)));
  m_impl->m_state.counters.used_bytes += message.size();
  m_impl->m_state.counters.last_log_ms = row.log_ms;
  if (m_first_counter == 0) m_first_counter = row.counter;
  return TseSignature{.log_time = at, .counter = row.counter, .value = std::move(*signature)};
}

Result<TseSignature> SoftTse::Impl::Work::log(const SystemEvent& event) {
  MessageRow row{.kind = LogKind::system};
  Instant at;
  SIEGEL_TRY_OK(draw(event.data.size(), row.counter, at));
  return finish(m_impl->m_writer->system(event, row.counter, at), row, at);
}

Result<TseSignature> SoftTse::Impl::Work::log_audit(BytesView data) {
  MessageRow row{.kind = LogKind::audit};
  Instant at;
  SIEGEL_TRY_OK(draw(data.size(), row.counter, at));
  return finish(m_impl->m_writer->audit(data, row.counter, at), row, at);
}

Result<TseSignature> SoftTse::Impl::Work::log(const TransactionContent& content,
                                              std::int64_t client) {
  MessageRow row{.kind = LogKind::transaction, .transaction = content.number, .client = client};
  Instant at;
  SIEGEL_TRY_OK(draw(content.process_data.size(), row.counter, at));
  return finish(m_impl->m_writer->transaction(content, row.counter, at), row, at);
}

Status SoftTse::Impl::Work::commit() {
  Impl& impl = *std::exchange(m_impl, nullptr);
  Counters& counters = impl.m_state.counters;
  const std::uint64_t drawn =
      m_first_counter == 0 ? 0 : counters.signature_used - m_first_counter + 1;
  counters.clean = false;
  counters.signature_reserved =
      std::max(counters.signature_reserved, counters.signature_used + window(drawn));
  counters.transaction_reserved =
      std::max(counters.transaction_reserved, counters.transaction_used + window(drawn / 2));
  {
    const Lock lock(impl.m_mutex);
    counters.exported_up_to = std::max(counters.exported_up_to, impl.m_shared.exported_up_to);
  }
  Status status = m_failure ? Status(*m_failure) : impl.m_store->put_counters(counters);
  if (status.ok()) status = impl.m_store->commit();
  if (status.ok()) {
    if (impl.m_checkpointer != nullptr) {
      impl.m_checkpointer->committed(4096 + 1024 * drawn);
      // A failure is met again by the next commit, which reports it.
      if (impl.m_checkpointer->wants_restart()) {
        static_cast<void>(impl.m_store->checkpoint(sqlite::CheckpointMode::restart).ok());
      }
    }
    return Ok{};
  }
  impl.m_store->roll_back();
  const std::string cause = status.error().detail;
  if (const Status again = impl.reload(); !again.ok()) {
    return unknown("E-TSE-104", "the commit failed (" + cause +
                                    ") and the store cannot be read again (" +
                                    again.error().detail + ")");
  }
  if (m_first_counter != 0) {
    const auto found = impl.m_store->message(m_first_counter);
    if (!found.ok()) return unknown("E-TSE-104", found.error().detail);
    if (*found) return Ok{};
  }
  return impl.error(TrError::storing_log_message_failed, "the commit failed: " + cause);
}

Status SoftTse::Impl::log_event(const SystemEvent& event,
                                const std::function<Status(Store&)>& change) {
  SIEGEL_TRY(Work work, Work::begin(*this, 1));
  SIEGEL_TRY_OK(work.log(event));
  if (change) static_cast<void>(work.note(change(work.store())).ok());
  return work.commit();
}

}  // namespace siegel::device::softtse
