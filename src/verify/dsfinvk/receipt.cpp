#include "verify/dsfinvk/receipt.h"

namespace siegel::verify::dsfinvk {

namespace {
/// There are 18 keys; more of one Vorgang are nonsense and share a place.
constexpr std::size_t keys_max = 64;
}  // namespace

Amounts read_amounts(Row row, std::size_t key_column, std::size_t gross_column) {
  Amounts out;
  out.row = row;
  out.key_text = row[key_column];
  out.key = parse_id(row[key_column]).value_or(unreadable_key);
  out.gross = parse_number(row[gross_column]);
  out.net = parse_number(row[gross_column + 1]);
  out.tax = parse_number(row[gross_column + 2]);
  return out;
}

Line read_line(Row row) {
  namespace c = lines_columns;
  Line out;
  out.row = row;
  out.position = row[c::pos_zeile];
  out.gv = gv_type_from(row[c::gv_typ]);
  out.cancelled = row[c::p_storno] == "1";
  out.quantity = parse_number(row[c::menge]);
  out.factor = parse_number(row[c::faktor]);
  out.price = parse_number(row[c::stk_br]);
  out.agency = parse_id(row[c::agentur_id]).value_or(0);
  return out;
}

Payment read_payment(Row row) {
  namespace c = datapayment_columns;
  Payment out;
  out.row = row;
  out.type = pay_type_from(row[c::zahlart_typ]);
  out.currency = row[c::zahlwaeh_code];
  out.foreign = parse_number(row[c::zahlwaeh_betrag]);
  out.base = parse_number(row[c::basiswaeh_betrag]);
  return out;
}

void derive(Receipt& receipt) {
  receipt.keys.clear();
  receipt.line_sum = 0;
  receipt.has_receivable = receipt.has_net = receipt.has_gross = false;
  for (Line& line : receipt.lines) {
    line.amount = 0;
    for (const std::uint32_t index : line.shares) line.amount += receipt.shares[index].amount();
    receipt.has_receivable |=
        line.gv == GvType::forderungsentstehung || line.gv == GvType::forderungsaufloesung;
    if (line.cancelled) continue;
    receipt.line_sum += line.amount;
    for (const std::uint32_t index : line.shares) {
      const Amounts& share = receipt.shares[index];
      receipt.has_net |= share.net_method();
      receipt.has_gross |= share.gross.readable() && !share.net.readable();
      KeySum* sum = nullptr;
      for (KeySum& known : receipt.keys) {
        if (known.key == share.key) sum = &known;
      }
      if (sum == nullptr && receipt.keys.size() == keys_max) sum = &receipt.keys.back();
      if (sum == nullptr) sum = &receipt.keys.emplace_back(KeySum{.key = share.key});
      sum->gross += share.amount();
      ++sum->shares;
    }
  }
  receipt.pay_sum = 0;
  for (const Payment& payment : receipt.payments) receipt.pay_sum += payment.base.units;
}

Units to_cents(Units units) {
  const Units half = units_cent / 2;
  return (units >= 0 ? units + half : units - half) / units_cent * units_cent;
}

Units tax_in(Units gross, Units rate) {
  return multiply(gross, rate, 100 * units_one + rate > 0 ? 100 * units_one + rate : 1);
}

}  // namespace siegel::verify::dsfinvk
