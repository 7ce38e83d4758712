#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "archive/finding.h"
#include "archive/message.h"
#include "base/result.h"
#include "base/time.h"
#include "journal/journal.h"
#include "model/entries.h"
#include "model/plan.h"

// The journal beside what the TSE handed out, both ways: a signature that only one of them knows,
// or that differs, is found. Memory holds only what has no counterpart yet.

namespace siegel::archive {

/// How far both were compared.
struct Compared {
  static constexpr std::size_t pending_max = 1000;
  std::uint64_t counter = 0;   ///< signature counters up to here
  std::uint64_t sequence = 0;  ///< journal entries up to here were looked at
  /// Counters up to `counter` that the journal did not know and may still learn, ascending.
  std::vector<std::uint64_t> pending;
  friend bool operator==(const Compared&, const Compared&) = default;
};

struct ComparisonResult {
  Compared compared;           ///< where the next comparison goes on
  std::uint64_t messages = 0;  ///< of transactions that agree
  Findings findings;           ///< E-ARC-110, -111, -112; at most 100
  std::uint64_t findings_total = 0;
};

/// Takes journal entries in order from `from.sequence` + 1 and messages above first_counter() in
/// order, both in any interleaving; whoever feeds them alternately keeps it small.
class Comparison {
 public:
  Comparison(std::string tse_serial, Compared from);

  /// Messages with a greater counter than this are wanted; others do no harm.
  [[nodiscard]] std::uint64_t first_counter() const;
  /// Greatest signature counter of this TSE in the entries so far.
  [[nodiscard]] std::uint64_t journal_counter() const { return m_journal_counter; }

  using PlanOf = std::function<Result<Plan>(std::uint64_t sequence)>;
  /// `plan_of` reads the plan of an entry that came before `from` (a receipt sealed later). Errors
  /// of plan_of, E-MOD-101.
  Status journal(const journal::Entry& entry, const PlanOf& plan_of);
  void message(const Message& message);

  /// `archived`: the archive is complete up to this counter; signatures above are too new to judge,
  /// unless the journal had them before the device was asked: in an entry up to `before`.
  /// `patience`: what the device signed after this instant may still be on its way into the journal
  /// (a lost answer is asked for later).
  ComparisonResult finish(std::uint64_t archived, std::uint64_t before, Instant patience);

 private:
  struct Known {  // of the journal
    std::uint64_t sequence = 0;
    std::uint64_t transaction = 0;
    Instant time;
    std::string client;
    std::string process_type, process_data;  // finish only
    Bytes signature;
    bool finish = false;
  };
  Result<Plan> plan(std::uint64_t sequence, const PlanOf& plan_of);
  Status take_seal(const journal::Entry& entry, const PlanOf& plan_of);
  Status take_late(const journal::Entry& entry, const PlanOf& plan_of);
  Status take_started(const journal::Entry& entry);
  void know(std::uint64_t counter, Known known);
  void match(std::uint64_t counter, const Known& known, const Message& message);
  void find(std::string_view code, std::string detail, std::uint64_t counter);

  std::string m_serial;
  Compared m_from;
  std::set<std::uint64_t> m_pending;
  std::uint64_t m_sequence;
  std::uint64_t m_journal_counter = 0;
  std::map<std::uint64_t, Plan> m_plans;            ///< unsealed, by sequence
  std::map<std::uint64_t, Known> m_known;           ///< by counter, without counterpart
  std::map<std::uint64_t, Message> m_messages;      ///< by counter, without counterpart
  std::map<std::uint64_t, std::uint64_t> m_starts;  ///< of m_messages: transaction -> counter
  ComparisonResult m_result;
};

}  // namespace siegel::archive
