#include <fmt/format.h>

#include <algorithm>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/vat_catalogue.h"

// Special cases (S), references (K) and historic VAT keys (U) of one Vorgang.

namespace siegel::verify::dsfinvk {

namespace {

bool has_transaction_reference(const Receipt& receipt) {
  return std::ranges::any_of(receipt.references, [](Row row) {
    return row[references_columns::ref_typ] == "Transaktion";
  });
}

}  // namespace

void ClosingCheck::check_special(const Receipt& receipt) {
  namespace c = transactions_columns;
  const auto head = [&](std::size_t column = no_column) {
    return spot(receipt, Table::transactions, receipt.head, column);
  };
  const bool uses_7 =
      std::ranges::any_of(receipt.shares, [](const Amounts& one) { return one.key == 7; }) ||
      std::ranges::any_of(receipt.totals, [](const Amounts& one) { return one.key == 7; });
  if (uses_7 && !m_state.no_vat_flag && has(Table::cashregister))
    m_findings.add("S001", head(), "key 7", "KEINE_UST_ZUORDNUNG 1 in cashregister.csv");
  if (receipt.type == BonType::av_belegstorno && !m_state.tses.empty())
    m_findings.add("S004", head(c::bon_typ), "AVBelegstorno", "a Beleg with the signs reversed");
  if (receipt.storno && edition() >= 23 && has(Table::references) &&
      !has_transaction_reference(receipt))
    m_findings.add("S005", head(c::bon_storno), "no row in references.csv",
                   "a reference of type Transaktion");
  bool agency_without_address = false;
  for (const Line& line : receipt.lines) {
    if (line.cancelled) continue;
    const bool settles =
        line.gv == GvType::forderungsaufloesung || line.gv == GvType::anzahlungsaufloesung;
    if (settles && !receipt.refers() && has(Table::references))
      m_findings.add("S011", spot(receipt, Table::lines, line.row, lines_columns::gv_typ),
                     line.row[lines_columns::gv_typ], "a reference to its origin");
    if (line.agency != 0) {
      const auto agency = std::ranges::find(m_state.agencies, line.agency, &Agency::id);
      agency_without_address |= agency != m_state.agencies.end() && !agency->has_address;
    }
    for (const std::uint32_t index : line.shares)
      check_old_key(receipt, line, receipt.shares[index]);
  }
  if (agency_without_address)
    m_findings.add("S021", head(), "lines of an agency", "its address in pa.csv");
  if (receipt.type == BonType::av_sachbezug && receipt.head[c::kunde_name].empty() &&
      receipt.head[c::kunde_id].empty())
    m_findings.add("S014", head(c::kunde_name), "", "name or personnel number");
  if (receipt.type == BonType::av_rechnung && !receipt.refers() && has(Table::references))
    m_findings.add("S023", head(c::bon_typ), "AVRechnung", "a reference to what is invoiced");
}

void ClosingCheck::check_old_key(const Receipt& receipt, const Line& line, const Amounts& share) {
  constexpr std::int64_t late_days = 366;
  const auto first = first_day_of(share.key);
  if (!first || !receipt.end) return;
  const std::int64_t day = receipt.end->day();
  const auto place = spot(receipt, Table::lines_vat, share.row, lines_vat_columns::ust_schluessel);
  if (day < *first) {
    m_findings.add("U002", place, fmt::format("key {} on {}", share.key, day_text(day)),
                   fmt::format("from {}", day_text(*first)));
  } else if (day > *first + late_days && line.gv == GvType::umsatz && share.amount() > 0) {
    m_findings.add("U005", place, fmt::format("key {} on {}", share.key, day_text(day)),
                   "returns and late bookings only");
  }
}

void ClosingCheck::check_references(const Receipt& receipt) {
  namespace c = references_columns;
  for (const Row row : receipt.references) {
    const auto place = [&](std::size_t column) {
      return spot(receipt, Table::references, row, column);
    };
    const RefType type = ref_type_from(row[c::ref_typ]);
    const bool any =
        !row[c::ref_z_kasse_id].empty() || !row[c::ref_z_nr].empty() || !row[c::ref_datum].empty();
    switch (type) {
      case RefType::transaktion:
        for (const std::size_t column : {std::size_t{c::ref_datum}, std::size_t{c::ref_z_kasse_id},
                                         std::size_t{c::ref_z_nr}}) {
          if (row[column].empty())
            m_findings.add("K022", place(column), "", info(Table::references).columns[column].name);
        }
        if (row[c::ref_bon_id] == receipt.id &&
            row[c::ref_z_kasse_id] == m_state.closing->fields[z_kasse_id])
          m_findings.add("K021", place(c::ref_bon_id), receipt.id, "another Vorgang");
        break;
      case RefType::externe_sonstige:
        if (row[c::ref_name].empty())
          m_findings.add("F001", place(c::ref_name), "", "what is referred to");
        [[fallthrough]];
      case RefType::externe_rechnung:
      case RefType::externer_lieferschein:
        if (any)
          m_findings.add(
              "K023", place(c::ref_z_kasse_id),
              fmt::format("{} {} {}", row[c::ref_z_kasse_id], row[c::ref_z_nr], row[c::ref_datum]),
              "nothing: the reference leads outside");
        break;
      case RefType::unknown:
        break;
    }
  }
}

}  // namespace siegel::verify::dsfinvk
