#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strong.h"
#include "base/time.h"
#include "model/gv_typ.h"
#include "model/money.h"
#include "model/vat.h"

namespace siegel {

/// Serial number of a register (Kasse), which is also its TSE client id. 1..30 characters of
/// `A-Z a-z 0-9 space ' ( ) + - , . =` [TR-03151-1 App. A].
class RegisterId {
 public:
  RegisterId() = default;
  /// Error E-REG-101: empty, too long, or a character a TSE refuses (named).
  static Result<RegisterId> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return m_text; }
  friend auto operator<=>(const RegisterId&, const RegisterId&) = default;

 private:
  explicit RegisterId(std::string text) : m_text(std::move(text)) {}
  std::string m_text;
};

/// A place of business, if there are several or it is not where the company is [DSFinV-K 3.12].
struct Outlet {
  std::string id;  ///< ours, e.g. "001"; unique
  std::string name;
  std::string street;
  std::string postcode;
  std::string city;
  std::string country = "DE";  ///< ISO 3166-1 alpha-2
  std::string tax_number;
  std::string vat_id;
  friend bool operator==(const Outlet&, const Outlet&) = default;
};
/// On whose account money is taken [DSFinV-K 3.15].
struct Agency {
  int id = 0;  ///< from 1; 0 is the own business
  std::string name;
  std::string street;
  std::string postcode;
  std::string city;
  std::string country = "DE";
  std::string tax_number;  ///< one of the two is required
  std::string vat_id;
  friend bool operator==(const Agency&, const Agency&) = default;
};
/// What one unit of the base currency is worth in another, from a day on (BIO-010).
struct ExchangeRate {
  Currency base;
  Currency currency;
  UnitPrice rate;  ///< five decimals; the lead currency to itself is 1 (BIO-009)
  Date from;
  friend bool operator==(const ExchangeRate&, const ExchangeRate&) = default;
};
/// A booking text with its business case (BIO-013).
struct BookingTemplate {
  std::string name;
  GvTyp gv_typ = GvTyp::einzahlung;
  std::string gv_name;
  std::string vat;        ///< letter or rate; empty: not taxable
  bool automatic = true;  ///< mapped by rule and not reviewed by a person yet (BIO-018)
  friend bool operator==(const BookingTemplate&, const BookingTemplate&) = default;
};
struct Cashier {
  std::string id;
  std::string name;
  friend bool operator==(const Cashier&, const Cashier&) = default;
};
/// A key of our own, from 1000, for special cases (margin scheme, reverse charge) [DSFinV-K 6.5].
struct OwnVatKey {
  VatKey key;
  VatRate rate;
  int slot = 5;      ///< container of the process data
  std::string mark;  ///< what a till writes as `vat`, e.g. "M25A"
  std::string description;
  friend bool operator==(const OwnVatKey&, const OwnVatKey&) = default;
};

/// The entrepreneur and the place of business, as printed on each receipt [KassenSichV 6 no. 1].
struct Business {
  std::string name;
  std::string street;
  std::string postcode;
  std::string city;
  std::string country = "DE";  ///< ISO 3166-1 alpha-2
  std::string tax_number;      ///< Steuernummer; one of the two is required
  std::string vat_id;          ///< USt-IdNr.
  std::string time_zone = "Europe/Berlin";
  /// Header lines of the receipt; empty: made from the fields above (BIO-070).
  std::vector<std::string> header_lines;
  std::vector<std::string> footer_lines;
  std::vector<Outlet> outlets;
  std::vector<Agency> agencies;
  std::vector<ExchangeRate> rates;
  std::vector<BookingTemplate> templates;
  std::vector<Cashier> cashiers;
  std::vector<OwnVatKey> vat_keys;
  friend bool operator==(const Business&, const Business&) = default;
};

/// A terminal that records for a register (slave) [DSFinV-K 3.14].
struct TerminalInfo {
  std::string id;
  std::string brand;
  std::string model;
  std::string serial;
  std::string software;
  std::string software_version;
  friend bool operator==(const TerminalInfo&, const TerminalInfo&) = default;
};

/// Why a German register signs on no TSE.
enum class NoTse {
  no,          ///< it needs one
  empties,     ///< takes back empties only (DIK-043), a dated rule: docs/law/index.md
  before_tse,  ///< not activated yet
};

struct RegisterInfo {
  RegisterId id;
  std::string name;        ///< "Kasse 1"
  std::string tse_serial;  ///< hex serial of the TSE it signs on; empty: none commissioned
  /// Serials of TSEs that stand in while tse_serial is disturbed, and only then, in this order.
  std::vector<std::string> backup_tses;
  NoTse no_tse = NoTse::no;
  std::string outlet;  ///< Outlet::id; empty: the place of the business
  std::string brand;
  std::string model;
  std::string software;  ///< empty: "Siegel" and its version
  std::string software_version;
  Currency base_currency;
  std::vector<TerminalInfo> terminals;
  // For the notice to the tax office [AO 146a (4)].
  int system_kind = 1;               ///< "Art" of the form; 1: computer or PC till
  std::optional<Date> acquired;      ///< bought, rented, lent
  std::optional<Date> in_use_since;  ///< empty: the day it was entered here
  std::optional<Date> out_of_use;    ///< the last day it was in use
  std::string out_of_use_reason;
  std::string printer;  ///< what its receipts come from, as the failure log names it (TSS-021)
  // Austria
  std::vector<std::string> signers;  ///< ids of SignerInfo, asked in this order
  std::string aes_check;             ///< check value of its AES key [rksv 12]; the key: vault
  friend bool operator==(const RegisterInfo&, const RegisterInfo&) = default;
};

/// What never changes of a TSE, written once when it is commissioned.
struct TseInfo {
  std::string id;      ///< our name for it, e.g. "tse-1"
  std::string serial;  ///< hex, lower case: SHA-256 of the public key point
  std::string manufacturer;
  std::string algorithm;            ///< "ecdsa-plain-SHA256"
  std::string time_format;          ///< "unixTime", "utcTimeWithSeconds", "generalizedTime"...
  Bytes public_key;                 ///< uncompressed point
  std::vector<Bytes> certificates;  ///< DER, leaf first
  bool certified = false;  ///< false: for development, training and tests; said on each receipt
  /// Certification by the BSI as in BSI-K-TR-nnnn-yyyy: "0412-2021"; empty: none.
  std::string certification;
  int form = 0;  ///< "ArtTSE" of the notice [AO 146a (4)]: 1 SD card, 2 USB, 3 cloud, 0 not known
  friend bool operator==(const TseInfo&, const TseInfo&) = default;
};

/// What never changes of a signature device (Austria), written once when it is put into operation.
struct SignerInfo {
  std::string id;    ///< our name for it, e.g. "card-1"
  std::string kind;  ///< the plug: "smartcard", "pkcs11", "atrust", "softkey"
  /// Field 11 of the code: serial of the certificate as lower-case hex of its magnitude; in a
  /// closed system Ordnungsbegriff and key ("U:ATU12345678-K1").
  std::string serial;
  std::string provider;  ///< "AT1"; field 1 of the code is "R1-" and this
  std::string holder;    ///< value of OID 1.2.40.0.10.1.11.1 ("UID ATU12345678"), may be empty
  Bytes public_key;      ///< uncompressed point
  std::vector<Bytes> certificates;  ///< DER, leaf first; empty in a closed system
  bool development = false;         ///< a software key: said on each receipt
  friend bool operator==(const SignerInfo&, const SignerInfo&) = default;
};

/// Label set of the TSE block on the receipt.
enum class LabelSet {
  standard,  ///< words of [KassenSichV 6], QR code plus legal minimum
  biobill,   ///< TSE, TAN, SIZ, ERST, START, ENDE, SIGN (BIO-082 to 088)
  dikasse,   ///< nine items (DIK-002 to 010)
};
enum class TseForm { qr, text, qr_and_text };
enum class VatMarks {
  letters,  ///< A, B, ... (default)
  numbers,  ///< 1 = 19 %, 2 = 7 %, 6 = 16 %, 7 = 5 % (BIO-078 to 080); never DSFinV-K keys
};
enum class Language { de, en };
enum class ReceiptDuty {
  always,  ///< every receipt is printed or handed over [AO 146a (2)]
  exempt,  ///< the tax office granted an exemption [AO 148]: its date and file number are kept
};
/// How a table is secured: both ways are legal [AEAO 146a].
enum class TableFlow {
  orders,  ///< each order by itself as Bestellung-V1; the bill is a transaction of its own
  open_transaction,  ///< one transaction from the first order to the bill
};

/// What differs between shops. Named, documented (docs/reference/profile.md), each with a default.
struct Profile {
  LabelSet labels = LabelSet::standard;
  TseForm tse_form = TseForm::qr;
  VatMarks vat_marks = VatMarks::letters;
  std::vector<std::string> vat_headings;  ///< four column headings; empty: the standard words
  Language language = Language::de;
  bool one_register_per_tse = false;  ///< DIK-041
  /// 1500..5000: longest wait for a TSE, or for all signature devices together, within one sale
  int tse_deadline_ms = 3000;
  int tse_load_limit_ms = 1500;  ///< a TSE slower than this is warned about (FCC-010); 0: never
  int read_back_every = 100;     ///< so many signatures, one is read back from the TSE; 0: none
  ReceiptDuty receipt_duty = ReceiptDuty::always;
  std::string exemption_date;  ///< of the notice, "2026-01-31"
  std::string exemption_file;  ///< its file number
  TableFlow table_flow = TableFlow::orders;
  bool sign_closing = false;        ///< the closing is signed as SonstigerVorgang
  bool book_difference = true;      ///< a cash difference found at closing is booked
  bool restart_for_master = false;  ///< new master data also wait for a restart (BIO-071)
  bool failure_slip = true;         ///< a slip is printed when a TSE fails
  bool recovery_slip = true;        ///< and when it works again
  bool start_slip = false;  ///< a slip with the state of the TSE at the first start of a day
  bool log_files = false;   ///< daily log files beside the journal (DIK)
  // Austria
  bool automatic_dues = true;  ///< Monatsbeleg and Jahresbeleg are made without being asked for
  friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace siegel
