#include "country/at/receipt_words.h"

#include <fmt/format.h>

namespace siegel::country::at {
namespace {

constexpr Words german = {
    .receipt = "Beleg",
    .cash_box = "Kassen-ID",
    .served_by = "Es bediente:",
    .customer = "Kunde:",
    .total = "SUMME EUR",
    .change = "Retourgeld",
    .paid_out = "(ausbezahlt)",
    .refunded = "(rückerstattet)",
    .of_which = "davon zu",
    .vat_rate = "Satz",
    .vat_net = "Netto",
    .vat_tax = "USt",
    .vat_gross = "Brutto",
    .vat_sum = "Summe",
    .copy = "KOPIE",
    .abort = "ABBRUCH",
    .memo = "VERMERK",
    .movement = "GELDBEWEGUNG",
    .on_account = "LIEFERUNG AUF RECHNUNG",
    .for_others = "FREMDE GELDER",
    .order = "BESTELLUNG",
    .transfer = "LIEFERSCHEIN",
    .invoice = "RECHNUNG",
    .benefit = "SACHBEZUG",
    .other = "SONSTIGER VORGANG",
    .stock_take = "INVENTUR",
    .commission = "KOMMISSION",
    .test = "TESTSIGNATUR - kein gültiger Beleg",
    .reversal_of = "Stornobuchung zu Beleg",
    .dated = "vom",
    .reason = "Grund:",
    .training_note = "Trainingsbuchung: kein Kauf, keine Zahlung",
    .vat_id = "UID",
    .tax_number = "Steuernr.",
    .first_order = "Erste Bestellung",
    .handwritten = "Nacherfasst: Beleg von Hand",
    .handwritten_at = "geschrieben",
    .zero_amount = "Nullbeleg EUR",
    .counter = "Umsatzzähler Stand EUR",
    .signature = "Signatur",
    .signed_ = "signiert",
    .device = "Signatureinheit",
    .provider = "Anbieter",
    .start_purpose = "Nullbeleg zur Inbetriebnahme",
    .start_next =
        "Nächster Schritt: in FinanzOnline registrieren (binnen 1 Woche) und mit BMF "
        "Belegcheck prüfen. Beleg aufbewahren.",
    .month_purpose = "Nullbeleg zum Monatsende",
    .year_purpose = "Nullbeleg zum Jahresende",
    .year_check = "Prüfen bis {} (FinanzOnline oder BMF Belegcheck). Beleg aufbewahren.",
    .zero_purpose = "Nullbeleg auf Verlangen",
    .collective_purpose = "Nullbeleg nach Ausfall der Sicherheitseinrichtung",
    .final_purpose = "Nullbeleg zur Außerbetriebnahme",
    .final_next =
        "Kasse {} wird außer Betrieb genommen. In FinanzOnline abmelden. Beleg "
        "aufbewahren.",
    .unsigned_receipts = "Belege ohne Signatur",
    .not_subject = "Kein Barumsatz, keine Signatur",
    .unfinished = "*** NICHT ABGESCHLOSSEN ***",
    .unfinished_note = "Vorgang unterbrochen, noch kein Beleg",
};

constexpr Words english = {
    .receipt = "Receipt",
    .cash_box = "Kassen-ID",
    .served_by = "Served by:",
    .customer = "Customer:",
    .total = "TOTAL EUR",
    .change = "Change",
    .paid_out = "(paid out)",
    .refunded = "(refunded)",
    .of_which = "of which at",
    .vat_rate = "Rate",
    .vat_net = "Net",
    .vat_tax = "VAT",
    .vat_gross = "Gross",
    .vat_sum = "Total",
    .copy = "COPY",
    .abort = "ABORTED",
    .memo = "NOTE",
    .movement = "CASH MOVEMENT",
    .on_account = "DELIVERY ON ACCOUNT",
    .for_others = "MONEY OF OTHERS",
    .order = "ORDER",
    .transfer = "DELIVERY NOTE",
    .invoice = "INVOICE",
    .benefit = "STAFF BENEFIT",
    .other = "OTHER PROCESS",
    .stock_take = "STOCK-TAKING",
    .commission = "ON APPROVAL",
    .test = "TEST SIGNATURE - not a valid receipt",
    .reversal_of = "Stornobuchung (cancels receipt)",
    .dated = "of",
    .reason = "Reason:",
    .training_note = "Trainingsbuchung: no purchase, no payment",
    .vat_id = "UID",
    .tax_number = "Tax no.",
    .first_order = "First order",
    .handwritten = "Entered later: written by hand",
    .handwritten_at = "written",
    .zero_amount = "Zero receipt EUR",
    .counter = "Turnover counter EUR",
    .signature = "Signature",
    .signed_ = "signed",
    .device = "Signature device",
    .provider = "Provider",
    .start_purpose = "Zero receipt: put into operation",
    .start_next =
        "Next step: register in FinanzOnline (within 1 week) and check with BMF "
        "Belegcheck. Keep this receipt.",
    .month_purpose = "Zero receipt: end of the month",
    .year_purpose = "Zero receipt: end of the year",
    .year_check = "Check until {} (FinanzOnline or BMF Belegcheck). Keep this receipt.",
    .zero_purpose = "Zero receipt on demand",
    .collective_purpose = "Zero receipt after an outage of the signature device",
    .final_purpose = "Zero receipt: taken out of operation",
    .final_next =
        "Register {} is taken out of operation. Sign it off in FinanzOnline. Keep this "
        "receipt.",
    .unsigned_receipts = "Receipts without signature",
    .not_subject = "No cash sale, no signature",
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
      return de ? "Bankomat" : "Debit card";
    case PaymentKind::kreditkarte:
      return de ? "Kreditkarte" : "Credit card";
    case PaymentKind::el_zahlungsdienstleister:
      return de ? "Online-Zahlung" : "Online payment";
    case PaymentKind::guthabenkarte:
      return de ? "Gutschein" : "Voucher";
    case PaymentKind::keine:
      return de ? "Keine Zahlung" : "No payment";
  }
  return {};
}

}  // namespace

const Words& words(Language language) { return language == Language::de ? german : english; }

std::string payment_word(const PlanPayment& payment, Language language) {
  const Words& w = words(language);
  std::string word(payment_kind_word(payment.kind, language == Language::de));
  if (!payment.name.empty()) word += fmt::format(" ({})", payment.name);
  if (payment.value < Money()) {
    word += fmt::format(" {}", payment.kind == PaymentKind::bar ? w.paid_out : w.refunded);
  }
  if (payment.currency != Currency::eur()) {
    word += fmt::format(" {} {}", payment.currency.text(), amount(payment.amount, language));
  }
  return word;
}

std::string provider_word(std::string_view provider) {
  if (provider == "AT0") return "geschlossenes System (AT0)";
  if (provider == "AT1") return "A-Trust (AT1)";
  if (provider == "AT2") return "Global Trust (AT2)";
  if (provider == "AT3") return "PrimeSign (AT3)";
  return std::string(provider);
}

}  // namespace siegel::country::at
