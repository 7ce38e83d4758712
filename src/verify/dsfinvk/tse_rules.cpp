#include <fmt/format.h>

#include <algorithm>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/cross_check.h"
#include "verify/dsfinvk/process_data.h"
#include "verify/dsfinvk/vat_catalogue.h"

// Rules about what the TSE signed (T).

namespace siegel::verify::dsfinvk {

namespace {

namespace c = transactions_tse_columns;

constexpr std::int64_t clock_tolerance_ms = 10 * 60'000;
/// So many wrong signatures of a TSE are tried in all forms; further ones in the known form only.
constexpr std::uint64_t searches_max = 10;
constexpr std::size_t clients_tried_max = 20;

bool is_zero(const Containers& containers) {
  return std::ranges::all_of(containers, [](std::int64_t cents) { return cents == 0; });
}

}  // namespace

void ClosingCheck::check_secured(const Receipt& receipt) {
  if (receipt.secured.empty() && !m_state.tses.empty() && has(Table::transactions_tse))
    m_findings.add("T001", spot(receipt, Table::transactions, receipt.head),
                   "no row in transactions_tse.csv", "a row, in an outage too");
  for (const Row row : receipt.secured) check_transaction(receipt, row);
}

void ClosingCheck::check_transaction(const Receipt& receipt, Row row) {
  const auto place = [&](std::size_t column = no_column) {
    return spot(receipt, Table::transactions_tse, row, column);
  };
  const bool is_signed = !row[c::tse_ta_sig].empty();
  const bool has_error = !row[c::tse_ta_fehler].empty();
  if (!is_signed && !has_error)
    m_findings.add("T002", place(c::tse_ta_fehler), "neither TSE_TA_SIG nor TSE_TA_FEHLER",
                   "the signature, or why there is none");
  if (is_signed && has_error)
    m_findings.add("T003", place(c::tse_ta_fehler), row[c::tse_ta_fehler], "one or the other");
  TseEntry* tse = nullptr;
  for (TseEntry& known : m_state.tses) {
    if (known.id == row[c::tse_id]) tse = &known;
  }
  if (tse == nullptr && !row[c::tse_id].empty() && !m_state.tses.empty())
    m_findings.add("K015", place(c::tse_id), row[c::tse_id], "a TSE_ID of tse.csv in this closing");
  if (!is_signed) return;
  ++m_state.secured_rows;
  for (const std::size_t column :
       {std::size_t{c::tse_id}, std::size_t{c::tse_tanr}, std::size_t{c::tse_ta_start},
        std::size_t{c::tse_ta_ende}, std::size_t{c::tse_ta_vorgangsart},
        std::size_t{c::tse_ta_sigz}}) {
    if (row[column].empty())
      m_findings.add("F001", place(column), "", info(Table::transactions_tse).columns[column].name);
  }
  const auto start = parse_stamp(row[c::tse_ta_start]);
  const auto end = parse_stamp(row[c::tse_ta_ende]);
  if (start && end && end->utc_ms() < start->utc_ms())
    m_findings.add("T011", place(c::tse_ta_ende), row[c::tse_ta_ende],
                   fmt::format("not before {}", row[c::tse_ta_start]));
  if (end && receipt.end) {
    const std::int64_t till = receipt.end->german_ms();
    const std::int64_t device = end->german_ms();
    if (std::abs(till - device) > clock_tolerance_ms)
      m_findings.add("D011", place(c::tse_ta_ende),
                     fmt::format("register {}, TSE {}", civil_text(till), civil_text(device)),
                     "ten minutes apart at most");
  }
  check_process_type(receipt, row);
  check_process_data(receipt, row, tse);
  if (tse == nullptr) return;
  if (end && tse->certificate &&
      (end->utc_ms() < tse->valid_from.unix_ms() || end->utc_ms() > tse->valid_until.unix_ms()))
    m_findings.add(
        "T006", place(c::tse_ta_ende), row[c::tse_ta_ende],
        fmt::format("within {} and {}", tse->valid_from.text(), tse->valid_until.text()));
  if (end && tse->certificate) {
    const auto seen = m_gathered.certificates.find(*tse->certificate);
    if (seen != m_gathered.certificates.end())
      seen->second.last_ms = std::max(seen->second.last_ms, end->utc_ms());
  }
  check_signature(receipt, row, *tse);
}

void ClosingCheck::check_process_type(const Receipt& receipt, Row row) {
  const std::string_view type = row[c::tse_ta_vorgangsart];
  if (type.empty()) return;
  bool fits = true;
  using enum BonType;
  switch (receipt.type) {
    case beleg:
      fits = type == "Kassenbeleg-V1";
      break;
    case av_bestellung:
    case av_training:
    case av_belegabbruch:
      fits = type != "SonstigerVorgang";
      break;
    case av_rechnung:
    case av_transfer:
    case av_sachbezug:
    case av_belegstorno:
      fits = type != "Bestellung-V1";
      break;
    case av_sonstige:
    case unknown:
      break;
  }
  if (!fits)
    m_findings.add("T013", spot(receipt, Table::transactions_tse, row, c::tse_ta_vorgangsart), type,
                   receipt.type == av_bestellung ? "Bestellung-V1" : "Kassenbeleg-V1");
}

Containers ClosingCheck::containers_of(const std::vector<KeySum>& sums) {
  std::array<Units, 5> units{};
  for (const KeySum& sum : sums) {
    const VatRate* rate = m_state.rate_of(sum.key);
    units[container_of(sum.key, rate == nullptr ? 0 : rate->rate)] += sum.gross;
  }
  Containers out{};
  for (std::size_t i = 0; i < units.size(); ++i) out[i] = cut_cents(units[i]);
  return out;
}

void ClosingCheck::check_process_data(const Receipt& receipt, Row row, const TseEntry* tse) {
  const std::string_view data = row[c::tse_vorgangsdaten];
  const std::string_view type = row[c::tse_ta_vorgangsart];
  if (data.empty()) return;
  const auto place = spot(receipt, Table::transactions_tse, row, c::tse_vorgangsdaten);
  if (tse != nullptr && tse->ascii && std::ranges::any_of(data, [](char letter) {
        return static_cast<unsigned char>(letter) > 0x7F;
      }))
    m_findings.add("T020", place, data, "ASCII");
  if (receipt.type == BonType::av_training && data.starts_with("Beleg^"))
    m_findings.add("T026", place, data, "AVTraining^...");
  if (type == "Kassenbeleg-V1") {
    check_kassenbeleg(receipt, row, place);
  } else if (type == "Bestellung-V1") {
    check_order(receipt, row, place, tse != nullptr && tse->ascii);
  }
}

void ClosingCheck::check_kassenbeleg(const Receipt& receipt, Row row, const Spot& place) {
  const std::string_view data = row[c::tse_vorgangsdaten];
  std::string why;
  const auto parsed = parse_kassenbeleg(data, why);
  if (!parsed) {
    m_findings.add("T014", place, fmt::format("{}: {}", why, data),
                   "Vorgangstyp^five amounts with two decimals^payments");
    return;
  }
  const std::string_view type = receipt.head[transactions_columns::bon_typ];
  if (parsed->type != type) m_findings.add("T015", place, data, type);
  const bool aborted = receipt.type == BonType::av_belegabbruch;
  if (!has_amounts() || !has(Table::vat) || !has(Table::datapayment)) return;
  std::vector<KeySum> printed;
  for (const Amounts& total : receipt.totals) printed.push_back({total.key, total.amount(), 1});
  const Containers of_lines = aborted ? Containers{} : containers_of(receipt.keys);
  const Containers of_totals = aborted ? Containers{} : containers_of(printed);
  const bool cash_only =
      !receipt.lines.empty() && std::ranges::all_of(receipt.lines, [](const Line& line) {
        return line.cancelled || is_cash_only(line.gv);
      });
  const auto matches = [&](const Containers& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::int64_t tolerance = receipt.has_net ? 1 : 0;
      if (std::abs(expected[i] - parsed->containers[i]) > tolerance) return false;
    }
    return true;
  };
  const bool old_cash_form = cash_only && is_zero(parsed->containers) && !is_zero(of_lines);
  const bool containers_fit = matches(of_lines) || (!receipt.totals.empty() && matches(of_totals));
  if (!containers_fit)
    m_findings.add("T016", place, containers_text(parsed->containers), containers_text(of_lines),
                   old_cash_form ? Severity::info : Severity::violation);
  const std::string payments = aborted ? "" : payments_text(receipt, m_state.base_currency);
  if (parsed->payments != payments) m_findings.add("T017", place, parsed->payments, payments);
  std::int64_t turnover = 0;
  for (const std::int64_t cents : parsed->containers) turnover += cents;
  if (receipt.type == BonType::beleg && !parsed->foreign && turnover != parsed->paid &&
      !old_cash_form)
    m_findings.add(
        "T018", place,
        fmt::format("{}: turnover {}, payments {} (cents)", data, turnover, parsed->paid),
        "the same sum", edition() >= 23 ? Severity::warning : Severity::info);
  if (!containers_fit || parsed->payments != payments || parsed->type != type)
    m_findings.add(
        "T019", place, data, fmt::format("{}^{}^{}", type, containers_text(of_lines), payments),
        old_cash_form && parsed->payments == payments ? Severity::info : Severity::violation);
}

void ClosingCheck::check_order(const Receipt& receipt, Row row, const Spot& place, bool ascii) {
  const std::string_view data = row[c::tse_vorgangsdaten];
  std::string why;
  const bool old_form = edition() <= 20 && data.find('\r') == std::string_view::npos;
  const auto parsed = parse_order(data, old_form ? '\n' : '\r', why);
  if (!parsed) {
    m_findings.add("T014", place, fmt::format("{}: {}", why, data),
                   R"(quantity;"text";price, lines separated by CR)");
    return;
  }
  if (!has(Table::lines)) return;
  std::vector<const Line*> lines;
  for (const Line& line : receipt.lines) {
    if (!line.cancelled) lines.push_back(&line);
  }
  bool same = lines.size() == parsed->size();
  for (std::size_t i = 0; same && i < lines.size(); ++i) {
    const OrderLine& order = (*parsed)[i];
    same = order.quantity == lines[i]->quantity.units &&
           cut_cents(order.price) == cut_cents(lines[i]->price.units) &&
           (ascii || order.text == lines[i]->row[lines_columns::artikeltext]);
  }
  if (same) return;
  const std::string expected = order_text(receipt);
  m_findings.add("T025", place, data, expected);
  m_findings.add("T019", place, data, expected);
}

bool ClosingCheck::verify_with(TseEntry& tse, const qr::FinishFacts& facts, BytesView signature) {
  if (tse.form_known) {
    qr::build_finish(facts, tse.form, *tse.key, *tse.algorithm, m_message);
    if (crypto::verify(*tse.key, *tse.algorithm, m_message, signature)) return true;
  }
  if (tse.failures >= searches_max) return false;
  const auto form = qr::find_finish_form(facts, tse.time_kind.value_or(tse::TimeKind::unix),
                                         *tse.key, *tse.algorithm, signature);
  if (!form) return false;
  tse.form = *form;
  tse.form_known = true;
  return true;
}

void ClosingCheck::check_signature(const Receipt& receipt, Row row, TseEntry& tse) {
  const auto place = spot(receipt, Table::transactions_tse, row, c::tse_ta_sig);
  const auto number = parse_id(row[c::tse_tanr]);
  const auto counter = parse_id(row[c::tse_ta_sigz]);
  const auto end = parse_stamp(row[c::tse_ta_ende]);
  auto signature = from_base64(row[c::tse_ta_sig]);
  if (!number || !counter || !end || !tse.key || !tse.algorithm) return;
  add_transaction_facts(row, tse, *number, *counter, end->utc_ms());
  if (!signature.ok()) {
    m_gathered.signatures.count(false);
    m_findings.add("T008", place, row[c::tse_ta_sig], "a signature in Base64");
    return;
  }
  const std::size_t wanted = signature_bytes(tse.key->curve());
  if (signature->size() != wanted) {
    auto plain = crypto::plain_from_der(tse.key->curve(), *signature);
    m_findings.add("T007", place, fmt::format("{} bytes", signature->size()),
                   fmt::format("r and s of {} bytes", wanted),
                   plain.ok() ? Severity::warning : Severity::violation);
    if (plain.ok()) signature = std::move(*plain);
  }
  const std::string_view terminal = receipt.head[transactions_columns::terminal_id];
  const auto slave = std::ranges::find(m_state.terminals, terminal, &Terminal::id);
  const bool is_slave = !terminal.empty() && slave != m_state.terminals.end();
  // The client id is signed too: without its table nothing can be said.
  if (!has(terminal.empty() ? Table::cashregister : Table::slaves)) return;
  std::vector<std::string> data{std::string(row[c::tse_vorgangsdaten])};
  if (data[0].empty()) data = rebuilt_data(receipt, row[c::tse_ta_vorgangsart]);
  qr::FinishFacts facts{.client = is_slave ? slave->serial : std::string_view(m_state.serial),
                        .process_type = row[c::tse_ta_vorgangsart],
                        .transaction = *number,
                        .counter = *counter,
                        .end = Instant::from_unix_ms(std::max<std::int64_t>(0, end->utc_ms()))};
  const auto try_data = [&] {
    return std::ranges::any_of(data, [&](const std::string& text) {
      facts.process_data = text;
      return verify_with(tse, facts, *signature);
    });
  };
  bool valid = try_data();
  if (!valid && tse.failures < searches_max) {
    // Perhaps another device was the client.
    std::vector<std::string_view> clients;
    if (is_slave) clients.emplace_back(m_state.serial);
    for (const Terminal& other : m_state.terminals) {
      if (clients.size() < clients_tried_max && other.serial != facts.client)
        clients.push_back(other.serial);
    }
    for (const std::string_view client : clients) {
      const std::string expected(facts.client);
      facts.client = client;
      valid = try_data();
      if (!valid) continue;
      if (edition() >= 23)
        m_findings.add(
            "S020",
            spot(receipt, Table::transactions, receipt.head, transactions_columns::terminal_id),
            fmt::format("{} signed", client),
            is_slave ? "TERMINAL_ID empty" : "the TERMINAL_ID of this device");
      break;
    }
  }
  m_gathered.signatures.count(valid);
  if (valid) return;
  ++tse.failures;
  m_findings.add("T008", place, row[c::tse_ta_sig],
                 fmt::format("a signature of transaction {}, counter {}", *number, *counter));
}

std::vector<std::string> ClosingCheck::rebuilt_data(const Receipt& receipt, std::string_view type) {
  if (type == "Bestellung-V1") return {order_text(receipt)};
  if (type != "Kassenbeleg-V1") return {std::string()};
  const std::string head(receipt.head[transactions_columns::bon_typ]);
  if (receipt.type == BonType::av_belegabbruch) return {head + "^" + containers_text({}) + "^"};
  std::vector<KeySum> printed;
  for (const Amounts& total : receipt.totals) printed.push_back({total.key, total.amount(), 1});
  const std::string payments = payments_text(receipt, m_state.base_currency);
  std::vector<std::string> out{head + "^" + containers_text(containers_of(receipt.keys)) + "^" +
                               payments};
  std::string other = head + "^" + containers_text(containers_of(printed)) + "^" + payments;
  if (other != out[0]) out.push_back(std::move(other));
  return out;
}

void ClosingCheck::add_transaction_facts(Row row, const TseEntry& tse, std::uint64_t number,
                                         std::uint64_t counter, std::int64_t end) {
  const auto start = parse_stamp(row[c::tse_ta_start]);
  Fact fact;
  fact.topic = Topic::transaction;
  fact.kind = fact_row;
  fact.closing = m_state.index;
  fact.key0 = tse.index;
  fact.key1 = number;
  fact.order = counter;
  fact.line = row.line;
  const auto signature = from_base64(row[c::tse_ta_sig]);
  fact.value = {end, start ? start->utc_ms() : 0,
                static_cast<std::int64_t>(signature.ok() ? text_hash(text_of(*signature))
                                                         : text_hash(row[c::tse_ta_sig])),
                static_cast<std::int64_t>(counter)};
  m_gathered.facts.add(fact);
  fact.topic = Topic::counter;
  fact.key1 = counter;
  fact.order = static_cast<std::uint64_t>(std::max<std::int64_t>(0, end));
  fact.value[3] = static_cast<std::int64_t>(number);
  m_gathered.facts.add(fact);
  const auto [at, is_new] = m_gathered.spans.try_emplace(tse.index, Gathered::Span{end, end, 0});
  at->second.first_ms = std::min(at->second.first_ms, end);
  at->second.last_ms = std::max(at->second.last_ms, end);
  ++at->second.signatures;
}

}  // namespace siegel::verify::dsfinvk
