#include "verify/tse/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_set>

namespace siegel::verify::tse {

namespace {

constexpr std::size_t clients_max = 100'000;

std::string time_text(const Record& record) { return Instant::from_unix_ms(record.time_ms).text(); }

/// Messages of one key in the order of their counters.
class KeyPass {
 public:
  KeyPass(const AnalysisInput& input, std::uint16_t key, bool registers_clients, Report& report)
      : m_input(input),
        m_key(input.keys[key]),
        m_registers_clients(registers_clients),
        m_report(report) {}

  /// Takes the next message; false: it is a copy and counts no further.
  bool take(const Record& record) {
    if (m_previous && m_previous->counter == record.counter) {
      copy(record);
      return false;
    }
    counter(record);
    time(record);
    if (m_disabled) find("TSE-0902", record, "a message", "nothing after disableSecureElement");
    life(record);
    if (is_transaction(record.event)) transaction(record);
    m_previous = record;
    return true;
  }

  /// The export has every message from the first on.
  [[nodiscard]] bool complete() const { return m_full && !m_gap; }
  [[nodiscard]] bool gap() const { return m_gap; }
  [[nodiscard]] std::int64_t last_time() const { return m_last_time; }

 private:
  void find(std::string_view rule, const Record& record, std::string_view found,
            std::string_view expected) {
    // The name of a record is read from the archive again: not for findings that are only counted.
    m_report.add(rule, m_report.is_full(rule) ? "" : m_input.place(record), found, expected);
  }

  /// Short form: nothing has to be read.
  static std::string place(const Record& record) {
    return fmt::format("the message at {} of export {}", record.place, record.input + 1);
  }

  void copy(const Record& record) {
    const Record& first = *m_previous;
    if (first.digest != record.digest) {
      find("TSE-0601", record,
           fmt::format("counter {} again, with another content than {}", record.counter,
                       place(first)),
           "each counter once");
    } else if (first.input == record.input) {
      // Only a restore makes copies within one export, and it marks their names.
      const bool explained = first.restored || record.restored;
      find(explained ? "TSE-0602" : "TSE-0601", record,
           fmt::format("counter {} again, same content as {}", record.counter, place(first)),
           explained ? "once, unless it was restored" : "each counter once, or _Fc-k in the name");
    }
  }

  void counter(const Record& record) {
    constexpr std::uint64_t first_counter_max = 2;  // 1 may have signed the certificate request
    m_gap_before = false;
    if (!m_previous) {
      m_full = record.counter <= first_counter_max;
      if (!m_full) find("TSE-0605", record, fmt::format("first counter {}", record.counter), "1");
      return;
    }
    const std::uint64_t missing = record.counter - m_previous->counter - 1;
    if (missing == 0) return;
    m_gap = true;
    m_gap_before = true;
    const bool other_input = record.input != m_previous->input;
    find(other_input ? "TSE-0604" : "TSE-0603", record,
         fmt::format("{} missing: {} to {}", missing, m_previous->counter + 1, record.counter - 1),
         fmt::format("{}", m_previous->counter + 1));
  }

  void time(const Record& record) {
    if (m_previous && m_previous->time_kind != record.time_kind) {
      find("TSE-0701", record, time_kind_name(record.time_kind),
           time_kind_name(m_previous->time_kind));
    }
    if (record.time_ms == 0) {
      if (is_transaction(record.event)) {
        find("TSE-0703", record, "1970-01-01T00:00:00Z", "the time of the device");
      }
      return;  // the clock is not set: no time to compare
    }
    if (m_key.certificate_known && (record.time_ms < m_key.validity.from.unix_ms() ||
                                    record.time_ms > m_key.validity.until.unix_ms())) {
      find("TSE-0306", record, time_text(record),
           fmt::format("{} to {}", m_key.validity.from.text(), m_key.validity.until.text()));
    }
    const bool set = record.event == Event::update_time || m_time_was_set;
    if (record.time_ms < m_last_time) {
      const std::string_view rule = set ? "TSE-0704" : m_gap_before ? "TSE-0705" : "TSE-0702";
      find(rule, record, time_text(record),
           fmt::format("not before {}", Instant::from_unix_ms(m_last_time).text()));
    }
    m_last_time = record.time_ms;
    m_time_was_set = record.event == Event::update_time;
  }

  void life(const Record& record) {
    switch (record.event) {
      case Event::initialize:
        if (m_initialized) find("TSE-0901", record, "initialize again", "once");
        m_initialized = true;
        break;
      case Event::disable:
        m_disabled = true;
        break;
      case Event::enter_secure_state:
        m_secure = true;
        break;
      case Event::exit_secure_state:
        m_secure = false;
        break;
      case Event::lock:
        m_locked = true;
        break;
      case Event::unlock:
        m_locked = false;
        break;
      case Event::register_client:
        m_deregistered.erase(record.client);
        if (m_registered.size() < clients_max) m_registered.insert(record.client);
        break;
      case Event::deregister_client:
        m_registered.erase(record.client);
        if (m_deregistered.size() < clients_max) m_deregistered.insert(record.client);
        break;
      case Event::start:
      case Event::update:
      case Event::finish:
      case Event::audit:
      case Event::update_time:
      case Event::authenticate:
      case Event::self_test:
      case Event::delete_messages:
      case Event::other_event:
        break;
    }
  }

  void transaction(const Record& record) {
    if (m_secure) find("TSE-0905", record, "a transaction", "none until exitSecureState");
    if (m_locked) find("TSE-0906", record, "a transaction", "none until unlockTransactionLogging");
    if (record.event != Event::start) return;
    if (record.transaction <= m_last_started) {
      find("TSE-0810", record, fmt::format("number {}", record.transaction),
           fmt::format("more than {}", m_last_started));
    }
    m_last_started = std::max(m_last_started, record.transaction);
    const bool known = m_registered.contains(record.client);
    const bool judged = m_registered.size() < clients_max && m_registers_clients && complete();
    if (m_deregistered.contains(record.client) || (!known && judged)) {
      find("TSE-0811", record,
           m_deregistered.contains(record.client) ? "a deregistered client" : "an unknown client",
           "registerClient before");
    }
  }

  const AnalysisInput& m_input;
  const KeyOfRecords& m_key;
  bool m_registers_clients;
  Report& m_report;
  std::optional<Record> m_previous;
  std::unordered_set<std::uint64_t> m_registered;
  std::unordered_set<std::uint64_t> m_deregistered;
  std::uint64_t m_last_started = 0;
  std::int64_t m_last_time = 0;
  bool m_full = false;
  bool m_gap = false;
  bool m_gap_before = false;
  bool m_time_was_set = false;
  bool m_initialized = false;
  bool m_disabled = false;
  bool m_secure = false;
  bool m_locked = false;
};

/// Messages of one key by transaction number and counter.
class TransactionPass {
 public:
  TransactionPass(const AnalysisInput& input, const KeyPass& key, Report& report)
      : m_input(input), m_key(key), m_report(report) {}

  void take(const Record& record) {
    if (!m_last || m_last->transaction != record.transaction) {
      finish_group();
      m_started = false;
      m_finished = false;
      m_first = record;
    } else if (m_last->counter == record.counter) {
      return;  // a copy, told elsewhere
    }
    if (record.client != m_first->client) {
      find("TSE-0807", record, "another client", "that of the first message");
    }
    if (m_finished) {
      find(record.event == Event::finish ? "TSE-0805" : "TSE-0806", record,
           fmt::format("transaction {} again", record.transaction), "nothing after the finish");
    }
    if (record.event == Event::start) {
      start(record);
    } else if (record.event == Event::finish) {
      m_finished = true;
    }
    m_last = record;
  }

  void finish_group() {
    if (!m_last) return;
    const std::string number = fmt::format("transaction {}", m_first->transaction);
    if (!m_started) {
      find(m_key.complete() ? "TSE-0801" : "TSE-0802", *m_first, number + " has no start",
           "StartTransaction first");
    }
    if (m_finished) return;
    const std::int64_t age_s =
        std::max<std::int64_t>(m_key.last_time() - m_first->time_ms, 0) / 1000;
    find("TSE-0809", *m_last,
         fmt::format("{} open since {}, {} s before the last message", number, time_text(*m_first),
                     age_s),
         "FinishTransaction");
  }

 private:
  std::string place(const Record& record) const { return m_input.place(record); }
  void find(std::string_view rule, const Record& record, std::string_view found,
            std::string_view expected) {
    m_report.add(rule, m_report.is_full(rule) ? "" : place(record), found, expected);
  }

  void start(const Record& record) {
    if (m_started) {
      find("TSE-0803", record, fmt::format("transaction {} again", record.transaction), "once");
      return;
    }
    m_started = true;
    if (m_first->counter != record.counter) {
      find("TSE-0804", *m_first, fmt::format("counter {}", m_first->counter),
           fmt::format("more than {}", record.counter));
    }
    const std::uint64_t expected = m_last_number + 1;
    const bool judged = !m_key.gap() && (m_last_number > 0 || m_key.complete());
    if (judged && record.transaction > expected) {
      find("TSE-0808", record,
           fmt::format("{} missing: {} to {}", record.transaction - expected, expected,
                       record.transaction - 1),
           fmt::format("{}", expected));
    }
    m_last_number = record.transaction;
  }

  const AnalysisInput& m_input;
  const KeyPass& m_key;
  Report& m_report;
  std::optional<Record> m_first;
  std::optional<Record> m_last;
  std::uint64_t m_last_number = 0;
  bool m_started = false;
  bool m_finished = false;
};

/// Generations, keys and algorithms within one export.
void check_homogeneous(const AnalysisInput& input, Report& report) {
  const auto find = [&](std::string_view rule, const Record& record, std::string_view found,
                        std::string_view expected) {
    report.add(rule, report.is_full(rule) ? "" : input.place(record), found, expected);
  };
  std::vector<std::optional<Record>> first;
  for (const Record& record : input.records) {
    if (record.input >= first.size()) first.resize(record.input + std::size_t{1});
    auto& of_input = first[record.input];
    if (!of_input) of_input = record;
    if (of_input->generation != record.generation) {
      find("TSE-0502", record, fmt::format("generation {}", int{record.generation}),
           fmt::format("generation {} of the first message", int{of_input->generation}));
    }
    if (of_input->key != record.key && input.is_archive(record.input)) {
      find("TSE-0503", record, input.keys[record.key].serial, input.keys[of_input->key].serial);
    }
    if (of_input->key == record.key && of_input->algorithm != record.algorithm) {
      find("TSE-0504", record, "another signature algorithm", "that of the first message");
    }
  }
}

}  // namespace

void analyse(const AnalysisInput& input, Report& report) {
  Records& records = input.records;
  std::ranges::sort(records, {}, [](const Record& r) { return std::tuple(r.input, r.place); });
  check_homogeneous(input, report);

  // Of two messages with one counter the one that could be checked stands first.
  std::ranges::sort(records, {}, [](const Record& r) {
    return std::tuple(r.key, r.counter, !r.valid, r.input, r.place);
  });
  auto begin = records.begin();
  while (begin != records.end()) {
    const auto end =
        std::find_if(begin, records.end(), [&](const Record& r) { return r.key != begin->key; });
    const bool registers_clients =
        std::any_of(begin, end, [](const Record& r) { return r.event == Event::register_client; });
    KeyPass by_counter(input, begin->key, registers_clients, report);
    for (auto at = begin; at != end; ++at) by_counter.take(*at);

    const auto transactions =
        std::partition(begin, end, [](const Record& r) { return is_transaction(r.event); });
    std::sort(begin, transactions, [](const Record& a, const Record& b) {
      return std::tuple(a.transaction, a.counter, !a.valid, a.input, a.place) <
             std::tuple(b.transaction, b.counter, !b.valid, b.input, b.place);
    });
    TransactionPass by_transaction(input, by_counter, report);
    for (auto at = begin; at != transactions; ++at) by_transaction.take(*at);
    by_transaction.finish_group();
    begin = end;
  }
}

}  // namespace siegel::verify::tse
