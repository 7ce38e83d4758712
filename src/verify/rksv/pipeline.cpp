#include "verify/rksv/pipeline.h"

#include <algorithm>
#include <system_error>

namespace siegel::verify::rksv {

namespace {

constexpr std::size_t batch_receipts = 64;
constexpr std::size_t batches_per_thread = 6;

}  // namespace

Pipeline::Pipeline(const ReceiptRules& rules, CheckFunction check, unsigned threads, Take take)
    : m_rules(rules),
      m_check(check),
      m_take(std::move(take)),
      m_thread_count(threads != 0 ? threads : std::max(1U, std::thread::hardware_concurrency())) {}

Pipeline::~Pipeline() {
  const Lock lock(m_mutex);
  m_closed = true;
  m_changed.notify_all();
}

void Pipeline::add(std::optional<std::string_view> text, std::uint32_t group) {
  if (!m_filling) m_filling = std::make_unique<Batch>();
  auto receipt = std::make_unique<Receipt>();
  receipt->is_text = text.has_value();
  if (text) receipt->text = *text;
  receipt->group = group;
  m_filling->receipts.push_back(std::move(receipt));
  if (m_filling->receipts.size() >= batch_receipts) hand_over();
}

void Pipeline::start_threads() {
  m_threads_started = true;
  if (m_thread_count < 2) return;  // the caller is one
  for (unsigned i = 0; i < m_thread_count; ++i) {
    try {
      m_threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      break;  // as many threads as the system gives
    }
  }
}

void Pipeline::hand_over() {
  if (!m_filling) return;
  if (!m_threads_started) start_threads();
  if (m_threads.empty()) {
    const std::unique_ptr<Batch> batch = std::move(m_filling);
    for (const auto& receipt : batch->receipts) {
      m_check(m_rules, *receipt);
      m_take(*receipt);
    }
    return;
  }
  bool is_full = false;
  {
    const Lock lock(m_mutex);
    m_under_way.push_back(std::move(m_filling));
    is_full = m_under_way.size() >= batches_per_thread * m_threads.size();
    m_changed.notify_all();
  }
  if (is_full) take_oldest();
}

void Pipeline::take_oldest() {
  std::unique_ptr<Batch> batch;
  {
    Lock lock(m_mutex);
    while (!m_under_way.front()->done) m_changed.wait(lock);
    batch = std::move(m_under_way.front());
    m_under_way.pop_front();
  }
  for (const auto& receipt : batch->receipts) m_take(*receipt);
}

void Pipeline::work() {
  Lock lock(m_mutex);
  while (true) {
    const auto next =
        std::ranges::find_if(m_under_way, [](const auto& batch) { return !batch->started; });
    if (next == m_under_way.end()) {
      if (m_closed) return;
      m_changed.wait(lock);
      continue;
    }
    Batch& batch = **next;
    batch.started = true;
    lock.unlock();
    for (const auto& receipt : batch.receipts) m_check(m_rules, *receipt);
    lock.lock();
    batch.done = true;
    m_changed.notify_all();
  }
}

void Pipeline::finish() {
  if (m_filling && !m_threads_started) {
    // Not even one batch: not worth a thread.
    const std::unique_ptr<Batch> batch = std::move(m_filling);
    for (const auto& receipt : batch->receipts) {
      m_check(m_rules, *receipt);
      m_take(*receipt);
    }
    return;
  }
  hand_over();
  while (true) {
    {
      const Lock lock(m_mutex);
      if (m_under_way.empty()) return;
    }
    take_oldest();
  }
}

}  // namespace siegel::verify::rksv
