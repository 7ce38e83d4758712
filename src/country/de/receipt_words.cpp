#include "country/de/receipt_words.h"

#include <fmt/format.h>

namespace siegel::country::de {
namespace {

constexpr Words german = {
    .receipt = "Rechnung/Bon",
    .slip = "Bon",
    .served_by = "Es bediente:",
    .customer = "Kunde:",
    .total = "SUMME",
    .change = "Rückgeld",
    .paid_out = "(ausgezahlt)",
    .refunded = "(erstattet)",
    .of_which = "davon zu",
    .vat_rate = "Satz",
    .vat_net = "Netto",
    .vat_tax = "USt",
    .vat_gross = "Brutto",
    .vat_sum = "Summe",
    .not_taxable = "nicht steuerbar",
    .exempt = "umsatzsteuerfrei",
    .undetermined = "Umsatzsteuer nicht ermittelbar",
    .zero_rated = "Nullsteuersatz (§ 12 Abs. 3 UStG)",
    .copy = "KOPIE",
    .training = "TRAININGSBUCHUNG",
    .reversal = "STORNO",
    .abort = "ABBRUCH",
    .order = "BESTELLUNG",
    .transfer = "LIEFERSCHEIN",
    .invoice = "RECHNUNG",
    .benefit = "SACHBEZUG",
    .other = "SONSTIGER VORGANG",
    .memo = "SONSTIGER VORGANG",
    .stock_take = "INVENTUR",
    .commission = "KOMMISSION",
    .test = "TESTBELEG - Software-TSE, nicht zertifiziert",
    .reverses = "zu Bon",
    .dated = "vom",
    .reason = "Grund:",
    .vat_id = "USt-IdNr.",
    .tax_number = "Steuernr.",
    .first_order = "Erste Bestellung",
    .handwritten = "Nacherfasst: Beleg von Hand",
    .handwritten_at = "geschrieben",
    .transaction = "TSE-Transaktion",
    .signature_counter = "TSE-Signaturzähler",
    .begin = "Vorgang Beginn",
    .end = "Vorgang Ende",
    .register_serial = "Kasse (Seriennr.)",
    .tse_serial = "TSE-Seriennummer",
    .signature = "Prüfwert",
    .process_type = "Vorgangsart",
    .in_the_code = "TSE-Daten im QR-Code (§ 6 KassenSichV)",
    .outage = "*** TSE AUSGEFALLEN ***",
    .outage_no_number = "Beleg ohne TSE-Transaktionsnummer",
    .outage_number = "Ausfall Nr.",
    .outage_receipt = "Beleg",
    .outage_since = "Ausfall seit",
    .no_tse = "Für diese Kasse ist keine TSE eingerichtet",
    .no_tse_empties = "Leergutkasse ohne TSE",
    .unfinished = "*** NICHT ABGESCHLOSSEN ***",
    .unfinished_note = "Vorgang unterbrochen, noch kein Beleg",
};

// An auditor in Germany reads German: the mark of an outage is the same in both languages.
constexpr Words english = {
    .receipt = "Invoice/receipt",
    .slip = "Receipt",
    .served_by = "Served by:",
    .customer = "Customer:",
    .total = "TOTAL",
    .change = "Change",
    .paid_out = "(paid out)",
    .refunded = "(refunded)",
    .of_which = "of which at",
    .vat_rate = "Rate",
    .vat_net = "Net",
    .vat_tax = "VAT",
    .vat_gross = "Gross",
    .vat_sum = "Total",
    .not_taxable = "not taxable",
    .exempt = "exempt from VAT",
    .undetermined = "VAT cannot be determined",
    .zero_rated = "zero rated (§ 12(3) UStG)",
    .copy = "COPY",
    .training = "TRAINING",
    .reversal = "VOID",
    .abort = "ABORTED",
    .order = "ORDER",
    .transfer = "DELIVERY NOTE",
    .invoice = "INVOICE",
    .benefit = "STAFF BENEFIT",
    .other = "OTHER PROCESS",
    .memo = "OTHER PROCESS",
    .stock_take = "STOCK-TAKING",
    .commission = "ON APPROVAL",
    .test = "TEST RECEIPT - software TSE, not certified",
    .reverses = "of receipt",
    .dated = "of",
    .reason = "Reason:",
    .vat_id = "VAT ID",
    .tax_number = "Tax no.",
    .first_order = "First order",
    .handwritten = "Entered later: written by hand",
    .handwritten_at = "written",
    .transaction = "TSE transaction",
    .signature_counter = "TSE signature counter",
    .begin = "Process start",
    .end = "Process end",
    .register_serial = "Register (serial no.)",
    .tse_serial = "TSE serial number",
    .signature = "Check value",
    .process_type = "Process type",
    .in_the_code = "TSE data in the QR code (§ 6 KassenSichV)",
    .outage = "*** TSE AUSGEFALLEN ***",
    .outage_no_number = "TSE failed: no TSE number",
    .outage_number = "Outage no.",
    .outage_receipt = "receipt",
    .outage_since = "Outage since",
    .no_tse = "No TSE is set up for this register",
    .no_tse_empties = "Till for empties, without TSE",
    .unfinished = "*** NOT FINISHED ***",
    .unfinished_note = "Process interrupted, not a receipt yet",
};

std::string_view payment_kind_word(PaymentKind kind, bool de) {
  switch (kind) {
    case PaymentKind::bar:
      return de ? "Bar" : "Cash";
    case PaymentKind::unbar:
      return de ? "Unbar" : "Non-cash";
    case PaymentKind::ec_karte:
      return de ? "Karte" : "Debit card";
    case PaymentKind::kreditkarte:
      return de ? "Kreditkarte" : "Credit card";
    case PaymentKind::el_zahlungsdienstleister:
      return de ? "Online-Zahlung" : "Online payment";
    case PaymentKind::guthabenkarte:
      return de ? "Guthabenkarte" : "Prepaid card";
    case PaymentKind::keine:
      return de ? "Keine Zahlung" : "No payment";
  }
  return {};
}

// `YYYY-MM-DDThh:mm:ss+hh:mm`: LocalStamp::text().
constexpr std::size_t date_length = 10;
constexpr std::size_t second_length = 8;

}  // namespace

const Words& words(Language language) { return language == Language::de ? german : english; }

std::string payment_word(const PlanPayment& payment, Language language, Currency base) {
  const Words& w = words(language);
  const bool de = language == Language::de;
  const bool cash = payment.kind == PaymentKind::bar;
  std::string word(payment_kind_word(payment.kind, de));
  if (!payment.name.empty()) {
    word += fmt::format(" ({})", payment.name);
  }
  if (payment.value < Money()) {
    word += fmt::format(" {}", cash ? w.paid_out : w.refunded);
  }
  if (payment.currency != base) {
    // The amount in its own currency: what the customer laid down.
    word += fmt::format(" {} {}", payment.currency.text(), amount(payment.amount, language));
  }
  return word;
}

std::string log_time_text(Instant at, std::string_view zone, Language language, LogTimeForm form) {
  const auto stamp = LocalStamp::from(at, zone);
  if (!stamp.ok()) {
    return at.text();  // UTC is never wrong
  }
  std::string text = second_text(*stamp, language);
  const std::int64_t milliseconds = at.unix_ms() % 1000;
  if (form.milliseconds || milliseconds != 0) {
    text += fmt::format("{}{:03}", language == Language::de ? ',' : '.', milliseconds);
  }
  if (form.with_offset) {
    const std::string full = stamp->text();
    const std::string_view offset = std::string_view(full).substr(date_length + 1 + second_length);
    text += fmt::format(" (UTC{})", offset == "Z" ? "+00:00" : offset);
  }
  return text;
}

std::string_view outage_reason(std::string_view code, Language language) {
  const bool de = language == Language::de;
  if (code == "E-TSE-101") return de ? "nicht gefunden" : "not found";
  if (code == "E-TSE-104") return de ? "nicht erreichbar" : "not reachable";
  if (code == "E-TSE-901") return de ? "von Hand abgeschaltet" : "switched off by hand";
  if (code == "E-TSE-902") return de ? "Notbetrieb" : "emergency operation";
  return de ? "gestört" : "out of order";
}

}  // namespace siegel::country::de
