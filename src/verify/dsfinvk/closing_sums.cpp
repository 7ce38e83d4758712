#include <fmt/format.h>

#include <algorithm>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/vat_catalogue.h"

// Totals of a closing (M), its sequence (D) and its rates (U).

namespace siegel::verify::dsfinvk {

namespace {

std::string group_text(const CaseKey& key) {
  const auto& [type, name, agency, vat] = key;
  std::string text = fmt::format("{} at key {}", type, vat);
  if (!name.empty()) text += fmt::format(", {}", name);
  if (agency != 0) text += fmt::format(", agency {}", agency);
  return text;
}

}  // namespace

void ClosingCheck::end_closing() {
  const Spot place{Table::cashpointclosing, m_state.closing->line};
  if (m_state.summary.receipts == 0 && has(Table::transactions))
    m_findings.add("M017", place, "no row in transactions.csv", "Vorgänge");
  if (m_state.no_vat_flag && !m_state.key_7_used && has_amounts())
    m_findings.add("S002",
                   Spot{Table::cashregister, m_state.register_row.line,
                        cashregister_columns::keine_ust_zuordnung},
                   "1", "0: key 7 does not occur");
  for (const Agency& agency : m_state.agencies) {
    if (!agency.used && agency.id != 0 && has(Table::lines))
      m_findings.add("K013", Spot{Table::pa, agency.row.line, pa_columns::agentur_id},
                     agency.row[pa_columns::agentur_id], "a line that uses it");
  }
  for (const VatRate& rate : m_state.vat) {
    if (!rate.used && m_state.summary.receipts > 0 && has_amounts())
      m_findings.add("K026", Spot{Table::vat, rate.row.line, vat_columns::ust_schluessel},
                     rate.row[vat_columns::ust_schluessel], "used in this closing",
                     // U004 asks for these two in any case.
                     rate.key <= 2 ? Severity::info : Severity::warning);
  }
  if (m_state.tses.empty() && m_state.secured_rows > 0 && has(Table::tse))
    m_findings.add("K027", place,
                   fmt::format("{} rows in transactions_tse.csv", m_state.secured_rows),
                   "a row in tse.csv");
  check_rates();
  if (has(Table::transactions) && has_amounts()) check_cases_table();
  if (has(Table::transactions) && has(Table::datapayment)) {
    check_payment_table();
    check_cash_table();
    check_sum_fields();
  }
  if (has(Table::transactions)) check_sequence();
  summarize();
}

void ClosingCheck::check_rates() {
  namespace c = vat_columns;
  const ClosingSummary& summary = m_state.summary;
  const auto& created = m_state.closing->created;
  std::vector<std::int64_t> days = summary.days;
  if (created) days.push_back(created->german_ms() / 86'400'000);
  if (days.empty()) return;
  for (const VatRate& rate : m_state.vat) {
    const bool fits = std::ranges::any_of(
        days, [&](std::int64_t day) { return is_rate(rate.key, rate.rate, day); });
    if (!fits) {
      const auto known = rate_of_key(rate.key, days.back());
      m_findings.add("U001", Spot{Table::vat, rate.row.line, c::ust_satz},
                     fmt::format("{} at key {}", rate.row[c::ust_satz], rate.key),
                     known ? fmt::format("{} on {}", number_text(*known), day_text(days.back()))
                           : "a rate of the key");
    }
    const auto used = m_state.key_days.find(rate.key);
    if (used == m_state.key_days.end()) continue;
    const auto [first, last] = used->second;
    if (rate_of_key(rate.key, first) != rate_of_key(rate.key, last))
      m_findings.add(
          "U003", Spot{Table::vat, rate.row.line, c::ust_satz},
          fmt::format("key {} on {} and on {}", rate.key, day_text(first), day_text(last)),
          "a closing before the rate changes");
  }
}

void ClosingCheck::check_cases_table() {
  namespace c = businesscases_columns;
  std::map<CaseKey, Row, std::less<>> listed;
  const Rows& all = rows(Table::businesscases);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Row row = all[i];
    const Amounts sum = read_amounts(row, c::ust_schluessel, c::z_ums_brutto);
    const CaseKey key(row[c::gv_typ], row[c::gv_name], parse_id(row[c::agentur_id]).value_or(0),
                      sum.key);
    const auto place = [&](std::size_t column) {
      return Spot{Table::businesscases, row.line, column};
    };
    listed.emplace(key, row);
    const auto known = m_state.cases.find(key);
    const Units gross = known == m_state.cases.end() ? 0 : known->second.gross;
    const std::int64_t shares = known == m_state.cases.end() ? 1 : known->second.shares;
    if (known == m_state.cases.end()) {
      if (sum.gross.units != 0)
        m_findings.add("M001", place(c::gv_typ), group_text(key), "lines of this group");
    } else if (!within(gross, sum.gross.units, units_cent / 2)) {
      m_findings.add("M002", place(c::z_ums_brutto),
                     fmt::format("{}: {}", group_text(key), number_text(sum.gross.units)),
                     number_text(gross));
    }
    const auto other = m_state.other_cases.find(key);
    if (other != m_state.other_cases.end() && other->second != 0 && sum.gross.units != gross &&
        sum.gross.units == gross + other->second)
      m_findings.add("S015", place(c::z_ums_brutto),
                     fmt::format("{} with training and other AV", number_text(sum.gross.units)),
                     fmt::format("{} of BON_TYP Beleg", number_text(gross)));
    if (sum.gross.readable() && sum.net.readable() && sum.tax.readable() &&
        sum.gross.units != sum.net.units + sum.tax.units)
      m_findings.add("M003", place(c::z_ums_brutto), row[c::z_ums_brutto],
                     fmt::format("{} + {}", row[c::z_ums_netto], row[c::z_ust]));
    if (sum.key >= 5 && sum.key <= 8) {
      if (sum.tax.units != 0) m_findings.add("M005", place(c::z_ust), row[c::z_ust], "0,00");
    } else if (const VatRate* rate = m_state.rate_of(sum.key); rate != nullptr) {
      const Units tax = tax_in(sum.gross.units, rate->rate);
      if (!within(tax, sum.tax.units, std::max<std::int64_t>(1, shares) * units_cent))
        m_findings.add("M004", place(c::z_ust),
                       fmt::format("{} of {}", row[c::z_ust], row[c::z_ums_brutto]),
                       number_text(to_cents(tax)));
    }
  }
  for (const auto& [key, sum] : m_state.cases) {
    if (listed.contains(key) || within(sum.gross, 0, units_cent / 2) || all.size() == 0) continue;
    const auto& [type, name, agency, vat] = key;
    const Spot place{Table::businesscases, all[0].line};
    const auto own = listed.find(CaseKey(type, name, 0, vat));
    if (agency != 0 && own != listed.end()) {
      Units together = 0;
      for (const auto& [other, part] : m_state.cases) {
        if (std::get<0>(other) == type && std::get<1>(other) == name && std::get<3>(other) == vat)
          together += part.gross;
      }
      if (within(parse_number(own->second[c::z_ums_brutto]).units, together, units_cent))
        m_findings.add(
            "M018", Spot{Table::businesscases, own->second.line, c::agentur_id},
            fmt::format("{} with those of agency {}", own->second[c::z_ums_brutto], agency),
            "a row of its own for each agency");
    }
    m_findings.add("M001", place, fmt::format("no row of {}", group_text(key)),
                   number_text(sum.gross));
  }
}

void ClosingCheck::check_payment_table() {
  namespace c = payment_columns;
  const Rows& all = rows(Table::payment);
  std::set<PayKey> listed;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Row row = all[i];
    const PayKey key(row[c::zahlart_typ], row[c::zahlart_name]);
    listed.insert(key);
    const auto known = m_state.payments.find(key);
    const Units sum = known == m_state.payments.end() ? 0 : known->second;
    const Units said = parse_number(row[c::z_zahlart_betrag]).units;
    if (said == sum) continue;
    m_findings.add(
        "M006", Spot{Table::payment, row.line, c::z_zahlart_betrag},
        fmt::format("{} {} {}", row[c::zahlart_typ], row[c::zahlart_name], number_text(said)),
        number_text(sum));
    const auto other = m_state.other_payments.find(key);
    if (other != m_state.other_payments.end() && other->second != 0 && said == sum + other->second)
      m_findings.add("S015", Spot{Table::payment, row.line, c::z_zahlart_betrag},
                     fmt::format("{} with training", number_text(said)),
                     fmt::format("{} of BON_TYP Beleg", number_text(sum)));
  }
  for (const auto& [key, sum] : m_state.payments) {
    if (sum == 0 || listed.contains(key) || all.size() == 0) continue;
    m_findings.add("M006", Spot{Table::payment, all[0].line},
                   fmt::format("no row of {} {}", std::get<0>(key), std::get<1>(key)),
                   number_text(sum));
  }
}

void ClosingCheck::check_cash_table() {
  namespace c = cash_per_currency_columns;
  const Rows& all = rows(Table::cash_per_currency);
  std::set<std::string_view> listed;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Row row = all[i];
    listed.insert(row[c::zahlart_waeh]);
    const auto known = m_state.cash.find(row[c::zahlart_waeh]);
    const Units sum = known == m_state.cash.end() ? 0 : known->second;
    const Units said = parse_number(row[c::zahlart_betrag_waeh]).units;
    if (said != sum)
      m_findings.add("M007", Spot{Table::cash_per_currency, row.line, c::zahlart_betrag_waeh},
                     fmt::format("{} {}", number_text(said), row[c::zahlart_waeh]),
                     number_text(sum));
  }
  for (const auto& [currency, sum] : m_state.cash) {
    if (sum != 0 && !listed.contains(currency) && all.size() > 0)
      m_findings.add("M007", Spot{Table::cash_per_currency, all[0].line},
                     fmt::format("no row of {}", currency), number_text(sum));
  }
}

void ClosingCheck::check_sum_fields() {
  namespace c = cashpointclosing_columns;
  const Closing& closing = *m_state.closing;
  const auto place = [&](std::size_t column) {
    return Spot{Table::cashpointclosing, closing.line, column};
  };
  const std::array sizes = {rows(Table::businesscases).size(), rows(Table::payment).size(),
                            rows(Table::cash_per_currency).size()};
  const auto empty = std::ranges::count(sizes, std::size_t{0});
  const bool all_there = m_input.layouts[index_of(Table::businesscases)].present &&
                         m_input.layouts[index_of(Table::payment)].present &&
                         m_input.layouts[index_of(Table::cash_per_currency)].present;
  if (empty > 0 && (empty < 3 || !m_state.cases.empty()) && all_there)
    m_findings.add("M011", place(no_column),
                   fmt::format("{} rows in businesscases.csv, {} in payment.csv, {} in "
                               "cash_per_currency.csv",
                               sizes[0], sizes[1], sizes[2]),
                   "all three filled");
  Units paid = 0;
  Units bar = 0;
  for (const auto& [key, sum] : m_state.payments) {
    paid += sum;
    if (std::get<0>(key) == "Bar") bar += sum;
  }
  Units listed = 0;
  for (std::size_t i = 0; i < sizes[1]; ++i)
    listed += parse_number(rows(Table::payment)[i][payment_columns::z_zahlart_betrag]).units;
  Units cases = 0;
  for (std::size_t i = 0; i < sizes[0]; ++i)
    cases += parse_number(rows(Table::businesscases)[i][businesscases_columns::z_ums_brutto]).units;
  const Units all = parse_number(closing.fields[c::z_se_zahlungen]).units;
  const Units cash = parse_number(closing.fields[c::z_se_barzahlungen]).units;
  const auto differ = [&](RuleId rule, std::size_t column, Units said, Units expected) {
    m_findings.add(rule, place(column), number_text(said), number_text(expected));
  };
  if (all != paid)
    differ("M008", c::z_se_zahlungen, all, paid);
  else if (sizes[1] > 0 && all != listed)
    differ("M008", c::z_se_zahlungen, all, listed);
  if (cash != bar) differ("M009", c::z_se_barzahlungen, cash, bar);
  if (cash > all && all == paid && cash == bar)
    m_findings.add("M010", place(c::z_se_barzahlungen), number_text(cash), number_text(all));
  if (sizes[0] == 0) return;
  if (sizes[1] > 0 && !within(cases, listed, units_cent / 2)) {
    m_findings.add(
        "M012", place(no_column),
        fmt::format("business cases {}, payments {}", number_text(cases), number_text(listed)),
        "the same sum");
  } else if (!within(cases, all, units_cent / 2)) {
    m_findings.add(
        "M012", place(c::z_se_zahlungen),
        fmt::format("business cases {}, Z_SE_ZAHLUNGEN {}", number_text(cases), number_text(all)),
        "the same sum");
  }
}

void ClosingCheck::check_sequence() {
  namespace c = cashpointclosing_columns;
  const Closing& closing = *m_state.closing;
  const auto place = [&](std::size_t column) {
    return Spot{Table::cashpointclosing, closing.line, column};
  };
  if (m_state.summary.receipts > 0) {
    const auto edge = [&](std::size_t column, bool found,
                          const std::optional<std::uint64_t>& number,
                          const std::string& in_row_order) {
      const std::string& said = closing.fields[column];
      if (!found) {
        m_findings.add("D005", place(column), said, "a BON_ID of the closing");
      } else if (number && m_state.summary.text_ids == 0) {
        if (parse_id(said) != number)
          m_findings.add("D006", place(column), said, fmt::format("{}", *number));
      } else if (said != in_row_order && !m_state.in_parts) {
        // Without numbers only the order of the rows tells, which is free.
        m_findings.add("D006", place(column), said, in_row_order, Severity::warning);
      }
    };
    edge(c::z_start_id, m_state.start_found, m_state.first_number, m_state.first_id);
    edge(c::z_ende_id, m_state.end_found, m_state.last_number, m_state.last_id);
  } else {
    for (const std::size_t column : {std::size_t{c::z_start_id}, std::size_t{c::z_ende_id}}) {
      if (!closing.fields[column].empty())
        m_findings.add("D005", place(column), closing.fields[column],
                       "nothing: there is no Vorgang");
    }
  }
  std::ranges::sort(m_state.numbers, {},
                    [](const ClosingState::Seen& one) { return std::pair(one.number, one.line); });
  bool gap = false;
  for (std::size_t i = 1; i < m_state.numbers.size(); ++i) {
    const auto& a = m_state.numbers[i - 1];
    const auto& b = m_state.numbers[i];
    const Spot here{Table::transactions, b.line, transactions_columns::bon_nr};
    if (a.number == b.number)
      m_findings.add("K010", here, fmt::format("{} as in line {}", b.number, a.line),
                     "once a closing");
    if (b.number > a.number + 1 && !gap) {
      gap = true;
      m_findings.add("D017", here, fmt::format("{} after {}", b.number, a.number),
                     fmt::format("{}", a.number + 1));
    }
  }
  const std::string& booking = closing.fields[c::z_buchungstag];
  if (const auto day = parse_day(booking); day && closing.created) {
    const std::int64_t created = closing.created->german_ms() / 86'400'000;
    if (*day > created || *day + 2 < created)
      m_findings.add("D014", place(c::z_buchungstag), booking,
                     fmt::format("near {}", day_text(created)));
  }
  if (closing.created && !closing.created->offset_minutes &&
      in_time_change(closing.created->local_ms))
    m_findings.add("D015", place(z_erstellung), closing.fields[z_erstellung],
                   "a time with its offset");
}

void ClosingCheck::summarize() {
  ClosingSummary& summary = m_state.summary;
  std::ranges::sort(m_state.timed, {},
                    [](const ClosingState::Timed& one) { return std::pair(one.ms, one.line); });
  bool first = true;
  bool running = false;
  for (const ClosingState::Timed& one : m_state.timed) {
    summary.cash += one.cash;
    summary.cash_lowest = std::min(summary.cash_lowest, summary.cash);
    summary.cash_turnover += std::abs(one.cash);
    if (one.outage) {
      if (!running)
        summary.outages.push_back(
            {.first_ms = one.ms, .first_line = one.line, .from_begin = first});
      Outage& outage = summary.outages.back();
      outage.last_ms = one.ms;
      ++outage.receipts;
    }
    running = one.outage;
    first = false;
  }
  if (running) summary.outages.back().to_end = true;
}

}  // namespace siegel::verify::dsfinvk
