#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/gv_typ.h"
#include "model/master.h"
#include "model/money.h"
#include "model/vat.h"

namespace siegel {

/// What a till asks to be recorded, in the words of the field. German BON_TYP beside each.
enum class ReceiptKind {
  receipt,     ///< Beleg: sale, return, pay-in, pay-out, deposit: anything that changes assets
  reversal,    ///< Beleg that voids a whole earlier receipt: its lines and payments, signs turned
  training,    ///< AVTraining
  abort,       ///< AVBelegabbruch: rung up, then given up; no payment
  order,       ///< AVBestellung, signed as Bestellung-V1
  transfer,    ///< AVTransfer: delivery note, turnover computed elsewhere
  invoice,     ///< AVRechnung: paid elsewhere
  benefit,     ///< AVSachbezug
  other,       ///< AVSonstige; needs `name`
  memo,        ///< SonstigerVorgang: drawer opened, signed in; `text` is what is signed
  stock_take,  ///< stock-taking: SonstigerVorgang, counted in a number range of its own
  commission,  ///< goods given on approval: AVSonstige, nothing delivered for good and nothing paid
  gift_basket,  ///< articles put together for later sale: no Vorgang, nothing is recorded
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
/// Known in Austria only: without lines, all amounts zero.
[[nodiscard]] constexpr bool is_rksv_kind(ReceiptKind kind) { return kind >= ReceiptKind::start; }

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

/// Who buys, as far as the till knows [DSFinV-K 3.1]. Employees have type "Mitarbeiter" and their
/// personnel number as id.
struct Buyer {
  std::string name;
  std::string id;
  std::string type;
  std::string street;
  std::string postcode;
  std::string city;
  std::string country;  ///< ISO 3166-1 alpha-3
  std::string vat_id;
  [[nodiscard]] bool empty() const { return *this == Buyer(); }
  friend bool operator==(const Buyer&, const Buyer&) = default;
};

/// REF_TYP [DSFinV-K 3.9].
enum class ReferenceKind {
  receipt,            ///< Transaktion: a receipt of ours, by its number
  external_invoice,   ///< ExterneRechnung
  external_delivery,  ///< ExternerLieferschein
  external_other,     ///< ExterneSonstige; has a name
};
struct Reference {
  ReferenceKind kind = ReferenceKind::receipt;
  std::string number;  ///< receipt number, or the number in the other system
  std::string name;    ///< of external_other
  int line = 0;        ///< from 1; 0: the whole receipt refers
  friend bool operator==(const Reference&, const Reference&) = default;
};

/// A receipt written by hand while nothing worked, entered later.
struct Handwritten {
  LocalStamp at;       ///< when it was written
  std::string number;  ///< on the paper
  friend bool operator==(const Handwritten&, const Handwritten&) = default;
};

/// A part of what a line sells [DSFinV-K 3.8]: a set menu's drink, an exchanged side dish.
struct SubItemDraft {
  std::string text;
  std::string article;
  std::string gtin;
  std::string group_id;
  std::string group;
  Quantity quantity = Quantity::from_raw(1000);
  Quantity factor = Quantity::from_raw(1000);
  std::string unit;
  std::string vat;  ///< letter or rate
  Money price;      ///< base price, gross; 0 for a free exchange
  friend bool operator==(const SubItemDraft&, const SubItemDraft&) = default;
};

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
  std::string gtin;
  std::string group_id;          ///< product group (Warengruppe)
  std::string group;             ///< its name
  std::string voucher;           ///< number of the voucher sold or redeemed
  std::string gv_name;           ///< own subdivision of gv_typ
  std::string booking_template;  ///< name of a BookingTemplate, which gives gv_typ, gv_name and vat
  int agency = 0;                ///< Agency::id the money is taken for; 0: own business
  std::optional<bool> in_house;  ///< eaten in or taken away
  Quantity factor = Quantity::from_raw(1000);  ///< the price is that of so many units
  std::string terminal;                        ///< TerminalInfo::id it was entered at
  std::vector<SubItemDraft> sub_items;
  bool weighed = false;    ///< put on a scale: its receipt is always printed (BIO-077)
  bool cancelled = false;  ///< taken back while it was rung up: kept, and counts nowhere (P_STORNO)
  friend bool operator==(const LineDraft&, const LineDraft&) = default;
};

struct PaymentDraft {
  PaymentKind kind = PaymentKind::bar;
  Money amount;  ///< in `currency`; what the customer gives
  Currency currency;
  /// In the base currency. Needed for a foreign currency that has no rate in the master data.
  std::optional<Money> value;
  std::string name;  ///< "girocard", optional
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
  std::string cashier_id;       ///< Cashier::id; empty: the name
  std::string customer;         ///< name of the buyer, short form of `buyer`
  std::optional<Buyer> buyer;
  std::string terminal;  ///< TerminalInfo::id that recorded it; empty: the register itself
  std::vector<std::string> groups;  ///< Abrechnungskreise: table and party, department
  std::vector<Reference> references;
  std::optional<Handwritten> handwritten;
  std::optional<LocalStamp> first_order_at;  ///< printed when orders were signed before [AEAO 146a]
  friend bool operator==(const ReceiptDraft&, const ReceiptDraft&) = default;
};

}  // namespace siegel
