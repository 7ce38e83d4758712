#include "model/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "format/json_fields.h"
#include "format/json_writer.h"
#include "model/words.h"

// A member whose value is the default is not written. Readers take what is there and compare the
// result, written again, with the bytes they read: a missing member, a second way of writing or a
// blank is a difference, and so an error.

namespace siegel {
namespace {

constexpr json::Limits stored_limits = {.bytes_max = std::size_t{16} << 20,
                                        .values_max = 4'000'000};

// ---------------------------------------------------------------- writing

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void optional_text(json::Writer& out, std::string_view key, std::string_view text) {
  if (!text.empty()) out.field(key, text);
}

void optional_number(json::Writer& out, std::string_view key, std::int64_t value) {
  if (value != 0) out.field(key, value);
}

void optional_bytes(json::Writer& out, std::string_view key, BytesView bytes) {
  if (!bytes.empty()) out.field(key, base64(bytes));
}

void optional_instant(json::Writer& out, std::string_view key, Instant at) {
  if (at != Instant()) out.field(key, at.text());
}

template <class T, class Write>
void optional_list(json::Writer& out, std::string_view key, const std::vector<T>& list,
                   const Write& write) {
  if (list.empty()) return;
  out.key(key).begin_array();
  for (const T& item : list) write(out, item);
  out.end_array();
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

void write(json::Writer& out, const PlanLine& line) {
  out.begin_object().field("amount", line.amount.cents());
  optional_text(out, "article", line.article);
  optional_list(out, "discounts", line.discounts,
                [](json::Writer& to, const Discount& discount) { write(to, discount); });
  if (line.gv_typ != GvTyp::umsatz) out.field("gv_typ", gv_typ_text(line.gv_typ));
  out.field("quantity", line.quantity.raw());
  optional_list(out, "shares", line.shares,
                [](json::Writer& to, const VatShare& share) { write(to, share); });
  out.field("text", line.text).field("total", line.total.cents());
  optional_text(out, "unit", line.unit);
  out.field("unit_price", line.unit_price.raw()).end_object();
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

// ---------------------------------------------------------------- reading

Error as_corrupt(const Error& error) {
  return corrupt("E-MOD-101",
                 fmt::format("a stored entry cannot be read: {} {}", error.code, error.detail),
                 error.place);
}

/// Reads one stored object; keeps the first error and reads on, so that a reader is a list of
/// fields.
class Stored {
 public:
  explicit Stored(const json::Value& value, std::string_view place = {}) {
    auto fields = json::Fields::of(value, place);
    if (fields.ok()) {
      m_fields = std::move(fields).value();
    } else {
      m_error = std::move(fields).error();
    }
  }

  [[nodiscard]] bool has(std::string_view key) const { return m_fields && m_fields->has(key); }
  void text(std::string_view key, std::string& to) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    if (const std::string* text = value->string()) {
      to = *text;
    } else {
      fail(key, "is not a text");
    }
  }
  template <class T>
  void number(std::string_view key, T& to) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    if (const std::int64_t* integer = value->integer()) {
      // Counters of a device use all 64 bits; they were written as the int64 of the same bits.
      if (sizeof(T) == sizeof(std::int64_t) || std::in_range<T>(*integer)) {
        to = static_cast<T>(*integer);
        return;
      }
    }
    fail(key, "is not a whole number in range");
  }
  void boolean(std::string_view key, bool& to) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    if (const bool* boolean = value->boolean()) {
      to = *boolean;
    } else {
      fail(key, "is not true or false");
    }
  }
  void money(std::string_view key, Money& to) {
    std::int64_t cents = 0;
    number(key, cents);
    to = Money::from_cents(cents);
  }
  template <int Scale>
  void decimal(std::string_view key, Decimal<Scale>& to) {
    std::int64_t raw = 0;
    number(key, raw);
    to = Decimal<Scale>::from_raw(raw);
  }
  template <class Enum>
  void word(std::string_view key, std::span<const std::string_view> list, Enum& to) {
    std::string text;
    this->text(key, text);
    if (text.empty()) return;
    if (const auto found = words::find<Enum>(text, list)) {
      to = *found;
    } else {
      fail(key, fmt::format("is not a known word: {}", text));
    }
  }
  void key_and_rate(VatKey& key, VatRate& rate) {
    int number = 0;
    this->number("key", number);
    key = VatKey(number);
    int hundredths = 0;
    this->number("rate", hundredths);
    rate = VatRate::from_hundredths(hundredths);
  }
  template <class T>
  void parsed(std::string_view key, T& to) {
    std::string text;
    this->text(key, text);
    if (text.empty()) return;
    auto result = T::parse(text);
    if (result.ok()) {
      to = std::move(result).value();
    } else {
      fail(key, result.error().detail);
    }
  }
  void bytes(std::string_view key, Bytes& to) {
    std::string text;
    this->text(key, text);
    auto result = from_base64(text);
    if (result.ok()) {
      to = std::move(result).value();
    } else {
      fail(key, result.error().detail);
    }
  }
  /// Calls `read(value, place)` for each element.
  template <class Read>
  void list(std::string_view key, const Read& read) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    const json::Array* array = value->array();
    if (array == nullptr) return fail(key, "is not a list");
    const std::string place = m_fields ? m_fields->place_of(key) : std::string();
    for (std::size_t i = 0; i < array->size(); ++i) {
      const Status status = read((*array)[i], json::pointer(place, i));
      if (!status.ok() && !m_error) m_error = status.error();
    }
  }
  /// Calls `read(Stored&)` for the object, if there is one.
  template <class Read>
  void object(std::string_view key, const Read& read) {
    const json::Value* value = any(key);
    if (value == nullptr) return;
    Stored inner(*value, m_fields->place_of(key));
    read(inner);
    const Status status = inner.finish();
    if (!status.ok() && !m_error) m_error = status.error();
  }
  void texts(std::string_view key, std::vector<std::string>& to) {
    list(key, [&](const json::Value& value, const std::string& place) -> Status {
      if (value.string() == nullptr) return invalid("E-MOD-101", "is not a text", place);
      to.push_back(*value.string());
      return Ok{};
    });
  }
  [[nodiscard]] Status finish() const {
    if (m_error) return *m_error;
    return m_fields->finish();
  }

 private:
  const json::Value* any(std::string_view key) { return m_fields ? m_fields->any(key) : nullptr; }
  void fail(std::string_view key, std::string detail) {
    if (!m_error) m_error = invalid("E-MOD-101", std::move(detail), m_fields->place_of(key));
  }

  std::optional<json::Fields> m_fields;
  std::optional<Error> m_error;
};

template <class T, class Read>
Result<T> read_stored(std::string_view json, const Read& read) {
  const auto value = json::parse(json, stored_limits);
  if (!value.ok()) return as_corrupt(value.error());
  T out;
  Stored object(*value);
  read(object, out);
  if (const Status status = object.finish(); !status.ok()) return as_corrupt(status.error());
  const std::string again = to_json(out);
  if (again != json) {
    const auto difference = std::ranges::mismatch(again, json).in2 - json.begin();
    return corrupt("E-MOD-101", "a stored entry is not in the form it was written in",
                   fmt::format("byte {}", difference));
  }
  return out;
}

Status read_line(const json::Value& value, std::string_view place, PlanLine& line) {
  Stored in(value, place);
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

template <class T, class Read>
auto into(std::vector<T>& list, const Read& read) {
  return [&list, read](const json::Value& value, std::string_view place) {
    return read(value, place, list.emplace_back());
  };
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
  in.text("cashier", plan.cashier);
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

auto bytes_into(std::vector<Bytes>& list) {
  return [&list](const json::Value& value, std::string_view place) -> Status {
    if (value.string() == nullptr) return invalid("E-MOD-101", "is not a text", std::string(place));
    SIEGEL_TRY(auto bytes, from_base64(*value.string()));
    list.push_back(std::move(bytes));
    return Ok{};
  };
}

void read(Stored& in, Business& business) {
  in.text("city", business.city);
  in.text("country", business.country);
  in.texts("footer_lines", business.footer_lines);
  in.texts("header_lines", business.header_lines);
  in.text("name", business.name);
  in.text("postcode", business.postcode);
  in.text("street", business.street);
  in.text("tax_number", business.tax_number);
  in.text("time_zone", business.time_zone);
  in.text("vat_id", business.vat_id);
}

void read(Stored& in, RegisterInfo& info) {
  in.text("aes_check", info.aes_check);
  in.parsed("id", info.id);
  in.text("name", info.name);
  in.texts("signers", info.signers);
  in.text("tse_serial", info.tse_serial);
}

void read(Stored& in, SignerInfo& info) {
  in.list("certificates", bytes_into(info.certificates));
  in.boolean("development", info.development);
  in.text("holder", info.holder);
  in.text("id", info.id);
  in.text("kind", info.kind);
  in.text("provider", info.provider);
  in.bytes("public_key", info.public_key);
  in.text("serial", info.serial);
}

void read(Stored& in, TseInfo& info) {
  in.text("algorithm", info.algorithm);
  in.list("certificates", bytes_into(info.certificates));
  in.boolean("certified", info.certified);
  in.text("id", info.id);
  in.text("manufacturer", info.manufacturer);
  in.bytes("public_key", info.public_key);
  in.text("serial", info.serial);
  in.text("time_format", info.time_format);
}

void read(Stored& in, Profile& profile) {
  in.boolean("automatic_dues", profile.automatic_dues);
  in.word("labels", words::label_set, profile.labels);
  in.word("language", words::language, profile.language);
  in.boolean("one_register_per_tse", profile.one_register_per_tse);
  in.number("tse_deadline_ms", profile.tse_deadline_ms);
  in.word("tse_form", words::tse_form, profile.tse_form);
  in.texts("vat_headings", profile.vat_headings);
  in.word("vat_marks", words::vat_marks, profile.vat_marks);
}

template <class T>
Result<T> stored(std::string_view json) {
  return read_stored<T>(json, [](Stored& in, T& out) { read(in, out); });
}

void write_text(json::Writer& out, const std::string& text) { out.string(text); }
void write_base64(json::Writer& out, const Bytes& bytes) { out.string(base64(bytes)); }

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
  optional_text(out, "cashier", plan.cashier);
  optional_number(out, "change", plan.change.cents());
  optional_text(out, "customer", plan.customer);
  out.field("decided", exact_text(plan.decided));
  if (plan.has_first_order) out.field("first_order", exact_text(plan.first_order));
  out.field("kind", receipt_kind_text(plan.kind));
  optional_list(out, "lines", plan.lines,
                [](json::Writer& to, const PlanLine& line) { write(to, line); });
  optional_text(out, "name", plan.name);
  optional_text(out, "note", plan.note);
  out.field("number", number(plan.number));
  optional_list(out, "payments", plan.payments,
                [](json::Writer& to, const PlanPayment& payment) { write(to, payment); });
  out.field("process_data", plan.process_data)
      .field("process_type", process_type_text(plan.process_type));
  optional_text(out, "reason", plan.reason);
  out.field("receipt_number", plan.receipt_number).field("register", plan.register_id.text());
  if (!plan.reverses.empty()) {
    out.field("reversed_decided", exact_text(plan.reversed_decided))
        .field("reverses", plan.reverses);
  }
  if (plan.rksv) write(out.key("rksv"), *plan.rksv);
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

std::string to_json(const Business& business) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object().field("city", business.city).field("country", business.country);
  optional_list(out, "footer_lines", business.footer_lines, write_text);
  optional_list(out, "header_lines", business.header_lines, write_text);
  out.field("name", business.name)
      .field("postcode", business.postcode)
      .field("street", business.street);
  optional_text(out, "tax_number", business.tax_number);
  out.field("time_zone", business.time_zone);
  optional_text(out, "vat_id", business.vat_id);
  out.end_object();
  return bytes;
}

std::string to_json(const RegisterInfo& info) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  optional_text(out, "aes_check", info.aes_check);
  out.field("id", info.id.text());
  optional_text(out, "name", info.name);
  optional_list(out, "signers", info.signers, write_text);
  optional_text(out, "tse_serial", info.tse_serial);
  out.end_object();
  return bytes;
}

std::string to_json(const TseInfo& info) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object().field("algorithm", info.algorithm);
  optional_list(out, "certificates", info.certificates, write_base64);
  out.field("certified", info.certified)
      .field("id", info.id)
      .field("manufacturer", info.manufacturer)
      .field("public_key", base64(info.public_key))
      .field("serial", info.serial)
      .field("time_format", info.time_format)
      .end_object();
  return bytes;
}

std::string to_json(const SignerInfo& info) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  optional_list(out, "certificates", info.certificates, write_base64);
  if (info.development) out.field("development", true);
  optional_text(out, "holder", info.holder);
  out.field("id", info.id)
      .field("kind", info.kind)
      .field("provider", info.provider)
      .field("public_key", base64(info.public_key))
      .field("serial", info.serial)
      .end_object();
  return bytes;
}

std::string to_json(const Profile& profile) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  if (!profile.automatic_dues) out.field("automatic_dues", false);
  out.field("labels", words::of(profile.labels, words::label_set))
      .field("language", words::of(profile.language, words::language))
      .field("one_register_per_tse", profile.one_register_per_tse)
      .field("tse_deadline_ms", profile.tse_deadline_ms)
      .field("tse_form", words::of(profile.tse_form, words::tse_form));
  optional_list(out, "vat_headings", profile.vat_headings, write_text);
  out.field("vat_marks", words::of(profile.vat_marks, words::vat_marks)).end_object();
  return bytes;
}

Result<Plan> plan_from_json(std::string_view json) { return stored<Plan>(json); }
Result<Seal> seal_from_json(std::string_view json) { return stored<Seal>(json); }
Result<Business> business_from_json(std::string_view json) { return stored<Business>(json); }
Result<RegisterInfo> register_from_json(std::string_view json) {
  return stored<RegisterInfo>(json);
}
Result<TseInfo> tse_from_json(std::string_view json) { return stored<TseInfo>(json); }
Result<SignerInfo> signer_from_json(std::string_view json) { return stored<SignerInfo>(json); }
Result<Profile> profile_from_json(std::string_view json) { return stored<Profile>(json); }

}  // namespace siegel
