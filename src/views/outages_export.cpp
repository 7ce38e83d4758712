#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "base/check.h"
#include "crypto/hash.h"
#include "format/csv.h"
#include "format/json_writer.h"
#include "views/outages.h"

// The failure log as files; docs/formats/outages.md.

namespace siegel::views {
namespace {

/// Counts and hashes what passes.
class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& to) : m_to(to) {}
  Status write(BytesView bytes) override {
    m_hash.update(bytes);
    m_bytes += bytes.size();
    return m_to.write(bytes);
  }
  void finish(OutagesExported& done) const {
    done.bytes = m_bytes;
    done.sha256 = m_hash.digest();
  }

 private:
  Sink& m_to;
  crypto::Sha256 m_hash;
  std::uint64_t m_bytes = 0;
};

constexpr std::array<std::string_view, 10> columns = {
    "TSS Manufacturer", "TSS serial No",          "Receipt ID", "Failure date", "Failure number",
    "Failure code",     "Failure number Receipt", "Cashier",    "Client",       "Register SN"};
constexpr std::array<std::string_view, 13> more_columns = {
    "Printer", "Event", "Device",      "Outage since", "Cause",       "Receipts", "Vorgang",
    "Reason",  "Steps", "Transaction", "Counter",      "Recorded by", "Entry"};

/// A text of somebody else: a spreadsheet must not take it for a formula.
std::string harmless(std::string_view text) {
  constexpr std::string_view formula = "=+-@\t\r";
  std::string out;
  if (!text.empty() && formula.find(text.front()) != std::string_view::npos) out = "'";
  return out.append(text);
}

/// Empty where there is none.
std::string counted(std::uint64_t number) {
  return number == 0 ? std::string() : fmt::format("{}", number);
}

void write_ten(format::CsvWriter& csv, const OutageRow& row) {
  csv.field(harmless(row.manufacturer))
      .field(harmless(row.serial))
      .field(harmless(row.receipt_number))
      .field(row.at.text())
      .field(counted(row.number))
      .field(row.code)
      .field(counted(row.receipt))
      .field(harmless(row.cashier))
      .field(harmless(row.client))
      .field(harmless(row.register_id));
}

void write_more(format::CsvWriter& csv, const OutageRow& row) {
  const bool has_receipts = row.event == OutageEvent::ended;
  csv.field(harmless(row.printer))
      .field(word_of(row.event))
      .field(harmless(row.device))
      .field(row.since ? row.since->text() : std::string())
      .field(harmless(row.text))
      .field(has_receipts ? fmt::format("{}", row.receipts) : std::string())
      .field(harmless(row.vorgang))
      .field(harmless(row.reason))
      .field(harmless(fmt::format("{}", fmt::join(row.steps, " / "))))
      .field(counted(row.transaction))
      .field(counted(row.signature_counter))
      .field(harmless(row.actor))
      .field(counted(row.sequence.get()));
}

bool in_short_form(OutageEvent event) {
  switch (event) {
    case OutageEvent::began:
    case OutageEvent::receipt:
    case OutageEvent::ended:
      return true;
    case OutageEvent::start:
    case OutageEvent::late_signature:
    case OutageEvent::note:
    case OutageEvent::switched:
      return false;
  }
  return false;
}

void count(OutagesExported& done, const OutageRow& row) {
  ++done.rows;
  if (row.event == OutageEvent::receipt) ++done.receipts;
}

Result<OutagesExported> export_csv(journal::Reader& reader, const OutageFilter& filter, bool full,
                                   Sink& sink) {
  OutagesExported done;
  format::CsvWriter csv(sink, {.byte_order_mark = true});
  for (const std::string_view column : columns) csv.field(column);
  if (full)
    for (const std::string_view column : more_columns) csv.field(column);
  SIEGEL_TRY_OK(csv.end_row());
  SIEGEL_TRY(done.head, visit_outages(reader, filter, [&](const OutageRow& row) -> Status {
               if (!full && !in_short_form(row.event)) return Ok{};
               count(done, row);
               write_ten(csv, row);
               if (full) write_more(csv, row);
               return csv.end_row();
             }));
  SIEGEL_TRY_OK(csv.finish());
  return done;
}

Result<OutagesExported> export_json(journal::Reader& reader, const OutageFilter& filter,
                                    Sink& sink) {
  OutagesExported done;
  std::string line = "{\"data\":[\n";
  SIEGEL_TRY(done.head, visit_outages(reader, filter, [&](const OutageRow& row) -> Status {
               line += to_json(row);
               const Status written = sink.write(bytes_of(line));
               line = ",\n";
               count(done, row);
               return written;
             }));
  line = done.rows == 0 ? "{\"data\":[]}\n" : "\n]}\n";
  SIEGEL_TRY_OK(sink.write(bytes_of(line)));
  return done;
}

}  // namespace

std::string to_json(const OutageRow& row) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  std::string out;
  json::Writer json(out);
  json.begin_object()
      .field("actor", row.actor)
      .field("at", row.at.text())
      .field("cashier", row.cashier)
      .field("client", row.client)
      .field("code", row.code)
      .field("device", row.device)
      .field("entry", number(row.sequence.get()))
      .field("event", word_of(row.event))
      .field("manufacturer", row.manufacturer)
      .field("number", number(row.number))
      .field("printer", row.printer)
      .field("reason", row.reason)
      .field("receipt", number(row.receipt))
      .field("receipt_number", row.receipt_number)
      .field("receipts", number(row.receipts))
      .field("register", row.register_id)
      .field("serial", row.serial)
      .field("signature_counter", number(row.signature_counter))
      .field("since", row.since ? row.since->text() : std::string())
      .key("steps")
      .begin_array();
  for (const std::string& step : row.steps) json.string(step);
  json.end_array()
      .field("text", row.text)
      .field("transaction", number(row.transaction))
      .field("vorgang", row.vorgang)
      .end_object();
  return out;
}

std::string outages_file_name(const Date& first, const Date& last, OutageForm form) {
  return fmt::format("Ausfallbelege_{}{}_{}.{}", form == OutageForm::csv_full ? "voll_" : "",
                     first.text(), last.text(),
                     form == OutageForm::json  ? "json"
                     : form == OutageForm::pdf ? "pdf"
                                               : "csv");
}

Result<OutagesExported> export_outages(journal::Reader& reader, const OutageFilter& filter,
                                       OutageForm form, Sink& sink) {
  SIEGEL_CHECK(form != OutageForm::pdf);
  HashingSink hashing(sink);
  Result<OutagesExported> done =
      form == OutageForm::json ? export_json(reader, filter, hashing)
                               : export_csv(reader, filter, form == OutageForm::csv_full, hashing);
  if (done.ok()) hashing.finish(*done);
  return done;
}

}  // namespace siegel::views
