#include <fmt/format.h>

#include <algorithm>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/vat_catalogue.h"

// Rules about the arithmetic of one Vorgang (B) and its times (D).

namespace siegel::verify::dsfinvk {

namespace {

bool is_voucher_single(GvType type) {
  return type == GvType::einzweck_kauf || type == GvType::einzweck_einloesung;
}
bool is_voucher_multi(GvType type) {
  return type == GvType::mehrzweck_kauf || type == GvType::mehrzweck_einloesung;
}

/// Indices of what belongs to a line, by line.
std::map<std::uint32_t, std::vector<std::uint32_t>> by_line(
    const std::vector<std::uint32_t>& lines) {
  std::map<std::uint32_t, std::vector<std::uint32_t>> out;
  for (std::uint32_t i = 0; i < lines.size(); ++i) {
    if (lines[i] != Receipt::no_line) out[lines[i]].push_back(i);
  }
  return out;
}

std::string amounts_text(const Amounts& one) {
  const auto text = [](const Number& number) {
    return number.readable() ? number_text(number.units) : std::string("-");
  };
  return fmt::format("{} / {} / {}", text(one.gross), text(one.net), text(one.tax));
}

}  // namespace

void ClosingCheck::check_head(const Receipt& receipt) {
  namespace c = transactions_columns;
  const Row head = receipt.head;
  const std::string_view terminal = head[c::terminal_id];
  if (!terminal.empty() && has(Table::slaves) &&
      std::ranges::find(m_state.terminals, terminal, &Terminal::id) == m_state.terminals.end())
    m_findings.add("K014", spot(receipt, Table::transactions, head, c::terminal_id), terminal,
                   "a TERMINAL_ID of slaves.csv");
  if (receipt.type == BonType::beleg) {
    if (receipt.lines.empty() && has(Table::lines))
      m_findings.add("K024", spot(receipt, Table::transactions, head), "no row in lines.csv",
                     "one at least");
    if (receipt.payments.empty() && has(Table::datapayment))
      m_findings.add("K025", spot(receipt, Table::transactions, head), "no row in datapayment.csv",
                     "one at least, if only Keine");
  }
  if (receipt.gross.units != 0 && receipt.totals.empty() && has(Table::transactions_vat))
    m_findings.add("K029", spot(receipt, Table::transactions, head, c::ums_brutto),
                   head[c::ums_brutto], "rows in transactions_vat.csv");
  for (const Row group : receipt.groups) {
    if (group[allocation_groups_columns::abrechnungskreis].empty())
      m_findings.add("K028",
                     spot(receipt, Table::allocation_groups, group,
                          allocation_groups_columns::abrechnungskreis),
                     "", "a value, or no row");
  }
}

void ClosingCheck::check_times(const Receipt& receipt) {
  namespace c = transactions_columns;
  const auto place = [&](std::size_t column) {
    return spot(receipt, Table::transactions, receipt.head, column);
  };
  if (receipt.start && receipt.end && receipt.end->utc_ms() < receipt.start->utc_ms())
    m_findings.add("D007", place(c::bon_ende), receipt.head[c::bon_ende],
                   fmt::format("not before {}", receipt.head[c::bon_start]));
  const Closing& closing = *m_state.closing;
  if (receipt.end && closing.created) {
    // Without offset both are the wall time of one till.
    const bool civil = !receipt.end->offset_minutes;
    const std::int64_t end = civil ? receipt.end->local_ms : receipt.end->utc_ms();
    const std::int64_t created = civil ? closing.created->german_ms() : closing.created->utc_ms();
    const bool foreign_wall = civil && end > created && end <= closing.created->local_ms;
    if (end > created && !foreign_wall)
      m_findings.add("D008", place(c::bon_ende), receipt.head[c::bon_ende],
                     fmt::format("not after {}", closing.fields[z_erstellung]));
  }
  if (receipt.start && closing.previous != no_closing) {
    const Closing& before = m_input.closings.all()[closing.previous];
    if (before.created && receipt.start->utc_ms() < before.created->utc_ms())
      m_findings.add(
          "D009", place(c::bon_start), receipt.head[c::bon_start],
          fmt::format("after closing {} of {}", before.fields[z_nr], before.fields[z_erstellung]),
          receipt.groups.empty() ? Severity::warning : Severity::info);
  }
  for (const auto& [stamp, column] :
       {std::pair(receipt.start, std::size_t{c::bon_start}), {receipt.end, c::bon_ende}}) {
    if (stamp && !stamp->offset_minutes && in_time_change(stamp->local_ms))
      m_findings.add("D015", place(column), receipt.head[column], "a time with its offset");
  }
  if (receipt.end && edition() < 23 && !m_state.old_edition_told &&
      receipt.end->day() >= day_number(2022, 7, 1)) {
    m_state.old_edition_told = true;
    m_findings.add(
        "D018",
        Spot{Table::cashpointclosing, closing.line, cashpointclosing_columns::taxonomie_version},
        fmt::format("{} for a Vorgang of {}",
                    closing.fields[cashpointclosing_columns::taxonomie_version],
                    receipt.head[c::bon_ende]),
        "2.3 or later");
  }
}

void ClosingCheck::check_sums(const Receipt& receipt) {
  namespace c = transactions_columns;
  const auto place = spot(receipt, Table::transactions, receipt.head, c::ums_brutto);
  const Units gross = receipt.gross.units;
  Units totals = 0;
  for (const Amounts& total : receipt.totals) totals += total.amount();
  const auto differ = [&](RuleId rule, Units sum, std::string_view what,
                          std::optional<Severity> severity = {}) {
    m_findings.add(rule, place,
                   fmt::format("{}, {} {}", number_text(gross), what, number_text(sum)), "the same",
                   severity);
  };
  const bool counts = receipt.type == BonType::beleg;
  // The net method rounds once a key.
  const Units tolerance =
      receipt.has_net ? static_cast<Units>(receipt.keys.size()) * units_cent : units_cent / 2;
  if (counts && !receipt.lines.empty() && has_amounts() &&
      !within(gross, receipt.line_sum, tolerance))
    differ("B001", receipt.line_sum, "lines");
  if (counts && !receipt.payments.empty() && gross != receipt.pay_sum)
    differ("B002", receipt.pay_sum, "payments");
  if ((counts || receipt.type == BonType::av_training) && !receipt.totals.empty() &&
      !within(gross, totals, units_cent / 2))
    differ("B003", totals, "VAT totals",
           receipt.has_receivable ? Severity::info : Severity::warning);
  const bool is_av = receipt.is_av() && has_amounts();
  if (is_av && gross != 0 && !receipt.lines.empty() &&
      !within(gross, receipt.line_sum, std::max(tolerance, units_cent)))
    differ("B022", receipt.line_sum, "lines");
  if (is_av && gross != 0 && receipt.lines.empty()) differ("B022", 0, "lines");
  if (receipt.has_net && receipt.has_gross)
    m_findings.add("B010", spot(receipt, Table::transactions, receipt.head),
                   "lines with gross only and lines with net only", "one method");
}

void ClosingCheck::check_totals(const Receipt& receipt) {
  namespace c = transactions_vat_columns;
  const Severity milder = receipt.has_receivable ? Severity::info : Severity::warning;
  for (const Amounts& total : receipt.totals) {
    const auto place = [&](std::size_t column) {
      return spot(receipt, Table::transactions_vat, total.row, column);
    };
    const KeySum* sum = receipt.key_sum(total.key);
    const std::int64_t shares = std::max<std::int64_t>(1, sum == nullptr ? 0 : sum->shares);
    if (total.gross.readable() && total.net.readable() && total.tax.readable() &&
        total.gross.units != total.net.units + total.tax.units)
      m_findings.add("B004", place(c::bon_brutto), amounts_text(total),
                     number_text(total.net.units + total.tax.units));
    const Units of_lines = sum == nullptr ? 0 : sum->gross;
    if (!receipt.lines.empty() && has_amounts() &&
        !within(of_lines, total.amount(), shares * units_cent))
      m_findings.add("B005", place(c::bon_brutto),
                     fmt::format("{} at key {}", number_text(total.amount()), total.key_text),
                     fmt::format("{} as the lines", number_text(of_lines)), milder);
    if (total.key >= 5 && total.key <= 8) {
      if (total.tax.units != 0)
        m_findings.add("B007", place(c::bon_ust), total.row[c::bon_ust], "0,00");
    } else if (const VatRate* rate = m_state.rate_of(total.key); rate != nullptr) {
      const Units tax = tax_in(total.amount(), rate->rate);
      if (total.tax.readable() && !within(tax, total.tax.units, shares * units_cent))
        m_findings.add(
            "B006", place(c::bon_ust), amounts_text(total),
            fmt::format("{} at {} %", number_text(to_cents(tax)), number_text(rate->rate)));
    }
  }
  if (receipt.totals.empty()) return;
  for (const KeySum& sum : receipt.keys) {
    const bool listed = std::ranges::any_of(
        receipt.totals, [&](const Amounts& total) { return total.key == sum.key; });
    if (!listed && !within(sum.gross, 0, sum.shares * units_cent))
      m_findings.add("B005", spot(receipt, Table::transactions, receipt.head),
                     fmt::format("no VAT total of key {}", sum.key),
                     fmt::format("{} as the lines", number_text(sum.gross)), milder);
  }
}

void ClosingCheck::check_share(const Receipt& receipt, const Amounts& share) {
  namespace c = lines_vat_columns;
  const auto place = [&](std::size_t column) {
    return spot(receipt, Table::lines_vat, share.row, column);
  };
  const bool net = share.net.readable() && share.tax.readable();
  if (!share.gross.readable() && !net) {
    m_findings.add("B008", place(c::pos_brutto), amounts_text(share),
                   "POS_BRUTTO, or POS_NETTO and POS_UST");
  } else if (share.gross.readable() && net &&
             share.gross.units != share.net.units + share.tax.units) {
    m_findings.add("B008", place(c::pos_brutto), amounts_text(share),
                   number_text(share.net.units + share.tax.units));
  }
  if (!share.tax.readable()) return;
  if (share.key >= 5 && share.key <= 8) {
    if (share.tax.units != 0)
      m_findings.add("B007", place(c::pos_ust), share.row[c::pos_ust], "0,00");
  } else if (const VatRate* rate = m_state.rate_of(share.key); rate != nullptr) {
    const Units tax = tax_in(share.amount(), rate->rate);
    if (!within(tax, share.tax.units, units_cent))
      m_findings.add(
          "B009", place(c::pos_ust), amounts_text(share),
          fmt::format("{} at {} %", number_text(to_cents(tax)), number_text(rate->rate)));
  }
}

void ClosingCheck::check_line(const Receipt& receipt, const Line& line) {
  namespace c = lines_columns;
  const auto place = [&](std::size_t column) {
    return spot(receipt, Table::lines, line.row, column);
  };
  for (const std::uint32_t index : line.shares) check_share(receipt, receipt.shares[index]);
  const bool has_factor = line.factor.readable();
  if (has_factor && line.factor.units == 0) {
    m_findings.add("B012", place(c::faktor), line.row[c::faktor], "not 0");
  } else if (line.price.readable() && line.quantity.readable() && !line.shares.empty() &&
             (!has_factor || line.factor.units > 0)) {
    const Units expected =
        multiply(line.price.units, line.quantity.units, has_factor ? line.factor.units : units_one);
    // Each share was rounded for itself.
    const Units tolerance = static_cast<Units>(line.shares.size()) * units_cent;
    if (!within(expected, line.amount, tolerance))
      m_findings.add(
          "B011", place(c::stk_br),
          fmt::format("{} x {} / {} = {}", number_text(line.price.units),
                      number_text(line.quantity.units),
                      has_factor ? number_text(line.factor.units) : "1", number_text(expected)),
          number_text(line.amount));
  }
  const Units quantity = line.quantity.units;
  if (line.quantity.readable() && quantity != 0 && line.amount != 0 &&
      (quantity < 0) != (line.amount < 0)) {
    // A negative price is how some write discounts and redemptions.
    m_findings.add("B013", place(c::menge),
                   fmt::format("{} and {}", number_text(quantity), number_text(line.amount)),
                   "the same sign", line.price.units < 0 ? Severity::warning : Severity::violation);
  }
  if (line.cancelled && quantity < 0)
    m_findings.add("S009", place(c::menge), line.row[c::menge], "P_STORNO or a negative quantity");
  if (line.cancelled && receipt.type == BonType::av_bestellung)
    m_findings.add("S010", place(c::p_storno), "1", "a new order with the signs reversed");
  if (line.gv == GvType::umsatz && line.amount != 0 &&
      (!line.quantity.readable() || !line.price.readable()))
    m_findings.add("F001", place(line.quantity.readable() ? c::stk_br : c::menge), "",
                   "quantity and price of an article", Severity::warning);
  if (!line.cancelled) check_signs(receipt, line);
}

void ClosingCheck::check_signs(const Receipt& receipt, const Line& line) {
  using enum GvType;
  using enum Severity;
  if (receipt.type != BonType::beleg) return;
  const bool reversed = receipt.storno || line.quantity.units < 0;
  const Units amount = reversed ? -line.amount : line.amount;
  const auto place = spot(receipt, Table::lines, line.row, lines_columns::gv_typ);
  const auto found = [&] {
    return fmt::format("{} {}", line.row[lines_columns::gv_typ], number_text(line.amount));
  };
  const Severity hard = receipt.refers() ? warning : violation;
  const auto expect = [&](bool fine, Severity severity, std::string_view what) {
    if (!fine) m_findings.add("B026", place, found(), what, severity);
  };
  switch (line.gv) {
    case anfangsbestand:
      return expect(amount >= 0, violation, "0 or more");
    case privatentnahme:
    case lohnzahlung:
      return expect(amount <= 0, hard, "0 or less");
    case privateinlage:
      return expect(amount >= 0, hard, "0 or more");
    case forderungsentstehung:
    case anzahlungsaufloesung:
    case einzweck_einloesung:
    case mehrzweck_einloesung:
      // Their quantity says nothing of the sign.
      return expect((receipt.storno ? -line.amount : line.amount) <= 0, hard, "0 or less");
    case forderungsaufloesung:
    case anzahlungseinstellung:
      return expect(amount >= 0, hard, "0 or more");
    case einzweck_kauf:
    case mehrzweck_kauf:
    case aufschlag:
    case trinkgeld_ag:
    case einzahlung:
      return expect(amount >= 0, warning, "0 or more");
    case rabatt:
      return expect((receipt.storno ? -line.amount : line.amount) <= 0, warning, "0 or less");
    case auszahlung:
      return expect(amount <= 0, warning, "0 or less");
    case pfand:
      if (line.amount != 0 && (receipt.storno ? -line.amount : line.amount) < 0)
        m_findings.add("B030", place, found(), "PfandRueckzahlung");
      return;
    case pfand_rueckzahlung:
      if ((receipt.storno ? -line.amount : line.amount) >= 0)
        m_findings.add("B030", place, found(), "less than 0");
      return;
    case umsatz:
    case zuschuss_echt:
    case zuschuss_unecht:
    case trinkgeld_an:
    case geldtransit:
    case differenz_soll_ist:
    case unknown:
      return;
  }
}

void ClosingCheck::check_components(const Receipt& receipt) {
  for (const auto& [line, indices] : by_line(receipt.component_line))
    check_components_of(receipt, receipt.lines[line], indices);
}

void ClosingCheck::check_components_of(const Receipt& receipt, const Line& line,
                                       std::span<const std::uint32_t> indices) {
  namespace c = itemamounts_columns;
  std::map<VatKey, KeySum> sums;
  bool reduced = false;
  const Amounts& first = receipt.components[indices.front()];
  for (const std::uint32_t index : indices) {
    const Amounts& one = receipt.components[index];
    const std::string_view type = one.row[c::typ];
    const bool discount = type == "discount" || type == "Rabatt";
    const bool extra = type == "extra_amount" || type == "Zuschlag";
    reduced |= discount || extra;
    const Units amount = line.amount < 0 ? -one.amount() : one.amount();
    if ((discount && amount >= 0) || (extra && amount < 0))
      m_findings.add("B015", spot(receipt, Table::itemamounts, one.row, c::pf_brutto),
                     fmt::format("{} {}", type, number_text(one.amount())),
                     discount ? "less than 0" : "0 or more");
    KeySum& sum = sums[one.key];
    sum.gross += one.amount();
    ++sum.shares;
  }
  if (!reduced)
    m_findings.add("B016", spot(receipt, Table::itemamounts, first.row), "a base price only",
                   "rows only with a discount or surcharge");
  for (const auto& [key, sum] : sums) {
    Units of_line = 0;
    for (const std::uint32_t index : line.shares) {
      if (receipt.shares[index].key == key) of_line += receipt.shares[index].amount();
    }
    if (has_amounts() && !within(sum.gross, of_line, sum.shares * units_cent))
      m_findings.add("B014", spot(receipt, Table::itemamounts, first.row, c::pf_brutto),
                     fmt::format("{} at key {}", number_text(sum.gross), key),
                     number_text(of_line));
  }
}

void ClosingCheck::check_parts(const Receipt& receipt) {
  for (const auto& [line, indices] : by_line(receipt.part_line))
    check_parts_of(receipt, receipt.lines[line], indices);
}

void ClosingCheck::check_parts_of(const Receipt& receipt, const Line& line,
                                  std::span<const std::uint32_t> indices) {
  namespace c = subitems_columns;
  Units sum = 0;
  std::set<VatKey> keys;
  const Amounts& first = receipt.parts[indices.front()];
  for (const std::uint32_t index : indices) {
    const Amounts& one = receipt.parts[index];
    const Number quantity = parse_number(one.row[c::zi_menge]);
    const Number factor = parse_number(one.row[c::zi_faktor]);
    keys.insert(one.key);
    sum += multiply(one.amount(), quantity.readable() ? quantity.units : units_one,
                    factor.units > 0 ? factor.units : units_one);
  }
  if (sum == 0) return;  // a free exchange
  for (const std::uint32_t index : line.shares) {
    if (!keys.contains(receipt.shares[index].key))
      m_findings.add("B017", spot(receipt, Table::subitems, first.row, c::zi_ust_schluessel),
                     fmt::format("no part of key {}", receipt.shares[index].key_text),
                     "a part of each key of the line");
  }
  const Units quantity = line.quantity.units == 0 ? units_one : line.quantity.units;
  const Units amount = std::abs(line.amount);
  const auto plausible = [amount](Units parts) {
    return amount <= 2 * std::abs(parts) && std::abs(parts) <= 4 * amount;
  };
  if (amount != 0 && !plausible(multiply(sum, quantity, units_one)) && !plausible(sum))
    m_findings.add("B017", spot(receipt, Table::subitems, first.row, c::zi_basispreis_brutto),
                   fmt::format("parts of {}", number_text(sum)), number_text(line.amount));
}

void ClosingCheck::check_payments(const Receipt& receipt) {
  namespace c = datapayment_columns;
  bool none = false;
  bool other = false;
  for (const Payment& payment : receipt.payments) {
    const auto place = [&](std::size_t column) {
      return spot(receipt, Table::datapayment, payment.row, column);
    };
    none |= payment.type == PayType::keine;
    other |= payment.type != PayType::keine;
    if (payment.type == PayType::keine && payment.base.units != 0)
      m_findings.add("B018", place(c::basiswaeh_betrag), payment.row[c::basiswaeh_betrag], "0,00");
    const bool is_foreign = !payment.currency.empty() && payment.currency != m_state.base_currency;
    if (is_foreign && !payment.foreign.readable())
      m_findings.add("B019", place(c::zahlwaeh_betrag), "",
                     fmt::format("an amount in {}", payment.currency));
    if (!is_foreign && payment.foreign.readable() && payment.foreign.units != 0)
      m_findings.add("B019", place(c::zahlwaeh_betrag), payment.row[c::zahlwaeh_betrag],
                     "nothing: the payment is in base currency");
    if (is_foreign && payment.foreign.units != 0 && payment.base.units != 0) {
      const Units rate =
          std::abs(multiply(payment.base.units, units_one, std::abs(payment.foreign.units)));
      if (m_state.rates.size() < 1000) m_state.rates.emplace(payment.currency, rate);
      const auto first = m_state.rates.find(payment.currency);
      if (first != m_state.rates.end() && !within(rate, first->second, first->second / 4))
        m_findings.add("B020", place(c::basiswaeh_betrag),
                       fmt::format("1 {} = {}", payment.currency, number_text(rate)),
                       fmt::format("about {}", number_text(first->second)));
    }
    const bool may_pay = !receipt.is_av() || receipt.type == BonType::av_training;
    if (!may_pay && payment.type != PayType::keine)
      m_findings.add(
          "B021", place(c::zahlart_typ),
          fmt::format("{} {}", payment.row[c::zahlart_typ], number_text(payment.base.units)),
          "Keine", edition() >= 23 ? Severity::violation : Severity::warning);
    if (receipt.type == BonType::av_belegabbruch && payment.type != PayType::keine)
      m_findings.add("S022", place(c::zahlart_typ), payment.row[c::zahlart_typ], "Keine");
  }
  if (none && other)
    m_findings.add("B018",
                   spot(receipt, Table::datapayment, receipt.payments[0].row, c::zahlart_typ),
                   "Keine beside another payment", "one or the other");
}

void ClosingCheck::check_cases(const Receipt& receipt) {
  namespace c = lines_columns;
  bool cash_only = false;
  bool transit_only = true;
  bool other = false;
  Row first;
  std::set<VatKey> reducible;
  if (std::ranges::find(receipt.lines, GvType::rabatt, &Line::gv) != receipt.lines.end()) {
    for (const Line& line : receipt.lines) {
      for (const std::uint32_t index : line.shares) {
        if (line.gv != GvType::rabatt) reducible.insert(receipt.shares[index].key);
      }
    }
  }
  for (const Line& line : receipt.lines) {
    if (line.cancelled || line.gv == GvType::unknown) continue;
    if (is_cash_only(line.gv)) {
      if (!cash_only) first = line.row;
      cash_only = true;
      transit_only &= line.gv == GvType::geldtransit;
    } else {
      other = true;
    }
    for (const std::uint32_t index : line.shares) {
      const Amounts& share = receipt.shares[index];
      const auto place =
          spot(receipt, Table::lines_vat, share.row, lines_vat_columns::ust_schluessel);
      const auto found = [&] {
        return fmt::format("{} at key {}", line.row[c::gv_typ], share.key_text);
      };
      if (is_cash_only(line.gv) && share.key != 5) m_findings.add("B025", place, found(), "key 5");
      if (is_voucher_multi(line.gv) && share.key != 5)
        m_findings.add("B027", place, found(), "key 5");
      if (is_voucher_single(line.gv) && (share.key == 5 || share.key == 7))
        m_findings.add("B027", place, found(), "the key of the supply", Severity::warning);
      if (line.gv == GvType::trinkgeld_an && share.key != 5)
        m_findings.add("B029", place, found(), "key 5");
      const bool receivable =
          line.gv == GvType::forderungsentstehung || line.gv == GvType::forderungsaufloesung;
      if (share.key == 7 && !receivable) m_findings.add("S003", place, found(), "Forderung only");
      if (line.gv == GvType::rabatt) {
        if (!reducible.contains(share.key))
          m_findings.add("B028", place, found(), "a key of what is reduced");
      }
    }
  }
  if (receipt.type != BonType::beleg || !cash_only) return;
  if (other) {
    m_findings.add("B024", spot(receipt, Table::lines, first, c::gv_typ), first[c::gv_typ],
                   "a Vorgang of its own");
    return;
  }
  for (const Payment& payment : receipt.payments) {
    if (payment.type == PayType::bar || payment.base.units == 0) continue;
    m_findings.add("B023",
                   spot(receipt, Table::datapayment, payment.row, datapayment_columns::zahlart_typ),
                   fmt::format("{} paid with {}", first[c::gv_typ],
                               payment.row[datapayment_columns::zahlart_typ]),
                   "Bar", transit_only ? Severity::warning : Severity::violation);
  }
}

}  // namespace siegel::verify::dsfinvk
