#include <algorithm>
#include <utility>

#include "format/json_fields.h"
#include "model/codec.h"
#include "model/words.h"

// What people and tills send: lenient about white space and order, strict about everything else.

namespace siegel {
namespace {

namespace limits = draft_limits;

template <class T>
Result<T> placed(Result<T> result, std::string place) {
  if (result.ok()) return result;
  Error error = std::move(result).error();
  error.place = std::move(place);
  return error;
}

template <class T>
Result<std::optional<T>> optional_number(json::Fields& in, std::string_view key) {
  SIEGEL_TRY(const auto text, in.optional_decimal(key));
  if (!text) return std::optional<T>();
  SIEGEL_TRY(T value, placed(T::parse(*text), in.place_of(key)));
  return std::optional<T>(value);
}

Result<Money> required_money(json::Fields& in, std::string_view key) {
  SIEGEL_TRY(const std::string text, in.required_decimal(key));
  return placed(Money::parse(text), in.place_of(key));
}

Result<std::string> text_or_empty(json::Fields& in, std::string_view key, std::size_t length_max) {
  SIEGEL_TRY(auto text, in.optional_string(key, length_max));
  return std::move(text).value_or(std::string());
}

template <class Enum>
Result<Enum> word_or(json::Fields& in, std::string_view key, std::span<const std::string_view> list,
                     Enum otherwise) {
  SIEGEL_TRY(const auto index, in.optional_word(key, list));
  return index ? static_cast<Enum>(*index) : otherwise;
}

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

template <class T, class Read>
Status read_list(json::Fields& in, std::string_view key, std::size_t count_max,
                 std::vector<T>& list, const Read& read) {
  SIEGEL_TRY(const json::Items items, in.optional_array(key, count_max));
  list.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(auto fields, items.object(i));
    SIEGEL_TRY(auto item, read(std::move(fields)));
    list.push_back(std::move(item));
  }
  return Ok{};
}

Result<LineDraft> read_line(json::Fields in) {
  LineDraft line;
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

Result<std::vector<std::string>> texts(json::Fields& in, std::string_view key,
                                       std::size_t count_max, std::size_t length_max) {
  SIEGEL_TRY(const json::Items items, in.optional_array(key, count_max));
  std::vector<std::string> list;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(list.emplace_back(), items.string(i, length_max));
  }
  return list;
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

json::Value line_value(const LineDraft& line) {
  json::Object out;
  if (line.amount) out.set("amount", line.amount->text());
  set_text(out, "article", line.article);
  if (!line.discounts.empty()) {
    out.set("discounts", array_of(line.discounts, [](const DiscountDraft& discount) {
              json::Object object;
              object.set("amount", discount.amount.text()).set("text", discount.text);
              return json::Value(std::move(object));
            }));
  }
  if (line.gv_typ != GvTyp::umsatz) out.set("gv_typ", gv_typ_text(line.gv_typ));
  if (line.quantity != Quantity::from_raw(1000)) out.set("quantity", line.quantity.text());
  if (!line.shares.empty()) {
    out.set("shares", array_of(line.shares, [](const VatShareDraft& share) {
              json::Object object;
              object.set("amount", share.amount.text()).set("vat", share.vat);
              return json::Value(std::move(object));
            }));
  }
  out.set("text", line.text);
  set_text(out, "unit", line.unit);
  if (line.unit_price) out.set("unit_price", line.unit_price->text(2));
  set_text(out, "vat", line.vat);
  return out;
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
  SIEGEL_TRY(draft.cashier, text_or_empty(in, "cashier", limits::name));
  SIEGEL_TRY(draft.change, optional_number<Money>(in, "change"));
  SIEGEL_TRY(draft.customer, text_or_empty(in, "customer", limits::name));
  SIEGEL_TRY(const auto first_order, in.optional_string("first_order_at", 40));
  if (first_order) {
    SIEGEL_TRY(draft.first_order_at,
               placed(LocalStamp::parse(*first_order), in.place_of("first_order_at")));
  }
  SIEGEL_TRY_OK(read_list(in, "lines", limits::lines, draft.lines, read_line));
  SIEGEL_TRY(draft.name, text_or_empty(in, "name", limits::name));
  SIEGEL_TRY_OK(read_list(in, "payments", limits::payments, draft.payments, read_payment));
  SIEGEL_TRY(draft.reason, text_or_empty(in, "reason", limits::text));
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
  set_text(out, "cashier", draft.cashier);
  if (draft.change) out.set("change", draft.change->text());
  set_text(out, "customer", draft.customer);
  if (draft.first_order_at) out.set("first_order_at", draft.first_order_at->text());
  if (draft.kind != ReceiptKind::receipt) out.set("kind", receipt_kind_text(draft.kind));
  if (!draft.lines.empty()) out.set("lines", array_of(draft.lines, line_value));
  set_text(out, "name", draft.name);
  if (!draft.payments.empty()) out.set("payments", array_of(draft.payments, payment_value));
  set_text(out, "reason", draft.reason);
  set_text(out, "reverses", draft.reverses);
  set_text(out, "text", draft.text);
  if (draft.total) out.set("total", draft.total->text());
  return out;
}

Result<Business> business_from_request(const json::Value& value, std::string_view place) {
  SIEGEL_TRY(auto in, json::Fields::of(value, place));
  Business business;
  SIEGEL_TRY(business.city, in.required_string("city", limits::name));
  SIEGEL_TRY(const auto country, in.optional_string("country", 2));
  if (country) business.country = *country;
  SIEGEL_TRY(business.footer_lines, texts(in, "footer_lines", 20, limits::text));
  SIEGEL_TRY(business.header_lines, texts(in, "header_lines", 20, limits::text));
  SIEGEL_TRY(business.name, in.required_string("name", limits::name));
  SIEGEL_TRY(business.postcode, in.required_string("postcode", 10));
  SIEGEL_TRY(business.street, in.required_string("street", limits::name));
  SIEGEL_TRY(business.tax_number, text_or_empty(in, "tax_number", 20));
  SIEGEL_TRY(const auto zone, in.optional_string("time_zone", limits::name));
  if (zone) business.time_zone = *zone;
  SIEGEL_TRY(business.vat_id, text_or_empty(in, "vat_id", 15));
  SIEGEL_TRY_OK(in.finish());
  SIEGEL_TRY_OK(placed(LocalStamp::from(Instant(), business.time_zone), in.place_of("time_zone")));
  if (business.tax_number.empty() && business.vat_id.empty()) {
    return invalid("E-MOD-110", "a tax number or a VAT id is needed", in.place_of("tax_number"));
  }
  return business;
}

Result<RegisterInfo> register_from_request(const json::Value& value, std::string_view place) {
  SIEGEL_TRY(auto in, json::Fields::of(value, place));
  RegisterInfo info;
  SIEGEL_TRY(const std::string id, in.required_string("id", limits::name));
  SIEGEL_TRY(info.id, placed(RegisterId::parse(id), in.place_of("id")));
  SIEGEL_TRY(info.name, text_or_empty(in, "name", limits::name));
  SIEGEL_TRY(info.tse_serial, text_or_empty(in, "tse_serial", 64));
  SIEGEL_TRY_OK(in.finish());
  return info;
}

Result<Profile> profile_from_request(const json::Value& value, std::string_view place) {
  SIEGEL_TRY(auto in, json::Fields::of(value, place));
  Profile profile;
  SIEGEL_TRY(profile.automatic_dues, in.optional_bool("automatic_dues", profile.automatic_dues));
  SIEGEL_TRY(profile.labels, word_or(in, "labels", words::label_set, profile.labels));
  SIEGEL_TRY(profile.language, word_or(in, "language", words::language, profile.language));
  SIEGEL_TRY(profile.one_register_per_tse,
             in.optional_bool("one_register_per_tse", profile.one_register_per_tse));
  SIEGEL_TRY(const auto deadline, in.optional_int("tse_deadline_ms", 1500, 5000));
  if (deadline) profile.tse_deadline_ms = static_cast<int>(*deadline);
  SIEGEL_TRY(profile.tse_form, word_or(in, "tse_form", words::tse_form, profile.tse_form));
  SIEGEL_TRY(profile.vat_headings, texts(in, "vat_headings", 4, 20));
  SIEGEL_TRY(profile.vat_marks, word_or(in, "vat_marks", words::vat_marks, profile.vat_marks));
  SIEGEL_TRY_OK(in.finish());
  if (!profile.vat_headings.empty() && profile.vat_headings.size() != 4) {
    return invalid("E-MOD-111", "the VAT table has four headings; give four or none",
                   in.place_of("vat_headings"));
  }
  return profile;
}

}  // namespace siegel
