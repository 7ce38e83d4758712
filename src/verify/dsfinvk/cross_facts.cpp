#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "verify/dsfinvk/cross_check.h"

// What facts of one key say together, and keys one after the other.

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::int64_t ms_per_day = 86'400'000;

std::string time_text(std::int64_t utc_ms) {
  return Instant::from_unix_ms(std::max<std::int64_t>(0, utc_ms)).text();
}

/// Takes facts in their order and looks at each group of one key.
class FactCheck {
 public:
  FactCheck(const CrossInput& input, const std::map<std::uint32_t, Gathered::Span>& spans,
            Findings& findings, std::vector<Strip>& strips)
      : m_input(input), m_findings(findings), m_strips(strips) {
    for (std::uint32_t i = 0; i < input.closings.all().size(); ++i) {
      const Closing& closing = input.closings.all()[i];
      if (closing.number)
        m_by_number.emplace(std::pair(closing.register_index, *closing.number), i);
    }
    for (const auto& [tse, span] : spans) {
      m_strip_of.emplace(tse, strips.size());
      Strip strip;
      strip.serial = tse < input.tses.size() ? input.tses[tse] : "";
      strip.from = Instant::from_unix_ms(std::max<std::int64_t>(0, span.first_ms));
      strip.until = Instant::from_unix_ms(std::max<std::int64_t>(0, span.last_ms));
      strip.parts.resize(Strip::parts_count);
      strips.push_back(std::move(strip));
    }
  }

  void take(const Fact& fact) {
    if (!m_group.empty() && !m_group.front().same_key(fact)) end_group();
    // What belongs to one key is little; a hostile export may put everything under one.
    if (m_group.size() < group_max) m_group.push_back(fact);
  }

  void end() {
    if (!m_group.empty()) end_group();
    add_outages();
  }

 private:
  static constexpr std::size_t group_max = 200'000;

  void end_group() {
    switch (m_group.front().topic) {
      case Topic::receipt:
        receipt();
        break;
      case Topic::transaction:
        transaction();
        break;
      case Topic::counter:
        counter();
        break;
      case Topic::voucher:
        voucher();
        break;
      case Topic::group:
        group();
        break;
      case Topic::article:
        article();
        break;
    }
    m_group.clear();
  }

  void add(RuleId rule, Table table, const Fact& fact, std::size_t column, std::string_view found,
           std::string_view expected, std::optional<Severity> severity = {}) {
    // The label of the closing is known here only.
    const std::string_view label = fact.closing < m_input.closings.all().size()
                                       ? m_input.closings.all()[fact.closing].label
                                       : std::string_view();
    m_findings.set_closing(label);
    m_findings.add(rule, Spot{table, fact.line, column}, found, expected, severity);
    m_findings.set_closing("");
  }

  [[nodiscard]] std::string tse_name(std::uint64_t index) const {
    return index < m_input.tses.size() ? m_input.tses[index].substr(0, 16) : std::string("?");
  }

  static std::string id_text(const Fact& fact) {
    return fact.key0 % 2 == 0 ? fmt::format("BON_ID {}", fact.key1) : std::string("a BON_ID");
  }

  // --- receipts ---------------------------------------------------------------------------------

  void receipt() {
    const Fact* own = nullptr;
    for (const Fact& fact : m_group) {
      if (fact.kind != fact_receipt) continue;
      if (own == nullptr) {
        own = &fact;
        continue;
      }
      add("K005", Table::transactions, fact, bon_id,
          fmt::format("{} as in line {}", id_text(fact), own->line),
          "once in the life of a register");
    }
    if (own != nullptr) sequence(*own);
    references(own);
    if (own != nullptr) {
      cancellations(*own);
      settlements(*own);
    }
  }

  void sequence(const Fact& own) {
    const bool same_register = m_last_receipt && m_last_receipt->key0 == own.key0;
    if (own.key0 % 2 == 0 && same_register) {
      const std::uint64_t expected = m_last_receipt->key1 + 1;
      if (own.key1 != expected)
        add("D003", Table::transactions, own, bon_id,
            fmt::format("{} after {}", own.key1, m_last_receipt->key1), fmt::format("{}", expected),
            own.closing == m_last_receipt->closing ? Severity::violation : Severity::warning);
      if (own.value[0] != 0 && own.value[0] < m_last_receipt->value[0])
        add("D010", Table::transactions, own, transactions_columns::bon_ende,
            time_text(own.value[0]),
            fmt::format("not before {}", time_text(m_last_receipt->value[0])));
    }
    m_last_receipt = own;
  }

  void references(const Fact* own) {
    for (const Fact& fact : m_group) {
      if (fact.kind != fact_reference) continue;
      const auto number = static_cast<std::uint64_t>(fact.value[0]);
      const auto closing =
          m_by_number.find(std::pair(static_cast<std::uint32_t>(fact.key0 / 2), number));
      if (own == nullptr) {
        if (closing != m_by_number.end())
          add("K020", Table::references, fact, references_columns::ref_bon_id,
              fmt::format("{}, which closing {} does not hold", id_text(fact), number),
              "a Vorgang of that closing");
        continue;
      }
      if (closing == m_by_number.end() || closing->second != own->closing) {
        add("K020", Table::references, fact, references_columns::ref_z_nr,
            fact.value[0] < 0 ? std::string("no number") : fmt::format("{}", number),
            m_input.closings.all()[own->closing].fields[z_nr]);
      } else {
        const Closing& target = m_input.closings.all()[own->closing];
        const Closing& from = m_input.closings.all()[fact.closing];
        const auto created = static_cast<std::int64_t>(text_hash(target.fields[z_erstellung]));
        if (from.edition >= 23 && fact.value[1] != created)
          add("K020", Table::references, fact, references_columns::ref_datum, "another time",
              target.fields[z_erstellung]);
      }
      if (own->value[0] > fact.value[2])
        add("K021", Table::references, fact, references_columns::ref_bon_id,
            fmt::format("{} of {}", id_text(fact), time_text(own->value[0])),
            fmt::format("an earlier one than {}", time_text(fact.value[2])));
      const auto target_traits = static_cast<std::uint64_t>(own->value[3]);
      const auto own_traits = static_cast<std::uint64_t>(fact.value[3]);
      const bool bill_of_order =
          static_cast<BonType>(target_traits & 0xFFU) == BonType::av_bestellung &&
          static_cast<BonType>(own_traits & 0xFFU) == BonType::beleg;
      if (bill_of_order &&
          (target_traits & receipt_group_mask) != (own_traits & receipt_group_mask))
        add("S016", Table::references, fact, references_columns::ref_bon_id, id_text(fact),
            "the same ABRECHNUNGSKREIS as the order");
    }
  }

  void cancellations(const Fact& own) {
    const Fact* first = nullptr;
    for (const Fact& fact : m_group) {
      if (fact.kind != fact_cancelled) continue;
      const bool mirrored = fact.value[0] == own.value[2];
      if (fact.value[2] == 0) {
        if (mirrored)
          add("S008", Table::transactions, fact, transactions_columns::bon_storno,
              fmt::format("0, but it undoes {}", id_text(fact)), "1");
        continue;
      }
      if (!mirrored)
        add("S006", Table::transactions, fact, transactions_columns::ums_brutto,
            fmt::format("{} for {} of {}", number_text(fact.value[1]), id_text(fact),
                        number_text(own.value[1])),
            "all amounts of each VAT key and payment type reversed");
      if (first != nullptr)
        add("S007", Table::transactions, fact, transactions_columns::bon_storno,
            fmt::format("{} is cancelled in line {} too", id_text(fact), first->line), "once");
      first = &fact;
    }
  }

  void settlements(const Fact& own) {
    for (const GvType type : {GvType::forderungsentstehung, GvType::anzahlungseinstellung}) {
      const GvType settling = type == GvType::forderungsentstehung ? GvType::forderungsaufloesung
                                                                   : GvType::anzahlungsaufloesung;
      const auto gv = [](GvType one) { return static_cast<std::int64_t>(one); };
      Units opened = 0;
      Units settled = 0;
      std::int64_t opened_keys = 0;
      std::int64_t settled_keys = 0;
      const Fact* opening = nullptr;
      const Fact* last = nullptr;
      for (const Fact& fact : m_group) {
        if (fact.kind == fact_opened && fact.value[0] == gv(type)) {
          opened += fact.value[1];
          opened_keys |= fact.value[2];
          opening = &fact;
        }
        if (fact.kind == fact_settled && fact.value[0] == gv(settling)) {
          settled += fact.value[1];
          settled_keys |= fact.value[2];
          last = &fact;
        }
      }
      if (opening == nullptr && last == nullptr) continue;
      if (last == nullptr) {
        // Negative: a cancelled one. Only what was opened can wait for its settlement.
        const bool is_open = type == GvType::forderungsentstehung ? opened < 0 : opened > 0;
        const bool is_void = (static_cast<std::uint64_t>(own.value[3]) & receipt_storno) != 0;
        if (is_open && !is_void && !is_cancelled())
          add("S012", Table::lines, *opening, lines_columns::gv_typ,
              fmt::format("{} open", number_text(opened)), "settled within the export",
              Severity::info);
        continue;
      }
      const Units difference = opened + settled;
      const bool too_much = opening == nullptr ||
                            (type == GvType::forderungsentstehung ? difference > units_cent / 2
                                                                  : difference < -units_cent / 2);
      if (too_much)
        add("S012", Table::lines, *last, lines_columns::gv_typ,
            fmt::format("{} settled of {} opened", number_text(settled), number_text(opened)),
            "not more than was opened");
      // Key 5 opens and settles what is taxed at another time.
      const auto tax_keys = [](std::int64_t mask) { return mask & ~(std::int64_t{0xE0}); };
      if (opening != nullptr && tax_keys(opened_keys) != 0 && tax_keys(settled_keys) != 0 &&
          (tax_keys(settled_keys) & ~tax_keys(opened_keys)) != 0)
        add("S012", Table::lines, *last, lines_columns::gv_typ,
            "other VAT keys than it was opened with", "the same keys");
    }
  }

  [[nodiscard]] bool is_cancelled() const {
    return std::ranges::any_of(m_group,
                               [](const Fact& fact) { return fact.kind == fact_cancelled; });
  }

  // --- transactions of a TSE --------------------------------------------------------------------

  [[nodiscard]] std::uint32_t register_of(const Fact& fact) const {
    return m_input.closings.all()[fact.closing].register_index;
  }

  void transaction() {
    const Fact* row = nullptr;
    const Fact* other = nullptr;
    const Fact* started = nullptr;
    for (const Fact& fact : m_group) {
      if (fact.kind == fact_row) {
        if (row != nullptr) {
          const std::string found = fmt::format("transaction {} of TSE {} as in line {}", fact.key1,
                                                tse_name(fact.key0), row->line);
          if (register_of(*row) != register_of(fact))
            add("T023", Table::transactions_tse, fact, transactions_tse_columns::tse_tanr, found,
                "one register");
          else
            add("T009", Table::transactions_tse, fact, transactions_tse_columns::tse_tanr, found,
                "once");
        } else {
          row = &fact;
        }
      }
      if (fact.kind == fact_other) other = &fact;
      if (fact.kind == fact_started) started = &fact;
    }
    if (row != nullptr) transaction_order(*row);
    if (m_input.has_other) compare(row, other, started);
    codes(row);
  }

  void transaction_order(const Fact& row) {
    if (m_last_transaction && m_last_transaction->key0 == row.key0) {
      const std::uint64_t gap = row.key1 - m_last_transaction->key1 - 1;
      if (gap > 0) {
        add("T009", Table::transactions_tse, row, transactions_tse_columns::tse_tanr,
            fmt::format("{} after {}, TSE {}", row.key1, m_last_transaction->key1,
                        tse_name(row.key0)),
            fmt::format("{}", m_last_transaction->key1 + 1), Severity::warning);
        part(row.key0, row.value[0]).missing += gap;
      }
      if (row.value[1] != 0 && m_last_transaction->value[1] > row.value[1])
        add("T012", Table::transactions_tse, row, transactions_tse_columns::tse_ta_start,
            time_text(row.value[1]),
            fmt::format("not before {}, the start of transaction {}",
                        time_text(m_last_transaction->value[1]), m_last_transaction->key1));
    }
    m_last_transaction = row;
  }

  [[nodiscard]] bool within_other(const Fact& row) const {
    const auto period = m_input.periods.find(static_cast<std::uint32_t>(row.key0));
    return period != m_input.periods.end() && row.value[0] >= period->second.first_ms &&
           row.value[0] <= period->second.last_ms;
  }
  [[nodiscard]] bool within_export(const Fact& other) const {
    const auto strip = m_strip_of.find(static_cast<std::uint32_t>(other.key0));
    if (strip == m_strip_of.end()) return false;
    const Strip& span = m_strips[strip->second];
    return other.value[0] >= span.from.unix_ms() && other.value[0] <= span.until.unix_ms();
  }

  void compare(const Fact* row, const Fact* other, const Fact* started) {
    const auto place = [&](const Fact& fact) {
      return fmt::format("TSE {}, transaction {}", tse_name(fact.key0), fact.key1);
    };
    if (row != nullptr && other == nullptr && within_other(*row))
      add("R001", Table::transactions_tse, *row, transactions_tse_columns::tse_tanr,
          fmt::format("transaction {}, not in the {}", row->key1, m_input.other_name), "in both");
    if (row == nullptr && other != nullptr && within_export(*other))
      m_findings.add("R001", place(*other), 0,
                     fmt::format("finished at {}, not in the export", time_text(other->value[0])),
                     "a row in transactions_tse.csv");
    if (other == nullptr && started != nullptr && row == nullptr)
      m_findings.add("R003", place(*started), 0,
                     fmt::format("begun at {}", time_text(started->value[0])), "finished");
    if (row == nullptr || other == nullptr) return;
    const auto differ = [&](std::size_t column, std::string_view found, std::string_view expected) {
      add("R002", Table::transactions_tse, *row, column, found, expected);
    };
    if (row->value[0] / 1000 != other->value[0] / 1000)
      differ(transactions_tse_columns::tse_ta_ende, time_text(row->value[0]),
             time_text(other->value[0]));
    if (row->value[3] != other->value[3])
      differ(transactions_tse_columns::tse_ta_sigz, fmt::format("{}", row->value[3]),
             fmt::format("{}", other->value[3]));
    if (row->value[2] != other->value[2])
      differ(transactions_tse_columns::tse_ta_sig, "another signature",
             fmt::format("that of the {}", m_input.other_name));
    if (started != nullptr && row->value[1] != 0 &&
        row->value[1] / 1000 != started->value[0] / 1000)
      differ(transactions_tse_columns::tse_ta_start, time_text(row->value[1]),
             time_text(started->value[0]));
  }

  void codes(const Fact* row) {
    for (const Fact& code : m_group) {
      if (code.kind != fact_code) continue;
      const std::string place = fmt::format("code {}", code.line);
      if (row == nullptr) {
        m_findings.add("R005", place, 0,
                       fmt::format("transaction {} of TSE {}", code.key1, tse_name(code.key0)),
                       "a row in transactions_tse.csv");
      } else if (row->value[2] != code.value[2] || row->value[3] != code.value[3] ||
                 row->value[0] / 1000 != code.value[0] / 1000) {
        m_findings.add("T028", place, 0,
                       fmt::format("counter {}, end {}", code.value[3], time_text(code.value[0])),
                       fmt::format("counter {}, end {} and the signature of line {}", row->value[3],
                                   time_text(row->value[0]), row->line));
      }
    }
  }

  // --- signature counters -----------------------------------------------------------------------

  Strip::Part& part(std::uint64_t tse, std::int64_t at) {
    const auto found = m_strip_of.find(static_cast<std::uint32_t>(tse));
    if (found == m_strip_of.end()) return m_nowhere;
    Strip& strip = m_strips[found->second];
    const std::int64_t length = strip.until.unix_ms() - strip.from.unix_ms();
    const std::int64_t offset = std::clamp<std::int64_t>(at - strip.from.unix_ms(), 0, length);
    const auto last = static_cast<std::int64_t>(Strip::parts_count) - 1;
    const std::int64_t index = length == 0 ? 0 : multiply(offset, last, length);
    return strip.parts[static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, last))];
  }

  void counter() {
    const Fact* row = nullptr;
    for (const Fact& fact : m_group) {
      if (fact.kind != fact_row) continue;
      ++part(fact.key0, fact.value[0]).signatures;
      if (row != nullptr)
        add("T010", Table::transactions_tse, fact, transactions_tse_columns::tse_ta_sigz,
            fmt::format("{} of TSE {} as in line {}", fact.key1, tse_name(fact.key0), row->line),
            "once");
      row = &fact;
    }
    if (row != nullptr) {
      if (m_last_counter && m_last_counter->key0 == row->key0 &&
          m_last_counter->value[0] > row->value[0])
        add("T010", Table::transactions_tse, *row, transactions_tse_columns::tse_ta_sigz,
            fmt::format("{} at {}", row->key1, time_text(row->value[0])),
            fmt::format("not before {} at {}", m_last_counter->key1,
                        time_text(m_last_counter->value[0])));
      m_last_counter = *row;
    }
    const Fact& any = m_group.front();
    const bool same = m_last_shown && m_last_shown->key0 == any.key0;
    if (m_input.has_other && same && any.key1 > m_last_shown->key1 + 1 && within_other(any) &&
        within_other(*m_last_shown)) {
      const std::uint64_t gap = any.key1 - m_last_shown->key1 - 1;
      m_findings.add(
          "R004", fmt::format("TSE {}", tse_name(any.key0)), 0,
          fmt::format("{} after {} at {}", any.key1, m_last_shown->key1, time_text(any.value[0])),
          fmt::format("{} counters more", gap));
      part(any.key0, any.value[0]).missing += gap;
    }
    m_last_shown = any;
  }

  void add_outages() {
    for (const ClosingSummary& summary : m_input.summaries) {
      for (const Outage& outage : summary.outages) {
        const std::int64_t begin = Stamp{.local_ms = outage.first_ms}.utc_ms();
        const std::int64_t end = Stamp{.local_ms = outage.last_ms}.utc_ms();
        for (const auto& [tse, at] : m_strip_of) {
          if (end >= m_strips[at].from.unix_ms() && begin <= m_strips[at].until.unix_ms())
            part(tse, begin + (end - begin) / 2).outages += outage.receipts;
        }
      }
    }
  }

  // --- vouchers, tables -------------------------------------------------------------------------

  void voucher() {
    Units sold = 0;
    Units redeemed = 0;
    const Fact* first_sale = nullptr;
    for (const Fact& fact : m_group) {
      if (fact.kind == fact_sold && first_sale == nullptr) first_sale = &fact;
    }
    if (first_sale == nullptr) return;  // sold before the period
    for (const Fact& fact : m_group) {
      if (fact.kind == fact_sold) {
        sold += fact.value[0];
        continue;
      }
      redeemed -= fact.value[0];
      if (fact.order < first_sale->order)
        add("S013", Table::lines, fact, lines_columns::gutschein_nr, "redeemed",
            fmt::format("after its sale in line {}", first_sale->line));
      else if (redeemed > sold + units_cent / 2)
        add("S013", Table::lines, fact, lines_columns::gutschein_nr,
            fmt::format("{} redeemed of {} sold", number_text(redeemed), number_text(sold)),
            "not more than its value");
    }
  }

  void group() {
    const Fact* last = nullptr;
    bool orders = false;
    bool bills = false;
    for (const Fact& fact : m_group) {
      orders |= fact.kind == fact_order;
      bills |= fact.kind == fact_bill;
      const auto apart = last == nullptr ? std::uint64_t{0} : fact.order - last->order;
      if (fact.kind == fact_order && bills && apart > ms_per_day &&
          m_input.closings.all()[fact.closing].edition >= 23)
        add("S017", Table::allocation_groups, fact, allocation_groups_columns::abrechnungskreis,
            fmt::format("again after {} hours", apart / 3'600'000), "a name for one party only");
      last = &fact;
    }
    if (orders && !bills)
      add("S018", Table::allocation_groups, m_group.front(),
          allocation_groups_columns::abrechnungskreis, "orders without a bill", "a Beleg");
  }

  void article() {
    Units ordered = 0;
    Units billed = 0;
    for (const Fact& fact : m_group) {
      ordered += fact.value[0];
      billed += fact.value[1];
    }
    const bool both =
        std::ranges::any_of(m_group, [](const Fact& f) { return f.kind == fact_order; }) &&
        std::ranges::any_of(m_group, [](const Fact& f) { return f.kind == fact_bill; });
    if (both && ordered != billed)
      add("S019", Table::lines, m_group.back(), lines_columns::menge,
          fmt::format("{} ordered, {} billed", number_text(ordered), number_text(billed)),
          "the same quantity");
  }

  const CrossInput& m_input;
  Findings& m_findings;
  std::vector<Strip>& m_strips;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> m_by_number;
  std::map<std::uint32_t, std::size_t> m_strip_of;
  std::vector<Fact> m_group;
  std::optional<Fact> m_last_receipt;
  std::optional<Fact> m_last_transaction;
  std::optional<Fact> m_last_counter;
  std::optional<Fact> m_last_shown;
  Strip::Part m_nowhere;
};

}  // namespace

Status check_facts(FactSorter& facts, const CrossInput& input,
                   const std::map<std::uint32_t, Gathered::Span>& spans, Findings& findings,
                   std::vector<Strip>& strips) {
  FactCheck check(input, spans, findings, strips);
  SIEGEL_TRY_OK(facts.visit([&](const Fact& fact) { check.take(fact); }));
  check.end();
  return Ok{};
}

}  // namespace siegel::verify::dsfinvk
