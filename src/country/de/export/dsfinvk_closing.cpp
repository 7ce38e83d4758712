#include <fmt/format.h>

#include "base/bytes.h"
#include "country/de/export/dsfinvk_state.h"
#include "country/de/export/index_xml.h"
#include "model/vat.h"

// Rows of master data and sums: one set a closing.

namespace siegel::country::de {
namespace {

constexpr std::size_t certificate_part = 1000;
constexpr std::string_view own_software = "Siegel";

Result<std::string_view> country_of(std::string_view alpha_2, std::string_view of) {
  const std::string_view code = alpha_3(alpha_2);
  if (!code.empty()) return code;
  return corrupt("E-EXP-108",
                 fmt::format("\"{}\" of {} is not the code of a country", alpha_2, of));
}

struct Address {
  std::string_view name, street, postcode, city, country;
};

/// Five columns.
Status write_address(CsvBuffer& out, const Address& address) {
  SIEGEL_TRY(const std::string_view country, country_of(address.country, address.name));
  text(out, address.name, 60);
  text(out, address.street, 60);
  text(out, address.postcode, 10);
  text(out, address.city, 62);
  text(out, country, 3);
  return Ok{};
}

/// Name of a key on a day, empty if nobody knows it.
std::string description_of(const Business& business, int key, Date day) {
  for (const OwnVatKey& own : business.vat_keys)
    if (own.key.get() == key) return own.description;
  if (const auto entry = vat_in_force(CountryCode::de, VatKey(key), day); entry.ok())
    return std::string((*entry)->name_de);
  for (const VatEntry& entry : vat_table(CountryCode::de))
    if (entry.key.get() == key) return std::string(entry.name_de);
  return {};
}

}  // namespace

Status DsfinvkWriter::State::write_closing() {
  const Closing& closing = frame.closing;
  CsvBuffer& out = closing_row(DsfinvkTable::cashpointclosing);
  const Date day = closing.at.date();
  text(out,
       closing.business_day && *closing.business_day != day ? closing.business_day->text() : "",
       25);
  text(out, edition_text(options.edition), 10);
  out.separator();
  if (closing.first_number != 0) out.number(closing.first_number);
  out.separator();
  if (closing.last_number != 0) out.number(closing.last_number);
  const Business& business = frame.business;
  SIEGEL_TRY_OK(write_address(out, {.name = business.name,
                                    .street = business.street,
                                    .postcode = business.postcode,
                                    .city = business.city,
                                    .country = business.country}));
  text(out, business.tax_number, 20);
  text(out, business.vat_id, 15);
  std::int64_t all = 0;
  std::int64_t cash = 0;
  for (const ClosingPayment& payment : closing.payments) {
    all += payment.value.cents();
    if (payment.kind == PaymentKind::bar) cash += payment.value.cents();
  }
  cents(out, all, 2);
  cents(out, cash, 2);
  out.end_row();
  return Ok{};
}

Status DsfinvkWriter::State::write_location() {
  const Business& business = frame.business;
  Address address{.name = business.name,
                  .street = business.street,
                  .postcode = business.postcode,
                  .city = business.city,
                  .country = business.country};
  std::string_view vat_id = business.vat_id;
  for (const Outlet& outlet : business.outlets) {
    if (frame.register_info.outlet.empty() || outlet.id != frame.register_info.outlet) continue;
    address = {.name = outlet.name,
               .street = outlet.street,
               .postcode = outlet.postcode,
               .city = outlet.city,
               .country = outlet.country};
    vat_id = outlet.vat_id;
  }
  CsvBuffer& out = closing_row(DsfinvkTable::location);
  SIEGEL_TRY_OK(write_address(out, address));
  text(out, vat_id, 15);
  out.end_row();
  return Ok{};
}

void DsfinvkWriter::State::write_register() {
  const RegisterInfo& info = frame.register_info;
  CsvBuffer& out = closing_row(DsfinvkTable::cashregister);
  text(out, info.brand, 50);
  text(out, info.model, 50);
  text(out, info.id.text(), 70);
  text(out, info.software.empty() ? own_software : info.software, 50);
  text(out,
       info.software.empty() && info.software_version.empty() ? options.software_version
                                                              : info.software_version,
       50);
  text(out, info.base_currency.text(), 3);
  constexpr int undetermined = 7;
  out.separator();
  out.character(rates_used.contains(undetermined) ? '1' : '0');
  out.end_row();
}

void DsfinvkWriter::State::write_terminals() {
  const std::size_t serial_length = length_of(DsfinvkTable::slaves, 6, options.edition);
  for (const TerminalInfo& terminal : frame.register_info.terminals) {
    CsvBuffer& out = closing_row(DsfinvkTable::slaves);
    text(out, terminal.id, 50);
    text(out, terminal.brand, 50);
    text(out, terminal.model, 50);
    text(out, terminal.serial, serial_length);
    text(out, terminal.software, 50);
    text(out, terminal.software_version, 50);
    out.end_row();
    terminals_used.erase(terminal.id);
  }
  // A terminal the register does not name has its id for a serial number.
  for (const std::string& id : terminals_used) {
    CsvBuffer& out = closing_row(DsfinvkTable::slaves);
    text(out, id, 50);
    out.separator();
    out.separator();
    text(out, id, serial_length);
    out.separator();
    out.separator();
    out.end_row();
  }
}

Status DsfinvkWriter::State::write_agencies() {
  for (const std::int64_t id : agencies_used) {
    const auto agency = std::ranges::find(frame.business.agencies, id, &Agency::id);
    if (agency == frame.business.agencies.end())
      return corrupt("E-EXP-108", fmt::format("the master data knows no agency {}", id),
                     fmt::format("closing {}", frame.closing.number));
    CsvBuffer& out = closing_row(DsfinvkTable::pa);
    signed_number(out, id);
    SIEGEL_TRY_OK(write_address(out, {.name = agency->name,
                                      .street = agency->street,
                                      .postcode = agency->postcode,
                                      .city = agency->city,
                                      .country = agency->country}));
    text(out, agency->tax_number, 20);
    text(out, agency->vat_id, 15);
    out.end_row();
  }
  return Ok{};
}

void DsfinvkWriter::State::write_tses() {
  std::uint64_t id = 0;
  for (const TseInfo& tse : frame.tses) {
    CsvBuffer& out = closing_row(DsfinvkTable::tse);
    number(out, ++id);
    text(out, tse.serial, 68);
    text(out, tse.algorithm, 21);
    text(out, tse.time_format, 31);
    text(out, "UTF-8", 5);
    text(out, base64(tse.public_key), 512);
    const std::string certificate =
        tse.certificates.empty() ? std::string() : base64(tse.certificates.front());
    for (std::size_t i = 0; i < options.certificate_columns; ++i) {
      const std::size_t from = std::min(certificate.size(), i * certificate_part);
      out.separator();
      out.bytes(std::string_view(certificate).substr(from, certificate_part));
    }
    out.end_row();
  }
}

Status DsfinvkWriter::State::write_rates() {
  const Date day = frame.closing.business_day.value_or(frame.closing.at.date());
  // The two that every advance return asks for, and what was used.
  for (const int key : {1, 2})
    if (const auto entry = vat_in_force(CountryCode::de, VatKey(key), day); entry.ok())
      rates_used.emplace(key, (*entry)->rate.hundredths());
  for (const auto& [key, rate] : rates_used) {
    const std::string description = description_of(frame.business, key, day);
    if (description.empty())
      return corrupt("E-EXP-108", fmt::format("VAT key {} has no description", key),
                     fmt::format("closing {}", frame.closing.number));
    CsvBuffer& out = closing_row(DsfinvkTable::vat);
    signed_number(out, key);
    cents(out, rate, 2);
    text(out, description, 55);
    out.end_row();
  }
  return Ok{};
}

void DsfinvkWriter::State::write_cases() {
  for (const ClosingCase& one : frame.closing.cases) {
    CsvBuffer& out = closing_row(DsfinvkTable::businesscases);
    text(out, gv_typ_text(one.gv_typ), 30);
    text(out, one.gv_name, 40);
    signed_number(out, one.agency);
    signed_number(out, one.key.get());
    cents(out, one.gross.cents(), amount_decimals);
    cents(out, one.net.cents(), amount_decimals);
    cents(out, one.tax.cents(), amount_decimals);
    out.end_row();
  }
}

void DsfinvkWriter::State::write_sums() {
  const Closing& closing = frame.closing;
  write_cases();
  // The three files are filled together or not at all.
  const bool is_filled = !closing.cases.empty() || !closing.payments.empty();
  std::vector<ClosingPayment> payments = closing.payments;
  if (payments.empty() && is_filled) payments.emplace_back();
  for (const ClosingPayment& payment : payments) {
    CsvBuffer& out = closing_row(DsfinvkTable::payment);
    text(out, payment_kind_text(payment.kind), 25);
    text(out, payment.name, 60);
    cents(out, payment.value.cents(), 2);
    out.end_row();
  }
  std::vector<ClosingCash> cash = closing.cash;
  if (cash.empty() && is_filled)
    cash.push_back({.currency = frame.register_info.base_currency, .amount = {}});
  for (const ClosingCash& one : cash) {
    CsvBuffer& out = closing_row(DsfinvkTable::cash_per_currency);
    text(out, one.currency.text(), 3);
    cents(out, one.amount.cents(), 2);
    out.end_row();
  }
}

Status DsfinvkWriter::end() {
  State& s = *m_state;
  for (const ClosingCase& one : s.frame.closing.cases) {
    s.use(one.key.get(), one.rate.hundredths());
    if (one.agency != 0) s.agencies_used.insert(one.agency);
  }
  SIEGEL_TRY_OK(s.write_closing());
  SIEGEL_TRY_OK(s.write_location());
  s.write_register();
  s.write_terminals();
  SIEGEL_TRY_OK(s.write_agencies());
  s.write_tses();
  SIEGEL_TRY_OK(s.write_rates());
  s.write_sums();
  return Ok{};
}

}  // namespace siegel::country::de
