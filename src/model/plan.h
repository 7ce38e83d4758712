#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/draft.h"
#include "model/master.h"

namespace siegel {

// A plan holds decided values only: print and export format them and never calculate.

struct VatShare {
  VatKey key;
  VatRate rate;
  int slot = 5;
  Money gross;
  friend bool operator==(const VatShare&, const VatShare&) = default;
};

struct Discount {
  std::string text;
  Money amount;
  friend bool operator==(const Discount&, const Discount&) = default;
};

struct SubItem {
  std::string text;
  std::string article;
  std::string gtin;
  std::string group_id;
  std::string group;
  Quantity quantity;
  Quantity factor = Quantity::from_raw(1000);
  std::string unit;
  VatKey key;
  VatRate rate;
  Money price;  ///< base price, gross
  friend bool operator==(const SubItem&, const SubItem&) = default;
};

struct PlanLine {
  std::string text;
  Quantity quantity;
  std::string unit;
  UnitPrice unit_price;  ///< gross, before discounts
  Money amount;          ///< gross, before discounts
  Money total;           ///< gross, after discounts
  GvTyp gv_typ = GvTyp::umsatz;
  std::vector<VatShare> shares;
  std::vector<Discount> discounts;
  std::string article;
  std::string gtin;
  std::string group_id;
  std::string group;
  std::string voucher;
  std::string gv_name;
  int agency = 0;
  std::optional<bool> in_house;
  Quantity factor = Quantity::from_raw(1000);  ///< unit_price is that of so many units
  std::string terminal;
  std::vector<SubItem> sub_items;
  bool weighed = false;
  bool cancelled = false;  ///< P_STORNO: in no sum, neither of the receipt nor of the closing
  friend bool operator==(const PlanLine&, const PlanLine&) = default;
};

/// Sum per VAT key over the receipt, as printed.
struct VatSum {
  VatKey key;
  VatRate rate;
  int slot = 5;
  char letter = 'E';
  Money net;
  Money tax;
  Money gross;
  friend bool operator==(const VatSum&, const VatSum&) = default;
};

struct PlanPayment {
  PaymentKind kind = PaymentKind::bar;
  Money amount;  ///< in `currency`
  Currency currency;
  Money value;  ///< in the base currency
  std::string name;
  friend bool operator==(const PlanPayment&, const PlanPayment&) = default;
};

enum class ProcessType { kassenbeleg, bestellung, sonstiger_vorgang };
/// "Kassenbeleg-V1", "Bestellung-V1", "SonstigerVorgang".
[[nodiscard]] std::string_view process_type_text(ProcessType type);

/// What the Austrian code says of a receipt [RKSV 9]; most of them look alike to a verifier.
enum class RksvKind {
  start,
  standard,
  reversal,  ///< Storno: field 10 is STO
  training,  ///< field 10 is TRA
  zero,
  month,
  year,
  collective,
  final,
};
/// Start, year and collective receipts count only when signed.
[[nodiscard]] constexpr bool must_be_signed(RksvKind kind) {
  return kind == RksvKind::start || kind == RksvKind::year || kind == RksvKind::collective;
}

/// The fields of the Austrian code that no device has a say in; 1 and 11 are the device's.
struct RksvPlan {
  RksvKind kind = RksvKind::standard;
  /// Fields 5 to 9: Normal, Ermaessigt-1, Ermaessigt-2, Null, Besonders; gross.
  std::array<Money, 5> amounts;
  std::int64_t counter = 0;  ///< Umsatzzaehler after this receipt, cents
  std::string time;          ///< field 4: "2026-07-01T09:07:00"; never before the last receipt's
  std::int64_t held_s = 0;   ///< so many seconds ahead of the till clock, because it fell back
  std::string turnover;      ///< field 10, base64
  std::string chaining;      ///< field 12, base64
  friend bool operator==(const RksvPlan&, const RksvPlan&) = default;
};

/// Identifies a business process from its first step to its receipt; chosen by the caller (explicit
/// flow) or equal to the idempotency key.
using VorgangId = Strong<std::string, struct VorgangIdTag>;

/// Everything decided about one receipt before a device is asked. Payload of entry kind `plan`,
/// docs/formats/plan.md.
struct Plan {
  RegisterId register_id;
  std::uint64_t number = 0;    ///< running number of the register, from 1, gap-free
  std::string receipt_number;  ///< as printed, e.g. "KASSE-01-000017"
  VorgangId vorgang;
  ReceiptKind kind = ReceiptKind::receipt;
  std::string bon_typ;  ///< DSFinV-K word ("Beleg", "AVTraining"), empty for a memo
  ProcessType process_type = ProcessType::kassenbeleg;
  std::string process_data;
  std::vector<PlanLine> lines;
  std::vector<VatSum> vat;
  Money total;
  std::vector<PlanPayment> payments;
  Money change;        ///< >= 0, EUR cash given back
  LocalStamp began;    ///< first act of the Vorgang, till clock
  LocalStamp decided;  ///< till clock when decided
  std::string cashier;
  std::string cashier_id;
  std::string customer;  ///< name of the buyer as printed
  Buyer buyer;           ///< the rest of what is known; its name is empty if `customer` is all
  std::string terminal;
  std::vector<std::string> groups;  ///< Abrechnungskreise
  std::vector<Reference> references;
  std::optional<Handwritten> handwritten;
  std::uint64_t stock_number = 0;  ///< of a stock-taking: its own number range, from 1
  bool paper_optional = false;     ///< an exemption from the receipt duty is claimed and applies
  /// `tse_serial` stands in for this one, whose outage is open: a second TSE is allowed only then.
  std::string disturbed_tse;
  std::string reverses;         ///< receipt number
  LocalStamp reversed_decided;  ///< its date, when `reverses` is set
  std::string reason;
  std::string name;
  std::string note;
  bool has_first_order = false;
  LocalStamp first_order;               ///< valid if has_first_order
  std::string tse_serial;               ///< device meant to sign; empty: none needed
  std::uint64_t transaction = 0;        ///< already started in the explicit flow, else 0
  std::uint64_t business_sequence = 0;  ///< entry with the master data in force
  std::optional<RksvPlan> rksv;         ///< Austria
  friend bool operator==(const Plan&, const Plan&) = default;
};

/// What became of a plan; exactly one a plan. Payload of entry kind `seal`, docs/formats/seal.md.
struct Seal {
  enum class Outcome {
    signed_by_tse,
    unsigned_outage,  ///< the device did not answer in time; printed and exported as such for ever
    not_required,     ///< no device is demanded for this register
    signed_rksv,      ///< Austria: by a signature device
  };
  std::uint64_t plan_sequence = 0;
  Outcome outcome = Outcome::not_required;
  // signed_by_tse
  std::string tse_serial;
  std::uint64_t transaction = 0;
  std::uint64_t signature_counter = 0;
  Instant start;    ///< log time of the start
  Instant end;      ///< log time of the finish
  Bytes signature;  ///< of the finish or the code, as the device gave it (r||s)
  std::uint64_t start_signature_counter = 0;
  Bytes start_signature;
  // unsigned_outage
  std::uint64_t outage_number = 0;   ///< per TSE serial, never reset
  std::uint64_t outage_receipt = 0;  ///< running number of affected receipts per TSE serial
  Instant outage_since;
  std::string error_code;  ///< "E-TSE-104"
  /// The device was asked and may have signed without our knowing: it is asked again later.
  bool asked = false;
  std::string error_text;
  // Austria, signed or not
  std::string signer;        ///< id of the device that signed, or should have
  std::string code_payload;  ///< fields 1 to 12 of the code as signed: "_R1-AT1_...="
  friend bool operator==(const Seal&, const Seal&) = default;
};

/// All that is needed to show a receipt: plan, seal and the master data in force.
struct Receipt {
  std::uint64_t plan_sequence = 0;
  Plan plan;
  std::optional<Seal> seal;  ///< empty: interrupted, not yet resumed
  Business business;
  RegisterInfo register_info;
  std::optional<TseInfo> tse;
  std::optional<SignerInfo> signer;
};

}  // namespace siegel
