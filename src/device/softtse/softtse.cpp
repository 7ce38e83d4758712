#include "device/softtse/softtse.h"

#include <fmt/format.h>

#include "device/softtse/engine.h"
#include "format/der.h"

namespace siegel::device::softtse {

namespace {

namespace tag = format::der_tag;

constexpr Needs query_needs{.two = role_u | role_l | role_a};

Step step_of(TseCall::Operation operation, const TransactionInput& input) {
  return {.operation = operation,
          .client = input.client,
          .transaction = input.transaction,
          .process_type = input.process_type,
          .process_data = input.process_data,
          .additional = input.additional_external_data
                            ? std::optional<BytesView>(*input.additional_external_data)
                            : std::nullopt,
          .force = input.force_signature};
}

Result<TseAnswer> answer_of(Result<StepAnswer> answer) {
  if (!answer.ok()) return std::move(answer).error();
  return std::move(answer->answer);
}

}  // namespace

SoftTse::SoftTse(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}

SoftTse::~SoftTse() { static_cast<void>(m_impl->close().ok()); }

Result<std::unique_ptr<SoftTse>> SoftTse::create(const CreateOptions& options,
                                                 std::unique_ptr<Signer> signer,
                                                 Environment environment) {
  auto impl = std::make_unique<Impl>(options.store, std::move(signer), environment);
  SIEGEL_TRY_OK(impl->create(options));
  return std::unique_ptr<SoftTse>(new SoftTse(std::move(impl)));
}

Result<std::unique_ptr<SoftTse>> SoftTse::open(const StorePlace& store,
                                               std::unique_ptr<Signer> signer,
                                               Environment environment) {
  auto impl = std::make_unique<Impl>(store, std::move(signer), environment);
  SIEGEL_TRY_OK(impl->open());
  return std::unique_ptr<SoftTse>(new SoftTse(std::move(impl)));
}

Status SoftTse::close() { return m_impl->close(); }

Status SoftTse::commission(const crypto::SecretBytes& admin_pin, const Commissioning& what) {
  SIEGEL_TRY_OK(log_in(TseUser::admin, admin_pin));
  if (!m_impl->m_state.initialized) SIEGEL_TRY_OK(initialize());
  SIEGEL_TRY_OK(update_time(what.now));
  for (const std::string& client : what.clients) {
    const auto known = m_impl->m_state.clients.find(client);
    if (known == m_impl->m_state.clients.end() || !known->second.registered) {
      SIEGEL_TRY_OK(register_client(client));
    }
  }
  return log_out();
}

// ---- the socket

Result<TseInfo> SoftTse::identity() {
  const Impl& impl = *m_impl;
  return TseInfo{.id = impl.m_settings.id,
                 .serial = impl.m_serial_text,
                 .manufacturer = std::string(manufacturer_name),
                 .algorithm = impl.m_settings.algorithm,
                 .time_format = std::string(time_format_name(impl.m_settings.time_format)),
                 .public_key = impl.m_key->point(),
                 .certificates = impl.m_settings.certificates,
                 .certified = false};
}

Result<TseStatus> SoftTse::status() {
  const Impl& impl = *m_impl;
  const State& state = impl.m_state;
  const Limits& limits = impl.m_settings.limits;
  TseStatus out;
  out.state = state.disabled                                    ? "disabled"
              : !state.initialized                              ? "uninitialized"
              : state.secure                                    ? "secure"
              : state.locked                                    ? "locked"
              : state.time_set && state.clients_registered != 0 ? "active"
                                                                : "initialized";
  out.generation = static_cast<int>(impl.m_settings.generation);
  out.time_set = state.time_set;
  out.time = impl.device_time();
  out.signature_counter = state.counters.signature_used;
  out.transaction_counter = state.counters.transaction_used;
  for (const auto& [name, client] : state.clients) {
    if (client.registered) out.clients.push_back(name);
  }
  out.clients_max = limits.clients;
  out.open_transactions = state.open.size();
  out.open_transactions_max = limits.open_transactions;
  out.signatures_left =
      limits.signatures - std::min(limits.signatures, state.counters.signature_used);
  out.storage_bytes = limits.storage_bytes;
  out.storage_used_bytes = state.counters.used_bytes;
  out.certificate_until = impl.m_certificate_until;
  out.self_test_due = impl.self_test_due();
  return out;
}

void SoftTse::perform(std::span<const TseCall> calls, TseAnswers& answers) {
  constexpr std::size_t group_max = 64;
  for (std::size_t first = 0, count = 0; first < calls.size(); first += count) {
    count = std::min(group_max, calls.size() - first);
    // A start and its finish share their commit.
    if (first + count < calls.size() && calls[first + count].of_previous) --count;
    std::vector<Step> steps;
    for (const TseCall& call : calls.subspan(first, count)) {
      steps.push_back({.operation = call.operation,
                       .client = call.client,
                       .transaction = call.transaction,
                       .process_type = call.process_type,
                       .process_data = call.process_data,
                       .force = call.force_signature,
                       .of_previous = call.of_previous});
    }
    m_impl->run_group(steps, [&](Impl::StepResults results) {
      std::vector<TseIndexedAnswer> together;
      together.reserve(results.size());
      for (std::size_t i = 0; i < results.size(); ++i)
        together.push_back({first + i, answer_of(std::move(results[i]))});
      answers.answered_together(std::move(together));
    });
  }
}

Result<std::vector<TseTransaction>> SoftTse::open_transactions(std::optional<std::string> client) {
  SIEGEL_TRY_OK(m_impl->enter());
  std::vector<TseTransaction> out;
  for (const auto& [number, transaction] : m_impl->m_state.open) {
    if (client && transaction.client != *client) continue;
    SIEGEL_TRY(auto described, m_impl->describe(transaction.row));
    out.push_back(std::move(described));
  }
  return out;
}

Result<std::optional<TseTransaction>> SoftTse::find(const std::string& client,
                                                    std::uint64_t transaction) {
  SIEGEL_TRY_OK(m_impl->enter());
  SIEGEL_TRY(const auto row, m_impl->m_store->transaction(transaction));
  if (!row || m_impl->m_state.client_names[row->client] != client) {
    return std::optional<TseTransaction>();
  }
  SIEGEL_TRY(auto described, m_impl->describe(*row));
  return std::optional<TseTransaction>(std::move(described));
}

Result<std::vector<TseTransaction>> SoftTse::transactions_after(const std::string& client,
                                                                std::uint64_t after,
                                                                std::size_t count_max) {
  SIEGEL_TRY_OK(m_impl->enter());
  std::vector<TseTransaction> out;
  const auto known = m_impl->m_state.clients.find(client);
  if (known == m_impl->m_state.clients.end()) return out;
  SIEGEL_TRY(const auto rows,
             m_impl->m_store->transactions_after(known->second.id, after, count_max));
  for (const TransactionRow& row : rows) {
    SIEGEL_TRY(auto described, m_impl->describe(row));
    out.push_back(std::move(described));
  }
  return out;
}

Status SoftTse::self_test() {
  SIEGEL_TRY(const auto results, self_test_results());
  for (const SelfTestResult& result : results) {
    if (!result.positive) {
      return m_impl->error(TrError::self_test_failed, result.component + ": " + result.error);
    }
  }
  return Ok{};
}

Status SoftTse::set_time(Instant now) { return update_time(now); }

Status SoftTse::export_log(const TseFilter& filter, Sink& sink) {
  SIEGEL_TRY_OK(export_filtered_transaction_logs(filter, sink));
  return Ok{};
}

namespace {

std::string user_name(TseUser user, bool generation_one) {
  switch (user) {
    case TseUser::admin:
      return generation_one ? "Admin" : "admin";
    case TseUser::time_admin:
      return generation_one ? "TimeAdmin" : "timeadmin";
    case TseUser::logger:
      return generation_one ? "Logger" : "logger";
  }
  return {};
}

}  // namespace

Status SoftTse::log_in(TseUser user, const crypto::SecretBytes& pin) {
  return authenticate_user(user_name(user, m_impl->generation_one()), pin);
}

Result<std::optional<unsigned>> SoftTse::pin_tries_left(TseUser user) {
  SIEGEL_TRY(const unsigned left, m_impl->tries_left(user_name(user, m_impl->generation_one())));
  return std::optional(left);
}

Status SoftTse::unblock_pin(TseUser user, const crypto::SecretBytes& puk,
                            const crypto::SecretBytes& new_pin) {
  return unblock_pin(user_name(user, m_impl->generation_one()), puk, new_pin);
}

Status SoftTse::log_out() {
  SIEGEL_TRY_OK(m_impl->enter());
  return m_impl->log_out(LogOutCause::user_called);
}

Status SoftTse::register_client(const std::string& client) {
  return m_impl->register_client(client);
}
Status SoftTse::deregister_client(const std::string& client) {
  return m_impl->deregister_client(client);
}
Status SoftTse::disable() { return m_impl->disable(); }

// ---- functions by name

Status SoftTse::authenticate_user(const std::string& user, const crypto::SecretBytes& pin) {
  return m_impl->authenticate(user, pin);
}
Status SoftTse::unblock_pin(const std::string& user, const crypto::SecretBytes& puk,
                            const crypto::SecretBytes& new_pin) {
  return m_impl->unblock(user, puk, new_pin);
}
Status SoftTse::initialize() { return m_impl->initialize(); }
Status SoftTse::set_description(const std::string& description) {
  return m_impl->set_description(description);
}

Result<std::string> SoftTse::description() {
  SIEGEL_TRY_OK(m_impl->check({.two = role_a}));
  return m_impl->m_state.description;
}

Result<std::vector<SelfTestResult>> SoftTse::self_test_results() { return m_impl->self_test(); }

Status SoftTse::update_device(BytesView /*update*/) {
  return m_impl->error(TrError::function_not_supported, "this device has no update of its own");
}
Status SoftTse::disable_secure_element() { return m_impl->disable(); }

Result<std::uint64_t> SoftTse::total_memory() { return m_impl->m_settings.limits.storage_bytes; }
Result<std::uint64_t> SoftTse::used_memory() { return m_impl->m_state.counters.used_bytes; }
Result<std::uint64_t> SoftTse::free_memory() {
  const std::uint64_t total = m_impl->m_settings.limits.storage_bytes;
  return total - std::min(total, m_impl->m_state.counters.used_bytes);
}

Result<std::vector<ComponentHealth>> SoftTse::device_health() {
  SIEGEL_TRY_OK(m_impl->enter());
  std::vector<ComponentHealth> out;
  for (const SelfTestResult& result : m_impl->run_self_test()) {
    out.push_back({.component = result.component,
                   .health = result.positive ? Health::ok : Health::error,
                   .text = result.error});
  }
  return out;
}

Result<std::vector<ComponentVersion>> SoftTse::component_versions() {
  std::vector<ComponentVersion> out;
  for (const char* component : {"device", "storage", "integration-interface", "CSP", "SMA"}) {
    out.push_back({.component = component,
                   .manufacturer = std::string(manufacturer_name),
                   .model = "softtse",
                   .version = std::string(device_version),
                   .certification_id = {}});
  }
  return out;
}

Result<Instant> SoftTse::end_of_usage_date() { return m_impl->m_certificate_until; }
Status SoftTse::update_time(Instant new_time) { return m_impl->update_time(new_time); }

Result<std::string> SoftTse::time_sync_variant() { return std::string("manualSync"); }

Result<Instant> SoftTse::current_se_time() { return m_impl->device_time(); }

Status SoftTse::configure_logging(const std::string& component, const std::string& event,
                                  bool /*enabled*/) {
  return m_impl->error(TrError::event_not_configurable,
                       fmt::format("{} of {} is always logged", event, component));
}

Result<ExportSummary> SoftTse::export_log_messages(Sink& sink) {
  return m_impl->export_messages({}, 0, sink);
}
Result<ExportSummary> SoftTse::export_filtered_transaction_logs(const TseFilter& filter,
                                                                Sink& sink) {
  return m_impl->export_messages(filter, 0, sink);
}
Result<ExportSummary> SoftTse::export_since(std::uint64_t counter, Sink& sink) {
  return m_impl->export_messages({}, counter, sink);
}
Result<ExportSummary> SoftTse::export_logging_certificates(Sink& sink) {
  return m_impl->export_certificates(sink);
}
Status SoftTse::delete_log_messages() { return m_impl->delete_messages(); }
Status SoftTse::restore_logs_from_backup(Source& archive) { return m_impl->restore(archive); }

Result<Bytes> SoftTse::export_serial_numbers() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  Bytes out;
  format::DerWriter writer(out);
  writer.begin(tag::sequence);
  writer.begin(tag::sequence);
  writer.octets(m_impl->m_serial);
  writer.begin(tag::sequence);
  if (m_impl->generation_one()) {
    // transaction, system, audit
    for (unsigned i = 0; i < 3; ++i) writer.boolean(true, tag::context(i));
  } else {
    for (unsigned i = 0; i < 3; ++i) writer.boolean(true);
  }
  writer.end();
  writer.end();
  writer.end();
  return out;
}

Result<std::vector<std::pair<std::string, std::uint64_t>>>
SoftTse::current_logging_signature_counters() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return std::vector<std::pair<std::string, std::uint64_t>>{
      {m_impl->m_serial_text, m_impl->m_state.counters.signature_used}};
}

namespace {
Result<LogFile> last_message(SoftTse::Impl& impl, bool transactions_only) {
  SIEGEL_TRY_OK(impl.enter());
  SIEGEL_TRY_OK(impl.check(query_needs));
  SIEGEL_TRY(const std::uint64_t counter, impl.m_store->last_message(transactions_only));
  if (counter == 0) return impl.error(TrError::no_log_message_found, "no message is stored");
  SIEGEL_TRY(auto bytes, impl.m_store->message(counter));
  if (!bytes) return impl.error(TrError::retrieve_log_message_failed, "the message is gone");
  SIEGEL_TRY(const ParsedMessage message, parse_message(*bytes));
  std::string name = message.file_name();
  return LogFile{.name = std::move(name), .bytes = std::move(*bytes)};
}
}  // namespace

Result<LogFile> SoftTse::last_log_message() { return last_message(*m_impl, false); }
Result<LogFile> SoftTse::last_transaction_log_message() { return last_message(*m_impl, true); }

Result<TseAnswer> SoftTse::start_transaction(const TransactionInput& input) {
  return answer_of(m_impl->run_one(step_of(TseCall::Operation::start, input)));
}

Result<UpdateResult> SoftTse::update_transaction(const TransactionInput& input) {
  SIEGEL_TRY(StepAnswer done, m_impl->run_one(step_of(TseCall::Operation::update, input)));
  return UpdateResult{.protection = done.protection,
                      .protected_update = std::move(done.answer.protected_update),
                      .signature = std::move(done.answer.signature)};
}

Result<TseAnswer> SoftTse::finish_transaction(const TransactionInput& input) {
  return answer_of(m_impl->run_one(step_of(TseCall::Operation::finish, input)));
}

Result<UpdateVariant> SoftTse::supported_transaction_update_variants() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return m_impl->m_settings.updates;
}
Result<std::uint64_t> SoftTse::current_transaction_counter() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return m_impl->m_state.counters.transaction_used;
}
Result<std::uint64_t> SoftTse::current_number_of_clients() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return m_impl->m_state.clients_registered;
}
Result<std::uint64_t> SoftTse::max_number_of_clients() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return m_impl->m_settings.limits.clients;
}
Result<std::vector<std::string>> SoftTse::registered_clients() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  SIEGEL_TRY(TseStatus state, status());
  return std::move(state.clients);
}
Result<std::uint64_t> SoftTse::current_number_of_transactions() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return std::uint64_t{m_impl->m_state.open.size()};
}
Result<std::uint64_t> SoftTse::max_number_of_transactions() {
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  return m_impl->m_settings.limits.open_transactions;
}

Result<TransactionState> SoftTse::transaction_state(std::uint64_t transaction) {
  SIEGEL_TRY_OK(m_impl->enter());
  SIEGEL_TRY_OK(m_impl->check(query_needs));
  const auto open = m_impl->m_state.open.find(transaction);
  if (open != m_impl->m_state.open.end()) {
    if (open->second.pending) return TransactionState::updated_with_unprotected_data;
    return open->second.updated ? TransactionState::updated : TransactionState::started;
  }
  SIEGEL_TRY(const auto row, m_impl->m_store->transaction(transaction));
  if (!row) {
    return m_impl->error(TrError::transaction_number_not_found,
                         fmt::format("transaction {} is not stored", transaction));
  }
  return row->finish_counter != 0 ? TransactionState::finished : TransactionState::abandoned;
}

Status SoftTse::lock_transaction_logging() { return m_impl->lock(true); }
Status SoftTse::unlock_transaction_logging() { return m_impl->lock(false); }
Status SoftTse::enter_secure_state() { return m_impl->enter_secure_state(); }
Status SoftTse::exit_secure_state() { return m_impl->exit_secure_state(); }

Status SoftTse::log_audit(BytesView se_audit_data) {
  SIEGEL_TRY_OK(m_impl->enter());
  SIEGEL_TRY_OK(m_impl->check({.enabled = true, .certificate = true}));
  constexpr std::size_t audit_max = 64UL * 1024;
  if (se_audit_data.size() > audit_max) {
    return m_impl->error(TrError::parameter_too_long, "seAuditData has more than 64 KiB");
  }
  SIEGEL_TRY(Impl::Work work, Impl::Work::begin(*m_impl, 1));
  SIEGEL_TRY_OK(work.log_audit(se_audit_data));
  return work.commit();
}

}  // namespace siegel::device::softtse
