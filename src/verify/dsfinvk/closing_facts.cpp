#include <algorithm>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/cross_check.h"

// What a Vorgang adds to its closing and says beside others.

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::size_t operators_max = 20'000;
constexpr std::size_t months_max = 5'000;

/// The same for the same amounts in any order. `sign` -1: what undoes them.
std::uint64_t content_hash(const Receipt& receipt, Units sign) {
  std::uint64_t hash = 0;
  const auto add = [&](std::uint64_t what, Units amount) {
    if (amount == 0) return;
    const std::array<std::uint64_t, 2> pair = {what, static_cast<std::uint64_t>(amount * sign)};
    hash += text_hash(text_of(std::as_bytes(std::span(pair))));
  };
  for (const KeySum& sum : receipt.keys) add(sum.key, to_cents(sum.gross));
  std::array<Units, 8> paid{};
  for (const Payment& payment : receipt.payments)
    paid[static_cast<std::size_t>(payment.type)] += payment.base.units;
  for (std::size_t type = 0; type < paid.size(); ++type) add(1000 + type, paid[type]);
  return hash;
}

std::int64_t key_mask(const Receipt& receipt, const Line& line) {
  std::uint64_t mask = 0;
  for (const std::uint32_t index : line.shares) {
    // Former rates settle what the rate in force opened.
    std::uint64_t key = receipt.shares[index].key;
    if (key >= 11 && key <= 43) key %= 10;
    mask |= std::uint64_t{1} << std::min<std::uint64_t>(key, 62);
  }
  return static_cast<std::int64_t>(mask);
}

bool opens(GvType type) {
  return type == GvType::forderungsentstehung || type == GvType::anzahlungseinstellung;
}
bool settles(GvType type) {
  return type == GvType::forderungsaufloesung || type == GvType::anzahlungsaufloesung;
}

}  // namespace

void set_receipt_key(Fact& fact, std::uint32_t register_index, std::string_view id) {
  const auto number = parse_id(id);
  fact.topic = Topic::receipt;
  fact.key0 = std::uint64_t{register_index} * 2 + (number ? 0 : 1);
  fact.key1 = number ? *number : text_hash(id);
}

void ClosingCheck::accumulate(const Receipt& receipt) {
  namespace c = transactions_columns;
  const bool counts = receipt.type == BonType::beleg;
  bool opening = false;
  for (const Line& line : receipt.lines) {
    if (line.cancelled) continue;
    for (const std::uint32_t index : line.shares) {
      const Amounts& share = receipt.shares[index];
      const std::tuple key(line.row[lines_columns::gv_typ], line.row[lines_columns::gv_name],
                           line.agency, share.key);
      if (counts) {
        auto at = m_state.cases.find(key);
        if (at == m_state.cases.end()) at = m_state.cases.emplace(CaseKey(key), CaseSum()).first;
        at->second.gross += share.amount();
        ++at->second.shares;
      } else {
        auto at = m_state.other_cases.find(key);
        if (at == m_state.other_cases.end())
          at = m_state.other_cases.emplace(CaseKey(key), 0).first;
        at->second += share.amount();
      }
    }
    if (counts && line.gv == GvType::anfangsbestand) {
      opening = true;
      m_state.summary.opening = m_state.summary.opening.value_or(0) + line.amount;
    }
    if (counts && line.gv == GvType::differenz_soll_ist) {
      ++m_state.summary.differences;
      m_state.summary.difference_sum += std::abs(line.amount);
    }
  }
  Units cash = 0;
  for (const Payment& payment : receipt.payments) {
    const std::tuple key(payment.row[datapayment_columns::zahlart_typ],
                         payment.row[datapayment_columns::zahlart_name]);
    auto& sums = counts ? m_state.payments : m_state.other_payments;
    auto at = sums.find(key);
    if (at == sums.end()) at = sums.emplace(PayKey(key), 0).first;
    at->second += payment.base.units;
    if (!counts || payment.type != PayType::bar) continue;
    const bool foreign = !payment.currency.empty() && payment.currency != m_state.base_currency;
    const std::string_view currency =
        foreign ? payment.currency : std::string_view(m_state.base_currency);
    auto in_currency = m_state.cash.find(currency);
    if (in_currency == m_state.cash.end()) in_currency = m_state.cash.emplace(currency, 0).first;
    in_currency->second += foreign ? payment.foreign.units : payment.base.units;
    if (!foreign) cash += payment.base.units;
  }
  add_to_summary(receipt, cash, opening);
  OperatorCounts* counted = nullptr;
  const std::string_view who = receipt.head[c::bediener_id];
  const auto known = m_gathered.operators.find(who);
  if (known != m_gathered.operators.end()) {
    counted = &known->second;
  } else if (m_gathered.operators.size() < operators_max) {
    counted = &m_gathered.operators[std::string(who)];
  }
  if (counted == nullptr) return;
  ++counted->all;
  counted->aborted += receipt.type == BonType::av_belegabbruch ? 1U : 0U;
  counted->training += receipt.type == BonType::av_training ? 1U : 0U;
  counted->cancelled += receipt.storno ? 1 : 0;
  const bool zero =
      counts && receipt.gross.units == 0 && receipt.line_sum == 0 && receipt.lines.size() <= 1;
  counted->zero += zero ? 1U : 0U;
}

void ClosingCheck::add_to_summary(const Receipt& receipt, Units cash, bool opening) {
  ClosingSummary& summary = m_state.summary;
  ++summary.receipts;
  if (!parse_id(receipt.id)) ++summary.text_ids;
  const auto number = parse_id(receipt.head[transactions_columns::bon_nr]);
  if (number) m_state.numbers.push_back({*number, receipt.head.line});
  const Closing& closing = *m_state.closing;
  m_state.start_found |= receipt.id == closing.fields[cashpointclosing_columns::z_start_id];
  m_state.end_found |= receipt.id == closing.fields[cashpointclosing_columns::z_ende_id];
  if (const auto id = parse_id(receipt.id)) {
    if (!m_state.first_number || *id < *m_state.first_number) m_state.first_number = *id;
    if (!m_state.last_number || *id > *m_state.last_number) m_state.last_number = *id;
  }
  if (m_state.first_id.empty()) m_state.first_id = receipt.id;
  m_state.last_id = receipt.id;
  if (receipt.start) {
    const std::int64_t start = receipt.start->german_ms();
    summary.first_start_ms = std::min(summary.first_start_ms.value_or(start), start);
  }
  const bool outage = std::ranges::any_of(receipt.secured, [](Row row) {
    return row[transactions_tse_columns::tse_ta_sig].empty() &&
           !row[transactions_tse_columns::tse_ta_fehler].empty();
  });
  if (!receipt.end) return;
  const std::int64_t end = receipt.end->german_ms();
  const std::int64_t day = end / 86'400'000;
  summary.last_end_ms = std::max(summary.last_end_ms.value_or(end), end);
  if (summary.days.size() < 1000 && std::ranges::find(summary.days, day) == summary.days.end())
    summary.days.push_back(day);
  m_state.timed.push_back(
      {end, cash, static_cast<std::uint32_t>(receipt.head.line), outage, opening});
  for (const KeySum& sum : receipt.keys) {
    if (sum.key < 1 || sum.key > 3) continue;
    auto& [first, last] = m_state.key_days[sum.key];
    if (first == 0 || day < first) first = day;
    last = std::max(last, day);
  }
  if (receipt.type != BonType::beleg) return;
  const std::string month = day_text(day).substr(0, 7);
  for (const Amounts& total : receipt.totals) {
    std::pair key(month, std::string(total.key_text));
    if (m_gathered.months.size() >= months_max && !m_gathered.months.contains(key)) continue;
    MonthSum& sum = m_gathered.months[std::move(key)];
    sum.gross += total.gross.units;
    sum.net += total.net.units;
    sum.tax += total.tax.units;
  }
}

void ClosingCheck::add_facts(const Receipt& receipt) {
  Fact own;
  own.closing = m_state.index;
  own.line = receipt.head.line;
  set_receipt_key(own, m_state.closing->register_index, receipt.id);
  const std::uint64_t group =
      receipt.groups.empty()
          ? 0
          : text_hash(receipt.groups[0][allocation_groups_columns::abrechnungskreis]);
  const std::int64_t end = receipt.end ? receipt.end->utc_ms() : 0;
  const auto traits = static_cast<std::int64_t>(static_cast<std::uint64_t>(receipt.type) |
                                                (receipt.storno ? receipt_storno : 0U) |
                                                (group & receipt_group_mask));
  own.kind = fact_receipt;
  own.value = {end, receipt.gross.units, static_cast<std::int64_t>(content_hash(receipt, 1)),
               traits};
  m_gathered.facts.add(own);
  for (const Line& line : receipt.lines) {
    if (line.cancelled || receipt.type != BonType::beleg || !opens(line.gv)) continue;
    Fact opened = own;
    opened.kind = fact_opened;
    opened.line = line.row.line;
    opened.value = {static_cast<std::int64_t>(line.gv), line.amount, key_mask(receipt, line), 0};
    m_gathered.facts.add(opened);
  }
  add_references(receipt, own, traits);
  add_groups(receipt, own);
  add_vouchers(receipt, own);
}

void ClosingCheck::add_references(const Receipt& receipt, const Fact& own, std::int64_t traits) {
  namespace c = references_columns;
  std::optional<Fact> whole;
  std::vector<std::pair<std::string_view, Fact>> targets;
  for (const Row row : receipt.references) {
    if (row[c::ref_typ] != "Transaktion") continue;
    const auto known = m_input.closings.register_of(row[c::ref_z_kasse_id]);
    if (!known) continue;
    Fact fact;
    fact.closing = m_state.index;
    fact.line = row.line;
    set_receipt_key(fact, *known, row[c::ref_bon_id]);
    fact.kind = fact_reference;
    const auto number = parse_id(row[c::ref_z_nr]);
    fact.value = {number ? static_cast<std::int64_t>(*number) : -1,
                  static_cast<std::int64_t>(text_hash(row[c::ref_datum])), own.value[0], traits};
    m_gathered.facts.add(fact);
    targets.emplace_back(row[c::pos_zeile], fact);
    if (row[c::pos_zeile].empty() && !whole) whole = fact;
  }
  if (targets.empty() || receipt.type != BonType::beleg) return;
  bool settling = false;
  for (const Line& line : receipt.lines) {
    if (line.cancelled || !settles(line.gv)) continue;
    settling = true;
    const auto own_target =
        std::ranges::find(targets, line.position, [](const auto& pair) { return pair.first; });
    Fact fact = own_target == targets.end() ? targets[0].second : own_target->second;
    fact.kind = fact_settled;
    fact.line = line.row.line;
    fact.value = {static_cast<std::int64_t>(line.gv), line.amount, key_mask(receipt, line), 0};
    m_gathered.facts.add(fact);
  }
  const bool mirrored = !receipt.storno && receipt.gross.units < 0 && !settling;
  if (!whole && receipt.storno) whole = targets[0].second;
  if (!whole || (!receipt.storno && !mirrored)) return;
  whole->kind = fact_cancelled;
  whole->line = receipt.head.line;
  whole->value = {static_cast<std::int64_t>(content_hash(receipt, -1)), receipt.gross.units,
                  receipt.storno ? 1 : 0, 0};
  m_gathered.facts.add(*whole);
}

void ClosingCheck::add_groups(const Receipt& receipt, const Fact& own) {
  const bool order = receipt.type == BonType::av_bestellung;
  const bool bill = receipt.type == BonType::beleg;
  if (!order && !bill) return;
  bool first = true;
  for (const Row row : receipt.groups) {
    const std::string_view name = row[allocation_groups_columns::abrechnungskreis];
    if (name.empty()) continue;
    Fact fact;
    fact.topic = Topic::group;
    fact.key0 = text_hash(name);
    fact.order = static_cast<std::uint64_t>(std::max<std::int64_t>(0, own.value[0]));
    fact.kind = order ? fact_order : fact_bill;
    fact.closing = own.closing;
    fact.line = row.line;
    m_gathered.facts.add(fact);
    if (!first) continue;  // quantities are counted once
    first = false;
    for (const Line& line : receipt.lines) {
      if (line.cancelled || line.gv != GvType::umsatz || !line.quantity.readable()) continue;
      Fact article = fact;
      const std::string_view number = line.row[lines_columns::art_nr];
      article.topic = Topic::article;
      article.key1 = text_hash(number.empty() ? line.row[lines_columns::artikeltext] : number);
      article.line = line.row.line;
      article.value = {order ? line.quantity.units : 0, order ? 0 : line.quantity.units, 0, 0};
      m_gathered.facts.add(article);
    }
  }
}

void ClosingCheck::add_vouchers(const Receipt& receipt, const Fact& own) {
  if (receipt.type != BonType::beleg) return;
  for (const Line& line : receipt.lines) {
    const std::string_view number = line.row[lines_columns::gutschein_nr];
    const bool sold = line.gv == GvType::einzweck_kauf || line.gv == GvType::mehrzweck_kauf;
    const bool redeemed =
        line.gv == GvType::einzweck_einloesung || line.gv == GvType::mehrzweck_einloesung;
    if (number.empty() || line.cancelled || (!sold && !redeemed)) continue;
    Fact fact;
    fact.topic = Topic::voucher;
    fact.key0 = text_hash(number);
    fact.order = static_cast<std::uint64_t>(std::max<std::int64_t>(0, own.value[0]));
    fact.kind = sold ? fact_sold : fact_redeemed;
    fact.closing = own.closing;
    fact.line = line.row.line;
    fact.value = {line.amount, 0, 0, 0};
    m_gathered.facts.add(fact);
  }
}

}  // namespace siegel::verify::dsfinvk
