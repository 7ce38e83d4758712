#include <utility>

#include "model/codec.h"
#include "model/request_fields.h"
#include "model/words.h"

// Master data as people write them: docs/formats/master-data.md.

namespace siegel {
namespace {

using namespace request;  // NOLINT(google-build-using-namespace): the reader's own words
namespace limits = master_limits;

template <class Address>
Status read_address(json::Fields& in, Address& to) {
  SIEGEL_TRY(to.city, in.required_string("city", 62));
  SIEGEL_TRY(const auto country, in.optional_string("country", 2));
  if (country) to.country = *country;
  SIEGEL_TRY(to.name, in.required_string("name", limits::name));
  SIEGEL_TRY(to.postcode, in.required_string("postcode", 10));
  SIEGEL_TRY(to.street, in.required_string("street", limits::name));
  SIEGEL_TRY(to.tax_number, text_or_empty(in, "tax_number", 20));
  SIEGEL_TRY(to.vat_id, text_or_empty(in, "vat_id", 15));
  return Ok{};
}

Result<Outlet> read_outlet(json::Fields in) {
  Outlet outlet;
  SIEGEL_TRY(outlet.id, in.required_string("id", limits::id));
  SIEGEL_TRY_OK(read_address(in, outlet));
  SIEGEL_TRY_OK(in.finish());
  return outlet;
}

Result<Agency> read_agency(json::Fields in) {
  Agency agency;
  SIEGEL_TRY(const std::int64_t id, in.required_int("id", 1, limits::agency));
  agency.id = static_cast<int>(id);
  SIEGEL_TRY_OK(read_address(in, agency));
  SIEGEL_TRY_OK(in.finish());
  return agency;
}

Result<ExchangeRate> read_rate(json::Fields in) {
  ExchangeRate rate;
  SIEGEL_TRY(rate.base, required_parsed<Currency>(in, "base", 3));
  SIEGEL_TRY(rate.currency, required_parsed<Currency>(in, "currency", 3));
  SIEGEL_TRY(rate.from, required_parsed<Date>(in, "from", 10));
  SIEGEL_TRY(const std::string text, in.required_decimal("rate"));
  SIEGEL_TRY(rate.rate, placed(UnitPrice::parse(text), in.place_of("rate")));
  if (rate.rate <= UnitPrice())
    return invalid("E-MOD-113", "an exchange rate is more than 0", in.place_of("rate"));
  SIEGEL_TRY_OK(in.finish());
  return rate;
}

Result<BookingTemplate> read_template(json::Fields in) {
  BookingTemplate item;
  SIEGEL_TRY(item.automatic, in.optional_bool("automatic", false));
  SIEGEL_TRY(item.gv_name, text_or_empty(in, "gv_name", draft_limits::gv_name));
  SIEGEL_TRY(item.gv_typ, word_or(in, "gv_typ", words::gv_typ, item.gv_typ));
  SIEGEL_TRY(item.name, in.required_string("name", limits::name));
  SIEGEL_TRY(item.vat, text_or_empty(in, "vat", 10));
  SIEGEL_TRY_OK(in.finish());
  return item;
}

Result<Cashier> read_cashier(json::Fields in) {
  Cashier cashier;
  SIEGEL_TRY(cashier.id, in.required_string("id", limits::id));
  SIEGEL_TRY(cashier.name, in.required_string("name", limits::id));
  SIEGEL_TRY_OK(in.finish());
  return cashier;
}

Result<OwnVatKey> read_own_key(json::Fields in) {
  OwnVatKey own;
  SIEGEL_TRY(own.description, in.required_string("description", 55));
  SIEGEL_TRY(const std::int64_t key, in.required_int("key", 1000, 999'999));
  own.key = VatKey(static_cast<int>(key));
  SIEGEL_TRY(own.mark, in.required_string("mark", 10));
  SIEGEL_TRY(const std::string rate, in.required_decimal("rate"));
  SIEGEL_TRY(own.rate, placed(VatRate::parse(rate), in.place_of("rate")));
  SIEGEL_TRY(const auto slot, in.optional_int("slot", 1, 5));
  own.slot = static_cast<int>(slot.value_or(5));
  SIEGEL_TRY_OK(in.finish());
  return own;
}

Result<TerminalInfo> read_terminal(json::Fields in) {
  TerminalInfo terminal;
  SIEGEL_TRY(terminal.brand, text_or_empty(in, "brand", limits::id));
  SIEGEL_TRY(terminal.id, in.required_string("id", limits::id));
  SIEGEL_TRY(terminal.model, text_or_empty(in, "model", limits::id));
  SIEGEL_TRY(const auto serial, required_parsed<RegisterId>(in, "serial", limits::id));
  terminal.serial = serial.text();
  SIEGEL_TRY(terminal.software, text_or_empty(in, "software", limits::id));
  SIEGEL_TRY(terminal.software_version, text_or_empty(in, "software_version", limits::id));
  SIEGEL_TRY_OK(in.finish());
  return terminal;
}

}  // namespace

Result<Business> business_from_request(const json::Value& value, std::string_view place) {
  SIEGEL_TRY(auto in, json::Fields::of(value, place));
  Business business;
  SIEGEL_TRY_OK(read_list(in, "agencies", limits::agencies, business.agencies, read_agency));
  SIEGEL_TRY_OK(read_list(in, "cashiers", limits::cashiers, business.cashiers, read_cashier));
  SIEGEL_TRY_OK(read_list(in, "outlets", limits::outlets, business.outlets, read_outlet));
  SIEGEL_TRY_OK(read_list(in, "rates", limits::rates, business.rates, read_rate));
  SIEGEL_TRY_OK(read_list(in, "templates", limits::templates, business.templates, read_template));
  SIEGEL_TRY_OK(read_list(in, "vat_keys", limits::vat_keys, business.vat_keys, read_own_key));
  SIEGEL_TRY(business.city, in.required_string("city", limits::name));
  SIEGEL_TRY(const auto country, in.optional_string("country", 2));
  if (country) business.country = *country;
  SIEGEL_TRY(business.footer_lines, texts(in, "footer_lines", 20, draft_limits::text));
  SIEGEL_TRY(business.header_lines, texts(in, "header_lines", 20, draft_limits::text));
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
  const auto day = [&](std::string_view key, std::optional<Date>& to) -> Status {
    SIEGEL_TRY(const auto text, in.optional_string(key, 10));
    if (text) {
      SIEGEL_TRY(to, placed(Date::parse(*text), in.place_of(key)));
    }
    return Ok{};
  };
  SIEGEL_TRY_OK(day("acquired", info.acquired));
  SIEGEL_TRY_OK(day("in_use_since", info.in_use_since));
  SIEGEL_TRY_OK(day("out_of_use", info.out_of_use));
  SIEGEL_TRY(info.out_of_use_reason, text_or_empty(in, "out_of_use_reason", limits::name));
  SIEGEL_TRY(const auto system_kind, in.optional_int("system_kind", 1, 99));
  info.system_kind = static_cast<int>(system_kind.value_or(info.system_kind));
  SIEGEL_TRY(info.backup_tses, texts(in, "backup_tses", 16, 64));
  SIEGEL_TRY(info.base_currency, parsed_or(in, "base_currency", 3, Currency::eur()));
  SIEGEL_TRY(info.brand, text_or_empty(in, "brand", limits::id));
  SIEGEL_TRY(info.model, text_or_empty(in, "model", limits::id));
  SIEGEL_TRY(info.no_tse, word_or(in, "no_tse", words::no_tse, NoTse::no));
  SIEGEL_TRY(info.outlet, text_or_empty(in, "outlet", limits::id));
  SIEGEL_TRY(info.printer, text_or_empty(in, "printer", limits::id));
  SIEGEL_TRY(info.software, text_or_empty(in, "software", limits::id));
  SIEGEL_TRY(info.software_version, text_or_empty(in, "software_version", limits::id));
  SIEGEL_TRY_OK(read_list(in, "terminals", limits::terminals, info.terminals, read_terminal));
  SIEGEL_TRY(info.name, text_or_empty(in, "name", limits::name));
  SIEGEL_TRY(info.tse_serial, text_or_empty(in, "tse_serial", 64));
  SIEGEL_TRY_OK(in.finish());
  return info;
}

Result<Profile> profile_from_request(const json::Value& value, std::string_view place) {
  SIEGEL_TRY(auto in, json::Fields::of(value, place));
  Profile profile;
  SIEGEL_TRY(profile.automatic_dues, in.optional_bool("automatic_dues", profile.automatic_dues));
  SIEGEL_TRY(profile.book_difference, in.optional_bool("book_difference", profile.book_difference));
  SIEGEL_TRY(profile.exemption_date, text_or_empty(in, "exemption_date", 10));
  SIEGEL_TRY(profile.exemption_file, text_or_empty(in, "exemption_file", limits::name));
  SIEGEL_TRY(profile.failure_slip, in.optional_bool("failure_slip", profile.failure_slip));
  SIEGEL_TRY(profile.log_files, in.optional_bool("log_files", profile.log_files));
  SIEGEL_TRY(const auto read_back, in.optional_int("read_back_every", 0, 1'000'000));
  if (read_back) profile.read_back_every = static_cast<int>(*read_back);
  SIEGEL_TRY(profile.receipt_duty,
             word_or(in, "receipt_duty", words::receipt_duty, profile.receipt_duty));
  SIEGEL_TRY(profile.recovery_slip, in.optional_bool("recovery_slip", profile.recovery_slip));
  SIEGEL_TRY(profile.restart_for_master,
             in.optional_bool("restart_for_master", profile.restart_for_master));
  SIEGEL_TRY(profile.sign_closing, in.optional_bool("sign_closing", profile.sign_closing));
  SIEGEL_TRY(profile.start_slip, in.optional_bool("start_slip", profile.start_slip));
  SIEGEL_TRY(profile.table_flow, word_or(in, "table_flow", words::table_flow, profile.table_flow));
  SIEGEL_TRY(const auto load, in.optional_int("tse_load_limit_ms", 0, 60'000));
  if (load) profile.tse_load_limit_ms = static_cast<int>(*load);
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
  if (profile.receipt_duty == ReceiptDuty::exempt &&
      (profile.exemption_file.empty() || !Date::parse(profile.exemption_date))) {
    return invalid("E-MOD-112",
                   "an exemption from the receipt duty needs the date (2026-01-31) and the file "
                   "number of the tax office's notice",
                   in.place_of("exemption_date"));
  }
  if (!profile.vat_headings.empty() && profile.vat_headings.size() != 4) {
    return invalid("E-MOD-111", "the VAT table has four headings; give four or none",
                   in.place_of("vat_headings"));
  }
  return profile;
}

}  // namespace siegel
