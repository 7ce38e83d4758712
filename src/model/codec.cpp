#include "model/codec.h"

#include <fmt/format.h>

#include "model/stored.h"

// Plans and seals as stored: docs/formats/plan.md, seal.md.

namespace siegel {
namespace {

using namespace stored;  // NOLINT(google-build-using-namespace): the codec's own words

constexpr Quantity one = Quantity::from_raw(1000);

void optional_factor(json::Writer& out, Quantity factor) {
  if (factor != one) out.field("factor", factor.raw());
}

void write(json::Writer& out, const VatShare& share) {
  out.begin_object()
      .field("gross", share.gross.cents())
      .field("key", share.key.get())
      .field("rate", share.rate.hundredths())
      .field("slot", share.slot)
      .end_object();
}

void write(json::Writer& out, const Discount& discount) {
  out.begin_object()
      .field("amount", discount.amount.cents())
      .field("text", discount.text)
      .end_object();
}

void write(json::Writer& out, const SubItem& item) {
  out.begin_object();
  optional_text(out, "article", item.article);
  optional_factor(out, item.factor);
  optional_text(out, "group", item.group);
  optional_text(out, "group_id", item.group_id);
  optional_text(out, "gtin", item.gtin);
  out.field("key", item.key.get())
      .field("price", item.price.cents())
      .field("quantity", item.quantity.raw())
      .field("rate", item.rate.hundredths())
      .field("text", item.text);
  optional_text(out, "unit", item.unit);
  out.end_object();
}

void write(json::Writer& out, const PlanLine& line) {
  out.begin_object();
  optional_number(out, "agency", line.agency);
  out.field("amount", line.amount.cents());
  optional_text(out, "article", line.article);
  if (line.cancelled) out.field("cancelled", true);
  optional_list(out, "discounts", line.discounts,
                [](json::Writer& to, const Discount& discount) { write(to, discount); });
  optional_factor(out, line.factor);
  optional_text(out, "group", line.group);
  optional_text(out, "group_id", line.group_id);
  optional_text(out, "gtin", line.gtin);
  optional_text(out, "gv_name", line.gv_name);
  if (line.gv_typ != GvTyp::umsatz) out.field("gv_typ", gv_typ_text(line.gv_typ));
  if (line.in_house) out.field("in_house", *line.in_house);
  out.field("quantity", line.quantity.raw());
  optional_list(out, "shares", line.shares,
                [](json::Writer& to, const VatShare& share) { write(to, share); });
  optional_list(out, "sub_items", line.sub_items,
                [](json::Writer& to, const SubItem& item) { write(to, item); });
  optional_text(out, "terminal", line.terminal);
  out.field("text", line.text).field("total", line.total.cents());
  optional_text(out, "unit", line.unit);
  out.field("unit_price", line.unit_price.raw());
  optional_text(out, "voucher", line.voucher);
  if (line.weighed) out.field("weighed", true);
  out.end_object();
}

void write(json::Writer& out, const Buyer& buyer) {
  out.begin_object();
  optional_text(out, "city", buyer.city);
  optional_text(out, "country", buyer.country);
  optional_text(out, "id", buyer.id);
  optional_text(out, "name", buyer.name);
  optional_text(out, "postcode", buyer.postcode);
  optional_text(out, "street", buyer.street);
  optional_text(out, "type", buyer.type);
  optional_text(out, "vat_id", buyer.vat_id);
  out.end_object();
}

void write(json::Writer& out, const Reference& reference) {
  out.begin_object().field("kind", words::of(reference.kind, words::reference_kind));
  optional_number(out, "line", reference.line);
  optional_text(out, "name", reference.name);
  out.field("number", reference.number).end_object();
}

void write(json::Writer& out, const VatSum& sum) {
  out.begin_object()
      .field("gross", sum.gross.cents())
      .field("key", sum.key.get())
      .field("letter", std::string_view(&sum.letter, 1))
      .field("net", sum.net.cents())
      .field("rate", sum.rate.hundredths())
      .field("slot", sum.slot)
      .field("tax", sum.tax.cents())
      .end_object();
}

void write(json::Writer& out, const PlanPayment& payment) {
  out.begin_object().field("amount", payment.amount.cents());
  if (payment.currency != Currency::eur()) out.field("currency", payment.currency.text());
  out.field("kind", payment_kind_text(payment.kind));
  optional_text(out, "name", payment.name);
  out.field("value", payment.value.cents()).end_object();
}

void write(json::Writer& out, const RksvPlan& rksv) {
  out.begin_object().key("amounts").begin_array();
  for (const Money amount : rksv.amounts) out.integer(amount.cents());
  out.end_array().field("chaining", rksv.chaining).field("counter", rksv.counter);
  optional_number(out, "held_s", rksv.held_s);
  out.field("kind", words::of(rksv.kind, words::rksv_kind))
      .field("time", rksv.time)
      .field("turnover", rksv.turnover)
      .end_object();
}

Status read_sub_item(const json::Value& value, std::string_view place, SubItem& item) {
  Stored in(value, place);
  in.text("article", item.article);
  in.decimal_or("factor", one, item.factor);
  in.text("group", item.group);
  in.text("group_id", item.group_id);
  in.text("gtin", item.gtin);
  in.key_and_rate(item.key, item.rate);
  in.money("price", item.price);
  in.decimal("quantity", item.quantity);
  in.text("text", item.text);
  in.text("unit", item.unit);
  return in.finish();
}

Status read_line(const json::Value& value, std::string_view place, PlanLine& line) {
  Stored in(value, place);
  in.number("agency", line.agency);
  in.boolean("cancelled", line.cancelled);
  in.decimal_or("factor", one, line.factor);
  in.text("group", line.group);
  in.text("group_id", line.group_id);
  in.text("gtin", line.gtin);
  in.text("gv_name", line.gv_name);
  if (in.has("in_house")) in.boolean("in_house", line.in_house.emplace());
  in.list("sub_items", into(line.sub_items, read_sub_item));
  in.text("terminal", line.terminal);
  in.text("voucher", line.voucher);
  in.boolean("weighed", line.weighed);
  in.money("amount", line.amount);
  in.text("article", line.article);
  in.list("discounts", [&](const json::Value& item, std::string_view at) {
    Discount& discount = line.discounts.emplace_back();
    Stored object(item, at);
    object.money("amount", discount.amount);
    object.text("text", discount.text);
    return object.finish();
  });
  in.word("gv_typ", words::gv_typ, line.gv_typ);
  in.decimal("quantity", line.quantity);
  in.list("shares", [&](const json::Value& item, std::string_view at) {
    VatShare& share = line.shares.emplace_back();
    Stored object(item, at);
    object.money("gross", share.gross);
    object.key_and_rate(share.key, share.rate);
    object.number("slot", share.slot);
    return object.finish();
  });
  in.text("text", line.text);
  in.money("total", line.total);
  in.text("unit", line.unit);
  in.decimal("unit_price", line.unit_price);
  return in.finish();
}

Status read_vat_sum(const json::Value& value, std::string_view place, VatSum& sum) {
  Stored in(value, place);
  in.money("gross", sum.gross);
  in.key_and_rate(sum.key, sum.rate);
  std::string letter;
  in.text("letter", letter);
  sum.letter = letter.empty() ? ' ' : letter.front();
  in.money("net", sum.net);
  in.number("slot", sum.slot);
  in.money("tax", sum.tax);
  return in.finish();
}

Status read_payment(const json::Value& value, std::string_view place, PlanPayment& payment) {
  Stored in(value, place);
  in.money("amount", payment.amount);
  in.parsed("currency", payment.currency);
  in.word("kind", words::payment_kind, payment.kind);
  in.text("name", payment.name);
  in.money("value", payment.value);
  return in.finish();
}

void read_buyer(Stored& in, Buyer& buyer) {
  in.text("city", buyer.city);
  in.text("country", buyer.country);
  in.text("id", buyer.id);
  in.text("name", buyer.name);
  in.text("postcode", buyer.postcode);
  in.text("street", buyer.street);
  in.text("type", buyer.type);
  in.text("vat_id", buyer.vat_id);
}

Status read_reference(const json::Value& value, std::string_view place, Reference& reference) {
  Stored in(value, place);
  in.word("kind", words::reference_kind, reference.kind);
  in.number("line", reference.line);
  in.text("name", reference.name);
  in.text("number", reference.number);
  return in.finish();
}

void read_rksv(Stored& in, RksvPlan& rksv) {
  std::size_t field = 0;
  in.list("amounts", [&](const json::Value& value, const std::string& place) -> Status {
    const std::int64_t* cents = value.integer();
    if (cents == nullptr || field == rksv.amounts.size())
      return invalid("E-MOD-101", "is not one of five sums", place);
    rksv.amounts[field++] = Money::from_cents(*cents);
    return Ok{};
  });
  in.text("chaining", rksv.chaining);
  in.number("counter", rksv.counter);
  in.number("held_s", rksv.held_s);
  in.word("kind", words::rksv_kind, rksv.kind);
  in.text("time", rksv.time);
  in.text("turnover", rksv.turnover);
}

void read(Stored& in, Plan& plan) {
  in.parsed("began", plan.began);
  in.text("bon_typ", plan.bon_typ);
  in.number("business_sequence", plan.business_sequence);
  in.object("buyer", [&](Stored& buyer) { read_buyer(buyer, plan.buyer); });
  in.text("cashier", plan.cashier);
  in.text("cashier_id", plan.cashier_id);
  in.text("disturbed_tse", plan.disturbed_tse);
  in.texts("groups", plan.groups);
  in.object("handwritten", [&](Stored& paper) {
    paper.parsed("at", plan.handwritten.emplace().at);
    paper.text("number", plan.handwritten->number);
  });
  in.boolean("paper_optional", plan.paper_optional);
  in.list("references", into(plan.references, read_reference));
  in.number("stock_number", plan.stock_number);
  in.text("terminal", plan.terminal);
  in.money("change", plan.change);
  in.text("customer", plan.customer);
  in.parsed("decided", plan.decided);
  in.parsed("first_order", plan.first_order);
  plan.has_first_order = in.has("first_order");
  in.word("kind", words::receipt_kind, plan.kind);
  in.list("lines", into(plan.lines, read_line));
  in.text("name", plan.name);
  in.text("note", plan.note);
  in.number("number", plan.number);
  in.list("payments", into(plan.payments, read_payment));
  in.text("process_data", plan.process_data);
  in.word("process_type", words::process_type, plan.process_type);
  in.text("reason", plan.reason);
  in.text("receipt_number", plan.receipt_number);
  in.parsed("register", plan.register_id);
  in.parsed("reversed_decided", plan.reversed_decided);
  in.text("reverses", plan.reverses);
  in.money("total", plan.total);
  in.number("transaction", plan.transaction);
  in.text("tse_serial", plan.tse_serial);
  in.object("rksv", [&](Stored& rksv) { read_rksv(rksv, plan.rksv.emplace()); });
  in.list("vat", into(plan.vat, read_vat_sum));
  std::string vorgang;
  in.text("vorgang", vorgang);
  plan.vorgang = VorgangId(std::move(vorgang));
}

void read(Stored& in, Seal& seal) {
  in.boolean("asked", seal.asked);
  in.text("code_payload", seal.code_payload);
  in.parsed("end", seal.end);
  in.text("error_code", seal.error_code);
  in.text("error_text", seal.error_text);
  in.word("outcome", words::outcome, seal.outcome);
  in.number("outage_number", seal.outage_number);
  in.number("outage_receipt", seal.outage_receipt);
  in.parsed("outage_since", seal.outage_since);
  in.number("plan_sequence", seal.plan_sequence);
  in.bytes("signature", seal.signature);
  in.number("signature_counter", seal.signature_counter);
  in.text("signer", seal.signer);
  in.parsed("start", seal.start);
  in.bytes("start_signature", seal.start_signature);
  in.number("start_signature_counter", seal.start_signature_counter);
  in.number("transaction", seal.transaction);
  in.text("tse_serial", seal.tse_serial);
}

template <class T>
Result<T> stored_as(std::string_view json) {
  return read_as<T>(json, [](Stored& in, T& out) { read(in, out); });
}

}  // namespace

std::string exact_text(const LocalStamp& stamp) {
  std::string text = stamp.text();
  const auto ms = stamp.instant().unix_ms() % 1000;
  if (ms != 0)
    text.insert(std::string_view("2026-11-20T18:42:17").size(), fmt::format(".{:03}", ms));
  return text;
}

std::string to_json(const Plan& plan) {
  std::string bytes;
  bytes.reserve(1024 + plan.process_data.size());
  json::Writer out(bytes);
  out.begin_object().field("began", exact_text(plan.began));
  optional_text(out, "bon_typ", plan.bon_typ);
  out.field("business_sequence", number(plan.business_sequence));
  if (!plan.buyer.empty()) write(out.key("buyer"), plan.buyer);
  optional_text(out, "cashier", plan.cashier);
  optional_text(out, "cashier_id", plan.cashier_id);
  optional_number(out, "change", plan.change.cents());
  optional_text(out, "customer", plan.customer);
  out.field("decided", exact_text(plan.decided));
  optional_text(out, "disturbed_tse", plan.disturbed_tse);
  if (plan.has_first_order) out.field("first_order", exact_text(plan.first_order));
  optional_list(out, "groups", plan.groups, write_text);
  if (plan.handwritten) {
    out.key("handwritten").begin_object().field("at", exact_text(plan.handwritten->at));
    optional_text(out, "number", plan.handwritten->number);
    out.end_object();
  }
  out.field("kind", receipt_kind_text(plan.kind));
  optional_list(out, "lines", plan.lines,
                [](json::Writer& to, const PlanLine& line) { write(to, line); });
  optional_text(out, "name", plan.name);
  optional_text(out, "note", plan.note);
  out.field("number", number(plan.number));
  if (plan.paper_optional) out.field("paper_optional", true);
  optional_list(out, "payments", plan.payments,
                [](json::Writer& to, const PlanPayment& payment) { write(to, payment); });
  out.field("process_data", plan.process_data)
      .field("process_type", process_type_text(plan.process_type));
  optional_text(out, "reason", plan.reason);
  out.field("receipt_number", plan.receipt_number);
  optional_list(out, "references", plan.references,
                [](json::Writer& to, const Reference& reference) { write(to, reference); });
  out.field("register", plan.register_id.text());
  if (!plan.reverses.empty()) {
    out.field("reversed_decided", exact_text(plan.reversed_decided))
        .field("reverses", plan.reverses);
  }
  if (plan.rksv) write(out.key("rksv"), *plan.rksv);
  optional_number(out, "stock_number", number(plan.stock_number));
  optional_text(out, "terminal", plan.terminal);
  out.field("total", plan.total.cents());
  optional_number(out, "transaction", number(plan.transaction));
  optional_text(out, "tse_serial", plan.tse_serial);
  optional_list(out, "vat", plan.vat, [](json::Writer& to, const VatSum& sum) { write(to, sum); });
  out.field("vorgang", plan.vorgang.get()).end_object();
  return bytes;
}

std::string to_json(const Seal& seal) {
  std::string bytes;
  bytes.reserve(768);
  json::Writer out(bytes);
  out.begin_object();
  if (seal.asked) out.field("asked", true);
  optional_text(out, "code_payload", seal.code_payload);
  optional_instant(out, "end", seal.end);
  optional_text(out, "error_code", seal.error_code);
  optional_text(out, "error_text", seal.error_text);
  optional_number(out, "outage_number", number(seal.outage_number));
  optional_number(out, "outage_receipt", number(seal.outage_receipt));
  optional_instant(out, "outage_since", seal.outage_since);
  out.field("outcome", words::of(seal.outcome, words::outcome))
      .field("plan_sequence", number(seal.plan_sequence));
  optional_bytes(out, "signature", seal.signature);
  optional_number(out, "signature_counter", number(seal.signature_counter));
  optional_text(out, "signer", seal.signer);
  optional_instant(out, "start", seal.start);
  optional_bytes(out, "start_signature", seal.start_signature);
  optional_number(out, "start_signature_counter", number(seal.start_signature_counter));
  optional_number(out, "transaction", number(seal.transaction));
  optional_text(out, "tse_serial", seal.tse_serial);
  out.end_object();
  return bytes;
}

Result<Plan> plan_from_json(std::string_view json) { return stored_as<Plan>(json); }
Result<Seal> seal_from_json(std::string_view json) { return stored_as<Seal>(json); }

}  // namespace siegel
