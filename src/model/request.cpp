#include <algorithm>
#include <utility>

#include "model/codec.h"
#include "model/request_fields.h"
#include "model/words.h"

// What people and tills send: lenient about white space and order, strict about everything else.

namespace siegel {
namespace {

using namespace request;  // NOLINT(google-build-using-namespace): the reader's own words
namespace limits = draft_limits;

constexpr Quantity one = Quantity::from_raw(1000);

/// A letter or a rate; the rate may be a number.
Result<std::string> vat_text(json::Fields& in) {
  const json::Value* value = in.any("vat");
  if (value == nullptr || value->is_null()) return std::string();
  if (value->string() != nullptr) return in.required_string("vat", 10);
  return in.required_decimal("vat");
}

Result<VatShareDraft> read_share(json::Fields in) {
  VatShareDraft share;
  SIEGEL_TRY(share.amount, required_money(in, "amount"));
  SIEGEL_TRY(share.vat, vat_text(in));
  if (share.vat.empty()) return invalid("E-JSN-020", "\"vat\" is missing", in.place_of("vat"));
  SIEGEL_TRY_OK(in.finish());
  return share;
}

Result<DiscountDraft> read_discount(json::Fields in) {
  DiscountDraft discount;
  SIEGEL_TRY(discount.amount, required_money(in, "amount"));
  SIEGEL_TRY(discount.text, in.required_string("text", limits::text));
  SIEGEL_TRY_OK(in.finish());
  return discount;
}

Result<SubItemDraft> read_sub_item(json::Fields in) {
  SubItemDraft item;
  SIEGEL_TRY(item.article, text_or_empty(in, "article", limits::name));
  SIEGEL_TRY(item.factor, number_or(in, "factor", one));
  SIEGEL_TRY(item.group, text_or_empty(in, "group", limits::group));
  SIEGEL_TRY(item.group_id, text_or_empty(in, "group_id", limits::group_id));
  SIEGEL_TRY(item.gtin, text_or_empty(in, "gtin", limits::gtin));
  SIEGEL_TRY(item.price, number_or(in, "price", Money()));
  SIEGEL_TRY(item.quantity, number_or(in, "quantity", one));
  SIEGEL_TRY(item.text, in.required_string("text", limits::name));
  SIEGEL_TRY(item.unit, text_or_empty(in, "unit", limits::name));
  SIEGEL_TRY(item.vat, vat_text(in));
  SIEGEL_TRY_OK(in.finish());
  return item;
}

Result<LineDraft> read_line(json::Fields in) {
  LineDraft line;
  SIEGEL_TRY(const auto agency, in.optional_int("agency", 0, limits::agency));
  line.agency = static_cast<int>(agency.value_or(0));
  SIEGEL_TRY(line.cancelled, in.optional_bool("cancelled", false));
  SIEGEL_TRY(line.factor, number_or(in, "factor", one));
  SIEGEL_TRY(line.group, text_or_empty(in, "group", limits::group));
  SIEGEL_TRY(line.group_id, text_or_empty(in, "group_id", limits::group_id));
  SIEGEL_TRY(line.gtin, text_or_empty(in, "gtin", limits::gtin));
  SIEGEL_TRY(line.gv_name, text_or_empty(in, "gv_name", limits::gv_name));
  if (in.has("in_house")) {
    SIEGEL_TRY(line.in_house, in.required_bool("in_house"));
  }
  SIEGEL_TRY_OK(read_list(in, "sub_items", limits::sub_items, line.sub_items, read_sub_item));
  SIEGEL_TRY(line.booking_template, text_or_empty(in, "template", limits::name));
  SIEGEL_TRY(line.terminal, text_or_empty(in, "terminal", limits::id));
  SIEGEL_TRY(line.voucher, text_or_empty(in, "voucher", limits::id));
  SIEGEL_TRY(line.weighed, in.optional_bool("weighed", false));
  SIEGEL_TRY(line.amount, optional_number<Money>(in, "amount"));
  SIEGEL_TRY(line.article, text_or_empty(in, "article", limits::name));
  SIEGEL_TRY_OK(read_list(in, "discounts", limits::discounts, line.discounts, read_discount));
  SIEGEL_TRY(line.gv_typ, word_or(in, "gv_typ", words::gv_typ, GvTyp::umsatz));
  SIEGEL_TRY(const auto quantity, optional_number<Quantity>(in, "quantity"));
  if (quantity) line.quantity = *quantity;
  SIEGEL_TRY_OK(read_list(in, "shares", limits::shares, line.shares, read_share));
  SIEGEL_TRY(line.text, in.required_string("text", limits::text));
  SIEGEL_TRY(line.unit, text_or_empty(in, "unit", limits::name));
  SIEGEL_TRY(line.unit_price, optional_number<UnitPrice>(in, "unit_price"));
  SIEGEL_TRY(line.vat, vat_text(in));
  SIEGEL_TRY_OK(in.finish());
  return line;
}

Result<PaymentKind> read_payment_kind(json::Fields& in) {
  static constexpr auto all = [] {
    std::array<std::string_view, words::payment_kind.size() * 2> list;
    std::ranges::copy(words::payment_kind_english, list.begin());
    std::ranges::copy(words::payment_kind, list.begin() + words::payment_kind.size());
    return list;
  }();
  SIEGEL_TRY(const std::size_t index, in.required_word("kind", all));
  return static_cast<PaymentKind>(index % words::payment_kind.size());
}

Result<PaymentDraft> read_payment(json::Fields in) {
  PaymentDraft payment;
  SIEGEL_TRY(payment.amount, required_money(in, "amount"));
  SIEGEL_TRY(const auto currency, in.optional_string("currency", 3));
  if (currency) {
    SIEGEL_TRY(payment.currency, placed(Currency::parse(*currency), in.place_of("currency")));
  }
  SIEGEL_TRY(payment.kind, read_payment_kind(in));
  SIEGEL_TRY(payment.name, text_or_empty(in, "name", limits::name));
  SIEGEL_TRY(payment.value, optional_number<Money>(in, "value"));
  SIEGEL_TRY_OK(in.finish());
  return payment;
}

template <class T, class Write>
json::Array array_of(const std::vector<T>& list, const Write& write) {
  json::Array array;
  array.reserve(list.size());
  for (const T& item : list) array.push_back(write(item));
  return array;
}

void set_text(json::Object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.set(key, text);
}

void set_number(json::Object& object, std::string_view key, Quantity value, Quantity usual) {
  if (value != usual) object.set(key, value.text());
}

json::Value sub_item_value(const SubItemDraft& item) {
  json::Object out;
  set_text(out, "article", item.article);
  set_number(out, "factor", item.factor, one);
  set_text(out, "group", item.group);
  set_text(out, "group_id", item.group_id);
  set_text(out, "gtin", item.gtin);
  if (item.price != Money()) out.set("price", item.price.text());
  set_number(out, "quantity", item.quantity, one);
  out.set("text", item.text);
  set_text(out, "unit", item.unit);
  set_text(out, "vat", item.vat);
  return out;
}

json::Value buyer_value(const Buyer& buyer) {
  json::Object out;
  set_text(out, "city", buyer.city);
  set_text(out, "country", buyer.country);
  set_text(out, "id", buyer.id);
  set_text(out, "name", buyer.name);
  set_text(out, "postcode", buyer.postcode);
  set_text(out, "street", buyer.street);
  set_text(out, "type", buyer.type);
  set_text(out, "vat_id", buyer.vat_id);
  return out;
}

json::Value reference_value(const Reference& reference) {
  json::Object out;
  if (reference.kind != ReferenceKind::receipt)
    out.set("kind", words::of(reference.kind, words::reference_kind));
  if (reference.line != 0) out.set("line", std::int64_t{reference.line});
  set_text(out, "name", reference.name);
  out.set("number", reference.number);
  return out;
}

json::Value line_value(const LineDraft& line) {
  json::Object out;
  if (line.agency != 0) out.set("agency", std::int64_t{line.agency});
  if (line.amount) out.set("amount", line.amount->text());
  set_text(out, "article", line.article);
  if (line.cancelled) out.set("cancelled", true);
  if (!line.discounts.empty()) {
    out.set("discounts", array_of(line.discounts, [](const DiscountDraft& discount) {
              json::Object object;
              object.set("amount", discount.amount.text()).set("text", discount.text);
              return json::Value(std::move(object));
            }));
  }
  set_number(out, "factor", line.factor, one);
  set_text(out, "group", line.group);
  set_text(out, "group_id", line.group_id);
  set_text(out, "gtin", line.gtin);
  set_text(out, "gv_name", line.gv_name);
  if (line.gv_typ != GvTyp::umsatz) out.set("gv_typ", gv_typ_text(line.gv_typ));
  if (line.in_house) out.set("in_house", *line.in_house);
  set_number(out, "quantity", line.quantity, one);
  if (!line.shares.empty()) {
    out.set("shares", array_of(line.shares, [](const VatShareDraft& share) {
              json::Object object;
              object.set("amount", share.amount.text()).set("vat", share.vat);
              return json::Value(std::move(object));
            }));
  }
  if (!line.sub_items.empty()) out.set("sub_items", array_of(line.sub_items, sub_item_value));
  set_text(out, "template", line.booking_template);
  set_text(out, "terminal", line.terminal);
  out.set("text", line.text);
  set_text(out, "unit", line.unit);
  if (line.unit_price) out.set("unit_price", line.unit_price->text(2));
  set_text(out, "vat", line.vat);
  set_text(out, "voucher", line.voucher);
  if (line.weighed) out.set("weighed", true);
  return out;
}

Result<Buyer> read_buyer(json::Fields in) {
  Buyer buyer;
  SIEGEL_TRY(buyer.city, text_or_empty(in, "city", 62));
  SIEGEL_TRY(buyer.country, text_or_empty(in, "country", 3));
  SIEGEL_TRY(buyer.id, text_or_empty(in, "id", limits::id));
  SIEGEL_TRY(buyer.name, text_or_empty(in, "name", limits::id));
  SIEGEL_TRY(buyer.postcode, text_or_empty(in, "postcode", 10));
  SIEGEL_TRY(buyer.street, text_or_empty(in, "street", limits::name));
  SIEGEL_TRY(buyer.type, text_or_empty(in, "type", limits::id));
  SIEGEL_TRY(buyer.vat_id, text_or_empty(in, "vat_id", 15));
  SIEGEL_TRY_OK(in.finish());
  return buyer;
}

Result<Reference> read_reference(json::Fields in) {
  Reference reference;
  SIEGEL_TRY(reference.kind, word_or(in, "kind", words::reference_kind, ReferenceKind::receipt));
  SIEGEL_TRY(const auto line, in.optional_int("line", 0, limits::lines));
  reference.line = static_cast<int>(line.value_or(0));
  SIEGEL_TRY(reference.name, text_or_empty(in, "name", limits::gv_name));
  SIEGEL_TRY(reference.number, in.required_string("number", limits::name));
  SIEGEL_TRY_OK(in.finish());
  return reference;
}

Result<Handwritten> read_handwritten(json::Fields in) {
  Handwritten paper;
  SIEGEL_TRY(paper.at, required_parsed<LocalStamp>(in, "at", 40));
  SIEGEL_TRY(paper.number, text_or_empty(in, "number", limits::name));
  SIEGEL_TRY_OK(in.finish());
  return paper;
}

json::Value payment_value(const PaymentDraft& payment) {
  json::Object out;
  out.set("amount", payment.amount.text());
  if (payment.currency != Currency::eur()) out.set("currency", payment.currency.text());
  out.set("kind", words::of(payment.kind, words::payment_kind_english));
  set_text(out, "name", payment.name);
  if (payment.value) out.set("value", payment.value->text());
  return out;
}

}  // namespace

Result<ReceiptDraft> draft_from_json(const json::Value& body) {
  SIEGEL_TRY(auto in, json::Fields::of(body));
  ReceiptDraft draft;
  SIEGEL_TRY(draft.kind, word_or(in, "kind", words::receipt_kind, ReceiptKind::receipt));
  SIEGEL_TRY(auto buyer, in.optional_object("buyer"));
  if (buyer) {
    SIEGEL_TRY(draft.buyer, read_buyer(std::move(*buyer)));
  }
  SIEGEL_TRY(draft.cashier, text_or_empty(in, "cashier", limits::name));
  SIEGEL_TRY(draft.cashier_id, text_or_empty(in, "cashier_id", limits::id));
  SIEGEL_TRY(draft.change, optional_number<Money>(in, "change"));
  SIEGEL_TRY(draft.customer, text_or_empty(in, "customer", limits::name));
  SIEGEL_TRY(const auto first_order, in.optional_string("first_order_at", 40));
  if (first_order) {
    SIEGEL_TRY(draft.first_order_at,
               placed(LocalStamp::parse(*first_order), in.place_of("first_order_at")));
  }
  SIEGEL_TRY(draft.groups, texts(in, "groups", limits::groups, limits::id));
  SIEGEL_TRY(auto handwritten, in.optional_object("handwritten"));
  if (handwritten) {
    SIEGEL_TRY(draft.handwritten, read_handwritten(std::move(*handwritten)));
  }
  SIEGEL_TRY_OK(read_list(in, "lines", limits::lines, draft.lines, read_line));
  SIEGEL_TRY(draft.name, text_or_empty(in, "name", limits::name));
  SIEGEL_TRY_OK(read_list(in, "payments", limits::payments, draft.payments, read_payment));
  SIEGEL_TRY(draft.reason, text_or_empty(in, "reason", limits::text));
  SIEGEL_TRY_OK(read_list(in, "references", limits::references, draft.references, read_reference));
  SIEGEL_TRY(draft.terminal, text_or_empty(in, "terminal", limits::id));
  SIEGEL_TRY(draft.reverses, text_or_empty(in, "reverses", limits::name));
  const bool memo = draft.kind == ReceiptKind::memo;
  SIEGEL_TRY(auto text, memo ? in.optional_text("text", limits::memo)
                             : in.optional_string("text", limits::text));
  draft.text = std::move(text).value_or(std::string());
  SIEGEL_TRY(draft.total, optional_number<Money>(in, "total"));
  SIEGEL_TRY_OK(in.finish());
  return draft;
}

json::Value to_json_value(const ReceiptDraft& draft) {
  json::Object out;
  if (draft.buyer) out.set("buyer", buyer_value(*draft.buyer));
  set_text(out, "cashier", draft.cashier);
  set_text(out, "cashier_id", draft.cashier_id);
  if (draft.change) out.set("change", draft.change->text());
  set_text(out, "customer", draft.customer);
  if (draft.first_order_at) out.set("first_order_at", draft.first_order_at->text());
  if (!draft.groups.empty())
    out.set("groups",
            array_of(draft.groups, [](const std::string& group) { return json::Value(group); }));
  if (draft.handwritten) {
    json::Object paper;
    paper.set("at", exact_text(draft.handwritten->at));
    set_text(paper, "number", draft.handwritten->number);
    out.set("handwritten", std::move(paper));
  }
  if (draft.kind != ReceiptKind::receipt) out.set("kind", receipt_kind_text(draft.kind));
  if (!draft.lines.empty()) out.set("lines", array_of(draft.lines, line_value));
  set_text(out, "name", draft.name);
  if (!draft.payments.empty()) out.set("payments", array_of(draft.payments, payment_value));
  set_text(out, "reason", draft.reason);
  if (!draft.references.empty()) out.set("references", array_of(draft.references, reference_value));
  set_text(out, "reverses", draft.reverses);
  set_text(out, "terminal", draft.terminal);
  set_text(out, "text", draft.text);
  if (draft.total) out.set("total", draft.total->text());
  return out;
}

}  // namespace siegel
