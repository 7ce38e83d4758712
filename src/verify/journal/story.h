#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/care.h"
#include "model/entries.h"
#include "verify/journal/amounts.h"
#include "verify/journal/closings.h"
#include "verify/journal/cross_check.h"
#include "verify/journal/rksv_story.h"
#include "verify/journal/seals.h"
#include "verify/report.h"

// What the entries of a journal say together. Not part of the module's contract.

namespace siegel::verify::journal {

/// Fields of an entry's header.
struct EntryHeader {
  std::uint64_t sequence = 0;
  std::int64_t at_ms = 0;
  std::int64_t version = 1;
  std::string kind;
  std::string register_id;
  std::string key;  ///< empty: none
};

/// Takes the entries in order: rules JRN-0104, -0105, -02xx to -05xx, -08xx, -09xx.
class Story {
 public:
  explicit Story(Report& report)
      : m_report(report),
        m_seals(report),
        m_rksv(m_seals,
               [this](std::string_view rule, std::string_view place, std::string_view found,
                      std::string_view expected) { find(rule, place, found, expected); }),
        m_closings([this](std::string_view rule, std::string_view place, std::string_view found,
                          std::string_view expected) { find(rule, place, found, expected); },
                   true) {}
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  void take(const EntryHeader& header, std::string_view payload);
  /// A payload that was removed after the retention time: its plan or seal is not judged.
  void take_removed(const EntryHeader& header);
  /// What is open at the end; waits for the signatures.
  void finish();

  [[nodiscard]] std::vector<SignedReceipt>& signed_receipts() { return m_signed; }
  [[nodiscard]] std::vector<UnsignedReceipt> unsigned_receipts() const;
  [[nodiscard]] const std::set<std::string, std::less<>>& registers() const { return m_registers; }
  [[nodiscard]] const SealCheck& tses() const { return m_seals; }
  /// Number of the last outage of a TSE, 0: none.
  [[nodiscard]] std::uint64_t last_outage(std::string_view serial) const;

 private:
  struct OpenPlan {
    SignedFacts facts;
    std::string tse_serial;
    std::uint64_t transaction = 0;
    std::string register_id;
    std::optional<Plan> austrian;  ///< whole, where RKSV is the law
  };
  struct OutageState {
    std::uint64_t last_number = 0;
    std::uint64_t last_receipt = 0;
    std::uint64_t receipts = 0;  ///< of the open outage
    OutageBegan began;           ///< of the last outage
    bool open = false;
  };

  void find(std::string_view rule, std::string_view field, std::string_view found,
            std::string_view expected);
  template <class T>
  std::optional<T> read(Result<T> payload);

  /// Master data and acts of people; false: none of them.
  bool take_master(std::string_view kind, std::string_view payload);
  void take_key(const EntryHeader& header);
  void take_plan(const EntryHeader& header, std::string_view payload);
  void take_seal(std::string_view payload);
  void seal_signed(const Seal& seal, const OpenPlan& plan);
  void seal_unsigned(const Seal& seal);
  void take_late(std::string_view payload);
  void take_outage_begin(std::string_view payload);
  void take_outage_end(std::string_view payload);
  void take_outage_note(std::string_view payload);
  void take_started(std::string_view payload);
  /// One finish signature: uniqueness, order, and the check of the signature itself.
  struct FinishOf {
    std::uint64_t plan;
    std::string_view serial;
    std::uint64_t transaction;
    Instant start;
    std::uint64_t start_counter;
    Instant end;
    std::uint64_t counter;
    const Bytes& signature;
  };
  void take_finish(const FinishOf& finish, const SignedFacts& facts);

  Report& m_report;
  SealCheck m_seals;
  RksvStory m_rksv;
  ClosingStory m_closings;
  std::uint64_t m_sequence = 0;
  std::set<std::string, std::less<>> m_registers;
  std::unordered_map<std::string, std::uint64_t> m_numbers;  // last number by register
  std::unordered_set<std::uint64_t> m_keys;                  // fingerprints of register and key
  std::unordered_set<std::uint64_t> m_receipt_numbers;
  std::unordered_set<std::uint64_t> m_reversed;
  std::map<std::uint64_t, AmountsLaw> m_businesses;  // without currencies of registers
  std::map<std::string, std::set<Currency>, std::less<>> m_bases;  // base currencies by register
  std::map<std::uint64_t, OpenPlan> m_open;                        // plans without seal
  std::map<std::uint64_t, OpenPlan> m_unsigned;                    // sealed as unsigned
  std::set<std::string, std::less<>> m_retired;  // serials of TSEs out of operation
  std::unordered_set<std::uint64_t> m_removed;   // plans whose payload was removed, without seal
  bool m_any_removed = false;
  std::map<std::string, OutageState, std::less<>> m_outages;
  std::vector<SignedReceipt> m_signed;
  std::unordered_set<std::uint64_t> m_counters;      // fingerprints of serial and counter
  std::unordered_set<std::uint64_t> m_transactions;  // fingerprints of serial and transaction
  std::uint64_t m_last_plan = 0;
};

}  // namespace siegel::verify::journal
