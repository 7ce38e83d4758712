#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/master.h"
#include "model/money.h"
#include "model/vat.h"

namespace siegel {

/// What a till asks to be recorded, in the words of the field. German BON_TYP beside each.
enum class ReceiptKind {
  receipt,   ///< Beleg: sale, return, pay-in, pay-out, deposit: anything that changes assets
  reversal,  ///< Beleg that voids a whole earlier receipt: its lines and payments, signs turned
  training,  ///< AVTraining
  abort,     ///< AVBelegabbruch: rung up, then given up; no payment
  order,     ///< AVBestellung, signed as Bestellung-V1
  transfer,  ///< AVTransfer: delivery note, turnover computed elsewhere
  invoice,   ///< AVRechnung: paid elsewhere
  benefit,   ///< AVSachbezug
  other,     ///< AVSonstige; needs `name`
  memo,      ///< SonstigerVorgang: drawer opened, signed in; `text` is what is signed
  // Austria only, all amounts zero [RKSV 6, 7, 8, 17].
  start,       ///< Startbeleg: once, the first of a register's life
  zero,        ///< Nullbeleg or Kontrollbeleg, on demand
  month,       ///< Monatsbeleg
  year,        ///< Jahresbeleg: the Monatsbeleg of December
  collective,  ///< Sammelbeleg: after an outage of the signature devices
  final,       ///< Schlussbeleg: the last of a register's life
};
/// The word of a request and of the journal ("receipt").
[[nodiscard]] std::string_view receipt_kind_text(ReceiptKind kind);

/// GV_TYP [DSFinV-K Anhang C], all 25.
enum class GvTyp {
  umsatz,
  pfand,
  pfand_rueckzahlung,
  rabatt,
  aufschlag,
  zuschuss_echt,
  zuschuss_unecht,
  trinkgeld_ag,
  trinkgeld_an,
  einzweckgutschein_kauf,
  einzweckgutschein_einloesung,
  mehrzweckgutschein_kauf,
  mehrzweckgutschein_einloesung,
  forderungsentstehung,
  forderungsaufloesung,
  anzahlungseinstellung,
  anzahlungsaufloesung,
  anfangsbestand,
  privatentnahme,
  privateinlage,
  geldtransit,
  lohnzahlung,
  einzahlung,
  auszahlung,
  differenz_soll_ist,
};
/// The word of the standard ("Umsatz", "PfandRueckzahlung").
[[nodiscard]] std::string_view gv_typ_text(GvTyp typ);
[[nodiscard]] std::optional<GvTyp> gv_typ_from(std::string_view text);

/// ZAHLART_TYP [DSFinV-K]. `bar` counts as Bar in process data, all others as Unbar; `keine` is no
/// payment.
enum class PaymentKind {
  bar,
  unbar,
  ec_karte,
  kreditkarte,
  el_zahlungsdienstleister,
  guthabenkarte,
  keine
};
[[nodiscard]] std::string_view payment_kind_text(PaymentKind kind);
[[nodiscard]] std::optional<PaymentKind> payment_kind_from(std::string_view text);

/// Part of a line at one VAT rate; a line has one or several (a set menu: food 7 %, drink 19 %).
struct VatShareDraft {
  std::string vat;  ///< letter ("B") or rate ("7.00")
  Money amount;     ///< gross
  friend bool operator==(const VatShareDraft&, const VatShareDraft&) = default;
};

struct DiscountDraft {
  std::string text;
  Money amount;  ///< negative lowers, positive raises the line
  friend bool operator==(const DiscountDraft&, const DiscountDraft&) = default;
};

struct LineDraft {
  std::string text;
  Quantity quantity = Quantity::from_raw(1000);
  std::string unit;                     ///< "kg", empty: pieces
  std::optional<UnitPrice> unit_price;  ///< gross
  /// Gross of the line before its discounts. At least one of price and amount is given; both must
  /// agree.
  std::optional<Money> amount;
  GvTyp gv_typ = GvTyp::umsatz;
  /// Letter or rate. Empty if `shares` is given, or if the business case allows one key only (money
  /// put in or taken out, multi-purpose vouchers, tips for staff: not taxable).
  std::string vat;
  std::vector<VatShareDraft> shares;  ///< sum = line after discounts
  std::vector<DiscountDraft> discounts;
  std::string article;  ///< article number, optional
  friend bool operator==(const LineDraft&, const LineDraft&) = default;
};

struct PaymentDraft {
  PaymentKind kind = PaymentKind::bar;
  Money amount;  ///< in `currency`; what the customer gives
  Currency currency;
  std::optional<Money> value;  ///< in EUR; required for a foreign currency
  std::string name;            ///< "girocard", optional
  friend bool operator==(const PaymentDraft&, const PaymentDraft&) = default;
};

/// One receipt as a till states it: exact cents, already added up by the till where it says so.
struct ReceiptDraft {
  ReceiptKind kind = ReceiptKind::receipt;
  std::vector<LineDraft> lines;        ///< at most 10,000
  std::vector<PaymentDraft> payments;  ///< at most 100
  std::optional<Money> total;          ///< if given, must equal the sum of the lines
  std::optional<Money> change;  ///< given back in EUR cash; if given, must equal paid - total
  std::string reverses;         ///< receipt number (reversal)
  std::string reason;           ///< reversal, abort
  std::string name;             ///< BON_NAME (other)
  std::string text;             ///< memo: the process data; others: a note printed on the receipt
  std::string cashier;          ///< name printed as "Es bediente"
  std::string customer;         ///< optional
  std::optional<LocalStamp> first_order_at;  ///< printed when orders were signed before [AEAO 146a]
  friend bool operator==(const ReceiptDraft&, const ReceiptDraft&) = default;
};

}  // namespace siegel
