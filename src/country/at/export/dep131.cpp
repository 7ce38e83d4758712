#include "country/at/export/dep131.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "model/rksv.h"

namespace siegel::country::at {
namespace {

constexpr std::size_t piece_bytes = std::size_t{64} << 10;

constexpr std::array<std::string_view, 22> columns = {
    "satzart",  "kassen_id",      "belegnummer", "zeit",      "art",   "text",   "menge",
    "einheit",  "einzelpreis",    "ust_satz",    "brutto",    "netto", "ust",    "zahlart",
    "waehrung", "geschaeftsfall", "bediener",    "storno_zu", "grund", "status", "signatureinheit",
    "code"};

/// A row by the names of its columns; what is not set stays empty.
class Row {
 public:
  Row(std::string_view what, const Plan& plan) {
    set("satzart", what);
    set("kassen_id", plan.register_id.text());
    set("belegnummer", plan.receipt_number);
  }
  Row& set(std::string_view column, std::string_view value) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == column) m_fields[i] = value;
    }
    return *this;
  }
  Status write(format::CsvWriter& csv) const {
    for (const std::string& field : m_fields) csv.field(field);
    return csv.end_row();
  }

 private:
  std::array<std::string, columns.size()> m_fields;
};

std::string_view status_of(const Seal& seal) {
  switch (seal.outcome) {
    case Seal::Outcome::signed_rksv:
      return "signiert";
    case Seal::Outcome::unsigned_outage:
      return "ausgefallen";
    case Seal::Outcome::signed_by_tse:
    case Seal::Outcome::not_required:
      break;
  }
  return "nicht erforderlich";
}

Status write_receipt(const Plan& plan, const Seal& seal, format::CsvWriter& csv) {
  Row row("BELEG", plan);
  row.set("zeit", plan.rksv ? std::string_view(plan.rksv->time) : std::string_view())
      .set("art", receipt_kind_text(plan.kind))
      .set("text", plan.note)
      .set("brutto", plan.total.text())
      .set("bediener", plan.cashier)
      .set("storno_zu", plan.reverses)
      .set("grund", plan.reason)
      .set("status", status_of(seal))
      .set("signatureinheit", seal.signer);
  if (!plan.rksv) row.set("zeit", plan.decided.text().substr(0, 19));
  if (!seal.code_payload.empty()) {
    row.set("code", rksv::code(seal.code_payload, seal.signature));
  }
  return row.write(csv);
}

Status write_lines(const Plan& plan, format::CsvWriter& csv) {
  for (const PlanLine& line : plan.lines) {
    for (const VatShare& share : line.shares) {
      SIEGEL_TRY_OK(Row("POSITION", plan)
                        .set("text", line.text)
                        .set("menge", line.quantity.text())
                        .set("einheit", line.unit)
                        .set("einzelpreis", line.unit_price.text(2))
                        .set("ust_satz", share.rate.text())
                        .set("brutto", share.gross.text())
                        .set("geschaeftsfall", gv_typ_text(line.gv_typ))
                        .write(csv));
    }
  }
  return Ok{};
}

Status write_payments(const Plan& plan, format::CsvWriter& csv) {
  for (const PlanPayment& payment : plan.payments) {
    SIEGEL_TRY_OK(Row("ZAHLUNG", plan)
                      .set("text", payment.name)
                      .set("brutto", payment.value.text())
                      .set("zahlart", payment_kind_text(payment.kind))
                      .set("waehrung", payment.currency.text())
                      .write(csv));
  }
  if (plan.change == Money()) return Ok{};
  return Row("ZAHLUNG", plan)
      .set("text", "Retourgeld")
      .set("brutto", (-plan.change).text())
      .set("zahlart", payment_kind_text(PaymentKind::bar))
      .set("waehrung", "EUR")
      .write(csv);
}

Status write_vat(const Plan& plan, format::CsvWriter& csv) {
  for (const VatSum& sum : plan.vat) {
    SIEGEL_TRY_OK(Row("STEUER", plan)
                      .set("ust_satz", sum.rate.text())
                      .set("brutto", sum.gross.text())
                      .set("netto", sum.net.text())
                      .set("ust", sum.tax.text())
                      .write(csv));
  }
  return Ok{};
}

}  // namespace

Dep131Writer::Dep131Writer(Sink& sink, Dep131Form form) : m_sink(sink), m_form(form), m_csv(sink) {}

Status Dep131Writer::add_line(const Recorded& receipt) {
  m_buffer += fmt::format(R"({{"plan":{},"plan_sequence":{},"seal":{},"seal_sequence":{}}})",
                          receipt.plan_json, receipt.plan_sequence, receipt.seal_json,
                          receipt.seal_sequence);
  m_buffer += '\n';
  if (m_buffer.size() < piece_bytes) return Ok{};
  Status written = m_sink.write(bytes_of(m_buffer));
  m_buffer.clear();
  return written;
}

Status Dep131Writer::add_rows(const Recorded& receipt) {
  SIEGEL_TRY_OK(write_receipt(receipt.plan, receipt.seal, m_csv));
  SIEGEL_TRY_OK(write_lines(receipt.plan, m_csv));
  SIEGEL_TRY_OK(write_payments(receipt.plan, m_csv));
  return write_vat(receipt.plan, m_csv);
}

Status Dep131Writer::add(const Recorded& receipt) {
  if (m_form == Dep131Form::json_lines) return add_line(receipt);
  SIEGEL_TRY_OK(head());
  return add_rows(receipt);
}

Status Dep131Writer::head() {
  if (m_has_heading) return Ok{};
  m_has_heading = true;
  for (const std::string_view column : columns) m_csv.field(column);
  return m_csv.end_row();
}

Status Dep131Writer::finish() {
  if (m_form == Dep131Form::csv) {
    SIEGEL_TRY_OK(head());
    return m_csv.finish();
  }
  if (m_buffer.empty()) return Ok{};
  Status written = m_sink.write(bytes_of(m_buffer));
  m_buffer.clear();
  return written;
}

}  // namespace siegel::country::at
