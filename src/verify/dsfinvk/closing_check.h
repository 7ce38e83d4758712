#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/thread.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "crypto/x509.h"
#include "verify/dsfinvk/closings.h"
#include "verify/dsfinvk/facts.h"
#include "verify/dsfinvk/findings.h"
#include "verify/dsfinvk/form.h"
#include "verify/dsfinvk/process_data.h"
#include "verify/dsfinvk/receipt.h"
#include "verify/qr/finish_log.h"

// Everything of one closing: its master data, its Vorgaenge, its totals. Not part of the module's
// contract.

namespace siegel::verify::dsfinvk {

/// The serial numbers of all TSEs met, with a small number each. Any thread.
class TseNames {
 public:
  std::uint32_t index_of(std::string_view serial);
  [[nodiscard]] std::vector<std::string> all();

 private:
  Mutex m_mutex;
  std::vector<std::string> m_serials SIEGEL_GUARDED_BY(m_mutex);
};

/// Receipts in a row that no TSE secured.
struct Outage {
  std::int64_t first_ms = 0;  ///< civil time in Germany
  std::int64_t last_ms = 0;
  std::uint64_t receipts = 0;
  std::uint64_t first_line = 0;
  bool from_begin = false;
  bool to_end = false;
};

/// What remains of a closing when all of it was checked.
struct ClosingSummary {
  std::uint64_t receipts = 0;
  std::optional<std::int64_t> first_start_ms;  ///< civil time in Germany
  std::optional<std::int64_t> last_end_ms;
  std::optional<Units> opening;  ///< Anfangsbestand
  Units cash = 0;                ///< of base currency, all Belege
  Units cash_lowest = 0;         ///< of the running sum, from 0
  Units cash_turnover = 0;
  std::uint64_t differences = 0;  ///< DifferenzSollIst
  Units difference_sum = 0;       ///< of the magnitudes
  std::vector<Outage> outages;
  std::vector<std::int64_t> days;  ///< on which receipts ended
  std::uint64_t text_ids = 0;
  std::string software;  ///< KASSE_SW_VERSION
  std::uint64_t register_line = 0;
};

/// Counts of one operator, for S024.
struct OperatorCounts {
  std::uint64_t all = 0;
  std::uint64_t aborted = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t training = 0;
  std::uint64_t zero = 0;
};

/// What all workers see and none changes.
struct CheckInput {
  const std::array<Layout, tables_count>& layouts;
  const Closings& closings;
  TseNames& tse_names;
  bool anchors_given = false;
};

/// A certificate that signed, and when: chains are checked once at the end.
struct SeenCertificate {
  crypto::Certificate certificate;
  std::int64_t last_ms = 0;
  std::uint64_t line = 0;
};

struct MonthSum {
  Units gross = 0;
  Units net = 0;
  Units tax = 0;
};

/// What one worker gathers over all its closings.
struct Gathered {
  FactSorter facts;
  SignatureCounts signatures;
  std::map<std::string, OperatorCounts, std::less<>> operators;
  std::map<std::pair<std::string, std::string>, MonthSum> months;  ///< month, key
  std::map<Hash256, SeenCertificate> certificates;                 ///< by fingerprint
  std::set<std::string> tse_serials;
  std::set<std::string> clients;
  struct Span {
    std::int64_t first_ms = 0;
    std::int64_t last_ms = 0;
    std::uint64_t signatures = 0;
  };
  std::map<std::uint32_t, Span> spans;  ///< by TSE

  void merge(Gathered&& other);
};

struct VatRate {
  Row row;
  VatKey key = unreadable_key;
  Units rate = 0;
  bool used = false;
};

struct TseEntry {
  Row row;
  std::string_view id;
  std::uint32_t index = 0;  ///< in TseNames
  std::optional<crypto::PublicKey> key;
  std::optional<crypto::SignatureAlgorithm> algorithm;
  qr::FinishForm form;  ///< in which the last signature was valid
  bool form_known = false;
  std::uint64_t failures = 0;
  std::optional<tse::TimeKind> time_kind;
  std::optional<Hash256> certificate;
  Instant valid_from;
  Instant valid_until;
  bool ascii = false;
  bool used = false;
};

struct Terminal {
  Row row;
  std::string_view id;
  std::string_view serial;
};

struct Agency {
  Row row;
  std::uint64_t id = 0;
  bool has_address = false;
  bool used = false;
};

/// A group of businesscases.csv.
using CaseKey = std::tuple<std::string, std::string, std::uint64_t, VatKey>;
struct CaseSum {
  Units gross = 0;
  std::int64_t shares = 0;
};
using PayKey = std::tuple<std::string, std::string>;

/// The state of one closing while it is checked. Made anew for each.
struct ClosingState {
  std::uint32_t index = no_closing;
  const Closing* closing = nullptr;
  std::vector<VatRate> vat;
  std::vector<TseEntry> tses;
  std::vector<Terminal> terminals;
  std::vector<Agency> agencies;
  std::string base_currency = "EUR";
  std::string serial;  ///< KASSE_SERIENNR
  bool no_vat_flag = false;
  Row register_row;
  bool key_7_used = false;

  std::map<CaseKey, CaseSum, std::less<>> cases;
  std::map<PayKey, Units, std::less<>> payments;
  std::map<PayKey, Units, std::less<>> other_payments;  ///< of what does not count
  std::map<std::string, Units, std::less<>> cash;
  std::map<CaseKey, Units, std::less<>> other_cases;
  Units agency_gross = 0;
  std::map<std::string, Units, std::less<>> rates;  ///< first rate seen of a foreign currency
  std::uint64_t secured_rows = 0;
  std::uint64_t cancelling_av = 0;  ///< AVBelegstorno
  struct Seen {
    std::uint64_t number;  ///< BON_NR
    std::uint64_t line;
  };
  std::vector<Seen> numbers;
  bool start_found = false;
  bool end_found = false;
  std::string first_id;
  std::string last_id;
  std::optional<std::uint64_t> first_number;
  std::optional<std::uint64_t> last_number;
  std::map<VatKey, std::pair<std::int64_t, std::int64_t>> key_days;  ///< first and last use
  bool old_edition_told = false;
  bool in_parts = false;
  struct Timed {
    std::int64_t ms;
    Units cash;
    std::uint32_t line;
    bool outage;
    bool opening;
  };
  std::vector<Timed> timed;
  ClosingSummary summary;

  [[nodiscard]] VatRate* rate_of(VatKey key) {
    for (VatRate& rate : vat) {
      if (rate.key == key) return &rate;
    }
    return nullptr;
  }
};

/// One thread's checker.
class ClosingCheck {
 public:
  ClosingCheck(const CheckInput& input, Report& report)
      : m_input(input), m_findings(report), m_form(input.layouts, m_findings) {}

  /// All rows of a closing, or a part of them. Summaries are handed out with the last part.
  void check(const Unit& unit, const std::function<void(std::uint32_t, ClosingSummary)>& done);
  /// Once, at the end.
  void finish() { m_findings.finish(); }
  [[nodiscard]] Gathered& gathered() { return m_gathered; }
  [[nodiscard]] FormUse& use() { return m_form.use(); }

 private:
  // closing_check.cpp
  void begin_closing(const Unit& unit);
  void read_master();
  void check_duplicates(Table table);
  void read_receipts();
  void read_receipt(std::size_t index);
  void assign_lines(Receipt& receipt);
  std::optional<std::uint32_t> find_line(const Receipt& receipt, std::string_view position,
                                         std::uint32_t& hint) const;
  void check_keys(const Receipt& receipt);
  void group_rows(Table table);
  // master_rules.cpp
  void check_vat_table();
  void check_tses();
  void check_certificate(TseEntry& tse, std::string_view text);
  void check_register();
  // receipt_rules.cpp
  void check_head(const Receipt& receipt);
  void check_times(const Receipt& receipt);
  void check_sums(const Receipt& receipt);
  void check_totals(const Receipt& receipt);
  void check_line(const Receipt& receipt, const Line& line);
  void check_share(const Receipt& receipt, const Amounts& share);
  void check_components(const Receipt& receipt);
  void check_components_of(const Receipt& receipt, const Line& line,
                           std::span<const std::uint32_t> indices);
  void check_parts(const Receipt& receipt);
  void check_parts_of(const Receipt& receipt, const Line& line,
                      std::span<const std::uint32_t> indices);
  void check_payments(const Receipt& receipt);
  void check_cases(const Receipt& receipt);
  void check_signs(const Receipt& receipt, const Line& line);
  void check_special(const Receipt& receipt);
  void check_old_key(const Receipt& receipt, const Line& line, const Amounts& share);
  void check_references(const Receipt& receipt);
  // tse_rules.cpp
  void check_secured(const Receipt& receipt);
  void check_transaction(const Receipt& receipt, Row row);
  void check_signature(const Receipt& receipt, Row row, TseEntry& tse);
  void check_process_type(const Receipt& receipt, Row row);
  bool verify_with(TseEntry& tse, const qr::FinishFacts& facts, BytesView signature);
  void check_process_data(const Receipt& receipt, Row row, const TseEntry* tse);
  void check_kassenbeleg(const Receipt& receipt, Row row, const Spot& place);
  void check_order(const Receipt& receipt, Row row, const Spot& place, bool ascii);
  [[nodiscard]] Containers containers_of(const std::vector<KeySum>& sums);
  /// What may have been signed, made from the other tables.
  [[nodiscard]] std::vector<std::string> rebuilt_data(const Receipt& receipt,
                                                      std::string_view type);
  void add_transaction_facts(Row row, const TseEntry& tse, std::uint64_t number,
                             std::uint64_t counter, std::int64_t end);
  // closing_facts.cpp
  void accumulate(const Receipt& receipt);
  void add_to_summary(const Receipt& receipt, Units cash, bool opening);
  void add_facts(const Receipt& receipt);
  void add_references(const Receipt& receipt, const Fact& own, std::int64_t traits);
  void add_groups(const Receipt& receipt, const Fact& own);
  void add_vouchers(const Receipt& receipt, const Fact& own);
  // closing_sums.cpp
  void end_closing();
  void check_cases_table();
  void check_payment_table();
  void check_cash_table();
  void check_sum_fields();
  void check_sequence();
  void check_rates();
  void summarize();

  [[nodiscard]] Spot spot(const Receipt& receipt, Table table, Row row,
                          std::size_t column = no_column) const {
    return {table, row.line, column, receipt.id};
  }
  [[nodiscard]] int edition() const {
    return m_state.closing == nullptr ? newest_edition : m_state.closing->edition;
  }
  [[nodiscard]] const Rows& rows(Table table) const { return m_rows[index_of(table)]; }
  /// The file is there: what needs it can be judged.
  [[nodiscard]] bool has(Table table) const { return m_input.layouts[index_of(table)].present; }
  [[nodiscard]] bool has_amounts() const { return has(Table::lines) && has(Table::lines_vat); }

  const CheckInput m_input;
  Findings m_findings;
  Form m_form;
  Gathered m_gathered;
  ClosingState m_state;
  std::array<Rows, tables_count> m_rows;
  std::unordered_map<std::string_view, std::uint32_t> m_ids;
  std::unordered_map<std::string_view, std::uint32_t> m_positions;  ///< of a Vorgang of many lines
  /// Rows of each table by receipt: offsets into m_grouped.
  std::array<std::vector<std::uint32_t>, tables_count> m_begin;
  std::array<std::vector<std::uint32_t>, tables_count> m_grouped;
  Receipt m_receipt;
  Bytes m_message;
};

}  // namespace siegel::verify::dsfinvk
