#include "verify/dsfinvk/closing_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::array receipt_tables = {Table::datapayment,      Table::lines,
                                       Table::itemamounts,      Table::subitems,
                                       Table::transactions_tse, Table::transactions_vat,
                                       Table::lines_vat,        Table::allocation_groups,
                                       Table::references};
constexpr std::array key_tables = {Table::slaves,
                                   Table::pa,
                                   Table::tse,
                                   Table::vat,
                                   Table::businesscases,
                                   Table::payment,
                                   Table::cash_per_currency,
                                   Table::transactions_vat,
                                   Table::lines_vat};
constexpr std::size_t few_lines = 16;
// They are searched one by one; no real closing comes near.
constexpr std::size_t vat_rows_max = 256;
constexpr std::size_t master_rows_max = 5000;

}  // namespace

std::uint32_t TseNames::index_of(std::string_view serial) {
  constexpr std::size_t tses_max = 100'000;
  const Lock lock(m_mutex);
  const auto found = std::ranges::find(m_serials, serial);
  if (found != m_serials.end()) return static_cast<std::uint32_t>(found - m_serials.begin());
  if (m_serials.size() < tses_max) m_serials.emplace_back(serial);
  return static_cast<std::uint32_t>(m_serials.size() - 1);
}

std::vector<std::string> TseNames::all() {
  const Lock lock(m_mutex);
  return m_serials;
}

void Gathered::merge(Gathered&& other) {
  facts.merge(std::move(other.facts));
  signatures.checked += other.signatures.checked;
  signatures.valid += other.signatures.valid;
  signatures.invalid += other.signatures.invalid;
  for (const auto& [name, counts] : other.operators) {
    OperatorCounts& to = operators[name];
    to.all += counts.all;
    to.aborted += counts.aborted;
    to.cancelled += counts.cancelled;
    to.training += counts.training;
    to.zero += counts.zero;
  }
  for (const auto& [key, sum] : other.months) {
    MonthSum& to = months[key];
    to.gross += sum.gross;
    to.net += sum.net;
    to.tax += sum.tax;
  }
  for (const auto& [fingerprint, seen] : other.certificates) {
    const auto [at, is_new] = certificates.emplace(fingerprint, seen);
    if (is_new) continue;
    if (seen.last_ms > at->second.last_ms) at->second = seen;
  }
  tse_serials.merge(other.tse_serials);
  clients.merge(other.clients);
  for (const auto& [tse, span] : other.spans) {
    const auto [at, is_new] = spans.emplace(tse, span);
    if (is_new) continue;
    at->second.first_ms = std::min(at->second.first_ms, span.first_ms);
    at->second.last_ms = std::max(at->second.last_ms, span.last_ms);
    at->second.signatures += span.signatures;
  }
}

void ClosingCheck::check(const Unit& unit,
                         const std::function<void(std::uint32_t, ClosingSummary)>& done) {
  if (unit.closing == no_closing) {
    m_findings.begin(m_input.closings.all().size(), "");
    for (std::size_t i = 0; i < tables_count; ++i)
      m_form.parse(table_at(i), unit.tables[i], newest_edition, m_rows[i]);
    return;
  }
  if (unit.first_part) begin_closing(unit);
  for (std::size_t i = 0; i < tables_count; ++i) {
    const bool master = table_at(i) < Table::transactions;
    if (master && !unit.first_part) continue;
    m_form.parse(table_at(i), unit.tables[i], edition(), m_rows[i]);
  }
  if (unit.first_part) read_master();
  read_receipts();
  if (!unit.last_part) return;
  end_closing();
  done(unit.closing, std::move(m_state.summary));
}

void ClosingCheck::begin_closing(const Unit& unit) {
  m_state = {};
  m_state.index = unit.closing;
  m_state.in_parts = !unit.last_part;
  m_state.closing = &m_input.closings.all()[unit.closing];
  m_findings.begin(unit.closing, m_state.closing->label);
}

void ClosingCheck::read_master() {
  for (const Table table : key_tables) {
    if (table < Table::transactions) check_duplicates(table);
  }
  check_register();
  for (std::size_t i = 0; i < std::min(rows(Table::vat).size(), vat_rows_max); ++i) {
    const Row row = rows(Table::vat)[i];
    m_state.vat.push_back({row, parse_id(row[vat_columns::ust_schluessel]).value_or(unreadable_key),
                           parse_number(row[vat_columns::ust_satz]).units, false});
  }
  for (std::size_t i = 0; i < std::min(rows(Table::slaves).size(), master_rows_max); ++i) {
    const Row row = rows(Table::slaves)[i];
    m_state.terminals.push_back(
        {row, row[slaves_columns::terminal_id], row[slaves_columns::terminal_seriennr]});
    if (m_gathered.clients.size() < 100'000)
      m_gathered.clients.emplace(row[slaves_columns::terminal_seriennr]);
  }
  for (std::size_t i = 0; i < std::min(rows(Table::pa).size(), master_rows_max); ++i) {
    namespace c = pa_columns;
    const Row row = rows(Table::pa)[i];
    m_state.agencies.push_back({row, parse_id(row[c::agentur_id]).value_or(0),
                                !row[c::agentur_strasse].empty() && !row[c::agentur_plz].empty() &&
                                    !row[c::agentur_ort].empty(),
                                false});
    if (row[c::agentur_id] == "0")
      m_findings.add("K013", Spot{Table::pa, row.line, c::agentur_id}, "0",
                     "the own business needs no row");
  }
  check_vat_table();
  check_tses();
}

void ClosingCheck::check_duplicates(Table table) {
  const Rows& all = rows(table);
  const std::size_t keys = info(table).key_columns;
  std::map<std::string, std::uint64_t> seen;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string key;
    std::string whole;
    for (std::size_t column = 0; column < all.columns; ++column) {
      if (column < keys) (key += all[i][column]) += '\x1F';
      (whole += all[i][column]) += '\x1F';
    }
    const auto [at, is_new] = seen.emplace(std::move(key), i);
    if (is_new) continue;
    const Row first = all[at->second];
    const bool alike = std::equal(first.fields, first.fields + all.columns, all[i].fields);
    const std::string found = fmt::format("as in line {}", first.line);
    if (alike) m_findings.add("C014", Spot{table, all[i].line}, found, "once");
    if (table == Table::businesscases || table == Table::payment ||
        table == Table::cash_per_currency)
      m_findings.add("K018", Spot{table, all[i].line, keys - 1}, found, "one row a group");
  }
}

void ClosingCheck::group_rows(Table table) {
  const Rows& all = rows(table);
  std::vector<std::uint32_t>& begin = m_begin[index_of(table)];
  std::vector<std::uint32_t>& grouped = m_grouped[index_of(table)];
  const std::size_t receipts = rows(Table::transactions).size();
  begin.assign(receipts + 1, 0);
  grouped.clear();
  std::vector<std::uint32_t> owner(all.size(), Receipt::no_line);
  std::uint32_t hint = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view id = all[i][bon_id];
    // Details mostly stand in the order of their Vorgaenge.
    for (const std::uint32_t guess : {hint, hint + 1}) {
      if (guess < receipts && rows(Table::transactions)[guess][bon_id] == id) owner[i] = guess;
      if (owner[i] != Receipt::no_line) break;
    }
    if (owner[i] == Receipt::no_line) {
      const auto found = m_ids.find(id);
      if (found != m_ids.end()) owner[i] = found->second;
    }
    if (owner[i] == Receipt::no_line) {
      if (has(Table::transactions))
        m_findings.add("K006", Spot{table, all[i].line, bon_id, id}, id,
                       "a BON_ID of transactions.csv in this closing");
      continue;
    }
    hint = owner[i];
    ++begin[hint + 1];
  }
  for (std::size_t i = 1; i <= receipts; ++i) begin[i] += begin[i - 1];
  grouped.resize(begin[receipts]);
  std::vector<std::uint32_t> at(begin.begin(), begin.end() - 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (owner[i] != Receipt::no_line) grouped[at[owner[i]]++] = static_cast<std::uint32_t>(i);
  }
}

void ClosingCheck::read_receipts() {
  const Rows& heads = rows(Table::transactions);
  m_ids.clear();
  m_ids.reserve(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i)
    m_ids.emplace(heads[i][bon_id], static_cast<std::uint32_t>(i));
  for (const Table table : receipt_tables) group_rows(table);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    read_receipt(i);
    check_keys(m_receipt);
    check_head(m_receipt);
    check_times(m_receipt);
    check_sums(m_receipt);
    check_totals(m_receipt);
    for (const Line& line : m_receipt.lines) check_line(m_receipt, line);
    check_components(m_receipt);
    check_parts(m_receipt);
    check_payments(m_receipt);
    check_cases(m_receipt);
    check_special(m_receipt);
    check_references(m_receipt);
    check_secured(m_receipt);
    accumulate(m_receipt);
    add_facts(m_receipt);
  }
}

void ClosingCheck::read_receipt(std::size_t index) {
  namespace c = transactions_columns;
  Receipt& receipt = m_receipt;
  receipt.head = rows(Table::transactions)[index];
  receipt.id = receipt.head[bon_id];
  receipt.type = bon_type_from(receipt.head[c::bon_typ]);
  receipt.storno = receipt.head[c::bon_storno] == "1";
  receipt.gross = parse_number(receipt.head[c::ums_brutto]);
  receipt.start = parse_stamp(receipt.head[c::bon_start]);
  receipt.end = parse_stamp(receipt.head[c::bon_ende]);
  const auto each = [&](Table table, auto&& take) {
    const std::vector<std::uint32_t>& begin = m_begin[index_of(table)];
    const std::vector<std::uint32_t>& grouped = m_grouped[index_of(table)];
    for (std::uint32_t i = begin[index]; i < begin[index + 1]; ++i) take(rows(table)[grouped[i]]);
  };
  receipt.lines.clear();
  receipt.shares.clear();
  receipt.totals.clear();
  receipt.payments.clear();
  receipt.components.clear();
  receipt.parts.clear();
  receipt.references.clear();
  receipt.secured.clear();
  receipt.groups.clear();
  each(Table::lines, [&](Row row) { receipt.lines.push_back(read_line(row)); });
  each(Table::lines_vat, [&](Row row) {
    receipt.shares.push_back(
        read_amounts(row, lines_vat_columns::ust_schluessel, lines_vat_columns::pos_brutto));
  });
  each(Table::transactions_vat, [&](Row row) {
    receipt.totals.push_back(read_amounts(row, transactions_vat_columns::ust_schluessel,
                                          transactions_vat_columns::bon_brutto));
  });
  each(Table::datapayment, [&](Row row) { receipt.payments.push_back(read_payment(row)); });
  each(Table::itemamounts, [&](Row row) {
    receipt.components.push_back(
        read_amounts(row, itemamounts_columns::ust_schluessel, itemamounts_columns::pf_brutto));
  });
  each(Table::subitems, [&](Row row) {
    receipt.parts.push_back(read_amounts(row, subitems_columns::zi_ust_schluessel,
                                         subitems_columns::zi_basispreis_brutto));
  });
  each(Table::references, [&](Row row) { receipt.references.push_back(row); });
  each(Table::transactions_tse, [&](Row row) { receipt.secured.push_back(row); });
  each(Table::allocation_groups, [&](Row row) { receipt.groups.push_back(row); });
  assign_lines(receipt);
  derive(receipt);
}

std::optional<std::uint32_t> ClosingCheck::find_line(const Receipt& receipt,
                                                     std::string_view position,
                                                     std::uint32_t& hint) const {
  const std::vector<Line>& lines = receipt.lines;
  for (const std::uint32_t guess : {hint, hint + 1}) {
    if (guess < lines.size() && lines[guess].position == position) return hint = guess;
  }
  for (std::uint32_t i = 0; i < std::min(lines.size(), few_lines); ++i) {
    if (lines[i].position == position) return hint = i;
  }
  if (lines.size() <= few_lines) return std::nullopt;
  const auto found = m_positions.find(position);
  if (found == m_positions.end()) return std::nullopt;
  return hint = found->second;
}

void ClosingCheck::assign_lines(Receipt& receipt) {
  m_positions.clear();
  if (receipt.lines.size() > few_lines) {
    for (std::uint32_t i = 0; i < receipt.lines.size(); ++i)
      m_positions.emplace(receipt.lines[i].position, i);
  }
  const auto assign = [&](const std::vector<Amounts>& all, Table table,
                          std::vector<std::uint32_t>& to) {
    to.clear();
    std::uint32_t hint = 0;
    for (const Amounts& one : all) {
      const auto line = find_line(receipt, one.row[lines_columns::pos_zeile], hint);
      to.push_back(line.value_or(Receipt::no_line));
      if (!line && has(Table::lines))
        m_findings.add("K007", spot(receipt, table, one.row, lines_columns::pos_zeile),
                       one.row[lines_columns::pos_zeile], "a POS_ZEILE of this Vorgang");
    }
  };
  assign(receipt.shares, Table::lines_vat, receipt.share_line);
  assign(receipt.components, Table::itemamounts, receipt.component_line);
  assign(receipt.parts, Table::subitems, receipt.part_line);
  for (std::uint32_t i = 0; i < receipt.shares.size(); ++i) {
    if (receipt.share_line[i] != Receipt::no_line)
      receipt.lines[receipt.share_line[i]].shares.push_back(i);
  }
  std::uint32_t hint = 0;
  for (const Row row : receipt.references) {
    const std::string_view position = row[references_columns::pos_zeile];
    if (!position.empty() && has(Table::lines) && !find_line(receipt, position, hint))
      m_findings.add("K007", spot(receipt, Table::references, row, references_columns::pos_zeile),
                     position, "a POS_ZEILE of this Vorgang");
  }
}

void ClosingCheck::check_keys(const Receipt& receipt) {
  const auto vat_key = [&](Table table, const Amounts& one, std::size_t column) {
    if (VatRate* rate = m_state.rate_of(one.key)) {
      rate->used = true;
    } else if (!one.key_text.empty() && has(Table::vat)) {
      m_findings.add("K011", spot(receipt, table, one.row, column), one.key_text,
                     "a key of vat.csv in this closing");
    }
    if (one.key == 7) m_state.key_7_used = true;
  };
  for (const Amounts& one : receipt.shares)
    vat_key(Table::lines_vat, one, lines_vat_columns::ust_schluessel);
  for (const Amounts& one : receipt.totals)
    vat_key(Table::transactions_vat, one, transactions_vat_columns::ust_schluessel);
  for (const Amounts& one : receipt.components)
    vat_key(Table::itemamounts, one, itemamounts_columns::ust_schluessel);
  for (const Amounts& one : receipt.parts)
    vat_key(Table::subitems, one, subitems_columns::zi_ust_schluessel);

  const auto twice = [&](RuleId rule, Table table, const Amounts& a, const Amounts& b,
                         std::size_t column) {
    m_findings.add(rule, spot(receipt, table, b.row, column),
                   fmt::format("{} as in line {}", b.key_text, a.row.line), "once");
    if (std::equal(a.row.fields, a.row.fields + info(table).columns.size(), b.row.fields))
      m_findings.add("C014", spot(receipt, table, b.row), fmt::format("as in line {}", a.row.line),
                     "once");
  };
  for (std::size_t i = 1; i < receipt.totals.size(); ++i) {
    for (std::size_t j = 0; j < std::min(i, few_lines); ++j) {
      if (receipt.totals[i].key_text == receipt.totals[j].key_text)
        twice("K016", Table::transactions_vat, receipt.totals[j], receipt.totals[i],
              transactions_vat_columns::ust_schluessel);
    }
  }
  std::set<std::string_view> positions;
  std::uint64_t expected = 1;
  bool gap = false;
  for (const Line& line : receipt.lines) {
    for (std::size_t i = 1; i < line.shares.size(); ++i) {
      for (std::size_t j = 0; j < std::min(i, few_lines); ++j) {
        const Amounts& a = receipt.shares[line.shares[j]];
        const Amounts& b = receipt.shares[line.shares[i]];
        if (a.key_text == b.key_text)
          twice("K017", Table::lines_vat, a, b, lines_vat_columns::ust_schluessel);
      }
    }
    gap |= parse_id(line.position) != expected++;
    if (line.shares.empty() && has(Table::lines_vat))
      m_findings.add("K019", spot(receipt, Table::lines, line.row, lines_columns::pos_zeile),
                     line.position, "a row in lines_vat.csv");
    const std::size_t here = static_cast<std::size_t>(&line - receipt.lines.data());
    bool repeated = false;
    if (receipt.lines.size() <= few_lines) {
      for (std::size_t j = 0; j < here; ++j) repeated |= receipt.lines[j].position == line.position;
    } else {
      repeated = !positions.insert(line.position).second;
    }
    if (repeated)
      m_findings.add("K008", spot(receipt, Table::lines, line.row, lines_columns::pos_zeile),
                     line.position, "once");
    const std::string_view terminal = line.row[lines_columns::pos_terminal_id];
    if (!terminal.empty() && has(Table::slaves) &&
        std::ranges::find(m_state.terminals, terminal, &Terminal::id) == m_state.terminals.end())
      m_findings.add("K014", spot(receipt, Table::lines, line.row, lines_columns::pos_terminal_id),
                     terminal, "a TERMINAL_ID of slaves.csv");
    if (line.agency == 0) continue;
    const auto agency = std::ranges::find(m_state.agencies, line.agency, &Agency::id);
    if (agency == m_state.agencies.end()) {
      if (has(Table::pa))
        m_findings.add("K012", spot(receipt, Table::lines, line.row, lines_columns::agentur_id),
                       line.row[lines_columns::agentur_id], "an AGENTUR_ID of pa.csv");
    } else {
      agency->used = true;
    }
  }
  if (!gap || receipt.lines.empty()) return;
  // In any order: only missing numbers count.
  std::vector<std::uint64_t> numbers;
  for (const Line& line : receipt.lines) numbers.push_back(parse_id(line.position).value_or(0));
  std::ranges::sort(numbers);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] == i + 1) continue;
    m_findings.add("K009",
                   spot(receipt, Table::lines, receipt.lines[0].row, lines_columns::pos_zeile),
                   fmt::format("{} lines, not numbered 1 to {}", numbers.size(), numbers.size()),
                   "1, 2, 3, ...");
    break;
  }
}

}  // namespace siegel::verify::dsfinvk
