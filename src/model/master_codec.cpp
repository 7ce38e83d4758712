#include "model/codec.h"
#include "model/stored.h"

// Master data as stored: docs/formats/master-data.md.

namespace siegel {
namespace {

using namespace stored;  // NOLINT(google-build-using-namespace): the codec's own words

void write(json::Writer& out, const Outlet& outlet) {
  out.begin_object().field("city", outlet.city).field("country", outlet.country);
  out.field("id", outlet.id)
      .field("name", outlet.name)
      .field("postcode", outlet.postcode)
      .field("street", outlet.street);
  optional_text(out, "tax_number", outlet.tax_number);
  optional_text(out, "vat_id", outlet.vat_id);
  out.end_object();
}

void write(json::Writer& out, const Agency& agency) {
  out.begin_object().field("city", agency.city).field("country", agency.country);
  out.field("id", agency.id)
      .field("name", agency.name)
      .field("postcode", agency.postcode)
      .field("street", agency.street);
  optional_text(out, "tax_number", agency.tax_number);
  optional_text(out, "vat_id", agency.vat_id);
  out.end_object();
}

void write(json::Writer& out, const ExchangeRate& rate) {
  out.begin_object()
      .field("base", rate.base.text())
      .field("currency", rate.currency.text())
      .field("from", rate.from.text())
      .field("rate", rate.rate.raw())
      .end_object();
}

void write(json::Writer& out, const BookingTemplate& item) {
  out.begin_object();
  if (!item.automatic) out.field("automatic", false);
  optional_text(out, "gv_name", item.gv_name);
  out.field("gv_typ", gv_typ_text(item.gv_typ)).field("name", item.name);
  optional_text(out, "vat", item.vat);
  out.end_object();
}

void write(json::Writer& out, const Cashier& cashier) {
  out.begin_object().field("id", cashier.id).field("name", cashier.name).end_object();
}

void write(json::Writer& out, const OwnVatKey& own) {
  out.begin_object()
      .field("description", own.description)
      .field("key", own.key.get())
      .field("mark", own.mark)
      .field("rate", own.rate.hundredths())
      .field("slot", own.slot)
      .end_object();
}

void write(json::Writer& out, const TerminalInfo& terminal) {
  out.begin_object();
  optional_text(out, "brand", terminal.brand);
  out.field("id", terminal.id);
  optional_text(out, "model", terminal.model);
  out.field("serial", terminal.serial);
  optional_text(out, "software", terminal.software);
  optional_text(out, "software_version", terminal.software_version);
  out.end_object();
}

/// A list whose elements `write` of this file writes.
template <class T>
void optional_objects(json::Writer& out, std::string_view key, const std::vector<T>& list) {
  optional_list(out, key, list, [](json::Writer& to, const T& item) { write(to, item); });
}

template <class Address>
void read_address(Stored& in, Address& to) {
  in.text("city", to.city);
  in.text("country", to.country);
  in.text("name", to.name);
  in.text("postcode", to.postcode);
  in.text("street", to.street);
  in.text("tax_number", to.tax_number);
  in.text("vat_id", to.vat_id);
}

Status read_outlet(const json::Value& value, std::string_view place, Outlet& outlet) {
  Stored in(value, place);
  in.text("id", outlet.id);
  read_address(in, outlet);
  return in.finish();
}

Status read_agency(const json::Value& value, std::string_view place, Agency& agency) {
  Stored in(value, place);
  in.number("id", agency.id);
  read_address(in, agency);
  return in.finish();
}

Status read_rate(const json::Value& value, std::string_view place, ExchangeRate& rate) {
  Stored in(value, place);
  in.parsed("base", rate.base);
  in.parsed("currency", rate.currency);
  in.parsed("from", rate.from);
  in.decimal("rate", rate.rate);
  return in.finish();
}

Status read_template(const json::Value& value, std::string_view place, BookingTemplate& item) {
  Stored in(value, place);
  in.boolean("automatic", item.automatic);
  in.text("gv_name", item.gv_name);
  in.word("gv_typ", words::gv_typ, item.gv_typ);
  in.text("name", item.name);
  in.text("vat", item.vat);
  return in.finish();
}

Status read_cashier(const json::Value& value, std::string_view place, Cashier& cashier) {
  Stored in(value, place);
  in.text("id", cashier.id);
  in.text("name", cashier.name);
  return in.finish();
}

Status read_own_vat_key(const json::Value& value, std::string_view place, OwnVatKey& own) {
  Stored in(value, place);
  in.text("description", own.description);
  in.key_and_rate(own.key, own.rate);
  in.text("mark", own.mark);
  in.number("slot", own.slot);
  return in.finish();
}

Status read_terminal(const json::Value& value, std::string_view place, TerminalInfo& terminal) {
  Stored in(value, place);
  in.text("brand", terminal.brand);
  in.text("id", terminal.id);
  in.text("model", terminal.model);
  in.text("serial", terminal.serial);
  in.text("software", terminal.software);
  in.text("software_version", terminal.software_version);
  return in.finish();
}

void read(Stored& in, Business& business) {
  in.list("agencies", into(business.agencies, read_agency));
  in.list("cashiers", into(business.cashiers, read_cashier));
  in.list("outlets", into(business.outlets, read_outlet));
  in.list("rates", into(business.rates, read_rate));
  in.list("templates", into(business.templates, read_template));
  in.list("vat_keys", into(business.vat_keys, read_own_vat_key));
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
  const auto day = [&](std::string_view key, std::optional<Date>& to) {
    if (in.has(key)) in.parsed(key, to.emplace());
  };
  day("acquired", info.acquired);
  day("in_use_since", info.in_use_since);
  day("out_of_use", info.out_of_use);
  in.text("out_of_use_reason", info.out_of_use_reason);
  if (in.has("system_kind")) in.number("system_kind", info.system_kind);
  in.text("aes_check", info.aes_check);
  in.texts("backup_tses", info.backup_tses);
  in.parsed("base_currency", info.base_currency);
  in.text("brand", info.brand);
  in.text("model", info.model);
  in.word("no_tse", words::no_tse, info.no_tse);
  in.text("outlet", info.outlet);
  in.text("printer", info.printer);
  in.text("software", info.software);
  in.text("software_version", info.software_version);
  in.list("terminals", into(info.terminals, read_terminal));
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
  in.text("certification", info.certification);
  in.boolean("certified", info.certified);
  in.number("form", info.form);
  in.text("id", info.id);
  in.text("manufacturer", info.manufacturer);
  in.bytes("public_key", info.public_key);
  in.text("serial", info.serial);
  in.text("time_format", info.time_format);
}

void read(Stored& in, Profile& profile) {
  in.boolean("automatic_dues", profile.automatic_dues);
  in.boolean("book_difference", profile.book_difference);
  in.text("exemption_date", profile.exemption_date);
  in.text("exemption_file", profile.exemption_file);
  in.boolean("failure_slip", profile.failure_slip);
  in.boolean("log_files", profile.log_files);
  in.number("read_back_every", profile.read_back_every);
  in.word("receipt_duty", words::receipt_duty, profile.receipt_duty);
  in.boolean("recovery_slip", profile.recovery_slip);
  in.boolean("restart_for_master", profile.restart_for_master);
  in.boolean("sign_closing", profile.sign_closing);
  in.boolean("start_slip", profile.start_slip);
  in.word("table_flow", words::table_flow, profile.table_flow);
  in.number("tse_load_limit_ms", profile.tse_load_limit_ms);
  in.word("labels", words::label_set, profile.labels);
  in.word("language", words::language, profile.language);
  in.boolean("one_register_per_tse", profile.one_register_per_tse);
  in.number("tse_deadline_ms", profile.tse_deadline_ms);
  in.word("tse_form", words::tse_form, profile.tse_form);
  in.texts("vat_headings", profile.vat_headings);
  in.word("vat_marks", words::vat_marks, profile.vat_marks);
}

template <class T>
Result<T> stored_as(std::string_view json) {
  return read_as<T>(json, [](Stored& in, T& out) { read(in, out); });
}

}  // namespace

std::string to_json(const Business& business) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  optional_objects(out, "agencies", business.agencies);
  optional_objects(out, "cashiers", business.cashiers);
  out.field("city", business.city).field("country", business.country);
  optional_list(out, "footer_lines", business.footer_lines, write_text);
  optional_list(out, "header_lines", business.header_lines, write_text);
  out.field("name", business.name);
  optional_objects(out, "outlets", business.outlets);
  out.field("postcode", business.postcode);
  optional_objects(out, "rates", business.rates);
  out.field("street", business.street);
  optional_text(out, "tax_number", business.tax_number);
  optional_objects(out, "templates", business.templates);
  out.field("time_zone", business.time_zone);
  optional_text(out, "vat_id", business.vat_id);
  optional_objects(out, "vat_keys", business.vat_keys);
  out.end_object();
  return bytes;
}

std::string to_json(const RegisterInfo& info) {
  std::string bytes;
  json::Writer out(bytes);
  const auto day = [&](std::string_view key, const std::optional<Date>& date) {
    if (date) out.field(key, date->text());
  };
  out.begin_object();
  day("acquired", info.acquired);
  optional_text(out, "aes_check", info.aes_check);
  optional_list(out, "backup_tses", info.backup_tses, write_text);
  if (info.base_currency != Currency::eur()) out.field("base_currency", info.base_currency.text());
  optional_text(out, "brand", info.brand);
  out.field("id", info.id.text());
  day("in_use_since", info.in_use_since);
  optional_text(out, "model", info.model);
  optional_text(out, "name", info.name);
  if (info.no_tse != NoTse::no) out.field("no_tse", words::of(info.no_tse, words::no_tse));
  day("out_of_use", info.out_of_use);
  optional_text(out, "out_of_use_reason", info.out_of_use_reason);
  optional_text(out, "outlet", info.outlet);
  optional_text(out, "printer", info.printer);
  optional_list(out, "signers", info.signers, write_text);
  optional_text(out, "software", info.software);
  optional_text(out, "software_version", info.software_version);
  if (info.system_kind != RegisterInfo().system_kind) out.field("system_kind", info.system_kind);
  optional_objects(out, "terminals", info.terminals);
  optional_text(out, "tse_serial", info.tse_serial);
  out.end_object();
  return bytes;
}

std::string to_json(const TseInfo& info) {
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object().field("algorithm", info.algorithm);
  optional_list(out, "certificates", info.certificates, write_base64);
  optional_text(out, "certification", info.certification);
  out.field("certified", info.certified);
  optional_number(out, "form", info.form);
  out.field("id", info.id)
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
  const Profile usual;
  std::string bytes;
  json::Writer out(bytes);
  out.begin_object();
  const auto unusual = [&](std::string_view key, bool value, bool otherwise) {
    if (value != otherwise) out.field(key, value);
  };
  unusual("automatic_dues", profile.automatic_dues, usual.automatic_dues);
  unusual("book_difference", profile.book_difference, usual.book_difference);
  optional_text(out, "exemption_date", profile.exemption_date);
  optional_text(out, "exemption_file", profile.exemption_file);
  unusual("failure_slip", profile.failure_slip, usual.failure_slip);
  out.field("labels", words::of(profile.labels, words::label_set))
      .field("language", words::of(profile.language, words::language));
  unusual("log_files", profile.log_files, usual.log_files);
  out.field("one_register_per_tse", profile.one_register_per_tse);
  if (profile.read_back_every != usual.read_back_every)
    out.field("read_back_every", profile.read_back_every);
  if (profile.receipt_duty != usual.receipt_duty)
    out.field("receipt_duty", words::of(profile.receipt_duty, words::receipt_duty));
  unusual("recovery_slip", profile.recovery_slip, usual.recovery_slip);
  unusual("restart_for_master", profile.restart_for_master, usual.restart_for_master);
  unusual("sign_closing", profile.sign_closing, usual.sign_closing);
  unusual("start_slip", profile.start_slip, usual.start_slip);
  if (profile.table_flow != usual.table_flow)
    out.field("table_flow", words::of(profile.table_flow, words::table_flow));
  out.field("tse_deadline_ms", profile.tse_deadline_ms)
      .field("tse_form", words::of(profile.tse_form, words::tse_form));
  if (profile.tse_load_limit_ms != usual.tse_load_limit_ms)
    out.field("tse_load_limit_ms", profile.tse_load_limit_ms);
  optional_list(out, "vat_headings", profile.vat_headings, write_text);
  out.field("vat_marks", words::of(profile.vat_marks, words::vat_marks)).end_object();
  return bytes;
}

Result<Business> business_from_json(std::string_view json) { return stored_as<Business>(json); }
Result<RegisterInfo> register_from_json(std::string_view json) {
  return stored_as<RegisterInfo>(json);
}
Result<TseInfo> tse_from_json(std::string_view json) { return stored_as<TseInfo>(json); }
Result<SignerInfo> signer_from_json(std::string_view json) { return stored_as<SignerInfo>(json); }
Result<Profile> profile_from_json(std::string_view json) { return stored_as<Profile>(json); }

}  // namespace siegel
