#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crypto/x509_chain.h"
#include "verify/dsfinvk/cross_check.h"

// Closings one after the other, and what only the whole export shows.

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::int64_t ms_per_day = 86'400'000;
constexpr std::int64_t outage_long_ms = 3 * ms_per_day;

class ClosingsCheck {
 public:
  ClosingsCheck(const CrossInput& input, Findings& findings)
      : m_input(input), m_findings(findings) {}

  void run() {
    const std::vector<std::uint32_t>& order = m_input.closings.by_number();
    std::size_t begin = 0;
    while (begin < order.size()) {
      std::size_t end = begin;
      while (end < order.size() && at(order[end]).register_index == at(order[begin]).register_index)
        ++end;
      one_register(std::span(order).subspan(begin, end - begin));
      begin = end;
    }
  }

 private:
  [[nodiscard]] const Closing& at(std::uint32_t index) const {
    return m_input.closings.all()[index];
  }
  [[nodiscard]] const ClosingSummary& summary(std::uint32_t index) const {
    return m_input.summaries[index];
  }

  void add(RuleId rule, std::uint32_t closing, std::size_t column, std::string_view found,
           std::string_view expected, std::optional<Severity> severity = {}) {
    m_findings.set_closing(at(closing).label);
    m_findings.add(rule, Spot{Table::cashpointclosing, at(closing).line, column}, found, expected,
                   severity);
    m_findings.set_closing("");
  }

  void one_register(std::span<const std::uint32_t> order) {
    m_days.clear();
    m_outage.reset();
    for (const std::uint32_t index : order) {
      if (at(index).created) m_days.insert(at(index).created->german_ms() / ms_per_day);
    }
    // The first closing of a register begins with an empty drawer.
    std::optional<Units> stock;
    if (!order.empty() && at(order[0]).number == 1) stock = 0;
    std::uint64_t text_ids = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0) neighbours(order[i - 1], order[i]);
      days(order[i]);
      cash(order[i], stock);
      outages(order[i]);
      text_ids += summary(order[i]).text_ids;
    }
    end_outage();
    if (text_ids > 0)
      add("D004", order[0], z_kasse_id, fmt::format("{} BON_ID that are no numbers", text_ids),
          "numbers, or the procedure documentation");
  }

  void neighbours(std::uint32_t before, std::uint32_t here) {
    const auto& a = at(before).number;
    const auto& b = at(here).number;
    if (a && b) {
      if (*a == *b)
        add("D001", here, z_nr, fmt::format("{} as in line {}", *b, at(before).line), "once");
      else if (*b != *a + 1)
        add("D001", here, z_nr, fmt::format("{} after {}", *b, *a), fmt::format("{}", *a + 1));
    }
    if (at(before).created && at(here).created &&
        at(here).created->utc_ms() <= at(before).created->utc_ms())
      add("D002", here, z_erstellung, at(here).fields[z_erstellung],
          fmt::format("later than {}", at(before).fields[z_erstellung]));
    const std::string& old_software = summary(before).software;
    const std::string& software = summary(here).software;
    if (!old_software.empty() && !software.empty() && old_software != software) {
      m_findings.set_closing(at(here).label);
      m_findings.add("S025",
                     Spot{Table::cashregister, summary(here).register_line,
                          cashregister_columns::kasse_sw_version},
                     fmt::format("{} after {}", software, old_software), "", Severity::info);
      m_findings.set_closing("");
    }
  }

  void days(std::uint32_t index) {
    const ClosingSummary& one = summary(index);
    if (one.first_start_ms && one.last_end_ms &&
        *one.last_end_ms - *one.first_start_ms > ms_per_day)
      add("D012", index, z_erstellung,
          fmt::format("{} to {}", civil_text(*one.first_start_ms), civil_text(*one.last_end_ms)),
          "one day");
    std::vector<std::int64_t> days = one.days;
    std::ranges::sort(days);
    for (const std::int64_t day : days) {
      // A closing after midnight still is that of the evening.
      if (!m_days.contains(day) && !m_days.contains(day + 1))
        add("D013", index, z_erstellung, fmt::format("receipts on {}", day_text(day)),
            "a closing on that day");
    }
  }

  void cash(std::uint32_t index, std::optional<Units>& stock) {
    const ClosingSummary& one = summary(index);
    if (one.opening && stock && at(index).previous != no_closing && *one.opening != *stock)
      add("M014", index, no_column, fmt::format("opening stock {}", number_text(*one.opening)),
          number_text(*stock));
    if (one.opening) stock = 0;  // it is among the receipts
    if (stock && *stock + one.cash_lowest < 0)
      add("M013", index, cashpointclosing_columns::z_se_barzahlungen,
          number_text(*stock + one.cash_lowest), "0 or more");
    if (stock) *stock += one.cash;
    if (one.differences > 0 && one.difference_sum > 50 * units_one &&
        one.difference_sum > one.cash_turnover / 50)
      add("M015", index, no_column,
          fmt::format("{} in {} differences", number_text(one.difference_sum), one.differences),
          "less than 2 % of the cash turnover");
  }

  void outages(std::uint32_t index) {
    for (const Outage& outage : summary(index).outages) {
      if (outage.from_begin && m_outage && m_outage->to_end) {
        m_outage->last_ms = outage.last_ms;
        m_outage->receipts += outage.receipts;
        m_outage->to_end = outage.to_end;
      } else {
        end_outage();
        m_outage = outage;
        m_outage_closing = index;
      }
    }
    if (summary(index).receipts > 0 && m_outage &&
        (summary(index).outages.empty() || !summary(index).outages.back().to_end))
      end_outage();
  }

  void end_outage() {
    if (!m_outage) return;
    const std::string found =
        fmt::format("{} receipts from {} to {}", m_outage->receipts, civil_text(m_outage->first_ms),
                    civil_text(m_outage->last_ms));
    m_findings.set_closing(at(m_outage_closing).label);
    const Spot place{Table::transactions, m_outage->first_line};
    m_findings.add("T022", place, found, "");
    if (m_outage->last_ms - m_outage->first_ms > outage_long_ms)
      m_findings.add("T021", place, found, "repaired without delay");
    m_findings.set_closing("");
    m_outage.reset();
  }

  const CrossInput& m_input;
  Findings& m_findings;
  std::set<std::int64_t> m_days;
  std::optional<Outage> m_outage;
  std::uint32_t m_outage_closing = 0;
};

/// The rule of a problem of a chain is T006 always; which ones count.
bool counts(crypto::ChainProblem problem) {
  using enum crypto::ChainProblem;
  switch (problem) {
    case missing_issuer:
    case bad_signature:
    case not_yet_valid:
    case expired:
    case wrong_key_usage:
    case issuer_not_ca:
    case path_too_long:
    case revoked:
    case untrusted_root:
    case unsupported_key:
      return true;
    case revoked_later:
    case crl_not_usable:
    case crl_outdated:
    case weak_signature:
    case serial_not_positive:
    case unknown_critical:
      return false;
  }
  return false;
}

void check_chains(const Gathered& gathered, const Options& options, Findings& findings) {
  if (options.trust_anchors.empty()) return;
  std::vector<crypto::Certificate> known;
  for (const auto& [fingerprint, seen] : gathered.certificates) {
    if (known.size() < 1000) known.push_back(seen.certificate);
  }
  for (const auto& [fingerprint, seen] : gathered.certificates) {
    const crypto::ChainResult chain = crypto::check_chain(
        seen.certificate, {.intermediates = known,
                           .trust_anchors = options.trust_anchors,
                           .crls = options.crls,
                           .at = Instant::from_unix_ms(std::max<std::int64_t>(0, seen.last_ms))});
    for (const crypto::ChainFinding& finding : chain.findings) {
      if (counts(finding.problem))
        findings.add("T006", Spot{Table::tse, seen.line, tse_columns::tse_zertifikat_i},
                     fmt::format("{}: {}", finding.subject, finding.detail),
                     "a chain to a trusted root, valid when the TSE signed");
    }
  }
}

void check_columns(const std::array<Layout, tables_count>& layouts, const FormUse& use,
                   Findings& findings) {
  for (std::size_t i = 0; i < tables_count; ++i) {
    const auto columns = info(table_at(i)).columns;
    for (std::size_t column = 0; column < columns.size(); ++column) {
      const ColumnUse& one = use.columns[i][column];
      const bool there = layouts[i].present && layouts[i].place[column] != npos;
      if (there && use.rows[i] > 0 && one.filled == 0 && columns[column].need == Need::may)
        findings.add("F002", Spot{table_at(i), 0, column}, "empty in all rows",
                     "filled if the register has it");
      if (one.fewer_decimals > 0)
        findings.add("C010", Spot{table_at(i), one.first_fewer_line, column},
                     fmt::format("{} values with fewer decimals", one.fewer_decimals),
                     fmt::format("{} decimals", layouts[i].decimals[column]));
    }
  }
}

void check_operators(const Gathered& gathered, Findings& findings) {
  for (const auto& [name, counts] : gathered.operators) {
    if (counts.all < 20) continue;
    const auto high = [&](std::uint64_t count, std::string_view what) {
      if (count * 5 > counts.all)
        findings.add("S024", fmt::format("operator {}", name), 0,
                     fmt::format("{} of {} Vorgänge: {}", count, counts.all, what),
                     "a person should know why");
    };
    high(counts.aborted, "aborts");
    high(counts.cancelled, "cancellations");
    high(counts.training, "training");
    high(counts.zero, "zero receipts");
  }
}

}  // namespace

void check_closings(const CrossInput& input, Findings& findings) {
  ClosingsCheck(input, findings).run();
}

void check_whole(const CrossInput& input, const std::array<Layout, tables_count>& layouts,
                 const FormUse& use, const Gathered& gathered, const Options& options,
                 Findings& findings) {
  static_cast<void>(input);
  check_columns(layouts, use, findings);
  if (use.english_amounts && use.german_amounts)
    findings.add("F024", Spot{Table::itemamounts, 0, itemamounts_columns::typ},
                 "German and English words", "one language", Severity::warning);
  if (use.other_times == 0 && use.same_times > 1)
    findings.add("D016", Spot{Table::transactions, 0, transactions_columns::bon_ende},
                 fmt::format("in all {} rows", use.same_times), "");
  if (!use.own_keys.empty()) {
    std::string keys;
    for (const auto& [key, times] : use.own_keys)
      keys += fmt::format("{}{} ({} rows)", keys.empty() ? "" : ", ", key, times);
    findings.add("N011", Spot{Table::vat, 0, vat_columns::ust_schluessel}, keys,
                 "explained in the procedure documentation");
  }
  check_operators(gathered, findings);
  for (const auto& [month, sum] : gathered.months)
    findings.add("M016", fmt::format("month {}, key {}", month.first, month.second), 0,
                 fmt::format("gross {}, net {}, tax {}", number_text(sum.gross),
                             number_text(sum.net), number_text(sum.tax)),
                 "");
  check_chains(gathered, options, findings);
}

}  // namespace siegel::verify::dsfinvk
