#include "verify/journal/cross_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "crypto/hash.h"

namespace siegel::verify::journal {

namespace {

auto key_of(const SignedReceipt& receipt) { return std::tuple(receipt.tse, receipt.counter); }

class CrossCheck {
 public:
  CrossCheck(const CrossInput& input, Report& report) : m_input(input), m_report(report) {
    std::ranges::sort(m_input.receipts, {}, key_of);
    for (const UnsignedReceipt& receipt : m_input.unsigned_receipts) {
      m_unsigned.emplace(receipt.facts, receipt.plan);
    }
    m_ranges.resize(input.tses.tses().size());
  }

  void message(const tse::LogFile& file) {
    const tse::Message& message = file.message;
    const auto tse = m_input.tses.find_tse(hex(message.serial));
    if (!tse) {
      if (m_strangers.insert(hex(message.serial)).second)
        m_report.add("JRN-0706", file.name, hex(message.serial), "a TSE of the journal");
      return;
    }
    Range& range = m_ranges[*tse];
    range.first = std::min(range.first, message.counter);
    range.last = std::max(range.last, message.counter);
    if (message.event != tse::Event::finish || !m_input.clients.contains(message.client)) return;
    const auto wanted = std::tuple(static_cast<std::uint32_t>(*tse), message.counter);
    const auto at = std::ranges::lower_bound(m_input.receipts, wanted, {}, key_of);
    const SignedFacts facts{std::string(message.client), std::string(message.process_type),
                            std::string(message.process_data())};
    if (at != m_input.receipts.end() && key_of(*at) == wanted) {
      at->found = true;
      compare(*at, message, facts);
      return;
    }
    unknown_finish(file, facts);
  }

  void missing() {
    for (const SignedReceipt& receipt : m_input.receipts) {
      if (receipt.found) continue;
      const Range& range = m_ranges[receipt.tse];
      const bool inside = receipt.counter >= range.first && receipt.counter <= range.last;
      m_report.add(inside ? "JRN-0701" : "JRN-0705", place(receipt),
                   fmt::format("transaction {}, counter {} of {}", receipt.transaction,
                               receipt.counter, m_input.tses.tses()[receipt.tse].serial),
                   inside || range.last == 0
                       ? "its FinishTransaction in the log"
                       : fmt::format("counters {} to {} were checked", range.first, range.last));
    }
  }

 private:
  struct Range {
    std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t last = 0;
  };

  static std::string place(const SignedReceipt& receipt) {
    return fmt::format("entry {}", receipt.plan);
  }

  void compare(const SignedReceipt& receipt, const tse::Message& message,
               const SignedFacts& facts) {
    if (receipt.transaction != message.transaction) {
      m_report.add("JRN-0702", place(receipt), fmt::format("transaction {}", receipt.transaction),
                   fmt::format("{}", message.transaction));
    }
    if (receipt.signature != fingerprint(message.signature)) {
      m_report.add("JRN-0702", place(receipt), "another signature", hex(message.signature));
    }
    if (receipt.facts != fingerprint(facts)) {
      m_report.add("JRN-0702", place(receipt), "another client, processType or processData",
                   fmt::format("{} {} {}", facts.client, facts.process_type, facts.process_data));
    }
  }

  /// A finish nobody asked for, unless an unsigned receipt explains it; each explains one.
  void unknown_finish(const tse::LogFile& file, const SignedFacts& facts) {
    const auto explained = m_unsigned.find(fingerprint(facts));
    const std::string found =
        fmt::format("transaction {}, counter {}: {}", file.message.transaction,
                    file.message.counter, facts.process_data);
    if (explained == m_unsigned.end()) {
      m_report.add("JRN-0703", file.name, found, "a seal or late signature in the journal");
      return;
    }
    m_report.add("JRN-0704", fmt::format("entry {}", explained->second),
                 fmt::format("{} holds {}", file.name, found), "a late signature");
    m_unsigned.erase(explained);
  }

  const CrossInput& m_input;
  Report& m_report;
  std::unordered_multimap<std::uint64_t, std::uint64_t> m_unsigned;
  std::vector<Range> m_ranges;
  std::set<std::string> m_strangers;
};

}  // namespace

std::uint64_t fingerprint(BytesView bytes) {
  const Hash256 hash = crypto::sha256(bytes);
  return load_be64(std::span<const std::byte, 8>(hash.data(), 8));
}

std::uint64_t fingerprint(const SignedFacts& facts) {
  // Lengths in front: moving a character from one field to the next changes the fingerprint.
  return fingerprint(
      bytes_of(fmt::format("{} {} {}{}{}", facts.client.size(), facts.process_type.size(),
                           facts.client, facts.process_type, facts.process_data)));
}

Status cross_check(const CrossInput& input, const std::vector<tse::Input>& logs, Report& report) {
  CrossCheck check(input, report);
  for (const tse::Input& log : logs) {
    SIEGEL_TRY_OK(tse::visit_logs(log, [&](const tse::LogFile& file) {
      check.message(file);
      return true;
    }));
  }
  check.missing();
  return Ok{};
}

}  // namespace siegel::verify::journal
