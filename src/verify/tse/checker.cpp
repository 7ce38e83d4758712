#include "verify/tse/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "crypto/hash.h"
#include "crypto/tse_algorithm.h"
#include "verify/tse/message.h"
#include "verify/tse/process_data.h"

namespace siegel::verify::tse {

namespace {

constexpr std::size_t batch_bytes = std::size_t{256} << 10;
constexpr std::size_t batch_files = 256;
constexpr std::size_t waiting_bytes_max = std::size_t{32} << 20;
constexpr std::size_t waiting_batches_max = 256;

std::uint64_t first_8(const Hash256& hash) {
  return load_be64(std::span<const std::byte, 8>(hash.data(), 8));
}

/// Without `.log` and `_Fc-k`; `restored` says whether the latter was there.
std::string_view stem_of(std::string_view name, bool& restored) {
  constexpr std::size_t extension_size = 4;
  if (name.size() >= extension_size && name[name.size() - extension_size] == '.') {
    name.remove_suffix(extension_size);
  }
  const std::size_t mark = name.rfind("_Fc-");
  constexpr std::size_t mark_size = 4;
  restored = mark != std::string_view::npos && mark + mark_size < name.size() &&
             std::ranges::all_of(
                 name.substr(mark + mark_size), [](char c) { return c >= '0' && c <= '9'; });
  return restored ? name.substr(0, mark) : name;
}

}  // namespace

std::uint16_t SerialTable::index_of(const Hash256& serial) {
  const Lock lock(m_mutex);
  const auto at = std::ranges::find(m_serials, serial);
  if (at == m_serials.end()) {
    if (m_serials.size() < serials_max) m_serials.push_back(serial);
    return static_cast<std::uint16_t>(m_serials.size() - 1);
  }
  return static_cast<std::uint16_t>(at - m_serials.begin());
}

/// What one thread needs; used by that thread alone until the end.
class Checker::Worker {
 public:
  Worker(const CheckerInput& input, SerialTable& serials) : m_input(input), m_serials(serials) {}

  void check(const Batch& batch) {
    std::size_t at = 0;
    for (const Entry& entry : batch.entries) {
      const BytesView bytes(batch.bytes);
      m_entry = &entry;
      m_name = text_of(bytes.subspan(at, entry.name_size));
      at += entry.name_size;
      m_label = text_of(bytes.subspan(at, entry.label_size));
      at += entry.label_size;
      message(bytes.subspan(at, entry.content_size));
      at += entry.content_size;
    }
  }

  Report& report() { return m_report; }
  std::vector<Record>& records() { return m_records; }

 private:
  void find(std::string_view rule, std::string_view found, std::string_view expected) {
    m_report.add(rule,
                 m_label.empty() ? std::string(m_name) : fmt::format("{}: {}", m_label, m_name),
                 found, expected, m_entry->order);
  }

  void message(BytesView content) {
    const bool readable = parse_message(content, m_message, m_notes);
    if (readable) {
      check_name();
      check_data();
    }
    for (const Note& note : m_notes) find(note.rule, note.found, note.expected);
    if (!readable) {
      m_report.signatures.count(false);
      return;
    }
    const Checked checked = check_signature();
    if (checked.verdict == SignatureVerdict::wrong) {
      m_report.signatures.count(false);
      return;
    }
    const bool valid = checked.verdict == SignatureVerdict::right;
    if (valid) m_report.signatures.count(true);
    keep(content, valid, checked.algorithm);
  }

  void check_name() {
    m_expected_name.clear();
    append_file_name(m_message, m_expected_name);
    const std::string_view stem = stem_of(m_name, m_restored);
    // An archive with folders is told of elsewhere; only the last part is a file name.
    if (stem.substr(stem.rfind('/') + 1) != m_expected_name) {
      find("TSE-0501", m_name, m_expected_name + ".log");
    }
  }

  void check_data() {
    if (m_message.event == Event::start &&
        (!m_message.process_type.empty() || !m_message.process_data().empty())) {
      m_notes.push_back({"TSE-1004",
                         fmt::format("{}: {}", m_message.process_type, m_message.process_data()),
                         "both empty"});
    }
    if (m_message.event == Event::update || m_message.event == Event::finish) {
      // A finish without data ends a transaction whose updates said everything.
      if (!m_message.process_data().empty()) {
        check_process_data(m_message.process_type, m_message.process_data(), m_notes);
      }
    }
    if (m_message.event == Event::authenticate && m_message.event_failed) {
      m_notes.push_back({"TSE-0903", std::string(m_message.operation), "success"});
    }
    if (m_message.event == Event::self_test && m_message.event_failed) {
      m_notes.push_back({"TSE-0904", std::string(m_message.operation), "success"});
    }
    if (m_message.event == Event::delete_messages) {
      m_notes.push_back({"TSE-0907", std::string(m_message.operation), ""});
    }
  }

  enum class SignatureVerdict { right, wrong, not_checkable };
  struct Checked {
    SignatureVerdict verdict;
    crypto::SignatureAlgorithm algorithm;
  };

  Checked check_signature() {
    using enum SignatureVerdict;
    const auto algorithm = crypto::signature_algorithm_from_oid(m_message.algorithm_oid);
    if (!algorithm.ok()) {
      find("TSE-0403", algorithm.error().detail, "an algorithm of TR-03116-5");
      return {wrong, {}};
    }
    if (policy(*algorithm) == crypto::AlgorithmPolicy::weak) {
      find("TSE-0404", name_of(*algorithm), "a hash of at least 256 bits");
    }
    const KeyRing::Key* key = m_input.ring.find(m_message.serial);
    if (key == nullptr) {
      find(m_input.certificates_required ? "TSE-0303" : "TSE-0304", hex(m_message.serial),
           "a certificate whose key has this SHA-256");
      return {not_checkable, *algorithm};
    }
    const crypto::Curve curve = key->key.curve();
    if (m_message.signature.size() != signature_bytes(curve)) {
      find("TSE-0402", fmt::format("{} bytes", m_message.signature.size()),
           fmt::format("{} bytes for {}", signature_bytes(curve), curve_name(curve)));
      return {wrong, *algorithm};
    }
    if (algorithm->scheme == crypto::SignatureScheme::ecsdsa &&
        digest_bytes(algorithm->hash) * 8 < order_bits(curve)) {
      find("TSE-0405", fmt::format("{} on {}", name_of(*algorithm), curve_name(curve)),
           fmt::format("at least {} bits", order_bits(curve)));
    }
    if (!crypto::verify(key->key, *algorithm, m_message.signed_bytes, m_message.signature)) {
      find("TSE-0401",
           fmt::format("{} by {}", name_of(*algorithm), hex(BytesView(m_message.serial).first(8))),
           "a signature of this message by this key");
      return {wrong, *algorithm};
    }
    return {right, *algorithm};
  }

  void keep(BytesView content, bool valid, crypto::SignatureAlgorithm algorithm) {
    Record& record = m_records.emplace_back();
    record.counter = m_message.counter;
    record.time_ms = m_message.time.unix_ms();
    record.transaction = m_message.transaction;
    const std::string_view client =
        is_transaction(m_message.event) ? m_message.client : m_message.event_client;
    if (!client.empty()) {
      if (client != m_last_client) {
        m_last_client = client;
        m_last_client_hash = first_8(crypto::sha256(bytes_of(client)));
      }
      record.client = m_last_client_hash;
    }
    record.digest = first_8(crypto::sha256(content));
    record.place = m_entry->place;
    record.input = m_entry->input;
    record.key = key_index();
    record.event = m_message.event;
    record.algorithm = static_cast<std::uint8_t>(static_cast<int>(algorithm.scheme) * 8 +
                                                 static_cast<int>(algorithm.hash));
    record.time_kind = m_message.time_kind;
    record.generation = m_message.generation == 1 ? 1 : 2;
    record.restored = m_restored;
    record.valid = valid;
  }

  std::uint16_t key_index() {
    if (!m_serial_known ||
        std::memcmp(m_serial.data(), m_message.serial.data(), m_serial.size()) != 0) {
      std::memcpy(m_serial.data(), m_message.serial.data(), m_serial.size());
      m_serial_index = m_serials.index_of(m_serial);
      m_serial_known = true;
    }
    return m_serial_index;
  }

  const CheckerInput& m_input;
  SerialTable& m_serials;
  Report m_report;
  std::vector<Record> m_records;  // of one batch
  const Entry* m_entry = nullptr;
  std::string_view m_name;
  std::string_view m_label;
  bool m_restored = false;
  Message m_message;
  Notes m_notes;
  std::string m_expected_name;
  std::string m_last_client;
  std::uint64_t m_last_client_hash = 0;
  Hash256 m_serial{};
  std::uint16_t m_serial_index = 0;
  bool m_serial_known = false;
};

Checker::Checker(const CheckerInput& input, SerialTable& serials, Records& records,
                 unsigned threads)
    : m_input(input), m_serials(serials), m_records(records) {
  for (unsigned i = 0; i < std::max(1U, threads); ++i) {
    m_workers.push_back(std::make_unique<Worker>(m_input, m_serials));
    try {
      m_threads.emplace_back([this, worker = m_workers.back().get()] { work(*worker); });
    } catch (const std::system_error&) {
      break;  // as many threads as the system gives; with none, finish() does the work
    }
  }
}

Checker::~Checker() {
  const Lock lock(m_mutex);
  m_closed = true;
  m_changed.notify_all();
}

void Checker::take(const FileToCheck& file) {
  if (!m_filling) m_filling = std::make_unique<Batch>();
  append(m_filling->bytes, bytes_of(file.name));
  append(m_filling->bytes, bytes_of(file.label));
  append(m_filling->bytes, file.content);
  m_filling->entries.push_back({file.name.size(), file.label.size(), file.content.size(),
                                file.input, file.place, file.order});
  if (m_filling->bytes.size() >= batch_bytes || m_filling->entries.size() >= batch_files) {
    hand_over();
  }
}

void Checker::hand_over() {
  if (!m_filling) return;
  if (m_threads.empty()) {
    Worker& worker = *m_workers.front();
    worker.check(*m_filling);
    m_records.insert(m_records.end(), worker.records().begin(), worker.records().end());
    worker.records().clear();
    m_filling.reset();
    return;
  }
  Lock lock(m_mutex);
  while (m_waiting.size() >= waiting_batches_max ||
         (m_waiting_bytes >= waiting_bytes_max && !m_waiting.empty())) {
    m_changed.wait(lock);
  }
  m_waiting_bytes += m_filling->bytes.size();
  m_waiting.push_back(std::move(m_filling));
  m_changed.notify_all();
}

void Checker::work(Worker& worker) {
  while (true) {
    std::unique_ptr<Batch> batch;
    {
      Lock lock(m_mutex);
      while (m_waiting.empty() && !m_closed) m_changed.wait(lock);
      if (m_waiting.empty()) return;
      batch = std::move(m_waiting.front());
      m_waiting.pop_front();
      m_waiting_bytes -= batch->bytes.size();
      m_changed.notify_all();
    }
    worker.check(*batch);
    const Lock lock(m_mutex);
    m_records.insert(m_records.end(), worker.records().begin(), worker.records().end());
    worker.records().clear();
  }
}

Report Checker::finish() {
  hand_over();
  {
    const Lock lock(m_mutex);
    m_closed = true;
    m_changed.notify_all();
  }
  m_threads.clear();
  Report report;
  for (const auto& worker : m_workers) report.merge(std::move(worker->report()));
  return report;
}

}  // namespace siegel::verify::tse
