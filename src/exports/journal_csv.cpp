#include "exports/journal_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "format/csv.h"
#include "model/codec.h"
#include "model/entries.h"

namespace siegel::exports {
namespace {

using format::CsvWriter;
using journal::Entry;
using journal::Sequence;

constexpr std::size_t chunk_entries = 2000;

class FileOf final : public Sink {
 public:
  FileOf(FileSet& files, std::string name) : m_files(files), m_name(std::move(name)) {}
  Status write(BytesView bytes) override { return m_files.append(m_name, bytes); }

 private:
  FileSet& m_files;
  std::string m_name;
};

/// A spreadsheet must not take a text of somebody else for a formula.
std::string harmless(std::string_view text) {
  constexpr std::string_view formula = "=+-@\t\r";
  std::string out;
  if (!text.empty() && formula.find(text.front()) != std::string_view::npos) out = "'";
  return out.append(text);
}

/// "12,40".
std::string comma(std::string text) {
  std::ranges::replace(text, '.', ',');
  return text;
}

class Tables {
 public:
  explicit Tables(FileSet& files)
      : m_receipt_file(files, "receipts.csv"),
        m_line_file(files, "lines.csv"),
        m_tax_file(files, "taxes.csv"),
        m_payment_file(files, "payments.csv") {}

  Status headings() {
    constexpr std::array<std::string_view, 20> receipts = {
        "Kasse",     "Nummer",      "Beleg",           "Art",     "BON_TYP",
        "Beginn",    "Ende",        "Bediener",        "Kunde",   "Summe",
        "Rueckgeld", "Storniert",   "Grund",           "Name",    "Notiz",
        "TSE",       "Transaktion", "Signaturzaehler", "Ausfall", "Eintrag"};
    constexpr std::array<std::string_view, 20> lines = {
        "Kasse",  "Beleg",    "Zeile",     "Text",           "Artikel", "GTIN",  "Warengruppe",
        "GV_TYP", "GV_NAME",  "Agentur",   "Menge",          "Einheit", "Preis", "Bezugsmenge",
        "Betrag", "Nachlass", "Storniert", "UST_SCHLUESSEL", "Satz",    "Brutto"};
    constexpr std::array<std::string_view, 7> taxes = {"Kasse",  "Beleg", "UST_SCHLUESSEL", "Satz",
                                                       "Brutto", "Netto", "Steuer"};
    constexpr std::array<std::string_view, 7> payments = {
        "Kasse", "Beleg", "ZAHLART_TYP", "Name", "Waehrung", "Betrag", "Wert"};
    SIEGEL_TRY_OK(heading(m_receipts, receipts));
    SIEGEL_TRY_OK(heading(m_lines, lines));
    SIEGEL_TRY_OK(heading(m_taxes, taxes));
    return heading(m_payments, payments);
  }

  Status add(const Plan& plan, const Seal& seal, std::uint64_t sequence) {
    SIEGEL_TRY_OK(receipt(plan, seal, sequence));
    std::int64_t number = 0;
    for (const PlanLine& line : plan.lines) SIEGEL_TRY_OK(add_line(plan, line, ++number));
    for (const VatSum& sum : plan.vat) {
      begin(m_taxes, plan).field(sum.key.get()).field(comma(sum.rate.text()));
      m_taxes.field(comma(sum.gross.text())).field(comma(sum.net.text()));
      m_taxes.field(comma(sum.tax.text()));
      SIEGEL_TRY_OK(m_taxes.end_row());
    }
    for (const PlanPayment& payment : plan.payments) {
      begin(m_payments, plan).field(payment_kind_text(payment.kind)).field(harmless(payment.name));
      m_payments.field(payment.currency.text()).field(comma(payment.amount.text()));
      m_payments.field(comma(payment.value.text()));
      SIEGEL_TRY_OK(m_payments.end_row());
    }
    return Ok{};
  }

  Status finish() {
    SIEGEL_TRY_OK(m_receipts.finish());
    SIEGEL_TRY_OK(m_lines.finish());
    SIEGEL_TRY_OK(m_taxes.finish());
    return m_payments.finish();
  }
  [[nodiscard]] std::uint64_t lines() const { return m_line_count; }

 private:
  template <std::size_t N>
  static Status heading(CsvWriter& csv, const std::array<std::string_view, N>& names) {
    for (const std::string_view name : names) csv.field(name);
    return csv.end_row();
  }
  static CsvWriter& begin(CsvWriter& csv, const Plan& plan) {
    return csv.field(plan.register_id.text()).field(plan.receipt_number);
  }

  Status receipt(const Plan& plan, const Seal& seal, std::uint64_t sequence) {
    const auto counter = [](std::uint64_t value) {
      return value == 0 ? std::string() : fmt::format("{}", value);
    };
    m_receipts.field(plan.register_id.text()).field(counter(plan.number));
    m_receipts.field(plan.receipt_number).field(receipt_kind_text(plan.kind)).field(plan.bon_typ);
    m_receipts.field(plan.began.text()).field(plan.decided.text());
    m_receipts.field(harmless(plan.cashier));
    m_receipts.field(harmless(plan.buyer.name.empty() ? plan.customer : plan.buyer.name));
    m_receipts.field(comma(plan.total.text())).field(comma(plan.change.text()));
    m_receipts.field(plan.reverses).field(harmless(plan.reason)).field(harmless(plan.name));
    m_receipts.field(harmless(plan.note)).field(seal.tse_serial).field(counter(seal.transaction));
    m_receipts.field(counter(seal.signature_counter)).field(seal.error_code);
    m_receipts.field(counter(sequence));
    return m_receipts.end_row();
  }

  Status add_line(const Plan& plan, const PlanLine& line, std::int64_t number) {
    Money discounts;
    for (const Discount& discount : line.discounts) discounts += discount.amount;
    for (const VatShare& share : line.shares) {
      begin(m_lines, plan).field(number).field(harmless(line.text)).field(harmless(line.article));
      m_lines.field(line.gtin).field(harmless(line.group)).field(gv_typ_text(line.gv_typ));
      m_lines.field(harmless(line.gv_name)).field(line.agency);
      m_lines.field(comma(line.quantity.text())).field(harmless(line.unit));
      m_lines.field(comma(line.unit_price.text(2))).field(comma(line.factor.text()));
      m_lines.field(comma(line.amount.text())).field(comma(discounts.text()));
      m_lines.field(line.cancelled ? 1 : 0).field(share.key.get()).field(comma(share.rate.text()));
      m_lines.field(comma(share.gross.text()));
      SIEGEL_TRY_OK(m_lines.end_row());
      ++m_line_count;
    }
    return Ok{};
  }

  FileOf m_receipt_file, m_line_file, m_tax_file, m_payment_file;
  CsvWriter m_receipts{m_receipt_file}, m_lines{m_line_file}, m_taxes{m_tax_file},
      m_payments{m_payment_file};
  std::uint64_t m_line_count = 0;
};

bool matches(const JournalSelection& selection, const Plan& plan) {
  const Date day = plan.decided.date();
  return (!selection.first || day >= *selection.first) &&
         (!selection.last || day <= *selection.last);
}

bool is_wanted(const JournalSelection& selection, const Entry& entry) {
  if (entry.payload_removed) return false;
  return selection.registers.empty() ||
         std::ranges::find(selection.registers, entry.register_id) != selection.registers.end();
}

}  // namespace

Result<JournalExported> write_journal(journal::Reader& reader, const JournalSelection& selection,
                                      FileSet& files) {
  JournalExported done;
  SIEGEL_TRY(done.head, reader.head());
  Tables tables(files);
  SIEGEL_TRY_OK(tables.headings());
  std::map<std::uint64_t, std::string> open;  // plans whose seal has not come: a handful
  for (std::uint64_t next = 1; next <= done.head.sequence.get();) {
    SIEGEL_TRY(std::vector<Entry> entries, reader.read(Sequence(next), chunk_entries));
    if (entries.empty()) break;
    for (Entry& entry : entries) {
      if (entry.sequence > done.head.sequence) break;
      if (!is_wanted(selection, entry)) continue;
      if (entry.kind == entry_kind::plan) {
        open[entry.sequence.get()] = std::move(entry.payload);
      } else if (entry.kind == entry_kind::seal) {
        SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
        const auto mine = open.extract(seal.plan_sequence);
        if (mine.empty()) continue;
        SIEGEL_TRY(const Plan plan, plan_from_json(mine.mapped()));
        if (!matches(selection, plan)) continue;
        SIEGEL_TRY_OK(tables.add(plan, seal, seal.plan_sequence));
        ++done.receipts;
      }
    }
    next = entries.back().sequence.get() + 1;
  }
  SIEGEL_TRY_OK(tables.finish());
  done.lines = tables.lines();
  return done;
}

}  // namespace siegel::exports
