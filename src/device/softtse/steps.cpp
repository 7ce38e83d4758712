#include <fmt/format.h>

#include <iterator>

#include "base/mutant.h"
#include "device/softtse/engine.h"

// Transactions: start, update, finish [TR-03151-1; TR-03153-1 5].

namespace siegel::device::softtse {

namespace {

// Calls that share one commit at most.
constexpr std::size_t group_max = 64;

constexpr Needs transaction_needs{.two = role_l,
                                  .enabled = true,
                                  .initialized = true,
                                  .certificate = true,
                                  .time = true,
                                  .transactions = true};

}  // namespace

Status SoftTse::Impl::check_step(const Step& step) const {
  SIEGEL_TRY_OK(check(transaction_needs));
  const auto client = m_state.clients.find(step.client);
  if (client == m_state.clients.end() || !client->second.registered) {
    return error(TrError::client_not_registered,
                 fmt::format("the client \"{}\" is not registered", step.client));
  }
  if (step.process_type.size() > process_type_max) {
    return error(TrError::parameter_too_long,
                 fmt::format("processType has {} characters, {} are allowed",
                             step.process_type.size(), process_type_max));
  }
  if (!printable_string(step.process_type)) {
    return error(TrError::parameter_syntax, "processType has a character outside PrintableString");
  }
  const std::size_t size =
      step.process_data.size() + (step.additional ? step.additional->size() : 0);
  if (size > m_settings.limits.process_data_bytes) {
    return error(TrError::parameter_too_long,
                 fmt::format("processData has {} bytes, {} are allowed", size,
                             m_settings.limits.process_data_bytes));
  }
  return Ok{};
}

Result<StepAnswer> SoftTse::Impl::start(Work& work, const Step& step) {
  if (m_state.open.size() >= m_settings.limits.open_transactions) {
    return error(TrError::open_transactions_limit,
                 fmt::format("{} transactions are open, no more are allowed", m_state.open.size()));
  }
  Counters& counters = m_state.counters;
  if (counters.transaction_used >= m_settings.limits.transactions) {
    return error(
        TrError::transaction_counter_exhausted,
        fmt::format("all {} transaction numbers are used", m_settings.limits.transactions));
  }
  SIEGEL_CHECK(counters.transaction_used < counters.transaction_reserved);
  const std::uint64_t number = ++counters.transaction_used;
  const ClientRow& client = m_state.clients.find(step.client)->second;
  SIEGEL_TRY(TseSignature signature, work.log({.operation = step.operation,
                                               .client = step.client,
                                               .process_data = step.process_data,
                                               .process_type = step.process_type,
                                               .additional_external_data = step.additional,
                                               .number = number},
                                              client.id));
  OpenTransaction opened{.row = {.number = number,
                                 .client = client.id,
                                 .start_counter = signature.counter,
                                 .last_counter = signature.counter,
                                 .open = true},
                         .client = client.name,
                         .last_input = signature.log_time,
                         .pending = {}};
  SIEGEL_TRY_OK(work.note(work.store().put_transaction(opened.row)));
  m_state.open.emplace(number, std::move(opened));
  return StepAnswer{
      .answer = {.transaction = number, .signature = std::move(signature), .protected_update = {}}};
}

Result<TseSignature> SoftTse::Impl::sign_update(Work& work, OpenTransaction& transaction,
                                                const PendingUpdate& update,
                                                std::optional<BytesView> additional) {
  const auto client = m_state.clients.find(update.client);
  SIEGEL_CHECK(client != m_state.clients.end());
  SIEGEL_TRY(TseSignature signature, work.log({.operation = TseCall::Operation::update,
                                               .client = update.client,
                                               .process_data = update.data,
                                               .process_type = update.process_type,
                                               .additional_external_data = additional,
                                               .number = transaction.row.number},
                                              client->second.id));
  transaction.row.last_counter = signature.counter;
  transaction.updated = true;
  SIEGEL_TRY_OK(
      work.note(work.store().move_transaction(transaction.row.number, signature.counter)));
  return signature;
}

Result<TseSignature> SoftTse::Impl::protect(Work& work, OpenTransaction& transaction) {
  SIEGEL_TRY(TseSignature signature,
             sign_update(work, transaction, *transaction.pending, std::nullopt));
  SIEGEL_TRY_OK(work.note(work.store().drop_pending(transaction.row.number)));
  transaction.pending.reset();
  --m_state.pending_transactions;
  return signature;
}

void SoftTse::Impl::protect_overdue(Work& work) {
  const auto delay = m_settings.limits.protection_delay;
  if (delay.count() == 0 || m_state.pending_transactions == 0) return;
  if (!check(transaction_needs).ok()) return;
  const Instant now = device_time();
  for (auto& [number, transaction] : m_state.open) {
    if (transaction.pending && now - transaction.pending->since > delay) {
      // Kept as it is if it cannot be signed now; the next call tries again.
      if (!protect(work, transaction).ok()) return;
    }
  }
}

Result<StepAnswer> SoftTse::Impl::keep_update(Work& work, OpenTransaction& transaction,
                                              PendingUpdate passed) {
  SIEGEL_TRY_OK(work.note(work.store().put_pending(transaction.row.number, passed)));
  if (!transaction.pending) ++m_state.pending_transactions;
  transaction.pending = std::move(passed);
  return StepAnswer{
      .answer = {.transaction = transaction.row.number, .signature = {}, .protected_update = {}}};
}

Result<StepAnswer> SoftTse::Impl::update(Work& work, const Step& step) {
  const auto found = m_state.open.find(step.transaction);
  if (found == m_state.open.end()) {
    return error(TrError::transaction_number_not_found,
                 fmt::format("transaction {} is not open", step.transaction));
  }
  OpenTransaction& transaction = found->second;
  using enum UpdateProtection;
  PendingUpdate passed{.client = std::string(step.client),
                       .process_type = std::string(step.process_type),
                       .data = std::string(step.process_data),
                       .since = device_time()};
  transaction.last_input = passed.since;
  const bool before = transaction.pending.has_value();
  const bool same = before && transaction.pending->client == passed.client &&
                    transaction.pending->process_type == passed.process_type;
  StepAnswer out{
      .answer = {.transaction = step.transaction, .signature = {}, .protected_update = {}}};
  // Data of one kind are one value; other data, and data with an addition of their own, close it.
  if (same && !step.additional) {
    passed.data.insert(0, transaction.pending->data);
    passed.since = transaction.pending->since;
  } else if (before) {
    SIEGEL_TRY(out.answer.protected_update, protect(work, transaction));
  }
  const bool sign = m_settings.updates == UpdateVariant::always_signed || step.force ||
                    step.additional || passed.data.size() > m_settings.limits.pending_bytes;
  const bool joined = same && !step.additional;
  if (!sign) {
    SIEGEL_TRY(StepAnswer kept, keep_update(work, transaction, std::move(passed)));
    kept.answer.protected_update = std::move(out.answer.protected_update);
    kept.protection = joined   ? prev_and_passed_in_mem
                      : before ? prev_protected_passed_in_mem
                               : no_prev_passed_in_mem;
    return kept;
  }
  SIEGEL_TRY(out.answer.signature, sign_update(work, transaction, passed, step.additional));
  if (joined) {
    SIEGEL_TRY_OK(work.note(work.store().drop_pending(step.transaction)));
    transaction.pending.reset();
    --m_state.pending_transactions;
  }
  out.protection = joined   ? prev_and_passed_protected
                   : before ? prev_protected_passed_protected
                            : no_prev_passed_protected;
  return out;
}

Result<StepAnswer> SoftTse::Impl::finish(Work& work, const Step& step) {
  const auto found = m_state.open.find(step.transaction);
  if (found == m_state.open.end()) {
    return error(TrError::transaction_number_not_found,
                 fmt::format("transaction {} is not open", step.transaction));
  }
  OpenTransaction& transaction = found->second;
  StepAnswer out{
      .answer = {.transaction = step.transaction, .signature = {}, .protected_update = {}}};
  if (transaction.pending) {
    SIEGEL_TRY(out.answer.protected_update, protect(work, transaction));
  }
  const std::int64_t client = m_state.clients.find(step.client)->second.id;
  SIEGEL_TRY(out.answer.signature, work.log({.operation = step.operation,
                                             .client = step.client,
                                             .process_data = step.process_data,
                                             .process_type = step.process_type,
                                             .additional_external_data = step.additional,
                                             .number = step.transaction},
                                            client));
  SIEGEL_TRY_OK(
      work.note(work.store().finish_transaction(step.transaction, out.answer.signature->counter)));
  m_state.open.erase(found);
  return out;
}

Result<StepAnswer> SoftTse::Impl::step(Work& work, const Step& step) {
  SIEGEL_TRY_OK(check_step(step));
  switch (step.operation) {
    case TseCall::Operation::start:
      return start(work, step);
    case TseCall::Operation::update:
      return update(work, step);
    case TseCall::Operation::finish:
      return finish(work, step);
  }
  return error(TrError::function_not_supported, "no such operation");
}

void SoftTse::Impl::run_group(std::span<const Step> steps,
                              const std::function<void(StepResults)>& answer) {
  const auto refuse = [&](const Error& why) {
    answer(StepResults(steps.size(), Result<StepAnswer>(why)));
  };
  if (const Status ready = enter(); !ready.ok()) return refuse(ready.error());
  auto work = Work::begin(*this, 2 * steps.size() + m_state.pending_transactions, steps.size());
  if (!work.ok()) return refuse(work.error());
  protect_overdue(*work);
  StepResults results;
  results.reserve(steps.size());
  for (const Step& one : steps) {
    if (!one.of_previous) {
      results.push_back(step(*work, one));
    } else if (results.empty() || !results.back().ok()) {
      results.push_back(
          error(TrError::transaction_number_not_found, "the transaction was not started"));
    } else {
      Step joined = one;
      joined.transaction = results.back()->answer.transaction;
      results.push_back(step(*work, joined));
    }
  }
  const auto answer_all = [&] { answer(std::move(results)); };
  if (!work->touched()) return answer_all();  // all refused: nothing to make durable
  if (SIEGEL_MUTANT("answer-before-flush")) {
    answer_all();
    static_cast<void>(work->commit().ok());
    return;
  }
  if (const Status done = work->commit(); !done.ok()) {
    for (Result<StepAnswer>& result : results) {
      if (result.ok()) result = done.error();
    }
  }
  answer_all();
}

SoftTse::Impl::StepResults SoftTse::Impl::run(std::span<const Step> steps) {
  StepResults out;
  while (!steps.empty()) {
    const auto group = steps.first(std::min(steps.size(), group_max));
    run_group(group, [&](StepResults answers) {
      out.insert(out.end(), std::make_move_iterator(answers.begin()),
                 std::make_move_iterator(answers.end()));
    });
    steps = steps.subspan(group.size());
  }
  return out;
}

Result<StepAnswer> SoftTse::Impl::run_one(const Step& step) {
  return std::move(run({&step, 1}).front());
}

Result<TseTransaction> SoftTse::Impl::describe(const TransactionRow& row) {
  TseTransaction out{.number = row.number,
                     .client = m_state.client_names[row.client],
                     .start = {},
                     .finish = {},
                     .process_type = {},
                     .process_data = {}};
  const auto read = [&](std::uint64_t counter) -> Result<std::optional<Bytes>> {
    if (counter == 0) return std::optional<Bytes>();
    return m_store->message(counter);
  };
  SIEGEL_TRY(const auto start, read(row.start_counter));
  if (start) {
    SIEGEL_TRY(const ParsedMessage message, parse_message(*start));
    out.start = message.tse_signature();
  }
  SIEGEL_TRY(const auto finish, read(row.finish_counter));
  if (finish) {
    SIEGEL_TRY(const ParsedMessage message, parse_message(*finish));
    out.finish = message.tse_signature();
    out.process_type = message.process_type;
    out.process_data = text_of(message.process_data);
  }
  return out;
}

}  // namespace siegel::device::softtse
