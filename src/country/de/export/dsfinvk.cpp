#include "country/de/export/dsfinvk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "country/de/export/dsfinvk_state.h"
#include "country/de/export/index_xml.h"

namespace siegel::country::de {
namespace {

__extension__ using Int128 = __int128;

constexpr std::size_t stamp_seconds = 19;  // "2026-11-20T18:42:17"
constexpr int quantity_scale = 3;
constexpr int price_scale = 5;
constexpr std::int64_t quantity_one = 1000;
constexpr std::size_t certificate_part = 1000;

/// The till's wall time without offset, as the standard asks for; with it in the hour of autumn
/// that comes twice.
std::string stamp_of(std::string_view text) {
  std::string out(text.substr(0, stamp_seconds));
  if (text.size() < stamp_seconds) return out;
  if (text.substr(5, 2) == "10" && text.substr(8, 2) >= "25" && text.substr(11, 2) == "02")
    out += text.ends_with('Z') ? text.substr(text.size() - 1) : text.substr(text.size() - 6);
  return out;
}

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string_view reference_word(std::string_view kind) {
  if (kind == "receipt") return "Transaktion";
  if (kind == "external_invoice") return "ExterneRechnung";
  if (kind == "external_delivery") return "ExternerLieferschein";
  return "ExterneSonstige";
}

/// BON_NAME where a till gave none: mandatory for AVSonstige.
std::string_view name_of_kind(std::string_view kind) {
  if (kind == "stock_take") return "Inventur";
  if (kind == "commission") return "Kommission";
  return "Sonstiger Vorgang";
}

/// A discount on a line with several keys is shared out by the line's own shares; what cannot be
/// divided goes to the last.
std::int64_t part_of(std::int64_t amount, std::int64_t share, std::int64_t whole) {
  if (whole == 0) return 0;
  const Int128 product = static_cast<Int128>(amount) * share;
  return static_cast<std::int64_t>(product / whole);
}

/// A delivery note whose turnover another system books: its values are zero everywhere, as signed.
bool is_without_values(const PlanView& plan) { return plan.kind == "transfer" && plan.vat.empty(); }

}  // namespace

void ClosingIndex::add(const Closing& closing) {
  m_closings[closing.register_id.text()].push_back({.at = closing.at.text(),
                                                    .number = closing.number,
                                                    .first_number = closing.first_number,
                                                    .last_number = closing.last_number});
}

void ClosingIndex::add_register(std::string_view register_id) {
  m_closings.try_emplace(std::string(register_id));
}

bool ClosingIndex::is_open(std::string_view register_id, std::uint64_t number) const {
  const auto of = m_closings.find(register_id);
  if (of == m_closings.end()) return false;
  return std::ranges::none_of(of->second,
                              [&](const ClosedAt& closed) { return closed.last_number >= number; });
}

const ClosedAt* ClosingIndex::find(std::string_view register_id, std::uint64_t number) const {
  const auto of = m_closings.find(register_id);
  if (of == m_closings.end()) return nullptr;
  // Closings without receipts have last_number 0: the first that reaches the number counts.
  for (auto it = of->second.rbegin(); it != of->second.rend(); ++it) {
    if (it->first_number == 0) continue;
    if (it->first_number <= number) return number <= it->last_number ? &*it : nullptr;
  }
  return nullptr;
}

std::size_t DsfinvkWriter::State::tse_id(std::string_view serial) {
  for (std::size_t i = 0; i < frame.closing.tses.size(); ++i)
    if (frame.closing.tses[i] == serial) return i + 1;
  return 0;
}

std::string DsfinvkWriter::State::note_of(const PlanView& plan) const {
  std::string note;
  const auto add = [&](std::string_view part) {
    if (part.empty()) return;
    if (!note.empty()) note += " | ";
    note += part;
  };
  add(plan.note);
  if (!plan.reason.empty()) add(fmt::format("Grund: {}", plan.reason));
  if (!plan.handwritten_at.empty())
    add(fmt::format("Handbeleg {} vom {}", plan.handwritten_number, plan.handwritten_at));
  const std::string_view base = frame.register_info.base_currency.text();
  for (const PaymentView& payment : plan.payments)
    if (payment.currency != base && payment.amount != 0)
      add(fmt::format("{} {} = {} {}", Money::from_cents(payment.amount).text(), payment.currency,
                      Money::from_cents(payment.value).text(), base));
  if (note.empty() && plan.kind == "memo") note = plan.process_data;
  return note;
}

void DsfinvkWriter::State::write_buyer(CsvBuffer& out, const PlanView& plan) {
  const BuyerView& buyer = plan.buyer;
  const std::string_view name = buyer.name.empty() ? plan.customer : buyer.name;
  const bool is_known = !name.empty() || !buyer.id.empty() || !buyer.type.empty();
  // The three stand together or not at all [DSFinV-K 3.1].
  text(out, is_known && name.empty() ? "unbekannt" : name, 50);
  text(out, is_known && buyer.id.empty() ? "0" : buyer.id, 50);
  text(out, is_known && buyer.type.empty() ? "Kunde" : buyer.type, 50);
  text(out, buyer.street, 60);
  text(out, buyer.postcode, 10);
  text(out, buyer.city, 62);
  text(out, buyer.country, 3);
  text(out, buyer.vat_id, 15);
}

void DsfinvkWriter::State::write_head(const PlanView& plan, std::string_view actor) {
  CsvBuffer& out = row(DsfinvkTable::transactions);
  const bool has_name = !plan.bon_typ.empty() && plan.bon_typ != "AVSonstige";
  number(out, plan.number);
  text(out, plan.bon_typ.empty() ? "AVSonstige" : plan.bon_typ, 30);
  text(out, !plan.name.empty() || has_name ? plan.name : name_of_kind(plan.kind), 60);
  out.separator();  // TERMINAL_ID: the client of the TSE is the register itself [7.8]
  out.separator();
  out.character(plan.kind == "reversal" ? '1' : '0');
  text(out, stamp_of(plan.began), 30);
  text(out, stamp_of(plan.decided), 30);
  const std::string_view person = !plan.cashier_id.empty() ? plan.cashier_id
                                  : !plan.cashier.empty()  ? plan.cashier
                                  : !actor.empty()         ? actor
                                                           : "0";
  text(out, person, 50);
  text(out, plan.cashier, 50);
  cents(out, plan.total, 2);
  write_buyer(out, plan);
  const bool has_note = !plan.note.empty() || !plan.reason.empty() || plan.kind == "memo" ||
                        !plan.handwritten_at.empty() || plan.payments.size() > 1 ||
                        (plan.payments.size() == 1 && plan.payments[0].currency != "EUR");
  text(out, has_note ? note_of(plan) : std::string(), 255);
  out.end_row();
}

void DsfinvkWriter::State::write_vat(const PlanView& plan) {
  for (const VatSumView& sum : plan.vat) {
    use(sum.key, sum.rate);
    CsvBuffer& out = row(DsfinvkTable::transactions_vat);
    signed_number(out, sum.key);
    cents(out, sum.gross, amount_decimals);
    cents(out, sum.net, amount_decimals);
    cents(out, sum.tax, amount_decimals);
    out.end_row();
  }
}

void DsfinvkWriter::State::write_groups(const PlanView& plan) {
  for (const std::string_view group : plan.groups) {
    CsvBuffer& out = row(DsfinvkTable::allocation_groups);
    text(out, group, 50);
    out.end_row();
  }
}

void DsfinvkWriter::State::write_payment(const PaymentView& payment, std::int64_t change) {
  CsvBuffer& out = row(DsfinvkTable::datapayment);
  text(out, payment.kind, 25);
  text(out, payment.name, 60);
  text(out, payment.currency, 3);
  out.separator();
  if (payment.currency != frame.register_info.base_currency.text())
    out.decimal(payment.amount, 2, 2);
  cents(out, payment.value - change, 2);
  out.end_row();
}

void DsfinvkWriter::State::write_payments(const PlanView& plan) {
  const std::string_view base = frame.register_info.base_currency.text();
  std::int64_t change = plan.change;
  for (const PaymentView& payment : plan.payments) {
    // Change comes out of the first cash in the base currency, as closings count it.
    const bool gives = change != 0 && payment.kind == "Bar" && payment.currency == base;
    write_payment(payment, gives ? change : 0);
    if (gives) change = 0;
  }
  if (change != 0) write_payment({.kind = "Bar", .name = {}, .currency = base}, change);
  if (plan.payments.empty() && change == 0)
    write_payment({.kind = "Keine", .name = {}, .currency = base}, 0);
}

void DsfinvkWriter::State::write_quantity(CsvBuffer& out, const LineView& line) {
  // What is not counted in pieces is an amount, no article [golden rule: 3.5].
  const bool is_counted = line.gv_typ == "Umsatz" || line.quantity != quantity_one ||
                          !line.article.empty() || !line.gtin.empty();
  out.separator();
  if (is_counted) out.decimal(line.quantity, quantity_scale, quantity_scale);
  std::int64_t factor = line.factor;
  std::int64_t price = line.unit_price;
  // The price that the line really has: discounts stand in itemamounts.csv.
  if (line.discounts.count != 0 && line.quantity != 0) {
    const Int128 units = static_cast<Int128>(line.total) * 1000 * line.factor;
    const Int128 twice = 2 * units / line.quantity;
    price = static_cast<std::int64_t>((twice + (twice < 0 ? -1 : 1)) / 2);
  }
  const Int128 made =
      line.factor == 0 ? 0 : static_cast<Int128>(price) * line.quantity / line.factor;
  const Int128 off = made - static_cast<Int128>(line.total) * 1000;
  if (line.quantity != 0 && (off > 1000 || off < -1000)) {
    // Five decimals cannot say it: the price of all of them together.
    factor = line.quantity;
    price = line.total * 1000;
    if (factor < 0) {
      factor = -factor;
      price = -price;
    }
  }
  out.separator();
  if (is_counted && factor != quantity_one) out.decimal(factor, quantity_scale, quantity_scale);
  text(out, line.unit, 50);
  out.separator();
  if (is_counted) out.decimal(price, price_scale, price_scale);
}

void DsfinvkWriter::State::write_line(const PlanView& plan, const LineView& stated,
                                      std::uint64_t position) {
  LineView line = stated;
  if (is_without_values(plan)) {
    line.total = 0;
    line.unit_price = 0;
    line.discounts.count = 0;
  }
  CsvBuffer& out = row(DsfinvkTable::lines);
  const std::string_view terminal = line.terminal.empty() ? plan.terminal : line.terminal;
  if (!terminal.empty()) terminals_used.emplace(terminal);
  if (line.agency != 0) agencies_used.insert(line.agency);
  number(out, position);
  text(out, line.voucher, 50);
  text(out, line.text, 255);
  text(out, terminal, 50);
  text(out, line.gv_typ, 30);
  text(out, line.gv_name, 40);
  out.separator();
  if (line.in_house) out.character(*line.in_house ? '1' : '0');
  out.separator();
  out.character(line.cancelled ? '1' : '0');
  signed_number(out, line.agency);
  text(out, line.article, 50);
  text(out, line.gtin, 50);
  text(out, line.group_id, 40);
  text(out, line.group, 50);
  write_quantity(out, line);
  out.end_row();
  write_shares(plan, line, position);
  if (line.discounts.count != 0) write_price_parts(plan, line, position);
  if (line.sub_items.count != 0) write_sub_items(plan, line, position);
}

void DsfinvkWriter::State::write_shares(const PlanView& plan, const LineView& line,
                                        std::uint64_t position) {
  for (const ShareView& share : PlanView::of(plan.shares, line.shares)) {
    use(share.key, share.rate);
    CsvBuffer& out = row(DsfinvkTable::lines_vat);
    number(out, position);
    signed_number(out, share.key);
    const std::int64_t gross = is_without_values(plan) ? 0 : share.gross;
    cents(out, SIEGEL_MUTANT("export-line-total") ? line.total : gross, amount_decimals);
    out.separator();
    out.separator();
    out.end_row();
  }
}

void DsfinvkWriter::State::write_price_part(std::uint64_t position, std::string_view type, int key,
                                            std::int64_t gross) {
  CsvBuffer& out = row(DsfinvkTable::itemamounts);
  number(out, position);
  text(out, type, 20);
  signed_number(out, key);
  cents(out, gross, amount_decimals);
  out.separator();
  out.separator();
  out.end_row();
}

void DsfinvkWriter::State::write_price_parts(const PlanView& plan, const LineView& line,
                                             std::uint64_t position) {
  const auto shares = PlanView::of(plan.shares, line.shares);
  const auto discounts = PlanView::of(plan.discounts, line.discounts);
  std::vector<std::int64_t> left(discounts.size());
  for (std::size_t i = 0; i < discounts.size(); ++i) left[i] = discounts[i].amount;
  for (std::size_t at = 0; at < shares.size(); ++at) {
    const bool is_last = at + 1 == shares.size();
    std::int64_t base = shares[at].gross;
    std::vector<std::int64_t> parts(discounts.size());
    for (std::size_t i = 0; i < discounts.size(); ++i) {
      parts[i] = is_last ? left[i] : part_of(discounts[i].amount, shares[at].gross, line.total);
      left[i] -= parts[i];
      base -= parts[i];
    }
    write_price_part(position, "base_amount", shares[at].key, base);
    for (const std::int64_t part : parts)
      if (part != 0)
        // What is taken back, turned: a discount is what makes the line smaller.
        write_price_part(position, (part < 0) != (line.total < 0) ? "discount" : "extra_amount",
                         shares[at].key, part);
  }
}

void DsfinvkWriter::State::write_sub_items(const PlanView& plan, const LineView& line,
                                           std::uint64_t position) {
  for (const SubItemView& item : PlanView::of(plan.sub_items, line.sub_items)) {
    use(item.key, item.rate);
    CsvBuffer& out = row(DsfinvkTable::subitems);
    number(out, position);
    text(out, item.article.empty() ? item.text : item.article, 50);
    text(out, item.gtin, 50);
    text(out, item.text, 60);
    text(out, item.group_id, 40);
    text(out, item.group, 50);
    out.separator();
    out.decimal(item.quantity, quantity_scale, quantity_scale);
    out.separator();
    if (item.factor != quantity_one) out.decimal(item.factor, quantity_scale, quantity_scale);
    text(out, item.unit, 50);
    signed_number(out, item.key);
    cents(out, item.price, amount_decimals);
    out.separator();
    out.separator();
    out.end_row();
  }
}

Status DsfinvkWriter::State::write_reference(const PlanView& plan, const ReferenceView& reference) {
  const ClosedAt* target = nullptr;
  const auto name = receipt_name(reference.number);
  const bool is_ours = reference.kind == "receipt";
  if (is_ours && name) {
    target = closings.find(name->register_id, name->number);
    if (target == nullptr && closings.is_open(name->register_id, name->number))
      return conflict("E-EXP-107",
                      fmt::format("receipt {} refers to receipt {}, and register {} has not been "
                                  "closed since: close it first",
                                  plan.receipt_number, reference.number, name->register_id),
                      std::string(plan.receipt_number));
  }
  CsvBuffer& out = row(DsfinvkTable::references);
  out.separator();
  if (reference.line != 0) out.number(reference.line);
  if (target == nullptr) {
    // A receipt of a time or a program before this journal is as good as external.
    text(out, is_ours ? "ExterneSonstige" : reference_word(reference.kind), 20);
    text(out, is_ours ? std::string_view("Belegnummer") : reference.name, 40);
    out.separator();
    out.separator();
    out.separator();
    text(out, reference.number, 40);
  } else {
    text(out, "Transaktion", 20);
    out.separator();
    const bool is_old = options.edition == Edition::v2_2 && reference.number == plan.reverses;
    text(out, is_old ? stamp_of(plan.reversed_decided) : target->at, 30);
    text(out, name->register_id, 50);
    number(out, target->number);
    number(out, name->number);
  }
  out.end_row();
  return Ok{};
}

Status DsfinvkWriter::State::write_references(const PlanView& plan) {
  if (!plan.reverses.empty())
    SIEGEL_TRY_OK(write_reference(plan, {.kind = "receipt", .name = {}, .number = plan.reverses}));
  for (const ReferenceView& reference : plan.references) {
    if (reference.line == 0 && reference.kind == "receipt" && reference.number == plan.reverses)
      continue;
    SIEGEL_TRY_OK(write_reference(plan, reference));
  }
  return Ok{};
}

void DsfinvkWriter::State::write_seal(const PlanView& plan, const SealView& seal) {
  const bool is_signed = seal.outcome == "signed";
  if (seal.outcome == "not_required" && frame.closing.tses.empty()) return;
  CsvBuffer& out = row(DsfinvkTable::transactions_tse);
  const std::size_t id = tse_id(seal.tse_serial.empty() ? plan.tse_serial : seal.tse_serial);
  out.separator();
  if (id != 0) out.number(static_cast<std::uint64_t>(id));
  out.separator();
  const bool has_start = is_signed || (seal.transaction != 0 && !seal.start.empty());
  if (has_start) out.number(seal.transaction);
  out.separator();
  if (has_start) out.bytes(seal.start);
  if (is_signed) {
    out.separator();
    out.bytes(seal.end);
    out.separator();
    out.bytes(plan.process_type);
    number(out, seal.signature_counter);
    out.separator();
    out.bytes(seal.signature);
    out.separator();
    out.separator();
    out.exact(plan.process_data);
    if (plan.process_data.size() > process_data_length)
      process_data_length = std::max(process_data_length, characters_of(plan.process_data));
  } else {
    for (int i = 0; i < 4; ++i) out.separator();
    const std::string why =
        seal.outcome == "not_required"
            ? std::string("keine TSE erforderlich")
            : fmt::format("{}: {}", seal.error_code,
                          seal.error_text.empty() ? "TSE ausgefallen" : seal.error_text);
    text(out, why, 200);
    out.separator();
  }
  out.end_row();
}

DsfinvkWriter::DsfinvkWriter(DsfinvkOptions options, const ClosingIndex& closings)
    : m_state(std::make_unique<State>(std::move(options), closings)) {}
DsfinvkWriter::~DsfinvkWriter() = default;
DsfinvkWriter::DsfinvkWriter(DsfinvkWriter&&) noexcept = default;

void DsfinvkWriter::begin(const ClosingFrame& frame) {
  State& s = *m_state;
  s.frame = frame;
  CsvBuffer key;
  key.bytes({});
  key.text(frame.closing.register_id.text(), 50);
  key.separator();
  key.bytes(frame.closing.at.text());
  number(key, frame.closing.number);
  s.z_key = key.view();
  s.rates_used.clear();
  s.agencies_used.clear();
  s.terminals_used.clear();
}

Status DsfinvkWriter::add(const PlanView& plan, const SealView& seal, std::string_view actor) {
  State& s = *m_state;
  s.prefix = s.z_key;
  s.prefix += ';';
  s.prefix += std::to_string(plan.number);
  s.write_head(plan, actor);
  s.write_vat(plan);
  s.write_groups(plan);
  s.write_payments(plan);
  for (std::size_t i = 0; i < plan.lines.size(); ++i) s.write_line(plan, plan.lines[i], i + 1);
  SIEGEL_TRY_OK(s.write_references(plan));
  s.write_seal(plan, seal);
  return Ok{};
}

AwaitedSignature DsfinvkWriter::awaited(const PlanView& plan, const SealView& seal) const {
  return {.tse_serial = std::string(seal.tse_serial.empty() ? plan.tse_serial : seal.tse_serial),
          .prefix = m_state->prefix,
          .tses = m_state->frame.closing.tses,
          .process_type = std::string(plan.process_type),
          .process_data = std::string(plan.process_data)};
}

void DsfinvkWriter::add_late(const AwaitedSignature& receipt, const LateSignature& late) {
  State& s = *m_state;
  CsvBuffer& out = s.of(DsfinvkTable::transactions_tse);
  out.begin_row(receipt.prefix);
  const auto at = std::ranges::find(receipt.tses, late.tse_serial);
  out.separator();
  if (at != receipt.tses.end())
    out.number(static_cast<std::uint64_t>(at - receipt.tses.begin()) + 1);
  number(out, late.transaction);
  out.separator();
  out.bytes(late.start.text());
  out.separator();
  out.bytes(late.end.text());
  out.separator();
  out.bytes(receipt.process_type);
  number(out, late.signature_counter);
  out.separator();
  out.bytes(base64(late.signature));
  out.separator();
  out.separator();
  out.exact(receipt.process_data);
  s.process_data_length = std::max(s.process_data_length, characters_of(receipt.process_data));
  out.end_row();
}

std::string_view DsfinvkWriter::rows(DsfinvkTable table) const {
  return m_state->tables[static_cast<std::size_t>(table)].view();
}
std::uint64_t DsfinvkWriter::count(DsfinvkTable table) const {
  return m_state->tables[static_cast<std::size_t>(table)].rows();
}
void DsfinvkWriter::taken(DsfinvkTable table) {
  m_state->tables[static_cast<std::size_t>(table)].clear();
}
std::size_t DsfinvkWriter::process_data_length() const { return m_state->process_data_length; }

std::string dsfinvk_header(DsfinvkTable table, std::size_t certificate_columns) {
  std::string out;
  for (const DsfinvkColumn& column : info(table).columns) {
    if (!out.empty()) out += ';';
    out += column.name;
  }
  if (table == DsfinvkTable::tse)
    for (std::size_t i = 3; i <= certificate_columns; ++i) out += ';' + certificate_column(i);
  return out + "\r\n";
}

std::size_t certificate_columns_of(const TseInfo& tse) {
  if (tse.certificates.empty()) return 2;
  const std::size_t length = (tse.certificates.front().size() + 2) / 3 * 4;
  return std::max<std::size_t>(2, (length + certificate_part - 1) / certificate_part);
}

}  // namespace siegel::country::de
