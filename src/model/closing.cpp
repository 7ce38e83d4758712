#include "model/closing.h"

#include <fmt/format.h>

#include "model/closing_begun.h"
#include "model/codec.h"
#include "model/request_fields.h"
#include "model/stored.h"

namespace siegel {
namespace {

using namespace stored;  // NOLINT(google-build-using-namespace): the codec's own words

void write(json::Writer& out, const ClosingCase& item) {
  out.begin_object();
  optional_number(out, "agency", item.agency);
  out.field("gross", item.gross.cents());
  optional_text(out, "gv_name", item.gv_name);
  out.field("gv_typ", gv_typ_text(item.gv_typ))
      .field("key", item.key.get())
      .field("net", item.net.cents())
      .field("rate", item.rate.hundredths())
      .field("tax", item.tax.cents())
      .end_object();
}

void write(json::Writer& out, const ClosingPayment& payment) {
  out.begin_object().field("kind", payment_kind_text(payment.kind));
  optional_text(out, "name", payment.name);
  out.field("value", payment.value.cents()).end_object();
}

void write(json::Writer& out, const ClosingCash& cash) {
  out.begin_object()
      .field("amount", cash.amount.cents())
      .field("currency", cash.currency.text())
      .end_object();
}

void write(json::Writer& out, const Denomination& denomination) {
  out.begin_object()
      .field("count", denomination.count)
      .field("value", denomination.value.cents())
      .end_object();
}

void write(json::Writer& out, const CountedCash& counted) {
  out.begin_object()
      .field("amount", counted.amount.cents())
      .field("currency", counted.currency.text());
  optional_list(out, "denominations", counted.denominations,
                [](json::Writer& to, const Denomination& item) { write(to, item); });
  out.end_object();
}

/// A list whose elements `write` of this file writes.
template <class T>
void optional_objects(json::Writer& out, std::string_view key, const std::vector<T>& list) {
  optional_list(out, key, list, [](json::Writer& to, const T& item) { write(to, item); });
}

Status read_case(const json::Value& value, std::string_view place, ClosingCase& item) {
  Stored in(value, place);
  in.number("agency", item.agency);
  in.money("gross", item.gross);
  in.text("gv_name", item.gv_name);
  in.word("gv_typ", words::gv_typ, item.gv_typ);
  in.key_and_rate(item.key, item.rate);
  in.money("net", item.net);
  in.money("tax", item.tax);
  return in.finish();
}

Status read_payment(const json::Value& value, std::string_view place, ClosingPayment& payment) {
  Stored in(value, place);
  in.word("kind", words::payment_kind, payment.kind);
  in.text("name", payment.name);
  in.money("value", payment.value);
  return in.finish();
}

Status read_cash(const json::Value& value, std::string_view place, ClosingCash& cash) {
  Stored in(value, place);
  in.money("amount", cash.amount);
  in.parsed("currency", cash.currency);
  return in.finish();
}

Status read_denomination(const json::Value& value, std::string_view place, Denomination& to) {
  Stored in(value, place);
  in.number("count", to.count);
  in.money("value", to.value);
  return in.finish();
}

Status read_counted(const json::Value& value, std::string_view place, CountedCash& counted) {
  Stored in(value, place);
  in.money("amount", counted.amount);
  in.parsed("currency", counted.currency);
  in.list("denominations", into(counted.denominations, read_denomination));
  return in.finish();
}

void read(Stored& in, Closing& entry) {
  in.parsed("at", entry.at);
  if (in.has("business_day")) in.parsed("business_day", entry.business_day.emplace());
  in.number("business_sequence", entry.business_sequence);
  in.list("cases", into(entry.cases, read_case));
  in.list("cash", into(entry.cash, read_cash));
  in.list("counted", into(entry.counted, read_counted));
  in.money("difference", entry.difference);
  in.list("drawer", into(entry.drawer, read_cash));
  in.number("first_number", entry.first_number);
  in.number("first_sequence", entry.first_sequence);
  in.number("last_number", entry.last_number);
  in.boolean("last_of_month", entry.last_of_month);
  in.text("note", entry.note);
  in.number("number", entry.number);
  in.list("payments", into(entry.payments, read_payment));
  in.number("previous", entry.previous);
  in.number("receipts", entry.receipts);
  in.parsed("register", entry.register_id);
  in.number("register_sequence", entry.register_sequence);
  in.texts("tses", entry.tses);
  in.money("turnover", entry.turnover);
}

void read(Stored& in, ClosingBegun& entry) {
  if (in.has("business_day")) in.parsed("business_day", entry.request.business_day.emplace());
  in.list("counted", into(entry.request.counted, read_counted));
  in.money("difference", entry.difference);
  in.list("drawer", into(entry.drawer, read_cash));
  Bytes fingerprint;
  in.bytes("fingerprint", fingerprint);
  if (fingerprint.size() == entry.fingerprint.size())
    std::ranges::copy(fingerprint, entry.fingerprint.begin());
  in.text("key", entry.key);
  if (in.has("last_of_month")) in.boolean("last_of_month", entry.last_of_month.emplace());
  in.text("note", entry.request.note);
  in.number("number", entry.number);
  in.parsed("register", entry.register_id);
  in.boolean("signed", entry.is_signed);
  in.boolean("with_difference", entry.books_difference);
}

Result<Denomination> denomination_from(json::Fields in) {
  Denomination out;
  SIEGEL_TRY(out.count, in.required_int("count", 0, 1'000'000));
  SIEGEL_TRY(out.value, request::required_money(in, "value"));
  SIEGEL_TRY_OK(in.finish());
  return out;
}

Result<CountedCash> counted_from(json::Fields in) {
  CountedCash out;
  SIEGEL_TRY(const auto amount, request::optional_number<Money>(in, "amount"));
  SIEGEL_TRY(out.currency, request::parsed_or(in, "currency", 3, Currency::eur()));
  SIEGEL_TRY_OK(request::read_list(in, "denominations", 100, out.denominations, denomination_from));
  SIEGEL_TRY_OK(in.finish());
  std::int64_t cents = 0;
  for (const Denomination& one : out.denominations) {
    if (one.value <= Money() || one.value.cents() > Money::limit / 1'000'000)
      return invalid("E-MOD-114", "a note or coin has a value above 0",
                     in.place_of("denominations"));
    cents += one.value.cents() * one.count;
  }
  out.amount = amount.value_or(Money::from_cents(cents));
  if (!out.denominations.empty() && out.amount != Money::from_cents(cents))
    return invalid("E-MOD-114",
                   fmt::format("the notes and coins make {}, not {}",
                               Money::from_cents(cents).text(), out.amount.text()),
                   in.place_of("amount"));
  return out;
}

}  // namespace

std::string to_json(const Closing& entry) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object().field("at", exact_text(entry.at));
  if (entry.business_day) out.field("business_day", entry.business_day->text());
  optional_number(out, "business_sequence", number(entry.business_sequence));
  optional_objects(out, "cases", entry.cases);
  optional_objects(out, "cash", entry.cash);
  optional_objects(out, "counted", entry.counted);
  optional_number(out, "difference", entry.difference.cents());
  optional_objects(out, "drawer", entry.drawer);
  optional_number(out, "first_number", number(entry.first_number));
  optional_number(out, "first_sequence", number(entry.first_sequence));
  optional_number(out, "last_number", number(entry.last_number));
  out.field("last_of_month", entry.last_of_month);
  optional_text(out, "note", entry.note);
  out.field("number", number(entry.number));
  optional_objects(out, "payments", entry.payments);
  optional_number(out, "previous", number(entry.previous));
  out.field("receipts", number(entry.receipts)).field("register", entry.register_id.text());
  optional_number(out, "register_sequence", number(entry.register_sequence));
  optional_list(out, "tses", entry.tses, write_text);
  out.field("turnover", entry.turnover.cents()).end_object();
  return bytes;
}

Result<Closing> closing_from_json(std::string_view json) {
  return read_as<Closing>(json, [](Stored& in, Closing& out) { read(in, out); });
}

std::string to_json(const ClosingBegun& entry) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  if (entry.request.business_day) out.field("business_day", entry.request.business_day->text());
  optional_objects(out, "counted", entry.request.counted);
  optional_number(out, "difference", entry.difference.cents());
  optional_objects(out, "drawer", entry.drawer);
  out.field("fingerprint", base64(entry.fingerprint)).field("key", entry.key);
  if (entry.last_of_month) out.field("last_of_month", *entry.last_of_month);
  optional_text(out, "note", entry.request.note);
  out.field("number", number(entry.number)).field("register", entry.register_id.text());
  out.field("signed", entry.is_signed).field("with_difference", entry.books_difference);
  out.end_object();
  return bytes;
}

Result<ClosingBegun> closing_begun_from_json(std::string_view json) {
  return read_as<ClosingBegun>(json, [](Stored& in, ClosingBegun& out) { read(in, out); });
}

std::string to_json(const BusinessInForce& entry) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object().field("business_sequence", number(entry.business_sequence));
  out.field("register", entry.register_id.text()).end_object();
  return bytes;
}

Result<BusinessInForce> business_in_force_from_json(std::string_view json) {
  return read_as<BusinessInForce>(json, [](Stored& in, BusinessInForce& out) {
    in.number("business_sequence", out.business_sequence);
    in.parsed("register", out.register_id);
  });
}

Result<ClosingRequest> closing_from_request(const json::Value& value, std::string_view place) {
  SIEGEL_TRY(auto in, json::Fields::of(value, place));
  ClosingRequest out;
  SIEGEL_TRY(const auto day, in.optional_string("business_day", 10));
  if (day) {
    SIEGEL_TRY(out.business_day, request::placed(Date::parse(*day), in.place_of("business_day")));
  }
  SIEGEL_TRY_OK(request::read_list(in, "counted", 50, out.counted, counted_from));
  SIEGEL_TRY(out.note, request::text_or_empty(in, "note", draft_limits::text));
  SIEGEL_TRY_OK(in.finish());
  return out;
}

}  // namespace siegel
